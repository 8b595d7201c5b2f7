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
    topics = options.get("monitoring_topics") or {}
    severity = alarm.get("severity")
    if severity and topics and severity not in topics and "default" not in topics:
        yield f"{where} has the severity {severity}, for which there is no topic; allowed are {', '.join(topics)}"
    changes_one = any(name.endswith("-" + known.split(".")[1]) for known in known_alarms())
    if not changes_one and not any(alarm.get(key) for key in WATCHED):
        yield f"{where} watches nothing; needed is one of {', '.join(WATCHED)}"


REFERENCES = {"monitoring_targets": "sqs|ecs_service|rds|elasticache|alb"}
