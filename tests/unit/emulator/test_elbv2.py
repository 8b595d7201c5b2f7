# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers as the API reference describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]


def balancer(aws: Aws, **more: Any) -> str:
    created = aws("elbv2").create_load_balancer(**{"Name": "l", "Subnets": aws.subnets(), **more})["LoadBalancers"][0]
    return str(created["LoadBalancerArn"])


def group(aws: Aws, name: str = "t") -> str:
    created = aws("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=aws.vpc(), TargetType="ip")
    return str(created["TargetGroups"][0]["TargetGroupArn"])


def listener(aws: Aws, balancer_arn: str, group_arn: str, port: int = 80) -> str:
    action = {"Type": "forward", "TargetGroupArn": group_arn}
    created = aws("elbv2").create_listener(
        LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=port, DefaultActions=[action]
    )
    return str(created["Listeners"][0]["ListenerArn"])


def attributes(answer: dict[str, Any]) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in answer["Attributes"]}


def test_balancer_attributes_are_complete(aws: Aws, refused: Refused) -> None:
    elb, arn = aws("elbv2"), {"LoadBalancerArn": balancer(aws)}
    read = attributes(elb.describe_load_balancer_attributes(**arn))
    assert read["idle_timeout.timeout_seconds"] == "60"
    assert read["routing.http.desync_mitigation_mode"] == "defensive"
    assert read["routing.http.drop_invalid_header_fields.enabled"] == "false"
    assert read["routing.http2.enabled"] == "true"
    assert read["access_logs.s3.enabled"] == "false"
    modify = elb.modify_load_balancer_attributes
    modify(**arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "120"}])
    after = attributes(elb.describe_load_balancer_attributes(**arn))
    assert after == {**read, "idle_timeout.timeout_seconds": "120"}
    for key, value in (("idle_timeout.timeout_seconds", "5000"), ("routing.http2.enabled", "maybe"), ("what", "1")):
        refused("ValidationError", modify, **arn, Attributes=[{"Key": key, "Value": value}])


def test_group_attributes_are_complete(aws: Aws, refused: Refused) -> None:
    elb, arn = aws("elbv2"), {"TargetGroupArn": group(aws)}
    read = attributes(elb.describe_target_group_attributes(**arn))
    assert read["stickiness.enabled"] == "false"
    assert read["stickiness.lb_cookie.duration_seconds"] == "86400"
    assert read["deregistration_delay.timeout_seconds"] == "300"
    assert read["slow_start.duration_seconds"] == "0"
    modify = elb.modify_target_group_attributes
    modify(**arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}])
    assert attributes(elb.describe_target_group_attributes(**arn))["deregistration_delay.timeout_seconds"] == "30"
    for key, value in (("deregistration_delay.timeout_seconds", "5000"), ("what", "1")):
        refused("ValidationError", modify, **arn, Attributes=[{"Key": key, "Value": value}])


def test_health_check_defaults(aws: Aws) -> None:
    group(aws)
    read = aws("elbv2").describe_target_groups(Names=["t"])["TargetGroups"][0]
    assert (read["HealthCheckPath"], read["HealthCheckTimeoutSeconds"]) == ("/", 5)
    assert (read["HealthCheckIntervalSeconds"], read["HealthyThresholdCount"]) == (30, 5)
    assert (read["UnhealthyThresholdCount"], read["Matcher"]) == (2, {"HttpCode": "200"})
    assert (read["ProtocolVersion"], read["LoadBalancerArns"]) == ("HTTP1", [])


def test_groups_know_their_balancers_as_they_are(aws: Aws, refused: Refused) -> None:
    elb = aws("elbv2")
    arn, first, second = balancer(aws), group(aws), group(aws, "u")
    at = listener(aws, arn, first)

    def balancers(name: str) -> list[str]:
        return list(elb.describe_target_groups(Names=[name])["TargetGroups"][0]["LoadBalancerArns"])

    assert (balancers("t"), balancers("u")) == ([arn], [])
    refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=first)
    elb.modify_listener(ListenerArn=at, DefaultActions=[{"Type": "forward", "TargetGroupArn": second}])
    assert (balancers("t"), balancers("u")) == ([], [arn])
    elb.delete_target_group(TargetGroupArn=first)
    refused("TargetGroupNotFound", elb.describe_target_groups, Names=["t"])
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert balancers("u") == []
    elb.delete_target_group(TargetGroupArn=second)


