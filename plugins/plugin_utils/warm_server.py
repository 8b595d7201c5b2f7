# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fork server of the warm connection.

Runs in an interpreter of its own, started by the first worker that needs it, and outlives no controller. It imports
what payloads need and never runs one itself: each gets a fork, which executes AnsiballZ's own wrapper. Only standard
library here: the file is executed as it is, outside the collection loader.
"""

# ruff: noqa: PTH104, PTH108, PTH116, PTH120, PTH121, PTH123, PTH207, PLC0415
# Paths are bytes and descriptors here, and imports happen when a payload needs them.

from __future__ import annotations

import atexit
import base64
import contextlib
import datetime
import dis
import gc
import glob
import hashlib
import importlib.machinery
import importlib.util
import io
import marshal
import mmap
import os
import re
import select
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import types
import typing as t
import zipfile
import zipimport

ACCEPTED, DECLINED = b"A", b"N"
HEADER = struct.Struct("!3Q")
STATUS = struct.Struct("!i")
PEER = struct.Struct("3i")
PR_SET_PDEATHSIG = 1
REPORT_SIZE = 65536
GRACE = 2.0
LOG = os.environ.get("SLIPWAY_WARM_LOG")
FILES = "slipway-warm-*"
# In place of a wait status: the fork itself failed.
NOT_STARTED = -1000

# What shapes an interpreter while it starts, or a library while it is imported: a payload whose environment differs
# here from the server's gets an interpreter of its own.
STARTUP_ENVIRONMENT = re.compile(
    rb"(PYTHON|LC_|LD_|OPENSSL_|MALLOC_|GLIBC_|COVERAGE_|BOTO_|BOTOCORE_)|(LANG|LANGUAGE|HOME|SSLKEYLOGFILE)\Z"
)

# Code that may be executed here, ahead of the fork: libraries that are known to do nothing when they are imported.
PRELOADABLE = re.compile(
    r"ansible\.module_utils\.|ansible_collections\.(amazon\.aws|community\.aws|slipway\.fargate)\.plugins\.module_utils\."
)
PRELOADABLE_LIBRARIES = frozenset(("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil"))
VIRTUAL_ROOT = "/slipway-warm-payload.zip"

LOADER = "ansible.module_utils._internal._ansiballz._loader"
IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\Z")

Sources = dict[str, bytes]


class Payload:
    """One distinct zip: the sources a module travels with, and which loaded modules it may share."""

    def __init__(self, zip_data: bytes, texts: dict[bytes, bytes]) -> None:
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(zip_data)))
        # The same text is kept once, however many payloads carry it.
        self.sources: Sources = {
            info.filename: texts.setdefault(text, text)
            for info in archive.infolist()
            if info.filename.endswith(".py") and (text := _normalised(archive.read(info))) is not None
        }
        self.name = ""
        self._foreign: tuple[int, list[str]] = (-1, [])

    def find(self, name: str) -> tuple[str, bytes, bool] | None:
        """A module's path inside the zip, its source, and whether it is a package."""
        stem = name.replace(".", "/")
        for path, is_package in ((f"{stem}/__init__.py", True), (f"{stem}.py", False)):
            if path in self.sources:
                return path, self.sources[path], is_package
        return None

    def foreign(self, library: Library) -> list[str]:
        """The loaded modules that a process of this payload alone would not have, or have from other source."""
        if self._foreign[0] != len(library.loaded):
            self._foreign = (len(library.loaded), self._compute_foreign(library))
        return self._foreign[1]

    def _compute_foreign(self, library: Library) -> list[str]:
        foreign: set[str] = set()
        for name, module in library.loaded.items():
            found = self.find(name)
            if not found or (found[1], found[2]) != (module.source, module.is_package):
                foreign.add(name)
        # Whatever imported one of these, or lives in it, was built on it: out as well.
        grown = True
        while grown:
            more = {
                name
                for name, module in library.loaded.items()
                if name not in foreign and not foreign.isdisjoint(module.needs)
            }
            foreign |= more
            grown = bool(more)
        return sorted(foreign, reverse=True)


