# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a component publishes for others to refer to: the same facts after a converge and from look-up alone."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, is_unknown


def read_facts(aws: Aws, kind: str, name: str, options: dict[str, Any]) -> Facts | None:
    """The facts of a component that is there; None when it is not."""
    if is_unknown([name, options]):
        return None
    facts = KINDS[kind].read(aws, name, options)
    return None if facts is None else {"kind": kind, "name": name, "exists": True, **facts}


def predicted_facts(aws: Aws, kind: str, name: str, options: dict[str, Any]) -> Facts:
    """The facts of a component that is not there yet, in the same shape."""
    unknown = dict.fromkeys(KINDS[kind].facts, UNKNOWN)
    known = {} if is_unknown(name) else KINDS[kind].predict(aws, name, options)
    return {"kind": kind, "name": name, "exists": False, **unknown, **known}


def not_there(component: str, kind: str, name: str) -> str:
    return f"component {component}: there is no {KINDS[kind].resource} {name}; converge {component} first"
