# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of an ECS service are read, by what renders them and by what checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import OWN, PAUSE, PERCENT, ROLLING
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown, without_none


def secret_component(reference: Any) -> str:
    """The component of `component` or `component:jsonkey`; empty for an ARN."""
    if is_unknown(reference) or not isinstance(reference, str) or reference.startswith("arn:"):
        return ""
    return reference.partition(":")[0]


def slug(text: str) -> str:
    """Lower-case letters, digits, dashes and underscores only."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def volume_name(container: str, path: str) -> str:
    return f"{container}-{slug(path) or 'root'}"


def file_system_volume(item: Mapping[str, Any]) -> str:
    """The name of the volume that is a file system, or one of its access points."""
    return slug("-".join(filter(None, (item["file_system"], item.get("access_point")))))


def deployment_strategy(strategy: str, bake_time: int, percent: float | None, pause: int | None) -> dict[str, Any]:
    """The options of the role that shift traffic as part of a deployment configuration."""
    if strategy == ROLLING:
        return {"strategy": strategy}
    found: dict[str, Any] = {"strategy": strategy, "bake_time_in_minutes": bake_time}
    if strategy in OWN:
        own = without_none({PERCENT[strategy][0]: percent, PAUSE[strategy][0]: pause})
        found |= {OWN[strategy]: own} if own else {}
    return found
