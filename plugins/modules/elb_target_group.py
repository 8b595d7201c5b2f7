#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elb_target_group
short_description: Manage a target group of a load balancer
version_added: 0.1.0
description:
  - Creates, changes and deletes a target group with its health check, attributes and tags, see
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html).
  - Targets are registered by whoever runs them, as an ECS service.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the target group, 32 characters at most.
    type: str
    required: true
  protocol:
    description:
      - The protocol of the targets. It cannot be changed.
    type: str
    choices: [HTTP, HTTPS]
    default: HTTP
  protocol_version:
    description:
      - The version of the protocol. It cannot be changed.
    type: str
    choices: [HTTP1, HTTP2, GRPC]
  port:
    description:
      - The port of the targets. It cannot be changed.
    type: int
  vpc_id:
    description:
      - The VPC of the targets. It cannot be changed.
    type: str
  target_type:
    description:
      - What the targets are; tasks on Fargate are V(ip). It cannot be changed.
    type: str
    choices: [ip, instance]
    default: ip
  health_check_protocol:
    description:
      - The protocol of the health check.
    type: str
    choices: [HTTP, HTTPS]
  health_check_port:
    description:
      - The port of the health check, V(traffic-port) for that of the target.
    type: str
  health_check_path:
    description:
      - The path that is asked for.
    type: str
  health_check_interval:
    description:
      - Seconds from one health check to the next, V(5) to V(300).
    type: int
  health_check_timeout:
    description:
      - Seconds until a health check without an answer has failed, V(2) to V(120) and less than the interval.
    type: int
  healthy_threshold:
    description:
      - After how many good health checks a target is healthy, V(2) to V(10).
    type: int
  unhealthy_threshold:
    description:
      - After how many failed health checks a target is unhealthy, V(2) to V(10).
    type: int
  matcher:
    description:
      - The status codes of a good answer, as V(200), V(200,204) or V(200-299); with GRPC its own codes.
    type: str
  attributes:
    description:
      - The attributes of the target group by the names that the API gives them, as
        C(deregistration_delay.timeout_seconds), C(slow_start.duration_seconds), C(load_balancing.algorithm.type),
        C(stickiness.enabled), C(stickiness.type) and C(stickiness.lb_cookie.duration_seconds), see
        U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html).
      - Attributes that are not named are untouched.
    type: dict
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send requests to tasks of the web service
  slipway.fargate.elb_target_group:
    name: shop-prod-web
    vpc_id: vpc-0123456789abcdef0
    port: 8080
    health_check_path: /health
    matcher: "200"
    attributes:
      deregistration_delay.timeout_seconds: 30
      stickiness.enabled: true

- name: Remove the target group
  slipway.fargate.elb_target_group:
    name: shop-prod-web
    state: absent
