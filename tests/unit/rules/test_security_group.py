# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.filter.network import (
    security_group_peers,
    security_group_prefix_lists,
    security_group_rules,
)
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.security_group import REFERENCES, problems


def _found(rule: dict[str, Any]) -> list[str]:
    return list(problems({"security_group_name": "shop-dev-web", "security_group_rules": [rule]}))


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": 443, "cidrs": ["0.0.0.0/0", "::/0"]},
        {"ports": [80, "8000-8010"], "vpc_cidrs": True, "description": "web (both)"},
        {"protocol": "udp", "ports": 53, "security_groups": ["dns"]},
        {"protocol": "all", "cidrs": ["10.0.0.0/8"]},
        {"ports": "(known after apply)", "cidrs": ["(known after apply)"]},
    ],
)
def test_what_is_allowed(rule: dict[str, Any]) -> None:
    assert _found(rule) == []


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"ports": 70000, "vpc_cidrs": True}, "security_group_rules[1] has port 70000; allowed are 1 to 65535"),
        (
            {"ports": "90-80", "vpc_cidrs": True},
            "security_group_rules[1] has port 90-80; the range ends before it begins",
        ),
        ({"ports": "http", "vpc_cidrs": True}, "security_group_rules[1] has port http; allowed are a port and a range"),
        ({"ports": 80}, "security_group_rules[1] names nobody; allowed are cidrs, vpc_cidrs, security_groups, prefix"),
        ({"vpc_cidrs": True}, "security_group_rules[1] has protocol tcp and no ports"),
        ({"protocol": "all", "ports": 80, "vpc_cidrs": True}, "security_group_rules[1] has protocol all and ports 80"),
        (
            {"ports": 80, "cidrs": ["10.0.0.1/24"]},
            "security_group_rules[1] has CIDR block 10.0.0.1/24; misaligned; the block that holds it is 10.0.0.0/24",
        ),
        ({"ports": 80, "cidrs": ["10.0.0"]}, "security_group_rules[1] has CIDR block 10.0.0; allowed is a CIDR block"),
        (
            {"ports": 80, "vpc_cidrs": True, "description": "caché"},
            "security_group_rules[1] description is 'caché'; allowed are 255 characters",
        ),
    ],
)
def test_what_is_refused(rule: dict[str, Any], problem: str) -> None:
    (message,) = _found(rule)
    assert message.startswith(problem)


def test_a_name_that_looks_like_an_id_is_refused() -> None:
    (message,) = problems({"security_group_name": "sg-web"})
    assert message == "security_group_name is 'sg-web'; allowed are 1 to 255 characters that do not begin with sg-"


def test_references() -> None:
    kind, names = REFERENCES["security_group_rules"]
    assert (kind, list(names([{"security_groups": ["a", "b"]}, {"cidrs": []}]))) == ("security_group", ["a", "b"])


def test_rules_are_given_one_for_each_port_range_and_source() -> None:
    rules = [
        {"ports": [80, "8000-8010"], "cidrs": ["0.0.0.0/0"], "vpc_cidrs": True, "description": "web"},
        {"protocol": "all", "security_groups": ["tasks"], "prefix_lists": ["cdn"]},
        {"protocol": "icmp", "cidrs": ["::/0"]},
    ]
    blocks = ["10.0.0.0/16", "10.1.0.0/16"]
    assert security_group_rules(rules, blocks, {"tasks": "sg-1"}, {"cdn": "pl-1"}) == [
        *(
            {"proto": "tcp", "from_port": first, "to_port": last, "cidr_ip": [block], "rule_desc": "web"}
            for first, last in ((80, 80), (8000, 8010))
            for block in ("0.0.0.0/0", *blocks)
        ),
        {"proto": "all", "group_id": ["sg-1"]},
        {"proto": "all", "ip_prefix": ["pl-1"]},
        {"proto": "icmp", "from_port": -1, "to_port": -1, "cidr_ipv6": ["::/0"]},
    ]
    assert security_group_peers(rules) == ["tasks"]
    assert security_group_prefix_lists(rules) == ["cdn"]


def test_what_is_not_known_in_a_preview_has_a_form_that_ec2_takes() -> None:
    unknown = "(known after apply)"
    rules = [{"ports": 80, "security_groups": ["tasks"], "vpc_cidrs": True}]
    assert security_group_rules(rules, unknown, {"tasks": unknown}, {}) == [
        {"proto": "tcp", "from_port": 80, "to_port": 80, "cidr_ip": [unknown]},
        {"proto": "tcp", "from_port": 80, "to_port": 80, "group_id": ["sg-00000000000000000"]},
    ]
