# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "elb_target_group"
NAME = "shop-dev-web"


def _base(account: Account) -> dict[str, Any]:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return {"name": NAME, "port": 8080, "vpc_id": vpc}


def _read(account: Account) -> dict[str, Any]:
    return account.client("elbv2").describe_target_groups(Names=[NAME])["TargetGroups"][0]


def _attributes(account: Account) -> dict[str, str]:
    arn = _read(account)["TargetGroupArn"]
    listed = account.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in listed}


def _tags(account: Account) -> dict[str, str]:
    listed = account.client("elbv2").describe_tags(ResourceArns=[_read(account)["TargetGroupArn"]])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for tag in listed[0]["Tags"]}


def test_matrix(account: Account) -> None:
    members = {
        "health_check_protocol": "HealthCheckProtocol",
        "health_check_port": "HealthCheckPort",
        "health_check_path": "HealthCheckPath",
        "health_check_interval": "HealthCheckIntervalSeconds",
        "health_check_timeout": "HealthCheckTimeoutSeconds",
        "healthy_threshold": "HealthyThresholdCount",
        "unhealthy_threshold": "UnhealthyThresholdCount",
    }
    Matrix(
        module=MODULE,
        key="target_group",
        base=_base(account),
        updates={
            "health_check_protocol": "HTTPS",
            "health_check_port": "9000",
            "health_check_path": "/health",
            "health_check_interval": 20,
            "health_check_timeout": 7,
            "healthy_threshold": 3,
            "unhealthy_threshold": 4,
            "matcher": "200-299",
            "attributes": {"deregistration_delay.timeout_seconds": "30", "slow_start.duration_seconds": "60"},
            "+stickiness": {
                "attributes": {
                    "stickiness.enabled": True,
                    "stickiness.type": "lb_cookie",
                    "stickiness.lb_cookie.duration_seconds": 3600,
                }
            },
            "tags": {"Environment": "dev"},
        },
        fixed={"protocol", "protocol_version", "target_type"},
        seen={
            **{option: lambda account, member=member: _read(account)[member] for option, member in members.items()},
            "matcher": lambda account: _read(account)["Matcher"]["HttpCode"],
            "tags": _tags,
        },
    ).check(account)


def test_attributes_that_are_not_named_are_untouched(account: Account) -> None:
    base = _base(account)
    run_module(account, MODULE, **base, attributes={"slow_start.duration_seconds": 60})
    changed = run_module(account, MODULE, **base, attributes={"stickiness.enabled": True})
    assert changed["changes"][0]["attributes"]["attributes"]["after"]["slow_start.duration_seconds"] == "60"
    attributes = _attributes(account)
    assert (attributes["slow_start.duration_seconds"], attributes["stickiness.enabled"]) == ("60", "true")


@pytest.mark.parametrize(
    ("option", "value"),
    [("protocol", "HTTPS"), ("protocol_version", "HTTP2"), ("port", 8081), ("target_type", "instance")],
)
def test_what_cannot_be_changed_is_named(account: Account, option: str, value: Any) -> None:
    base = _base(account)
    run_module(account, MODULE, **base)
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"target group {NAME}: {option} cannot be changed .* another name"):
        run_module(account, MODULE, **{**base, option: value})
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"health_check_interval": 10, "health_check_timeout": 10}, "health_check_timeout is 10; allowed are 2 to 9"),
        ({"name": "a-name-that-is-longer-than-allowed"}, "the name is longer than 32 characters"),
        ({"port": None}, "port needed to create it"),
    ],
)
def test_bad_options_are_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **{**_base(account), **options})
    assert account.writes() == []


def test_an_interrupted_creation_is_finished(account: Account) -> None:
    base = {**_base(account), "attributes": {"deregistration_delay.timeout_seconds": 30}}
    account.fault(
        service="elbv2", operation="ModifyTargetGroupAttributes", code="AccessDenied", message="no", status=403
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create target group {NAME}: .*ModifyTargetGroupAttributes"):
        run_module(account, MODULE, **base)
    assert run_module(account, MODULE, **base)["changed"]
    assert _attributes(account)["deregistration_delay.timeout_seconds"] == "30"


def test_in_a_preview_the_vpc_need_not_be_there(account: Account) -> None:
    predicted = run_module(account, MODULE, _check=True, name=NAME, port=80, vpc_id="(known after apply)")
    assert predicted["target_group"]["arn"] == "(known after apply)"
