# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target group of an Application Load Balancer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import (
    attribute_list,
    change_tags,
    read_attributes,
    tags_of,
    with_tags,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    wait_for,
    without_none,
)

# Suboption of health_check -> (parameter of CreateTargetGroup and ModifyTargetGroup, AWS's default)
HEALTH_CHECK = {
    "path": ("HealthCheckPath", "/"),
    "port": ("HealthCheckPort", "traffic-port"),
    "protocol": ("HealthCheckProtocol", "HTTP"),
    "interval_seconds": ("HealthCheckIntervalSeconds", 30),
    "timeout_seconds": ("HealthCheckTimeoutSeconds", 5),
    "healthy_threshold": ("HealthyThresholdCount", 5),
    "unhealthy_threshold": ("UnhealthyThresholdCount", 2),
    "matcher": ("Matcher", "200"),
}
GRPC_HEALTH_CHECK = {"path": "/AWS.ALB/healthcheck", "matcher": "12"}
# Option -> (attribute, AWS's default)
ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "deregistration_delay_seconds": ("deregistration_delay.timeout_seconds", 300),
    "slow_start_seconds": ("slow_start.duration_seconds", 0),
    "algorithm": ("load_balancing.algorithm.type", "round_robin"),
}
STICKINESS = "stickiness"
FIXED = ("protocol", "port", "protocol_version", "target_type", "vpc_id")
NO_CHANGE = "give the target group another name; AWS has no call that changes it"

SPEC = {
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"], "default": "HTTP"},
    "protocol_version": {"type": "str", "choices": ["HTTP1", "HTTP2", "GRPC"], "default": "HTTP1"},
    "port": {"type": "int"},
    "target_type": {"type": "str", "choices": ["ip", "instance"], "default": "ip"},
    "health_check": {
        "type": "dict",
        "options": {
            "path": {"type": "str"},
            "port": {"type": "str"},
            "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"]},
            "matcher": {"type": "str"},
            "interval_seconds": {"type": "int"},
            "timeout_seconds": {"type": "int"},
            "healthy_threshold": {"type": "int"},
            "unhealthy_threshold": {"type": "int"},
        },
    },
    "deregistration_delay_seconds": {"type": "int"},
    "slow_start_seconds": {"type": "int"},
    "algorithm": {"type": "str", "choices": ["round_robin", "least_outstanding_requests", "weighted_random"]},
    "stickiness": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool", "default": True},
            "type": {"type": "str", "choices": ["lb_cookie", "app_cookie"], "default": "lb_cookie"},
            "duration_seconds": {"type": "int", "default": 86400},
            "cookie_name": {"type": "str", "default": ""},
        },
    },
}


def desired_group(options: Attributes) -> Attributes:
    """The set options in the normal form: a health check is one attribute for each of its suboptions."""
    given = without_none(options)
    check = given.pop("health_check", {})
    return {**given, **{f"health_check_{key}": value for key, value in check.items()}}


def read_stickiness(values: Attributes) -> Attributes:
    kind = values.get("stickiness.type", "lb_cookie")
    return {
        "enabled": values.get("stickiness.enabled") == "true",
        "type": kind,
        "duration_seconds": int(values.get(f"stickiness.{kind}.duration_seconds", 86400)),
        "cookie_name": values.get("stickiness.app_cookie.cookie_name", "") if kind == "app_cookie" else "",
    }


def stickiness_attributes(stickiness: Attributes) -> Attributes:
    """By their keys; AWS refuses those of the other type."""
    kind = stickiness["type"]
    given = {"stickiness.enabled": stickiness["enabled"], "stickiness.type": kind}
    given[f"stickiness.{kind}.duration_seconds"] = stickiness["duration_seconds"]
    if kind == "app_cookie":
        given["stickiness.app_cookie.cookie_name"] = stickiness["cookie_name"]
    return given


def group_problem(desired: Attributes) -> str | None:
    """A combination that AWS would refuse."""
    sticky = desired.get("stickiness") or {}
    if sticky.get("type") == "app_cookie" and not sticky.get("cookie_name"):
        return "stickiness.type is app_cookie; it needs stickiness.cookie_name"
    if sticky.get("type") == "lb_cookie" and sticky.get("cookie_name"):
        return f"stickiness.cookie_name is {sticky['cookie_name']}; it needs stickiness.type app_cookie"
    algorithm = desired.get("algorithm", "round_robin")
    if desired.get("slow_start_seconds") and algorithm != "round_robin":
        return f"slow_start_seconds is {desired['slow_start_seconds']}; allowed with algorithm {algorithm} is 0"
    interval, timeout = (desired.get(f"health_check_{name}_seconds") for name in ("interval", "timeout"))
    if interval is not None and timeout is not None and interval <= timeout:
        return f"health_check.interval_seconds is {interval}; allowed with timeout_seconds {timeout} is more"
    return None


