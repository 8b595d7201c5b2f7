# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import (
    ALTERNATE,
    alternates,
    target_group_names,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_rules import ACTIONS, CONDITIONS, VALUES_OF_A_RULE
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_target_group import SPEC, group_problem
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

Options = Mapping[str, Any]

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
NAMES = "1 to 32 letters, digits and dashes, no dash at either end"
METHOD = re.compile(r"[A-Z_-]{1,40}")
CODES = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")
GROUP_KEYS = ("name", *SPEC, "alternate")
PORTS = (1, 65535)
# Suboption -> what AWS takes.
CHECK_RANGES = {
    "interval_seconds": (5, 300),
    "timeout_seconds": (2, 120),
    "healthy_threshold": (2, 10),
    "unhealthy_threshold": (2, 10),
}
GROUP_RANGES = {"port": PORTS, "deregistration_delay_seconds": (0, 3600)}
CHECK_DEFAULTS = {"interval_seconds": 30, "timeout_seconds": 5}
PRIORITIES = (1, 50_000)


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "alb_name")
    if name is not None and (not NAME.fullmatch(name) or name.startswith("internal-")):
        yield f"alb_name is {name!r} with {len(name)} characters; allowed are {NAMES}, not beginning with internal-"
    yield from _checks.between(options, "alb_idle_timeout_seconds", 1, 4000)
    yield from _checks.between(options, "alb_client_keep_alive_seconds", 60, 604_800)
    if _checks.known(options, "alb_access_logs_prefix") and options.get("alb_access_logs_bucket") == "":
        yield f"alb_access_logs_prefix is {options['alb_access_logs_prefix']!r}; it needs alb_access_logs_bucket"
    yield from _target_groups(options)
    yield from _listeners(options)
    yield from _alternates(options)


def _target_groups(options: Options) -> Iterator[str]:
    groups = options.get("alb_target_groups") or {}
    prefix = options.get("alb_target_group_prefix") or ""
    malformed = {key for key, group in groups.items() if not isinstance(group, Mapping)}
    for key in sorted(malformed):
        yield f"alb_target_groups.{key} is {groups[key]!r}; allowed is a dictionary as {{port: 8080}}"
    groups = {key: group for key, group in groups.items() if key not in malformed}
    names = target_group_names(groups, prefix)
    for key in names:
        where = f"alb_target_groups.{key}"
        if not is_unknown(names[key]) and not NAME.fullmatch(names[key]):
            yield f"{where} is named {names[key]!r} with {len(names[key])} characters; allowed are {NAMES}"
        twice = [other for other in names if names[other] == names[key] and other < key]
        if twice:
            yield f"{where} is named {names[key]!r}, as {twice[0]}; allowed is another name"
        if key in groups:
            yield from _target_group(where, groups[key])


def _target_group(where: str, group: Options) -> Iterator[str]:
    yield from _unknown_keys(where, group, GROUP_KEYS)
    if group.get("port") is None:
        yield f"{where} has no port; allowed are {PORTS[0]} to {PORTS[1]}"
    yield from _ranges(where, group, GROUP_RANGES)
    yield from _choices(where, group, SPEC)
    slow = group.get("slow_start_seconds")
    if slow and not is_unknown(slow) and not 30 <= int(slow) <= 900:
        yield f"{where}.slow_start_seconds is {slow}; allowed are 0 and 30 to 900"
    parts = {name: group.get(name) or {} for name in ("health_check", "stickiness")}
    for name, given in parts.items():
        if not isinstance(given, Mapping):
            if not is_unknown(given):
                yield f"{where}.{name} is {given!r}; allowed is a dictionary"
            return
        yield from _unknown_keys(f"{where}.{name}", given, SPEC[name]["options"])
        yield from _choices(f"{where}.{name}", given, SPEC[name]["options"])
    check, sticky = parts.values()
    yield from _ranges(f"{where}.stickiness", sticky, {"duration_seconds": (1, 604_800)})
    broken = list(_health_check(f"{where}.health_check", check, group.get("protocol_version") == "GRPC"))
    yield from broken
    if not broken and not is_unknown(group):
        problem = group_problem({**group, "stickiness": {"type": "lb_cookie", **sticky} if sticky else None})
        if problem:
            yield f"{where}.{problem}"


