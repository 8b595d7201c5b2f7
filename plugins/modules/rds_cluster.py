#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_cluster
short_description: Manage an Aurora database cluster
version_added: 0.2.0
description:
  - Creates, changes and deletes a DB cluster, see
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html) and
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html). Its instances are those of
    M(slipway.fargate.rds_instance) with O(slipway.fargate.rds_instance#module:cluster).
  - The master user's password is read from Secrets Manager by the module itself, and only when it is needed.
  - A cluster is never replaced. What cannot be changed in place is refused.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The identifier of the cluster.
    type: str
    required: true
  engine:
    description:
      - The engine, as V(aurora-postgresql). It cannot be changed.
    type: str
  engine_version:
    description:
      - The version of the engine, either a major one (V(16)), which any of its minor versions meets, or a whole one
        (V(16.6)). A later minor version is as good, as AWS installs minor versions.
    type: str
  min_capacity:
    description:
      - The least capacity of instances of class C(db.serverless), in Aurora capacity units, in half steps; V(0) lets
        them pause, see U(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html).
    type: float
  max_capacity:
    description:
      - The most capacity of instances of class C(db.serverless), V(1) to V(256), in half steps.
    type: float
  seconds_until_auto_pause:
    description:
      - After how many seconds without connections an instance pauses, V(300) to V(86400), with O(min_capacity=0).
    type: int
  parameter_group:
    description:
      - The DB cluster parameter group. Parameters that are not dynamic are in effect after the next reboot.
    type: str
  backup_retention_days:
    description:
      - How many days backups are kept, V(1) to V(35).
    type: int
  restore_snapshot:
    description:
      - The cluster snapshot that the cluster is made of, when it is not there yet, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html). What
        restoring does not set is changed when it is there, which is always waited for.
    type: str
  restore_source:
    description:
      - The cluster whose backups the cluster is made of, when it is not there yet, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html).
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - slipway.fargate.rds
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a serverless PostgreSQL cluster that pauses after five minutes without connections
  slipway.fargate.rds_cluster:
    name: shop-prod-database
    engine: aurora-postgresql
    engine_version: "16.6"
    min_capacity: 0
    max_capacity: 1
    seconds_until_auto_pause: 300
    storage_encrypted: true
    database: shop
    username: shop
    password_secret: shop/prod/database
    password_key: password
    subnet_group: shop-prod-database
    security_group_ids: [sg-0123456789abcdef0]
    deletion_protection: true

- name: Give it an instance
  slipway.fargate.rds_instance:
    name: shop-prod-database-1
    engine: aurora-postgresql
    cluster: shop-prod-database
    instance_class: db.serverless

- name: Delete it, with a final snapshot, when its instances are gone
  slipway.fargate.rds_cluster:
    name: shop-prod-database
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The identifier of the cluster.
      type: str
      sample: shop-prod-database
    arn:
      description: The ARN of the cluster.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:cluster:shop-prod-database
    resource_id:
      description: AWS's own id of the cluster.
      type: str
      sample: cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ
    status:
      description: The status, as V(available).
      type: str
      sample: available
    address:
      description: The host name of the writer.
      type: str
      sample: shop-prod-database.cluster-abcdefghijkl.eu-west-1.rds.amazonaws.com
    reader_address:
      description: The host name behind which the readers are, or the writer when there is no reader.
      type: str
      sample: shop-prod-database.cluster-ro-abcdefghijkl.eu-west-1.rds.amazonaws.com
    pending:
      description: What AWS applies in the maintenance window.
      type: dict
      sample: {"engine_version": "16.7"}
    restored_from:
      description: The snapshot, or cluster and time, that it was restored from.
      type: str
      sample: shop-prod-database-2026-02-22
    password_version:
      description: The version of the secret that the master user's password was read from.
      type: str
      sample: 01234567-89ab-cdef-0123-456789abcdef
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
    engine:
      description: Every option that says what the cluster is to be has its value here, under its own name.
      type: str
      sample: aurora-postgresql
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: RDS cluster
      name: shop-prod-database
      attributes: {"max_capacity": {"before": 1.0, "after": 2.0}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    ResourceError,
    run,
)
from ansible_collections.slipway.fargate.plugins.module_utils.rds import (
    DATABASE_SPEC,
    RESTORE,
    Database,
    logs_after,
    own_tags,
)

# attribute -> its parameter of CreateDBCluster and of ModifyDBCluster, and its member of DBCluster
PLAIN = {
    "engine": ("Engine", None, "Engine"),
    "engine_version": ("EngineVersion", "EngineVersion", "EngineVersion"),
    "storage_encrypted": ("StorageEncrypted", None, "StorageEncrypted"),
    "kms_key_id": ("KmsKeyId", None, "KmsKeyId"),
    "database": ("DatabaseName", None, "DatabaseName"),
    "username": ("MasterUsername", None, "MasterUsername"),
    "port": ("Port", "Port", "Port"),
    "subnet_group": ("DBSubnetGroupName", None, "DBSubnetGroup"),
    "security_group_ids": ("VpcSecurityGroupIds", "VpcSecurityGroupIds", None),
    "parameter_group": ("DBClusterParameterGroupName", "DBClusterParameterGroupName", "DBClusterParameterGroup"),
    "backup_retention_days": ("BackupRetentionPeriod", "BackupRetentionPeriod", "BackupRetentionPeriod"),
    "backup_window": ("PreferredBackupWindow", "PreferredBackupWindow", "PreferredBackupWindow"),
    "maintenance_window": ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
    "deletion_protection": ("DeletionProtection", "DeletionProtection", "DeletionProtection"),
    "copy_tags_to_snapshot": ("CopyTagsToSnapshot", "CopyTagsToSnapshot", "CopyTagsToSnapshot"),
    "iam_authentication": (
        "EnableIAMDatabaseAuthentication",
        "EnableIAMDatabaseAuthentication",
        "IAMDatabaseAuthenticationEnabled",
    ),
}
SCALING = {
    "min_capacity": "MinCapacity",
    "max_capacity": "MaxCapacity",
    "seconds_until_auto_pause": "SecondsUntilAutoPause",
}
# What AWS may keep for the maintenance window, by its name there.
POSTPONED = {
    "BackupRetentionPeriod": "backup_retention_days",
    "EngineVersion": "engine_version",
    "IAMDatabaseAuthenticationEnabled": "iam_authentication",
}


