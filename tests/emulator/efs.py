# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EFS for moto: file systems that change, backup and file system policies, checked lifecycles and access points.

https://docs.aws.amazon.com/efs/latest/ug/api-reference.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.responses import ActionResult
from moto.efs.models import AccessPoint, EFSBackend, FileSystem, MountTarget, efs_backends
from moto.efs.responses import EFSResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, begin, forward, passing

FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT = "efs file system", "efs mount target", "efs access point"
MODES = ("bursting", "provisioned", "elastic")
AFTER = {f"AFTER_{days}_DAY{'S' if days > 1 else ''}" for days in (1, 7, 14, 30, 60, 90, 180, 270, 365)}
LIFECYCLE = {
    "TransitionToIA": AFTER,
    "TransitionToArchive": AFTER,
    "TransitionToPrimaryStorageClass": {"AFTER_1_ACCESS"},
}
LONGEST_TOKEN, MOST_GROUPS, LARGEST_ID = 64, 5, 4_294_967_295
MODE = re.compile(r"[0-7]{3,4}")


class Backend(EFSBackend):
    # ---- file systems ------------------------------------------------------------------------------

    def create_file_system(self, creation_token: str, **kwargs: Any) -> FileSystem:
        if not 1 <= len(creation_token or "") <= LONGEST_TOKEN:
            raise AwsError("BadRequest", f"CreationToken must have 1 to {LONGEST_TOKEN} characters.")
        _check_throughput(kwargs.get("throughput_mode"), kwargs.get("provisioned_throughput_in_mibps"))
        if kwargs.get("performance_mode") == "maxIO" and kwargs.get("throughput_mode") == "elastic":
            raise AwsError("BadRequest", "Elastic throughput is not supported with the performance mode maxIO.")
        system = super().create_file_system(creation_token, **kwargs)
        if system.encrypted and not system.kms_key_id:
            system.kms_key_id = f"arn:aws:kms:{self.region_name}:{self.account_id}:key/aws-elasticfilesystem"
        begin(self, FILE_SYSTEM, system.file_system_id, "creating")
        return system

    def describe_file_systems(self, *args: Any, **kwargs: Any) -> tuple[str | None, list[FileSystem]]:
        marker, found = super().describe_file_systems(*args, **kwargs)
        for system in found:
            system.life_cycle_state = passing(self, FILE_SYSTEM, system.file_system_id, read=True) or "available"
        return marker, found

    def update_file_system(self, params: Params) -> Params:
        system = self._available(params["FileSystemId"])
        mode = params.get("ThroughputMode") or system.throughput_mode
        wanted = params.get("ProvisionedThroughputInMibps")
        _check_throughput(mode, wanted or (system.provisioned_throughput_in_mibps if mode == "provisioned" else None))
        system.throughput_mode = mode
        if mode != "provisioned":
            system.provisioned_throughput_in_mibps = None  # type: ignore[assignment]
        elif wanted:
            system.provisioned_throughput_in_mibps = wanted
        begin(self, FILE_SYSTEM, system.file_system_id, "updating")
        return {key: value for key, value in system.info_json().items() if value is not None}

    def delete_file_system(self, file_system_id: str) -> None:
        super().delete_file_system(file_system_id)
        for point in [p for p in self.access_points.values() if p.file_system_id == file_system_id]:
            del self.access_points[point.access_point_id]

    def _system(self, file_system_id: str) -> FileSystem:
        system = self.file_systems_by_id.get(file_system_id)
        if system is None:
            raise AwsError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.")
        return system

    def _available(self, file_system_id: str) -> FileSystem:
        system = self._system(file_system_id)
        state = passing(self, FILE_SYSTEM, file_system_id) or "available"
        if state != "available":
            raise AwsError(
                "IncorrectFileSystemLifeCycleState", f"The file system {file_system_id} is {state}, not available."
            )
        return system

    # ---- what belongs to a file system ---------------------------------------------------------------

    def put_lifecycle_configuration(self, file_system_id: str, policies: list[dict[str, str]]) -> None:
        self._available(file_system_id)
        seen = [key for policy in policies or () for key in policy]
        if any(len(policy) != 1 for policy in policies or ()) or len(set(seen)) < len(seen):
            raise AwsError("BadRequest", "Each lifecycle policy has one transition, and each transition is there once.")
        for policy in policies or ():
            for key, value in policy.items():
                if value not in LIFECYCLE.get(key, ()):
                    raise AwsError("BadRequest", f"The value '{value}' of {key} is not valid.")
        self.file_systems_by_id[file_system_id].lifecycle_policies = policies or []

    def put_backup(self, params: Params) -> Params:
        system = self._available(params["FileSystemId"])
        status = (params.get("BackupPolicy") or {}).get("Status")
        if status not in ("ENABLED", "DISABLED"):
            raise AwsError("ValidationException", f"The status '{status}' of the backup policy is not valid.")
        system._backup = status == "ENABLED"
        return {"BackupPolicy": {"Status": status}}

    def describe_backup(self, params: Params) -> Params:
        backup = self._system(params["FileSystemId"])._backup
        return {"BackupPolicy": {"Status": "ENABLED" if backup else "DISABLED"}}

    def put_file_system_policy(self, file_system_id: str, policy: str, **kwargs: Any) -> None:
        system = self._available(file_system_id)
        try:
            statements = json.loads(policy)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise AwsError("InvalidPolicyException", "The file system policy is malformed.") from None
        for statement in statements:
            if not {"Effect", "Principal", "Action"} <= statement.keys():
                raise AwsError("InvalidPolicyException", "A statement needs Effect, Principal and Action.")
            if statement.get("Resource", system.file_system_arn) not in ("*", system.file_system_arn):
                raise AwsError("InvalidPolicyException", "The resource of a statement must be the file system.")
        system.file_system_policy = policy

    def remove_policy(self, params: Params) -> Params:
        self._available(params["FileSystemId"]).file_system_policy = None
        return {}

    # ---- mount targets -------------------------------------------------------------------------------

    def create_mount_target(
        self,
        file_system_id: str,
        subnet_id: str,
        ip_address: str | None = None,
        security_groups: list[str] | None = None,
    ) -> MountTarget:
        self._available(file_system_id)
        if len(security_groups or ()) > MOST_GROUPS:
            raise AwsError("SecurityGroupLimitExceeded", f"A mount target has at most {MOST_GROUPS} security groups.")
        if not security_groups:
            subnet = self.ec2_backend.get_subnet(subnet_id)
            security_groups = [self.ec2_backend.get_default_security_group(subnet.vpc_id).id]
        target = super().create_mount_target(file_system_id, subnet_id, ip_address, security_groups)
        begin(self, MOUNT_TARGET, target.mount_target_id, "creating")
        return target

    def describe_mount_targets(self, *args: Any, **kwargs: Any) -> tuple[str | None, list[MountTarget]]:
        marker, found = super().describe_mount_targets(*args, **kwargs)
        for target in found:
            target.life_cycle_state = passing(self, MOUNT_TARGET, target.mount_target_id, read=True) or "available"
        return marker, found

    def modify_mount_target_security_groups(self, mount_target_id: str, security_groups: list[str]) -> None:
        state = passing(self, MOUNT_TARGET, mount_target_id) or "available"
        if state != "available":
            raise AwsError("IncorrectMountTargetState", f"The mount target {mount_target_id} is {state}.")
        known = {group.id for group in self.ec2_backend.describe_security_groups()}
        for group in security_groups or ():
            if group not in known:
                raise AwsError("SecurityGroupNotFound", f"The security group {group} does not exist.")
        super().modify_mount_target_security_groups(mount_target_id, security_groups)

    # ---- access points -------------------------------------------------------------------------------

    def create_access_point(
        self, client_token: str, tags: Any, file_system_id: str, posix_user: Any, root_directory: Any
    ) -> AccessPoint:
        self._available(file_system_id)
        for point in self.access_points.values():
            if point.client_token == client_token and point.file_system_id == file_system_id:
                raise AwsError("AccessPointAlreadyExists", f"Access point {point.access_point_id} already exists.")
        directory = dict(root_directory or {})
        creation = directory.get("CreationInfo")
        path = directory.setdefault("Path", "/")
        if not path.startswith("/") or len(path) > 100:
            raise AwsError("BadRequest", f"The root directory '{path}' is not valid.")
        if creation and not {"OwnerUid", "OwnerGid", "Permissions"} <= creation.keys():
            raise AwsError("BadRequest", "CreationInfo needs OwnerUid, OwnerGid and Permissions.")
        if creation and not MODE.fullmatch(creation["Permissions"]):
            raise AwsError("BadRequest", f"The permissions '{creation['Permissions']}' are not valid.")
        if posix_user and not {"Uid", "Gid"} <= posix_user.keys():
            raise AwsError("BadRequest", "PosixUser needs Uid and Gid.")
        for number in (posix_user or {}).get("Uid", 0), (posix_user or {}).get("Gid", 0):
            if not 0 <= number <= LARGEST_ID:
                raise AwsError("BadRequest", f"The id {number} is not valid.")
        point = super().create_access_point(client_token, tags, file_system_id, posix_user, directory)
        begin(self, ACCESS_POINT, point.access_point_id, "creating")
        return point

    def delete_access_point(self, access_point_id: str) -> None:
        if access_point_id not in self.access_points:
            raise AwsError("AccessPointNotFound", f"Access Point {access_point_id} does not exist.")
        super().delete_access_point(access_point_id)


