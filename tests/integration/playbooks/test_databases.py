# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup, snapshots and restore of databases: a small environment of an instance and a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook

pytestmark = pytest.mark.xdist_group("databases")

INVENTORY = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  vpc: [network]
  secret:
    credentials:
      secret_name: shop/database
      secret_generate_key: password
  rds:
    database:
      rds_attachment_secret: credentials
      rds_attachment_keys: {url: "postgresql://{username}:{password}@{host}:{port}/{dbname}"}
    catalog:
      rds_engine: aurora-postgresql
      rds_engine_version: "16.6"
vars:
  aws_region: eu-west-1
  rds_password_secret: credentials
  rds_password_key: password
  rds_monitoring_interval: 0
  rds_performance_insights_enabled: false
  rds_log_exports: []
  rds_deletion_protection: false
  rds_skip_final_snapshot: true
"""
INSTANCE, CLUSTER = "shop-dev-database", "shop-dev-catalog"


class Environment:
    """The environment, and what is asked of it."""

    def __init__(self, account: Account, inventory: Path) -> None:
        self.account, self.inventory = account, inventory
        self.rds = account.client("rds")

    def run(self, verb: str, *arguments: str, **extra: Any) -> Run:
        return run_playbook(self.account, self.inventory, verb, *arguments, **extra)

    def snapshots(self, region: str = "eu-west-1") -> list[str]:
        found = self.account.client("rds", region).describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        return sorted(snapshot["DBSnapshotIdentifier"] for snapshot in found)

    def databases(self) -> set[str]:
        instances, clusters = self.rds.describe_db_instances(), self.rds.describe_db_clusters()
        names = {found["DBInstanceIdentifier"] for found in instances["DBInstances"]}
        return names | {found["DBClusterIdentifier"] for found in clusters["DBClusters"]}

    def refused(self, verb: str, message: str, **extra: Any) -> None:
        since = self.account.position()
        done = self.run(verb, **extra)
        assert done.status != 0 and message in " ".join(done.output.split()), done.output
        assert self.account.writes(since) == []


@pytest.fixture(scope="module")
def shop(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    inventory = tmp_path_factory.mktemp("shop") / "shop.yml"
    inventory.write_text(INVENTORY)
    shop = Environment(local_aws.account(), inventory)
    shop.run("data").ok()
    return shop


def test_the_secret_tells_the_address(shop: Environment) -> None:
    text = shop.account.client("secretsmanager").get_secret_value(SecretId="shop/database")["SecretString"]
    secret = json.loads(text)
    address = shop.rds.describe_db_instances(DBInstanceIdentifier=INSTANCE)["DBInstances"][0]["Endpoint"]["Address"]
    assert (secret["host"], secret["port"], secret["engine"]) == (address, 5432, "postgres")
    assert (secret["username"], secret["dbname"]) == ("app", "app")
    assert secret["url"] == f"postgresql://app:{secret['password']}@{address}:5432/app"
    again = shop.run("data").ok()
    assert again.changes == []
    assert secret["password"] not in again.output


def test_a_backup_is_previewed_made_copied_and_listed(shop: Environment) -> None:
    wanted = {"database": "database", "snapshot": "before-2-0", "rds_snapshot_copy_region": "us-west-2"}
    since = shop.account.position()
    preview = shop.run("backup", "--check", **wanted).ok()
    assert shop.account.writes(since) == []
    done = shop.run("backup", **wanted).ok()
    copy = ("database", "create", "RDS snapshot copy", "before-2-0")
    assert preview.summary == done.summary == {("database", "create", "RDS snapshot", "before-2-0"), copy}
    assert shop.snapshots() == shop.snapshots("us-west-2") == ["before-2-0"]
    shop.refused("backup", f"there is one of {INSTANCE} already", database="database", snapshot="before-2-0")
    every = shop.run("backup").ok()
    assert {change["component"] for change in every.changes} == {"database", "catalog"}
    listed = shop.run("snapshots").ok().output
    assert f"database: {INSTANCE}, 3 snapshots, to any time from 20" in listed and "before-2-0" in listed
    assert f"catalog: {CLUSTER}, 2 snapshots" in listed and f"{CLUSTER}-20" in listed


def test_what_cannot_be_done_is_said_before_anything_is_made(shop: Environment) -> None:
    databases = "databases are database, catalog"
    shop.rds.create_db_snapshot(DBInstanceIdentifier=INSTANCE, DBSnapshotIdentifier="before-this")
    shop.refused("backup", f"There is no database databse in this environment; {databases}", database="databse")
    shop.refused("backup", "is one name for 2 databases", snapshot="one")
    shop.refused("restore", "Say which database with -e database=NAME", snapshot="one")
    shop.refused("restore", "either -e snapshot=NAME or -e restore_time=TIME", database="database")
    shop.refused("restore", "there is no snapshot befor; the nearest are", database="database", snapshot="befor")
    shop.refused("restore", "allowed are times from", database="catalog", restore_time="2020-01-01T00:00:00Z")
    shop.refused("restore", "not the old one's", database="catalog", restore_time="latest", restored_name=CLUSTER)


COPIES = {
    ("database", "RDS instance", f"{INSTANCE}-restore-test"),
    ("catalog", "RDS cluster", f"{CLUSTER}-restore-test"),
    ("catalog", "RDS instance", f"{CLUSTER}-restore-test-1"),
}


def test_FD_19_restoring_is_tested_and_leaves_nothing(shop: Environment) -> None:
    since, before, snapshots = shop.account.position(), shop.databases(), shop.snapshots()
    preview = shop.run("restore_test", "--check").ok()
    assert shop.account.writes(since) == []
    assert f"as {INSTANCE}-restore-test, compare them, and remove" in " ".join(preview.output.split())
    assert {(name, what, copy) for name, action, what, copy in preview.summary if action == "create"} == COPIES
    done = shop.run("restore_test").ok()
    assert done.summary == {(name, action, what, c) for name, what, c in COPIES for action in ("create", "delete")}
    assert (shop.databases(), shop.snapshots()) == (before, snapshots)
    for name in (INSTANCE, CLUSTER):
        assert f"{name} as of 20" in done.output and f"was restored as {name}-restore-test" in done.output
    for line in ("ok      version         17", "ok      encryption      True", f"ok      subnet group    {CLUSTER}"):
        assert line in done.output
    assert "FAILED" not in done.output


def test_FD_19_a_database_of_somebody_else_is_left_alone(shop: Environment) -> None:
    name = f"{INSTANCE}-restore-test"
    own = {"DBInstanceIdentifier": name, "Engine": "postgres", "DBInstanceClass": "db.t3.micro"}
    login = {"MasterUsername": "u", "MasterUserPassword": "a-password"}
    tags = [{"Key": "slipway:restore-test", "Value": "another-database"}]
    shop.rds.create_db_instance(**own, **login, AllocatedStorage=20, Tags=tags)
    message = f"there is one without tag slipway:restore-test={INSTANCE}; it is left alone"
    shop.refused("restore_test", message, database="database")
    assert name in shop.databases()
    shop.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def test_FD_19_what_an_interrupted_test_left_goes_with_the_next(shop: Environment) -> None:
    """The first one cannot remove its copy. Without backups, the next one takes the newest snapshot."""
    before = shop.databases()
    for snapshot in shop.snapshots():
        if shop.rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"]:
            shop.rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    shop.account.fault(service="rds", operation="DeleteDBInstance", code="InternalFailure", times=20, status=400)
    broken = shop.run("restore_test", database="database")
    assert broken.status != 0 and "Could not delete RDS instance" in broken.output
    assert shop.databases() == {*before, f"{INSTANCE}-restore-test"}
    shop.account.clear_faults()
    modify = {"DBInstanceIdentifier": INSTANCE, "ApplyImmediately": True}
    shop.rds.modify_db_instance(**modify, BackupRetentionPeriod=0)
    shop.refused("restore_test", f"{INSTANCE} keeps no backups and has no snapshot", database="database")
    for name in ("older", "newest"):
        shop.rds.create_db_snapshot(DBInstanceIdentifier=INSTANCE, DBSnapshotIdentifier=name)
    done = shop.run("restore_test", database="database").ok()
    assert [change["action"] for change in done.changes] == ["delete", "create", "delete"]
    restored = done.changes[1]["attributes"]["restored_from"]["after"]
    assert restored in ("older", "newest"), "both of the same second"
    assert shop.databases() == before
    shop.rds.modify_db_instance(**modify, BackupRetentionPeriod=7)


@pytest.mark.parametrize(
    ("wanted", "old"),
    [
        ({"database": "database", "snapshot": "shop-dev-before"}, INSTANCE),
        ({"database": "catalog", "restore_time": "latest"}, CLUSTER),
    ],
)
def test_a_database_is_restored_beside_the_old_one(shop: Environment, wanted: dict[str, str], old: str) -> None:
    if "snapshot" in wanted:
        shop.rds.create_db_snapshot(DBInstanceIdentifier=old, DBSnapshotIdentifier=wanted["snapshot"])
    since = shop.account.position()
    preview = shop.run("restore", "--check", **wanted).ok()
    assert shop.account.writes(since) == []
    done = shop.run("restore", **wanted).ok()
    assert done.summary and done.summary == preview.summary
    made = shop.rds.describe_db_instances()["DBInstances"]
    assert any(item["DBInstanceIdentifier"].startswith(f"{old}-restored") for item in made)
    assert all(name.startswith(f"{old}-restored") for _component, _action, _resource, name in done.summary)
    assert f"{old}-restored is at {old}-restored." in done.output
    component = wanted["database"]
    adopted = shop.run("data", "--limit", component, **{"rds_name": f"{old}-restored"}).ok()
    assert {change["resource"] for change in adopted.changes} <= {"keys of a secret"}
    assert shop.run("data", "--limit", component).ok().changes == adopted.changes
