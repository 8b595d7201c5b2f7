# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    cluster = options["ecs_service_cluster_name"]
    try:
        found = aws.client("ecs").describe_services(cluster=cluster, services=[name])["services"]
    except is_boto3_error_code("ClusterNotFoundException"):
        return None
    service = next((item for item in found if item["status"] == "ACTIVE"), None)
    if service is None:
        return None
    return {
        "arn": service["serviceArn"],
        "cluster_name": cluster,
        **_named(aws, options),
        "task_definition": service["taskDefinition"].split("/")[-1],
        "desired_count": service["desiredCount"],
        "rollout": _rollout(service["deployments"]),
    }


def _rollout(deployments: list[dict[str, Any]]) -> str:
    """Those that shift traffic have no state of their own: they are over when there is no second one."""
    state = deployments[0].get("rolloutState", "COMPLETED") if deployments else "COMPLETED"
    return "IN_PROGRESS" if len(deployments) > 1 else str(state)


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    cluster = options["ecs_service_cluster_name"]
    return {
        "arn": aws.arn("ecs", f"service/{cluster}/{name}"),
        "cluster_name": cluster,
        **_named(aws, options),
    }


def _named(aws: Aws, options: dict[str, Any]) -> Facts:
    """What the names that the role gives tell."""
    roles = {
        fact: aws.arn("iam", f"role/{options[f'ecs_service_{fact}_name']}", region=False)
        for fact in ("execution_role", "task_role")
    }
    return {
        "log_group": options["ecs_service_log_group"],
        "family": options["ecs_service_family"],
        "container": options["ecs_service_container_name"],
        **{f"{fact}_arn": arn for fact, arn in roles.items()},
    }


KIND = Kind(
    "ECS service",
    {
        "arn": "the service's ARN",
        "cluster_name": "the name of its cluster",
        "task_definition": "the task definition that it runs, as family:revision",
        "family": "the family of its task definition",
        "container": "the name of its main container",
        "execution_role_arn": "the ARN of the role that pulls its images, reads its secrets and writes its logs",
        "task_role_arn": "the ARN of the application's own role, which is there when it needs one",
        "log_group": "the log group of its containers",
        "desired_count": "how many tasks are to run",
        "rollout": "the state of its newest deployment, as `COMPLETED` or `IN_PROGRESS`",
    },
    read,
    predict,
    (
        "ecs_service_cluster_name",
        "ecs_service_log_group",
        "ecs_service_family",
        "ecs_service_container_name",
        "ecs_service_execution_role_name",
        "ecs_service_task_role_name",
    ),
    is_pending=lambda facts: facts["rollout"] == "IN_PROGRESS",
)
