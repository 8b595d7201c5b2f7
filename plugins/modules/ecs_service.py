#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_service
short_description: Manage an ECS service on Fargate
version_added: 0.1.0
description:
  - Creates, changes and deletes an ECS service, see
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html) and
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html).
  - Everything that AWS can change in place is compared and changed.
  - Waits until the deployment that was asked for, and no other one, has completed. A deployment that the circuit
    breaker or an alarm rolls back is a failure; the message has the reasons of the stopped tasks and the last events
    of the service. A deployment that an interrupted run left under way is waited for as well.
  - Deployments that shift traffic (blue/green, linear and canary) are those of ECS itself, without CodeDeploy, see
    U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html). Waiting includes
    their bake time.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the service.
    type: str
    required: true
  cluster:
    description: The name or ARN of the cluster.
    type: str
    required: true
  task_definition:
    description: The task definition as C(family:revision) or ARN. Required when the service is created.
    type: str
  desired_count:
    description: How many tasks run. One when the service is created and nobody says.
    type: int
  desired_count_on_create_only:
    description:
      - Whether O(desired_count) counts only when the service is created, so that what autoscaling or an operator has
        set since is left alone.
    type: bool
    default: false
  launch_type:
    description:
      - How tasks are launched when there is no O(capacity_provider_strategy). It cannot be changed.
      - Prefer O(capacity_provider_strategy) with V(FARGATE) alone, which can be changed to Spot later.
    type: str
    choices: [FARGATE]
  capacity_provider_strategy:
    description:
      - How tasks are spread over capacity providers, as V(FARGATE) and V(FARGATE_SPOT).
      - Changing it starts a deployment.
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: The capacity provider.
        type: str
        required: true
      weight:
        description: Its share, relative to the others.
        type: int
        default: 0
      base:
        description: How many tasks run on it before the shares count.
        type: int
        default: 0
  platform_version:
    description: The version of the Fargate platform, as V(LATEST) or V(1.4.0).
    type: str
  subnets:
    description: The ids of the subnets of the tasks. Required when the service is created.
    type: list
    elements: str
  security_groups:
    description: The ids of the security groups of the tasks.
    type: list
    elements: str
  assign_public_ip:
    description: Whether tasks get a public address.
    type: bool
  deployment_configuration:
    description: How a new version replaces the old one. Changing it starts no deployment.
    type: dict
    suboptions:
      strategy:
        description:
          - V(ROLLING) replaces tasks, the others run all the new ones beside the old ones and then shift traffic from
            the target group of these to the other one. V(BLUE_GREEN) shifts it at once, V(LINEAR) in equal steps,
            V(CANARY) in two.
          - A rolling service first gets the O(load_balancers[].advanced_configuration) with a rolling deployment, which
            is waited for whatever O(wait) says; then its strategy changes.
          - Going back to V(ROLLING) is refused while production is with the alternate target group.
        type: str
        choices: [ROLLING, BLUE_GREEN, LINEAR, CANARY]
        version_added: 0.2.0
      bake_time_in_minutes:
        description:
          - How long both versions run after production was shifted, 0 to 1440. Going back takes no time until then.
          - Required with V(BLUE_GREEN).
        type: int
        version_added: 0.2.0
      linear_configuration:
        description: The steps of O(deployment_configuration.strategy=LINEAR).
        type: dict
        version_added: 0.2.0
        suboptions:
          step_percent:
            description: How much of production each step shifts, 3 to 100. AWS's default is V(10).
            type: float
          step_bake_time_in_minutes:
            description: The time between two steps, 0 to 1440. AWS's default is V(6).
            type: int
      canary_configuration:
        description: The first step of O(deployment_configuration.strategy=CANARY).
        type: dict
        version_added: 0.2.0
        suboptions:
          canary_percent:
            description: How much of production it shifts, 0.1 to 100. AWS's default is V(5).
            type: float
          canary_bake_time_in_minutes:
            description: The time until the rest is shifted, 0 to 1440. AWS's default is V(10).
            type: int
      maximum_percent:
        description: How many tasks may run during a deployment, in percent of the desired ones.
        type: int
      minimum_healthy_percent:
        description: How many tasks must be healthy during a deployment, in percent of the desired ones.
        type: int
      deployment_circuit_breaker:
        description: What ends a deployment whose tasks do not come up.
        type: dict
        suboptions:
          enable:
            description: Whether such a deployment fails.
            type: bool
            required: true
          rollback:
            description: Whether the service goes back to the last completed deployment.
            type: bool
            required: true
      alarms:
        description: CloudWatch alarms that end a deployment.
        type: dict
        suboptions:
          alarm_names:
            description: The names of the alarms.
            type: list
            elements: str
            required: true
          enable:
            description: Whether they are watched.
            type: bool
            required: true
          rollback:
            description: Whether the service goes back to the last completed deployment.
            type: bool
            required: true
  load_balancers:
    description: The target groups that the tasks are registered with.
    type: list
    elements: dict
    suboptions:
      target_group_arn:
        description: The ARN of the target group.
        type: str
        required: true
      container_name:
        description: The container.
        type: str
        required: true
      container_port:
        description: Its port.
        type: int
        required: true
      advanced_configuration:
        description:
          - What ECS needs to shift traffic, see
            U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html). Without it the
            load balancer has none.
          - The two target groups take turns, so that which of them is called the alternate one is no difference.
        type: dict
        version_added: 0.2.0
        suboptions:
          alternate_target_group_arn:
            description: The ARN of the second target group.
            type: str
            required: true
          production_listener_rule:
            description: The ARN of the rule that forwards to both. It may be that of a listener's own action.
            type: str
            required: true
          test_listener_rule:
            description: The ARN of another one, for requests that test the new version before production is shifted.
            type: str
          role_arn:
            description: The ARN of the role with which ECS changes the rules and registers the tasks.
            type: str
            required: true
  service_registries:
    description: The Cloud Map service that the tasks are registered with.
    type: list
    elements: dict
    suboptions:
      registry_arn:
        description: The ARN of the Cloud Map service.
        type: str
        required: true
      container_name:
        description: The container, for SRV records.
        type: str
      container_port:
        description: The port of the container, for SRV records.
        type: int
      port:
        description: The port, for SRV records.
        type: int
  service_connect_configuration:
    description:
      - Service Connect, see
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html).
    type: dict
    suboptions:
      enabled:
        description: Whether tasks have the proxy of Service Connect.
        type: bool
        required: true
      namespace:
        description: The name or ARN of the Cloud Map namespace; by default that of the cluster.
        type: str
      services:
        description: What the service offers; none for a client alone.
        type: list
        elements: dict
        suboptions:
          port_name:
            description: The name of a port mapping of the task definition.
            type: str
            required: true
          discovery_name:
            description: The name of the Cloud Map service that ECS makes; by default the name of the port.
            type: str
          client_aliases:
            description: Under which names and ports clients find it.
            type: list
            elements: dict
            suboptions:
              port:
                description: The port.
                type: int
                required: true
              dns_name:
                description: The name; it needs no domain.
                type: str
      log_configuration:
        description: Where the proxy logs, as the AWS document has it, in camel case.
        type: dict
  health_check_grace_period_seconds:
    description: How long failed health checks of the load balancer are ignored after a task has started.
    type: int
  enable_execute_command:
    description: ECS Exec.
    type: bool
  availability_zone_rebalancing:
    description: Whether tasks are moved when they are not spread evenly over the zones.
    type: str
    choices: [ENABLED, DISABLED]
  enable_ecs_managed_tags:
    description: Whether tasks get tags with the names of cluster and service.
    type: bool
  propagate_tags:
    description: Which tags the tasks get.
    type: str
    choices: [SERVICE, TASK_DEFINITION, NONE]
  redeployment_trigger:
    description:
      - Any text. It is recorded in the tag C(slipway:redeployment-trigger) of the service. Another text than the
        recorded one starts a new deployment, the same text does nothing.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Run the web service, a quarter of it on demand
  slipway.fargate.ecs_service:
    name: shop-prod-web
    cluster: shop-prod-cluster
    task_definition: shop-prod-web:7
    desired_count: 4
    desired_count_on_create_only: true
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups: [sg-0123456789abcdef0]
    capacity_provider_strategy:
      - {capacity_provider: FARGATE_SPOT, weight: 75}
      - {capacity_provider: FARGATE, weight: 25}
    deployment_configuration:
      deployment_circuit_breaker: {enable: true, rollback: true}

