# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

FAMILY = "shop-dev-web"
ROLE = "arn:aws:iam::123456789012:role/web"
WEB: dict[str, Any] = {"name": "web", "image": "nginx:1", "environment": {"LEVEL": "info"}}
BASE: dict[str, Any] = {"family": FAMILY, "containers": [WEB], "cpu": 256, "memory": 512}
LOGS = {"awslogs-group": "/ecs/x", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"}
EFS = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}


def _read(account: Account) -> dict[str, Any]:
    return account.client("ecs").describe_task_definition(taskDefinition=FAMILY, include=["TAGS"])


def _registered(account: Account) -> dict[str, Any]:
    return _read(account)["taskDefinition"]


def _web(**changes: Any) -> list[dict[str, Any]]:
    return [{**WEB, **changes}]


MATRIX = Matrix(
    module="ecs_task_definition",
    key="task_definition",
    base=BASE,
    fixed={"sensitive_environment", "delete", "keep_images_of"},
    updates={
        "+size": {"cpu": 512, "memory": 1024},
        "task_role_arn": ROLE,
        "execution_role_arn": ROLE,
        "architecture": "ARM64",
        "operating_system": "WINDOWS_SERVER_2022_CORE",
        "ephemeral_storage_gib": 30,
        "volumes": [EFS, {"name": "tmp"}],
        "tags": {"Environment": "dev"},
        "+image": {"containers": _web(image="nginx:2")},
        "+environment": {"containers": _web(environment={"LEVEL": "debug", "PORT": 80})},
        "+variable removed": {"containers": _web(environment={"PORT": 80})},
        "+secrets": {"containers": _web(secrets={"PASSWORD": "arn:aws:secretsmanager:eu-west-1:1:secret:x"})},
        "+secret changed": {"containers": _web(secrets={"PASSWORD": "arn:aws:secretsmanager:eu-west-1:1:secret:y"})},
        "+environmentFiles": {"containers": _web(environmentFiles=[{"type": "s3", "value": "arn:aws:s3:::b/x.env"}])},
        "+healthCheck": {"containers": _web(healthCheck={"command": ["CMD-SHELL", "true"]})},
        "+healthCheck changed": {"containers": _web(healthCheck={"command": ["CMD-SHELL", "true"], "retries": 5})},
        "+portMappings": {"containers": _web(portMappings=[{"containerPort": 80}, {"containerPort": 81}])},
        "+one port changed": {"containers": _web(portMappings=[{"containerPort": 80}, {"containerPort": 82}])},
        "+mountPoints": {"containers": _web(mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}])},
        "+logConfiguration": {"containers": _web(logConfiguration={"logDriver": "awslogs", "options": LOGS})},
        "+ulimits": {"containers": _web(ulimits=[{"name": "nofile", "softLimit": 10, "hardLimit": 20}])},
        "+linuxParameters": {"containers": _web(linuxParameters={"initProcessEnabled": True})},
        "+readonlyRootFilesystem": {"containers": _web(readonlyRootFilesystem=True)},
        "+user": {"containers": _web(user="1000")},
        "+sidecar": {
            "containers": [
                {**WEB, "dependsOn": [{"containerName": "agent", "condition": "START"}]},
                {"name": "agent", "image": "agent", "essential": False},
            ]
        },
        "+no sidecar": {"containers": _web(command=["serve", "--fast"])},
    },
    seen={
        "task_role_arn": lambda account: _registered(account)["taskRoleArn"],
        "execution_role_arn": lambda account: _registered(account)["executionRoleArn"],
        "architecture": lambda account: _registered(account)["runtimePlatform"]["cpuArchitecture"],
        "ephemeral_storage_gib": lambda account: _registered(account)["ephemeralStorage"]["sizeInGiB"],
        "tags": lambda account: {tag["key"]: tag["value"] for tag in _read(account)["tags"]},
    },
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)


