# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.filter import monitoring

KINDS: dict[str, Any] = {
    "ecs_service": {
        "namespace": "AWS/ECS",
        "dimensions": {"ClusterName": {"fact": "cluster_name"}, "ServiceName": {"fact": "name"}},
        "log_groups": ["{log_group}"],
    },
    "rds": {
        "namespace": "AWS/RDS",
        "dimensions": {"Id": {"fact": "name"}},
        "log_groups": ["/aws/rds/cluster/{cluster_id}/{log}", "/aws/rds/instance/{name}/{log}"],
    },
    "cdn": {"namespace": "AWS/CloudFront", "dimensions": {"Id": {"fact": "id"}, "Region": "Global"}, "region": "r-cdn"},
    "waf": {
        "namespace": "AWS/WAFV2",
        "dimensions": {"Region": {"value": "r", "not_with": {"scope": "CLOUDFRONT"}}, "Rule": "ALL"},
    },
    "cache": {"namespace": "C", "dimensions": {"Node": {"fact": "members"}}},
}
COMPONENTS: dict[str, Any] = {
    "app": {"kind": "ecs_service", "name": "shop-app", "cluster_name": "shop", "log_group": "/ecs/app"},
    "worker": {"kind": "ecs_service", "name": "shop-worker", "cluster_name": "shop", "log_group": "/ecs/worker"},
    "db": {"kind": "rds", "name": "shop-db"},
    "aurora": {"kind": "rds", "name": "shop-aurora", "cluster_id": "shop-aurora"},
    "site": {"kind": "cdn", "name": "site", "id": "E1"},
    "acl": {"kind": "waf", "name": "acl", "scope": "CLOUDFRONT"},
    "cache": {"kind": "cache", "name": "cache", "members": ["c-002", "c-001"]},
}
WIDGETS = {
    "ecs_service": [{"title": "CPU", "metrics": ["CPUUtilization"]}],
    "rds": [
        {"title": "Storage", "metrics": ["FreeStorageSpace"], "not_with": {"cluster_id": True}},
        {"title": "Capacity", "metrics": ["ACUUtilization"], "only_with": {"cluster_id": True}},
    ],
    "sqs": [{"title": "Age", "metrics": ["Age"]}],
}


def _dashboard(declared: Any, targets: Any = ("app", "worker", "db", "aurora")) -> dict[str, Any]:
    (made,) = monitoring.dashboards({"all": declared}, "shop-", COMPONENTS, targets, KINDS, WIDGETS, "r")
    return made


def _lines(widget: dict[str, Any]) -> list[Any]:
    return _dashboard({"widgets": [widget]})["body"]["widgets"][0]["properties"]["metrics"]


