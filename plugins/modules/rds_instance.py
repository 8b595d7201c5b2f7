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
  allow_major_version_upgrade:
    description:
      - Whether O(engine_version) may be another major version than the instance's.
    type: bool
    default: false
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
  storage_encrypted:
    description:
      - Whether the storage is encrypted. It cannot be changed.
    type: bool
  kms_key_id:
    description:
      - The ARN or id of the KMS key of the storage; AWS's own key when it is not set. It cannot be changed.
    type: str
  database:
    description:
      - The name of the first database. It cannot be changed.
    type: str
  username:
    description:
      - The name of the master user. It cannot be changed.
    type: str
  password_secret:
    description:
      - The ARN or name of the secret in Secrets Manager that holds the master user's password as its whole text.
      - The password is read at creation, and again when the secret has another version than the one that the
        instance's tag C(slipway:password-version) names.
    type: str
  port:
    description:
      - The port.
    type: int
  subnet_group:
    description:
      - The DB subnet group. It cannot be changed.
    type: str
  security_group_ids:
    description:
      - The security groups.
    type: list
    elements: str
  parameter_group:
    description:
      - The DB parameter group. Parameters that are not dynamic are in effect after the next reboot.
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
  backup_window:
    description:
      - When backups are made, daily in UTC, as V(03:00-04:00).
    type: str
  maintenance_window:
    description:
      - When AWS maintains the instance, weekly in UTC, as V(sun:04:00-sun:05:00).
    type: str
  deletion_protection:
    description:
      - Whether the instance cannot be deleted.
    type: bool
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
  log_exports:
    description:
      - The logs that go to CloudWatch Logs, as V(postgresql) and V(upgrade).
    type: list
    elements: str
  auto_minor_version_upgrade:
    description:
      - Whether AWS installs minor versions of the engine in the maintenance window.
    type: bool
  copy_tags_to_snapshot:
    description:
      - Whether snapshots get the tags of the instance.
    type: bool
  ca_certificate:
    description:
      - The authority of the server's certificate, as V(rds-ca-rsa2048-g1).
    type: str
  iam_authentication:
    description:
      - Whether database users can log in with IAM.
    type: bool
  apply_immediately:
    description:
      - Whether changes that may interrupt the database are made at once rather than in the maintenance window.
      - What waits for the maintenance window counts as done.
    type: bool
    default: false
  skip_final_snapshot:
    description:
      - Whether the instance is deleted without a final snapshot.
    type: bool
    default: false
  final_snapshot_identifier:
    description:
      - The name of the final snapshot; when it is not set it is made of the instance's name and AWS's own id of it.
    type: str
  delete_automated_backups:
    description:
      - Whether the automated backups go with the instance.
    type: bool
    default: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
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

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    run,
    set_options,
    wait_for,
)

PASSWORD_TAG = "slipway:password-version"
READY = ("available", "storage-optimization")
FAILED = (
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
ROLE_PROPAGATION = 90  # seconds until a new IAM role is known to RDS

# attribute -> its parameter of CreateDBInstance and of ModifyDBInstance, and its member of DBInstance
PLAIN = {
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
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433}
NEEDED = ("engine", "instance_class", "allocated_storage", "username", "password_secret")
RESTORE = "restore a snapshot into an instance of another name"


def normal(instance: Attributes, postponed_count: bool) -> Attributes:
    """The instance as `desired` has it; what waits for the maintenance window counts when `postponed_count`."""
    tags = boto3_tag_list_to_ansible_dict(instance.get("TagList", []))
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
        "password_version": tags.pop(PASSWORD_TAG, None),
        "tags": tags,
    }
    if found["max_allocated_storage"] <= (found["allocated_storage"] or 0):
        found["max_allocated_storage"] = 0
    pending = postponed(instance.get("PendingModifiedValues") or {}, found["log_exports"])
    return {**found, **(pending if postponed_count else {}), "pending": pending}


def postponed(values: Attributes, log_exports: list[str]) -> Attributes:
    pending = {POSTPONED[name]: value for name, value in values.items() if name in POSTPONED}
    logs = values.get("PendingCloudwatchLogsExports") or {}
    if logs:
        wanted = (set(log_exports) | set(logs.get("LogTypesToEnable", []))) - set(logs.get("LogTypesToDisable", []))
        pending["log_exports"] = sorted(wanted)
    return pending


