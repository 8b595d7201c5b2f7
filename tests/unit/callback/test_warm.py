# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback that loads once what every task needs."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.callback import warm

from tests.support.local_aws import ROOT

# In a process of its own: whatever the tests have loaded does not count.
LOADED = """
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
from ansible_collections.slipway.fargate.plugins.callback.warm import CallbackModule
CallbackModule().v2_playbook_on_start(None)
from ansible.plugins import loader
print(*(path for cache in vars(loader).values() for path in getattr(cache, "_module_cache", ())))
"""


def play(connection: str | None) -> SimpleNamespace:
    manager = SimpleNamespace(
        _inventory=SimpleNamespace(get_hosts=lambda pattern: ["orders"]),
        get_vars=lambda play, host: {"ansible_connection": connection},
    )
    return SimpleNamespace(hosts=["all"], get_variable_manager=lambda: manager)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The servers that were started."""
    found: list[str] = []
    connection = SimpleNamespace(start_server=lambda: found.append("server"))
    monkeypatch.setattr(warm.connection_loader, "get", lambda name, class_only: connection)
    return found


@pytest.mark.parametrize(
    ("connection", "expected"), [("slipway.fargate.warm", ["server"]), ("ansible.builtin.local", []), (None, [])]
)
def test_the_server_is_started_once_for_the_warm_connection_only(
    started: list[str], connection: str | None, expected: list[str]
) -> None:
    callback = warm.CallbackModule()
    for _ in range(2):
        callback.v2_playbook_on_play_start(play(connection))
    assert started == expected


def test_whatever_goes_wrong_is_left_to_the_tasks(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("no more processes")

    for name in ("_load_modules", "_load_filters", "_load_classes", "_connection_of"):
        monkeypatch.setattr(warm, name, refuse)
    callback = warm.CallbackModule()
    callback.v2_playbook_on_start(None)
    callback.v2_playbook_on_play_start(play("slipway.fargate.warm"))
    assert started == []


def test_what_every_task_needs_is_loaded_when_the_playbook_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(ROOT / "collections")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    for plugin in ("action/normal.py", "shell/sh.py", "connection/warm.py", "lookup/component.py", "filter/ecs.py"):
        assert any(path.endswith(f"/{plugin}") for path in loaded), plugin
