# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet
type: stdout
short_description: Failures, warnings and messages only
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - Prints what failed, each in as few lines as it needs, warnings, and the messages of M(ansible.builtin.debug).
  - Meant to be used together with P(slipway.fargate.plan#callback), which says what changed and in the end sums up.
  - With C(-v) it is the same as P(ansible.builtin.default#callback).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout in configuration
"""

from typing import Any

from ansible import constants as C
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.slipway.fargate.plugins.plugin_utils.plan import NOT_STARTED


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "slipway.fargate.quiet"

    def __init__(self) -> None:
        super().__init__()
        self._said: set[tuple[str, str]] = set()

    @property
    def _verbose(self) -> bool:
        return self._display.verbosity > 0

    def v2_runner_on_ok(self, result: Any) -> None:
        if self._verbose:
            super().v2_runner_on_ok(result)
            return
        if result.warnings or result.deprecations:
            self._handle_warnings(result.result)
        if result.task.action in C._ACTION_DEBUG:
            for item in self._items(result):
                self._message(item)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._verbose:
            super().v2_runner_on_failed(result, ignore_errors)
            return
        self._handle_warnings(result.result)
        if ignore_errors:
            return
        failed = [item for item in self._items(result) if item.get("failed", True)]
        for item in failed or [result.result]:
            self._failure("failed", result, item)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._verbose:
            super().v2_runner_on_unreachable(result)
        else:
            self._failure("unreachable", result, result.result)

    def _items(self, result: Any) -> list[dict[str, Any]]:
        items = result.result.get("results") if result.task.loop else None
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [result.result]

    def _message(self, result: dict[str, Any]) -> None:
        if result.get("skipped"):
            return
        if "msg" in result:
            said = result["msg"]
            self._display.display(said if isinstance(said, str) else self._dump_results({"msg": said}, indent=2))
        elif not result.get("_ansible_no_log"):
            self._display.display(
                self._dump_results({k: v for k, v in result.items() if k not in self._hide_in_debug}, 2)
            )

    def _failure(self, word: str, result: Any, item: dict[str, Any]) -> None:
        said = str(item.get("msg") or item.get("censored") or item.get("reason") or "no reason given").strip()
        host = self.host_label(result)
        if (host, said) in self._said or NOT_STARTED.search(said):
            return  # a rescue fails again as the task did; the plan lists what was not started
        self._said.add((host, said))
        text = f"{word}: [{host}] {result.task_name}: {said}"
        self._display.display(text, color=C.COLOR_ERROR, stderr=self.get_option("display_failed_stderr"))


def _only_verbose(name: str) -> Any:
    """What the default callback prints, with -v alone."""
    inherited = getattr(Default, name)

    def method(self: CallbackModule, *args: Any, **kwargs: Any) -> None:
        if self._verbose:
            inherited(self, *args, **kwargs)

    method.__name__ = name
    return method


for _name in (
    *("v2_runner_on_skipped", "v2_runner_on_start", "v2_runner_retry", "v2_runner_item_on_ok"),
    *("v2_runner_item_on_failed", "v2_runner_item_on_skipped", "v2_runner_on_async_poll", "v2_runner_on_async_ok"),
    *("v2_runner_on_async_failed", "v2_playbook_on_start", "v2_playbook_on_no_hosts_matched", "v2_on_file_diff"),
    *("v2_playbook_on_task_start", "v2_playbook_on_handler_task_start", "v2_playbook_on_play_start"),
    *("v2_playbook_on_include", "v2_playbook_on_stats", "v2_playbook_on_no_hosts_remaining", "v2_playbook_on_notify"),
):
    setattr(CallbackModule, _name, _only_verbose(_name))
