# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate what is derived from the roles' argument_specs: defaults/main.yml and README.md of every role.

With --check nothing is written; the exit status is 1 when a file is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS  # noqa: E402

NOTICE = "Generated from meta/argument_specs.yml by `make docs`. Do not edit."


class Dumper(yaml.SafeDumper):
    """Indents sequences below their key, as yamllint and ansible-lint want it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def dumped(value: Any) -> str:
    return yaml.dump(value, Dumper=Dumper, width=110, sort_keys=False, allow_unicode=True)


def defaults(options: dict[str, Any]) -> str:
    values = "".join(dumped({name: option["default"]}) for name, option in options.items() if "default" in option)
    return f"---\n# {NOTICE}\n{values}"


def readme(role: Path, main: dict[str, Any]) -> str:
    kind, lines = role.name, [f"# {role.name}", "", f"<!-- {NOTICE} -->", ""]
    lines += [main["short_description"].rstrip(".") + ".", ""]
    lines += [paragraph(text) + "\n" for text in as_list(main.get("description"))]
    lines += ["## Options", "", "| option | type | default | |", "| --- | --- | --- | --- |"]
    for name, option in main["options"].items():
        lines += list(rows(name, option))
    if kind in KINDS:
        lines += ["", "## Facts", "", f"`hostvars['<component>'].component` of a component of kind `{kind}`:", ""]
        lines += ["| fact | |", "| --- | --- |"]
        lines += [f"| `{name}` | {cell(text)} |" for name, text in facts(kind)]
    lines += ["", "## Where", "", *where(role)]
    return "\n".join(lines) + "\n"


def rows(name: str, option: dict[str, Any], depth: int = 0) -> Iterator[str]:
    kind = option.get("type", "str")
    kind += f" of {option['elements']}" if "elements" in option else ""
    default = "**required**" if option.get("required") else code(option["default"]) if "default" in option else ""
    text = " ".join(as_list(option.get("description")))
    if "choices" in option:
        text += " One of " + ", ".join(code(choice) for choice in option["choices"]) + "."
    yield f"| {'&nbsp;&nbsp;' * depth}`{name}` | {kind} | {default} | {cell(text)} |"
    for suboption, spec in option.get("options", {}).items():
        yield from rows(suboption, spec, depth + 1)


def facts(kind: str) -> Iterator[tuple[str, str]]:
    yield "name", "the name of the resource in AWS"
    yield from KINDS[kind].facts.items()


def where(role: Path) -> Iterator[str]:
    tasks = "".join(
        (role / "tasks" / name).read_text() for name in sorted(p.name for p in (role / "tasks").glob("*.yml"))
    )
    modules = sorted(set(re.findall(r"^\s+((?:amazon\.aws|community\.aws|slipway\.fargate)\.\w+):", tasks, re.M)))
    yield "- modules: " + ", ".join(f"`{module}`" for module in modules)
    yield f"- facts: `plugins/module_utils/components/{role.name}.py`"
    yield f"- input rules: `plugins/plugin_utils/rules/{role.name}.py`"
    yield f"- tests: `extensions/molecule/{role.name}/`, rows in `tests/systems/`"


def as_list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def paragraph(text: str) -> str:
    return " ".join(text.split())


def cell(text: str) -> str:
    return paragraph(text).replace("|", "\\|")


def code(value: Any) -> str:
    shown = value if isinstance(value, str) and value else yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return "`" + cell(shown.removesuffix("\n...\n").strip()) + "`"


def main() -> int:
    stale = []
    for role in sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir()):
        spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
        for path, text in (
            (role / "defaults" / "main.yml", defaults(spec["options"])),
            (role / "README.md", readme(role, spec)),
        ):
            if not path.exists() or path.read_text() != text:
                stale.append(str(path.relative_to(ROOT)))
                if "--check" not in sys.argv:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(text)
    if stale:
        print(("out of date, run `make docs`: " if "--check" in sys.argv else "written: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
