# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template that another worker compiled is the template that this one would have compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible._internal._datatag._tags import Origin, TrustedAsTemplate, VaultedValue
from ansible._internal._templating import _jinja_bits
from ansible._internal._templating._engine import TemplateEngine, TemplateOptions, TemplateOverrides
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_templates

VARIABLES = {"name": "x", "items": [1, 2], "text": "{{ name }}"}
TEMPLATES = (
    "{{ name }}",
    "a {{ name | upper }} b",
    "{% for item in items %}{{ item }};{% endfor %}",
    "{{ {'key': name, 'list': items + [3]} }}",
    "{{ name | regex_replace('(x)', '<\\\\1>') }}",
    "{{ 'one\\ttwo' }}",
    "{{ items | map('int') | select('gt', 1) | list }}",
    "{{ undefined_name | default('none') }}",
    "{{ name is defined and name == 'x' }}",
)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> warm_templates.Memory:
    environment = _jinja_bits.AnsibleEnvironment
    monkeypatch.setattr(environment, "compile", environment.compile)  # puts it back
    monkeypatch.setattr(environment, "_slipway_warm", False, raising=False)
    memory = warm_templates.Memory(str(tmp_path), {}, (str(tmp_path / "roles"),))
    assert warm_templates.install(memory)
    return memory


def render(text: str, path: Path | None = None, **options: Any) -> Any:
    tags: list[Any] = [TrustedAsTemplate(), *([Origin(path=str(path), line_num=1)] if path else [])]
    for tag in tags:
        text = tag.tag(text)
    return TemplateEngine(variables=VARIABLES).template(text, options=TemplateOptions(**options))


def file(tmp_path: Path, name: str, text: str = "") -> Path:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    return tmp_path / name


def written(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / warm_templates.FOLDER).iterdir()]


@pytest.mark.parametrize("escape", [True, False])
def test_results_are_the_same_from_memory_and_from_another_worker(
    escape: bool, memory: warm_templates.Memory, tmp_path: Path
) -> None:
    path = file(tmp_path, "roles/main.yml")
    first = [render(text, path, escape_backslashes=escape) for text in TEMPLATES]
    again = [render(text, path, escape_backslashes=escape) for text in TEMPLATES]
    memory.known.clear()  # as in another worker
    elsewhere = [render(text, path, escape_backslashes=escape) for text in TEMPLATES]
    assert len(written(tmp_path)) == len(memory.known) == len(TEMPLATES)
    _jinja_bits.AnsibleEnvironment.compile = _jinja_bits.AnsibleEnvironment.compile.__wrapped__
    assert first == again == elsewhere == [render(text, path, escape_backslashes=escape) for text in TEMPLATES]


def test_settings_tell_templates_apart(memory: warm_templates.Memory) -> None:
    text = "{{ 'a\\tb' }}<< name >>"
    assert render(text) == "a\\tb<< name >>"
    assert render(text, escape_backslashes=False) == "a\tb<< name >>"
    assert render(text, overrides=TemplateOverrides(variable_start_string="<<", variable_end_string=">>")) == (
        "{{ 'a\\tb' }}x"
    )


def test_only_text_that_a_file_holds_in_plain_is_written(memory: warm_templates.Memory, tmp_path: Path) -> None:
    render("{{ name }} of nowhere")
    render("{{ name }} of a vault's file", file(tmp_path, "vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n00"))
    render(VaultedValue(ciphertext="$ANSIBLE_VAULT").tag("{{ name }} decrypted"), file(tmp_path, "vars.yml"))
    render("{{ name }} of a file that is gone", tmp_path / "gone.yml")
    assert written(tmp_path) == []
    render("{{ name }} of a file", file(tmp_path, "plain.yml"))
    assert len(written(tmp_path)) == 1


def test_only_what_is_the_collection_s_own_lasts(memory: warm_templates.Memory, tmp_path: Path) -> None:
    render("{{ name }} of an inventory", file(tmp_path, "inventory.yml"))
    assert (memory.lasting(), len(written(tmp_path))) == ({}, 1)
    render("{{ name }} of a role", file(tmp_path, "roles/main.yml"))
    assert len(memory.lasting()) == 1


def test_a_broken_file_is_compiled_anew(memory: warm_templates.Memory, tmp_path: Path) -> None:
    path = file(tmp_path, "roles/main.yml")
    render("{{ name }}", path)
    (tmp_path / warm_templates.FOLDER / written(tmp_path)[0]).write_bytes(b"\xff")
    memory.known.clear()
    assert render("{{ name }}", path) == "x"


def test_errors_are_reported_as_ever(memory: warm_templates.Memory) -> None:
    with pytest.raises(Exception, match="Syntax error in template"):
        render("{{ name | }}")
    assert memory.known == {}
