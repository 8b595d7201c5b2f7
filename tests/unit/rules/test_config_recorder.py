# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.config_recorder import problems

BASE: dict[str, Any] = {
    "config_recorder_name": "shop-prod-history",
    "config_recorder_bucket": "history-files",
    "config_recorder_rule_prefix": "shop-prod-history-",
    "aws_region": "eu-west-1",
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
ROLE = "arn:aws:iam::123456789012:role/config/recorder"
RULE = {"name": "encrypted", "identifier": "RDS_STORAGE_ENCRYPTED"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"config_recorder_name": "(known after apply)", "config_recorder_kms_key_arn": "(known after apply)"},
        {"config_recorder_kms_key_arn": KEY.replace("us-east-1", "eu-west-1"), "config_recorder_topic_arn": ""},
        {"config_recorder_role_arn": ROLE, "config_recorder_key_prefix": "config/shop"},
        {"config_recorder_role_arn": "(known after apply)"},
        {"config_recorder_resource_types": ["AWS::ECS::Service", "AWS::EC2::NetworkInterface"]},
        {"config_recorder_excluded_resource_types": ["AWS::EC2::NetworkInterface"]},
        {"config_recorder_rules": [RULE, {**RULE, "name": "other", "resource_types": ["AWS::RDS::DBInstance"]}]},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**BASE, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"config_recorder_name": "a" * 257}, "config_recorder_name is 'aaa"),
        ({"config_recorder_key_prefix": "/logs"}, "config_recorder_key_prefix is '/logs'; allowed is one without /"),
        ({"config_recorder_kms_key_arn": KEY}, f"config_recorder_kms_key_arn is {KEY}; allowed is an ARN of eu-west-1"),
        (
            {"config_recorder_topic_arn": "arn:aws:sns:us-east-1:123456789012:x"},
            "config_recorder_topic_arn is arn:aws:sns:us-east-1:123456789012:x; allowed is an ARN of eu-west-1",
        ),
        ({"config_recorder_role_arn": "recorder"}, "config_recorder_role_arn is 'recorder'; allowed is the ARN"),
        (
            {
                "config_recorder_resource_types": ["AWS::ECS::Service"],
                "config_recorder_excluded_resource_types": ["AWS::EC2::NetworkInterface"],
            },
            "config_recorder_resource_types and config_recorder_excluded_resource_types are both set",
        ),
        ({"config_recorder_resource_types": ["ECS"]}, "config_recorder_resource_types has 'ECS'; allowed are resource"),
        ({"config_recorder_excluded_resource_types": ["A::B"]}, "config_recorder_excluded_resource_types has 'A::B'"),
        ({"config_recorder_rule_prefix": ""}, "config_recorder_rule_prefix is empty"),
        ({"config_recorder_rules": [RULE, RULE]}, "config_recorder_rules has encrypted 2 times; allowed is once"),
        (
            {"config_recorder_rules": [{**RULE, "name": "n" * 120}]},
            "config_recorder_rules nnn",
        ),
        (
            {"config_recorder_rules": [{**RULE, "identifier": "rds storage"}]},
            "config_recorder_rules encrypted: identifier is 'rds storage'; allowed is one of AWS's",
        ),
        (
            {"config_recorder_rules": [{**RULE, "resource_types": ["RDS"]}]},
            "config_recorder_rules encrypted: resource_types has 'RDS'; allowed are resource types",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**BASE, **options}))
    assert len(found) == 1 and found[0].startswith(problem), found
