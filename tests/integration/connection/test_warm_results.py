# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm connection returns what `local` returns, byte for byte."""

from __future__ import annotations

from typing import Any

from .conftest import Project

AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
ONCE = {"retries": {"total_max_attempts": 1}}

# name: the end of a module's text
CRASHES = {
    "uncaught": "raise ValueError('broken')",
    "chained": "try:\n    {}['a']\nexcept KeyError as error:\n    raise RuntimeError('outer') from error",
    "base_exception": "class Odd(BaseException):\n    pass\nraise Odd('odd')",
    "interrupted": "raise KeyboardInterrupt",
    "falls_through": "pass",
    "junk": "print('junk before')\nmodule.exit_json(changed=False)",
    "junk_only": "print('nothing but junk')\nraise SystemExit(0)",
    "text_exit": "import sys\nsys.exit('a word')",
    "big_exit": "import sys\nsys.exit(259)",
    "hard_exit": "import os, sys\nsys.stdout.write('lost')\nos._exit(7)",
    "killed": "import os\nprint('out', flush=True)\nos.kill(os.getpid(), 9)",
    "terminated": "import os\nos.kill(os.getpid(), 15)",
    "aborted": "import os, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nos.abort()",
    "warns": "module.warn('careful')\nmodule.deprecate('old', version='9.0', collection_name='a.b')\n"
    "module.exit_json(changed=True, text='\\u00fc \\U0001f600')",
    "fails": "module.fail_json(msg='no', exception='made up')",
    "late_words": "import atexit, sys, threading, time\natexit.register(print, 'at exit')\n"
    "threading.Thread(target=lambda: (time.sleep(0.2), print('thread', file=sys.stderr))).start()\n"
    "print('to stderr', file=sys.stderr)\nmodule.exit_json()",
    "missing": "import no_such_thing",
    "recursion": "def deeper():\n    deeper()\ndeeper()",
    "closed": "import os\nos.close(1)\nmodule.exit_json()",
    "own_warning": "import warnings\nwarnings.warn('python says')\nmodule.exit_json()",
}


def test_results_are_those_of_local(project: Project) -> None:
    for name, body in CRASHES.items():
        project.module(name, body)
    file = str(project.folder / "{{ inventory_hostname }}" / "file")
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.ping": {}},
        {"ansible.builtin.file": {"path": str(project.folder / "{{ inventory_hostname }}"), "state": "directory"}},
        {"ansible.builtin.copy": {"dest": file, "content": "text\n", "mode": "0640"}},
        {"ansible.builtin.lineinfile": {"path": file, "line": "more"}, "diff": True, "check_mode": True},
        {"ansible.builtin.stat": {"path": file}},
        {"ansible.builtin.slurp": {"src": file}},
        {"ansible.builtin.command": {"cmd": "sh -c 'echo out; echo err >&2; exit 3'"}},
        {"ansible.builtin.shell": {"cmd": "pwd; umask; echo $A"}, "environment": {"A": 'it\'s "$HOME" \\ é'}},
        {"ansible.builtin.ping": {"no_such_option": 1}},
        {"ansible.builtin.ping": {"data": "crash"}},
        {"amazon.aws.ec2_vpc_net_info": {"aws_config": ONCE, "region": "eu-west-1"}},
        {"amazon.aws.s3_bucket_info": {"aws_config": ONCE}},
        {"amazon.aws.ec2_vpc_net_info": {"profile": "no-such-profile", "region": "eu-west-1"}},
        *({name: {}} for name in CRASHES),
    ]
    warm, plain = project.run_both(tasks, **AWS)
    assert len(plain) >= len(tasks)
    assert [pair for pair in zip(warm, plain, strict=True) if pair[0] != pair[1]] == []
    assert project.warm_modules.count("ping") == 3
    assert set(CRASHES) <= {*project.warm_modules}


def test_large_input_and_output(project: Project) -> None:
    project.module("echo", "module.exit_json(data=module.params['data'] * 5)")
    (warm,), (plain,) = project.run_both([{"echo": {"data": "{{ 'ä' * 1000000 }}"}}])
    assert warm == plain
    assert len(warm.stdout) > 10_000_000
    assert project.warm_modules == ["echo"]


def test_what_a_process_leaves_is_finished_and_cleaned(project: Project) -> None:
    """Buffers of forgotten files are written, temporary files go: the interpreter's end does that elsewhere."""
    project.module(
        "leaves",
        "import os, tempfile\ndata = module.params['data']\nos.mkdir(data)\n"
        "kept = tempfile.NamedTemporaryFile(dir=data)\nfolder = tempfile.TemporaryDirectory(dir=data)\n"
        "def cycle():\n    return kept, folder\n"
        "def writes():\n    forgotten = open(data + '/forgotten', 'w')\n    forgotten.write('written')\n"
        "    module.exit_json()\nwrites()",
    )
    warm, plain = project.run_both([{"leaves": {"data": str(project.folder / "{{ inventory_hostname }}")}}])
    assert warm == plain
    for host in ("warm", "plain"):
        assert {path.name: path.read_text() for path in (project.folder / host).iterdir()} == {"forgotten": "written"}
    assert project.warm_modules == ["leaves"]


def test_a_library_installed_during_the_run_is_found(project: Project) -> None:
    (project.folder / "site").mkdir()
    project.module("imports", "import come_late\nmodule.exit_json(version=come_late.VERSION)")
    library = project.folder / "site" / "come_late.py"
    tasks = [
        {"imports": {}},
        {"ansible.builtin.copy": {"dest": str(library), "content": "VERSION = 1\n"}},
        {"imports": {}, "register": "first"},
        {"ansible.builtin.copy": {"dest": str(library), "content": "VERSION = 20\n"}},
        {"imports": {}, "register": "second"},
        {"ansible.builtin.debug": {"msg": "versions {{ first.version }} {{ second.version }}"}},
    ]
    assert "versions 1 20" in project.run(tasks, PYTHONPATH=str(project.folder / "site"))