class TargetGroup(Resource):
    type_name = "target group"
    assigned = ("target_group_arn",)
    defaults = {
        "protocol_version": "HTTP1",
        "target_type": "instance",
        **{f"health_check_{name}": default for name, (_, default) in HEALTH_CHECK.items()},
        **{name: default for name, (_, default) in ATTRIBUTES.items()},
        "stickiness": {"enabled": False, "type": "lb_cookie", "duration_seconds": 86400, "cookie_name": ""},
        "tags": {},
    }
    immutable = dict.fromkeys(FIXED, NO_CHANGE)
    updates = {
        "put_health_check": tuple(f"health_check_{name}" for name in HEALTH_CHECK),
        "put_attributes": (*ATTRIBUTES, STICKINESS),
        "put_tags": ("tags",),
    }

    def __init__(
        self, module: AnsibleAWSModule, client: RetryingClient, desired: Attributes, state: str = "present"
    ) -> None:
        super().__init__(module, desired["name"], desired, state)
        self.client = client

    @property
    def arn(self) -> str:
        return self.current["target_group_arn"]

    def needs(self) -> Iterable[Any]:
        return [self.name, self.desired.get("vpc_id")]

    def validate(self) -> None:
        problem = group_problem(self.desired) if self.state == "present" else None
        if problem:
            raise ResourceError(f"target group {self.name}: {problem}")

    def describe(self) -> Attributes | None:
        try:
            return self.client.describe_target_groups(Names=[self.name])["TargetGroups"][0]
        except is_boto3_error_code("TargetGroupNotFound"):
            return None

    def read(self) -> Attributes | None:
        found = self.describe()
        if found is None:
            return None
        arn = found["TargetGroupArn"]
        attributes = self.client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        matcher = found.get("Matcher", {})
        checks = {**found, "Matcher": matcher.get("HttpCode") or matcher.get("GrpcCode", "")}
        return {
            "name": self.name,
            "target_group_arn": arn,
            "protocol": found.get("Protocol", ""),
            "protocol_version": found.get("ProtocolVersion", ""),
            "port": found.get("Port", 0),
            "target_type": found["TargetType"],
            "vpc_id": found.get("VpcId", ""),
            **{f"health_check_{name}": checks.get(key, "") for name, (key, _) in HEALTH_CHECK.items()},
            **read_attributes(attributes, ATTRIBUTES),
            STICKINESS: read_stickiness({item["Key"]: item["Value"] for item in attributes}),
            "tags": tags_of(self.client, [arn]).get(arn, {}),
        }

    def predict(self) -> Attributes:
        if self.desired.get("protocol_version") != "GRPC":
            return {}
        return {f"health_check_{name}": default for name, default in GRPC_HEALTH_CHECK.items()}

    def create(self) -> None:
        created = self.client.create_target_group(
            Name=self.name,
            Protocol=self.desired["protocol"],
            ProtocolVersion=self.desired["protocol_version"],
            Port=self.desired["port"],
            VpcId=self.desired["vpc_id"],
            TargetType=self.desired["target_type"],
            **self.health_check(),
            **with_tags(self.desired.get("tags")),
        )
        self.current = {"target_group_arn": created["TargetGroups"][0]["TargetGroupArn"]}
        self.put_attributes()

    def health_check(self) -> Attributes:
        given = {key: self.desired.get(f"health_check_{name}") for name, (key, _) in HEALTH_CHECK.items()}
        if given["Matcher"] is not None:
            form = "GrpcCode" if self.desired["protocol_version"] == "GRPC" else "HttpCode"
            given["Matcher"] = {form: given["Matcher"]}
        return without_none(given)

    def put_health_check(self) -> None:
        self.client.modify_target_group(TargetGroupArn=self.arn, **self.health_check())

    def put_attributes(self) -> None:
        given = {key: self.desired[name] for name, (key, _) in ATTRIBUTES.items() if name in self.desired}
        if STICKINESS in self.desired:
            given |= stickiness_attributes(self.desired[STICKINESS])
        if given:
            self.client.modify_target_group_attributes(TargetGroupArn=self.arn, Attributes=attribute_list(given))

    def put_tags(self) -> None:
        change_tags(self.client, self.arn, *self.tag_changes())

    def delete(self) -> None:
        """AWS takes a moment to notice that the load balancer is gone."""
        wait_for(self._delete, bool, what=f"target group {self.name}: in use", timeout=60, failed=self._in_use)

    def _delete(self) -> bool:
        try:
            self.client.delete_target_group(TargetGroupArn=self.arn)
        except is_boto3_error_code("ResourceInUse"):
            return False
        return True

    def _in_use(self, seen: bool) -> str | None:
        by = (self.describe() or {}).get("LoadBalancerArns")
        return f"by {', '.join(by)}; remove its listeners and rules first" if by else None