def test_an_empty_dashboard_shows_what_is_usual_of_every_kind() -> None:
    made = _dashboard(None)
    assert made["name"] == "shop-all"
    assert [widget["properties"]["title"] for widget in made["body"]["widgets"]] == ["CPU", "Storage", "Capacity"]
    assert made["body"]["widgets"][0] == {
        "type": "metric",
        "width": 8,
        "height": 6,
        "properties": {
            "title": "CPU",
            "region": "r",
            "view": "timeSeries",
            "stacked": False,
            "stat": "Average",
            "period": 60,
            "metrics": [
                ["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "shop-app", {"label": "app"}],
                ["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "shop-worker", {"label": "worker"}],
            ],
        },
    }
    assert [w["properties"]["metrics"][0][3] for w in made["body"]["widgets"][1:]] == ["shop-db", "shop-aurora"]


def test_a_dashboard_of_some_components_with_another_name() -> None:
    made = _dashboard({"name": "shop-dashboard", "components": ["db"]})
    assert made["name"] == "shop-dashboard"
    assert [widget["properties"]["title"] for widget in made["body"]["widgets"]] == ["Storage"]
    assert _dashboard({"body": {"widgets": [], "start": "-PT6H"}})["body"] == {"widgets": [], "start": "-PT6H"}


def test_lines_of_a_widget() -> None:
    both = {"metrics": ["A", "B"], "component": "db"}
    assert _lines(both) == [
        ["AWS/RDS", "A", "Id", "shop-db", {"label": "db A"}],
        ["AWS/RDS", "B", "Id", "shop-db", {"label": "db B"}],
    ]
    assert _lines({"metrics": ["A"], "component": "cache"}) == [
        ["C", "A", "Node", "c-001", {"label": "cache 1"}],
        ["C", "A", "Node", "c-002", {"label": "cache 2"}],
    ]
    assert _lines({"metrics": ["A"], "namespace": "Shop", "dimensions": {"Page": 1}}) == [["Shop", "A", "Page", "1"]]
    assert _lines({"metrics": ["A"], "components": ["db"], "namespace": "Shop", "dimensions": {"X": "y"}}) == [
        ["Shop", "A", "X", "y", {"label": "db"}]
    ]


def test_what_is_measured_in_another_region_says_so() -> None:
    assert _lines({"metrics": ["A"], "component": "site"}) == [
        ["AWS/CloudFront", "A", "Id", "E1", "Region", "Global", {"label": "site", "region": "r-cdn"}]
    ]
    assert _lines({"metrics": ["A"], "component": "acl"}) == [
        ["AWS/WAFV2", "A", "Rule", "ALL", {"label": "acl", "region": "us-east-1"}]
    ]


def test_widgets_of_text_of_logs_and_as_aws_has_them() -> None:
    raw = {"type": "alarm", "properties": {"alarms": ["arn"]}}
    log = {"title": "Errors", "query": "fields @message", "components": ["app", "db"], "log": "upgrade", "height": 9}
    text, logs, alarm = _dashboard({"widgets": [{"text": "# Shop"}, log, raw]})["body"]["widgets"]
    assert text == {"type": "text", "width": 24, "height": 2, "properties": {"markdown": "# Shop"}}
    assert (logs["type"], logs["height"], logs["properties"]["title"]) == ("log", 9, "Errors")
    sources = "SOURCE '/ecs/app' | SOURCE '/aws/rds/instance/shop-db/upgrade' | fields @message"
    assert logs["properties"]["query"] == sources
    assert alarm == raw


def test_metric_filters_find_their_log_groups() -> None:
    declared = {
        "errors": {"component": "app", "pattern": "ERROR", "metric_name": "Errors", "default_value": 0},
        "slow": {"component": "aurora", "pattern": "duration:", "metric_name": "Slow", "namespace": "Db"},
        "other": {"log_group": "/other", "pattern": "", "metric_name": "m", "alarm": {}},
    }
    assert monitoring.metric_filters(declared, "shop/", COMPONENTS, KINDS, "Shop") == [
        {
            "name": "shop/errors",
            "log_group": "/ecs/app",
            "metric_namespace": "Shop",
            "pattern": "ERROR",
            "metric_name": "Errors",
            "default_value": 0,
        },
        {
            "name": "shop/slow",
            "log_group": "/aws/rds/cluster/shop-aurora/postgresql",
            "metric_namespace": "Db",
            "pattern": "duration:",
            "metric_name": "Slow",
        },
        {
            "name": "shop/other",
            "log_group": "/other",
            "metric_namespace": "Shop",
            "pattern": "",
            "metric_name": "m",
        },
    ]
    with pytest.raises(AnsibleFilterError, match="component site of kind cdn has no log group"):
        monitoring.metric_filters({"x": {"component": "site"}}, "", COMPONENTS, KINDS, "Shop")
    with pytest.raises(AnsibleFilterError, match="metric filter x has 0 log groups"):
        monitoring.metric_filters({"x": {"pattern": ""}}, "", COMPONENTS, KINDS, "Shop")


def test_metric_filters_have_alarms_when_they_say_so() -> None:
    declared = {
        "errors": {"metric_name": "Errors", "alarm": {"threshold": 5, "severity": "critical"}},
        "slow": {"metric_name": "Slow", "namespace": "Db", "alarm": {}},
        "quiet": {"metric_name": "Quiet"},
    }
    made = monitoring.filter_alarms(declared, "Shop")
    assert set(made) == {"errors", "slow"}
    assert {key: made["errors"][key] for key in ("namespace", "metric_name", "threshold", "severity", "statistic")} == {
        "namespace": "Shop",
        "metric_name": "Errors",
        "threshold": 5,
        "severity": "critical",
        "statistic": "Sum",
    }
    assert (made["slow"]["namespace"], made["slow"]["threshold"]) == ("Db", 0)


def test_queries_are_of_all_services_unless_they_say_otherwise() -> None:
    declared = {
        "errors": {"query": "q"},
        "database": {"query": "q", "components": ["db"]},
        "other": {"query": "q", "log_groups": ["/other"], "language": "PPL"},
    }
    assert monitoring.saved_queries(declared, "shop/", COMPONENTS, ["db", "app", "worker"], KINDS) == [
        {"name": "shop/errors", "query": "q", "log_groups": ["/ecs/app", "/ecs/worker"]},
        {"name": "shop/database", "query": "q", "log_groups": ["/aws/rds/instance/shop-db/postgresql"]},
        {"name": "shop/other", "query": "q", "log_groups": ["/other"], "language": "PPL"},
    ]


def test_every_component_that_is_named_is_looked_at() -> None:
    dashboards = {"a": {"components": ["site"], "widgets": [{"component": "cache"}]}, "b": None}
    filters, queries, alarms = {"f": {"component": "db"}}, {"q": {"components": ["app"]}}, {"a": {"component": "acl"}}
    found = monitoring.monitored_components(["app"], dashboards, filters, queries, alarms)
    assert found == ["app", "site", "cache", "db", "acl"]


def test_topics_and_the_names_of_dashboards() -> None:
    mail = {"protocol": "email", "endpoint": "a@b.cd"}
    assert monitoring.topics({"default": None, "critical": {"display_name": "S", "subscriptions": [mail]}}, "p-") == [
        {"name": "p-default", "display_name": None, "subscriptions": []},
        {"name": "p-critical", "display_name": "S", "subscriptions": [mail]},
    ]
    assert monitoring.dashboard_names({"a": None, "b": {"name": "mine"}}, "p-") == [{"name": "p-a"}, {"name": "mine"}]
