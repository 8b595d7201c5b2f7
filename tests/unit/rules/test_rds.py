# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.rds import problems

BASE: dict[str, Any] = {
    "rds_name": "shop-dev-database",
    "rds_engine": "postgres",
    "rds_engine_version": "15.4",
    "rds_instance_class": "db.t3.micro",
    "rds_storage_type": "gp3",
    "rds_allocated_storage": 20,
    "rds_max_allocated_storage": 100,
    "rds_database": "shop",
    "rds_username": "shop",
    "rds_backup_retention_days": 7,
    "rds_backup_window": "03:00-04:00",
    "rds_maintenance_window": "sun:04:00-sun:05:00",
    "rds_performance_insights_retention_days": 7,
    "rds_log_exports": ["postgresql", "upgrade"],
    "aws_region": "eu-west-1",
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rds_engine_version": "17"},
        {"rds_instance_class": "db.m6gd.2xlarge"},
        {"rds_max_allocated_storage": 0},
        {"rds_allocated_storage": 65536, "rds_max_allocated_storage": 0},
        {
            "rds_allocated_storage": 400,
            "rds_max_allocated_storage": 0,
            "rds_iops": 13000,
            "rds_storage_throughput": 510,
        },
        {"rds_storage_type": "io1", "rds_allocated_storage": 100, "rds_max_allocated_storage": 0, "rds_iops": 3000},
        {"rds_engine": "mysql", "rds_engine_version": "8.0.40", "rds_log_exports": ["error"]},
        {"rds_username": "(known after apply)", "rds_subnet_ids": "(known after apply)"},
        {"rds_subnet_ids": ["subnet-1", "subnet-2"]},
        {"rds_availability_zone": "eu-west-1c", "rds_multi_az": False},
        {"rds_availability_zone": "(known after apply)"},
        {"rds_replicas": [{"name": "shop-dev-replica", "availability_zone": "eu-west-1b"}]},
        {"rds_username": "postgres"},
        {"rds_backup_retention_days": 0},
        {"rds_iops": 3000, "rds_storage_throughput": 125},
        {"rds_replicas": [{"name": "shop-dev-replica", "instance_class": "db.t3.small", "multi_az": True}]},
        {
            "rds_password_secret": "database",
            "rds_password_key": "password",
            "rds_attachment_secret": "database",
            "rds_attachment_keys": {"url": "postgresql://{username}:{password}@{host}"},
        },
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**BASE, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"rds_name": "shop--dev"}, "rds_name is shop--dev; allowed are 1 to 63 letters"),
        (
            {"rds_availability_zone": "us-east-1a"},
            "rds_availability_zone is us-east-1a; allowed is a zone of eu-west-1, as",
        ),
        ({"rds_availability_zone": "a"}, "rds_availability_zone is a; allowed is a zone of eu-west-1, as eu-west-1a"),
        (
            {"rds_availability_zone": "eu-west-1a", "rds_multi_az": True},
            "rds_availability_zone is set and rds_multi_az is true; allowed is one of them",
        ),
        (
            {"rds_replicas": [{"name": "reader", "availability_zone": "b"}]},
            "rds_replicas[0].availability_zone is b; allowed is a zone of eu-west-1, as eu-west-1a",
        ),
        (
            {"rds_replicas": [{"name": "reader", "availability_zone": "eu-west-1b", "multi_az": True}]},
            "rds_replicas[0] has availability_zone and multi_az; allowed is one of them",
        ),
        ({"rds_name": "1shop"}, "rds_name is 1shop; allowed are"),
        ({"rds_name": "s" * 64}, f"rds_name is {'s' * 64}; allowed are"),
        ({"rds_engine_version": "fifteen"}, "rds_engine_version is fifteen; allowed is a version as 17, 15.4"),
        (
            {"rds_engine": "mysql", "rds_engine_version": "8"},
            "rds_engine_version is 8; allowed with mysql is a version",
        ),
        ({"rds_instance_class": "t3.micro"}, "rds_instance_class is t3.micro; allowed is a class as db.t4g.micro"),
        ({"rds_allocated_storage": 19}, "rds_allocated_storage is 19; allowed with gp3 are 20 to 65536"),
        ({"rds_allocated_storage": 65537}, "rds_allocated_storage is 65537; allowed with gp3 are 20 to 65536"),
        ({"rds_max_allocated_storage": 20}, "rds_max_allocated_storage is 20; allowed with 20 are 21 to 65536"),
        ({"rds_iops": 4000}, "rds_iops is 4000; allowed with gp3 of less than 400 GiB is 3000, which it has anyway"),
        (
            {"rds_storage_throughput": 126},
            "rds_storage_throughput is 126; allowed with gp3 of less than 400 GiB is 125",
        ),
        (
            {"rds_instance_class": "db.serverless"},
            "rds_instance_class is db.serverless; allowed with postgres is a class",
        ),
        ({"rds_replicas": [{"name": "a--b"}]}, "rds_replicas[0].name is a--b; allowed are 1 to 63"),
        ({"rds_replicas": [{"name": "a"}, {"name": "a"}]}, "rds_replicas[1].name is a; allowed is a name that no"),
        ({"rds_replicas": [{"name": f"r{n}"} for n in range(16)]}, "rds_replicas has 16; allowed are 15 or fewer"),
        (
            {"rds_replicas": [{"name": "a"}], "rds_backup_retention_days": 0},
            "rds_replicas is set and rds_backup_retention_days is 0; allowed are 1 or more",
        ),
        (
            {"rds_replicas": [{"name": "a", "instance_class": "tiny"}]},
            "rds_replicas[0].instance_class is tiny; allowed is a class",
        ),
        (
            {"rds_password_secret": "database", "rds_attachment_secret": "database"},
            "rds_password_key is not set; rds_attachment_secret needs it",
        ),
        ({"rds_attachment_keys": {"url": "x"}}, "rds_attachment_keys is set; it needs rds_attachment_secret"),
        (
            {"rds_attachment_keys": {"a": "x"}, "rds_attachment_secret": "database", "rds_password_key": "a"},
            "rds_attachment_keys has a, which is rds_password_key",
        ),
        ({"rds_storage_type": "gp2", "rds_iops": 4000}, "rds_iops is 4000; allowed with gp2 is none"),
        (
            {"rds_storage_type": "io1", "rds_allocated_storage": 100},
            "rds_iops is not set; rds_storage_type io1 needs it",
        ),
        ({"rds_port": 80}, "rds_port is 80; allowed are 1150 to 65535"),
        ({"rds_port": 70000}, "rds_port is 70000; allowed are 1150 to 65535"),
        ({"rds_backup_retention_days": 36}, "rds_backup_retention_days is 36; allowed are 0 to 35"),
        ({"rds_backup_window": "03:30-04:30"}, "rds_backup_window 03:30-04:30 overlaps rds_maintenance_window"),
        ({"rds_backup_window": "3-4"}, "rds_backup_window is 3-4; allowed is hh:mm-hh:mm in UTC"),
        ({"rds_username": "admin"}, "rds_username is 'admin'; allowed with postgres are names that are not reserved"),
        (
            {"rds_username": "pg_shop"},
            "rds_username is 'pg_shop'; allowed with postgres are names that are not reserved",
        ),
        ({"rds_username": "my-shop"}, "rds_username is 'my-shop'; allowed are 1 to 63 letters, digits and underscores"),
        ({"rds_username": "s" * 64}, f"rds_username is '{'s' * 64}'; allowed are 1 to 63"),
        ({"rds_database": "select"}, "rds_database is 'select'; allowed with postgres are names that are not reserved"),
        ({"rds_database": "1shop"}, "rds_database is '1shop'; allowed are 1 to 63 letters, digits and underscores"),
        (
            {"rds_log_exports": ["error"]},
            "rds_log_exports has error; allowed with postgres are iam-db-auth-error, post",
        ),
        ({"rds_performance_insights_retention_days": 8}, "rds_performance_insights_retention_days is 8; allowed are 7"),
        ({"rds_subnet_ids": ["subnet-1"]}, "rds_subnet_ids has 1; allowed are two or more, in two zones or more"),
        (
            {"rds_kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/1"},
            "rds_kms_key_id is arn:aws:kms:us-east-1:123456789012:key/1; allowed is an ARN of eu-west-1",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**BASE, **options}))
    assert any(message.startswith(problem) for message in found), found