"""

RETURN = r"""
target_group:
  description: The target group; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the target group.
      type: str
      sample: shop-prod-web
    arn:
      description: The ARN of the target group.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-prod-web/0123456789abcdef
    protocol:
      description: The protocol of the targets.
      type: str
      sample: HTTP
    protocol_version:
      description: The version of the protocol.
      type: str
      sample: HTTP1
    port:
      description: The port of the targets.
      type: int
      sample: 8080
    vpc_id:
      description: The VPC of the targets.
      type: str
      sample: vpc-0123456789abcdef0
    target_type:
      description: What the targets are.
      type: str
      sample: ip
    health_check_protocol:
      description: The protocol of the health check.
      type: str
      sample: HTTP
    health_check_port:
      description: The port of the health check.
      type: str
      sample: traffic-port
    health_check_path:
      description: The path that is asked for.
      type: str
      sample: /health
    health_check_interval:
      description: Seconds from one health check to the next.
      type: int
      sample: 30
    health_check_timeout:
      description: Seconds until a health check without an answer has failed.
      type: int
      sample: 5
    healthy_threshold:
      description: After how many good health checks a target is healthy.
      type: int
      sample: 5
    unhealthy_threshold:
      description: After how many failed health checks a target is unhealthy.
      type: int
      sample: 2
    matcher:
      description: The status codes of a good answer.
      type: str
      sample: "200"
    attributes:
      description: The attributes.
      type: dict
      sample: {"deregistration_delay.timeout_seconds": "30"}
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: target group
      name: shop-prod-web
      attributes: {"health_check_path": {"before": "/", "after": "/health"}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils import elbv2
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

# attribute -> its parameter of CreateTargetGroup and ModifyTargetGroup, and its member of TargetGroup
HEALTH = {
    "health_check_protocol": "HealthCheckProtocol",
    "health_check_port": "HealthCheckPort",
    "health_check_path": "HealthCheckPath",
    "health_check_interval": "HealthCheckIntervalSeconds",
    "health_check_timeout": "HealthCheckTimeoutSeconds",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}
FIXED = {
    "protocol": "Protocol",
    "protocol_version": "ProtocolVersion",
    "port": "Port",
    "vpc_id": "VpcId",
    "target_type": "TargetType",
}
ANOTHER = "create a target group of another name, move the listeners and services to it, and remove this one"


class TargetGroup(Resource):
    type_name = "target group"
    assigned = ("arn",)
    defaults = {
        "protocol_version": "HTTP1",
        "health_check_protocol": "HTTP",
        "health_check_port": "traffic-port",
        "health_check_path": "/",
        "health_check_interval": 30,
        "health_check_timeout": 5,
        "healthy_threshold": 5,
        "unhealthy_threshold": 2,
        "matcher": "200",
        "attributes": {},
        "tags": {},
    }
    immutable = dict.fromkeys(FIXED, ANOTHER)
    updates = {"put_health_check": (*HEALTH, "matcher"), "put_attributes": ("attributes",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, *FIXED, *HEALTH, "matcher", "attributes", "tags")
        if "attributes" in options:
            options["attributes"] = {k: elbv2.attribute_text(v) for k, v in options["attributes"].items()}
        name = module.params["name"]
        super().__init__(module, name, {"name": name, **options}, module.params["state"])
        self.client = RetryingClient(module, "elbv2")

    def validate(self) -> None:
        interval, timeout = self.desired.get("health_check_interval"), self.desired.get("health_check_timeout")
        if interval and timeout and timeout >= interval:
            raise ResourceError(
                f"{self.type_name} {self.name}: health_check_timeout is {timeout}; allowed are 2 to {interval - 1}, "
                f"less than health_check_interval"
            )
        if not 1 <= len(self.name) <= 32:
            raise ResourceError(f"{self.type_name} {self.name}: the name is longer than 32 characters")

    def plan(self) -> Change | None:
        change = super().plan()
        missing = [option for option in ("port", "vpc_id") if option not in self.desired]
        if change and change.action == "create" and missing:
            raise ResourceError(f"{self.type_name} {self.name}: {' and '.join(missing)} needed to create it")
        return change

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_target_groups(Names=[self.name])["TargetGroups"][0]
        except is_boto3_error_code("TargetGroupNotFound"):
            return None
        arn = found["TargetGroupArn"]
        matcher = found.get("Matcher", {})
        attributes = self.client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return {
            "name": found["TargetGroupName"],
            "arn": arn,
            **{key: found.get(member) for key, member in {**FIXED, **HEALTH}.items()},
            "matcher": matcher.get("HttpCode") or matcher.get("GrpcCode") or "",
            "attributes": elbv2.attributes_of(attributes),
            "tags": elbv2.tags_of(self.client, arn),
        }

    def create(self) -> None:
        made = self.client.create_target_group(
            Name=self.name,
            **{member: self.desired[key] for key, member in FIXED.items() if key in self.desired},
            **self._health_check(),
            **elbv2.tags_parameter(self.desired.get("tags")),
        )
        self.current = {"arn": made["TargetGroups"][0]["TargetGroupArn"]}
        if self.desired.get("attributes"):
            self.put_attributes()

    def put_health_check(self) -> None:
        self.client.modify_target_group(TargetGroupArn=self.current["arn"], **self._health_check())

    def put_attributes(self) -> None:
        attributes = elbv2.as_attributes(self.desired["attributes"])
        self.client.modify_target_group_attributes(TargetGroupArn=self.current["arn"], Attributes=attributes)

    def put_tags(self) -> None:
        elbv2.put_tags(self.client, self)

    def delete(self) -> None:
        self.client.delete_target_group(TargetGroupArn=self.current["arn"])

    def _health_check(self) -> Attributes:
        call = {member: self.desired[key] for key, member in HEALTH.items() if key in self.desired}
        if "matcher" in self.desired:
            grpc = {**(self.current or {}), **self.desired}.get("protocol_version") == "GRPC"
            call["Matcher"] = {"GrpcCode" if grpc else "HttpCode": self.desired["matcher"]}
        return call


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"], "default": "HTTP"},
            "protocol_version": {"type": "str", "choices": ["HTTP1", "HTTP2", "GRPC"]},
            "port": {"type": "int"},
            "vpc_id": {"type": "str"},
            "target_type": {"type": "str", "choices": ["ip", "instance"], "default": "ip"},
            "health_check_protocol": {"type": "str", "choices": ["HTTP", "HTTPS"]},
            "health_check_port": {"type": "str"},
            "health_check_path": {"type": "str"},
            "health_check_interval": {"type": "int"},
            "health_check_timeout": {"type": "int"},
            "healthy_threshold": {"type": "int"},
            "unhealthy_threshold": {"type": "int"},
            "matcher": {"type": "str"},
            "attributes": {"type": "dict"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, TargetGroup(module), key="target_group")


if __name__ == "__main__":
    main()