- name: Deploy it blue/green, with ten minutes to go back at once
  slipway.fargate.ecs_service:
    name: shop-prod-web
    cluster: shop-prod-cluster
    load_balancers:
      - target_group_arn: "{{ blue.arn }}"
        container_name: web
        container_port: 8080
        advanced_configuration:
          alternate_target_group_arn: "{{ green.arn }}"
          production_listener_rule: "{{ rule.arn }}"
          role_arn: arn:aws:iam::123456789012:role/shop-prod-web-infrastructure
    deployment_configuration: {strategy: BLUE_GREEN, bake_time_in_minutes: 10}
    wait_timeout: 2400

- name: Deploy again, since the image behind the tag is new
  slipway.fargate.ecs_service:
    name: shop-prod-web
    cluster: shop-prod-cluster
    redeployment_trigger: build 1234

- name: Remove the service with its tasks
  slipway.fargate.ecs_service:
    name: shop-prod-web
    cluster: shop-prod-cluster
    state: absent
"""

RETURN = r"""
service:
  description: The service; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-web
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:ecs:eu-west-1:123456789012:service/shop-prod-cluster/shop-prod-web
    task_definition:
      description: The task definition.
      type: str
      sample: shop-prod-web:7
    desired_count:
      description: How many tasks are to run.
      type: int
      sample: 4
    launch_type:
      description: The launch type; empty with a capacity provider strategy.
      type: str
      sample: ""
    capacity_provider_strategy:
      description: The capacity provider strategy.
      type: list
      elements: dict
      sample: [{"capacity_provider": "FARGATE", "weight": 1, "base": 0}]
    platform_version:
      description: The version of the Fargate platform.
      type: str
      sample: LATEST
    subnets:
      description: The subnets.
      type: list
      elements: str
      sample: [subnet-0123456789abcdef0]
    security_groups:
      description: The security groups.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    assign_public_ip:
      description: Whether tasks get a public address.
      type: bool
      sample: false
    deployment_configuration:
      description: How a new version replaces the old one.
      type: dict
      sample: {"maximum_percent": 200, "minimum_healthy_percent": 100, "strategy": "ROLLING"}
    load_balancers:
      description: The target groups.
      type: list
      elements: dict
      sample: []
    service_registries:
      description: The Cloud Map services.
      type: list
      elements: dict
      sample: []
    service_connect_configuration:
      description: Service Connect; C(enabled) is false when it was never configured.
      type: dict
      sample: {"enabled": false}
    health_check_grace_period_seconds:
      description: How long failed health checks are ignored.
      type: int
      sample: 60
    enable_execute_command:
      description: ECS Exec.
      type: bool
      sample: false
    availability_zone_rebalancing:
      description: Rebalancing over the zones.
      type: str
      sample: ENABLED
    enable_ecs_managed_tags:
      description: Whether tasks get tags with the names of cluster and service.
      type: bool
      sample: true
    propagate_tags:
      description: Which tags the tasks get.
      type: str
      sample: SERVICE
    redeployment_trigger:
      description: The recorded text, or empty.
      type: str
      sample: build 1234
    tags:
      description: The tags, without the one that records O(redeployment_trigger).
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ECS service
      name: shop-prod-web
      attributes: {"task_definition": {"before": "shop-prod-web:6", "after": "shop-prod-web:7"}}
