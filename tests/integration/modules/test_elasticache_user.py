# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

USER = {"user_id": "shop-dev-default", "user_name": "default", "engine": "redis", "access_string": "on ~* +@all"}
PASSWORDS = ["the-first-password-1", "the-other-password-2", "the-third-password-3"]
SECRET = "shop-dev-token"


def _read(account: Account) -> dict[str, Any]:
    return account.client("elasticache").describe_users(UserId=USER["user_id"])["Users"][0]


def _tags(account: Account) -> dict[str, str]:
    tags = account.client("elasticache").list_tags_for_resource(ResourceName=_read(account)["ARN"])["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


MATRIX = Matrix(
    module="elasticache_user",
    key="user",
    base={**USER, "passwords": PASSWORDS[:1], "password_version": "1"},
    updates={
        "access_string": "on ~app:* -@all +@read",
        "tags": {"Environment": "dev"},
        "+two": {"passwords": PASSWORDS[:2]},
        "+rotated": {"passwords": PASSWORDS[1:], "password_version": "2"},
        "+secret": {"password_secret": SECRET, "passwords": None, "password_version": None},
        "+open": {"authentication": "no-password", "password_secret": None},
        "engine": "valkey",
    },
    seen={
        "access_string": lambda account: _read(account)["AccessString"],
        "engine": lambda account: _read(account)["Engine"],
        "tags": lambda account: {k: v for k, v in _tags(account).items() if not k.startswith("slipway")},
    },
)


def test_matrix(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name=SECRET, SecretString=PASSWORDS[0])
    MATRIX.check(account)


def test_a_secret_is_read_when_its_value_is_set_and_never_shown(account: Account) -> None:
    secrets = account.client("secretsmanager")
    first = secrets.create_secret(Name=SECRET, SecretString=PASSWORDS[0])
    options = {**USER, "password_secret": first["ARN"]}
    made = run_module(account, "elasticache_user", **options)
    assert made["user"]["password_version"] == first["VersionId"]
    assert _tags(account) == {"slipway:password-version": first["VersionId"]}
    since = account.position()
    assert not run_module(account, "elasticache_user", **options, tags={})["changed"]
    assert "GetSecretValue" not in [request["operation"] for request in account.requests(since)]
    second = secrets.put_secret_value(SecretId=SECRET, SecretString=PASSWORDS[1])
    predicted = run_module(account, "elasticache_user", _check=True, **options)
    since = account.position()
    done = run_module(account, "elasticache_user", **options)
    assert predicted["changes"] == done["changes"]
    assert list(done["changes"][0]["attributes"]) == ["password_version"]
    assert _tags(account)["slipway:password-version"] == second["VersionId"]
    assert account.writes(since) == ["elasticache:ModifyUser", "elasticache:AddTagsToResource"]
    assert not any(password in json.dumps([made, predicted, done]) for password in PASSWORDS)


def test_check_mode_when_the_secret_is_not_there_yet(account: Account) -> None:
    made = run_module(account, "elasticache_user", _check=True, **USER, password_secret="(known after apply)")
    assert made["user"]["password_version"] == "(known after apply)"
    assert made["user"]["password_count"] == 1


def test_it_waits_for_what_is_under_way(account: Account) -> None:
    account.settings(provisioning_reads=2)
    made = run_module(account, "elasticache_user", **USER, passwords=PASSWORDS[:1], wait=False)
    assert _read(account)["Status"] == "creating"
    run_module(account, "elasticache_user", **{**USER, "access_string": "off -@all"}, tags={"A": "b"})
    assert (_read(account)["Status"], _read(account)["AccessString"]) == ("active", "off -@all")
    account.client("elasticache").delete_user(UserId=made["user"]["user_id"])
    assert run_module(account, "elasticache_user", **USER, passwords=PASSWORDS[:1])["changed"]
    assert _read(account)["Status"] == "active"


def test_a_wait_that_takes_too_long_says_what_was_seen(account: Account) -> None:
    account.settings(provisioning_reads=20)
    with pytest.raises(
        ModuleFailed, match="shop-dev-default is active or gone: not after 1 s; last seen: status creating"
    ):
        run_module(account, "elasticache_user", **USER, passwords=PASSWORDS[:1], wait_timeout=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"passwords": ["short"]}, "a password of passwords has 5 characters; allowed are 16 to 128"),
        ({"passwords": PASSWORDS}, "passwords has 3 items; allowed are 1 or 2"),
        ({"passwords": PASSWORDS[:1], "authentication": "iam"}, "authentication iam takes no password"),
        ({"authentication": "password"}, "authentication password needs passwords or"),
        ({"authentication": "iam"}, "user_name must equal user_id"),
        ({"authentication": "no-password", "password_version": "1"}, "set passwords"),
        ({"passwords": PASSWORDS[:1], "access_string": None, "user_name": None}, "set user_name, access_string$"),
        ({}, "to create it, set authentication$"),
        ({"passwords": PASSWORDS[:1], "password_secret": "empty"}, "not both"),
        ({"password_secret": "nothing-there"}, "ResourceNotFoundException.*DescribeSecret"),
        ({"password_secret": "empty"}, "empty has no value yet"),
    ],
)
def test_what_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    account.client("secretsmanager").create_secret(Name="empty")
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "elasticache_user", **{**USER, **options})
    assert account.writes(since) == []


def test_a_secret_that_is_too_short_is_refused_without_being_shown(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name=SECRET, SecretString="hunter2")
    with pytest.raises(ModuleFailed, match="has 7 characters; allowed are 16 to 128") as failed:
        run_module(account, "elasticache_user", **USER, password_secret=SECRET)
    assert "hunter2" not in json.dumps(failed.value.result)
    assert "elasticache:CreateUser" not in account.writes()


def test_the_name_cannot_be_changed(account: Account) -> None:
    run_module(account, "elasticache_user", **USER, passwords=PASSWORDS[:1])
    with pytest.raises(ModuleFailed, match="user_name cannot be changed from 'default' to 'app': delete the user"):
        run_module(account, "elasticache_user", user_id=USER["user_id"], user_name="app")


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="elasticache", operation="CreateUser", code="UserQuotaExceeded", message="no more", status=400
    )
    with pytest.raises(ModuleFailed, match=r"Could not create ElastiCache user shop-dev-default: .*UserQuotaExceeded"):
        run_module(account, "elasticache_user", **USER, passwords=PASSWORDS[:1])
