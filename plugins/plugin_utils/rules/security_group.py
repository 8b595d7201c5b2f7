# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*")
SOURCES = ("cidrs", "vpc_cidrs", "security_groups", "prefix_lists")
LISTS = ("security_group_rules", "security_group_rules_egress")


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "security_group_name")
    if name is not None and (str(name).startswith("sg-") or not 1 <= len(str(name)) <= 255):
        yield f"security_group_name is {name!r}; allowed are 1 to 255 characters that do not begin with sg-"
    yield from _description("security_group_description", options.get("security_group_description"))
    for option in LISTS:
        for number, rule in enumerate(options.get(option) or [], 1):
            yield from _rule(f"{option}[{number}]", rule)


def _rule(where: str, rule: dict[str, Any]) -> Iterator[str]:
    if is_unknown(rule):
        return
    protocol, ports = rule.get("protocol") or "tcp", rule.get("ports")
    if not any(rule.get(source) for source in SOURCES):
        yield f"{where} names nobody; allowed are {', '.join(SOURCES)}"
    if protocol in ("tcp", "udp") and ports in (None, [], ""):
        yield f"{where} has protocol {protocol} and no ports; give a port, a range as 8000-8010, or a list of them"
    if protocol not in ("tcp", "udp") and ports not in (None, [], ""):
        yield f"{where} has protocol {protocol} and ports {ports}; allowed are ports with tcp and udp"
    for port in ports if isinstance(ports, list) else [] if ports is None else [ports]:
        problem = _checks.port_problem(port)
        if problem:
            yield f"{where} has port {port}; {problem}"
    for block in rule.get("cidrs") or []:
        problem = _checks.cidr_problem(block)
        if problem:
            yield f"{where} has CIDR block {block}; {problem}"
    yield from _description(f"{where} description", rule.get("description"))


def _description(where: str, text: Any) -> Iterator[str]:
    if text and not is_unknown(text) and (len(text) > 255 or not DESCRIPTION.fullmatch(text)):
        yield f"{where} is {text!r}; allowed are 255 characters of a-z, A-Z, 0-9, blanks and ._-:/()#,@[]+=&;{{}}!$*"


def _groups(rules: Any) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else []:
        groups = rule.get("security_groups") or [] if isinstance(rule, dict) else []
        yield from [groups] if isinstance(groups, str) else groups


REFERENCES = {
    "security_group_vpc": "vpc",
    "security_group_rules": ("security_group", _groups),
    "security_group_rules_egress": ("security_group", _groups),
}
