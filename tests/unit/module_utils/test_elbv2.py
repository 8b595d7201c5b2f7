# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As AWS answers: with Order, with both forms of a condition and of an action."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.filter.alb import alb_listeners, alb_target_groups
from ansible_collections.slipway.fargate.plugins.module_utils import elbv2, elbv2_rules

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-web/73e2d6bc24d8a067"
OTHER = ARN.replace("shop-web", "shop-api")
NONE: dict[str, Any] = {
    "target_group": None,
    "alternate_target_group": None,
    "redirect": None,
    "fixed_response": None,
    "other_actions": [],
}
EMPTY: dict[str, Any] = {"headers": [], "other_conditions": [], **{name: [] for name in elbv2_rules.CONDITIONS}}


def forward(*arns: str, **more: Any) -> dict[str, Any]:
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in arns]}
    return {"Type": "forward", "ForwardConfig": {**config, "TargetGroupStickinessConfig": {"Enabled": False}}, **more}


def test_a_forward_action_in_each_form() -> None:
    for action in (forward(ARN, TargetGroupArn=ARN, Order=1), forward(ARN), {"Type": "forward", "TargetGroupArn": ARN}):
        assert elbv2_rules.read_action([action]) == {**NONE, "target_group": "shop-web"}


def test_what_the_options_cannot_say_is_kept_apart() -> None:
    several, login = forward(ARN, OTHER, f"{ARN}3"), {"Type": "authenticate-oidc", "Order": 1}
    assert elbv2_rules.read_action([several]) == {**NONE, "other_actions": [several]}
    assert elbv2_rules.read_action([login, forward(ARN)]) == {**NONE, "other_actions": [login, forward(ARN)]}


@pytest.mark.parametrize(
    "action",
    [
        {"target_group": "shop-web"},
        {
            "redirect": {
                "protocol": "HTTPS",
                "port": "443",
                "host": "#{host}",
                "path": "/#{path}",
                "query": "#{query}",
                "status_code": 302,
            }
        },
        {"fixed_response": {"status_code": 404, "content_type": "text/html", "message_body": "gone"}},
        {"fixed_response": {"status_code": 503, "content_type": "text/plain", "message_body": ""}},
    ],
)
def test_an_action_survives_the_way_to_aws_and_back(action: dict[str, Any]) -> None:
    whole = {**NONE, **action}
    (sent,) = elbv2_rules.api_actions(whole, lambda name: ARN)
    assert elbv2_rules.read_action([{**sent, "Order": 1}]) == whole


PAIR = {**NONE, "target_group": "shop-web", "alternate_target_group": "shop-api"}


def test_a_pair_survives_the_way_to_aws_and_back() -> None:
    (sent,) = elbv2_rules.api_actions(PAIR, {"shop-web": ARN, "shop-api": OTHER}.__getitem__)
    assert elbv2.traffic([sent]) == {ARN: 100, OTHER: 0}
    assert elbv2_rules.read_action([sent]) == PAIR


@pytest.mark.parametrize(
    ("now", "weights"),
    [
        ({}, [100, 0]),
        ({"shop-web": 1}, [100, 0]),
        ({"shop-api": 1}, [0, 100]),
        ({"other": 1}, [100, 0]),
        ({"shop-web": 0, "shop-api": 0}, [100, 0]),
        ({"shop-web": 0, "shop-api": 50}, [0, 100]),
        ({"shop-web": 90, "shop-api": 10}, [90, 10]),
    ],
)
def test_a_pair_leaves_requests_where_they_are(now: dict[str, int], weights: list[int]) -> None:
    (sent,) = elbv2_rules.api_actions(PAIR, {"shop-web": ARN, "shop-api": OTHER}.__getitem__, now)
    assert list(elbv2.traffic([sent]).values()) == weights


def test_a_redirect_that_says_little() -> None:
    config = {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}
    assert elbv2_rules.read_action([{"Type": "redirect", "RedirectConfig": config}])["redirect"] == {
        "protocol": "HTTPS",
        "port": "#{port}",
        "host": "#{host}",
        "path": "/#{path}",
        "query": "#{query}",
        "status_code": 301,
    }


