# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.rds import is_major_upgrade
from ansible_collections.slipway.fargate.plugins.modules.rds_instance import normal

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "rds_instance"
NAME = "shop-dev-database"
PASSWORDS = {"first": "correct-horse-battery", "second": "staple-horse-battery"}


@pytest.fixture
def base(account: Account) -> dict[str, Any]:
    for name, value in PASSWORDS.items():
        account.client("secretsmanager").create_secret(Name=name, SecretString=value)
    return {
        "name": NAME,
        "engine": "postgres",
        "engine_version": "15.4",
        "instance_class": "db.t3.micro",
        "allocated_storage": 20,
        "storage_type": "gp3",
        "username": "shop",
        "password_secret": "first",
        "skip_final_snapshot": True,
    }


def _read(account: Account) -> dict[str, Any]:
    return account.client("rds").describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]


def _tags(account: Account) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in _read(account)["TagList"]}


def _group(account: Account, name: str) -> str:
    ec2 = account.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


def _monitoring_role(account: Account) -> str:
    trust = {"Version": "2012-10-17", "Statement": []}
    made = account.client("iam").create_role(RoleName="monitor", AssumeRolePolicyDocument=json.dumps(trust))
    return made["Role"]["Arn"]


def test_matrix(account: Account, base: dict[str, Any]) -> None:
    rds = account.client("rds")
    group = {"DBParameterGroupName": "own", "DBParameterGroupFamily": "postgres15", "Description": "own"}
    rds.create_db_parameter_group(**group)
    read = {
        "instance_class": "DBInstanceClass",
        "allocated_storage": "AllocatedStorage",
        "max_allocated_storage": "MaxAllocatedStorage",
        "multi_az": "MultiAZ",
        "publicly_accessible": "PubliclyAccessible",
        "backup_retention_days": "BackupRetentionPeriod",
        "backup_window": "PreferredBackupWindow",
        "maintenance_window": "PreferredMaintenanceWindow",
        "monitoring_interval": "MonitoringInterval",
        "performance_insights_retention_days": "PerformanceInsightsRetentionPeriod",
        "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
        "copy_tags_to_snapshot": "CopyTagsToSnapshot",
        "ca_certificate": "CACertificateIdentifier",
        "iam_authentication": "IAMDatabaseAuthenticationEnabled",
    }
    Matrix(
        module=MODULE,
        key="instance",
        base={**base, "apply_immediately": True},
        updates={
            "instance_class": "db.t3.small",
            "allocated_storage": 30,
            "max_allocated_storage": 100,
            "+autoscaling": {"max_allocated_storage": 0},
            "+faster": {"allocated_storage": 400, "iops": 12500, "storage_throughput": 510},
            "storage_type": "io1",
            "+engine_version": {"engine_version": "15.5"},
            "+major": {"engine_version": "16.1", "allow_major_version_upgrade": True},
            "password_secret": "second",
            "port": 5433,
            "security_group_ids": [_group(account, "one"), _group(account, "two")],
            "parameter_group": "own",
            "publicly_accessible": True,
            "multi_az": True,
            "backup_retention_days": 7,
            "backup_window": "03:00-04:00",
            "maintenance_window": "sun:04:00-sun:05:00",
            "deletion_protection": True,
            "+unprotected": {"deletion_protection": False},
            "+monitoring": {"monitoring_interval": 60, "monitoring_role_arn": _monitoring_role(account)},
            "monitoring_interval": 30,
            "+insights": {"performance_insights_enabled": True, "performance_insights_retention_days": 7},
            "performance_insights_retention_days": 731,
            "log_exports": ["postgresql", "upgrade"],
            "+logs": {"log_exports": ["upgrade"]},
            "auto_minor_version_upgrade": False,
            "copy_tags_to_snapshot": True,
            "ca_certificate": "rds-ca-rsa4096-g1",
            "iam_authentication": True,
            "tags": {"Environment": "dev"},
        },
        fixed={
            *("storage_encrypted", "kms_key_id", "database", "subnet_group", "performance_insights_kms_key_id"),
            *("availability_zone", "required_tags"),
            *("final_snapshot_identifier", "delete_automated_backups", "password_key", "promotion_tier"),
            *("cluster", "source_instance", "restore_snapshot", "restore_source", "restore_time"),
        },
        seen={option: lambda account, member=member: _read(account)[member] for option, member in read.items()},
    ).check(account)


