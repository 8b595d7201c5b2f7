#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_instance
short_description: Manage an RDS database instance
version_added: 0.1.0
description:
  - Creates, changes and deletes a DB instance, see
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html) and
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html).
  - The master user's password is read from Secrets Manager by the module itself, and only when it is needed.
  - An instance is never replaced. What cannot be changed in place is refused.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The identifier of the instance.
    type: str
    required: true
  engine:
    description:
      - The engine, as V(postgres). It cannot be changed.
    type: str
  engine_version:
    description:
      - The version of the engine, either a major one (V(15)), which any of its minor versions meets, or a whole one
        (V(15.4)).
      - With O(auto_minor_version_upgrade) a later minor version than the given one is as good.
    type: str
  instance_class:
    description:
      - The class, as V(db.t4g.micro).
    type: str
  allocated_storage:
    description:
      - The size of the storage in GiB. It can grow only; storage that has grown by itself is left as it is.
    type: int
  max_allocated_storage:
    description:
      - Up to what size, in GiB, the storage grows by itself; V(0) for not at all.
    type: int
  storage_type:
    description:
      - The type of the storage, as V(gp3).
    type: str
  iops:
    description:
      - I/O operations a second. For gp3 of less than 400 GiB AWS takes no other value than its own 3000.
    type: int
  storage_throughput:
    description:
      - The throughput of gp3 storage in MiB/s.
    type: int
  cluster:
    description:
      - The DB cluster whose instance it is, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-add-replica.html). It cannot be changed.
      - Storage, user, password, backups and network are the cluster's then, and O(instance_class) may be
        V(db.serverless).
    type: str
  promotion_tier:
    description:
      - Which instance of the cluster becomes the writer when the writer fails, V(0) to V(15), the lowest first.
    type: int
  source_instance:
    description:
      - The instance that it is a read replica of, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html). Engine, user,
        password and size are those of the source. It cannot be changed.
    type: str
  restore_snapshot:
    description:
      - The snapshot that the instance is made of, when it is not there yet, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html). What
        restoring does not set is changed when it is there, which is always waited for.
    type: str
  restore_source:
    description:
      - The instance whose backups the instance is made of, when it is not there yet, see
        U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html).
    type: str
  parameter_group:
    description:
      - The DB parameter group. Parameters that are not dynamic are in effect after the next reboot.
    type: str
  availability_zone:
    description:
      - The availability zone, one that the subnets of the instance are in; AWS's choice when it is not set. It cannot
        be changed, and a Multi-AZ instance has none of its own.
    type: str
  publicly_accessible:
    description:
      - Whether the instance has a public address.
    type: bool
  multi_az:
    description:
      - Whether there is a standby in another zone.
    type: bool
  backup_retention_days:
    description:
      - How many days backups are kept, V(0) to V(35); V(0) for no backups.
    type: int
  monitoring_interval:
    description:
      - The interval of enhanced monitoring in seconds; V(0) switches it off.
    type: int
  monitoring_role_arn:
    description:
      - The IAM role that enhanced monitoring writes to CloudWatch Logs with.
    type: str
  performance_insights_enabled:
    description:
      - Whether Performance Insights is on.
    type: bool
  performance_insights_retention_days:
    description:
      - How many days Performance Insights keeps its data; seven cost nothing.
    type: int
  performance_insights_kms_key_id:
    description:
      - The ARN or id of the KMS key of Performance Insights. It cannot be changed.
    type: str
  auto_minor_version_upgrade:
    description:
      - Whether AWS installs minor versions of the engine in the maintenance window.
    type: bool
  ca_certificate:
    description:
      - The authority of the server's certificate, as V(rds-ca-rsa2048-g1).
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
- name: Create a PostgreSQL database, and go on while AWS makes it
  slipway.fargate.rds_instance:
    name: shop-prod-database
    engine: postgres
    engine_version: "15"
    instance_class: db.t4g.micro
    allocated_storage: 20
    max_allocated_storage: 100
    storage_type: gp3
    storage_encrypted: true
    database: shop
    username: shop
    password_secret: shop-prod-database-password
    subnet_group: shop-prod-database
    security_group_ids: [sg-0123456789abcdef0]
    publicly_accessible: false
    deletion_protection: true
    wait: false

