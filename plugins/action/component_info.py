# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import defaults, described


class ActionModule(ActionBase):
    """Works out from their variables what the components are called, and reads them all in one module run."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        unchanged = boolean(self._templar.template(arguments.pop("unchanged", False)))
        names = arguments.pop("components", None) or [task_vars["inventory_hostname"]]
        if unchanged and (known := _known(names, task_vars)):
            return {**result, "changed": False, "ansible_facts": {"slipway": known}}
        described = Described(self._templar, self._loader, task_vars)
        arguments["components"] = described.all(names) if isinstance(names, list) else names
        arguments.setdefault("region", self._templar.template(task_vars.get("aws_region")))
        if "stack_caller" in task_vars:
            arguments.setdefault("caller", self._templar.template(task_vars["stack_caller"]))
        return {**result, **self._execute_module("slipway.fargate.component_info", arguments, task_vars=task_vars)}


class Described:
    """What M(slipway.fargate.component_info) is to look for, of components of the inventory."""

    def __init__(
        self, templar: Any, loader: Any, task_vars: dict[str, Any], more: Mapping[str, Any] | None = None
    ) -> None:
        """more: variables for those components that have them not."""
        self._templar = templar
        self._loader = loader
        self._task_vars = task_vars
        self._more = more or {}

    def all(self, names: Collection[str]) -> dict[str, Any]:
        return {name: self.one(name, names) for name in names}

    def one(self, component: str, together: Collection[str] = ()) -> dict[str, Any]:
        """together: the components that are read in the same run."""
        hostvars = self._task_vars["hostvars"]
        own = self._task_vars if component == self._task_vars["inventory_hostname"] else hostvars.raw_get(component)
        kind = own["component_kind"]
        variables = {**self._more, **defaults(self._loader, kind), **own, "hostvars": hostvars}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        found = described(kind, component, variables, templar.template)
        for option, (variable, fact) in KINDS[kind].derived.items():
            other = templar.template(variables[variable])
            if other in together:
                found.setdefault("derived", {})[option] = {"component": other, "fact": fact}
            else:
                found["options"][option] = templar.template(
                    trust_as_template(f"{{{{ hostvars[{variable}].component.{fact} }}}}")
                )
        return found


def is_final(facts: Mapping[str, Any], names: Collection[str]) -> bool:
    """Whether these are all the facts of the components, and AWS is at rest."""
    return all(
        name in facts and not is_unknown(facts[name]) and not KINDS[facts[name]["kind"]].is_pending(facts[name])
        for name in names
    )


def _known(names: Collection[str], task_vars: dict[str, Any]) -> dict[str, Any]:
    """The facts that validate_environment found, if it found all there is to know of these components."""
    before = task_vars.get("ansible_facts", {}).get("slipway_before", {})
    return {name: before[name] for name in names} if is_final(before, names) else {}
