# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a component publishes to the dimensions of its metrics and to its log group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from string import Formatter
from typing import Any

from ansible.errors import AnsibleFilterError

Facts = Mapping[str, Any]
GLOBAL_REGION = "us-east-1"  # where CloudFront and what belongs to it are measured


def applies(rule: Mapping[str, Any], facts: Facts) -> bool:
    """Whether the component has every fact of `only_with`, and none of `not_with`; true stands for any value."""
    wanted = all(_has(facts, *item) for item in (rule.get("only_with") or {}).items())
    return wanted and not any(_has(facts, *item) for item in (rule.get("not_with") or {}).items())


def _has(facts: Facts, fact: str, value: Any) -> bool:
    return bool(facts.get(fact)) if value is True else facts.get(fact) == value


def watched(component: str, facts: Facts, wanted: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The dimensions, filled with the component's facts; more than one set when a fact has several values."""
    sources = {name: source for name, source in wanted.items() if isinstance(source, str) or applies(source, facts)}
    values = [_values(component, facts, source) for source in sources.values()]
    for combination in product(*values):
        yield dict(zip(sources, combination, strict=True))


def _values(component: str, facts: Facts, source: Any) -> list[str]:
    if isinstance(source, str):
        return [source]
    if "value" in source:
        return [source["value"]]
    value = facts.get(source["fact"])
    if value is None and "instead" in source:
        value = source["instead"].format(**facts)
    if value is None:
        raise AnsibleFilterError(f"component {component} of kind {facts['kind']} publishes no fact {source['fact']}")
    every = [value] if isinstance(value, str) else sorted(value.values() if isinstance(value, Mapping) else value)
    return [text.rpartition(source["after"])[2] if "after" in source else text for text in every]


def region_of(kind: Mapping[str, Any], facts: Facts, region: str) -> str:
    """Where the metrics of a component are."""
    return GLOBAL_REGION if facts.get("scope") == "CLOUDFRONT" else kind.get("region") or region


def log_group(component: str, facts: Facts, kinds: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """The log group of a component; `log` of the entry tells a database's logs apart."""
    templates: Iterable[str] = kinds.get(facts["kind"], {}).get("log_groups") or []
    values = {**facts, "log": entry.get("log") or "postgresql"}
    for template in templates:
        if all(values.get(field) for _, field, _, _ in Formatter().parse(template) if field):
            return template.format(**values)
    raise AnsibleFilterError(f"component {component} of kind {facts['kind']} has no log group")
