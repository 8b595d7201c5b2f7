# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application Auto Scaling for moto: what belongs to a target goes with it, alarms follow their policy, tags."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
    applicationautoscaling_backends,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Tags

SCHEDULE = re.compile(r"^(at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|rate\(\d+ (minute|hour|day)s?\)|cron\(\S+( \S+){5}\))$")
ECS_METRICS = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")
RUNNING = {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
LOW_PART = 0.9


class Backend(ApplicationAutoscalingBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tags = Tags()

    def register_scalable_target(
        self,
        namespace: str,
        r_id: str,
        dimension: str,
        min_capacity: int | None,
        max_capacity: int | None,
        role_arn: str,
        suspended_state: Any,
    ) -> FakeScalableTarget:
        current = self.targets.get(dimension, {}).get(r_id)
        least = min_capacity if min_capacity is not None else getattr(current, "min_capacity", None)
        most = max_capacity if max_capacity is not None else getattr(current, "max_capacity", None)
        if least is None or most is None:
            raise AwsError("ValidationException", "Both minimum and maximum capacity must be given for a new target.")
        if not 0 <= least <= most:
            raise AwsError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        role = "AWSServiceRoleForApplicationAutoScaling_ECSService"
        path = "aws-service-role/ecs.application-autoscaling.amazonaws.com"
        default_role = f"arn:{self.partition}:iam::{self.account_id}:role/{path}/{role}"
        target = super().register_scalable_target(
            namespace, r_id, dimension, min_capacity, max_capacity, role_arn or default_role, suspended_state
        )
        target.suspended_state = {**RUNNING, **(target.suspended_state or {})}  # type: ignore[dict-item,assignment]
        return target

    def _ecs_service_exists_for_target(self, r_id: str) -> bool:
        parts = r_id.split("/")
        known = self.ecs_backend.ecs_services if len(parts) == 3 else {}  # type: ignore[attr-defined]
        service = known.get((parts[1], parts[2])) if len(parts) == 3 else None
        if service is None or service["status"] != "ACTIVE":
            raise AwsError("ValidationException", f"ECS service doesn't exist: {r_id}")
        return True

    def _target(self, namespace: str, r_id: str, dimension: str, *, verb: str = "found") -> FakeScalableTarget:
        target = self.targets.get(dimension, {}).get(r_id)
        if target is None or target.service_namespace != namespace:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scalable target {verb} for service namespace: {namespace}, resource ID: {r_id}, "
                f"scalable dimension: {dimension}",
            )
        return target

    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        """Its policies, their alarms and its scheduled actions go with it."""
        target = self._target(namespace, r_id, dimension)
        for policy in list(self.policies.values()):
            if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
                self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        self.scheduled_actions = [
            a for a in self.scheduled_actions if (a.resource_id, a.scalable_dimension) != (r_id, dimension)
        ]
        self.tags.drop(target.arn)
        super().deregister_scalable_target(namespace, r_id, dimension)

    # ---- policies ----------------------------------------------------------------------------------

    def put_scaling_policy(
        self,
        policy_name: str,
        service_namespace: str,
        resource_id: str,
        scalable_dimension: str,
        policy_body: Any,
        policy_type: str | None,
    ) -> FakeApplicationAutoscalingPolicy:
        self._target(service_namespace, resource_id, scalable_dimension, verb="registered")
        if policy_type == "TargetTrackingScaling":
            _check_tracking(policy_body or {}, service_namespace)
        place = (service_namespace, resource_id, scalable_dimension)
        key = FakeApplicationAutoscalingPolicy.formulate_key(*place, policy_name)
        old = self.policies.get(key)
        if old is not None:
            old.delete_alarms(self.account_id, self.region_name)
        policy = super().put_scaling_policy(policy_name, *place, policy_body, policy_type)
        if old is not None:
            policy.policy_arn, policy.creation_time = old.policy_arn, old.creation_time
        self._set_thresholds(policy)
        return policy

    def _set_thresholds(self, policy: FakeApplicationAutoscalingPolicy) -> None:
        wanted = policy.target_tracking_scaling_policy_configuration
        if not wanted or not policy.alarms:
            return
        high, low = policy.alarms[0], policy.alarms[-1]
        high.threshold = float(wanted["TargetValue"])
        low.threshold = float(wanted["TargetValue"]) * LOW_PART
        if wanted.get("DisableScaleIn"):
            policy.alarms.remove(low)
            cloudwatch_backends[self.account_id][self.region_name].delete_alarms([low.name])

    def delete_scaling_policy(
        self, policy_name: str, service_namespace: str, resource_id: str, scalable_dimension: str
    ) -> None:
        place = (service_namespace, resource_id, scalable_dimension)
        if FakeApplicationAutoscalingPolicy.formulate_key(*place, policy_name) not in self.policies:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scaling policy found for service namespace: {service_namespace}, resource ID: {resource_id}, "
                f"scalable dimension: {scalable_dimension}, policy name: {policy_name}",
            )
        super().delete_scaling_policy(policy_name, *place)

    # ---- scheduled actions -------------------------------------------------------------------------

    def put_scheduled_action(self, **action: Any) -> None:  # type: ignore[override]
        place = (action["service_namespace"], action["resource_id"], action["scalable_dimension"])
        self._target(*place, verb="registered")
        known = self.describe_scheduled_actions([action["scheduled_action_name"]], *place)  # type: ignore[arg-type]
        schedule = action["schedule"] or (known[0].schedule if known else "")
        if not SCHEDULE.match(schedule or ""):
            raise AwsError("ValidationException", f"Invalid schedule expression: {schedule}")
        capacity = action["scalable_target_action"] or {}
        least, most = capacity.get("MinCapacity"), capacity.get("MaxCapacity")
        if not known and least is None and most is None:
            raise AwsError("ValidationException", "A scheduled action needs a minimum or a maximum capacity.")
        if least is not None and most is not None and least > most:
            raise AwsError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        super().put_scheduled_action(**action)

    def delete_scheduled_action(
        self, service_namespace: str, scheduled_action_name: str, resource_id: str, scalable_dimension: str
    ) -> None:
        place = (service_namespace, resource_id, scalable_dimension)
        if not self.describe_scheduled_actions([scheduled_action_name], *place):  # type: ignore[arg-type]
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for service namespace: {service_namespace}, resource ID: {resource_id}, "
                f"scalable dimension: {scalable_dimension}, scheduled action name: {scheduled_action_name}",
            )
        super().delete_scheduled_action(service_namespace, scheduled_action_name, resource_id, scalable_dimension)

    # ---- tags --------------------------------------------------------------------------------------

    def tagged(self, arn: str) -> str:
        if not any(arn == target.arn for targets in self.targets.values() for target in targets.values()):
            raise AwsError("ResourceNotFoundException", f"The resource with ARN {arn} was not found.")
        return arn


