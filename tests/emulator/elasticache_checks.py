# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the ElastiCache API reference for what a request may hold, and snapshots."""

from __future__ import annotations

import re
from typing import Any

from moto.core.base_backend import BaseBackend

from . import windows
from .errors import AwsError
from .support import Params, Tags, now, require

# The version that an engine gets when nobody asks, and the full form of a short version.
ENGINE_VERSIONS = {"redis": "7.1", "valkey": "8.1"}
FULL_VERSIONS = {
    "redis": {"5.0.6": "5.0.6", "6.0": "6.0.5", "6.2": "6.2.6", "6.x": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0"},
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "8.2": "8.2.0", "9.0": "9.0.0"},
}
NODE_TYPE = re.compile(r"^cache\.(t2|t3|t4g|m[3-7]g?|r[3-7]g?|r6gd|c7gn)\.(micro|small|medium|large|\d*xlarge)$")
AUTH_TOKEN = re.compile(r"^[A-Za-z0-9!&#$^<>\-]{16,128}$")


def full_version(engine: str, version: str) -> str:
    if engine not in FULL_VERSIONS:
        raise AwsError("InvalidParameterValue", f"Invalid cache engine: {engine}. Valid values: redis, valkey.")
    known = FULL_VERSIONS[engine]
    if version in known:
        return known[version]
    if version in known.values():
        return version
    raise AwsError("InvalidParameterValue", f"Cannot find version {version} for {engine}")


def family_of(engine: str, version: str) -> str:
    major = version.split(".", maxsplit=1)[0]
    if engine == "redis" and int(major) < 6:
        return f"redis{major}.0"
    return "redis6.x" if (engine, major) == ("redis", "6") else f"{engine}{major}"


def check_node_type(name: str | None) -> None:
    if name is not None and not NODE_TYPE.match(name):
        raise AwsError("InvalidParameterValue", f"Invalid cache node type: {name}.")


def check_cluster_count(count: int) -> int:
    if not 1 <= count <= 6:
        raise AwsError("InvalidParameterValue", "The number of cache clusters must be between 1 and 6.")
    return count


RBAC_NEEDS_TLS = (
    "User group based access control requires encryption-in-transit to be enabled on the replication group."
)


def check_windows(snapshot: str, maintenance: str) -> None:
    daily = windows.daily(snapshot, "snapshot window", 60)
    weekly = windows.weekly(maintenance, "maintenance window", 60)
    if windows.overlap(daily, weekly):
        raise AwsError(
            "InvalidParameterCombination", "The snapshot window and the maintenance window must not overlap."
        )


def check_failover(failover: bool, multi_az: bool, replicas: int) -> None:
    if failover and replicas < 1:
        raise AwsError("InvalidParameterValue", "Must specify at least two cache clusters in order to auto failover.")
    if multi_az and not failover:
        raise AwsError("InvalidParameterCombination", "Automatic failover must be enabled in order to enable Multi-AZ.")


def check_auth_token(token: str, encrypted: bool) -> None:
    if not encrypted:
        raise AwsError(
            "InvalidParameterCombination",
            "The AUTH token can only be enabled when encryption-in-transit is enabled for the replication group.",
        )
    if not AUTH_TOKEN.match(token):
        raise AwsError(
            "InvalidParameterValue",
            "Invalid AuthToken provided: it must have 16 to 128 characters; of the symbols only !, &, #, $, ^, <, > "
            "and - are permitted.",
        )


def log_deliveries(current: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One delivery a log type; `Enabled: false` ends it."""
    by_type = {delivery["LogType"]: delivery for delivery in current}
    for request in wanted:
        kind = request.get("LogType")
        if kind not in ("slow-log", "engine-log"):
            raise AwsError("InvalidParameterValue", f"Invalid log type: {kind}.")
        if request.get("Enabled", True) is False:
            by_type.pop(kind, None)
            continue
        by_type[kind] = _delivery(kind, request)
    return list(by_type.values())


def _delivery(kind: str, request: dict[str, Any]) -> dict[str, Any]:
    destination, details = request.get("DestinationType"), request.get("DestinationDetails") or {}
    needed = {"cloudwatch-logs": "CloudWatchLogsDetails", "kinesis-firehose": "KinesisFirehoseDetails"}
    if destination not in needed or needed[destination] not in details:
        raise AwsError("InvalidParameterValue", f"Log delivery of {kind} needs a destination type and its details.")
    if request.get("LogFormat") not in ("text", "json"):
        raise AwsError("InvalidParameterValue", f"Invalid log format: {request.get('LogFormat')}.")
    return {
        "LogType": kind,
        "DestinationType": destination,
        "DestinationDetails": details,
        "LogFormat": request["LogFormat"],
        "Status": "active",
    }


class SnapshotsMixin(BaseBackend):
    snapshots: dict[str, Any]
    members: dict[str, dict[str, Any]]
    tags: Tags

    def create_snapshot(self, params: Params) -> Params:
        require(params, "SnapshotName")
        name = params["SnapshotName"].lower()
        if name in self.snapshots:
            raise AwsError("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
        group_id = params.get("ReplicationGroupId")
        if params.get("CacheClusterId"):
            if params["CacheClusterId"] not in self.members:
                raise AwsError("CacheClusterNotFound", f"CacheCluster not found: {params['CacheClusterId']}")
            group_id = self.members[params["CacheClusterId"]]["ReplicationGroupId"]
        if not group_id:
            raise AwsError(
                "InvalidParameterCombination", "One of CacheClusterId or ReplicationGroupId must be provided."
            )
        group = self.replication_group(group_id)  # type: ignore[attr-defined]
        snapshot = {
            "SnapshotName": name,
            "ReplicationGroupId": group_id,
            "ReplicationGroupDescription": group["Description"],
            "CacheClusterId": params.get("CacheClusterId"),
            "SnapshotStatus": "available",
            "SnapshotSource": "manual",
            "CacheNodeType": group["CacheNodeType"],
            "Engine": group["Engine"],
            "EngineVersion": group["version"],
            "NumNodeGroups": group["shards"],
            "Port": group["port"],
            "CacheSubnetGroupName": group["subnet_group"],
            "CacheParameterGroupName": group["parameter_group"],
            "SnapshotRetentionLimit": group["SnapshotRetentionLimit"],
            "SnapshotWindow": group["SnapshotWindow"],
            "CacheClusterCreateTime": now(),
            "ARN": self.arn("snapshot", name),  # type: ignore[attr-defined]
        }
        self.snapshots[name] = snapshot
        self.tags.add(snapshot["ARN"], params.get("Tags"))
        return {"Snapshot": snapshot}

    def describe_snapshots(self, params: Params) -> Params:
        name = params.get("SnapshotName")
        if name and name.lower() not in self.snapshots:
            raise AwsError("SnapshotNotFoundFault", f"Snapshot not found: {name}")
        found = [self.snapshots[name.lower()]] if name else list(self.snapshots.values())
        if params.get("ReplicationGroupId"):
            found = [snapshot for snapshot in found if snapshot["ReplicationGroupId"] == params["ReplicationGroupId"]]
        return {"Snapshots": found}

    def delete_snapshot(self, params: Params) -> Params:
        name = (params.get("SnapshotName") or "").lower()
        if name not in self.snapshots:
            raise AwsError("SnapshotNotFoundFault", f"Snapshot not found: {name}")
        return {"Snapshot": {**self.snapshots.pop(name), "SnapshotStatus": "deleting"}}
