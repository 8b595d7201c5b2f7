# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import alternates, target_group_names
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN

DEFAULT = "default"  # the priority of a listener's own action, as of a rule
Place = tuple[int, str]  # port and priority


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    elb = aws.client("elbv2")
    try:
        found = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]
    except is_boto3_error_code("LoadBalancerNotFound"):
        return None
    arn = found["LoadBalancerArn"]
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    listeners = elb.list("describe_listeners", "Listeners", LoadBalancerArn=arn)
    names = _names(options)
    arns = _group_arns(elb, list(names.values()))
    groups = {key: arns.get(group, UNKNOWN) for key, group in names.items()}
    return {
        "arn": arn,
        "dns_name": found["DNSName"],
        "zone_id": found["CanonicalHostedZoneId"],
        "full_name": arn.partition(":loadbalancer/")[2],
        "scheme": found["Scheme"],
        "status": found["State"]["Code"],
        "target_groups": groups,
        "target_group_full_names": {key: group.rpartition(":")[2] for key, group in groups.items()},
        "listener_arns": {str(listener["Port"]): listener["ListenerArn"] for listener in listeners},
        "blue_green": _blue_green(elb, listeners, options),
        "deletion_protection": protection in attributes,
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    groups = dict.fromkeys(_names(options), UNKNOWN)
    ports = [str(listener["port"]) for listener in options.get("alb_listeners") or []]
    return {
        "scheme": options.get("alb_scheme") or "internet-facing",
        "target_groups": groups,
        "target_group_full_names": groups,
        "listener_arns": dict.fromkeys(ports, UNKNOWN),
        "blue_green": _pairs(options, {place: UNKNOWN for places in _places(options).values() for place in places}),
        "deletion_protection": bool(options.get("alb_deletion_protection")),
    }


def _names(options: dict[str, Any]) -> dict[str, str]:
    return target_group_names(options.get("alb_target_groups"), options.get("alb_target_group_prefix") or "")


def _places(options: dict[str, Any]) -> dict[str, dict[Place, str]]:
    """Target groups with an alternate one -> the rules that forward to them, and for which traffic each is."""
    found: dict[str, dict[Place, str]] = {name: {} for name in alternates(options.get("alb_target_groups"))}
    for listener in options.get("alb_listeners") or []:
        for item in (listener, *(listener.get("rules") or [])):
            if item.get("target_group") in found:
                place = (int(listener["port"]), str(item.get("priority", DEFAULT)))
                found[item["target_group"]][place] = "test_rule" if item.get("test_traffic") else "production_rule"
    return found


def _pairs(options: dict[str, Any], arns: dict[Place, str]) -> dict[str, Facts]:
    pairs = alternates(options.get("alb_target_groups"))
    return {
        name: {"alternate": pairs[name], "test_rule": "", **{use: arns.get(at, UNKNOWN) for at, use in places.items()}}
        for name, places in _places(options).items()
    }


def _blue_green(elb: Any, listeners: list[Any], options: dict[str, Any]) -> dict[str, Facts]:
    """What ECS has to know to shift traffic; only then rules are read."""
    ports = {port for places in _places(options).values() for port, _ in places}
    arns = {
        (listener["Port"], rule["Priority"]): rule["RuleArn"]
        for listener in listeners
        if listener["Port"] in ports
        for rule in elb.list("describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    }
    return _pairs(options, arns)


def _group_arns(elb: Any, names: list[str]) -> dict[str, str]:
    """Name -> ARN of those that are there. AWS gives all or nothing, so a missing one is searched for one by one."""
    if not names:
        return {}
    try:
        found = elb.describe_target_groups(Names=names)["TargetGroups"]
    except is_boto3_error_code("TargetGroupNotFound"):
        return {} if len(names) == 1 else {n: a for name in names for n, a in _group_arns(elb, [name]).items()}
    return {group["TargetGroupName"]: group["TargetGroupArn"] for group in found}


KIND = Kind(
    "load balancer",
    {
        "arn": "the ARN of the load balancer",
        "dns_name": "its host name",
        "zone_id": "the Route 53 hosted zone of its host name, for alias records",
        "full_name": "the value of CloudWatch's dimension `LoadBalancer`, as `app/<name>/<id>`",
        "scheme": "`internet-facing` or `internal`",
        "status": "its status, as `active`",
        "target_groups": "the ARNs of the target groups, by their names in the role; alternate ones end in `-alt`",
        "target_group_full_names": "the values of CloudWatch's dimension `TargetGroup`, by their names in the role",
        "listener_arns": "the ARNs of the listeners, by port as a string",
        "blue_green": "by target group with an alternate one `alternate` (its name in `target_groups`), and the ARNs "
        "of `production_rule` and `test_rule`",
        "deletion_protection": "whether deletion protection is on, so that destroying is refused",
    },
    read,
    predict,
    (
        "alb_scheme",
        "alb_target_groups",
        "alb_target_group_prefix",
        "alb_listeners",
        "alb_deletion_protection",
    ),
    is_pending=lambda facts: facts["status"] != "active",
)
