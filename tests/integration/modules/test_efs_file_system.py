# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-prod-uploads"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OWNER = {"owner_uid": 1000, "owner_gid": 1000, "permissions": "0755"}
DATA = {"name": "data", "path": "/data", "posix_uid": 1000, "posix_gid": 1000, **OWNER}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def _system(account: Account) -> dict[str, Any]:
    return account.client("efs").describe_file_systems(CreationToken=NAME)["FileSystems"][0]


def _policy(account: Account) -> dict[str, Any]:
    system = _system(account)
    found = account.client("efs").describe_file_system_policy(FileSystemId=system["FileSystemId"])["Policy"]
    policy = json.loads(found)
    assert [statement.pop("Resource") for statement in policy["Statement"]] == [system["FileSystemArn"]]
    return policy


def _targets(account: Account) -> list[dict[str, Any]]:
    identity = _system(account)["FileSystemId"]
    return account.client("efs").describe_mount_targets(FileSystemId=identity)["MountTargets"]


def _points(account: Account) -> dict[str, Any]:
    found = account.client("efs").describe_access_points(FileSystemId=_system(account)["FileSystemId"])
    return {point["Name"]: point for point in found["AccessPoints"]}


def _lifecycle(account: Account) -> dict[str, str]:
    identity = _system(account)["FileSystemId"]
    found = account.client("efs").describe_lifecycle_configuration(FileSystemId=identity)["LifecyclePolicies"]
    return {key: value for policy in found for key, value in policy.items()}


def _groups(account: Account) -> list[str]:
    read = account.client("efs").describe_mount_target_security_groups
    found = {tuple(read(MountTargetId=target["MountTargetId"])["SecurityGroups"]) for target in _targets(account)}
    assert len(found) == 1
    return sorted(found.pop())


def _subnets(account: Account) -> list[str]:
    return sorted(subnet["SubnetId"] for subnet in account.client("ec2").describe_subnets()["Subnets"])


def _group(account: Account, name: str) -> str:
    ec2 = account.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


def test_matrix(account: Account) -> None:
    efs = account.client("efs")
    one, two, three = _subnets(account)[:3]
    Matrix(
        module="efs_file_system",
        key="file_system",
        base={"name": NAME, "encrypted": True},
        updates={
            "throughput_mode": "elastic",
            "transition_to_ia_days": 30,
            "transition_to_archive_days": 90,
            "transition_to_primary": True,
            "backup": True,
            "policy": POLICY,
            "subnet_ids": [one, two],
            "security_group_ids": [_group(account, "efs")],
            "+access points": {"access_points": [DATA, {"name": "all"}], "transition_to_ia_days": 60},
            "tags": {"Environment": "dev", "Other": "1"},
            "+provisioned": {"throughput_mode": "provisioned", "provisioned_throughput_mibps": 8.0},
            "+faster": {"provisioned_throughput_mibps": 16.0},
            "+other subnets": {"subnet_ids": [two, three]},
            "+other access points": {
                "access_points": [DATA, {"name": "logs", "path": "/logs", **OWNER}],
                "transition_to_ia_days": 90,
            },
            "+nothing": {
                "policy": {},
                "tags": {},
                "backup": False,
                "transition_to_archive_days": 0,
                "transition_to_primary": False,
                "access_points": [],
                "subnet_ids": [],
                "throughput_mode": "bursting",
                "provisioned_throughput_mibps": None,
            },
        },
        fixed={"kms_key_id", "performance_mode"},
        absent={"name": NAME},
        seen={
            "throughput_mode": lambda account: _system(account)["ThroughputMode"],
            "transition_to_ia_days": lambda account: int(_lifecycle(account)["TransitionToIA"].split("_")[1]),
            "transition_to_archive_days": lambda account: int(_lifecycle(account)["TransitionToArchive"].split("_")[1]),
            "transition_to_primary": lambda account: "TransitionToPrimaryStorageClass" in _lifecycle(account),
            "backup": lambda account: (
                efs.describe_backup_policy(FileSystemId=_system(account)["FileSystemId"])["BackupPolicy"]["Status"]
                == "ENABLED"
            ),
            "policy": _policy,
            "subnet_ids": lambda account: sorted(target["SubnetId"] for target in _targets(account)),
            "security_group_ids": _groups,
            "tags": lambda account: {
                tag["Key"]: tag["Value"] for tag in _system(account)["Tags"] if tag["Key"] != "Name"
            },
        },
    ).check(account)


