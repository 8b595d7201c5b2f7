# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of an environment with their options as their roles would see them, without any call to AWS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, is_unknown

ROLES = Path(__file__).parents[2] / "roles"
SHARED = "shared"  # the group of the components of another environment, whose data this one uses
Options = Mapping[str, Any]
# What validate.yml registers of whose credentials these are. An inventory may use it, as in ARNs of policies.
CALLER = {"account": UNKNOWN, "arn": UNKNOWN}


class Component:
    """One component. Options are templated when somebody asks, so that only what is asked for can be wrong."""

    def __init__(self, name: str, kind: str, values: Options, templar: Any) -> None:
        self.name = name
        self.kind = kind
        self.values = values
        self.templar = templar
        self.instead: Options = {}  # options as they are in AWS, in the place of those of the inventory

    def get(self, option: str, default: Any = None) -> Any:
        """The option, or the default when it is not set, or known only after a converge."""
        value = self.instead[option] if option in self.instead else self.templated(option)
        return default if value is None or is_unknown(value) else value

    def templated(self, option: str) -> Any:
        value = self.values.get(option)
        return value if value is None else self.templar.template(value)

    def named(self, prefix: str) -> Iterator[str]:
        return (name for name in self.values if name.startswith(prefix))

    @property
    def region(self) -> str:
        return str(self.get(f"{self.kind}_region") or self.get("aws_region", ""))

    @property
    def resource(self) -> str:
        """The name of its resource in AWS."""
        return str(self.get(f"{self.kind}_name", ""))

    def running(self, options: Options) -> Component:
        """The same component with options as they are in AWS."""
        other = Component(self.name, self.kind, self.values, self.templar)
        other.instead = options
        return other


def own_stack(hostvars: Any, groups: Mapping[str, Collection[str]]) -> str:
    """The environment itself as system/tier."""
    own = [host for host in groups["all"] if host not in groups.get(SHARED, ())] or list(groups["all"])
    known = hostvars.raw_get(own[0])
    return f"{known.get('stack_name')}/{known.get('stack_environment')}"


def components(templar: Any, loader: DataLoader, hostvars: Any, hosts: Iterable[str]) -> dict[str, Component]:
    """The components among the hosts. References to facts of others give what is known after a converge only."""
    raw = {host: hostvars.raw_get(host) for host in hosts}
    kinds = {host: variables["component_kind"] for host, variables in raw.items() if "component_kind" in variables}
    stubs = {host: {**raw[host], "component": shape(kind)} for host, kind in kinds.items()}

    def component(host: str, kind: str) -> Component:
        values = {"stack_caller": CALLER, **defaults(loader, kind), **stubs[host], "hostvars": stubs}
        return Component(host, kind, values, templar.copy_with_new_env(available_variables=values))

    return {host: component(host, kind) for host, kind in kinds.items()}


def defaults(loader: DataLoader, kind: str) -> dict[str, Any]:
    """The defaults of the kind's role; the loader keeps what it has read."""
    file = ROLES / kind / "defaults" / "main.yml"
    return loader.load_from_file(str(file), trusted_as_template=True) or {} if file.exists() else {}


def described(kind: str, component: str, variables: Options, template: Callable[[Any], Any]) -> dict[str, Any]:
    """What M(slipway.fargate.component_info) is to look for: kind, name, options and region."""

    def value(name: str) -> Any:
        found = variables.get(name)
        return None if found is None else template(found)

    own_region = KINDS[kind].region and template(trust_as_template(KINDS[kind].region))
    return {
        "kind": kind,
        "name": value(f"{kind}_name") or f"{value('stack_name')}-{value('stack_environment')}-{component}",
        "options": {option: value(option) for option in KINDS[kind].options},
        "region": own_region or value(f"{kind}_region") or value("aws_region"),
    }


def shape(kind: str) -> dict[str, Any]:
    """The facts of a component of the kind, of which nothing is known yet."""
    facts = KINDS[kind].facts if kind in KINDS else ()
    return {"kind": kind, "name": UNKNOWN, "exists": False, **dict.fromkeys(facts, UNKNOWN)}
