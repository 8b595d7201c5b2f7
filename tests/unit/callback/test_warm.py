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
from types import SimpleNamespace
manager = SimpleNamespace(
    _inventory=SimpleNamespace(get_hosts=lambda pattern=None: [SimpleNamespace(name="orders")]),
    set_nonpersistent_facts=lambda host, facts: None,
    get_vars=lambda play, host: {"ansible_connection": "slipway.fargate.warm"},
)
play = SimpleNamespace(hosts=["all"], vars={}, get_variable_manager=lambda: manager)
CallbackModule().v2_playbook_on_play_start(play)
from ansible.plugins import loader
print(*(path for cache in vars(loader).values() for path in getattr(cache, "_module_cache", ())))
"""


def play(connection: str | None) -> SimpleNamespace:
    variables: dict[str, dict[str, Any]] = {"orders": {}, "web": {}}
    manager = SimpleNamespace(
        _inventory=SimpleNamespace(get_hosts=lambda pattern=None: [SimpleNamespace(name=name) for name in variables]),
        get_vars=lambda play, host: {"ansible_connection": connection},
        set_nonpersistent_facts=lambda host, facts: variables[host].update(facts),
        variables=variables,
    )
    return SimpleNamespace(hosts=["all"], vars={}, get_variable_manager=lambda: manager)


OWN = ("_open_store", "_start_server", "_share_templates")
WARM_UPS = ("_load_modules", "_load_filters", "_load_classes", "_tie_workers")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was warmed up."""
    found: list[str] = []
    for name in WARM_UPS:
        monkeypatch.setattr(warm, name, lambda name=name: found.append(name))
    for name in OWN:
        monkeypatch.setattr(warm.CallbackModule, name, lambda self, name=name: found.append(name))
    return found


@pytest.mark.parametrize("connection", ["slipway.fargate.warm", "ansible.builtin.local", None])
def test_it_warms_up_once_and_for_the_warm_connection_only(started: list[str], connection: str | None) -> None:
    callback = warm.CallbackModule()
    for _ in range(2):
        callback.v2_playbook_on_play_start(play(connection))
    assert sorted(started) == (sorted([*WARM_UPS, *OWN]) if connection == "slipway.fargate.warm" else [])


@pytest.mark.parametrize("name", [*WARM_UPS, *OWN])
def test_whatever_goes_wrong_is_left_to_the_tasks(
    name: str, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*callback: warm.CallbackModule) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(warm.CallbackModule if name in OWN else warm, name, refuse)
    warm.CallbackModule().v2_playbook_on_play_start(play("slipway.fargate.warm"))
    assert sorted(started) == sorted({*WARM_UPS, *OWN} - {name})


def test_a_play_without_hosts_is_passed_over(started: list[str]) -> None:
    nobody = play("slipway.fargate.warm")
    nobody.get_variable_manager()._inventory.get_hosts = lambda pattern=None: []
    callback = warm.CallbackModule()
    callback.v2_playbook_on_play_start(nobody)
    assert started == []
    callback.v2_playbook_on_play_start(play("slipway.fargate.warm"))
    assert started != []


def told(connection: str, *results: Any, look: bool = False) -> list[Any]:
    """What each host knows after these results, of a look or of anything else."""
    callback, this = warm.CallbackModule(), play(connection)
    this.vars["stack_look"] = look
    callback.v2_playbook_on_play_start(this)
    for result in results:
        if result.is_failed():
            callback.v2_runner_on_failed(result)
        else:
            callback.v2_runner_on_ok(result)
    known = list(this.get_variable_manager().variables.values())
    other = warm.UNCHANGED if look else warm.LOOKS_UNCHANGED
    assert all(variables.get(other, True) for variables in known)
    return [variables.get(warm.LOOKS_UNCHANGED if look else warm.UNCHANGED) for variables in known]


def result(changed: bool = False, failed: bool = False) -> SimpleNamespace:
    return SimpleNamespace(is_changed=lambda: changed, is_failed=lambda: failed)


@pytest.mark.parametrize("look", [False, True])
def test_every_host_knows_whether_something_changed(started: list[str], look: bool) -> None:
    assert told(warm.CONNECTION, look=look) == told(warm.CONNECTION, result(), result(), look=look) == [True, True]
    assert told(warm.CONNECTION, result(), result(changed=True), result(), look=look) == [False, False]
    assert told(warm.CONNECTION, result(failed=True), look=look) == [False, False]
    assert told("ansible.builtin.local", result(), look=look) == [None, None]


def test_what_every_task_needs_is_loaded_when_the_playbook_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(ROOT / "collections")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    for plugin in ("action/normal.py", "shell/sh.py", "connection/warm.py", "lookup/component.py", "filter/ecs.py"):
        assert any(path.endswith(f"/{plugin}") for path in loaded), plugin
