# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the day-2 verbs choose and say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.filter.checklist import checklist
from ansible_collections.slipway.fargate.plugins.filter.services import (
    chosen_services,
    log_report,
    release_report,
    status_report,
)

SERVICES = ["web", "worker"]


def test_services_are_all_or_those_that_are_named() -> None:
    assert chosen_services(SERVICES) == {"names": SERVICES, "problem": ""}
    assert chosen_services(SERVICES, "worker, web")["names"] == ["worker", "web"]
    assert chosen_services(SERVICES, ["web"])["names"] == ["web"]


def test_names_that_no_service_has_are_told_with_the_nearest() -> None:
    assert "did you mean worker?" in chosen_services(SERVICES, "wroker")["problem"]
    both = chosen_services(SERVICES, "x,y")["problem"]
    assert "'x'" in both and "'y'" in both and "services are web, worker" in both
    assert chosen_services([])["problem"] == "this environment has no service"


def result(changed: bool = True, **more: Any) -> dict[str, Any]:
    release = {"left_out": "", "task_definition": "web:2", "previous_task_definition": "web:1"}
    images = {"images": {"web": "x:2", "proxy": "p"}, "previous_images": {"web": "x:1", "proxy": "p"}}
    return {"changed": changed, "release": {**release, **images, **more}}


STATUS = {
    "running_count": 2,
    "desired_count": 2,
    "smoke": {"result": "passed", "evidence": "GET /: 200"},
    "events": ["e"],
}


def test_a_release_says_what_runs_instead_of_what() -> None:
    lines = release_report(result(), "web", "publish", STATUS).splitlines()
    assert lines[:2] == ["web: published, web:1 -> web:2", "  web: x:1 -> x:2"]
    assert lines[2:5] == ["  2 of 2 tasks run", "  smoke test passed: GET /: 200", "  e"]
    assert "ecs_service_keep_image" in lines[5]
    assert release_report(result(), "web", "publish").splitlines()[0] == "web: would be published, web:1 -> web:2"
    assert release_report(result(), "web", "rollback").startswith("web: would be rolled back")
    assert release_report(result(), "web", "restart", STATUS).startswith("web: web:2 restarted")
    assert release_report(result(changed=False), "web", "publish").startswith("web: runs web:2 already")
    assert "-e service=web" in release_report(result(left_out="its image is not in ECR"), "web", "publish")


def test_statuses_and_logs() -> None:
    statuses = [{"name": "a", "text": "a: fine"}, {"name": "b", "text": "b: fine"}]
    assert status_report(statuses) == "a: fine\nb: fine"
    assert json.loads(status_report(statuses, "json")) == [{"name": "a"}, {"name": "b"}]
    with pytest.raises(AnsibleFilterError, match="format is 'xml'; allowed are text and json"):
        status_report(statuses, "xml")
    assert log_report({"events": [], "left_out": 0, "text": ""}, "/ecs/a", "1h") == "/ecs/a: nothing since 1h"
    some = log_report({"events": [{}], "left_out": 3, "text": "line"}, "/ecs/a", "1h")
    assert some == "/ecs/a: 1 events since 1h, 3 older ones left out\nline"


def test_a_checklist_counts_and_aligns() -> None:
    items = [
        {"component": "a", "item": "it runs", "status": "passed", "evidence": "yes"},
        {"component": "longer", "item": "it is", "status": "failed", "evidence": "no"},
        {"component": "a", "item": "x", "status": "not applicable", "evidence": "none"},
    ]
    found = checklist(items)
    assert (found["failed"], found["summary"]) == (1, "1 passed, 1 failed, 1 not applicable")
    assert found["text"].splitlines()[:2] == ["ok      a       it runs  yes", "FAILED  longer  it is    no"]
    printed = json.loads(checklist(items, "json")["text"])
    assert (printed["items"], printed["failed"], printed["not_applicable"]) == (items, 1, 1)
    with pytest.raises(AnsibleFilterError, match="format is 'xml'"):
        checklist(items, "xml")