AURORA: dict[str, Any] = {
    **BASE,
    "rds_engine": "aurora-postgresql",
    "rds_engine_version": "16.6",
    "rds_instance_class": "db.serverless",
    "rds_cluster_instance_name": "shop-dev-database-1",
    "rds_log_exports": ["postgresql"],
    "rds_min_capacity": 0.0,
    "rds_max_capacity": 1.0,
    "rds_seconds_until_auto_pause": 300,
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rds_engine_version": "16"},
        {"rds_instance_class": "db.t4g.medium", "rds_engine_version": "16.1"},
        {"rds_min_capacity": 0.5, "rds_max_capacity": 256, "rds_engine_version": "16.1"},
        {"rds_allocated_storage": 0, "rds_iops": 7},
        {"rds_replicas": [{"name": "shop-dev-reader", "instance_class": "db.serverless"}]},
    ],
)
def test_what_aurora_allows(options: dict[str, Any]) -> None:
    assert list(problems({**AURORA, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"rds_multi_az": True}, "rds_multi_az is true; allowed with Aurora is false"),
        ({"rds_min_capacity": 0.3}, "rds_min_capacity is 0.3; allowed are 0 to 256 in half steps"),
        ({"rds_max_capacity": 0.5}, "rds_max_capacity is 0.5; allowed are 1 to 256 in half steps"),
        ({"rds_min_capacity": 2.0}, "rds_min_capacity is 2.0; allowed are 1.0, which is rds_max_capacity, or less"),
        ({"rds_seconds_until_auto_pause": 60}, "rds_seconds_until_auto_pause is 60; allowed are 300 to 86400"),
        (
            {"rds_engine_version": "16.1"},
            "rds_min_capacity is 0; allowed with rds_engine_version 16.1 are 0.5 and more",
        ),
        ({"rds_backup_retention_days": 0}, "rds_backup_retention_days is 0; allowed are 1 to 35"),
        ({"rds_log_exports": ["upgrade"]}, "rds_log_exports has upgrade; allowed with aurora-postgresql are"),
        (
            {"rds_replicas": [{"name": "shop-dev-database-1"}]},
            "rds_replicas[0].name is shop-dev-database-1; allowed is",
        ),
        ({"rds_replicas": [{"name": "r", "multi_az": True}]}, "rds_replicas[0].multi_az is true; allowed with Aurora"),
        ({"rds_username": "admin"}, "rds_username is 'admin'; allowed with aurora-postgresql are names that are not"),
    ],
)
def test_what_aurora_refuses(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**AURORA, **options}))
    assert len(found) == 1 and found[0].startswith(problem), found
