# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DB instances and DB clusters have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

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
    UNKNOWN,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    set_options,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.rds_restore import Restore
from ansible_collections.slipway.fargate.plugins.module_utils.secret_json import key_of

PASSWORD_TAG = "slipway:password-version"
RESTORED_TAG = "slipway:restored-from"
ROLE_PROPAGATION = 90  # seconds until a new IAM role is known to RDS
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433, "aurora": 5432}
RESTORE = "restore a snapshot into another one, with playbooks/restore.yml"

# attribute -> its parameter at creation and in a modification, and its member of what is described
Members = Mapping[str, tuple[str, str | None, str | None]]

# Options of DB instances and DB clusters alike; the documentation fragment of this name describes them.
DATABASE_SPEC = {
    "allow_major_version_upgrade": {"type": "bool", "default": False},
    "storage_encrypted": {"type": "bool"},
    "kms_key_id": {"type": "str", "no_log": False},
    "database": {"type": "str"},
    "username": {"type": "str"},
    "password_secret": {"type": "str", "no_log": False},
    "password_key": {"type": "str", "no_log": False},
    "port": {"type": "int"},
    "subnet_group": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "backup_window": {"type": "str"},
    "maintenance_window": {"type": "str"},
    "deletion_protection": {"type": "bool"},
    "log_exports": {"type": "list", "elements": "str"},
    "copy_tags_to_snapshot": {"type": "bool"},
    "iam_authentication": {"type": "bool"},
    "restore_time": {"type": "str"},
    "apply_immediately": {"type": "bool", "default": False},
    "skip_final_snapshot": {"type": "bool", "default": False},
    "final_snapshot_identifier": {"type": "str"},
    "delete_automated_backups": {"type": "bool", "default": True},
    "required_tags": {"type": "dict"},
}


def version(text: str) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in str(text).split(".")]


def is_major_upgrade(current: str, desired: str, engine: str) -> bool:
    """PostgreSQL counts 15, 16; the others 8.0, 8.4."""
    length = 1 if "postgres" in engine and version(current)[0] >= 10 else 2
    return version(current)[:length] != version(desired)[:length]


def logs_after(values: Attributes, log_exports: list[str]) -> dict[str, list[str]]:
    """The log exports as they will be, where they are about to change."""
    logs = values.get("PendingCloudwatchLogsExports") or {}
    wanted = (set(log_exports) | set(logs.get("LogTypesToEnable", []))) - set(logs.get("LogTypesToDisable", []))
    return {"log_exports": sorted(wanted)} if logs else {}


def own_tags(tag_list: list[dict[str, str]]) -> Attributes:
    """The tags of the user, and what our own say."""
    tags = boto3_tag_list_to_ansible_dict(tag_list)
    password_version, restored_from = tags.pop(PASSWORD_TAG, None), tags.pop(RESTORED_TAG, None)
    return {"password_version": password_version, "restored_from": restored_from, "tags": tags}


