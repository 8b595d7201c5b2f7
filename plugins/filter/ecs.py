# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, is_unknown, without_none
from ansible_collections.slipway.fargate.plugins.plugin_utils.ecs import (
    deployment_strategy,
    file_system_volume,
    secret_component,
    slug,
    volume_name,
)

Definition = dict[str, Any]
# The options of a container that AWS has under another name.
RENAMED = {
    "command": "command",
    "entry_point": "entryPoint",
    "user": "user",
    "working_directory": "workingDirectory",
    "cpu": "cpu",
    "memory": "memory",
    "essential": "essential",
    "stop_timeout": "stopTimeout",
    "environment": "environment",
}
ECR_IMAGE = re.compile(
    r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([a-z0-9._/-]+?)(?::[^:@]+)?(?:@.+)?"
)
# What the execution role may do: with secrets of a service, and with an image.
READ_SECRET = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameters"}
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
# What a service scales by.
SCALED_BY = {"cpu": "ECSServiceAverageCPUUtilization", "memory": "ECSServiceAverageMemoryUtilization"}
SECRET_ARN_PARTS = 7  # what follows are JSON key, stage and version
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
EXEC = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


def ecs_secret_components(containers: Iterable[Mapping[str, Any]]) -> list[str]:
    """The components whose secrets the containers read."""
    secrets = [secret for container in containers for secret in (container.get("secrets") or {}).values()]
    return sorted({name for name in map(secret_component, secrets) if name})


def ecs_containers(
    containers: Iterable[Mapping[str, Any]],
    images: Mapping[str, str],
    environment_file: Mapping[str, str] | None = None,
    file_systems: Iterable[Mapping[str, Any]] = (),
    main: str = "",
) -> list[Definition]:
    """The containers of a role with what its other options give them.

    `images` has the URIs of repositories by component, `environment_file` the ARN of a file by container; file systems
    are mounted by the container they name, or else by `main`.
    """
    mounts = list(file_systems)
    return [_completed(without_none(item), images, environment_file or {}, mounts, main) for item in containers]


def _completed(
    container: Definition,
    images: Mapping[str, str],
    files: Mapping[str, str],
    file_systems: list[Mapping[str, Any]],
    main: str,
) -> Definition:
    repository, name = container.get("image_repository"), container["name"]
    if repository and not container.get("image"):
        container["image"] = f"{images[repository]}:{container.get('image_tag') or 'latest'}"
    if name in files:
        container["environment_files"] = [*(container.get("environment_files") or []), files[name]]
    container["mounts"] = [
        {
            "sourceVolume": file_system_volume(item),
            "containerPath": item["path"],
            "readOnly": bool(item.get("read_only")),
        }
        for item in file_systems
        if (item.get("container") or main) == name
    ]
    return container


