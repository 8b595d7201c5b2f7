# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleFilterError

# What a destroy says first: what keeps data.
DATA_KINDS = ("rds", "efs", "elasticache", "s3_bucket", "sqs", "secret", "ecr", "cognito")


def outputs(values: Mapping[str, Any], style: str = "text", only: str | None = None) -> str:
    """The outputs of an environment as text, JSON or shell exports; one of them alone as its bare value."""
    if style not in ("text", "json", "shell"):
        raise AnsibleFilterError(f"format is {style!r}; allowed are text, json and shell")
    if only is not None and only not in values:
        nearest = get_close_matches(only, values, 1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"outputs are {', '.join(values)}"
        raise AnsibleFilterError(f"output is {only!r}: {hint}")
    if style == "json":
        return json.dumps(values if only is None else values[only], indent=2)
    chosen = values if only is None else {only: values[only]}
    if style == "shell":
        return "\n".join(f"export {name.upper()}={shlex.quote(bare(value))}" for name, value in chosen.items())
    if only is not None:
        return bare(values[only])
    width = max(map(len, values), default=0)
    return "\n".join(f"{name:<{width}} = {bare(value)}" for name, value in values.items())


def bare(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def doomed(components: Iterable[Mapping[str, Any]], hosts: Iterable[str]) -> dict[str, Any]:
    """What a destroy would remove of the components that are there: as text, data first, and what is protected."""
    there = [(host, facts) for host, facts in zip(hosts, components, strict=True) if facts["exists"]]
    there = [(host, facts) for host, facts in there if facts.get("managed", True)]
    there.sort(key=lambda item: (_rank(item[1]["kind"]), item[0]))
    lines = []
    for heading, wanted in (("DATA that would be lost", True), ("Would be removed", False)):
        listed = [(host, facts) for host, facts in there if (facts["kind"] in DATA_KINDS) == wanted]
        lines += (
            [f"{heading}:", *(f"  - {host}: {facts['kind']} {facts['name']}" for host, facts in listed)]
            if listed
            else []
        )
    return {
        "text": "\n".join(lines or ["There is nothing to remove."]),
        "protected": [host for host, facts in there if facts.get("deletion_protection") is True],
    }


def _rank(kind: str) -> int:
    return DATA_KINDS.index(kind) if kind in DATA_KINDS else len(DATA_KINDS)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"outputs": outputs, "doomed": doomed}