def test_order_means_nothing(account: Account) -> None:
    container = {
        "name": "web",
        "image": "nginx",
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "secrets": [{"name": "C", "valueFrom": "arn:c"}, {"name": "D", "valueFrom": "arn:d"}],
    }
    base = {**BASE, "execution_role_arn": ROLE}
    run_module(account, "ecs_task_definition", **{**base, "containers": [container]})
    turned = {**container, **{key: container[key][::-1] for key in ("environment", "secrets")}}
    assert not run_module(account, "ecs_task_definition", **{**base, "containers": [turned]})["changed"]


def test_tags_alone_make_no_revision(account: Account) -> None:
    run_module(account, "ecs_task_definition", **BASE, tags={"A": "1"})
    result = run_module(account, "ecs_task_definition", **BASE, tags={"A": "2"})
    assert result["changed"]
    assert result["task_definition"]["revision"] == 1


def test_unset_options_are_taken_over_and_empty_ones_removed(account: Account) -> None:
    run_module(account, "ecs_task_definition", **BASE, task_role_arn=ROLE, architecture="ARM64", tags={"A": "1"})
    run_module(account, "ecs_task_definition", family=FAMILY, containers=_web(image="nginx:2"))
    assert _registered(account)["taskRoleArn"] == ROLE
    assert _registered(account)["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert _read(account)["tags"] == [{"key": "A", "value": "1"}]
    run_module(account, "ecs_task_definition", **BASE, task_role_arn="")
    assert "taskRoleArn" not in _registered(account)


def test_the_diff_names_the_variable_and_masks_what_it_is_told_to(account: Account) -> None:
    def with_values(level: str, token: str) -> dict[str, Any]:
        container = {**WEB, "environment": {"LEVEL": level, "TOKEN": token}}
        return {**BASE, "containers": [container], "sensitive_environment": ["TOKEN"]}

    run_module(account, "ecs_task_definition", **with_values("info", "first-token"))
    result = run_module(account, "ecs_task_definition", **with_values("debug", "second-token"))
    assert result["changes"][0]["attributes"] == {
        "containers.web.environment.LEVEL": {"before": "info", "after": "debug"},
        "containers.web.environment.TOKEN": {"before": "(sensitive)", "after": "(sensitive)"},
    }
    assert "first-token" not in str(result)
    assert "second-token" not in str(result)
    assert {e["name"]: e["value"] for e in _registered(account)["containerDefinitions"][0]["environment"]} == {
        "LEVEL": "debug",
        "TOKEN": "second-token",
    }


def test_absent_with_delete_finishes_what_was_left(account: Account) -> None:
    for image in ("nginx:1", "nginx:2"):
        run_module(account, "ecs_task_definition", **{**BASE, "containers": _web(image=image)})
    run_module(account, "ecs_task_definition", family=FAMILY, state="absent")
    ecs = account.client("ecs")
    assert len(ecs.list_task_definitions(familyPrefix=FAMILY, status="INACTIVE")["taskDefinitionArns"]) == 2
    assert run_module(account, "ecs_task_definition", family=FAMILY, state="absent", delete=True)["changed"]
    assert ecs.list_task_definitions(familyPrefix=FAMILY, status="INACTIVE")["taskDefinitionArns"] == []
    assert not run_module(account, "ecs_task_definition", family=FAMILY, state="absent", delete=True)["changed"]


def test_families_with_a_common_beginning_are_left_alone(account: Account) -> None:
    run_module(account, "ecs_task_definition", **BASE)
    run_module(account, "ecs_task_definition", **{**BASE, "family": FAMILY + "-worker"})
    run_module(account, "ecs_task_definition", family=FAMILY, state="absent", delete=True)
    arns = account.client("ecs").list_task_definitions()["taskDefinitionArns"]
    assert [arn.split("/")[1] for arn in arns] == [FAMILY + "-worker:1"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cpu": 300}, "cpu is 300; allowed are 256, 512"),
        ({"memory": 4096}, "memory is 4096; allowed with cpu 256 are 512, 1024, 2048"),
        ({"ephemeral_storage_gib": 10}, "ephemeral_storage_gib is 10; allowed are 0 and 21 to 200"),
        ({"containers": _web(secrets={"LEVEL": "arn:x"})}, "container web: LEVEL is given twice in environment"),
        ({"containers": _web(healthcheck={})}, r'Unknown parameter in containers\[0\]: "healthcheck", must be one of'),
        ({"containers": _web(portMappings=[{"containerPort": "http"}])}, "containerPort.*valid types"),
    ],
)
def test_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "ecs_task_definition", _check=True, **{**BASE, **options})
    assert account.requests() == []


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    fault = {"service": "ecs", "operation": "RegisterTaskDefinition", "code": "AccessDeniedException"}
    account.fault(**fault, message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not create ECS task definition shop-dev-web: .*Register"):
        run_module(account, "ecs_task_definition", **BASE)


def test_what_cannot_be_deleted_is_named(account: Account) -> None:
    run_module(account, "ecs_task_definition", **BASE)
    fault = {"service": "ecs", "operation": "DeleteTaskDefinitions", "code": "ServerException"}
    account.fault(**fault, message="try later")
    with pytest.raises(ModuleFailed, match=r"Could not delete ECS task definition shop-dev-web: .*try later"):
        run_module(account, "ecs_task_definition", family=FAMILY, state="absent", delete=True)


def _service(account: Account, revision: int) -> None:
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="shop")
    task = f"{FAMILY}:{revision}"
    subnets = [subnet["SubnetId"] for subnet in account.client("ec2").describe_subnets()["Subnets"]]
    network = {"awsvpcConfiguration": {"subnets": subnets[:1]}}
    ecs.create_service(
        cluster="shop", serviceName="web", taskDefinition=task, desiredCount=1, networkConfiguration=network
    )


