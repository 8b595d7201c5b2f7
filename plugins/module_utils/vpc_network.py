# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of a VPC that belongs to one component, read in bulk and found by their names and CIDR blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    boto3_tag_specifications,
    compare_aws_tags,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.vpc import (
    INTERNET,
    NAT,
    Subnet,
    Table,
    acl_entry,
    acl_rules,
    acl_rules_of,
)

TIER_TAG = "slipway:tier"
DEFAULT_ROUTE = "0.0.0.0/0"
LIVE = ("pending", "available")
# EC2 may not know yet what it has just made.
NOT_YET = (
    *("InvalidVpcID.NotFound", "InvalidSubnetID.NotFound", "InvalidRouteTableID.NotFound", "NatGatewayNotFound"),
    *("InvalidInternetGatewayID.NotFound", "InvalidAllocationID.NotFound", "InvalidNetworkAclID.NotFound"),
)
# list -> the operation that gives it, and the filter for those of a VPC
LISTS = {
    "Subnets": ("describe_subnets", "vpc-id"),
    "RouteTables": ("describe_route_tables", "vpc-id"),
    "NatGateways": ("describe_nat_gateways", "vpc-id"),
    "NetworkAcls": ("describe_network_acls", "vpc-id"),
    "SecurityGroups": ("describe_security_groups", "vpc-id"),
}
ZONE = r"[a-z]{2}(-[a-z]+)+-\d[a-z]"


def tags_of(item: Attributes) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(item.get("Tags", []))


