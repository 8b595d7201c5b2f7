# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., Any]


def _system(aws: Aws, **options: Any) -> str:
    return str(aws("efs").create_file_system(CreationToken="files", **options)["FileSystemId"])


def test_throughput_changes_in_place(aws: Aws, refused: Refused) -> None:
    system = _system(aws, Encrypted=True)
    changed = aws("efs").update_file_system(FileSystemId=system, ThroughputMode="elastic")
    assert changed["ThroughputMode"] == "elastic"
    refused("BadRequest", aws("efs").update_file_system, FileSystemId=system, ThroughputMode="provisioned")
    aws("efs").update_file_system(FileSystemId=system, ThroughputMode="provisioned", ProvisionedThroughputInMibps=5)
    found = aws("efs").describe_file_systems(FileSystemId=system)["FileSystems"][0]
    assert (found["ThroughputMode"], found["ProvisionedThroughputInMibps"]) == ("provisioned", 5)
    assert found["KmsKeyId"].startswith("arn:aws:kms:")
    refused("FileSystemNotFound", aws("efs").update_file_system, FileSystemId="fs-0", ThroughputMode="elastic")


def test_the_backup_policy(aws: Aws, refused: Refused) -> None:
    system = _system(aws)
    efs = aws("efs")
    assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"] == {"Status": "DISABLED"}
    efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
    assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"] == {"Status": "ENABLED"}
    refused("ValidationException", efs.put_backup_policy, FileSystemId=system, BackupPolicy={"Status": "MAYBE"})
    refused("FileSystemNotFound", efs.describe_backup_policy, FileSystemId="fs-0")


def test_the_policy_of_a_file_system(aws: Aws, refused: Refused) -> None:
    system = _system(aws)
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
    aws("efs").put_file_system_policy(FileSystemId=system, Policy=json.dumps({"Statement": [statement]}))
    aws("efs").delete_file_system_policy(FileSystemId=system)
    refused("PolicyNotFound", aws("efs").describe_file_system_policy, FileSystemId=system)
    refused(
        "InvalidPolicyException",
        aws("efs").put_file_system_policy,
        FileSystemId=system,
        Policy='{"Statement": [{"Effect": "Allow"}]}',
    )


@pytest.mark.parametrize(
    "policies",
    [
        [{"TransitionToIA": "AFTER_2_DAYS"}],
        [{"TransitionToIA": "AFTER_7_DAYS"}, {"TransitionToIA": "AFTER_30_DAYS"}],
        [{"TransitionToPrimaryStorageClass": "AFTER_7_DAYS"}],
    ],
)
def test_a_lifecycle_that_is_refused(aws: Aws, refused: Refused, policies: Any) -> None:
    refused("BadRequest", aws("efs").put_lifecycle_configuration, FileSystemId=_system(aws), LifecyclePolicies=policies)


def test_nothing_is_done_to_a_file_system_that_is_being_created(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=2)
    system = _system(aws)
    refused(
        "IncorrectFileSystemLifeCycleState",
        aws("efs").create_mount_target,
        FileSystemId=system,
        SubnetId=aws.subnets()[0],
    )
    states = [aws("efs").describe_file_systems()["FileSystems"][0]["LifeCycleState"] for _ in range(3)]
    assert states == ["creating", "creating", "available"]
    target = aws("efs").create_mount_target(FileSystemId=system, SubnetId=aws.subnets()[0])["MountTargetId"]
    groups = [aws.security_group()]
    refused(
        "IncorrectMountTargetState",
        aws("efs").modify_mount_target_security_groups,
        MountTargetId=target,
        SecurityGroups=groups,
    )


def test_access_points(aws: Aws, refused: Refused) -> None:
    system = _system(aws)
    efs = aws("efs")
    owner = {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}
    root = {"Path": "/data", "CreationInfo": owner}
    efs.create_access_point(ClientToken="a", FileSystemId=system, RootDirectory=root)
    found = efs.describe_access_points(FileSystemId=system)["AccessPoints"][0]
    assert found["RootDirectory"] == root and found["LifeCycleState"] == "available"
    refused("AccessPointAlreadyExists", efs.create_access_point, ClientToken="a", FileSystemId=system)
    refused("FileSystemNotFound", efs.create_access_point, ClientToken="b", FileSystemId="fs-0")
    refused("BadRequest", efs.create_access_point, ClientToken="c", FileSystemId=system, RootDirectory={"Path": "data"})
    refused("AccessPointNotFound", efs.delete_access_point, AccessPointId="fsap-0")