def _health_check(where: str, check: Options, grpc: bool) -> Iterator[str]:
    yield from _ranges(where, check, CHECK_RANGES)
    interval, timeout = (check.get(name, CHECK_DEFAULTS[name]) for name in ("interval_seconds", "timeout_seconds"))
    if not is_unknown([interval, timeout]) and int(interval) <= int(timeout):
        yield f"{where}.interval_seconds is {interval}; allowed with timeout_seconds {timeout} is more than that"
    path, port = check.get("path"), check.get("port")
    if path is not None and not is_unknown(path) and not str(path).startswith("/"):
        yield f"{where}.path is {path!r}; allowed is a path that begins with a slash"
    if port is not None and port != "traffic-port" and not is_unknown(port) and _checks.port_problem(port):
        yield f"{where}.port is {port!r}; allowed are traffic-port and {PORTS[0]} to {PORTS[1]}"
    matcher = check.get("matcher")
    if matcher is not None and not is_unknown(matcher) and not matcher_is_valid(str(matcher), grpc):
        allowed = "0 to 99, as 0 or 0-5" if grpc else "200 to 499, as 200, 200,204 or 200-299"
        yield f"{where}.matcher is {matcher!r}; allowed are codes from {allowed}"


def matcher_is_valid(matcher: str, grpc: bool = False) -> bool:
    low, high = (0, 99) if grpc else (200, 499)
    if not CODES.fullmatch(matcher):
        return False
    spans = [[int(code) for code in span.split("-")] for span in matcher.split(",")]
    return all(low <= span[0] <= span[-1] <= high for span in spans)


def _listeners(options: Options) -> Iterator[str]:
    ports: dict[Any, str] = {}
    for number, listener in enumerate(options.get("alb_listeners") or []):
        where = f"alb_listeners[{number}]"
        port = listener.get("port")
        yield from _ranges(where, listener, {"port": PORTS})
        if port in ports:
            yield f"{where}.port is {port}, as of {ports[port]}; allowed is one listener a port"
        ports.setdefault(port, where)
        yield from _action(where, listener, options)
        yield from _certificates(where, listener, options.get("aws_region"))
        yield from _rules(where, listener, options)


def _certificates(where: str, listener: Options, region: Any) -> Iterator[str]:
    default, further = listener.get("certificate_arn"), listener.get("certificates") or []
    component = listener.get("certificate")
    secure = (listener.get("protocol") or "HTTP") == "HTTPS"
    if default and component:
        yield f"{where} has certificate and certificate_arn; allowed is one of them"
    default = default or component
    if secure and not default:
        yield (
            f"{where} has protocol HTTPS and no certificate; allowed are certificate, a component, and "
            f"certificate_arn, the ARN of a certificate of {region}"
        )
    if not secure and (default or further):
        yield f"{where} has a certificate and protocol HTTP; allowed with it is protocol HTTPS"
    given = {"certificate_arn": listener.get("certificate_arn")}
    given |= {f"certificates[{n}]": arn for n, arn in enumerate(further) if str(arn).startswith("arn:")}
    for name, arn in given.items():
        if arn and not is_unknown(arn) and not re.match(r"arn:[\w-]+:(acm|iam):", arn):
            yield f"{where}.{name} is {arn!r}; allowed is the ARN of a certificate of {region}"
        elif arn and ":acm:" in arn:
            yield from _checks.region_problem(f"{where}.{name}", arn, region)


def _rules(where: str, listener: Options, options: Options) -> Iterator[str]:
    priorities: dict[Any, str] = {}
    for number, rule in enumerate(listener.get("rules") or []):
        here = f"{where}.rules[{number}]"
        priority = rule.get("priority")
        yield from _ranges(here, rule, {"priority": PRIORITIES})
        if priority in priorities:
            yield f"{here}.priority is {priority}, as of {priorities[priority]}; allowed is another one"
        priorities.setdefault(priority, here)
        yield from _action(here, rule, options)
        yield from _conditions(here, rule)


def _alternates(options: Options) -> Iterator[str]:
    """ECS moves the weights of one rule for production and one for tests; another one would stay with the old tasks."""
    groups = options.get("alb_target_groups") or {}
    pairs = alternates({key: group for key, group in groups.items() if isinstance(group, Mapping)})
    uses: dict[str, dict[bool, list[str]]] = {key: {False: [], True: []} for key in pairs}
    complete = not is_unknown([item.get("target_group") for _, item in _forwarding(options)])
    for where, item in _forwarding(options):
        target, test = item.get("target_group"), bool(item.get("test_traffic"))
        if is_unknown(target):
            continue
        if target in uses:
            uses[target][test].append(where)
        elif test:
            yield f"{where}.test_traffic is true; allowed is it with a target_group that has alternate"
        if target in {key + ALTERNATE for key in pairs} - groups.keys():
            yield f"{where}.target_group is {target!r}, an alternate one; allowed is {target.removesuffix(ALTERNATE)!r}"
    for key, found in uses.items():
        where, wanted = f"alb_target_groups.{key}", groups[key]["alternate"]
        if key + ALTERNATE in groups:
            yield f"{where} has alternate, which is called {key + ALTERNATE!r} as another one; allowed is another name"
        if not isinstance(wanted, (bool, str)):
            yield f"{where}.alternate is {wanted!r}; allowed are true and the name of the alternate target group"
        if complete and len(found[False]) != 1:
            listed = " and ".join(found[False]) or "nothing"
            yield f"{where} has alternate and {listed} forwards to it; allowed is one listener or rule"
        if len(found[True]) > 1:
            yield f"{where} has test_traffic in {', '.join(found[True])}; allowed is one listener or rule"


