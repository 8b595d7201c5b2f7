# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.waf import problems

CORE = "AWSManagedRulesCommonRuleSet"
OFFICE = {"name": "office", "addresses": ["192.0.2.0/24"], "action": "allow"}
OWN = {"Name": "own", "Action": {"Block": {}}, "Statement": {"GeoMatchStatement": {"CountryCodes": ["CH"]}}}
GOOD = {
    "waf_name": "shop-prod-waf",
    "waf_scope": "REGIONAL",
    "waf_managed_rule_groups": [CORE],
    "waf_count_only": {CORE: ["NoUserAgent_HEADER"]},
    "waf_upload_paths": ["/api/upload"],
    "waf_rate_limit": 100,
    "waf_forwarded_ip_header": "X-Forwarded-For",
    "waf_blocked_countries": ["KP"],
    "waf_ip_sets": [OFFICE],
    "waf_rules": [OWN],
    "waf_log_group": "aws-waf-logs-shop-prod-waf",
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({"waf_rate_limit": 0})) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"waf_name": "a b"}, "waf_name is 'a b'"),
        ({"waf_log_group": "/waf"}, "allowed is a name that begins with aws-waf-logs-"),
        ({"waf_rate_limit": 9}, "waf_rate_limit is 9; allowed are 0 and 10 to"),
        ({"waf_forwarded_ip_header": "a b"}, "waf_forwarded_ip_header is 'a b'"),
        ({"waf_scope": "CLOUDFRONT"}, "allowed with waf_scope CLOUDFRONT, which sees viewers, is none"),
        ({"waf_blocked_countries": ["Switzerland"]}, "waf_blocked_countries has 'Switzerland'"),
        ({"waf_count_only": {"Other": ["x"]}}, "waf_count_only has Other, which is not in waf_managed_rule_groups"),
        ({"waf_count_only": {CORE: "x"}}, "allowed is a list of names"),
        ({"waf_managed_rule_groups": [], "waf_count_only": {}}, f"waf_managed_rule_groups has no {CORE}"),
        ({"waf_upload_paths": ["upload"]}, "waf_upload_paths has 'upload'"),
        ({"waf_upload_paths": [f"/{n}" for n in range(11)]}, "waf_upload_paths has 11 items"),
        ({"waf_ip_sets": [OFFICE, OFFICE]}, "waf_ip_sets[1].name is 'office'"),
        ({"waf_ip_sets": [{**OFFICE, "addresses": ["10.0.0.1/8"]}]}, "misaligned"),
        ({"waf_ip_sets": [{**OFFICE, "addresses": ["10.0.0.0/8", "::/0"]}]}, "has IPv4 and IPv6"),
        ({"waf_rules": [{"Action": {"Block": {}}, "Statement": {"a": 1}}]}, "waf_rules[0] has no Name"),
        ({"waf_rules": [{**OWN, "OverrideAction": {}}]}, "has both of Action and OverrideAction"),
        ({"waf_rules": [{**OWN, "Priority": 1}]}, "waf_rules[0] has Priority"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found
