# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2's security groups: rules for prefix lists have descriptions, which moto drops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import GroupedSecurityRuleView, SecurityGroup, SecurityGroupRule

DESCRIBED = "prefix_list_description"  # of a rule
grouped = SecurityGroup._flattened_rules


class RulesMixin:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PrefixListId.html"""

    def _iterate_security_rules(self, *args: Any, **kwargs: Any) -> Iterator[SecurityGroupRule]:
        lists = {item["PrefixListId"]: item for item in args[6]}
        for rule in super()._iterate_security_rules(*args, **kwargs):  # type: ignore[misc]
            setattr(rule, DESCRIBED, lists.get(rule.prefix_list_id, {}).get("Description"))
            yield rule

    def _sg_update_description(self, security_rule: SecurityGroupRule, rule: SecurityGroupRule) -> None:
        super()._sg_update_description(security_rule, rule)  # type: ignore[misc]
        if getattr(security_rule, DESCRIBED) is not None:
            setattr(rule, DESCRIBED, getattr(security_rule, DESCRIBED))


class RulesResponseMixin:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html"""

    def update_security_group_rule_descriptions_ingress(self) -> ActionResult:
        super().update_security_group_rule_descriptions_ingress()  # type: ignore[misc]
        return ActionResult({"Return": True})

    def update_security_group_rule_descriptions_egress(self) -> ActionResult:
        super().update_security_group_rule_descriptions_egress()  # type: ignore[misc]
        return ActionResult({"Return": True})


def _described(group: SecurityGroup, rules: list[SecurityGroupRule]) -> list[GroupedSecurityRuleView]:
    views = grouped(group, rules)
    texts = {
        (rule.ip_protocol, rule.from_port, rule.to_port, rule.prefix_list_id): getattr(rule, DESCRIBED, None)
        for rule in rules
    }
    for view in views:
        for item in view.prefix_list_ids:
            text = texts[view.ip_protocol, view.from_port, view.to_port, item["PrefixListId"]]
            if text is not None:
                item["Description"] = text
    return views


SecurityGroup._flattened_rules = _described  # type: ignore[method-assign]
