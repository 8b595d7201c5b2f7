# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS refuses in a service."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.servicediscovery.models import servicediscovery_backends

from .ecs_clusters import ClustersMixin
from .ecs_task_definitions import TaskDefinitionsMixin
from .errors import AwsError


def refuse(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


class ServiceChecksMixin(ClustersMixin, TaskDefinitionsMixin):
    def check_service(self, service: dict[str, Any], cluster: dict[str, Any]) -> None:
        definition = self.definition(service["taskDefinition"])
        self._check_network(service, definition)
        self._check_compute(service, cluster, definition)
        for balancer in service["loadBalancers"]:
            self._check_balancer(balancer, definition)
        if not service["loadBalancers"] and service.get("healthCheckGracePeriodSeconds"):
            raise refuse("Health check grace period is only valid for services configured to use load balancers")
        for registry in service["serviceRegistries"]:
            self._check_registry(registry)
        if service["enableExecuteCommand"] and not definition.get("taskRoleArn"):
            raise refuse(
                "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task "
                "role in your task definition and try again."
            )
        self._check_numbers(service)
        self._check_service_connect(service, cluster, definition)

    def _check_network(self, service: dict[str, Any], definition: dict[str, Any]) -> None:
        network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration")
        if definition.get("networkMode") != "awsvpc":
            if network:
                raise refuse("Network Configuration is not valid for the given networkMode of this task definition.")
            return
        if not network:
            raise refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        if not network.get("subnets"):
            raise refuse("subnets can not be empty.")
        ec2 = ec2_backends[self.account_id][self.region_name]
        subnets = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
        groups = {group_id: vpc for vpc, of_vpc in ec2.groups.items() for group_id in of_vpc}
        for subnet in network["subnets"]:
            if subnet not in subnets:
                raise refuse(f"The subnet ID '{subnet}' does not exist")
        vpc = subnets[network["subnets"][0]].vpc_id
        if any(subnets[subnet].vpc_id != vpc for subnet in network["subnets"]):
            raise refuse("The subnets must be in the same VPC.")
        for group in network.get("securityGroups") or ():
            if group not in groups:
                raise refuse(f"The security group '{group}' does not exist")
            if groups[group] != vpc:
                raise refuse(
                    f"The security group {group} and subnet {network['subnets'][0]} belong to different networks."
                )

    @staticmethod
    def _check_compute(service: dict[str, Any], cluster: dict[str, Any], definition: dict[str, Any]) -> None:
        strategy = service.get("capacityProviderStrategy") or []
        for item in strategy:
            if item["capacityProvider"] not in cluster["capacityProviders"]:
                raise refuse(
                    "The specified capacity provider strategy cannot contain a capacity provider that is not "
                    "associated with the cluster. Associate the capacity provider with the cluster and try again."
                )
        if sum(1 for item in strategy if item["base"]) > 1:
            raise refuse("Only one capacity provider can have a base defined.")
        if strategy and not any(item["weight"] for item in strategy):
            raise refuse("At least one capacity provider must have a weight greater than 0.")
        if service.get("platformVersion") and "FARGATE" not in definition.get("requiresCompatibilities", ["FARGATE"]):
            raise refuse("Task definition does not support launch_type FARGATE.")

    def _check_balancer(self, balancer: dict[str, Any], definition: dict[str, Any]) -> None:
        containers = {c["name"]: c for c in definition["containerDefinitions"]}
        container = containers.get(balancer.get("containerName"))
        if container is None:
            raise refuse(f"The container {balancer.get('containerName')} does not exist in the task definition.")
        ports = [mapping.get("containerPort") for mapping in container["portMappings"]]
        if balancer.get("containerPort") not in ports:
            raise refuse(
                f"The container {balancer['containerName']} did not have a container port "
                f"{balancer.get('containerPort')} defined."
            )
        arn = balancer.get("targetGroupArn")
        group = elbv2_backends[self.account_id][self.region_name].target_groups.get(arn)
        if group is None:
            raise refuse(
                "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service "
                "role being passed has the proper permissions."
            )
        if not group.load_balancer_arns:
            raise refuse(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")
        if definition.get("networkMode") == "awsvpc" and group.target_type != "ip":
            raise refuse(
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
                "awsvpc network mode specified in the task definition."
            )

    def _check_registry(self, registry: dict[str, Any]) -> None:
        services = servicediscovery_backends[self.account_id][self.region_name].services
        if registry.get("registryArn") not in [service.arn for service in services.values()]:
            raise refuse(f"The specified service registry {registry.get('registryArn')} does not exist.")

    @staticmethod
    def _check_numbers(service: dict[str, Any]) -> None:
        if service["desiredCount"] < 0:
            raise refuse("desiredCount must not be negative.")
        configuration = service["deploymentConfiguration"]
        if int(configuration["maximumPercent"]) < 100 or not 0 <= int(configuration["minimumHealthyPercent"]) <= 100:
            raise refuse("The deployment configuration's percentages are invalid.")
        if int(configuration["maximumPercent"]) == 100 and int(configuration["minimumHealthyPercent"]) == 100:
            raise refuse("The specified deploymentConfiguration would never let a deployment make progress.")

    def _check_service_connect(
        self, service: dict[str, Any], cluster: dict[str, Any], definition: dict[str, Any]
    ) -> None:
        connect = service.get("serviceConnectConfiguration") or {}
        if not connect.get("enabled"):
            return
        namespace = connect.get("namespace") or (cluster.get("serviceConnectDefaults") or {}).get("namespace")
        if not namespace:
            raise refuse("Service Connect needs a namespace: neither the service nor the cluster names one.")
        backend = servicediscovery_backends[self.account_id][self.region_name]
        if namespace not in [name for n in backend.namespaces.values() for name in (n.name, n.arn)]:
            raise AwsError("NamespaceNotFoundException", f"The namespace {namespace} does not exist.")
        names = [m.get("name") for c in definition["containerDefinitions"] for m in c["portMappings"]]
        for item in connect.get("services") or ():
            if item.get("portName") not in names:
                raise refuse(
                    f"portName({item.get('portName')}) does not refer to any named PortMapping in the task definition."
                )
