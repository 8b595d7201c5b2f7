# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource policy says of what a service, or somebody of the account, wants to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def allows(policy: str | dict[str, Any] | None, action: str, service: str, context: Mapping[str, str]) -> bool:
    return verdict(policy, action, service, context) == "Allow"


def verdict(
    policy: str | bytes | dict[str, Any] | None,
    action: str,
    service: str,
    context: Mapping[str, str],
    resource: str | None = None,
) -> str | None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a deny wins."""
    document = json.loads(policy) if isinstance(policy, (str, bytes)) else policy or {}
    effects = {
        statement["Effect"]
        for statement in _list(document.get("Statement", []))
        if _principal(statement.get("Principal"), service)
        and any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement.get("Action", [])))
        and (resource is None or any(fnmatchcase(resource, name) for name in _list(statement.get("Resource", []))))
        and all(_holds(operator, tests, context) for operator, tests in statement.get("Condition", {}).items())
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _principal(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    named = principal if isinstance(principal, dict) else {}
    return service in _list(named.get("Service", [])) or "*" in _list(named.get("AWS", []))


def _holds(operator: str, tests: dict[str, Any], context: Mapping[str, str]) -> bool:
    lowered = {key.lower(): value for key, value in context.items()}
    for key, wanted in tests.items():
        value = lowered.get(key.lower())
        patterns = [str(item).lower() if operator == "Bool" else str(item) for item in _list(wanted)]
        if operator in ("StringEquals", "Bool"):
            held = value in patterns
        elif operator in ("ArnEquals", "ArnLike", "StringLike"):
            held = value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)
        elif operator == "StringNotEquals":
            held = value not in patterns
        else:
            raise NotImplementedError(f"the condition operator {operator}")
        if not held:
            return False
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
