# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Application Load Balancer, its listeners and their rules."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import (
    attribute_list,
    change_tags,
    group_name,
    read_attributes,
    tags_of,
    traffic,
    with_tags,
)
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2_rules import (
    ACTION_SPEC,
    ACTIONS,
    CONDITION_SPEC,
    CONDITIONS,
    ONE_ACTION,
    PAIR,
    api_actions,
    api_conditions,
    read_action,
    read_conditions,
    refuse_conditions,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    UNKNOWN,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    wait_for,
)

# Option -> (attribute, AWS's default)
ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "idle_timeout_seconds": ("idle_timeout.timeout_seconds", 60),
    "client_keep_alive_seconds": ("client_keep_alive.seconds", 3600),
    "deletion_protection": ("deletion_protection.enabled", False),
    "drop_invalid_header_fields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "desync_mitigation_mode": ("routing.http.desync_mitigation_mode", "defensive"),
    "preserve_host_header": ("routing.http.preserve_host_header.enabled", False),
    "xff_client_port": ("routing.http.xff_client_port.enabled", False),
    "xff_header_processing_mode": ("routing.http.xff_header_processing.mode", "append"),
    "tls_headers": ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", False),
    "http2": ("routing.http2.enabled", True),
    "waf_fail_open": ("waf.fail_open.enabled", False),
    "zonal_shift": ("zonal_shift.config.enabled", False),
    "access_logs_prefix": ("access_logs.s3.prefix", ""),
    "connection_logs_prefix": ("connection_logs.s3.prefix", ""),
}
# Option -> (attribute of the bucket, attribute of the switch); an empty bucket switches off.
LOGS = {
    "access_logs_bucket": ("access_logs.s3.bucket", "access_logs.s3.enabled"),
    "connection_logs_bucket": ("connection_logs.s3.bucket", "connection_logs.s3.enabled"),
}
READY = ("active", "active_impaired")
ACTION = (*ACTIONS, "alternate_target_group", "other_actions")

