# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDS for moto: instances that read back whole, honest parameter groups, windows that may touch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import moto.rds.models
from moto.core.responses import ActionResult
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.rds.models import DBInstance, rds_backends
from moto.rds.responses import RDSResponse

from . import windows
from .dispatch import answer_with, model_with
from .errors import AwsError
from .rds_clusters import ClustersMixin
from .rds_snapshots import SnapshotsMixin
from .support import Params, begin, check_security_groups, passing

MONITORING_INTERVALS = (0, 1, 5, 10, 15, 30, 60)
INSIGHTS_RETENTIONS = {7, 731, *(31 * months for months in range(1, 24))}
LICENSES = {"postgres": "postgresql-license", "mysql": "general-public-license", "mariadb": "general-public-license"}
PASSWORD_LENGTHS = range(8, 129)
# Below this size gp3 has a fixed speed.
GP3_LIMIT_GIB, GP3_IOPS, GP3_THROUGHPUT = 400, 3000, 125
# What waits for the maintenance window unless it is wanted now.
POSTPONED = {
    "db_instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "storage_type": "StorageType",
    "storage_throughput": "StorageThroughput",
    "multi_az": "MultiAZ",
}
KIND = "dbinstance"


def overlap_message(maintenance_window: str | None, backup_window: str | None) -> str | None:
    """In the place of moto's check, which finds that windows overlap which only touch."""
    if not maintenance_window:
        return None
    weekly = windows.weekly(maintenance_window, "maintenance window", 30)
    if backup_window and windows.overlap(windows.daily(backup_window, "backup window", 30), weekly):
        return "The backup window and maintenance window must not overlap."
    return None


