# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check sees of a component, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"
Document = dict[str, Any]


class Item(NamedTuple):
    """An item of the checklist."""

    item: str
    status: str
    evidence: str


@dataclass
class Seen:
    """A component that is there."""

    client: Callable[..., Any]  # a RetryingClient for a service, in another region when one is named
    name: str  # of its resource
    facts: Document
    options: Document  # what the inventory wants, where a check depends on it
    region: str

    def option(self, name: str, default: Any = None) -> Any:
        value = self.options.get(name)
        return default if value is None else value


def item(text: str, good: Any, evidence: str, *, wanted: Any = True, unwanted: str = "") -> Item:
    """Passed or failed; not applicable when nobody wants it, for the reason given."""
    if not wanted:
        return Item(text, NOT_APPLICABLE, unwanted or "the inventory does not ask for it")
    return Item(text, PASSED if good else FAILED, evidence)


def listed(values: Any) -> str:
    return ", ".join(sorted(str(value) for value in values)) or "none"


def on(value: Any) -> bool:
    """Whether an option of the inventory is on, however it was given."""
    return str(value).lower() not in ("", "0", "none", "false", "no", "off", "[]", "{}")
