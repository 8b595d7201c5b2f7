#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_autoscaling
short_description: Manage the autoscaling of an ECS service
version_added: 0.1.0
description:
  - Registers the service as a scalable target with its limits, its target-tracking policies and its scheduled actions
    in one declaration, see
    U(https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html),
    U(https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html) and
    U(https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html).
  - Target-tracking policies and scheduled actions that are no longer declared are deleted; step-scaling policies are
    left alone.
  - V(state=absent) deletes all of them, the scalable target included. It is quiet when the service is gone already.
author:
  - The slipway.fargate team (@slipway)
options:
  cluster:
    description: The name or ARN of the cluster.
    type: str
    required: true
  service:
    description: The name of the service.
    type: str
    required: true
  min_capacity:
    description: The least number of tasks. Required with O(state=present).
    type: int
  max_capacity:
    description: The greatest number of tasks, not less than O(min_capacity). Required with O(state=present).
    type: int
  target_tracking:
    description: The target-tracking policies; an empty list deletes them all.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the policy.
        type: str
        required: true
      metric:
        description: The metric that is kept at its target.
        type: str
        required: true
        choices: [ECSServiceAverageCPUUtilization, ECSServiceAverageMemoryUtilization, ALBRequestCountPerTarget]
      target_value:
        description: The target, in percent or in requests per target.
        type: float
        required: true
      scale_out_cooldown:
        description: How long to wait after scaling out, in seconds.
        type: int
        default: 300
      scale_in_cooldown:
        description: How long to wait after scaling in, in seconds.
        type: int
        default: 300
      disable_scale_in:
        description: Whether the policy never removes tasks.
        type: bool
        default: false
      resource_label:
        description:
          - Load balancer and target group for C(ALBRequestCountPerTarget), as
            C(app/name/id/targetgroup/name/id).
        type: str
        default: ""
  scheduled_actions:
    description: Changes of the limits at given times; an empty list deletes them all.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the action.
        type: str
        required: true
      schedule:
        description: When it happens, as C(cron(0 20 * * ? *)), C(rate(1 day)) or C(at(2030-01-01T00:00:00)).
        type: str
        required: true
      timezone:
        description: The time zone of the schedule.
        type: str
        default: UTC
      min_capacity:
        description: The new least number of tasks; unset leaves it. One of the two is required.
        type: int
      max_capacity:
        description: The new greatest number of tasks; unset leaves it.
        type: int
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Scale the web service between two and ten tasks, to zero at night
  slipway.fargate.ecs_autoscaling:
    cluster: shop-prod-cluster
    service: shop-prod-web
    min_capacity: 2
    max_capacity: 10
    target_tracking:
      - {name: cpu, metric: ECSServiceAverageCPUUtilization, target_value: 70}
      - {name: memory, metric: ECSServiceAverageMemoryUtilization, target_value: 80}
    scheduled_actions:
      - {name: night, schedule: "cron(0 22 * * ? *)", timezone: Europe/Vienna, min_capacity: 0, max_capacity: 0}
      - {name: morning, schedule: "cron(0 6 * * ? *)", timezone: Europe/Vienna, min_capacity: 2, max_capacity: 10}

- name: Do not scale any more
  slipway.fargate.ecs_autoscaling:
    cluster: shop-prod-cluster
    service: shop-prod-web
    state: absent
"""

RETURN = r"""
autoscaling:
  description: The scalable target, its policies and its actions, in this order; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the policy or action; of the scalable target its resource id.
      type: str
      sample: service/shop-prod-cluster/shop-prod-web
    min_capacity:
      description: The least number of tasks, of the scalable target and of actions.
      type: int
      sample: 2
    max_capacity:
      description: The greatest number of tasks, of the scalable target and of actions.
      type: int
      sample: 10
    metric:
      description: The metric, of policies.
      type: str
      sample: ECSServiceAverageCPUUtilization
    target_value:
      description: The target, of policies.
      type: float
      sample: 70.0
    scale_out_cooldown:
      description: How long to wait after scaling out in seconds, of policies.
      type: int
      sample: 300
    scale_in_cooldown:
      description: How long to wait after scaling in in seconds, of policies.
      type: int
      sample: 300
    disable_scale_in:
      description: Whether the policy never removes tasks.
      type: bool
      sample: false
    resource_label:
      description: Load balancer and target group, of policies.
      type: str
      sample: ""
    schedule:
      description: When it happens, of actions.
      type: str
      sample: cron(0 22 * * ? *)
    timezone:
      description: The time zone of the schedule.
      type: str
      sample: UTC
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: scaling policy
      name: cpu
      attributes: {"target_value": {"before": 60.0, "after": 70.0}}