KEEP = {"keep_images_of": {"cluster": "shop", "service": "web"}}


def test_what_something_else_deployed_keeps_its_image(account: Account) -> None:
    assert run_module(account, "ecs_task_definition", **BASE, **KEEP)["changed"]  # nothing runs yet
    run_module(account, "ecs_task_definition", **{**BASE, "containers": _web(image="nginx:ci")})
    _service(account, 2)
    assert not run_module(account, "ecs_task_definition", **BASE, **KEEP)["changed"]
    more = {**BASE, "containers": _web(environment={"LEVEL": "debug"})}
    predicted = run_module(account, "ecs_task_definition", **more, **KEEP, _check=True)
    done = run_module(account, "ecs_task_definition", **more, **KEEP)
    for result in (predicted, done):
        attributes = result["changes"][0]["attributes"]
        assert {key for key in attributes if key.startswith("containers")} == {"containers.web.environment.LEVEL"}
    assert done["task_definition"]["revision"] == 3
    (container,) = _registered(account)["containerDefinitions"]
    assert container["image"] == "nginx:ci"
    sidecar = {"name": "agent", "image": "agent:1", "essential": False}
    run_module(account, "ecs_task_definition", **{**BASE, "containers": [WEB, sidecar]}, **KEEP)
    images = {item["name"]: item["image"] for item in _registered(account)["containerDefinitions"]}
    assert images == {"web": "nginx:ci", "agent": "agent:1"}


def test_the_images_that_run_are_kept_not_those_that_were_rolled_back(account: Account) -> None:
    run_module(account, "ecs_task_definition", **BASE)
    _service(account, 1)
    run_module(account, "ecs_task_definition", **{**BASE, "containers": _web(image="nginx:broken")})
    result = run_module(account, "ecs_task_definition", **BASE, **KEEP)
    assert not result["changed"] and result["task_definition"]["revision"] == 1
    assert run_module(account, "ecs_task_definition", **BASE)["changed"]  # without it the latest one counts
