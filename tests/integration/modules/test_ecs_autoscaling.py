# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

CLUSTER = "shop-dev-cluster"
SERVICE = "shop-dev-web"
TARGET = f"service/{CLUSTER}/{SERVICE}"
CPU = {"name": "cpu", "metric": "ECSServiceAverageCPUUtilization", "target_value": 70}
MEMORY = {"name": "memory", "metric": "ECSServiceAverageMemoryUtilization", "target_value": 80}
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "min_capacity": 0, "max_capacity": 0}
BASE: dict[str, Any] = {"cluster": CLUSTER, "service": SERVICE, "min_capacity": 1, "max_capacity": 3}


@pytest.fixture(autouse=True)
def service(account: Account) -> None:
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    container = {"name": "web", "image": "nginx"}
    ecs.register_task_definition(
        family="web",
        containerDefinitions=[container],
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
    )
    subnet = account.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    group = account.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=SERVICE,
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}},
    )


def _target(account: Account) -> dict[str, Any]:
    client = account.client("application-autoscaling")
    return client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[TARGET])["ScalableTargets"][0]


def _policies(account: Account) -> dict[str, dict[str, Any]]:
    client = account.client("application-autoscaling")
    found = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=TARGET)["ScalingPolicies"]
    return {item["PolicyName"]: item["TargetTrackingScalingPolicyConfiguration"] for item in found}


def _actions(account: Account) -> dict[str, dict[str, Any]]:
    client = account.client("application-autoscaling")
    found = client.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=TARGET)["ScheduledActions"]
    return {item["ScheduledActionName"]: item for item in found}


MATRIX = Matrix(
    module="ecs_autoscaling",
    key="autoscaling",
    base={**BASE, "target_tracking": [CPU], "scheduled_actions": [NIGHT]},
    updates={
        "min_capacity": 2,
        "max_capacity": 5,
        "+target": {"target_tracking": [{**CPU, "target_value": 60.5}]},
        "+metric": {"target_tracking": [{**CPU, "metric": "ECSServiceAverageMemoryUtilization"}]},
        "+scale out": {"target_tracking": [{**CPU, "scale_out_cooldown": 60}]},
        "+scale in": {"target_tracking": [{**CPU, "scale_in_cooldown": 60}]},
        "+no scale in": {"target_tracking": [{**CPU, "disable_scale_in": True}]},
        "+requests": {
            "target_tracking": [
                {**CPU, "metric": "ALBRequestCountPerTarget", "resource_label": "app/a/1/targetgroup/b/2"}
            ]
        },
        "+schedule": {"scheduled_actions": [{**NIGHT, "schedule": "cron(0 23 * * ? *)"}]},
        "+timezone": {"scheduled_actions": [{**NIGHT, "timezone": "Europe/Vienna"}]},
        "+limits": {"scheduled_actions": [{**NIGHT, "max_capacity": 1}]},
    },
    seen={
        "min_capacity": lambda account: _target(account)["MinCapacity"],
        "max_capacity": lambda account: _target(account)["MaxCapacity"],
    },
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)


def test_as_declared(account: Account) -> None:
    run_module(account, "ecs_autoscaling", **BASE, target_tracking=[CPU, MEMORY], scheduled_actions=[NIGHT])
    policies = _policies(account)
    assert policies["memory"]["TargetValue"] == 80
    assert policies["cpu"]["ScaleOutCooldown"] == policies["cpu"]["ScaleInCooldown"] == 300
    assert policies["cpu"]["PredefinedMetricSpecification"] == {"PredefinedMetricType": CPU["metric"]}
    assert _actions(account)["night"]["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}


def test_what_is_no_longer_declared_is_deleted_and_check_mode_says_so(account: Account) -> None:
    run_module(account, "ecs_autoscaling", **BASE, target_tracking=[CPU, MEMORY], scheduled_actions=[NIGHT])
    less = {**BASE, "target_tracking": [CPU], "scheduled_actions": []}
    since = account.position()
    predicted = run_module(account, "ecs_autoscaling", _check=True, **less)
    assert account.writes(since) == []
    done = run_module(account, "ecs_autoscaling", **less)
    expected = [("delete", "memory"), ("delete", "night")]
    for result in (predicted, done):
        assert [(change["action"], change["name"]) for change in result["changes"]] == expected
    assert list(_policies(account)) == ["cpu"]
    assert _actions(account) == {}


def test_unset_lists_are_untouched(account: Account) -> None:
    run_module(account, "ecs_autoscaling", **BASE, target_tracking=[CPU], scheduled_actions=[NIGHT])
    assert not run_module(account, "ecs_autoscaling", **BASE)["changed"]
    assert list(_policies(account)) == ["cpu"]
    assert list(_actions(account)) == ["night"]


def test_a_cluster_that_is_not_there_yet(account: Account) -> None:
    since = account.position()
    options = {**BASE, "cluster": "(known after apply)", "target_tracking": [CPU]}
    result = run_module(account, "ecs_autoscaling", _check=True, **options)
    assert [change["action"] for change in result["changes"]] == ["create", "create"]
    assert account.requests(since) == []


@pytest.mark.parametrize(
    "options, message",
    [
        ({"min_capacity": 4}, "min_capacity is 4; allowed with max_capacity 3 are 0 to 3"),
        (
            {"target_tracking": [{**CPU, "target_value": 130}]},
            "target_value is 130; allowed are numbers above 0 to 100",
        ),
        (
            {"target_tracking": [{**CPU, "metric": "ALBRequestCountPerTarget", "target_value": 1000}]},
            "metric is ALBRequestCountPerTarget; it needs resource_label",
        ),
        (
            {"scheduled_actions": [{**NIGHT, "min_capacity": 2, "max_capacity": 1}]},
            "min_capacity is 2; allowed with max_capacity 1 are 0 to 1",
        ),
        (
            {"scheduled_actions": [{"name": "night", "schedule": "rate(1 day)"}]},
            "scheduled action night: one of min_capacity and max_capacity is required",
        ),
    ],
)
def test_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "ecs_autoscaling", **{**BASE, **options})
    assert account.writes(since) == []


@pytest.mark.parametrize("operation, doing", [("DescribeScalingPolicies", "read"), ("PutScalingPolicy", "create")])
def test_an_aws_error_names_the_call_and_the_resource(account: Account, operation: str, doing: str) -> None:
    fault = {"service": "application-autoscaling", "operation": operation, "code": "AccessDeniedException"}
    account.fault(**fault, message="not allowed")
    with pytest.raises(ModuleFailed, match=rf"Could not {doing} .*not allowed"):
        run_module(account, "ecs_autoscaling", **BASE, target_tracking=[CPU])
