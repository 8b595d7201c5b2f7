# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing leaks from one task into the next, and a module meets the process it meets with `local`."""

from __future__ import annotations

import json
from typing import Any

from .conftest import Project, Result

# Everything a module can see of its process, but for what is random in it.
LOOK = """
import gc, logging, os, random, re, resource, signal, socket, sys, tempfile, threading, time, warnings
import boto3, botocore.session
import ansible.module_utils.basic as basic
def kind(fd):
    return re.sub(r'[0-9]+', 'N', os.readlink(f'/proc/self/fd/{fd}'))
umask = os.umask(0); os.umask(umask)
fds = {}
for fd in os.listdir('/proc/self/fd'):
    try:
        fds[fd] = kind(fd)
    except OSError:
        pass
session = botocore.session.Session()
credentials = session.get_credentials()
seen = dict(
    environ=sorted(os.environ.items()), cwd=os.getcwd(), umask=umask, fds=fds,
    argv=sys.argv[1:], orig_argv=sys.orig_argv,
    path=[re.sub('_payload_[^/]*/', '_payload_/', p) for p in sys.path],
    flags=str(sys.flags), executable=sys.executable, stdin=sys.stdin.read(), streams=[
        (s.encoding, s.errors, s.line_buffering, s.isatty(), s.seekable())
        for s in (sys.stdin, sys.stdout, sys.stderr)],
    signals={str(s): str(signal.getsignal(s)) for s in signal.valid_signals()},
    blocked=sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), timer=signal.getitimer(signal.ITIMER_REAL),
    limits=[resource.getrlimit(n) for n in range(15)], nice=os.nice(0), threads=threading.active_count(),
    handlers=[str(h) for h in logging.root.handlers], level=logging.getLogger('botocore').level,
    session=str(boto3.DEFAULT_SESSION), credentials=credentials and [credentials.access_key, credentials.token],
    profile=session.profile, region=session.get_config_variable('region'), timeout=socket.getdefaulttimeout(),
    temporary=tempfile.gettempdir(), zone=time.tzname, filters=len(warnings.filters), gc=gc.isenabled(),
    hook=sys.excepthook is sys.__excepthook__, recursion=sys.getrecursionlimit(), patched=hasattr(basic, 'patched'),
    main=sorted(vars(basic.__main__)),
    terminal=os.path.exists('/dev/tty') and _tty(),
    groups=os.getgroups(), leader=os.getsid(0) != os.getppid(), names=sorted(
        n for n in sys.modules if n.startswith(('ansible', 'slipway')) and n != '__main__'),
    files=sorted({str(getattr(m, '__file__', None)).partition('_payload.zip/')[2] for n, m in sys.modules.items()
        if n.startswith('ansible')}),
)
module.exit_json(seen=seen)
"""
LOOK = "def _tty():\n    import os\n    try:\n        os.close(os.open('/dev/tty', 0))\n        return True\n" + (
    "    except OSError:\n        return False\n" + LOOK
)

SPOIL = """
import logging, os, random, signal, socket, sys, tempfile, time, warnings
import boto3, botocore.session
import ansible.module_utils.basic as basic
os.environ.update(LEAK='1', AWS_ACCESS_KEY_ID='LEAK', TZ='Asia/Tokyo', HOME='/leak'); os.chdir('/usr'); os.umask(0o077)
time.tzset(); random.seed(1); signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.alarm(100)
logging.basicConfig(level=0); boto3.set_stream_logger(''); boto3.setup_default_session(aws_access_key_id='LEAK',
    aws_secret_access_key='LEAK', region_name='leak-1'); boto3.client('sts'); socket.setdefaulttimeout(3)
sys.setrecursionlimit(5000); sys.excepthook = print; sys.path.insert(0, '/leak'); basic.patched = True
tempfile.tempdir = '/leak'; warnings.simplefilter('error'); os.open('/etc/passwd', 0); sys.modules['leak'] = os
botocore.session.Session.get_credentials = lambda self: None; open('/dev/null')
basic.AnsibleModule.exit_json = lambda *args, **kwargs: sys.exit(9)
print('{"changed": true}'); sys.stdout.flush(); os._exit(0)
"""
ONCE = {"retries": {"total_max_attempts": 1}}
TASK_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "task", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "TZ": "UTC-3"}


def look(result: Result) -> dict[str, Any]:
    seen = json.loads(result.stdout)["seen"]
    seen["fds"] = {fd: name for fd, name in seen["fds"].items() if "/proc/" not in name}
    return seen


def test_a_module_meets_the_process_it_meets_with_local_whatever_ran_before(project: Project) -> None:
    project.module("look", LOOK)
    project.module("spoil", SPOIL)
    environment = {"AWS_ACCESS_KEY_ID": "run", "AWS_SECRET_ACCESS_KEY": "run", "OLDPWD": "/tmp", "PWD": "/wrong"}
    tasks = [
        {"look": {}},
        {"look": {}, "environment": TASK_ENVIRONMENT},
        {"spoil": {}},
        {"look": {}},
        {"amazon.aws.ec2_vpc_net_info": {"region": "eu-west-1", "aws_config": ONCE}},
        {"look": {}},
    ]
    warm, plain = project.run_both(tasks, **environment, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    looks = [0, 1, 3, 5]
    for index in looks:
        one, other = look(warm[index]), look(plain[index])
        assert {key: (one[key], other[key]) for key in one if one[key] != other[key]} == {}
    assert look(warm[1])["credentials"] == ["task", "t"]
    assert look(warm[3]) == look(warm[0])
    assert project.warm_modules == ["look", "look", "spoil", "look", "ec2_vpc_net_info", "look"]


def test_random_numbers_differ_from_fork_to_fork(project: Project) -> None:
    project.module(
        "draw",
        "import random, secrets, ssl, tempfile, uuid\n"
        "module.exit_json(drawn=[random.random(), str(uuid.uuid4()), secrets.token_hex(4), ssl.RAND_bytes(4).hex(),"
        " next(tempfile._get_candidate_names())])",
    )
    warm, _plain = project.run_both([{"draw": {}}, {"draw": {}}, {"draw": {}}])
    for column in zip(*(json.loads(result.stdout)["drawn"] for result in warm), strict=True):
        assert len(set(column)) == 3


def test_a_module_utility_that_changes_is_loaded_anew(project: Project) -> None:
    """The payload's own text counts, not what the server has loaded under the same name."""
    (project.folder / "module_utils").mkdir()
    for name in ("one", "two"):
        (project.folder / f"{name}.py").write_text(f"VALUE = '{name}'\n")
    utility = project.folder / "module_utils" / "shared.py"
    utility.write_text("VALUE = 'one'\n")
    for name in ("first", "second"):
        project.module(name, "from ansible.module_utils import shared\nmodule.exit_json(value=shared.VALUE)")
    tasks = [
        {"first": {}},
        {"ansible.builtin.copy": {"src": str(project.folder / "two.py"), "dest": str(utility)}},
        {"second": {}},
    ]
    warm, plain = project.run_both(tasks, ANSIBLE_MODULE_UTILS=str(utility.parent))
    assert [json.loads(warm[index].stdout).get("value") for index in (0, -1)] == ["one", "two"]
    assert warm[-1] == plain[-1]
    assert project.warm_modules[-1] == "second"
