# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.plugin_utils.metrics import applies, log_group, region_of, watched

Definition = dict[str, Any]
Components = Mapping[str, Mapping[str, Any]]
Kinds = Mapping[str, Definition]

SIZES = {"text": (24, 2), "log": (24, 6), "metric": (8, 6)}
FILTER_KEYS = ("pattern", "metric_name", "metric_value", "default_value", "unit", "dimensions")
# An alarm on a metric filter, unless it says otherwise: any event in five minutes.
COUNTED = {
    "severity": "warning",
    "statistic": "Sum",
    "period": 300,
    "evaluation_periods": 1,
    "threshold": 0,
    "comparison_operator": "GreaterThanThreshold",
    "treat_missing_data": "notBreaching",
}


def monitored_components(targets: Iterable[str], *declared: Mapping[str, Any]) -> list[str]:
    """The targets, and the components that dashboards, metric filters, queries and alarms name."""
    named = [name for entries in declared for entry in entries.values() for name in components_of(entry)]
    return list(dict.fromkeys([*targets, *named]))


def components_of(entry: Any) -> Iterator[str]:
    """The components that an entry, or a widget of it, names."""
    if isinstance(entry, Mapping):
        yield from [entry["component"]] if entry.get("component") else []
        yield from entry.get("components") or []
        for widget in entry.get("widgets") or []:
            yield from components_of(widget)


def topics(declared: Mapping[str, Any], prefix: str) -> list[Definition]:
    """The topics as slipway.fargate.sns_topics takes them."""
    return [
        {
            "name": f"{prefix}{severity}",
            "display_name": (topic or {}).get("display_name"),
            "subscriptions": (topic or {}).get("subscriptions") or [],
        }
        for severity, topic in declared.items()
    ]


# ---- dashboards -------------------------------------------------------------------------------


def dashboards(
    declared: Mapping[str, Any],
    prefix: str,
    components: Components,
    targets: Iterable[str],
    kinds: Kinds,
    widgets: Mapping[str, list[Definition]],
    region: str,
) -> list[Definition]:
    """The dashboards as slipway.fargate.cloudwatch_dashboards takes them."""
    made = []
    for key, given in declared.items():
        dashboard = given or {}
        shown = {name: components[name] for name in dashboard.get("components") or targets}
        entries = dashboard.get("widgets") or list(_usual(shown, widgets))
        body = dashboard.get("body") or {"widgets": [widget(entry, components, kinds, region) for entry in entries]}
        made.append({"name": dashboard.get("name") or f"{prefix}{key}", "body": body})
    return made


def dashboard_names(declared: Mapping[str, Any], prefix: str) -> list[Definition]:
    """The dashboards as slipway.fargate.cloudwatch_dashboards removes them."""
    return [{"name": (given or {}).get("name") or f"{prefix}{key}"} for key, given in declared.items()]


def _usual(shown: Components, widgets: Mapping[str, list[Definition]]) -> Iterator[Definition]:
    """The widgets of each kind, with a line for each of its components."""
    for kind, entries in widgets.items():
        for entry in entries:
            of_it = [n for n, facts in shown.items() if facts["kind"] == kind and applies(entry, facts)]
            if of_it:
                yield {**entry, "components": of_it}


def widget(entry: Definition, components: Components, kinds: Kinds, region: str) -> Definition:
    """A widget as the body of a dashboard has it. AWS places it beside the one before, where it fits."""
    if "properties" in entry:
        return entry
    kind = "text" if "text" in entry else "log" if "query" in entry else "metric"
    width, height = SIZES[kind]
    size = {"type": kind, "width": entry.get("width", width), "height": entry.get("height", height)}
    title = {"title": entry["title"]} if entry.get("title") else {}
    if kind == "text":
        return {**size, "properties": {"markdown": entry["text"]}}
    if kind == "log":
        groups = " | ".join(f"SOURCE '{group}'" for group in _groups(entry, components, kinds))
        properties = {"region": region, "view": "table", "query": f"{groups} | {entry['query']}"}
        return {**size, "properties": {**title, **properties}}
    properties = {
        "region": region,
        "view": entry.get("view", "timeSeries"),
        "stacked": entry.get("stacked", False),
        "stat": entry.get("statistic", "Average"),
        "period": entry.get("period", 60),
        "metrics": list(_lines(entry, components, kinds, region)),
    }
    return {**size, "properties": {**title, **properties}}


