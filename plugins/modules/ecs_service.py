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
    description: How a new version replaces the old one.
    type: dict
    suboptions:
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
      sample: {"maximum_percent": 200, "minimum_healthy_percent": 100}
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

from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs import Tagged, tag_dict, tag_list
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_deployment import Deployments, primary
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
        "deployment_configuration": {"maximum_percent": 200, "minimum_healthy_percent": 100},
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
        if problems:
            raise ResourceError(f"{self.type_name} {self.name}: " + "; ".join(problems))

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
        found = camel_dict_to_snake_dict(self.seen.get("deploymentConfiguration") or {})
        return {**self.defaults["deployment_configuration"], **found}

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
            parameters["deploymentConfiguration"] = _camel_value(after["deployment_configuration"])
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
        made = self.client.create_service(cluster=self.cluster, serviceName=self.name, **parameters)
        self.seen = made["service"]

    def update(self, changed: set[str]) -> None:
        parameters = self._parameters(changed)
        # AWS takes another capacity provider strategy only with a new deployment.
        if changed & {"redeployment_trigger", "capacity_provider_strategy"}:
            parameters["forceNewDeployment"] = True
        if parameters:
            self.seen = self.client.update_service(cluster=self.cluster, service=self.name, **parameters)["service"]
        if "tags" in changed:
            self.put_tags()
        if "redeployment_trigger" in changed:  # only now, so that an interrupted run deploys again
            tag = tag_list({TRIGGER_TAG: self.desired["redeployment_trigger"]})
            self.client.tag_resource(resourceArn=self.current["arn"], tags=tag)

    def apply(self) -> None:
        super().apply()
        found = primary(self.seen)
        if self.state == "absent" or not self.module.params["wait"] or found is None:
            return
        # Without a change there is nothing to wait for but what an interrupted run left under way.
        if self.change or found.get("rolloutState") == "IN_PROGRESS":
            self.deployments.wait(self.seen, found["id"], self.module.params["wait_timeout"])

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
            "maximum_percent": {"type": "int"},
            "minimum_healthy_percent": {"type": "int"},
            "deployment_circuit_breaker": {"type": "dict", "options": both},
            "alarms": {"type": "dict", "options": {**names, **both}},
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
