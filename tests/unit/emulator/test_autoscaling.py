# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application Auto Scaling of ECS services as its API reference describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws
from .test_ecs import ready_service

Refused = Callable[..., str]
PLACE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/c/s",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def register(aws: Aws, **more: Any) -> str:
    arguments = {**PLACE, "MinCapacity": 1, "MaxCapacity": 3, **more}
    return str(aws("application-autoscaling").register_scalable_target(**arguments)["ScalableTargetARN"])


def put_policy(aws: Aws, value: float = 70, metric: str = "ECSServiceAverageCPUUtilization", **more: Any) -> Any:
    body = {
        "TargetValue": value,
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 300,
        **more,
    }
    return aws("application-autoscaling").put_scaling_policy(
        **PLACE, PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=body
    )


def alarms(aws: Aws) -> list[dict[str, Any]]:
    return list(aws("cloudwatch").describe_alarms()["MetricAlarms"])


def test_target(aws: Aws, refused: Refused) -> None:
    refused("ValidationException", register, aws=aws)
    ready_service(aws)
    for wrong in ({"MinCapacity": 4}, {"MinCapacity": -1}):
        refused("ValidationException", register, aws=aws, **wrong)
    arn = register(aws, Tags={"a": "b"})
    scaling = aws("application-autoscaling")
    read = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
    assert (read["MinCapacity"], read["MaxCapacity"]) == (1, 3)
    assert read["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")
    assert register(aws, MaxCapacity=5) == arn
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    scaling.tag_resource(ResourceARN=arn, Tags={"c": "d"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"c": "d"}
    refused("ResourceNotFoundException", scaling.list_tags_for_resource, ResourceARN=f"{arn}x")


def test_policy_and_its_alarms(aws: Aws, refused: Refused) -> None:
    ready_service(aws)
    refused("ObjectNotFoundException", put_policy, aws=aws)
    register(aws)
    refused("ValidationException", put_policy, aws=aws, metric="What")
    both = {"CustomizedMetricSpecification": {"MetricName": "m", "Namespace": "n", "Statistic": "Average"}}
    refused("ValidationException", put_policy, aws=aws, **both)
    first = put_policy(aws)
    assert sorted(alarm["Threshold"] for alarm in alarms(aws)) == [63, 70]
    second = put_policy(aws, 80)
    assert second["PolicyARN"] == first["PolicyARN"]
    assert sorted(alarm["Threshold"] for alarm in alarms(aws)) == [72, 80]
    scaling = aws("application-autoscaling")
    read = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"][0]
    assert read["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 80
    put_policy(aws, DisableScaleIn=True)
    assert len(alarms(aws)) == 1
    scaling.delete_scaling_policy(**PLACE, PolicyName="p")
    assert alarms(aws) == []
    refused("ObjectNotFoundException", scaling.delete_scaling_policy, **PLACE, PolicyName="p")


@pytest.mark.parametrize("schedule", ["cron(0 20 * * ? *)", "rate(1 hour)", "at(2030-01-01T00:00:00)"])
def test_scheduled_action(aws: Aws, refused: Refused, schedule: str) -> None:
    ready_service(aws)
    scaling = aws("application-autoscaling")
    name = {**PLACE, "ScheduledActionName": "night"}
    action = {"ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0}}
    refused("ObjectNotFoundException", scaling.put_scheduled_action, **name, Schedule=schedule, **action)
    register(aws)
    refused("ValidationException", scaling.put_scheduled_action, **name, Schedule="at night", **action)
    refused("ValidationException", scaling.put_scheduled_action, **name, Schedule=schedule)
    scaling.put_scheduled_action(**name, Schedule=schedule, Timezone="Europe/Paris", **action)
    read = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"][0]
    assert (read["Schedule"], read["Timezone"]) == (schedule, "Europe/Paris")
    assert read["ScalableTargetAction"] == action["ScalableTargetAction"]
    scaling.delete_scheduled_action(**name)
    refused("ObjectNotFoundException", scaling.delete_scheduled_action, **name)


def test_what_belongs_to_a_target_goes_with_it(aws: Aws, refused: Refused) -> None:
    ready_service(aws)
    register(aws)
    put_policy(aws)
    scaling = aws("application-autoscaling")
    scaling.deregister_scalable_target(**PLACE)
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert alarms(aws) == []
    refused("ObjectNotFoundException", scaling.deregister_scalable_target, **PLACE)
