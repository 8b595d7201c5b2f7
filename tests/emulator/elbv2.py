# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ELBv2 for moto: complete attributes, rules with several values, groups that know their load balancers."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeTargetGroup, elbv2_backends
from moto.wafv2.models import wafv2_backends

from .dispatch import model_with
from .errors import AwsError
from .support import begin, check_security_groups, passing

KIND = "loadbalancer"
NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9\-]{0,30}[A-Za-z0-9])?$")
SWITCH = "true,false"
# What a new application load balancer has, and what each attribute may be set to.
BALANCER_ATTRIBUTES = {
    "access_logs.s3.enabled": ("false", SWITCH),
    "access_logs.s3.bucket": ("", ""),
    "access_logs.s3.prefix": ("", ""),
    "client_keep_alive.seconds": ("3600", "60-604800"),
    "connection_logs.s3.enabled": ("false", SWITCH),
    "connection_logs.s3.bucket": ("", ""),
    "connection_logs.s3.prefix": ("", ""),
    "deletion_protection.enabled": ("false", SWITCH),
    "health_check_logs.s3.enabled": ("false", SWITCH),
    "health_check_logs.s3.bucket": ("", ""),
    "health_check_logs.s3.prefix": ("", ""),
    "idle_timeout.timeout_seconds": ("60", "1-4000"),
    "load_balancing.cross_zone.enabled": ("true", SWITCH),
    "routing.http.desync_mitigation_mode": ("defensive", "monitor,defensive,strictest"),
    "routing.http.drop_invalid_header_fields.enabled": ("false", SWITCH),
    "routing.http.preserve_host_header.enabled": ("false", SWITCH),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": ("false", SWITCH),
    "routing.http.xff_client_port.enabled": ("false", SWITCH),
    "routing.http.xff_header_processing.mode": ("append", "append,preserve,remove"),
    "routing.http2.enabled": ("true", SWITCH),
    "waf.fail_open.enabled": ("false", SWITCH),
    "zonal_shift.config.enabled": ("false", SWITCH),
}
GROUP_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": ("300", "0-3600"),
    "load_balancing.algorithm.anomaly_mitigation": ("off", "on,off"),
    "load_balancing.algorithm.type": ("round_robin", "round_robin,least_outstanding_requests,weighted_random"),
    "load_balancing.cross_zone.enabled": (
        "use_load_balancer_configuration",
        f"{SWITCH},use_load_balancer_configuration",
    ),
    "slow_start.duration_seconds": ("0", "0,30-900"),
    "stickiness.app_cookie.cookie_name": ("", ""),
    "stickiness.app_cookie.duration_seconds": ("86400", "1-604800"),
    "stickiness.enabled": ("false", SWITCH),
    "stickiness.lb_cookie.duration_seconds": ("86400", "1-604800"),
    "stickiness.type": ("lb_cookie", "lb_cookie,app_cookie"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1", "off,1-1000"),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ("off", "off,1-100"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ("1", "1-1000"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": ("off", "off,1-100"),
}
VALUES_OF_A_RULE = 5
ZONE_IDS = {"us-east-1": "Z35SXDOTRQ7X7K", "eu-west-1": "Z32O12XQLNTSW2", "eu-central-1": "Z215JYRZR1TBD5"}
HTTP = ("HTTP", "HTTPS")


