# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a web ACL in AWS's form, from what the role is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Settings = Mapping[str, Any]
Rule = dict[str, Any]

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
CORE, BODY_RULE = "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"
BODY_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"
NO_CHANGE = [{"Priority": 0, "Type": "NONE"}]


def waf_rules(settings: Settings) -> list[Rule]:
    """The rules in the order in which they are asked."""
    parts = (_ip_sets, _countries, _rate, lambda given: iter(given.get("rules") or []), _managed, _bodies)
    return [rule for part in parts for rule in part(settings)]


def _forwarded(settings: Settings, **more: str) -> dict[str, Any] | None:
    header = settings.get("forwarded_ip_header")
    return {"HeaderName": header, "FallbackBehavior": "MATCH", **more} if header else None


def _ip_sets(settings: Settings) -> Iterator[Rule]:
    forwarded = _forwarded(settings, Position="FIRST")
    for item in settings.get("ip_sets") or []:
        # A request without an address in the header is none of those that are let through.
        if forwarded:
            forwarded = {**forwarded, "FallbackBehavior": "NO_MATCH" if item["action"] == "allow" else "MATCH"}
        config = {"IPSetForwardedIPConfig": forwarded} if forwarded else {}
        statement = {"IPSetReferenceStatement": {"ARN": item["name"], **config}}
        yield {"Name": f"ip-set-{item['name']}", "Action": {item["action"].capitalize(): {}}, "Statement": statement}


def _countries(settings: Settings) -> Iterator[Rule]:
    countries, forwarded = settings.get("blocked_countries") or [], _forwarded(settings)
    if countries:
        config = {"ForwardedIPConfig": forwarded} if forwarded else {}
        statement = {"GeoMatchStatement": {"CountryCodes": sorted(countries), **config}}
        yield {"Name": "countries", "Action": {"Block": {}}, "Statement": statement}


def _rate(settings: Settings) -> Iterator[Rule]:
    limit, forwarded = int(settings.get("rate_limit") or 0), _forwarded(settings)
    if limit:
        key = {"AggregateKeyType": "IP"}
        if forwarded:
            key = {"AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": forwarded}
        window = int(settings.get("rate_window_seconds") or 300)
        statement = {"RateBasedStatement": {"Limit": limit, "EvaluationWindowSec": window, **key}}
        yield {"Name": "rate", "Action": {"Block": {}}, "Statement": statement}


def _managed(settings: Settings) -> Iterator[Rule]:
    for group in settings.get("managed_rule_groups") or []:
        counted = list((settings.get("count_only") or {}).get(group) or [])
        if group == CORE and settings.get("upload_paths") and BODY_RULE not in counted:
            counted.append(BODY_RULE)
        overrides = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted]
        named: Rule = {"VendorName": "AWS", "Name": group}
        statement = {**named, "RuleActionOverrides": overrides} if overrides else named
        yield {
            "Name": group,
            "OverrideAction": {"None": {}},
            "Statement": {"ManagedRuleGroupStatement": statement},
        }


def _bodies(settings: Settings) -> Iterator[Rule]:
    """Blocks what the core rules have labelled as too large, but for the paths of uploads."""
    paths = settings.get("upload_paths") or []
    if not paths or CORE not in (settings.get("managed_rule_groups") or []):
        return
    beginnings = [
        {
            "ByteMatchStatement": {
                "SearchString": path,
                "FieldToMatch": {"UriPath": {}},
                "TextTransformations": NO_CHANGE,
                "PositionalConstraint": "STARTS_WITH",
            }
        }
        for path in paths
    ]
    uploads: Rule = beginnings[0] if len(beginnings) == 1 else {"OrStatement": {"Statements": beginnings}}
    labelled = {"LabelMatchStatement": {"Scope": "LABEL", "Key": BODY_LABEL}}
    both = {"AndStatement": {"Statements": [labelled, {"NotStatement": {"Statement": uploads}}]}}
    yield {"Name": "large-bodies", "Action": {"Block": {}}, "Statement": both}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"waf_rules": waf_rules}
