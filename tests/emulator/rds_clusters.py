# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aurora clusters for moto: what they refuse, how they change, that they come and go over time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from moto.rds.models import DBCluster

from .errors import AwsError
from .rds_groups import GroupsMixin
from .support import Params, begin, check_security_groups, passing

KIND = "dbcluster"
PASSWORD_LENGTHS = range(8, 129)
PAUSES = range(300, 86401)
MOST_CAPACITY = 256
# What ModifyDBCluster sets as it is: parameter -> attribute of moto's model.
CHANGED = {
    "BackupRetentionPeriod": "backup_retention_period",
    "CopyTagsToSnapshot": "copy_tags_to_snapshot",
    "DBClusterParameterGroupName": "parameter_group",
    "DeletionProtection": "deletion_protection",
    "EnableIAMDatabaseAuthentication": "iam_auth",
    "EngineVersion": "engine_version",
    "MasterUserPassword": "master_user_password",
    "Port": "port",
    "PreferredBackupWindow": "preferred_backup_window",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "VpcSecurityGroupIds": "vpc_security_group_ids",
}


class ClustersMixin(GroupsMixin):
    def create_db_cluster(self, kwargs: dict[str, Any]) -> DBCluster:
        name = kwargs["db_cluster_identifier"].lower()
        self._validate_db_identifier(name)
        if name in self.clusters:
            raise AwsError("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {name}")
        given = {key: value for key, value in kwargs.items() if value is not None}
        self._check_cluster(
            given.get("vpc_security_group_ids"),
            given.get("backup_retention_period"),
            given.get("master_user_password"),
            _scaling(given.get("serverless_v2_scaling_configuration")),
        )
        if given.get("db_subnet_group_name"):
            given["db_subnet_group_name"] = self.subnets_of(given["db_subnet_group_name"]).name
        if given.get("db_cluster_parameter_group_name"):
            group = self.cluster_parameter_group(
                given["db_cluster_parameter_group_name"], "DBClusterParameterGroupNotFound"
            )
            given["db_cluster_parameter_group_name"] = group.name
        if given.get("storage_encrypted"):
            given["kms_key_id"] = self._key_arn(given.get("kms_key_id")) or self._aws_key("rds")
        cluster = super().create_db_cluster(given)
        cluster.status = "available"
        if not given.get("storage_encrypted"):
            cluster.kms_key_id = None  # type: ignore[assignment]
        token = hashlib.sha256(f"{cluster.db_cluster_arn}{cluster.created}".encode()).hexdigest()
        cluster.db_cluster_resource_id = f"cluster-{token[:26].upper()}"
        begin(self, KIND, name, "creating")
        return self._with_cluster_status(cluster)

    def change_cluster(self, params: Params) -> Params:
        cluster = self._available_cluster(params["DBClusterIdentifier"])
        scaling = params.get("ServerlessV2ScalingConfiguration")
        self._check_cluster(
            params.get("VpcSecurityGroupIds"),
            params.get("BackupRetentionPeriod"),
            params.get("MasterUserPassword"),
            scaling,
        )
        if params.get("DBClusterParameterGroupName"):
            self.cluster_parameter_group(params["DBClusterParameterGroupName"], "DBClusterParameterGroupNotFound")
        for parameter, attribute in CHANGED.items():
            if params.get(parameter) is not None:
                setattr(cluster, attribute, params[parameter])
        if scaling:
            cluster.serverless_v2_scaling_configuration = dict(scaling)
        logs = params.get("CloudwatchLogsExportConfiguration") or {}
        kept = set(cluster.enabled_cloudwatch_logs_exports) - set(logs.get("DisableLogTypes") or [])
        cluster.enabled_cloudwatch_logs_exports = sorted(kept | set(logs.get("EnableLogTypes") or []))
        begin(self, KIND, cluster.db_cluster_identifier, "modifying")
        return {"DBCluster": self._with_cluster_status(cluster)}

    def remove_cluster(self, params: Params) -> Params:
        cluster = self._available_cluster(params["DBClusterIdentifier"])
        name = cluster.db_cluster_identifier
        final, skip = params.get("FinalDBSnapshotIdentifier"), bool(params.get("SkipFinalSnapshot"))
        if bool(final) == skip:
            raise AwsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and excluded with it.",
            )
        if cluster.deletion_protection:
            raise AwsError(
                "InvalidParameterCombination",
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            )
        if any(not getattr(member, "going", False) for member in cluster._members):
            raise AwsError(
                "InvalidDBClusterStateFault",
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            )
        if final:
            self.create_db_cluster_snapshot(name, final)
        cluster.going = True  # type: ignore[attr-defined]
        cluster.status = "deleting"
        if not begin(self, KIND, name, "deleting") and not cluster._members:
            del self.clusters[name]
        return {"DBCluster": cluster}

    def read_clusters(self, found: list[DBCluster]) -> list[DBCluster]:
        shown = [self._with_cluster_status(cluster, read=True) for cluster in found]
        for cluster in found:
            gone = not passing(self, KIND, cluster.db_cluster_identifier) and not cluster._members
            if getattr(cluster, "going", False) and gone:
                self.clusters.pop(cluster.db_cluster_identifier, None)
        return shown

    def check_member(self, kwargs: Mapping[str, Any]) -> None:
        """What CreateDBInstance refuses of an instance of a cluster."""
        name = kwargs["db_cluster_identifier"]
        if name not in self.clusters:
            raise AwsError("DBClusterNotFoundFault", f"DBCluster {name} not found.")
        self._available_cluster(name)
        own = [key for key in ("allocated_storage", "master_username", "master_user_password") if kwargs.get(key)]
        if own:
            raise AwsError(
                "InvalidParameterCombination",
                f"The requested DB Instance will be a member of a DB Cluster. Set {own[0]} for the DB Cluster.",
            )
        if kwargs["db_instance_class"] == "db.serverless" and not _of(self.clusters[name]):
            raise AwsError(
                "InvalidParameterCombination",
                "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 "
                "DB instance.",
            )

    # ---- checks ------------------------------------------------------------------------------------

    def _available_cluster(self, name: str) -> DBCluster:
        cluster = self.describe_db_clusters(name)[0]
        status = "deleting" if getattr(cluster, "going", False) else passing(self, KIND, cluster.db_cluster_identifier)
        if status:
            raise AwsError("InvalidDBClusterStateFault", f"Cluster {name} is {status}: it is not in available state.")
        return cluster

    def _check_cluster(self, groups: Any, retention: Any, password: str | None, scaling: Params) -> None:
        check_security_groups(self, groups or (), "InvalidParameterValue")
        if retention is not None and not 1 <= int(retention) <= 35:
            raise AwsError("InvalidParameterValue", f"Invalid backup retention period: {retention}. Must be 1 to 35.")
        if password is not None and (len(password) not in PASSWORD_LENGTHS or set(password) & set('/@" ')):
            raise AwsError("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password.")
        if scaling:
            _check_scaling(scaling)

    def _with_cluster_status(self, cluster: DBCluster, *, read: bool = False) -> DBCluster:
        status = passing(self, KIND, cluster.db_cluster_identifier, read=read)
        if getattr(cluster, "going", False):
            cluster.status = "deleting"
        elif status:
            cluster.status = status
        elif cluster._status in ("creating", "modifying"):
            cluster.status = "available"
        return cluster


