# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a component is called, from its variables and its role's defaults, as the role itself would see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS

ROLES = Path(__file__).parents[2] / "roles"


def defaults(loader: DataLoader, kind: str) -> dict[str, Any]:
    """The defaults of the kind's role; the loader keeps what it has read."""
    file = ROLES / kind / "defaults" / "main.yml"
    return loader.load_from_file(str(file), trusted_as_template=True) or {} if file.exists() else {}


def described(
    kind: str, component: str, variables: Mapping[str, Any], template: Callable[[Any], Any]
) -> dict[str, Any]:
    """What M(slipway.fargate.component_info) is to look for: kind, name, options and region."""

    def value(name: str) -> Any:
        found = variables.get(name)
        return None if found is None else template(found)

    return {
        "kind": kind,
        "name": value(f"{kind}_name") or f"{value('stack_name')}-{value('stack_environment')}-{component}",
        "options": {option: value(option) for option in KINDS[kind].options},
        "region": _region(kind, template) or value(f"{kind}_region") or value("aws_region"),
    }


def _region(kind: str, template: Callable[[Any], Any]) -> str | None:
    return template(trust_as_template(KINDS[kind].region)) if KINDS[kind].region else None
