# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

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

import os
import sys

from ansible import constants as C
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible.utils.display import Display

from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_client

display = Display()


class Connection(LocalConnection):
    """`local`, with a shortcut for module payloads."""

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command on the controller; a module payload runs in a fork of the warm server."""
        job = self._job(cmd, in_data)
        if job:
            if not self._connected:
                self._connect()
            try:
                status, stdout, stderr = warm_client.Client(C.DEFAULT_LOCAL_TMP).run(job)
            except warm_client.Declined:
                display.vvvv('the warm server declined: running in a process of its own')
            except warm_client.Died:
                return self._died_of(cmd, 9, b'', b'')
            else:
                display.vvv(f'EXEC {cmd}', host=self._play_context.remote_addr)
                return (status, stdout, stderr) if status >= 0 else self._died_of(cmd, -status, stdout, stderr)
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def _died_of(self, cmd: str, number: int, stdout: bytes, stderr: bytes) -> tuple[int, bytes, bytes]:
        """What the shell says and returns when the interpreter is killed by a signal: ask it."""
        program = f'import os\nos.kill(os.getpid(), {number})\n'.encode()
        code, more_stdout, more_stderr = super().exec_command(cmd, in_data=program)
        return code, stdout + more_stdout, stderr + more_stderr

    def _job(self, cmd: str, in_data: bytes | None) -> warm_client.Job | None:
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