def ecs_file_system_volumes(
    file_systems: Iterable[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> list[Definition]:
    """The volumes of EFS, always with TLS and IAM; `known` has the facts of the file systems by component."""
    volumes = {}
    for item in file_systems:
        facts, point = known[item["file_system"]], item.get("access_point")
        access = {"iam": "ENABLED"}
        if point:
            access["accessPointId"] = _access_point(item["file_system"], point, facts["access_points"])
        volumes[file_system_volume(item)] = {
            "name": file_system_volume(item),
            "efsVolumeConfiguration": {
                "fileSystemId": facts["id"],
                "transitEncryption": "ENABLED",
                "authorizationConfig": access,
            },
        }
    return list(volumes.values())


def _access_point(component: str, name: str, known: Mapping[str, str]) -> str:
    if is_unknown(known) and name not in known:  # a preview, before the file system is there
        return UNKNOWN
    if name not in known:
        has = ", ".join(sorted(known)) or "none"
        raise AnsibleFilterError(f"component {component} has no access point {name!r}; it has {has}")
    return known[name]


def ecs_file_system_statements(
    file_systems: Iterable[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> list[Definition]:
    """What the application may do with its file systems, through their access points where it has some."""
    statements = []
    for item in file_systems:
        facts, point = known[item["file_system"]], item.get("access_point")
        actions = ["elasticfilesystem:ClientMount"]
        if not item.get("read_only"):
            actions.append("elasticfilesystem:ClientWrite")
        if not point:
            actions.append("elasticfilesystem:ClientRootAccess")
        statement = _allow(actions, [facts["arn"]])
        if point:
            arn = _access_point(item["file_system"], point, facts["access_point_arns"])
            statement["Condition"] = {"ArnEquals": {"elasticfilesystem:AccessPointArn": arn}}
        if statement not in statements:
            statements.append(statement)
    return statements


def ecs_container_definitions(
    containers: Iterable[Mapping[str, Any]],
    defaults: Mapping[str, Any],
    log_options: Mapping[str, str],
    secret_arns: Mapping[str, str],
) -> list[Definition]:
    """The containers of a role as slipway.fargate.ecs_task_definition takes them."""
    return [_definition({**defaults, **without_none(item)}, log_options, secret_arns) for item in containers]


def _definition(container: Definition, log_options: Mapping[str, str], secret_arns: Mapping[str, str]) -> Definition:
    definition: Definition = {
        "name": container["name"],
        "image": container["image"],
        "essential": True,
        "readonlyRootFilesystem": container["readonly_root_filesystem"],
        "portMappings": [_port(port) for port in container.get("ports") or []],
        "secrets": {name: _arn(value, secret_arns) for name, value in (container.get("secrets") or {}).items()},
        "mountPoints": [
            {"sourceVolume": volume_name(container["name"], path), "containerPath": path}
            for path in container.get("writable_paths") or []
        ]
        + (container.get("mounts") or []),
        "linuxParameters": {"initProcessEnabled": container["init_process"]},
        "logConfiguration": {"logDriver": "awslogs", "options": dict(log_options)},
        **{aws: container[name] for name, aws in RENAMED.items() if container.get(name) is not None},
    }
    if container.get("health_check"):
        definition["healthCheck"] = _health_check(container["health_check"])
    if container.get("depends_on"):
        definition["dependsOn"] = [
            {"containerName": name, "condition": condition} for name, condition in container["depends_on"].items()
        ]
    if container.get("environment_files"):
        definition["environmentFiles"] = [{"value": arn, "type": "s3"} for arn in container["environment_files"]]
    # What has no option of its own, in AWS's terms.
    return {**definition, **(container.get("definition") or {})}


def _port(port: Any) -> Definition:
    """A port alone, or one with a name, a protocol and what is spoken on it."""
    if not isinstance(port, Mapping):
        return {"name": f"port-{port}", "containerPort": int(port), "protocol": "tcp"}
    mapping = {
        "name": port.get("name") or f"port-{port['port']}",
        "containerPort": int(port["port"]),
        "protocol": port.get("protocol") or "tcp",
    }
    return {**mapping, "appProtocol": port["app_protocol"]} if port.get("app_protocol") else mapping


def _arn(reference: str, secret_arns: Mapping[str, str]) -> str:
    """What AWS calls the secret: an ARN, or a component's with a JSON key where one is given."""
    component = secret_component(reference)
    if not component:
        return reference
    key = reference.partition(":")[2]
    return f"{secret_arns[component]}:{key}::" if key else secret_arns[component]


def _health_check(check: Mapping[str, Any]) -> Definition:
    command = check["command"]
    times = {"interval": "interval", "timeout": "timeout", "retries": "retries", "start_period": "startPeriod"}
    return {
        "command": ["CMD-SHELL", command] if isinstance(command, str) else list(command),
        **{aws: check[name] for name, aws in times.items() if check.get(name) is not None},
    }


def ecs_volumes(definitions: Iterable[Mapping[str, Any]], volumes: Iterable[Mapping[str, Any]]) -> list[Definition]:
    """The declared volumes and, for every other mount point, an empty one that lives as long as the task."""
    declared = [dict(volume) for volume in volumes]
    names = {volume["name"] for volume in declared}
    mounted = {mount["sourceVolume"] for item in definitions for mount in item.get("mountPoints") or []}
    return declared + [{"name": name} for name in sorted(mounted - names)]


def ecs_execution_statements(
    definitions: Iterable[Mapping[str, Any]],
    log_group_arn: str,
    kms_keys: Iterable[str],
    repository_arns: Iterable[str] = (),
) -> list[Definition]:
    """The least that starting these containers needs: their log group, their secrets, their images, their files."""
    items = list(definitions)
    secrets = [value for item in items for value in (item.get("secrets") or {}).values()]
    statements = [_allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"])]
    for service, action in READ_SECRET.items():
        arns = {_whole(arn) for arn in secrets if is_unknown(arn) or arn.split(":")[2:3] == [service]}
        statements.append(_allow([action], arns if service == "secretsmanager" else _known(arns)))
    statements.append(_allow(["kms:Decrypt"], kms_keys))
    repositories = {arn for item in items for arn in _repositories(item["image"])} | set(repository_arns)
    if repositories:
        statements += [_allow(["ecr:GetAuthorizationToken"], ["*"]), _allow(PULL, repositories)]
    files = {file["value"] for item in items for file in item.get("environmentFiles") or []}
    if files:
        buckets = {arn.split("/")[0] for arn in files}
        statements += [_allow(["s3:GetObject"], files), _allow(["s3:GetBucketLocation"], buckets)]
    return [statement for statement in statements if statement["Resource"]]


def _allow(actions: list[str], resources: Iterable[str]) -> Definition:
    return {"Effect": "Allow", "Action": actions, "Resource": sorted(resources)}


def _whole(arn: str) -> str:
    """The ARN of the secret, without the JSON key, stage and version that a container asks for."""
    return arn if is_unknown(arn) else ":".join(arn.split(":")[:SECRET_ARN_PARTS])


def _known(arns: Iterable[str]) -> list[str]:
    return [arn for arn in arns if not is_unknown(arn)]


def _repositories(image: str) -> Iterator[str]:
    match = ECR_IMAGE.fullmatch(image)
    if match:
        account, region, repository = match.groups()
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        yield f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"


def ecs_task_statements(statements: Iterable[Mapping[str, Any]], execute_command: bool) -> list[Definition]:
    """What the application may do, and with ECS Exec what its agent needs."""
    own = [dict(statement) for statement in statements]
    return [*own, _allow(EXEC, ["*"])] if execute_command else own


def ecs_scheduled_actions(schedules: Iterable[Mapping[str, Any]]) -> list[Definition]:
    """The schedules of a role as slipway.fargate.ecs_autoscaling takes them."""
    names = {
        "name": "name",
        "schedule": "schedule",
        "timezone": "timezone",
        "min": "min_capacity",
        "max": "max_capacity",
    }
    return [{long: item[name] for name, long in names.items() if item.get(name) is not None} for item in schedules]


def ecs_policies(scaling: Mapping[str, Any] | None, name: str) -> list[Definition]:
    """The target-tracking policies of a role as slipway.fargate.ecs_autoscaling takes them."""
    given = without_none(scaling or {})
    cooldowns = {key: given[key] for key in ("scale_out_cooldown", "scale_in_cooldown") if key in given}
    return [
        {"name": f"{name}-{what}", "metric": metric, "target_value": given[f"{what}_target"], **cooldowns}
        for what, metric in SCALED_BY.items()
        if f"{what}_target" in given
    ]


def ecs_load_balancers(
    target_groups: Iterable[Mapping[str, Any]],
    known: Mapping[str, Any],
    container: str,
    pairs: Mapping[str, Any] | None = None,
    role_arn: str = "",
) -> list[Definition]:
    """The target groups of a role as slipway.fargate.ecs_service takes them."""
    return [
        {
            "target_group_arn": _target_group(item["load_balancer"], item["target_group"], known),
            "container_name": item.get("container") or container,
            "container_port": item["port"],
            **_advanced(item, known, ((pairs or {}).get(item["load_balancer"]) or {}), role_arn),
        }
        for item in target_groups
    ]


def _advanced(item: Mapping[str, Any], known: Mapping[str, Any], pairs: Any, role_arn: str) -> Definition:
    """What ECS needs to shift traffic, of a target group that has an alternate one."""
    pair = pairs.get(item["target_group"]) if isinstance(pairs, Mapping) else None
    if not pair:
        return {}
    rules = {"production_listener_rule": pair["production_rule"], "test_listener_rule": pair["test_rule"]}
    return {
        "advanced_configuration": {
            "alternate_target_group_arn": _target_group(item["load_balancer"], pair["alternate"], known),
            **{name: arn for name, arn in rules.items() if arn},
            "role_arn": role_arn,
        }
    }


def ecs_deployment_strategy(
    strategy: str, bake_time: int, percent: float | None = None, pause: int | None = None
) -> Definition:
    """How deployments shift traffic, as part of the deployment configuration of slipway.fargate.ecs_service."""
    return deployment_strategy(strategy, bake_time, percent, pause)


def _target_group(load_balancer: str, name: str, known: Mapping[str, Any]) -> str:
    groups = known[load_balancer]
    if is_unknown(groups):  # a preview, before the load balancer is there
        return UNKNOWN
    if name not in groups:
        has = ", ".join(sorted(groups)) or "none"
        raise AnsibleFilterError(f"component {load_balancer} has no target group {name!r}; it has {has}")
    return groups[name]


def ecs_service_connect(
    services: Iterable[Mapping[str, Any]], definitions: Iterable[Mapping[str, Any]], name: str
) -> list[Definition]:
    """What a service offers through Service Connect: under which names and ports clients find its ports."""
    ports = {port["name"]: port["containerPort"] for item in definitions for port in item.get("portMappings") or []}
    return [
        {
            "port_name": item["port_name"],
            # Not the service's own name: a Cloud Map service of that name is there for plain DNS.
            "discovery_name": slug(f"{name}-{item['port_name']}"),
            "client_aliases": [
                {"dns_name": item.get("dns_name") or name, "port": item.get("port") or ports[item["port_name"]]}
            ],
        }
        for item in services
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "ecs_secret_components": ecs_secret_components,
            "ecs_containers": ecs_containers,
            "ecs_file_system_volumes": ecs_file_system_volumes,
            "ecs_file_system_statements": ecs_file_system_statements,
            "ecs_container_definitions": ecs_container_definitions,
            "ecs_volumes": ecs_volumes,
            "ecs_execution_statements": ecs_execution_statements,
            "ecs_task_statements": ecs_task_statements,
            "ecs_scheduled_actions": ecs_scheduled_actions,
            "ecs_policies": ecs_policies,
            "ecs_load_balancers": ecs_load_balancers,
            "ecs_deployment_strategy": ecs_deployment_strategy,
            "ecs_service_connect": ecs_service_connect,
        }