def test_the_password_is_read_only_when_it_is_needed_and_never_shown(account: Account, base: dict[str, Any]) -> None:
    def values_read(since: int) -> int:
        return [request["operation"] for request in account.requests(since)].count("GetSecretValue")

    start = account.position()
    run_module(account, MODULE, _check=True, **base)
    assert values_read(start) == 0
    created = run_module(account, MODULE, **base)
    assert values_read(start) == 1
    run_module(account, MODULE, **base)
    assert values_read(start) == 1
    account.client("secretsmanager").put_secret_value(SecretId="first", SecretString="another-horse-battery")
    rotated = run_module(account, MODULE, **base)
    assert [sorted(change["attributes"]) for change in rotated["changes"]] == [["password_version"]]
    assert _tags(account)["slipway:password-version"] == rotated["instance"]["password_version"]
    assert values_read(start) == 2
    for text in (*PASSWORDS.values(), "another-horse-battery"):
        assert text not in json.dumps([created, rotated])


def test_tags_of_the_user_leave_the_password_version_alone(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, tags={"Environment": "dev"})
    changed = run_module(account, MODULE, **base, tags={"Team": "shop"})
    assert changed["instance"]["tags"] == {"Team": "shop"}
    assert set(_tags(account)) == {"Team", "slipway:password-version"}


def test_it_is_requested_first_and_awaited_later(account: Account, base: dict[str, Any]) -> None:
    account.settings(provisioning_reads=3)
    requested = run_module(account, MODULE, **base, wait=False)
    assert requested["instance"]["status"] == "creating"
    again = run_module(account, MODULE, **base, wait=False)
    assert not again["changed"]
    awaited = run_module(account, MODULE, name=NAME)
    assert not awaited["changed"]
    assert awaited["instance"]["status"] == "available"


def test_an_instance_that_is_busy_is_changed_when_it_is_done(account: Account, base: dict[str, Any]) -> None:
    account.settings(provisioning_reads=2)
    run_module(account, MODULE, **base, wait=False)
    run_module(account, MODULE, **base, backup_retention_days=5)
    assert _read(account)["BackupRetentionPeriod"] == 5


def test_what_waits_for_the_maintenance_window_counts_as_done(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    larger = {**base, "instance_class": "db.t3.small"}
    changed = run_module(account, MODULE, **larger)
    assert changed["instance"]["pending"] == {"instance_class": "db.t3.small"}
    assert _read(account)["DBInstanceClass"] == "db.t3.micro"
    assert not run_module(account, MODULE, **larger)["changed"]
    assert run_module(account, MODULE, **larger, apply_immediately=True)["changed"]
    assert _read(account)["DBInstanceClass"] == "db.t3.small"


def test_versions(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    assert not run_module(account, MODULE, **{**base, "engine_version": "15"})["changed"]
    # AWS has upgraded the minor version meanwhile
    assert not run_module(account, MODULE, **{**base, "engine_version": "15.2"})["changed"]
    with pytest.raises(ModuleFailed, match=r"from 15\.4 to 15\.2: there is no way back"):
        run_module(account, MODULE, **{**base, "engine_version": "15.2", "auto_minor_version_upgrade": False})
    with pytest.raises(
        ModuleFailed, match=r"16\.1 is another major version than 15\.4: set allow_major_version_upgrade"
    ):
        run_module(account, MODULE, **{**base, "engine_version": "16.1"})


@pytest.mark.parametrize(
    ("current", "desired", "engine", "major"),
    [
        ("15.4", "15.10", "postgres", False),
        ("15.4", "16.1", "postgres", True),
        ("8.0.35", "8.0.40", "mysql", False),
        ("8.0.35", "8.4.3", "mysql", True),
    ],
)
def test_major_versions(current: str, desired: str, engine: str, major: bool) -> None:
    assert is_major_upgrade(current, desired, engine) == major


def test_storage_that_has_grown_by_itself_is_left_alone(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **{**base, "allocated_storage": 50}, max_allocated_storage=100)
    assert not run_module(account, MODULE, **base, max_allocated_storage=100)["changed"]
    with pytest.raises(ModuleFailed, match="allocated_storage cannot be changed from 50 to 20: storage cannot shrink"):
        run_module(account, MODULE, **base, max_allocated_storage=0)


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("engine", "mysql", "create another instance"),
        ("username", "admin", "create another instance"),
        ("database", "other", "create another instance"),
        ("storage_encrypted", True, "restore a snapshot"),
        ("kms_key_id", "11111111-2222-3333-4444-555555555555", "restore a snapshot"),
        ("subnet_group", "other", "restore a snapshot"),
        ("availability_zone", "eu-west-1c", "restore a snapshot"),
    ],
)
def test_what_cannot_be_changed_is_named(
    account: Account, base: dict[str, Any], option: str, value: Any, hint: str
) -> None:
    run_module(account, MODULE, **base)
    since = account.position()
    with pytest.raises(ModuleFailed, match=rf"RDS instance {NAME}: {option} cannot be changed from .*: {hint}"):
        run_module(account, MODULE, **{**base, option: value})
    assert account.writes(since) == []


