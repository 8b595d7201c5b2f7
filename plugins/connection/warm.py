# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

# ruff: noqa: PTH109, PTH112, PTH118, PTH120
# Paths are bytes here, as in the plugin that this one extends.

DOCUMENTATION = """
name: warm
author: The slipway.fargate team (@slipway)
short_description: Run modules on the controller, in forks of a warm interpreter
description:
  - Does what P(ansible.builtin.local#connection) does, with the same results, and starts modules about ten times
    faster. Instead of starting Python and importing C(boto3) for every task, it hands the module's payload to an
    interpreter that has all of that loaded, which forks for each payload.
  - The interpreter, the warm server, is started by the first task of a run that needs it. It loads what the modules
    of this run ask for, when they first ask for it, including the service models of C(botocore), and keeps it for
    the tasks that follow. It goes away with the run.
  - Each payload runs AnsiballZ's own wrapper in a process of its own, with the environment, working directory, umask
    and open files that it would have with P(ansible.builtin.local#connection). No client, credential or
    configuration of C(boto3) is ever made in the server. A loaded module utility is shared with a payload only when
    the payload carries exactly the same source; what a payload does not carry is hidden from it.
  - Everything else runs as with P(ansible.builtin.local#connection), through its code. That is any command which is
    no module payload, files, C(become), O(pipelining) off, C(ANSIBLE_KEEP_REMOTE_FILES), C(async), another
    interpreter than the controller's, a task whose C(environment) changes what Python reads when it starts
    (C(PYTHON*), C(LC_*), C(LD_*), C(HOME) and the like), wanted tracebacks, debugger extensions, a system that is
    not Linux, and anything that the server declines because a result might differ.
  - Building payloads is faster too. AnsiballZ parses a module with all its utilities once for every module of a run;
    with this plugin each utility is parsed once, and the payloads come out the same.
options:
  become_success_timeout:
    description:
      - Number of seconds to wait for become to succeed when enabled.
      - The default will be used if the configured value is less than 1.
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
extends_documentation_fragment:
  - connection_pipelining
notes:
  - Set C(ansible_connection) to V(ansible.builtin.local) to do without it; nothing else needs to change.
  - It needs O(pipelining), and C(ansible_python_interpreter) set to V({{ ansible_playbook_python }}).
  - The server listens on a socket in the run's private temporary directory, mode 0700, and talks to its own user only.
    When the controller ends, even by SIGKILL, the server ends the modules that still run, and itself. With
    P(ansible.builtin.local#connection) these would run on.
  - A module sees more Python modules loaded than it has imported, those that others of the run imported.
  - E(SLIPWAY_WARM_LOG), the name of a file, makes the server write the time and CPU of each payload.
  - The remote user is ignored, the user with which the ansible CLI was executed is used instead.
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

    @staticmethod
    def start_server(store: str = "") -> None:
        """Called in the controller, so that the server is ready when the first payload arrives.

        store: a file in a private folder, for what the server compiles.
        """
        if warm_client.SUPPORTED and C.DEFAULT_EXECUTABLE:
            executable = C.DEFAULT_EXECUTABLE.split()[0]
            job = warm_client.Job(executable, b"", b"", dict(os.environb), {}, os.getcwdb(), warm_client.WAIT)
            warm_client.Client(C.DEFAULT_LOCAL_TMP).start(job, store)

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
        program = (
            "import os, signal\n"
            f"if {int(number)} not in (signal.SIGKILL, signal.SIGSTOP):\n"
            f"    signal.signal({int(number)}, signal.SIG_DFL)\n"
            f"os.kill(os.getpid(), {int(number)})\n"
        ).encode()
        code, more_stdout, more_stderr = super().exec_command(cmd, in_data=program)
        return code, stdout + more_stdout, stderr + more_stderr

    def _job(self, cmd: str, in_data: bytes | None) -> t.Any:
        if not in_data or not warm_client.SUPPORTED or (self.become and self.become._id):
            return None
        command = warm_client.parse_command(cmd)
        if not command or command.interpreter != sys.executable or not C.DEFAULT_EXECUTABLE:
            return None
        parts = warm_client.split_payload(in_data)
        cwd = os.fsencode(self.cwd or os.getcwdb())
        if not parts or not os.path.isdir(cwd) or C.DEFAULT_EXECUTABLE.split()[0] != command.executable:
            return None
        assignments = {os.fsencode(name): os.fsencode(value) for name, value in command.assignments.items()}
        return warm_client.Job(command.executable, *parts, dict(os.environb), assignments, cwd, command.end)
