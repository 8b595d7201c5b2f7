# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callbacks with results as Ansible gives them, and what they print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants as C
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible_collections.slipway.fargate.plugins.callback import plan as plan_callback
from ansible_collections.slipway.fargate.plugins.callback.plan import CallbackModule
from ansible_collections.slipway.fargate.plugins.callback.quiet import CallbackModule as Quiet

QUEUE = "slipway.fargate.sqs_queue"
CHANGE = {"action": "create", "resource": "SQS queue", "name": "shop-orders", "attributes": {}}


class Screen:
    """Stands for Ansible's Display."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.verbosity = 0

    def display(self, text: str, **kwargs: Any) -> None:
        self.lines += text.split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def host(name: str = "orders", kind: str = "sqs", stack: str = "shop", *more: str) -> SimpleNamespace:
    groups = [
        SimpleNamespace(name=kind, vars={"component_kind": kind} if kind else {}),
        SimpleNamespace(name=stack, vars={"stack_name": stack, "stack_environment": "dev"}),
        *(SimpleNamespace(name=group, vars={}) for group in more),
    ]
    return SimpleNamespace(name=name, vars={}, get_groups=lambda: groups, get_name=lambda: name)


def outcome(result: dict[str, Any], action: str = QUEUE, name: str = "orders", **more: Any) -> SimpleNamespace:
    kind = more.pop("kind", "sqs")
    task = SimpleNamespace(
        resolved_action=action, action=action, name="Task", loop=more.pop("loop", None), delegate_to=None, _uuid="1"
    )
    return SimpleNamespace(
        host=host(name, kind),
        task=task,
        result=result,
        task_name="Task",
        task_fields={"args": {"name": "shop-orders"}, **more},
        warnings=(),
        deprecations=(),
        is_changed=lambda: bool(result.get("changed")),
    )


class Totals:
    def __init__(self, **failed: int) -> None:
        self.failed = failed

    def summarize(self, name: str) -> dict[str, int]:
        return {"failures": self.failed.get(name, 0), "unreachable": 0}


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    given: dict[str, Any] = {"check": False, "diff": False}

    class Arguments:
        get = staticmethod(lambda name, default=None: given.get(name, default))

    monkeypatch.setattr(context, "CLIARGS", Arguments())
    monkeypatch.setattr(C, "DEFAULT_STDOUT_CALLBACK", "default")
    yield given
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict())


@pytest.fixture
def callback(screen: Screen, arguments: dict[str, Any]) -> CallbackModule:
    made = CallbackModule()
    made._display = screen
    made._plugin_options = {"json_file": None, "live": False}
    made.v2_playbook_on_start(SimpleNamespace(_file_name="/x/site.yml"))
    return made


def run(callback: CallbackModule, *outcomes: SimpleNamespace) -> None:
    for result in outcomes:
        callback.v2_runner_on_start(result.host, result.task)
        callback.v2_runner_on_ok(result)


@pytest.mark.parametrize("check", [False, True])
def test_what_a_look_finds_is_counted_when_it_is_done(
    callback: CallbackModule, screen: Screen, arguments: dict[str, Any], check: bool
) -> None:
    arguments["check"] = check
    deletion = outcome({"changed": True, "changes": [{**CHANGE, "action": "delete"}]}, check_mode=check)
    failure = outcome({"failed": True, "msg": "not now"}, name="mails")
    callback.v2_playbook_on_play_start(SimpleNamespace(vars={"stack_look": True}))
    run(callback, deletion)
    callback.v2_runner_on_failed(failure)
    assert [(c.changes, c.failures) for c in callback.components.values()] == [([], []), ([], [])]
    callback.v2_playbook_on_play_start(SimpleNamespace(vars={}))
    run(callback, deletion)
    callback.v2_playbook_on_stats(Totals())
    assert f"0 {'to change' if check else 'changed'}, 1 {'to delete' if check else 'deleted'}" in screen.text


def test_a_run_is_summed_up_by_component(callback: CallbackModule, screen: Screen) -> None:
    run(callback, outcome({"changed": True, "changes": [CHANGE]}), outcome({"changed": False}, name="mails"))
    callback.v2_playbook_on_stats(Totals())
    assert screen.lines[:2] == ["", "Done for shop/dev:"]
    assert screen.lines[2].startswith("  orders (sqs)  ")
    assert screen.lines[3] == "    + SQS queue shop-orders"
    assert screen.lines[-1].startswith("Done: 1 created, 0 changed, 0 deleted. 2 components in ")


def test_a_loop_whose_check_mode_is_still_a_template_is_counted(callback: CallbackModule, screen: Screen) -> None:
    items = [{"changed": True, "changes": [CHANGE]}, {"changed": False, "changes": []}]
    run(callback, outcome({"changed": True, "results": items}, check_mode="{{ stack_check_mode }}"))
    callback.v2_playbook_on_stats(Totals())
    assert "Done: 1 created, 0 changed, 0 deleted." in screen.text


def test_what_one_task_only_previews_is_no_change_of_the_run(callback: CallbackModule, screen: Screen) -> None:
    run(callback, outcome({"changed": True, "changes": [CHANGE]}, check_mode=True))
    callback.v2_playbook_on_stats(Totals())
    assert "created" not in screen.text or "Done: 0 created" in screen.text


def test_check_mode_is_a_plan(callback: CallbackModule, screen: Screen, arguments: dict[str, Any]) -> None:
    arguments["check"] = True
    run(callback, outcome({"changed": True, "changes": [CHANGE]}, check_mode=True))
    callback.v2_playbook_on_stats(Totals())
    assert "Plan: 1 to create, 0 to change, 0 to delete." in screen.text


def test_a_task_that_only_checks_in_a_real_run_changed_nothing(callback: CallbackModule, screen: Screen) -> None:
    run(callback, outcome({"changed": True, "changes": [CHANGE]}, check_mode=True))
    callback.v2_playbook_on_stats(Totals())
    assert "Done: 0 created" in screen.text


def test_nothing_is_said_of_a_run_that_manages_nothing(callback: CallbackModule, screen: Screen) -> None:
    run(callback, outcome({"changed": True}, action="ansible.builtin.copy"))
    run(callback, outcome({"changed": False}, action="slipway.fargate.component_info"))
    callback.v2_playbook_on_stats(Totals())
    assert screen.lines == []


def test_progress_is_said_beside_quiet_only(
    callback: CallbackModule, screen: Screen, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any]
) -> None:
    run(callback, outcome({"changed": True, "changes": [CHANGE]}))
    assert screen.lines == []
    monkeypatch.setattr(C, "DEFAULT_STDOUT_CALLBACK", plan_callback.QUIET)
    run(callback, outcome({"changed": True, "changes": [CHANGE]}, name="mails"))
    assert screen.lines == ["mails: + SQS queue shop-orders"]
    arguments["check"] = True
    run(callback, outcome({"changed": True, "changes": [CHANGE]}, name="others"))
    assert len(screen.lines) == 1


def test_failures_have_a_cause_and_what_was_rescued_is_none(callback: CallbackModule, screen: Screen) -> None:
    words = "An error occurred (AccessDenied) when calling the CreateQueue operation: no"
    failed = outcome({"failed": True, "msg": f"Could not create SQS queue shop-orders: {words}"})
    callback.v2_runner_on_start(failed.host, failed.task)
    callback.v2_runner_on_failed(failed)
    callback.v2_runner_on_failed(outcome({"failed": True, "msg": failed.result["msg"]}, action="ansible.builtin.fail"))
    callback.v2_runner_on_failed(outcome({"failed": True, "msg": "rescued"}, name="mails"))
    callback.v2_runner_on_failed(outcome({"failed": True, "msg": "ignored"}, name="others"), ignore_errors=True)
    waiting = "web is not started: orders failed in an earlier layer"
    callback.v2_runner_on_failed(outcome({"failed": True, "msg": waiting}, action="ansible.builtin.fail", name="web"))
    callback.v2_playbook_on_stats(Totals(orders=1, web=1))
    assert screen.lines[1:-1] == [
        "Failed:",
        "  orders: Could not create SQS queue shop-orders: CreateQueue: AccessDenied: no",
        "Not started: web",
    ]
    assert "1 component failed." in screen.lines[-1]


def test_how_the_playbook_says_that_a_component_is_not_started() -> None:
    text = (Path(__file__).parents[3] / "playbooks" / "stopped.yml").read_text()
    assert "is not started: {{ stack_failed_component }} failed in an earlier layer" in text


def test_json_is_written_on_demand(callback: CallbackModule, tmp_path: Path) -> None:
    callback._plugin_options["json_file"] = str(tmp_path / "plan.json")
    run(callback, outcome({"changed": True, "changes": [CHANGE]}), outcome({}, name="localhost", kind=""))
    callback.v2_playbook_on_stats(Totals())
    written = json.loads((tmp_path / "plan.json").read_text())
    assert (written["mode"], written["playbook"], written["stack"]) == ("run", "site.yml", "shop/dev")
    assert [(c["name"], c["changes"]) for c in written["components"]] == [("orders", [CHANGE])]


def test_durations_are_those_of_its_tasks(callback: CallbackModule, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 103.5, 200.0, 201.0])
    monkeypatch.setattr(plan_callback.time, "time", lambda: next(clock))
    run(callback, outcome({}))
    skipped = outcome({"skipped": True})
    callback.v2_runner_on_start(skipped.host, skipped.task)
    callback.v2_runner_on_skipped(skipped)
    assert callback.components["orders"].seconds == 4.5
    assert callback.running == {}


def test_the_environment_is_not_the_one_whose_data_it_uses(callback: CallbackModule) -> None:
    task = outcome({}).task
    callback.v2_runner_on_start(host("database", "rds", "platform", "shared"), task)
    assert callback.stack == ""
    callback.v2_runner_on_start(host(), task)
    assert callback.stack == "shop/dev"


def test_an_unchanged_result_is_not_looked_into(callback: CallbackModule) -> None:
    class Untouched(SimpleNamespace):
        @property
        def result(self) -> dict[str, Any]:
            raise AssertionError("Ansible copies the whole result when it is asked for")

    unchanged = outcome({})
    quick = Untouched(**{key: value for key, value in vars(unchanged).items() if key != "result"})
    run(callback, quick)


def test_ascii_where_the_output_is_not_utf8(
    callback: CallbackModule, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_callback.sys, "stdout", SimpleNamespace(encoding="ascii"))
    callback._say("größer")
    assert screen.lines == ["gr\\xf6\\xdfer"]


# ---- quiet ------------------------------------------------------------------------------------


@pytest.fixture
def quiet(screen: Screen) -> Quiet:
    made = Quiet()
    made._display = screen
    made._plugin_options = {"display_failed_stderr": False}
    return made


def test_quiet_says_failures_once_and_messages(quiet: Quiet, screen: Screen) -> None:
    quiet.v2_runner_on_ok(outcome({"changed": True}))
    quiet.v2_runner_on_skipped(outcome({"skipped": True}))
    quiet.v2_playbook_on_task_start(SimpleNamespace(), False)
    assert screen.lines == []
    quiet.v2_runner_on_ok(outcome({"msg": "hello\nyou"}, action="ansible.builtin.debug"))
    assert screen.lines == ["hello", "you"]
    quiet.v2_runner_on_failed(outcome({"msg": "because\n  - of this"}))
    quiet.v2_runner_on_failed(outcome({"msg": "because\n  - of this"}, action="ansible.builtin.fail"))
    quiet.v2_runner_on_failed(outcome({"msg": "never mind"}), ignore_errors=True)
    quiet.v2_runner_on_failed(outcome({"msg": "x is not started: y failed in an earlier layer"}))
    quiet.v2_runner_on_unreachable(outcome({"msg": "gone"}))
    assert screen.lines[2:] == ["failed: [orders] Task: because", "  - of this", "unreachable: [orders] Task: gone"]


def test_quiet_says_which_item_failed(quiet: Quiet, screen: Screen) -> None:
    items = [{"failed": False, "msg": "fine"}, {"failed": True, "msg": "not fine"}]
    quiet.v2_runner_on_failed(outcome({"msg": "One or more items failed", "results": items}, loop=[1, 2]))
    assert screen.lines == ["failed: [orders] Task: not fine"]


def test_quiet_overrides_everything_that_the_default_prints() -> None:
    ours = {name for name in vars(Quiet) if name.startswith("v2_")}
    theirs = {name for name in vars(Quiet.__mro__[1]) if name.startswith("v2_")}
    assert theirs <= ours
