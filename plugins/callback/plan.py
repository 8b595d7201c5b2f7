# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: Which resources change, component by component
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - At the end prints for every component which resources were, or in check mode would be, created (V(+)), updated
    (V(~), with each attribute before and after) and deleted (V(-)), how long it took, a total, and what failed with its
    cause. Attributes of what is created are shown with C(--diff) or C(-v).
  - Works beside any stdout callback, the one of AWX included. Beside P(slipway.fargate.quiet#callback) it also prints
    each change of a real run when it happens.
  - On a terminal it shows the components that are running now, and for how long. Needs C(rich), and does without it.
  - Gives C(drift.yml), whose plays set C(stack_drift), its exit status. 0 when nothing differs, 2 when something does
    and 1 when a component failed.
  - What is found in plays that set C(stack_look) is not counted. They only look for changes, which other plays make.
  - Values of secrets are not shown. C(NO_COLOR) is respected.
  - The modules of this collection say what they do to which resource. Those of amazon.aws and community.aws say no more
    than that something changed. Type and name of the resource are then taken from the module and its options, and
    C(state=absent) is a deletion.
  - Whether such a change is a creation or an update is told by what the result holds in check mode and in a real run
    alike, the diff, or else a time of creation. In check mode only what is there already has one, and in a real run it
    is later than the beginning of the task if the task created it. Where the result holds neither, it is taken for a
    creation when the changes of the component that are certain, or where it has none those of the whole run, are
    creations and no updates; and else for an update.
requirements:
  - enabled in C(callbacks_enabled)
options:
  json_file:
    description:
      - A file that the plan is written to as JSON, readable by its owner only.
      - Its schema is C(docs/plan.schema.json) in the collection.
      - It has C(mode), C(stack), C(playbook), C(seconds), C(summary) with the numbers of changes by kind and of failed
        components, and C(components). A component has C(name), C(kind), C(status), C(seconds), C(changes), each with
        C(action), C(resource), C(name) and C(attributes) with C(before) and C(after), and C(failures), each with
        C(task), C(resource), C(name), C(operation), C(code), C(message) and C(cause).
    type: path
    env:
      - name: SLIPWAY_PLAN_JSON
    ini:
      - section: callback_slipway_plan
        key: json_file
  live:
    description:
      - Whether to show on a terminal what is running now. Never done under AWX or CI.
    type: bool
    default: true
    env:
      - name: SLIPWAY_LIVE
    ini:
      - section: callback_slipway_plan
        key: live
"""

EXAMPLES = r"""
# in ansible.cfg:
#   [defaults]
#   callbacks_enabled = slipway.fargate.plan
#   stdout_callback = slipway.fargate.quiet
"""

import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible_collections.slipway.fargate.plugins.plugin_utils import plan, plan_report
from ansible_collections.slipway.fargate.plugins.plugin_utils.live import Live, Row, possible

QUIET = "slipway.fargate.quiet"
may_change = cache(plan.may_change)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.fargate.plan"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.began = time.time()
        self.components: dict[str, plan.Component] = {}
        self.running: dict[str, tuple[float, str]] = {}  # component -> since when its task runs, the task
        self.since: dict[str, float] = {}  # component -> since when it runs in this play
        self.messages: dict[str, set[str]] = {}  # component -> what it failed with
        self.stack = ""
        self.playbook = ""
        self.drift = False
        self.looking = False  # for changes that the layers report, if there are any
        self.live: Live | None = None

    @property
    def check(self) -> bool:
        return self.drift or bool(context.CLIARGS.get("check"))

    @property
    def _says_progress(self) -> bool:
        """Whether nobody else says what happens: a preview is read as a whole, others show each task."""
        return not self.check and C.DEFAULT_STDOUT_CALLBACK == QUIET and not self._display.verbosity

    # ---- what happens ------------------------------------------------------------------------

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self.playbook = self.playbook or Path(playbook._file_name).name

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.since = {}
        self.looking = play.vars.get("stack_look") is True
        self.drift = self.drift or play.vars.get("stack_drift") is True
        if self.live is None and self.get_option("live") and possible(os.environ, sys.stdout):
            self.live = Live(self._rows, sys.stdout, color=not C.ANSIBLE_NOCOLOR)
            self.live.start()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        now = time.time()
        self.since.setdefault(host.name, now)
        self.running[host.name] = (now, task.name or task.action)
        if host.name not in self.components:
            self._meet(host)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._finished(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._passed(result.host.name)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._finished(result)
        if not ignore_errors:
            self._failed(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._passed(result.host.name)
        self._failed(result)

    def _meet(self, host: Any) -> plan.Component:
        """Take a host in; what it is its groups tell, so that nothing needs to be templated."""
        known: dict[str, Any] = {}
        groups = host.get_groups()
        for group in groups:
            known |= {key: group.vars[key] for key in _OF_INTEREST if key in group.vars}
        known |= {key: host.vars[key] for key in _OF_INTEREST if key in host.vars}
        is_others = any(group.name == _OTHERS for group in groups)
        if not self.stack and not is_others and "stack_name" in known:
            self.stack = f"{known['stack_name']}/{known.get('stack_environment', '')}".rstrip("/")
        component = plan.Component(host.name, kind=str(known.get("component_kind") or ""))
        self.components[host.name] = component
        return component

    def _passed(self, name: str) -> float:
        """A task is over; gives when it began."""
        now = time.time()
        began, _ = self.running.pop(name, (now, ""))
        if name in self.components:
            self.components[name].seconds += now - began
        return began

    def _finished(self, result: Any) -> None:
        began = self._passed(result.host.name)
        action = _action(result.task)
        if not may_change(action):
            return
        component = self.components.get(result.host.name) or self._meet(result.host)
        component.managed = True
        if self.looking:
            return
        # Of a loop the field is still a template: only what is certain is left out.
        if not result.is_changed() or (result.task_fields.get("check_mode") is True and not self.check):
            return
        arguments = result.task_fields.get("args") or {}
        for change in plan.changes_of(action, arguments, result.result, check=self.check, started=began):
            if component.add(change) and self._says_progress:
                self._say(f"{component.name}: {plan_report.line(change)}", plan_report.COLORS[change["action"]])

    def _failed(self, result: Any) -> None:
        if self.looking:
            return
        component = self.components.get(result.host.name) or self._meet(result.host)
        message = str(result.result.get("msg"))
        if plan.NOT_STARTED.search(message):
            component.not_started = True
        elif message not in self.messages.setdefault(component.name, set()):  # a rescue fails again as the task did
            self.messages[component.name].add(message)
            arguments = result.task_fields.get("args") or {}
            component.failures.append(plan.failure_of(_action(result.task), arguments, result.result, result.task_name))

    # ---- what is said of it ------------------------------------------------------------------

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self.live:
            self.live.stop()
        seconds = time.time() - self.began
        met = list(self.components.values())
        for component in met:
            totals = stats.summarize(component.name)
            component.failed = bool(component.failures) and bool(totals["failures"] or totals["unreachable"])
            if not component.failed:
                component.failures = []  # they were rescued
        plan.resolve(met)
        shown = [c for c in met if c.kind or c.changes or c.failures]
        if self.check or any(c.managed or c.failed or c.not_started for c in met):
            full = bool(context.CLIARGS.get("diff")) or self._display.verbosity > 0
            self._say("")
            lines = plan_report.text(
                shown, check=self.check, drift=self.drift, stack=self.stack, seconds=seconds, full=full
            )
            for text, color in lines:
                self._say(text, color)
        path = self.get_option("json_file")
        if path:
            plan_report.write(
                path,
                plan_report.document(
                    shown, check=self.check, stack=self.stack, playbook=self.playbook, seconds=seconds
                ),
            )

        if self.drift:
            raise SystemExit(plan_report.exit_status(met))

    def _rows(self) -> list[Row]:
        running = dict(self.running)
        return [(name, self.since.get(name, began), task) for name, (began, task) in running.items()]

    def _say(self, text: str, color: str | None = None) -> None:
        if (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8":
            text = text.encode("ascii", "backslashreplace").decode()
        self._display.display(text, color=color)


_OTHERS = "shared"  # the group of another environment's components, whose data this one uses
_OF_INTEREST = ("stack_name", "stack_environment", "component_kind")


def _action(task: Any) -> str:
    return str(getattr(task, "resolved_action", None) or task.action)
