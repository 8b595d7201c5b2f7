# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of several kinds check of statements of policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}


def statement_problems(options: dict[str, Any], name: str, *needed: str, given: tuple[str, ...] = ()) -> Iterator[str]:
    """Statements without what they need, or with what the role fills in itself."""
    for number, statement in enumerate(options.get(name) or []):
        at = f"{name}[{number}]"
        if not isinstance(statement, Mapping):
            continue
        for element in sorted(set(statement) - ELEMENTS):
            yield f"{at} has {element}; allowed are {', '.join(sorted(ELEMENTS))}"
        for element in given:
            if element in statement:
                yield f"{at} has {element}, which the role sets itself; leave it out"
        for element in needed:
            if not {element, f"Not{element}"} & statement.keys():
                yield f"{at} has no {element}; needed are {', '.join(needed)}"
        effect = known(dict(statement), "Effect")
        if effect is not None and effect not in ("Allow", "Deny"):
            yield f"{at} has Effect {effect}; allowed are Allow and Deny"


def wildcard_problems(options: dict[str, Any], name: str, switch: str) -> Iterator[str]:
    """Statements that allow everything."""
    for number, statement in enumerate(options.get(name) or []):
        if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow" or options.get(switch):
            continue
        actions = statement.get("Action", [])
        if "*" in ([actions] if isinstance(actions, str) else actions) or "NotAction" in statement:
            yield f"{name}[{number}] allows the action *; name the actions, or set {switch}"
