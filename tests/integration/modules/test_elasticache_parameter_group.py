# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.modules import elasticache_parameter_group as module

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-redis7"
GROUP = {"name": NAME, "family": "redis7"}


def _values(account: Account) -> dict[str, str]:
    listed = account.client("elasticache").describe_cache_parameters(CacheParameterGroupName=NAME, Source="user")
    return {p["ParameterName"]: p["ParameterValue"] for p in listed["Parameters"]}


def _tags(account: Account) -> dict[str, str]:
    aws = account.client("elasticache")
    arn = aws.describe_cache_parameter_groups(CacheParameterGroupName=NAME)["CacheParameterGroups"][0]["ARN"]
    return {tag["Key"]: tag["Value"] for tag in aws.list_tags_for_resource(ResourceName=arn)["TagList"]}


MATRIX = Matrix(
    module="elasticache_parameter_group",
    key="parameter_group",
    base=GROUP,
    updates={
        "parameters": {"maxmemory-policy": "allkeys-lru", "timeout": "300"},
        "tags": {"Environment": "dev"},
        "+purge": {"parameters": {"timeout": "60"}, "purge_parameters": True},
    },
    fixed={"description"},
    absent={"name": NAME},
    seen={"parameters": _values, "tags": _tags},
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)


def test_values_are_what_aws_calls_them_and_others_stay(account: Account) -> None:
    run_module(account, "elasticache_parameter_group", **GROUP, parameters={"timeout": 60})
    done = run_module(account, "elasticache_parameter_group", **GROUP, parameters={"activedefrag": True})
    assert _values(account) == {"timeout": "60", "activedefrag": "yes"}
    assert done["diff"][0]["after"] == {"parameters": {"timeout": "60", "activedefrag": "yes"}}


def test_what_is_removed_goes_back_to_its_default_when_told_to(account: Account) -> None:
    run_module(account, "elasticache_parameter_group", **GROUP, parameters={"timeout": 60, "activedefrag": True})
    purge = {**GROUP, "parameters": {"timeout": 60}, "purge_parameters": True}
    since = account.position()
    assert run_module(account, "elasticache_parameter_group", **purge)["parameter_group"]["parameters"] == {
        "timeout": "60"
    }
    assert account.writes(since) == ["elasticache:ResetCacheParameterGroup"]
    assert not run_module(account, "elasticache_parameter_group", **purge)["changed"]


def test_more_parameters_than_a_call_takes(account: Account) -> None:
    defaults = account.client("elasticache").describe_engine_default_parameters(CacheParameterGroupFamily="redis7")
    numbers = [p for p in defaults["EngineDefaults"]["Parameters"] if p["DataType"] == "integer" and p["IsModifiable"]]
    values = {p["ParameterName"]: p["AllowedValues"].split("-")[0].split(",")[0] for p in numbers[:25]}
    run_module(account, "elasticache_parameter_group", **GROUP, parameters=values)
    assert account.writes().count("elasticache:ModifyCacheParameterGroup") == 2
    assert _values(account) == values


def test_every_wrong_parameter_is_refused_before_any_write(account: Account) -> None:
    wrong = {"maxmemory-polcy": "x", "maxmemory-policy": "lru", "timeout": -1, "appendonly": "yes"}
    for check in (True, False):
        with pytest.raises(ModuleFailed) as failed:
            run_module(account, "elasticache_parameter_group", _check=check, **GROUP, parameters=wrong)
        message = str(failed.value)
        assert message.startswith("parameter group shop-dev-redis7: ")
        assert "the family has no parameter maxmemory-polcy" in message
        assert "maxmemory-policy is lru; allowed are volatile-lru,allkeys-lru," in message
        assert "timeout is -1; allowed are " in message
        assert "appendonly cannot be changed" in message
    assert account.writes() == []


def test_the_family_cannot_be_changed_and_is_needed(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="there is no parameter group shop-dev-redis7; to create it, set family"):
        run_module(account, "elasticache_parameter_group", name=NAME)
    run_module(account, "elasticache_parameter_group", **GROUP, description="For the shop")
    with pytest.raises(ModuleFailed, match="family cannot be changed from 'redis7' to 'valkey8': create a group"):
        run_module(account, "elasticache_parameter_group", name=NAME, family="valkey8")


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    fault = {"code": "CacheParameterGroupQuotaExceeded", "message": "no more", "status": 400}
    account.fault(service="elasticache", operation="CreateCacheParameterGroup", **fault)
    with pytest.raises(ModuleFailed, match=r"Could not create ElastiCache parameter group shop-dev-redis7: .*Quota"):
        run_module(account, "elasticache_parameter_group", **GROUP)


@pytest.mark.parametrize(
    ("value", "data_type", "values", "expected"),
    [
        ("5", "integer", "1-10", True),
        ("11", "integer", "1-10", False),
        ("-3", "integer", "-5-5", True),
        ("99999", "integer", "0-", True),
        ("many", "integer", "0-", False),
        ("no", "string", "yes,no", True),
        ("maybe", "string", "yes, no", False),
        ("Kx", "string", "any text", True),
        ("1", "integer", "", True),
        ("0", "integer", "0,20-", True),
        ("5", "integer", "0,20-", False),
        ("20", "integer", "0,20-", True),
        ("7", "integer", "7", True),
        ("71", "integer", "7", False),
    ],
)
def test_allowed_values(value: str, data_type: str, values: str, expected: Any) -> None:
    assert module.allowed(value, data_type, values) is expected