@answer_with
class Response(EFSResponse):
    def describe_access_points(self) -> Any:
        """With the states of those that are not ready yet."""
        backend = self.efs_backend
        found = backend.describe_access_points(self._get_param("AccessPointId"), self._get_param("FileSystemId"))
        return ActionResult({"AccessPoints": [_seen(backend, point) for point in found]})


def _seen(backend: EFSBackend, point: AccessPoint) -> Params:
    state = passing(backend, ACCESS_POINT, point.access_point_id, read=True) or "available"
    shown = {**point.info_json(), "LifeCycleState": state}
    return {key: value for key, value in shown.items() if value is not None}


def _check_throughput(mode: str | None, provisioned: float | None) -> None:
    if mode is not None and mode not in MODES:
        raise AwsError("BadRequest", f"The throughput mode '{mode}' is not valid.")
    if mode == "provisioned" and not provisioned:
        raise AwsError("BadRequest", "The throughput mode provisioned needs ProvisionedThroughputInMibps.")
    if mode != "provisioned" and provisioned:
        raise AwsError("BadRequest", f"ProvisionedThroughputInMibps is not for the throughput mode {mode}.")
    if provisioned and not 1 <= provisioned <= 3414:
        raise AwsError("ThroughputLimitExceeded", f"{provisioned} MiB/s are more than a file system can have.")


forward(
    Response,
    efs_backends,
    {
        "update_file_system": "update_file_system",
        "put_backup_policy": "put_backup",
        "describe_backup_policy": "describe_backup",
        "delete_file_system_policy": "remove_policy",
    },
)
model_with(efs_backends, Backend)
