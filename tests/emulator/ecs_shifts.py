# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments that shift traffic: blue/green, linear and canary, stage by stage.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
Each read is a stage. Which of its two target groups a revision serves from is shown by its resolved configuration;
the load balancers of the service stay as they were given.
"""

from __future__ import annotations

import contextlib
from typing import Any

from moto.elbv2.models import FakeAction, elbv2_backends

from .ecs_tasks import TasksMixin
from .errors import AwsError
from .state import STATE
from .support import Params, now

Document = dict[str, Any]
ROLLING, LINEAR, CANARY = "ROLLING", "LINEAR", "CANARY"
UNDER_WAY = ("PENDING", "IN_PROGRESS")
TEST, PRODUCTION = "testListenerRule", "productionListenerRule"


def shifts(service: Document) -> bool:
    return bool(service["deploymentConfiguration"]["strategy"] != ROLLING)


def advanced(balancer: Document) -> Document:
    return balancer.get("advancedConfiguration") or {}


def pair(balancer: Document) -> list[str]:
    return [arn for arn in (balancer.get("targetGroupArn"), advanced(balancer).get("alternateTargetGroupArn")) if arn]


def stages(service: Document) -> list[str]:
    test = any(advanced(balancer).get(TEST) for balancer in service["loadBalancers"])
    bake = int(service["deploymentConfiguration"].get("bakeTimeInMinutes") or 0)
    return [
        "SCALE_UP",
        *(["TEST_TRAFFIC_SHIFT"] if test else []),
        "PRODUCTION_TRAFFIC_SHIFT",
        *(["BAKE_TIME"] if bake else []),
        "CLEAN_UP",
    ]


def percentages(configuration: Document) -> list[float]:
    """The share of production that the new revision has after each step."""
    if configuration["strategy"] == CANARY:
        return [(configuration.get("canaryConfiguration") or {}).get("canaryPercent", 5.0), 100.0]
    if configuration["strategy"] == LINEAR:
        step = (configuration.get("linearConfiguration") or {}).get("stepPercent", 10.0)
        return [*(step * n for n in range(1, int(100 // step) + 1) if step * n < 100), 100.0]
    return [100.0]


class ShiftsMixin(TasksMixin):
    def groups_of(self, service: Document) -> dict[str, str]:
        """By target group that the service names, the one that the next deployment registers its tasks with."""
        live, groups = service.get("live") or {}, {}
        for balancer in service["loadBalancers"]:
            named, both = balancer.get("targetGroupArn"), pair(balancer)
            serving = live.get(named) if live.get(named) in both else None
            others = [arn for arn in both if arn != serving]
            groups[named] = others[0] if shifts(service) and others else serving or named
        return groups

    def supersede(self, service: Document) -> None:
        """What is under way gives way to a new deployment, and only what serves production stays."""
        live = service.get("live") or {}
        for other in list(service["deployments"]):
            if other.get("stages") and other["groups"] != live:
                self.stop_tasks(service, f"Scaling activity initiated by (deployment {other['id']})", other["id"])
                service["deployments"].remove(other)
            if other.get("stages"):
                other["stages"] = []
                record = self.record_of(service, other)
                record.update(status="STOPPED", statusReason="A new service deployment was started.", finishedAt=now())

    def record_of(self, service: Document, deployment: Document) -> Document:
        return next(record for record in service["history"] if record["deployment"] == deployment["id"])

    def next_stage(self, service: Document, deployment: Document, failing: bool) -> bool:
        """One stage more; False when its tasks do not come up."""
        record, stage = self.record_of(service, deployment), deployment["stages"][0]
        record.update(status="IN_PROGRESS", lifecycleStage=stage, updatedAt=now())
        if stage == "SCALE_UP":
            if failing:
                return False
            self.run_service_tasks(service, deployment)
            deployment.update(runningCount=service["desiredCount"], pendingCount=0)
            record["targetServiceRevision"].update(runningTaskCount=service["desiredCount"], pendingTaskCount=0)
        try:
            if stage == "TEST_TRAFFIC_SHIFT":
                self._move(service, deployment, TEST, 100)
                record["targetServiceRevision"]["requestedTestTrafficWeight"] = 100.0
            elif stage == "PRODUCTION_TRAFFIC_SHIFT":
                self._move_production(service, deployment, record)
        except AwsError as error:
            self.turn_back(service, deployment, error.message)
            return True
        stays = {"PRODUCTION_TRAFFIC_SHIFT": deployment["steps"], "BAKE_TIME": self._bakes_on(deployment, stage)}
        if not stays.get(stage):
            deployment["stages"].pop(0)
        return True

    def _bakes_on(self, deployment: Document, stage: str) -> bool:
        """For as many reads as the account wants."""
        deployment["baked"] = deployment.get("baked", 0) + (stage == "BAKE_TIME")
        return deployment["baked"] < int(STATE.setting(self.account_id, "ecs_bake_reads", 1) or 1)

    def _move_production(self, service: Document, deployment: Document, record: Document) -> None:
        percent = deployment["steps"].pop(0)
        self._move(service, deployment, PRODUCTION, percent)
        record["targetServiceRevision"]["requestedProductionTrafficWeight"] = percent
        for source in record["sourceServiceRevisions"]:
            source["requestedProductionTrafficWeight"] = 100.0 - percent
        if percent == 100:
            service["live"] = deployment["groups"]

    def _move(self, service: Document, deployment: Document, kind: str, percent: float) -> None:
        for balancer in service["loadBalancers"]:
            arn = advanced(balancer).get(kind)
            if arn:
                listener, rule = self.rule(arn)
                mine = deployment["groups"][balancer["targetGroupArn"]]
                weights = {one: round(percent if one == mine else 100 - percent) for one in pair(balancer)}
                groups = [{"TargetGroupArn": one, "Weight": weight} for one, weight in reversed(weights.items())]
                rule.actions = [FakeAction({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}})]
                if rule.is_default:
                    listener.default_actions = rule.actions

    def rule(self, arn: str) -> tuple[Any, Any]:
        """A rule that forwards, with its listener."""
        for balancer in elbv2_backends[self.account_id][self.region_name].load_balancers.values():
            for listener in balancer.listeners.values():
                for rule in listener.rules.values():
                    if rule.arn == arn and all(action.type == "forward" for action in rule.actions):
                        return listener, rule
        raise AwsError(
            "InvalidParameterException", f"The listener rule {arn} was not found, or does other things than forward."
        )

    # ---- back ----------------------------------------------------------------------------------------

    def turn_back(self, service: Document, deployment: Document, reason: str) -> None:
        """Production goes back to the revision before; the next read finishes it."""
        record = self.record_of(service, deployment)
        record.update(status="ROLLBACK_IN_PROGRESS", statusReason=reason, updatedAt=now())
        source = next((other for other in service["deployments"] if other is not deployment), None)
        deployment["stages"] = []
        if source is None:
            record.update(status="STOPPED", finishedAt=now())
            deployment.update(rolloutState="FAILED", rolloutStateReason=reason, desiredCount=0, pendingCount=0)
            return
        revision = self.record_of(service, source)["targetServiceRevision"]["arn"]
        record["rollback"] = {"reason": reason, "startedAt": now(), "serviceRevisionArn": revision}
        for kind in (PRODUCTION, TEST):
            with contextlib.suppress(AwsError):
                self._move(service, source, kind, 100)
        service["live"], service["taskDefinition"] = source["groups"], source["taskDefinition"]
        self.stop_tasks(service, f"Scaling activity initiated by (deployment {deployment['id']})", deployment["id"])
        source["status"], deployment["status"] = "PRIMARY", "ACTIVE"
        deployment.update(runningCount=0, pendingCount=0, desiredCount=0)
        service["deployments"] = [source, deployment]
        service["turning"] = record

    def turned(self, service: Document) -> None:
        record = service.pop("turning")
        record.update(status="ROLLBACK_SUCCESSFUL", finishedAt=now(), updatedAt=now())
        service["deployments"] = service["deployments"][:1]

    def stop_service_deployment(self, params: Params) -> Params:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html"""
        arn = params.get("serviceDeploymentArn") or ""
        if params.get("stopType") not in (None, "ROLLBACK"):
            raise AwsError("InvalidParameterException", "The valid values of stopType are ROLLBACK.")
        for service in self.ecs_services.values():  # type: ignore[attr-defined]
            for deployment in service["deployments"]:
                if self.record_of(service, deployment)["serviceDeploymentArn"] == arn and deployment.get("stages"):
                    self.turn_back(service, deployment, "Service deployment was rolled back because of a request.")
                    return {"serviceDeploymentArn": arn}
            if any(record["serviceDeploymentArn"] == arn for record in service["history"]):
                raise AwsError("ConflictException", "The service deployment cannot be stopped any more.")
        raise AwsError("ServiceDeploymentNotFoundException", f"The service deployment {arn} was not found.")