class Backend(ELBv2Backend):
    # ---- load balancers ----------------------------------------------------------------------------

    def create_load_balancer(
        self, name: str, security_groups: list[str], subnet_ids: list[str], *args: Any, **kwargs: Any
    ) -> FakeLoadBalancer:
        _check_name(name, "load balancer")
        if name.startswith("internal-"):
            raise AwsError("ValidationError", "A load balancer name cannot begin with 'internal-'")
        kind = kwargs.get("loadbalancer_type") or "application"
        check_security_groups(self, security_groups or (), "InvalidSecurityGroup")
        if any(balancer.name == name for balancer in self.load_balancers.values()):
            raise AwsError("DuplicateLoadBalancerName", f"A load balancer with the same name '{name}' exists")
        balancer = super().create_load_balancer(name, security_groups, subnet_ids, *args, **kwargs)
        if kind == "application":
            self._check_zones(balancer)
            balancer.attrs = {attribute: value for attribute, (value, _) in BALANCER_ATTRIBUTES.items()}
            if not balancer.security_groups:
                balancer.security_groups = [self.ec2_backend.get_default_security_group(balancer.vpc_id).id]
        number = int(hashlib.sha256(balancer.arn.encode()).hexdigest()[:8], 16)
        prefix = "internal-" if balancer.scheme == "internal" else ""
        balancer.dns_name = f"{prefix}{name}-{number}.{self.region_name}.elb.amazonaws.com"
        balancer.canonical_hosted_zone_id = ZONE_IDS.get(self.region_name, balancer.canonical_hosted_zone_id)
        begin(self, KIND, balancer.arn, "provisioning")
        return balancer

    def _check_zones(self, balancer: FakeLoadBalancer) -> None:
        zones = [subnet.availability_zone for subnet in balancer.subnets]
        problem = code = ""
        if len(set(zones)) < len(zones):
            problem = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
            code = "InvalidConfigurationRequest"
        elif len(zones) < 2:
            problem = "At least two subnets in two different Availability Zones must be specified"
            code = "ValidationError"
        if problem:
            del self.load_balancers[balancer.arn]
            raise AwsError(code, problem)

    def describe_load_balancers(self, arns: list[str] | None, names: list[str] | None) -> list[FakeLoadBalancer]:
        found = list(self.load_balancers.values())
        for wanted, field in ((arns, "arn"), (names, "name")):
            if wanted:
                known = {getattr(balancer, field): balancer for balancer in found}
                if any(item not in known for item in wanted):
                    raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
                found = [known[item] for item in wanted]
        for balancer in found:
            balancer.state = passing(self, KIND, balancer.arn, read=True) or "active"
        return found

    def modify_load_balancer_attributes(self, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
        balancer = self.load_balancers.get(arn)
        if balancer is not None and balancer.type == "application":
            _check_attributes(attrs, BALANCER_ATTRIBUTES, "Load balancer")
            balancer.attrs.update(attrs)
            return balancer.attrs
        return super().modify_load_balancer_attributes(arn, attrs)

    def set_security_groups(self, arn: str, sec_groups: list[str]) -> None:
        check_security_groups(self, sec_groups, "InvalidSecurityGroup")
        super().set_security_groups(arn, sec_groups)

    def delete_load_balancer(self, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise AwsError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        super().delete_load_balancer(arn)
        wafv2_backends[self.account_id][self.region_name].disassociate_web_acl(arn)

    # ---- target groups -----------------------------------------------------------------------------

    def create_target_group(self, name: str, **kwargs: Any) -> FakeTargetGroup:
        if kwargs.get("target_type") != "lambda" and kwargs.get("protocol") in HTTP:
            if kwargs.get("healthcheck_timeout_seconds") is None:
                kwargs["healthcheck_timeout_seconds"] = 5
            kwargs["healthcheck_path"] = kwargs.get("healthcheck_path") or "/"
            kwargs["protocol_version"] = kwargs.get("protocol_version") or "HTTP1"
        group = super().create_target_group(name, **kwargs)
        if group.protocol in HTTP:
            group.attributes = {attribute: value for attribute, (value, _) in GROUP_ATTRIBUTES.items()}
        return group

    def modify_target_group_attributes(self, target_group_arn: str, attributes: dict[str, Any]) -> None:
        group = self.target_groups.get(target_group_arn)
        if group is not None and group.protocol in HTTP and "source_ip" not in attributes.values():
            _check_attributes(attributes, GROUP_ATTRIBUTES, "Target group")
        super().modify_target_group_attributes(target_group_arn, attributes)

    def describe_target_groups(
        self, load_balancer_arn: str | None, target_group_arns: list[str], names: list[str] | None
    ) -> Any:
        try:
            return super().describe_target_groups(load_balancer_arn, target_group_arns, names)
        except Exception as error:
            if load_balancer_arn in self.load_balancers and getattr(error, "code", "") == "TargetGroupNotFound":
                return []  # a load balancer without target groups is no error
            raise

    # ---- listeners ---------------------------------------------------------------------------------

    def create_listener(self, load_balancer_arn: str, protocol: str, port: str, *args: Any, **kwargs: Any) -> Any:
        balancer = self.load_balancers.get(load_balancer_arn)
        if balancer is not None and any(str(there.port) == str(port) for there in balancer.listeners.values()):
            raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
        if protocol == "HTTPS" and not kwargs.get("certificate"):
            raise AwsError("ValidationError", "A certificate must be specified for HTTPS listeners")
        return _without_tls(super().create_listener(load_balancer_arn, protocol, port, *args, **kwargs))

    def modify_listener(self, arn: str, *args: Any, **kwargs: Any) -> Any:
        """Further certificates stay when the default one changes; all go with HTTPS."""
        further = self.describe_listeners(None, [arn])[0].certificates[1:]
        listener = super().modify_listener(arn, *args, **kwargs)
        listener.certificates = [listener.certificate, *(c for c in further if c != listener.certificate)]
        return _without_tls(listener)

    # ---- rules -------------------------------------------------------------------------------------

    def create_rule(self, listener_arn: str, conditions: list[dict[str, Any]], *args: Any, **kwargs: Any) -> Any:
        return super().create_rule(listener_arn, _completed(conditions), *args, **kwargs)

    def modify_rule(self, rule_arn: str, conditions: list[dict[str, Any]], actions: list[dict[str, Any]]) -> Any:
        return super().modify_rule(rule_arn, _completed(conditions), actions)

    def _validate_path_pattern_condition(self, condition: dict[str, Any]) -> None:
        _check_values(condition, "path-pattern", "PathPatternConfig")

    def _validate_host_header_condition(self, condition: dict[str, Any]) -> None:
        _check_values(condition, "host-header", "HostHeaderConfig")


def _without_tls(listener: FakeListener) -> FakeListener:
    if listener.protocol == "HTTP":
        listener.ssl_policy = listener.certificate = None
        listener.certificates = []
    return listener


SHORT_FORMS = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}


def _completed(conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """AWS shows both forms of a condition, whichever it was given."""
    whole = []
    for condition in conditions or []:
        config = SHORT_FORMS.get(condition.get("Field", ""))
        if config is None:
            whole.append(condition)
            continue
        short, long = condition.get("Values"), (condition.get(config) or {}).get("Values")
        if short and long:
            raise AwsError(
                "InvalidConditionValue",
                f"You cannot provide both Values and '{config}' for a condition of type '{condition['Field']}'",
            )
        values = list(short or long or [])
        whole.append({"Field": condition["Field"], "Values": values, config: {"Values": values}})
    return whole


def _check_values(condition: dict[str, Any], field: str, config: str) -> None:
    values = condition.get("Values") or (condition.get(config) or {}).get("Values") or []
    if not values:
        raise AwsError("ValidationError", "A condition value must be specified")
    if len(values) > VALUES_OF_A_RULE:
        raise AwsError(
            "ValidationError", f"The '{field}' field contains too many values; the limit is '{VALUES_OF_A_RULE}'"
        )
    if any(len(value) > 128 for value in values):
        raise AwsError("InvalidConditionValue", f"The '{field}' value is too long; the limit is '128'")


def _check_name(name: str, what: str) -> None:
    if not NAME.match(name or ""):
        raise AwsError(
            "ValidationError",
            f"The {what} name '{name}' must have 1 to 32 characters, only letters, digits and hyphens, and must not "
            "begin or end with a hyphen",
        )


def _check_attributes(attributes: dict[str, Any], known: dict[str, tuple[str, str]], what: str) -> None:
    for name, value in attributes.items():
        if name not in known:
            raise AwsError("ValidationError", f"{what} attribute key '{name}' is not recognized")
        allowed = known[name][1]
        if allowed and not any(_matches(str(value), choice) for choice in allowed.split(",")):
            raise AwsError("ValidationError", f"'{name}' value '{value}' must be one of [{allowed}]")


def _matches(value: str, choice: str) -> bool:
    low, dash, high = choice.partition("-")
    if dash and low.isdigit():
        return value.isdigit() and int(low) <= int(value) <= int(high)
    return value == choice


def _balancers_of(group: FakeTargetGroup) -> list[str]:
    """moto only ever adds to its list; this asks the listeners as they are now."""
    backend = elbv2_backends[group.account_id][group.region_name]
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if any(group.arn in _forwards_to(backend, listener) for listener in balancer.listeners.values())
    ]


def _forwards_to(backend: ELBv2Backend, listener: Any) -> set[str]:
    actions = [action for rule in listener.rules.values() for action in rule.actions]
    return {arn for action in actions for arn in backend._get_target_group_arns_from(action_data=action.data)}


FakeTargetGroup.load_balancer_arns = property(_balancers_of, lambda group, value: None)  # type: ignore[assignment]
model_with(elbv2_backends, Backend)
