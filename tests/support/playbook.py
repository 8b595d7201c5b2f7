# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook as a person does: ansible-playbook in a process of its own, with only the usual AWS variables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.local_aws import ROOT, Account

ANSIBLE_PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


@dataclass
class Run:
    """What came of a run."""

    status: int
    output: str
    plan: dict[str, Any]  # what the plan callback wrote

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Every resource that was, or would be, created, updated or deleted."""
        return [
            {"component": component["name"], **change}
            for component in self.plan["components"]
            for change in component["changes"]
        ]

    @property
    def summary(self) -> set[tuple[str, ...]]:
        """Which component has which kind of change on which resource."""
        return {(c["component"], c["action"], c["resource"], c["name"]) for c in self.changes}

    def ok(self) -> Run:
        assert self.status == 0, self.output[-6000:]
        return self


def environment(account: Account, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **account.environment, **more}


def command(inventory: str | Path, verb: str, *arguments: str, **extra: Any) -> list[str]:
    """The command line; extra variables go as JSON, so that types stay what they are."""
    variables = ["-e", json.dumps(extra)] if extra else []
    return [ANSIBLE_PLAYBOOK, "-i", str(inventory), f"playbooks/{verb}.yml", *variables, *arguments]


def bucket(account: Account) -> dict[str, str]:
    """Names of buckets are unique across accounts: Safebucket's, for an account beside the one that has the default."""
    return {"safebucket_bucket_name": f"safebucket-storage-{account.id}"}


def copy_of(system: str, folder: Path) -> Path:
    """A copy of the inventories of a system, to edit."""
    return Path(shutil.copytree(ROOT / "inventories" / system, folder / system))


def edit(inventories: Path, component: str, variables: dict[str, Any]) -> None:
    """Give a component of a copy other variables, as a person would in its host_vars."""
    path = inventories / "host_vars" / f"{component}.yml"
    now = yaml.safe_load(path.read_text()) if path.exists() else {}
    path.write_text(yaml.safe_dump({**(now or {}), **variables}))


def run_playbook(
    account: Account,
    inventory: str | Path,
    verb: str,
    *arguments: str,
    _environment: dict[str, str] | None = None,
    **extra: Any,
) -> Run:
    """Run playbooks/<verb>.yml on the environment in the account, with more environment variables."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        done = subprocess.run(
            command(inventory, verb, *arguments, **extra),
            cwd=ROOT,
            env=environment(account, SLIPWAY_PLAN_JSON=str(plan), **(_environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout, json.loads(plan.read_text()) if plan.exists() else {"components": []})