class Network:
    """What there is in AWS, read when it is needed, and again after a change."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.client = RetryingClient(module, "ec2", *NOT_YET)
        self._seen: dict[str, Any] = {}

    def forget(self) -> None:
        self._seen.clear()

    def _once(self, what: str, read: Callable[[], Any]) -> Any:
        if what not in self._seen:
            self._seen[what] = read()
        return self._seen[what]

    def list(self, what: str) -> list[Attributes]:
        operation, name = LISTS[what]
        if self.vpc is None:
            return []
        filters = [{"Name": name, "Values": [self.vpc["VpcId"]]}]
        return self._once(what, lambda: self.client.list(operation, what, Filters=filters))

    def named(self, operation: str, what: str, name: str) -> list[Attributes]:
        filters = [{"Name": "tag:Name", "Values": [name]}]
        return self._once(what, lambda: self.client.list(operation, what, Filters=filters))

    @property
    def vpc(self) -> Attributes | None:
        found = self.named("describe_vpcs", "Vpcs", self.name)
        if len(found) > 1:
            ids = ", ".join(sorted(vpc["VpcId"] for vpc in found))
            raise ResourceError(f"there is more than one VPC whose tag Name is {self.name}: {ids}")
        return found[0] if found else None

    @property
    def vpc_id(self) -> str:
        return self.vpc["VpcId"] if self.vpc else ""

    @property
    def internet_gateway(self) -> Attributes | None:
        """The VPC's gateway, or the one that an interrupted run has left without a VPC."""
        by_vpc = [{"Name": "attachment.vpc-id", "Values": [self.vpc_id]}]
        listed = ("describe_internet_gateways", "InternetGateways")
        attached = self.vpc_id and self._once("attached", lambda: self.client.list(*listed, Filters=by_vpc))
        if attached:
            return attached[0]
        return next((g for g in self.named(*listed, self.name) if not g["Attachments"]), None)

    @property
    def addresses(self) -> list[Attributes]:
        pattern = re.compile(rf"{re.escape(self.name)}-nat-{ZONE}")
        filters = [{"Name": "tag:Name", "Values": [f"{self.name}-nat-*"]}]
        found = self._once("Addresses", lambda: self.client.describe_addresses(Filters=filters)["Addresses"])
        return [address for address in found if pattern.fullmatch(tags_of(address).get("Name", ""))]

    def subnet(self, subnet_id: str) -> Attributes:
        return next((s for s in self.list("Subnets") if s["SubnetId"] == subnet_id), {})

    def subnet_id(self, cidr: str) -> str:
        found = next((s["SubnetId"] for s in self.list("Subnets") if s["CidrBlock"] == cidr), None)
        if found is None:
            raise ResourceError(f"VPC {self.name} has no subnet {cidr}")
        return found

    def cidrs(self, associations: list[Attributes]) -> list[str]:
        ids = {association.get("SubnetId") for association in associations}
        return sorted(subnet["CidrBlock"] for subnet in self.list("Subnets") if subnet["SubnetId"] in ids)

    def nat_gateways(self) -> dict[str, Attributes]:
        """Zone -> the NAT gateway that is there or coming."""
        found = {}
        for gateway in self.list("NatGateways"):
            if gateway["State"] in LIVE and gateway.get("ConnectivityType", "public") == "public":
                found[self.subnet(gateway["SubnetId"]).get("AvailabilityZone", "")] = gateway
        return found

    def own_nat_zones(self) -> list[str]:
        """The zones of the NAT gateways that this module has made."""
        there = self.nat_gateways()
        return sorted(zone for zone in there if tags_of(there[zone]).get("Name") == f"{self.name}-{zone}")

    def own(self, what: str, pattern: str) -> list[Attributes]:
        """Those whose names are the VPC's, a dash and the pattern."""
        name = re.compile(rf"{re.escape(self.name)}-({pattern})")
        return [item for item in self.list(what) if name.fullmatch(tags_of(item).get("Name", ""))]

    def await_nat(self, zone: str) -> str:
        """The id of the zone's NAT gateway, once it is available."""

        def read() -> Attributes:
            self.forget()
            wanted = f"{self.name}-{zone}"
            found = [gateway for gateway in self.list("NatGateways") if tags_of(gateway).get("Name") == wanted]
            found.sort(key=lambda gateway: (gateway["State"] in LIVE, str(gateway.get("CreateTime", ""))))
            return found[-1] if found else {"State": "not there"}

        return wait_for(
            read,
            lambda gateway: gateway["State"] == "available",
            what=f"NAT gateway {self.name}-{zone} becomes available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda g: f"{g['State']}: {g.get('FailureMessage', '')}" if g["State"] not in LIVE else None,
            describe=lambda gateway: gateway["State"],
        )["NatGatewayId"]

    def await_nat_gone(self) -> None:
        """A NAT gateway that is being deleted holds its address and its subnet."""

        def leaving() -> list[str]:
            self.forget()
            return [g["NatGatewayId"] for g in self.list("NatGateways") if g["State"] == "deleting"]

        wait_for(
            leaving,
            lambda left: not left,
            what=f"NAT gateways of VPC {self.name} are deleted",
            timeout=self.module.params["wait_timeout"],
            describe=lambda left: f"{', '.join(left)} deleting",
        )

    def patiently(self, what: str, operation: Callable[..., Any], **parameters: Any) -> None:
        """Network interfaces of what was deleted before take minutes to go."""

        def attempt() -> str:
            try:
                operation(**parameters)
            except is_boto3_error_code("DependencyViolation") as error:
                return str(error)
            return ""

        wait_for(
            attempt,
            lambda refusal: not refusal,
            what=f"{what} is deleted",
            timeout=self.module.params["wait_timeout"],
        )


