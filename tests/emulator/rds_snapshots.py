# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots for moto, read replicas, and what is restored: from a snapshot and to a point in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import moto.rds.models
from moto.core.utils import utcnow
from moto.rds.models import DBCluster, DBInstance, DBInstanceAutomatedBackup

from .errors import AwsError
from .rds_groups import GroupsMixin
from .support import begin, passing

KIND = "dbsnapshot"
# What a restored instance does not take from the old one.
NOT_RESTORED = (
    *("monitoring_interval", "monitoring_role_arn", "deletion_protection", "multi_az", "tags", "replicas"),
    *("performance_insights_enabled", "performance_insights_retention_period", "performance_insights_kms_key_id"),
    *("enabled_cloudwatch_logs_exports", "source_db_instance_identifier", "max_allocated_storage", "status"),
    *("pending_modified_values", "iops", "storage_throughput", "going", "is_replica", "availability_zone"),
)


class SnapshotsMixin(GroupsMixin):
    # ---- snapshots ---------------------------------------------------------------------------------

    def check_snapshot_source(self, name: str) -> None:
        database = self._available(name)  # type: ignore[attr-defined]
        if database.db_cluster_identifier:
            raise AwsError(
                "InvalidParameterValue",
                "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use "
                "the CreateDBClusterSnapshot API instead.",
            )

    def create_db_snapshot(self, *args: Any, **kwargs: Any) -> Any:
        snapshot = super().create_db_snapshot(*args, **kwargs)
        if snapshot.snapshot_type == "manual":
            begin(self, KIND, snapshot.db_snapshot_identifier, "creating")
        return self._with_snapshot_status(snapshot)

    def create_db_cluster_snapshot(
        self, db_cluster_identifier: str, db_cluster_snapshot_identifier: str, *args: Any, **kwargs: Any
    ) -> Any:
        manual = kwargs.get("snapshot_type", "manual") == "manual"
        if manual and db_cluster_identifier in self.clusters:
            self._available_cluster(db_cluster_identifier)  # type: ignore[attr-defined]
        snapshot = super().create_db_cluster_snapshot(
            db_cluster_identifier, db_cluster_snapshot_identifier, *args, **kwargs
        )
        if snapshot.snapshot_type == "manual":
            begin(self, KIND, snapshot.db_cluster_snapshot_identifier, "creating")
        return self._with_snapshot_status(snapshot)

    def copy_db_snapshot(self, **kwargs: Any) -> Any:
        source = self.get_db_snapshot(kwargs["source_db_snapshot_identifier"])
        self._check_copy(source, kwargs)
        snapshot = super().copy_db_snapshot(**kwargs)
        begin(self, KIND, snapshot.db_snapshot_identifier, "creating")
        return self._with_snapshot_status(snapshot)

    def copy_db_cluster_snapshot(self, **kwargs: Any) -> Any:
        source = self.get_db_cluster_snapshot(kwargs["source_db_cluster_snapshot_identifier"])
        self._check_copy(source, kwargs)
        snapshot = super().copy_db_cluster_snapshot(**kwargs)
        begin(self, KIND, snapshot.db_cluster_snapshot_identifier, "creating")
        return self._with_snapshot_status(snapshot)

    def _check_copy(self, source: Any, kwargs: dict[str, Any]) -> None:
        if source.backend.region_name != self.region_name and source.encrypted and not kwargs.get("kms_key_id"):
            raise AwsError(
                "InvalidParameterCombination",
                "PreSignedUrl and KmsKeyId are needed to copy an encrypted snapshot from another region.",
            )
        if passing(source.backend, KIND, source.resource_id):
            raise AwsError("InvalidDBSnapshotState", f"Snapshot {source.resource_id} is not in available state.")

    def read_snapshots(self, found: list[Any]) -> list[Any]:
        return [self._with_snapshot_status(snapshot, read=True) for snapshot in found]

    def _with_snapshot_status(self, snapshot: Any, *, read: bool = False) -> Any:
        snapshot.status = passing(self, KIND, snapshot.resource_id, read=read) or "available"
        return snapshot

    def drop_automated_snapshots(self, name: str) -> None:
        """They go when automated backups are switched off."""
        for found in self.describe_db_snapshots(name, None, snapshot_type="automated"):
            self.database_snapshots.pop(found.db_snapshot_identifier, None)

    # ---- read replicas -----------------------------------------------------------------------------

    def create_db_instance_read_replica(self, db_kwargs: dict[str, Any]) -> DBInstance:
        """An instance of its own, where moto shares the source's parts."""
        source = self._available(db_kwargs["source_db_instance_identifier"])  # type: ignore[attr-defined]
        if not source.backup_retention_period:
            raise AwsError("InvalidDBInstanceState", "Automated backups are not enabled for this database instance.")
        given = {key: value for key, value in db_kwargs.items() if value is not None}
        kept = ("engine", "engine_version", "master_username", "storage_type", "storage_encrypted", "kms_key_id")
        of_source = {name: getattr(source, name) for name in (*kept, "allocated_storage", "db_name", "port")}
        defaults = {"db_instance_class": source.db_instance_class, "backup_retention_period": 0}
        defaults["db_subnet_group_name"] = source._db_subnet_group_name
        if "db_parameter_group_name" not in given:
            defaults["db_parameter_group_name"] = source.db_parameter_group_name
        replica = self.create_db_instance({**of_source, **defaults, **given})
        replica.set_as_replica()
        source.add_replica(replica)
        return replica

    # ---- what is restored --------------------------------------------------------------------------

    def restore_db_instance_from_db_snapshot(self, from_snapshot_id: str, overrides: Any) -> DBInstance:
        snapshot = self.describe_db_snapshots(None, from_snapshot_id)[0]
        if passing(self, KIND, snapshot.db_snapshot_identifier):
            raise AwsError("InvalidDBSnapshotState", f"Snapshot {from_snapshot_id} is not in available state.")
        return self._restored(snapshot.database, overrides, overrides["db_instance_identifier"])

    def restore_db_instance_to_point_in_time(self, source: str, target: str, overrides: Any) -> DBInstance:
        database = self.describe_db_instances(source)[0]
        if not database.backup_retention_period:
            raise AwsError("PointInTimeRestoreNotEnabled", f"Point in time restore is not enabled for {source}.")
        _check_time(database.created, overrides.get("restore_time"), overrides.get("use_latest_restorable_time"))
        return self._restored(database, overrides, target)

    def _restored(self, database: DBInstance, overrides: Any, name: str) -> DBInstance:
        old = {key.removeprefix("_"): value for key, value in database.__dict__.items()}
        plain = {key: value for key, value in old.items() if isinstance(value, (str, int, list, bool))}
        kept = {key: value for key, value in plain.items() if key not in NOT_RESTORED}
        kept.pop("db_parameter_group_name", None)
        kept.pop("option_group_name", None)
        given = {key: value for key, value in dict(overrides).items() if value is not None}
        restored = self.create_db_instance({**kept, **given, "db_instance_identifier": name})
        restored.kms_key_id = database.kms_key_id
        return restored

    def restore_db_cluster_from_snapshot(self, from_snapshot_id: str, overrides: Any) -> DBCluster:
        snapshot = self.describe_db_cluster_snapshots(None, from_snapshot_id)[0]
        if passing(self, KIND, snapshot.db_cluster_snapshot_identifier):
            raise AwsError("InvalidDBClusterSnapshotStateFault", f"Snapshot {from_snapshot_id} is not available.")
        return self._restored_cluster(snapshot.cluster, overrides)

    def restore_db_cluster_to_point_in_time(self, **overrides: Any) -> DBCluster:
        cluster = self.describe_db_clusters(overrides["source_db_cluster_identifier"])[0]
        _check_time(cluster.created, overrides.get("restore_to_time"), overrides.get("use_latest_restorable_time"))
        return self._restored_cluster(cluster, overrides)

    def _restored_cluster(self, cluster: DBCluster, overrides: Any) -> DBCluster:
        names = ("engine", "engine_version", "database_name", "master_username", "port", "storage_encrypted")
        kept = {name: getattr(cluster, name) for name in (*names, "backup_retention_period", "kms_key_id")}
        kept["master_user_password"] = cluster._master_user_password
        given = {key: value for key, value in dict(overrides).items() if value is not None}
        return self.create_db_cluster({**kept, **given})


def _check_time(earliest: datetime, wanted: Any, latest: Any) -> None:
    if bool(wanted) == bool(latest):
        raise AwsError("InvalidParameterCombination", "Either RestoreTime or UseLatestRestorableTime must be given.")
    if not wanted:
        return
    moment = wanted if isinstance(wanted, datetime) else datetime.fromisoformat(str(wanted))
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if not earliest <= moment <= utcnow():
        raise AwsError("InvalidParameterValue", f"The specified time {wanted} is not within the restore window.")


def _latest(self: Any) -> datetime | None:
    """Without backups there is no point in time."""
    return utcnow() if self.backup_retention_period else None


def _window(self: Any) -> dict[str, datetime]:
    database = self.backend.databases.get(self.db_instance_identifier)
    return {"EarliestTime": database.created, "LatestTime": utcnow()} if database else {}


moto.rds.models.DBInstance.latest_restorable_time = property(_latest)  # type: ignore[assignment,method-assign]
DBInstanceAutomatedBackup.restore_window = property(_window)  # type: ignore[attr-defined]
