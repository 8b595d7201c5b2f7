# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS clusters and the tags of all ECS resources."""

from __future__ import annotations

import re
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.servicediscovery.models import servicediscovery_backends

from .errors import AwsError
from .support import Params, Tags

NAME = re.compile(r"^[A-Za-z0-9_\-]{1,255}$")
FARGATE = ("FARGATE", "FARGATE_SPOT")
INSIGHTS = ("enabled", "disabled", "enhanced")


class ClustersMixin(BaseBackend):
    ecs_clusters: dict[str, dict[str, Any]]
    ecs_services: dict[tuple[str, str], dict[str, Any]]
    ecs_tasks: dict[str, dict[str, Any]]
    definitions: dict[str, dict[int, dict[str, Any]]]
    capacity_providers: dict[str, Any]
    account_settings: dict[str, Any]
    tags: Tags

    def create_cluster(self, params: Params) -> Params:
        name = params.get("clusterName") or "default"
        if not NAME.match(name):
            raise AwsError("InvalidParameterException", "Cluster name contains invalid characters.")
        current = self.ecs_clusters.get(name)
        if current and current["status"] == "ACTIVE":
            return {"cluster": self._shown_cluster(current, ("SETTINGS", "CONFIGURATIONS", "TAGS"))}
        providers = params.get("capacityProviders") or []
        self._check_providers(providers, params.get("defaultCapacityProviderStrategy") or [])
        arn = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:cluster/{name}"
        setting = self.account_settings.get("containerInsights")
        insights = setting.value if setting else "disabled"
        cluster = {
            "clusterArn": arn,
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "statistics": [],
            "settings": [{"name": "containerInsights", "value": insights}],
            "capacityProviders": providers,
            "defaultCapacityProviderStrategy": _strategy(params.get("defaultCapacityProviderStrategy") or []),
        }
        self._apply(cluster, params)
        self.ecs_clusters[name] = cluster
        self.tags.drop(arn)
        self.tags.add(arn, params.get("tags"))
        return {"cluster": self._shown_cluster(cluster, ("SETTINGS", "CONFIGURATIONS", "TAGS"))}

    def update_cluster(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        self._apply(cluster, params)
        return {"cluster": self._shown_cluster(cluster, ("SETTINGS", "CONFIGURATIONS", "TAGS"))}

    def update_cluster_settings(self, params: Params) -> Params:
        return self.update_cluster(params)

    def put_cluster_capacity_providers(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        providers = params.get("capacityProviders") or []
        strategy = params.get("defaultCapacityProviderStrategy") or []
        self._check_providers(providers, strategy)
        used = {
            item["capacityProvider"]
            for (name, _), service in self.ecs_services.items()
            for item in service.get("capacityProviderStrategy") or ()
            if name == cluster["clusterName"] and service["status"] == "ACTIVE"
        }
        lost = sorted(used - set(providers))
        if lost:
            raise AwsError(
                "ResourceInUseException",
                f"The specified capacity provider is in use and cannot be removed: {', '.join(lost)}.",
            )
        cluster.update(capacityProviders=providers, defaultCapacityProviderStrategy=_strategy(strategy))
        return {"cluster": self._shown_cluster(cluster, ("SETTINGS", "CONFIGURATIONS", "TAGS"))}

    def describe_clusters(self, params: Params) -> Params:
        found, failures = [], []
        for wanted in params.get("clusters") or ["default"]:
            cluster = self.ecs_clusters.get(wanted.rsplit("/", 1)[-1])
            if cluster:
                found.append(self._shown_cluster(cluster, params.get("include") or ()))
            else:
                arn = (
                    f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:cluster/{wanted.rsplit('/', 1)[-1]}"
                )
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"clusters": found, "failures": failures}

    def list_clusters(self, params: Params) -> Params:
        return {"clusterArns": [c["clusterArn"] for c in self.ecs_clusters.values() if c["status"] == "ACTIVE"]}

    def delete_cluster(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        counts = self._counts(cluster["clusterName"])
        if counts["activeServicesCount"]:
            raise AwsError(
                "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
            )
        if counts["runningTasksCount"]:
            raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        cluster["status"] = "INACTIVE"
        return {"cluster": self._shown_cluster(cluster, ())}

    def cluster(self, name: str | None) -> dict[str, Any]:
        cluster = self.ecs_clusters.get((name or "default").rsplit("/", 1)[-1])
        if cluster is None or cluster["status"] != "ACTIVE":
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def _apply(self, cluster: dict[str, Any], params: Params) -> None:
        for setting in params.get("settings") or ():
            if setting.get("name") != "containerInsights" or setting.get("value") not in INSIGHTS:
                raise AwsError(
                    "InvalidParameterException", f"Invalid setting: {setting.get('name')}={setting.get('value')}"
                )
            cluster["settings"] = [setting]
        if params.get("configuration") is not None:
            cluster["configuration"] = params["configuration"]
        defaults = params.get("serviceConnectDefaults")
        if defaults is not None:
            namespace = defaults.get("namespace") or ""
            if namespace:
                cluster["serviceConnectDefaults"] = {"namespace": self.namespace_arn(namespace)}
            else:
                cluster.pop("serviceConnectDefaults", None)

    def namespace_arn(self, name: str) -> str:
        """Of a namespace by name or ARN; a name that nobody has becomes an HTTP namespace, as on AWS."""
        backend = servicediscovery_backends[self.account_id][self.region_name]
        for namespace in backend.namespaces.values():
            if name in (namespace.name, namespace.arn):
                return str(namespace.arn)
        if name.startswith("arn:"):
            raise AwsError("NamespaceNotFoundException", f"The namespace {name} does not exist.")
        backend.create_http_namespace(name, "ecs", "", [])
        return self.namespace_arn(name)

    def _check_providers(self, providers: list[str], strategy: list[dict[str, Any]]) -> None:
        for name in providers:
            if name not in FARGATE and name not in self.capacity_providers:
                raise AwsError("InvalidParameterException", f"The specified capacity provider was not found: {name}. ")
        for item in strategy:
            if item.get("capacityProvider") not in providers:
                raise AwsError(
                    "InvalidParameterException",
                    "The specified default capacity provider strategy cannot contain a capacity provider that is not "
                    "associated with the cluster. Associate the capacity provider with the cluster and try again.",
                )
        if sum(1 for item in strategy if item.get("base")) > 1:
            raise AwsError("InvalidParameterException", "Only one capacity provider can have a base defined.")

    def _counts(self, name: str) -> dict[str, int]:
        tasks = [t for t in self.ecs_tasks.values() if t["cluster"] == name and t["lastStatus"] != "STOPPED"]
        services = [s for (owner, _), s in self.ecs_services.items() if owner == name and s["status"] == "ACTIVE"]
        return {
            "runningTasksCount": sum(1 for task in tasks if task["lastStatus"] == "RUNNING"),
            "pendingTasksCount": sum(1 for task in tasks if task["lastStatus"] == "PENDING"),
            "activeServicesCount": len(services),
        }

    def _shown_cluster(self, cluster: dict[str, Any], include: Any) -> dict[str, Any]:
        shown = {**cluster, **self._counts(cluster["clusterName"]), "tags": []}
        if "SETTINGS" not in include:
            shown["settings"] = []
        if "CONFIGURATIONS" not in include:
            shown.pop("configuration", None)
        if "TAGS" in include:
            shown["tags"] = self.tags.list(cluster["clusterArn"])
        return shown

    # ---- tags --------------------------------------------------------------------------------------

    def list_tags_for_resource(self, params: Params) -> Params:
        return {"tags": self.tags.list(self._existing(params.get("resourceArn") or ""))}

    def tag_resource(self, params: Params) -> Params:  # type: ignore[override]
        self.tags.add(self._existing(params.get("resourceArn") or ""), params.get("tags"))
        return {}

    def untag_resource(self, params: Params) -> Params:  # type: ignore[override]
        self.tags.remove(self._existing(params.get("resourceArn") or ""), params.get("tagKeys") or ())
        return {}

    def _existing(self, arn: str) -> str:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "ecs":
            raise AwsError("InvalidParameterException", f"Invalid identifier: {arn}")
        kind, _, name = parts[5].partition("/")
        if kind == "cluster":
            self.cluster(name)
        elif kind == "task-definition":
            self.definition(name)  # type: ignore[attr-defined]
        elif kind == "service":
            cluster, _, service = name.rpartition("/")
            self.service(cluster, service)  # type: ignore[attr-defined]
        elif kind == "task" and arn not in self.ecs_tasks:
            raise AwsError("InvalidParameterException", "The specified task is stopped or does not exist.")
        return arn


def _strategy(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"capacityProvider": i["capacityProvider"], "weight": i.get("weight", 0), "base": i.get("base", 0)}
        for i in items
    ]
