# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    filters = [{"Name": "group-name", "Values": [name]}]
    if options.get("security_group_vpc_id"):
        filters.append({"Name": "vpc-id", "Values": [options["security_group_vpc_id"]]})
    found = aws.client("ec2").list("describe_security_groups", "SecurityGroups", Filters=filters)
    if len(found) > 1:
        vpcs = ", ".join(sorted(group["VpcId"] for group in found))
        raise ResourceError(f"there is more than one security group {name}: in {vpcs}; give one another name")
    if not found:
        return None
    group = found[0]
    return {
        "id": group["GroupId"],
        "arn": aws.arn("ec2", f"security-group/{group['GroupId']}"),
        "vpc_id": group["VpcId"],
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"vpc_id": options["security_group_vpc_id"]} if options.get("security_group_vpc_id") else {}


KIND = Kind(
    "security group",
    {"id": "the group's id", "arn": "the group's ARN", "vpc_id": "the id of the VPC that the group is in"},
    read,
    predict,
    derived={"security_group_vpc_id": ("security_group_vpc", "id")},
)