def _forwarding(options: Options) -> Iterator[tuple[str, Options]]:
    for number, listener in enumerate(options.get("alb_listeners") or []):
        yield f"alb_listeners[{number}]", listener
        for place, rule in enumerate(listener.get("rules") or []):
            yield f"alb_listeners[{number}].rules[{place}]", rule


def _conditions(where: str, rule: Options) -> Iterator[str]:
    headers = [values if isinstance(values, list) else [values] for values in (rule.get("headers") or {}).values()]
    lists = [*(rule.get(name) or [] for name in CONDITIONS), *headers]
    count = sum(1 if is_unknown(values) else len(values) for values in lists)
    if not 1 <= count <= VALUES_OF_A_RULE:
        names = ", ".join((*CONDITIONS, "headers"))
        yield f"{where} has {count} values of conditions ({names}); allowed are 1 to {VALUES_OF_A_RULE}"
    for method in _known_items(rule, "methods"):
        if not METHOD.fullmatch(method):
            yield f"{where}.methods has {method!r}; allowed are methods in upper case, as GET"
    for block in _known_items(rule, "source_ips"):
        problem = _checks.cidr_problem(block)
        if problem:
            yield f"{where}.source_ips has {block}: {problem}"
    for path in _known_items(rule, "paths"):
        if not path.startswith(("/", "*")) or len(path) > 128:
            yield f"{where}.paths has {path!r}; allowed are patterns that begin with a slash, up to 128 characters"


def _known_items(options: Options, name: str) -> list[str]:
    values = options.get(name) or []
    return [] if is_unknown(values) else values


def _action(where: str, item: Options, options: Options) -> Iterator[str]:
    given = [name for name in ACTIONS if item.get(name) is not None]
    if len(given) != 1:
        yield f"{where} has {' and '.join(given) or 'no action'}; allowed is exactly one of {', '.join(ACTIONS)}"
    target, groups = item.get("target_group"), options.get("alb_target_groups") or {}
    if target is not None and not is_unknown([target, groups]) and target not in groups:
        known = ", ".join(sorted(groups)) or "none"
        yield f"{where}.target_group is {target!r}; allowed are alb_target_groups: {known}"
    fixed = item.get("fixed_response") or {}
    status, body = fixed.get("status_code"), fixed.get("message_body") or ""
    if status is not None and not is_unknown(status) and not re.fullmatch(r"[245]\d\d", str(status)):
        yield f"{where}.fixed_response.status_code is {status}; allowed are 2xx, 4xx and 5xx"
    if len(body) > 1024:
        yield f"{where}.fixed_response.message_body has {len(body)} characters; allowed are up to 1024"
    path = (item.get("redirect") or {}).get("path")
    if path is not None and not is_unknown(path) and not path.startswith("/"):
        yield f"{where}.redirect.path is {path!r}; allowed is a path that begins with a slash"


def _ranges(where: str, options: Options, ranges: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for name, (low, high) in ranges.items():
        value = options.get(name)
        if value is None or is_unknown(value):
            continue
        if not re.fullmatch(r"\d+", str(value)) or not low <= int(value) <= high:
            yield f"{where}.{name} is {value}; allowed are {low} to {high}"


def _choices(where: str, options: Options, spec: Mapping[str, Any]) -> Iterator[str]:
    for name, option in spec.items():
        value = options.get(name)
        if "choices" in option and value is not None and not is_unknown(value) and value not in option["choices"]:
            yield f"{where}.{name} is {value!r}; allowed are {', '.join(option['choices'])}"


def _unknown_keys(where: str, options: Options, allowed: Any) -> Iterator[str]:
    for key in sorted(set(options) - set(allowed)):
        yield f"{where} has {key}; allowed are {', '.join(allowed)}"


def _given(value: Any) -> Iterator[str]:
    if value:
        yield value


def _certificates_of(value: Any) -> Iterator[str]:
    """Components; ARNs are no references."""
    for listener in value:
        names = [listener.get("certificate"), *(listener.get("certificates") or [])]
        yield from (name for name in names if name and not is_unknown(name) and not str(name).startswith("arn:"))


REFERENCES = {
    "alb_vpc": "vpc",
    "alb_security_groups": "security_group",
    "alb_web_acl": ("waf", _given),
    "alb_listeners": ("certificate", _certificates_of),
}