class Item(Resource):
    """A resource that EC2 finds by its tag Name."""

    identifier: ClassVar[str]  # the attribute that holds its id
    at_least: ClassVar[tuple[str, ...]] = ()  # lists that may hold more than is desired

    def __init__(self, network: Network, name: str, desired: Attributes, state: str = "present", **tags: str) -> None:
        self.network = network
        self.client = network.client
        given = network.module.params["tags"] or {}
        self.all_tags = {**given, **tags, "Name": name}
        super().__init__(network.module, name, {**desired, "tags": self.all_tags}, state)

    def tag_changes(self) -> tuple[dict[str, str], list[str]]:
        purge = self.module.params["purge_tags"] and self.module.params["tags"] is not None
        return compare_aws_tags((self.current or {}).get("tags") or {}, self.all_tags, purge)

    def same(self, key: str) -> bool:
        if key in self.at_least:
            return set(self.desired[key]) <= set((self.current or {}).get(key) or [])
        return super().same(key)

    def apply(self) -> None:
        super().apply()
        if self.change:
            self.network.forget()

    def specified(self, resource_type: str) -> list[Attributes]:
        return boto3_tag_specifications(self.all_tags, [resource_type])

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        ids = [self.current[self.identifier]]
        if to_remove:
            self.client.delete_tags(Resources=ids, Tags=[{"Key": key} for key in to_remove])
        if to_set:
            self.client.create_tags(Resources=ids, Tags=ansible_dict_to_boto3_tag_list(to_set))


class Vpc(Item):
    type_name = "VPC"
    identifier = "vpc_id"
    assigned = ("vpc_id",)
    defaults = {"default_security_group_closed": False}
    immutable = {"cidr_block": "create another VPC under another name, and move what is in this one"}
    updates = {
        "put_dns": ("dns_support", "dns_hostnames"),
        "close_group": ("default_security_group_closed",),
        "put_tags": ("tags",),
    }

    def read(self) -> Attributes | None:
        found = self.network.vpc
        return found and {
            "vpc_id": found["VpcId"],
            "name": self.name,
            "cidr_block": found["CidrBlock"],
            "dns_support": self._dns("enableDnsSupport"),
            "dns_hostnames": self._dns("enableDnsHostnames"),
            "default_security_group_closed": not any(self._default_rules()),
            "tags": tags_of(found),
        }

    def _dns(self, attribute: str) -> bool:
        answer = self.client.describe_vpc_attribute(VpcId=self.network.vpc_id, Attribute=attribute)
        return answer[attribute[0].upper() + attribute[1:]]["Value"]

    def _default_group(self) -> Attributes:
        groups = self.network.list("SecurityGroups")
        return next((group for group in groups if group["GroupName"] == "default"), {})

    def _default_rules(self) -> tuple[list[Attributes], list[Attributes]]:
        group = self._default_group()
        return group.get("IpPermissions", []), group.get("IpPermissionsEgress", [])

    def create(self) -> None:
        self.client.create_vpc(CidrBlock=self.desired["cidr_block"], TagSpecifications=self.specified("vpc"))
        self.network.forget()
        self.put_dns()
        if self.desired.get("default_security_group_closed"):
            self.close_group()

    def put_dns(self) -> None:
        for option, parameter in (("dns_support", "EnableDnsSupport"), ("dns_hostnames", "EnableDnsHostnames")):
            self.client.modify_vpc_attribute(VpcId=self.network.vpc_id, **{parameter: {"Value": self.desired[option]}})

    def close_group(self) -> None:
        group, (ingress, egress) = self._default_group(), self._default_rules()
        if ingress:
            self.client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=ingress)
        if egress:
            self.client.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=egress)

    def delete(self) -> None:
        self.network.patiently(f"VPC {self.name}", self.client.delete_vpc, VpcId=self.current["vpc_id"])


class InternetGateway(Item):
    type_name = "internet gateway"
    identifier = "internet_gateway_id"
    assigned = ("internet_gateway_id",)
    updates = {"attach": ("attached",), "put_tags": ("tags",)}

    def read(self) -> Attributes | None:
        found = self.network.internet_gateway
        return found and {
            "internet_gateway_id": found["InternetGatewayId"],
            "attached": bool(found["Attachments"]),
            "tags": tags_of(found),
        }

    def create(self) -> None:
        made = self.client.create_internet_gateway(TagSpecifications=self.specified("internet-gateway"))
        self._attach(made["InternetGateway"]["InternetGatewayId"])

    def attach(self) -> None:
        self._attach(self.current["internet_gateway_id"])

    def _attach(self, gateway: str) -> None:
        self.client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.network.vpc_id)

    def delete(self) -> None:
        gateway = self.current["internet_gateway_id"]
        if self.current["attached"]:
            detach, vpc = self.client.detach_internet_gateway, self.network.vpc_id
            self.network.patiently(f"internet gateway {self.name}", detach, InternetGatewayId=gateway, VpcId=vpc)
        self.client.delete_internet_gateway(InternetGatewayId=gateway)


