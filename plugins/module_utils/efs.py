# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EFS file system with its mount targets, and its access points."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

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
    set_options,
    wait_for,
    without_none,
)

DAYS = (0, 1, 7, 14, 30, 60, 90, 180, 270, 365)
# Option -> the key of the lifecycle configuration
TRANSITIONS = {"transition_to_ia_days": "TransitionToIA", "transition_to_archive_days": "TransitionToArchive"}
LIFECYCLE = (*TRANSITIONS, "transition_to_primary")
THROUGHPUT = ("throughput_mode", "provisioned_throughput_mibps")
OPTIONS = (
    *("encrypted", "kms_key_id", "performance_mode", *THROUGHPUT, *LIFECYCLE, "backup"),
    *("subnet_ids", "security_group_ids", "tags"),
)
GONE = ("deleted", "deleting")
DIFFERENT = "(not the same on all mount targets)"
ELSE = "EFS has no call that changes it; make another file system and copy the data"
ACCESS_POINT_SPEC = {
    "name": {"type": "str", "required": True},
    "path": {"type": "str", "default": "/"},
    "posix_uid": {"type": "int"},
    "posix_gid": {"type": "int"},
    "owner_uid": {"type": "int"},
    "owner_gid": {"type": "int"},
    "permissions": {"type": "str"},
}
TOGETHER = (("posix_uid", "posix_gid"), ("owner_uid", "owner_gid", "permissions"))


