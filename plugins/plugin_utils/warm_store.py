# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next run would build again from the same files: module payloads, compiled templates and modules.

Kept under ANSIBLE_HOME in a folder that only its user may read or write; one subfolder for each state of the files that
payloads are built from. Payloads are Ansible's own cache of a run (``ansiballz_cache``), lent to the next one. Whatever
cannot be read or written is built anew.
"""

# ruff: noqa: PTH105, PTH112, PTH113, PTH116, PTH118

from __future__ import annotations

import hashlib
import marshal
import os
import shutil
import stat
import sys
import tempfile
import typing as t
from pathlib import Path

import jinja2
from ansible.executor import module_common
from ansible.plugins.loader import module_utils_loader
from ansible.release import __version__
from ansible.utils.collection_loader._collection_finder import _get_collection_path

from . import warm_templates

COLLECTIONS = ("slipway.fargate", "amazon.aws", "community.aws")
PAYLOADS = ("ansible.modules.", *(f"ansible_collections.{name}." for name in COLLECTIONS))
# What a payload of a collection is built from.
SOURCES = ("plugins/modules", "plugins/module_utils", "meta/runtime.yml")
# Folders of this collection whose templates are the same in the next run.
OWN = ("roles", "playbooks", "group_vars")
KEPT = 4


class Store:
    """The folder for the files as they are now."""

    def __init__(self, home: str) -> None:
        """Raise OSError where there can be no private folder, LookupError where payloads depend on others' files."""
        own = os.path.realpath(module_common._MODULE_UTILS_PATH)
        for path in module_utils_loader._get_paths(subdirs=False):
            if os.path.isdir(path) and os.path.realpath(path) != own:
                raise LookupError(f"payloads may depend on {path}")
        root = private(Path(home, "slipway-warm"))
        self._folder = private(root / fingerprint())
        os.utime(self._folder)
        self._payloads = private(self._folder / "payloads")
        self._templates = self._folder / "templates"
        self.compiled = self._folder / "compiled"  # the warm server's own
        forget(root)

    def lend(self, directory: str) -> None:
        """Give the payloads to a run whose private temporary directory this is."""
        borrowed = Path(directory, "ansiballz_cache")
        borrowed.mkdir(mode=0o700, exist_ok=True)
        for payload in self._payloads.glob("[!.]*"):
            (borrowed / payload.name).symlink_to(payload)

    def templates(self) -> warm_templates.Codes:
        try:
            with self._templates.open("rb") as stream:
                return marshal.load(stream)
        except (OSError, EOFError, ValueError, TypeError):
            return {}

    def keep(self, directory: str, memory: warm_templates.Memory) -> None:
        """Take over what a run has built."""
        for payload in Path(directory, "ansiballz_cache").glob("*-none"):
            if payload.name.startswith(PAYLOADS) and not payload.is_symlink():
                write(self._payloads / payload.name, payload.read_bytes())
        known = self.templates()
        if news := {digest: code for digest, code in memory.lasting().items() if digest not in known}:
            write(self._templates, marshal.dumps({**known, **news}))


def own_folders() -> tuple[str, ...]:
    """Folders of this collection whose templates are the same in the next run, by each of their names."""
    path = _get_collection_path(COLLECTIONS[0])
    return tuple(os.path.join(root, name, "") for root in {path, os.path.realpath(path)} for name in OWN)


def fingerprint() -> str:
    """Changes with every file that a payload may be built from, with Ansible's, Jinja's and Python's version."""
    digest = hashlib.sha256(repr((sys.version, __version__, jinja2.__version__)).encode())
    roots = [module_common._MODULE_UTILS_PATH]
    roots += [os.path.join(_get_collection_path(name), source) for name in COLLECTIONS for source in SOURCES]
    for root in roots:
        for path in sorted(files(root)):
            found = os.stat(path)
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def files(path: str) -> t.Iterator[str]:
    if os.path.isfile(path):
        yield path
    for folder, _folders, names in os.walk(path, followlinks=True):
        yield from (os.path.join(folder, name) for name in names if name.endswith((".py", ".yml")))


def private(folder: Path) -> Path:
    """A folder that nobody else can read or put anything into; raise OSError where it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not private")
    return folder


def forget(root: Path) -> None:
    """Remove what has not been used longest."""
    for folder in sorted(root.iterdir(), key=lambda each: each.lstat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, content: bytes) -> None:
    """All of it or nothing, whoever else writes."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(name, path)
