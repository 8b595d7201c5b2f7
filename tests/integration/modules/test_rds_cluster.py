# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "rds_cluster"
NAME = "shop-dev-database"
PASSWORDS = {"first": "correct-horse-battery", "second": "staple-horse-battery"}


@pytest.fixture
def base(account: Account) -> dict[str, Any]:
    for name, value in PASSWORDS.items():
        account.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"password": value}))
    return {
        "name": NAME,
        "engine": "aurora-postgresql",
        "engine_version": "16.4",
        "username": "shop",
        "password_secret": "first",
        "password_key": "password",
        "skip_final_snapshot": True,
    }


def _read(account: Account) -> dict[str, Any]:
    return account.client("rds").describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]


def _group(account: Account, name: str) -> str:
    ec2 = account.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


def _member(account: Account, name: str = f"{NAME}-1", **more: Any) -> dict[str, Any]:
    options = {"engine": "aurora-postgresql", "instance_class": "db.serverless", **more}
    return run_module(account, "rds_instance", name=name, cluster=NAME, **options)


SCALING = {"min_capacity": 0, "max_capacity": 1, "seconds_until_auto_pause": 300}


def test_matrix(account: Account, base: dict[str, Any]) -> None:
    account.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily="aurora-postgresql16", Description="own"
    )
    read = {
        "port": "Port",
        "parameter_group": "DBClusterParameterGroup",
        "backup_retention_days": "BackupRetentionPeriod",
        "backup_window": "PreferredBackupWindow",
        "maintenance_window": "PreferredMaintenanceWindow",
        "deletion_protection": "DeletionProtection",
        "log_exports": "EnabledCloudwatchLogsExports",
        "copy_tags_to_snapshot": "CopyTagsToSnapshot",
        "iam_authentication": "IAMDatabaseAuthenticationEnabled",
    }
    Matrix(
        module=MODULE,
        key="cluster",
        base=base,
        updates={
            "+scaling": SCALING,
            "seconds_until_auto_pause": 600,
            "max_capacity": 4.5,
            "+never pausing": {"min_capacity": 0.5, "seconds_until_auto_pause": None},
            "+minor": {"engine_version": "16.6"},
            "+major": {"engine_version": "17.4", "allow_major_version_upgrade": True},
            "password_secret": "second",
            "port": 5433,
            "security_group_ids": [_group(account, "one"), _group(account, "two")],
            "parameter_group": "own",
            "backup_retention_days": 7,
            "backup_window": "03:00-04:00",
            "maintenance_window": "sun:04:00-sun:05:00",
            "deletion_protection": True,
            "+unprotected": {"deletion_protection": False},
            "log_exports": ["postgresql"],
            "copy_tags_to_snapshot": True,
            "iam_authentication": True,
            "tags": {"Environment": "dev"},
        },
        fixed={
            *("storage_encrypted", "kms_key_id", "database", "subnet_group", "min_capacity", "apply_immediately"),
            *("final_snapshot_identifier", "delete_automated_backups", "required_tags"),
            *("restore_snapshot", "restore_source", "restore_time"),
        },
        seen={option: lambda account, member=member: _read(account)[member] for option, member in read.items()},
    ).check(account)


def test_it_scales_to_nothing(account: Account, base: dict[str, Any]) -> None:
    done = run_module(account, MODULE, **base, **SCALING)
    assert _read(account)["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 1.0,
        "SecondsUntilAutoPause": 300,
    }
    assert done["cluster"]["address"] != done["cluster"]["reader_address"]
    _member(account)
    assert not _member(account)["changed"]
    (member,) = _read(account)["DBClusterMembers"]
    assert (member["DBInstanceIdentifier"], member["IsClusterWriter"]) == (f"{NAME}-1", True)


def test_its_instances_wait_for_it(account: Account, base: dict[str, Any]) -> None:
    account.settings(provisioning_reads=3)
    run_module(account, MODULE, **base, **SCALING, wait=False)
    with pytest.raises(ModuleFailed, match=rf"{NAME}-1 can be created: not after 0 s; last seen: .*creating"):
        _member(account, wait_timeout=0)
    for _ in range(3):
        _read(account)
    assert _member(account)["instance"]["cluster"] == NAME


def test_the_password_is_set_again_only_when_it_is_another(account: Account, base: dict[str, Any]) -> None:
    secrets = account.client("secretsmanager")
    run_module(account, MODULE, **base)
    attached = {"password": PASSWORDS["first"], "host": "db.example.com"}
    secrets.put_secret_value(SecretId="first", SecretString=json.dumps(attached))
    assert not run_module(account, MODULE, **base)["changed"]
    secrets.put_secret_value(SecretId="first", SecretString=json.dumps({**attached, "password": "another-password"}))
    since = account.position()
    changed = run_module(account, MODULE, **base)
    assert [sorted(change["attributes"]) for change in changed["changes"]] == [["password_version"]]
    assert account.writes(since) == ["rds:ModifyDBCluster", "rds:AddTagsToResource"]
    assert not run_module(account, MODULE, **base)["changed"]
    assert "another-password" not in json.dumps(changed)