def test_everything_at_once(account: Account) -> None:
    options = {
        "encrypted": True,
        "kms_key_id": KEY,
        "throughput_mode": "elastic",
        "transition_to_ia_days": 1,
        "backup": True,
        "policy": POLICY,
        "subnet_ids": _subnets(account)[:2],
        "security_group_ids": [_group(account, "efs")],
        "access_points": [DATA],
        "tags": {"a": "b"},
    }
    account.settings(provisioning_reads=2)
    run_module(account, "efs_file_system", name=NAME, **options)
    found = _system(account)
    assert (found["Encrypted"], found["KmsKeyId"], found["Name"]) == (True, KEY, NAME)
    assert _lifecycle(account) == {"TransitionToIA": "AFTER_1_DAY"}
    assert {target["LifeCycleState"] for target in _targets(account)} == {"available"}
    point = _points(account)["data"]
    assert point["PosixUser"] == {"Uid": 1000, "Gid": 1000}
    owner = {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}
    assert point["RootDirectory"] == {"Path": "/data", "CreationInfo": owner}
    assert not run_module(account, "efs_file_system", name=NAME, **options)["changed"]
    assert run_module(account, "efs_file_system", name=NAME, state="absent")["changed"]
    assert account.client("efs").describe_file_systems()["FileSystems"] == []


def test_mount_targets_are_only_requested_without_wait(account: Account) -> None:
    options = {"name": NAME, "encrypted": True, "subnet_ids": _subnets(account)[:2]}
    account.settings(provisioning_reads=3)
    run_module(account, "efs_file_system", **options, wait=False)
    assert {target["LifeCycleState"] for target in _targets(account)} == {"creating"}
    assert not run_module(account, "efs_file_system", name=NAME)["changed"]
    assert {target["LifeCycleState"] for target in _targets(account)} == {"available"}


def test_what_an_interrupted_run_left_is_finished(account: Account) -> None:
    options = {"name": NAME, "encrypted": True, "subnet_ids": _subnets(account)[:2], "access_points": [DATA]}
    account.fault(service="efs", operation="CreateMountTarget", code="NoFreeAddressesInSubnet", message="full", skip=1)
    with pytest.raises(ModuleFailed, match=r"Could not create EFS file system shop-prod-uploads: .*full"):
        run_module(account, "efs_file_system", **options)
    assert len(_targets(account)) == 1
    done = run_module(account, "efs_file_system", **options)
    assert [change["action"] for change in done["changes"]] == ["update", "create"]
    assert len(_targets(account)) == 2 and list(_points(account)) == ["data"]


def test_mount_targets_with_other_security_groups_are_brought_together(account: Account) -> None:
    groups = [_group(account, "efs")]
    options = {"name": NAME, "encrypted": True, "subnet_ids": _subnets(account)[:2], "security_group_ids": groups}
    run_module(account, "efs_file_system", **options)
    other = [_group(account, "other")]
    target = _targets(account)[0]["MountTargetId"]
    account.client("efs").modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=other)
    assert run_module(account, "efs_file_system", **options)["changed"]
    assert _groups(account) == groups


def test_unset_options_are_untouched(account: Account) -> None:
    options = {"transition_to_ia_days": 7, "backup": True, "subnet_ids": _subnets(account)[:1], "access_points": [DATA]}
    run_module(account, "efs_file_system", name=NAME, encrypted=True, policy=POLICY, tags={"a": "b"}, **options)
    assert not run_module(account, "efs_file_system", name=NAME)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encrypted": False}, r"encrypted cannot be changed .* make another file system and copy the data"),
        ({"performance_mode": "maxIO"}, r"performance_mode cannot be changed"),
        ({"access_points": [{**DATA, "path": "/other"}]}, r"path cannot be changed .* another name"),
        ({"access_points": [{"name": "data", "posix_uid": 1}]}, r"has posix_uid; posix_uid, posix_gid go together"),
        ({"provisioned_throughput_mibps": 5}, r"goes with throughput_mode provisioned, and only with it"),
        ({"throughput_mode": "provisioned"}, r"goes with throughput_mode provisioned, and only with it"),
        ({"security_group_ids": []}, r"security_group_ids is empty; allowed are one to five"),
        ({"kms_key_id": KEY}, r"kms_key_id is set; it needs encrypted"),
    ],
)
def test_what_is_refused(account: Account, options: dict[str, Any], message: str) -> None:
    run_module(account, "efs_file_system", name=NAME, encrypted=True, access_points=[DATA])
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "efs_file_system", name=NAME, **options)
    assert account.writes(since) == []


def test_a_new_file_system_needs_to_say_whether_it_is_encrypted(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=r"there is no file system shop-prod-uploads; a new one needs encrypted"):
        run_module(account, "efs_file_system", name=NAME)


def test_an_aws_error_names_the_call_and_the_file_system(account: Account) -> None:
    account.fault(service="efs", operation="CreateFileSystem", code="BadRequest", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not create EFS file system shop-prod-uploads: .*CreateFileSystem"):
        run_module(account, "efs_file_system", name=NAME, encrypted=True)
    run_module(account, "efs_file_system", name=NAME, encrypted=True)
    account.fault(service="efs", operation="DescribeAccessPoints", code="BadRequest", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not read the access points of EFS file system shop-prod-uploads"):
        run_module(account, "efs_file_system", name=NAME, access_points=[])
