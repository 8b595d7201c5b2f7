# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

# ruff: noqa: PTH109, PTH112, PTH118, PTH120
# Paths are bytes here, as in the plugin that this one extends.

DOCUMENTATION = """
name: warm
author: The slipway.fargate team (@slipway)
short_description: Run modules on the controller in a warm interpreter
description:
  - The same as P(ansible.builtin.local#connection), except that modules start about ten times faster.
extends_documentation_fragment:
  - connection_pipelining
options:
  become_success_timeout:
    description: Number of seconds to wait for become to succeed when enabled. Values below 1 mean the default.
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description: Strip internal become output preceding command execution. Disable for additional diagnostics.
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
"""

import importlib.util
import os
import signal
import sys
import types
import typing as t

from ansible import constants as C
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible.utils.display import Display

display = Display()


def _load(name: str) -> types.ModuleType:
    """Import a sibling with Python's own loader: the collection loader would compile it anew in every worker."""
    full_name = f"{__name__.rpartition('.')[0]}.{name}"
    if full_name not in sys.modules:
        path = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "plugin_utils", f"{name}.py")
        spec = importlib.util.spec_from_file_location(full_name, path)
        if not spec or not spec.loader:
            raise ImportError(path)
        sys.modules[full_name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full_name]


warm_client = _load("warm_client")
warm_payload = _load("warm_payload")


class Connection(LocalConnection):
    """`local`, with a shortcut for module payloads."""

    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Called in the worker before it builds a payload."""
        super().set_options(*args, **kwargs)
        warm_payload.install(C.DEFAULT_LOCAL_TMP)

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command on the controller; a module payload runs in a fork of the warm server."""
        job = self._job(cmd, in_data)
        if job:
            if not self._connected:
                self._connect()
            try:
                status, stdout, stderr = warm_client.Client(C.DEFAULT_LOCAL_TMP).run(job)
            except warm_client.Declined:
                display.vvvv("the warm server declined: running in a process of its own")
            except warm_client.Died as died:
                return self._died_of(cmd, signal.SIGKILL, *died.args)
            else:
                display.vvv(f"EXEC {cmd}", host=self._play_context.remote_addr)
                return (status, stdout, stderr) if status >= 0 else self._died_of(cmd, -status, stdout, stderr)
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def _died_of(self, cmd: str, number: int, stdout: bytes, stderr: bytes) -> tuple[int, bytes, bytes]:
        """What the shell says and returns when the interpreter is killed by a signal: ask it."""
        program = f"import os\nos.kill(os.getpid(), {int(number)})\n".encode()
        code, more_stdout, more_stderr = super().exec_command(cmd, in_data=program)
        return code, stdout + more_stdout, stderr + more_stderr

    def _job(self, cmd: str, in_data: bytes | None) -> t.Any:
        if not in_data or not warm_client.SUPPORTED or (self.become and self.become._id):
            return None
        command = warm_client.parse_command(cmd)
        if not command or command[2] != sys.executable or not C.DEFAULT_EXECUTABLE:
            return None
        parts = warm_client.split_payload(in_data)
        cwd = self.cwd or os.getcwdb()
        if not parts or not os.path.isdir(cwd) or C.DEFAULT_EXECUTABLE.split()[0] != command[0]:
            return None
        assignments = {os.fsencode(name): os.fsencode(value) for name, value in command[1].items()}
        return warm_client.Job(command[0], *parts, dict(os.environb), assignments, cwd)
