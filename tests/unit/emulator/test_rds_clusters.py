# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aurora clusters, snapshots, replicas and restores of RDS, as its API reference describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
LOGIN = {"MasterUsername": "u", "MasterUserPassword": "a-password"}
CLUSTER = {"DBClusterIdentifier": "c"}
SCALING = {"MinCapacity": 0, "MaxCapacity": 1, "SecondsUntilAutoPause": 300}
MEMBER = {"DBInstanceIdentifier": "m", "DBInstanceClass": "db.serverless", "Engine": "aurora-postgresql", **CLUSTER}


def make_cluster(aws: Aws, **more: Any) -> dict[str, Any]:
    arguments = {**CLUSTER, "Engine": "aurora-postgresql", "EngineVersion": "16.4", **LOGIN}
    made: dict[str, Any] = aws("rds").create_db_cluster(**{**arguments, **more})["DBCluster"]
    return made


def make_database(aws: Aws, **more: Any) -> None:
    arguments = {"DBInstanceIdentifier": "db", "Engine": "postgres", "DBInstanceClass": "db.t3.micro", **LOGIN}
    aws("rds").create_db_instance(**{**arguments, "AllocatedStorage": 20, **more})


def status(aws: Aws) -> str:
    return str(aws("rds").describe_db_clusters(**CLUSTER)["DBClusters"][0]["Status"])


def test_a_cluster_comes_and_goes_over_time(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=2)
    make_cluster(aws, ServerlessV2ScalingConfiguration=SCALING)
    refused("InvalidDBClusterStateFault", aws("rds").create_db_instance, **MEMBER)
    refused("InvalidDBClusterStateFault", aws("rds").modify_db_cluster, **CLUSTER, Port=5433)
    assert [status(aws) for _ in range(3)] == ["creating", "creating", "available"]
    aws.settings(provisioning_reads=0)
    aws("rds").create_db_instance(**MEMBER)
    leave = {**CLUSTER, "SkipFinalSnapshot": True}
    assert "non-deleting" in refused("InvalidDBClusterStateFault", aws("rds").delete_db_cluster, **leave)
    aws("rds").delete_db_instance(DBInstanceIdentifier="m")
    aws("rds").delete_db_cluster(**leave)
    refused("DBClusterNotFoundFault", aws("rds").describe_db_clusters, **CLUSTER)


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("InvalidParameterValue", {"MasterUserPassword": "has/slash-in-it"}),
        ("InvalidParameterValue", {"BackupRetentionPeriod": 0}),
        ("InvalidParameterValue", {"VpcSecurityGroupIds": ["sg-nothing"]}),
        ("DBSubnetGroupNotFoundFault", {"DBSubnetGroupName": "nothing"}),
        ("DBClusterParameterGroupNotFound", {"DBClusterParameterGroupName": "nothing"}),
        ("InvalidParameterCombination", {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1}}),
        ("InvalidParameterValue", {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.3, "MaxCapacity": 1}}),
        ("InvalidParameterValue", {"ServerlessV2ScalingConfiguration": {**SCALING, "MinCapacity": 0.5}}),
        ("InvalidParameterValue", {"ServerlessV2ScalingConfiguration": {**SCALING, "SecondsUntilAutoPause": 9}}),
    ],
)
def test_what_a_cluster_refuses(aws: Aws, refused: Refused, code: str, arguments: dict[str, Any]) -> None:
    refused(code, make_cluster, aws=aws, **arguments)
    assert aws("rds").describe_db_clusters()["DBClusters"] == []


def test_what_a_member_refuses(aws: Aws, refused: Refused) -> None:
    make_cluster(aws)
    refused("InvalidParameterCombination", aws("rds").create_db_instance, **MEMBER)
    refused("InvalidParameterCombination", aws("rds").create_db_instance, **{**MEMBER, **LOGIN})
    refused("DBClusterAlreadyExistsFault", make_cluster, aws=aws)
    aws("rds").create_db_instance(**{**MEMBER, "DBInstanceClass": "db.t4g.medium"})
    refused("InvalidParameterValue", aws("rds").create_db_snapshot, DBInstanceIdentifier="m", DBSnapshotIdentifier="s")
    final = {"DBInstanceIdentifier": "m", "FinalDBSnapshotIdentifier": "f"}
    refused("InvalidParameterCombination", aws("rds").delete_db_instance, **final)


def test_a_parameter_group_of_clusters(aws: Aws, refused: Refused) -> None:
    rds, name = aws("rds"), {"DBClusterParameterGroupName": "p"}
    refused("DBParameterGroupNotFound", rds.describe_db_cluster_parameter_groups, **name)
    rds.create_db_cluster_parameter_group(**name, DBParameterGroupFamily="aurora-postgresql16", Description="d")
    setting = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
    rds.modify_db_cluster_parameter_group(**name, Parameters=[setting])
    (found,) = rds.describe_db_cluster_parameters(**name, Source="user")["Parameters"]
    assert (found["ParameterName"], found["ParameterValue"]) == ("rds.force_ssl", "1")
    wrong = [{**setting, "ParameterName": "nothing"}]
    refused("InvalidParameterValue", rds.modify_db_cluster_parameter_group, **name, Parameters=wrong)
    rds.reset_db_cluster_parameter_group(**name, Parameters=[setting])
    assert rds.describe_db_cluster_parameters(**name, Source="user")["Parameters"] == []


