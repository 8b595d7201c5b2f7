# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

GROUP = {"user_group_id": "shop-dev-users", "engine": "redis", "user_ids": ["shop-dev-default"]}


def _users(account: Account, *names: str) -> None:
    for name in names:
        account.client("elasticache").create_user(
            UserId=f"shop-dev-{name}",
            UserName=name,
            Engine="redis",
            AccessString="on ~* +@all",
            Passwords=["a-password-for-a-test"],
        )


def _read(account: Account) -> dict[str, Any]:
    return account.client("elasticache").describe_user_groups(UserGroupId=GROUP["user_group_id"])["UserGroups"][0]


def _tags(account: Account) -> dict[str, str]:
    tags = account.client("elasticache").list_tags_for_resource(ResourceName=_read(account)["ARN"])["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


MATRIX = Matrix(
    module="elasticache_user_group",
    key="user_group",
    base=GROUP,
    updates={
        "user_ids": ["shop-dev-app", "shop-dev-default"],
        "tags": {"Environment": "dev"},
        "engine": "valkey",
    },
    seen={
        "user_ids": lambda account: sorted(_read(account)["UserIds"]),
        "engine": lambda account: _read(account)["Engine"],
        "tags": _tags,
    },
)


def test_matrix(account: Account) -> None:
    _users(account, "default", "app")
    MATRIX.check(account)


def test_members_are_replaced_in_one_call_whatever_their_order_and_case(account: Account) -> None:
    _users(account, "default", "app", "reports")
    run_module(account, "elasticache_user_group", **{**GROUP, "user_ids": ["shop-dev-default", "shop-dev-app"]})
    again = {**GROUP, "user_ids": ["Shop-Dev-App", "shop-dev-default"]}
    assert not run_module(account, "elasticache_user_group", **again)["changed"]
    since = account.position()
    run_module(account, "elasticache_user_group", **{**GROUP, "user_ids": ["shop-dev-default", "shop-dev-reports"]})
    assert account.writes(since) == ["elasticache:ModifyUserGroup"]
    assert sorted(_read(account)["UserIds"]) == ["shop-dev-default", "shop-dev-reports"]


def test_a_group_without_a_user_named_default_is_refused_before_any_write(account: Account) -> None:
    _users(account, "default", "app")
    since = account.position()
    with pytest.raises(ModuleFailed, match="must be a user whose user_name is default; there are shop-dev-app"):
        run_module(account, "elasticache_user_group", **{**GROUP, "user_ids": ["shop-dev-app"]})
    assert account.writes(since) == []
    run_module(account, "elasticache_user_group", **GROUP)
    since = account.position()
    with pytest.raises(ModuleFailed, match="must be a user whose user_name is default"):
        run_module(account, "elasticache_user_group", _check=True, **{**GROUP, "user_ids": ["shop-dev-app"]})
    assert account.writes(since) == []


def test_check_mode_with_users_that_are_not_there_yet(account: Account) -> None:
    assert run_module(account, "elasticache_user_group", _check=True, **GROUP)["changed"]
    with pytest.raises(ModuleFailed, match=r"Could not create ElastiCache user group shop-dev-users: .*UserNotFound"):
        run_module(account, "elasticache_user_group", **GROUP)


def test_an_engine_is_needed_to_create_one(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="there is no user group shop-dev-users; to create it, set engine"):
        run_module(account, "elasticache_user_group", user_group_id="shop-dev-users")


def test_it_waits_for_what_is_under_way(account: Account) -> None:
    _users(account, "default", "app")
    account.settings(provisioning_reads=2)
    run_module(account, "elasticache_user_group", **GROUP, wait=False)
    assert _read(account)["Status"] == "creating"
    run_module(account, "elasticache_user_group", **{**GROUP, "user_ids": ["shop-dev-app", "shop-dev-default"]})
    assert _read(account)["Status"] == "active"


def test_a_group_in_use_is_not_deleted_and_aws_says_by_what(account: Account) -> None:
    _users(account, "default")
    run_module(account, "elasticache_user_group", **GROUP)
    account.client("elasticache").create_replication_group(
        ReplicationGroupId="shop-dev-redis",
        ReplicationGroupDescription="x",
        Engine="redis",
        TransitEncryptionEnabled=True,
        UserGroupIds=[GROUP["user_group_id"]],
    )
    with pytest.raises(ModuleFailed, match=r"Could not delete .*InvalidUserGroupState.*shop-dev-redis"):
        run_module(account, "elasticache_user_group", user_group_id=GROUP["user_group_id"], state="absent")