"""

import time
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs import Tagged, tag_dict, tag_list
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_deployment import Deployments, primary
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import (
    ROLLING,
    STRATEGIES,
    configuration_problems,
    in_their_order,
    of_strategy,
    production,
    same_balancer,
    strategy_of,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import group_name
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    ResourceError,
    RetryingClient,
    in_order,
    run,
    set_options,
    wait_for,
)

# Options that AWS takes under their names in camel case, as they are.
PLAIN = (
    "desired_count",
    "capacity_provider_strategy",
    "platform_version",
    "load_balancers",
    "service_registries",
    "health_check_grace_period_seconds",
    "enable_execute_command",
    "availability_zone_rebalancing",
    "propagate_tags",
)
NETWORK = ("subnets", "security_groups", "assign_public_ip")
OTHER = ("deployment_configuration", "service_connect_configuration", "enable_ecs_managed_tags", "redeployment_trigger")
OPTIONS = ("task_definition", "launch_type", *PLAIN, *NETWORK, *OTHER, "tags")
TRIGGER_TAG = "slipway:redeployment-trigger"
ROLE_SECONDS = 30


class Service(Tagged):
    type_name = "ECS service"
    assigned = ("arn",)
    defaults = {
        "desired_count": 1,
        "launch_type": "",
        "capacity_provider_strategy": [],
        "platform_version": "LATEST",
        "subnets": [],
        "security_groups": [],
        "assign_public_ip": False,
        "deployment_configuration": {"maximum_percent": 200, "minimum_healthy_percent": 100, "strategy": ROLLING},
        "load_balancers": [],
        "service_registries": [],
        "service_connect_configuration": {"enabled": False},
        "health_check_grace_period_seconds": 0,
        "enable_execute_command": False,
        "availability_zone_rebalancing": "ENABLED",
        "enable_ecs_managed_tags": False,
        "propagate_tags": "NONE",
        "redeployment_trigger": "",
        "tags": {},
    }
    immutable = {
        "launch_type": "give capacity_provider_strategy [{capacity_provider: FARGATE, weight: 1}] instead of "
        "launch_type, or remove the service first"
    }
    unordered = ("subnets", "security_groups", "capacity_provider_strategy", "load_balancers", "service_registries")

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.cluster = module.params["cluster"]
        desired = {"name": module.params["name"], **set_options(module, *OPTIONS)}
        if "task_definition" in desired:
            desired["task_definition"] = desired["task_definition"].split("/")[-1]
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "ecs")
        self.deployments = Deployments(self.client, self.cluster, self.name)
        self.seen: Attributes = {}  # the service as AWS returned it last
        self.before = ""  # the deployment that it had before

    def needs(self) -> list[str]:
        return [self.name, self.cluster]

    def validate(self) -> None:
        strategy = self.desired.get("capacity_provider_strategy", [])
        problems = []
        if strategy and "launch_type" in self.desired:
            problems.append("launch_type and capacity_provider_strategy exclude each other")
        if strategy and not any(item["weight"] for item in strategy):
            problems.append("capacity_provider_strategy: at least one weight must be greater than 0")
        if sum(1 for item in strategy if item["base"]) > 1:
            problems.append("capacity_provider_strategy: only one capacity provider can have a base")
        if ":" not in self.desired.get("task_definition", ":"):
            problems.append(
                f"task_definition is {self.desired['task_definition']}; allowed are family:revision or an ARN"
            )
        if TRIGGER_TAG in self.desired.get("tags", {}):
            problems.append(f"tags: {TRIGGER_TAG} is written by redeployment_trigger")
        configuration = self.desired.get("deployment_configuration", {})
        problems += [f"deployment_configuration.{text}" for text in configuration_problems(configuration)]
        plain = [item for item in self.desired.get("load_balancers", []) if not item.get("advanced_configuration")]
        if strategy_of(configuration) != ROLLING and plain:
            problems.append(
                f"load_balancers has {group_name(plain[0]['target_group_arn'])} without advanced_configuration; it is "
                f"needed with deployment_configuration.strategy {configuration['strategy']}"
            )
        if problems:
            raise ResourceError(f"{self.type_name} {self.name}: " + "; ".join(problems))

    def plan(self) -> Any:
        change = super().plan()
        self.before = (primary(self.seen) or {}).get("id", "")
        if self._leaves_shifting(change):
            self._refuse_to_leave()
        return change

    def _leaves_shifting(self, change: Any) -> bool:
        if not change or change.action != "update" or "deployment_configuration" not in change.after:
            return False
        before, after = (strategy_of(part["deployment_configuration"]) for part in (change.before, change.after))
        return before != ROLLING == after

    def _refuse_to_leave(self) -> None:
        """A rolling deployment registers tasks with the target group that is named first."""
        elb = RetryingClient(self.module, "elbv2")
        for group, weights in production(elb, self.current["load_balancers"]).items():
            live = [name for name, weight in weights.items() if weight]
            if live and group not in live:
                raise ResourceError(
                    f"{self.type_name} {self.name}: deployment_configuration.strategy cannot be {ROLLING} while "
                    f"production is with the alternate target group {', '.join(live)}. Nothing was changed. Deploy "
                    f"once more, so that it is with {group}, then change the strategy"
                )

    def read(self) -> Attributes | None:
        self.seen = self.deployments.service() or {}
        status = self.seen.get("status", "INACTIVE")
        if status == "INACTIVE" or (status == "DRAINING" and self.state == "present"):
            return None
        network = self.seen.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        strategy = self.seen.get("capacityProviderStrategy") or []
        tags = tag_dict(self.seen.get("tags"))
        plain = {key: self.seen.get(_camel(key)) for key in PLAIN}
        read = {
            "name": self.name,
            "arn": self.seen["serviceArn"],
            "task_definition": self.seen["taskDefinition"].split("/")[-1],
            **{key: camel_dict_to_snake_dict({"v": value})["v"] for key, value in plain.items() if value is not None},
            "launch_type": "" if strategy else self.seen.get("launchType") or "",
            "capacity_provider_strategy": [
                {"weight": 0, "base": 0, **camel_dict_to_snake_dict(item)} for item in strategy
            ],
            "subnets": network.get("subnets", []),
            "security_groups": network.get("securityGroups", []),
            "assign_public_ip": network.get("assignPublicIp") == "ENABLED",
            "deployment_configuration": self._deployment_configuration(),
            "service_connect_configuration": self._service_connect(),
            "redeployment_trigger": tags.pop(TRIGGER_TAG, ""),
            "tags": tags,
        }
        if "enableECSManagedTags" in self.seen:
            read["enable_ecs_managed_tags"] = self.seen["enableECSManagedTags"]
        return {**self.defaults, **read}

    def _deployment_configuration(self) -> Attributes:
        """Hooks are somebody else's, and AWS keeps what it is not told."""
        found = dict(self.seen.get("deploymentConfiguration") or {})
        found.pop("lifecycleHooks", None)
        return {**self.defaults["deployment_configuration"], **camel_dict_to_snake_dict(found)}

    def _service_connect(self) -> Attributes:
        """It belongs to the deployment, not to the service."""
        found = (primary(self.seen) or {}).get("serviceConnectConfiguration") or {}
        if not found.get("enabled"):
            return self.defaults["service_connect_configuration"]
        return {"services": [], **camel_dict_to_snake_dict(found, ignore_list=["logConfiguration"])}

    def same(self, key: str) -> bool:
        if key == "desired_count" and self.module.params["desired_count_on_create_only"]:
            return True
        if key == "deployment_configuration" and "alarms" in self.desired[key]:
            current = self.current["deployment_configuration"].get("alarms", {})
            wanted = self.desired[key]["alarms"]
            if in_order(current.get("alarm_names")) == in_order(wanted["alarm_names"]):
                self.desired[key]["alarms"] = {**wanted, "alarm_names": current["alarm_names"]}
        if key == "load_balancers":
            current, wanted = self.current[key], self.desired[key]
            self.desired[key] = in_their_order(wanted, current)
            found = [item for item in wanted if any(same_balancer(item, one) for one in current)]
            return len(found) == len(wanted) == len(current)
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        if self.current and self.state == "present" and self.module.params["desired_count_on_create_only"]:
            after["desired_count"] = self.current["desired_count"]
        return after

    # What AWS is told.

    def _parameters(self, keys: set[str]) -> Attributes:
        after = self.expected()
        parameters = {_camel(key): _camel_value(after[key]) for key in PLAIN if key in keys}
        if "task_definition" in keys:
            parameters["taskDefinition"] = after["task_definition"]
        if keys & set(NETWORK):
            parameters["networkConfiguration"] = {
                "awsvpcConfiguration": {
                    "subnets": after["subnets"],
                    "securityGroups": after["security_groups"],
                    "assignPublicIp": "ENABLED" if after["assign_public_ip"] else "DISABLED",
                }
            }
        if "deployment_configuration" in keys:
            parameters["deploymentConfiguration"] = _camel_value(of_strategy(after["deployment_configuration"]))
        if "service_connect_configuration" in keys:
            parameters["serviceConnectConfiguration"] = _connect_parameters(after["service_connect_configuration"])
        if "enable_ecs_managed_tags" in keys:
            parameters["enableECSManagedTags"] = after["enable_ecs_managed_tags"]
        return parameters

    def create(self) -> None:
        if self.seen.get("status") == "DRAINING":
            self._wait_until_gone()
        parameters = self._parameters(set(self.desired) | {"desired_count"})
        if self.desired.get("launch_type"):
            parameters["launchType"] = self.desired["launch_type"]
        tags = dict(self.desired.get("tags", {}))
        if self.desired.get("redeployment_trigger"):
            tags[TRIGGER_TAG] = self.desired["redeployment_trigger"]
        if tags:
            parameters["tags"] = tag_list(tags)
        self._tell(self.client.create_service, serviceName=self.name, **parameters)

    def _tell(self, call: Any, **parameters: Any) -> None:
        """A role that was made just now, ECS can assume a little later."""

        def told() -> str:
            try:
                self.seen = call(cluster=self.cluster, **parameters)["service"]
            except is_boto3_error_message("Unable to assume") as error:
                if deadline > time.monotonic() and "roleArn" in str(parameters.get("loadBalancers")):
                    return str(error)
                raise
            return ""

        deadline = time.monotonic() + min(ROLE_SECONDS, self.module.params["wait_timeout"])
        wait_for(told, lambda error: not error, what=f"{self.type_name} {self.name}", timeout=2 * ROLE_SECONDS)

    def update(self, changed: set[str]) -> None:
        if "deployment_configuration" in changed and self._changes_strategy():
            self._wait()  # AWS changes the strategy of a service at rest alone
            if "load_balancers" in changed:
                # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-rolling-to-bluegreen.html
                self._update(changed - {"deployment_configuration", "tags"})
                self._wait(changed=True)
                changed &= {"deployment_configuration", "tags"}
        self._update(changed)

    def _changes_strategy(self) -> bool:
        wanted = self.desired["deployment_configuration"].get("strategy")
        return bool(wanted) and wanted != strategy_of(self.current["deployment_configuration"])

    def _wait(self, changed: bool = False) -> None:
        self.deployments.settle(self.seen, self.before, self.module.params["wait_timeout"], changed=changed)
        self.seen = self.deployments.service() or self.seen
        self.before = (primary(self.seen) or {}).get("id", "")

    def _update(self, changed: set[str]) -> None:
        parameters = self._parameters(changed)
        # AWS takes another capacity provider strategy only with a new deployment.
        if changed & {"redeployment_trigger", "capacity_provider_strategy"}:
            parameters["forceNewDeployment"] = True
        if parameters:
            self._tell(self.client.update_service, service=self.name, **parameters)
        if "tags" in changed:
            self.put_tags()
        if "redeployment_trigger" in changed:  # only now, so that an interrupted run deploys again
            tag = tag_list({TRIGGER_TAG: self.desired["redeployment_trigger"]})
            self.client.tag_resource(resourceArn=self.current["arn"], tags=tag)

    def apply(self) -> None:
        super().apply()
        if self.state == "present" and self.module.params["wait"]:
            timeout = self.module.params["wait_timeout"]
            self.deployments.settle(self.seen, self.before, timeout, changed=bool(self.change))

    def delete(self) -> None:
        if self.seen["status"] == "ACTIVE":
            self.client.update_service(cluster=self.cluster, service=self.name, desiredCount=0)
            self.client.delete_service(cluster=self.cluster, service=self.name, force=True)
        if self.module.params["wait"]:
            self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        wait_for(
            lambda: self.deployments.service() or {},
            lambda service: service.get("status", "INACTIVE") == "INACTIVE",
            what=f"{self.type_name} {self.name} is being deleted",
            timeout=self.module.params["wait_timeout"],
            describe=lambda service: f"{service['runningCount']} tasks running; {self.deployments.story(service)}",
        )


