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
    ("monitoring_rules has 'rds.cpus': did you mean rds.cpu?", {"monitoring_rules": {"rds.cpus": {}}}),
    ("monitoring_rules.rds.cpu is 3; allowed is a dictionary", {"monitoring_rules": {"rds.cpu": 3}}),
    (
        "monitoring_rules.rds.cpu has the severity low, for which there is no topic",
        {"monitoring_topics": {"high": {}}, "monitoring_rules": {"rds.cpu": {"severity": "low"}}},
    ),
    ("monitoring_dashboards.x is 3; allowed is a dictionary", {"monitoring_dashboards": {"x": 3}}),
    ("monitoring_dashboards.x has 'wigets'; allowed are name", {"monitoring_dashboards": {"x": {"wigets": []}}}),
    ("monitoring_dashboards.a b has a name with other than", {"monitoring_dashboards": {"a b": {}}}),
    (
        "monitoring_dashboards.x has a body, which excludes widgets",
        {"monitoring_dashboards": {"x": {"body": {"widgets": []}, "components": ["app"]}}},
    ),
    (
        "monitoring_dashboards.x.widgets[0] has nothing to show; needed is one of metrics",
        {"monitoring_dashboards": {"x": {"widgets": [{"title": "x"}]}}},
    ),
    (
        "monitoring_dashboards.x.widgets[0] has metrics of nothing",
        {"monitoring_dashboards": {"x": {"widgets": [{"metrics": ["m"]}]}}},
    ),
    (
        "monitoring_dashboards.x.widgets[0] has a query of no logs",
        {"monitoring_dashboards": {"x": {"widgets": [{"query": "q"}]}}},
    ),
    (
        "monitoring_dashboards.x.widgets[0] has 'metric'; allowed are title",
        {"monitoring_dashboards": {"x": {"widgets": [{"metric": "m", "text": "t"}]}}},
    ),
    ("monitoring_metric_filters.x is 3; allowed is", {"monitoring_metric_filters": {"x": 3}}),
    (
        "monitoring_metric_filters.x has no metric_name, which is needed",
        {"monitoring_metric_filters": {"x": {"pattern": "", "component": "app"}}},
    ),
    (
        "monitoring_metric_filters.x needs one of component and log_group",
        {"monitoring_metric_filters": {"x": {"pattern": "", "metric_name": "m"}}},
    ),
    (
        "monitoring_metric_filters.x has dimensions and default_value",
        {
            "monitoring_metric_filters": {
                "x": {
                    "pattern": "",
                    "metric_name": "m",
                    "log_group": "g",
                    "dimensions": {"a": "$.a"},
                    "default_value": 0,
                }
            }
        },
    ),
    (
        "monitoring_metric_filters.a:b has : or *",
        {"monitoring_metric_filters": {"a:b": {"pattern": "", "metric_name": "m", "log_group": "g"}}},
    ),
    ("monitoring_queries.x has no query, which is needed", {"monitoring_queries": {"x": {"components": ["app"]}}}),
    (
        "monitoring_queries.x has the language SPARQL; allowed are CWLI",
        {"monitoring_queries": {"x": {"query": "q", "language": "SPARQL"}}},
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
    {"monitoring_rules": {"rds.cpu": {"severity": "critical", "evaluation_periods": 10}}},
    {"monitoring_dashboards": {"all": None, "own": {"name": "shop", "body": {"widgets": []}}}},
    {
        "monitoring_dashboards": {
            "x": {
                "widgets": [
                    {"text": "# Shop"},
                    {"metrics": ["m"], "component": "app"},
                    {"metrics": ["m"], "namespace": "Shop"},
                    {"query": "q", "components": ["app"]},
                    {"type": "alarm", "properties": {}},
                ]
            }
        }
    },
    {
        "monitoring_metric_filters": {"x": {"pattern": "", "metric_name": "m", "component": "app", "alarm": {}}},
        "monitoring_alarms": {"x": {"threshold": 3}},
    },
    {"monitoring_queries": {"x": {"query": "q"}}},
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


def test_what_dashboards_filters_queries_and_alarms_name_must_be_there() -> None:
    components = {"app": "ecs_service", "network": "vpc", "logs": "trail"}
    options = {
        "monitoring_dashboards": {"x": {"components": ["app"], "widgets": [{"component": "network"}]}, "y": None},
        "monitoring_metric_filters": {"x": {"component": "logs"}, "y": {"component": "app"}, "z": {"component": "no"}},
        "monitoring_queries": {"x": {"components": ["app", "network"]}},
        "monitoring_alarms": {"x": {"component": "logs"}},
    }
    found = list(validation.reference_problems("monitoring", options, components))
    assert [problem.split(",")[0] for problem in found] == [
        "monitoring_alarms names 'logs'",
        "monitoring_dashboards names 'network'",
        "monitoring_metric_filters names 'no'",
        "monitoring_queries names 'network'",
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
