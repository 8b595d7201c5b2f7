# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.filter.alarms import alarms

TOPICS = {"critical": "arn:critical", "default": "arn:default"}
COMMON = {
    "severity": "warning",
    "description": "{component}: more than {threshold:g}",
    "namespace": "N",
    "statistic": "Average",
    "period": 60,
    "threshold": "5",
}
RULES: dict[str, Any] = {
    "queue": {"age": {**COMMON, "metric_name": "Age", "dimensions": {"Name": {"fact": "name"}}}},
    "balancer": {
        "errors": {
            **COMMON,
            "severity": "critical",
            "expression": "own + targets",
            "metrics": {"own": "Own", "targets": "Targets"},
            "dimensions": {"LoadBalancer": {"fact": "arn", "after": ":loadbalancer/"}},
        },
        "hosts": {
            **COMMON,
            "metric_name": "Hosts",
            "dimensions": {
                "LoadBalancer": {"fact": "arn", "after": ":loadbalancer/"},
                "TargetGroup": {"fact": "groups", "after": ":"},
            },
        },
    },
    "cache": {
        "cpu": {**COMMON, "metric_name": "Cpu", "dimensions": {"Id": {"fact": "members", "instead": "{name}-001"}}}
    },
}
COMPONENTS = {
    "orders": {"kind": "queue", "name": "shop-orders"},
    "web": {"kind": "balancer", "arn": "arn:aws:elb:r:1:loadbalancer/app/web/1", "groups": ["arn:a:targetgroup/a/1"]},
    "network": {"kind": "vpc"},
}


def _alarms(**changes: Any) -> dict[str, Any]:
    arguments = {"own": {}, "disabled": [], "topics": TOPICS, "notify_ok": True, "components": COMPONENTS, **changes}
    made = alarms(arguments.pop("components"), RULES, "shop-", **arguments)
    return {alarm["name"]: alarm for alarm in made}


def test_every_component_gets_the_alarms_of_its_kind() -> None:
    made = _alarms()
    assert set(made) == {"shop-orders-age", "shop-web-errors", "shop-web-hosts"}
    assert made["shop-orders-age"] == {
        "name": "shop-orders-age",
        "description": "orders: more than 5",
        "namespace": "N",
        "metric_name": "Age",
        "dimensions": {"Name": "shop-orders"},
        "statistic": "Average",
        "period": 60,
        "threshold": 5.0,
        "alarm_actions": ["arn:default"],
        "ok_actions": ["arn:default"],
    }


def test_a_description_tells_the_threshold_that_holds() -> None:
    own = {"orders-age": {"threshold": 7}, "web-errors": {"description": "{much} fails"}}
    made = _alarms(own=own)
    assert made["shop-orders-age"]["description"] == "orders: more than 7"
    assert made["shop-web-errors"]["description"] == "{much} fails"


def test_a_dimension_is_part_of_an_arn() -> None:
    made = _alarms()
    assert made["shop-web-hosts"]["dimensions"] == {"LoadBalancer": "app/web/1", "TargetGroup": "targetgroup/a/1"}


def test_an_expression_over_metrics() -> None:
    errors = _alarms()["shop-web-errors"]
    at = {"dimensions": {"LoadBalancer": "app/web/1"}, "namespace": "N", "stat": "Average", "period": 60}
    assert errors["metrics"] == [
        {"id": "own", "metric_name": "Own", "return_data": False, **at},
        {"id": "targets", "metric_name": "Targets", "return_data": False, **at},
        {"id": "watched", "expression": "own + targets"},
    ]
    assert not {"namespace", "statistic", "period", "metric_name", "expression"} & errors.keys()
    assert errors["alarm_actions"] == ["arn:critical"]


def test_a_fact_with_several_values_gives_an_alarm_on_the_greatest() -> None:
    cache = {"cache": {"kind": "cache", "name": "c", "members": {"b": "c-002", "a": "c-001"}}}
    metrics = _alarms(components=cache)["shop-cache-cpu"]["metrics"]
    assert [(metric["id"], metric.get("dimensions")) for metric in metrics] == [
        ("m1", {"Id": "c-001"}),
        ("m2", {"Id": "c-002"}),
        ("watched", None),
    ]
    assert metrics[-1]["expression"] == "MAX([m1, m2])"


