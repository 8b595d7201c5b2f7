# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build module payloads without parsing the same module utilities for every module.

AnsiballZ parses a module and all it imports, some 75 files and a quarter of a second, to learn what to pack; each
worker of a run starts over. What one file imports depends on its text alone: it is kept per run, in the run's private
temporary directory, where AnsiballZ keeps its payloads too. The payloads come out the same, byte for byte.
"""

# ruff: noqa: PTH105, PTH118, PTH120, PTH123

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import marshal
import os
import tempfile
import types
import typing as t

from ansible.executor import module_common

# Whether it is on the module's own level; the module of a `from`, or None; its level, or -1 for a plain import; names.
Import = tuple[bool, str | None, int, tuple[str, ...]]

MEMORY = "slipway-warm-imports"
_PLACE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}


class Memory:
    """The imports of each source text; shared by the workers of a run."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, MEMORY)
        self._known: dict[bytes, list[Import]] | None = None
        self._news: dict[bytes, list[Import]] = {}

    def recall(self, key: bytes) -> list[Import] | None:
        if self._known is None:
            self._known = self._load()
        return self._known.get(key)

    def add(self, key: bytes, imports: list[Import]) -> None:
        self._news[key] = imports

    def save(self) -> None:
        """Tell the others. Of two writers at once one may lose its words, which are then found again."""
        if not self._news:
            return
        with contextlib.suppress(OSError):
            handle, name = tempfile.mkstemp(dir=os.path.dirname(self._path))
            with os.fdopen(handle, "wb") as stream:
                marshal.dump({**self._load(), **self._news}, stream)
            os.replace(name, self._path)

    def _load(self) -> dict[bytes, list[Import]]:
        try:
            with open(self._path, "rb") as stream:
                return marshal.load(stream)
        except (OSError, EOFError, ValueError, TypeError):
            return {}


def install(directory: str) -> bool:
    """Let AnsiballZ, in this worker, remember what it has parsed; leave an AnsiballZ of another shape alone."""
    if getattr(module_common, "_slipway_warm", False) or not _is_known_shape():
        return False
    memory = Memory(directory)
    compile_ast, build = module_common._compile_module_ast, module_common.recursive_finder

    def compile_imports(module_name: str, source_code: t.Any) -> ast.Module:
        if not _is_utility(module_name):
            return compile_ast(module_name, source_code)
        text = source_code.encode() if isinstance(source_code, str) else source_code
        key = hashlib.sha256(text).digest()
        if (imports := memory.recall(key)) is not None:
            return as_tree(imports)
        tree = compile_ast(module_name, source_code)
        # One that may embed resources is searched for more than imports.
        if b"embed" not in text and (imports := imports_of(tree)) is not None:
            memory.add(key, imports)
        return tree

    def build_and_save(*args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return build(*args, **kwargs)
        finally:
            memory.save()

    module_common._compile_module_ast = compile_imports
    module_common.recursive_finder = build_and_save
    module_common._slipway_warm = True  # type: ignore[attr-defined]
    return True


def _is_utility(module_name: str) -> bool:
    return module_name.startswith("ansible.module_utils") or ".plugins.module_utils" in module_name


def imports_of(tree: ast.Module) -> list[Import] | None:
    """The import statements that a ModuleDepFinder sees, which looks into lists of nodes only.

    None for a file with a `match`, of which not every version sees the inside.
    """
    found: list[Import] = []
    if any(isinstance(node, ast.Match) for node in ast.walk(tree)):
        return None

    def visit(node: ast.AST) -> None:
        for _name, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else ():
                if isinstance(item, ast.Import):
                    found.append((node is tree, None, -1, tuple(alias.name for alias in item.names)))
                elif isinstance(item, ast.ImportFrom):
                    found.append((node is tree, item.module, item.level, tuple(alias.name for alias in item.names)))
                elif isinstance(item, ast.AST):
                    visit(item)

    visit(tree)
    return found


def as_tree(imports: list[Import]) -> ast.Module:
    """A source file with nothing but these imports; those of inner blocks, which are optional, in a block."""
    top: list[ast.stmt] = []
    inner: list[ast.stmt] = []
    for is_top, module, level, names in imports:
        aliases = [ast.alias(name=name, asname=None, **_PLACE) for name in names]
        (top if is_top else inner).append(
            ast.Import(names=aliases, **_PLACE)
            if level < 0
            else ast.ImportFrom(module=module, names=aliases, level=level, **_PLACE)
        )
    if inner:
        top.append(ast.If(test=ast.Constant(value=True, **_PLACE), body=inner, orelse=[], **_PLACE))
    return ast.Module(body=top, type_ignores=[])


def _is_known_shape() -> bool:
    try:
        compiler = list(inspect.signature(module_common._compile_module_ast).parameters)
        visit = _names(module_common.ModuleDepFinder.generic_visit.__code__)
        names = _names(module_common.recursive_finder.__code__) | _names(
            module_common.ModuleDepFinder.__init__.__code__
        )
    except (AttributeError, TypeError, ValueError):
        return False
    return (
        compiler == ["module_name", "source_code"]
        and names >= {"ModuleDepFinder", "_compile_module_ast"}
        and visit >= {"iter_fields", "list", "Import", "ImportFrom"}
    )


def _names(code: types.CodeType) -> set[str]:
    nested = [_names(const) for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*nested)
