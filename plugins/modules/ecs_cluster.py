#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_cluster
short_description: Manage an ECS cluster
version_added: 0.1.0
description:
  - Creates, changes and deletes an ECS cluster with its Container Insights, ECS Exec logging, capacity providers and
    Service Connect defaults, see
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html).
  - A cluster that still runs services or tasks is not deleted; tasks that are just stopping are waited for.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the cluster.
    type: str
    required: true
  container_insights:
    description:
      - CloudWatch Container Insights; V(enhanced) adds metrics of tasks and containers, see
        U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-container-insights.html).
    type: str
    choices: [disabled, enabled, enhanced]
  execute_command:
    description: How ECS Exec is logged and encrypted.
    type: dict
    suboptions:
      logging:
        description: Where sessions are logged; V(OVERRIDE) is with O(execute_command.log_configuration).
        type: str
        choices: [NONE, DEFAULT, OVERRIDE]
      kms_key_id:
        description: The KMS key that encrypts the session.
        type: str
      log_configuration:
        description: Where sessions are logged with O(execute_command.logging=OVERRIDE).
        type: dict
        suboptions:
          cloud_watch_log_group_name:
            description: A log group.
            type: str
          cloud_watch_encryption_enabled:
            description: Whether the log group must be encrypted with a KMS key.
            type: bool
          s3_bucket_name:
            description: A bucket.
            type: str
          s3_encryption_enabled:
            description: Whether the bucket must be encrypted.
            type: bool
          s3_key_prefix:
            description: A prefix of the objects.
            type: str
  capacity_providers:
    description: The capacity providers that services of the cluster may use, as V(FARGATE) and V(FARGATE_SPOT).
    type: list
    elements: str
  default_capacity_provider_strategy:
    description: The strategy of services and tasks that name none.
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
  service_connect_namespace:
    description: The ARN of the Cloud Map namespace that services of the cluster use unless they name another one.
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
- name: Make a cluster for Fargate with Container Insights
  slipway.fargate.ecs_cluster:
    name: shop-prod-cluster
    container_insights: enhanced
    capacity_providers: [FARGATE, FARGATE_SPOT]
    tags:
      Environment: prod

- name: Remove the cluster
  slipway.fargate.ecs_cluster:
    name: shop-prod-cluster
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-cluster
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:ecs:eu-west-1:123456789012:cluster/shop-prod-cluster
    container_insights:
      description: Container Insights.
      type: str
      sample: enhanced
    execute_command:
      description: How ECS Exec is logged and encrypted; empty when that was never said.
      type: dict
      sample: {"logging": "DEFAULT"}
    capacity_providers:
      description: The capacity providers.
      type: list
      elements: str
      sample: [FARGATE, FARGATE_SPOT]
    default_capacity_provider_strategy:
      description: The strategy of services and tasks that name none.
      type: list
      elements: dict
      sample: []
    service_connect_namespace:
      description: The ARN of the Cloud Map namespace that services use by default, or empty.
      type: str
      sample: ""
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ECS cluster
      name: shop-prod-cluster
      attributes: {"container_insights": {"before": "disabled", "after": "enhanced"}}
