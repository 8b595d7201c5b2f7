# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Facts = Mapping[str, Any]
Statement = dict[str, Any]

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html, and to see whether a tag is there
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


def passed_roles(services: Iterable[Facts], task_roles: Iterable[str]) -> list[str]:
    """The roles that the services' tasks have: the execution role, and the task's own or the one that it was given."""
    roles = []
    for service, given in zip(services, task_roles, strict=True):
        roles += [_role(service, "execution"), given or _role(service, "task")]
    return list(dict.fromkeys(roles))


def _role(service: Facts, purpose: str) -> str:
    published = service.get(f"{purpose}_role_arn")
    if published:
        return str(published)
    _, partition, _, _, account, _ = service["arn"].split(":", 5)
    return f"arn:{partition}:iam::{account}:role/{service['name']}-{purpose}"


def deploy_statements(
    services: list[Facts], repositories: list[Facts], roles: list[str], region: str
) -> list[Statement]:
    """What it takes to push images to these repositories and to roll out new revisions of these services."""
    made = []
    if repositories:
        # these two know no resources: to log in, and to read a task definition
        made.append(_allow("Login", ["ecr:GetAuthorizationToken"], "*"))
        made.append(_allow("Push", PUSH, [repository["arn"] for repository in repositories]))
    if services:
        definitions = [_definitions(service, region) for service in services]
        created = {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}
        made += [
            _allow("ReadRevisions", ["ecs:DescribeTaskDefinition"], "*"),
            _allow("Register", ["ecs:RegisterTaskDefinition"], definitions),
            _allow("Tag", ["ecs:TagResource"], definitions, created),
            _allow("Update", ["ecs:DescribeServices", "ecs:UpdateService"], [service["arn"] for service in services]),
            _allow(
                "Pass", ["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
            ),
        ]
    return made


def _definitions(service: Facts, region: str) -> str:
    _, partition, _, _, account, _ = service["arn"].split(":", 5)
    family = service.get("family") or re.sub(r":\d+$", "", service.get("task_definition") or service["name"])
    return f"arn:{partition}:ecs:{region}:{account}:task-definition/{family}:*"


def _allow(sid: str, actions: list[str], resources: Any, condition: Statement | None = None) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"passed_roles": passed_roles, "deploy_statements": deploy_statements}
