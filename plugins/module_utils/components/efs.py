# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    efs = aws.client("efs")
    there = efs.describe_file_systems(CreationToken=name)["FileSystems"]
    found = next((item for item in there if item["LifeCycleState"] not in ("deleting", "deleted")), None)
    if found is None:
        return None
    points = efs.list("describe_access_points", "AccessPoints", FileSystemId=found["FileSystemId"])
    by_name = {point.get("Name"): point for point in points if point["LifeCycleState"] not in ("deleting", "deleted")}
    targets = efs.list("describe_mount_targets", "MountTargets", FileSystemId=found["FileSystemId"])
    states = {item["LifeCycleState"] for item in (found, *by_name.values(), *targets)}
    names = [*_names(options), *sorted(by_name.keys() - {*_names(options), None})]
    return {
        "id": found["FileSystemId"],
        "arn": found["FileSystemArn"],
        "dns_name": f"{found['FileSystemId']}.efs.{aws.region}.amazonaws.com",
        "access_points": {point: (by_name.get(point) or {}).get("AccessPointId", UNKNOWN) for point in names},
        "access_point_arns": {point: (by_name.get(point) or {}).get("AccessPointArn", UNKNOWN) for point in names},
        "status": "available" if states == {"available"} else "updating",
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    points = dict.fromkeys(_names(options), UNKNOWN)
    return {"access_points": points, "access_point_arns": points}


def _names(options: dict[str, Any]) -> list[str]:
    return [point["name"] for point in options.get("efs_access_points") or []]


KIND = Kind(
    "EFS file system",
    {
        "id": "the id of the file system",
        "arn": "its ARN",
        "dns_name": "the host name of its mount targets",
        "access_points": "the ids of its access points, by name",
        "access_point_arns": "the ARNs of its access points, by name",
        "status": "`available` when it, its access points and its mount targets are, else `updating`",
    },
    read,
    predict,
    ("efs_access_points",),
    is_pending=lambda facts: facts["status"] != "available",
)
