# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What load balancers and target groups have in common: attributes, tags, and the form of their listeners' actions."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, Resource, RetryingClient

REDIRECT = {
    "protocol": "#{protocol}",
    "port": "#{port}",
    "host": "#{host}",
    "path": "/#{path}",
    "query": "#{query}",
    "status_code": "HTTP_301",
}
# option of a rule -> the field of its condition, and the member that holds the values
CONDITIONS = {
    "path_patterns": ("path-pattern", "PathPatternConfig"),
    "host_headers": ("host-header", "HostHeaderConfig"),
    "http_methods": ("http-request-method", "HttpRequestMethodConfig"),
    "source_ips": ("source-ip", "SourceIpConfig"),
}


def attribute_text(value: Any) -> str:
    """An attribute's value as ELB keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_attributes(values: Attributes) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(values.items())]


def attributes_of(listed: list[dict[str, str]]) -> dict[str, str]:
    return {attribute["Key"]: attribute.get("Value", "") for attribute in listed}


def tags_of(client: RetryingClient, arn: str) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(client.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def put_tags(client: RetryingClient, resource: Resource) -> None:
    to_set, to_remove = resource.tag_changes()
    arn = resource.current["arn"]
    if to_remove:
        client.remove_tags(ResourceArns=[arn], TagKeys=to_remove)
    if to_set:
        client.add_tags(ResourceArns=[arn], Tags=ansible_dict_to_boto3_tag_list(to_set))


def tags_parameter(tags: dict[str, str] | None) -> dict[str, Any]:
    return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}


# ---- actions: a target group, a redirect or a fixed response


def normal_action(options: Attributes) -> Attributes:
    """An action of a task, whole."""
    if options.get("redirect"):
        return {"redirect": {**REDIRECT, **{key: str(value) for key, value in options["redirect"].items()}}}
    if options.get("fixed_response"):
        given = {"content_type": "text/plain", "message_body": "", **options["fixed_response"]}
        return {"fixed_response": {**given, "status_code": str(given["status_code"])}}
    return {"target_group_arn": options.get("target_group_arn")}


def action_of(actions: list[dict[str, Any]]) -> Attributes:
    """The same form of what AWS gives."""
    action = actions[-1]
    if action["Type"] == "redirect":
        config = action["RedirectConfig"]
        names = {"protocol": "Protocol", "port": "Port", "host": "Host", "path": "Path", "query": "Query"}
        redirect = {key: config.get(name, REDIRECT[key]) for key, name in names.items()}
        return {"redirect": {**redirect, "status_code": config["StatusCode"]}}
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        return {
            "fixed_response": {
                "content_type": config.get("ContentType", "text/plain"),
                "message_body": config.get("MessageBody", ""),
                "status_code": config["StatusCode"],
            }
        }
    groups = [group["TargetGroupArn"] for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    if action["Type"] != "forward" or len(groups) > 1:
        return {"other": action["Type"], "target_group_arns": groups}
    return {"target_group_arn": action.get("TargetGroupArn") or next(iter(groups), None)}


def action_call(action: Attributes) -> list[dict[str, Any]]:
    """The same as the API takes it; with its order, which AWS gives back."""
    if "redirect" in action:
        config = {key.title().replace("_", ""): value for key, value in action["redirect"].items()}
        return [{"Type": "redirect", "Order": 1, "RedirectConfig": config}]
    if "fixed_response" in action:
        config = {key.title().replace("_", ""): value for key, value in action["fixed_response"].items() if value}
        return [{"Type": "fixed-response", "Order": 1, "FixedResponseConfig": config}]
    return [{"Type": "forward", "Order": 1, "TargetGroupArn": action["target_group_arn"]}]


# ---- rules of a listener


def normal_rule(options: Attributes) -> Attributes:
    """A rule of a task, whole."""
    conditions = {key: sorted(options[key]) for key in CONDITIONS if options.get(key)}
    headers = {name.lower(): sorted(values) for name, values in (options.get("http_headers") or {}).items()}
    return {
        "priority": int(options["priority"]),
        **conditions,
        **({"http_headers": headers} if headers else {}),
        **normal_action(options),
    }


def rule_of(rule: dict[str, Any]) -> Attributes:
    """The same form of what AWS gives."""
    conditions: Attributes = {}
    headers: dict[str, list[str]] = {}
    fields = {field: (key, config) for key, (field, config) in CONDITIONS.items()}
    for condition in rule["Conditions"]:
        if condition["Field"] in fields:
            key, config = fields[condition["Field"]]
            conditions[key] = sorted((condition.get(config) or {}).get("Values") or condition.get("Values") or [])
        elif condition["Field"] == "http-header":
            config = condition["HttpHeaderConfig"]
            headers[config["HttpHeaderName"].lower()] = sorted(config["Values"])
        else:
            conditions["other"] = [*conditions.get("other", []), condition["Field"]]
    return {
        "priority": int(rule["Priority"]),
        **conditions,
        **({"http_headers": headers} if headers else {}),
        **action_of(rule["Actions"]),
    }


def rule_call(rule: Attributes) -> dict[str, Any]:
    """Conditions and actions as the API takes them."""
    conditions: list[dict[str, Any]] = [
        {"Field": field, config: {"Values": rule[key]}} for key, (field, config) in CONDITIONS.items() if key in rule
    ]
    for name, values in rule.get("http_headers", {}).items():
        conditions.append({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": values}})
    return {"Conditions": conditions, "Actions": action_call(rule)}
