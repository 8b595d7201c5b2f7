# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError

TIER_TAG = "slipway:tier"
DEFAULT_ROUTE = "0.0.0.0/0"


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    vpc = _find(aws, name, options)
    if vpc is None:
        return None
    ec2, of_vpc = aws.client("ec2"), [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    tables = ec2.list("describe_route_tables", "RouteTables", Filters=of_vpc)
    subnets = ec2.list("describe_subnets", "Subnets", Filters=of_vpc)
    facts = network(subnets, tables)
    _refuse_one_zone(vpc["VpcId"], facts["availability_zones"], options.get("vpc_mode") or "default")
    blocks = [
        block["CidrBlock"]
        for block in vpc.get("CidrBlockAssociationSet", [])
        if block["CidrBlockState"]["State"] == "associated"
    ]
    return {
        "managed": (options.get("vpc_mode") or "default") == "create",
        "id": vpc["VpcId"],
        "cidr_block": vpc["CidrBlock"],
        "cidr_blocks": sorted(blocks, key=lambda block: (block != vpc["CidrBlock"], block)),
        **facts,
    }


def network(subnets: list[dict[str, Any]], tables: list[dict[str, Any]]) -> Facts:
    """The subnets by tier, each tier in the order of its zones."""
    subnets = sorted(subnets, key=lambda subnet: (subnet["AvailabilityZone"], subnet["CidrBlock"]))
    tiers: dict[str, list[str]] = {"public": [], "private": [], "isolated": []}
    for subnet in subnets:
        tiers[tier(subnet, tables)].append(subnet["SubnetId"])
    inside = [subnet for subnet in subnets if subnet["SubnetId"] not in tiers["public"]]
    return {
        "subnet_ids": tiers["private"] or [subnet["SubnetId"] for subnet in subnets],
        "data_subnet_ids": tiers["isolated"] or tiers["private"] or [subnet["SubnetId"] for subnet in subnets],
        **{f"{name}_subnet_ids": ids for name, ids in tiers.items()},
        "availability_zones": sorted({subnet["AvailabilityZone"] for subnet in subnets}),
        "route_table_ids": sorted(table["RouteTableId"] for table in tables),
        "private_route_table_ids": sorted({_table_of(subnet, tables)["RouteTableId"] for subnet in inside}),
    }


def tier(subnet: dict[str, Any], tables: list[dict[str, Any]]) -> str:
    """The tier that the subnet's tag says, or else the way out that its route table gives it."""
    tags = {tag["Key"]: tag["Value"] for tag in subnet.get("Tags", [])}
    if tags.get(TIER_TAG) in ("public", "private", "isolated"):
        return tags[TIER_TAG]
    routes = [
        route for route in _table_of(subnet, tables)["Routes"] if route.get("DestinationCidrBlock") == DEFAULT_ROUTE
    ]
    if not routes:
        return "isolated"
    return "public" if routes[0].get("GatewayId", "").startswith("igw-") else "private"


def _table_of(subnet: dict[str, Any], tables: list[dict[str, Any]]) -> dict[str, Any]:
    main: dict[str, Any] = {"RouteTableId": "", "Routes": []}
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet["SubnetId"]:
                return table
            if association.get("Main"):
                main = table
    return main


def _find(aws: Aws, name: str, options: dict[str, Any]) -> dict[str, Any] | None:
    mode, vpc_id = options.get("vpc_mode") or "default", options.get("vpc_id")
    if mode == "default":
        filters, what = {"is-default": "true"}, f"default VPC in {aws.region}"
        hint = "create one with `aws ec2 create-default-vpc`, or set vpc_mode to existing or create"
    elif mode == "existing" and vpc_id:
        filters, what, hint = {"vpc-id": vpc_id}, f"VPC {vpc_id} in {aws.region}", "correct vpc_id"
    else:
        filters, what = {"tag:Name": name}, f"VPC whose tag Name is {name} in {aws.region}"
        hint = "correct vpc_name, or set vpc_id"
    asked = [{"Name": key, "Values": [value]} for key, value in filters.items()]
    found = aws.client("ec2").list("describe_vpcs", "Vpcs", Filters=asked)
    if len(found) > 1:
        ids = ", ".join(sorted(vpc["VpcId"] for vpc in found))
        raise ResourceError(f"there is more than one VPC whose tag Name is {name} in {aws.region}: {ids}")
    if found:
        return found[0]
    if mode == "create":
        return None
    raise ResourceError(f"vpc_mode is {mode} and the account {aws.account_id} has no {what}; {hint}")


def _refuse_one_zone(vpc_id: str, zones: list[str], mode: str) -> None:
    """Load balancers and databases need subnets in two zones: say so before anything is created."""
    if mode != "create" and len(zones) < 2:
        where = f"{len(zones)} zone{'' if len(zones) == 1 else 's'} ({', '.join(zones) or 'none'})"
        raise ResourceError(f"vpc_mode is {mode} and the subnets of {vpc_id} lie in {where}; allowed are two or more")


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    block = options.get("vpc_cidr_block")
    return {"managed": True, **({"cidr_block": block, "cidr_blocks": [block]} if block else {})}


KIND = Kind(
    "VPC",
    {
        "managed": "whether the environment created the VPC, and so removes it",
        "id": "the VPC's id",
        "cidr_block": "the VPC's primary CIDR block",
        "cidr_blocks": "all IPv4 CIDR blocks of the VPC, the primary one first",
        "subnet_ids": "the private subnets where there are any, or else all subnets",
        "data_subnet_ids": "the subnets for data stores: the isolated ones, or else the same as `subnet_ids`",
        "public_subnet_ids": "the subnets with a route to an internet gateway",
        "private_subnet_ids": "the subnets with another way out, as a NAT gateway",
        "isolated_subnet_ids": "the subnets without a way out",
        "availability_zones": "the zones of the subnets",
        "route_table_ids": "all route tables of the VPC",
        "private_route_table_ids": "the route tables of the private and the isolated subnets",
    },
    read,
    predict,
    ("vpc_mode", "vpc_id", "vpc_cidr_block"),
)
