# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no payload for a warm interpreter runs as with `local`, and the one variable that turns it all off."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Project

PING = {"ansible.builtin.ping": {}}
OLD_STYLE = '#!/bin/sh\necho "{\\"changed\\": false, \\"msg\\": \\"old $0\\"}"\n'


def test_what_is_no_payload_runs_as_with_local(project: Project) -> None:
    (project.folder / "library" / "old_style.sh").write_text(OLD_STYLE)
    (project.folder / "script").write_text("#!/bin/sh\necho scripted\n")
    other = project.folder / "other-python"
    other.symlink_to(sys.executable)
    tasks = [
        {"ansible.builtin.raw": "echo raw"},
        {"ansible.builtin.script": "script"},
        {"old_style": {}},
        {
            "ansible.builtin.fetch": {
                "src": str(project.folder / "script"),
                "dest": str(project.folder / "fetched") + "/",
            }
        },
        {**PING, "vars": {"ansible_pipelining": False}},
        {**PING, "vars": {"ansible_python_interpreter": str(other)}},
        {**PING, "environment": {"PYTHONHASHSEED": "0"}},
        {**PING, "environment": {"LC_ALL": "C"}},
        {**PING, "vars": {"ansible_shell_executable": "/bin/bash"}},
        {**PING, "delegate_to": "localhost"},
    ]
    output = project.run(tasks)
    assert f"ok={len(tasks)} " in output
    assert (project.folder / "fetched").exists()
    assert [name for name in project.warm_modules if name == "ping"] == []


def test_asynchronous_tasks(project: Project) -> None:
    tasks = [
        {"ansible.builtin.command": "echo done", "async": 20, "poll": 1, "register": "ended"},
        {"ansible.builtin.command": "echo done", "async": 20, "poll": 0, "register": "job"},
        {
            "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "later",
            "until": "later.finished",
            "retries": 50,
            "delay": 0.1,
        },
        {"ansible.builtin.debug": {"msg": "{{ ended.stdout }} {{ later.stdout }}"}},
    ]
    assert "done done" in project.run(tasks)


@pytest.mark.parametrize(
    "environment",
    [{"ANSIBLE_KEEP_REMOTE_FILES": "1"}, {"ANSIBLE_DISPLAY_TRACEBACK": "always"}, {"ANSIBLE_PIPELINING": "0"}],
)
def test_ways_to_look_into_a_module_get_a_process_of_its_own(project: Project, environment: dict[str, str]) -> None:
    assert "ok=1" in project.run([PING], **environment)
    assert project.warm_modules == []


def test_one_variable_switches_back(project: Project) -> None:
    hosts = {"h": "slipway.fargate.warm"}
    assert "ok=1" in project.run([PING], hosts, "-e", "ansible_connection=ansible.builtin.local")
    assert project.warm_modules == []
    assert "ok=1" in project.run([PING], hosts)
    assert project.warm_modules == ["ping"]


def test_become(project: Project) -> None:
    """A become method that changes nothing: the command is no longer the one that the server knows."""
    (project.folder / "become_plugins").mkdir()
    (project.folder / "become_plugins" / "through.py").write_text(
        'DOCUMENTATION = """\nname: through\nshort_description: x\ndescription: x\nauthor: x\noptions:\n'
        "  become_user: {default: nobody, description: x}\n  become_pass: {description: x}\n"
        '  become_exe: {description: x}\n  become_flags: {description: x}\n"""\n'
        "from ansible.plugins.become import BecomeBase\n"
        "class BecomeModule(BecomeBase):\n    name = 'through'\n"
        "    def build_become_command(self, cmd, shell):\n        super().build_become_command(cmd, shell)\n"
        "        return self._build_success_command(cmd, shell)\n"
    )
    task = {**PING, "become": True, "become_method": "through", "become_user": "nobody"}
    assert "ok=1" in project.run([task], ANSIBLE_BECOME_PLUGINS=str(project.folder / "become_plugins"))
    assert project.warm_modules == []


def test_an_import_that_writes_something_is_never_done_ahead(project: Project) -> None:
    """A library's warning belongs on the standard error of each module that imports it."""
    (project.folder / "site" / "urllib3").mkdir(parents=True)
    (project.folder / "site" / "jmespath.py").write_text("import sys\nprint('a warning', file=sys.stderr)\n")
    project.module("imports", "import jmespath\nmodule.exit_json()")
    warm, plain = project.run_both([{"imports": {}}, {"imports": {}}], PYTHONPATH=str(project.folder / "site"))
    assert warm == plain
    assert [result.stderr for result in warm] == [b"a warning\n", b"a warning\n"]


def test_deep_folders_are_no_obstacle(project: Project) -> None:
    """A socket's name is limited to 107 bytes."""
    deep = project.folder / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    assert "ok=1" in project.run([PING], ANSIBLE_LOCAL_TEMP=str(deep))
    assert project.warm_modules == ["ping"]
    assert list(Path(deep).iterdir()) == []
