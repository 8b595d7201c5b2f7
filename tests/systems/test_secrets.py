# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a run at -vvv show neither in its output, nor in arguments of processes, nor in files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.local_aws import ROOT, Account
from tests.support.playbook import bucket, command, environment

pytestmark = pytest.mark.xdist_group("secrets")
INVENTORY = "inventories/safebucket/dev.yml"
GIVEN = {
    "redis_auth_token": "Given-Redis-Token-0123456789abcdefghij",
    "jwt_secret": "Given-Jwt-Secret-0123456789abcdefghijkl",
    "admin_password": "Given-Admin-Password-12342",
}


def arguments_of_processes() -> str:
    """The command lines of everything that runs now."""
    seen = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            seen.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # ended in between
            continue
    return "\n".join(seen)


def test_no_secret_shows(account: Account, tmp_path: Path) -> None:
    given, home = tmp_path / "given.json", tmp_path / "home"
    home.mkdir()
    given.write_text(json.dumps(GIVEN))
    given.chmod(0o600)
    output = tmp_path / "output.txt"
    leaked, variables = (
        set(),
        environment(account, HOME=str(home), TMPDIR=str(home), SLIPWAY_PLAN_JSON=str(home / "plan.json")),
    )
    with output.open("w") as shown:
        process = subprocess.Popen(
            command(INVENTORY, "site", "-vvv", "--diff", "-e", f"@{given}", **bucket(account)),
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=shown,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            running = arguments_of_processes()
            leaked |= {name for name, value in GIVEN.items() if value in running}
    text = output.read_text()
    assert process.returncode == 0, text[-4000:]
    manager = account.client("secretsmanager")
    names = ("jwt-secret", "admin-password", "redis-auth-token", "rds-password")
    values = {name: manager.get_secret_value(SecretId=f"safebucket-dev-{name}")["SecretString"] for name in names}
    assert set(GIVEN.values()) < set(values.values()), "given ones are used, the fourth is generated"
    assert leaked == set()
    assert {name for name, value in values.items() if value in text} == set()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert (home / "plan.json") in files
    assert {str(f) for f in files for value in values.values() if value.encode() in f.read_bytes()} == set()
