#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task_definition
short_description: Manage an ECS task definition for Fargate
version_added: 0.1.0
description:
  - Registers a revision of a task definition when, and only when, what is declared differs from the latest active
    revision, see U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html).
  - AWS's defaults (host port and protocol, health check times, the root directory of an EFS volume and so on) are no
    difference, and neither is the order of environment variables, secrets, port mappings and the like.
  - The network mode is C(awsvpc) and the launch type is Fargate.
  - Unset options are taken over from the latest active revision. A container is declared as a whole.
  - Tags alone are changed in place, without a new revision.
  - V(state=absent) deregisters every active revision.
author:
  - The slipway.fargate team (@slipway)
options:
  family:
    description: The name of the task definition, without a revision.
    type: str
    required: true
  containers:
    description:
      - The container definitions, as the AWS document has them, in camel case, so that examples of AWS can be taken as
        they are, see U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
        A key that AWS does not know and a value of another type are refused before anything is written.
      - C(environment), C(secrets) and C(logConfiguration.secretOptions) can also be dictionaries of names and values.
      - Values of environment variables and log options that are no strings become such, V(true) as C("true").
      - Required with O(state=present).
    type: list
    elements: dict
  volumes:
    description:
      - The volumes, as the AWS document has them, see
        U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html).
    type: list
    elements: dict
  cpu:
    description: The CPU units of the task; 1024 are one CPU.
    type: int
  memory:
    description:
      - The memory of the task in MiB. What goes with which O(cpu) is refused otherwise, see
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size).
    type: int
  task_role_arn:
    description: The ARN of the role that the application has; empty for none.
    type: str
  execution_role_arn:
    description: The ARN of the role that pulls the image, reads the secrets and writes the logs; empty for none.
    type: str
  architecture:
    description: The architecture of the CPU.
    type: str
    choices: [X86_64, ARM64]
  operating_system:
    description: The family of the operating system, as C(LINUX) or C(WINDOWS_SERVER_2022_CORE).
    type: str
  ephemeral_storage_gib:
    description: The size of the task's own storage, V(21) to V(200); V(0) for the 20 GiB that every task has.
    type: int
  keep_images_of:
    description:
      - The service whose containers keep the images that they have now, as something else deploys them. The images of
        O(containers) count for containers that are new and when the service is not there.
      - What is declared is then compared with the revision that the service runs, not with the latest one.
    type: dict
    version_added: 0.2.0
    suboptions:
      cluster:
        description: The cluster of the service.
        type: str
        required: true
      service:
        description: The name of the service.
        type: str
        required: true
  sensitive_environment:
    description:
      - Names of environment variables whose values are not shown in results, diffs and logs. Better keep such values
        in Secrets Manager and give them as C(secrets).
    type: list
    elements: str
    default: []
  delete:
    description:
      - Whether V(state=absent) also deletes the inactive revisions, which AWS otherwise keeps for ever, see
        U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html).
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Register the web task
  slipway.fargate.ecs_task_definition:
    family: shop-prod-web
    cpu: 256
    memory: 512
    architecture: ARM64
    execution_role_arn: arn:aws:iam::123456789012:role/shop-prod-web-execution
    containers:
      - name: web
        image: nginx:1.27
        portMappings: [{containerPort: 80, name: http}]
        environment: {LOG_LEVEL: info, WORKERS: 2}
        secrets: {DB_PASSWORD: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-prod-db-AbCdEf"}
        healthCheck: {command: [CMD-SHELL, "curl -f http://localhost/ || exit 1"]}
        logConfiguration:
          logDriver: awslogs
          options: {awslogs-group: /ecs/shop-prod-web, awslogs-region: eu-west-1, awslogs-stream-prefix: ecs}

- name: Deregister and delete every revision
  slipway.fargate.ecs_task_definition:
    family: shop-prod-web
    state: absent
    delete: true
"""

RETURN = r"""
task_definition:
  description: The latest active revision; empty when they were removed.
  returned: always
  type: dict
  contains:
    family:
      description: The family.
      type: str
      sample: shop-prod-web
    revision:
      description: The revision.
      type: int
      sample: 7
    arn:
      description: The ARN of the revision.
      type: str
      sample: arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-prod-web:7
    containers:
      description:
        - The container definitions by name, in AWS's terms, without what equals AWS's defaults; environment variables
          and secrets are dictionaries.
      type: dict
      sample: {"web": {"image": "nginx:1.27", "environment": {"LOG_LEVEL": "info"}}}
    volumes:
      description: The volumes by name, without what equals AWS's defaults.
      type: dict
      sample: {}
    cpu:
      description: The CPU units.
      type: int
      sample: 256
    memory:
      description: The memory in MiB.
      type: int
      sample: 512
    task_role_arn:
      description: The role of the application, or empty.
      type: str
      sample: ""
    execution_role_arn:
      description: The execution role, or empty.
      type: str
      sample: arn:aws:iam::123456789012:role/shop-prod-web-execution
    architecture:
      description: The architecture.
      type: str
      sample: ARM64
    operating_system:
      description: The family of the operating system.
      type: str
      sample: LINUX
    ephemeral_storage_gib:
      description: The size of the task's own storage; V(0) for the 20 GiB that every task has.
      type: int
      sample: 0
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description:
    - What was done, or in check mode would be done, with the attributes before and after, of containers and volumes
      down to the single variable.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ECS task definition
      name: shop-prod-web
      attributes: {"containers.web.environment.LOG_LEVEL": {"before": "info", "after": "debug"}}
"""

from collections.abc import Mapping
from typing import Any

try:
    from botocore.exceptions import ParamValidationError
    from botocore.validate import validate_parameters
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs import Tagged, size_problem, tag_dict, tag_list
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_deployment import Deployments, short
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    SENSITIVE,
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    Attributes,
    ResourceError,
    RetryingClient,
    is_unknown,
    run,
    set_options,
    without_none,
)
from ansible_collections.slipway.fargate.plugins.module_utils.task_definition import (
    container_problems,
    differing,
    normal_containers,
    normal_volumes,
    rendered,
)

SIMPLE = ("cpu", "memory", "task_role_arn", "execution_role_arn", "architecture", "operating_system")
DELETED_AT_ONCE = 10
ENVIRONMENT = ".environment."


class TaskDefinition(Tagged):
    type_name = "ECS task definition"
    assigned = ("arn", "revision")
    defaults = {
        "cpu": 0,
        "memory": 0,
        "volumes": {},
        "task_role_arn": "",
        "execution_role_arn": "",
        "architecture": "X86_64",
        "operating_system": "LINUX",
        "ephemeral_storage_gib": 0,
        "tags": {},
    }
    whole = ("containers", "volumes")  # compared as a whole, shown leaf by leaf

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.family = module.params["family"]
        self.client = RetryingClient(module, "ecs")
        self.hidden = set(module.params["sensitive_environment"])
        self.raw: Attributes = {}  # the latest revision as AWS has it
        self.made = ""  # the revision that was registered now
        self.declared = {"containers": [rendered(item) for item in module.params["containers"] or []]}
        desired = {"family": self.family, **set_options(module, *SIMPLE, "ephemeral_storage_gib", "tags")}
        if module.params["containers"] is not None:
            desired["containers"] = normal_containers(self.declared["containers"])
        if module.params["volumes"] is not None:
            self.declared["volumes"] = without_none(module.params["volumes"])
            desired["volumes"] = normal_volumes(self.declared["volumes"])
        super().__init__(module, self.family, desired, module.params["state"])
        self._hide_values()

    def _hide_values(self) -> None:
        """Values of sensitive variables show nowhere in what the module returns, its arguments included."""
        for container in self.desired.get("containers", {}).values():
            for name in self.hidden & container.get("environment", {}).keys():
                self.module.no_log_values.add(container["environment"][name])

    def validate(self) -> None:
        if self.state == "absent":
            return
        problems = list(container_problems(self.declared["containers"], self.declared.get("volumes")))
        if {"cpu", "memory"} <= self.desired.keys():
            problems.append(size_problem(self.desired["cpu"], self.desired["memory"]) or "")
        storage = self.desired.get("ephemeral_storage_gib", 0)
        if storage and not 21 <= storage <= 200:
            problems.append(f"ephemeral_storage_gib is {storage}; allowed are 0 and 21 to 200")
        problems.append(self._misfit())
        if any(problems):
            raise ResourceError(f"{self.type_name} {self.family}: " + "; ".join(filter(None, problems)))

    def _misfit(self) -> str:
        """What AWS's own model of the call refuses: unknown keys and wrong types."""
        shape = self.client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
        given = {"family": self.family, "containerDefinitions": self.declared["containers"]}
        if "volumes" in self.declared:
            given["volumes"] = self.declared["volumes"]
        try:
            validate_parameters(given, shape)
        except ParamValidationError as error:
            lines = str(error).removeprefix("Parameter validation failed:").strip().splitlines()
            return "; ".join(line.replace("containerDefinitions", "containers") for line in lines)
        return ""

    def read(self) -> Attributes | None:
        if self.state == "absent":
            return self._revisions()
        running = "" if self.made else self._running()
        try:
            wanted = self.made or running or self.family
            answer = self.client.describe_task_definition(taskDefinition=wanted, include=["TAGS"])
        except is_boto3_error_code("ClientException"):  # there is no active revision
            return None
        self.raw = found = answer["taskDefinition"]
        if running:
            self._keep_images({item["name"]: item["image"] for item in found["containerDefinitions"]})
        platform = found.get("runtimePlatform") or {}
        return {
            "family": self.family,
            "arn": found["taskDefinitionArn"],
            "revision": found["revision"],
            "containers": normal_containers(found["containerDefinitions"]),
            "volumes": normal_volumes(found.get("volumes") or []),
            "cpu": int(found.get("cpu") or 0),
            "memory": int(found.get("memory") or 0),
            "task_role_arn": found.get("taskRoleArn") or "",
            "execution_role_arn": found.get("executionRoleArn") or "",
            "architecture": platform.get("cpuArchitecture") or self.defaults["architecture"],
            "operating_system": platform.get("operatingSystemFamily") or self.defaults["operating_system"],
            "ephemeral_storage_gib": (found.get("ephemeralStorage") or {}).get("sizeInGiB", 0),
            "tags": tag_dict(answer.get("tags")),
        }

    def _running(self) -> str:
        """The revision of this family that the service runs, where its images are to be kept."""
        of = self.module.params["keep_images_of"]
        if not of or is_unknown(of):
            return ""
        service = Deployments(self.client, of["cluster"], of["service"]).service() or {}
        arn = service.get("taskDefinition", "") if service.get("status") == "ACTIVE" else ""
        return arn if short(arn).rsplit(":", 1)[0] == self.family else ""

    def _keep_images(self, images: dict[str, str]) -> None:
        for container in self.declared["containers"]:
            container["image"] = images.get(container["name"], container.get("image"))
        for name, container in self.desired.get("containers", {}).items():
            container["image"] = images.get(name, container.get("image"))

    def _revisions(self) -> Attributes | None:
        """What state=absent has to remove."""
        wanted = {"active": "ACTIVE", **({"inactive": "INACTIVE"} if self.module.params["delete"] else {})}
        found = {key: self._arns(status) for key, status in wanted.items()}
        return {"family": self.family, **found} if any(found.values()) else None

    def _arns(self, status: str) -> list[str]:
        arns = self.client.list("list_task_definitions", "taskDefinitionArns", familyPrefix=self.family, status=status)
        return [arn for arn in arns if arn.split("/")[-1].rsplit(":", 1)[0] == self.family]

    def same(self, key: str) -> bool:
        if key in self.whole:
            return (self.current or {}).get(key) == self.desired[key]
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        after |= {key: self.desired[key] for key in self.whole if key in self.desired and self.state != "absent"}
        if self.current is not None and any(not self.same(key) for key in self.desired if key != "tags"):
            after |= dict.fromkeys(self.assigned, UNKNOWN)
        return after

    def masked(self, attributes: Attributes) -> Attributes:
        result = super().masked(attributes)
        for key in result:
            if ENVIRONMENT in key and key.split(ENVIRONMENT, 1)[1] in self.hidden:
                result[key] = SENSITIVE
        if isinstance(result.get("containers"), Mapping):
            result["containers"] = {name: self._masked_one(item) for name, item in result["containers"].items()}
        return result

    def _masked_one(self, container: Attributes) -> Attributes:
        if "environment" not in container:
            return container
        shown = {key: SENSITIVE if key in self.hidden else value for key, value in container["environment"].items()}
        return {**container, "environment": shown}

    def _change(self, action: str, before: Attributes, after: Attributes) -> Any:
        if action == "update":
            for key in self.whole:
                old, new = differing(before, after, key)
                before = {**{name: value for name, value in before.items() if name != key}, **old}
                after = {**{name: value for name, value in after.items() if name != key}, **new}
        return super()._change(action, before, after)

    def create(self) -> None:
        after = self.expected()
        taken = self.client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
        parameters = {key: value for key, value in self.raw.items() if key in taken}
        parameters |= {
            "family": self.family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": self.declared["containers"],
            "runtimePlatform": {
                "cpuArchitecture": after["architecture"],
                "operatingSystemFamily": after["operating_system"],
            },
            **({"volumes": self.declared["volumes"]} if "volumes" in self.declared else {}),
        }
        optional = {
            "cpu": str(after.get("cpu") or ""),
            "memory": str(after.get("memory") or ""),
            "taskRoleArn": after["task_role_arn"],
            "executionRoleArn": after["execution_role_arn"],
            "ephemeralStorage": {"sizeInGiB": after["ephemeral_storage_gib"]} if after["ephemeral_storage_gib"] else {},
            "tags": tag_list(after["tags"]),
        }
        kept = {key: value for key, value in parameters.items() if key not in optional}
        made = self.client.register_task_definition(**kept, **{key: value for key, value in optional.items() if value})
        self.made = made["taskDefinition"]["taskDefinitionArn"]

    def update(self, changed: set[str]) -> None:
        if changed == {"tags"}:
            self.put_tags()
        else:
            self.create()

    def delete(self) -> None:
        for arn in self.current["active"]:
            self.client.deregister_task_definition(taskDefinition=arn)
        if self.module.params["delete"]:
            arns = self.current["active"] + self.current["inactive"]
            for start in range(0, len(arns), DELETED_AT_ONCE):
                self._delete_some(arns[start : start + DELETED_AT_ONCE])

    def _delete_some(self, arns: list[str]) -> None:
        failures = self.client.delete_task_definitions(taskDefinitions=arns).get("failures", [])
        if failures:
            reasons = "; ".join(f"{failure['arn']}: {failure.get('reason')}" for failure in failures)
            raise ResourceError(f"{self.type_name} {self.family} could not be deleted: {reasons}")


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "family": {"type": "str", "required": True},
            "containers": {"type": "list", "elements": "dict"},
            "volumes": {"type": "list", "elements": "dict"},
            "cpu": {"type": "int"},
            "memory": {"type": "int"},
            "task_role_arn": {"type": "str"},
            "execution_role_arn": {"type": "str"},
            "architecture": {"type": "str", "choices": ["X86_64", "ARM64"]},
            "operating_system": {"type": "str"},
            "ephemeral_storage_gib": {"type": "int"},
            "keep_images_of": {
                "type": "dict",
                "options": {name: {"type": "str", "required": True} for name in ("cluster", "service")},
            },
            "sensitive_environment": {"type": "list", "elements": "str", "default": []},
            "delete": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        required_if=[("state", "present", ("containers",))],
        supports_check_mode=True,
    )
    run(module, TaskDefinition(module), key="task_definition")


if __name__ == "__main__":
    main()