def test_conditions_survive_the_way_to_aws_and_back_in_any_order() -> None:
    options = {
        **{name: [] for name in elbv2_rules.CONDITIONS},
        "paths": ["/b", "/a"],
        "query_strings": ["version=2", "beta", "a=b=c"],
        "headers": {"X-B": ["2", "1"], "X-A": 3},
    }
    desired = elbv2_rules.desired_conditions(options)
    assert desired["headers"] == [{"name": "X-A", "values": ["3"]}, {"name": "X-B", "values": ["1", "2"]}]
    assert elbv2_rules.read_conditions(elbv2_rules.api_conditions(desired)[::-1]) == desired


def test_both_forms_of_a_condition() -> None:
    path = {"Field": "path-pattern", "Values": ["/b", "/a"]}
    assert elbv2_rules.read_conditions([path]) == {**EMPTY, "paths": ["/a", "/b"]}
    assert elbv2_rules.read_conditions([{**path, "PathPatternConfig": {"Values": ["/b", "/a"]}}])["paths"] == [
        "/a",
        "/b",
    ]


def test_regular_expressions_are_kept_apart() -> None:
    path = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "RegexValues": ["^a"]}}
    assert elbv2_rules.read_conditions([path, header]) == {**EMPTY, "other_conditions": [path, header]}


def test_names_of_target_groups() -> None:
    assert elbv2.group_name(ARN) == elbv2.group_name("shop-web") == "shop-web"
    groups = {"web": {"port": 80}, "api": {"name": "mine"}}
    assert elbv2.target_group_names(groups, "shop") == {"web": "shop-web", "api": "mine"}
    assert elbv2.target_group_names(None, "shop") == {}
    pairs = {"web": {"port": 80, "alternate": True}, "api": {"name": "mine", "alternate": "other"}, "x": None}
    names = {"web": "shop-web", "web-alt": "shop-web-alt", "api": "mine", "api-alt": "other", "x": "shop-x"}
    assert elbv2.target_group_names(pairs, "shop") == names
    assert elbv2.alternates(pairs) == {"web": "web-alt", "api": "api-alt"}


def test_attributes_in_the_types_of_their_options() -> None:
    table = {"on": ("a.on", False), "seconds": ("a.seconds", 60), "mode": ("a.mode", "x"), "new": ("a.new", True)}
    found = [{"Key": "a.on", "Value": "true"}, {"Key": "a.seconds", "Value": "5"}, {"Key": "a.mode", "Value": "y"}]
    assert elbv2.read_attributes(found, table) == {"on": True, "seconds": 5, "mode": "y", "new": True}
    assert elbv2.attribute_list({"a.on": True, "a.seconds": 5}) == [
        {"Key": "a.on", "Value": "true"},
        {"Key": "a.seconds", "Value": "5"},
    ]


def test_the_role_calls_target_groups_by_its_own_names() -> None:
    groups = {"web": {"port": 80, "health_check": None}, "api": {"port": 81, "name": "mine", "slow_start_seconds": 30}}
    assert alb_target_groups(groups, "shop") == [
        {"port": 80, "name": "shop-web", "deregistration_delay_seconds": 30},
        {"port": 81, "name": "mine", "slow_start_seconds": 30, "deregistration_delay_seconds": 30},
    ]
    rule = {"priority": 1, "paths": ["/"], "target_group": "api", "redirect": None}
    listeners = [{"port": 80, "target_group": "web", "rules": [rule]}, {"port": 81, "fixed_response": {}}]
    assert alb_listeners(listeners, groups, "shop") == [
        {
            "port": 80,
            "target_group": "shop-web",
            "rules": [{"priority": 1, "paths": ["/"], "target_group": "mine"}],
        },
        {"port": 81, "fixed_response": {}, "rules": []},
    ]