class Estate:
    """The file system as AWS has it, read once, and again after a write."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.name = module.params["name"]
        self.client = RetryingClient(module, "efs")
        self.made_id = ""

    def forget(self) -> None:
        for seen in ("system", "mount_targets", "access_points"):
            self.__dict__.pop(seen, None)

    @cached_property
    def system(self) -> Attributes | None:
        found = self.client.describe_file_systems(CreationToken=self.name)["FileSystems"]
        return next((item for item in found if item["LifeCycleState"] not in GONE), None)

    @property
    def id(self) -> str:
        return self.made_id or self.system["FileSystemId"]

    @cached_property
    def mount_targets(self) -> list[Attributes]:
        if self.system is None:
            return []
        found = self.client.list("describe_mount_targets", "MountTargets", FileSystemId=self.id)
        return [target for target in found if target["LifeCycleState"] not in GONE]

    @cached_property
    def access_points(self) -> dict[str, Attributes]:
        """By their names."""
        if self.system is None:
            return {}
        found = self.client.list("describe_access_points", "AccessPoints", FileSystemId=self.id)
        there = [point for point in found if point["LifeCycleState"] not in GONE]
        return {point.get("Name") or point["AccessPointId"]: point for point in there}

    def wait_for_system(self) -> None:
        """Nothing can be done to a file system that is not available."""

        def read() -> Attributes | None:
            self.forget()
            return self.system

        wait_for(
            read,
            lambda found: found is not None and found["LifeCycleState"] == "available",
            what=f"file system {self.name} is becoming available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda found: "AWS could not create it" if found and found["LifeCycleState"] == "error" else None,
            describe=lambda found: found["LifeCycleState"] if found else "there is none",
        )

    def wait_for_mount_targets(self, what: str, wanted: int | None = None) -> None:
        """Until those that are there are available, or until there are so many with those that are being deleted."""

        def read() -> list[Attributes]:
            return self.client.list("describe_mount_targets", "MountTargets", FileSystemId=self.id)

        def done(found: list[Attributes]) -> bool:
            states = [target["LifeCycleState"] for target in found]
            return len(found) == wanted if wanted is not None else all(state == "available" for state in states)

        wait_for(
            read,
            done,
            what=f"mount targets of file system {self.name} {what}",
            timeout=self.module.params["wait_timeout"],
            failed=lambda found: next(
                (f"{item['MountTargetId']} failed" for item in found if item["LifeCycleState"] == "error"), None
            ),
            describe=lambda found: ", ".join(f"{item['SubnetId']} {item['LifeCycleState']}" for item in found),
        )
        self.forget()


class Part(Resource):
    def __init__(
        self, module: AnsibleAWSModule, estate: Estate, name: str, desired: Attributes, state: str = "present"
    ) -> None:
        super().__init__(module, name, desired, state)
        self.estate = estate
        self.client = estate.client

    def apply(self) -> None:
        super().apply()
        if self.change:
            self.estate.forget()

    def change_tags(self, identity: str) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceId=identity, TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceId=identity, Tags=ansible_dict_to_boto3_tag_list(to_set))


class FileSystem(Part):
    type_name = "EFS file system"
    assigned = ("file_system_id", "arn")
    defaults = {
        "encrypted": False,
        "kms_key_id": "",
        "performance_mode": "generalPurpose",
        "throughput_mode": "bursting",
        "provisioned_throughput_mibps": 0.0,
        **dict.fromkeys(TRANSITIONS, 0),
        "transition_to_primary": False,
        "backup": False,
        "policy": {},
        "subnet_ids": [],
        "security_group_ids": [],
        "tags": {},
    }
    immutable = dict.fromkeys(("encrypted", "kms_key_id", "performance_mode"), ELSE)
    unordered = ("subnet_ids", "security_group_ids")
    policies = ("policy",)
    updates = {
        "put_throughput": THROUGHPUT,
        "put_lifecycle": LIFECYCLE,
        "put_backup": ("backup",),
        "put_policy": ("policy",),
        "put_mount_targets": ("subnet_ids", "security_group_ids"),
        "put_tags": ("tags",),
    }

    def validate(self) -> None:
        problems = []
        if len(self.name) > 64:
            problems.append(f"its name has {len(self.name)} characters; allowed are up to 64")
        if self.desired.get("kms_key_id") and self.desired.get("encrypted") is not True:
            problems.append("kms_key_id is set; it needs encrypted")
        provisioned = self.desired.get("provisioned_throughput_mibps")
        if bool(provisioned) != (self.desired.get("throughput_mode") == "provisioned"):
            problems.append("provisioned_throughput_mibps goes with throughput_mode provisioned, and only with it")
        if self.state == "present" and self.desired.get("security_group_ids") == []:
            problems.append("security_group_ids is empty; allowed are one to five")
        if problems:
            raise ResourceError(f"{self.type_name} {self.name}: " + "; ".join(problems))

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and "encrypted" not in self.desired:
            raise ResourceError(f"there is no file system {self.name}; a new one needs encrypted, which never changes")
        return change

    def predict(self) -> Attributes:
        subnets = self.desired.get("subnet_ids")
        return {
            **({"kms_key_id": UNKNOWN} if self.desired.get("encrypted") else {}),
            **({"security_group_ids": [UNKNOWN]} if subnets else {}),
        }

    def read(self) -> Attributes | None:
        found = self.estate.system
        if found is None:
            return None
        if self.state == "absent":
            return {"name": self.name, "file_system_id": self.estate.id}
        return {
            "name": self.name,
            "file_system_id": self.estate.id,
            "arn": found["FileSystemArn"],
            "encrypted": found.get("Encrypted", False),
            "kms_key_id": found.get("KmsKeyId") or "",
            "performance_mode": found["PerformanceMode"],
            "throughput_mode": found.get("ThroughputMode", "bursting"),
            "provisioned_throughput_mibps": float(found.get("ProvisionedThroughputInMibps") or 0),
            **self._lifecycle(),
            "backup": self._backup(),
            "policy": self._policy(),
            "subnet_ids": sorted(target["SubnetId"] for target in self.estate.mount_targets),
            "security_group_ids": self._security_groups(),
            "tags": _tags_of(found.get("Tags")),
        }

    def _lifecycle(self) -> Attributes:
        policies = self.client.describe_lifecycle_configuration(FileSystemId=self.estate.id)["LifecyclePolicies"]
        values = {key: value for policy in policies for key, value in policy.items()}
        days = {option: int((values.get(key) or "AFTER_0_DAYS").split("_")[1]) for option, key in TRANSITIONS.items()}
        return {**days, "transition_to_primary": "TransitionToPrimaryStorageClass" in values}

    def _backup(self) -> bool:
        try:
            policy = self.client.describe_backup_policy(FileSystemId=self.estate.id)["BackupPolicy"]
        except is_boto3_error_code("PolicyNotFound"):
            return False
        return policy["Status"] in ("ENABLED", "ENABLING")

    def _policy(self) -> Attributes:
        try:
            found = json.loads(self.client.describe_file_system_policy(FileSystemId=self.estate.id)["Policy"])
        except is_boto3_error_code("PolicyNotFound"):
            return {}
        return _without_resource(found, self.estate.system["FileSystemArn"])

    def _groups_of(self, target: Attributes) -> list[str]:
        identity = target["MountTargetId"]
        found = self.client.describe_mount_target_security_groups(MountTargetId=identity)
        return sorted(found["SecurityGroups"])

    def _security_groups(self) -> list[str]:
        groups = [self._groups_of(target) for target in self.estate.mount_targets]
        if all(item == groups[0] for item in groups):
            return groups[0] if groups else []
        return [*sorted({group for item in groups for group in item}), DIFFERENT]

    def same(self, key: str) -> bool:
        if key == "security_group_ids" and not self.current["subnet_ids"] and not self.desired.get("subnet_ids"):
            return True  # there is nothing that could have them
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        policy = self.desired.get("policy")
        if self.current is not None and self.state == "present" and policy is not None:
            after["policy"] = policy
        return after

    def create(self) -> None:
        optional = {
            "Encrypted": "encrypted",
            "KmsKeyId": "kms_key_id",
            "PerformanceMode": "performance_mode",
            "ThroughputMode": "throughput_mode",
            "ProvisionedThroughputInMibps": "provisioned_throughput_mibps",
            "Backup": "backup",
        }
        made = self.client.create_file_system(
            CreationToken=self.name,
            **{key: self.desired[option] for key, option in optional.items() if self.desired.get(option)},
            Tags=ansible_dict_to_boto3_tag_list({"Name": self.name, **self.desired.get("tags", {})}),
        )
        self.estate.made_id = made["FileSystemId"]
        self.current = {**self.defaults}
        self.estate.wait_for_system()
        if any(self.desired.get(option) for option in LIFECYCLE):
            self.put_lifecycle()
        if self.desired.get("policy"):
            self.put_policy()
        if self.desired.get("subnet_ids"):
            self.put_mount_targets()

    def update(self, changed: set[str]) -> None:
        self.estate.wait_for_system()
        super().update(changed)

    def put_throughput(self) -> None:
        mode = self.desired.get("throughput_mode", self.current["throughput_mode"])
        provisioned = self.desired.get("provisioned_throughput_mibps")
        speed = {"ProvisionedThroughputInMibps": provisioned} if mode == "provisioned" and provisioned else {}
        self.client.update_file_system(FileSystemId=self.estate.id, ThroughputMode=mode, **speed)
        self.estate.wait_for_system()

    def put_lifecycle(self) -> None:
        wanted = {option: self.desired.get(option, self.current[option]) for option in LIFECYCLE}
        policies = [{key: _after(wanted[option])} for option, key in TRANSITIONS.items() if wanted[option]]
        if wanted["transition_to_primary"]:
            policies.append({"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"})
        self.client.put_lifecycle_configuration(FileSystemId=self.estate.id, LifecyclePolicies=policies)

    def put_backup(self) -> None:
        status = "ENABLED" if self.desired["backup"] else "DISABLED"
        self.client.put_backup_policy(FileSystemId=self.estate.id, BackupPolicy={"Status": status})

    def put_policy(self) -> None:
        if self.desired["policy"]:
            arn = self.estate.system["FileSystemArn"]
            statements = [{"Resource": arn, **statement} for statement in self.desired["policy"]["Statement"]]
            document = json.dumps({**self.desired["policy"], "Statement": statements})
            self.client.put_file_system_policy(FileSystemId=self.estate.id, Policy=document)
        else:
            self.client.delete_file_system_policy(FileSystemId=self.estate.id)

    def put_mount_targets(self) -> None:
        there = {target["SubnetId"]: target for target in self.estate.mount_targets}
        wanted = self.desired.get("subnet_ids", list(there))
        groups = self.desired.get("security_group_ids")
        going = [target for subnet, target in there.items() if subnet not in wanted]
        staying = [target for subnet, target in there.items() if subnet in wanted]
        if going:  # first, as a zone has one at most
            self._delete_targets(going, len(staying))
        for target in staying if groups else []:
            if self._groups_of(target) != sorted(groups):
                self.estate.wait_for_mount_targets("are becoming available")
                self.client.modify_mount_target_security_groups(
                    MountTargetId=target["MountTargetId"], SecurityGroups=groups
                )
        for subnet in [subnet for subnet in wanted if subnet not in there]:
            self.client.create_mount_target(
                FileSystemId=self.estate.id, SubnetId=subnet, **({"SecurityGroups": groups} if groups else {})
            )
        self.estate.forget()

    def _delete_targets(self, targets: list[Attributes], left: int) -> None:
        for target in targets:
            self.client.delete_mount_target(MountTargetId=target["MountTargetId"])
        self.estate.wait_for_mount_targets("are being deleted", left)

    def put_tags(self) -> None:
        self.change_tags(self.estate.id)

    def delete(self) -> None:
        """The mount targets first, also those that an interrupted run left on their way out."""
        self._delete_targets(self.estate.mount_targets, 0)
        identity = self.estate.id
        self.client.delete_file_system(FileSystemId=identity)
        self.estate.forget()
        wait_for(
            lambda: self.client.describe_file_systems(CreationToken=self.name)["FileSystems"],
            lambda found: not found or found[0]["LifeCycleState"] == "deleted",
            what=f"file system {self.name} is being deleted",
            timeout=self.module.params["wait_timeout"],
            describe=lambda found: found[0]["LifeCycleState"],
        )

    def settle(self) -> None:
        states = {target["LifeCycleState"] for target in self.estate.mount_targets if self.state == "present"}
        if self.module.params["wait"] and states - {"available"}:
            self.estate.wait_for_mount_targets("are becoming available")


class AccessPoint(Part):
    type_name = "EFS access point"
    assigned = ("access_point_id", "arn")
    immutable = dict.fromkeys(
        tuple(ACCESS_POINT_SPEC), "EFS has no call that changes it; give the access point another name"
    )
    updates = {"put_tags": ("tags",)}
    defaults = {**dict.fromkeys(("posix_uid", "posix_gid", "owner_uid", "owner_gid", "permissions")), "tags": {}}

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label = label  # its own name, without that of the file system

    def validate(self) -> None:
        for options in TOGETHER:
            given = [option for option in options if self.desired.get(option) is not None]
            if given and len(given) < len(options):
                raise ResourceError(
                    f"{self.type_name} {self.name} has {', '.join(given)}; {', '.join(options)} go together"
                )

    def read(self) -> Attributes | None:
        found = self.estate.access_points.get(self.label)
        if found is None:
            return None
        user, root = found.get("PosixUser") or {}, found.get("RootDirectory") or {}
        creation = root.get("CreationInfo") or {}
        return {
            "name": self.label,
            "access_point_id": found["AccessPointId"],
            "arn": found["AccessPointArn"],
            "path": root.get("Path", "/"),
            "posix_uid": user.get("Uid"),
            "posix_gid": user.get("Gid"),
            "owner_uid": creation.get("OwnerUid"),
            "owner_gid": creation.get("OwnerGid"),
            "permissions": creation.get("Permissions"),
            "tags": _tags_of(found.get("Tags")),
        }

    def create(self) -> None:
        root: Attributes = {"Path": self.desired["path"]}
        if self.desired.get("permissions"):
            root["CreationInfo"] = {
                "OwnerUid": self.desired["owner_uid"],
                "OwnerGid": self.desired["owner_gid"],
                "Permissions": self.desired["permissions"],
            }
        user = {}
        if self.desired.get("posix_uid") is not None:
            user = {"PosixUser": {"Uid": self.desired["posix_uid"], "Gid": self.desired["posix_gid"]}}
        self.client.create_access_point(
            ClientToken=self.label,
            FileSystemId=self.estate.id,
            RootDirectory=root,
            **user,
            Tags=ansible_dict_to_boto3_tag_list({"Name": self.label, **self.desired.get("tags", {})}),
        )

    def settle(self) -> None:
        found = self.estate.access_points.get(self.label) if self.state == "present" else None
        if not found or not self.module.params["wait"] or found["LifeCycleState"] == "available":
            return
        identity = {"AccessPointId": found["AccessPointId"]}
        wait_for(
            lambda: self.client.describe_access_points(**identity)["AccessPoints"][0]["LifeCycleState"],
            lambda state: state == "available",
            what=f"access point {self.name} is becoming available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda state: "AWS could not create it" if state == "error" else None,
        )
        self.estate.forget()

    def put_tags(self) -> None:
        self.change_tags(self.current["access_point_id"])

    def delete(self) -> None:
        self.client.delete_access_point(AccessPointId=self.current["access_point_id"])


def _without_resource(policy: Attributes, arn: str) -> Attributes:
    """What a statement is about when it does not say so."""
    statements = [
        {key: value for key, value in statement.items() if key != "Resource" or value not in (arn, [arn])}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": statements}


def _after(days: int) -> str:
    return f"AFTER_{days}_DAY{'' if days == 1 else 'S'}"


def _tags_of(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return _nameless(boto3_tag_list_to_ansible_dict(tags or []))


def _nameless(tags: dict[str, str]) -> dict[str, str]:
    """The name is no tag of anybody's choice."""
    return {key: value for key, value in tags.items() if key != "Name"}


def declaration(module: AnsibleAWSModule) -> list[Resource]:
    """The file system with its access points, and those that have to go."""
    params, estate = module.params, Estate(module)
    tags = {"tags": _nameless(params["tags"])} if params["tags"] is not None else {}
    desired = {"name": params["name"], **set_options(module, *OPTIONS), **tags}
    if params["policy"] is not None:
        desired["policy"] = json.loads(params["policy"] or "{}")
    system = FileSystem(module, estate, params["name"], desired, params["state"])
    if params["state"] == "absent":  # its access points go with it
        return [system]
    points = params["access_points"] or []
    declared = [
        AccessPoint(
            module, estate, f"{params['name']}/{point['name']}", {**without_none(point), **tags}, label=point["name"]
        )
        for point in points
    ]
    removed = []
    if params["access_points"] is not None:
        names = {point["name"] for point in points}
        removed = [
            AccessPoint(module, estate, f"{params['name']}/{name}", {}, "absent", label=name)
            for name in sorted(estate.access_points.keys() - names)
        ]
    return [system, *declared, *removed]
