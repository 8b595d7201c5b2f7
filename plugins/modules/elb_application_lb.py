#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elb_application_lb
short_description: Manage an Application Load Balancer with its target groups, listeners and rules
version_added: 0.1.0
description:
  - Creates, changes and deletes a load balancer and what belongs to it in one task, see
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html),
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html) and
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html).
  - Listeners are told apart by port and rules by priority; those that are not declared are deleted.
  - Unlike M(amazon.aws.elb_application_lb) it says in check mode what of which listener and rule would change, shows
    the difference, and can make the target groups that listeners name in the same task.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the load balancer, up to 32 letters, digits and dashes, unique in the account and region.
    type: str
    required: true
  scheme:
    description:
      - Whether it has public addresses. Cannot be changed.
    type: str
    choices: [internet-facing, internal]
    default: internet-facing
  subnet_ids:
    description:
      - The subnets, in two zones or more, at most one in each.
      - Required when O(state=present).
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups. AWS takes the VPC's default group when none is given at creation.
    type: list
    elements: str
  ip_address_type:
    description:
      - The addresses that clients may use. AWS's default is V(ipv4).
    type: str
    choices: [ipv4, dualstack, dualstack-without-public-ipv4]
  idle_timeout_seconds:
    description:
      - After how long without data a connection is closed, 1 to 4000 seconds. AWS's default is V(60).
    type: int
  client_keep_alive_seconds:
    description:
      - How long a client may keep a connection, 60 to 604800 seconds. AWS's default is V(3600).
    type: int
  deletion_protection:
    description:
      - Whether the load balancer cannot be deleted. O(state=absent) is then refused. AWS's default is V(false).
    type: bool
  drop_invalid_header_fields:
    description:
      - Whether headers with names that are not valid are removed rather than passed on. AWS's default is V(false).
    type: bool
  desync_mitigation_mode:
    description:
      - How requests that could be understood in two ways are handled. AWS's default is V(defensive).
    type: str
    choices: [monitor, defensive, strictest]
  preserve_host_header:
    description:
      - Whether the header C(Host) is passed on unchanged. AWS's default is V(false).
    type: bool
  xff_client_port:
    description:
      - Whether C(X-Forwarded-For) holds the client's port too. AWS's default is V(false).
    type: bool
  xff_header_processing_mode:
    description:
      - What becomes of C(X-Forwarded-For). AWS's default is V(append).
    type: str
    choices: [append, preserve, remove]
  tls_headers:
    description:
      - Whether targets get the TLS version and cipher as headers. AWS's default is V(false).
    type: bool
  http2:
    description:
      - Whether clients may use HTTP/2. AWS's default is V(true).
    type: bool
  waf_fail_open:
    description:
      - Whether requests pass when AWS WAF cannot be asked. AWS's default is V(false).
    type: bool
  zonal_shift:
    description:
      - Whether traffic can be shifted away from a zone. AWS's default is V(false).
    type: bool
  access_logs_bucket:
    description:
      - The S3 bucket of the access logs, whose policy must let the load balancer write; empty for no access logs.
    type: str
  access_logs_prefix:
    description:
      - Their prefix in the bucket.
    type: str
  connection_logs_bucket:
    description:
      - The S3 bucket of the connection logs; empty for none.
    type: str
  connection_logs_prefix:
    description:
      - Their prefix in the bucket.
    type: str
  vpc_id:
    description:
      - The id of the VPC of the target groups. Needed with O(target_groups).
    type: str
  target_groups:
    description:
      - Target groups that are made before the listeners, and deleted after the load balancer.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the target group, up to 32 letters, digits and dashes, unique in the account and region.
        type: str
        required: true
      port:
        description:
          - The port of targets that are registered without one. Cannot be changed.
        type: int
        required: true
      protocol:
        description:
          - The protocol between the load balancer and the targets. Cannot be changed.
        type: str
        choices: [HTTP, HTTPS]
        default: HTTP
      protocol_version:
        description:
          - The version of the protocol. Cannot be changed.
        type: str
        choices: [HTTP1, HTTP2, GRPC]
        default: HTTP1
      target_type:
        description:
          - What targets are registered by; Fargate tasks are by V(ip). Cannot be changed.
        type: str
        choices: [ip, instance]
        default: ip
      health_check:
        description:
          - How the load balancer finds out whether a target is healthy. Suboptions that are not set are untouched.
        type: dict
        suboptions:
          path:
            description:
              - The path. AWS's default is V(/), or V(/AWS.ALB/healthcheck) for gRPC.
            type: str
          port:
            description:
              - A port, or V(traffic-port), AWS's default, for the one that the target is registered with.
            type: str
          protocol:
            description:
              - The protocol. AWS's default is V(HTTP).
            type: str
            choices: [HTTP, HTTPS]
          matcher:
            description:
              - The status codes of a healthy answer, as V(200), V(200,204) or V(200-299). AWS's default is V(200), or
                V(12) for gRPC.
            type: str
          interval_seconds:
            description:
              - The time between two checks of a target, 5 to 300 seconds, more than
                O(target_groups[].health_check.timeout_seconds). AWS's default is V(30).
            type: int
          timeout_seconds:
            description:
              - How long to wait for an answer, 2 to 120 seconds. AWS's default is V(5).
            type: int
          healthy_threshold:
            description:
              - After how many good answers in a row a target is healthy, 2 to 10. AWS's default is V(5).
            type: int
          unhealthy_threshold:
            description:
              - After how many bad answers in a row a target is unhealthy, 2 to 10. AWS's default is V(2).
            type: int
      deregistration_delay_seconds:
        description:
          - How long a target that goes may finish its requests, 0 to 3600 seconds. AWS's default is V(300).
        type: int
      slow_start_seconds:
        description:
          - How long a new target gets a growing share of the requests, 30 to 900 seconds; V(0), AWS's default, is none
            of it. Only with O(target_groups[].algorithm=round_robin).
        type: int
      algorithm:
        description:
          - How a target is chosen. AWS's default is V(round_robin).
        type: str
        choices: [round_robin, least_outstanding_requests, weighted_random]
      stickiness:
        description:
          - Whether a client stays on its target.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether it does.
            type: bool
            default: true
          type:
            description:
              - By a cookie of the load balancer or of the application.
            type: str
            choices: [lb_cookie, app_cookie]
            default: lb_cookie
          duration_seconds:
            description:
              - For how long, 1 to 604800 seconds.
            type: int
            default: 86400
          cookie_name:
            description:
              - The application's cookie; needed with V(app_cookie).
            type: str
            default: ''
  purge_target_groups_tagged:
    description:
      - Target groups that carry all these tags, are none of O(target_groups) and are used by no other load balancer are
        deleted. Empty deletes none.
    type: dict
    default: {}
  web_acl_arn:
    description:
      - The ARN of the WAF web ACL (scope C(REGIONAL)) that protects it, instead of the one it has, see
        U(https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html); empty for none.
    type: str
    version_added: 0.2.0
  listeners:
    description:
      - The listeners, each with exactly one of O(listeners[].target_group), O(listeners[].redirect) and
        O(listeners[].fixed_response) as its default action. Unset leaves all of them untouched.
    type: list
    elements: dict
    suboptions:
      port:
        description:
          - The port.
        type: int
        required: true
      protocol:
        description:
          - The protocol.
        type: str
        choices: [HTTP, HTTPS]
        default: HTTP
      certificate_arn:
        description:
          - The ARN of the default certificate; needed with HTTPS.
        type: str
      certificates:
        description:
          - The ARNs of further certificates, for other names.
        type: list
        elements: str
        default: []
      ssl_policy:
        description:
          - The protocols and ciphers of HTTPS.
        type: str
        default: ELBSecurityPolicy-TLS13-1-2-2021-06
      target_group:
        description:
          - The name or the ARN of the target group that requests are forwarded to.
        type: str
      alternate_target_group:
        description:
          - The name or the ARN of a second target group, for blue/green deployments of ECS. Requests are forwarded to
            both, all of them to O(listeners[].target_group) when this is made.
          - The weights belong to ECS then, which moves them with each deployment. They are neither compared nor
            changed.
          - Taking away the one that has all requests is refused.
        type: str
        version_added: 0.2.0
      redirect:
        description:
          - Where clients are redirected to.
        type: dict
        suboptions: &redirect
          protocol:
            description:
              - The protocol; V(#{protocol}) and so on keep what the request has.
            type: str
            choices: [HTTP, HTTPS, '#{protocol}']
            default: '#{protocol}'
          port:
            description:
              - The port.
            type: str
            default: '#{port}'
          host:
            description:
              - The host.
            type: str
            default: '#{host}'
          path:
            description:
              - The path, with a leading slash.
            type: str
            default: '/#{path}'
          query:
            description:
              - The query, without a question mark.
            type: str
            default: '#{query}'
          status_code:
            description:
              - Permanent (301) or temporary (302).
            type: int
            choices: [301, 302]
            default: 301
      fixed_response:
        description:
          - What the load balancer answers itself.
        type: dict
        suboptions: &fixed_response
          status_code:
            description:
              - The status, a 2xx, 4xx or 5xx.
            type: int
            required: true
          content_type:
            description:
              - The type of the body.
            type: str
            choices: [text/plain, text/css, text/html, application/javascript, application/json]
            default: text/plain
          message_body:
            description:
              - The body, up to 1024 characters.
            type: str
            default: ''
      rules:
        description:
          - What is done with requests that meet all conditions of a rule, instead of the default action; the lowest
            priority goes first. Each has exactly one of O(listeners[].rules[].target_group),
            O(listeners[].rules[].redirect) and O(listeners[].rules[].fixed_response), and one to five values over all
            its conditions. Unset leaves all rules of the listener untouched.
        type: list
        elements: dict
        suboptions:
          priority:
            description:
              - The priority, 1 to 50000.
            type: int
            required: true
          paths:
            description:
              - Patterns of the path, one of which must match, as V(/api/*).
            type: list
            elements: str
            default: []
          hosts:
            description:
              - Patterns of the host, as V(*.example.com).
            type: list
            elements: str
            default: []
          methods:
            description:
              - Methods, in upper case.
            type: list
            elements: str
            default: []
          source_ips:
            description:
              - CIDR blocks of clients.
            type: list
            elements: str
            default: []
          query_strings:
            description:
              - Patterns of parameters, as V(version=2) or V(beta).
            type: list
            elements: str
            default: []
          headers:
            description:
              - Header -> patterns of its value.
            type: dict
            default: {}
          target_group:
            description:
              - The name or the ARN of the target group that requests are forwarded to.
            type: str
          alternate_target_group:
            description:
              - The name or the ARN of a second target group, for blue/green deployments of ECS. Requests are forwarded
                to both, all of them to O(listeners[].rules[].target_group) when this is made.
              - The weights belong to ECS then, which moves them with each deployment. They are neither compared nor
                changed.
              - Taking away the one that has all requests is refused.
            type: str
            version_added: 0.2.0
          redirect:
            description:
              - Where clients are redirected to.
            type: dict
            suboptions: *redirect
          fixed_response:
            description:
              - What the load balancer answers itself.
            type: dict
            suboptions: *fixed_response
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Serve the shop on HTTPS
  slipway.fargate.elb_application_lb:
    name: shop-prod-public
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_group_ids: [sg-0123456789abcdef0]
    drop_invalid_header_fields: true
    vpc_id: vpc-0123456789abcdef0
    target_groups:
      - name: shop-prod-web
        port: 8080
        health_check: {path: /health}
      - name: shop-prod-api
        port: 9090
    listeners:
      - port: 80
        redirect: {protocol: HTTPS, port: "443"}
      - port: 443
        protocol: HTTPS
        certificate_arn: arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
        target_group: shop-prod-web
        rules:
          - priority: 10
            paths: [/api/*]
            target_group: shop-prod-api
    tags:
      Environment: prod

- name: Remove the load balancer with its target groups
  slipway.fargate.elb_application_lb:
    name: shop-prod-public
    vpc_id: vpc-0123456789abcdef0
    target_groups:
      - {name: shop-prod-web, port: 8080}
      - {name: shop-prod-api, port: 9090}
    state: absent
"""

RETURN = r"""
load_balancer:
  description: The load balancer with what was declared of it; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the load balancer. It has every option of it that has a default in AWS, too.
      type: str
      sample: shop-prod-public
    load_balancer_arn:
      description: The ARN of the load balancer.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop-prod-public/50dc6c495c0c9188
    dns_name:
      description: Its host name.
      type: str
      sample: shop-prod-public-1234567890.eu-west-1.elb.amazonaws.com
    canonical_hosted_zone_id:
      description: The Route 53 hosted zone of its host name, for alias records.
      type: str
      sample: Z32O12XQLNTSW2
    vpc_id:
      description: The id of the VPC that it is in.
      type: str
      sample: vpc-0123456789abcdef0
    status:
      description: Its state, as V(active).
      type: str
      sample: active
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
    target_groups:
      description: The declared target groups.
      type: list
      elements: dict
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
    listeners:
      description: The declared listeners, each with its options, its ARN, and its declared rules with theirs.
      type: list
      elements: dict
      sample:
        - port: 80
          listener_arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop-prod-public/50dc/f2f7
          protocol: HTTP
          target_group: shop-prod-web
          rules: []
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: listener rule
      name: shop-prod-public:443/10
      attributes: {"paths": {"before": ["/api/*"], "after": ["/api/*", "/rpc/*"]}}
"""

from collections.abc import Iterable
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import tags_of
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_load_balancer import (
    BALANCER_SPEC,
    LISTENER_SPEC,
    Estate,
    Listener,
    LoadBalancer,
    Rule,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_rules import (
    ONE_ACTION,
    desired_action,
    desired_conditions,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_target_group import (
    SPEC as TARGET_GROUP_SPEC,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_target_group import (
    TargetGroup,
    desired_group,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    Resource,
    run_all,
    set_options,
)


class Declaration:
    """What the task declares, and what has to go."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.params = module.params
        self.present = self.params["state"] == "present"
        self.estate = Estate(module)
        self.declared = {group["name"] for group in self.params["target_groups"]}
        self.balancer = LoadBalancer(
            module,
            self.estate,
            self.estate.name,
            set_options(module, "name", *BALANCER_SPEC, "tags"),
            self.params["state"],
        )

    def resources(self) -> list[Resource]:
        listeners = self.params["listeners"] if self.present else []
        kept = [part for listener in listeners or [] for part in self.listener(listener)]
        removed = [*self.removed_rules(listeners), *self.removed_listeners(listeners)]
        groups = [self.group(group, self.params["state"]) for group in self.params["target_groups"]]
        removed_groups = [self.group({"name": name}, "absent") for name in self.leftovers()]
        if self.present:
            return [*groups, self.balancer, *kept, *removed, *removed_groups]
        return [*removed, self.balancer, *groups, *removed_groups]

    def group(self, options: Attributes, state: str) -> TargetGroup:
        common = set_options(self.module, "vpc_id", "tags") if state == "present" else {}
        return TargetGroup(self.module, self.estate.client, desired_group({**options, **common}), state)

    def listener(self, options: Attributes) -> Iterable[Listener | Rule]:
        port, secure = options["port"], options["protocol"] == "HTTPS"
        tags = set_options(self.module, "tags")
        desired = {
            "port": port,
            "protocol": options["protocol"],
            "ssl_policy": options["ssl_policy"] if secure else "",
            "certificate_arn": options["certificate_arn"] or "",
            "certificates": sorted(options["certificates"]),
            **desired_action(options),
            **tags,
        }
        name = f"{self.estate.name}:{port}"
        yield Listener(self.module, self.estate, name, desired, declared=self.declared)
        for rule in options["rules"] or []:
            desired = {
                "port": port,
                "priority": rule["priority"],
                **desired_conditions(rule),
                **desired_action(rule),
                **tags,
            }
            yield Rule(self.module, self.estate, f"{name}/{rule['priority']}", desired, declared=self.declared)

    def removed_listeners(self, listeners: list[Attributes] | None) -> Iterable[Listener]:
        """All but the declared ones; unset leaves them untouched."""
        ports = {listener["port"] for listener in listeners or []}
        for port in sorted(self.estate.listeners.keys() - ports) if listeners is not None else []:
            name = f"{self.estate.name}:{port}"
            yield Listener(self.module, self.estate, name, {"port": port}, "absent", declared=set())

    def removed_rules(self, listeners: list[Attributes] | None) -> Iterable[Rule]:
        """Of the listeners that stay; the others take theirs along."""
        for listener in listeners or []:
            declared = {rule["priority"] for rule in listener["rules"] or []}
            for port, priority in sorted(self.estate.rules) if listener["rules"] is not None else []:
                if port == listener["port"] and priority not in declared:
                    name, desired = f"{self.estate.name}:{port}/{priority}", {"port": port, "priority": priority}
                    yield Rule(self.module, self.estate, name, desired, "absent", declared=set())

    def leftovers(self) -> list[str]:
        wanted = self.params["purge_target_groups_tagged"].items()
        if not wanted:
            return []
        own = self.estate.balancer["LoadBalancerArn"] if self.estate.balancer else ""
        groups = self.estate.client.list("describe_target_groups", "TargetGroups")
        candidates = {
            group["TargetGroupArn"]: group["TargetGroupName"]
            for group in groups
            if group["TargetGroupName"] not in self.declared and set(group["LoadBalancerArns"]) <= {own}
        }
        tags = tags_of(self.estate.client, list(candidates))
        return sorted(candidates[arn] for arn, found in tags.items() if found.items() >= wanted)

    def collect(self, results: list[Attributes]) -> Attributes:
        """One tree of the results, which come in the order of the declaration."""
        if not self.present:
            return {}
        count = len(self.declared)
        groups, balancer, rest = results[:count], results[count], results[count + 1 :]
        rules = [item for item in rest if "priority" in item]
        listeners = [
            {**item, "rules": [rule for rule in rules if rule["port"] == item["port"]]}
            for item in rest
            if "priority" not in item
        ]
        return {**balancer, "target_groups": groups, "listeners": listeners}


def duplicate(params: Attributes) -> str | None:
    """What is declared twice."""
    listeners = params["listeners"] or []
    things: list[tuple[str, list[Any]]] = [
        ("target_groups", [group["name"] for group in params["target_groups"]]),
        ("listeners", [listener["port"] for listener in listeners]),
        *(
            (f"rules of port {listener['port']}", [rule["priority"] for rule in listener["rules"] or []])
            for listener in listeners
        ),
    ]
    for what, keys in things:
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            return f"{what} has {twice[0]} twice"
    return None


def main() -> None:
    https = [("protocol", "HTTPS", ("certificate_arn",))]
    group_spec = {"name": {"type": "str", "required": True}, **TARGET_GROUP_SPEC}
    group_spec["port"] = {"type": "int", "required": True}
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            **BALANCER_SPEC,
            "vpc_id": {"type": "str"},
            "target_groups": {"type": "list", "elements": "dict", "default": [], "options": group_spec},
            "purge_target_groups_tagged": {"type": "dict", "default": {}},
            "listeners": {
                "type": "list",
                "elements": "dict",
                "options": LISTENER_SPEC,
                "required_if": https,
                **ONE_ACTION,
            },
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        required_if=[("state", "present", ("subnet_ids",))],
        supports_check_mode=True,
    )
    twice = duplicate(module.params)
    if twice:
        module.fail_json(msg=f"load balancer {module.params['name']}: {twice}; allowed is once")
    declaration = Declaration(module)
    try:
        resources = declaration.resources()
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read load balancer {module.params['name']}")
    run_all(module, resources, key="load_balancer", collect=declaration.collect)


if __name__ == "__main__":
    main()
