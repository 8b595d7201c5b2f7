# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS tasks: those of services, with their targets and instances, and those that are run alone."""

from __future__ import annotations

import hashlib
import random
from ipaddress import IPv4Network
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.servicediscovery.models import servicediscovery_backends

from .errors import AwsError
from .state import STATE
from .support import Params, Tags, now

FAILED_TO_START, EXITED, STOPPED_BY_SERVICE, STOPPED_BY_USER = (
    "TaskFailedToStart",
    "EssentialContainerExited",
    "ServiceSchedulerInitiated",
    "UserInitiated",
)
STOPPED_KEPT = 200


class TasksMixin(BaseBackend):
    ecs_tasks: dict[str, dict[str, Any]]
    tags: Tags

    # ---- tasks of services -------------------------------------------------------------------------

    def run_service_tasks(self, service: dict[str, Any], deployment: dict[str, Any]) -> None:
        running = self._running(service, deployment["id"])
        for _ in range(service["desiredCount"] - len(running)):
            task = self._new_task(service, deployment)
            self._register(service, task, deployment)
        for task in running[service["desiredCount"] :]:
            self._stop(task, STOPPED_BY_SERVICE, f"Scaling activity initiated by (deployment {deployment['id']})")
            self._deregister(service, task)

    def stop_tasks(self, service: dict[str, Any], reason: str, deployment: str | None = None) -> None:
        for task in self._running(service, deployment):
            self._stop(task, STOPPED_BY_SERVICE, reason)
            self._deregister(service, task)

    def fail_service_task(self, service: dict[str, Any], deployment: dict[str, Any], reason: str) -> None:
        task = self._new_task(service, deployment)
        self._stop(task, FAILED_TO_START, reason)
        for container in task["containers"]:
            container["reason"] = reason
            container.pop("exitCode", None)
        task.pop("startedAt", None)

    def _running(self, service: dict[str, Any], deployment: str | None) -> list[dict[str, Any]]:
        group = f"service:{service['serviceName']}"
        return [
            task
            for task in self.ecs_tasks.values()
            if task["cluster"] == service["cluster"]
            and task["group"] == group
            and task["lastStatus"] != "STOPPED"
            and deployment in (None, task["startedBy"])
        ]

    def _new_task(self, owner: dict[str, Any], deployment: dict[str, Any] | None) -> dict[str, Any]:
        """Of a service, or of a request to RunTask when there is no deployment."""
        arn_of_definition = deployment["taskDefinition"] if deployment else owner["taskDefinition"]
        definition = self.definition(arn_of_definition)  # type: ignore[attr-defined]
        unique = "".join(random.choices("0123456789abcdef", k=32))
        arn = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:task/{owner['cluster']}/{unique}"
        interface = self._interface(owner, unique)
        task = {
            "taskArn": arn,
            "clusterArn": owner["clusterArn"],
            "cluster": owner["cluster"],
            "taskDefinitionArn": arn_of_definition,
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "group": owner.get("group") or f"service:{owner['serviceName']}",
            "startedBy": deployment["id"] if deployment else owner.get("startedBy"),
            "launchType": "FARGATE" if owner.get("platformVersion") else owner.get("launchType") or "FARGATE",
            "capacityProviderName": self._provider(owner),
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "cpu": definition.get("cpu"),
            "memory": definition.get("memory"),
            "connectivity": "CONNECTED",
            "createdAt": now(),
            "startedAt": now(),
            "healthStatus": "HEALTHY"
            if any("healthCheck" in c for c in definition["containerDefinitions"])
            else "UNKNOWN",
            "enableExecuteCommand": bool(owner.get("enableExecuteCommand")),
            "overrides": owner.get("overrides") or {"containerOverrides": []},
            "attachments": [interface] if interface else [],
            "containers": [self._container(arn, c, interface) for c in definition["containerDefinitions"]],
            "version": 1,
        }
        self.ecs_tasks[arn] = task
        self._forget_old()
        return task

    @staticmethod
    def _provider(owner: dict[str, Any]) -> str | None:
        strategy = owner.get("capacityProviderStrategy") or []
        return max(strategy, key=lambda item: item["weight"])["capacityProvider"] if strategy else None

    @staticmethod
    def _container(task_arn: str, container: dict[str, Any], interface: dict[str, Any] | None) -> dict[str, Any]:
        unique = hashlib.sha256(f"{task_arn}{container['name']}".encode()).hexdigest()
        details = {d["name"]: d["value"] for d in interface["details"]} if interface else {}
        shown = {
            "containerArn": f"{task_arn.replace(':task/', ':container/')}/{unique[:32]}",
            "taskArn": task_arn,
            "name": container["name"],
            "image": container["image"],
            "imageDigest": f"sha256:{unique}",
            "runtimeId": unique[:32],
            "lastStatus": "RUNNING",
            "networkBindings": [],
            "networkInterfaces": [],
            "healthStatus": "HEALTHY" if "healthCheck" in container else "UNKNOWN",
            "managedAgents": [],
            "cpu": str(container.get("cpu", 0)),
        }
        if interface:
            shown["networkInterfaces"] = [
                {"attachmentId": interface["id"], "privateIpv4Address": details["privateIPv4Address"]}
            ]
        return shown

    def _interface(self, owner: dict[str, Any], unique: str) -> dict[str, Any] | None:
        """Where the task sits in its subnet; no interface is made in EC2."""
        network = (owner.get("networkConfiguration") or {}).get("awsvpcConfiguration")
        if not network:
            return None
        ec2 = ec2_backends[self.account_id][self.region_name]
        subnet = ec2.get_subnet(random.choice(network["subnets"]))
        address = self._free_address(subnet.cidr, int(unique[:6], 16))
        details = {
            "subnetId": subnet.id,
            "networkInterfaceId": f"eni-{unique[:17]}",
            "macAddress": "02:" + ":".join(unique[i : i + 2] for i in range(0, 10, 2)),
            "privateDnsName": f"ip-{address.replace('.', '-')}.{self.region_name}.compute.internal",
            "privateIPv4Address": address,
        }
        return {
            "id": f"{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:32]}",
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED",
            "details": [{"name": name, "value": value} for name, value in details.items()],
        }

    def _free_address(self, cidr: IPv4Network, start: int) -> str:
        """One that no task holds; four at the beginning and one at the end of a subnet are reserved by AWS."""
        held = {_address(task) for task in self.ecs_tasks.values() if task["lastStatus"] != "STOPPED"}
        usable = cidr.num_addresses - 5
        addresses = (str(cidr[4 + (start + n) % usable]) for n in range(usable))
        free = next((address for address in addresses if address not in held), None)
        if free is None:
            raise AwsError("InvalidParameterException", f"The subnet {cidr} has no free address.")
        return free

    def _forget_old(self) -> None:
        stopped = [arn for arn, task in self.ecs_tasks.items() if task["lastStatus"] == "STOPPED"]
        for arn in stopped[:-STOPPED_KEPT]:
            del self.ecs_tasks[arn]

    @staticmethod
    def _stop(task: dict[str, Any], code: str, reason: str, exit_code: int = 0) -> None:
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode=code, stoppedReason=reason)
        task.update(stoppingAt=now(), stoppedAt=now(), executionStoppedAt=now(), connectivity="DISCONNECTED")
        for container in task["containers"]:
            container.update(lastStatus="STOPPED", exitCode=exit_code)

    # ---- targets and instances ---------------------------------------------------------------------

    def _register(self, service: dict[str, Any], task: dict[str, Any], deployment: dict[str, Any]) -> None:
        address = _address(task)
        groups = elbv2_backends[self.account_id][self.region_name].target_groups
        task["target_groups"] = [deployment["groups"][item.get("targetGroupArn")] for item in service["loadBalancers"]]
        for balancer, arn in zip(service["loadBalancers"], task["target_groups"], strict=True):
            group = groups.get(arn)
            if group is not None and address:
                group.targets[address] = {"Id": address, "Port": balancer["containerPort"]}
                group.deregistered_targets.pop(address, None)
        for registry_id in self._registries(service):
            backend = servicediscovery_backends[self.account_id][self.region_name]
            attributes = {"AWS_INSTANCE_IPV4": address or "", "ECS_SERVICE_NAME": service["serviceName"]}
            backend.register_instance(registry_id, task["taskArn"].rsplit("/", 1)[-1], "ecs", attributes)

    def _deregister(self, service: dict[str, Any], task: dict[str, Any]) -> None:
        address = _address(task)
        groups = elbv2_backends[self.account_id][self.region_name].target_groups
        for arn in task.get("target_groups", []):
            group = groups.get(arn)
            if group is not None and address in group.targets:
                group.deregistered_targets[address] = group.targets.pop(address)
        backend = servicediscovery_backends[self.account_id][self.region_name]
        unique = task["taskArn"].rsplit("/", 1)[-1]
        for registry_id in self._registries(service):
            found = backend.services[registry_id]
            found.instances = [instance for instance in found.instances if instance.instance_id != unique]

    def _registries(self, service: dict[str, Any]) -> list[str]:
        arns = [registry.get("registryArn") for registry in service["serviceRegistries"]]
        known = servicediscovery_backends[self.account_id][self.region_name].services
        return [found.id for found in known.values() if found.arn in arns]

    # ---- the task operations -----------------------------------------------------------------------

    def run_task(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))  # type: ignore[attr-defined]
        definition = self.definition(params.get("taskDefinition") or "", message="TaskDefinition not found.")  # type: ignore[attr-defined]
        if definition["status"] != "ACTIVE":
            raise AwsError("ClientException", "TaskDefinition is inactive")
        owner = {
            **params,
            "cluster": cluster["clusterName"],
            "clusterArn": cluster["clusterArn"],
            "taskDefinition": definition["taskDefinitionArn"],
            "group": params.get("group") or f"family:{definition['family']}",
        }
        if definition.get("networkMode") == "awsvpc" and not params.get("networkConfiguration"):
            raise AwsError(
                "InvalidParameterException",
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            )
        tasks = [self._new_task(owner, None) for _ in range(int(params.get("count") or 1))]
        for task in tasks:
            task["ends_after"] = int(STATE.setting(self.account_id, "provisioning_reads", 0) or 0) + 1
            self.tags.add(task["taskArn"], params.get("tags"))
        shown = [{**task, "lastStatus": "PROVISIONING"} for task in tasks]
        return {"tasks": shown, "failures": []}

    def _get_on(self, task: dict[str, Any]) -> None:
        """A task that was run alone ends by itself after some reads."""
        if "ends_after" not in task or task["lastStatus"] == "STOPPED":
            return
        task["ends_after"] -= 1
        if task["ends_after"] < 0:
            code = int(STATE.setting(self.account_id, "ecs_run_task_exit_code", 0) or 0)
            self._stop(task, EXITED, "Essential container in task exited", code)

    def describe_tasks(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))  # type: ignore[attr-defined]
        found, failures = [], []
        for name in params.get("tasks") or ():
            unique = name.rsplit("/", 1)[-1]
            prefix = f"arn:{self.partition}:ecs:{self.region_name}:{self.account_id}:task/{cluster['clusterName']}/"
            task = self.ecs_tasks.get(prefix + unique)
            if task is None:
                failures.append({"arn": prefix + unique, "reason": "MISSING"})
                continue
            self._get_on(task)
            tags = self.tags.list(task["taskArn"]) if "TAGS" in (params.get("include") or ()) else []
            found.append({**task, "tags": tags})
        return {"tasks": found, "failures": failures}

    def list_tasks(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))  # type: ignore[attr-defined]
        wanted = params.get("desiredStatus") or "RUNNING"
        service = params.get("serviceName")
        group = f"service:{service.rsplit('/', 1)[-1]}" if service else None
        if service:
            self.service(cluster["clusterName"], service)  # type: ignore[attr-defined]
        arns = [
            arn
            for arn, task in self.ecs_tasks.items()
            if task["cluster"] == cluster["clusterName"]
            and task["desiredStatus"] == wanted
            and group in (None, task["group"])
            and params.get("startedBy") in (None, task["startedBy"])
            and params.get("launchType") in (None, task["launchType"])
            and params.get("family") in (None, task["taskDefinitionArn"].rsplit("/", 1)[-1].split(":")[0])
        ]
        return {"taskArns": arns}

    def stop_task(self, params: Params) -> Params:
        cluster = self.cluster(params.get("cluster"))  # type: ignore[attr-defined]
        unique = (params.get("task") or "").rsplit("/", 1)[-1]
        for arn, task in self.ecs_tasks.items():
            if arn.endswith(f"/{unique}") and task["cluster"] == cluster["clusterName"]:
                self._stop(task, STOPPED_BY_USER, params.get("reason") or "Task stopped by user")
                return {"task": task}
        raise AwsError("InvalidParameterException", "The referenced task was not found.")


def _address(task: dict[str, Any]) -> str | None:
    for attachment in task["attachments"]:
        for detail in attachment["details"]:
            if detail["name"] == "privateIPv4Address":
                return str(detail["value"])
    return None
