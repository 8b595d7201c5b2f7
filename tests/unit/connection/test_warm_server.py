# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warm server shares with which payload."""

from __future__ import annotations

import base64
import io
import types
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_server


def payload(**sources: str) -> warm_server.Payload:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, text in sources.items():
            archive.writestr(f"{name.replace('__', '/')}.py", text)
    return warm_server.Payload(base64.b64encode(output.getvalue()), {})


def library(**modules: tuple[str, set[str]]) -> warm_server.Library:
    found = warm_server.Library()
    for name, (source, needs) in modules.items():
        dotted = name.replace("__", ".")
        code = compile(source, name, "exec")
        module = types.ModuleType(dotted)
        found.loaded[dotted] = warm_server.Loaded(module, code, "", source.encode(), False, frozenset(needs))
    return found


def test_only_the_same_text_is_shared() -> None:
    loaded = library(a__x=("1", set()), a__y=("2", set()), a__z=("3", set()))
    assert payload(a__x="1", a__y="changed").foreign(loaded) == ["a.z", "a.y"]


def test_what_was_built_on_other_text_is_not_shared() -> None:
    loaded = library(a__x=("1", set()), a__y=("2", {"a.x"}), a__z=("3", {"a.y"}), a__w=("4", set()))
    assert payload(a__x="changed", a__y="2", a__z="3", a__w="4").foreign(loaded) == ["a.z", "a.y", "a.x"]


def test_line_ends_are_those_that_zipimport_compiles() -> None:
    loaded = library(a__x=("1\n", set()))
    assert payload(a__x="1\r\n").foreign(loaded) == []


@pytest.mark.parametrize(
    ("source", "is_package", "expected"),
    [
        ("import os.path, sys", False, ["os.path", "sys"]),
        ("from .near import thing", False, ["p.q.near", "p.q.near.thing"]),
        ("from . import near", True, ["p.q.m", "p.q.m.near"]),
        ("from ..far import a, b", False, ["p.far", "p.far.a", "p.far.b"]),
        ("try:\n    import boto3\nexcept ImportError:\n    pass", False, ["boto3"]),
        ("def late():\n    import json", False, []),
    ],
)
def test_imports_of_a_modules_own_level(source: str, is_package: bool, expected: list[str]) -> None:
    path = "p/q/m/__init__.py" if is_package else "p/q/m.py"
    assert warm_server._module_level_imports(path, compile(source, path, "exec")) == expected


def test_the_next_server_compiles_nothing_again(tmp_path: Path) -> None:
    file = tmp_path / "compiled"
    first = warm_server.Library(warm_server._read_known(str(file)))
    compiled = first.compiled("a/x.py", b"import json\nfound = 1")
    first.save(str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["compiled"]
    assert file.stat().st_mode & 0o777 == 0o600
    second = warm_server.Library(warm_server._read_known(str(file)))
    assert second.compiled("a/x.py", b"import json\nfound = 1") == compiled
    assert second.news == {}


@pytest.mark.parametrize(("path", "source"), [("a/x.py", b"found = 2"), ("a/y.py", b"found = 1")])
def test_other_source_is_not_mistaken_for_it(path: str, source: bytes, tmp_path: Path) -> None:
    first = warm_server.Library()
    first.compiled("a/x.py", b"found = 1")
    first.save(str(tmp_path / "compiled"))
    second = warm_server.Library(warm_server._read_known(str(tmp_path / "compiled")))
    expected = compile(source, f"{warm_server.VIRTUAL_ROOT}/{path}", "exec", dont_inherit=True)
    assert second.compiled(path, source).code == expected
    assert len(second.news) == 1


@pytest.mark.parametrize("content", [b"", b"\xff", b"i\x01"])
def test_a_broken_store_is_no_store(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "compiled").write_bytes(content)
    assert warm_server._read_known(str(tmp_path / "compiled")) == {}


def test_only_known_code_runs_ahead_of_the_fork() -> None:
    carried = payload(ansible__module_utils__basic="", ansible_collections__a__b__plugins__module_utils__c="")
    may = warm_server.Library._may_import
    assert may("ansible.module_utils.basic", carried)
    assert may("boto3", carried)
    assert may("json", carried)
    for name in ("ansible.module_utils.urls", "ansible_collections.a.b.plugins.module_utils.c", "requests", "ansible"):
        assert not may(name, carried)


def test_changed_libraries_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library_file = tmp_path / "found.py"
    library_file.write_text("1\n")
    installed = warm_server.Installed()
    monkeypatch.setattr(warm_server.sys, "path", [str(tmp_path)])
    monkeypatch.setattr(warm_server.sys, "modules", {"found": types.SimpleNamespace(__file__=str(library_file))})
    installed.note()
    assert not installed.has_changed()
    library_file.write_text("22\n")
    installed._checked = 0.0
    assert installed.has_changed()


@pytest.mark.parametrize(
    ("code", "status"), [(None, 0), (True, 1), (3, 3), (259, 3), (-1, 255), (1 << 40, 255), ("word", 1)]
)
def test_exit_codes(code: object, status: int) -> None:
    assert warm_server._exit_status(code) == status
