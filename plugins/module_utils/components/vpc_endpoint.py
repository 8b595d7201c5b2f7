# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind

GONE = ("deleting", "deleted")


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    services = [
        *(options.get("vpc_endpoint_services") or []),
        *(options.get("vpc_endpoint_gateway_services") or []),
    ]
    filters = (
        [{"Name": "vpc-id", "Values": [options["vpc_endpoint_vpc_id"]]}] if options.get("vpc_endpoint_vpc_id") else []
    )
    found = aws.client("ec2").list("describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    there = [endpoint for endpoint in found if endpoint["State"].lower() not in GONE]
    ids = endpoint_ids(there, name, services)
    states = {endpoint["State"].lower() for endpoint in there if endpoint["VpcEndpointId"] in ids.values()}
    status = "available" if states <= {"available"} else "pending"
    return {"ids": ids, "status": status} if ids or not services else None


def endpoint_ids(endpoints: list[dict[str, Any]], name: str, services: list[str]) -> dict[str, str]:
    """Service -> id: the component's own endpoint or, for its services, whose ever there is."""
    own, others = {}, {}
    for endpoint in endpoints:
        service = ".".join(endpoint["ServiceName"].split(".")[3:]) or endpoint["ServiceName"]
        tags = boto3_tag_list_to_ansible_dict(endpoint.get("Tags", []))
        if tags.get("Name") == f"{name}-{service}":
            own[service] = endpoint["VpcEndpointId"]
        elif service in services:
            others[service] = endpoint["VpcEndpointId"]
    return {**others, **own}


KIND = Kind(
    "VPC endpoint",
    {"ids": "the endpoints' ids, by service", "status": "`available` when all of them are, else `pending`"},
    read,
    options=("vpc_endpoint_services", "vpc_endpoint_gateway_services"),
    derived={"vpc_endpoint_vpc_id": ("vpc_endpoint_vpc", "id")},
    is_pending=lambda facts: facts["status"] != "available",
)
