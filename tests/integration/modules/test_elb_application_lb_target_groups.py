# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target groups of a load balancer, each of their options."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module

MODULE = "elb_application_lb"
NAME = "shop-dev-web"
CHECK = {
    "path": "/ready",
    "port": "9000",
    "protocol": "HTTPS",
    "matcher": "200-299",
    "interval_seconds": 60,
    "timeout_seconds": 10,
    "healthy_threshold": 3,
    "unhealthy_threshold": 4,
}


def vpc_id(account: Account) -> str:
    return account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def group(account: Account) -> dict[str, Any]:
    return account.client("elbv2").describe_target_groups(Names=[NAME])["TargetGroups"][0]


def attribute(key: str, kind: type = str) -> Any:
    def read(account: Account) -> Any:
        arn = group(account)["TargetGroupArn"]
        found = account.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return kind({item["Key"]: item["Value"] for item in found}[key])

    return read


def tags(account: Account) -> dict[str, str]:
    found = account.client("elbv2").describe_tags(ResourceArns=[group(account)["TargetGroupArn"]])
    return {tag["Key"]: tag["Value"] for tag in found["TagDescriptions"][0]["Tags"]}


def options(account: Account, **group: Any) -> dict[str, Any]:
    """A load balancer that has nothing but the target group."""
    subnets = [subnet["SubnetId"] for subnet in account.client("ec2").describe_subnets()["Subnets"]]
    own = {"name": NAME, "port": 8080, **group}
    return {"name": "shop-dev-public", "subnet_ids": subnets[:2], "vpc_id": vpc_id(account), "target_groups": [own]}


def applied(account: Account, *, check: bool = False, **group: Any) -> dict[str, Any]:
    """The changes of target groups, and the group as it is then."""
    done = run_module(account, MODULE, _check=check, **options(account, **group))
    changes = [change for change in done["changes"] if change["resource"] == "target group"]
    return {"changes": changes, "group": done["load_balancer"]["target_groups"][0]}


UPDATES: list[dict[str, Any]] = [
    *({"health_check": {name: value}} for name, value in CHECK.items()),
    {"deregistration_delay_seconds": 30},
    {"slow_start_seconds": 45},
    {"algorithm": "least_outstanding_requests", "slow_start_seconds": 0},
    {"stickiness": {}},
    {"stickiness": {"type": "app_cookie", "duration_seconds": 60, "cookie_name": "session"}},
    {"stickiness": {"enabled": False}},
]


def test_each_option_is_previewed_and_made_once(account: Account) -> None:
    applied(account)
    seen: dict[str, Any] = {}
    for update in UPDATES:
        seen |= update
        since = account.position()
        predicted = applied(account, check=True, **seen)
        assert account.writes(since) == []
        done = applied(account, **seen)
        assert [sorted(change["attributes"]) for change in done["changes"]] == [
            sorted(change["attributes"]) for change in predicted["changes"]
        ]
        assert [change["action"] for change in done["changes"]] == ["update"], update
        assert applied(account, check=True, **seen) == {"changes": [], "group": done["group"]}
    assert attribute("deregistration_delay.timeout_seconds", int)(account) == 30
    assert attribute("slow_start.duration_seconds", int)(account) == 0
    assert attribute("stickiness.enabled")(account) == "false"
    run_module(account, MODULE, **options(account), tags={"Environment": "dev"})
    assert tags(account) == {"Environment": "dev"}


@pytest.mark.parametrize("existing", [False, True])
def test_every_part_of_a_health_check_arrives(account: Account, existing: bool) -> None:
    if existing:
        applied(account)
    applied(account, health_check=CHECK)
    found = group(account)
    where = (found["HealthCheckPath"], found["HealthCheckPort"], found["HealthCheckProtocol"])
    assert where == ("/ready", "9000", "HTTPS")
    assert (found["HealthCheckIntervalSeconds"], found["HealthCheckTimeoutSeconds"]) == (60, 10)
    assert (found["HealthyThresholdCount"], found["UnhealthyThresholdCount"]) == (3, 4)
    assert found["Matcher"] == {"HttpCode": "200-299"}