"""

from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs import Tagged, tag_dict, tag_list
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    ResourceError,
    RetryingClient,
    run,
    set_options,
    wait_for,
)

OPTIONS = (
    "container_insights",
    "execute_command",
    "capacity_providers",
    "default_capacity_provider_strategy",
    "service_connect_namespace",
    "tags",
)
INSIGHTS = "containerInsights"
# The first cluster of an account makes the service-linked role, and AWS needs a moment to know it.
NO_ROLE_YET = "Unable to assume the service linked role"
ROLE_TIMEOUT = 60


class Cluster(Tagged):
    type_name = "ECS cluster"
    assigned = ("arn",)
    defaults = {
        "container_insights": "disabled",
        "execute_command": {},
        "capacity_providers": [],
        "default_capacity_provider_strategy": [],
        "service_connect_namespace": "",
        "tags": {},
    }
    unordered = ("capacity_providers", "default_capacity_provider_strategy")
    updates = {
        "put_cluster": ("container_insights", "execute_command", "service_connect_namespace"),
        "put_providers": ("capacity_providers", "default_capacity_provider_strategy"),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = {"name": module.params["name"], **set_options(module, *OPTIONS)}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "ecs")

    def validate(self) -> None:
        strategy = [item["capacity_provider"] for item in self.desired.get("default_capacity_provider_strategy", [])]
        missing = sorted(set(strategy) - set(self.desired.get("capacity_providers", strategy)))
        if missing:
            raise ResourceError(
                f"{self.type_name} {self.name}: default_capacity_provider_strategy names {', '.join(missing)}; "
                f"allowed are capacity_providers: {', '.join(self.desired['capacity_providers']) or 'none'}"
            )

    def read(self) -> Attributes | None:
        included = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
        clusters = self.client.describe_clusters(clusters=[self.name], include=included)["clusters"]
        found = next((cluster for cluster in clusters if cluster["status"] != "INACTIVE"), None)
        if found is None:
            return None
        settings = {setting["name"]: setting["value"] for setting in found.get("settings", [])}
        execute = found.get("configuration", {}).get("executeCommandConfiguration", {})
        strategy = found.get("defaultCapacityProviderStrategy") or []
        return {
            "name": self.name,
            "arn": found["clusterArn"],
            "container_insights": settings.get(INSIGHTS, "disabled"),
            "execute_command": camel_dict_to_snake_dict(execute),
            "capacity_providers": found.get("capacityProviders") or [],
            "default_capacity_provider_strategy": [
                {"weight": 0, "base": 0, **camel_dict_to_snake_dict(item)} for item in strategy
            ],
            "service_connect_namespace": (found.get("serviceConnectDefaults") or {}).get("namespace", ""),
            "tags": tag_dict(found.get("tags")),
        }

    def create(self) -> None:
        parameters = {**self._settings(), **self._providers()}
        if self.desired.get("tags"):
            parameters["tags"] = tag_list(self.desired["tags"])

        def attempt() -> bool:
            try:
                self.client.create_cluster(clusterName=self.name, **parameters)
            except is_boto3_error_message(NO_ROLE_YET):
                return False
            return True

        wait_for(attempt, bool, what=NO_ROLE_YET, timeout=ROLE_TIMEOUT, describe=lambda made: "not made")

    def put_cluster(self) -> None:
        self.client.update_cluster(cluster=self.name, **self._settings())

    def put_providers(self) -> None:
        after = {"capacityProviders": [], "defaultCapacityProviderStrategy": [], **self._providers()}
        self.client.put_cluster_capacity_providers(cluster=self.name, **after)

    def _settings(self) -> Attributes:
        after = self.expected()
        parameters: Attributes = {"settings": [{"name": INSIGHTS, "value": after["container_insights"]}]}
        if after["execute_command"]:
            execute = snake_dict_to_camel_dict(after["execute_command"])
            parameters["configuration"] = {"executeCommandConfiguration": execute}
        if "service_connect_namespace" in self.desired:
            parameters["serviceConnectDefaults"] = {"namespace": self.desired["service_connect_namespace"]}
        return parameters

    def _providers(self) -> Attributes:
        after = self.expected()
        strategy = [snake_dict_to_camel_dict(item) for item in after["default_capacity_provider_strategy"]]
        parameters = {
            "capacityProviders": after["capacity_providers"],
            "defaultCapacityProviderStrategy": strategy,
        }
        return {key: value for key, value in parameters.items() if value}

    def delete(self) -> None:
        def attempt() -> str:
            try:
                self.client.delete_cluster(cluster=self.name)
            except is_boto3_error_code("ClusterContainsTasksException") as error:
                return str(error)
            return ""

        timeout = self.module.params["wait_timeout"] if self.module.params["wait"] else 0
        wait_for(
            attempt, lambda error: not error, what=f"{self.type_name} {self.name} could not be deleted", timeout=timeout
        )


def argument_spec() -> dict[str, Any]:
    return {
        "name": {"type": "str", "required": True},
        "container_insights": {"type": "str", "choices": ["disabled", "enabled", "enhanced"]},
        "execute_command": {
            "type": "dict",
            "options": {
                "logging": {"type": "str", "choices": ["NONE", "DEFAULT", "OVERRIDE"]},
                "kms_key_id": {"type": "str", "no_log": False},
                "log_configuration": {
                    "type": "dict",
                    "options": {
                        "cloud_watch_log_group_name": {"type": "str"},
                        "cloud_watch_encryption_enabled": {"type": "bool"},
                        "s3_bucket_name": {"type": "str"},
                        "s3_encryption_enabled": {"type": "bool"},
                        "s3_key_prefix": {"type": "str", "no_log": False},
                    },
                },
            },
        },
        "capacity_providers": {"type": "list", "elements": "str"},
        "default_capacity_provider_strategy": {
            "type": "list",
            "elements": "dict",
            "options": {
                "capacity_provider": {"type": "str", "required": True},
                "weight": {"type": "int", "default": 0},
                "base": {"type": "int", "default": 0},
            },
        },
        "service_connect_namespace": {"type": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Cluster(module), key="cluster")


if __name__ == "__main__":
    main()
