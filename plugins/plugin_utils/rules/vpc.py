# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.module_utils.vpc import (
    LAST_RULE,
    TIERS,
    ZONES_AT_MOST,
    computed_blocks,
)
from ansible_collections.slipway.fargate.plugins.modules.cloudwatch_log_group import RETENTIONS
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

VPC_ID = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})")
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


def problems(options: dict[str, Any]) -> Iterator[str]:
    mode, vpc_id = options.get("vpc_mode"), _checks.known(options, "vpc_id")
    if vpc_id is not None and mode != "existing":
        yield f"vpc_id is {vpc_id} and vpc_mode is {mode}; allowed is vpc_id with vpc_mode existing"
    elif vpc_id is not None and not VPC_ID.fullmatch(vpc_id):
        yield f"vpc_id is {vpc_id}; allowed is an id as vpc-0123456789abcdef0"
    if mode == "create":
        yield from _zones(options)
        yield from _blocks(options)
        yield from _nat(options)
        yield from _network_acls(options)
    yield from _flow_logs(options)
    yield from _checks.between(options, "vpc_wait_timeout", 1, 7200)


def _zones(options: dict[str, Any]) -> Iterator[str]:
    zones, region = _checks.known(options, "vpc_availability_zones") or [], options.get("aws_region")
    if zones and not 2 <= len(set(zones)) <= ZONES_AT_MOST:
        yield f"vpc_availability_zones are {', '.join(zones)}; allowed are 2 to {ZONES_AT_MOST} different zones"
    yield from _checks.between(options, "vpc_availability_zone_count", 2, ZONES_AT_MOST)
    for zone in zones:
        if not _checks.is_zone(zone, region):
            yield f"vpc_availability_zones has {zone}; allowed are zones of {region}, as {region}a"


def _network_acls(options: dict[str, Any]) -> Iterator[str]:
    acls, tiers = _checks.known(options, "vpc_network_acls") or {}, options.get("vpc_tiers") or []
    for tier, acl in acls.items():
        if tier not in tiers and tier in TIERS:
            yield f"vpc_network_acls has {tier} and vpc_tiers has not; allowed are network ACLs of tiers that there are"
        for direction in ("ingress", "egress"):
            rules = (acl or {}).get(direction) if isinstance(acl, dict) else None
            where = f"vpc_network_acls.{tier}.{direction}"
            yield from _acl_rules(where, rules if isinstance(rules, list) else [])


def _acl_rules(where: str, rules: list[Any]) -> Iterator[str]:
    numbers: dict[int, int] = {}
    for position, rule in enumerate((rule for rule in rules if isinstance(rule, dict)), 1):
        here = f"{where}[{position}]"
        number = rule.get("number") or 100 * position
        if not isinstance(number, int) or not 1 <= number <= LAST_RULE:
            yield f"{here} number is {number}; allowed is 1 to {LAST_RULE}"
        elif number in numbers:
            yield f"{here} has the number {number} of {where}[{numbers[number]}]; allowed are numbers of their own"
        numbers.setdefault(number, position)
        yield from _acl_ports(here, rule)
        problem = _checks.cidr_problem(rule["cidr_block"]) if rule.get("cidr_block") and not is_unknown(rule) else None
        if problem:
            yield f"{here} has CIDR block {rule['cidr_block']}; {problem}"


def _acl_ports(here: str, rule: dict[str, Any]) -> Iterator[str]:
    protocol, ports = rule.get("protocol") or "tcp", rule.get("ports")
    if protocol in ("tcp", "udp") and ports in (None, ""):
        yield f"{here} has protocol {protocol} and no ports; give a port or a range as 1024-65535"
    elif protocol not in ("tcp", "udp") and ports not in (None, ""):
        yield f"{here} has protocol {protocol} and ports {ports}; allowed are ports with tcp and udp"
    elif ports not in (None, ""):
        problem = _checks.port_problem(ports)
        if problem:
            yield f"{here} has port {ports}; {problem}"


