# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether AWS is still at work on what it was asked for, as each kind tells it from what AWS answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS

SERVICE = {"status": "ACTIVE", "serviceArn": "arn:s", "taskDefinition": "arn/f:1", "desiredCount": 1}
OPTIONS = {
    "ecs_service": {
        f"ecs_service_{name}": "n"
        for name in ("cluster_name", "log_group", "family", "container_name", "execution_role_name", "task_role_name")
    },
    "efs": {"efs_access_points": [{"name": "a"}]},
    "vpc_endpoint": {"vpc_endpoint_services": ["s3"]},
}


class Client:
    """Gives one answer to each operation."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: self.answers[operation]

    def list(self, operation: str, key: str, **arguments: Any) -> Any:
        return self.answers[operation]


def efs(system: str = "available", point: str = "available", target: str = "available") -> Client:
    found = {"FileSystemId": "fs-1", "FileSystemArn": "arn:fs", "LifeCycleState": system}
    points = [{"Name": "a", "AccessPointId": "fsap-1", "AccessPointArn": "arn:a", "LifeCycleState": point}]
    return Client(
        describe_file_systems={"FileSystems": [found]},
        describe_access_points=points,
        describe_mount_targets=[{"LifeCycleState": "available"}, {"LifeCycleState": target}],
    )


def endpoints(*states: str) -> Client:
    of = {"ServiceName": "com.amazonaws.eu-west-1.s3", "Tags": [{"Key": "Name", "Value": "n-s3"}]}
    return Client(
        describe_vpc_endpoints=[{**of, "VpcEndpointId": f"vpce-{n}", "State": state} for n, state in enumerate(states)]
    )


def service(*rollouts: str | None) -> Client:
    deployments = [{"rolloutState": state} if state else {} for state in rollouts]
    return Client(describe_services={"services": [{**SERVICE, "deployments": deployments}]})


@pytest.mark.parametrize(
    ("kind", "client", "expected"),
    [
        ("efs", efs(), False),
        ("efs", efs(system="creating"), True),
        ("efs", efs(point="creating"), True),
        ("efs", efs(target="creating"), True),
        ("vpc_endpoint", endpoints("available"), False),
        ("vpc_endpoint", endpoints("pending"), True),
        ("vpc_endpoint", endpoints("deleted", "available"), False),
        ("ecs_service", service("COMPLETED"), False),
        ("ecs_service", service("FAILED"), False),  # a wait for it would never end
        ("ecs_service", service("IN_PROGRESS"), True),
        ("ecs_service", service("COMPLETED", None), True),
        ("ecs_service", service(None), False),  # blue/green
        ("ecs_service", service(None, None), True),
    ],
)
def test_what_aws_is_still_at_work_on_is_pending(kind: str, client: Client, expected: bool) -> None:
    aws: Any = SimpleNamespace(region="eu-west-1", client=lambda name: client, arn=lambda *parts, **more: "arn")
    facts = KINDS[kind].read(aws, "n", OPTIONS[kind])
    assert facts is not None
    assert KINDS[kind].is_pending(facts) is expected


@pytest.mark.parametrize(
    ("kind", "rest", "under_way"),
    [
        ("alb", "active", "provisioning"),
        ("cdn", "Deployed", "InProgress"),
        ("certificate", "ISSUED", "PENDING_VALIDATION"),
        ("elasticache", "available", "modifying"),
        ("rds", "available", "backing-up"),
    ],
)
def test_a_status_tells_it(kind: str, rest: str, under_way: str) -> None:
    assert "status" in KINDS[kind].facts
    assert [KINDS[kind].is_pending({"status": status}) for status in (rest, under_way)] == [False, True]
