# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments of an ECS service: waiting for one, and telling why it failed."""

from __future__ import annotations

from collections import Counter
from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import (
    SUCCESSFUL,
    TURNED_BACK,
    TURNING_BACK,
    UNDER_WAY,
    record_of,
    shifts,
    told,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import wait_for

Document = dict[str, Any]
SHOWN = 5  # reasons and events in a message
DESCRIBED = 100  # tasks in one call


def primary(service: Document) -> Document | None:
    """The deployment that the service is to have."""
    return next((item for item in service.get("deployments", []) if item["status"] == "PRIMARY"), None)


def deployment(service: Document, identity: str) -> Document | None:
    return next((item for item in service.get("deployments", []) if item["id"] == identity), None)


def settled(service: Document, identity: str) -> bool:
    """Whether the deployment has completed with the tasks that it is to have."""
    found = deployment(service, identity)
    return bool(
        found
        and found["status"] == "PRIMARY"
        and found.get("rolloutState", "COMPLETED") == "COMPLETED"
        and found["runningCount"] == found["desiredCount"]
    )


def failure(service: Document, identity: str) -> str | None:
    """Why the deployment will not complete any more."""
    found, now = deployment(service, identity), primary(service)
    if found and found.get("rolloutState") == "FAILED":
        reason = found.get("rolloutStateReason") or "no reason given"
    elif found is None or found["status"] != "PRIMARY":
        reason = "another deployment took its place"
    else:
        return None
    if now and now["id"] != identity:
        reason += f"; the service goes on with {short(now['taskDefinition'])} (deployment {now['id']})"
    return reason


def short(arn: str) -> str:
    return arn.rsplit("/", maxsplit=1)[-1]


def task_reason(task: Document) -> str:
    """Why a task stopped, with what its containers say."""
    containers = [
        f"{container['name']}: " + ", ".join(filter(None, [_exit(container), container.get("reason")]))
        for container in task.get("containers", [])
        if container.get("exitCode") or container.get("reason")
    ]
    return " ".join([task.get("stoppedReason") or "stopped", *(f"({text})" for text in containers)])


def _exit(container: Document) -> str:
    return f"exit code {container['exitCode']}" if "exitCode" in container else ""


class Deployments:
    """The deployments of one service."""

    def __init__(self, client: Any, cluster: str, name: str) -> None:
        self.client = client
        self.cluster = cluster
        self.name = name

    def service(self) -> Document | None:
        try:
            found = self.client.describe_services(cluster=self.cluster, services=[self.name], include=["TAGS"])
        except is_boto3_error_code("ClusterNotFoundException"):
            return None
        return next(iter(found["services"]), None)

    def settle(self, service: Document, before: str, timeout: float, *, changed: bool) -> None:
        """Wait until the service is as its newest deployment is to have it, from the service as it was seen last.

        `before` is the deployment that was there before. Without a change there is nothing to wait for but what an
        interrupted run left under way.
        """
        found = primary(service)
        if found is None:
            return
        if shifts(service):
            record = None if found["id"] != before else self.record()
            if record or found["id"] != before:
                self.wait_for_shift(found, record, timeout)
            elif changed:
                self.wait(service, found["id"], timeout)
        elif changed or found.get("rolloutState") == "IN_PROGRESS":
            self.wait(service, found["id"], timeout)

    def record(self, deployment: Document | None = None) -> Document | None:
        """The service deployment behind a deployment, or the one that is under way."""
        return record_of(self.client, self.cluster, self.name, deployment)

    def wait_for_shift(self, deployment: Document, record: Document | None, timeout: float) -> None:
        """A new deployment has to succeed; one that is on its way back already has to arrive there."""
        good = {SUCCESSFUL, TURNED_BACK} if record and record["status"] in TURNING_BACK else {SUCCESSFUL}
        arn = record["serviceDeploymentArn"] if record else ""

        def read() -> Document:
            nonlocal arn
            if not arn:  # AWS shows it a moment after the deployment
                found = self.record(deployment) or {"status": "PENDING"}
                arn = found.get("serviceDeploymentArn", "")
                return found
            described = self.client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
            return described[0] if described else {"status": "PENDING"}

        def failed(seen: Document) -> str | None:
            if seen["status"] in (*UNDER_WAY, *TURNING_BACK, *good):
                return None
            now = self.service() or {}
            reason = f"{seen['status']}: {seen.get('statusReason') or 'no reason given'}"
            goes_on = f"the service goes on with {short(now['taskDefinition'])}" if now else "there is no service now"
            return f"{reason}; {goes_on}; {self.story(now, deployment['id'])}"

        wait_for(
            read,
            lambda seen: seen["status"] in good,
            what=f"ECS service {self.name}: deployment {deployment['id']}",
            timeout=timeout,
            failed=failed,
            describe=lambda seen: f"{told(seen)}, ECS goes on with it; {self.story(self.service() or {})}",
        )

    def wait(self, service: Document, identity: str, timeout: float) -> None:
        """Wait until the deployment has completed, from the service as it was seen last."""
        if settled(service, identity):
            return
        wait_for(
            lambda: self.service() or {},
            lambda seen: settled(seen, identity),
            what=f"ECS service {self.name}: deployment {identity}",
            timeout=timeout,
            failed=lambda seen: self._failed(seen, identity),
            describe=lambda seen: self._progress(seen, identity),
        )

    def _failed(self, service: Document, identity: str) -> str | None:
        reason = failure(service, identity)
        return f"{reason}; {self.story(service, identity)}" if reason else None

    def _progress(self, service: Document, identity: str) -> str:
        found = deployment(service, identity) or {}
        counts = f"{found.get('runningCount')} of {found.get('desiredCount')} tasks running"
        return f"{counts}, {found.get('rolloutState')}; {self.story(service, identity)}"

    def story(self, service: Document, identity: str = "") -> str:
        """What AWS says: why tasks stopped, and the last events of the service."""
        stopped = self.stopped_reasons(identity)
        events = [event["message"] for event in service.get("events", [])[:SHOWN]]
        return f"stopped tasks: {'; '.join(stopped) or 'none'}; last events: {' | '.join(events) or 'none'}"

    def stopped_reasons(self, identity: str = "") -> list[str]:
        """Why tasks stopped, of one deployment or of any, the most frequent reason first."""
        reasons = Counter(task_reason(task) for task in self._stopped(identity))
        return [f"{count} x {reason}" for reason, count in reasons.most_common(SHOWN)]

    def _stopped(self, identity: str) -> list[Document]:
        """Tasks of the deployment that have stopped; none when nobody may read them."""
        try:
            of_service = {"cluster": self.cluster, "serviceName": self.name, "desiredStatus": "STOPPED"}
            arns = self.client.list("list_tasks", "taskArns", **of_service)[:DESCRIBED]
            tasks = self.client.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        except ClientError:
            return []
        return [task for task in tasks if identity in ("", task.get("startedBy", ""))]
