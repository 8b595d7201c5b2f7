# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate as data and as text, and what two of them differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost import kinds, prices
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost.assumptions import ASSUMPTIONS, unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import Component

Estimate = dict[str, Any]
NOT_IN = "left out: tax, discounts, free allotments, support, traffic between zones"


def problems_with(names: Mapping[str, Component]) -> Iterator[str]:
    """Variables of a component that look like an assumption and are none."""
    for component in names.values():
        yield from unknown(component.named("cost_"))


def quantities(
    components: Mapping[str, Component], hosts: list[str]
) -> tuple[dict[str, list[kinds.Use]], dict[str, Any], list[str]]:
    """What each of the hosts uses, what was assumed for that, and every reason why it cannot be said."""
    env, found, problems = kinds.Environment(components), {}, []
    for host in hosts:
        try:
            found[host] = list(kinds.uses(components[host], env))
        except (AnsibleError, ValueError, TypeError, KeyError) as error:
            problems.append(f"{host}: {error}")
    assumed = {
        name: {"values": sorted(env.assumed[name]), "unit": item.unit, "says": item.says}
        for name, item in ASSUMPTIONS.items()
        if name in env.assumed
    }
    return found, assumed, problems


def estimate(
    components: Mapping[str, Component], used: Mapping[str, list[kinds.Use]], price_of: prices.Prices
) -> tuple[Estimate, list[str]]:
    """The estimate, and every price that is missing."""
    rows, problems = [], []
    for host, uses in used.items():
        lines = []
        for use in uses:
            try:
                lines.append(_line(use, components[host].region, price_of))
            except prices.NoPriceError as error:
                problems.append(f"{host}: {error}")
        monthly = round(sum(line["monthly"] for line in lines), 2)
        kind, region = components[host].kind, components[host].region
        rows.append({"name": host, "kind": kind, "region": region, "monthly": monthly, "lines": lines})
    total = round(sum(row["monthly"] for row in rows), 2)
    return {"currency": "USD", "components": rows, "total": total}, list(dict.fromkeys(problems))


def _line(use: kinds.Use, region: str, price_of: prices.Prices) -> dict[str, Any]:
    unit_price = round(price_of.of(use.price, region) * use.share, 8)
    return {
        "what": use.what,
        "quantity": round(use.quantity, 6),
        "unit": prices.unit(use.price),
        "unit_price": unit_price,
        "monthly": round(use.quantity * unit_price, 2),
        "price": use.price,
        "source": price_of.source(use.price, region),
    }


def difference(before: Estimate, after: Estimate) -> dict[str, Any]:
    """What each component and the whole cost before and after."""
    old, new = ({row["name"]: row["monthly"] for row in side["components"]} for side in (before, after))
    rows = [
        {"name": name, "before": old.get(name, 0.0), "after": new.get(name, 0.0)}
        for name in dict.fromkeys([*new, *old])
    ]
    for row in [*rows, total := {"before": before["total"], "after": after["total"]}]:
        row["change"] = round(row["after"] - row["before"], 2)
    return {"components": rows, **total}


def as_json(result: Estimate) -> str:
    return json.dumps(result, indent=2)


def as_text(result: Estimate) -> str:
    if "difference" in result:
        return "\n".join(_difference_text(result))
    return "\n".join(_estimate_text(result))


def _estimate_text(result: Estimate) -> Iterator[str]:
    yield f"{result['stack']}: estimated cost of a month in USD"
    yield ""
    table = [("component", "what", "quantity", "unit", "unit price", "a month")]
    for row in result["components"]:
        for line in row["lines"]:
            figures = (f"{line['quantity']:,.2f}", line["unit"], f"{line['unit_price']:.6g}", f"{line['monthly']:,.2f}")
            table.append((row["name"], line["what"], *figures))
        if len(row["lines"]) > 1:
            table.append((row["name"], "sum", "", "", "", f"{row['monthly']:,.2f}"))
    table.append(("TOTAL", "", "", "", "", f"{result['total']:,.2f}"))
    yield from aligned(_once(table), right=(2, 4, 5))
    free = [row["name"] for row in result["components"] if not row["lines"]]
    if free:
        yield f"No charge: {', '.join(free)}"
    yield ""
    yield f"Prices of {result['prices']['date']}, {result['prices']['origin']}; {NOT_IN}."
    yield "Assumed (each can be set, as -e cost_nat_gb=50; docs/costs.md):"
    rows = [
        (f"  {name}", ", ".join(f"{value:g}" for value in item["values"]), item["says"])
        for name, item in result["assumptions"].items()
    ]
    yield from aligned(rows, right=(1,))


def _once(table: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The component's name on its first line alone."""
    return [("", *row[1:]) if number and row[0] == table[number - 1][0] else row for number, row in enumerate(table)]


def _difference_text(result: Estimate) -> Iterator[str]:
    found = result["difference"]
    yield f"{result['stack']}: estimated cost of a month in USD, before ({found['compared_with']}) and after"
    yield ""
    rows = [("component", "before", "after", "change")]
    for row in [*found["components"], {"name": "TOTAL", **found}]:
        change = f"{row['change']:+,.2f}" if row["change"] else "="
        rows.append((row["name"], f"{row['before']:,.2f}", f"{row['after']:,.2f}", change))
    yield from aligned(rows, right=(1, 2, 3))


def aligned(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
