# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The worker's side of the warm connection: find or start this run's server, hand it a payload, collect the result."""

# ruff: noqa: PTH100, PTH101, PTH108, PTH110, PTH116, PTH118, PTH119, PTH120, PTH123
# Sockets are named by way of descriptors, payloads are descriptors.

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import marshal
import multiprocessing
import os
import re
import select
import shlex
import socket
import struct
import subprocess
import sys
import typing as t

_HERE = os.path.dirname(os.path.abspath(__file__))
SERVER_SOURCE = os.path.join(_HERE, "warm_server.py")
BOTOCORE_SOURCE = os.path.join(_HERE, "warm_botocore.py")

# Linux only: the lifetime of the server hangs on pidfds and parent-death signals.
SUPPORTED = sys.platform == "linux" and all(hasattr(os, name) for name in ("pidfd_open", "memfd_create"))

WAIT = " && sleep 0"
ACCEPTED = b"A"
DETACH = b"D"
NOT_STARTED = -1000
_STATUS = struct.Struct("!i")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WRAPPER_MARK = b"\n_ANSIBALLZ_WRAPPER = True"
_ZIP_MARK = b"\nzip_data='"
_ZIP_TAIL = b"',\n)\n"
_PEER = struct.Struct("3i")


@dataclasses.dataclass(frozen=True)
class Job:
    """One module payload and the process it expects to run in."""

    executable: str
    head: memoryview
    zip_data: memoryview
    environ: dict[bytes, bytes]
    assignments: dict[bytes, bytes]
    cwd: bytes
    end: str = ""


class Command(t.NamedTuple):
    """A shell's command that runs an interpreter and nothing else."""

    executable: str
    assignments: dict[str, str]
    interpreter: str
    end: str


class Declined(Exception):
    """The server did not start the payload: running it the ordinary way is safe."""


class Died(Exception):
    """The server died while the payload ran, and took it along; holds what the payload had written."""


def split_payload(data: bytes) -> tuple[memoryview, memoryview] | None:
    """Split an AnsiballZ payload into its code with arguments and its zip; None for anything else."""
    if not data.startswith(b"#!") or data.find(_WRAPPER_MARK, 0, 1000) < 0:
        return None
    start = data.rfind(_ZIP_MARK)
    end = len(data) - len(_ZIP_TAIL)
    if start < 0 or not data.endswith(_ZIP_TAIL):
        return None
    view = memoryview(data)
    # Debugger extensions and wanted tracebacks show the process as it is: those run in a process of their own.
    arguments = data[data.rfind(b'\nif __name__ == "__main__":\n', 0, start) : start]
    if b"\nextensions={},\n" not in arguments + b"\n" or b'"_ansible_tracebacks_for": []' not in arguments:
        return None
    return view[: start + 1], view[start + len(_ZIP_MARK) : end]


def parse_command(command: str) -> Command | None:
    """Take ``sh -c 'A=b python && sleep 0'`` apart; None for any other command."""
    try:
        outer = shlex.split(command)
        if len(outer) != 3 or outer[1] != "-c":
            return None
        words = shlex.split(outer[2])
    except ValueError:
        return None
    # ansible-core up to 2.20 lets the shell wait a moment, which it does anyway.
    end = WAIT if outer[2].endswith(WAIT) else ""
    words = words[: -len(WAIT.split())] if end else words
    if not words:
        return None
    assignments: dict[str, str] = {}
    for word in words[:-1]:
        name, equals, value = word.partition("=")
        if not equals or not _NAME.match(name):
            return None
        assignments[name] = value
    # Build the command again: only what comes out equal held no other shell syntax.
    prefix = "".join(f"{name}={shlex.quote(value)} " for name, value in assignments.items())
    again = f"{outer[0]} -c {shlex.quote(f'{prefix}{words[-1]}{end}')}"
    return Command(outer[0], assignments, words[-1], end) if again == command else None


