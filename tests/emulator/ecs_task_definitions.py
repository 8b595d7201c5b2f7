# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS task definitions: what AWS refuses, and what it adds by itself."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.base_backend import BaseBackend

from .ecs_checks import check_task_definition
from .errors import AwsError
from .support import Params, Tags, given, now

TASK_FIELDS = [
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "cpu",
    "memory",
    "runtimePlatform",
    "ephemeralStorage",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "inferenceAccelerators",
    "requiresCompatibilities",
    "enableFaultInjection",
]
CONTAINER_LISTS = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
HEALTH_CHECK = {"interval": 30, "timeout": 5, "retries": 3}


class TaskDefinitionsMixin(BaseBackend):
    definitions: dict[str, dict[int, dict[str, Any]]]
    tags: Tags

    def register_task_definition(self, params: Params) -> Params:
        check_task_definition(params)
        family = params["family"]
        revisions = self.definitions.setdefault(family, {})
        revision = max(revisions, default=0) + 1
        arn = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:task-definition/{family}:{revision}"
        definition = {
            "taskDefinitionArn": arn,
            "family": family,
            "revision": revision,
            "status": "ACTIVE",
            "containerDefinitions": [_completed(c, params) for c in params["containerDefinitions"]],
            "volumes": [_completed_volume(volume) for volume in params.get("volumes") or ()],
            "placementConstraints": params.get("placementConstraints") or [],
            "compatibilities": ["EC2", "FARGATE"] if params.get("networkMode") == "awsvpc" else ["EC2"],
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
            "registeredAt": now(),
            "registeredBy": f"arn:{self.partition}:iam::{self.account_id}:root",
            **given(params, TASK_FIELDS),
        }
        revisions[revision] = definition
        self.tags.add(arn, params.get("tags"))
        return {"taskDefinition": definition, "tags": self.tags.list(arn)}

    def definition(self, name: str, *, message: str = "Unable to describe task definition.") -> dict[str, Any]:
        """By ARN, by family and revision, or a family's newest active one."""
        family, _, revision = name.rsplit("/", 1)[-1].partition(":")
        revisions = self.definitions.get(family, {})
        if revision:
            found = revisions.get(int(revision)) if revision.isdigit() else None
        else:
            active = [number for number, d in revisions.items() if d["status"] == "ACTIVE"]
            found = revisions[max(active)] if active else None
        if found is None:
            raise AwsError("ClientException", message)
        return found

    def describe_task_definition(self, params: Params) -> Params:
        definition = self.definition(params.get("taskDefinition") or "")
        with_tags = "TAGS" in (params.get("include") or ())
        return {
            "taskDefinition": definition,
            **({"tags": self.tags.list(definition["taskDefinitionArn"])} if with_tags else {}),
        }

    def deregister_task_definition(self, params: Params) -> Params:
        name = params.get("taskDefinition") or ""
        if ":" not in name.rsplit("/", 1)[-1]:
            raise AwsError("ClientException", "The revision of the task definition must be given.")
        definition = self.definition(name, message="The specified task definition does not exist.")
        definition.update(status="INACTIVE", deregisteredAt=now())
        return {"taskDefinition": definition}

    def delete_task_definitions(self, params: Params) -> Params:
        deleted, failures = [], []
        for name in params.get("taskDefinitions") or ():
            try:
                definition = self.definition(name)
            except AwsError:
                failures.append({"arn": name, "reason": "MISSING"})
                continue
            if definition["status"] == "ACTIVE":
                reason = "The specified task definition is still in ACTIVE status. Please deregister it and try again."
                failures.append({"arn": definition["taskDefinitionArn"], "reason": reason})
                continue
            shown = {**definition, "status": "DELETE_IN_PROGRESS"}
            del self.definitions[definition["family"]][definition["revision"]]
            deleted.append(shown)
        return {"taskDefinitions": deleted, "failures": failures}

    def list_task_definitions(self, params: Params) -> Params:
        status = params.get("status") or "ACTIVE"
        family = params.get("familyPrefix")
        found = [
            definition["taskDefinitionArn"]
            for name in sorted(self.definitions)
            for _, definition in sorted(self.definitions[name].items())
            if family in (None, "", name) and definition["status"] == status
        ]
        if params.get("sort") == "DESC":
            found.reverse()
        return {"taskDefinitionArns": found}

    def list_task_definition_families(self, params: Params) -> Params:
        status = params.get("status") or "ALL"
        prefix = params.get("familyPrefix") or ""
        families = []
        for name, revisions in sorted(self.definitions.items()):
            active = any(d["status"] == "ACTIVE" for d in revisions.values())
            wanted = {"ALL": True, "ACTIVE": active, "INACTIVE": not active}[status]
            if revisions and wanted and name.startswith(prefix):
                families.append(name)
        return {"families": families}


def _completed(container: dict[str, Any], task: Params) -> dict[str, Any]:
    whole = copy.deepcopy(container)
    for name in CONTAINER_LISTS:
        whole.setdefault(name, [])
    whole.setdefault("cpu", 0)
    whole.setdefault("essential", True)
    for mapping in whole["portMappings"]:
        mapping.setdefault("protocol", "tcp")
        if task.get("networkMode") in ("awsvpc", "host") and "containerPort" in mapping:
            mapping["hostPort"] = mapping["containerPort"]
    for mount in whole["mountPoints"]:
        mount.setdefault("readOnly", False)
    for source in whole["volumesFrom"]:
        source.setdefault("readOnly", False)
    if "healthCheck" in whole:
        whole["healthCheck"] = {**HEALTH_CHECK, **whole["healthCheck"]}
    return whole


def _completed_volume(volume: dict[str, Any]) -> dict[str, Any]:
    whole = copy.deepcopy(volume)
    efs = whole.get("efsVolumeConfiguration")
    if efs is not None:
        efs.setdefault("rootDirectory", "/")
    elif "dockerVolumeConfiguration" not in whole and not whole.get("configuredAtLaunch"):
        whole.setdefault("host", {})
    return whole