def _normalised(source: bytes) -> bytes:
    """Line ends as zipimport makes them before it compiles."""
    return source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class Loaded(t.NamedTuple):
    """A module executed in the server, with what it was made from."""

    module: types.ModuleType
    code: types.CodeType
    path: str
    source: bytes
    is_package: bool
    needs: frozenset[str]


class Compiled(t.NamedTuple):
    """A source file of a payload, compiled, with what its own level imports."""

    code: types.CodeType
    imports: list[str]


class Library:
    """Imports modules of payloads into the server, and keeps compiled code of all others."""

    def __init__(self, known: dict[bytes, tuple[t.Any, ...]] | None = None) -> None:
        """known: what an earlier run has compiled, by the digest of path and source."""
        self.loaded: dict[str, Loaded] = {}
        self.news: dict[bytes, Compiled] = {}
        self._known = known or {}
        self._compiled: dict[tuple[str, bytes], Compiled] = {}
        self._payload: Payload | None = None

    # the meta path finder

    def find_spec(self, name: str, path: t.Any = None, target: t.Any = None) -> importlib.machinery.ModuleSpec | None:
        if not self._payload or not (found := self._payload.find(name)):
            return None
        origin = f"{VIRTUAL_ROOT}/{found[0]}"
        spec = importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=found[2])  # type: ignore[arg-type]
        if found[2]:
            spec.submodule_search_locations = [os.path.dirname(origin)]
        spec.has_location = True
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        found = self._payload.find(name) if self._payload else None
        if not found:
            raise ImportError(name)
        path, source, is_package = found
        compiled = self.compiled(path, source)
        exec(compiled.code, module.__dict__)
        needs = frozenset((*compiled.imports, name.rpartition(".")[0])) - {name}
        self.loaded[name] = Loaded(module, compiled.code, path, source, is_package, needs)

    # use

    def prepare(self, payload: Payload, module_name: str) -> None:
        """Import what the payload's module imports, as far as that is known to be harmless."""
        found = payload.find(module_name)
        if not found:
            return
        self._payload = payload
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]
        try:
            _import_quietly(LOADER)
            for name in self.compiled(found[0], found[1]).imports:
                if self._may_import(name, payload):
                    _import_quietly(name)
        finally:
            sys.meta_path.remove(self)  # type: ignore[arg-type]
            self._payload = None

    @staticmethod
    def _may_import(name: str, payload: Payload) -> bool:
        top = name.partition(".")[0]
        if PRELOADABLE.match(name):
            return payload.find(name) is not None
        return top in PRELOADABLE_LIBRARIES or (top in sys.stdlib_module_names and top not in sys.builtin_module_names)

    def compiled(self, path: str, source: bytes) -> Compiled:
        """Compiled once for all forks; the caller gives it the file name of its own archive."""
        key = (path, source)
        if key not in self._compiled:
            digest = hashlib.sha256(path.encode() + b"\0" + source).digest()
            if known := self._known.get(digest):
                self._compiled[key] = Compiled(*known)
            else:
                code = compile(source, f"{VIRTUAL_ROOT}/{path}", "exec", dont_inherit=True)
                self.news[digest] = self._compiled[key] = Compiled(code, _module_level_imports(path, code))
        return self._compiled[key]

    def save(self, file: str) -> None:
        """Add the news to what the next run knows."""
        if self.news:
            known = {**self._known, **{digest: tuple(compiled) for digest, compiled in self.news.items()}}
            name = f"{file}.{os.getpid()}"
            with open(name, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
                marshal.dump(known, stream)
            os.rename(name, file)


def _read_known(file: str) -> dict[bytes, tuple[t.Any, ...]]:
    try:
        with open(file, "rb") as stream:
            known = marshal.load(stream)
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return known if isinstance(known, dict) else {}


def _module_level_imports(path: str, code: types.CodeType) -> list[str]:
    """The absolute names that a file's own level imports; `from x import y` yields x and x.y."""
    package = os.path.dirname(path).replace("/", ".")
    names: dict[str, None] = {}
    before: list[t.Any] = [None, None]
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            level, members = before
            target = instruction.argval
            if level:
                base = package.split(".")
                base = base[: len(base) - level + 1]
                target = ".".join([*base, target] if target else base)
            names[target] = None
            for member in members or ():
                names[f"{target}.{member}"] = None
        before = [before[1], instruction.argval]
    return list(names)


def _import_quietly(name: str) -> None:
    # The payload will meet the same error by itself.
    with contextlib.suppress(Exception):
        importlib.import_module(name)


class Installed:
    """Notices when libraries that are loaded here, or the folders they are found in, change."""

    INTERVAL = 1.0

    def __init__(self) -> None:
        self._folders: dict[str, t.Any] = {}
        self._files: dict[str, t.Any] = {}
        self._checked = 0.0

    def note(self) -> None:
        """Remember the state of what was imported meanwhile."""
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path not in self._files and not path.startswith(VIRTUAL_ROOT):
                self._files[path] = _version(path)
        for path in sys.path:
            self._folders.setdefault(path, _version(path))

    def has_changed(self) -> bool:
        if any(_version(path) != version for path, version in self._folders.items()):
            return True
        if time.monotonic() < self._checked + self.INTERVAL:
            return False
        self._checked = time.monotonic()
        return any(_version(path) != version for path, version in self._files.items())


def _version(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Request(t.NamedTuple):
    """A payload with its process's surroundings, as the worker sent it."""

    environ: dict[bytes, bytes]
    cwd: bytes
    umask: int
    head: bytes
    zip_data: bytes
    stdout: int
    stderr: int


class Child(t.NamedTuple):
    """A running payload."""

    pid: int
    handle: int
    client: socket.socket
    report: mmap.mmap
    name: str
    started: float


class Server:
    """Accepts requests, forks for each, and goes away with the controller."""

    def __init__(self, options: dict[str, t.Any]) -> None:
        self._path: str = options["path"]
        self._listener = socket.socket(fileno=options["listener"])
        self._controller: int = options["controller"]
        self._rules: list[tuple[bytes, str, int]] = options["shell_rules"]
        self._startup = _startup_environment(dict(os.environb))
        self._poll = select.poll()
        self._waiting: dict[int, socket.socket] = {}
        self._by_client: dict[int, Child] = {}
        self._by_handle: dict[int, Child] = {}
        self._payloads: dict[bytes, Payload] = {}
        self._wrappers: dict[bytes, types.CodeType] = {}
        self._store: str = options["store"]  # a file in a private folder, or none
        self._library = Library(_read_known(self._store) if self._store else None)
        self._installed = Installed()
        self._texts: dict[bytes, bytes] = {}
        self._noise: int = options["noise"]
        self._noisy = self._outdated = False
        self._warmth_source: str = options["botocore"]
        self._ahead: bool = options["ahead"]  # of the first payload, which will be one for AWS
        self._warmth: t.Any = None
        self._at_end = _closed_pipe()
        self._prctl = _load_prctl()

    def serve(self) -> t.Callable[[], None]:
        """Serve until the controller ends. Returns in forks only, with what the fork has to do."""
        for fd in (self._listener.fileno(), self._controller):
            os.set_inheritable(fd, False)
            self._poll.register(fd, select.POLLIN)
        os.set_inheritable(self._noise, False)
        if self._ahead:
            _import_quietly("boto3")
            self._share_botocore()
            self._installed.note()
        while not self._outdated or self._waiting or self._by_handle:
            for fd, _event in self._poll.poll():
                if fd == self._controller:
                    self._end()
                elif fd == self._listener.fileno():
                    self._accept()
                elif fd in self._by_handle:
                    self._reap(self._by_handle[fd])
                elif fd in self._by_client:
                    self._hear(self._by_client[fd])
                elif fd in self._waiting and (work := self._start(self._waiting.pop(fd))):
                    return work
        os._exit(0)

    def _accept(self) -> None:
        client, _address = self._listener.accept()
        if PEER.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[1] != os.geteuid():
            client.close()
            return
        self._waiting[client.fileno()] = client
        self._poll.register(client, select.POLLIN)

    def _start(self, client: socket.socket) -> t.Callable[[], None] | None:
        self._poll.unregister(client)
        request = self._receive(client)
        if not request:
            client.close()
            return None
        prepared = None
        if not self._is_outdated() and _startup_environment(request.environ) == self._startup:
            with contextlib.suppress(Exception):  # declined: the payload shows its own errors
                prepared = self._prepare(request)
        work = None
        if not prepared or self._is_noisy():
            self._answer(client, DECLINED)
            client.close()
        elif self._answer(client, ACCEPTED):
            work = self._fork(client, request, *prepared)
        else:
            client.close()
        if not work:
            os.close(request.stdout)
            os.close(request.stderr)
        return work

    def _fork(
        self, client: socket.socket, request: Request, payload: Payload, wrapper: types.CodeType, arguments: bytes
    ) -> t.Callable[[], None] | None:
        report = mmap.mmap(-1, REPORT_SIZE)
        gc.freeze()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            self._answer(client, STATUS.pack(NOT_STARTED))
            client.close()
            return None
        if not pid:
            execution = Execution(self._library, self._warmth, payload, wrapper, arguments, request.zip_data, report)
            try:
                self._become_module(server, request)
                execution.prepare()
            except Exception:  # nothing of the payload has run yet: let it run the ordinary way
                report[REPORT_SIZE - 1] = 1
                _log(traceback.format_exc())
                os._exit(1)
            return execution.run
        self._watch(Child(pid, os.pidfd_open(pid), client, report, payload.name, time.monotonic()))
        return None

    def _is_noisy(self) -> bool:
        """Whether an import has written something, which its module would have shown: then nothing is preloaded."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if not self._noisy and select.select([self._noise], [], [], 0)[0]:
            self._noisy = True
        return self._noisy

    def _is_outdated(self) -> bool:
        """Whether libraries were installed or changed; then this server serves no more, and the next starts anew."""
        if not self._outdated and self._installed.has_changed():
            self._outdated = True
            self._stop_listening()
        return self._outdated

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._poll.unregister(self._listener)
        self._listener.close()

    @staticmethod
    def _answer(client: socket.socket, answer: bytes) -> bool:
        try:
            client.sendall(answer)
        except OSError:
            return False
        return True

    def _receive(self, client: socket.socket) -> Request | None:
        try:
            header, fds, _flags, _address = socket.recv_fds(client, HEADER.size, 3)
        except OSError:
            return None
        for fd in fds:
            os.set_inheritable(fd, False)
        try:
            sizes = HEADER.unpack(header)
            payload, stdout, stderr = fds
            with os.fdopen(payload, "rb", buffering=0, closefd=False) as stream:
                stream.seek(0)
                meta, head, zip_data = (_read(stream, size) for size in sizes)
            fields = marshal.loads(meta)
            environ = self._through_shell(fields["environ"], fields["cwd"])
            environ.update(fields["assignments"])
            request = Request(environ, fields["cwd"], fields["umask"], head, zip_data, stdout, stderr)
        except (struct.error, ValueError, TypeError, KeyError, EOFError, OSError):
            for fd in fds:
                os.close(fd)
            return None
        os.close(payload)
        return request

    def _through_shell(self, environ: dict[bytes, bytes], cwd: bytes) -> dict[bytes, bytes]:
        """The environment as the shell that `local` starts would hand it to a command."""
        if (b"slipway.probe", "unset", 0) in self._rules:
            environ = {name: value for name, value in environ.items() if IDENTIFIER.match(name)}
        for name, rule, argument in self._rules:
            if rule == "unset":
                environ.pop(name, None)
            elif rule == "pwd":
                environ[name] = _working_directory(environ.get(name, b""), cwd)
            elif rule == "default":
                environ.setdefault(name, b"%d" % argument)
            elif rule == "shlvl":
                before = environ.get(name, b"0")
                environ[name] = b"%d" % ((int(before) if before.isdigit() else 0) + argument)
            elif rule == "interpreter":
                environ[name] = os.fsencode(sys.executable)
        return environ

    def _prepare(self, request: Request) -> tuple[Payload, types.CodeType, bytes]:
        wrapper, arguments = _split_head(request.head)
        if wrapper not in self._wrappers:
            self._wrappers[wrapper] = compile(wrapper + _CALL, "<stdin>", "exec", dont_inherit=True)
        digest = hashlib.sha256(request.zip_data).digest()
        payload = self._payloads.get(digest)
        if not payload:
            payload = self._payloads[digest] = Payload(request.zip_data, self._texts)
        if not payload.name:
            self._warm_up(payload, arguments)
        return payload, self._wrappers[wrapper], arguments

    def _warm_up(self, payload: Payload, arguments: bytes) -> None:
        """Load what a payload that is new here is going to need."""
        match = re.search(rb"^module_fqn='([\w.]+)',$", arguments, re.MULTILINE)
        name = match[1].decode() if match else ""
        payload.name = name or "unknown"
        self._library.prepare(payload, name)
        self._share_botocore()
        if self._warmth and (found := payload.find(name)):
            self._warmth.expect(found[1])
        self._installed.note()

    def _share_botocore(self) -> None:
        if "botocore.session" in sys.modules and not self._warmth:
            self._warmth = self._load_warmth()

    def _load_warmth(self) -> t.Any:
        """warm_botocore.py: executed from its source as this file is, and in no module table for a payload to find."""
        with open(self._warmth_source, "rb") as stream:
            code = compile(stream.read(), self._warmth_source, "exec", dont_inherit=True)
        namespace: dict[str, t.Any] = {"__name__": "slipway_warm_botocore"}
        exec(code, namespace)
        try:
            return namespace["Warmth"]()
        except Exception:  # another botocore: slower, not wrong
            return None

    def _become_module(self, parent: int, request: Request) -> None:
        """Turn this fork into the process that `local` would have started."""
        if self._prctl:
            self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()
        for fd, source in ((0, self._at_end), (1, request.stdout), (2, request.stderr)):
            os.dup2(source, fd)
        self._forget_sockets()
        os.closerange(3, 65536)
        os.environ.clear()
        os.environb.update(request.environ)
        time.tzset()
        os.umask(request.umask)
        os.chdir(request.cwd)

    def _forget_sockets(self) -> None:
        # Closed by number right after this: their objects must not close whatever gets the numbers next.
        for client in (self._listener, *self._waiting.values(), *(child.client for child in self._by_handle.values())):
            client.detach()

    def _watch(self, child: Child) -> None:
        self._by_handle[child.handle] = self._by_client[child.client.fileno()] = child
        self._poll.register(child.handle, select.POLLIN)
        self._poll.register(child.client, select.POLLIN)

    def _hear(self, child: Child) -> None:
        """The worker said that it stops waiting, or is gone: then its module goes as it would with `local`."""
        try:
            message = child.client.recv(1)
        except OSError:
            message = b""
        self._poll.unregister(child.client)
        del self._by_client[child.client.fileno()]
        if not message:
            _kill(child.pid, signal.SIGTERM)

    def _reap(self, child: Child) -> None:
        _pid, status, usage = os.wait4(child.pid, 0)
        self._poll.unregister(child.handle)
        del self._by_handle[child.handle]
        os.close(child.handle)
        if self._by_client.pop(child.client.fileno(), None):
            self._poll.unregister(child.client)
        code = NOT_STARTED if child.report[REPORT_SIZE - 1] else os.waitstatus_to_exitcode(status)
        self._answer(child.client, STATUS.pack(code))
        child.client.close()
        if self._warmth and child.report[0] and code != NOT_STARTED:
            self._warmth.learn(marshal.loads(child.report))
        child.report.close()
        if code != NOT_STARTED:
            self._log(child, usage)

    def _log(self, child: Child, usage: t.Any) -> None:
        """For those who measure: one line for each payload."""
        _log(
            f"{child.name} wall={time.monotonic() - child.started:.4f} "
            f"user={usage.ru_utime:.4f} system={usage.ru_stime:.4f} faults={usage.ru_minflt} "
            f"server={time.process_time():.3f}\n"
        )

    def _end(self) -> t.NoReturn:
        """The controller is gone: so is all that it started."""
        if not self._outdated:
            self._stop_listening()
        # A controller that was killed leaves the run's folder behind; nothing of ours in it.
        for path in glob.glob(f"{glob.escape(os.path.dirname(self._path))}/{FILES}"):
            with contextlib.suppress(OSError):
                os.unlink(path)
            shutil.rmtree(path, ignore_errors=True)
        for child in self._by_handle.values():
            _kill(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in self._by_handle.values():
            select.select([child.handle], [], [], max(0, deadline - time.monotonic()))
            _kill(child.pid, signal.SIGKILL)
        with contextlib.suppress(OSError, ValueError):
            if self._store:
                self._library.save(self._store)
        os._exit(0)


class Execution:
    """A payload's life in its own fork."""

    def __init__(
        self,
        library: Library,
        warmth: t.Any,
        payload: Payload,
        wrapper: types.CodeType,
        arguments: bytes,
        zip_data: bytes,
        report: mmap.mmap,
    ) -> None:
        self._library = library
        self._warmth = warmth
        self._payload = payload
        self._wrapper = wrapper
        self._arguments = arguments
        self._zip_data = zip_data
        self._report = report

    def prepare(self) -> None:
        """Make this interpreter look as one that was started for the payload."""
        if self._warmth:
            self._warmth.fork()
        gc.set_threshold(10_000, 10, 10)
        # Another task may have installed a library a moment ago.
        importlib.invalidate_caches()
        self._drop_foreign_modules()
        self._serve_compiled_code()
        self._move_into_archive_when_known()
        main = sys.modules["__main__"]
        for name in [name for name in vars(main) if not name.startswith("__") or name == "__warningregistry__"]:
            delattr(main, name)
        main.__dict__["_arguments"] = self._evaluate()

    def run(self) -> None:
        """Execute AnsiballZ's wrapper as `python < payload` does, then end this process."""
        main = sys.modules["__main__"]
        _finish(self._wrapper, main.__dict__, self._tell_news)

    def _tell_news(self) -> None:
        """Leave word of what had to be loaded here, for the server to have it ready next time."""
        if self._warmth and (news := self._warmth.news()):
            data = marshal.dumps(news)
            if len(data) < REPORT_SIZE - 1:
                self._report.write(data)

    def _evaluate(self) -> dict[str, t.Any]:
        code = compile(b"dict(\n" + self._arguments + b"\n)", "<stdin>", "eval", dont_inherit=True)
        return dict(eval(code, {"datetime": datetime}), zip_data=self._zip_data.decode())

    def _drop_foreign_modules(self) -> None:
        for name in self._payload.foreign(self._library):
            module = sys.modules.pop(name, None)
            package, _dot, leaf = name.rpartition(".")
            if vars(sys.modules.get(package, module)).get(leaf) is module and package:
                delattr(sys.modules[package], leaf)

    def _serve_compiled_code(self) -> None:
        """Let zipimport find compiled code where it would compile the same source again."""
        library, payload = self._library, self._payload

        def compile_source(pathname: str, source: bytes) -> types.CodeType:
            path = pathname.partition("_payload.zip/")[2]
            source = _normalised(source)
            if payload.sources.get(path) != source:
                return compile(source, pathname, "exec", dont_inherit=True)
            code = library.compiled(path, source).code
            _fix_co_filename(code, pathname)
            return code

        zipimport._compile_source = compile_source  # type: ignore[attr-defined]

    def _move_into_archive_when_known(self) -> None:
        """The wrapper chooses the archive's path, then imports its loader: tell the loaded modules at that moment."""
        loaded = self._library.loaded.get(LOADER)
        if loaded and sys.modules.pop(LOADER, None) is loaded.module:
            delattr(sys.modules[LOADER.rpartition(".")[0]], LOADER.rpartition(".")[2])
            sys.meta_path.insert(0, Arrival(loaded.module, self._move_into))  # type: ignore[arg-type]

    def _move_into(self, archive: str) -> None:
        loaders: dict[str, zipimport.zipimporter] = {}
        for name, loaded in self._library.loaded.items():
            if sys.modules.get(name) is not loaded.module:
                continue
            directory = f"{archive}/{os.path.dirname(loaded.path)}"
            where = os.path.dirname(directory) if loaded.is_package else directory
            if where not in loaders:
                loaders[where] = zipimport.zipimporter(where)
            _relocate(loaded, f"{archive}/{loaded.path}", directory, loaders[where])


class Arrival:
    """A finder that is asked for AnsiballZ's loader, once; a wrapper function would show in tracebacks."""

    def __init__(self, module: types.ModuleType, announce: t.Callable[[str], None]) -> None:
        self._module = module
        self._announce = announce

    def find_spec(self, name: str, path: t.Any = None, target: t.Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == LOADER else None  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        module.__spec__ = importlib.machinery.ModuleSpec(LOADER, None)
        self._announce(sys.path[0])


def _relocate(loaded: Loaded, origin: str, directory: str, loader: t.Any) -> None:
    module = loaded.module
    spec: t.Any = module.__spec__
    spec.loader = module.__loader__ = loader
    spec.origin = module.__file__ = origin
    spec.has_location = False
    if loaded.is_package:
        virtual = f"{VIRTUAL_ROOT}/{os.path.dirname(loaded.path)}"
        module.__path__ = [directory if entry == virtual else entry for entry in module.__path__]
        spec.submodule_search_locations = [directory]
    _fix_co_filename(loaded.code, origin)


def _finish(code: types.CodeType, namespace: dict[str, t.Any], farewell: t.Callable[[], None]) -> t.NoReturn:
    """Run a program and end the process the way the interpreter does."""
    status = 0
    interrupted = False
    try:
        exec(code, namespace)
    except SystemExit as exit_:
        status = _exit_status(exit_.code)
    except BaseException as error:
        status = 1
        interrupted = isinstance(error, KeyboardInterrupt)
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    status = _flush() or status
    farewell()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def _flush() -> int:
    """Flush as the interpreter does at its end, with its words and its status when that fails."""
    status = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception as error:
            status = 120
            if stream is sys.stdout:
                where = "on flushing sys.stdout:" if sys.version_info >= (3, 13) else f"in: {stream!r}"
                print(f"Exception ignored {where}\n{type(error).__name__}: {error}", file=sys.stderr)
    return status


def _exit_status(code: t.Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(1 << 31) <= code < 1 << 31 else 0xFF
    print(code, file=sys.stderr)
    return 1


_ENTRY = b'\nif __name__ == "__main__":\n    _ansiballz_main(\n'
_CALL = _ENTRY + b'**globals().pop("_arguments")\n)\n'


def _split_head(head: bytes) -> tuple[bytes, bytes]:
    """Split the text before the zip into AnsiballZ's wrapper and the other arguments of its call."""
    wrapper, entry, arguments = head.partition(_ENTRY)
    if not entry:
        raise ValueError("not a payload")
    return wrapper, arguments


def _working_directory(claimed: bytes, cwd: bytes) -> bytes:
    """PWD as a shell computes it: the inherited name while it is right, which keeps symbolic links."""
    try:
        if claimed.startswith(b"/") and os.path.samefile(claimed, cwd):
            return claimed
    except OSError:
        pass
    return os.path.realpath(cwd)


def _startup_environment(environ: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {name: value for name, value in environ.items() if STARTUP_ENVIRONMENT.match(name)}


def _read(stream: t.BinaryIO, size: int) -> bytes:
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _closed_pipe() -> int:
    """A pipe at its end: what a module finds on stdin after the interpreter has read the program from it."""
    read, write = os.pipe()
    os.close(write)
    return read


def _log(text: str) -> None:
    if LOG:
        with contextlib.suppress(OSError), open(LOG, "a", encoding="utf-8") as stream:
            stream.write(text)


def _kill(group: int, number: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(group, number)


def _load_prctl() -> t.Any:
    import ctypes

    return getattr(ctypes.CDLL(None), "prctl", None)


def _fix_co_filename(code: types.CodeType, name: str) -> None:
    import _imp

    _imp._fix_co_filename(code, name)


def main(options: dict[str, t.Any]) -> None:
    """Entry point; see Client._start."""
    path = list(sys.path)
    sys.path[:] = [entry for entry in path if entry]
    work = Server(options).serve()
    sys.path[:] = path
    work()
