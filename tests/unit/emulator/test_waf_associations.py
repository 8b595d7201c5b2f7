# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Aws

SEEN = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "acl"}


def _acl(aws: Aws, name: str) -> str:
    made = aws("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=SEEN, Rules=[]
    )
    return str(made["Summary"]["ARN"])


def _balancer(aws: Aws) -> str:
    made = aws("elbv2").create_load_balancer(Name="web", Subnets=aws.subnets()[:2])
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def test_a_load_balancer_has_one_web_acl(aws: Aws, refused: Callable[..., Any]) -> None:
    waf, arn, one, other = aws("wafv2"), _balancer(aws), _acl(aws, "one"), _acl(aws, "other")
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=arn)
    waf.associate_web_acl(WebACLArn=one, ResourceArn=arn)
    waf.associate_web_acl(WebACLArn=other, ResourceArn=arn)
    assert waf.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["ARN"] == other
    waf.disassociate_web_acl(ResourceArn=arn)
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=arn)
    refused("WAFNonexistentItemException", waf.associate_web_acl, WebACLArn=f"{one}x", ResourceArn=arn)
    refused("WAFNonexistentItemException", waf.associate_web_acl, WebACLArn=one, ResourceArn=f"{arn}x")
    refused("WAFNonexistentItemException", waf.get_web_acl_for_resource, ResourceArn=f"{arn}x")
    everywhere = one.replace("regional", "global")
    refused("WAFInvalidParameterException", waf.associate_web_acl, WebACLArn=everywhere, ResourceArn=arn)


def test_a_load_balancer_takes_its_association_along(aws: Aws) -> None:
    waf, arn, acl = aws("wafv2"), _balancer(aws), _acl(aws, "one")
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
    aws("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    found = waf.list_web_acls(Scope="REGIONAL")["WebACLs"][0]
    waf.delete_web_acl(Name="one", Scope="REGIONAL", Id=found["Id"], LockToken=found["LockToken"])
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == []
