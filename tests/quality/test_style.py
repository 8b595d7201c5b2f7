# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the linters and ansible-test say, and that documentation and what it is generated from agree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import ansible_test
import pytest

from tests.support.local_aws import ROOT

BIN = Path(sys.executable).parent
NAME = "ansible_collections/slipway/fargate"
# Those that ansible-test runs without fetching a virtual environment of its own. Of the others validate-modules runs
# below from ansible-core's own copy; pep8 and yamllint are ruff's and yamllint's with our settings, ansible-doc and
# changelog are run as such; pylint, import, shellcheck and pslint need what ansible-test would download.
SANITY = (
    *("action-plugin-docs", "compile", "empty-init", "ignores", "line-endings", "no-assert", "no-get-exception"),
    *("no-illegal-filenames", "no-smart-quotes", "replace-urlopen", "shebang", "symlinks", "use-argspec-type-path"),
    "use-compat-six",
)


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """The output of a command that must succeed."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def tracked(*patterns: str) -> list[str]:
    """The files git knows, also in a work tree with changes."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns).splitlines()
    return [name for name in listed if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as ansible-galaxy builds it, unpacked where a collection belongs."""
    folder = tmp_path_factory.mktemp("built")
    run(BIN / "ansible-galaxy", "collection", "build", "--output-path", folder)
    (archive,) = folder.glob("slipway-fargate-*.tar.gz")
    target = folder / NAME
    target.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        packed.extractall(target, filter="data")
    return target


def test_ruff() -> None:
    run(BIN / "ruff", "check", "--no-cache", ".")
    run(BIN / "ruff", "format", "--no-cache", "--check", ".")


def test_yamllint() -> None:
    run(BIN / "yamllint", "--strict", ".")


def test_ansible_lint_production_profile(tmp_path: Path) -> None:
    # A home of its own: ansible-lint would prefer the copy of this collection that a former run installed there.
    environment = {"HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    run(BIN / "ansible-lint", "--offline", "--profile", "production", "--strict", **environment)


def test_generated_documentation_is_up_to_date() -> None:
    run(sys.executable, "tools/docs.py", "--check")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work tree where ansible-test wants a collection to be; `collections/` only points back at it."""
    collection = tmp_path_factory.mktemp("source") / NAME
    for name in tracked("*", ":!collections/ansible_collections"):
        target = collection / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    run("git", "init", "-q", cwd=collection)
    run("git", "add", "-A", cwd=collection)
    return collection


def test_ansible_test_sanity(source: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tests = [part for name in SANITY for part in ("--test", name)]
    run(BIN / "ansible-test", "sanity", "--python", version, *tests, cwd=source)


def test_validate_modules(source: Path) -> None:
    validate = Path(ansible_test.__file__).parent / "_util/controller/sanity/validate-modules/validate.py"
    collection = ("--collection", NAME, "--collection-version", "0.1.0")
    shown = run(
        sys.executable,
        validate,
        "--format",
        "json",
        "--arg-spec",
        *collection,
        "plugins/modules",
        cwd=source,
        ANSIBLE_COLLECTIONS_PATH=str(source.parents[2]),
    )
    report = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    # It lists what it has something to say of: of each module of AWS that it builds on amazon.aws' own base.
    paths = (source / "plugins" / "modules").glob("*.py")
    modules = {path.name for path in paths if "import AnsibleAWSModule" in path.read_text()}
    on_controller = {path.name for path in (source / "plugins" / "action").glob("*.py")}
    assert {Path(name).name for name in report} >= modules - on_controller
    assert {name: found["errors"] for name, found in report.items() if found["errors"]} == {}


def test_the_built_collection_holds_what_it_needs_and_no_more(built: Path) -> None:
    for name in ("playbooks/site.yml", "roles/sqs/tasks/main.yml", "plugins/modules/component_info.py", "LICENSE"):
        assert (built / name).is_file()
    assert (built / "playbooks" / "group_vars" / "all" / "stack.yml").is_file()
    assert not [name for name in ("tests", "collections", ".venv", ".local-aws", ".ci") if (built / name).exists()]


def test_every_plugin_documents_itself(built: Path) -> None:
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(built.parents[2])}
    for kind in ("module", "inventory", "lookup", "filter", "connection", "callback"):
        folder = {"module": "modules"}.get(kind, kind)
        names = {path.stem for path in (built / "plugins" / folder).glob("[!_]*.py")}
        if kind == "filter":
            names = {path.stem for path in (built / "plugins" / folder).glob("*.yml")}
        for name in sorted(names):
            shown = run(BIN / "ansible-doc", "-t", kind, f"slipway.fargate.{name}", cwd=built, **environment)
            assert name in shown


def test_no_file_names_the_host_of_a_registry() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted\.org|galaxy\.ansible\.com|registry\.npmjs\.org|deb\.debian\.org")
    texts = {name: (ROOT / name).read_bytes().decode(errors="replace") for name in tracked() if (ROOT / name).is_file()}
    assert [name for name, text in texts.items() if hosts.search(text) and name != "tests/quality/test_style.py"] == []
