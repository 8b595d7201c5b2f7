# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS container definitions and volumes: as AWS takes them, and in one normal form in which equal means the same.

In the normal form whatever equals AWS's default is left out, lists without an order are sorted, and what has a name
(containers, environment variables, secrets, volumes) is a dictionary by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Definition = dict[str, Any]

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
CONTAINER_DEFAULTS: Definition = {
    "cpu": 0,
    "essential": True,
    "privileged": False,
    "readonlyRootFilesystem": False,
    "interactive": False,
    "pseudoTerminal": False,
    "disableNetworking": False,
    "versionConsistency": "enabled",
}
HEALTH_CHECK_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
RESTART_DEFAULTS = {"enabled": False, "restartAttemptPeriod": 300}
EFS_DEFAULTS = {"rootDirectory": "/", "transitEncryption": "DISABLED"}
# Lists of name and value: what the value is called.
NAMED = {"environment": "value", "secrets": "valueFrom"}
# Lists whose order means nothing: what orders them.
UNORDERED = {
    "mountPoints": "containerPath",
    "volumesFrom": "sourceContainer",
    "dependsOn": "containerName",
    "ulimits": "name",
    "systemControls": "namespace",
    "extraHosts": "hostname",
}


def text(value: Any) -> str:
    """A value as a process sees it in its environment."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def named_list(value: Any, value_key: str) -> list[dict[str, str]]:
    """A dictionary of names and values, or AWS's list of them, as AWS's list."""
    if not isinstance(value, Mapping):
        return [{**item, value_key: text(item.get(value_key, ""))} for item in value]
    return [{"name": name, value_key: text(item)} for name, item in sorted(value.items())]


def rendered(container: Mapping[str, Any]) -> Definition:
    """A container definition as AWS takes it."""
    result = {key: value for key, value in container.items() if value is not None}
    for key, value_key in NAMED.items():
        if key in result:
            result[key] = named_list(result[key], value_key)
    if isinstance(result.get("logConfiguration"), Mapping):
        logs = dict(result["logConfiguration"])
        if isinstance(logs.get("options"), Mapping):
            logs["options"] = {name: text(value) for name, value in logs["options"].items()}
        if "secretOptions" in logs:
            logs["secretOptions"] = named_list(logs["secretOptions"], "valueFrom")
        result["logConfiguration"] = logs
    return result


def normal_container(container: Mapping[str, Any]) -> Definition:
    """The normal form of what AWS takes or returns."""
    result = _without(container, CONTAINER_DEFAULTS)
    for key, value_key in NAMED.items():
        if key in result:
            result[key] = {item["name"]: item.get(value_key, "") for item in result[key]}
    for key, order in UNORDERED.items():
        if key in result:
            items = [_without(item, {"readOnly": False}) for item in result[key]]
            result[key] = sorted(items, key=lambda item: str(item.get(order)))
    for key, normal in NORMAL_PARTS.items():
        if key in result:
            result[key] = normal(result[key])
    return {key: value for key, value in result.items() if not _empty(value)}


def _normal_ports(ports: list[Definition]) -> list[Definition]:
    def normal(port: Definition) -> Definition:
        result = _without(port, {"protocol": "tcp", "hostPort": 0})
        if result.get("hostPort") == result.get("containerPort"):
            result.pop("hostPort", None)
        return result

    return sorted(map(normal, ports), key=lambda port: (str(port.get("containerPort")), str(port.get("protocol"))))


def _normal_logs(logs: Definition) -> Definition:
    result = _without(logs, {})
    if "secretOptions" in result:
        result["secretOptions"] = {item["name"]: item["valueFrom"] for item in result["secretOptions"]}
    return result


def _normal_linux(linux: Definition) -> Definition:
    result = _without(linux, {"initProcessEnabled": False})
    if "capabilities" in result:
        result["capabilities"] = {key: sorted(items) for key, items in _without(result["capabilities"], {}).items()}
    return {key: value for key, value in result.items() if not _empty(value)}


NORMAL_PARTS: dict[str, Callable[[Any], Any]] = {
    "portMappings": _normal_ports,
    "logConfiguration": _normal_logs,
    "linuxParameters": _normal_linux,
    "healthCheck": lambda check: _without(check, HEALTH_CHECK_DEFAULTS),
    "restartPolicy": lambda policy: _without(policy, RESTART_DEFAULTS),
}


def normal_volume(volume: Mapping[str, Any]) -> Definition:
    """AWS adds an empty host to a plain volume and a root directory to one of EFS."""
    result = _without(volume, {"configuredAtLaunch": False})
    result.pop("name", None)
    efs = result.get("efsVolumeConfiguration")
    if efs:
        result["efsVolumeConfiguration"] = efs = _without(efs, EFS_DEFAULTS)
        access = _without(efs.pop("authorizationConfig", {}), {"iam": "DISABLED"})
        if access:
            efs["authorizationConfig"] = access
    return result


def normal_containers(containers: list[Definition]) -> dict[str, Definition]:
    return {container.get("name", ""): _nameless(normal_container(container)) for container in containers}


def normal_volumes(volumes: list[Definition]) -> dict[str, Definition]:
    return {volume.get("name", ""): normal_volume(volume) for volume in volumes}


def _nameless(definition: Definition) -> Definition:
    return {key: value for key, value in definition.items() if key != "name"}


def _empty(value: Any) -> bool:
    return value is None or value in ({}, [])


def _without(definition: Mapping[str, Any], defaults: Mapping[str, Any]) -> Definition:
    """The definition without what is empty or equals its default."""
    return {
        key: value
        for key, value in definition.items()
        if not (_empty(value) or (key in defaults and value == defaults[key]))
    }


def container_problems(containers: list[Definition], volumes: list[Definition] | None) -> Iterator[str]:
    """What AWS would refuse, of rendered containers; volumes are None when they are not known here."""
    names = [container.get("name") for container in containers]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"two containers are called {name}"
    known = None if volumes is None else {volume.get("name") for volume in volumes}
    for container in containers:
        for problem in _problems_of_one(container, names, known):
            yield f"container {container.get('name')}: {problem}"
    if containers and not any(container.get("essential", True) for container in containers):
        yield "no container is essential"


def _problems_of_one(container: Definition, names: list[Any], volumes: set[Any] | None) -> Iterator[str]:
    variables = [item.get("name") for key in NAMED for item in container.get(key, [])]
    for name in sorted({str(name) for name in variables if variables.count(name) > 1}):
        yield f"{name} is given twice in environment and secrets"
    for mount in container.get("mountPoints", []):
        if volumes is not None and mount.get("sourceVolume") not in volumes:
            yield f"mountPoints names the volume {mount.get('sourceVolume')}, which volumes does not hold"
    for dependency in container.get("dependsOn", []):
        if dependency.get("containerName") not in names:
            yield f"dependsOn names {dependency.get('containerName')}, which is no container of the task"


def leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one: {"web": {"image": "x"}} as {"web.image": "x"}."""
    if not isinstance(value, Mapping):
        return {prefix: value}
    result: dict[str, Any] = {}
    for key, item in value.items():
        result |= leaves(item, f"{prefix}.{key}" if prefix else str(key))
    return result


def differing(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> tuple[Definition, Definition]:
    """The leaves under the key that differ."""
    old, new = leaves(before.get(key) or {}, key), leaves(after.get(key) or {}, key)
    keys = {leaf for leaf in old.keys() | new.keys() if leaf != key and old.get(leaf) != new.get(leaf)}
    return {leaf: old[leaf] for leaf in keys if leaf in old}, {leaf: new[leaf] for leaf in keys if leaf in new}