def _check_tracking(body: dict[str, Any], namespace: str) -> None:
    metric = (body.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if body.get("TargetValue") is None:
        raise AwsError("ValidationException", "A target tracking policy needs a TargetValue.")
    if bool(metric) == bool(body.get("CustomizedMetricSpecification")):
        raise AwsError("ValidationException", "Either a predefined or a customized metric must be given, and not both.")
    if namespace == "ecs" and metric and metric not in ECS_METRICS:
        raise AwsError("ValidationException", f"The metric {metric} is not valid for the namespace ecs.")


@answer_with
class Response(ApplicationAutoScalingResponse):
    @property
    def own(self) -> Backend:
        return self.applicationautoscaling_backend  # type: ignore[return-value]

    def register_scalable_target(self) -> str:
        answer = super().register_scalable_target()
        self.own.tags.add(json.loads(answer)["ScalableTargetARN"], self._tags())
        return answer

    def _tags(self) -> list[dict[str, str]]:
        given: dict[str, str] = self._get_param("Tags") or {}
        return [{"Key": key, "Value": value} for key, value in given.items()]

    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": self.own.tags.dict(self.own.tagged(self._get_param("ResourceARN")))})

    def tag_resource(self) -> str:
        self.own.tags.add(self.own.tagged(self._get_param("ResourceARN")), self._tags())
        return "{}"

    def untag_resource(self) -> str:
        self.own.tags.remove(self.own.tagged(self._get_param("ResourceARN")), self._get_param("TagKeys") or [])
        return "{}"


model_with(applicationautoscaling_backends, Backend)
