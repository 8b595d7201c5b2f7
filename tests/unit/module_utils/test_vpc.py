# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.vpc import (
    Subnet,
    acl_entry,
    acl_rules,
    acl_rules_of,
    nat_zones,
    planned_subnets,
    route_tables,
)

ZONES = ["eu-west-1a", "eu-west-1b"]


def _planned(*tiers: str, **given: Any) -> list[Subnet]:
    return planned_subnets("net", "10.0.0.0/16", ZONES, [{"tier": tier, **given} for tier in tiers])


def test_subnets_are_computed_and_stay_where_they_are_when_a_tier_is_added() -> None:
    two = _planned("private", "public")
    three = _planned("public", "isolated", "private")
    assert [tuple(subnet) for subnet in two] == [
        ("public", "eu-west-1a", "10.0.0.0/20", "net-public-eu-west-1a"),
        ("public", "eu-west-1b", "10.0.16.0/20", "net-public-eu-west-1b"),
        ("private", "eu-west-1a", "10.0.80.0/20", "net-private-eu-west-1a"),
        ("private", "eu-west-1b", "10.0.96.0/20", "net-private-eu-west-1b"),
    ]
    assert [subnet for subnet in three if subnet.tier != "isolated"] == two
    given = {"cidr_blocks": ["10.0.101.0/24", "10.0.102.0/24"], "names": ["public-1a", "public-1b"]}
    assert _planned("public", **given)[1] == Subnet("public", "eu-west-1b", "10.0.102.0/24", "public-1b")


def test_which_zones_have_a_nat_gateway() -> None:
    subnets = _planned("public", "private")
    homes = {nat: nat_zones(subnets, nat) for nat in ("none", "single", "per_zone")}
    assert homes == {"none": [], "single": ZONES[:1], "per_zone": ZONES}


@pytest.mark.parametrize(
    ("gateways", "ways_out"),
    [
        ([], ["", ""]),
        (ZONES[:1], ["nat-gateway eu-west-1a"] * 2),
        (ZONES, ["nat-gateway eu-west-1a", "nat-gateway eu-west-1b"]),
    ],
)
def test_route_tables(gateways: list[str], ways_out: list[str]) -> None:
    tables = {table.name: table for table in route_tables("net", _planned("public", "private", "isolated"), gateways)}
    private = [f"net-private-{zone}" for zone in ZONES]
    assert sorted(tables) == sorted(["net-public", "net-isolated", *private])
    assert [tables[name].way_out for name in private] == ways_out
    assert (tables["net-public"].way_out, tables["net-isolated"].way_out) == ("internet-gateway", "")
    assert tables["net-public"].subnets == ["10.0.0.0/20", "10.0.16.0/20"]
    assert tables["net-private-eu-west-1b"].subnets == ["10.0.96.0/20"]


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": "443", "cidr_block": "0.0.0.0/0"},
        {"protocol": "udp", "ports": "1024-65535", "cidr_block": "10.0.0.0/16", "number": 7, "action": "deny"},
        {"protocol": "icmp", "cidr_block": "0.0.0.0/0"},
        {"protocol": "icmp", "cidr_block": "::/0"},
        {"protocol": "all", "cidr_block": "::/0"},
    ],
)
@pytest.mark.parametrize("egress", [True, False])
def test_a_rule_is_what_aws_says_of_it(rule: dict[str, Any], egress: bool) -> None:
    (normal,) = acl_rules([rule])
    entry = {**acl_entry(normal), "Egress": egress}
    last = {**entry, "RuleNumber": 32767, "RuleAction": "deny"}
    assert acl_rules_of([entry, last], egress=egress) == [normal]
    assert acl_rules_of([entry, last], egress=not egress) == []


def test_rules_are_numbered_in_their_order_and_everything_passes_where_there_are_none() -> None:
    rules = [{"protocol": "all", "cidr_block": block} for block in ("10.0.0.0/8", "10.1.0.0/16")]
    assert [rule["number"] for rule in acl_rules(rules)] == [100, 200]
    assert [(rule["protocol"], rule["cidr_block"], rule["action"]) for rule in acl_rules(None)] == [
        ("all", "0.0.0.0/0", "allow")
    ]
    assert acl_rules([]) == []
