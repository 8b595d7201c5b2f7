# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.elasticache import problems

FINE = {
    "aws_region": "eu-west-1",
    "elasticache_name": "shop-dev-cache",
    "elasticache_user_group_id": "shop-dev-cache-users",
    "elasticache_default_user_id": "shop-dev-cache-default",
    "elasticache_app_user_id": "shop-dev-cache-app",
    "elasticache_app_user_name": "shop-dev-cache-app",
    "elasticache_engine": "redis",
    "elasticache_engine_version": "7.1",
    "elasticache_parameter_group_family": "redis7",
    "elasticache_node_type": "cache.t3.micro",
    "elasticache_num_cache_clusters": 1,
    "elasticache_automatic_failover": False,
    "elasticache_multi_az": False,
    "elasticache_port": 6379,
    "elasticache_at_rest_encryption": True,
    "elasticache_transit_encryption": True,
    "elasticache_transit_encryption_mode": "required",
    "elasticache_auth_enabled": True,
    "elasticache_password_secret": "token",
    "elasticache_access_string": "on ~* +@all",
    "elasticache_snapshot_retention_limit": 5,
    "elasticache_snapshot_window": "03:00-05:00",
    "elasticache_maintenance_window": "sun:05:00-sun:07:00",
    "elasticache_slow_log_retention_days": 7,
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"elasticache_engine_version": 7.1},
        {"elasticache_engine_version": "6.x", "elasticache_parameter_group_family": "redis6.x"},
        {
            "elasticache_engine": "valkey",
            "elasticache_engine_version": "8.0",
            "elasticache_parameter_group_family": "valkey8",
        },
        {"elasticache_node_type": "cache.r6gd.12xlarge"},
        {
            "elasticache_num_cache_clusters": 2,
            "elasticache_automatic_failover": True,
            "elasticache_multi_az": True,
        },
        {"elasticache_auth_enabled": False, "elasticache_transit_encryption": False},
        {"elasticache_kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1"},
        {"elasticache_snapshot_window": "(known after apply)", "elasticache_name": "(known after apply)"},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**FINE, **options})) == []


def test_options_that_are_not_set_are_skipped() -> None:
    assert list(problems({})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"elasticache_port": 70000}, "elasticache_port is 70000; allowed are 1 to 65535"),
        ({"elasticache_num_cache_clusters": 0}, "elasticache_num_cache_clusters is 0; allowed are 1 to 6"),
        (
            {"elasticache_snapshot_retention_limit": 36},
            "elasticache_snapshot_retention_limit is 36; allowed are 0 to 35",
        ),
        (
            {"elasticache_slow_log_retention_days": 8},
            "elasticache_slow_log_retention_days is 8; allowed are 0, 1, 3, 5, 7",
        ),
        ({"elasticache_name": "1cache"}, "elasticache_name is 1cache; allowed are 1 to 40 letters"),
        ({"elasticache_name": "my--cache"}, "elasticache_name is my--cache; allowed"),
        ({"elasticache_app_user_id": "x" * 41}, "elasticache_app_user_id is xxx"),
        (
            {"elasticache_app_user_id": "Shop-dev-cache-default"},
            "elasticache_app_user_id is Shop-dev-cache-default; allowed is another ID",
        ),
        ({"elasticache_app_user_name": "default"}, "elasticache_app_user_name is default; allowed is any other"),
        ({"elasticache_default_user_id": "default"}, "elasticache_default_user_id is default; allowed is any other"),
        ({"elasticache_node_type": "t3.micro"}, "elasticache_node_type is t3.micro; allowed is a type of cache nodes"),
        ({"elasticache_engine_version": "seven"}, "elasticache_engine_version is seven; allowed is a version as 7.1"),
        (
            {"elasticache_engine_version": "8.0", "elasticache_parameter_group_family": "redis8"},
            "elasticache_engine_version is 8.0; allowed with elasticache_engine redis are versions up to 7.1",
        ),
        (
            {
                "elasticache_engine": "valkey",
                "elasticache_engine_version": "6.2",
                "elasticache_parameter_group_family": None,
            },
            "elasticache_engine_version is 6.2; allowed with elasticache_engine valkey are 7.2 and later",
        ),
        (
            {"elasticache_parameter_group_family": "redis6.x"},
            "elasticache_parameter_group_family is redis6.x; allowed with redis 7.1 is redis7",
        ),
        (
            {"elasticache_engine_version": "5.0.6", "elasticache_parameter_group_family": "redis5.0"},
            "elasticache_auth_enabled is True; allowed with redis 5.0.6 is False",
        ),
        (
            {
                "elasticache_engine_version": "6.2",
                "elasticache_parameter_group_family": "redis6.x",
                "elasticache_transit_encryption_mode": "preferred",
            },
            "elasticache_transit_encryption_mode is preferred; allowed with redis 6.2 is required",
        ),
        (
            {"elasticache_automatic_failover": True},
            "elasticache_automatic_failover is True; allowed with 1 elasticache_num_cache_clusters is False",
        ),
        (
            {"elasticache_multi_az": True},
            "elasticache_multi_az is True; allowed without elasticache_automatic_failover",
        ),
        (
            {"elasticache_transit_encryption": False},
            "elasticache_auth_enabled is True; allowed without elasticache_transit_encryption is False",
        ),
        (
            {"elasticache_password_secret": None},
            "elasticache_password_secret is not set; elasticache_auth_enabled needs",
        ),
        (
            {"elasticache_access_string": "off -@all"},
            "elasticache_access_string is 'off -@all'; allowed are rules with",
        ),
        (
            {"elasticache_at_rest_encryption": False, "elasticache_kms_key_id": "x"},
            "elasticache_kms_key_id is set; allowed only with elasticache_at_rest_encryption",
        ),
        (
            {"elasticache_snapshot_window": "03:00-05:30"},
            "elasticache_snapshot_window 03:00-05:30 overlaps elasticache_maintenance_window sun:05:00-sun:07:00",
        ),
        (
            {"elasticache_snapshot_window": "03:00-03:30"},
            "elasticache_snapshot_window is 03:00-03:30; allowed are 60 min",
        ),
        ({"elasticache_snapshot_window": "3-5"}, "elasticache_snapshot_window is 3-5; allowed is hh:mm-hh:mm"),
        (
            {"elasticache_maintenance_window": "sunday"},
            "elasticache_maintenance_window is sunday; allowed is ddd:hh:mm",
        ),
        (
            {"elasticache_notification_topic_arn": "arn:aws:sns:us-east-1:123456789012:ops"},
            "elasticache_notification_topic_arn is arn:aws:sns:us-east-1:123456789012:ops; allowed is an ARN of",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    (message,) = problems({**FINE, **options})
    assert message.startswith(problem)
