#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elb_load_balancer
short_description: Manage an Application Load Balancer with its listeners and their rules
version_added: 0.1.0
description:
  - Creates, changes and deletes an Application Load Balancer, see
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html),
    its listeners, each found by its port, and their rules, each found by its priority.
  - Listeners are made while AWS is still making the load balancer, which is waited for last.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the load balancer, 32 characters at most.
    type: str
    required: true
  scheme:
    description:
      - Whether it has public addresses. It cannot be changed.
    type: str
    choices: [internet-facing, internal]
  subnets:
    description:
      - The subnets, in two zones or more. Needed to create it.
    type: list
    elements: str
  security_groups:
    description:
      - The security groups; the VPC's default group when none is given at creation.
    type: list
    elements: str
  ip_address_type:
    description:
      - The addresses that clients use.
    type: str
    choices: [ipv4, dualstack]
  attributes:
    description:
      - The attributes of the load balancer by the names that the API gives them, as C(idle_timeout.timeout_seconds),
        C(deletion_protection.enabled), C(routing.http.drop_invalid_header_fields.enabled) and C(access_logs.s3.bucket), see
        U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html).
      - Attributes that are not named are untouched.
    type: dict
  listeners:
    description:
      - The listeners, each with one of O(listeners[].target_group_arn), O(listeners[].redirect) and
        O(listeners[].fixed_response) for what no rule fits.
    type: list
    elements: dict
    suboptions:
      port:
        description: The port.
        type: int
        required: true
      protocol:
        description: The protocol.
        type: str
        choices: [HTTP, HTTPS]
        default: HTTP
      certificate_arn:
        description: The certificate of HTTPS.
        type: str
      ssl_policy:
        description: The versions and ciphers of TLS.
        type: str
        default: ELBSecurityPolicy-TLS13-1-2-2021-06
      target_group_arn:
        description: The target group that answers.
        type: str
      redirect:
        description: Where requests are redirected to. What is not set stays as in the request.
        type: dict
        suboptions:
          protocol:
            description: The protocol.
            type: str
          port:
            description: The port.
            type: str
          host:
            description: The host name.
            type: str
          path:
            description: The path.
            type: str
          query:
            description: The query.
            type: str
          status_code:
            description: V(HTTP_301) for permanently, V(HTTP_302) for now.
            type: str
            choices: [HTTP_301, HTTP_302]
      fixed_response:
        description: The answer itself.
        type: dict
        suboptions:
          status_code:
            description: The status code.
            type: str
            required: true
          content_type:
            description: The type of the body.
            type: str
          message_body:
            description: The body.
            type: str
      rules:
        description: The rules; others are removed.
        type: list
        elements: dict
        default: []
        suboptions:
          priority:
            description: The priority, V(1) to V(50000); the lowest one that fits is taken.
            type: int
            required: true
          path_patterns:
            description: Paths, with C(*) and C(?).
            type: list
            elements: str
          host_headers:
            description: Host names, with C(*) and C(?).
            type: list
            elements: str
          http_methods:
            description: Methods, as V(GET).
            type: list
            elements: str
          source_ips:
            description: CIDR blocks of the clients.
            type: list
            elements: str
          http_headers:
            description: Values of headers, a list for each name.
            type: dict
          target_group_arn:
            description: The target group that answers.
            type: str
          redirect:
            description: Where requests are redirected to, as of the listener.
            type: dict
          fixed_response:
            description: The answer itself, as of the listener.
            type: dict
  purge_listeners:
    description:
      - Whether listeners that O(listeners) does not name are removed.
    type: bool
    default: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send requests to the web service, those below /api to the API
  slipway.fargate.elb_load_balancer:
    name: shop-prod
    scheme: internet-facing
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups: [sg-0123456789abcdef0]
    attributes:
      routing.http.drop_invalid_header_fields.enabled: true
    listeners:
      - port: 80
        redirect: {protocol: HTTPS, port: "443"}
      - port: 443
        protocol: HTTPS
        certificate_arn: arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
        target_group_arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-web/0123456789abcdef
        rules:
          - priority: 10
            path_patterns: [/api/*]
            target_group_arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-api/0123456789abcdef

- name: Remove the load balancer
  slipway.fargate.elb_load_balancer:
    name: shop-prod
    state: absent
"""

RETURN = r"""
load_balancer:
  description: The load balancer; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the load balancer.
      type: str
      sample: shop-prod
    arn:
      description: The ARN of the load balancer.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop-prod/0123456789abcdef
    dns_name:
      description: The host name of the load balancer.
      type: str
      sample: shop-prod-1234567890.eu-west-1.elb.amazonaws.com
    hosted_zone_id:
      description: The Route 53 zone of that host name, for alias records.
      type: str
      sample: Z32O12XQLNTSW2
    status:
      description: The state, as V(active).
      type: str
      sample: active
    scheme:
      description: V(internet-facing) or V(internal).
      type: str
      sample: internet-facing
    subnets:
      description: The subnets.
      type: list
      elements: str
      sample: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups:
      description: The security groups.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    ip_address_type:
      description: The addresses that clients use.
      type: str
      sample: ipv4
    attributes:
      description: The attributes.
      type: dict
      sample: {"idle_timeout.timeout_seconds": "60"}
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
    listeners:
      description: The listeners of the task with their ARNs, and their rules in the order of their priorities.
      type: list
      elements: dict
      sample:
        - arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop-prod/0123456789abcdef/0123456789abcdef
          port: 80
          protocol: HTTP
          rules: []
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: listener
      name: port 80 of shop-prod
      attributes: {"action": {"before": {"target_group_arn": "arn:.."}, "after": {"redirect": {"port": "443"}}}}
"""

from collections.abc import Iterable
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils import elbv2
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    set_options,
    wait_for,
    without_none,
)

PROTECTION = "deletion_protection.enabled"
ACTIONS = ("target_group_arn", "redirect", "fixed_response")
ACTION_SPEC = {
    "target_group_arn": {"type": "str"},
    "redirect": {
        "type": "dict",
        "options": {
            **{name: {"type": "str"} for name in ("protocol", "port", "host", "path", "query")},
            "status_code": {"type": "str", "choices": ["HTTP_301", "HTTP_302"]},
        },
    },
    "fixed_response": {
        "type": "dict",
        "options": {
            "status_code": {"type": "str", "required": True},
            "content_type": {"type": "str"},
            "message_body": {"type": "str"},
        },
    },
}
RULE_SPEC = {
    "priority": {"type": "int", "required": True},
    **{name: {"type": "list", "elements": "str"} for name in elbv2.CONDITIONS},
    "http_headers": {"type": "dict"},
    "target_group_arn": {"type": "str"},
    "redirect": {"type": "dict"},
    "fixed_response": {"type": "dict"},
}
LISTENER_SPEC = {
    "port": {"type": "int", "required": True},
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"], "default": "HTTP"},
    "certificate_arn": {"type": "str"},
    "ssl_policy": {"type": "str", "default": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    **ACTION_SPEC,
    "rules": {"type": "list", "elements": "dict", "default": [], "options": RULE_SPEC},
}


class LoadBalancer(Resource):
    type_name = "load balancer"
    assigned = ("arn", "dns_name", "hosted_zone_id", "status", "security_groups")
    defaults = {"scheme": "internet-facing", "ip_address_type": "ipv4", "attributes": {}, "tags": {}}
    immutable = {"scheme": "create a load balancer of another name, and remove this one"}
    unordered = ("subnets", "security_groups")
    updates = {
        "put_subnets": ("subnets",),
        "put_security_groups": ("security_groups",),
        "put_ip_address_type": ("ip_address_type",),
        "put_attributes": ("attributes",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, "scheme", "subnets", "security_groups", "ip_address_type", "attributes", "tags")
        if "attributes" in options:
            options["attributes"] = {k: elbv2.attribute_text(v) for k, v in options["attributes"].items()}
        name = module.params["name"]
        super().__init__(module, name, {"name": name, **options}, module.params["state"])
        self.client = RetryingClient(module, "elbv2")
        self.arn: str | None = None

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and not self.desired.get("subnets"):
            raise ResourceError(f"{self.type_name} {self.name}: subnets are needed to create it")
        if change and change.action == "delete" and self.current["attributes"].get(PROTECTION) == "true":
            raise ResourceError(f"{self.type_name} {self.name}: {PROTECTION} is true; set it to false first")
        return change

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_load_balancers(Names=[self.name])["LoadBalancers"][0]
        except is_boto3_error_code("LoadBalancerNotFound"):
            self.arn = None
            return None
        self.arn = found["LoadBalancerArn"]
        attributes = self.client.describe_load_balancer_attributes(LoadBalancerArn=self.arn)["Attributes"]
        return {
            "name": found["LoadBalancerName"],
            "arn": self.arn,
            "dns_name": found["DNSName"],
            "hosted_zone_id": found["CanonicalHostedZoneId"],
            "status": found["State"]["Code"],
            "scheme": found["Scheme"],
            "subnets": sorted(zone["SubnetId"] for zone in found["AvailabilityZones"]),
            "security_groups": sorted(found.get("SecurityGroups", [])),
            "ip_address_type": found["IpAddressType"],
            "attributes": elbv2.attributes_of(attributes),
            "tags": elbv2.tags_of(self.client, self.arn),
        }

    def create(self) -> None:
        names = {"scheme": "Scheme", "security_groups": "SecurityGroups", "ip_address_type": "IpAddressType"}
        made = self.client.create_load_balancer(
            Name=self.name,
            Type="application",
            Subnets=self.desired["subnets"],
            **{member: self.desired[key] for key, member in names.items() if self.desired.get(key)},
            **elbv2.tags_parameter(self.desired.get("tags")),
        )
        self.arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        if self.desired.get("attributes"):
            self.put_attributes()

    def put_subnets(self) -> None:
        self.client.set_subnets(LoadBalancerArn=self.arn, Subnets=self.desired["subnets"])

    def put_security_groups(self) -> None:
        self.client.set_security_groups(LoadBalancerArn=self.arn, SecurityGroups=self.desired["security_groups"])

    def put_ip_address_type(self) -> None:
        self.client.set_ip_address_type(LoadBalancerArn=self.arn, IpAddressType=self.desired["ip_address_type"])

    def put_attributes(self) -> None:
        attributes = elbv2.as_attributes(self.desired["attributes"])
        self.client.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=attributes)

    def put_tags(self) -> None:
        elbv2.put_tags(self.client, self)

    def delete(self) -> None:
        self.client.delete_load_balancer(LoadBalancerArn=self.arn)

    def settle(self) -> None:
        waiting = self.state == "present" and (self.change or self.current["status"] != "active")
        if not (waiting and self.module.params["wait"]):
            return
        self.current = wait_for(
            lambda: self.read() or {"status": "gone"},
            lambda seen: seen["status"] in ("active", "active_impaired"),
            what=f"{self.type_name} {self.name} becomes active",
            timeout=self.module.params["wait_timeout"],
            failed=lambda seen: f"it is {seen['status']}" if seen["status"] in ("failed", "gone") else None,
            describe=lambda seen: seen["status"],
        )


class Listener(Resource):
    type_name = "listener"
    assigned = ("arn",)
    defaults = {"certificate_arn": None, "ssl_policy": None, "rules": []}

    def __init__(self, balancer: LoadBalancer, options: Attributes, state: str = "present") -> None:
        self.balancer = balancer
        self.client = balancer.client
        desired: Attributes = {"port": options["port"]}
        if state == "present":
            tls = options["protocol"] == "HTTPS"
            desired |= {
                "protocol": options["protocol"],
                "certificate_arn": options.get("certificate_arn") if tls else None,
                "ssl_policy": options["ssl_policy"] if tls else None,
                "action": elbv2.normal_action(options),
                "rules": sorted(map(elbv2.normal_rule, options["rules"]), key=lambda rule: rule["priority"]),
            }
        super().__init__(balancer.module, f"port {options['port']} of {balancer.name}", desired, state)

    def same(self, key: str) -> bool:
        return self.current.get(key) == self.desired[key]

    def expected(self) -> Attributes:
        return {**super().expected(), **self.desired} if self.state == "present" else {}

    def read(self) -> Attributes | None:
        if self.balancer.arn is None:
            return None
        listeners = self.client.list("describe_listeners", "Listeners", LoadBalancerArn=self.balancer.arn)
        found = next((listener for listener in listeners if listener["Port"] == self.desired["port"]), None)
        if found is None:
            return None
        self.arn = found["ListenerArn"]
        rules = [r for r in self.client.list("describe_rules", "Rules", ListenerArn=self.arn) if not r["IsDefault"]]
        self.rule_arns = {int(rule["Priority"]): rule["RuleArn"] for rule in rules}
        return {
            "arn": self.arn,
            "port": found["Port"],
            "protocol": found["Protocol"],
            "certificate_arn": next((c["CertificateArn"] for c in found.get("Certificates", [])), None),
            "ssl_policy": found.get("SslPolicy") or None,
            "action": elbv2.action_of(found["DefaultActions"]),
            "rules": sorted(map(elbv2.rule_of, rules), key=lambda rule: rule["priority"]),
        }

    def create(self) -> None:
        made = self.client.create_listener(
            LoadBalancerArn=self.balancer.arn,
            Port=self.desired["port"],
            **self._call(),
            **elbv2.tags_parameter(self.module.params["tags"]),
        )
        self.arn = made["Listeners"][0]["ListenerArn"]
        self.rule_arns: dict[int, str] = {}
        self._put_rules([])

    def update(self, changed: set[str]) -> None:
        if changed - {"rules"}:
            self.client.modify_listener(ListenerArn=self.arn, **self._call())
        if "rules" in changed:
            self._put_rules(self.current["rules"])

    def delete(self) -> None:
        self.client.delete_listener(ListenerArn=self.arn)

    def _call(self) -> dict[str, Any]:
        call: dict[str, Any] = {
            "Protocol": self.desired["protocol"],
            "DefaultActions": elbv2.action_call(self.desired["action"]),
        }
        if self.desired["protocol"] == "HTTPS":
            call["Certificates"] = [{"CertificateArn": self.desired["certificate_arn"]}]
            call["SslPolicy"] = self.desired["ssl_policy"]
        return call

    def _put_rules(self, current: list[Attributes]) -> None:
        there = {rule["priority"]: rule for rule in current}
        wanted = {rule["priority"]: rule for rule in self.desired["rules"]}
        for priority in sorted(there.keys() - wanted.keys()):
            self.client.delete_rule(RuleArn=self.rule_arns[priority])
        for priority, rule in sorted(wanted.items()):
            if priority not in there:
                tags = elbv2.tags_parameter(self.module.params["tags"])
                self.client.create_rule(ListenerArn=self.arn, Priority=priority, **elbv2.rule_call(rule), **tags)
            elif there[priority] != rule:
                self.client.modify_rule(RuleArn=self.rule_arns[priority], **elbv2.rule_call(rule))

    def needs(self) -> Iterable[Any]:
        return []


def problems(listeners: list[Attributes]) -> Iterable[str]:
    """What AWS would refuse, before anything is written."""
    ports = [listener["port"] for listener in listeners]
    for port in sorted({port for port in ports if ports.count(port) > 1}):
        yield f"two listeners have port {port}"
    for listener in listeners:
        where = f"listener {listener['port']}"
        if listener["protocol"] == "HTTPS" and not listener.get("certificate_arn"):
            yield f"{where} has protocol HTTPS and no certificate_arn"
        priorities = [rule["priority"] for rule in listener["rules"]]
        for priority in sorted({number for number in priorities if priorities.count(number) > 1}):
            yield f"two rules of {where} have priority {priority}"
        for named, one in ((where, listener), *((f"rule {r['priority']} of {where}", r) for r in listener["rules"])):
            if sum(one.get(action) is not None for action in ACTIONS) != 1:
                yield f"{named} has not exactly one of {', '.join(ACTIONS)}"


def listeners_to_remove(module: AnsibleAWSModule, balancer: LoadBalancer) -> list[Listener]:
    """Those that the task does not name."""
    wanted = {listener["port"] for listener in module.params["listeners"]}
    try:
        if balancer.read() is None:
            return []
        there = balancer.client.list("describe_listeners", "Listeners", LoadBalancerArn=balancer.arn)
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read the listeners of load balancer {balancer.name}")
    return [Listener(balancer, {"port": item["Port"]}, "absent") for item in there if item["Port"] not in wanted]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "scheme": {"type": "str", "choices": ["internet-facing", "internal"]},
            "subnets": {"type": "list", "elements": "str"},
            "security_groups": {"type": "list", "elements": "str"},
            "ip_address_type": {"type": "str", "choices": ["ipv4", "dualstack"]},
            "attributes": {"type": "dict"},
            "listeners": {"type": "list", "elements": "dict", "options": LISTENER_SPEC},
            "purge_listeners": {"type": "bool", "default": True},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    balancer = LoadBalancer(module)
    resources: list[Resource] = [balancer]
    if module.params["state"] == "present" and module.params["listeners"] is not None:
        listeners = [without_none(listener) for listener in module.params["listeners"]]
        wrong = list(problems(listeners))
        if wrong:
            module.fail_json(msg=f"load balancer {balancer.name}: {'; '.join(wrong)}")
        if module.params["purge_listeners"]:
            resources += listeners_to_remove(module, balancer)
        resources += [Listener(balancer, listener) for listener in listeners]
    run_all(module, resources, key="load_balancer", collect=collected)


def collected(results: list[Attributes]) -> Attributes:
    return {**results[0], "listeners": results[1:]} if results else {}


if __name__ == "__main__":
    main()