"""

from functools import cache

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    run_all,
    set_options,
)

DIMENSION = "ecs:service:DesiredCount"
TRACKING = "TargetTrackingScaling"


class Autoscaling:
    """What AWS has of the service, read in bulk."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        cluster = module.params["cluster"].split("/")[-1]
        self.resource_id = f"service/{cluster}/{module.params['service']}"
        self.client = RetryingClient(module, "application-autoscaling")
        self.items = cache(self._items)

    @property
    def address(self) -> Attributes:
        return {"ServiceNamespace": "ecs", "ResourceId": self.resource_id, "ScalableDimension": DIMENSION}

    def _items(self, operation: str, key: str) -> list[Attributes]:
        if is_unknown(self.resource_id):
            return []
        address = dict(self.address)
        if operation == "describe_scalable_targets":
            address["ResourceIds"] = [address.pop("ResourceId")]
        return self.client.list(operation, key, **address)

    def targets(self) -> list[Attributes]:
        return self.items("describe_scalable_targets", "ScalableTargets")

    def policies(self) -> dict[str, Attributes]:
        found = self.items("describe_scaling_policies", "ScalingPolicies")
        return {item["PolicyName"]: item for item in found if item["PolicyType"] == TRACKING}

    def actions(self) -> dict[str, Attributes]:
        found = self.items("describe_scheduled_actions", "ScheduledActions")
        return {item["ScheduledActionName"]: item for item in found}


class Part(Resource):
    """One of the resources of the declaration."""

    def __init__(
        self, module: AnsibleAWSModule, scaling: Autoscaling, name: str, desired: Attributes, state: str = "present"
    ) -> None:
        super().__init__(module, name, {"name": name, **desired} if state == "present" else {}, state)
        self.scaling = scaling

    def needs(self) -> list[str]:
        return [self.name, self.scaling.resource_id]

    def apply(self) -> None:
        super().apply()
        if self.change:
            self.scaling.items.cache_clear()

    def update(self, changed: set[str]) -> None:
        self.create()  # the calls that create replace as well

    def refuse(self, problem: str) -> None:
        raise ResourceError(f"{self.type_name} {self.name}: {problem}")

    def refuse_limits(self) -> None:
        least, most = self.desired.get("min_capacity"), self.desired.get("max_capacity")
        if least is not None and most is not None and not 0 <= least <= most:
            self.refuse(f"min_capacity is {least}; allowed with max_capacity {most} are 0 to {most}")


class ScalableTarget(Part):
    type_name = "scalable target"

    def validate(self) -> None:
        self.refuse_limits()

    def read(self) -> Attributes | None:
        found = next(iter(self.scaling.targets()), None)
        if found is None:
            return None
        return {"name": self.name, "min_capacity": found["MinCapacity"], "max_capacity": found["MaxCapacity"]}

    def create(self) -> None:
        limits = {"MinCapacity": self.desired["min_capacity"], "MaxCapacity": self.desired["max_capacity"]}
        self.scaling.client.register_scalable_target(**self.scaling.address, **limits)

    def delete(self) -> None:
        self.scaling.client.deregister_scalable_target(**self.scaling.address)


class Policy(Part):
    type_name = "scaling policy"

    def validate(self) -> None:
        target = self.desired.get("target_value", 1)
        percent = self.desired.get("metric") != "ALBRequestCountPerTarget"
        if target <= 0 or (percent and target > 100):
            self.refuse(f"target_value is {target:g}; allowed are numbers above 0{' to 100' if percent else ''}")
        if self.desired and not percent and not self.desired["resource_label"]:
            self.refuse("metric is ALBRequestCountPerTarget; it needs resource_label")

    def read(self) -> Attributes | None:
        found = self.scaling.policies().get(self.name)
        if found is None:
            return None
        configuration = found["TargetTrackingScalingPolicyConfiguration"]
        metric = configuration.get("PredefinedMetricSpecification", {})
        return {
            "name": self.name,
            "metric": metric.get("PredefinedMetricType", ""),
            "resource_label": metric.get("ResourceLabel", ""),
            "target_value": float(configuration["TargetValue"]),
            "scale_out_cooldown": configuration.get("ScaleOutCooldown", 300),
            "scale_in_cooldown": configuration.get("ScaleInCooldown", 300),
            "disable_scale_in": configuration.get("DisableScaleIn", False),
        }

    def create(self) -> None:
        metric = {"PredefinedMetricType": self.desired["metric"]}
        if self.desired["resource_label"]:
            metric["ResourceLabel"] = self.desired["resource_label"]
        configuration = {
            "TargetValue": self.desired["target_value"],
            "PredefinedMetricSpecification": metric,
            "ScaleOutCooldown": self.desired["scale_out_cooldown"],
            "ScaleInCooldown": self.desired["scale_in_cooldown"],
            "DisableScaleIn": self.desired["disable_scale_in"],
        }
        self.scaling.client.put_scaling_policy(
            PolicyName=self.name,
            PolicyType=TRACKING,
            TargetTrackingScalingPolicyConfiguration=configuration,
            **self.scaling.address,
        )

    def delete(self) -> None:
        self.scaling.client.delete_scaling_policy(PolicyName=self.name, **self.scaling.address)


