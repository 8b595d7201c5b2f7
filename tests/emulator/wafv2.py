# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS WAF: rules are checked, an update replaces all of them, and what is in use is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.cloudfront.models import cloudfront_backends
from moto.logs.models import logs_backends
from moto.wafv2.models import FakeLoggingConfiguration, FakeWebACL, WAFV2Backend, wafv2_backends

from .dispatch import model_with
from .errors import AwsError

REGION = "us-east-1"  # of what has the scope CLOUDFRONT
RATES = range(10, 2_000_000_001)
WINDOWS = (60, 120, 300, 600)


def refuse(field: str, reason: str) -> None:
    message = f"Error reason: {reason}, field: {field}, parameter: {field}"
    raise AwsError("WAFInvalidParameterException", message)


class Backend(WAFV2Backend):
    def create_web_acl(self, name: str, *args: Any, **kwargs: Any) -> FakeWebACL:
        self._check(args[5] or [])
        if any(acl.name == name for acl in self.wacls.values()):
            raise AwsError("WAFDuplicateItemException", "The resource is a duplicate of an existing one.")
        return super().create_web_acl(name, *args, **kwargs)

    def update_web_acl(self, name: str, _id: str, *args: Any, **kwargs: Any) -> str:
        rules, description = args[1] or [], args[2] or ""
        self._check(rules)
        acl = self.get_web_acl(None, name, _id)
        before = acl.rules
        token = super().update_web_acl(name, _id, args[0], rules, description, *args[3:], **kwargs)
        if not rules and acl.rules is before:
            acl.rules = []
        return token

    def delete_web_acl(self, name: str, scope: str, _id: str, lock_token: str) -> None:
        acl = self.get_web_acl(None, name, _id)
        distributions = cloudfront_backends[self.account_id]["aws"].distributions.values()
        if acl.associated_resources or any(item.raw["WebACLId"] == acl.arn for item in distributions):
            message = "AWS WAF couldn't perform the operation because your resource is being used by another resource."
            raise AwsError("WAFAssociatedItemException", message)
        super().delete_web_acl(name, scope, _id, lock_token)
        self.logging_configurations.pop(acl.arn, None)

    def delete_ip_set(self, name: str, scope: str, _id: str, lock_token: str) -> None:
        arn = self.get_ip_set(name, scope, _id).arn
        if any(arn in _arns(rule.statement) for acl in self.wacls.values() for rule in acl.rules):
            message = "AWS WAF couldn't perform the operation because your resource is being used by another resource."
            raise AwsError("WAFAssociatedItemException", message)
        super().delete_ip_set(name, scope, _id, lock_token)

    def put_logging_configuration(self, arn: str, *args: Any, **kwargs: Any) -> FakeLoggingConfiguration:
        if arn not in self.wacls:
            raise AwsError("WAFNonexistentItemException", "The resource doesn't exist.")
        region = REGION if self.region_name == "global" else self.region_name
        for destination in args[0]:
            name = destination.partition(":log-group:")[2]
            if not name.startswith("aws-waf-logs-") or name not in logs_backends[self.account_id][region].groups:
                refuse("LOG_DESTINATION", "The ARN isn't valid. A valid ARN begins with arn: and includes other info")
        return super().put_logging_configuration(arn, *args, **kwargs)

    def _check(self, rules: list[dict[str, Any]]) -> None:
        for field, parameter in (("Name", "RULE_NAME"), ("Priority", "RULE_PRIORITY")):
            values = [rule[field] for rule in rules]
            if len(set(values)) < len(values):
                refuse(parameter, "You have used a value more than once")
        for rule in rules:
            group = "ManagedRuleGroupStatement" in rule["Statement"]
            if bool(rule.get("OverrideAction")) != group or bool(rule.get("Action")) == group:
                refuse("RULE", "A rule group takes an override action, another rule an action")
            if not rule.get("VisibilityConfig"):
                refuse("RULE", "A rule needs a visibility config")
            self._check_statement(rule["Statement"])

    def _check_statement(self, statement: dict[str, Any]) -> None:
        rate = statement.get("RateBasedStatement")
        if rate:
            rate.setdefault("EvaluationWindowSec", 300)
            if rate["Limit"] not in RATES or rate["EvaluationWindowSec"] not in WINDOWS:
                refuse("RATE_BASED_STATEMENT", "The rate limit or its window is out of range")
            if (rate["AggregateKeyType"] == "FORWARDED_IP") != ("ForwardedIPConfig" in rate):
                refuse("FORWARDED_IP_CONFIG", "FORWARDED_IP needs a configuration, and it alone")
        known = {item.arn for item in self.ip_sets.values()}
        if not set(_arns(statement)) <= known:
            message = "AWS WAF couldn't perform the operation because your resource doesn't exist."
            raise AwsError("WAFNonexistentItemException", message)


def _arns(value: Any) -> Iterator[str]:
    """Of the IP sets that a statement refers to."""
    if isinstance(value, list):
        for item in value:
            yield from _arns(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "IPSetReferenceStatement":
                yield item["ARN"]
            else:
                yield from _arns(item)


model_with(wafv2_backends, Backend)
