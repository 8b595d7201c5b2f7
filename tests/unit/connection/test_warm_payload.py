# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads that are built from remembered imports are those that AnsiballZ builds."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import ansible
import pytest
from ansible.executor import module_common
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_payload

from tests.support.local_aws import ROOT

MODULES = (
    "amazon.aws.s3_bucket",
    "amazon.aws.ec2_vpc_net",
    "community.aws.ecs_taskdefinition",
    "ansible.builtin.apt",
    "ansible.builtin.setup",
    "ansible.builtin.uri",
    "slipway.fargate.sqs_queue",
)

# Builds each module's zip, with or without the memory, and prints a digest of names and contents.
BUILD = """
import datetime, hashlib, io, json, sys, zipfile
modules = sys.argv[2:]
from ansible.plugins.loader import init_plugin_loader, module_loader
init_plugin_loader([sys.argv[1]])
from ansible.executor import module_common
from ansible._internal._ansiballz import _builder
sys.path.insert(0, sys.argv[1])
digests = {}
remembers = None
for name in modules:
    if name == '-':
        from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_payload
        remembers = warm_payload.install(MEMORY)
        continue
    path = module_loader.find_plugin(name); assert path, name
    output = io.BytesIO()
    date = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    with open(path, 'rb') as stream, zipfile.ZipFile(output, 'w') as archive:
        module_common.recursive_finder(
            name, module_common._get_ansible_module_fqn(path), stream.read(), archive, date,
            _builder.ExtensionManager.create(task_vars={}))
    digests[name] = hashlib.sha256(output.getvalue()).hexdigest()
print(json.dumps([remembers, digests]))
"""


def build(memory: Path, *arguments: str) -> tuple[bool | None, dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-c", BUILD.replace("MEMORY", repr(str(memory))), str(ROOT / "collections"), *arguments],
        stdout=subprocess.PIPE,
        check=True,
        cwd=memory,
    )
    remembers, digests = json.loads(done.stdout.splitlines()[-1])
    return remembers, digests


def test_payloads_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    _none, plain = build(tmp_path, *MODULES)
    first = build(tmp_path, "-", *MODULES)
    second = build(tmp_path, "-", *reversed(MODULES))
    assert len(plain) == len(MODULES)
    assert first == second == (True, plain)
    assert [path.name for path in tmp_path.iterdir()] == [warm_payload.MEMORY]


@pytest.mark.parametrize("folder", ["module_utils", "modules"])
def test_a_finder_finds_the_same_in_the_stand_in(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted((Path(ansible.__file__).parent / folder).rglob("*.py"))
    assert len(paths) > 50
    for path in paths:
        tree = ast.parse(path.read_bytes())
        if (imports := warm_payload.imports_of(tree)) is None or b"embed" in path.read_bytes():
            continue
        stand_in = warm_payload.as_tree(imports)
        for is_package in (False, True):
            # From 2.21 on the finder compiles by itself.
            monkeypatch.setattr(module_common, "_compile_module_ast", lambda _name, given: given)
            found = module_common.ModuleDepFinder("ansible.module_utils.a.b", tree, is_package)
            again = module_common.ModuleDepFinder("ansible.module_utils.a.b", stand_in, is_package)
            assert again.submodules == found.submodules, path
            assert again.optional_imports == found.optional_imports, path


def test_a_spoilt_memory_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / warm_payload.MEMORY).write_bytes(b"spoilt")
    memory = warm_payload.Memory(str(tmp_path))
    assert memory.recall(b"key") is None
    memory.add(b"key", [(True, None, -1, ("os",))])
    memory.save()
    assert warm_payload.Memory(str(tmp_path)).recall(b"key") == [(True, None, -1, ("os",))]