class Action(Part):
    type_name = "scheduled action"

    def validate(self) -> None:
        self.refuse_limits()
        if self.state == "present" and self.desired["min_capacity"] is None and self.desired["max_capacity"] is None:
            self.refuse("one of min_capacity and max_capacity is required")

    def read(self) -> Attributes | None:
        found = self.scaling.actions().get(self.name)
        if found is None:
            return None
        limits = found.get("ScalableTargetAction", {})
        return {
            "name": self.name,
            "schedule": found["Schedule"],
            "timezone": found.get("Timezone") or "UTC",
            "min_capacity": limits.get("MinCapacity"),
            "max_capacity": limits.get("MaxCapacity"),
        }

    def create(self) -> None:
        limits = {"MinCapacity": self.desired["min_capacity"], "MaxCapacity": self.desired["max_capacity"]}
        self.scaling.client.put_scheduled_action(
            ScheduledActionName=self.name,
            Schedule=self.desired["schedule"],
            Timezone=self.desired["timezone"],
            ScalableTargetAction={key: value for key, value in limits.items() if value is not None},
            **self.scaling.address,
        )

    def delete(self) -> None:
        self.scaling.client.delete_scheduled_action(ScheduledActionName=self.name, **self.scaling.address)


def parts(module: AnsibleAWSModule, scaling: Autoscaling) -> list[Part]:
    """What is declared, and what has to go."""
    limits = set_options(module, "min_capacity", "max_capacity")
    target = ScalableTarget(module, scaling, scaling.resource_id, limits, module.params["state"])
    absent = module.params["state"] == "absent"
    kinds = ((Policy, "target_tracking", scaling.policies), (Action, "scheduled_actions", scaling.actions))
    declared, removed = [], []
    for kind, option, existing in kinds:
        items = [] if absent else module.params[option]
        if items is None:  # unset options are untouched
            continue
        names = {item["name"] for item in items}
        declared += [
            kind(module, scaling, item["name"], {key: value for key, value in item.items() if key != "name"})
            for item in items
        ]
        removed += [kind(module, scaling, name, {}, "absent") for name in sorted(existing().keys() - names)]
    return [*removed, target] if absent else [target, *declared, *removed]


def main() -> None:
    limits = {"min_capacity": {"type": "int"}, "max_capacity": {"type": "int"}}
    metrics = ["ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"]
    name = {"name": {"type": "str", "required": True}}
    policy = {
        "metric": {"type": "str", "required": True, "choices": metrics},
        "target_value": {"type": "float", "required": True},
        "scale_out_cooldown": {"type": "int", "default": 300},
        "scale_in_cooldown": {"type": "int", "default": 300},
        "disable_scale_in": {"type": "bool", "default": False},
        "resource_label": {"type": "str", "default": ""},
    }
    action = {"schedule": {"type": "str", "required": True}, "timezone": {"type": "str", "default": "UTC"}, **limits}
    module = AnsibleAWSModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            **limits,
            "target_tracking": {"type": "list", "elements": "dict", "options": {**name, **policy}},
            "scheduled_actions": {"type": "list", "elements": "dict", "options": {**name, **action}},
            **STATE_SPEC,
        },
        required_if=[("state", "present", ("min_capacity", "max_capacity"))],
        supports_check_mode=True,
    )
    scaling = Autoscaling(module)
    try:
        declared = parts(module, scaling)
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read the autoscaling of {scaling.resource_id}")
    run_all(module, declared, key="autoscaling")


if __name__ == "__main__":
    main()