def test_what_creation_needs_is_named(account: Account, base: dict[str, Any]) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match="username, password_secret are needed to create it"):
        run_module(account, MODULE, **{**base, "username": None, "password_secret": None})
    assert account.writes(since) == []


def test_a_secret_that_is_not_there(account: Account, base: dict[str, Any]) -> None:
    since = account.position()
    missing = {**base, "password_secret": "third"}
    assert run_module(account, MODULE, _check=True, **missing)["changed"]
    with pytest.raises(ModuleFailed, match=f"RDS instance {NAME}: secret third of password_secret has no value"):
        run_module(account, MODULE, **missing)
    assert account.writes(since) == []


def test_a_protected_instance_is_not_deleted(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, deletion_protection=True)
    since = account.position()
    with pytest.raises(ModuleFailed, match="deletion_protection is on; set it to false first"):
        run_module(account, MODULE, name=NAME, state="absent")
    assert account.writes(since) == []


def test_the_final_snapshot(account: Account, base: dict[str, Any]) -> None:
    resource_id = run_module(account, MODULE, **base)["instance"]["resource_id"]
    run_module(account, MODULE, name=NAME, state="absent")
    run_module(account, MODULE, **base)
    run_module(account, MODULE, name=NAME, state="absent", final_snapshot_identifier="last")
    found = account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    names = {snapshot["DBSnapshotIdentifier"] for snapshot in found}
    assert names == {"last", f"{NAME}-final-{resource_id[3:].lower()}"}


