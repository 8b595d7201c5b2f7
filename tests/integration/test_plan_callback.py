# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of real runs: a tiny environment previewed, created, changed and removed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.local_aws import ROOT, Account
from tests.support.playbook import ANSIBLE_PLAYBOOK, environment

SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text())
INVENTORY = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  sqs: {orders: }
  iam_role: {worker: }
vars:
  aws_region: eu-west-1
"""
PLAYBOOK = """
- hosts: sqs:iam_role
  gather_facts: false
  tasks:
    - name: Queue
      when: component_kind == 'sqs'
      check_mode: "{{ stack_check_mode }}"
      block:
        - name: Create or update the log group
          slipway.fargate.cloudwatch_log_group:
            name: /ecs/shop-dev-{{ item }}
            retention_in_days: "{{ days | int }}"
            state: "{{ wanted | default('present') }}"
            region: "{{ aws_region }}"
          loop: [orders]
    - name: Create or update the role
      amazon.aws.iam_role:
        name: shop-dev-worker
        description: "{{ days }}"
        assume_role_policy_document: >-
          {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        state: "{{ wanted | default('present') }}"
        region: "{{ aws_region }}"
      when: component_kind == 'iam_role'
"""


class Runner:
    def __init__(self, account: Account, folder: Path) -> None:
        self.account, self.folder = account, folder
        (folder / "shop.yml").write_text(INVENTORY)
        (folder / "play.yml").write_text(PLAYBOOK)
        (folder / "group_vars").symlink_to(ROOT / "group_vars")

    def __call__(
        self, *arguments: str, env: dict[str, str] | None = None, status: int = 0
    ) -> tuple[dict[str, Any], str]:
        """The plan as JSON, and the output."""
        plan = self.folder / "plan.json"
        plan.unlink(missing_ok=True)
        done = subprocess.run(
            [ANSIBLE_PLAYBOOK, "-i", self.folder / "shop.yml", self.folder / "play.yml", *arguments],
            cwd=ROOT,
            env=environment(self.account, SLIPWAY_PLAN_JSON=str(plan), **(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
        written = json.loads(plan.read_text())
        jsonschema.validate(written, SCHEMA)
        assert stat.S_IMODE(plan.stat().st_mode) == 0o600
        return written, done.stdout


@pytest.fixture
def run(account: Account, tmp_path: Path) -> Runner:
    return Runner(account, tmp_path)


def _changes(plan: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    return {c["name"]: [(x["action"], x["resource"], x["name"]) for x in c["changes"]] for c in plan["components"]}


def _expected(action: str) -> dict[str, list[tuple[str, str, str]]]:
    return {
        "orders": [(action, "CloudWatch log group", "/ecs/shop-dev-orders")],
        "worker": [(action, "IAM role", "shop-dev-worker")],
    }


def test_what_is_predicted_is_what_is_done(run: Runner) -> None:
    predicted, output = run("-e", "days=7", "--check", "--diff")
    assert run.account.writes() == []
    assert _changes(predicted) == _expected("create")
    assert (predicted["mode"], predicted["stack"], predicted["playbook"]) == ("check", "shop/dev", "play.yml")
    assert "    + CloudWatch log group /ecs/shop-dev-orders\n        arn: (known after apply)\n" in output
    assert "Plan: 2 to create, 0 to change, 0 to delete. 2 components in " in output
    done, output = run("-e", "days=7")
    assert _changes(done) == _expected("create")
    assert "worker: + IAM role shop-dev-worker\n" in output
    assert "Done: 2 created, 0 changed, 0 deleted. 2 components in " in output

    done, output = run("-e", "days=7")
    assert _changes(done) == {"orders": [], "worker": []}
    assert "Done for" not in output

    predicted, output = run("-e", "days=30", "--check")
    assert _changes(predicted) == _expected("update")
    assert "        retention_in_days: 7 -> 30\n" in output
    done, _ = run("-e", "days=30")
    assert _changes(done) == _expected("update")
    assert done["components"][0]["changes"][0]["attributes"] == {"retention_in_days": {"before": 7, "after": 30}}
    assert {c["status"] for c in done["components"]} == {"changed"}

    predicted, _ = run("-e", "days=30", "-e", "wanted=absent", "--check")
    done, output = run("-e", "days=30", "-e", "wanted=absent")
    assert _changes(predicted) == _changes(done) == _expected("delete")
    assert "    - IAM role shop-dev-worker\n" in output


def test_a_failure_is_told_with_the_call_and_the_words_of_aws(run: Runner) -> None:
    run.account.fault(
        service="logs", operation="CreateLogGroup", code="AccessDeniedException", message="no", status=400
    )
    plan, output = run("-e", "days=7", status=2)
    orders, worker = plan["components"]
    assert (orders["status"], worker["status"], plan["summary"]["failed"]) == ("failed", "changed", 1)
    (failure,) = orders["failures"]
    assert (failure["operation"], failure["code"]) == ("CreateLogGroup", "AccessDeniedException")
    cause = "Could not create CloudWatch log group /ecs/shop-dev-orders: CreateLogGroup: AccessDeniedException: no"
    assert failure["cause"] == cause
    assert f"Failed:\n  orders: {cause}\n" in output
    assert "Traceback" not in output


def test_beside_another_stdout_callback_as_under_awx(run: Runner) -> None:
    under = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "JOB_ID": "7", "ANSIBLE_FORCE_COLOR": "True"}
    _, output = run("-e", "days=7", env=under)
    assert "changed: [worker]" in output
    assert "orders: + " not in output, "the tasks say it already"
    assert "\x1b[0;32m    + IAM role shop-dev-worker\x1b[0m\n" in output
    _, output = run("-e", "days=14", env={**under, "NO_COLOR": "1", "ANSIBLE_FORCE_COLOR": "False"})
    assert "\x1b" not in output


def test_verbose_shows_every_task(run: Runner) -> None:
    _, output = run("-e", "days=7", "-v")
    assert "TASK [Create or update the role]" in output
    assert "PLAY RECAP" in output
    assert "Done: 2 created" in output


def test_on_a_terminal_it_shows_what_is_running(run: Runner, tmp_path: Path) -> None:
    import pty  # noqa: PLC0415

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [ANSIBLE_PLAYBOOK, "-i", tmp_path / "shop.yml", tmp_path / "play.yml", "-e", "days=7"],
        cwd=ROOT,
        env=environment(run.account, TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "0:00" in text
    assert "Create or update the" in text
    last = text.rsplit("\x1b[J", 1)[1]
    assert "Done: 2 created, 0 changed, 0 deleted." in last, "nothing is drawn over the end"
