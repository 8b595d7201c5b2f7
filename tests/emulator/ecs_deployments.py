# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments of ECS services: roll-out, circuit breaker, rollback, and the service deployments API.

A deployment gets on with each read of its service. Which ones fail is a setting of the account:
ecs_outcomes: [{cluster, service, image_contains | task_definition_contains, reason}].
"""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from typing import Any

from .ecs_shifts import PRODUCTION, ShiftsMixin, advanced, percentages, shifts, stages
from .state import STATE
from .support import Params, now

COPIED = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
]
DEFAULT_REASON = "CannotPullContainerError: pull image manifest has been retried 7 time(s)"
LEAST_FAILURES, MOST_FAILURES = 3, 200
_events = itertools.count(1)


class DeploymentsMixin(ShiftsMixin):
    ecs_services: dict[tuple[str, str], dict[str, Any]]

    def start_deployment(self, service: dict[str, Any], rolls_back: dict[str, Any] | None = None) -> dict[str, Any]:
        self.supersede(service)
        for other in service["deployments"]:
            if other["status"] == "PRIMARY":
                other["status"] = "ACTIVE"
        unique = "".join(random.choices("0123456789", k=19))
        deployment = {
            "id": f"ecs-svc/{unique}",
            "status": "PRIMARY",
            "taskDefinition": service["taskDefinition"],
            "desiredCount": service["desiredCount"],
            "pendingCount": service["desiredCount"],
            "runningCount": 0,
            "failedTasks": 0,
            "createdAt": now(),
            "updatedAt": now(),
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": f"ECS deployment ecs-svc/{unique} in progress.",
            **{name: service[name] for name in COPIED if name in service},
            "reads": int(STATE.setting(self.account_id, "provisioning_reads", 0) or 0),
            "groups": self.groups_of(service),
        }
        if shifts(service):
            steps = percentages(service["deploymentConfiguration"])
            deployment.update(stages=stages(service), steps=steps, shifts=True)
        if rolls_back:
            reason = f"ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/{unique}."
            deployment.update(rolloutStateReason=reason, rolls_back=rolls_back["id"])
        else:
            self._record(service, deployment, unique)
        service["deployments"].insert(0, deployment)
        return deployment

    def advance(self, service: dict[str, Any]) -> None:
        """One step of the newest deployment; what it replaces drains when it is there."""
        if "turning" in service:
            self.turned(service)
            return
        primary = service["deployments"][0] if service["deployments"] else None
        if primary is None or primary["rolloutState"] != "IN_PROGRESS":
            return
        if primary["reads"] > 0:
            primary["reads"] -= 1
            return
        outcome = self._outcome(service, primary["taskDefinition"])
        failing = outcome is not None and service["desiredCount"] > 0
        if primary.get("shifts") and self.next_stage(service, primary, failing):
            if not primary["stages"] and primary["status"] == "PRIMARY" and primary["rolloutState"] != "FAILED":
                self._complete(service, primary)
            return
        if outcome is not None and failing:
            self._fail_a_step(service, primary, outcome.get("reason") or DEFAULT_REASON)
        else:
            self._complete(service, primary)
        primary["updatedAt"] = now()

    def _complete(self, service: dict[str, Any], deployment: dict[str, Any]) -> None:
        for other in service["deployments"][1:]:
            self.stop_tasks(service, f"Scaling activity initiated by (deployment {other['id']})", other["id"])
        service["deployments"] = [deployment]
        self.scale(service)
        deployment["rolloutState"] = "COMPLETED"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} completed."
        self._event(service, f"(deployment {deployment['id']}) deployment completed.")
        self._event(service, "has reached a steady state.")
        service["completed"] = deployment["taskDefinition"]
        service["live"] = deployment["groups"]
        self._finish(service, deployment, failed=False)

    def scale(self, service: dict[str, Any]) -> None:
        """As many tasks of the newest deployment as the service wants."""
        deployment = service["deployments"][0]
        deployment["desiredCount"] = service["desiredCount"]
        if deployment.get("stages"):  # it scales up when its stage comes
            return
        if self._outcome(service, deployment["taskDefinition"]) is not None:
            return
        self.run_service_tasks(service, deployment)
        deployment.update(runningCount=service["desiredCount"], pendingCount=0)

    # ---- failing deployments -----------------------------------------------------------------------

    def _outcome(self, service: dict[str, Any], definition_arn: str) -> dict[str, Any] | None:
        definition = self.definition(definition_arn)  # type: ignore[attr-defined]
        images = [container["image"] for container in definition["containerDefinitions"]]
        for outcome in STATE.setting(self.account_id, "ecs_outcomes") or ():
            if outcome.get("cluster", "*") not in ("*", service["cluster"]):
                continue
            if outcome.get("service", "*") not in ("*", service["serviceName"]):
                continue
            image, name = outcome.get("image_contains"), outcome.get("task_definition_contains")
            if (image and any(image in i for i in images)) or (name and name in definition_arn) or not (image or name):
                return dict(outcome)
        return None

    def _fail_a_step(self, service: dict[str, Any], deployment: dict[str, Any], reason: str) -> None:
        """First the tasks fail, a read later the circuit breaker has seen enough."""
        breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        threshold = min(max(LEAST_FAILURES, service["desiredCount"] // 2), MOST_FAILURES)
        if deployment["failedTasks"] < threshold or not breaker["enable"]:
            for _ in range(threshold):
                self.fail_service_task(service, deployment, reason)
            deployment["failedTasks"] += threshold
            deployment["pendingCount"] = deployment["desiredCount"]
            self._event(service, f"was unable to place a task because of: {reason}")
            return
        if deployment.get("shifts") and breaker["rollback"]:
            self._event(service, f"(deployment {deployment['id']}) deployment failed: tasks failed to start.")
            self.turn_back(service, deployment, "ECS deployment circuit breaker: tasks failed to start.")
            self.record_of(service, deployment)["deploymentCircuitBreaker"].update(
                status="TRIGGERED", failureCount=deployment["failedTasks"]
            )
            return
        deployment.update(rolloutState="FAILED", pendingCount=0, desiredCount=0)
        deployment["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        self._event(service, f"(deployment {deployment['id']}) deployment failed: tasks failed to start.")
        back = service.get("completed")
        if breaker["rollback"] and back and "rolls_back" not in deployment:
            service["taskDefinition"] = back
            rollback = self.start_deployment(service, rolls_back=deployment)
            self._event(service, f"(deployment {deployment['id']}) rolling back to deployment {rollback['id']}.")
            self._finish(service, deployment, failed=True, rollback=True)
        else:
            self._finish(service, deployment, failed=True)

    @staticmethod
    def _event(service: dict[str, Any], text: str) -> None:
        message = f"(service {service['serviceName']}) {text}"
        number = f"{next(_events):012d}"
        event = {"id": f"00000000-0000-4000-8000-{number}", "createdAt": now(), "message": message}
        service["events"].appendleft(event)

    # ---- the service deployments API ---------------------------------------------------------------

    def _record(self, service: dict[str, Any], deployment: dict[str, Any], unique: str) -> None:
        path = f"{service['cluster']}/{service['serviceName']}"
        prefix = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}"
        breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        threshold = min(max(LEAST_FAILURES, service["desiredCount"] // 2), MOST_FAILURES)
        record = {
            "serviceDeploymentArn": f"{prefix}:service-deployment/{path}/{unique[:17]}",
            "serviceArn": service["serviceArn"],
            "clusterArn": service["clusterArn"],
            "createdAt": now(),
            "startedAt": now(),
            "updatedAt": now(),
            "status": "IN_PROGRESS",
            "deploymentConfiguration": service["deploymentConfiguration"],
            "targetServiceRevision": {
                "arn": f"{prefix}:service-revision/{path}/{unique}",
                "requestedTaskCount": service["desiredCount"],
                "runningTaskCount": 0,
                "pendingTaskCount": service["desiredCount"],
            },
            "sourceServiceRevisions": [dict(past["targetServiceRevision"]) for past in self._serving(service)],
            "deploymentCircuitBreaker": {
                "status": "MONITORING" if breaker["enable"] else "DISABLED",
                "failureCount": 0,
                "threshold": threshold,
            },
            "deployment": deployment["id"],
            "definition": service["taskDefinition"],
            "loadBalancers": service["loadBalancers"],
            "groups": deployment["groups"],
        }
        if shifts(service):
            record.update(status="PENDING", lifecycleStage="PRE_SCALE_UP")
        service["history"].insert(0, record)

    @staticmethod
    def _serving(service: dict[str, Any]) -> list[dict[str, Any]]:
        """The revision that serves production."""
        return [past for past in service["history"] if past["status"] == "SUCCESSFUL"][:1]

    @staticmethod
    def _finish(service: dict[str, Any], deployment: dict[str, Any], *, failed: bool, rollback: bool = False) -> None:
        wanted = deployment.get("rolls_back", deployment["id"])
        record = next((item for item in service["history"] if item["deployment"] == wanted), None)
        if record is None:
            return
        breaker, target = record["deploymentCircuitBreaker"], record["targetServiceRevision"]
        breaker["failureCount"] = max(breaker["failureCount"], deployment["failedTasks"])
        if failed:
            breaker["status"] = "TRIGGERED"
            record["status"] = "ROLLBACK_IN_PROGRESS" if rollback else "STOPPED"
            record["statusReason"] = deployment["rolloutStateReason"]
            if rollback:
                record["rollback"] = {"reason": deployment["rolloutStateReason"], "startedAt": now()}
        elif "rolls_back" in deployment:
            record["status"] = "ROLLBACK_SUCCESSFUL"
        else:
            record["status"] = "SUCCESSFUL"
            breaker["status"] = "MONITORING_COMPLETE" if breaker["status"] == "MONITORING" else breaker["status"]
            target.update(runningTaskCount=deployment["runningCount"], pendingTaskCount=0)
        record["updatedAt"] = now()
        if not rollback:
            record["finishedAt"] = now()

    def list_service_deployments(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))  # type: ignore[attr-defined]
        service = self.service(cluster["clusterName"], params.get("service") or "")  # type: ignore[attr-defined]
        self.advance(service)
        wanted = params.get("status") or ()
        after = (params.get("createdAt") or {}).get("after")
        found = [
            record
            for record in service["history"]
            if (not wanted or record["status"] in wanted) and (after is None or record["createdAt"] > _time(after))
        ]
        return {"serviceDeployments": [_brief(record) for record in found]}

    def describe_service_deployments(self, params: Params) -> Params:
        found, failures = [], []
        for arn in params.get("serviceDeploymentArns") or ():
            record = self._recorded("serviceDeploymentArn", arn)
            if record is None:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(record)
        return {"serviceDeployments": found, "failures": failures}

    def describe_service_revisions(self, params: Params) -> Params:
        found, failures = [], []
        for arn in params.get("serviceRevisionArns") or ():
            record = self._recorded("targetServiceRevision", arn)
            if record is None:
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            shown = {name: record[name] for name in ("serviceArn", "clusterArn", "createdAt")}
            shown |= {"taskDefinition": record["definition"], "loadBalancers": record["loadBalancers"]}
            found.append({**shown, "serviceRevisionArn": arn, "resolvedConfiguration": _resolved(record)})
        return {"serviceRevisions": found, "failures": failures}

    def _recorded(self, field: str, arn: str) -> dict[str, Any] | None:
        for service in self.ecs_services.values():
            for record in service["history"]:
                value = record[field]
                if (value["arn"] if isinstance(value, dict) else value) == arn:
                    if service["status"] == "ACTIVE":
                        self.advance(service)
                    return dict(record)
        return None


def _time(value: Any) -> datetime:
    """As the clock of this backend, from a time in JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime.fromtimestamp(float(value), UTC).replace(tzinfo=None)


def _resolved(record: dict[str, Any]) -> dict[str, Any]:
    """The target groups that the revision really serves from."""
    balancers = []
    for balancer in record["loadBalancers"]:
        rule = advanced(balancer).get(PRODUCTION)
        group = record["groups"].get(balancer.get("targetGroupArn"))
        balancers.append({"targetGroupArn": group, **({"productionListenerRule": rule} if rule else {})})
    return {"loadBalancers": balancers}


def _brief(record: dict[str, Any]) -> dict[str, Any]:
    names = [
        "serviceDeploymentArn",
        "serviceArn",
        "clusterArn",
        "startedAt",
        "createdAt",
        "finishedAt",
        "status",
        "statusReason",
    ]
    brief = {name: record[name] for name in names if name in record}
    return {**brief, "targetServiceRevisionArn": record["targetServiceRevision"]["arn"]}