class Client:
    """Talks to the warm server of one run; the run's private temporary directory holds its socket."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def run(self, job: Job) -> tuple[int, bytes, bytes]:
        """Run a job, return its wait status, stdout and stderr; raise Declined when nothing was started."""
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(self._connect(job))
            out_read, out_write = _pipe(stack)
            err_read, err_write = _pipe(stack)
            with os.fdopen(os.memfd_create("payload"), "wb", buffering=0) as payload:
                header = _write_payload(payload, job)
                try:
                    socket.send_fds(server, [header], [payload.fileno(), out_write, err_write])
                except ConnectionError:
                    raise Declined from None
                finally:
                    os.close(out_write)
                    os.close(err_write)
            return self._collect(server, out_read, err_read)

    @staticmethod
    def _collect(server: socket.socket, out_read: int, err_read: int) -> tuple[int, bytes, bytes]:
        try:
            if _receive(server, 1) != ACCEPTED:
                raise Declined
            stdout, stderr = _drain(out_read, err_read)
            status = _receive(server, _STATUS.size)
        except Declined:
            raise
        except BaseException:
            # A task's timeout: with `local` the module runs on as well.
            with contextlib.suppress(OSError):
                server.send(DETACH)
            raise
        if len(status) < _STATUS.size:
            raise Died(stdout, stderr)
        (code,) = _STATUS.unpack(status)
        if code == NOT_STARTED:
            raise Declined
        return code, stdout, stderr

    # finding and starting the server

    def _connect(self, job: Job) -> socket.socket:
        path = self._path(job)
        if server := self._try_connect(path):
            return server
        with _locked(self._directory):
            if server := self._try_connect(path):
                return server
            self._start(path, job)
        if server := self._try_connect(path):
            return server
        raise Declined

    def start(self, job: Job, store: str = "") -> None:
        """Start the server ahead of the first job, with what every module of AWS imports.

        store: a file in a private folder, for what it compiles.
        """
        with contextlib.suppress(Declined, OSError), _locked(self._directory):
            self._start(self._path(job), job, ahead=True, store=store)

    def _path(self, job: Job) -> str:
        key = hashlib.sha256(f"{sys.executable}\0{job.executable}".encode()).hexdigest()[:12]
        return os.path.join(self._directory, f"slipway-warm-{key}")

    def _try_connect(self, path: str) -> socket.socket | None:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short(path) as short:
                server.connect(short)
        except OSError:
            server.close()
            return None
        if _PEER.unpack(server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[1] != os.geteuid():
            server.close()
            raise Declined
        return server

    def _start(self, path: str, job: Job, *, ahead: bool = False, store: str = "") -> None:
        if os.path.exists(f"{path}.off") or not _is_private(self._directory):
            raise Declined
        controller = _controller_pidfd()
        try:
            rules = shell_rules(job)
        except ValueError:
            open(f"{path}.off", "wb").close()
            raise Declined from None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            with _short(path) as short:
                listener.bind(short)
            os.chmod(path, 0o600)
            listener.listen(256)
            _spawn(
                {
                    "path": path,
                    "listener": listener.fileno(),
                    "controller": controller,
                    "shell_rules": rules,
                    "botocore": BOTOCORE_SOURCE,
                    "ahead": ahead,
                    "store": store,
                }
            )
        os.close(controller)


def _spawn(options: dict[str, t.Any]) -> None:
    """Start the interpreter exactly as `local` starts it for a module: no arguments, program on stdin, pipes."""
    noise, write = os.pipe()
    options["noise"] = noise
    program = (
        "import sys\n"
        "_s = {'__name__': 'slipway_warm_server'}\n"
        f'exec(compile(open({SERVER_SOURCE!r}, "rb").read(), {SERVER_SOURCE!r}, "exec"), _s)\n'
        f'_s["main"]({options!r})\n'
    )
    process = subprocess.Popen(
        [sys.executable],
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=write,
        cwd="/",
        start_new_session=True,
        pass_fds=(options["listener"], options["controller"], noise),
    )
    os.close(noise)
    os.close(write)
    stdin = t.cast("t.IO[bytes]", process.stdin)
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(program.encode())
    # The server outlives this worker by design, it watches the controller: nothing to wait for here.
    process.returncode = 0


def _controller_pidfd() -> int:
    """A handle on the controller: the parent of this worker, or this process when it is no worker."""
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent and parent.pid else os.getpid()
    handle = os.pidfd_open(pid)
    if parent and os.getppid() != pid:
        os.close(handle)
        raise Declined
    return handle


def shell_rules(job: Job) -> list[tuple[bytes, str, int]]:
    """Find out how the shell changes the environment on its way to a command, as (name, rule, argument)."""
    given = {
        **job.environ,
        b"PWD": b"/slipway/nowhere",
        b"OLDPWD": b"/slipway/old",
        b"SHLVL": b"5",
        b"_": b"/slipway/last",
        b"slipway.probe": b"1",
    }
    got = _shell_environment(job, given)
    without = _shell_environment(job, {b"PATH": job.environ.get(b"PATH", os.defpath.encode())})
    rules = []
    for name in sorted(given.keys() | got.keys()):
        if given.get(name) != got.get(name):
            rules.append((name, *_rule(name, given.get(name), got.get(name), name in without)))
    level = without.get(b"SHLVL", b"")
    if level.isdigit() and b"SHLVL" not in [name for name, _rule_name, _argument in rules]:
        rules.append((b"SHLVL", "default", int(level)))
    return rules


def _rule(name: bytes, given: bytes | None, got: bytes | None, always: bool) -> tuple[str, int]:
    if got is None:
        return "unset", 0
    if name == b"PWD" and got == b"/" and always:
        return "pwd", 0
    if name == b"SHLVL" and given and got.isdigit():
        return "shlvl", int(got) - int(given) if always else 0
    if name == b"_" and got.endswith(b"/env"):
        return "interpreter", 0
    raise ValueError(name)


def _shell_environment(job: Job, environ: dict[bytes, bytes]) -> dict[bytes, bytes]:
    process = subprocess.run(
        f"{job.executable} -c 'env -0{job.end}'",
        shell=True,
        executable=job.executable,
        env=environ,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if process.returncode or process.stderr:
        raise ValueError(process.stderr)
    return dict(item.split(b"=", maxsplit=1) for item in process.stdout.split(b"\0") if b"=" in item)


# small tools


def _write_payload(payload: t.BinaryIO, job: Job) -> bytes:
    umask = os.umask(0o077)
    os.umask(umask)
    meta = marshal.dumps({"environ": job.environ, "assignments": job.assignments, "cwd": job.cwd, "umask": umask})
    for part in (meta, job.head, job.zip_data):
        view = memoryview(part)
        while view:
            view = view[payload.write(view) :]
    return struct.pack("!3Q", len(meta), len(job.head), len(job.zip_data))


def _drain(out_read: int, err_read: int) -> tuple[bytes, bytes]:
    chunks: dict[int, list[bytes]] = {out_read: [], err_read: []}
    poll = select.poll()
    for fd in chunks:
        poll.register(fd, select.POLLIN)
    remaining = len(chunks)
    while remaining:
        for fd, _event in poll.poll():
            if chunk := os.read(fd, 1 << 18):
                chunks[fd].append(chunk)
            else:
                poll.unregister(fd)
                remaining -= 1
    return b"".join(chunks[out_read]), b"".join(chunks[err_read])


def _receive(server: socket.socket, size: int) -> bytes:
    """Exactly so many bytes, or fewer when the server is gone."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while len(data) < size and (chunk := server.recv(size - len(data))):
            data += chunk
    return data


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    stack.callback(os.close, read)
    return read, write


@contextlib.contextmanager
def _short(path: str) -> t.Iterator[str]:
    """A name for a socket that fits the kernel's limit of 107 bytes, however deep its directory is."""
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{os.path.basename(path)}"
    finally:
        os.close(directory)


@contextlib.contextmanager
def _locked(directory: str) -> t.Iterator[None]:
    """One starter at a time; the lock is on the directory itself, so that no file is left."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_private(directory: str) -> bool:
    status = os.stat(directory)
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
