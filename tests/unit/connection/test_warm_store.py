# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept for the next run: for nobody else, and no longer than its sources are the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_store, warm_templates

OURS = "ansible_collections.slipway.fargate.plugins.modules.sqs_queue-ZIP_DEFLATED-none"
CODE = compile("1", "<template>", "eval")


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection of one module, in place of all collections."""
    folder = tmp_path / "collection"
    (folder / "plugins/modules").mkdir(parents=True)
    (folder / "plugins/modules/sqs_queue.py").write_text("pass")
    monkeypatch.setattr(warm_store, "_get_collection_path", lambda name: str(folder))
    return folder


def run(tmp_path: Path, name: str, **built: str) -> Path:
    """The temporary directory of a run that has built these payloads."""
    cache = tmp_path / name / "ansiballz_cache"
    cache.mkdir(parents=True)
    for payload, text in built.items():
        (cache / payload).write_text(text)
    return tmp_path / name


def keep(home: Path, directory: Path, **compiled: bool) -> None:
    memory = warm_templates.Memory(str(directory), {}, (str(home.parent),))
    for digest, lasts in compiled.items():
        (directory / warm_templates.FOLDER / digest).write_bytes(warm_store.marshal.dumps((lasts, CODE)))
    warm_store.Store(str(home)).keep(str(directory), memory)


def test_the_next_run_has_what_this_one_built(tmp_path: Path) -> None:
    keep(tmp_path / "home", run(tmp_path, "first", **{OURS: "zip"}), abc=True, own_text=False)
    store = warm_store.Store(str(tmp_path / "home"))
    (tmp_path / "second").mkdir()
    store.lend(str(tmp_path / "second"))
    assert (tmp_path / "second/ansiballz_cache" / OURS).read_text() == "zip"
    assert store.templates() == {"abc": CODE}


def test_payloads_of_modules_with_other_sources_are_not_kept(tmp_path: Path) -> None:
    others = {"ansible.legacy.mine-ZIP_DEFLATED-none": "", "ansible_collections.a.b.plugins.modules.c-X-none": ""}
    unfinished = {f"{OURS}-part": "", f"{OURS}.lock": "", OURS.replace("none", "debugpy"): ""}
    keep(tmp_path / "home", run(tmp_path, "first", **others, **unfinished))
    (folder,) = (tmp_path / "home/slipway-warm").iterdir()
    assert list((folder / "payloads").iterdir()) == []


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_change_of_a_source_undoes_it(change: str, tmp_path: Path, sources: Path) -> None:
    keep(tmp_path / "home", run(tmp_path, "first", **{OURS: "zip"}), abc=True)
    module = sources / "plugins/modules/sqs_queue.py"
    if change == "edited":
        module.write_text("pass\n")
    elif change == "added":
        (module.parent / "more.py").write_text("pass")
    else:
        module.unlink()
    store = warm_store.Store(str(tmp_path / "home"))
    (tmp_path / "second").mkdir()
    store.lend(str(tmp_path / "second"))
    assert list((tmp_path / "second/ansiballz_cache").iterdir()) == []
    assert store.templates() == {}


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_folder_that_others_can_read_or_write_is_not_used(mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "home/slipway-warm"
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(PermissionError, match="not private"):
        warm_store.Store(str(tmp_path / "home"))


def test_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "home/slipway-warm").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not private"):
        warm_store.Store(str(tmp_path / "home"))


def test_a_user_s_own_module_utils_are_not_overlooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_store.module_utils_loader, "_get_paths", lambda subdirs: [str(tmp_path)])
    with pytest.raises(LookupError, match=str(tmp_path)):
        warm_store.Store(str(tmp_path / "home"))


def test_what_was_used_longest_ago_is_forgotten(tmp_path: Path, sources: Path) -> None:
    for number in range(warm_store.KEPT + 2):
        (sources / "plugins/modules/sqs_queue.py").write_text(" " * number)
        warm_store.Store(str(tmp_path / "home"))
        for folder in (tmp_path / "home/slipway-warm").iterdir():
            os.utime(folder, ns=(folder.stat().st_mtime_ns - 10**9,) * 2)
    kept = {folder.name for folder in (tmp_path / "home/slipway-warm").iterdir()}
    assert len(kept) == warm_store.KEPT
    assert warm_store.fingerprint() in kept
