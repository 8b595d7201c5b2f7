# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.filter.waf import BODY_LABEL, CORE, waf_rules

OWN = {"Name": "own", "Action": {"Block": {}}, "Statement": {"x": 1}}
ALL: dict[str, Any] = {
    "managed_rule_groups": [CORE, "AWSManagedRulesKnownBadInputsRuleSet"],
    "count_only": {CORE: ["NoUserAgent_HEADER"]},
    "upload_paths": ["/api/upload", "/import"],
    "rate_limit": 100,
    "rate_window_seconds": 300,
    "blocked_countries": ["RU", "KP"],
    "ip_sets": [{"name": "office", "addresses": ["192.0.2.0/24"], "action": "allow"}],
    "rules": [OWN],
}


def by_name(settings: dict[str, Any]) -> dict[str, Any]:
    return {rule["Name"]: rule for rule in waf_rules(settings)}


def test_nothing_gives_no_rules() -> None:
    assert waf_rules({}) == []


def test_the_order_in_which_rules_are_asked() -> None:
    others = [CORE, "AWSManagedRulesKnownBadInputsRuleSet", "large-bodies"]
    assert list(by_name(ALL)) == ["ip-set-office", "countries", "rate", "own", *others]


def test_the_rate_of_an_address() -> None:
    rate = {"Limit": 100, "EvaluationWindowSec": 300, "AggregateKeyType": "IP"}
    assert by_name(ALL)["rate"]["Statement"] == {"RateBasedStatement": rate}


def test_the_viewer_behind_cloudfront() -> None:
    rules = by_name({**ALL, "forwarded_ip_header": "X-Forwarded-For"})
    config = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}
    rate = rules["rate"]["Statement"]["RateBasedStatement"]
    assert (rate["AggregateKeyType"], rate["ForwardedIPConfig"]) == ("FORWARDED_IP", config)
    assert rules["countries"]["Statement"]["GeoMatchStatement"] == {
        "CountryCodes": ["KP", "RU"],
        "ForwardedIPConfig": config,
    }
    reference = rules["ip-set-office"]["Statement"]["IPSetReferenceStatement"]
    assert reference["IPSetForwardedIPConfig"] == {**config, "Position": "FIRST", "FallbackBehavior": "NO_MATCH"}


def test_rules_of_a_managed_group_that_only_count() -> None:
    core = by_name(ALL)[CORE]["Statement"]["ManagedRuleGroupStatement"]
    assert [item["Name"] for item in core["RuleActionOverrides"]] == ["NoUserAgent_HEADER", "SizeRestrictions_BODY"]
    assert all(item["ActionToUse"] == {"Count": {}} for item in core["RuleActionOverrides"])
    plain = by_name({**ALL, "count_only": {}, "upload_paths": []})
    assert "RuleActionOverrides" not in plain[CORE]["Statement"]["ManagedRuleGroupStatement"]
    assert "large-bodies" not in plain


def test_large_bodies_are_blocked_but_on_the_paths_of_uploads() -> None:
    label, but = by_name(ALL)["large-bodies"]["Statement"]["AndStatement"]["Statements"]
    assert label == {"LabelMatchStatement": {"Scope": "LABEL", "Key": BODY_LABEL}}
    paths = but["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    assert [path["ByteMatchStatement"]["SearchString"] for path in paths] == ["/api/upload", "/import"]
    one = by_name({**ALL, "upload_paths": ["/import"]})["large-bodies"]["Statement"]["AndStatement"]["Statements"][1]
    assert one["NotStatement"]["Statement"]["ByteMatchStatement"]["PositionalConstraint"] == "STARTS_WITH"
