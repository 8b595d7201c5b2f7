# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack
short_description: An environment of a system, its components as hosts
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - Reads one environment of one system. Every component is a host and its kind is its group.
  - Puts every component into the groups of the system and of the tier too, nested so deep that variables of the system
    beat those of the kind, variables of the tier beat those of the system, and variables of a component beat them all.
    Plain groups could not do that without listing every host again.
options:
  plugin:
    description: Marks the file as an environment.
    type: str
    required: true
    choices: [slipway.fargate.stack]
  stack_name:
    description: The system, also the name of its group.
    type: str
    required: true
  stack_environment:
    description: The tier, also the name of its group.
    type: str
    required: true
  components:
    description:
      - For every kind of component (the name of a role) its components, as a list of names, or as a dictionary of names
        with variables of their own.
    type: dict
    required: true
  vars:
    description: Variables of this environment; they beat those of the tier's group_vars.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# inventories/shop/dev.yml
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  vpc: [network]
  security_group: [web-sg, tasks-sg]
  ecs_cluster: [cluster]
  ecs_service:
    web:
      ecs_service_cpu: 256
vars:
  aws_region: eu-west-1
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

ROLES = Path(__file__).parents[2] / "roles"


def kinds() -> list[str]:
    """The kinds of component there are: one for each role."""
    return sorted(role.name for role in ROLES.iterdir() if role.is_dir())


def _variables(hosts: list[str] | dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The variables of each component of a kind."""
    named = hosts if isinstance(hosts, dict) else dict.fromkeys(hosts or [])
    return {host: variables or {} for host, variables in named.items()}


class InventoryModule(BaseInventoryPlugin):
    NAME = "slipway.fargate.stack"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        system, tier = self.get_option("stack_name"), self.get_option("stack_environment")
        components = {kind: _variables(hosts) for kind, hosts in self.get_option("components").items()}
        self._validate(path, system, tier, components)
        # Variables of a deeper group win: kind (1) < system (2) < tier (3) < the component itself.
        for parent, child in (("all", "systems"), ("systems", system), (system, tier)):
            inventory.add_group(child)
            inventory.add_child(parent, child)
        stack = {"stack_name": system, "stack_environment": tier, **self.get_option("vars")}
        for name, value in stack.items():
            inventory.set_variable(tier, name, value)
        for kind, hosts in components.items():
            self._add_kind(kind, hosts, tier)

    def _add_kind(self, kind: str, hosts: dict[str, Any], tier: str) -> None:
        self.inventory.add_group(kind)
        self.inventory.set_variable(kind, "component_kind", kind)
        for host, variables in hosts.items():
            self.inventory.add_host(host, group=kind)
            self.inventory.add_host(host, group=tier)
            for name, value in variables.items():
                self.inventory.set_variable(host, name, value)

    def _validate(self, path: str, system: str, tier: str, components: dict[str, Any]) -> None:
        problems, seen = [], {}
        if system in kinds() or tier in kinds() or system == tier:
            problems.append(
                f"stack_name {system!r} and stack_environment {tier!r} must differ from each other and from kinds"
            )
        for kind, hosts in components.items():
            if kind not in kinds():
                nearest = get_close_matches(kind, kinds(), 1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"kinds are {', '.join(kinds())}"
                problems.append(f"unknown kind of component {kind!r}: {hint}")
            for host in hosts:
                if host in seen:
                    problems.append(f"component {host!r} is declared as {seen[host]} and again as {kind}")
                seen[host] = kind
        if problems:
            raise AnsibleParserError(f"{path}: " + "; ".join(problems))