class Database(Resource):
    """A DB instance or a DB cluster: its password, its versions, its waits."""

    plain: ClassVar[Members] = {}
    needed: ClassVar[tuple[str, ...]] = ()  # at creation
    ready: ClassVar[tuple[str, ...]] = ()
    failed: ClassVar[tuple[str, ...]] = ()
    source_type: ClassVar[str] = ""  # of its events
    identifier: ClassVar[str] = ""  # the parameter that names it

    def __init__(self, module: AnsibleAWSModule, *more: str) -> None:
        name = module.params["name"].lower()
        options = set_options(module, *self.plain, *more, "log_exports", "tags")
        for lower in ("maintenance_window", "parameter_group", "subnet_group"):
            if lower in options:
                options[lower] = options[lower].lower()
        super().__init__(module, name, {"name": name, **options}, module.params["state"])
        self.client = RetryingClient(module, "rds")
        self.leaving = False
        self.rotated = False
        self.foreign = False  # there, and without the tags that it must have
        self.restore = Restore.of(self.client, module.params, self.source_type)
        if self.restore:
            self.desired["restored_from"] = self.restore.label

    @cached_property
    def secrets(self) -> RetryingClient:
        return RetryingClient(self.module, "secretsmanager")

    # What a subclass writes.

    def modify(self, **call: Any) -> None:
        raise NotImplementedError

    def modification(self, changed: set[str]) -> Attributes:
        """The changed attributes as the modification takes them."""
        raise NotImplementedError

    def wants_password(self) -> bool:
        return bool(self.module.params["password_secret"])

    # ---- what is to be done

    def plan(self) -> Change | None:
        if self.state == "present" and self.wants_password():
            self.desired["password_version"] = self._secret_version()
        change = super().plan()
        self._refuse_foreign()
        if self.foreign:
            self.current = None
            return None
        busy = self.current is not None and self.current["status"] not in (*self.ready, *self.failed)
        if change and change.action == "update" and busy and not self.module.check_mode:
            self.await_ready()  # AWS takes no change before, and tells the truth about all attributes only then
            change = super().plan()
        if change:
            self._refuse(change)
        return change

    def _refuse_foreign(self) -> None:
        """One that lacks the tags that it must have is no business of ours: a deletion leaves it alone."""
        required = self.module.params["required_tags"] or {}
        self.foreign = self.current is not None and not required.items() <= self.current["tags"].items()
        if self.foreign and self.state == "present":
            wanted = ", ".join(f"{key}={value}" for key, value in required.items())
            raise ResourceError(f"{self.type_name} {self.name}: there is one without tag {wanted}; it is left alone")

    def _refuse_immutable(self, changed: Iterable[str]) -> None:
        self._refuse_foreign()
        super()._refuse_immutable(changed)

    def _secret_version(self) -> str:
        secret = self.module.params["password_secret"]
        if is_unknown(secret):
            return UNKNOWN
        try:
            found = self.secrets.describe_secret(SecretId=secret)
        except is_boto3_error_code("ResourceNotFoundException"):
            found = {}
        self.rotated = bool(found.get("RotationEnabled"))
        stages = found.get("VersionIdsToStages", {})
        current = next((version_id for version_id, names in stages.items() if "AWSCURRENT" in names), None)
        if current is None and not self.module.check_mode:
            raise ResourceError(f"{self.type_name} {self.name}: secret {secret} of password_secret has no value")
        return current or UNKNOWN

    def _refuse(self, change: Change) -> None:
        problem = None
        if change.action == "delete" and self.current["deletion_protection"]:
            problem = "deletion_protection is on; set it to false first"
        if change.action == "create":
            problem = self._creation_problem()
        if change.action == "update":
            problem = self.update_problem(change.after)
        if problem:
            raise ResourceError(f"{self.type_name} {self.name}: {problem}")

    def _creation_problem(self) -> str | None:
        if self.restore:
            return self.restore.problem(self.desired)
        missing = [option for option in self.needed if not self.module.params[option]]
        return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed to create it" if missing else None

    def update_problem(self, after: Attributes) -> str | None:
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
        if key == "password_version" and current:
            return current == desired or self.rotated or self._same_password(current, desired)
        if key.endswith("kms_key_id") and current:
            return current == desired or current.endswith(f"/{desired}")
        return super().same(key)

    def _same_version(self, current: str, desired: str) -> bool:
        if version(current)[: len(version(desired))] == version(desired):
            return True
        minor = self.desired.get("auto_minor_version_upgrade", self.current["auto_minor_version_upgrade"])
        later = version(current) > version(desired)
        return bool(minor) and later and not is_major_upgrade(current, desired, self.current["engine"])

    def _same_password(self, old: str, new: str) -> bool:
        """Another version of a JSON secret may differ in other keys alone."""
        if not self.module.params["password_key"] or is_unknown(new):
            return False
        try:
            return self._password(old)[0] == self._password(new)[0]
        except is_boto3_error_code("ResourceNotFoundException"):  # Secrets Manager has dropped the old version
            return False

    # ---- AWS

    def predict(self) -> Attributes:
        port = PORTS.get(str(self.desired.get("engine", "")).split("-")[0])
        return {"port": port} if port else {}

    def creation(self) -> Attributes:
        """The options as a creation takes them."""
        call = {self.plain[key][0]: value for key, value in self.desired.items() if key in self.plain}
        if self.desired.get("log_exports"):
            call["EnableCloudwatchLogsExports"] = self.desired["log_exports"]
        return call

    def create_from_backup(self, call: Attributes) -> None:
        """Restore with what the restoring operation takes, and change the rest when AWS has made it."""
        tags = {**self.desired.get("tags", {}), RESTORED_TAG: self.restore.label}
        call = {**call, "Tags": ansible_dict_to_boto3_tag_list(tags)}
        self.with_new_role(self.restore.start, name=self.name, call=call)
        self.complete()

    def complete(self) -> None:
        """Change what the creating operation did not take."""
        self.await_ready()
        changed = {key for key in self.desired if not self.same(key)}
        self._refuse_immutable(sorted(changed))
        if changed:
            self.update(changed)

    def update(self, changed: set[str]) -> None:
        call = self.modification(changed)
        password_version = None
        if "password_version" in changed:
            call["MasterUserPassword"], password_version = self._password()
        if call:
            self.with_new_role(
                self.modify,
                **{self.identifier: self.name},
                ApplyImmediately=self.module.params["apply_immediately"],
                **call,
            )
        if "tags" in changed or password_version:
            self._put_tags(password_version)

    def changed_members(self, changed: set[str], wanted: Attributes) -> Attributes:
        """The changed attributes that are plain, and what goes with every modification of them."""
        call = {self.plain[key][1]: wanted[key] for key in changed if key in self.plain and self.plain[key][1]}
        if "log_exports" in changed:
            old, new = set(self.current["log_exports"]), set(self.desired["log_exports"])
            logs = {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}
            call["CloudwatchLogsExportConfiguration"] = logs
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

    def first_password(self) -> Attributes:
        """The password and the tags of a creation."""
        password, password_version = self._password()
        tags = {**self.desired.get("tags", {}), PASSWORD_TAG: password_version}
        return {"MasterUserPassword": password, "Tags": ansible_dict_to_boto3_tag_list(tags)}

    def _password(self, version_id: str | None = None) -> tuple[str, str]:
        """The password and the version of the secret that holds it."""
        secret, key = self.module.params["password_secret"], self.module.params["password_key"]
        value = self.secrets.get_secret_value(SecretId=secret, **({"VersionId": version_id} if version_id else {}))
        text = value.get("SecretString", "")
        return key_of(text, key, f"secret {secret} of password_secret") if key else text, value["VersionId"]

    def final_snapshot(self) -> Attributes:
        params = self.module.params
        if params["skip_final_snapshot"]:
            return {"SkipFinalSnapshot": True}
        made = f"{self.name}-final-{self.current['resource_id'].removeprefix('db-').lower()}"
        return {"FinalDBSnapshotIdentifier": params["final_snapshot_identifier"] or made}

    @staticmethod
    def with_new_role(operation: Callable[..., Any], **call: Any) -> None:
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
        if not self.module.params["wait"] or self.foreign:
            return
        if self.state == "absent":
            self.await_gone()
        elif self.change or (self.current and self.current["status"] not in self.ready):
            self.await_ready()

    def await_ready(self, also: tuple[str, ...] = ()) -> None:
        immediately = self.module.params["apply_immediately"]
        self.current = wait_for(
            lambda: self.read() or {"status": "gone", "pending": {}},
            lambda seen: (
                seen["status"] in also or (seen["status"] in self.ready and not (immediately and seen["pending"]))
            ),
            what=f"{self.type_name} {self.name} becomes available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda seen: self._seen(seen) if seen["status"] in (*self.failed, "gone") else None,
            describe=self._seen,
        )

    def await_gone(self) -> None:
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
        """What AWS says has happened to it, for messages."""
        try:
            events = self.client.describe_events(SourceIdentifier=self.name, SourceType=self.source_type, Duration=120)
            said = [event["Message"] for event in events["Events"][-3:]]
        except (ClientError, BotoCoreError) as error:
            said = [str(error)]
        return f"events: {' / '.join(said) or 'none'}"