def _camel(key: str) -> str:
    return next(iter(snake_dict_to_camel_dict({key: None})))


def _camel_value(value: Any) -> Any:
    return snake_dict_to_camel_dict({"v": value})["v"]


def _connect_parameters(configuration: Attributes) -> Attributes:
    """The log configuration is AWS's own document already."""
    if not configuration["enabled"]:
        return {"enabled": False}
    logs = {"logConfiguration": configuration["log_configuration"]} if configuration.get("log_configuration") else {}
    rest = {key: value for key, value in configuration.items() if key != "log_configuration"}
    return {**_camel_value(rest), **logs}


def argument_spec() -> dict[str, Any]:
    return {
        "name": {"type": "str", "required": True},
        "cluster": {"type": "str", "required": True},
        "task_definition": {"type": "str"},
        "desired_count": {"type": "int"},
        "desired_count_on_create_only": {"type": "bool", "default": False},
        "launch_type": {"type": "str", "choices": ["FARGATE"]},
        "capacity_provider_strategy": _list(
            capacity_provider={"type": "str", "required": True},
            weight={"type": "int", "default": 0},
            base={"type": "int", "default": 0},
        ),
        "platform_version": {"type": "str"},
        "subnets": {"type": "list", "elements": "str"},
        "security_groups": {"type": "list", "elements": "str"},
        "assign_public_ip": {"type": "bool"},
        "deployment_configuration": _deployment_spec(),
        "load_balancers": _list(
            target_group_arn={"type": "str", "required": True},
            container_name={"type": "str", "required": True},
            container_port={"type": "int", "required": True},
            advanced_configuration=_advanced_spec(),
        ),
        "service_registries": _list(
            registry_arn={"type": "str", "required": True},
            container_name={"type": "str"},
            container_port={"type": "int"},
            port={"type": "int"},
        ),
        "service_connect_configuration": _connect_spec(),
        "health_check_grace_period_seconds": {"type": "int"},
        "enable_execute_command": {"type": "bool"},
        "availability_zone_rebalancing": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
        "enable_ecs_managed_tags": {"type": "bool"},
        "propagate_tags": {"type": "str", "choices": ["SERVICE", "TASK_DEFINITION", "NONE"]},
        "redeployment_trigger": {"type": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }


def _list(**options: Any) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "options": options}


