# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of RegisterTaskDefinition, in AWS's words where they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import AwsError
from .support import Params

FAMILY = re.compile(r"^[A-Za-z0-9_\-]{1,255}$")
CONTAINER_NAME = re.compile(r"^[A-Za-z0-9_\-]{1,255}$")
IMAGE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:/@\-]{0,254}$")
GIB = 1024
# Fargate's pairs of CPU units and MiB.
FARGATE_MEMORY = {
    256: [512, 1 * GIB, 2 * GIB],
    512: [n * GIB for n in range(1, 5)],
    1024: [n * GIB for n in range(2, 9)],
    2048: [n * GIB for n in range(4, 17)],
    4096: [n * GIB for n in range(8, 31)],
    8192: [n * GIB for n in range(16, 61, 4)],
    16384: [n * GIB for n in range(32, 121, 8)],
}
HEALTH_RANGES = {"interval": (5, 300), "timeout": (2, 120), "retries": (1, 10), "startPeriod": (0, 300)}
FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
ARCHITECTURES = ("X86_64", "ARM64")
ECR_IMAGE = re.compile(r"^\d{12}\.dkr\.ecr\.")


def client_error(message: str) -> AwsError:
    return AwsError("ClientException", message)


def check_task_definition(params: Params) -> None:
    if not FAMILY.match(params.get("family") or ""):
        raise client_error("Family contains invalid characters.")
    containers = params.get("containerDefinitions") or []
    if not containers:
        raise client_error("Container definitions should not be null or empty.")
    if params.get("tags") == []:
        raise AwsError("InvalidParameterException", "Tags can not be empty.")
    fargate = "FARGATE" in (params.get("requiresCompatibilities") or ())
    if fargate:
        _check_fargate(params)
    _check_names(containers)
    for container in containers:
        _check_container(container, params, fargate)
    if not any(container.get("essential", True) for container in containers):
        raise client_error("A task definition must have at least one essential container.")
    _check_sums(params, containers)


