#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_status_info
short_description: Tell how an ECS service is doing
version_added: 0.2.0
description:
  - Reads a service with its deployments, the health of its targets, why tasks stopped, and AWS's last events.
  - Asks its health endpoint when that is wanted.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the service.
    type: str
    required: true
  cluster:
    description: The name or ARN of its cluster.
    type: str
    required: true
  events:
    description: How many events to return.
    type: int
    default: 5
  smoke:
    description:
      - Whether to ask the health endpoint of its target groups at a public load balancer, from where this runs. The
        load balancer is asked by its own name, so its certificate is not checked.
    type: bool
    default: false
  smoke_url:
    description: The URL to ask instead, whose certificate is checked; any status from 200 to 399 is right.
    type: str
    default: ""
  smoke_timeout:
    description: How many seconds to wait for the endpoint.
    type: int
    default: 10
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Tell how the web service is doing
  slipway.fargate.ecs_status_info:
    name: shop-prod-web
    cluster: shop-prod-cluster
    smoke: true
"""

RETURN = r"""
status:
  description: How it is doing.
  returned: success
  type: dict
  contains:
    name:
      description: The service.
      type: str
      sample: shop-prod-web
    deployed:
      description: Whether there is such a service; when not, nothing else is returned.
      type: bool
      sample: true
    steady:
      description: Whether its one deployment is complete, with its bake time, and all desired tasks run.
      type: bool
      sample: true
    running_count:
      description: How many tasks run.
      type: int
      sample: 2
    pending_count:
      description: How many tasks are being started.
      type: int
      sample: 0
    desired_count:
      description: How many tasks are to run.
      type: int
      sample: 2
    task_definition:
      description: The task definition.
      type: str
      sample: shop-prod-web:8
    images:
      description: The image of each container.
      type: dict
      sample: {"web": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v1.4.0"}
    deployments:
      description: Its deployments with C(id), C(status), C(rollout), C(reason), C(task_definition) and counts.
      type: list
      elements: dict
      sample: [{"id": "ecs-svc/1", "status": "PRIMARY", "rollout": "COMPLETED", "running": 2, "desired": 2}]
    strategy:
      description: How it is deployed, V(ROLLING), V(BLUE_GREEN), V(LINEAR) or V(CANARY).
      type: str
      sample: BLUE_GREEN
    shift:
      description:
        - Of a service that is deployed by shifting traffic, the deployment that has not ended, with C(status), C(stage)
          and C(reason); otherwise empty.
      type: dict
      sample: {"status": "IN_PROGRESS", "stage": "BAKE_TIME", "reason": ""}
    traffic:
      description: Of such a service, for each of its target groups its share of production, in percent.
      type: dict
      sample: {"shop-prod-web": 0, "shop-prod-web-alt": 100}
    targets:
      description: For each target group how many targets are in each state.
      type: dict
      sample: {"shop-prod-web": {"healthy": 2}}
    stopped:
      description: Why tasks stopped lately, the most frequent reason first.
      type: list
      elements: str
      sample: []
    events:
      description: The last events, the newest first.
      type: list
      elements: str
      sample: ["2026-05-01T12:00:00Z (service shop-prod-web) has reached a steady state."]
    smoke:
      description:
        - What the endpoint said, C(result) (V(passed), V(failed), V(unreachable) or V(none)), C(url), C(status) and
          C(evidence).
      type: dict
      sample: {"result": "passed", "url": "http://x/health", "status": 200, "evidence": "GET http://x/health: 200"}
    text:
      description: All of that for people.
      type: str
      sample: "shop-prod-web: 2 of 2 tasks run shop-prod-web:8"
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_deployment import Deployments, short
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import (
    production,
    rules_for_tests,
    shifts,
    strategy_of,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient
from ansible_collections.slipway.fargate.plugins.module_utils.smoke import NONE, smoke

Document = dict[str, Any]


def status(module: AnsibleAWSModule) -> Document:
    ecs, name = RetryingClient(module, "ecs"), module.params["name"]
    deployments = Deployments(ecs, module.params["cluster"], name)
    service = deployments.service()
    if not service or service["status"] != "ACTIVE":
        return {"name": name, "deployed": False, "text": f"{name}: not deployed"}
    found = {
        "name": name,
        "deployed": True,
        "running_count": service["runningCount"],
        "pending_count": service["pendingCount"],
        "desired_count": service["desiredCount"],
        "task_definition": short(service["taskDefinition"]),
        "images": _images(ecs, service["taskDefinition"]),
        "deployments": [_deployment(item) for item in service["deployments"]],
        "strategy": strategy_of(service.get("deploymentConfiguration")),
        "shift": _shift(deployments) if shifts(service) else {},
        "traffic": {},
        "targets": {},
        "stopped": deployments.stopped_reasons(),
        "events": [
            f"{event['createdAt']:%Y-%m-%dT%H:%M:%SZ} {event['message']}"
            for event in service.get("events", [])[: module.params["events"]]
        ],
        "smoke": {"result": NONE, "url": "", "status": 0, "evidence": "not asked"},
    }
    balancers = [item for item in service.get("loadBalancers", []) if item.get("targetGroupArn")]
    advanced = [item.get("advancedConfiguration") or {} for item in balancers]
    arns = [item["targetGroupArn"] for item in balancers]
    elb = RetryingClient(module, "elbv2")
    alternate = [item["alternateTargetGroupArn"] for item in advanced if item.get("alternateTargetGroupArn")]
    found["targets"] = {arn.split("/")[1]: _health(elb, arn) for arn in [*arns, *alternate]}
    weights = production(elb, camel_dict_to_snake_dict({"found": balancers})["found"])
    found["traffic"] = {name: share for pair in weights.values() for name, share in _percent(pair).items()}
    if module.params["smoke"] or module.params["smoke_url"]:
        url, timeout = module.params["smoke_url"], module.params["smoke_timeout"]
        found["smoke"] = smoke(elb, arns, url, timeout, rules_for_tests(service))
    only = found["deployments"][0] if len(found["deployments"]) == 1 else {}
    complete = (only and not found["shift"]) if shifts(service) else only.get("rollout") == "COMPLETED"
    found["steady"] = bool(complete) and found["running_count"] == found["desired_count"]
    return {**found, "text": "\n".join(_text(found))}


def _shift(deployments: Deployments) -> Document:
    record = deployments.record()
    if record is None:
        return {}
    return {
        "status": record["status"],
        "stage": record.get("lifecycleStage", ""),
        "reason": record.get("statusReason", ""),
    }


def _percent(weights: dict[str, int]) -> dict[str, int]:
    whole = sum(weights.values()) or 1
    return {name: round(100 * weight / whole) for name, weight in weights.items()}


def _images(ecs: Any, definition: str) -> dict[str, str]:
    found = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    return {item["name"]: item["image"] for item in found["containerDefinitions"]}


def _deployment(item: Document) -> Document:
    return {
        "id": item["id"],
        "status": item["status"],
        "rollout": item.get("rolloutState", ""),
        "reason": item.get("rolloutStateReason", ""),
        "task_definition": short(item["taskDefinition"]),
        "running": item["runningCount"],
        "pending": item["pendingCount"],
        "desired": item["desiredCount"],
        "failed": item.get("failedTasks", 0),
    }


def _health(elb: Any, arn: str) -> dict[str, int]:
    described = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return dict(Counter(item["TargetHealth"]["State"] for item in described))


def _text(found: Document) -> Iterator[str]:
    counts = f"{found['running_count']} of {found['desired_count']} tasks run"
    yield f"{found['name']}: {counts} {found['task_definition']}" + ("" if found["steady"] else " (not steady)")
    for container, image in found["images"].items():
        yield f"  image       {container}: {image}"
    for item in found["deployments"]:
        counts = f"{item['running']} of {item['desired']} running, {item['pending']} pending, {item['failed']} failed"
        rollout = f" {item['rollout']}" if item["rollout"] else ""
        yield f"  deployment  {item['status']} {item['task_definition']}{rollout}: {counts}"
    if found["shift"]:
        told = " ".join(filter(None, (found["shift"]["status"], found["shift"]["stage"], found["shift"]["reason"])))
        yield f"  shift       {found['strategy']} {told}"
    for group, states in found["targets"].items():
        shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no targets"
        share = f", {found['traffic'][group]} % of production" if group in found["traffic"] else ""
        yield f"  targets     {group}: {shown}{share}"
    for reason in found["stopped"]:
        yield f"  stopped     {reason}"
    for event in found["events"]:
        yield f"  event       {event}"
    if found["smoke"]["evidence"] != "not asked":
        yield f"  smoke test  {found['smoke']['result']}: {found['smoke']['evidence']}"


def main() -> None:
    text = {"type": "str", "required": True}
    module = AnsibleAWSModule(
        argument_spec={
            "name": text,
            "cluster": text,
            "events": {"type": "int", "default": 5},
            "smoke": {"type": "bool", "default": False},
            "smoke_url": {"type": "str", "default": ""},
            "smoke_timeout": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, status=status(module))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read ECS service {module.params['name']}")


if __name__ == "__main__":
    main()
