# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.vpc import problems

CREATE: dict[str, Any] = {
    "vpc_mode": "create",
    "vpc_cidr_block": "10.0.0.0/16",
    "vpc_availability_zones": [],
    "vpc_tiers": ["public", "private"],
    "vpc_nat": "none",
    "aws_region": "eu-west-1",
}

WEB: dict[str, Any] = {"ports": "443", "cidr_block": "0.0.0.0/0"}


def _acl(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"vpc_network_acls": {"public": {"ingress": list(rules)}}}


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
        {"vpc_public_subnet_names": ["public-1a", "public-1b"]},
        {"vpc_availability_zone_count": 3, "vpc_private_subnet_names": ["a", "b", "c"]},
        {"vpc_network_acls": {"public": {"ingress": [WEB, {"protocol": "icmp", "cidr_block": "::/0"}], "egress": []}}},
        {"vpc_flow_logs": True, "vpc_flow_log_retention_days": 30, "vpc_flow_log_role_name": "network-flow-logs"},
        {"vpc_flow_logs": False, "vpc_flow_log_retention_days": 31},
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
        (
            {"vpc_public_subnet_names": ["a"]},
            "vpc_public_subnet_names has 1 different names; allowed is one for",
        ),
        (
            {"vpc_private_subnet_names": ["a", "a"]},
            "vpc_private_subnet_names has 1 different names; allowed is",
        ),
        ({"vpc_availability_zone_count": 6}, "vpc_availability_zone_count is 6; allowed are 2 to 5"),
        (
            {"vpc_network_acls": {"isolated": {}}},
            "vpc_network_acls has isolated and vpc_tiers has not; allowed are network ACLs of tiers that there are",
        ),
        (_acl(WEB | {"number": 32767}), "vpc_network_acls.public.ingress[1] number is 32767; allowed is 1 to 32766"),
        (
            _acl(WEB, WEB | {"number": 100}),
            "vpc_network_acls.public.ingress[2] has the number 100 of vpc_network_acls.public.ingress[1]; allowed are",
        ),
        (_acl({"cidr_block": "::/0"}), "vpc_network_acls.public.ingress[1] has protocol tcp and no ports; give a port"),
        (_acl(WEB | {"protocol": "all"}), "vpc_network_acls.public.ingress[1] has protocol all and ports 443; allowed"),
        (_acl(WEB | {"ports": "90-80"}), "vpc_network_acls.public.ingress[1] has port 90-80; the range ends before it"),
        (_acl(WEB | {"cidr_block": "10.0.0.1/8"}), "vpc_network_acls.public.ingress[1] has CIDR block 10.0.0.1/8; mis"),
        (
            {"vpc_mode": "default", "vpc_flow_logs": True},
            "vpc_flow_logs is true and vpc_mode is default; allowed",
        ),
        (
            {"vpc_flow_logs": True, "vpc_flow_log_retention_days": 31},
            "vpc_flow_log_retention_days is 31; allowed are 0, 1, 3, 5",
        ),
        (
            {"vpc_flow_logs": True, "vpc_flow_log_role_name": "a" * 65},
            f"vpc_flow_log_role_name is {'a' * 65}; allowed are 1 to 64 letters, digits and",
        ),
        ({"vpc_wait_timeout": 0}, "vpc_wait_timeout is 0; allowed are 1 to 7200"),
        ({"vpc_isolated_subnets": ["10.0.0.0/24"]}, "vpc_isolated_subnets are set and vpc_tiers has no isolated"),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**CREATE, **options}))
    assert any(message.startswith(problem) for message in found), found