def test_an_encrypted_copy_needs_a_key(aws: Aws, refused: Refused) -> None:
    make_database(aws, StorageEncrypted=True)
    made = aws("rds").create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="s")["DBSnapshot"]
    copy = {"SourceDBSnapshotIdentifier": made["DBSnapshotArn"], "TargetDBSnapshotIdentifier": "s"}
    there = aws("rds", "us-west-2")
    refused("InvalidParameterCombination", there.copy_db_snapshot, **copy)
    assert there.copy_db_snapshot(**copy, KmsKeyId="alias/aws/rds")["DBSnapshot"]["Encrypted"]


def test_a_replica_is_an_instance_of_its_own(aws: Aws, refused: Refused) -> None:
    make_database(aws)
    replica = {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": "db", "DBInstanceClass": "db.t3.small"}
    aws("rds").create_db_instance_read_replica(**replica)
    found = {item["DBInstanceIdentifier"]: item for item in aws("rds").describe_db_instances()["DBInstances"]}
    assert found["r"]["ReadReplicaSourceDBInstanceIdentifier"] == "db"
    assert [found[name]["DBInstanceClass"] for name in ("db", "r")] == ["db.t3.micro", "db.t3.small"]
    final = {"DBInstanceIdentifier": "r", "FinalDBSnapshotIdentifier": "f"}
    refused("InvalidParameterCombination", aws("rds").delete_db_instance, **final)


def test_automated_snapshots_go_with_the_backups(aws: Aws) -> None:
    def kinds() -> list[str]:
        found = aws("rds").describe_db_snapshots(DBInstanceIdentifier="db")["DBSnapshots"]
        return sorted(snapshot["SnapshotType"] for snapshot in found)

    make_database(aws, BackupRetentionPeriod=1)
    aws("rds").create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="kept")
    assert kinds() == ["automated", "manual"]
    aws("rds").modify_db_instance(DBInstanceIdentifier="db", BackupRetentionPeriod=0, ApplyImmediately=True)
    assert kinds() == ["manual"]


def test_a_point_in_time_is_within_the_backups(aws: Aws, refused: Refused) -> None:
    make_database(aws, BackupRetentionPeriod=0)
    restore = {"SourceDBInstanceIdentifier": "db", "TargetDBInstanceIdentifier": "new"}
    latest = {**restore, "UseLatestRestorableTime": True}
    refused("PointInTimeRestoreNotEnabled", aws("rds").restore_db_instance_to_point_in_time, **latest)
    aws("rds").modify_db_instance(DBInstanceIdentifier="db", BackupRetentionPeriod=7, ApplyImmediately=True)
    early = {**restore, "RestoreTime": "2020-01-01T00:00:00Z"}
    refused("InvalidParameterValue", aws("rds").restore_db_instance_to_point_in_time, **early)
    refused("InvalidParameterCombination", aws("rds").restore_db_instance_to_point_in_time, **restore)
    aws("rds").restore_db_instance_to_point_in_time(**latest)
    assert aws("rds").describe_db_instances(DBInstanceIdentifier="new")["DBInstances"][0]["MasterUsername"] == "u"


@pytest.fixture
def two_zones(aws: Aws) -> str:
    there = aws("ec2").describe_subnets()["Subnets"]
    subnets = [subnet["SubnetId"] for subnet in there if subnet["AvailabilityZone"] in ("eu-west-1b", "eu-west-1c")]
    group = {"DBSubnetGroupName": "two", "DBSubnetGroupDescription": "two"}
    aws("rds").create_db_subnet_group(**group, SubnetIds=subnets)
    return "two"


def zone(aws: Aws, name: str) -> str:
    found = aws("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return str(found["AvailabilityZone"])


def test_an_instance_is_in_a_zone_of_its_subnets(aws: Aws, two_zones: str, refused: Refused) -> None:
    rds, of_group = aws("rds"), {"DBSubnetGroupName": two_zones, "BackupRetentionPeriod": 1}
    given = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN, **of_group}
    new = {"DBInstanceIdentifier": "new", **given}
    message = refused("InvalidVPCNetworkStateFault", rds.create_db_instance, **new, AvailabilityZone="eu-west-1a")
    assert "there is not a subnet in eu-west-1a" in message
    refused("InvalidVPCNetworkStateFault", rds.create_db_instance, **new, AvailabilityZone="us-east-1b")
    twice = {**new, "AvailabilityZone": "eu-west-1b", "MultiAZ": True}
    refused("InvalidParameterCombination", rds.create_db_instance, **twice)
    make_database(aws, **of_group)
    assert zone(aws, "db") == "eu-west-1b"
    rds.create_db_instance(**new, AvailabilityZone="eu-west-1c")
    assert zone(aws, "new") == "eu-west-1c"
    replica = {"DBInstanceIdentifier": "replica", "SourceDBInstanceIdentifier": "new"}
    create = rds.create_db_instance_read_replica
    refused("InvalidVPCNetworkStateFault", create, **replica, AvailabilityZone="eu-west-1a")
    create(**replica)
    assert zone(aws, "replica") == "eu-west-1b"
    moved = {"SourceDBInstanceIdentifier": "db", "TargetDBInstanceIdentifier": "moved", "UseLatestRestorableTime": True}
    rds.restore_db_instance_to_point_in_time(**moved, AvailabilityZone="eu-west-1c")
    assert zone(aws, "moved") == "eu-west-1c"


def test_an_instance_of_a_cluster_is_in_a_zone_of_the_cluster_s_subnets(
    aws: Aws, two_zones: str, refused: Refused
) -> None:
    make_cluster(aws, ServerlessV2ScalingConfiguration=SCALING, DBSubnetGroupName=two_zones)
    create = aws("rds").create_db_instance
    refused("InvalidVPCNetworkStateFault", create, **MEMBER, AvailabilityZone="eu-west-1a")
    create(**MEMBER, AvailabilityZone="eu-west-1c")
    assert zone(aws, "m") == "eu-west-1c"
