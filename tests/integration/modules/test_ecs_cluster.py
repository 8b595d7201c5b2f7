# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-cluster"


def _read(account: Account) -> dict[str, Any]:
    included = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    return account.client("ecs").describe_clusters(clusters=[NAME], include=included)["clusters"][0]


UPDATES: dict[str, Any] = {
    "container_insights": "enhanced",
    "capacity_providers": ["FARGATE_SPOT", "FARGATE"],
    "default_capacity_provider_strategy": [
        {"capacity_provider": "FARGATE", "weight": 1, "base": 1},
        {"capacity_provider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ],
    "execute_command": {
        "logging": "OVERRIDE",
        "log_configuration": {"cloud_watch_log_group_name": "/exec", "cloud_watch_encryption_enabled": False},
    },
    "tags": {"Environment": "dev"},
}


@pytest.fixture
def updates(account: Account) -> dict[str, Any]:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    namespace = run_module(account, "service_discovery_namespace", name="shop-dev.local", vpc=vpc)["namespace"]
    return {**UPDATES, "service_connect_namespace": namespace["arn"]}


def test_matrix(account: Account, updates: dict[str, Any]) -> None:
    Matrix(
        module="ecs_cluster",
        key="cluster",
        base={"name": NAME},
        updates=updates,
        seen={
            "container_insights": lambda account: _read(account)["settings"][0]["value"],
            "capacity_providers": lambda account: _read(account)["capacityProviders"],
            "service_connect_namespace": lambda account: _read(account)["serviceConnectDefaults"]["namespace"],
            "tags": lambda account: {tag["key"]: tag["value"] for tag in _read(account)["tags"]},
        },
    ).check(account)


def test_created_with_everything_it_needs_no_second_call(account: Account, updates: dict[str, Any]) -> None:
    everything = {"name": NAME, **updates}
    since = account.position()
    run_module(account, "ecs_cluster", **everything)
    assert account.writes(since) == ["ecs:CreateCluster"]
    assert not run_module(account, "ecs_cluster", **everything)["changed"]
    execute = _read(account)["configuration"]["executeCommandConfiguration"]
    assert execute["logging"] == "OVERRIDE"
    assert execute["logConfiguration"]["cloudWatchLogGroupName"] == "/exec"


def test_a_changed_suboption_keeps_the_others(account: Account) -> None:
    run_module(account, "ecs_cluster", name=NAME, execute_command=UPDATES["execute_command"])
    run_module(account, "ecs_cluster", name=NAME, execute_command={"kms_key_id": "alias/exec"})
    execute = _read(account)["configuration"]["executeCommandConfiguration"]
    assert execute["kmsKeyId"] == "alias/exec"
    assert execute["logging"] == "OVERRIDE"


def test_a_strategy_outside_the_capacity_providers_is_refused_before_any_write(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="names FARGATE_SPOT; allowed are capacity_providers: FARGATE"):
        run_module(
            account,
            "ecs_cluster",
            name=NAME,
            capacity_providers=["FARGATE"],
            default_capacity_provider_strategy=[{"capacity_provider": "FARGATE_SPOT", "weight": 1}],
        )
    assert account.writes() == []


def test_waits_for_the_service_linked_role_that_the_first_cluster_makes(account: Account) -> None:
    message = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
    account.fault(service="ecs", operation="CreateCluster", code="InvalidParameterException", message=message, times=2)
    assert run_module(account, "ecs_cluster", name=NAME)["cluster"]["name"] == NAME


def test_tasks_that_are_stopping_are_waited_for(account: Account) -> None:
    run_module(account, "ecs_cluster", name=NAME)
    fault = {"service": "ecs", "operation": "DeleteCluster", "code": "ClusterContainsTasksException"}
    account.fault(**fault, message="The Cluster cannot be deleted while Tasks are active.")
    assert run_module(account, "ecs_cluster", name=NAME, state="absent")["changed"]
    assert _read(account)["status"] == "INACTIVE"


def test_tasks_that_do_not_stop_are_named_when_the_time_is_over(account: Account) -> None:
    run_module(account, "ecs_cluster", name=NAME)
    fault = {"service": "ecs", "operation": "DeleteCluster", "code": "ClusterContainsTasksException"}
    account.fault(**fault, message="The Cluster cannot be deleted while Tasks are active.", times=5)
    with pytest.raises(ModuleFailed, match=r"shop-dev-cluster could not be deleted.*while Tasks are active"):
        run_module(account, "ecs_cluster", name=NAME, state="absent", wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(service="ecs", operation="CreateCluster", code="AccessDeniedException", message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not create ECS cluster shop-dev-cluster: .*CreateCluster"):
        run_module(account, "ecs_cluster", name=NAME)
