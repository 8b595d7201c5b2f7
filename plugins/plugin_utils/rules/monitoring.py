# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

RULES = Path(__file__).parents[3] / "roles" / "monitoring" / "vars" / "main.yml"
PROTOCOLS = ("email", "email-json", "sms", "sqs", "http", "https", "lambda", "firehose")
ENDPOINTS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an address as oncall@example.com"),
    "email-json": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an address as oncall@example.com"),
    "sms": (re.compile(r"\+[1-9]\d{6,14}"), "a number as +491701234567"),
    "http": (re.compile(r"http://\S+"), "a URL that begins with http://"),
    "https": (re.compile(r"https://\S+"), "a URL that begins with https://"),
    "sqs": (re.compile(r"arn:[\w-]+:sqs:\S+"), "the ARN of a queue"),
    "lambda": (re.compile(r"arn:[\w-]+:lambda:\S+"), "the ARN of a function"),
    "firehose": (re.compile(r"arn:[\w-]+:firehose:\S+"), "the ARN of a delivery stream"),
}
DASHBOARD_NAME = re.compile(r"[\w-]{1,255}", re.ASCII)
DASHBOARD_KEYS = ("name", "components", "widgets", "body")
WIDGET_KEYS = (
    *("title", "component", "components", "metrics", "statistic", "period", "namespace", "dimensions", "view"),
    *("stacked", "text", "query", "log", "log_group", "log_groups", "width", "height", "type", "properties"),
)
SHOWN = ("metrics", "text", "query", "properties")
FILTER_KEYS = (
    *("component", "log_group", "log", "pattern", "metric_name", "namespace", "metric_value", "default_value"),
    *("unit", "dimensions", "alarm"),
)
QUERY_KEYS = ("query", "component", "components", "log", "log_group", "log_groups", "language")
MEASURED = "sqs|ecs_service|rds|elasticache|alb|cdn|waf"
LOGGED = "ecs_service|rds|trail"
TOPIC_KEYS = ("display_name", "subscriptions")
WATCHED = ("metric_name", "metrics", "rule")


