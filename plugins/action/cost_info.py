# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.plugin_utils import environment
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost import kinds, prices, report

MODULES = "slipway.fargate."
FORMATS = ("text", "json")
RUNNING = "running"


class ActionModule(ActionBase):
    """What an environment costs a month: computed here, AWS is asked for prices and what runs only when wanted."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(
            {
                "live": {"type": "bool", "default": False},
                "compare": {"type": "str", "default": ""},
                "format": {"type": "str", "choices": list(FORMATS), "default": "text"},
            }
        )
        hostvars, groups = task_vars["hostvars"], task_vars["groups"]
        found = environment.components(self._templar, self._loader, hostvars, groups["all"])
        hosts = [host for host in task_vars["ansible_play_hosts_all"] if host in found]
        try:
            estimate = self._estimate(found, hosts, boolean(options["live"]), options["compare"], task_vars)
        except (_ProblemsError, prices.NoPriceError) as error:
            return {**result, "failed": True, "msg": str(error)}
        rendered = (report.as_json if options["format"] == "json" else report.as_text)(estimate)
        return {**result, "changed": False, "estimate": estimate, "rendered": rendered}

    def _estimate(
        self,
        found: Mapping[str, environment.Component],
        hosts: list[str],
        live: bool,
        compare: str,
        task_vars: dict[str, Any],
    ) -> report.Estimate:
        problems = list(dict.fromkeys(report.problems_with(found)))
        used, assumed, more = report.quantities(found, hosts)
        _refuse([*problems, *more])
        before, now = None, None
        if compare == RUNNING:
            now = self._running({host: found[host] for host in hosts}, task_vars)
            before, _, more = report.quantities({**found, **now}, list(now))
            _refuse(more)
        price_of = prices.Prices(own=self._own_prices(found, hosts))
        if live:
            price_of.live = self._live_prices(found, [used, before or {}], task_vars)
        estimate, more = report.estimate(found, used, price_of)
        if before is not None:
            old, others = report.estimate({**found, **now}, before, price_of)
            _refuse([*more, *others])
            estimate["difference"] = {"compared_with": "what runs now", **report.difference(old, estimate)}
        elif compare:
            old = _saved(compare)
            estimate["difference"] = {"compared_with": compare, **report.difference(old, estimate)}
        _refuse(more)
        table = prices.table()
        about = {"date": table["date"], "origin": table["origin"]}
        if live:
            others = f"what it does not have of {table['date']}, {table['origin']}"
            about = {"date": "today", "origin": f"asked of the AWS Price List API; {others}"}
        stack = environment.own_stack(task_vars["hostvars"], task_vars["groups"])
        return {"stack": stack, "prices": about, "assumptions": assumed, **estimate}

    def _own_prices(self, found: Mapping[str, environment.Component], hosts: Iterable[str]) -> dict[str, float]:
        own: dict[str, float] = {}
        for host in hosts:
            own |= found[host].get("cost_prices", {})
        wrong = [
            f"cost_prices: {name} is {value!r}; it must be a number"
            for name, value in own.items()
            if not _number(value)
        ]
        known = [f"cost_prices: {error}" for name in own if (error := _unknown_price(name))]
        _refuse([*wrong, *known])
        return {name: float(value) for name, value in own.items()}

    def _live_prices(
        self,
        found: Mapping[str, environment.Component],
        sides: Iterable[Mapping[str, list[kinds.Use]]],
        task_vars: dict[str, Any],
    ) -> dict[str, dict[str, float]]:
        """The prices of what is used that the Price List API has, by region."""
        wanted: dict[tuple[str, str], dict[str, Any]] = {}
        for used in sides:
            for host, uses in used.items():
                for use in uses:
                    query = prices.live_query(use.price)
                    if query:
                        region = found[host].region
                        wanted[region, use.price] = {**query, "of_region": region}
        answer = self._module("price_list_info", {"queries": list(wanted.values())}, task_vars)
        result: dict[str, dict[str, float]] = {}
        for price in answer["prices"]:
            result.setdefault(price["of_region"], {})[price["name"]] = price["usd"]
        return result

    def _running(
        self, found: Mapping[str, environment.Component], task_vars: dict[str, Any]
    ) -> dict[str, environment.Component]:
        """The components that are there, with the options that AWS has of them."""
        running = {}
        for region in sorted({component.region for component in found.values()}):
            here = [component for component in found.values() if component.region == region]
            asked = [_asked(component) for component in here if component.kind in KINDS]
            answer = self._module("component_usage_info", {"components": asked, "region": region}, task_vars)
            for name, options in answer["components"].items():
                running[name] = found[name].running(options)
        return running

    def _module(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        answer = self._execute_module(f"{MODULES}{name}", arguments, task_vars=task_vars)
        if answer.get("failed"):
            raise _ProblemsError([str(answer.get("msg"))])
        return answer


class _ProblemsError(AnsibleActionFail):
    def __init__(self, problems: list[str]) -> None:
        plural = "s" if len(problems) > 1 else ""
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(problems[0] if len(problems) == 1 else f"{len(problems)} problem{plural}:\n{listed}")


def _refuse(problems: list[str]) -> None:
    if problems:
        raise _ProblemsError(problems)


def _asked(component: environment.Component) -> dict[str, Any]:
    return {
        "component": component.name,
        "kind": component.kind,
        "name": component.resource,
        "options": {name: component.get(name) for name in KINDS[component.kind].options},
    }


def _saved(path: str) -> report.Estimate:
    """An estimate that was saved with format=json."""
    try:
        saved = json.loads(Path(path).read_text(encoding="utf-8"))
        return {
            "components": [{"name": row["name"], "monthly": row["monthly"]} for row in saved["components"]],
            "total": float(saved["total"]),
        }
    except OSError as error:
        raise _ProblemsError(
            [f"compare is {path!r}: {error.strerror}; it must be {RUNNING!r} or a file written with format=json"]
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _ProblemsError([f"compare: {path} is no estimate that was written with format=json"]) from error


def _number(value: Any) -> bool:
    try:
        return float(value) >= 0
    except (TypeError, ValueError):
        return False


def _unknown_price(name: str) -> str:
    try:
        prices.split(name)
    except prices.NoPriceError as error:
        return str(error)
    return ""
