# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

Options = Mapping[str, Any]

NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
COUNTRY = re.compile(r"[A-Z]{2}")
HEADER = re.compile(r"[A-Za-z0-9-]{1,255}")
LOG_GROUP = re.compile(r"aws-waf-logs-[A-Za-z0-9_./#-]{1,499}")
CORE = "AWSManagedRulesCommonRuleSet"
LEAST_RATE, MOST_RATE = 10, 2_000_000_000
MOST_PATHS = 10  # a statement holds ten others

REFERENCES: dict[str, str] = {}


def problems(options: dict[str, Any]) -> Iterator[str]:
    for option, pattern, allowed in (
        ("waf_name", NAME, "1 to 128 letters, digits, - and _"),
        ("waf_log_group", LOG_GROUP, "a name that begins with aws-waf-logs-"),
    ):
        value = _checks.known(options, option)
        if value is not None and not pattern.fullmatch(value):
            yield f"{option} is {value!r}; allowed is {allowed}"
    limit = _checks.known(options, "waf_rate_limit")
    if limit and not LEAST_RATE <= int(limit) <= MOST_RATE:
        yield f"waf_rate_limit is {limit}; allowed are 0 and {LEAST_RATE} to {MOST_RATE}"
    header = _checks.known(options, "waf_forwarded_ip_header")
    if header and not HEADER.fullmatch(header):
        yield f"waf_forwarded_ip_header is {header!r}; allowed is the name of a header as X-Forwarded-For"
    if header and options.get("waf_scope") == "CLOUDFRONT":
        yield f"waf_forwarded_ip_header is {header!r}; allowed with waf_scope CLOUDFRONT, which sees viewers, is none"
    for country in _checks.known(options, "waf_blocked_countries") or []:
        if not is_unknown(country) and not COUNTRY.fullmatch(country):
            yield f"waf_blocked_countries has {country!r}; allowed are two capital letters as CH"
    yield from _groups(options)
    yield from _ip_sets(options)
    yield from _rules(options)


def _groups(options: Options) -> Iterator[str]:
    groups = options.get("waf_managed_rule_groups") or []
    for group, rules in (options.get("waf_count_only") or {}).items():
        if group not in groups:
            allowed = ", ".join(groups)
            yield f"waf_count_only has {group}, which is not in waf_managed_rule_groups; allowed are {allowed}"
        if not isinstance(rules, list):
            yield f"waf_count_only.{group} is {rules!r}; allowed is a list of names of rules"
    paths = options.get("waf_upload_paths") or []
    if paths and CORE not in groups:
        yield f"waf_upload_paths is set and waf_managed_rule_groups has no {CORE}, whose rule it is about"
    if len(paths) > MOST_PATHS:
        yield f"waf_upload_paths has {len(paths)} items; allowed are {MOST_PATHS}"
    for path in paths:
        if not is_unknown(path) and (not path.startswith("/") or len(path) > 200):
            yield f"waf_upload_paths has {path!r}; allowed are beginnings of paths as /api/upload, up to 200 characters"


def _ip_sets(options: Options) -> Iterator[str]:
    names: list[str] = []
    for number, item in enumerate(options.get("waf_ip_sets") or []):
        where, name = f"waf_ip_sets[{number}]", str(item.get("name"))
        if not NAME.fullmatch(name) or name in names:
            yield f"{where}.name is {name!r}; allowed are letters, digits, - and _, each name once"
        names.append(name)
        networks = {str(address): _checks.network(str(address)) for address in item.get("addresses") or []}
        for address, network in networks.items():
            if network is None and not is_unknown(address):
                yield f"{where}.addresses has {address}; {_checks.cidr_problem(address)}"
        if len({network.version for network in networks.values() if network}) > 1:
            yield f"{where}.addresses has IPv4 and IPv6; allowed is one of them, make two sets"


def _rules(options: Options) -> Iterator[str]:
    for number, rule in enumerate(options.get("waf_rules") or []):
        where = f"waf_rules[{number}]"
        for key in ("Name", "Statement"):
            if not rule.get(key):
                yield f"{where} has no {key}; needed are Name, Statement, and Action or OverrideAction"
        if ("Action" in rule) == ("OverrideAction" in rule):
            yield f"{where} has {'both' if 'Action' in rule else 'none'} of Action and OverrideAction; allowed is one"
        if "Priority" in rule:
            yield f"{where} has Priority, which its place in the list gives; leave it out"
