# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, in the terms of the roles' options; its whole is tested with playbooks/cost.yml in tests/verbs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module


def usage(account: Account, kind: str, name: str, **options: Any) -> dict[str, Any]:
    since = account.position()
    asked = [{"component": "it", "kind": kind, "name": name, "options": options}]
    found = run_module(account, "component_usage_info", components=asked)["components"]
    assert account.writes(since) == []
    return found


def database(account: Account, name: str, **more: Any) -> None:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.small",
        AllocatedStorage=50,
        StorageType="gp3",
        MultiAZ=True,
        MasterUsername="app",
        MasterUserPassword="a-password-of-tests",
        **more,
    )


def test_a_database_with_a_replica(account: Account) -> None:
    database(account, "shop", BackupRetentionPeriod=1)
    account.client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="reader", SourceDBInstanceIdentifier="shop", DBInstanceClass="db.t4g.micro"
    )
    found = usage(account, "rds", "shop", rds_engine="postgres")["it"]
    assert (found["rds_instance_class"], found["rds_multi_az"]) == ("db.t4g.small", True)
    assert (found["rds_storage_type"], found["rds_allocated_storage"]) == ("gp3", 50)
    assert found["rds_replicas"] == [{"instance_class": "db.t4g.micro"}]


def test_an_aurora_cluster(account: Account) -> None:
    rds = account.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="app",
        MasterUserPassword="a-password-of-tests",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 1},
    )
    for name in ("shop-1", "shop-2"):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            DBInstanceClass="db.serverless",
        )
    options = {"rds_engine": "aurora-postgresql", "rds_cluster_instance_name": "shop-1"}
    assert usage(account, "rds", "shop", **options)["it"] == {
        "rds_engine": "aurora-postgresql",
        "rds_instance_class": "db.serverless",
        "rds_min_capacity": 0,
        "rds_replicas": [{"instance_class": "db.serverless"}],
    }


def test_what_is_not_there_is_left_out(account: Account) -> None:
    assert usage(account, "rds", "none", rds_engine="postgres") == {}
    assert usage(account, "sqs", "none") == {}


def test_of_other_kinds_only_that_they_are_there(account: Account) -> None:
    account.client("sqs").create_queue(QueueName="orders")
    assert usage(account, "sqs", "orders") == {"it": {}}


def test_an_unknown_kind_and_an_error_of_aws(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="kind is tea; allowed are alb"):
        usage(account, "tea", "x")
    account.fault(service="sqs", operation="GetQueueUrl", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match="Could not read it of kind sqs"):
        usage(account, "sqs", "orders")
