# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a VPC: its subnets, route tables, NAT gateways and network ACLs, in names and CIDR blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from itertools import islice
from typing import Any, NamedTuple

TIERS = ("public", "private", "isolated")
ZONES_AT_MOST = 5  # three tiers in sixteen parts
INTERNET, NAT = "internet-gateway", "nat-gateway"
PROTOCOLS = {"all": "-1", "icmp": "1", "tcp": "6", "udp": "17"}
ICMP_V6 = "58"
LAST_RULE = 32766  # the one after it is AWS's own and denies what is left
EVERYTHING = [{"protocol": "all", "cidr_block": "0.0.0.0/0"}]

Rule = dict[str, Any]


class Subnet(NamedTuple):
    tier: str
    zone: str
    cidr: str
    name: str


class Table(NamedTuple):
    """A route table: the CIDR blocks of its subnets, and where its default route leads."""

    name: str
    subnets: list[str]
    way_out: str  # INTERNET, NAT and the zone of the gateway, or nothing


def planned_subnets(vpc_name: str, vpc_cidr: str, zones: list[str], tiers: Iterable[Mapping[str, Any]]) -> list[Subnet]:
    """Each tier's subnets, one a zone; blocks and names as given, or else computed."""
    planned = []
    for tier in sorted(tiers, key=lambda tier: TIERS.index(tier["tier"])):
        kind = tier["tier"]
        blocks = tier.get("cidr_blocks") or computed_blocks(vpc_cidr, kind, len(zones))
        names = tier.get("names") or [f"{vpc_name}-{kind}-{zone}" for zone in zones]
        planned += [Subnet(kind, *place) for place in zip(zones, blocks, names, strict=True)]
    return planned


def computed_blocks(vpc_cidr: str, tier: str, count: int) -> list[str]:
    """The tier's parts of the VPC's block; a tier has the same ones whatever other tiers there are."""
    first = TIERS.index(tier) * ZONES_AT_MOST
    parts = IPv4Network(vpc_cidr).subnets(prefixlen_diff=4)
    return [str(part) for part in islice(parts, first, first + count)]


def nat_zones(subnets: Iterable[Subnet], nat: str) -> list[str]:
    """The zones that have a NAT gateway, in their public subnets."""
    public = [subnet.zone for subnet in subnets if subnet.tier == "public"]
    return {"none": [], "single": public[:1], "per_zone": public}[nat]


def route_tables(vpc_name: str, subnets: Iterable[Subnet], zones_with_nat: list[str]) -> list[Table]:
    """One table for the public subnets, one for the isolated ones, and one for the private ones of each zone.

    A zone without a NAT gateway of its own uses the first one.
    """
    tables: dict[str, Table] = {}
    for subnet in subnets:
        name = f"{vpc_name}-{subnet.tier}"
        way_out = INTERNET if subnet.tier == "public" else ""
        if subnet.tier == "private":
            name = f"{name}-{subnet.zone}"
            gateways = [zone for zone in zones_with_nat if zone == subnet.zone] or zones_with_nat
            way_out = f"{NAT} {gateways[0]}" if gateways else ""
        tables.setdefault(name, Table(name, [], way_out)).subnets.append(subnet.cidr)
    return list(tables.values())


def acl_rules(rules: Iterable[Mapping[str, Any]] | None) -> list[Rule]:
    """The rules of one direction of a network ACL in normal form, numbered 100, 200 and so on by default."""
    numbered = []
    for position, rule in enumerate(EVERYTHING if rules is None else rules, 1):
        numbered.append(
            {
                "number": int(rule.get("number") or 100 * position),
                "action": rule.get("action") or "allow",
                "protocol": rule.get("protocol") or "tcp",
                "ports": str(rule["ports"]) if rule.get("ports") not in (None, "") else "",
                "cidr_block": rule["cidr_block"],
            }
        )
    return sorted(numbered, key=lambda rule: rule["number"])


def acl_rules_of(entries: Iterable[Mapping[str, Any]], *, egress: bool) -> list[Rule]:
    """The same of what EC2 says."""
    names = {**{number: name for name, number in PROTOCOLS.items()}, ICMP_V6: "icmp"}
    found = []
    for entry in entries:
        if bool(entry["Egress"]) is not egress or entry["RuleNumber"] > LAST_RULE:
            continue
        ports = entry.get("PortRange") or {}
        first, last = ports.get("From"), ports.get("To")
        found.append(
            {
                "number": entry["RuleNumber"],
                "action": entry["RuleAction"],
                "protocol": names.get(str(entry["Protocol"]), str(entry["Protocol"])),
                "ports": "" if first is None else str(first) if first == last else f"{first}-{last}",
                "cidr_block": entry.get("CidrBlock") or entry.get("Ipv6CidrBlock"),
            }
        )
    return sorted(found, key=lambda rule: rule["number"])


def acl_entry(rule: Rule) -> dict[str, Any]:
    """A rule as CreateNetworkAclEntry takes it."""
    first, _, last = rule["ports"].partition("-")
    icmp, ipv6 = rule["protocol"] == "icmp", ":" in rule["cidr_block"]
    return {
        "RuleNumber": rule["number"],
        "RuleAction": rule["action"],
        "Protocol": ICMP_V6 if icmp and ipv6 else PROTOCOLS[rule["protocol"]],
        "Ipv6CidrBlock" if ipv6 else "CidrBlock": rule["cidr_block"],
        **({"PortRange": {"From": int(first), "To": int(last or first)}} if first else {}),
        **({"IcmpTypeCode": {"Type": -1, "Code": -1}} if icmp else {}),
    }