def version(text: str) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in str(text).split(".")]


def is_major_upgrade(current: str, desired: str, engine: str) -> bool:
    """PostgreSQL counts 15, 16; the others 8.0, 8.4."""
    length = 1 if engine == "postgres" and version(current)[0] >= 10 else 2
    return version(current)[:length] != version(desired)[:length]


class Instance(Resource):
    type_name = "RDS instance"
    assigned = (*PLAIN, "arn", "resource_id", "status", "address", "security_group_ids")
    defaults = {
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
        **dict.fromkeys(("storage_encrypted", "kms_key_id", "subnet_group"), RESTORE),
        "performance_insights_kms_key_id": "leave the key as it is",
    }
    unordered = ("security_group_ids", "log_exports")

    def __init__(self, module: AnsibleAWSModule) -> None:
        params = module.params
        name = params["name"].lower()
        options = set_options(module, *PLAIN, "log_exports", "max_allocated_storage", "tags")
        for lower in ("maintenance_window", "parameter_group", "subnet_group"):
            if lower in options:
                options[lower] = options[lower].lower()
        super().__init__(module, name, {"name": name, **options}, params["state"])
        self.client = RetryingClient(module, "rds")
        self.leaving = False

    @cached_property
    def secrets(self) -> RetryingClient:
        return RetryingClient(self.module, "secretsmanager")

    # ---- what is to be done

    def plan(self) -> Change | None:
        if self.state == "present" and self.module.params["password_secret"]:
            self.desired["password_version"] = self._secret_version()
        change = super().plan()
        busy = self.current is not None and self.current["status"] not in (*READY, *FAILED)
        if change and change.action == "update" and busy and not self.module.check_mode:
            self._await_ready()  # AWS takes no change before, and tells the truth about all attributes only then
            change = super().plan()
        if change:
            self._refuse(change)
        return change

    def _secret_version(self) -> str:
        secret = self.module.params["password_secret"]
        if is_unknown(secret):
            return UNKNOWN
        try:
            stages = self.secrets.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
        except is_boto3_error_code("ResourceNotFoundException"):
            stages = {}
        current = next((version_id for version_id, names in stages.items() if "AWSCURRENT" in names), None)
        if current is None and not self.module.check_mode:
            raise ResourceError(f"{self.type_name} {self.name}: secret {secret} of password_secret has no value")
        return current or UNKNOWN

    def _refuse(self, change: Change) -> None:
        problem = None
        if change.action == "delete" and self.current["deletion_protection"]:
            problem = "deletion_protection is on; set it to false first"
        missing = [option for option in NEEDED if not self.module.params[option]]
        if change.action == "create" and missing:
            problem = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed to create it"
        if change.action == "update":
            problem = self._update_problem(change.after)
        if problem:
            raise ResourceError(f"{self.type_name} {self.name}: {problem}")

    def _update_problem(self, after: Attributes) -> str | None:
        if "allocated_storage" in after and after["allocated_storage"] < self.current["allocated_storage"]:
            return (
                f"allocated_storage cannot be changed from {self.current['allocated_storage']} to "
                f"{after['allocated_storage']}: storage cannot shrink; {RESTORE}"
            )
        if "engine_version" not in after:
            return None
        current, wanted = self.current["engine_version"], after["engine_version"]
        if version(wanted) < version(current):
            return f"engine_version cannot be changed from {current} to {wanted}: there is no way back; {RESTORE}"
        major = is_major_upgrade(current, wanted, self.current["engine"])
        if major and not self.module.params["allow_major_version_upgrade"]:
            return f"engine_version {wanted} is another major version than {current}: set allow_major_version_upgrade"
        return None

    def same(self, key: str) -> bool:
        current, desired = (self.current or {}).get(key), self.desired[key]
        if key == "engine_version" and current and not is_unknown(desired):
            return self._same_version(current, desired)
        if key == "allocated_storage" and self.desired.get(
            "max_allocated_storage", self.current["max_allocated_storage"]
        ):
            return (current or 0) >= desired
        if key.endswith("kms_key_id") and current:
            return current == desired or current.endswith(f"/{desired}")
        return super().same(key)

    def _same_version(self, current: str, desired: str) -> bool:
        if version(current)[: len(version(desired))] == version(desired):
            return True
        minor = self.desired.get("auto_minor_version_upgrade", self.current["auto_minor_version_upgrade"])
        later = version(current) > version(desired)
        return bool(minor) and later and not is_major_upgrade(current, desired, self.current["engine"])

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
        waiting_counts = not self.module.params["apply_immediately"] or found["DBInstanceStatus"] not in READY
        return normal(found, waiting_counts)

    def predict(self) -> Attributes:
        port = PORTS.get(str(self.desired.get("engine", "")).split("-")[0])
        return {"port": port} if port else {}

    def create(self) -> None:
        if self.leaving:
            self._await_gone()
        call = {PLAIN[key][0]: value for key, value in self.desired.items() if key in PLAIN}
        if self.desired.get("max_allocated_storage"):
            call["MaxAllocatedStorage"] = self.desired["max_allocated_storage"]
        if self.desired.get("log_exports"):
            call["EnableCloudwatchLogsExports"] = self.desired["log_exports"]
        password, password_version = self._password()
        tags = {**self.desired.get("tags", {}), PASSWORD_TAG: password_version}
        self._with_new_role(
            self.client.create_db_instance,
            DBInstanceIdentifier=self.name,
            MasterUserPassword=password,
            Tags=ansible_dict_to_boto3_tag_list(tags),
            **call,
        )

    def update(self, changed: set[str]) -> None:
        call = self._modification(changed)
        password_version = None
        if "password_version" in changed:
            call["MasterUserPassword"], password_version = self._password()
        if call:
            self._with_new_role(
                self.client.modify_db_instance,
                DBInstanceIdentifier=self.name,
                ApplyImmediately=self.module.params["apply_immediately"],
                **call,
            )
        if "tags" in changed or password_version:
            self._put_tags(password_version)

    def _modification(self, changed: set[str]) -> Attributes:
        """The changed attributes as ModifyDBInstance takes them, and those that it wants beside them."""
        wanted = {**self.current, **self.desired}
        beside = {key for group in TOGETHER if changed & set(group) for key in group if wanted.get(key)}
        call = {PLAIN[key][1]: wanted[key] for key in changed | beside if key in PLAIN and PLAIN[key][1]}
        if "AllocatedStorage" in call:
            call["AllocatedStorage"] = max(wanted["allocated_storage"], self.current["allocated_storage"])
        if "max_allocated_storage" in changed:
            call["MaxAllocatedStorage"] = wanted["max_allocated_storage"] or self.current["allocated_storage"]
        if "log_exports" in changed:
            call["CloudwatchLogsExportConfiguration"] = self._log_exports()
        if "engine_version" in changed:
            call["AllowMajorVersionUpgrade"] = self.module.params["allow_major_version_upgrade"]
        return call

    def _put_tags(self, password_version: str | None) -> None:
        to_set, to_remove = self.tag_changes() if "tags" in self.desired else ({}, [])
        to_set |= {PASSWORD_TAG: password_version} if password_version else {}
        arn = self.current["arn"]
        if to_remove:
            self.client.remove_tags_from_resource(ResourceName=arn, TagKeys=to_remove)
        if to_set:
            self.client.add_tags_to_resource(ResourceName=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def _log_exports(self) -> Attributes:
        current, wanted = set(self.current["log_exports"]), set(self.desired["log_exports"])
        return {"EnableLogTypes": sorted(wanted - current), "DisableLogTypes": sorted(current - wanted)}

    def _password(self) -> tuple[str, str]:
        """The password and the version of the secret that holds it."""
        value = self.secrets.get_secret_value(SecretId=self.module.params["password_secret"])
        return value["SecretString"], value["VersionId"]

    def delete(self) -> None:
        params = self.module.params
        snapshot: Attributes = {"SkipFinalSnapshot": True}
        if not params["skip_final_snapshot"]:
            made = f"{self.name}-final-{self.current['resource_id'].removeprefix('db-').lower()}"
            snapshot = {"FinalDBSnapshotIdentifier": params["final_snapshot_identifier"] or made}
        if self.current["status"] not in READY:
            self._await_ready(FAILED)  # what failed or stopped can be deleted
        self.client.delete_db_instance(
            DBInstanceIdentifier=self.name, DeleteAutomatedBackups=params["delete_automated_backups"], **snapshot
        )

    @staticmethod
    def _with_new_role(operation: Callable[..., Any], **call: Any) -> None:
        """A monitoring role that was made a moment ago is not known to RDS yet."""
        deadline = time.monotonic() + ROLE_PROPAGATION
        while True:
            try:
                operation(**call)
                return
            except is_boto3_error_code("InvalidParameterValue") as error:
                if "ENHANCED_MONITORING" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(5)

    # ---- waiting

    def settle(self) -> None:
        if not self.module.params["wait"]:
            return
        if self.state == "absent":
            self._await_gone()
        elif self.change or (self.current and self.current["status"] not in READY):
            self._await_ready()

    def _await_ready(self, also: tuple[str, ...] = ()) -> None:
        immediately = self.module.params["apply_immediately"]
        self.current = wait_for(
            lambda: self.read() or {"status": "gone", "pending": {}},
            lambda seen: seen["status"] in also or (seen["status"] in READY and not (immediately and seen["pending"])),
            what=f"{self.type_name} {self.name} becomes available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda seen: self._seen(seen) if seen["status"] in (*FAILED, "gone") else None,
            describe=self._seen,
        )

    def _await_gone(self) -> None:
        wait_for(
            lambda: self.read() is None and not self.leaving,
            bool,
            what=f"{self.type_name} {self.name} is deleted",
            timeout=self.module.params["wait_timeout"],
            describe=lambda gone: f"deleting; {self._events()}",
        )

    def _seen(self, seen: Attributes) -> str:
        return f"it is {seen['status']}; {self._events()}"

    def _events(self) -> str:
        """What AWS says has happened to the instance, for messages."""
        try:
            events = self.client.describe_events(SourceIdentifier=self.name, SourceType="db-instance", Duration=120)
            said = [event["Message"] for event in events["Events"][-3:]]
        except (ClientError, BotoCoreError) as error:
            said = [str(error)]
        return f"events: {' / '.join(said) or 'none'}"


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "engine": {"type": "str"},
            "engine_version": {"type": "str"},
            "allow_major_version_upgrade": {"type": "bool", "default": False},
            "instance_class": {"type": "str"},
            "allocated_storage": {"type": "int"},
            "max_allocated_storage": {"type": "int"},
            "storage_type": {"type": "str"},
            "iops": {"type": "int"},
            "storage_throughput": {"type": "int"},
            "storage_encrypted": {"type": "bool"},
            "kms_key_id": {"type": "str", "no_log": False},
            "database": {"type": "str"},
            "username": {"type": "str"},
            "password_secret": {"type": "str", "no_log": False},
            "port": {"type": "int"},
            "subnet_group": {"type": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "parameter_group": {"type": "str"},
            "publicly_accessible": {"type": "bool"},
            "multi_az": {"type": "bool"},
            "backup_retention_days": {"type": "int"},
            "backup_window": {"type": "str"},
            "maintenance_window": {"type": "str"},
            "deletion_protection": {"type": "bool"},
            "monitoring_interval": {"type": "int"},
            "monitoring_role_arn": {"type": "str"},
            "performance_insights_enabled": {"type": "bool"},
            "performance_insights_retention_days": {"type": "int"},
            "performance_insights_kms_key_id": {"type": "str", "no_log": False},
            "log_exports": {"type": "list", "elements": "str"},
            "auto_minor_version_upgrade": {"type": "bool"},
            "copy_tags_to_snapshot": {"type": "bool"},
            "ca_certificate": {"type": "str"},
            "iam_authentication": {"type": "bool"},
            "apply_immediately": {"type": "bool", "default": False},
            "skip_final_snapshot": {"type": "bool", "default": False},
            "final_snapshot_identifier": {"type": "str"},
            "delete_automated_backups": {"type": "bool", "default": True},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Instance(module), key="instance")


if __name__ == "__main__":
    main()
