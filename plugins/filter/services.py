# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleFilterError


def chosen_services(services: Sequence[str], wanted: Any = None) -> dict[str, Any]:
    """The services that a verb is about, those that are named or all of them, and what is wrong with the names."""
    if not wanted:
        return {"names": list(services), "problem": "" if services else "this environment has no service"}
    names = [name.strip() for name in wanted.split(",")] if isinstance(wanted, str) else list(wanted)
    problems = [_hint(name, services) for name in names if name not in services]
    return {"names": names, "problem": "; ".join(problems)}


def _hint(name: str, services: Sequence[str]) -> str:
    nearest = get_close_matches(name, services, 1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"services are {', '.join(services) or 'none'}"
    return f"there is no service {name!r} in this environment: {hint}"


AFTERWARDS = (
    "The next converge goes back to the image of the inventory unless ecs_service_keep_image is on: "
    "write there what is to stay."
)
WORDS = {"publish": ("published", "would be published"), "rollback": ("rolled back", "would be rolled back")}


def release_report(
    result: Mapping[str, Any], component: str, action: str, status: Mapping[str, Any] | None = None
) -> str:
    """What came of a release: what runs instead of what, the smoke test, AWS's own events."""
    found, status = result["release"], status or {}
    if found["left_out"]:
        return f"{component}: left alone, {found['left_out']}; name it with -e service={component} to publish it too"
    now, before = found["task_definition"], found["previous_task_definition"]
    if not result["changed"]:
        lines = [f"{component}: runs {now} already; nothing changed"]
    elif action == "restart":
        lines = [f"{component}: {now} would be restarted" if not status else f"{component}: {now} restarted"]
    else:
        lines = [f"{component}: {WORDS[action][0 if status else 1]}, {before} -> {now}"]
        for name, image in found["images"].items():
            old = found["previous_images"].get(name)
            lines += [f"  {name}: {old} -> {image}"] if old != image else []
    if status:
        lines.append(f"  {status['running_count']} of {status['desired_count']} tasks run")
        lines.append(f"  smoke test {status['smoke']['result']}: {status['smoke']['evidence']}")
        lines += [f"  {event}" for event in status["events"]]
    if status and result["changed"] and action != "restart":
        lines.append(f"  {AFTERWARDS}")
    return "\n".join(lines)


def status_report(statuses: Sequence[Mapping[str, Any]], style: str = "text") -> str:
    """How services are doing, as text or JSON."""
    if style not in ("text", "json"):
        raise AnsibleFilterError(f"format is {style!r}; allowed are text and json")
    if style == "json":
        return json.dumps([{k: v for k, v in status.items() if k != "text"} for status in statuses], indent=2)
    return "\n".join(status["text"] for status in statuses)


def log_report(result: Mapping[str, Any], log_group: str, since: str) -> str:
    """The lines of a log group, and what was left out of them."""
    if not result["events"]:
        return f"{log_group}: nothing since {since}"
    left_out = f", {result['left_out']} older ones left out" if result["left_out"] else ""
    return f"{log_group}: {len(result['events'])} events since {since}{left_out}\n{result['text']}"


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "chosen_services": chosen_services,
            "release_report": release_report,
            "log_report": log_report,
            "status_report": status_report,
        }
