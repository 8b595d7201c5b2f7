# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes when plays, tasks and the run begin and end, with the CPU so far, as JSON lines into BENCH_TIMELINE."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: bench_timeline
type: aggregate
short_description: When plays and tasks begin and end
description: For C(make bench) alone.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_timeline"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.began: dict[tuple[str, str], float] = {}
        self._event("run", name="start of Ansible", time=_process_started())

    def _event(self, kind: str, **more: Any) -> None:
        workers = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = {"main": time.process_time(), "workers": workers.ru_utime + workers.ru_stime}
        self.events.append({"event": kind, "time": time.time(), **cpu, **more})

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._event("play", name=play.get_name().strip())

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self.began[host.name, task._uuid] = time.time()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._task(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task(result)

    def _task(self, result: Any) -> None:
        began = self.began.pop((result.host.name, result.task._uuid), time.time())
        items = len(result.result.get("results", ())) if result.task.loop is not None else 1
        skipped = bool(result.result.get("skipped"))
        action = result.task.action
        self._event("task", action=action, host=result.host.name, began=began, items=items, skipped=skipped)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._event("end")
        Path(os.environ["BENCH_TIMELINE"]).write_text("".join(json.dumps(event) + "\n" for event in self.events))


def _process_started() -> float:
    """When this process was started: Ansible's own imports come before any callback."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.time()
    return time.time() - (up - ticks / os.sysconf("SC_CLK_TCK"))
