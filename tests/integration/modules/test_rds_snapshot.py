# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "rds_snapshot"
NAME = "shop-before"
FIXED = {"instance", "cluster", "source_region", "kms_key_id", "new"}
LOGIN = {"MasterUsername": "shop", "MasterUserPassword": "correct-horse-battery"}


@pytest.fixture
def database(account: Account) -> str:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier="shop",
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        StorageEncrypted=True,
        **LOGIN,
    )
    return "shop"


@pytest.fixture
def catalog(account: Account) -> str:
    account.client("rds").create_db_cluster(
        DBClusterIdentifier="catalog", Engine="aurora-postgresql", StorageEncrypted=True, **LOGIN
    )
    return "catalog"


def _updates() -> dict[str, Any]:
    return {"tags": {"Environment": "dev"}, "+other tags": {"tags": {"Team": "shop"}}}


def test_matrix_of_an_instance(account: Account, database: str) -> None:
    base = {"name": NAME, "instance": database}
    Matrix(module=MODULE, key="snapshot", base=base, updates=_updates(), fixed=FIXED).check(account)


def test_matrix_of_a_cluster(account: Account, catalog: str) -> None:
    base = {"name": NAME, "cluster": catalog}
    Matrix(module=MODULE, key="snapshot", base=base, updates=_updates(), fixed=FIXED).check(account)


def test_it_is_waited_for(account: Account, database: str) -> None:
    account.settings(provisioning_reads=3)
    assert run_module(account, MODULE, name=NAME, instance=database)["snapshot"]["status"] == "available"
    with pytest.raises(ModuleFailed, match=r"other becomes available: not after 0 s; last seen: creating"):
        run_module(account, MODULE, name="other", instance=database, wait_timeout=0)


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_what_is_encrypted_is_copied_to_another_region(
    account: Account, database: str, catalog: str, kind: str
) -> None:
    source = {kind: database if kind == "instance" else catalog}
    run_module(account, MODULE, name=NAME, **source)
    copy = {"name": NAME, **source, "source_region": account.region, "region": "us-west-2", "tags": {"a": "b"}}
    predicted = run_module(account, MODULE, _check=True, **copy)
    done = run_module(account, MODULE, **copy)
    assert [c["action"] for c in predicted["changes"]] == [c["action"] for c in done["changes"]] == ["create"]
    assert ":us-west-2:" in done["snapshot"]["arn"] and done["snapshot"]["encrypted"]
    assert ":us-west-2:" in done["snapshot"]["kms_key_id"]
    assert not run_module(account, MODULE, **copy)["changed"]


def test_a_copy_of_nothing(account: Account, database: str) -> None:
    options = {"name": NAME, "instance": database, "source_region": account.region, "region": "us-west-2"}
    assert run_module(account, MODULE, _check=True, **options)["changed"], "a backup makes it a moment before"
    with pytest.raises(ModuleFailed, match=f"RDS snapshot copy {NAME}: eu-west-1 has none of that name to copy"):
        run_module(account, MODULE, **options)


def test_a_name_that_is_taken(account: Account, database: str) -> None:
    run_module(account, MODULE, name=NAME, instance=database)
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"RDS snapshot {NAME}: there is one of shop already; give it another name"):
        run_module(account, MODULE, name=NAME, instance=database, new=True)
    with pytest.raises(ModuleFailed, match="source cannot be changed from 'shop' to 'other'"):
        run_module(account, MODULE, name=NAME, instance="other")
    assert account.writes(since) == []


def test_a_database_that_is_not_there(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=f"Could not create RDS snapshot {NAME}: .*nothing.*not found"):
        run_module(account, MODULE, name=NAME, instance="nothing")


@pytest.mark.parametrize("options", [{}, {"instance": "a", "cluster": "b"}])
def test_it_is_of_one_database(account: Account, options: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match=r"instance.*cluster"):
        run_module(account, MODULE, name=NAME, **options)


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_snapshots_are_listed(account: Account, database: str, catalog: str, kind: str) -> None:
    source = {kind: database if kind == "instance" else catalog}
    run_module(account, MODULE, name=NAME, **source)
    listed = run_module(account, "rds_snapshot_info", **source)["snapshots"]
    assert {item["type"] for item in listed} == {"manual", "automated"}
    (mine,) = [item for item in listed if item["name"] == NAME]
    assert (mine["status"], mine["encrypted"]) == ("available", True)
    assert mine["created"].endswith("Z") and mine["arn"].endswith(NAME)
    assert [item["created"] for item in listed] == sorted((item["created"] for item in listed), reverse=True)


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_the_points_in_time_are_told(account: Account, database: str, catalog: str, kind: str) -> None:
    source = {kind: database if kind == "instance" else catalog}
    found = run_module(account, "rds_snapshot_info", **source)
    first, last = (datetime.fromisoformat(found[f"{end}_restorable_time"]) for end in ("earliest", "latest"))
    assert first <= last and datetime.now(UTC) - last < timedelta(minutes=5)


def test_no_points_in_time_without_backups_or_database(account: Account, database: str) -> None:
    rds, none = account.client("rds"), ("", "")
    rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=NAME)
    rds.modify_db_instance(DBInstanceIdentifier=database, BackupRetentionPeriod=0, ApplyImmediately=True)
    for _there in (True, False):
        found = run_module(account, "rds_snapshot_info", instance=database)
        assert [snapshot["name"] for snapshot in found["snapshots"]] == [NAME]
        assert (found["earliest_restorable_time"], found["latest_restorable_time"]) == none
        if _there:
            rds.delete_db_instance(DBInstanceIdentifier=database, SkipFinalSnapshot=True)


def test_a_list_that_aws_refuses(account: Account) -> None:
    account.fault(service="rds", operation="DescribeDBSnapshots", code="AccessDenied", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not list the snapshots of shop: .*AccessDenied"):
        run_module(account, "rds_snapshot_info", instance="shop")
