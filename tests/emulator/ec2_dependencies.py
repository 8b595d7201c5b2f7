# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: what is in use is not deleted, and NAT gateways that give back what they hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.ecs.models import ecs_backends
from moto.elasticache.models import elasticache_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from .ec2_network import NetworkMixin
from .errors import AwsError
from .support import begin, passing

NAT = "nat-gateway"
Use = tuple[str, set[str], set[str]]


class DependenciesMixin(NetworkMixin, EC2Backend):
    # whose default security group may go, with it
    _going_vpc: str | None = None

    # ---- who uses groups and subnets ---------------------------------------------------------------

    def _uses(self) -> Iterator[Use]:
        """Name, security groups and subnets of whatever has network interfaces."""
        place = (self.account_id, self.region_name)
        for balancer in elbv2_backends[place[0]][place[1]].load_balancers.values():
            yield balancer.arn, set(balancer.security_groups or ()), {subnet.id for subnet in balancer.subnets}
        for database in rds_backends[place[0]][place[1]].databases.values():
            group = getattr(database, "db_subnet_group", None)
            subnets = {subnet.id for subnet in group._subnets} if group else set()
            yield database.db_instance_arn, set(database.vpc_security_group_ids), subnets
        caches: Any = elasticache_backends[place[0]][place[1]]
        for cache in caches.replication_groups.values():
            names = caches.subnet_groups.get(cache["subnet_group"], {}).get("Subnets", ())
            yield cache["ARN"], set(cache["security_groups"]), {item["SubnetIdentifier"] for item in names}
        for endpoint in self.vpc_end_points.values():
            if endpoint.state != "deleted":
                yield endpoint.id, set(endpoint.security_group_ids or ()), set(endpoint.subnet_ids or ())
        tasks: Any = ecs_backends[place[0]][place[1]]
        for service in tasks.ecs_services.values():
            network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration")
            if network and service["status"] == "ACTIVE" and service["desiredCount"]:
                yield service["serviceArn"], set(network["securityGroups"]), set(network["subnets"])
        for gateway in self.nat_gateways.values():
            if gateway.state not in ("deleted", "deleting", "failed"):
                yield gateway.id, set(), {gateway.subnet_id}
        for interface in self.enis.values():
            groups = {group.id for group in interface._group_set or ()}
            yield interface.id, groups, {interface.subnet.id}

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name or "")
        if group is None:
            return super().delete_security_group(name, group_id)
        if group.name == "default":
            if self._going_vpc == group.vpc_id:
                return super().delete_security_group(group_id=group.id)
            raise AwsError(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        if group.id in self._referenced(group.id) or any(group.id in groups for _, groups, _ in self._uses()):
            raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
        return super().delete_security_group(group_id=group.id)

    def _referenced(self, group_id: str) -> set[str]:
        """Groups that the rules of others name."""
        found: set[str] = set()
        for group in itertools.chain.from_iterable(groups.values() for groups in self.groups.values()):
            if group.id == group_id:
                continue
            for rule in (*group.ingress_rules, *group.egress_rules):
                found.add(rule.source_group.get("GroupId", ""))
        return found

    def delete_subnet(self, subnet_id: str) -> Subnet:
        if any(subnet_id in subnets for _, _, subnets in self._uses()):
            raise AwsError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return super().delete_subnet(subnet_id)

    def delete_vpc(self, vpc_id: str) -> VPC:
        own_groups = [group for group in self.groups.get(vpc_id, {}).values() if group.name != "default"]
        gateways = [gateway for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id]
        endpoints = [e for e in self.vpc_end_points.values() if e.vpc_id == vpc_id and e.state != "deleted"]
        acls = [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]
        if own_groups or gateways or endpoints or not all(acl.default for acl in acls):
            raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        self._going_vpc = vpc_id
        try:
            gone = super().delete_vpc(vpc_id)
        finally:
            self._going_vpc = None
        for acl in acls:
            del self.network_acls[acl.id]
        return gone

    def detach_internet_gateway(self, internet_gateway_id: str, vpc_id: str) -> None:
        gone = ("deleted", "deleting", "failed")
        nat = [g for g in self.nat_gateways.values() if g.vpc_id == vpc_id and g.state not in gone]
        balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
        public = [b for b in balancers if b.vpc_id == vpc_id and b.scheme == "internet-facing"]
        if any(gateway.connectivity_type == "public" for gateway in nat) or public:
            raise AwsError(
                "DependencyViolation",
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
                "detaching the gateway.",
            )
        super().detach_internet_gateway(internet_gateway_id, vpc_id)

    # ---- NAT gateways ------------------------------------------------------------------------------

    def create_nat_gateway(
        self, subnet_id: str, allocation_id: str, tags: Any = None, connectivity_type: str = "public"
    ) -> NatGateway:
        kind = connectivity_type or "public"
        self.get_subnet(subnet_id)
        if kind == "public" and not allocation_id:
            raise AwsError("MissingParameter", "The request must contain the parameter AllocationId")
        if allocation_id:
            (address,) = self.address_by_allocation([allocation_id])
            if address.association_id:
                raise AwsError(
                    "Resource.AlreadyAssociated", f"Elastic IP address [{allocation_id}] is already associated"
                )
        gateway = super().create_nat_gateway(subnet_id, allocation_id, tags, kind)
        if not begin(self, NAT, gateway.id, "pending") and self.without_a_way_out(gateway):
            self.fail_nat_gateway(gateway)
        return gateway

    def describe_nat_gateways(self, filters: Any, nat_gateway_ids: list[str] | None) -> list[NatGateway]:
        for gateway_id in nat_gateway_ids or ():
            if gateway_id not in self.nat_gateways:
                raise AwsError("NatGatewayNotFound", f"The Nat Gateway {gateway_id} was not found")
        filters = dict(filters or {})
        by_state = filters.pop("state", None)
        found = super().describe_nat_gateways(filters, nat_gateway_ids)
        for name, values in filters.items():
            if name.startswith("tag:"):
                key = name.removeprefix("tag:")
                found = [g for g in found if {t["key"]: t["value"] for t in g.get_tags()}.get(key) in values]
        for gateway in found:
            status = passing(self, NAT, gateway.id, read=True)
            if gateway.state == "deleting" and status is None:
                gateway.state = "deleted"
            elif status is None and gateway.state == "pending" and self.without_a_way_out(gateway):
                self.fail_nat_gateway(gateway)
            elif gateway.state not in ("deleting", "deleted", "failed"):
                gateway.state = status or "available"
        return [gateway for gateway in found if by_state is None or gateway.state in by_state]

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        gateway = self.nat_gateways.get(nat_gateway_id)
        if gateway is None:
            raise AwsError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
        if gateway.state in ("deleting", "deleted"):
            return gateway
        for held in gateway.address_set:
            if held.get("associationId"):
                self.disassociate_address(association_id=held["associationId"])
        self.enis.pop(gateway._eni.id, None)
        gateway.state = "deleting" if begin(self, NAT, gateway.id, "deleting") else "deleted"
        return gateway
