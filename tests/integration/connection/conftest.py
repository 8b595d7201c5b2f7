# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder with a few modules of its own, whose playbooks run with the warm connection, `local`, or both."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import ROOT

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
INTERPRETER = "{{ ansible_playbook_python }}"
# What differs between two runs of one module with `local` already.
RANDOM = (
    (re.compile(rb"_payload_\w{8}/"), b"_payload_/"),
    (re.compile(rb'"(start|end|delta|atime|mtime|ctime)": ("[^"]*"|[\d.]+)'), b'"\\1": 0'),
    (re.compile(rb'"inode": \d+'), b'"inode": 0'),
    (re.compile(rb'"version": "\d+"'), b'"version": ""'),
    (re.compile(rb'"_original_basename": "[^"]+"'), b'"_original_basename": ""'),
    (re.compile(rb"ansible-tmp-[\d.-]+"), b"ansible-tmp"),
    (re.compile(rb"0x[0-9a-f]{6,}"), b"0x"),
    (re.compile(rb"/(warm|plain)(?=[/\\\\\"'])"), b"/HOST"),
)

# Connections that note what the one they extend returns.
RECORDER = '''
from __future__ import annotations
DOCUMENTATION = """
name: {name}
short_description: records
description: records
author: tests
options:
  become_success_timeout: {{type: int, default: 10, description: as local}}
  become_strip_preamble: {{type: bool, default: true, description: as local}}
extends_documentation_fragment: [connection_pipelining]
"""
import json, os
from {base} import Connection as Base

class Connection(Base):
    def exec_command(self, cmd, in_data=None, sudoable=True):
        rc, out, err = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        if in_data:
            with open(os.environ["RECORD"], "a") as stream:
                stream.write(json.dumps(["{name}", rc, out.decode("latin-1"), err.decode("latin-1")]) + "\\n")
        return rc, out, err
'''


@dataclass(frozen=True)
class Result:
    """What a connection returned for one payload."""

    rc: int
    stdout: bytes
    stderr: bytes


class Project:
    """A folder to run playbooks in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "warm.log"
        self.record = folder / "record"
        (folder / "library").mkdir()
        (folder / "connection_plugins").mkdir()
        (folder / "ansible.cfg").write_text(
            f"[defaults]\ncollections_path = {ROOT / 'collections'}\nretry_files_enabled = False\n"
            f"local_tmp = {folder / 'tmp'}\n[connection]\npipelining = True\n"
        )
        for name, base in (
            ("plain", "ansible.plugins.connection.local"),
            ("warm", "ansible_collections.slipway.fargate.plugins.connection.warm"),
        ):
            (folder / "connection_plugins" / f"record_{name}.py").write_text(
                RECORDER.format(name=f"record_{name}", base=base)
            )

    def module(self, name: str, body: str) -> None:
        """A module of the folder; the body sees `module`, an AnsibleModule that takes anything in `data`."""
        (self.folder / "library" / f"{name}.py").write_text(
            "#!/usr/bin/python\nfrom __future__ import annotations\n"
            "from ansible.module_utils.basic import AnsibleModule\n"
            'module = AnsibleModule({"data": {"type": "raw"}}, supports_check_mode=True)\n' + body
        )

    def command(self, tasks: list[dict[str, Any]], hosts: dict[str, str], **variables: Any) -> list[str]:
        play = {
            "hosts": "all",
            "gather_facts": False,
            "ignore_errors": True,
            "vars": {"ansible_python_interpreter": INTERPRETER, **variables},
            "tasks": tasks,
        }
        inventory = {"all": {"hosts": {name: {"ansible_connection": kind} for name, kind in hosts.items()}}}
        (self.folder / "play.yml").write_text(json.dumps([play]))
        (self.folder / "hosts.yml").write_text(json.dumps(inventory))
        return [PLAYBOOK, "-i", "hosts.yml", "play.yml", "-f", "8"]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        log = {"SLIPWAY_WARM_LOG": str(self.log), "RECORD": str(self.record)}
        return {**kept, "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", **log, **more}

    def start(self, tasks: list[dict[str, Any]], **environment: str) -> subprocess.Popen[bytes]:
        """A run on one warm host, in a process group of its own; nobody reads what it prints."""
        return subprocess.Popen(
            self.command(tasks, {"h": "slipway.fargate.warm"}),
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(
        self, tasks: list[dict[str, Any]], hosts: dict[str, str] | None = None, *options: str, **environment: str
    ) -> str:
        done = subprocess.run(
            [*self.command(tasks, hosts or {"h": "slipway.fargate.warm"}), *options],
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def run_both(self, tasks: list[dict[str, Any]], **environment: str) -> tuple[list[Result], list[Result]]:
        """What the warm connection and `local` returned for each of the tasks, without what is random."""
        self.run(tasks, {"warm": "record_warm", "plain": "record_plain"}, **environment)
        results: dict[str, list[Result]] = {"record_warm": [], "record_plain": []}
        for line in self.record.read_text().splitlines():
            name, rc, stdout, stderr = json.loads(line)
            results[name].append(Result(rc, _settled(stdout), _settled(stderr)))
        self.record.unlink()
        return results["record_warm"], results["record_plain"]

    @property
    def warm_modules(self) -> list[str]:
        """The modules that ran in forks of the server."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split()[0].rpartition(".")[2] for line in lines]


def _settled(text: str) -> bytes:
    data = text.encode("latin-1")
    for pattern, replacement in RANDOM:
        data = pattern.sub(replacement, data)
    return data


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