def normal(cluster: Attributes, postponed_count: bool) -> Attributes:
    """The cluster as `desired` has it; what waits for the maintenance window counts when `postponed_count`."""
    scaling = cluster.get("ServerlessV2ScalingConfiguration") or {}
    found = {
        "name": cluster["DBClusterIdentifier"],
        "arn": cluster["DBClusterArn"],
        "resource_id": cluster["DbClusterResourceId"],
        "status": cluster["Status"],
        "address": cluster.get("Endpoint", ""),
        "reader_address": cluster.get("ReaderEndpoint", ""),
        **{name: cluster.get(member) for name, (_create, _modify, member) in PLAIN.items() if member},
        **{name: scaling.get(member) for name, member in SCALING.items()},
        "security_group_ids": sorted(group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", [])),
        "log_exports": sorted(cluster.get("EnabledCloudwatchLogsExports") or []),
        "auto_minor_version_upgrade": True,
        **own_tags(cluster.get("TagList", [])),
    }
    values = cluster.get("PendingModifiedValues") or {}
    pending = {POSTPONED[name]: value for name, value in values.items() if name in POSTPONED}
    pending |= logs_after(values, found["log_exports"])
    return {**found, **(pending if postponed_count else {}), "pending": pending}


class Cluster(Database):
    type_name = "RDS cluster"
    source_type = "db-cluster"
    identifier = "DBClusterIdentifier"
    plain = PLAIN
    needed = ("engine", "username", "password_secret")
    ready = ("available",)
    failed = (
        "cloning-failed",
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-parameters",
        "migration-failed",
        "stopped",
    )
    assigned = (*PLAIN, "arn", "resource_id", "status", "address", "reader_address")
    defaults = {
        **dict.fromkeys(("database", "kms_key_id", *SCALING, "restored_from", "password_version")),
        "storage_encrypted": False,
        "backup_retention_days": 1,
        "deletion_protection": False,
        "log_exports": [],
        "auto_minor_version_upgrade": True,
        "copy_tags_to_snapshot": False,
        "iam_authentication": False,
        "pending": {},
        "tags": {},
    }
    immutable = {
        **dict.fromkeys(("engine", "username", "database"), "create another cluster and move the data"),
        **dict.fromkeys(("storage_encrypted", "kms_key_id", "subnet_group"), RESTORE),
        "restored_from": "give the one that is to be restored another name",
    }
    unordered = ("security_group_ids", "log_exports")

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__(module, *SCALING)

    def validate(self) -> None:
        params = self.module.params
        problem = None
        if params["restore_snapshot"] and params["restore_source"]:
            problem = "restore_snapshot and restore_source exclude each other"
        if (params["min_capacity"] is None) != (params["max_capacity"] is None):
            problem = "min_capacity and max_capacity need each other"
        if params["seconds_until_auto_pause"] and params["min_capacity"] != 0:
            problem = "seconds_until_auto_pause needs a min_capacity of 0"
        if problem:
            raise ResourceError(f"{self.type_name} {self.name}: {problem}")

    # ---- AWS

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_db_clusters(DBClusterIdentifier=self.name)["DBClusters"][0]
        except is_boto3_error_code("DBClusterNotFoundFault"):
            self.leaving = False
            return None
        self.leaving = found["Status"] == "deleting"
        if self.leaving:
            return None
        waiting_counts = not self.module.params["apply_immediately"] or found["Status"] not in self.ready
        return normal(found, waiting_counts)

    def create(self) -> None:
        if self.leaving:
            self.await_gone()
        call = {**self.creation(), **self._scaling()}
        if self.restore:
            self.create_from_backup(call)
        else:
            self.client.create_db_cluster(DBClusterIdentifier=self.name, **call, **self.first_password())

    def _scaling(self) -> Attributes:
        scaling = {member: self.desired[name] for name, member in SCALING.items() if name in self.desired}
        return {"ServerlessV2ScalingConfiguration": scaling} if scaling else {}

    def modify(self, **call: Any) -> None:
        self.client.modify_db_cluster(**call)

    def modification(self, changed: set[str]) -> Attributes:
        return self.changed_members(changed, self.desired) | (self._scaling() if changed & SCALING.keys() else {})

    def delete(self) -> None:
        if self.current["status"] not in self.ready:
            self.await_ready(self.failed)  # what failed can be deleted
        self.client.delete_db_cluster(
            DBClusterIdentifier=self.name,
            DeleteAutomatedBackups=self.module.params["delete_automated_backups"],
            **self.final_snapshot(),
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "engine": {"type": "str"},
            "engine_version": {"type": "str"},
            "min_capacity": {"type": "float"},
            "max_capacity": {"type": "float"},
            "seconds_until_auto_pause": {"type": "int"},
            "parameter_group": {"type": "str"},
            "backup_retention_days": {"type": "int"},
            "restore_snapshot": {"type": "str"},
            "restore_source": {"type": "str"},
            **DATABASE_SPEC,
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Cluster(module), key="cluster")


if __name__ == "__main__":
    main()
