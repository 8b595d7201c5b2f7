# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments of ECS that shift traffic between two target groups: blue/green, linear and canary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import group_name, traffic

Document = dict[str, Any]

ROLLING, BLUE_GREEN, LINEAR, CANARY = STRATEGIES = ("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY")
MINUTES = (0, 1440)
# Strategy -> its own part of the deployment configuration, its percentage with AWS's default, least value and pause.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
OWN = {LINEAR: "linear_configuration", CANARY: "canary_configuration"}
PERCENT = {LINEAR: ("step_percent", 10.0, 3.0), CANARY: ("canary_percent", 5.0, 0.1)}
PAUSE = {LINEAR: ("step_bake_time_in_minutes", 6), CANARY: ("canary_bake_time_in_minutes", 10)}
UNDER_WAY = ("PENDING", "IN_PROGRESS")
TURNING_BACK = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
SUCCESSFUL, TURNED_BACK = "SUCCESSFUL", "ROLLBACK_SUCCESSFUL"


def strategy_of(configuration: Mapping[str, Any] | None) -> str:
    return (configuration or {}).get("strategy") or ROLLING


def shifts(service: Mapping[str, Any]) -> bool:
    """Whether the service, as AWS gives it, is deployed by shifting traffic."""
    return strategy_of(service.get("deploymentConfiguration")) != ROLLING


def minutes_of(configuration: Mapping[str, Any]) -> int:
    """How long a deployment waits by itself, whatever its tasks take."""
    strategy = strategy_of(configuration)
    if strategy == ROLLING:
        return 0
    pauses = 0
    if strategy in OWN:
        own = configuration.get(OWN[strategy]) or {}
        (percent, usual, _), (pause, usual_pause) = PERCENT[strategy], PAUSE[strategy]
        share = own.get(percent) or usual
        steps = 1 if strategy == CANARY else math.ceil(100 / share) - 1
        pauses = steps * (usual_pause if own.get(pause) is None else own[pause])
    return int(configuration.get("bake_time_in_minutes") or 0) + int(pauses)


def configuration_problems(configuration: Mapping[str, Any]) -> Iterator[str]:
    """What AWS would refuse of a deployment configuration."""
    strategy = strategy_of(configuration)
    if strategy == BLUE_GREEN and configuration.get("bake_time_in_minutes") is None:
        yield "strategy is BLUE_GREEN; it needs bake_time_in_minutes"
    yield from _minutes("bake_time_in_minutes", configuration.get("bake_time_in_minutes"))
    for of, name in OWN.items():
        own = configuration.get(name)
        if own is None:
            continue
        if of != strategy:
            yield f"{name} is set; allowed is it with strategy {of}"
        percent, _, least = PERCENT[of]
        share = own.get(percent)
        if share is not None and not least <= share <= 100:
            yield f"{name}.{percent} is {share}; allowed are {least} to 100"
        yield from _minutes(f"{name}.{PAUSE[of][0]}", own.get(PAUSE[of][0]))


def _minutes(name: str, value: Any) -> Iterator[str]:
    if value is not None and not MINUTES[0] <= value <= MINUTES[1]:
        yield f"{name} is {value}; allowed are {MINUTES[0]} to {MINUTES[1]}"


def of_strategy(configuration: Mapping[str, Any]) -> Document:
    """The deployment configuration without the parts of other strategies, which AWS refuses."""
    others = {name for strategy, name in OWN.items() if strategy != strategy_of(configuration)}
    return {key: value for key, value in configuration.items() if key not in others}


# Load balancers of a service, in snake case.


def same_balancer(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Which of the two target groups is called the alternate one means nothing: they take turns."""
    return _comparable(one) == _comparable(other)


def _comparable(balancer: Mapping[str, Any]) -> Document:
    advanced = dict(balancer.get("advanced_configuration") or {})
    groups = {balancer["target_group_arn"], advanced.pop("alternate_target_group_arn", None) or ""}
    settings = {key: value for key, value in advanced.items() if value}
    container = {key: balancer.get(key) for key in ("container_name", "container_port")}
    return {**container, "groups": groups - {""}, "advanced_configuration": settings}


def in_their_order(wanted: list[Document], current: list[Document]) -> list[Document]:
    """The wanted load balancers, with the target groups of a pair in the order in which AWS has them."""
    return [_in_its_order(item, current) for item in wanted]


def _in_its_order(item: Document, current: list[Document]) -> Document:
    there = next((one for one in current if _groups(one) == _groups(item) and len(_groups(one)) > 1), None)
    if there is None:
        return item
    alternate = there["advanced_configuration"]["alternate_target_group_arn"]
    advanced = {**item["advanced_configuration"], "alternate_target_group_arn": alternate}
    return {**item, "target_group_arn": there["target_group_arn"], "advanced_configuration": advanced}


def _groups(balancer: Mapping[str, Any]) -> set[str]:
    groups: set[str] = _comparable(balancer)["groups"]
    return groups


def production(elb: Any, balancers: list[Document]) -> dict[str, dict[str, int]]:
    """By target group, the weights in its production rule, by name; nothing of a rule that nobody may read."""
    rules = {
        item["advanced_configuration"]["production_listener_rule"]: item["target_group_arn"]
        for item in balancers
        if (item.get("advanced_configuration") or {}).get("production_listener_rule")
    }
    found = {}
    for rule, group in rules.items():
        try:
            (read,) = elb.describe_rules(RuleArns=[rule])["Rules"]
        except ClientError:
            continue
        found[group_name(group)] = {group_name(arn): weight for arn, weight in traffic(read["Actions"]).items()}
    return found


def rules_for_tests(service: Document) -> set[str]:
    """The rules of the service, as AWS gives it, whose requests are no users'."""
    advanced = [item.get("advancedConfiguration") or {} for item in service.get("loadBalancers", [])]
    return {item["testListenerRule"] for item in advanced if item.get("testListenerRule")}


def record_of(ecs: Any, cluster: str, name: str, deployment: Document | None) -> Document | None:
    """The service deployment behind a deployment, or with none the one that is under way, or on its way back.

    A deployment and the service revision that it deploys bear one number.
    """
    of_service = {"cluster": cluster, "service": name}
    if deployment is None:
        found = ecs.list_service_deployments(**of_service, status=[*UNDER_WAY, *TURNING_BACK])["serviceDeployments"]
    else:
        number = deployment["id"].rpartition("/")[2]
        every = ecs.list_service_deployments(**of_service)["serviceDeployments"]
        found = [item for item in every if item["targetServiceRevisionArn"].rpartition("/")[2] == number]
        found = found or [item for item in every if item["status"] in UNDER_WAY]
    if not found:
        return None
    arns = [found[0]["serviceDeploymentArn"]]
    described = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    return described[0] if described else None


def told(record: Mapping[str, Any]) -> str:
    """Where a service deployment is."""
    return " ".join(filter(None, (record["status"], record.get("lifecycleStage"))))
