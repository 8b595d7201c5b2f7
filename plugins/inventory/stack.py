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
    description: Variables of this environment; they beat those of all group_vars, and lose to those of a component.
    type: dict
    default: {}
  stack_data:
    description:
      - Another environment of this system, whose file lies beside this one. The components that keep data, and what
        they stand on, are those of it, in the group C(shared). They are looked up, and never created or changed.
      - With it several applications can run on the same data.
    type: str
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
from typing import Any, NamedTuple

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

ROLES = Path(__file__).parents[2] / "roles"
# What data.yml converges; the others are the application.
DATA_KINDS = (
    *("certificate", "cognito", "config_recorder", "dns", "ecr", "efs", "elasticache", "guardduty", "iam_role", "rds"),
    *("s3_bucket", "secret", "security_group", "ses", "sqs", "trail", "vpc", "vpc_endpoint"),
)
SHARED, DATA = "shared", "data"  # groups

Components = dict[str, dict[str, dict[str, Any]]]  # kind -> component -> its variables


class Environment(NamedTuple):
    """What a file declares."""

    system: str
    tier: str
    components: Components
    variables: dict[str, Any]


def kinds() -> list[str]:
    """The kinds of component there are: one for each role."""
    return sorted(role.name for role in ROLES.iterdir() if role.is_dir())


def _components(declared: dict[str, list[str] | dict[str, Any] | None]) -> Components:
    """The variables of each component by kind."""
    named = {kind: hosts if isinstance(hosts, dict) else dict.fromkeys(hosts or []) for kind, hosts in declared.items()}
    return {kind: {host: variables or {} for host, variables in hosts.items()} for kind, hosts in named.items()}


class InventoryModule(BaseInventoryPlugin):
    NAME = "slipway.fargate.stack"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        own = Environment(
            self.get_option("stack_name"),
            self.get_option("stack_environment"),
            _components(self.get_option("components")),
            self.get_option("vars"),
        )
        environments = [own]
        if self.get_option("stack_data"):
            environments.insert(0, self._shared(path, own, self.get_option("stack_data")))
        _validate(path, environments)
        for environment in environments:
            self._add(environment, shared=environment is not own)

    def _shared(self, path: str, own: Environment, tier: str) -> Environment:
        """The data components of another environment, from its file."""
        file = Path(path).with_name(f"{tier}{Path(path).suffix}")
        if not file.is_file() or tier == own.tier:
            raise AnsibleParserError(f"{path}: stack_data is {tier!r}; there must be another environment {file}")
        read = self.loader.load_from_file(str(file), trusted_as_template=True)
        components = _components(read.get("components") or {})
        data = {kind: hosts for kind, hosts in components.items() if kind in DATA_KINDS}
        return Environment(own.system, tier, data, read.get("vars") or {})

    def _add(self, environment: Environment, *, shared: bool) -> None:
        """Variables of a deeper group win: kind (1) < system (2) < tier (3) < the environment's own < the component."""
        system, tier = environment.system, environment.tier
        for parent, child in (("all", "systems"), ("systems", system), (system, tier)):
            self.inventory.add_group(child)
            self.inventory.add_child(parent, child)
        for name, value in (("stack_name", system), ("stack_environment", tier)):
            self.inventory.set_variable(tier, name, value)
        for kind, hosts in environment.components.items():
            groups = [kind, tier, *([DATA] if kind in DATA_KINDS else []), *([SHARED] if shared else [])]
            for group in groups:
                self.inventory.add_group(group)
            self.inventory.set_variable(kind, "component_kind", kind)
            for host, variables in hosts.items():
                for group in groups:
                    self.inventory.add_host(host, group=group)
                # As variables of the host, since group_vars files beat what is set on a group here.
                for name, value in {**environment.variables, **variables}.items():
                    self.inventory.set_variable(host, name, value)


def _validate(path: str, environments: list[Environment]) -> None:
    problems: list[str] = []
    seen: dict[str, str] = {}
    reserved = {*kinds(), SHARED, DATA}
    for system, tier, components, _ in environments:
        if system in reserved or tier in reserved or system == tier:
            problems.append(
                f"stack_name {system!r} and stack_environment {tier!r} must differ from each other, from kinds, "
                f"from {DATA!r} and from {SHARED!r}"
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
