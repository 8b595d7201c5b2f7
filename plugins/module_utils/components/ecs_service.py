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
        "log_group": options["ecs_service_log_group"],
        "task_definition": service["taskDefinition"].split("/")[-1],
        "desired_count": service["desiredCount"],
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    cluster = options["ecs_service_cluster_name"]
    return {
        "arn": aws.arn("ecs", f"service/{cluster}/{name}"),
        "cluster_name": cluster,
        "log_group": options["ecs_service_log_group"],
    }


KIND = Kind(
    "ECS service",
    {
        "arn": "the service's ARN",
        "cluster_name": "the name of its cluster",
        "task_definition": "the task definition that it runs, as family:revision",
        "log_group": "the log group of its containers",
        "desired_count": "how many tasks are to run",
    },
    read,
    predict,
    ("ecs_service_cluster_name", "ecs_service_log_group"),
)