def _lines(entry: Definition, components: Components, kinds: Kinds, region: str) -> Iterator[list[Any]]:
    names = list(components_of(entry))
    for metric in entry["metrics"] if not names else ():
        pairs = [part for pair in (entry.get("dimensions") or {}).items() for part in pair]
        yield [entry["namespace"], metric, *map(str, pairs)]
    for name in names:
        facts = components[name]
        kind = kinds[facts["kind"]]
        sets = list(watched(name, facts, entry.get("dimensions") or kind["dimensions"]))
        where = region_of(kind, facts, region)
        for metric in entry["metrics"]:
            for number, at in enumerate(sets, 1):
                label = " ".join(
                    [name, *([str(number)] if len(sets) > 1 else []), *([metric] if len(entry["metrics"]) > 1 else [])]
                )
                more = {"label": label, **({"region": where} if where != region else {})}
                pairs = [part for pair in at.items() for part in pair]
                yield [entry.get("namespace") or kind["namespace"], metric, *pairs, more]


# ---- logs -------------------------------------------------------------------------------------


def metric_filters(
    declared: Mapping[str, Definition], prefix: str, components: Components, kinds: Kinds, namespace: str
) -> list[Definition]:
    """The metric filters as slipway.fargate.logs_metric_filters takes them."""
    made = []
    for key, entry in declared.items():
        found = _groups(entry, components, kinds)
        if len(found) != 1:
            raise AnsibleFilterError(f"metric filter {key} has {len(found)} log groups; needed is one")
        own = {name: entry[name] for name in FILTER_KEYS if entry.get(name) is not None}
        space = entry.get("namespace") or namespace
        made.append({"name": f"{prefix}{key}", "log_group": found[0], "metric_namespace": space, **own})
    return made


def filter_alarms(declared: Mapping[str, Definition], namespace: str) -> dict[str, Definition]:
    """The alarms on metric filters that have some, by the filters' names."""
    return {
        key: {
            **COUNTED,
            "metric_name": entry["metric_name"],
            "namespace": entry.get("namespace") or namespace,
            **entry["alarm"],
        }
        for key, entry in declared.items()
        if entry.get("alarm") is not None
    }


def saved_queries(
    declared: Mapping[str, Definition], prefix: str, components: Components, targets: Iterable[str], kinds: Kinds
) -> list[Definition]:
    """The queries as slipway.fargate.logs_query_definitions takes them; of all services unless they say otherwise."""
    services = [name for name in targets if components[name]["kind"] == "ecs_service"]
    made = []
    for key, entry in declared.items():
        of_them = entry if list(components_of(entry)) or entry.get("log_groups") else {"components": services}
        groups = _groups({**entry, **of_them}, components, kinds)
        language = {"language": entry["language"]} if entry.get("language") else {}
        made.append({"name": f"{prefix}{key}", "query": entry["query"], "log_groups": groups, **language})
    return made


def _groups(entry: Definition, components: Components, kinds: Kinds) -> list[str]:
    """The log groups that an entry names, and those of the components that it names."""
    named = [entry["log_group"]] if entry.get("log_group") else list(entry.get("log_groups") or [])
    theirs = [log_group(name, components[name], kinds, entry) for name in components_of(entry)]
    return list(dict.fromkeys([*named, *theirs]))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "monitored_components": monitored_components,
            "topics": topics,
            "dashboards": dashboards,
            "dashboard_names": dashboard_names,
            "metric_filters": metric_filters,
            "filter_alarms": filter_alarms,
            "saved_queries": saved_queries,
        }
