# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.fargate.plugins.action.component_info import Described, is_final
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import CALLER, defaults, own_stack, shape


class ActionModule(ActionBase):
    """Reports all that is wrong with the input of an environment at once, before anything is written."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        hostvars = task_vars["hostvars"]
        raw = {host: hostvars.raw_get(host) for host in task_vars["groups"]["all"]}
        components = {
            host: variables["component_kind"] for host, variables in raw.items() if "component_kind" in variables
        }
        # A component refers to others through their published facts: none is known yet, the shape is.
        stubs = {host: {**raw[host], "component": shape(kind)} for host, kind in components.items()}
        problems, options = [], {}
        for host, kind in components.items():
            own = {"stack_caller": CALLER, **raw[host], "component": stubs[host]["component"], "hostvars": stubs}
            options[host] = {}
            problems += [f"{host}: {problem}" for problem in self._problems(kind, own, components, options[host])]
        problems += validation.singleton_problems(
            components, {host: raw[host].get("aws_region") for host in components}
        )
        problems += validation.relation_problems(components, options)
        account = self._account(components, options, task_vars, bool(problems))
        problems += [problem.removeprefix("component ") for problem in account.get("problems", [])]
        if account.get("failed") and "problems" not in account:
            return {**result, **account}
        if problems:
            stack = own_stack(hostvars, task_vars["groups"])
            listed = "\n".join(f"  - {problem}" for problem in problems)
            plural = "s" if len(problems) > 1 else ""
            return {
                **result,
                "failed": True,
                "msg": f"{len(problems)} problem{plural} with {stack}:\n{listed}",
                "problems": problems,
            }
        before = account["ansible_facts"].pop("slipway")
        account["ansible_facts"]["slipway_before"] = before
        account["settled"] = is_final(before, components)
        return {**result, **account, "changed": False, "problems": []}

    def _problems(
        self, kind: str, variables: dict[str, Any], components: Mapping[str, str], options: dict[str, Any]
    ) -> Iterator[str]:
        raw = validation.own_variables(kind, variables)
        yield from validation.unknown_options(kind, raw, variables.get("stack_inputs", ()))
        yield from validation.template_problems(kind, raw, components)
        spec = validation.specification(kind)
        values = {**defaults(self._loader, kind), **{name: raw[name] for name in raw if name in spec}}
        templar = self._templar.copy_with_new_env(available_variables={**variables, **values})
        for name, value in values.items():
            if validation.refers_to_others(value, components):
                continue  # reported above
            try:
                options[name] = templar.template(value)
            except AnsibleError as error:
                yield f"{name} cannot be templated: {error}"
        wrong = dict(validation.type_problems(kind, options))
        yield from wrong.values()
        yield from validation.reference_problems(kind, options, components)
        right = {name: value for name, value in options.items() if name not in wrong}
        yield from validation.rule_problems(
            kind, {**right, "aws_region": templar.template(variables.get("aws_region"))}
        )

    def _account(
        self,
        components: Mapping[str, str],
        options: Mapping[str, dict[str, Any]],
        task_vars: dict[str, Any],
        is_wrong: bool,
    ) -> dict[str, Any]:
        """Whose credentials these are, and the facts of what is there: one look at AWS.

        Fails when what must be there already is not: a VPC that is only looked up. With a wrong input it asks for no
        more.
        """
        looked_up = {
            host
            for host, kind in components.items()
            if kind == "vpc" and options[host].get("vpc_mode") in ("default", "existing")
        }
        names = sorted(looked_up) if is_wrong else list(components)
        described = Described(self._templar, self._loader, task_vars, {"stack_caller": CALLER})
        entries = {}
        for host in names:
            with contextlib.suppress(AnsibleError, KeyError):  # not known yet, or wrong and reported
                entries[host] = {**described.one(host, names), "required": host in looked_up}
        arguments = {
            "components": entries,
            "region": self._templar.template(task_vars["aws_region"]),
            "lenient": True,
            "identify": True,
        }
        return self._execute_module("slipway.fargate.component_info", arguments, task_vars=task_vars)
