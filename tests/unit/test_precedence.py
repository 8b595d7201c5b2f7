# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables: organisation < kind < system < tier < the environment's own < component."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.local_aws import ROOT

LEVELS = ("organisation", "kind", "system", "tier", "environment", "component")
FILES = {
    "organisation": "playbooks/group_vars/all/baseline.yml",
    "kind": "inventories/shop/group_vars/sqs.yml",
    "system": "inventories/shop/group_vars/shop.yml",
    "tier": "inventories/shop/group_vars/dev.yml",
    "component": "inventories/shop/host_vars/orders.yml",
}


@pytest.mark.parametrize("highest", range(len(LEVELS)), ids=LEVELS)
def test_the_more_special_level_wins(tmp_path: Path, highest: int) -> None:
    for level in [level for level in LEVELS[: highest + 1] if level in FILES]:
        path = tmp_path / FILES[level]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"retention: {level}\n")
    inventory = tmp_path / "inventories" / "shop" / "dev.yml"
    inventory.parent.mkdir(parents=True, exist_ok=True)
    own = "vars: {retention: environment}\n" if highest >= LEVELS.index("environment") else ""
    head = "plugin: slipway.fargate.stack\nstack_name: shop\nstack_environment: dev\n"
    inventory.write_text(f"{head}components: {{sqs: {{orders: }}}}\n{own}")
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(inventory), "--host", "orders"]
    command += ["--playbook-dir", str(tmp_path / "playbooks")]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["retention"] == LEVELS[highest]


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ("{sqss: {orders: }}", "unknown kind of component 'sqss': did you mean sqs?"),
        ("{sqs: {orders: }, s3_bucket: {orders: }}", "component 'orders' is declared as sqs and again as s3_bucket"),
    ],
)
def test_a_wrong_inventory_is_refused(tmp_path: Path, components: str, message: str) -> None:
    inventory = tmp_path / "dev.yml"
    head = "plugin: slipway.fargate.stack\nstack_name: shop\nstack_environment: dev\n"
    inventory.write_text(f"{head}components: {components}\n")
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(inventory), "--list"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert message in " ".join(shown.stderr.split())
