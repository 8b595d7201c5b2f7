# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDS as its API reference describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
ROLE = "arn:aws:iam::123456789012:role/monitoring"
NAME = {"DBInstanceIdentifier": "db"}
GROUP = {"DBParameterGroupName": "p"}


def make_database(aws: Aws, **more: Any) -> dict[str, Any]:
    arguments = {
        **NAME,
        "Engine": "postgres",
        "EngineVersion": "15.4",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "MasterUsername": "u",
        "MasterUserPassword": "a-password",
    }
    created: dict[str, Any] = aws("rds").create_db_instance(**{**arguments, **more})["DBInstance"]
    return created


def read_database(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws("rds").describe_db_instances(**NAME)["DBInstances"][0]
    return found


def make_parameter_group(aws: Aws) -> None:
    aws("rds").create_db_parameter_group(**GROUP, DBParameterGroupFamily="postgres15", Description="d")


def test_instance_reads_back(aws: Aws) -> None:
    make_parameter_group(aws)
    aws("rds").create_db_subnet_group(DBSubnetGroupName="S", DBSubnetGroupDescription="d", SubnetIds=aws.subnets())
    given = {
        "MaxAllocatedStorage": 100,
        "StorageEncrypted": True,
        "PubliclyAccessible": False,
        "BackupRetentionPeriod": 7,
        "PreferredBackupWindow": "03:00-04:00",
        "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        "MonitoringInterval": 60,
        "MonitoringRoleArn": ROLE,
        "PerformanceInsightsRetentionPeriod": 7,
        "CopyTagsToSnapshot": True,
        "AutoMinorVersionUpgrade": False,
        "DeletionProtection": False,
        "DBName": "x",
        "TagList": [{"Key": "a", "Value": "b"}],
    }
    asked = {name: value for name, value in given.items() if name != "TagList"}
    make_database(
        aws,
        **asked,
        Tags=given["TagList"],
        EnablePerformanceInsights=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        DBParameterGroupName="p",
        DBSubnetGroupName="s",
        VpcSecurityGroupIds=[aws.security_group()],
    )
    read = read_database(aws)
    assert {name: read.get(name) for name in given} == given
    assert read["DBInstanceStatus"] == "available"
    assert (read["Iops"], read["StorageThroughput"], read["StorageType"]) == (3000, 125, "gp3")
    assert read["PerformanceInsightsEnabled"] is True
    assert read["PerformanceInsightsKMSKeyId"].startswith("arn:aws:kms:eu-west-1:")
    assert read["KmsKeyId"].startswith("arn:aws:kms:eu-west-1:")
    assert read["EnhancedMonitoringResourceArn"].endswith(f"log-stream:{read['DbiResourceId']}")
    assert read["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert read["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert read["DBParameterGroups"] == [{"DBParameterGroupName": "p", "ParameterApplyStatus": "in-sync"}]
    assert read["DBSubnetGroup"]["DBSubnetGroupName"] == "s"
    assert read["LicenseModel"] == "postgresql-license"
    assert read["PendingModifiedValues"] == {}


def test_two_instances_differ_in_their_resource_id(aws: Aws) -> None:
    first = make_database(aws)["DbiResourceId"]
    assert make_database(aws, DBInstanceIdentifier="other")["DbiResourceId"] != first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            {"PreferredBackupWindow": "03:00-04:00", "PreferredMaintenanceWindow": "sun:03:30-sun:04:30"},
            "InvalidParameterValue",
        ),
        (
            {"PreferredBackupWindow": "23:30-00:30", "PreferredMaintenanceWindow": "mon:00:00-mon:01:00"},
            "InvalidParameterValue",
        ),
        ({"PreferredMaintenanceWindow": "sun:04:00-sun:04:10"}, "InvalidParameterValue"),
        ({"MonitoringInterval": 60}, "InvalidParameterCombination"),
        ({"MonitoringInterval": 7, "MonitoringRoleArn": ROLE}, "InvalidParameterValue"),
        ({"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 8}, "InvalidParameterValue"),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue"),
        ({"MasterUserPassword": "with a/slash"}, "InvalidParameterValue"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
        ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
        ({"VpcSecurityGroupIds": ["sg-0"]}, "InvalidParameterValue"),
        ({"Iops": 4000}, "InvalidParameterCombination"),
        ({"MaxAllocatedStorage": 10}, "InvalidParameterCombination"),
    ],
)
def test_wrong_instances_are_refused(aws: Aws, refused: Refused, change: dict[str, Any], code: str) -> None:
    refused(code, make_database, aws=aws, **change)
    assert aws("rds").describe_db_instances()["DBInstances"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"DBInstanceClass": "db.t3.small"},
        {"AllocatedStorage": 30},
        {"MaxAllocatedStorage": 200},
        {"BackupRetentionPeriod": 3},
        {"PreferredBackupWindow": "01:00-02:00"},
        {"PreferredMaintenanceWindow": "mon:04:00-mon:05:00"},
        {"MonitoringInterval": 30, "MonitoringRoleArn": ROLE},
        {"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 731},
        {"DeletionProtection": True},
        {"CopyTagsToSnapshot": True},
        {"AutoMinorVersionUpgrade": False},
        {"PubliclyAccessible": True},
        {"MultiAZ": True},
        {"EngineVersion": "15.5"},
        {"CACertificateIdentifier": "rds-ca-ecc384-g1"},
        {"EnableIAMDatabaseAuthentication": True},
    ],
)
def test_every_attribute_is_modified(aws: Aws, change: dict[str, Any]) -> None:
    shown = {"EnablePerformanceInsights": "PerformanceInsightsEnabled"}
    shown["EnableIAMDatabaseAuthentication"] = "IAMDatabaseAuthenticationEnabled"
    make_database(aws)
    before = read_database(aws)
    aws("rds").modify_db_instance(**NAME, ApplyImmediately=True, **change)
    after = read_database(aws)
    for name, value in change.items():
        assert before.get(shown.get(name, name)) != value
        assert after[shown.get(name, name)] == value