def _of(cluster: DBCluster) -> Params:
    return _scaling(cluster.serverless_v2_scaling_configuration)


def _scaling(stored: Any) -> Params:
    """moto keeps it under names of its own."""
    names = {"min_capacity": "MinCapacity", "max_capacity": "MaxCapacity"}
    names["seconds_until_auto_pause"] = "SecondsUntilAutoPause"
    return {names.get(name, name): value for name, value in dict(stored or {}).items()}


def _check_scaling(scaling: Params) -> None:
    least, most = scaling.get("MinCapacity"), scaling.get("MaxCapacity")
    if least is None or most is None:
        raise AwsError("InvalidParameterCombination", "MinCapacity and MaxCapacity are both needed.")
    least, most = float(least), float(most)
    steps = (least * 2).is_integer() and (most * 2).is_integer()
    if not steps or not 0 <= least <= most <= MOST_CAPACITY or most < 1:
        raise AwsError(
            "InvalidParameterValue",
            f"Serverless v2 capacity {least} to {most} isn't valid: half steps of 0 to {MOST_CAPACITY}.",
        )
    pause = scaling.get("SecondsUntilAutoPause")
    if pause is not None and (least > 0 or int(pause) not in PAUSES):
        raise AwsError(
            "InvalidParameterValue",
            "SecondsUntilAutoPause is 300 to 86400, and only with a minimum capacity of 0.",
        )