def test_a_secret_without_the_key(account: Account, base: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="secret first of password_secret has no key passwort; it has password"):
        run_module(account, MODULE, **{**base, "password_key": "passwort"})
    assert "rds:CreateDBCluster" not in account.writes()


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("engine", "aurora-mysql", "create another cluster"),
        ("username", "admin", "create another cluster"),
        ("database", "other", "create another cluster"),
        ("storage_encrypted", True, "restore a snapshot"),
        ("subnet_group", "other", "restore a snapshot"),
    ],
)
def test_what_cannot_be_changed_is_named(
    account: Account, base: dict[str, Any], option: str, value: Any, hint: str
) -> None:
    run_module(account, MODULE, **base)
    since = account.position()
    with pytest.raises(ModuleFailed, match=rf"RDS cluster {NAME}: {option} cannot be changed from .*: {hint}"):
        run_module(account, MODULE, **{**base, option: value})
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"username": None}, "username is needed to create it"),
        ({"min_capacity": 0}, "min_capacity and max_capacity need each other"),
        (
            {"min_capacity": 1, "max_capacity": 2, "seconds_until_auto_pause": 300},
            "seconds_until_auto_pause needs a min_capacity of 0",
        ),
        ({"restore_snapshot": "a", "restore_source": "b"}, "restore_snapshot and restore_source exclude each other"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(
    account: Account, base: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"RDS cluster {NAME}: {message}"):
        run_module(account, MODULE, **{**base, **options})
    assert account.writes(since) == []


def test_a_protected_cluster_is_not_deleted(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, deletion_protection=True)
    since = account.position()
    with pytest.raises(ModuleFailed, match="deletion_protection is on; set it to false first"):
        run_module(account, MODULE, name=NAME, state="absent")
    assert account.writes(since) == []


def test_it_goes_after_its_instances_with_a_final_snapshot(account: Account, base: dict[str, Any]) -> None:
    resource_id = run_module(account, MODULE, **base, **SCALING)["cluster"]["resource_id"]
    _member(account)
    with pytest.raises(ModuleFailed, match="still contains DB instances in non-deleting state"):
        run_module(account, MODULE, name=NAME, state="absent")
    account.settings(provisioning_reads=2)
    run_module(account, "rds_instance", name=f"{NAME}-1", state="absent", wait=False)
    run_module(account, MODULE, name=NAME, state="absent", wait=False)
    run_module(account, "rds_instance", name=f"{NAME}-1", state="absent")
    assert not run_module(account, MODULE, name=NAME, state="absent")["changed"]
    rds = account.client("rds")
    assert rds.describe_db_clusters()["DBClusters"] == []
    (snapshot,) = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    assert snapshot["DBClusterSnapshotIdentifier"] == f"{NAME}-final-{resource_id.lower()}"


def test_an_aws_error_names_the_call_and_the_resource(account: Account, base: dict[str, Any]) -> None:
    account.fault(service="rds", operation="CreateDBCluster", code="DBClusterQuotaExceededFault", message="quota")
    with pytest.raises(ModuleFailed, match=rf"Could not create RDS cluster {NAME}: .*QuotaExceeded.*CreateDBCluster"):
        run_module(account, MODULE, **base)


@pytest.mark.parametrize("origin", ["snapshot", "latest"])
def test_it_is_restored_beside_the_old_one(account: Account, base: dict[str, Any], origin: str) -> None:
    rds = account.client("rds")
    run_module(account, MODULE, **base, **SCALING)
    rds.create_db_cluster_snapshot(DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier="before")
    source = {"restore_snapshot": "before"} if origin == "snapshot" else {"restore_source": NAME}
    options = {**base, **SCALING, "name": "shop-restored", "deletion_protection": True, "tags": {"a": "b"}, **source}
    predicted = run_module(account, MODULE, _check=True, **options)
    done = run_module(account, MODULE, **options)
    assert [c["action"] for c in predicted["changes"]] == [c["action"] for c in done["changes"]] == ["create"]
    restored = rds.describe_db_clusters(DBClusterIdentifier="shop-restored")["DBClusters"][0]
    assert restored["DeletionProtection"] and restored["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 1.0
    assert done["cluster"]["restored_from"] == ("before" if origin == "snapshot" else f"{NAME}@latest")
    assert not run_module(account, MODULE, **options)["changed"]


def test_a_time_outside_the_backups(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    options = {**base, "name": "shop-restored", "restore_source": NAME, "restore_time": "2020-01-01T00:00:00"}
    with pytest.raises(ModuleFailed, match=r"restore_time is 2020-01-01T00:00:00; allowed are times from"):
        run_module(account, MODULE, **options)


def test_instances_are_in_the_zones_that_they_were_made_in(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, **SCALING)
    for number, zone in ((1, "eu-west-1c"), (2, "eu-west-1b")):
        done = _member(account, f"{NAME}-{number}", availability_zone=zone)
        assert done["instance"]["availability_zone"] == zone
    assert not _member(account, availability_zone="eu-west-1c")["changed"]
    with pytest.raises(ModuleFailed, match=r"'eu-west-1c' to 'eu-west-1a': give the cluster another instance"):
        _member(account, availability_zone="eu-west-1a")
