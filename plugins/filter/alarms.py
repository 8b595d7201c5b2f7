# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import without_none
from ansible_collections.slipway.fargate.plugins.plugin_utils.metrics import applies, watched

Definition = dict[str, Any]
# What a rule says beside the suboptions of slipway.fargate.cloudwatch_alarms.
OWN_KEYS = ("severity", "enabled", "expression", "component", "says", "only_with", "not_with")


def alarms(
    components: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Definition]],
    prefix: str,
    own: Mapping[str, Definition],
    disabled: Iterable[str],
    topics: Mapping[str, str],
    notify_ok: bool,
    settings: Mapping[str, Definition] | None = None,
    kinds: Mapping[str, Definition] | None = None,
    targets: Iterable[str] | None = None,
) -> list[Definition]:
    """The alarms of an environment as slipway.fargate.cloudwatch_alarms takes them."""
    watched_ones = components if targets is None else {name: components[name] for name in targets}
    wanted = dict(_of_components(watched_ones, rules, set(disabled), settings or {}))
    for name, definition in own.items():
        about = components.get(definition.get("component", ""))
        if name not in wanted and about and (kinds or {}).get(about["kind"]):
            wanted[name] = _of_one(definition, about, (kinds or {})[about["kind"]])
        else:
            wanted[name] = {**wanted.get(name, {}), **definition}
    return [
        _finished(f"{prefix}{name}", definition, topics, notify_ok)
        for name, definition in wanted.items()
        if definition.get("enabled", True)
    ]


def _of_components(
    components: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Definition]],
    disabled: set[str],
    settings: Mapping[str, Definition],
) -> Iterator[tuple[str, Definition]]:
    for component, facts in components.items():
        for alarm, given in rules.get(facts["kind"], {}).items():
            known = f"{facts['kind']}.{alarm}"
            rule = {**given, **settings.get(known, {})}
            if known in disabled or not applies(rule, facts):
                continue
            sets = list(watched(component, facts, rule["dimensions"]))
            if sets:
                yield f"{component}-{alarm}", _definition(component, rule, sets)


def _of_one(definition: Definition, facts: Mapping[str, Any], kind: Definition) -> Definition:
    """An alarm on a metric of a component: where nothing else is said, its namespace and dimensions are its kind's."""
    if not definition.get("metric_name") or definition.get("dimensions"):
        return definition
    sets = list(watched(definition["component"], facts, kind["dimensions"]))
    if "namespace" in definition and definition["namespace"] != kind["namespace"]:
        return definition
    return _definition(definition["component"], {"namespace": kind["namespace"], **definition}, sets)


def _definition(component: str, rule: Definition, sets: list[dict[str, str]]) -> Definition:
    left_out = ("expression", "dimensions", "metrics", "description", "only_with", "not_with")
    definition = {key: value for key, value in rule.items() if key not in left_out}
    definition |= {"component": component, "threshold": float(rule["threshold"])}
    definition |= {"says": rule["description"]} if "description" in rule else {}
    if "expression" not in rule and len(sets) == 1:
        return definition | {"dimensions": sets[0]}
    entry = {"namespace": definition.pop("namespace"), "return_data": False}
    entry |= {"stat": definition.pop("statistic"), "period": definition.pop("period")}
    names = rule.get("metrics") or {"m": definition.pop("metric_name")}
    metrics = [
        {"id": f"{ident}{number}" if len(sets) > 1 else ident, "metric_name": name, "dimensions": at, **entry}
        for (number, at), (ident, name) in product(enumerate(sets, 1), names.items())
    ]
    expression = rule.get("expression") or f"MAX([{', '.join(metric['id'] for metric in metrics)}])"
    return definition | {"metrics": [*metrics, {"id": "watched", "expression": expression}]}


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