RULE_SPEC = {"priority": {"type": "int", "required": True}, **CONDITION_SPEC, **ACTION_SPEC}
LISTENER_SPEC = {
    "port": {"type": "int", "required": True},
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"], "default": "HTTP"},
    "certificate_arn": {"type": "str"},
    "certificates": {"type": "list", "elements": "str", "default": []},
    "ssl_policy": {"type": "str", "default": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    **ACTION_SPEC,
    "rules": {"type": "list", "elements": "dict", "options": RULE_SPEC, **ONE_ACTION},
}
BALANCER_SPEC = {
    "scheme": {"type": "str", "choices": ["internet-facing", "internal"], "default": "internet-facing"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "ip_address_type": {"type": "str", "choices": ["ipv4", "dualstack", "dualstack-without-public-ipv4"]},
    **{option: {"type": type(default).__name__} for option, (_, default) in ATTRIBUTES.items()},
    **{option: {"type": "str"} for option in LOGS},
    "web_acl_arn": {"type": "str"},
    "desync_mitigation_mode": {"type": "str", "choices": ["monitor", "defensive", "strictest"]},
    "xff_header_processing_mode": {"type": "str", "choices": ["append", "preserve", "remove"]},
}


class Estate:
    """The load balancer and everything on it, read in bulk, and again after a write."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.name = module.params["name"]
        self.client = RetryingClient(module, "elbv2")
        self.group_arns: dict[str, str] = {}
        self.listener_arns: dict[int, str] = {}  # of those made in this run
        self.made_arn = ""

    def forget(self) -> None:
        for seen in ("balancer", "listeners", "rules", "tags"):
            self.__dict__.pop(seen, None)

    @cached_property
    def balancer(self) -> Attributes | None:
        try:
            return self.client.describe_load_balancers(Names=[self.name])["LoadBalancers"][0]
        except is_boto3_error_code("LoadBalancerNotFound"):
            return None

    @cached_property
    def listeners(self) -> dict[int, Attributes]:
        if self.balancer is None:
            return {}
        found = self.client.list("describe_listeners", "Listeners", LoadBalancerArn=self.balancer["LoadBalancerArn"])
        return {listener["Port"]: listener for listener in found}

    @cached_property
    def rules(self) -> dict[tuple[int, int], Attributes]:
        """By port and priority, without the default rule, which is the listener's own action."""
        found = {}
        for port, listener in self.listeners.items():
            for rule in self.client.list("describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                if not rule["IsDefault"]:
                    found[port, int(rule["Priority"])] = rule
        return found

    @cached_property
    def tags(self) -> dict[str, dict[str, str]]:
        arns = [self.balancer["LoadBalancerArn"]] if self.balancer else []
        arns += [listener["ListenerArn"] for listener in self.listeners.values()]
        arns += [rule["RuleArn"] for rule in self.rules.values()]
        return tags_of(self.client, arns)

    def traffic_of(self, pair: set[str]) -> dict[str, int]:
        """The weights of a pair of target groups anywhere on it, as of a rule that gets another priority."""
        every = [listener["DefaultActions"] for listener in self.listeners.values()]
        every += [rule["Actions"] for rule in self.rules.values()]
        for actions in every:
            weights = {group_name(arn): weight for arn, weight in traffic(actions).items()}
            if pair <= weights.keys() and any(weights[name] for name in pair):
                return weights
        return {}

    @property
    def arn(self) -> str:
        return self.made_arn or self.balancer["LoadBalancerArn"]

    def listener_arn(self, port: int) -> str:
        return self.listener_arns.get(port) or self.listeners[port]["ListenerArn"]

    def group_arn(self, name: str) -> str:
        if name not in self.group_arns:
            try:
                found = self.client.describe_target_groups(Names=[name])["TargetGroups"][0]
            except is_boto3_error_code("TargetGroupNotFound") as error:
                raise ResourceError(f"load balancer {self.name}: there is no target group {name}") from error
            self.group_arns[name] = found["TargetGroupArn"]
        return self.group_arns[name]


class Part(Resource):
    """The load balancer or something on it."""

    arn_key = ""

    def __init__(
        self, module: AnsibleAWSModule, estate: Estate, name: str, desired: Attributes, state: str = "present"
    ) -> None:
        super().__init__(module, name, desired, state)
        self.estate = estate
        self.client = estate.client

    @property
    def arn(self) -> str:
        return self.current[self.arn_key]

    def apply(self) -> None:
        super().apply()
        if self.change:
            self.estate.forget()

    def put_tags(self) -> None:
        change_tags(self.client, self.arn, *self.tag_changes())


class LoadBalancer(Part):
    type_name = "load balancer"
    arn_key = "load_balancer_arn"
    assigned = ("load_balancer_arn", "dns_name", "canonical_hosted_zone_id", "vpc_id", "status")
    defaults = {
        **{option: default for option, (_, default) in ATTRIBUTES.items()},
        **dict.fromkeys(LOGS, ""),
        "security_group_ids": [UNKNOWN],
        "ip_address_type": "ipv4",
        "tags": {},
    }
    unordered = ("subnet_ids", "security_group_ids")
    immutable = {"scheme": "give the load balancer another name, or remove it first; AWS has no call that changes it"}
    updates = {
        "put_attributes": (*ATTRIBUTES, *LOGS),
        "put_subnets": ("subnet_ids",),
        "put_security_groups": ("security_group_ids",),
        "put_ip_address_type": ("ip_address_type",),
        "put_web_acl": ("web_acl_arn",),
        "put_tags": ("tags",),
    }

    def validate(self) -> None:
        if self.state == "present" and self.desired.get("security_group_ids") == []:
            raise ResourceError(f"load balancer {self.name}: security_group_ids is empty; allowed is at least one")

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "delete" and self.current["deletion_protection"]:
            raise ResourceError(
                f"load balancer {self.name} has deletion protection, nothing was deleted; switch it off with "
                "deletion_protection, then delete it"
            )
        return change

    def read(self) -> Attributes | None:
        found = self.estate.balancer
        if found is None:
            return None
        arn = found["LoadBalancerArn"]
        attributes = self.client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        values = {item["Key"]: item["Value"] for item in attributes}
        return {
            "name": self.name,
            "load_balancer_arn": arn,
            "dns_name": found["DNSName"],
            "canonical_hosted_zone_id": found["CanonicalHostedZoneId"],
            "vpc_id": found["VpcId"],
            "status": found["State"]["Code"],
            "scheme": found["Scheme"],
            "ip_address_type": found["IpAddressType"],
            "subnet_ids": sorted(zone["SubnetId"] for zone in found["AvailabilityZones"]),
            "security_group_ids": sorted(found.get("SecurityGroups", [])),
            **read_attributes(attributes, ATTRIBUTES),
            **{
                option: values.get(bucket, "") if values.get(switch) == "true" else ""
                for option, (bucket, switch) in LOGS.items()
            },
            # It costs a call to another service, which the caller needs to be allowed.
            **({"web_acl_arn": self._web_acl(arn)} if "web_acl_arn" in self.desired else {}),
            "tags": self.estate.tags.get(arn, {}),
        }

    @cached_property
    def waf(self) -> RetryingClient:
        # What was made just now, WAF knows a little later.
        return RetryingClient(self.module, "wafv2", "WAFUnavailableEntityException")

    def _web_acl(self, arn: str) -> str:
        found = self.waf.get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
        return found["ARN"] if found else ""

    def put_web_acl(self) -> None:
        """The one ACL that a load balancer has is replaced, so that there is no time without any."""
        if self.desired["web_acl_arn"]:
            self.waf.associate_web_acl(WebACLArn=self.desired["web_acl_arn"], ResourceArn=self.arn)
        else:
            self.waf.disassociate_web_acl(ResourceArn=self.arn)

    def predict(self) -> Attributes:
        return {"vpc_id": self.module.params["vpc_id"] or UNKNOWN}

    def create(self) -> None:
        optional = {"SecurityGroups": "security_group_ids", "IpAddressType": "ip_address_type"}
        created = self.client.create_load_balancer(
            Name=self.name,
            Type="application",
            Scheme=self.desired["scheme"],
            Subnets=self.desired["subnet_ids"],
            **{key: self.desired[option] for key, option in optional.items() if option in self.desired},
            **with_tags(self.desired.get("tags")),
        )
        self.estate.made_arn = created["LoadBalancers"][0]["LoadBalancerArn"]
        self.current = {"load_balancer_arn": self.estate.made_arn}
        self.put_attributes()

    def put_attributes(self) -> None:
        given = {key: self.desired[option] for option, (key, _) in ATTRIBUTES.items() if option in self.desired}
        for option, (bucket, switch) in LOGS.items():
            if option in self.desired:
                given[switch] = bool(self.desired[option])
                given |= {bucket: self.desired[option]} if self.desired[option] else {}
        if given:
            self.client.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=attribute_list(given))

    def put_subnets(self) -> None:
        self.client.set_subnets(LoadBalancerArn=self.arn, Subnets=self.desired["subnet_ids"])

    def put_security_groups(self) -> None:
        self.client.set_security_groups(LoadBalancerArn=self.arn, SecurityGroups=self.desired["security_group_ids"])

    def put_ip_address_type(self) -> None:
        self.client.set_ip_address_type(LoadBalancerArn=self.arn, IpAddressType=self.desired["ip_address_type"])

    def delete(self) -> None:
        self.client.delete_load_balancer(LoadBalancerArn=self.arn)
        if self.module.params["wait"]:
            self._wait("deletion", lambda found: found is None, lambda found: None)

    def settle(self) -> None:
        ready = self.change is None and self.current and self.current["status"] in READY
        if self.state == "present" and self.module.params["wait"] and not ready:
            self._wait("creation", lambda found: found and found["State"]["Code"] in READY, _failure)
            self.estate.forget()
        if self.estate.made_arn and self.desired.get("web_acl_arn"):  # WAF takes it when it is active
            self.put_web_acl()

    def _wait(self, what: str, done: Any, failed: Any) -> None:
        def read() -> Attributes | None:
            self.estate.forget()
            return self.estate.balancer

        wait_for(
            read,
            done,
            what=f"{what} of load balancer {self.name}",
            timeout=self.module.params["wait_timeout"],
            failed=failed,
            describe=lambda found: found["State"]["Code"],
        )


def _failure(found: Attributes | None) -> str | None:
    if found is None:
        return "it was deleted meanwhile"
    state = found["State"]
    return state.get("Reason") or "failed" if state["Code"] == "failed" else None


class Forwarding(Part):
    """A listener or a rule: it has an action, which may name a target group."""

    defaults = {"tags": {}}

    def __init__(self, *args: Any, declared: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.declared = declared  # target groups of the same task, which may be not there yet
        self.traffic: dict[str, int] = {}  # the weights of target groups now

    @property
    def targets(self) -> list[str]:
        return [self.desired[key] for key in PAIR if self.desired.get(key)] if self.state == "present" else []

    def plan(self) -> Change | None:
        for name in self.targets:
            if name not in self.declared and not is_unknown(name) and not self.module.check_mode:
                self.estate.group_arn(name)
        change = super().plan()
        self._refuse_to_cut_off()
        return change

    def _refuse_to_cut_off(self) -> None:
        """Of a pair that ECS shifts traffic in, the one that has it all now must not go."""
        live = sorted(name for name, weight in self.traffic.items() if weight)
        left = [name for name in self.targets if name in self.traffic]
        if len(self.traffic) > 1 and left and not set(live) & set(left):
            raise ResourceError(
                f"{self.type_name} {self.name}: all its requests go to target group {', '.join(live)}, where a "
                f"deployment of ECS shifted them, and {', '.join(left)} alone is to be left. Nothing was changed. "
                "Deploy the service once more, so that they go there, then take the other one away"
            )

    def read_action(self, actions: list[Attributes]) -> Attributes:
        """Which of a pair AWS names first means nothing, and neither do their weights, which belong to ECS."""
        self.traffic = {group_name(arn): weight for arn, weight in traffic(actions).items()}
        found = read_action(actions)
        if not found["alternate_target_group"]:
            return found
        declared = [name for name in self.targets if name in self.traffic]
        others = [name for name in self.traffic if name not in declared]
        return {**found, **dict(zip(PAIR, [*declared, *others], strict=True))}

    def actions(self) -> list[Attributes]:
        pair, now = set(self.targets), self.traffic
        if len(pair) > 1 and not any(now.get(name) for name in pair):
            now = self.estate.traffic_of(pair)
        return api_actions(self.desired, self.estate.group_arn, now)


class Listener(Forwarding):
    type_name = "listener"
    arn_key = "listener_arn"
    assigned = ("listener_arn",)
    unordered = ("certificates",)
    updates = {
        "put_listener": ("protocol", "ssl_policy", "certificate_arn"),
        "put_action": ACTION,
        "put_certificates": ("certificates",),
        "put_tags": ("tags",),
    }

    @property
    def port(self) -> int:
        return self.desired["port"]

    @property
    def secure(self) -> bool:
        return self.desired["protocol"] == "HTTPS"

    def read(self) -> Attributes | None:
        found = self.estate.listeners.get(self.port)
        if found is None:
            return None
        arn, secure = found["ListenerArn"], found["Protocol"] == "HTTPS"
        certificates = found.get("Certificates", []) if secure else []
        default = certificates[0]["CertificateArn"] if certificates else ""
        every = self.client.list("describe_listener_certificates", "Certificates", ListenerArn=arn) if secure else []
        return {
            "port": self.port,
            "listener_arn": arn,
            "protocol": found["Protocol"],
            "ssl_policy": found.get("SslPolicy", "") if secure else "",
            "certificate_arn": default,
            "certificates": sorted({item["CertificateArn"] for item in every} - {default}),
            **self.read_action(found["DefaultActions"]),
            "tags": self.estate.tags.get(arn, {}),
        }

    def definition(self) -> Attributes:
        secure = {
            "SslPolicy": self.desired["ssl_policy"],
            "Certificates": [{"CertificateArn": self.desired["certificate_arn"]}],
        }
        return {"Protocol": self.desired["protocol"], **(secure if self.secure else {})}

    def create(self) -> None:
        created = self.client.create_listener(
            LoadBalancerArn=self.estate.arn,
            Port=self.port,
            DefaultActions=self.actions(),
            **self.definition(),
            **with_tags(self.desired.get("tags")),
        )
        arn = created["Listeners"][0]["ListenerArn"]
        self.estate.listener_arns[self.port] = arn
        self.current = {"listener_arn": arn}
        self.put_certificates()

    def put_listener(self) -> None:
        self.client.modify_listener(ListenerArn=self.arn, **self.definition())

    def put_action(self) -> None:
        self.client.modify_listener(ListenerArn=self.arn, DefaultActions=self.actions())

    def put_certificates(self) -> None:
        """Beside the default one; they go by themselves with HTTPS."""
        now, wanted = set(self.current.get("certificates", [])), set(self.desired["certificates"])
        add, remove = ([{"CertificateArn": arn} for arn in sorted(arns)] for arns in (wanted - now, now - wanted))
        if add:
            self.client.add_listener_certificates(ListenerArn=self.arn, Certificates=add)
        if remove and self.secure:
            self.client.remove_listener_certificates(ListenerArn=self.arn, Certificates=remove)

    def delete(self) -> None:
        self.client.delete_listener(ListenerArn=self.arn)


class Rule(Forwarding):
    type_name = "listener rule"
    arn_key = "rule_arn"
    assigned = ("rule_arn",)
    updates = {
        "put_conditions": (*CONDITIONS, "headers", "other_conditions"),
        "put_action": ACTION,
        "put_tags": ("tags",),
    }

    def validate(self) -> None:
        if self.state == "present":
            refuse_conditions(f"rule {self.name}", self.desired)

    def read(self) -> Attributes | None:
        port, priority = self.desired["port"], self.desired["priority"]
        found = self.estate.rules.get((port, priority))
        if found is None:
            return None
        return {
            "port": port,
            "priority": priority,
            "rule_arn": found["RuleArn"],
            **read_conditions(found["Conditions"]),
            **self.read_action(found["Actions"]),
            "tags": self.estate.tags.get(found["RuleArn"], {}),
        }

    def create(self) -> None:
        self.client.create_rule(
            ListenerArn=self.estate.listener_arn(self.desired["port"]),
            Priority=self.desired["priority"],
            Conditions=api_conditions(self.desired),
            Actions=self.actions(),
            **with_tags(self.desired.get("tags")),
        )

    def put_conditions(self) -> None:
        self.client.modify_rule(RuleArn=self.arn, Conditions=api_conditions(self.desired))

    def put_action(self) -> None:
        self.client.modify_rule(RuleArn=self.arn, Actions=self.actions())

    def delete(self) -> None:
        self.client.delete_rule(RuleArn=self.arn)
