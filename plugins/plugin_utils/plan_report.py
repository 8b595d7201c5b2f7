# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan is written: as text for people, as JSON for machines."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.plan import Change, Component, cause

VERSION = 1
SIGNS = {"create": "+", "update": "~", "delete": "-", None: "~"}
COLORS = {"create": "green", "update": "yellow", "delete": "red", None: "yellow"}
WIDTH = 100  # of a value
Line = tuple[str, str | None]  # text and colour


def text(
    components: list[Component], *, check: bool, stack: str, seconds: float, full: bool, drift: bool = False
) -> Iterator[Line]:
    """The plan, or what was done. `full` shows the attributes of what is created, too."""
    if any(component.changes for component in components):
        heading = "Drift" if drift else "Plan" if check else "Done"
        yield f"{heading} for {stack}:" if stack else f"{heading}:", "bright blue"
    for component in components:
        if component.changes:
            yield f"  {titled(component)}", None
            for change in component.changes:
                yield f"    {line(change)}", COLORS[change["action"]]
                for attribute in attributes(change) if full or change["action"] == "update" else ():
                    yield f"        {attribute}", None
    failed = [component for component in components if component.failed]
    if failed:
        yield "Failed:", "red"
        for component in failed:
            for failure in component.failures:
                yield f"  {component.name}: {cause(failure)}", "red"
    waiting = [component.name for component in components if component.not_started and not component.failed]
    if waiting:
        yield f"Not started: {', '.join(waiting)}", "yellow"
    yield total(components, check=check, seconds=seconds, drift=drift), "red" if failed else "bright blue"


def titled(component: Component) -> str:
    kind = f" ({component.kind})" if component.kind else ""
    return f"{component.name}{kind}  {duration(component.seconds)}"


def line(change: Change) -> str:
    return f"{SIGNS[change['action']]} {change['resource']} {change['name']}"


def attributes(change: Change) -> Iterator[str]:
    for name, values in change["attributes"].items():
        yield from _differences(name, values["before"], values["after"], change["action"])


def _differences(name: str, before: Any, after: Any, action: str | None) -> Iterator[str]:
    if action == "create":
        if after not in (None, "", [], {}):
            yield f"{name}: {short(after)}"
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and before and after:
        for key in sorted({*before, *after}, key=str):
            if before.get(key) != after.get(key):
                yield from _differences(f"{name}.{key}", before.get(key), after.get(key), action)
    elif action == "delete":
        yield f"{name}: {short(before)}"
    else:
        yield f"{name}: {short(before)} -> {short(after)}"


def short(value: Any) -> str:
    written = value if isinstance(value, str) and value else json.dumps(value, default=str, ensure_ascii=False)
    written = " ".join(written.split()) if isinstance(written, str) else written
    return written if len(written) <= WIDTH else f"{written[: WIDTH - 3]}..."


def counts(components: list[Component]) -> Counter[str]:
    return Counter(change["action"] for component in components for change in component.changes)


def total(components: list[Component], *, check: bool, seconds: float, drift: bool = False) -> str:
    count = counts(components)
    failed = sum(component.failed for component in components)
    if check:
        heading = "Drift" if drift else "Plan"
        said = f"{heading}: {count['create']} to create, {count['update']} to change, {count['delete']} to delete."
    else:
        said = f"Done: {count['create']} created, {count['update']} changed, {count['delete']} deleted."
    said += f" {failed} component{'s' if failed > 1 else ''} failed." if failed else ""
    return f"{said} {len(components)} component{'s' if len(components) != 1 else ''} in {duration(seconds)}."


def exit_status(components: list[Component]) -> int:
    """Of a run that asks what differs: 0 nothing, 2 something, 1 that it cannot be told."""
    if any(component.failed or component.not_started for component in components):
        return 1
    return 2 if any(component.changes for component in components) else 0


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def document(components: list[Component], *, check: bool, stack: str, playbook: str, seconds: float) -> dict[str, Any]:
    """The plan as docs/plan.schema.json says."""
    count = counts(components)
    return {
        "version": VERSION,
        "mode": "check" if check else "run",
        "stack": stack,
        "playbook": playbook,
        "seconds": round(seconds, 3),
        "summary": {
            "create": count["create"],
            "update": count["update"],
            "delete": count["delete"],
            "failed": sum(component.failed for component in components),
        },
        "components": [
            {
                "name": component.name,
                "kind": component.kind,
                "status": component.status,
                "seconds": round(component.seconds, 3),
                "changes": component.changes,
                "failures": [_failure(failure) for failure in component.failures],
            }
            for component in components
        ],
    }


def _failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: failure[key] for key in ("task", "resource", "name", "operation", "code", "message")}
    return {**kept, "cause": cause(failure)}


def write(path: str, written: dict[str, Any]) -> None:
    """Write it so that nobody else may read it, whole or not at all."""
    target = Path(path).expanduser()
    with NamedTemporaryFile("w", dir=target.parent, prefix=f".{target.name}.", delete=False, encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        try:
            json.dump(written, file, indent=2, default=str)
            file.write("\n")
            file.close()
            Path(file.name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(file.name).unlink()
            raise
