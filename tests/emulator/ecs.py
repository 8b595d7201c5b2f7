# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS for moto: clusters, task definitions, services, deployments and tasks as Fargate has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from .dispatch import answer_with, model_with
from .ecs_services import ServicesMixin
from .support import Tags, forward


class Backend(ServicesMixin, EC2ContainerServiceBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tags = Tags("key", "value")
        self.ecs_clusters: dict[str, dict[str, Any]] = {}
        self.ecs_services: dict[tuple[str, str], dict[str, Any]] = {}
        self.ecs_tasks: dict[str, dict[str, Any]] = {}
        self.definitions: dict[str, dict[int, dict[str, Any]]] = {}

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        arns = {
            "ecs:service": [s["serviceArn"] for s in self.ecs_services.values() if s["status"] == "ACTIVE"],
            "ecs:cluster": [c["clusterArn"] for c in self.ecs_clusters.values() if c["status"] == "ACTIVE"],
            "ecs:task-definition": [
                d["taskDefinitionArn"] for revisions in self.definitions.values() for d in revisions.values()
            ],
        }
        for kind, found in arns.items():
            for arn in found:
                yield TaggedResource(arn=arn, tags=self.tags.dict(arn), resource_type=kind)


@answer_with
class Response(EC2ContainerServiceResponse):
    RESPONSE_KEY_PATH_TO_TRANSFORMER: dict[str, Any] = {
        key: value
        for key, value in EC2ContainerServiceResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if "ContainerInstance" in key
    }


forward(
    Response,
    ecs_backends,
    """
    create_cluster update_cluster update_cluster_settings put_cluster_capacity_providers
    describe_clusters list_clusters delete_cluster
    register_task_definition describe_task_definition deregister_task_definition delete_task_definitions
    list_task_definitions list_task_definition_families
    create_service update_service delete_service describe_services list_services
    list_service_deployments describe_service_deployments describe_service_revisions stop_service_deployment
    run_task describe_tasks list_tasks stop_task
    list_tags_for_resource tag_resource untag_resource
    """,
)
model_with(ecs_backends, Backend)
