# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.module_utils.engine import without_none

Definition = dict[str, Any]
# What a rule says beside the suboptions of slipway.fargate.cloudwatch_alarms.
OWN_KEYS = ("severity", "enabled", "expression", "component", "says")


def alarms(
    components: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Definition]],
    prefix: str,
    own: Mapping[str, Definition],
    disabled: Iterable[str],
    topics: Mapping[str, str],
    notify_ok: bool,
) -> list[Definition]:
    """The alarms of an environment as slipway.fargate.cloudwatch_alarms takes them."""
    wanted = dict(_of_components(components, rules, set(disabled)))
    for name, definition in own.items():
        wanted[name] = {**wanted.get(name, {}), **definition}
    return [
        _finished(f"{prefix}{name}", definition, topics, notify_ok)
        for name, definition in wanted.items()
        if definition.get("enabled", True)
    ]


def _of_components(
    components: Mapping[str, Mapping[str, Any]], rules: Mapping[str, Mapping[str, Definition]], disabled: set[str]
) -> Iterator[tuple[str, Definition]]:
    for component, facts in components.items():
        for alarm, rule in rules.get(facts["kind"], {}).items():
            if f"{facts['kind']}.{alarm}" in disabled:
                continue
            watched = list(_watched(component, facts, rule["dimensions"]))
            if watched:
                yield f"{component}-{alarm}", _definition(component, rule, watched)


def _definition(component: str, rule: Definition, watched: list[dict[str, str]]) -> Definition:
    left_out = ("expression", "dimensions", "metrics", "description")
    definition = {key: value for key, value in rule.items() if key not in left_out}
    definition |= {"component": component, "says": rule["description"], "threshold": float(rule["threshold"])}
    if "expression" not in rule and len(watched) == 1:
        return definition | {"dimensions": watched[0]}
    entry = {"namespace": definition.pop("namespace"), "return_data": False}
    entry |= {"stat": definition.pop("statistic"), "period": definition.pop("period")}
    names = rule.get("metrics") or {"m": definition.pop("metric_name")}
    metrics = [
        {"id": f"{ident}{number}" if len(watched) > 1 else ident, "metric_name": name, "dimensions": at, **entry}
        for (number, at), (ident, name) in product(enumerate(watched, 1), names.items())
    ]
    expression = rule.get("expression") or f"MAX([{', '.join(metric['id'] for metric in metrics)}])"
    return definition | {"metrics": [*metrics, {"id": "watched", "expression": expression}]}


def _watched(component: str, facts: Mapping[str, Any], wanted: Mapping[str, Definition]) -> Iterator[dict[str, str]]:
    """The dimensions, filled with the component's facts; more than one set when a fact has several values."""
    values = [_values(component, facts, source) for source in wanted.values()]
    for combination in product(*values):
        yield dict(zip(wanted, combination, strict=True))


def _values(component: str, facts: Mapping[str, Any], source: Definition) -> list[str]:
    value = facts.get(source["fact"])
    if value is None and "instead" in source:
        value = source["instead"].format(**facts)
    if value is None:
        raise AnsibleFilterError(f"component {component} of kind {facts['kind']} publishes no fact {source['fact']}")
    every = [value] if isinstance(value, str) else sorted(value.values() if isinstance(value, Mapping) else value)
    return [text.rpartition(source["after"])[2] if "after" in source else text for text in every]


def _finished(name: str, definition: Definition, topics: Mapping[str, str], notify_ok: bool) -> Definition:
    topic = topics.get(definition.get("severity", "warning")) or topics.get("default")
    actions = [topic] if topic else []
    given = {
        "name": name,
        "alarm_actions": actions,
        "ok_actions": actions if notify_ok else [],
        **{key: value for key, value in definition.items() if key not in OWN_KEYS},
    }
    if "says" in definition:  # with the threshold that holds in the end
        values = {"component": definition["component"], "threshold": float(definition["threshold"])}
        given.setdefault("description", definition["says"].format(**values))
    return without_none(given)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"alarms": alarms}
