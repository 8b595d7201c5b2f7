# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, in the terms of the roles' options; its whole is tested with playbooks/cost.yml in tests/verbs."""

from __future__ import annotations

import json
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


def test_a_recorder_with_or_without_its_channel(account: Account) -> None:
    config, bucket = account.client("config"), f"history-{account.id}"
    role = account.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["Arn"]
    account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    given = [{"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:*", "Resource": "*"}]
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": given}))
    mode = {"recordingFrequency": "DAILY"}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "history", "roleARN": role, "recordingMode": mode})
    off = {"config_recorder_recording": False, "config_recorder_frequency": "DAILY"}
    assert usage(account, "config_recorder", "history")["it"] == off
    config.put_delivery_channel(DeliveryChannel={"name": "history", "s3BucketName": bucket})
    config.start_configuration_recorder(ConfigurationRecorderName="history")
    assert usage(account, "config_recorder", "history")["it"] == {**off, "config_recorder_recording": True}
    config.stop_configuration_recorder(ConfigurationRecorderName="history")
    config.delete_configuration_recorder(ConfigurationRecorderName="history")
    assert usage(account, "config_recorder", "history")["it"] == {"config_recorder_recording": False}


def test_a_detector(account: Account) -> None:
    assert usage(account, "guardduty", "threats") == {}
    off = [{"Name": "S3_DATA_EVENTS", "Status": "DISABLED"}]
    account.client("guardduty").create_detector(Enable=True, Tags={"Name": "threats"}, Features=off)
    found = usage(account, "guardduty", "threats")["it"]
    assert found["guardduty_enabled"] is True
    assert "RDS_LOGIN_EVENTS" in found["guardduty_features"] and "S3_DATA_EVENTS" not in found["guardduty_features"]


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