def test_listeners_have_their_ports_and_certificates(aws: Aws, refused: Refused) -> None:
    elb, arn, target = aws("elbv2"), balancer(aws), group(aws)
    at = listener(aws, arn, target)
    read = elb.describe_listeners(ListenerArns=[at])["Listeners"][0]
    assert not read.get("SslPolicy") and not read.get("Certificates")
    more = {"LoadBalancerArn": arn, "DefaultActions": [{"Type": "forward", "TargetGroupArn": target}]}
    refused("DuplicateListener", elb.create_listener, **more, Protocol="HTTP", Port=80)
    refused("ValidationError", elb.create_listener, **more, Protocol="HTTPS", Port=443)
    one, two, three = (
        {
            "CertificateArn": aws("acm").request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")[
                "CertificateArn"
            ]
        }
        for name in ("a", "b", "c")
    )
    secure = elb.create_listener(**more, Protocol="HTTPS", Port=443, Certificates=[one])["Listeners"][0]["ListenerArn"]
    elb.add_listener_certificates(ListenerArn=secure, Certificates=[two, three])
    elb.modify_listener(ListenerArn=secure, Certificates=[two])
    found = elb.describe_listener_certificates(ListenerArn=secure)["Certificates"]
    assert [(item["CertificateArn"], item["IsDefault"]) for item in found] == [
        (two["CertificateArn"], True),
        (three["CertificateArn"], False),
    ]
    elb.modify_listener(ListenerArn=secure, Protocol="HTTP")
    assert elb.describe_listener_certificates(ListenerArn=secure)["Certificates"] == []


@pytest.mark.parametrize("form", ["short", "long"])
def test_rules_with_several_paths(aws: Aws, refused: Refused, form: str) -> None:
    elb = aws("elbv2")
    target = group(aws)
    at = listener(aws, balancer(aws), target)

    def condition(*values: str) -> dict[str, Any]:
        if form == "short":
            return {"Field": "path-pattern", "Values": list(values)}
        return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}

    def create(*conditions: dict[str, Any]) -> Any:
        actions = [{"Type": "forward", "TargetGroupArn": target}]
        return elb.create_rule(ListenerArn=at, Priority=1, Conditions=list(conditions), Actions=actions)

    many = [f"/{letter}" for letter in "abcdef"]
    refused("ValidationError", elb.create_rule, ListenerArn=at, Priority=1, Conditions=[condition(*many)], Actions=[])
    create(condition("/a", "/b"))
    read = elb.describe_rules(ListenerArn=at)["Rules"][0]["Conditions"][0]
    assert read["Values"] == ["/a", "/b"]
    assert read["PathPatternConfig"] == {"Values": ["/a", "/b"]}


def test_wrong_balancers_are_refused(aws: Aws, refused: Refused) -> None:
    create = aws("elbv2").create_load_balancer
    subnets = aws.subnets()
    refused("ValidationError", create, Name="l", Subnets=subnets[:1])
    refused("ValidationError", create, Name="internal-l", Subnets=subnets)
    refused("ValidationError", create, Name="l" * 33, Subnets=subnets)
    refused("InvalidSecurityGroup", create, Name="l", Subnets=subnets, SecurityGroups=["sg-0"])
    assert aws("elbv2").describe_load_balancers()["LoadBalancers"] == []
    balancer(aws)
    refused("DuplicateLoadBalancerName", create, Name="l", Subnets=subnets)
    refused("LoadBalancerNotFound", aws("elbv2").describe_load_balancers, Names=["l", "none"])


def test_deletion_protection(aws: Aws, refused: Refused) -> None:
    elb, arn = aws("elbv2"), {"LoadBalancerArn": balancer(aws)}
    protection = {"Key": "deletion_protection.enabled"}
    elb.modify_load_balancer_attributes(**arn, Attributes=[{**protection, "Value": "true"}])
    assert "deletion protection is enabled" in refused("OperationNotPermitted", elb.delete_load_balancer, **arn)
    elb.modify_load_balancer_attributes(**arn, Attributes=[{**protection, "Value": "false"}])
    elb.delete_load_balancer(**arn)
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_balancer_passes_through_its_state(aws: Aws) -> None:
    aws.settings(provisioning_reads=1)
    balancer(aws, Scheme="internal")
    reads = [aws("elbv2").describe_load_balancers(Names=["l"])["LoadBalancers"][0] for _ in range(2)]
    assert [read["State"]["Code"] for read in reads] == ["provisioning", "active"]
    assert reads[0]["DNSName"].startswith("internal-l-")