- name: Wait for it
  slipway.fargate.rds_instance:
    name: shop-prod-database

- name: Delete it, with a final snapshot
  slipway.fargate.rds_instance:
    name: shop-prod-database
    state: absent
"""

RETURN = r"""
instance:
  description: The instance; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The identifier of the instance.
      type: str
      sample: shop-prod-database
    arn:
      description: The ARN of the instance.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:db:shop-prod-database
    resource_id:
      description: AWS's own id of the instance.
      type: str
      sample: db-ABCDEFGHIJKLMNOPQRSTUVWXYZ
    status:
      description: The status, as V(available).
      type: str
      sample: available
    address:
      description: The host name; empty while there is none.
      type: str
      sample: shop-prod-database.abcdefghijkl.eu-west-1.rds.amazonaws.com
    port:
      description: The port.
      type: int
      sample: 5432
    pending:
      description: What AWS applies in the maintenance window.
      type: dict
      sample: {"instance_class": "db.t4g.small"}
    restored_from:
      description: The snapshot, or instance and time, that it was restored from.
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
      description: Every option that says what the instance is to be has its value here, under its own name.
      type: str
      sample: postgres
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: RDS instance
      name: shop-prod-database
      attributes: {"instance_class": {"before": "db.t4g.micro", "after": "db.t4g.small"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    ResourceError,
    run,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.rds import (
    DATABASE_SPEC,
    RESTORE,
    Database,
    logs_after,
    own_tags,
)
from ansible_collections.slipway.fargate.plugins.module_utils.rds_restore import accepted

MOVE_MEMBER = "give the cluster another instance in that zone, fail over to it and delete this one"
# attribute -> its parameter of CreateDBInstance and of ModifyDBInstance, and its member of DBInstance
PLAIN = {
    "cluster": ("DBClusterIdentifier", None, "DBClusterIdentifier"),
    "promotion_tier": ("PromotionTier", "PromotionTier", "PromotionTier"),
    "source_instance": ("SourceDBInstanceIdentifier", None, "ReadReplicaSourceDBInstanceIdentifier"),
    "engine": ("Engine", None, "Engine"),
    "engine_version": ("EngineVersion", "EngineVersion", "EngineVersion"),
    "instance_class": ("DBInstanceClass", "DBInstanceClass", "DBInstanceClass"),
    "allocated_storage": ("AllocatedStorage", "AllocatedStorage", "AllocatedStorage"),
    "storage_type": ("StorageType", "StorageType", "StorageType"),
    "iops": ("Iops", "Iops", "Iops"),
    "storage_throughput": ("StorageThroughput", "StorageThroughput", "StorageThroughput"),
    "storage_encrypted": ("StorageEncrypted", None, "StorageEncrypted"),
    "kms_key_id": ("KmsKeyId", None, "KmsKeyId"),
    "database": ("DBName", None, "DBName"),
    "username": ("MasterUsername", None, "MasterUsername"),
    "port": ("Port", "DBPortNumber", None),
    "subnet_group": ("DBSubnetGroupName", None, None),
    "security_group_ids": ("VpcSecurityGroupIds", "VpcSecurityGroupIds", None),
    "parameter_group": ("DBParameterGroupName", "DBParameterGroupName", None),
    "availability_zone": ("AvailabilityZone", None, "AvailabilityZone"),
    "publicly_accessible": ("PubliclyAccessible", "PubliclyAccessible", "PubliclyAccessible"),
    "multi_az": ("MultiAZ", "MultiAZ", "MultiAZ"),
    "backup_retention_days": ("BackupRetentionPeriod", "BackupRetentionPeriod", "BackupRetentionPeriod"),
    "backup_window": ("PreferredBackupWindow", "PreferredBackupWindow", "PreferredBackupWindow"),
    "maintenance_window": ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
    "deletion_protection": ("DeletionProtection", "DeletionProtection", "DeletionProtection"),
    "monitoring_interval": ("MonitoringInterval", "MonitoringInterval", "MonitoringInterval"),
    "monitoring_role_arn": ("MonitoringRoleArn", "MonitoringRoleArn", "MonitoringRoleArn"),
    "performance_insights_enabled": (
        "EnablePerformanceInsights",
        "EnablePerformanceInsights",
        "PerformanceInsightsEnabled",
    ),
    "performance_insights_retention_days": (
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsRetentionPeriod",
    ),
    "performance_insights_kms_key_id": ("PerformanceInsightsKMSKeyId", None, "PerformanceInsightsKMSKeyId"),
    "auto_minor_version_upgrade": ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
    "copy_tags_to_snapshot": ("CopyTagsToSnapshot", "CopyTagsToSnapshot", "CopyTagsToSnapshot"),
    "ca_certificate": ("CACertificateIdentifier", "CACertificateIdentifier", "CACertificateIdentifier"),
    "iam_authentication": (
        "EnableIAMDatabaseAuthentication",
        "EnableIAMDatabaseAuthentication",
        "IAMDatabaseAuthenticationEnabled",
    ),
}
# AWS wants the others of a group too when one of them changes.
TOGETHER = (
    ("allocated_storage", "storage_type", "iops", "storage_throughput"),
    ("monitoring_interval", "monitoring_role_arn"),
    ("performance_insights_enabled", "performance_insights_retention_days"),
)
# What AWS may keep for the maintenance window, by its name there.
POSTPONED = {
    "AllocatedStorage": "allocated_storage",
    "BackupRetentionPeriod": "backup_retention_days",
    "CACertificateIdentifier": "ca_certificate",
    "DBInstanceClass": "instance_class",
    "EngineVersion": "engine_version",
    "IAMDatabaseAuthenticationEnabled": "iam_authentication",
    "Iops": "iops",
    "MultiAZ": "multi_az",
    "Port": "port",
    "StorageThroughput": "storage_throughput",
    "StorageType": "storage_type",
}


def normal(instance: Attributes, postponed_count: bool) -> Attributes:
    """The instance as `desired` has it; what waits for the maintenance window counts when `postponed_count`."""
    found = {
        "name": instance["DBInstanceIdentifier"],
        "arn": instance["DBInstanceArn"],
        "resource_id": instance["DbiResourceId"],
        "status": instance["DBInstanceStatus"],
        "address": instance.get("Endpoint", {}).get("Address", ""),
        **{name: instance.get(member) for name, (_create, _modify, member) in PLAIN.items() if member},
        "port": instance.get("Endpoint", {}).get("Port") or instance.get("DbInstancePort"),
        "subnet_group": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "security_group_ids": sorted(group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", [])),
        "parameter_group": next((g["DBParameterGroupName"] for g in instance.get("DBParameterGroups", [])), None),
        "log_exports": sorted(instance.get("EnabledCloudwatchLogsExports") or []),
        "max_allocated_storage": instance.get("MaxAllocatedStorage") or 0,
        **own_tags(instance.get("TagList", [])),
    }
    if found["max_allocated_storage"] <= (found["allocated_storage"] or 0):
        found["max_allocated_storage"] = 0
    pending = postponed(instance.get("PendingModifiedValues") or {}, found["log_exports"])
    return {**found, **(pending if postponed_count else {}), "pending": pending}


def postponed(values: Attributes, log_exports: list[str]) -> Attributes:
    pending = {POSTPONED[name]: value for name, value in values.items() if name in POSTPONED}
    return pending | logs_after(values, log_exports)


class Instance(Database):
    type_name = "RDS instance"
    source_type = "db-instance"
    identifier = "DBInstanceIdentifier"
    plain = PLAIN
    needed = ("engine", "instance_class", "allocated_storage", "username", "password_secret")
    ready = ("available", "storage-optimization")
    failed = (
        "failed",
        "inaccessible-encryption-credentials",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "restore-error",
        "stopped",
        "storage-full",
    )
    assigned = (*PLAIN, "arn", "resource_id", "status", "address", "security_group_ids")
    defaults = {
        "cluster": None,
        "promotion_tier": None,
        "source_instance": None,
        "restored_from": None,
        "database": None,
        "iops": None,
        "storage_throughput": None,
        "kms_key_id": None,
        "storage_encrypted": False,
        "max_allocated_storage": 0,
        "publicly_accessible": False,
        "multi_az": False,
        "backup_retention_days": 1,
        "deletion_protection": False,
        "monitoring_interval": 0,
        "monitoring_role_arn": None,
        "performance_insights_enabled": False,
        "performance_insights_retention_days": None,
        "performance_insights_kms_key_id": None,
        "log_exports": [],
        "auto_minor_version_upgrade": True,
        "copy_tags_to_snapshot": False,
        "iam_authentication": False,
        "password_version": None,
        "pending": {},
        "tags": {},
    }
    immutable = {
        **dict.fromkeys(("engine", "username", "database"), "create another instance and move the data"),
        **dict.fromkeys(("storage_encrypted", "kms_key_id", "subnet_group", "availability_zone"), RESTORE),
        "cluster": "create another instance in that cluster",
        "source_instance": "create another replica of that instance",
        "restored_from": "give the one that is to be restored another name",
        "performance_insights_kms_key_id": "leave the key as it is",
    }
    unordered = ("security_group_ids", "log_exports")

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__(module, "max_allocated_storage")
        self.in_cluster, self.is_replica = bool(module.params["cluster"]), bool(module.params["source_instance"])
        if self.in_cluster:
            self.needed = ("engine", "instance_class")
            self.immutable = {**self.immutable, "availability_zone": MOVE_MEMBER}
        if self.is_replica:
            self.needed = ()
            self.immutable = {**self.immutable, "availability_zone": "create another replica in that zone"}

    def validate(self) -> None:
        params = self.module.params
        whole = [name for name in ("cluster", "source_instance", "restore_snapshot", "restore_source") if params[name]]
        if params["multi_az"] and params["availability_zone"]:
            whole = ["multi_az", "availability_zone"]
        if len(whole) > 1:
            raise ResourceError(f"{self.type_name} {self.name}: {' and '.join(whole)} exclude each other")

    def wants_password(self) -> bool:
        """The password of a cluster's instance is the cluster's, that of a replica its source's."""
        return super().wants_password() and not self.in_cluster and not self.is_replica

    def update_problem(self, after: Attributes) -> str | None:
        if "allocated_storage" in after and after["allocated_storage"] < self.current["allocated_storage"]:
            return (
                f"allocated_storage cannot be changed from {self.current['allocated_storage']} to "
                f"{after['allocated_storage']}: storage cannot shrink; {RESTORE}"
            )
        return super().update_problem(after)

    def same(self, key: str) -> bool:
        grows = self.desired.get("max_allocated_storage", (self.current or {}).get("max_allocated_storage"))
        if key == "allocated_storage" and grows:
            return (self.current["allocated_storage"] or 0) >= self.desired[key]
        if key == "availability_zone" and not self.current[key]:
            return True  # AWS tells it when the instance is made
        return super().same(key)

    # ---- AWS

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_db_instances(DBInstanceIdentifier=self.name)["DBInstances"][0]
        except is_boto3_error_code(["DBInstanceNotFound", "DBInstanceNotFoundFault"]):
            self.leaving = False
            return None
        self.leaving = found["DBInstanceStatus"] == "deleting"
        if self.leaving:
            return None
        waiting_counts = not self.module.params["apply_immediately"] or found["DBInstanceStatus"] not in self.ready
        return normal(found, waiting_counts)

    def create(self) -> None:
        if self.leaving:
            self.await_gone()
        call = self.creation()
        if self.desired.get("max_allocated_storage"):
            call["MaxAllocatedStorage"] = self.desired["max_allocated_storage"]
        if self.restore:
            self.create_from_backup(call)
            return
        if self.in_cluster or self.is_replica:
            call["Tags"] = ansible_dict_to_boto3_tag_list(self.desired.get("tags", {}))
        else:
            call |= self.first_password()
        if self.is_replica:
            self._create_replica(call)
        else:
            self.with_new_role(self._create, DBInstanceIdentifier=self.name, **call)

    def _create_replica(self, call: Attributes) -> None:
        taken = accepted(self.client, "CreateDBInstanceReadReplica")
        now = {name: value for name, value in call.items() if name in taken}
        self.with_new_role(self.client.create_db_instance_read_replica, DBInstanceIdentifier=self.name, **now)
        if len(now) < len(call):
            self.complete()

    def _create(self, **call: Any) -> None:
        """An instance of a cluster, when the cluster is there."""

        def refusal() -> str:
            try:
                self.client.create_db_instance(**call)
            except is_boto3_error_code("InvalidDBClusterStateFault") as error:
                return str(error)
            return ""

        what = f"{self.type_name} {self.name} can be created"
        wait_for(refusal, lambda seen: not seen, what=what, timeout=self.module.params["wait_timeout"])

    def modify(self, **call: Any) -> None:
        self.client.modify_db_instance(**call)

    def modification(self, changed: set[str]) -> Attributes:
        """The changed attributes as ModifyDBInstance takes them, and those that it wants beside them."""
        wanted = {**self.current, **self.desired}
        beside = {key for group in TOGETHER if changed & set(group) for key in group if wanted.get(key)}
        call = self.changed_members(changed | beside, wanted)
        if "AllocatedStorage" in call:
            call["AllocatedStorage"] = max(wanted["allocated_storage"], self.current["allocated_storage"])
        if "max_allocated_storage" in changed:
            call["MaxAllocatedStorage"] = wanted["max_allocated_storage"] or self.current["allocated_storage"]
        return call

    def delete(self) -> None:
        if self.current["status"] not in self.ready:
            self.await_ready(self.failed)  # what failed or stopped can be deleted
        how: Attributes = {}  # the cluster has the backups of its instances
        if not self.current["cluster"]:
            how = {"DeleteAutomatedBackups": self.module.params["delete_automated_backups"]}
            how |= {"SkipFinalSnapshot": True} if self.current["source_instance"] else self.final_snapshot()
        self.client.delete_db_instance(DBInstanceIdentifier=self.name, **how)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "engine": {"type": "str"},
            "engine_version": {"type": "str"},
            "instance_class": {"type": "str"},
            "allocated_storage": {"type": "int"},
            "max_allocated_storage": {"type": "int"},
            "storage_type": {"type": "str"},
            "iops": {"type": "int"},
            "storage_throughput": {"type": "int"},
            "cluster": {"type": "str"},
            "promotion_tier": {"type": "int"},
            "source_instance": {"type": "str"},
            "parameter_group": {"type": "str"},
            "availability_zone": {"type": "str"},
            "publicly_accessible": {"type": "bool"},
            "multi_az": {"type": "bool"},
            "backup_retention_days": {"type": "int"},
            "monitoring_interval": {"type": "int"},
            "monitoring_role_arn": {"type": "str"},
            "performance_insights_enabled": {"type": "bool"},
            "performance_insights_retention_days": {"type": "int"},
            "performance_insights_kms_key_id": {"type": "str", "no_log": False},
            "auto_minor_version_upgrade": {"type": "bool"},
            "ca_certificate": {"type": "str"},
            "restore_snapshot": {"type": "str"},
            "restore_source": {"type": "str"},
            **DATABASE_SPEC,
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Instance(module), key="instance")


if __name__ == "__main__":
    main()
