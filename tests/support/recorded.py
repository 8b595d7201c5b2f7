# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs whose payloads are recorded with what the warm connection returned, to be sent the way `local` sends them."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.local_aws import ROOT, Account
from tests.support.playbook import Run, environment, run_playbook

CONNECTION = "recorded"
PLUGIN = '''
from __future__ import annotations
DOCUMENTATION = """
name: recorded
short_description: records
description: records
author: tests
options:
  become_success_timeout: {type: int, default: 10, description: as local}
  become_strip_preamble: {type: bool, default: true, description: as local}
extends_documentation_fragment: [connection_pipelining]
"""
import json, os, uuid
from ansible_collections.slipway.fargate.plugins.connection.warm import Connection as Warm

class Connection(Warm):
    def exec_command(self, cmd, in_data=None, sudoable=True):
        status, stdout, stderr = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        if in_data:
            with open(os.path.join(os.environ["RECORDED"], uuid.uuid4().hex), "w") as stream:
                json.dump([cmd, in_data.decode(), status, stdout.decode(), stderr.decode()], stream)
        return status, stdout, stderr
'''
MODULE = re.compile(r"^module_fqn='ansible_collections\.(\w+\.\w+)\.plugins\.modules\.(\w+)',$", re.MULTILINE)
# What differs between two runs with `local` already.
RANDOM = (
    (re.compile(r"_payload_\w{8}/"), "_payload_/"),
    (re.compile(r'"date": "[^"]*"'), '"date": ""'),
    (
        re.compile(r'"(x-amzn-requestid|x-amz-request-id|request_id|RequestId)": "[^"]*"', re.IGNORECASE),
        '"request_id": ""',
    ),
)


@dataclass
class Payload:
    """One module run as the warm connection made it."""

    module: str
    command: str
    program: str
    result: tuple[int, str, str]

    def with_local(self, account: Account) -> tuple[int, str, str]:
        """The result of the same program in a process of its own."""
        done = subprocess.run(
            self.command,
            shell=True,
            input=self.program,
            env=environment(account),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return comparable(done.returncode, done.stdout, done.stderr)


def comparable(status: int, stdout: str, stderr: str) -> tuple[int, str, str]:
    for pattern, instead in RANDOM:
        stdout, stderr = pattern.sub(instead, stdout), pattern.sub(instead, stderr)
    return status, stdout, stderr


def run_recorded(account: Account, folder: Path, inventory: str, verb: str, *arguments: str, **extra: Any) -> Run:
    """Run a playbook and keep its payloads in the folder."""
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    (plugins / f"{CONNECTION}.py").write_text(PLUGIN)
    (folder / "payloads").mkdir(exist_ok=True)
    more = {"ANSIBLE_CONNECTION_PLUGINS": str(plugins), "RECORDED": str(folder / "payloads")}
    return run_playbook(account, inventory, verb, *arguments, _environment=more, ansible_connection=CONNECTION, **extra)


def payloads(folder: Path) -> list[Payload]:
    found = []
    for file in sorted((folder / "payloads").iterdir()):
        command, program, *result = json.loads(file.read_text())
        if module := MODULE.search(program):
            found.append(Payload(".".join(module.groups()), command, program, comparable(*result)))
    return found
