# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a DB instance or cluster out of a snapshot, or out of another one as it was at a point in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, ResourceError, RetryingClient

LATEST = "latest"
# What comes from the backup, though the operation takes it.
FROM_BACKUP = {"DBName", "DatabaseName", "EngineVersion", "AllocatedStorage", "MaxAllocatedStorage", "PromotionTier"}
MISSING = [
    *("DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault"),
    *("DBSnapshotNotFound", "DBSnapshotNotFoundFault", "DBClusterSnapshotNotFoundFault"),
]


@dataclass(frozen=True)
class Api:
    """How AWS names things of instances, or of clusters."""

    name: str
    snapshot: str
    snapshots: str
    snapshot_name: str
    snapshot_parameter: str
    describe_snapshots: str
    create_snapshot: str
    copy_snapshot: str
    delete_snapshot: str
    from_snapshot: tuple[str, str]  # the operation as boto3 and as AWS name it
    to_point_in_time: tuple[str, str]
    target_parameter: str
    source_parameter: str


APIS = {
    "db-instance": Api(
        "DBInstanceIdentifier",
        "DBSnapshot",
        "DBSnapshots",
        "DBSnapshotIdentifier",
        "DBSnapshotIdentifier",
        "describe_db_snapshots",
        "create_db_snapshot",
        "copy_db_snapshot",
        "delete_db_snapshot",
        ("restore_db_instance_from_db_snapshot", "RestoreDBInstanceFromDBSnapshot"),
        ("restore_db_instance_to_point_in_time", "RestoreDBInstanceToPointInTime"),
        "TargetDBInstanceIdentifier",
        "SourceDBInstanceIdentifier",
    ),
    "db-cluster": Api(
        "DBClusterIdentifier",
        "DBClusterSnapshot",
        "DBClusterSnapshots",
        "DBClusterSnapshotIdentifier",
        "SnapshotIdentifier",
        "describe_db_cluster_snapshots",
        "create_db_cluster_snapshot",
        "copy_db_cluster_snapshot",
        "delete_db_cluster_snapshot",
        ("restore_db_cluster_from_snapshot", "RestoreDBClusterFromSnapshot"),
        ("restore_db_cluster_to_point_in_time", "RestoreDBClusterToPointInTime"),
        "DBClusterIdentifier",
        "SourceDBClusterIdentifier",
    ),
}


def moment(text: str) -> datetime:
    """A point in time; in UTC when the text does not say."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ResourceError(
            f"restore_time is {text!r}; allowed are {LATEST} and a time as 2026-02-22T03:00:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def accepted(client: RetryingClient, operation: str) -> set[str]:
    """The parameters of an operation, by AWS's name of it."""
    return set(client.meta.service_model.operation_model(operation).input_shape.members)


def restore_window(
    client: RetryingClient, source_type: str, source: str | None
) -> tuple[datetime | None, datetime | None]:
    """From when and up to when a database can be restored; None and None when it keeps no backups."""
    if source_type == "db-cluster":
        found = client.describe_db_clusters(DBClusterIdentifier=source)["DBClusters"][0]
        return found.get("EarliestRestorableTime"), found.get("LatestRestorableTime")
    found = client.describe_db_instances(DBInstanceIdentifier=source)["DBInstances"][0]
    backups = client.describe_db_instance_automated_backups(DBInstanceIdentifier=source)
    windows = [backup.get("RestoreWindow", {}) for backup in backups["DBInstanceAutomatedBackups"]]
    earliest = min((window["EarliestTime"] for window in windows if "EarliestTime" in window), default=None)
    return earliest, found.get("LatestRestorableTime")


def utc(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


class Restore:
    """From which backup, and whether it is there."""

    def __init__(self, client: RetryingClient, params: Mapping[str, Any], source_type: str) -> None:
        self.client = client
        self.api = APIS[source_type]
        self.source_type = source_type
        self.snapshot: str | None = params["restore_snapshot"]
        self.source: str | None = params["restore_source"]
        self.time: str = params["restore_time"] or LATEST
        self.label = self.snapshot or f"{self.source}@{self.time}"

    @classmethod
    def of(cls, client: RetryingClient, params: Mapping[str, Any], source_type: str) -> Restore | None:
        wanted = params["state"] == "present" and (params["restore_snapshot"] or params["restore_source"])
        return cls(client, params, source_type) if wanted else None

    def problem(self, desired: Attributes) -> str | None:
        """Why AWS would not restore it."""
        return self._snapshot_problem(desired) if self.snapshot else self._time_problem()

    def start(self, *, name: str, call: Attributes) -> None:
        """Restore, with those of the parameters that the operation takes."""
        if self.snapshot:
            operation, shape = self.api.from_snapshot
            own = {self.api.name: name, self.api.snapshot_parameter: self.snapshot}
        else:
            operation, shape = self.api.to_point_in_time
            own = {self.api.target_parameter: name, self.api.source_parameter: self.source}
            latest = self.time == LATEST
            own |= {"UseLatestRestorableTime": True} if latest else {self._time_parameter(): moment(self.time)}
        taken = accepted(self.client, shape) - FROM_BACKUP
        if self.source_type == "db-instance":
            taken -= {"Engine"}
        getattr(self.client, operation)(**{key: value for key, value in call.items() if key in taken}, **own)

    def _time_parameter(self) -> str:
        return "RestoreTime" if self.source_type == "db-instance" else "RestoreToTime"

    def _snapshot_problem(self, desired: Attributes) -> str | None:
        describe = getattr(self.client, self.api.describe_snapshots)
        try:
            found = describe(**{self.api.snapshot_name: self.snapshot})[self.api.snapshots][0]
        except is_boto3_error_code(MISSING):
            every = self.client.list(self.api.describe_snapshots, self.api.snapshots)
            names = [item[self.api.snapshot_name] for item in every]
            nearest = get_close_matches(self.snapshot, names, 3, 0.4)
            hint = f"the nearest are {', '.join(nearest)}" if nearest else f"there are {', '.join(names) or 'none'}"
            return f"there is no snapshot {self.snapshot}; {hint}"
        if found["Status"] != "available":
            return f"snapshot {self.snapshot} is {found['Status']}; wait until it is available"
        for option, member in (("engine", "Engine"), ("username", "MasterUsername")):
            if option in desired and desired[option] != found[member]:
                return f"{option} is {desired[option]}; snapshot {self.snapshot} has {found[member]}"
        return None

    def _time_problem(self) -> str | None:
        try:
            earliest, latest = restore_window(self.client, self.source_type, self.source)
        except is_boto3_error_code(MISSING):
            return f"there is no {self.source} to restore"
        if latest is None:
            return f"{self.source} keeps no backups: there is no point in time to restore"
        if self.time == LATEST:
            return None
        wanted = moment(self.time)
        if (earliest and wanted < earliest) or wanted > latest:
            first = f"{earliest:%Y-%m-%dT%H:%M:%SZ}" if earliest else "its first backup"
            return f"restore_time is {self.time}; allowed are times from {first} to {latest:%Y-%m-%dT%H:%M:%SZ}"
        return None