class VpcSubnet(Item):
    type_name = "subnet"
    identifier = "subnet_id"
    assigned = ("subnet_id",)
    defaults = {"map_public_ip_on_launch": False}
    immutable = {"availability_zone": "a subnet stays in its zone; declare another block for this zone"}
    updates = {"put_public_ip": ("map_public_ip_on_launch",), "put_tags": ("tags", "tier")}

    def __init__(self, network: Network, subnet: Subnet, state: str = "present") -> None:
        desired = {
            "cidr_block": subnet.cidr,
            "availability_zone": subnet.zone,
            "tier": subnet.tier,
            "map_public_ip_on_launch": False,  # EC2.15: only what asks for a public address gets one
        }
        super().__init__(network, subnet.name, desired, state, **{TIER_TAG: subnet.tier})

    def read(self) -> Attributes | None:
        wanted = self.desired["cidr_block"]
        found = next((subnet for subnet in self.network.list("Subnets") if subnet["CidrBlock"] == wanted), None)
        return found and {
            "subnet_id": found["SubnetId"],
            "cidr_block": found["CidrBlock"],
            "availability_zone": found["AvailabilityZone"],
            "tier": tags_of(found).get(TIER_TAG, ""),
            "map_public_ip_on_launch": found["MapPublicIpOnLaunch"],
            "tags": tags_of(found),
        }

    def create(self) -> None:
        self.client.create_subnet(
            VpcId=self.network.vpc_id,
            CidrBlock=self.desired["cidr_block"],
            AvailabilityZone=self.desired["availability_zone"],
            TagSpecifications=self.specified("subnet"),
        )

    def put_public_ip(self) -> None:
        self.client.modify_subnet_attribute(SubnetId=self.current["subnet_id"], MapPublicIpOnLaunch={"Value": False})

    def delete(self) -> None:
        delete, subnet_id = self.client.delete_subnet, self.current["subnet_id"]
        self.network.patiently(f"subnet {self.name}", delete, SubnetId=subnet_id)