class Backend(ClustersMixin, SnapshotsMixin):
    def create_db_instance(self, db_kwargs: Any) -> DBInstance:
        if db_kwargs["db_instance_identifier"].lower() in self.databases:
            raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
        alone = not db_kwargs.get("db_cluster_identifier")
        self._check(db_kwargs, None)
        if not alone:
            self.check_member(db_kwargs)
        kwargs = {
            "publicly_accessible": False,
            "ca_certificate_identifier": "rds-ca-rsa2048-g1",
            "license_model": LICENSES.get(db_kwargs.get("engine"), "license-included"),
            "availability_zone": self._zone(db_kwargs),
            **{name: value for name, value in db_kwargs.items() if value is not None},
        }
        if alone:
            self._check_storage(kwargs.get("storage_type"), kwargs.get("allocated_storage"), kwargs)
            if kwargs.get("storage_encrypted"):
                kwargs.setdefault("kms_key_id", self._aws_key("rds"))
        database = super().create_db_instance(kwargs)
        token = hashlib.sha256(f"{database.db_instance_arn}{database.created}".encode()).hexdigest()
        database.dbi_resource_id = f"db-{token[:26].upper()}"
        if alone:
            database.kms_key_id = self._key_arn(database.kms_key_id)
        self._complete(database)
        self._set_insights(database, db_kwargs, kwargs.get("enable_performance_insights"))
        database.placed = database.availability_zone  # type: ignore[attr-defined]
        begin(self, KIND, database.db_instance_identifier, "creating")
        return self._with_status(database)

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Any) -> DBInstance:
        database = self._available(db_instance_identifier)
        self._check(db_kwargs, database)
        kwargs = {name: value for name, value in db_kwargs.items() if value is not None}
        if "db_parameter_group_name" in kwargs:
            kwargs["db_parameter_group_name"] = self.parameter_group(kwargs["db_parameter_group_name"]).name
        storage_type = kwargs.get("storage_type", database.storage_type)
        self._check_storage(storage_type, kwargs.get("allocated_storage", database.allocated_storage), kwargs)
        if int(kwargs.get("allocated_storage", database.allocated_storage)) < database.allocated_storage:
            raise AwsError("InvalidParameterCombination", "Storage size cannot be less than the current storage size.")
        if kwargs.get("apply_immediately"):
            kwargs = {**self._postponed(database), **kwargs}
        else:
            self._postpone(database, kwargs)
        port = kwargs.pop("db_port_number", None)
        super().modify_db_instance(database.db_instance_identifier, kwargs)
        if port:
            database.port = port
        if not database.backup_retention_period:
            self.drop_automated_snapshots(database.db_instance_identifier)
        self._complete(database)
        self._set_insights(database, kwargs, kwargs.get("enable_performance_insights"))
        begin(self, KIND, database.db_instance_identifier, "modifying")
        return self._with_status(database)

    def describe_db_instances(self, db_instance_identifier: str | None = None, filters: Any = None) -> list[DBInstance]:
        return super().describe_db_instances((db_instance_identifier or "").lower() or None, filters)

    def read_db_instances(self, found: list[DBInstance]) -> list[DBInstance]:
        shown = [self._with_status(database, read=True) for database in found]
        for database in found:
            if getattr(database, "going", False) and not passing(self, KIND, database.db_instance_identifier):
                database.going = False  # type: ignore[attr-defined]
                super().delete_db_instance(database.db_instance_identifier, skip_final_snapshot=True)
        return shown

    def remove_db_instance(self, params: Params) -> Params:
        database = self._available(params["DBInstanceIdentifier"])
        name = database.db_instance_identifier
        final, skip = params.get("FinalDBSnapshotIdentifier"), bool(params.get("SkipFinalSnapshot"))
        if final and (database.db_cluster_identifier or database.is_replica):
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance or a read replica.",
            )
        if not database.db_cluster_identifier and not final and not skip:
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )
        if final and skip:
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when deleting without a final snapshot.",
            )
        if database.deletion_protection or not begin(self, KIND, name, "deleting"):
            super().delete_db_instance(name, final, skip, params.get("DeleteAutomatedBackups", True) is not False)
        elif final:
            self.create_db_snapshot(name, final, snapshot_type="manual")
        database.going = True  # type: ignore[attr-defined]
        database.status = "deleting"
        return {"DBInstance": database}

    # ---- checks ------------------------------------------------------------------------------------

    def _available(self, name: str) -> DBInstance:
        database = self.describe_db_instances(name)[0]
        status = passing(self, KIND, database.db_instance_identifier)
        if status:
            raise AwsError(
                "InvalidDBInstanceState", f"Database instance is not in available state: {name} is {status}."
            )
        return database

    def _check(self, kwargs: Mapping[str, Any], database: DBInstance | None) -> None:
        check_security_groups(self, kwargs.get("vpc_security_group_ids") or (), "InvalidParameterValue")
        if kwargs.get("db_subnet_group_name"):
            self.subnets_of(kwargs["db_subnet_group_name"])
        _check_password(kwargs.get("master_user_password"))
        _check_monitoring(kwargs, database)
        retention = kwargs.get("backup_retention_period")
        if retention is not None and not 0 <= int(retention) <= 35:
            raise AwsError("InvalidParameterValue", f"Invalid backup retention period: {retention}. Must be 0 to 35.")
        if database is None and kwargs.get("db_parameter_group_name"):
            self.parameter_group(kwargs["db_parameter_group_name"])

    def _zone(self, kwargs: Mapping[str, Any]) -> str:
        """The zone that is asked for, one that its subnets reach; the first of those otherwise."""
        wanted, cluster = kwargs.get("availability_zone"), self.clusters.get(kwargs.get("db_cluster_identifier") or "")
        group = cluster.db_subnet_group_name if cluster else kwargs.get("db_subnet_group_name")
        zones = [zone.name for zone in RegionsAndZonesBackend.zones[self.region_name]]
        if wanted and wanted not in zones:
            message = f"Availability zone '[{wanted}]' is unavailable in this region, please choose another zone set."
            raise AwsError("InvalidVPCNetworkStateFault", message)
        if wanted and kwargs.get("multi_az"):
            message = "Requesting a specific availability zone is not valid for Multi-AZ instances."
            raise AwsError("InvalidParameterCombination", message)
        if (group or "").lower() in self.subnet_groups:
            zones = [subnet["SubnetAvailabilityZone"]["Name"] for subnet in self.subnets_of(group).subnets]
        if wanted and wanted not in zones:
            message = f"there is not a subnet in {wanted}, the targeted availability zone"
            raise AwsError("InvalidVPCNetworkStateFault", f"Cannot create a database instance because {message}.")
        return wanted or min(zones)

    @staticmethod
    def _check_storage(storage_type: str | None, size: Any, kwargs: Mapping[str, Any]) -> None:
        faster = [name for name in ("iops", "storage_throughput") if kwargs.get(name)]
        slow = int(size or 0) < GP3_LIMIT_GIB and kwargs.get("iops") in (None, GP3_IOPS)
        slow = slow and kwargs.get("storage_throughput") in (None, GP3_THROUGHPUT)
        if storage_type == "gp3" and faster and int(size or 0) < GP3_LIMIT_GIB and not slow:
            raise AwsError(
                "InvalidParameterCombination",
                "You can't specify IOPS or storage throughput for this engine and a storage size less than "
                f"{GP3_LIMIT_GIB}.",
            )

    # ---- what reads back ---------------------------------------------------------------------------

    def _with_status(self, database: DBInstance, *, read: bool = False) -> DBInstance:
        status = passing(self, KIND, database.db_instance_identifier, read=read)
        if status:
            database.status = status
        elif database.status in ("creating", "modifying"):
            database.status = "available"
        # Where it is AWS tells when it is made.
        database.availability_zone = None if database.status == "creating" else database.placed  # type: ignore
        return database

    def _complete(self, database: DBInstance) -> None:
        if getattr(database, "pending_modified_values", None) is None:
            database.pending_modified_values = {}  # type: ignore[attr-defined]
        if not database.db_cluster_identifier and database.storage_type == "gp3":
            if database.allocated_storage < GP3_LIMIT_GIB:
                database.iops, database.storage_throughput = GP3_IOPS, GP3_THROUGHPUT  # type: ignore[assignment]
            elif not database.iops:
                database.iops, database.storage_throughput = 12000, 500  # type: ignore[assignment]
        if database.monitoring_interval:
            stream = f"log-group:RDSOSMetrics:log-stream:{database.dbi_resource_id}"
            arn = f"arn:{self.partition}:logs:{self.region_name}:{self.account_id}:{stream}"
            database.enhanced_monitoring_resource_arn = arn  # type: ignore[attr-defined]
        else:
            database.monitoring_role_arn = None
            database.enhanced_monitoring_resource_arn = None  # type: ignore[attr-defined]
        certificate = {"CAIdentifier": database.ca_certificate_identifier}
        database.certificate_details = certificate  # type: ignore[attr-defined]

    def _set_insights(self, database: Any, kwargs: Mapping[str, Any], wanted: bool | None) -> None:
        if not hasattr(database, "performance_insights_enabled"):
            database.performance_insights_enabled = False
            database.performance_insights_retention_period = None
            database.performance_insights_kms_key_id = None
        if wanted is not None:
            database.performance_insights_enabled = bool(wanted)
        if not database.performance_insights_enabled:
            if kwargs.get("performance_insights_retention_period") or kwargs.get("performance_insights_kms_key_id"):
                raise AwsError(
                    "InvalidParameterCombination", "Performance Insights is not enabled for this DB instance."
                )
            database.performance_insights_retention_period = None
            database.performance_insights_kms_key_id = None
            return
        retention = kwargs.get("performance_insights_retention_period")
        if retention is not None:
            database.performance_insights_retention_period = int(retention)
        elif database.performance_insights_retention_period is None:
            database.performance_insights_retention_period = 7
        key = kwargs.get("performance_insights_kms_key_id") or database.performance_insights_kms_key_id
        database.performance_insights_kms_key_id = self._key_arn(key) or self._aws_key("rds")

    def _postpone(self, database: DBInstance, kwargs: dict[str, Any]) -> None:
        for name, shown in POSTPONED.items():
            if name in kwargs and kwargs[name] != getattr(database, name):
                database.pending_modified_values[shown] = kwargs.pop(name)  # type: ignore[attr-defined]

    @staticmethod
    def _postponed(database: DBInstance) -> Params:
        """What waited for the maintenance window is applied along with what is applied immediately."""
        pending = database.pending_modified_values  # type: ignore[attr-defined]
        return {name: pending.pop(shown) for name, shown in POSTPONED.items() if shown in pending}

    def _aws_key(self, service: str) -> str:
        """AWS's own key for a service: one an account and region."""
        digest = hashlib.sha256(f"{self.account_id}{self.region_name}{service}".encode()).hexdigest()
        parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
        return f"arn:{self.partition}:kms:{self.region_name}:{self.account_id}:key/{'-'.join(parts)}"

    def _key_arn(self, key: str | None) -> str | None:
        if not key or key.startswith("arn:"):
            return key
        return f"arn:{self.partition}:kms:{self.region_name}:{self.account_id}:key/{key}"


