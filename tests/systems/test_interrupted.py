# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first converge that is killed again and again ends, run once more, in the state of one clean run."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.support.local_aws import ROOT, Account, LocalAws
from tests.support.playbook import bucket, command, environment, run_playbook
from tests.support.state import State, state

pytestmark = pytest.mark.xdist_group("interrupted")
INVENTORY = "inventories/safebucket/dev.yml"
CHAINS, KILLS = 2, 10  # accounts, and kills in each: 20 moments spread over a first converge
ENDINGS: list[Callable[[subprocess.Popen[bytes]], None]] = [
    lambda process: process.kill(),  # the controller alone, as the kernel's OOM killer would
    lambda process: os.killpg(process.pid, signal.SIGKILL),
    lambda process: os.killpg(process.pid, signal.SIGINT),  # Ctrl-C
    lambda process: process.terminate(),
]


@pytest.fixture(scope="module")
def clean(local_aws: LocalAws) -> tuple[State, int]:
    """The state after one clean run, and how many writes it took."""
    account = local_aws.account()
    run_playbook(account, INVENTORY, "site", **bucket(account)).ok()
    return state(account), len(account.writes())


def run_and_kill(account: Account, after_writes: int, ending: Callable[[subprocess.Popen[bytes]], None]) -> bool:
    """Start a converge and end it once that many writes were sent; whether it was still running."""
    process = subprocess.Popen(
        command(INVENTORY, "site", **bucket(account)),
        cwd=ROOT,
        env=environment(account),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen, written = account.position(), len(account.writes())
    deadline = time.monotonic() + 300
    while written < after_writes and process.poll() is None and time.monotonic() < deadline:
        new = account.requests(seen)
        written += sum(request["write"] for request in new)
        seen = max([seen, *(request["seq"] for request in new)])
        time.sleep(0.005)
    running = process.poll() is None
    if running:
        ending(process)
    process.wait(timeout=60)
    return running


def differences(expected: State, reached: State) -> list[tuple[str, str, object, object]]:
    """What is not the same: kind, resource, and both sides."""
    return [
        (kind, name, expected[kind].get(name), reached[kind].get(name))
        for kind in expected
        for name in sorted(expected[kind].keys() | reached[kind].keys())
        if expected[kind].get(name) != reached[kind].get(name)
    ]


@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_converges_end_in_the_state_of_a_clean_one(
    local_aws: LocalAws, clean: tuple[State, int], chain: int
) -> None:
    expected, writes = clean
    account = local_aws.account()
    moments = [max(1, writes * (kill * CHAINS + chain + 1) // (CHAINS * KILLS + 1)) for kill in range(KILLS)]
    endings = itertools.cycle(ENDINGS)
    killed = [run_and_kill(account, moment, next(endings)) for moment in moments]
    assert all(killed), f"every kill must hit a running converge: {dict(zip(moments, killed, strict=True))}"
    run_playbook(account, INVENTORY, "site", **bucket(account)).ok()
    reached = state(account)
    assert differences(expected, reached) == []
    assert run_playbook(account, INVENTORY, "site", **bucket(account)).ok().changes == []
