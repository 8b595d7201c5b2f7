# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

MARKS = {"passed": "ok", "failed": "FAILED", "not applicable": "-"}
# What the checklist of a document asks for and AWS cannot show.
BY_PEOPLE = (
    "Not to be seen from AWS: that the data was migrated and restoring was tried, and that people know what to do."
)


def checklist(items: Sequence[Mapping[str, Any]], style: str = "text") -> dict[str, Any]:
    """The items of a deployment checklist with their evidence, and their number by status."""
    if style not in ("text", "json"):
        raise AnsibleFilterError(f"format is {style!r}; allowed are text and json")
    counts = Counter(item["status"] for item in items)
    summary = ", ".join(f"{counts[status]} {status}" for status in MARKS)
    if style == "json":
        text = json.dumps(
            {"items": list(items), **{status.replace(" ", "_"): counts[status] for status in MARKS}}, indent=2
        )
    else:
        text = "\n".join([*_lines(items), "", BY_PEOPLE, summary])
    return {"text": text, "summary": summary, "failed": counts["failed"]}


def _lines(items: Sequence[Mapping[str, Any]]) -> list[str]:
    mark = max(map(len, MARKS.values()))
    component = max((len(item["component"]) for item in items), default=0)
    what = max((len(item["item"]) for item in items), default=0)
    return [
        f"{MARKS[item['status']]:<{mark}}  {item['component']:<{component}}  {item['item']:<{what}}  {item['evidence']}"
        for item in items
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"checklist": checklist}
