# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server a run, private to its user, and nothing of it left when the run ends, however it ends."""

from __future__ import annotations

import json
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Project

TRACE = (
    "import json, os, subprocess, time\n"
    "child = subprocess.Popen(['sleep', '300'])\n"
    "data = {'module': os.getpid(), 'server': os.getppid(), 'child': child.pid}\n"
    "open(module.params['data'] + '.part', 'w').write(json.dumps(data))\n"
    "os.rename(module.params['data'] + '.part', module.params['data'])\n"
    "time.sleep(300)\n"
)


def eventually(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """Poll until the condition holds; a busy machine gets its time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return result


def is_running(pid: int) -> bool:
    """A process that has ended may wait for a lazy init to take notice of it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def sockets(project: Project) -> list[Path]:
    return list(project.folder.glob("tmp/*/slipway-warm-*"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_controller_that_is_killed(project: Project, number: int) -> None:
    project.module("trace", TRACE)
    noted = project.folder / "noted"
    with project.start([{"trace": {"data": str(noted)}}]) as controller:
        assert eventually(noted.exists)
        pids = json.loads(noted.read_text())
        assert all(map(is_running, pids.values()))
        controller.send_signal(number)
        controller.wait(20)
    assert eventually(lambda: not any(map(is_running, pids.values())))
    assert eventually(lambda: not sockets(project))


# The whole group, as a terminal does, in the fork of the first worker: after what logging and others do there.
INTERRUPT = (
    "import os, sys\n"
    "if 'ansible-playbook' in str(sys.orig_argv):\n"
    "    os.register_at_fork(after_in_parent=lambda: os.killpg(0, {number}))\n"
)


# While a worker holds the lock of the queue of results.
INTERRUPT_RESULT = (
    "import os, sys, time\n"
    "from multiprocessing.connection import Connection\n"
    "if 'ansible-playbook' in str(sys.orig_argv):\n"
    "    main, send = os.getpid(), Connection._send_bytes\n"
    "    def interrupted(self, buf):\n"
    "        if os.getpid() != main:\n"
    "            Connection._send_bytes = send\n"
    "            os.kill(main, {number})\n"
    "            time.sleep(1)\n"
    "        send(self, buf)\n"
    "    Connection._send_bytes = interrupted\n"
)
MOMENTS = {"fork": (INTERRUPT, "import time\ntime.sleep(300)"), "result": (INTERRUPT_RESULT, "module.exit_json()")}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 99)])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_in_the_middle_of_a_fork_or_a_result_ends_the_run(
    project: Project, moment: str, number: int, status: int
) -> None:
    hook, module = MOMENTS[moment]
    (project.folder / "sitecustomize.py").write_text(hook.format(number=int(number)))
    project.module("slow", module)
    more = {"PYTHONPATH": str(project.folder), "ANSIBLE_CALLBACKS_ENABLED": "slipway.fargate.warm"}
    with project.start([{"slow": {}}], **more) as controller:
        try:
            assert controller.wait(30) == status
        finally:
            controller.kill()
    assert eventually(lambda: not sockets(project))


def test_a_worker_that_ends_takes_its_module_along(project: Project) -> None:
    project.module("trace", TRACE.replace("time.sleep(300)", "os.kill(WORKER, 15); time.sleep(300)"))
    body = (project.folder / "library" / "trace.py").read_text()
    # The worker waits on the other end of this module's standard output.
    find = (
        "def worker():\n    import glob, os\n    mine = os.readlink('/proc/self/fd/1')\n"
        "    for fd in glob.glob('/proc/[0-9]*/fd/*'):\n        try:\n"
        "            if os.readlink(fd) == mine and int(fd.split('/')[2]) != os.getpid():\n"
        "                return int(fd.split('/')[2])\n        except OSError:\n            pass\nWORKER = worker()\n"
    )
    (project.folder / "library" / "trace.py").write_text(body.replace("import json", find + "import json", 1))
    noted = project.folder / "noted"
    with project.start([{"trace": {"data": str(noted)}}]) as controller:
        assert eventually(noted.exists)
        pids = json.loads(noted.read_text())
        assert eventually(lambda: not is_running(pids["module"]))
        controller.kill()
    assert eventually(lambda: not any(map(is_running, pids.values())))


def test_one_private_server_for_all_workers_ends_with_the_run(project: Project) -> None:
    project.module(
        "who",
        "import glob, os, stat\n"
        "found = [os.stat(p) for p in glob.glob(module.params['data'])]\n"
        "above = [os.stat(os.path.dirname(p)) for p in glob.glob(module.params['data'])]\n"
        "with open('who-%d' % os.getpid(), 'w') as stream:\n"
        "    stream.write('%d %s' % (os.getppid(), [s.st_mode for s in found + above]))\n"
        "module.exit_json()",
    )
    hosts = {f"h{number}": "slipway.fargate.warm" for number in range(20)}
    task = {"who": {"data": str(project.folder / "tmp/*/slipway-warm-[0-9a-f]*[0-9a-f]")}}
    project.run([task, task], hosts, "-f", "20")
    seen = [path.read_text().split(" ", 1) for path in project.folder.glob("who-*")]
    assert len(seen) == 40
    assert len({server for server, _modes in seen}) == 1
    socket, folder = json.loads(seen[0][1])
    assert stat.S_ISSOCK(socket)
    assert stat.S_IMODE(socket) == 0o600
    assert stat.S_IMODE(folder) == 0o700
    assert eventually(lambda: not is_running(int(seen[0][0])))
    assert list((project.folder / "tmp").iterdir()) == []


def test_a_server_that_is_killed_takes_its_modules_and_the_next_task_starts_another(project: Project) -> None:
    project.module("regicide", "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(300)")
    output = project.run([{"regicide": {}}, {"ansible.builtin.ping": {}}])
    assert "ok=2" in output
    assert "Killed" in output
    assert project.warm_modules == ["ping"]


def test_a_module_runs_on_after_its_tasks_timeout_as_with_local(project: Project) -> None:
    project.module("slow", "import time\ntime.sleep(2)\nopen(module.params['data'], 'w').close()\nmodule.exit_json()")
    done = project.folder / "done"
    tasks = [
        {"slow": {"data": "/dev/null"}},
        {"slow": {"data": str(done)}, "timeout": 1},
        {"ansible.builtin.wait_for": {"path": str(done), "timeout": 20, "sleep": 0}},
    ]
    output = project.run(tasks)
    assert "imed out after 1" in output
    assert "ignored=1 " in output