class RouteTable(Item):
    type_name = "route table"
    identifier = "route_table_id"
    assigned = ("route_table_id",)
    defaults = {"way_out": ""}
    at_least = ("subnets",)  # those of a tier that is not declared any more stay where they are
    updates = {"put_subnets": ("subnets",), "put_way_out": ("way_out",), "put_tags": ("tags",)}

    def __init__(self, network: Network, table: Table, state: str = "present", *, with_way_out: bool = True) -> None:
        desired = {"name": table.name, "subnets": sorted(table.subnets)}
        super().__init__(
            network, table.name, {**desired, **({"way_out": table.way_out} if with_way_out else {})}, state
        )

    def _found(self) -> Attributes | None:
        return next((t for t in self.network.list("RouteTables") if tags_of(t).get("Name") == self.name), None)

    def read(self) -> Attributes | None:
        found = self._found()
        return found and {
            "route_table_id": found["RouteTableId"],
            "name": self.name,
            "subnets": self.network.cidrs(found["Associations"]),
            "way_out": self._way_out(found),
            "tags": tags_of(found),
        }

    def _way_out(self, table: Attributes) -> str:
        route = next((r for r in table["Routes"] if r.get("DestinationCidrBlock") == DEFAULT_ROUTE), None)
        if route is None:
            return ""
        target = next((route[key] for key in route if key.endswith("Id") and key != "DestinationPrefixListId"), "")
        known = {gateway["NatGatewayId"]: f"{NAT} {zone}" for zone, gateway in self.network.nat_gateways().items()}
        internet = self.network.internet_gateway
        if internet:
            known[internet["InternetGatewayId"]] = INTERNET
        return known.get(target, target)

    def create(self) -> None:
        made = self.client.create_route_table(
            VpcId=self.network.vpc_id, TagSpecifications=self.specified("route-table")
        )
        self.network.forget()
        self.current = {"route_table_id": made["RouteTable"]["RouteTableId"], "way_out": "", "subnets": []}
        self.put_subnets()
        if self.desired.get("way_out"):
            self.put_way_out()

    def put_subnets(self) -> None:
        table_id, associations = self.current["route_table_id"], {}
        for table in self.network.list("RouteTables"):
            for association in table["Associations"]:
                associations[association.get("SubnetId")] = association["RouteTableAssociationId"]
        for cidr in set(self.desired["subnets"]) - set(self.current["subnets"]):
            subnet_id = self.network.subnet_id(cidr)
            if subnet_id in associations:
                self.client.replace_route_table_association(
                    AssociationId=associations[subnet_id], RouteTableId=table_id
                )
            else:
                self.client.associate_route_table(SubnetId=subnet_id, RouteTableId=table_id)

    def put_way_out(self) -> None:
        route = {"RouteTableId": self.current["route_table_id"], "DestinationCidrBlock": DEFAULT_ROUTE}
        wanted = self.desired["way_out"]
        if not wanted:
            self.client.delete_route(**route)
            return
        if wanted == INTERNET:
            route["GatewayId"] = self.network.internet_gateway["InternetGatewayId"]
        else:
            route["NatGatewayId"] = self.network.await_nat(wanted.removeprefix(f"{NAT} "))
        put = self.client.replace_route if self.current["way_out"] else self.client.create_route
        put(**route)

    def delete(self) -> None:
        for association in self._found()["Associations"]:
            self.client.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        self.client.delete_route_table(RouteTableId=self.current["route_table_id"])


class NetworkAcl(Item):
    type_name = "network ACL"
    identifier = "network_acl_id"
    assigned = ("network_acl_id",)
    at_least = ("subnets",)
    updates = {"put_rules": ("ingress", "egress"), "put_subnets": ("subnets",), "put_tags": ("tags",)}

    def __init__(
        self, network: Network, tier: str, rules: Attributes, subnets: list[str], state: str = "present"
    ) -> None:
        name = f"{network.name}-{tier}"
        desired = {"name": name, "subnets": sorted(subnets)}
        for direction in ("ingress", "egress"):
            desired[direction] = acl_rules(rules.get(direction))
        super().__init__(network, name, desired, state)

    def _found(self) -> Attributes | None:
        acls = [acl for acl in self.network.list("NetworkAcls") if not acl["IsDefault"]]
        return next((acl for acl in acls if tags_of(acl).get("Name") == self.name), None)

    def read(self) -> Attributes | None:
        found = self._found()
        return found and {
            "network_acl_id": found["NetworkAclId"],
            "name": self.name,
            "subnets": self.network.cidrs(found["Associations"]),
            "ingress": acl_rules_of(found["Entries"], egress=False),
            "egress": acl_rules_of(found["Entries"], egress=True),
            "tags": tags_of(found),
        }

    def create(self) -> None:
        made = self.client.create_network_acl(
            VpcId=self.network.vpc_id, TagSpecifications=self.specified("network-acl")
        )
        self.network.forget()
        self.current = {"network_acl_id": made["NetworkAcl"]["NetworkAclId"], "ingress": [], "egress": []}
        self.put_rules()
        self.put_subnets()

    def put_rules(self) -> None:
        for direction in ("ingress", "egress"):
            at = {"NetworkAclId": self.current["network_acl_id"], "Egress": direction == "egress"}
            there = {rule["number"]: rule for rule in self.current[direction]}
            wanted = {rule["number"]: rule for rule in self.desired[direction]}
            for number, rule in wanted.items():
                if number not in there:
                    self.client.create_network_acl_entry(**at, **acl_entry(rule))
                elif there[number] != rule:
                    self.client.replace_network_acl_entry(**at, **acl_entry(rule))
            for number in sorted(there.keys() - wanted.keys()):
                self.client.delete_network_acl_entry(**at, RuleNumber=number)

    def put_subnets(self) -> None:
        ids = {self.network.subnet_id(cidr) for cidr in self.desired["subnets"]}
        self._associate(ids, self.current["network_acl_id"])

    def _associate(self, subnet_ids: set[str], acl_id: str) -> None:
        for acl in self.network.list("NetworkAcls"):
            for association in acl["Associations"]:
                if association["SubnetId"] in subnet_ids and acl["NetworkAclId"] != acl_id:
                    association_id = association["NetworkAclAssociationId"]
                    self.client.replace_network_acl_association(AssociationId=association_id, NetworkAclId=acl_id)

    def delete(self) -> None:
        default = next(acl["NetworkAclId"] for acl in self.network.list("NetworkAcls") if acl["IsDefault"])
        self._associate({association["SubnetId"] for association in self._found()["Associations"]}, default)
        self.client.delete_network_acl(NetworkAclId=self.current["network_acl_id"])


