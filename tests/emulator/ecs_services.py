# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS services: create, update, delete and read."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from .ecs_clusters import FARGATE, _strategy
from .ecs_deployments import DeploymentsMixin
from .ecs_service_checks import ServiceChecksMixin
from .ecs_shift_checks import OWN, ShiftChecksMixin
from .errors import AwsError
from .support import Params, begin, now, passing

NAME = re.compile(r"^[A-Za-z0-9_\-]{1,255}$")
KIND = "ecs-service"
EVENTS_KEPT = 100
# What an update can set, and of that what only a new deployment brings to the tasks.
PLAIN = [
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
]
DEPLOYED = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
]
BREAKER = {"enable": False, "rollback": False}


class ServicesMixin(DeploymentsMixin, ServiceChecksMixin, ShiftChecksMixin):
    # ---- create ------------------------------------------------------------------------------------

    def create_service(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        name = params.get("serviceName") or ""
        if not NAME.match(name):
            raise AwsError("InvalidParameterException", "Service name contains invalid characters.")
        key = (cluster["clusterName"], name)
        current = self.ecs_services.get(key)
        if current and current["status"] == "ACTIVE":
            raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
        if current and current["status"] == "DRAINING":
            raise AwsError("InvalidParameterException", "Unable to Start a service that is still Draining.")
        service = self._new_service(cluster, name, params)
        self.check_service(service, cluster)
        self.check_shift(service, params.get("deploymentConfiguration"))
        self.ecs_services[key] = service
        self.tags.drop(service["serviceArn"])
        self.tags.add(service["serviceArn"], params.get("tags"))
        self.start_deployment(service)
        return {"service": self._shown_service(service, ("TAGS",))}

    def _new_service(self, cluster: dict[str, Any], name: str, params: Params) -> dict[str, Any]:
        definition = self.definition(params.get("taskDefinition") or "", message="TaskDefinition not found.")
        if definition["status"] != "ACTIVE":
            raise AwsError("ClientException", "TaskDefinition is inactive")
        if params.get("desiredCount") is None and params.get("schedulingStrategy") != "DAEMON":
            raise AwsError("InvalidParameterException", "desiredCount is required for the REPLICA strategy.")
        scope = f"{self.region_name}:{self.account_id}"
        role = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        service = {
            "serviceArn": f"arn:{self.partition}:ecs:{scope}:service/{cluster['clusterName']}/{name}",
            "serviceName": name,
            "clusterArn": cluster["clusterArn"],
            "cluster": cluster["clusterName"],
            "status": "ACTIVE",
            "desiredCount": int(params.get("desiredCount") or 0),
            "runningCount": 0,
            "pendingCount": 0,
            "taskDefinition": definition["taskDefinitionArn"],
            "loadBalancers": params.get("loadBalancers") or [],
            "serviceRegistries": params.get("serviceRegistries") or [],
            "deploymentConfiguration": _deployment_configuration({}, params.get("deploymentConfiguration")),
            "deploymentController": params.get("deploymentController") or {"type": "ECS"},
            "schedulingStrategy": params.get("schedulingStrategy") or "REPLICA",
            "placementConstraints": params.get("placementConstraints") or [],
            "placementStrategy": params.get("placementStrategy") or [],
            "enableECSManagedTags": bool(params.get("enableECSManagedTags")),
            "enableExecuteCommand": bool(params.get("enableExecuteCommand")),
            "propagateTags": params.get("propagateTags") or "NONE",
            "availabilityZoneRebalancing": params.get("availabilityZoneRebalancing") or "ENABLED",
            "healthCheckGracePeriodSeconds": params.get("healthCheckGracePeriodSeconds"),
            "roleArn": f"arn:{self.partition}:iam::{self.account_id}:{role}",
            "createdAt": now(),
            "createdBy": f"arn:{self.partition}:iam::{self.account_id}:root",
            "deployments": [],
            "history": [],
            "events": deque(maxlen=EVENTS_KEPT),
        }
        if service["loadBalancers"] and service["healthCheckGracePeriodSeconds"] is None:
            service["healthCheckGracePeriodSeconds"] = 0
        for optional in ("networkConfiguration", "serviceConnectConfiguration", "volumeConfigurations"):
            if params.get(optional) is not None:
                service[optional] = params[optional]
        self._set_compute(service, cluster, params)
        _complete_network(service)
        return service

    def _set_compute(self, service: dict[str, Any], cluster: dict[str, Any], params: Params) -> None:
        strategy = params.get("capacityProviderStrategy")
        if strategy and params.get("launchType"):
            raise AwsError(
                "InvalidParameterException",
                "Specifying both a launch type and capacity provider strategy is not supported. "
                "Remove one and try again.",
            )
        if not strategy and not params.get("launchType"):
            strategy = cluster["defaultCapacityProviderStrategy"]
        if strategy:
            service["capacityProviderStrategy"] = _strategy(strategy)
            fargate = all(item["capacityProvider"] in FARGATE for item in strategy)
        else:
            service["launchType"] = params.get("launchType") or "EC2"
            fargate = service["launchType"] == "FARGATE"
        if fargate:
            service["platformVersion"] = params.get("platformVersion") or "LATEST"
            service["platformFamily"] = "Linux"

    # ---- update ------------------------------------------------------------------------------------

    def update_service(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        service = self.service(cluster["clusterName"], params.get("service") or "")
        if service["status"] != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        wanted = {**service, **self._changes(service, params)}
        _complete_network(wanted)
        self.check_service(wanted, cluster)
        self.check_shift(wanted, params.get("deploymentConfiguration"), service)
        anew = any(wanted.get(name) != service.get(name) for name in DEPLOYED)
        if "capacityProviderStrategy" in wanted and params.get("capacityProviderStrategy"):
            wanted.pop("launchType", None)
        service.clear()
        service.update(wanted)
        if anew or params.get("forceNewDeployment"):
            self.start_deployment(service)
        elif service["deployments"]:
            self.scale(service)
        return {"service": self._shown_service(service, ("TAGS",))}

    def _changes(self, service: dict[str, Any], params: Params) -> dict[str, Any]:
        changes = {name: params[name] for name in (*PLAIN, *DEPLOYED) if params.get(name) is not None}
        if params.get("desiredCount") is not None:
            changes["desiredCount"] = int(params["desiredCount"])
        if "taskDefinition" in changes:
            definition = self.definition(changes["taskDefinition"], message="TaskDefinition not found.")
            if definition["status"] != "ACTIVE":
                raise AwsError("ClientException", "TaskDefinition is inactive")
            changes["taskDefinition"] = definition["taskDefinitionArn"]
        if params.get("deploymentConfiguration") is not None:
            changes["deploymentConfiguration"] = _deployment_configuration(
                service["deploymentConfiguration"], params["deploymentConfiguration"]
            )
        if "capacityProviderStrategy" in changes:
            changes["capacityProviderStrategy"] = _strategy(changes["capacityProviderStrategy"])
            changed = changes["capacityProviderStrategy"] != service.get("capacityProviderStrategy")
            if changed and not params.get("forceNewDeployment"):
                raise AwsError(
                    "InvalidParameterException",
                    "When switching from launch type to capacity provider strategy on an existing service, or making "
                    "a change to a capacity provider strategy on a service that is already using one, you must force "
                    "a new deployment.",
                )
        return changes

    # ---- delete ------------------------------------------------------------------------------------

    def delete_service(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        service = self.service(cluster["clusterName"], params.get("service") or "")
        if service["status"] == "INACTIVE":
            raise AwsError("ServiceNotFoundException", "Service not found.")
        if service["status"] == "ACTIVE" and service["desiredCount"] and not params.get("force"):
            raise AwsError("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
        service.update(status="DRAINING", desiredCount=0)
        self.stop_tasks(service, "Scaling activity initiated by service deletion")
        service["deployments"] = []
        begin(self, KIND, service["serviceArn"], "DRAINING")
        return {"service": self._shown_service(service, ("TAGS",))}

    # ---- read --------------------------------------------------------------------------------------

    def service(self, cluster: str, name: str) -> dict[str, Any]:
        service = self.ecs_services.get((cluster, name.rsplit("/", 1)[-1]))
        if service is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        return service

    def describe_services(self, params: Any, names: list[str] | None = None) -> Any:
        """Also with moto's own signature, which its application-autoscaling calls."""
        if names is not None:
            params = {"cluster": params, "services": names}
        cluster = self.cluster(params.get("cluster"))
        found, failures = [], []
        for name in params.get("services") or ():
            service = self.ecs_services.get((cluster["clusterName"], name.rsplit("/", 1)[-1]))
            if service is None:
                arn = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:service/{name.rsplit('/', 1)[-1]}"
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            self._advance_service(service)
            found.append(self._shown_service(service, params.get("include") or ()))
        if names is not None:
            return found, failures
        return {"services": found, "failures": failures}

    def _advance_service(self, service: dict[str, Any]) -> None:
        if service["status"] == "DRAINING":
            if passing(self, KIND, service["serviceArn"], read=True) is None:
                service["status"] = "INACTIVE"
        elif service["status"] == "ACTIVE":
            self.advance(service)

    def list_services(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))
        arns = [
            service["serviceArn"]
            for (owner, _), service in self.ecs_services.items()
            if owner == cluster["clusterName"]
            and service["status"] != "INACTIVE"
            and params.get("launchType") in (None, service.get("launchType"))
            and params.get("schedulingStrategy") in (None, service["schedulingStrategy"])
        ]
        return {"serviceArns": arns}

    def _shown_service(self, service: dict[str, Any], include: Any) -> dict[str, Any]:
        shown = {**service, "events": list(service["events"]), "deployments": _deployments(service)}
        shown["runningCount"] = sum(d["runningCount"] for d in service["deployments"])
        shown["pendingCount"] = sum(d["pendingCount"] for d in service["deployments"])
        if "TAGS" in include:
            shown["tags"] = self.tags.list(service["serviceArn"])
        return shown


def _deployments(service: dict[str, Any]) -> list[dict[str, Any]]:
    """The state of the roll-out is returned of rolling updates only."""
    hidden = ("rolloutState", "rolloutStateReason")
    return [{k: v for k, v in d.items() if not (d.get("shifts") and k in hidden)} for d in service["deployments"]]


def _deployment_configuration(current: dict[str, Any], wanted: dict[str, Any] | None) -> dict[str, Any]:
    whole = {
        "deploymentCircuitBreaker": dict(BREAKER),
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        **current,
        **{name: value for name, value in (wanted or {}).items() if value is not None},
    }
    whole["deploymentCircuitBreaker"] = {**BREAKER, **whole["deploymentCircuitBreaker"]}
    for strategy, (own, _, _) in OWN.items():
        if whole["strategy"] != strategy and not (wanted or {}).get(own):
            whole.pop(own, None)
    return whole


def _complete_network(service: dict[str, Any]) -> None:
    network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if network:
        network.setdefault("securityGroups", [])
        network.setdefault("assignPublicIp", "DISABLED")
