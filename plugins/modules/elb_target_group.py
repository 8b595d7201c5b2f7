#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elb_target_group
short_description: Manage a target group of an Application Load Balancer
version_added: 0.1.0
description:
  - Creates, changes and deletes a target group, see
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html),
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html) and
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroupAttributes.html).
  - Targets are not managed; an ECS service registers its tasks itself.
  - Unlike M(community.aws.elb_target_group) it has check mode and diff.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the target group, up to 32 letters, digits and dashes, unique in the account and region.
    type: str
    required: true
  vpc_id:
    description:
      - The id of the VPC that the targets are in. Cannot be changed.
      - Required when O(state=present).
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.target_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send requests to the tasks of the web service
  slipway.fargate.elb_target_group:
    name: shop-prod-web
    vpc_id: vpc-0123456789abcdef0
    port: 8080
    health_check:
      path: /health
      matcher: 200-299
      interval_seconds: 15
    deregistration_delay_seconds: 30
    tags:
      Environment: prod

- name: Keep a browser's session on one task
  slipway.fargate.elb_target_group:
    name: shop-prod-web
    vpc_id: vpc-0123456789abcdef0
    port: 8080
    stickiness:
      duration_seconds: 3600

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
    target_group_arn:
      description: The ARN of the target group.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-prod-web/73e2d6bc24d8a067
    protocol:
      description: The protocol between the load balancer and the targets.
      type: str
      sample: HTTP
    protocol_version:
      description: The version of the protocol.
      type: str
      sample: HTTP1
    port:
      description: The port of targets that are registered without one.
      type: int
      sample: 8080
    target_type:
      description: What targets are registered by.
      type: str
      sample: ip
    vpc_id:
      description: The id of the VPC.
      type: str
      sample: vpc-0123456789abcdef0
    health_check_path:
      description: The path of the health check.
      type: str
      sample: /health
    health_check_port:
      description: The port of the health check.
      type: str
      sample: traffic-port
    health_check_protocol:
      description: The protocol of the health check.
      type: str
      sample: HTTP
    health_check_matcher:
      description: The status codes of a healthy answer.
      type: str
      sample: "200"
    health_check_interval_seconds:
      description: The time between two checks of a target.
      type: int
      sample: 30
    health_check_timeout_seconds:
      description: How long to wait for an answer.
      type: int
      sample: 5
    health_check_healthy_threshold:
      description: After how many good answers a target is healthy.
      type: int
      sample: 5
    health_check_unhealthy_threshold:
      description: After how many bad answers a target is unhealthy.
      type: int
      sample: 2
    deregistration_delay_seconds:
      description: How long a target that goes may finish its requests.
      type: int
      sample: 30
    slow_start_seconds:
      description: How long a new target gets a growing share of the requests; V(0) for none of it.
      type: int
      sample: 0
    algorithm:
      description: How a target is chosen.
      type: str
      sample: round_robin
    stickiness:
      description: Whether and how a client stays on its target.
      type: dict
      sample: {"enabled": false, "type": "lb_cookie", "duration_seconds": 86400, "cookie_name": ""}
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

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_target_group import (
    SPEC,
    TargetGroup,
    desired_group,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    RetryingClient,
    run,
    set_options,
)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc_id": {"type": "str"},
            **SPEC,
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        required_if=[("state", "present", ("port", "vpc_id"))],
        supports_check_mode=True,
    )
    desired = desired_group(set_options(module, "name", "vpc_id", *SPEC, "tags"))
    run(
        module,
        TargetGroup(module, RetryingClient(module, "elbv2"), desired, module.params["state"]),
        key="target_group",
    )


if __name__ == "__main__":
    main()
