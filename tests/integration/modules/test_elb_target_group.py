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


def base(account: Account, **more: Any) -> dict[str, Any]:
    return {"name": NAME, "vpc_id": vpc_id(account), "port": 8080, **more}


def test_matrix(account: Account) -> None:
    app = {"type": "app_cookie", "duration_seconds": 60, "cookie_name": "session"}
    Matrix(
        module=MODULE,
        key="target_group",
        base=base(account),
        updates={
            **{f"+{name}": {"health_check": {name: value}} for name, value in CHECK.items()},
            "deregistration_delay_seconds": 30,
            "slow_start_seconds": 45,
            "+algorithm": {"algorithm": "least_outstanding_requests", "slow_start_seconds": 0},
            "+sticky": {"stickiness": {}},
            "+by application": {"stickiness": app},
            "+not sticky": {"stickiness": {"enabled": False}},
            "tags": {"Environment": "dev"},
        },
        fixed={"protocol", "protocol_version", "target_type"},
        absent={"name": NAME},
        seen={
            "deregistration_delay_seconds": attribute("deregistration_delay.timeout_seconds", int),
            "slow_start_seconds": attribute("slow_start.duration_seconds", int),
            "tags": tags,
        },
    ).check(account)


def test_every_part_of_a_health_check_arrives(account: Account) -> None:
    for existing in (False, True):
        if existing:
            run_module(account, MODULE, **base(account) | {"name": "other"})
        name = "other" if existing else NAME
        run_module(account, MODULE, **base(account, health_check=CHECK) | {"name": name})
        found = account.client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]
        assert (found["HealthCheckPath"], found["HealthCheckPort"], found["HealthCheckProtocol"]) == (
            "/ready",
            "9000",
            "HTTPS",
        )
        assert (found["HealthCheckIntervalSeconds"], found["HealthCheckTimeoutSeconds"]) == (60, 10)
        assert (found["HealthyThresholdCount"], found["UnhealthyThresholdCount"]) == (3, 4)
        assert found["Matcher"] == {"HttpCode": "200-299"}


def test_a_health_check_is_kept_but_for_what_is_set(account: Account) -> None:
    run_module(
        account, MODULE, **base(account, health_check={"path": "/ready", "matcher": "204", "interval_seconds": 9})
    )
    run_module(account, MODULE, **base(account, health_check={"timeout_seconds": 3}))
    found = group(account)
    assert (found["HealthCheckPath"], found["Matcher"]) == ("/ready", {"HttpCode": "204"})
    assert (found["HealthCheckIntervalSeconds"], found["HealthCheckTimeoutSeconds"]) == (9, 3)


def test_stickiness_of_the_application(account: Account) -> None:
    run_module(
        account,
        MODULE,
        **base(account, stickiness={"type": "app_cookie", "cookie_name": "s"}, algorithm="weighted_random"),
    )
    assert attribute("stickiness.enabled")(account) == "true"
    assert attribute("stickiness.app_cookie.cookie_name")(account) == "s"
    assert attribute("load_balancing.algorithm.type")(account) == "weighted_random"


def test_a_grpc_group_has_codes_of_its_own(account: Account) -> None:
    predicted = run_module(account, MODULE, _check=True, **base(account, protocol_version="GRPC"))["target_group"]
    assert predicted["health_check_matcher"] == "12"
    run_module(
        account, MODULE, **base(account, protocol_version="GRPC", health_check={"matcher": "0-5", "path": "/s/Check"})
    )
    assert group(account)["Matcher"] == {"GrpcCode": "0-5"}
    assert not run_module(account, MODULE, **base(account, protocol_version="GRPC", health_check={"matcher": "0-5"}))[
        "changed"
    ]


def test_a_vpc_of_a_preview(account: Account) -> None:
    predicted = run_module(account, MODULE, _check=True, **base(account) | {"vpc_id": "(known after apply)"})
    assert predicted["target_group"]["target_group_arn"] == "(known after apply)"
    assert account.writes() == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"port": 9090}, "port cannot be changed from 8080 to 9090: give the target group another name"),
        ({"protocol": "HTTPS"}, "protocol cannot be changed from 'HTTP' to 'HTTPS'"),
        ({"protocol_version": "HTTP2"}, "protocol_version cannot be changed from 'HTTP1' to 'HTTP2'"),
        ({"target_type": "instance"}, "target_type cannot be changed from 'ip' to 'instance'"),
        ({"vpc_id": "vpc-0"}, "vpc_id cannot be changed from 'vpc-"),
    ],
)
def test_what_cannot_be_changed_in_place(account: Account, changed: dict[str, Any], message: str) -> None:
    run_module(account, MODULE, **base(account))
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **base(account) | changed)
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
        run_module(account, MODULE, **base(account, **wrong))
    assert account.writes() == []


def test_a_group_in_use_is_not_deleted_and_its_user_is_named(account: Account) -> None:
    run_module(account, MODULE, **base(account))
    elb, subnets = account.client("elbv2"), account.client("ec2").describe_subnets()["Subnets"]
    balancer = elb.create_load_balancer(Name="public", Subnets=[subnet["SubnetId"] for subnet in subnets])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "forward", "TargetGroupArn": group(account)["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=arn, Port=80, Protocol="HTTP", DefaultActions=[action])
    with pytest.raises(ModuleFailed, match=r"target group shop-dev-web: in use: by arn:aws:.*loadbalancer/app/public/"):
        run_module(account, MODULE, name=NAME, state="absent")


def test_a_group_whose_user_has_just_gone_is_deleted(account: Account) -> None:
    run_module(account, MODULE, **base(account))
    account.fault(
        service="elbv2", operation="DeleteTargetGroup", code="ResourceInUse", message="in use", status=400, times=1
    )
    run_module(account, MODULE, name=NAME, state="absent")
    assert account.client("elbv2").describe_target_groups()["TargetGroups"] == []


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="elbv2", operation="CreateTargetGroup", code="AccessDenied", message="not allowed", status=403
    )
    with pytest.raises(
        ModuleFailed, match=r"Could not create target group shop-dev-web: .*AccessDenied.*CreateTargetGroup"
    ):
        run_module(account, MODULE, **base(account))