class Address(Item):
    type_name = "Elastic IP address"
    identifier = "allocation_id"
    assigned = ("allocation_id", "public_ip")
    updates = {"put_tags": ("tags",)}

    def __init__(self, network: Network, zone: str, state: str = "present") -> None:
        super().__init__(network, f"{network.name}-nat-{zone}", {}, state)
        self.zone = zone

    def read(self) -> Attributes | None:
        found = next((a for a in self.network.addresses if tags_of(a)["Name"] == self.name), None)
        return found and {
            "allocation_id": found["AllocationId"],
            "public_ip": found["PublicIp"],
            "tags": tags_of(found),
        }

    def create(self) -> None:
        self.client.allocate_address(Domain="vpc", TagSpecifications=self.specified("elastic-ip"))

    def delete(self) -> None:
        self.network.await_nat_gone()
        self.client.release_address(AllocationId=self.current["allocation_id"])


class NatGateway(Item):
    type_name = "NAT gateway"
    identifier = "nat_gateway_id"
    assigned = ("nat_gateway_id", "public_ip", "status")
    updates = {"put_tags": ("tags",)}

    def __init__(self, network: Network, zone: str, subnet: str = "", state: str = "present") -> None:
        super().__init__(network, f"{network.name}-{zone}", {"availability_zone": zone}, state)
        self.zone, self.subnet = zone, subnet

    def read(self) -> Attributes | None:
        found = self.network.nat_gateways().get(self.zone)
        return found and {
            "nat_gateway_id": found["NatGatewayId"],
            "availability_zone": self.zone,
            "public_ip": next((a.get("PublicIp", "") for a in found.get("NatGatewayAddresses", [])), ""),
            "status": found["State"],
            "tags": tags_of(found),
        }

    def create(self) -> None:
        self.network.await_nat_gone()  # an earlier one has the address until then
        address = Address(self.network, self.zone).read()
        self.client.create_nat_gateway(
            SubnetId=self.network.subnet_id(self.subnet),
            AllocationId=address["allocation_id"],
            TagSpecifications=self.specified("natgateway"),
        )

    def delete(self) -> None:
        self.client.delete_nat_gateway(NatGatewayId=self.current["nat_gateway_id"])

    def settle(self) -> None:
        if self.state == "present" and self.module.params["wait"] and (self.current or {}).get("status") != "available":
            self.network.await_nat(self.zone)
            self.current = self.read()
