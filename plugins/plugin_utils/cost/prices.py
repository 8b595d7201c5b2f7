# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The price table, and what takes the place of its prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("prices.yml")
EVERYWHERE = "all"


@cache
def table() -> dict[str, Any]:
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


class NoPriceError(Exception):
    """There is no price of what an environment uses; its text names what there is instead."""


@dataclass
class Prices:
    """Prices by region and name, as `fargate.arm-gb`: one's own first, then live ones, then those of the table."""

    own: Mapping[str, float] = field(default_factory=dict)
    live: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # region -> name -> price

    def of(self, name: str, region: str) -> float:
        for prices in (self.own, self.live.get(region, {})):
            if name in prices:
                return float(prices[name])
        group, item = split(name)
        prices = _of_region(group, region)
        if not prices:
            regions = ", ".join(table()["groups"][group]["prices"])
            raise NoPriceError(f"no price of {name} in {region}; {hint(name)}, or one of {regions}")
        if item not in prices:
            nearest = get_close_matches(item, prices, 3) or list(prices)
            raise NoPriceError(f"no price of {name} in {region}; {hint(name)}. Near it are {', '.join(nearest)}")
        return float(prices[item])

    def source(self, name: str, region: str) -> str:
        """Where the price comes from."""
        if name in self.own:
            return "cost_prices"
        return (
            "AWS Price List API" if name in self.live.get(region, {}) else table()["groups"][split(name)[0]]["source"]
        )


def hint(name: str) -> str:
    return f"ask for it with -e live=true, or give cost_prices: {{{name}: <USD>}}"


def split(name: str) -> tuple[str, str]:
    """The group and the item of a name; the longest group that fits."""
    fits = [group for group in table()["groups"] if name.startswith(f"{group}.")]
    if not fits:
        raise NoPriceError(f"there is no price called {name}; groups are {', '.join(table()['groups'])}")
    group = max(fits, key=len)
    return group, name[len(group) + 1 :]


def unit(name: str) -> str:
    group, item = split(name)
    found = table()["groups"][group]
    return found.get("units", {}).get(item) or found.get("unit", "")


def _of_region(group: str, region: str) -> Mapping[str, float]:
    prices = table()["groups"][group]["prices"]
    return prices.get(region) or prices.get(EVERYWHERE, {})


def zones(region: str) -> int:
    """How many zones, and so subnets, a default VPC of the region has."""
    return table()["zones"].get(region, 3)


def live_query(name: str) -> dict[str, Any] | None:
    """How the Price List API finds the price; None where only the table knows it."""
    group, item = split(name)
    live = table()["groups"][group].get("live")
    usage = live and (live["usage"] if isinstance(live["usage"], str) else live["usage"].get(item))
    if not usage:
        return None
    filters = {key: value.format(item=item) for key, value in live.get("filters", {}).items()}
    return {"name": name, "service": live["service"], "usage": usage.format(item=item), "filters": filters}


def names() -> Iterator[str]:
    """Every price of the table."""
    for group, found in table()["groups"].items():
        for item in dict.fromkeys(item for prices in found["prices"].values() for item in prices):
            yield f"{group}.{item}"