def _flow_logs(options: dict[str, Any]) -> Iterator[str]:
    mode = options.get("vpc_mode")
    if options.get("vpc_flow_logs") and mode != "create":
        yield f"vpc_flow_logs is true and vpc_mode is {mode}; allowed is it with create, other VPCs stay as they are"
    if not options.get("vpc_flow_logs"):
        return
    days, role = _checks.known(options, "vpc_flow_log_retention_days"), _checks.known(options, "vpc_flow_log_role_name")
    if days is not None and days not in RETENTIONS:
        allowed = ", ".join(map(str, RETENTIONS))
        yield f"vpc_flow_log_retention_days is {days}; allowed are {allowed}"
    if role is not None and not ROLE_NAME.fullmatch(str(role)):
        yield f"vpc_flow_log_role_name is {role}; allowed are 1 to 64 letters, digits and +=,.@_-"


def _nat(options: dict[str, Any]) -> Iterator[str]:
    nat, tiers = options.get("vpc_nat"), options.get("vpc_tiers") or []
    if nat in ("single", "per_zone") and not {"public", "private"} <= set(tiers):
        yield f"vpc_nat is {nat} and vpc_tiers are {', '.join(tiers)}; allowed are NAT gateways with public and private"


def _blocks(options: dict[str, Any]) -> Iterator[str]:
    block = _checks.known(options, "vpc_cidr_block")
    problem = _checks.cidr_problem(block) if block is not None else None
    if problem:
        yield f"vpc_cidr_block is {block}; {problem}"
    network = _checks.network(str(block))
    if network is None:
        return
    if network.version != 4 or not 16 <= network.prefixlen <= 28:
        yield f"vpc_cidr_block is {block}; allowed are IPv4 blocks of /16 to /28"
        return
    yield from _subnets(options, network)


def _subnets(options: dict[str, Any], network: Any) -> Iterator[str]:
    zones = len(options.get("vpc_availability_zones") or []) or int(
        _checks.known(options, "vpc_availability_zone_count") or 2
    )
    if not 1 <= zones <= ZONES_AT_MOST:
        return
    tiers, placed = options.get("vpc_tiers") or [], []
    for tier in TIERS:
        name = f"vpc_{tier}_subnets"
        given = _checks.known(options, name) or []
        if tier not in tiers:
            if given:
                yield f"{name} are set and vpc_tiers has no {tier}; allowed are subnets of tiers that there are"
            continue
        names = _checks.known(options, f"vpc_{tier}_subnet_names") or []
        if names and len(set(names)) != zones:
            different = f"vpc_{tier}_subnet_names has {len(set(names))} different names"
            yield f"{different}; allowed is one for each of {zones} zones"
        if given and len(given) != zones:
            yield f"{name} has {len(given)} blocks; allowed is one for each of {zones} zones (vpc_availability_zones)"
        if not given and network.prefixlen + 4 > 28:
            yield f"vpc_cidr_block is {network}; allowed are blocks of /24 or larger where {name} are computed"
            continue
        for block in given or computed_blocks(str(network), tier, zones):
            problem = _block_problem(block, network)
            if problem:
                yield f"{name} has {block}; {problem}"
            else:
                placed.append((name, _checks.network(block)))
    for (first_name, first), (second_name, second) in combinations(placed, 2):
        if first.overlaps(second):
            yield f"{first_name} {first} overlaps {second_name} {second}; allowed are subnets apart from each other"


def _block_problem(block: str, network: Any) -> str | None:
    problem = _checks.cidr_problem(block)
    if problem:
        return problem
    subnet = _checks.network(block)
    if subnet.version != 4 or not 16 <= subnet.prefixlen <= 28:
        return "allowed are IPv4 blocks of /16 to /28"
    return None if subnet.subnet_of(network) else f"allowed are blocks within vpc_cidr_block {network}"


REFERENCES: dict[str, str] = {}
