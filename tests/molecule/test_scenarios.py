# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role has a molecule scenario that runs its whole course, each in an account of its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.local_aws import ROOT, Account
from tests.support.playbook import ANSIBLE_PLAYBOOK, environment
from tests.support.state import state

KINDS = sorted(role.name for role in (ROOT / "roles").iterdir() if role.is_dir())
COURSE = ["check", "converge", "idempotence", "check", "verify", "destroy", "verify"]
BIN = str(Path(ANSIBLE_PLAYBOOK).parent)
MARK = re.compile(r"\[\w+ > (?P<action>\w+)\] (?P<what>Executing|Executed: (?P<result>\w+))")


@dataclass
class Step:
    """One action of molecule, what it printed and what it wrote in AWS."""

    action: str
    output: str = ""
    result: str = "not finished"
    writes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many tasks the recap says have changed, or would change, something."""
        counts = re.findall(r"\bchanged=(\d+)", self.output)
        assert counts, f"no recap: {self.output}"
        return sum(map(int, counts))


def steps(account: Account, lines: Iterable[str]) -> Iterator[Step]:
    """Follow molecule's output. Between two actions there are seconds before Ansible's first call."""
    step, position = None, account.position()
    for line in lines:
        mark = MARK.search(line)
        if mark and mark["what"] == "Executing":
            step = Step(mark["action"])
        elif step and mark:
            step.result, step.writes, position = mark["result"], account.writes(position), account.position()
            yield step
            step = None
        elif step:
            step.output += line


def molecule_test(account: Account, kind: str, folder: Path) -> tuple[list[Step], str]:
    """Run the scenario; its steps, and everything it printed."""
    variables = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
    # The usual credentials are all that a run has from its environment: the inventory says the region.
    given = environment(account, **variables)
    given.pop("AWS_DEFAULT_REGION")
    printed: list[str] = []

    def lines(stream: Iterable[str]) -> Iterator[str]:
        for line in stream:
            printed.append(line)
            yield line

    with subprocess.Popen(
        [f"{BIN}/molecule", "test", "-s", kind, "--no-command-borders"],
        cwd=ROOT,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        done = list(steps(account, lines(process.stdout)))
    assert process.returncode == 0, "".join(printed)[-6000:]
    return done, "".join(printed)


@pytest.mark.parametrize("kind", KINDS)
def test_scenario_runs_its_whole_course(kind: str, account: Account, tmp_path: Path) -> None:
    done, printed = molecule_test(account, kind, tmp_path)
    assert [(step.action, step.result) for step in done] == [(action, "Successful") for action in COURSE], printed
    first_check, converge, again, check, verify, destroy, gone = done
    assert first_check.changed and not first_check.writes
    assert converge.changed and converge.writes
    assert again.changed == 0
    assert check.changed == 0 and not check.writes
    assert destroy.changed and destroy.writes
    for reading in (verify, gone):
        assert "TASK [Assert" in reading.output
        assert set(reading.writes) <= {"s3:PutObject"}  # what a bucket is emptied of
    assert {what: there for what, there in state(account).items() if there} == {}
