# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of an environment with their options as their roles would see them, without any call to AWS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.template import trust_as_template
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation

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


def components(templar: Any, hostvars: Any, hosts: Iterable[str]) -> dict[str, Component]:
    """The components among the hosts. References to facts of others give what is known after a converge only."""
    raw = {host: hostvars.raw_get(host) for host in hosts}
    kinds = {host: variables["component_kind"] for host, variables in raw.items() if "component_kind" in variables}
    stubs = {host: {**raw[host], "component": shape(kind)} for host, kind in kinds.items()}
    return {host: _component(host, kind, stubs, templar) for host, kind in kinds.items()}


def _component(host: str, kind: str, stubs: Mapping[str, Options], templar: Any) -> Component:
    spec = validation.specification(kind)
    defaults = {name: trusted(option["default"]) for name, option in spec.items() if "default" in option}
    values = {"stack_caller": CALLER, **defaults, **stubs[host], "hostvars": stubs}
    return Component(host, kind, values, templar.copy_with_new_env(available_variables=values))


def trusted(value: Any) -> Any:
    """A default of our own roles, whose templates may be trusted."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, Mapping):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def shape(kind: str) -> dict[str, Any]:
    """The facts of a component of the kind, of which nothing is known yet."""
    facts = KINDS[kind].facts if kind in KINDS else ()
    return {"kind": kind, "name": UNKNOWN, "exists": False, **dict.fromkeys(facts, UNKNOWN)}