@cache
def known_alarms() -> tuple[str, ...]:
    """The alarms that components get, as `<kind>.<alarm>`."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["__monitoring_rules"]
    return tuple(f"{kind}.{alarm}" for kind, alarms in rules.items() for alarm in alarms)


def problems(options: dict[str, Any]) -> Iterator[str]:
    yield from _percentages(options)
    yield from _key(options)
    for alarm in _checks.known(options, "monitoring_disabled_alarms") or []:
        if alarm not in known_alarms():
            nearest = get_close_matches(alarm, known_alarms(), 1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"allowed are {', '.join(known_alarms())}"
            yield f"monitoring_disabled_alarms has {alarm!r}: {hint}"
    for severity, topic in (options.get("monitoring_topics") or {}).items():
        yield from _topic(severity, topic or {})
    for name, alarm in (options.get("monitoring_alarms") or {}).items():
        yield from _alarm(name, alarm, options)
    for known, setting in (options.get("monitoring_rules") or {}).items():
        yield from _rule(known, setting, options)
    for name, dashboard in (options.get("monitoring_dashboards") or {}).items():
        yield from _dashboard(name, dashboard or {})
    for name, entry in (options.get("monitoring_metric_filters") or {}).items():
        yield from _metric_filter(name, entry, options)
    for name, entry in (options.get("monitoring_queries") or {}).items():
        yield from _query(name, entry)


def _percentages(options: dict[str, Any]) -> Iterator[str]:
    for name in options:
        if name.endswith("_percent"):
            yield from _checks.between(options, name, 1, 100)
        elif name.startswith(("monitoring_sqs_", "monitoring_ecs_", "monitoring_rds_", "monitoring_elasticache_")):
            value = _checks.known(options, name)
            if value is not None and float(value) < 0:
                yield f"{name} is {value}; allowed are 0 and more"


def _key(options: dict[str, Any]) -> Iterator[str]:
    key = _checks.known(options, "monitoring_kms_key_id") or ""
    if key.endswith("alias/aws/sns"):
        yield f"monitoring_kms_key_id is {key}, which alarms cannot use; allowed is a key of the account that lets them"


def _topic(severity: str, topic: Any) -> Iterator[str]:
    where = f"monitoring_topics.{severity}"
    if not re.fullmatch(r"[\w-]+", severity, re.ASCII):
        yield f"monitoring_topics has {severity!r}; allowed are letters, digits, hyphens and underscores"
    for key in topic:
        if key not in TOPIC_KEYS:
            yield f"{where} has {key!r}; allowed are {', '.join(TOPIC_KEYS)}"
    for subscription in topic.get("subscriptions") or []:
        protocol, endpoint = subscription.get("protocol"), str(subscription.get("endpoint"))
        if protocol not in ENDPOINTS:
            yield f"{where} has a subscription with the protocol {protocol}; allowed are {', '.join(PROTOCOLS)}"
        elif "(known after apply)" not in endpoint and not ENDPOINTS[protocol][0].fullmatch(endpoint):
            yield f"{where} has the {protocol} subscription {endpoint}; allowed is {ENDPOINTS[protocol][1]}"


def _alarm(name: str, alarm: Any, options: dict[str, Any]) -> Iterator[str]:
    where = f"monitoring_alarms.{name}"
    if not isinstance(alarm, Mapping):
        yield f"{where} is {alarm!r}; allowed is a dictionary"
        return
    yield from _severity(where, alarm, options)
    changes_one = any(name.endswith("-" + known.split(".")[1]) for known in known_alarms())
    changes_one |= name in (options.get("monitoring_metric_filters") or {})
    if not changes_one and not any(alarm.get(key) for key in WATCHED):
        yield f"{where} watches nothing; needed is one of {', '.join(WATCHED)}"


def _severity(where: str, alarm: Mapping[str, Any], options: dict[str, Any]) -> Iterator[str]:
    topics, severity = options.get("monitoring_topics") or {}, alarm.get("severity")
    if severity and topics and severity not in topics and "default" not in topics:
        yield f"{where} has the severity {severity}, for which there is no topic; allowed are {', '.join(topics)}"


def _rule(known: str, setting: Any, options: dict[str, Any]) -> Iterator[str]:
    if known not in known_alarms():
        nearest = get_close_matches(known, known_alarms(), 1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"allowed are {', '.join(known_alarms())}"
        yield f"monitoring_rules has {known!r}: {hint}"
    elif not isinstance(setting, Mapping):
        yield f"monitoring_rules.{known} is {setting!r}; allowed is a dictionary"
    else:
        yield from _severity(f"monitoring_rules.{known}", setting, options)


def _unknown_keys(where: str, entry: Any, allowed: tuple[str, ...], *needed: str) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{where} is {entry!r}; allowed is a dictionary"
        return
    for key in sorted(set(entry) - set(allowed)):
        yield f"{where} has {key!r}; allowed are {', '.join(allowed)}"
    for key in needed:
        if not entry.get(key) and entry.get(key) != "":
            yield f"{where} has no {key}, which is needed"


def _dashboard(name: str, dashboard: Any) -> Iterator[str]:
    where = f"monitoring_dashboards.{name}"
    found = list(_unknown_keys(where, dashboard, DASHBOARD_KEYS))
    yield from found
    if not isinstance(dashboard, Mapping):
        return
    if not DASHBOARD_NAME.fullmatch(str(dashboard.get("name") or name)):
        yield f"{where} has a name with other than letters, digits, hyphens and underscores"
    if dashboard.get("body") and (dashboard.get("widgets") or dashboard.get("components")):
        yield f"{where} has a body, which excludes widgets and components"
    for number, widget in enumerate(dashboard.get("widgets") or []):
        at = f"{where}.widgets[{number}]"
        yield from _unknown_keys(at, widget, WIDGET_KEYS)
        if isinstance(widget, Mapping):
            yield from _widget(at, widget)


def _widget(at: str, widget: Mapping[str, Any]) -> Iterator[str]:
    shown = [key for key in SHOWN if key in widget]
    if len(shown) != 1:
        yield f"{at} has {', '.join(shown) or 'nothing to show'}; needed is one of {', '.join(SHOWN)}"
    named = widget.get("component") or widget.get("components")
    if shown == ["metrics"] and not named and not widget.get("namespace"):
        yield f"{at} has metrics of nothing; needed is component, components or namespace"
    if shown == ["query"] and not named and not (widget.get("log_groups") or widget.get("log_group")):
        yield f"{at} has a query of no logs; needed is component, components or log_groups"


def _metric_filter(name: str, entry: Any, options: dict[str, Any]) -> Iterator[str]:
    where = f"monitoring_metric_filters.{name}"
    yield from _unknown_keys(where, entry, FILTER_KEYS, "pattern", "metric_name")
    if not isinstance(entry, Mapping):
        return
    if bool(entry.get("component")) == bool(entry.get("log_group")):
        yield f"{where} needs one of component and log_group"
    if entry.get("dimensions") and entry.get("default_value") is not None:
        yield f"{where} has dimensions and default_value, which exclude one another"
    if re.search(r"[:*]", name):
        yield f"{where} has : or * in its name, which AWS does not take"
    if isinstance(entry.get("alarm"), Mapping):
        yield from _severity(f"{where}.alarm", entry["alarm"], options)


def _query(name: str, entry: Any) -> Iterator[str]:
    where = f"monitoring_queries.{name}"
    yield from _unknown_keys(where, entry, QUERY_KEYS, "query")
    if isinstance(entry, Mapping) and entry.get("language") not in (None, "CWLI", "SQL", "PPL"):
        yield f"{where} has the language {entry['language']}; allowed are CWLI, SQL, PPL"


def _named(entries: Any) -> Iterator[str]:
    """The components that entries, or widgets of them, name."""
    for entry in entries.values() if isinstance(entries, Mapping) else entries:
        if isinstance(entry, Mapping):
            yield from [entry["component"]] if isinstance(entry.get("component"), str) else []
            yield from entry.get("components") or []
            yield from _named(entry.get("widgets") or [])


REFERENCES = {
    "monitoring_targets": MEASURED,
    "monitoring_alarms": (f"{MEASURED}|efs", _named),
    "monitoring_dashboards": (f"{MEASURED}|efs", _named),
    "monitoring_metric_filters": (LOGGED, _named),
    "monitoring_queries": (LOGGED, _named),
}
