# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.filter.github import deploy_statements, passed_roles

ARN = "arn:aws:ecs:eu-west-1:123456789012:service/shop/web"
WEB = {"name": "web", "arn": ARN, "task_definition": "shop-web:7"}
API = {"name": "api", "arn": ARN.replace("web", "api")}
IMAGES = {"arn": "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web"}
ROLE = "arn:aws:iam::123456789012:role/"


def _statements(*arguments: Any) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in deploy_statements(*arguments, "eu-west-1")}


def test_tasks_have_their_own_role_or_the_one_they_were_given() -> None:
    assert passed_roles([WEB, API], ["", f"{ROLE}app"]) == [
        f"{ROLE}web-execution",
        f"{ROLE}web-task",
        f"{ROLE}api-execution",
        f"{ROLE}app",
    ]


def test_what_a_service_publishes_holds() -> None:
    named = {**API, "execution_role_arn": f"{ROLE}pull", "task_role_arn": f"{ROLE}work", "family": "shop-family"}
    assert passed_roles([named], [""]) == [f"{ROLE}pull", f"{ROLE}work"]
    definition = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-family:*"
    assert _statements([named], [], [])["Register"]["Resource"] == [definition]


def test_no_more_than_a_deployment_takes() -> None:
    made = _statements([WEB], [IMAGES], [f"{ROLE}web-execution"])
    assert set(made) == {"Login", "Push", "ReadRevisions", "Register", "Tag", "Update", "Pass"}
    assert [sid for sid, statement in made.items() if statement["Resource"] == "*"] == ["Login", "ReadRevisions"]
    assert made["Push"]["Resource"] == [IMAGES["arn"]]
    assert made["Register"]["Resource"] == ["arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:*"]
    assert made["Update"]["Resource"] == [ARN]
    assert made["Pass"]["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_images_alone_or_services_alone() -> None:
    assert set(_statements([], [IMAGES], [])) == {"Login", "Push"}
    assert set(_statements([API], [], [])) == {"ReadRevisions", "Register", "Tag", "Update", "Pass"}
    assert deploy_statements([], [], [], "eu-west-1") == []
