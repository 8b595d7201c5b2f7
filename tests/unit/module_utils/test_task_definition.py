# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS makes of a definition must be no difference; anything else must be one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.ecs import size_problem
from ansible_collections.slipway.fargate.plugins.module_utils.task_definition import (
    container_problems,
    differing,
    normal_container,
    normal_volume,
    rendered,
)

GIVEN = {
    "name": "web",
    "image": "nginx",
    "environment": {"B": 2, "A": True, "EMPTY": ""},
    "secrets": {"PASSWORD": "arn:secret"},
    "portMappings": [{"containerPort": 8080, "name": "http"}, {"containerPort": 1025}],
    "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp"}],
    "healthCheck": {"command": ["CMD", "true"]},
    "logConfiguration": {"logDriver": "awslogs", "options": {"mode": "non-blocking"}},
    "linuxParameters": {"initProcessEnabled": True},
    "dependsOn": None,
}
# The same as DescribeTaskDefinition returns it.
RETURNED: dict[str, Any] = {
    "name": "web",
    "image": "nginx",
    "cpu": 0,
    "essential": True,
    "environment": [
        {"name": "EMPTY", "value": ""},
        {"name": "A", "value": "true"},
        {"name": "B", "value": "2"},
    ],
    "environmentFiles": [],
    "secrets": [{"name": "PASSWORD", "valueFrom": "arn:secret"}],
    "portMappings": [
        {"containerPort": 1025, "hostPort": 1025, "protocol": "tcp"},
        {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp", "name": "http"},
    ],
    "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],
    "volumesFrom": [],
    "ulimits": [],
    "systemControls": [],
    "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
    "logConfiguration": {"logDriver": "awslogs", "options": {"mode": "non-blocking"}, "secretOptions": []},
    "linuxParameters": {"initProcessEnabled": True, "devices": [], "tmpfs": []},
}


def test_what_aws_adds_is_no_difference() -> None:
    assert normal_container(rendered(GIVEN)) == normal_container(RETURNED)


@pytest.mark.parametrize(
    "key, value",
    [
        ("image", "nginx:2"),
        ("environment", {"B": 2, "A": True}),
        ("environment", {"B": 2, "A": True, "EMPTY": "x"}),
        ("secrets", {}),
        ("secrets", {"PASSWORD": "arn:other"}),
        ("environmentFiles", [{"value": "arn:aws:s3:::b/x.env", "type": "s3"}]),
        ("portMappings", [{"containerPort": 8080, "name": "http"}, {"containerPort": 1025, "protocol": "udp"}]),
        ("mountPoints", [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": True}]),
        ("healthCheck", {"command": ["CMD", "true"], "interval": 10}),
        ("logConfiguration", {"logDriver": "awslogs", "options": {"mode": "blocking"}}),
        ("linuxParameters", {"initProcessEnabled": False}),
        ("dependsOn", [{"containerName": "db", "condition": "HEALTHY"}]),
        ("ulimits", [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]),
        ("readonlyRootFilesystem", True),
        ("user", "1000"),
        ("essential", False),
        ("command", ["serve"]),
        ("restartPolicy", {"enabled": True}),
    ],
)
def test_everything_else_is_one(key: str, value: Any) -> None:
    assert normal_container(rendered({**GIVEN, key: value})) != normal_container(RETURNED)


def test_the_root_directory_and_host_that_aws_adds_to_volumes_are_no_difference() -> None:
    assert normal_volume({"name": "tmp"}) == normal_volume({"name": "tmp", "host": {}})
    efs = {"fileSystemId": "fs-1"}
    added = {**efs, "rootDirectory": "/", "transitEncryption": "DISABLED", "authorizationConfig": {"iam": "DISABLED"}}
    assert normal_volume({"efsVolumeConfiguration": efs}) == normal_volume({"efsVolumeConfiguration": added})
    other = {**efs, "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"}}
    assert normal_volume({"efsVolumeConfiguration": efs}) != normal_volume({"efsVolumeConfiguration": other})


def test_the_difference_goes_down_to_the_single_variable() -> None:
    before = {"containers": {"web": {"image": "a", "environment": {"LEVEL": "info", "OLD": "1"}}}}
    after = {"containers": {"web": {"image": "a", "environment": {"LEVEL": "debug", "NEW": "2"}}}}
    old, new = differing(before, after, "containers")
    assert old == {"containers.web.environment.LEVEL": "info", "containers.web.environment.OLD": "1"}
    assert new == {"containers.web.environment.LEVEL": "debug", "containers.web.environment.NEW": "2"}


def test_a_whole_container_that_comes_is_shown() -> None:
    old, new = differing({"containers": {}}, {"containers": {"web": {"image": "a"}}}, "containers")
    assert (old, new) == ({}, {"containers.web.image": "a"})


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"secrets": {"A": "arn:x"}}, "container web: A is given twice in environment and secrets"),
        (
            {"mountPoints": [{"sourceVolume": "data"}]},
            "container web: mountPoints names the volume data, which volumes does not hold",
        ),
        (
            {"dependsOn": [{"containerName": "db"}]},
            "container web: dependsOn names db, which is no container of the task",
        ),
        ({"essential": False}, "no container is essential"),
    ],
)
def test_what_aws_would_refuse(change: dict[str, Any], problem: str) -> None:
    assert list(container_problems([rendered({**GIVEN, **change})], [{"name": "tmp"}])) == [problem]


def test_two_containers_of_one_name() -> None:
    container = {"name": "web", "image": "x"}
    assert list(container_problems([container, container], None)) == ["two containers are called web"]


@pytest.mark.parametrize(
    "cpu, memory, problem",
    [
        (256, 512, None),
        (16384, 122880, None),
        (300, 512, "cpu is 300; allowed are 256, 512, 1024, 2048, 4096, 8192, 16384"),
        (256, 4096, "memory is 4096; allowed with cpu 256 are 512, 1024, 2048"),
        (512, 1500, "memory is 1500; allowed with cpu 512 are 1024, 2048, 3072, 4096"),
    ],
)
def test_sizes_of_fargate(cpu: int, memory: int, problem: str | None) -> None:
    assert size_problem(cpu, memory) == problem
