# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS refuses in a service whose deployments shift traffic.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-rolling-to-bluegreen.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends

from .ecs_shifts import CANARY, LINEAR, PRODUCTION, ROLLING, TEST, UNDER_WAY, ShiftsMixin, advanced, pair
from .errors import AwsError

Document = dict[str, Any]
MINUTES = (0, 1440)
# Strategy -> its own configuration, with the least percentage.
OWN = {LINEAR: ("linearConfiguration", "stepPercent", 3.0), CANARY: ("canaryConfiguration", "canaryPercent", 0.1)}
BAKES = {LINEAR: "stepBakeTimeInMinutes", CANARY: "canaryBakeTimeInMinutes"}


def refuse(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


class ShiftChecksMixin(ShiftsMixin):
    def check_shift(self, wanted: Document, given: Document | None, current: Document | None = None) -> None:
        configuration = wanted["deploymentConfiguration"]
        before = current["deploymentConfiguration"]["strategy"] if current else None
        _check_numbers(configuration, given or {}, before)
        for balancer in wanted["loadBalancers"]:
            if advanced(balancer) or configuration["strategy"] != ROLLING:
                self._check_advanced(balancer)
        if current and before != configuration["strategy"]:
            self._check_switch(wanted, current)

    @staticmethod
    def _check_switch(wanted: Document, current: Document) -> None:
        if any(record["status"] in UNDER_WAY for record in current["history"]):
            raise refuse("The deployment strategy cannot be changed while a service deployment is in progress.")
        if wanted["deploymentConfiguration"]["strategy"] == ROLLING:
            return
        if any(not advanced(balancer) for balancer in current["loadBalancers"]):
            raise refuse(
                "Before the strategy is changed, the advancedConfiguration of the load balancers must have been "
                "deployed with a rolling deployment."
            )

    def _check_advanced(self, balancer: Document) -> None:
        given = advanced(balancer)
        for name in ("alternateTargetGroupArn", PRODUCTION, "roleArn"):
            if not given.get(name):
                raise refuse(f"advancedConfiguration.{name} is required for deployments that shift traffic.")
        self._check_infrastructure_role(given["roleArn"])
        groups = elbv2_backends[self.account_id][self.region_name].target_groups
        arn, both = given["alternateTargetGroupArn"], pair(balancer)
        if len(set(both)) != 2:
            raise refuse("The target group and the alternate target group must be different.")
        if arn not in groups:
            raise refuse(f"The target group {arn} was not found.")
        if not groups[arn].load_balancer_arns:
            raise refuse(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")
        if groups[arn].target_type != "ip" or groups[arn].vpc_id != groups[both[0]].vpc_id:
            raise refuse(f"The target group {arn} does not match the target group {both[0]}.")
        self._check_rules(given, both)

    def _check_rules(self, given: Document, both: list[str]) -> None:
        """Without a test rule the production rule forwards to both; else each forwards to one of them or to both."""
        backend = elbv2_backends[self.account_id][self.region_name]
        for kind in (PRODUCTION, TEST):
            if given.get(kind):
                _, rule = self.rule(given[kind])
                found = {one for action in rule.actions for one in backend._get_target_group_arns_from(action.data)}
                missing = set(both) - found
                if missing and (not given.get(TEST) or len(missing) == len(both)):
                    raise refuse(f"The target groups {sorted(missing)} are not associated with the rule {given[kind]}.")

    def _check_infrastructure_role(self, arn: str) -> None:
        """ECS may assume it, and it may change rules."""
        roles = iam_backends[self.account_id][self.partition].roles.values()
        role = next((role for role in roles if role.arn == arn), None)
        trust = json.dumps(json.loads(role.assume_role_policy_document)) if role else ""
        documents = [_document(policy) for policy in role.managed_policies.values()] if role else []
        documents += list(role.policies.values()) if role else []
        may = any("elasticloadbalancing:ModifyRule" in str(document) for document in documents)
        if '"ecs.amazonaws.com"' not in trust or not may:
            raise refuse(f"Unable to assume the role {arn}. Please verify that it has the proper permissions.")


def _document(policy: Any) -> Any:
    """Of its version in force."""
    return next(version.document for version in policy.versions if version.is_default)


def _check_numbers(configuration: Document, given: Document, before: str | None) -> None:
    strategy = configuration["strategy"]
    if strategy not in ("ROLLING", "BLUE_GREEN", LINEAR, CANARY):
        raise refuse(f"Invalid deployment strategy {strategy}.")
    if strategy == "BLUE_GREEN" != before and given.get("bakeTimeInMinutes") is None:
        raise refuse("bakeTimeInMinutes must be provided with the BLUE_GREEN deployment strategy.")
    _check_minutes("bakeTimeInMinutes", configuration.get("bakeTimeInMinutes"))
    for of, (name, percent, least) in OWN.items():
        own = given.get(name)
        if own is None:
            continue
        if of != strategy:
            raise refuse(f"{name} is only valid when the deployment strategy is {of}.")
        if not least <= float(own.get(percent, least)) <= 100:
            raise refuse(f"{percent} must be between {least} and 100.0.")
        _check_minutes(BAKES[of], own.get(BAKES[of]))


def _check_minutes(name: str, minutes: Any) -> None:
    if minutes is not None and not MINUTES[0] <= int(minutes) <= MINUTES[1]:
        raise refuse(f"{name} must be between {MINUTES[0]} and {MINUTES[1]}.")