def test_what_is_not_published_has_another_value_or_fails_and_what_is_empty_is_not_watched() -> None:
    cache = {"cache": {"kind": "cache", "name": "c"}}
    assert _alarms(components=cache)["shop-cache-cpu"]["dimensions"] == {"Id": "c-001"}
    none = {"web": {**COMPONENTS["web"], "groups": []}}
    assert set(_alarms(components=none)) == {"shop-web-errors"}
    with pytest.raises(AnsibleFilterError, match="component web of kind balancer publishes no fact groups"):
        _alarms(components={"web": {"kind": "balancer", "arn": "arn"}})


def test_in_a_preview_dimensions_are_known_after_apply() -> None:
    unknown = "(known after apply)"
    made = _alarms(components={"web": {"kind": "balancer", "arn": unknown, "groups": unknown}})
    assert made["shop-web-hosts"]["dimensions"] == {"LoadBalancer": unknown, "TargetGroup": unknown}


def test_alarms_are_changed_added_and_left_out() -> None:
    own = {
        "orders-age": {"threshold": 9, "severity": "critical"},
        "web-errors": {"enabled": False},
        "mine": {"rule": "ALARM(x)", "alarm_actions": ["arn:mine"]},
    }
    made = _alarms(own=own, disabled=["balancer.hosts"])
    assert set(made) == {"shop-orders-age", "shop-mine"}
    assert (made["shop-orders-age"]["threshold"], made["shop-orders-age"]["alarm_actions"]) == (9, ["arn:critical"])
    assert made["shop-mine"]["alarm_actions"] == ["arn:mine"]


def test_who_is_notified() -> None:
    assert _alarms(topics={})["shop-orders-age"]["alarm_actions"] == []
    assert _alarms(topics={"critical": "arn"})["shop-orders-age"]["alarm_actions"] == []
    assert _alarms(notify_ok=False)["shop-orders-age"]["ok_actions"] == []


def test_settings_change_the_alarms_of_a_kind() -> None:
    made = _alarms(settings={"queue.age": {"severity": "critical", "threshold": 8, "evaluation_periods": 5}})
    age = made["shop-orders-age"]
    assert (age["alarm_actions"], age["threshold"], age["evaluation_periods"]) == (["arn:critical"], 8.0, 5)
    assert age["description"] == "orders: more than 8"


def test_a_rule_may_be_only_for_some_components() -> None:
    rules = {"queue": {"age": {**RULES["queue"]["age"], "not_with": {"fifo": True}}}}
    rules["queue"]["order"] = {**RULES["queue"]["age"], "only_with": {"fifo": True}}
    queues = {"a": {"kind": "queue", "name": "a"}, "b": {"kind": "queue", "name": "b", "fifo": True}}
    made = alarms(queues, rules, "", {}, [], TOPICS, True)
    assert [alarm["name"] for alarm in made] == ["a-age", "b-order"]
    assert not {"only_with", "not_with"} & made[1].keys()


def test_an_alarm_of_ones_own_may_be_on_a_component_and_have_another_name() -> None:
    kinds = {"queue": {"namespace": "AWS/Q", "dimensions": {"Name": {"fact": "name"}}}}
    high = {"component": "orders", "metric_name": "Depth", "threshold": 3, "name": "orders-deep"}
    alarm = _alarms(own={"deep": high}, kinds=kinds, targets=[])["orders-deep"]
    assert (alarm["namespace"], alarm["dimensions"]) == ("AWS/Q", {"Name": "shop-orders"})
    assert "component" not in alarm
    elsewhere = _alarms(own={"deep": {**high, "namespace": "Shop"}}, kinds=kinds)["orders-deep"]
    assert (elsewhere["namespace"], elsewhere.get("dimensions")) == ("Shop", None)


def test_only_targets_get_the_alarms_of_their_kind() -> None:
    assert set(_alarms(targets=["orders"])) == {"shop-orders-age"}