def test_a_health_check_is_kept_but_for_what_is_set(account: Account) -> None:
    applied(account, health_check={"path": "/ready", "matcher": "204", "interval_seconds": 9})
    applied(account, health_check={"timeout_seconds": 3})
    found = group(account)
    assert (found["HealthCheckPath"], found["Matcher"]) == ("/ready", {"HttpCode": "204"})
    assert (found["HealthCheckIntervalSeconds"], found["HealthCheckTimeoutSeconds"]) == (9, 3)


def test_stickiness_of_the_application(account: Account) -> None:
    applied(account, stickiness={"type": "app_cookie", "cookie_name": "s"}, algorithm="weighted_random")
    assert attribute("stickiness.enabled")(account) == "true"
    assert attribute("stickiness.app_cookie.cookie_name")(account) == "s"
    assert attribute("load_balancing.algorithm.type")(account) == "weighted_random"


def test_a_grpc_group_has_codes_of_its_own(account: Account) -> None:
    predicted = applied(account, check=True, protocol_version="GRPC")["group"]
    assert predicted["health_check_matcher"] == "12"
    applied(account, protocol_version="GRPC", health_check={"matcher": "0-5", "path": "/s/Check"})
    assert group(account)["Matcher"] == {"GrpcCode": "0-5"}
    assert applied(account, protocol_version="GRPC", health_check={"matcher": "0-5"})["changes"] == []


def test_a_vpc_of_a_preview(account: Account) -> None:
    unknown = {**options(account), "vpc_id": "(known after apply)"}
    predicted = run_module(account, MODULE, _check=True, **unknown)["load_balancer"]["target_groups"][0]
    assert predicted["target_group_arn"] == "(known after apply)"
    assert account.writes() == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"port": 9090}, "port cannot be changed from 8080 to 9090: give the target group another name"),
        ({"protocol": "HTTPS"}, "protocol cannot be changed from 'HTTP' to 'HTTPS'"),
        ({"protocol_version": "HTTP2"}, "protocol_version cannot be changed from 'HTTP1' to 'HTTP2'"),
        ({"target_type": "instance"}, "target_type cannot be changed from 'ip' to 'instance'"),
    ],
)
def test_what_cannot_be_changed_in_place(account: Account, changed: dict[str, Any], message: str) -> None:
    applied(account)
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        applied(account, **changed)
    with pytest.raises(ModuleFailed, match="vpc_id cannot be changed from 'vpc-"):
        run_module(account, MODULE, **{**options(account), "vpc_id": "vpc-0"})
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stickiness": {"type": "app_cookie"}}, "stickiness.type is app_cookie; it needs stickiness.cookie_name"),
        ({"stickiness": {"cookie_name": "s"}}, "stickiness.cookie_name is s; it needs stickiness.type app_cookie"),
        (
            {"slow_start_seconds": 30, "algorithm": "weighted_random"},
            "slow_start_seconds is 30; allowed with algorithm weighted_random is 0",
        ),
        (
            {"health_check": {"interval_seconds": 5, "timeout_seconds": 5}},
            "health_check.interval_seconds is 5; allowed with timeout_seconds 5 is more",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_before_any_write(
    account: Account, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModuleFailed, match=message):
        applied(account, **wrong)
    assert account.writes() == []


def test_a_group_in_use_is_not_deleted_and_its_user_is_named(account: Account) -> None:
    applied(account)
    elb, subnets = account.client("elbv2"), account.client("ec2").describe_subnets()["Subnets"]
    balancer = elb.create_load_balancer(Name="other", Subnets=[subnet["SubnetId"] for subnet in subnets])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "forward", "TargetGroupArn": group(account)["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=arn, Port=80, Protocol="HTTP", DefaultActions=[action])
    with pytest.raises(ModuleFailed, match=r"target group shop-dev-web: in use: by arn:aws:.*loadbalancer/app/other/"):
        run_module(account, MODULE, **options(account), state="absent")


def test_a_group_whose_user_has_just_gone_is_deleted(account: Account) -> None:
    applied(account)
    account.fault(
        service="elbv2", operation="DeleteTargetGroup", code="ResourceInUse", message="in use", status=400, times=1
    )
    run_module(account, MODULE, **options(account), state="absent")
    assert account.client("elbv2").describe_target_groups()["TargetGroups"] == []


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="elbv2", operation="CreateTargetGroup", code="AccessDenied", message="not allowed", status=403
    )
    with pytest.raises(
        ModuleFailed, match=r"Could not create target group shop-dev-web: .*AccessDenied.*CreateTargetGroup"
    ):
        applied(account)
