# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.monitoring import RULES, known_alarms, problems

UNKNOWN = "(known after apply)"

BAD: list[tuple[str, dict[str, Any]]] = [
    ("monitoring_ecs_cpu_percent is 130; allowed are 1 to 100", {"monitoring_ecs_cpu_percent": 130}),
    ("monitoring_sqs_age_seconds is -1; allowed are 0 and more", {"monitoring_sqs_age_seconds": -1}),
    ("monitoring_kms_key_id is alias/aws/sns, which alarms cannot use", {"monitoring_kms_key_id": "alias/aws/sns"}),
    ("monitoring_disabled_alarms has 'rds.cpus': did you mean rds.cpu?", {"monitoring_disabled_alarms": ["rds.cpus"]}),
    ("monitoring_topics has 'a b'", {"monitoring_topics": {"a b": {}}}),
    ("monitoring_topics.x has 'mail'; allowed are display_name", {"monitoring_topics": {"x": {"mail": "a@b.c"}}}),
    (
        "monitoring_topics.x has a subscription with the protocol pigeon; allowed are email",
        {"monitoring_topics": {"x": {"subscriptions": [{"protocol": "pigeon", "endpoint": "x"}]}}},
    ),
    (
        "monitoring_topics.x has the sms subscription 0170; allowed is a number",
        {"monitoring_topics": {"x": {"subscriptions": [{"protocol": "sms", "endpoint": "0170"}]}}},
    ),
    ("monitoring_alarms.a is 3; allowed is a dictionary", {"monitoring_alarms": {"a": 3}}),
    ("monitoring_alarms.a watches nothing; needed is one of metric_name", {"monitoring_alarms": {"a": {}}}),
    (
        "monitoring_alarms.a has the severity low, for which there is no topic; allowed are high",
        {"monitoring_topics": {"high": {}}, "monitoring_alarms": {"a": {"severity": "low", "rule": "ALARM(b)"}}},
    ),
]


@pytest.mark.parametrize(("message", "options"), BAD)
def test_what_is_refused(message: str, options: dict[str, Any]) -> None:
    (problem,) = problems(options)
    assert problem.startswith(message)


GOOD: list[dict[str, Any]] = [
    {},
    {
        "monitoring_ecs_cpu_percent": 100,
        "monitoring_kms_key_id": "alias/shop",
        "monitoring_disabled_alarms": ["sqs.age"],
    },
    {"monitoring_topics": {"x": {"subscriptions": [{"protocol": "email", "endpoint": "a@b.cd"}]}, "default": None}},
    {"monitoring_topics": {"x": {"subscriptions": [{"protocol": "sqs", "endpoint": UNKNOWN}]}}},
    {"monitoring_alarms": {"orders-age": {"threshold": 600}, "own": {"metric_name": "m", "severity": "low"}}},
    {"monitoring_kms_key_id": UNKNOWN, "monitoring_ecs_cpu_percent": UNKNOWN},
]


@pytest.mark.parametrize("options", GOOD)
def test_what_is_fine(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


def test_a_target_must_be_a_component_of_a_kind_with_alarms() -> None:
    components = {"orders": "sqs", "network": "vpc"}
    options = {"monitoring_targets": ["orders", "network", "nobody"]}
    found = list(validation.reference_problems("monitoring", options, components))
    assert [problem.split(",")[0] for problem in found] == [
        "monitoring_targets names 'network'",
        "monitoring_targets names 'nobody'",
    ]


def test_the_documentation_lists_every_alarm() -> None:
    options = validation.specification("monitoring")
    listed = " ".join(options["monitoring_disabled_alarms"]["description"])
    assert all(f"V({alarm})" in listed for alarm in known_alarms())


def test_every_threshold_is_an_option() -> None:
    rules = yaml.safe_load(RULES.read_text())["__monitoring_rules"]
    thresholds = {alarm["threshold"].split()[1] for alarms in rules.values() for alarm in alarms.values()}
    assert thresholds <= validation.specification("monitoring").keys()
    assert len(thresholds) == len(known_alarms())