def test_a_delete_that_was_interrupted_is_awaited(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    account.settings(provisioning_reads=2)
    run_module(account, MODULE, **base, state="absent", wait=False)
    again = run_module(account, MODULE, **base, state="absent")
    assert not again["changed"]
    assert account.client("rds").describe_db_instances()["DBInstances"] == []


def test_an_instance_is_created_again_when_the_old_one_is_gone(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    account.settings(provisioning_reads=2)
    run_module(account, MODULE, **base, state="absent", wait=False)
    assert run_module(account, MODULE, **base)["changed"]
    assert _read(account)["DBInstanceStatus"] == "available"


def test_a_new_monitoring_role_is_waited_for(account: Account, base: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    message = "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING"
    account.fault(service="rds", operation="CreateDBInstance", code="InvalidParameterValue", message=message, times=2)
    run_module(account, MODULE, **base, monitoring_interval=60, monitoring_role_arn=_monitoring_role(account))
    assert _read(account)["MonitoringInterval"] == 60


def test_a_wait_says_what_aws_says(account: Account, base: dict[str, Any]) -> None:
    account.settings(provisioning_reads=9)
    with pytest.raises(
        ModuleFailed, match=rf"{NAME} becomes available: not after 1 s; last seen: it is creating; events"
    ):
        run_module(account, MODULE, **base, wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account, base: dict[str, Any]) -> None:
    account.fault(
        service="rds", operation="CreateDBInstance", code="InstanceQuotaExceeded", message="quota", status=400
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create RDS instance {NAME}: .*QuotaExceeded.*CreateDBInstance"):
        run_module(account, MODULE, **base)


def test_logs_that_are_about_to_be_exported_count() -> None:
    instance = {
        "DBInstanceIdentifier": NAME,
        "DBInstanceArn": "arn",
        "DbiResourceId": "db-1",
        "DBInstanceStatus": "creating",
        "AllocatedStorage": 20,
        "MaxAllocatedStorage": 20,
        "EnabledCloudwatchLogsExports": ["upgrade"],
        "PendingModifiedValues": {
            "PendingCloudwatchLogsExports": {"LogTypesToEnable": ["postgresql"], "LogTypesToDisable": ["upgrade"]}
        },
    }
    assert normal(instance, True)["log_exports"] == ["postgresql"]
    assert normal(instance, True)["max_allocated_storage"] == 0
    assert normal(instance, False)["log_exports"] == ["upgrade"]


def _replica(account: Account, **more: Any) -> dict[str, Any]:
    return run_module(account, MODULE, name=f"{NAME}-replica", source_instance=NAME, **more)


def test_a_read_replica(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    options = {"instance_class": "db.t3.small", "maintenance_window": "sat:04:00-sat:05:00", "tags": {"a": "b"}}
    predicted = run_module(account, MODULE, _check=True, name=f"{NAME}-replica", source_instance=NAME, **options)
    done = _replica(account, **options)
    assert [c["action"] for c in predicted["changes"]] == [c["action"] for c in done["changes"]] == ["create"]
    assert done["instance"]["engine"] == "postgres" and done["instance"]["instance_class"] == "db.t3.small"
    assert done["instance"]["maintenance_window"] == "sat:04:00-sat:05:00", "which comes after its creation"
    assert not _replica(account, **options)["changed"]
    assert _replica(account, **{**options, "backup_retention_days": 3})["changed"]
    assert _read(account)["ReadReplicaDBInstanceIdentifiers"] == [f"{NAME}-replica"]
    run_module(account, MODULE, name=f"{NAME}-replica", state="absent")
    assert _read(account)["ReadReplicaDBInstanceIdentifiers"] == []
    snapshots = account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert snapshots == [], "a replica has no final snapshot"


def test_an_instance_is_in_the_zone_that_it_was_made_in(account: Account, base: dict[str, Any]) -> None:
    account.settings(provisioning_reads=3)
    options = {**base, "availability_zone": "eu-west-1c"}
    run_module(account, MODULE, **options, wait=False)
    assert "AvailabilityZone" not in _read(account)
    assert not run_module(account, MODULE, _check=True, **options)["changed"], "while AWS does not tell it"
    done = run_module(account, MODULE, **options)["instance"]
    assert done["availability_zone"] == _read(account)["AvailabilityZone"] == "eu-west-1c"
    assert not run_module(account, MODULE, **options)["changed"]
    assert not run_module(account, MODULE, **base)["changed"]
    replica = _replica(account, availability_zone="eu-west-1b")["instance"]
    assert replica["availability_zone"] == "eu-west-1b"
    with pytest.raises(ModuleFailed, match=r"'eu-west-1b' to 'eu-west-1a': create another replica in that zone"):
        _replica(account, availability_zone="eu-west-1a")


def test_a_zone_that_cannot_be(account: Account, base: dict[str, Any]) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match="multi_az and availability_zone exclude each other"):
        run_module(account, MODULE, **base, multi_az=True, availability_zone="eu-west-1a")
    assert account.writes(since) == []
    with pytest.raises(ModuleFailed, match=r"us-east-1a.* is unavailable in this region"):
        run_module(account, MODULE, **base, availability_zone="us-east-1a")


def test_a_replica_of_an_instance_without_backups(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, backup_retention_days=0)
    with pytest.raises(ModuleFailed, match=f"Could not create RDS instance {NAME}-replica: .*backups are not enabled"):
        _replica(account)


def test_what_an_instance_is_made_of_is_one_thing(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="cluster and source_instance exclude each other"):
        _replica(account, cluster="c")
    assert account.writes() == []


SNAPSHOT = "shop-dev-before"


@pytest.fixture
def snapshot(account: Account, base: dict[str, Any]) -> str:
    run_module(account, MODULE, **base, tags={"Environment": "dev"})
    account.client("rds").create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier=SNAPSHOT)
    return SNAPSHOT


def _restored(account: Account) -> dict[str, Any]:
    return account.client("rds").describe_db_instances(DBInstanceIdentifier="shop-restored")["DBInstances"][0]


def test_a_snapshot_is_restored_beside_the_old_instance(account: Account, base: dict[str, Any], snapshot: str) -> None:
    before = _read(account)
    options = {
        **{**base, "name": "shop-restored", "instance_class": "db.t3.small", "password_secret": "second"},
        **{"monitoring_interval": 60, "monitoring_role_arn": _monitoring_role(account), "deletion_protection": True},
        **{"max_allocated_storage": 100, "log_exports": ["postgresql"], "backup_retention_days": 9, "tags": {"a": "b"}},
        "restore_snapshot": snapshot,
    }
    account.settings(provisioning_reads=1)
    predicted = run_module(account, MODULE, _check=True, **options)
    done = run_module(account, MODULE, **options)
    assert [c["action"] for c in predicted["changes"]] == [c["action"] for c in done["changes"]] == ["create"]
    restored = _restored(account)
    assert restored["DBInstanceClass"] == "db.t3.small"
    assert (restored["MonitoringInterval"], restored["BackupRetentionPeriod"]) == (60, 9)
    assert restored["MaxAllocatedStorage"] == 100 and restored["DeletionProtection"]
    assert done["instance"]["restored_from"] == snapshot and done["instance"]["tags"] == {"a": "b"}
    again = run_module(account, MODULE, **options)
    assert not again["changed"], again["changes"]
    del options["restore_snapshot"]
    assert not run_module(account, MODULE, **options)["changed"]
    assert {**_read(account), "LatestRestorableTime": 0} == {**before, "LatestRestorableTime": 0}


def test_a_restore_does_not_touch_what_is_there(account: Account, base: dict[str, Any], snapshot: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"restored_from cannot be changed from None to '{snapshot}': give the one"):
        run_module(account, MODULE, **base, restore_snapshot=snapshot)
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"restore_snapshot": "shop-dev-befor"}, f"there is no snapshot shop-dev-befor; the nearest are {SNAPSHOT}"),
        ({"restore_snapshot": SNAPSHOT, "username": "other"}, f"username is other; snapshot {SNAPSHOT} has shop"),
        ({"restore_source": "nothing"}, "there is no nothing to restore"),
        ({"restore_source": NAME, "restore_time": "yesterday"}, "restore_time is 'yesterday'; allowed are latest and"),
        (
            {"restore_source": NAME, "restore_time": "2020-01-01T00:00:00Z"},
            r"restore_time is 2020-01-01T00:00:00Z; allowed are times from 20\d\d-.* to 20\d\d",
        ),
    ],
)
def test_a_restore_that_cannot_be(
    account: Account, base: dict[str, Any], snapshot: str, options: dict[str, Any], message: str
) -> None:
    since = account.position()
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=message):
            run_module(account, MODULE, _check=check, **{**base, "name": "shop-restored", **options})
    assert account.writes(since) == []


