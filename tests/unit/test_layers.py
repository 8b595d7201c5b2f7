# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind has its layer, and goes before what it uses."""

from __future__ import annotations

import pytest
import yaml

from tests.support.local_aws import ROOT

KINDS = {role.name for role in (ROOT / "roles").iterdir() if role.is_dir()}


def plays(name: str) -> list[set[str]]:
    """The kinds of each play that converges or removes some."""
    found = yaml.safe_load((ROOT / "playbooks" / name).read_text(encoding="utf-8"))
    working = [play for play in found if "converge.yml" in str(play.get("tasks"))]
    return [{part for part in play["hosts"].split(":") if part in KINDS} for play in working]


def test_every_kind_is_converged_in_one_layer_and_removed_in_one() -> None:
    made = [kind for name in ("data", "front", "services") for play in plays(f"layers/{name}.yml") for kind in play]
    gone = [kind for play in plays("destroy.yml") for kind in play]
    assert set(made) >= KINDS
    assert sorted(gone) == sorted(KINDS)


def test_the_look_takes_every_step_that_the_layers_take() -> None:
    files = [ROOT / "playbooks" / "layers" / f"{name}.yml" for name in ("data", "front", "await_data", "services")]
    taken: dict[str, list[str]] = {}
    for play in (play for file in files for play in yaml.safe_load(file.read_text()) if "converge.yml" in str(play)):
        for kind in {part for part in play["hosts"].split(":") if part in KINDS}:
            taken.setdefault(kind, []).append(play.get("vars", {}).get("component_tasks", "main"))
    assert taken.pop("ecs_service") == ["prepare", "service", "service"]  # its main.yml is both
    look = next(p for p in yaml.safe_load((ROOT / "playbooks/layers/look.yml").read_text()) if "vars" in p)["vars"]
    assert look["component_steps"] == {kind: steps for kind, steps in taken.items() if steps != ["main"]}


@pytest.mark.parametrize(
    ("kind", "used"),
    [
        ("config_recorder", "s3_bucket"),  # which it would go on delivering to
        ("trail", "s3_bucket"),
        ("guardduty", "vpc"),  # where its agents have an endpoint
        ("ecs_service", "guardduty"),  # whose agents run in its tasks
        ("rds", "security_group"),
    ],
)
def test_what_uses_another_kind_goes_first(kind: str, used: str) -> None:
    order = {kind: number for number, play in enumerate(plays("destroy.yml")) for kind in play}
    assert order[kind] < order[used]