def _deployment_spec() -> dict[str, Any]:
    both = {"enable": {"type": "bool", "required": True}, "rollback": {"type": "bool", "required": True}}
    names = {"alarm_names": {"type": "list", "elements": "str", "required": True}}
    return {
        "type": "dict",
        "options": {
            "strategy": {"type": "str", "choices": list(STRATEGIES)},
            "bake_time_in_minutes": {"type": "int"},
            "linear_configuration": {
                "type": "dict",
                "options": {"step_percent": {"type": "float"}, "step_bake_time_in_minutes": {"type": "int"}},
            },
            "canary_configuration": {
                "type": "dict",
                "options": {"canary_percent": {"type": "float"}, "canary_bake_time_in_minutes": {"type": "int"}},
            },
            "maximum_percent": {"type": "int"},
            "minimum_healthy_percent": {"type": "int"},
            "deployment_circuit_breaker": {"type": "dict", "options": both},
            "alarms": {"type": "dict", "options": {**names, **both}},
        },
    }


def _advanced_spec() -> dict[str, Any]:
    return {
        "type": "dict",
        "options": {
            "alternate_target_group_arn": {"type": "str", "required": True},
            "production_listener_rule": {"type": "str", "required": True},
            "test_listener_rule": {"type": "str"},
            "role_arn": {"type": "str", "required": True},
        },
    }


def _connect_spec() -> dict[str, Any]:
    services = _list(
        port_name={"type": "str", "required": True},
        discovery_name={"type": "str"},
        client_aliases=_list(port={"type": "int", "required": True}, dns_name={"type": "str"}),
    )
    return {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool", "required": True},
            "namespace": {"type": "str"},
            "services": services,
            "log_configuration": {"type": "dict"},
        },
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Service(module), key="service")


if __name__ == "__main__":
    main()