def test_a_snapshot_that_is_not_ready(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    account.settings(provisioning_reads=9)
    account.client("rds").create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier=SNAPSHOT)
    with pytest.raises(ModuleFailed, match=f"snapshot {SNAPSHOT} is creating; wait until it is available"):
        run_module(account, MODULE, **{**base, "name": "shop-restored", "restore_snapshot": SNAPSHOT})


@pytest.mark.parametrize("when", ["latest", "now"])
def test_a_point_in_time_is_restored(account: Account, base: dict[str, Any], when: str) -> None:
    run_module(account, MODULE, **base)
    moment = _read(account)["InstanceCreateTime"].isoformat() if when == "now" else when
    options = {**base, "name": "shop-restored", "restore_source": NAME, "restore_time": moment}
    done = run_module(account, MODULE, **options)
    assert done["instance"]["restored_from"] == f"{NAME}@{moment}"
    assert _restored(account)["MasterUsername"] == "shop"
    assert not run_module(account, MODULE, **options)["changed"]


def test_no_point_in_time_without_backups(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, backup_retention_days=0)
    with pytest.raises(ModuleFailed, match=f"{NAME} keeps no backups"):
        run_module(account, MODULE, **{**base, "name": "shop-restored", "restore_source": NAME})


def test_one_without_the_tags_that_it_must_have_is_left_alone(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base, tags={"purpose": "production"})
    since, own = account.position(), {"purpose": "test"}
    for options in ({"restore_source": "other"}, {"instance_class": "db.t3.small"}, {}):
        with pytest.raises(ModuleFailed, match=f"{NAME}: there is one without tag purpose=test; it is left alone"):
            run_module(account, MODULE, **{**base, **options}, required_tags=own)
    assert not run_module(account, MODULE, name=NAME, state="absent", required_tags=own)["changed"]
    assert account.writes(since) == []
    tagged = {"name": NAME, "state": "absent", "skip_final_snapshot": True, "required_tags": {"purpose": "production"}}
    assert run_module(account, MODULE, **tagged)["changed"]
    assert account.client("rds").describe_db_instances()["DBInstances"] == []
