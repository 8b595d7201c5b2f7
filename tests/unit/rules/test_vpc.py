# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.filter.network import vpc_nat_subnets, vpc_route_tables
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.vpc import problems
from ansible_collections.slipway.fargate.plugins.plugin_utils.subnets import planned_subnets

CREATE: dict[str, Any] = {
    "vpc_mode": "create",
    "vpc_cidr_block": "10.0.0.0/16",
    "vpc_availability_zones": [],
    "vpc_tiers": ["public", "private"],
    "vpc_nat": "none",
    "aws_region": "eu-west-1",
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vpc_mode": "default"},
        {"vpc_mode": "existing", "vpc_id": "vpc-0123456789abcdef0"},
        {"vpc_nat": "per_zone", "vpc_tiers": ["public", "private", "isolated"]},
        {"vpc_cidr_block": "10.0.0.0/24"},
        {"vpc_cidr_block": "(known after apply)"},
        {"vpc_availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
        {"vpc_public_subnets": ["10.0.200.0/24", "10.0.201.0/24"]},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**CREATE, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"vpc_mode": "default", "vpc_id": "vpc-1"}, "vpc_id is vpc-1 and vpc_mode is default; allowed is vpc_id with"),
        ({"vpc_mode": "existing", "vpc_id": "vpc-1"}, "vpc_id is vpc-1; allowed is an id as vpc-0123456789abcdef0"),
        ({"vpc_cidr_block": "10.0.0.0"}, "vpc_cidr_block is 10.0.0.0; the length of the prefix is missing"),
        ({"vpc_cidr_block": "10.0.0.1/24"}, "vpc_cidr_block is 10.0.0.1/24; misaligned; the block that holds it is"),
        ({"vpc_cidr_block": "10.0.0.0/33"}, "vpc_cidr_block is 10.0.0.0/33; allowed is a CIDR block as 10.0.0.0/16"),
        ({"vpc_cidr_block": "10.0.0.0/8"}, "vpc_cidr_block is 10.0.0.0/8; allowed are IPv4 blocks of /16 to /28"),
        ({"vpc_cidr_block": "fd00::/56"}, "vpc_cidr_block is fd00::/56; allowed are IPv4 blocks of /16 to /28"),
        ({"vpc_cidr_block": "10.0.0.0/25"}, "vpc_cidr_block is 10.0.0.0/25; allowed are blocks of /24 or larger where"),
        ({"vpc_availability_zones": ["eu-west-1a"]}, "vpc_availability_zones are eu-west-1a; allowed are 2 to 5"),
        (
            {"vpc_availability_zones": ["eu-west-1a", "us-east-1a"]},
            "vpc_availability_zones has us-east-1a; allowed are zones of eu-west-1, as eu-west-1a",
        ),
        ({"vpc_nat": "single", "vpc_tiers": ["public"]}, "vpc_nat is single and vpc_tiers are public; allowed are"),
        (
            {"vpc_public_subnets": ["10.0.0.0/24", "10.0.0.128/25"]},
            "vpc_public_subnets 10.0.0.0/24 overlaps vpc_public_subnets 10.0.0.128/25",
        ),
        (
            {"vpc_public_subnets": ["10.0.80.0/24", "10.0.0.0/24"]},
            "vpc_public_subnets 10.0.80.0/24 overlaps vpc_private_subnets 10.0.80.0/20",
        ),
        (
            {"vpc_public_subnets": ["10.1.0.0/24", "10.0.0.0/24"]},
            "vpc_public_subnets has 10.1.0.0/24; allowed are blocks within vpc_cidr_block 10.0.0.0/16",
        ),
        ({"vpc_public_subnets": ["10.0.0.1/24", "10.0.1.0/24"]}, "vpc_public_subnets has 10.0.0.1/24; misaligned"),
        (
            {"vpc_public_subnets": ["10.0.0.0/29", "10.0.1.0/24"]},
            "vpc_public_subnets has 10.0.0.0/29; allowed are IPv4",
        ),
        (
            {"vpc_public_subnets": ["10.0.0.0/24"]},
            "vpc_public_subnets has 1 blocks; allowed is one for each of 2 zones",
        ),
        ({"vpc_isolated_subnets": ["10.0.0.0/24"]}, "vpc_isolated_subnets are set and vpc_tiers has no isolated"),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**CREATE, **options}))
    assert any(message.startswith(problem) for message in found), found


def test_subnets_are_computed_and_stay_where_they_are_when_a_tier_is_added() -> None:
    zones = ["eu-west-1a", "eu-west-1b"]
    two = planned_subnets("10.0.0.0/16", zones, ["private", "public"], {})
    three = planned_subnets("10.0.0.0/16", zones, ["public", "isolated", "private"], {})
    assert [(subnet["tier"], subnet["zone"], subnet["cidr"]) for subnet in two] == [
        ("public", "eu-west-1a", "10.0.0.0/20"),
        ("public", "eu-west-1b", "10.0.16.0/20"),
        ("private", "eu-west-1a", "10.0.80.0/20"),
        ("private", "eu-west-1b", "10.0.96.0/20"),
    ]
    assert [subnet for subnet in three if subnet["tier"] != "isolated"] == two
    given = {"public": ["10.0.1.0/24", "10.0.2.0/24"]}
    assert planned_subnets("10.0.0.0/16", zones, ["public"], given)[1]["cidr"] == "10.0.2.0/24"


def _placed(*tiers: str) -> list[dict[str, str]]:
    return [{"tier": tier, "zone": zone, "id": f"{tier}-{zone}"} for tier in tiers for zone in ("a", "b")]


def test_which_subnets_have_a_nat_gateway() -> None:
    subnets = _placed("public", "private")
    homes = {nat: [s["id"] for s in vpc_nat_subnets(subnets, nat)] for nat in ("none", "single", "per_zone")}
    assert homes == {"none": [], "single": ["public-a"], "per_zone": ["public-a", "public-b"]}


@pytest.mark.parametrize(
    ("gateways", "ways_out"),
    [
        ({}, {"private-a": [], "private-b": []}),
        ({"a": "nat-a"}, {"private-a": ["nat-a"], "private-b": ["nat-a"]}),
        ({"a": "nat-a", "b": "nat-b"}, {"private-a": ["nat-a"], "private-b": ["nat-b"]}),
    ],
)
def test_route_tables(gateways: dict[str, str], ways_out: dict[str, list[str]]) -> None:
    tables = {
        table["name"]: table for table in vpc_route_tables(_placed("public", "private", "isolated"), "igw-1", gateways)
    }
    routes = {name: [route["gateway_id"] for route in table["routes"]] for name, table in tables.items()}
    assert routes == {"public": ["igw-1"], "isolated": [], **ways_out}
    assert tables["public"]["subnets"] == ["public-a", "public-b"]
    assert tables["private-b"]["subnets"] == ["private-b"]