def _check_fargate(params: Params) -> None:
    if params.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode 'awsvpc'.")
    cpu, memory = _units(params.get("cpu"), "vcpu"), _units(params.get("memory"), "gb")
    if cpu is None:
        raise client_error("Fargate requires that 'cpu' be defined at the task level.")
    if memory is None:
        raise client_error("Fargate requires that 'memory' be defined at the task level.")
    if memory not in FARGATE_MEMORY.get(cpu, ()):
        raise client_error(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    if params.get("placementConstraints"):
        raise client_error("Fargate compatible task definitions do not support placement constraints.")
    storage = (params.get("ephemeralStorage") or {}).get("sizeInGiB")
    if storage is not None and not 21 <= int(storage) <= 200:
        raise client_error("The ephemeral storage size must be between 21 and 200 GiB.")
    architecture = (params.get("runtimePlatform") or {}).get("cpuArchitecture")
    if architecture is not None and architecture not in ARCHITECTURES:
        raise client_error(f"Invalid value for cpuArchitecture: {architecture}.")


def _units(value: Any, unit: str) -> int | None:
    """256, "256", ".25 vCPU" and "1 GB" all are sizes."""
    if value in (None, ""):
        return None
    text = str(value).lower().replace(" ", "")
    number = text.removesuffix(unit)
    try:
        return int(float(number) * GIB) if number != text else int(text)
    except ValueError:
        raise client_error(f"Invalid 'cpu' or 'memory' setting for task: {value}") from None


def _check_names(containers: list[dict[str, Any]]) -> None:
    names = [container.get("name") or "" for container in containers]
    for container, name in zip(containers, names, strict=True):
        if not CONTAINER_NAME.match(name):
            raise client_error("Container.name should not be null or empty.")
        if not IMAGE.match(container.get("image") or ""):
            raise client_error("Container.image should not be null or empty.")
        for dependency in container.get("dependsOn") or ():
            if dependency.get("containerName") not in names:
                raise client_error(
                    f"Container {name} depends on {dependency.get('containerName')}, which is not defined."
                )
    if len(set(names)) != len(names):
        raise client_error("Container names must be unique in a task definition.")


def _check_container(container: dict[str, Any], task: Params, fargate: bool) -> None:
    name = container["name"]
    volumes = {volume["name"] for volume in task.get("volumes") or ()}
    for mount in container.get("mountPoints") or ():
        if mount.get("sourceVolume") not in volumes:
            raise client_error(f"Unknown volume '{mount.get('sourceVolume')}'.")
    for field, (least, most) in HEALTH_RANGES.items():
        value = (container.get("healthCheck") or {}).get(field)
        if value is not None and not least <= int(value) <= most:
            raise client_error(f"The health check's {field} of container {name} must be between {least} and {most}.")
    if "healthCheck" in container and not container["healthCheck"].get("command"):
        raise client_error(f"The health check of container {name} has no command.")
    for variable in container.get("environment") or ():
        if not variable.get("name"):
            raise client_error("Environment variable names should not be null or empty.")
    if task.get("networkMode") == "awsvpc":
        _check_ports(container)
    if fargate:
        _check_on_fargate(container, task)
    elif not any(container.get(field) for field in ("memory", "memoryReservation")) and not task.get("memory"):
        raise client_error(
            f"Invalid setting for container '{name}'. "
            "At least one of 'memory' or 'memoryReservation' must be specified."
        )


def _check_ports(container: dict[str, Any]) -> None:
    for mapping in container.get("portMappings") or ():
        port, host = mapping.get("containerPort"), mapping.get("hostPort")
        if port is not None and not 1 <= int(port) <= 65535:
            raise client_error(f"Invalid 'containerPort' {port} for container '{container['name']}'.")
        if host not in (None, 0, port):
            raise client_error(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
            )
        if mapping.get("protocol", "tcp") not in ("tcp", "udp"):
            raise client_error(f"Invalid protocol {mapping['protocol']} for container '{container['name']}'.")


def _check_on_fargate(container: dict[str, Any], task: Params) -> None:
    role = task.get("executionRoleArn")
    logging = container.get("logConfiguration") or {}
    if container.get("privileged"):
        raise client_error("Fargate compatible task definitions do not support privileged containers.")
    if logging and logging.get("logDriver") not in FARGATE_LOG_DRIVERS:
        raise client_error(f"Log driver {logging.get('logDriver')} is not supported by Fargate.")
    if logging.get("logDriver") == "awslogs":
        _check_awslogs(logging)
        if not role:
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs."
            )
    if not role and (container.get("secrets") or logging.get("secretOptions")):
        raise client_error(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    if not role and ECR_IMAGE.match(container["image"]):
        raise client_error("Fargate requires task definition to have execution role ARN to support ECR images.")
    names = [*_names(container.get("environment")), *_names(container.get("secrets"))]
    if len(set(names)) != len(names):
        raise client_error(
            "The secret name must be unique and not shared with any new or existing environment variables."
        )


def _check_awslogs(logging: dict[str, Any]) -> None:
    for option in ("awslogs-group", "awslogs-region", "awslogs-stream-prefix"):
        if not (logging.get("options") or {}).get(option):
            raise client_error(f"Log driver awslogs requires options: {option}")


def _names(items: list[dict[str, Any]] | None) -> Iterator[str]:
    return (item.get("name", "") for item in items or ())


def _check_sums(params: Params, containers: list[dict[str, Any]]) -> None:
    cpu, memory = _units(params.get("cpu"), "vcpu"), _units(params.get("memory"), "gb")
    used = sum(int(container.get("cpu") or 0) for container in containers)
    if cpu is not None and used > cpu:
        raise client_error(f"The 'cpu' of the containers ({used}) exceeds that of the task ({cpu}).")
    for container in containers:
        limit = container.get("memory") or container.get("memoryReservation")
        if memory is not None and limit and int(limit) > memory:
            raise client_error(f"Invalid setting for container '{container['name']}'. Its memory exceeds the task's.")
