# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compile each Jinja template once for all workers of a run, not once in each.

What Jinja compiles depends on the template's text and the environment's settings alone: Ansible switches off the
optimizer, which would look at values too. A worker hands on only what a file of the disk holds in plain text, in the
run's private temporary directory; so no decrypted text is ever written.
"""

# ruff: noqa: PTH103, PTH105, PTH118, PTH123, PTH208

from __future__ import annotations

import contextlib
import functools
import hashlib
import marshal
import os
import tempfile
import types
import typing as t

from ansible._internal._datatag._tags import Origin, VaultedValue
from ansible._internal._templating import _jinja_bits

FOLDER = "slipway-warm-templates"
ENCRYPTED = b"$ANSIBLE_VAULT"

Codes = dict[str, types.CodeType]


class Memory:
    """Compiled templates by the digest of what they were compiled from.

    directory: the run's private temporary one. known: what is compiled already. lasting: folders whose files the next
    run has too.
    """

    def __init__(self, directory: str, known: Codes, lasting: tuple[str, ...] = ()) -> None:
        self.known = known
        self._lasting = lasting
        self._folder = os.path.join(directory, FOLDER)
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def recall(self, digest: str) -> types.CodeType | None:
        if digest not in self.known:
            with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
                self.known[digest] = self._read(digest)[1]
        return self.known.get(digest)

    def add(self, digest: str, code: types.CodeType, source: str) -> None:
        self.known[digest] = code
        if path := plain_file(source):
            with contextlib.suppress(OSError):
                handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
                with os.fdopen(handle, "wb") as stream:
                    marshal.dump((path.startswith(self._lasting), code), stream)
                os.replace(name, os.path.join(self._folder, digest))

    def lasting(self) -> Codes:
        """What the workers of this run have compiled from files that the next run has too."""
        found = {name: self._read(name) for name in os.listdir(self._folder) if not name.startswith(".")}
        return {name: code for name, (lasts, code) in found.items() if lasts}

    def _read(self, digest: str) -> tuple[bool, types.CodeType]:
        with open(os.path.join(self._folder, digest), "rb") as stream:
            return marshal.load(stream)


def install(memory: Memory) -> bool:
    """In the controller: let it and its workers remember; leave an Ansible of another shape alone."""
    environment = _jinja_bits.AnsibleEnvironment
    if getattr(environment, "_slipway_warm", None) or not _is_known_shape():
        return False
    compile_plainly = environment.compile

    @functools.wraps(compile_plainly)
    def compile_once(self: t.Any, source: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not isinstance(source, str) or args or kwargs or self._debuggable_template_source or self.optimized:
            return compile_plainly(self, source, *args, **kwargs)
        digest = _digest(self, source)
        if (code := memory.recall(digest)) is None:
            code = compile_plainly(self, source)
            memory.add(digest, code, source)
        return code

    environment.compile = compile_once  # type: ignore[assignment, method-assign]
    environment._slipway_warm = True  # type: ignore[attr-defined]
    return True


def plain_file(source: str) -> str:
    """The file that holds this text, not encrypted; none: an empty string."""
    origin = Origin.get_tag(source)
    if not origin or not origin.path or VaultedValue.is_tagged_on(source) or _is_encrypted(origin.path):
        return ""
    return origin.path


@functools.cache
def _is_encrypted(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(len(ENCRYPTED)) == ENCRYPTED
    except OSError:
        return True


def _digest(environment: t.Any, source: str) -> str:
    context = _jinja_bits._TemplateCompileContext.current(optional=True)
    settings = (
        bool(context and context.escape_backslashes),
        *(getattr(environment, name) for name in _jinja_bits._TEMPLATE_OVERRIDE_FIELD_NAMES),
        environment.autoescape,
        sorted(environment.extensions),
        str.__str__(source),
    )
    return hashlib.sha256(repr(settings).encode("utf-8", "surrogatepass")).hexdigest()


def _is_known_shape() -> bool:
    names = ("AnsibleEnvironment", "_TemplateCompileContext", "_TEMPLATE_OVERRIDE_FIELD_NAMES")
    return all(hasattr(_jinja_bits, name) for name in names) and all(
        hasattr(_jinja_bits.AnsibleEnvironment, name) for name in ("compile", "_debuggable_template_source")
    )
