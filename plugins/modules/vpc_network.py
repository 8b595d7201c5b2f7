#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_network
short_description: Manage a VPC with its subnets, routes, NAT gateways and network ACLs
version_added: 0.2.0
description:
  - Creates, changes and deletes a VPC and everything in it that makes a network of it, see
    U(https://docs.aws.amazon.com/vpc/latest/userguide/what-is-amazon-vpc.html), in one go instead of a task a resource.
  - The VPC is found by its tag C(Name), its subnets by their CIDR blocks, everything else by the tag C(Name).
  - NAT gateways take minutes. With O(wait=false) they are only requested, and the routes that lead to them are left as
    they are; another run with O(wait=true) awaits them, sets the routes, and removes NAT gateways that are not wanted
    any more.
  - Subnets that are not declared any more are never deleted, as something may be in them. They stay in their route
    table, and a warning names them.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The tag C(Name) of the VPC and the beginning of the names of what is in it.
    type: str
    required: true
  cidr_block:
    description:
      - The CIDR block of the VPC, between /16 and /28. Cannot be changed.
      - Required when O(state=present).
    type: str
  availability_zones:
    description:
      - The zones of the subnets. When it is not set or empty, the first of the region by name.
    type: list
    elements: str
  availability_zone_count:
    description:
      - How many zones of the region there are subnets in, when O(availability_zones) does not name them.
    type: int
    default: 2
  tiers:
    description:
      - The tiers that have a subnet in each zone.
    type: list
    elements: dict
    default: []
    suboptions:
      tier:
        description:
          - V(public) subnets have a route to the internet gateway, V(private) ones to a NAT gateway where there is one,
            and V(isolated) ones have no way out.
        type: str
        choices: [public, private, isolated]
        required: true
      cidr_blocks:
        description:
          - The CIDR blocks of the subnets, one a zone. When it is not set or empty, sixteenths of O(cidr_block).
        type: list
        elements: str
      names:
        description:
          - The names of the subnets, one a zone. When it is not set or empty, the VPC's name, the tier and the zone.
        type: list
        elements: str
  nat:
    description:
      - The NAT gateways for the private subnets, in the public ones, V(single) for all of them or V(per_zone).
    type: str
    choices: [none, single, per_zone]
  network_acls:
    description:
      - The network ACL of a tier's subnets, by tier. Subnets of other tiers are in the VPC's default network ACL, which
        lets everything through; the network ACL of a tier that is not named here any more is deleted.
    type: dict
    suboptions:
      public: &acl
        description:
          - The network ACL of the tier. A list of rules that is not set lets everything through.
        type: dict
        suboptions:
          ingress: &rules
            description:
              - The rules of this direction. A network ACL knows no connections, what answers needs a rule too.
            type: list
            elements: dict
            suboptions:
              number:
                description:
                  - The number, between 1 and 32766, by which rules are tried. Without it 100 for the first of the list,
                    200 for the second and so on.
                type: int
              action:
                description:
                  - Whether the rule lets something through.
                type: str
                choices: [allow, deny]
                default: allow
              protocol:
                description:
                  - The protocol; V(all) and V(icmp) have no ports.
                type: str
                choices: [tcp, udp, icmp, all]
                default: tcp
              ports:
                description:
                  - A port or a range as V(1024-65535), with V(tcp) and V(udp).
                type: str
              cidr_block:
                description:
                  - The IPv4 or IPv6 block of the other side.
                type: str
                required: true
          egress: *rules
      private: *acl
      isolated: *acl
  close_default_security_group:
    description:
      - With V(true) the default security group of the VPC has no rules. With V(false) it is left as it is.
    type: bool
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a network of two tiers in two zones, with one NAT gateway
  slipway.fargate.vpc_network:
    name: shop-prod-network
    cidr_block: 10.0.0.0/16
    tiers:
      - tier: public
        cidr_blocks: [10.0.101.0/24, 10.0.102.0/24]
      - tier: private
    nat: single
    network_acls:
      public:
        ingress:
          - {ports: 443, cidr_block: 0.0.0.0/0}
          - {ports: 1024-65535, cidr_block: 0.0.0.0/0}

- name: Remove it
  slipway.fargate.vpc_network:
    name: shop-prod-network
    state: absent
"""

RETURN = r"""
network:
  description: The network; empty when it was removed.
  returned: always
  type: dict
  contains:
    vpc:
      description: The VPC.
      type: dict
      sample: {"vpc_id": "vpc-0123456789abcdef0", "cidr_block": "10.0.0.0/16", "default_security_group_closed": true}
    internet_gateway:
      description: The internet gateway; empty without public subnets.
      type: dict
      sample: {"internet_gateway_id": "igw-0123456789abcdef0", "attached": true}
    subnets:
      description: The declared subnets.
      type: list
      elements: dict
      sample:
        - subnet_id: subnet-0123456789abcdef0
          cidr_block: 10.0.101.0/24
          availability_zone: eu-west-1a
          tier: public
    network_acls:
      description: The network ACLs.
      type: list
      elements: dict
      sample: []
    addresses:
      description: The Elastic IP addresses of the NAT gateways.
      type: list
      elements: dict
      sample:
        - allocation_id: eipalloc-0123456789abcdef0
          public_ip: 198.51.100.1
    nat_gateways:
      description: The NAT gateways.
      type: list
      elements: dict
      sample:
        - nat_gateway_id: nat-0123456789abcdef0
          availability_zone: eu-west-1a
          status: available
    route_tables:
      description:
        - The route tables. C(way_out) is where the default route leads, C(internet-gateway), C(nat-gateway) with the
          gateway's zone, the id of something else, or empty.
      type: list
      elements: dict
      sample:
        - route_table_id: rtb-0123456789abcdef0
          name: shop-prod-network-private-eu-west-1a
          subnets: [10.0.80.0/20]
          way_out: nat-gateway eu-west-1a
    pending:
      description: Whether there is something left that only a run with O(wait=true) does.
      type: bool
      sample: false
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      resource: NAT gateway
      name: shop-prod-network-eu-west-1a
      attributes: {"availability_zone": {"before": null, "after": "eu-west-1a"}}
"""

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    Resource,
    ResourceError,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.vpc import (
    TIERS,
    Subnet,
    Table,
    nat_zones,
    planned_subnets,
    route_tables,
)
from ansible_collections.slipway.fargate.plugins.module_utils.vpc_network import (
    TIER_TAG,
    ZONE,
    Address,
    InternetGateway,
    NatGateway,
    Network,
    NetworkAcl,
    RouteTable,
    Vpc,
    VpcSubnet,
    tags_of,
)

# key of the result -> the resources that it holds
PARTS = {
    "subnets": VpcSubnet,
    "network_acls": NetworkAcl,
    "addresses": Address,
    "nat_gateways": NatGateway,
    "route_tables": RouteTable,
}


class Plan:
    """All resources of the network, in the order in which they are made."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.params = network.module.params
        self.subnets: list[Subnet] = planned_subnets(
            network.name, self.params["cidr_block"], self._zones(), self.params["tiers"]
        )
        self.nat = nat_zones(self.subnets, self.params["nat"] or "none")
        self.tables = route_tables(network.name, self.subnets, self.nat)

    def _zones(self) -> list[str]:
        count = self.params["availability_zone_count"]
        filters = [{"Name": "zone-type", "Values": ["availability-zone"]}]
        if self.params["availability_zones"] or not self.params["tiers"]:
            return self._checked(self.params["availability_zones"] or [])
        found = self.network.client.describe_availability_zones(Filters=filters)["AvailabilityZones"]
        if len(found) < count:
            raise ResourceError(f"availability_zone_count is {count} and the region has {len(found)} zones")
        return self._checked(sorted(zone["ZoneName"] for zone in found)[:count])

    def _checked(self, zones: list[str]) -> list[str]:
        for tier in self.params["tiers"]:
            for option in ("cidr_blocks", "names"):
                if tier[option] and len(tier[option]) != len(zones):
                    raise ResourceError(
                        f"{option} of the tier {tier['tier']} are {len(tier[option])}; allowed is one for each zone: "
                        f"{', '.join(zones) or 'none'}"
                    )
        return zones

    def resources(self) -> list[Resource]:
        network, params = self.network, self.params
        closed = {"default_security_group_closed": True} if params["close_default_security_group"] else {}
        vpc = {"name": network.name, "cidr_block": params["cidr_block"], "dns_support": True, "dns_hostnames": True}
        public = [subnet for subnet in self.subnets if subnet.tier == "public"]
        return [
            Vpc(network, network.name, {**vpc, **closed}),
            *([InternetGateway(network, network.name, {"attached": True})] if public else []),
            *(VpcSubnet(network, subnet) for subnet in self.subnets),
            *self._acls(),
            *(Address(network, zone) for zone in self.nat if self._needs_address(zone)),
            *(NatGateway(network, subnet.zone, subnet.cidr) for subnet in public if subnet.zone in self.nat),
            *(RouteTable(network, table, with_way_out=self._way_out_now(table)) for table in self.tables),
            *(self._surplus() if params["wait"] else []),
        ]

    def _needs_address(self, zone: str) -> bool:
        """Not for a NAT gateway that somebody gave an address of their own."""
        address = Address(self.network, zone)
        return zone not in self.network.nat_gateways() or address.read() is not None

    def _way_out_now(self, table: Table) -> bool:
        private = any(subnet.tier == "private" and subnet.cidr in table.subnets for subnet in self.subnets)
        return not private or (self.params["wait"] and self.params["nat"] is not None)

    def _acls(self) -> list[NetworkAcl]:
        if self.params["network_acls"] is None:
            return []
        acls = {tier: rules for tier, rules in self.params["network_acls"].items() if rules is not None}
        blocks = {tier: [subnet.cidr for subnet in self.subnets if subnet.tier == tier] for tier in TIERS}
        unwanted = [tier for tier in TIERS if tier not in acls]
        return [
            *(NetworkAcl(self.network, tier, rules, blocks[tier]) for tier, rules in acls.items()),
            *(NetworkAcl(self.network, tier, {}, [], "absent") for tier in unwanted),
        ]

    def _surplus(self) -> list[Resource]:
        if self.params["nat"] is None:
            return []
        network = self.network
        gateways = [zone for zone in network.own_nat_zones() if zone not in self.nat]
        names = [tags_of(address)["Name"] for address in network.addresses]
        zones = sorted(name.removeprefix(f"{network.name}-nat-") for name in names)
        return [
            *(NatGateway(network, zone, state="absent") for zone in gateways),
            *(Address(network, zone, "absent") for zone in zones if zone not in self.nat),
        ]

    def pending(self) -> bool:
        """What a run without waiting leaves."""
        if self.params["wait"] or self.params["nat"] is None:
            return False
        there = self.network.nat_gateways()
        statuses = [there.get(zone, {}).get("State") for zone in self.nat]
        tables = {table.name: table.way_out for table in self.tables}
        found = [RouteTable(self.network, table).read() or {"name": table.name, "way_out": ""} for table in self.tables]
        return (
            any(status != "available" for status in statuses)
            or any(table["way_out"] != tables[table["name"]] for table in found if "-private-" in table["name"])
            or bool(self._surplus())
        )

    def warn(self) -> None:
        planned = {subnet.cidr for subnet in self.subnets}
        for subnet in self.network.list("Subnets"):
            if TIER_TAG in tags_of(subnet) and subnet["CidrBlock"] not in planned:
                self.network.module.warn(
                    f"VPC {self.network.name}: subnet {subnet['SubnetId']} ({subnet['CidrBlock']}) is not declared any "
                    "more; it is left as it is. Delete it when nothing is in it, or declare it again."
                )


def removal(network: Network) -> list[Resource]:
    """All that the module has made, in the order in which AWS lets it go."""
    subnets = [subnet for subnet in network.list("Subnets") if TIER_TAG in tags_of(subnet)]
    acls = [
        tags_of(acl)["Name"].removeprefix(f"{network.name}-") for acl in network.own("NetworkAcls", "|".join(TIERS))
    ]
    tables = [tags_of(t)["Name"] for t in network.own("RouteTables", f"public|isolated|private-{ZONE}")]
    addresses = [tags_of(address)["Name"].removeprefix(f"{network.name}-nat-") for address in network.addresses]
    names = [(tags_of(s)[TIER_TAG], s["AvailabilityZone"], s["CidrBlock"], tags_of(s).get("Name", "")) for s in subnets]
    return [
        *(NatGateway(network, zone, state="absent") for zone in network.own_nat_zones()),
        *(Address(network, zone, "absent") for zone in sorted(addresses)),
        *(RouteTable(network, Table(name, [], ""), "absent") for name in sorted(tables)),
        *(NetworkAcl(network, tier, {}, [], "absent") for tier in sorted(acls)),
        *(VpcSubnet(network, Subnet(*name), "absent") for name in sorted(names)),
        InternetGateway(network, network.name, {}, "absent"),
        Vpc(network, network.name, {}, "absent"),
    ]


def main() -> None:
    rule = {
        "number": {"type": "int"},
        "action": {"type": "str", "choices": ["allow", "deny"], "default": "allow"},
        "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp", "all"], "default": "tcp"},
        "ports": {"type": "str"},
        "cidr_block": {"type": "str", "required": True},
    }
    rules = {"type": "list", "elements": "dict", "options": rule}
    acl = {"type": "dict", "options": {"ingress": rules, "egress": rules}}
    tier = {
        "tier": {"type": "str", "choices": list(TIERS), "required": True},
        "cidr_blocks": {"type": "list", "elements": "str"},
        "names": {"type": "list", "elements": "str"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "cidr_block": {"type": "str"},
            "availability_zones": {"type": "list", "elements": "str"},
            "availability_zone_count": {"type": "int", "default": 2},
            "tiers": {"type": "list", "elements": "dict", "options": tier, "default": []},
            "nat": {"type": "str", "choices": ["none", "single", "per_zone"]},
            "network_acls": {"type": "dict", "options": dict.fromkeys(TIERS, acl)},
            "close_default_security_group": {"type": "bool"},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        required_if=[("state", "present", ["cidr_block"])],
        supports_check_mode=True,
    )
    network = Network(module)
    plan: Plan | None = None
    try:
        if module.params["state"] == "present":
            plan = Plan(network)
            plan.warn()
        resources = plan.resources() if plan else removal(network)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read VPC {network.name}")
    made = [resource for resource in resources if resource.state == "present"]

    def collect(found: list[Attributes]) -> Any:
        if plan is None:
            return {}
        by_kind: dict[type, list[Attributes]] = {}
        for resource, attributes in zip(made, found, strict=True):
            by_kind.setdefault(type(resource), []).append(attributes)
        return {
            "vpc": by_kind[Vpc][0],
            "internet_gateway": by_kind.get(InternetGateway, [{}])[0],
            **{key: by_kind.get(kind, []) for key, kind in PARTS.items()},
            "pending": plan.pending(),
        }

    run_all(module, resources, key="network", collect=collect)


if __name__ == "__main__":
    main()
