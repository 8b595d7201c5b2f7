# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known

NAME = re.compile(r"(?!.*/action/)[^:\\]{1,100}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MOST_NOTIFICATIONS = MOST_ADDRESSES = 10
PUBLISHER = "budgets.amazonaws.com"


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, amount = known(options, "budget_name"), known(options, "budget_limit_amount")
    if name is not None and not NAME.fullmatch(str(name)):
        yield f"budget_name is {name!r}; allowed are 1 to 100 characters, no colon and no backslash"
    if amount is not None and float(amount) <= 0:
        yield f"budget_limit_amount is {amount}; allowed is more than 0"
    for key, values in (known(options, "budget_cost_filters") or {}).items():
        if not isinstance(values, list) or not values:
            yield f"budget_cost_filters.{key} is {values!r}; allowed is a list of values"
        elif key == "TagKeyValue" and options.get("budget_filter_tags"):
            yield "budget_cost_filters has TagKeyValue, which budget_filter_tags sets; allowed is one of them"
    everybody = known(options, "budget_email_addresses") or []
    yield from _addresses("budget_email_addresses", everybody)
    yield from _publishers(options)
    yield from _notifications(options, everybody)


def _publishers(options: dict[str, Any]) -> Iterator[str]:
    monitoring, publishers = options.get("budget_monitoring"), known(options, "budget_publishers")
    if monitoring and publishers is not None and PUBLISHER not in publishers:
        yield f"budget_monitoring is {monitoring}, whose monitoring_publishers have no {PUBLISHER}; add it there"


def _notifications(options: dict[str, Any], everybody: list[str]) -> Iterator[str]:
    entries = known(options, "budget_notifications") or []
    if len(entries) > MOST_NOTIFICATIONS:
        yield f"budget_notifications has {len(entries)} entries; allowed are {MOST_NOTIFICATIONS}"
    seen = set()
    for index, entry in enumerate(entries):
        where, threshold = f"budget_notifications[{index}]", float(entry["threshold"])
        if threshold <= 0:
            yield f"{where} has the threshold {threshold:g}; allowed is more than 0"
        addresses = entry.get("email_addresses")
        yield from _addresses(f"{where}.email_addresses", addresses or [])
        if not (everybody if addresses is None else addresses) and not options.get("budget_monitoring"):
            yield f"{where} tells nobody; needed is email_addresses, budget_email_addresses or budget_monitoring"
        same = (
            entry.get("type", "ACTUAL"),
            entry.get("comparison_operator", "GREATER_THAN"),
            threshold,
            entry.get("threshold_type", "PERCENTAGE"),
        )
        if same in seen:
            yield f"{where} differs from another entry only in who is told; allowed is one entry for all of them"
        seen.add(same)


def _addresses(where: str, addresses: Iterable[Any]) -> Iterator[str]:
    listed = list(addresses)
    if len(listed) > MOST_ADDRESSES:
        yield f"{where} has {len(listed)} entries; allowed are {MOST_ADDRESSES}"
    for address in listed:
        if not EMAIL.fullmatch(str(address)):
            yield f"{where} has {address!r}; allowed is an address as money@example.com"


def _monitoring(value: Any) -> Iterator[str]:
    if value:
        yield str(value)


REFERENCES = {"budget_monitoring": ("monitoring", _monitoring)}
