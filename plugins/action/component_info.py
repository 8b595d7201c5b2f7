# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import defaults, described


class ActionModule(ActionBase):
    """Works out from their variables what the components are called, and reads them all in one module run."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        names = arguments.pop("components", None) or [task_vars["inventory_hostname"]]
        if isinstance(names, list):
            arguments["components"] = {name: self._described(name, task_vars) for name in names}
        else:
            arguments["components"] = names
        arguments.setdefault("region", self._templar.template(task_vars.get("aws_region")))
        if "stack_caller" in task_vars:
            arguments.setdefault("caller", self._templar.template(task_vars["stack_caller"]))
        return {**result, **self._execute_module("slipway.fargate.component_info", arguments, task_vars=task_vars)}

    def _described(self, component: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        hostvars = task_vars["hostvars"]
        own = task_vars if component == task_vars["inventory_hostname"] else hostvars.raw_get(component)
        kind = own["component_kind"]
        variables = {**defaults(self._loader, kind), **own, "hostvars": hostvars}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        found = described(kind, component, variables, templar.template)
        for option, template in KINDS[kind].derived.items():
            found["options"][option] = templar.template(trust_as_template(template))
        return found
