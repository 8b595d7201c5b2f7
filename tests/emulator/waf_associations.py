# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What WAF protects, for moto: a load balancer that is there, one web ACL for each, of its own region."""

from __future__ import annotations

from moto.elbv2.models import elbv2_backends
from moto.wafv2.exceptions import WAFNonexistentItemException
from moto.wafv2.models import FakeWebACL, WAFV2Backend

from .errors import AwsError

BALANCER = ":elasticloadbalancing:"

_associate = WAFV2Backend.associate_web_acl
_find = WAFV2Backend.get_web_acl_for_resource


def _check(backend: WAFV2Backend, resource_arn: str) -> None:
    if BALANCER in resource_arn:
        balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers
        if resource_arn not in balancers:
            raise WAFNonexistentItemException


def associate_web_acl(self: WAFV2Backend, web_acl_arn: str, resource_arn: str) -> None:
    """The web ACL takes the place of another one."""
    if ":global/" in web_acl_arn:
        raise AwsError(
            "WAFInvalidParameterException",
            "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT",
        )
    if web_acl_arn not in self.wacls:
        raise WAFNonexistentItemException
    _check(self, resource_arn)
    for web_acl in self.wacls.values():
        web_acl.associated_resources = [arn for arn in web_acl.associated_resources if arn != resource_arn]
    _associate(self, web_acl_arn, resource_arn)


def get_web_acl_for_resource(self: WAFV2Backend, resource_arn: str) -> FakeWebACL | None:
    _check(self, resource_arn)
    return _find(self, resource_arn)


WAFV2Backend.associate_web_acl = associate_web_acl  # type: ignore[method-assign]
WAFV2Backend.get_web_acl_for_resource = get_web_acl_for_resource  # type: ignore[method-assign]