def test_parameter_group_logs_and_security_groups_are_modified(aws: Aws, refused: Refused) -> None:
    make_parameter_group(aws)
    make_database(aws)
    group = aws.security_group()
    modify = aws("rds").modify_db_instance
    modify(
        **NAME,
        DBParameterGroupName="p",
        VpcSecurityGroupIds=[group],
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql"]},
        DBPortNumber=5433,
        ApplyImmediately=True,
    )
    read = read_database(aws)
    assert read["DBParameterGroups"][0]["DBParameterGroupName"] == "p"
    assert [g["VpcSecurityGroupId"] for g in read["VpcSecurityGroups"]] == [group]
    assert read["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert read["Endpoint"]["Port"] == 5433
    refused("DBParameterGroupNotFound", modify, **NAME, DBParameterGroupName="none")
    refused("InvalidParameterCombination", modify, **NAME, AllocatedStorage=10)
    refused("DBInstanceNotFound", modify, DBInstanceIdentifier="none", MultiAZ=True)


def test_a_new_class_waits_unless_it_is_wanted_now(aws: Aws) -> None:
    make_database(aws)
    aws("rds").modify_db_instance(**NAME, DBInstanceClass="db.t3.small", BackupRetentionPeriod=2)
    read = read_database(aws)
    assert (read["DBInstanceClass"], read["BackupRetentionPeriod"]) == ("db.t3.micro", 2)
    assert read["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}
    # with a change that is wanted now goes what has been waiting
    aws("rds").modify_db_instance(**NAME, BackupRetentionPeriod=3, ApplyImmediately=True)
    read = read_database(aws)
    assert (read["DBInstanceClass"], read["PendingModifiedValues"]) == ("db.t3.small", {})


def test_deletion(aws: Aws, refused: Refused) -> None:
    make_database(aws, DeletionProtection=True)
    rds = aws("rds")
    refused("InvalidParameterCombination", rds.delete_db_instance, **NAME)
    message = refused("InvalidParameterCombination", rds.delete_db_instance, **NAME, SkipFinalSnapshot=True)
    assert message == "Cannot delete protected DB Instance, please disable deletion protection and try again."
    rds.modify_db_instance(**NAME, DeletionProtection=False)
    rds.delete_db_instance(**NAME, FinalDBSnapshotIdentifier="last")
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]["DBInstanceIdentifier"] == "db"
    refused("DBInstanceNotFound", rds.describe_db_instances, **NAME)
    refused("DBInstanceNotFound", rds.delete_db_instance, **NAME, SkipFinalSnapshot=True)


def test_instance_passes_through_its_states(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=2)
    assert make_database(aws)["DBInstanceStatus"] == "creating"
    refused("InvalidDBInstanceState", aws("rds").modify_db_instance, **NAME, MultiAZ=True)
    assert [read_database(aws)["DBInstanceStatus"] for _ in range(3)] == ["creating", "creating", "available"]
    aws("rds").modify_db_instance(**NAME, BackupRetentionPeriod=2)
    assert [read_database(aws)["DBInstanceStatus"] for _ in range(3)] == ["modifying", "modifying", "available"]
    aws("rds").delete_db_instance(**NAME, SkipFinalSnapshot=True)
    assert [read_database(aws)["DBInstanceStatus"] for _ in range(2)] == ["deleting", "deleting"]
    refused("DBInstanceNotFound", aws("rds").describe_db_instances, **NAME)


def test_parameter_group(aws: Aws, refused: Refused) -> None:
    rds = aws("rds")
    refused("DBParameterGroupNotFound", rds.describe_db_parameter_groups, **GROUP)
    make_parameter_group(aws)
    settings = [
        {
            "ParameterName": "shared_preload_libraries",
            "ParameterValue": "pg_stat_statements,pg_cron",
            "ApplyMethod": "pending-reboot",
        },
        {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"},
        {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"},
        {"ParameterName": "log_min_duration_statement", "ParameterValue": "1000", "ApplyMethod": "immediate"},
        {"ParameterName": "max_connections", "ParameterValue": "200", "ApplyMethod": "pending-reboot"},
    ]
    rds.modify_db_parameter_group(**GROUP, Parameters=settings)
    read = rds.describe_db_parameters(**GROUP, Source="user")["Parameters"]
    mine = {p["ParameterName"]: (p["ParameterValue"], p["ApplyMethod"]) for p in read}
    assert mine == {s["ParameterName"]: (s["ParameterValue"], s["ApplyMethod"]) for s in settings}
    assert {p["ParameterName"]: p["ApplyType"] for p in read}["max_connections"] == "static"
    rds.reset_db_parameter_group(**GROUP, Parameters=settings[1:2])
    assert len(rds.describe_db_parameters(**GROUP, Source="user")["Parameters"]) == 4
    refused("DBParameterGroupAlreadyExists", make_parameter_group, aws=aws)
    make_database(aws, DBParameterGroupName="p")
    refused("InvalidDBParameterGroupState", rds.delete_db_parameter_group, **GROUP)
    rds.delete_db_instance(**NAME, SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(**GROUP)
    refused("DBParameterGroupNotFound", rds.describe_db_parameters, **GROUP)


@pytest.mark.parametrize(
    ("name", "value", "method", "code"),
    [
        ("max_connections", "200", "immediate", "InvalidParameterCombination"),
        ("nothing", "1", "immediate", "InvalidParameterValue"),
        ("log_statement", "some", "immediate", "InvalidParameterValue"),
        ("log_statement", "all", "now", "InvalidParameterValue"),
        ("shared_preload_libraries", "what", "pending-reboot", "InvalidParameterValue"),
        ("fsync", "0", "immediate", "InvalidParameterValue"),
    ],
)
def test_wrong_parameters_are_refused(
    aws: Aws, refused: Refused, name: str, value: str, method: str, code: str
) -> None:
    make_parameter_group(aws)
    setting = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    refused(code, aws("rds").modify_db_parameter_group, **GROUP, Parameters=[setting])
    assert aws("rds").describe_db_parameters(**GROUP, Source="user")["Parameters"] == []


def test_subnet_group(aws: Aws, refused: Refused) -> None:
    rds, subnets = aws("rds"), aws.subnets()
    name = {"DBSubnetGroupName": "s"}
    create, modify = rds.create_db_subnet_group, rds.modify_db_subnet_group
    for few in (subnets[:1], []):
        refused("DBSubnetGroupDoesNotCoverEnoughAZs", create, **name, DBSubnetGroupDescription="d", SubnetIds=few)
    refused("InvalidSubnet", create, **name, DBSubnetGroupDescription="d", SubnetIds=["subnet-0", subnets[0]])
    create(**name, DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
    refused("DBSubnetGroupAlreadyExists", create, **name, DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
    modify(**name, SubnetIds=subnets)
    read = rds.describe_db_subnet_groups(**name)["DBSubnetGroups"][0]
    assert sorted(s["SubnetIdentifier"] for s in read["Subnets"]) == subnets
    assert read["DBSubnetGroupDescription"] == "d"
    refused("DBSubnetGroupDoesNotCoverEnoughAZs", modify, **name, SubnetIds=subnets[:1])
    make_database(aws, DBSubnetGroupName="s")
    refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, **name)
    rds.delete_db_instance(**NAME, SkipFinalSnapshot=True)
    rds.delete_db_subnet_group(**name)
    refused("DBSubnetGroupNotFoundFault", rds.describe_db_subnet_groups, **name)
    refused("DBSubnetGroupNotFoundFault", modify, **name, SubnetIds=subnets)


def test_the_defaults_of_a_family(aws: Any, refused: Callable[..., Any]) -> None:
    answer = aws("rds").describe_engine_default_parameters(DBParameterGroupFamily="postgres15")["EngineDefaults"]
    known = {parameter["ParameterName"]: parameter for parameter in answer["Parameters"]}
    assert (known["log_statement"]["ApplyType"], known["log_statement"]["IsModifiable"]) == ("dynamic", True)
    assert known["max_connections"]["ApplyType"] == "static"
    refused("InvalidParameterValue", aws("rds").describe_engine_default_parameters, DBParameterGroupFamily="postgres99")
