# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands and payloads the warm connection takes, and what it knows of shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_client, warm_server

PAYLOAD = (
    b"#!/usr/bin/python\n\n_ANSIBALLZ_WRAPPER = True\n\ndef _ansiballz_main():\n    pass\n\n\n"
    b"if __name__ == \"__main__\":\n    _ansiballz_main(\nmodule_fqn='ansible.modules.ping',\n"
    b"params='{\"ANSIBLE_MODULE_ARGS\": {\"_ansible_tracebacks_for\": []}}',\nextensions={},\nzip_data='QUJD',\n)\n"
)


def test_a_payload_is_split_into_code_and_zip() -> None:
    head, data = warm_client.split_payload(PAYLOAD) or (b"", b"")
    assert bytes(data) == b"QUJD"
    wrapper, arguments = warm_server._split_head(bytes(head))
    assert wrapper.startswith(b"#!")
    assert arguments.endswith(b"extensions={},\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"#!/usr", b"/usr"),
        (b"_ANSIBALLZ_WRAPPER", b"_SOMETHING_ELSE"),
        (b"extensions={}", b"extensions={'_coverage': {}}"),
        (b'_tracebacks_for": []', b'_tracebacks_for": ["error"]'),
        (b"zip_data=", b"zipped="),
        (b"',\n)\n", b"',\n)\nprint()\n"),
    ],
)
def test_other_payloads_are_left_to_local(old: bytes, new: bytes) -> None:
    assert warm_client.split_payload(PAYLOAD.replace(old, new)) is None


def test_an_argument_that_looks_like_the_wrapper_does_not_mislead() -> None:
    text = b"\\nif __name__ == \"__main__\":\\n    _ansiballz_main(\\nextensions={'a': 1},\\nzip_data=\\'"
    parts = warm_client.split_payload(PAYLOAD.replace(b"MODULE_ARGS", b"MODULE_ARGS" + text))
    assert parts
    assert bytes(parts[1]) == b"QUJD"


def test_commands() -> None:
    parse = warm_client.parse_command
    assert parse("/bin/sh -c '/usr/bin/python3 && sleep 0'") == ("/bin/sh", {}, "/usr/bin/python3", " && sleep 0")
    assert parse("/bin/sh -c /usr/bin/python3") == ("/bin/sh", {}, "/usr/bin/python3", "")
    quoted = """/bin/sh -c 'A=1 B='"'"'it is $x'"'"' /usr/bin/python3 && sleep 0'"""
    assert parse(quoted) == ("/bin/sh", {"A": "1", "B": "it is $x"}, "/usr/bin/python3", " && sleep 0")


@pytest.mark.parametrize(
    "command",
    [
        "/usr/bin/python3",
        "/bin/sh -c 'echo && sleep 0' extra",
        "/bin/sh -c 'A=$B /usr/bin/python3 && sleep 0'",
        "/bin/sh -c 'A=`id` /usr/bin/python3 && sleep 0'",
        '/bin/sh -c "A=1 /usr/bin/python3 && sleep 0"',
        "/bin/sh -c 'nice /usr/bin/python3 && sleep 0'",
        "/bin/sh -c '1A=1 /usr/bin/python3 && sleep 0'",
        "/bin/sh -c '/usr/bin/python3 /tmp/module && sleep 0'",
        "/bin/sh -c '/usr/bin/python3 ; sleep 0'",
        "/bin/sh -c '/usr/bin/python3 && sleep 1'",
        "/bin/sh -c ''",
        "/bin/sh -c 'unclosed",
    ],
)
def test_commands_with_anything_else_in_them_are_left_to_local(command: str) -> None:
    assert warm_client.parse_command(command) is None


@pytest.mark.parametrize("shell", [path for name in ("sh", "bash", "dash") if (path := shutil.which(name))])
@pytest.mark.parametrize("end", ["", " && sleep 0"])
@pytest.mark.parametrize("extra", [{}, {"PWD": "/link", "SHLVL": "7", "OLDPWD": "/x", "A.B": "1", "_": "/y"}])
def test_the_environment_behind_a_shell(shell: str, end: str, extra: dict[str, str], tmp_path: Path) -> None:
    """The rules that were found by asking the shell once foretell what it does with another environment."""
    link = tmp_path / "link"
    link.symlink_to("/usr")
    given = {"PATH": os.environ["PATH"], "A": "b", **extra}
    given = {name: str(link) if value == "/link" else value for name, value in given.items()}
    environ = {os.fsencode(name): os.fsencode(value) for name, value in given.items()}
    job = warm_client.Job(shell, memoryview(b""), memoryview(b""), environ, {}, b"/", end)
    server = object.__new__(warm_server.Server)
    server._rules = warm_client.shell_rules(job)
    foretold = server._through_shell(dict(environ), os.fsencode(link))
    got = subprocess.run(
        f"{shell} -c 'env -0{end}'",
        shell=True,
        executable=shell,
        env=given,
        cwd=link,
        capture_output=True,
        check=True,
    ).stdout
    real = dict(item.split(b"=", maxsplit=1) for item in got.split(b"\0") if item)
    for one in (foretold, real):
        one.pop(b"_", None)
    assert foretold == real


def test_a_shell_with_ideas_of_its_own_is_left_alone(tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\nODD=1 exec /bin/sh "$@"\n')
    shell.chmod(0o700)
    environ = {b"PATH": os.fsencode(os.environ["PATH"])}
    with pytest.raises(ValueError, match="ODD"):
        warm_client.shell_rules(warm_client.Job(str(shell), memoryview(b""), memoryview(b""), environ, {}, b"/"))
