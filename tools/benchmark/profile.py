# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run's time goes: by layer, by task and by process, from the timeline callback and the warm server's log."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.benchmark.table import Sample, in_columns

PAYLOAD = re.compile(r"(\S+) wall=(\S+) user=(\S+) system=(\S+) faults=\S+ server=(\S+)")
Event = dict[str, Any]


def read(timeline: Path) -> list[Event]:
    return [json.loads(line) for line in timeline.read_text().splitlines()]


def report(timeline: Path, warm_log: Path, sample: Sample) -> str:
    events = read(timeline)
    payloads = [match.groups() for match in PAYLOAD.finditer(warm_log.read_text())] if warm_log.exists() else []
    return "\n\n".join(
        (
            "By play:\n" + in_columns(plays(events)),
            "By action:\n" + in_columns(actions(events)),
            "Module payloads, in forks of the warm server:\n" + in_columns(modules(payloads)),
            "By process:\n" + in_columns(processes(events, payloads, sample)),
        )
    )


def plays(events: list[Event]) -> Iterator[tuple[str, ...]]:
    yield "", "wall", "tasks", "of hosts", "CPU of the controller", "of its workers", "busiest host"
    marks = [event for event in events if event["event"] != "task"]
    for this, after in itertools.pairwise(marks):
        inside = [e for e in events if e["event"] == "task" and this["time"] <= e["time"] <= after["time"]]
        yield (
            this.get("name", ""),
            f"{after['time'] - this['time']:.2f} s",
            str(len(inside)),
            str(len({event["host"] for event in inside})),
            f"{after['main'] - (this['main'] if this['event'] != 'run' else 0):.2f} s",
            f"{after['workers'] - this['workers']:.2f} s",
            busiest(inside),
        )


def busiest(tasks: list[Event]) -> str:
    """Whose tasks take longest, one after the other: a layer cannot be faster."""
    spent: Counter[str] = Counter()
    for task in tasks:
        spent[task["host"]] += task["time"] - task["began"]
    return "".join(f"{host} {seconds:.2f} s" for host, seconds in spent.most_common(1))


def actions(events: list[Event]) -> Iterator[tuple[str, ...]]:
    """From the moment a task is given to a worker until its result is taken."""
    yield "", "tasks", "skipped", "items", "wall, added up"
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event["event"] == "task":
            found[event["action"]].append(event)
    totals = {action: sum(e["time"] - e["began"] for e in those) for action, those in found.items()}
    for action in sorted(found, key=lambda name: -totals[name]):
        those = found[action]
        skipped = sum(event["skipped"] for event in those)
        yield action, str(len(those)), str(skipped), str(sum(e["items"] for e in those)), f"{totals[action]:.2f} s"


def modules(payloads: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    yield "", "runs", "wall each", "CPU each", "CPU"
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, wall, user, system, _server in payloads:
        found[name.rpartition(".")[2]].append((float(wall), float(user) + float(system)))
    for name in sorted(found, key=lambda name: -sum(cpu for _, cpu in found[name])):
        walls, cpus = zip(*found[name], strict=True)
        each = (f"{sum(walls) / len(walls) * 1000:.0f} ms", f"{sum(cpus) / len(cpus) * 1000:.0f} ms")
        yield name, str(len(walls)), *each, f"{sum(cpus):.2f} s"


def processes(events: list[Event], payloads: list[tuple[str, ...]], sample: Sample) -> Iterator[tuple[str, ...]]:
    yield "", "CPU", ""
    end = events[-1]
    forks = sum(float(user) + float(system) for _, _, user, system, _ in payloads)
    server = max((float(server) for *_, server in payloads), default=0.0)
    tasks = sum(event["event"] == "task" for event in events)
    yield "controller", f"{end['main']:.2f} s", f"inventory, variables, scheduling, results of {tasks} tasks"
    yield "its workers", f"{end['workers']:.2f} s", "a fork a task: templating, building payloads, the results"
    yield "module payloads", f"{forks:.2f} s", f"{len(payloads)} forks: boto3, the API calls, comparing"
    yield "warm server", f"{server:.2f} s", "imports, compiling, service models"
    rest = sample.cpu - end["main"] - end["workers"] - forks - server
    yield "not told apart", f"{rest:.2f} s", "the end of the run, the measuring"
    yield "all", f"{sample.cpu:.2f} s", f"in {sample.seconds:.2f} s, {sample.calls} API calls"
    yield "the local AWS", f"{sample.aws:.2f} s", "on the same machine, beside these"


def calls(requests: list[dict[str, Any]]) -> str:
    """Which operations were asked how often."""
    counted = Counter(f"{request['service']}:{request['operation']}" for request in requests)
    return in_columns([("", "calls"), *((name, str(number)) for name, number in counted.most_common())])
