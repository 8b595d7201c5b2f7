# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subnets of a VPC that the role vpc creates."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import islice
from typing import Any

TIERS = ("public", "private", "isolated")
ZONES_AT_MOST = 5  # three tiers in sixteen parts


def planned_subnets(
    vpc_cidr: str, zones: list[str], tiers: list[str], given: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """Each subnet's tier, zone and CIDR block: for each tier one a zone, as given or a sixteenth of the VPC's block."""
    subnets = []
    for tier in sorted(tiers, key=TIERS.index):
        blocks = given.get(tier) or computed_blocks(vpc_cidr, tier, len(zones))
        subnets += [{"tier": tier, "zone": zone, "cidr": block} for zone, block in zip(zones, blocks, strict=False)]
    return subnets


def computed_blocks(vpc_cidr: str, tier: str, count: int) -> list[str]:
    """The tier's parts of the VPC's block; a tier has the same ones whatever other tiers there are."""
    first = TIERS.index(tier) * ZONES_AT_MOST
    parts = IPv4Network(vpc_cidr).subnets(prefixlen_diff=4)
    return [str(part) for part in islice(parts, first, first + count)]
