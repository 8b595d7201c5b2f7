# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.slipway.fargate.plugins.module_utils.checks import WANTED
from ansible_collections.slipway.fargate.plugins.plugin_utils import environment


class ActionModule(ActionBase):
    """Gives the module what the inventory wants of the component."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        host, hosts = task_vars["inventory_hostname"], task_vars["groups"]["all"]
        component = environment.components(self._templar, self._loader, task_vars["hostvars"], hosts)[host]
        options = {name: component.get(name) for name in WANTED.get(component.kind, ())}
        given = {name: value for name, value in options.items() if value is not None}
        arguments = {**self._task.args, "options": {**given, **(self._task.args.get("options") or {})}}
        return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars)}