def _check_password(password: str | None) -> None:
    if password is None:
        return
    if len(password) not in PASSWORD_LENGTHS:
        raise AwsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password because it is shorter than 8 or longer than "
            "128 characters.",
        )
    if any(character in password for character in '/@" '):
        raise AwsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            "'/', '@', '\"', ' ' may be used.",
        )


def _check_monitoring(kwargs: Mapping[str, Any], database: DBInstance | None) -> None:
    interval = kwargs.get("monitoring_interval")
    interval = interval if interval is not None else getattr(database, "monitoring_interval", 0)
    role = kwargs.get("monitoring_role_arn") or getattr(database, "monitoring_role_arn", None)
    if int(interval or 0) not in MONITORING_INTERVALS:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid monitoring interval: {interval}. Valid values: {', '.join(map(str, MONITORING_INTERVALS))}.",
        )
    if interval and not role:
        raise AwsError(
            "InvalidParameterCombination",
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
        )
    retention = kwargs.get("performance_insights_retention_period")
    if retention is not None and int(retention) not in INSIGHTS_RETENTIONS:
        raise AwsError("InvalidParameterValue", f"Invalid Performance Insights retention period: {retention}.")


@answer_with
class Response(RDSResponse):
    def describe_db_instances(self) -> ActionResult:
        result = super().describe_db_instances()
        found = result.result["DBInstances"]  # type: ignore[index]
        result.result["DBInstances"] = self.backend.read_db_instances(found)  # type: ignore[index,attr-defined]
        return result

    def _own(self, name: str) -> ActionResult:
        original = getattr(self.params, "original_dict", lambda: self.params)()
        return ActionResult(getattr(self.backend, name)(original))

    def delete_db_instance(self) -> ActionResult:
        return self._own("remove_db_instance")

    def create_db_snapshot(self) -> ActionResult:
        self.backend.check_snapshot_source(self.params["DBInstanceIdentifier"])  # type: ignore[attr-defined]
        return super().create_db_snapshot()

    def describe_db_snapshots(self) -> ActionResult:
        return self._read_snapshots(super().describe_db_snapshots(), "DBSnapshots")

    def describe_db_cluster_snapshots(self) -> ActionResult:
        return self._read_snapshots(super().describe_db_cluster_snapshots(), "DBClusterSnapshots")

    def _read_snapshots(self, result: ActionResult, key: str) -> ActionResult:
        found = result.result[key]  # type: ignore[index]
        result.result[key] = self.backend.read_snapshots(found)  # type: ignore[index,attr-defined]
        return result

    def describe_db_clusters(self) -> ActionResult:
        result = super().describe_db_clusters()
        found = result.result["DBClusters"]  # type: ignore[index]
        result.result["DBClusters"] = self.backend.read_clusters(found)  # type: ignore[index,attr-defined]
        return result

    def modify_db_cluster(self) -> ActionResult:
        return self._own("change_cluster")

    def delete_db_cluster(self) -> ActionResult:
        return self._own("remove_cluster")

    def create_db_cluster_parameter_group(self) -> ActionResult:
        return self._own("create_cluster_parameter_group")

    def describe_db_cluster_parameter_groups(self) -> ActionResult:
        return self._own("describe_cluster_parameter_groups")

    def modify_db_cluster_parameter_group(self) -> ActionResult:
        return self._own("modify_cluster_parameter_group")

    def reset_db_cluster_parameter_group(self) -> ActionResult:
        return self._own("reset_cluster_parameter_group")

    def describe_db_cluster_parameters(self) -> ActionResult:
        return self._own("describe_cluster_parameters")

    def describe_engine_default_cluster_parameters(self) -> ActionResult:
        return self._own("describe_engine_defaults")

    def delete_db_cluster_parameter_group(self) -> ActionResult:
        return self._own("delete_cluster_parameter_group")

    def create_db_parameter_group(self) -> ActionResult:
        return self._own("create_parameter_group")

    def describe_db_parameter_groups(self) -> ActionResult:
        return self._own("describe_parameter_groups")

    def modify_db_parameter_group(self) -> ActionResult:
        return self._own("modify_parameter_group")

    def reset_db_parameter_group(self) -> ActionResult:
        return self._own("reset_parameter_group")

    def describe_db_parameters(self) -> ActionResult:
        return self._own("describe_parameters")

    def describe_engine_default_parameters(self) -> ActionResult:
        return self._own("describe_engine_defaults")

    def delete_db_parameter_group(self) -> ActionResult:
        return self._own("delete_parameter_group")

    def create_db_subnet_group(self) -> ActionResult:
        return self._own("create_db_subnets")

    def modify_db_subnet_group(self) -> ActionResult:
        return self._own("modify_db_subnets")

    def delete_db_subnet_group(self) -> ActionResult:
        return self._own("delete_db_subnets")


moto.rds.models.valid_preferred_maintenance_window = overlap_message
model_with(rds_backends, Backend)
