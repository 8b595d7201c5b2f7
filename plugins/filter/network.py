# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown

# In a preview, for a group that is not there yet: EC2 takes its form and does not find it.
UNKNOWN_GROUP = "sg-00000000000000000"
UNKNOWN_PREFIX_LIST = "pl-00000000000000000"

Rule = dict[str, Any]


def security_group_rules(
    rules: Iterable[Mapping[str, Any]],
    vpc_cidrs: list[str] | str,
    groups: Mapping[str, str],
    prefix_lists: Mapping[str, str],
) -> list[Rule]:
    """The rules as amazon.aws.ec2_security_group takes them, one for each port range and source."""
    result: list[Rule] = []
    for rule in rules:
        for ports in _port_ranges(rule):
            for source in _sources(rule, vpc_cidrs, groups, prefix_lists):
                described = {"rule_desc": rule["description"]} if rule.get("description") else {}
                result.append({**ports, **source, **described})
    return result


def security_group_peers(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """The components whose groups the rules refer to."""
    return sorted({name for rule in rules for name in rule.get("security_groups") or []})


def security_group_prefix_lists(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the managed prefix lists that the rules refer to."""
    return sorted({name for rule in rules for name in rule.get("prefix_lists") or []})


def _port_ranges(rule: Mapping[str, Any]) -> Iterator[Rule]:
    protocol = rule.get("protocol") or "tcp"
    if protocol == "all":
        yield {"proto": "all"}
    elif protocol == "icmp":
        yield {"proto": "icmp", "from_port": -1, "to_port": -1}
    else:
        ports = rule["ports"]
        for port in ports if isinstance(ports, list) else [ports]:
            first, _, last = str(port).partition("-")
            yield {"proto": protocol, "from_port": int(first), "to_port": int(last or first)}


def _sources(
    rule: Mapping[str, Any], vpc_cidrs: list[str] | str, groups: Mapping[str, str], prefix_lists: Mapping[str, str]
) -> Iterator[Rule]:
    blocks = list(rule.get("cidrs") or [])
    if rule.get("vpc_cidrs"):
        blocks += [vpc_cidrs] if isinstance(vpc_cidrs, str) else vpc_cidrs
    for block in dict.fromkeys(blocks):
        yield {"cidr_ipv6" if ":" in block else "cidr_ip": [block]}
    for name in rule.get("security_groups") or []:
        yield {"group_id": [UNKNOWN_GROUP if is_unknown(groups[name]) else groups[name]]}
    for name in rule.get("prefix_lists") or []:
        yield {"ip_prefix": [UNKNOWN_PREFIX_LIST if is_unknown(prefix_lists[name]) else prefix_lists[name]]}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "security_group_rules": security_group_rules,
            "security_group_peers": security_group_peers,
            "security_group_prefix_lists": security_group_prefix_lists,
        }
