# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Aws

Refused = Callable[..., str]
VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
ACL = {"Name": "front", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": VISIBLE}


def rule(statement: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Name": "rule",
        "Priority": 0,
        "Action": {"Block": {}},
        "VisibilityConfig": VISIBLE,
        "Statement": statement,
        **more,
    }


RATE = {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}


def test_rules_are_checked(aws: Aws, refused: Refused) -> None:
    create = aws("wafv2").create_web_acl
    for rules in (
        [rule(RATE), rule(RATE, Name="other")],
        [rule(RATE, OverrideAction={"None": {}})],
        [rule({"RateBasedStatement": {"Limit": 9, "AggregateKeyType": "IP"}})],
        [rule({"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "FORWARDED_IP"}})],
    ):
        refused("WAFInvalidParameterException", create, **ACL, Rules=rules)
    unknown = {"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:eu-west-1:1:regional/ipset/x/1"}}
    refused("WAFNonexistentItemException", create, **ACL, Rules=[rule(unknown)])
    create(**ACL, Rules=[rule(RATE)])
    refused("WAFDuplicateItemException", create, **ACL)


def test_an_update_replaces_all_rules(aws: Aws) -> None:
    waf = aws("wafv2")
    made = waf.create_web_acl(**ACL, Rules=[rule(RATE)], Description="x")["Summary"]
    waf.update_web_acl(**ACL, Id=made["Id"], LockToken=made["LockToken"], Rules=[])
    found = waf.get_web_acl(Name="front", Scope="REGIONAL", Id=made["Id"])["WebACL"]
    assert (found["Rules"], found.get("Description", "")) == ([], "")


def test_what_is_in_use_is_kept(aws: Aws, refused: Refused) -> None:
    waf = aws("wafv2")
    ip_set = {"Name": "office", "Scope": "REGIONAL"}
    made = waf.create_ip_set(**ip_set, IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"])["Summary"]
    statement = {"IPSetReferenceStatement": {"ARN": made["ARN"]}}
    acl = waf.create_web_acl(**ACL, Rules=[rule(statement)])["Summary"]
    which = {**ip_set, "Id": made["Id"], "LockToken": made["LockToken"]}
    refused("WAFAssociatedItemException", waf.delete_ip_set, **which)
    balancer = aws("elbv2").create_load_balancer(Name="front", Subnets=aws.subnets()[:2])["LoadBalancers"][0]
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=balancer["LoadBalancerArn"])
    own = {"Name": "front", "Scope": "REGIONAL", "Id": acl["Id"], "LockToken": acl["LockToken"]}
    refused("WAFAssociatedItemException", waf.delete_web_acl, **own)
    waf.disassociate_web_acl(ResourceArn=balancer["LoadBalancerArn"])
    waf.delete_web_acl(**own)
    waf.delete_ip_set(**which)


def test_where_logs_may_go(aws: Aws, refused: Refused) -> None:
    waf, logs = aws("wafv2"), aws("logs")
    arn = waf.create_web_acl(**ACL)["Summary"]["ARN"]
    for name in ("aws-waf-logs-front", "front"):
        logs.create_log_group(logGroupName=name)
    prefix = f"arn:aws:logs:eu-west-1:{aws.account}:log-group:"
    put = waf.put_logging_configuration
    for name in ("front", "aws-waf-logs-none"):
        wanted = {"ResourceArn": arn, "LogDestinationConfigs": [prefix + name]}
        refused("WAFInvalidParameterException", put, LoggingConfiguration=wanted)
    put(LoggingConfiguration={"ResourceArn": arn, "LogDestinationConfigs": [f"{prefix}aws-waf-logs-front"]})
