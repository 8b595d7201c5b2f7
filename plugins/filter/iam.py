# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# Services that do not say for which account they act when they assume a role.
WITHOUT_SOURCE = ("ec2.amazonaws.com", "lambda.amazonaws.com")
# The resources for which a service acts, as its documentation has them for trust policies.
SOURCES = {
    "ecs-tasks.amazonaws.com": "arn:{partition}:ecs:{region}:{account}:*",
    "monitoring.rds.amazonaws.com": "arn:{partition}:rds:{region}:{account}:db:*",
    "vpc-flow-logs.amazonaws.com": "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*",
}


def trust_policy(
    services: Iterable[str],
    caller: str,
    region: str,
    confine: bool = True,
    statements: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Who may assume a role: services, for the caller's account only."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    where = {"partition": partition, "region": region, "account": account}
    trusted = [_statement(service, where, confine) for service in services]
    return {"Version": "2012-10-17", "Statement": [*trusted, *statements]}


def _statement(service: str, where: dict[str, str], confine: bool) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if not confine or service in WITHOUT_SOURCE:
        return statement
    condition = {"StringEquals": {"aws:SourceAccount": where["account"]}}
    if service in SOURCES:
        condition["ArnLike"] = {"aws:SourceArn": SOURCES[service].format(**where)}
    return {**statement, "Condition": condition}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"trust_policy": trust_policy}
