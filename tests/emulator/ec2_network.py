# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: network ACLs with rules that AWS takes, NAT gateways that need a way out, addresses that are in use."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.network_acls import NetworkAclEntry
from moto.ec2.models.subnets import Subnet

from .errors import AwsError

RULES = range(1, 32767)
WITH_PORTS = ("6", "17")  # TCP, UDP
WITH_TYPES = ("1", "58")  # ICMP, ICMPv6


class NetworkMixin(EC2Backend):
    # ---- network ACLs ----------------------------------------------------------------------------

    def create_network_acl_entry(self, network_acl_id: str, rule_number: Any, *args: Any, **more: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html"""
        acl = self.get_network_acl(network_acl_id)
        if not acl.default:
            self._check_entry(rule_number, more)
        return super().create_network_acl_entry(network_acl_id, rule_number, *args, **more)

    def _check_entry(self, rule_number: Any, entry: dict[str, Any]) -> None:
        if rule_number not in RULES:
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({rule_number}) for parameter ruleNumber is invalid. Rule number must be between 1 and 32766",
            )
        if not entry.get("cidr_block") and not entry.get("ipv6_cidr_block"):
            raise AwsError("MissingParameter", "The request must contain the parameter cidrBlock or ipv6CidrBlock")
        if str(entry.get("protocol")) in WITH_PORTS and entry.get("port_range_from") is None:
            raise AwsError("MissingParameter", "The request must contain the parameter PortRange")
        if str(entry.get("protocol")) in WITH_TYPES and entry.get("icmp_type") is None:
            raise AwsError("MissingParameter", "The request must contain the parameter IcmpTypeCode")

    def delete_network_acl_entry(self, network_acl_id: str, rule_number: Any, egress: bool) -> NetworkAclEntry:
        entries = self.get_network_acl(network_acl_id).network_acl_entries
        if not any((entry.rule_number, entry.egress) == (rule_number, egress) for entry in entries):
            direction = "egress" if egress else "ingress"
            raise AwsError(
                "InvalidNetworkAclEntry.NotFound",
                f"The {direction} entry identified by {rule_number} was not found in {network_acl_id}",
            )
        return super().delete_network_acl_entry(network_acl_id, rule_number, egress)

    def delete_network_acl(self, network_acl_id: str) -> Any:
        if self.get_network_acl(network_acl_id).default:
            raise AwsError("InvalidParameterValue", f"cannot delete default network ACL {network_acl_id}")
        return super().delete_network_acl(network_acl_id)

    def replace_network_acl_association(self, association_id: str, network_acl_id: str) -> Any:
        self.get_network_acl(network_acl_id)
        if not any(association_id in acl._associations for acl in self.network_acls.values()):
            raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
        return super().replace_network_acl_association(association_id, network_acl_id)

    def delete_subnet(self, subnet_id: str) -> Subnet:
        """With its associations."""
        deleted = super().delete_subnet(subnet_id)
        for acl in self.network_acls.values():
            acl._associations = {key: a for key, a in acl._associations.items() if a.subnet_id != subnet_id}
        for table in self.route_tables.values():
            table._associations = {key: target for key, target in table._associations.items() if target != subnet_id}
        return deleted

    # ---- NAT gateways ----------------------------------------------------------------------------

    def without_a_way_out(self, gateway: NatGateway) -> bool:
        """https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html: Gateway.NotAttached"""
        attached = {igw.vpc.id for igw in self.internet_gateways.values() if igw.vpc}
        return gateway.connectivity_type == "public" and gateway.vpc_id not in attached

    def fail_nat_gateway(self, gateway: Any) -> None:
        gateway.state, gateway.failure_code = "failed", "Gateway.NotAttached"
        gateway.failure_message = f"Network {gateway.vpc_id} has no Internet gateway attached"
        self.enis.pop(gateway._eni.id, None)
        for held in gateway.address_set:
            if held.get("associationId"):
                self.disassociate_address(association_id=held["associationId"])

    def release_address(self, address: str | None = None, allocation_id: str | None = None) -> None:
        found = self.address_by_allocation([allocation_id]) if allocation_id else self.address_by_ip([address])
        held = {item["allocationId"] for g in self.nat_gateways.values() for item in g.address_set if self._holds(g)}
        if found[0].allocation_id in held:
            raise AwsError("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
        super().release_address(address, allocation_id)

    @staticmethod
    def _holds(gateway: NatGateway) -> bool:
        return gateway.connectivity_type == "public" and gateway.state in ("pending", "available", "deleting")
