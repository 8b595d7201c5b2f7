# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What listeners and rules do with requests, and which ones: between options and the forms of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import group_name, traffic
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, ResourceError

ACTIONS = ("target_group", "redirect", "fixed_response")
PAIR = ("target_group", "alternate_target_group")
ALL_TRAFFIC = 100
REDIRECT = {"protocol": "Protocol", "port": "Port", "host": "Host", "path": "Path", "query": "Query"}
# Option -> (field, configuration); header conditions have a name and there may be several of them.
CONDITIONS = {
    "paths": ("path-pattern", "PathPatternConfig"),
    "hosts": ("host-header", "HostHeaderConfig"),
    "methods": ("http-request-method", "HttpRequestMethodConfig"),
    "source_ips": ("source-ip", "SourceIpConfig"),
    "query_strings": ("query-string", "QueryStringConfig"),
}
OPTION_OF = {field: option for option, (field, _) in CONDITIONS.items()}
VALUES_OF_A_RULE = 5

REDIRECT_SPEC = {
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS", "#{protocol}"], "default": "#{protocol}"},
    "port": {"type": "str", "default": "#{port}"},
    "host": {"type": "str", "default": "#{host}"},
    "path": {"type": "str", "default": "/#{path}"},
    "query": {"type": "str", "default": "#{query}"},
    "status_code": {"type": "int", "choices": [301, 302], "default": 301},
}
FIXED_RESPONSE_SPEC = {
    "status_code": {"type": "int", "required": True},
    "content_type": {
        "type": "str",
        "choices": ["text/plain", "text/css", "text/html", "application/javascript", "application/json"],
        "default": "text/plain",
    },
    "message_body": {"type": "str", "default": ""},
}
ACTION_SPEC = {
    "target_group": {"type": "str"},
    "alternate_target_group": {"type": "str"},
    "redirect": {"type": "dict", "options": REDIRECT_SPEC},
    "fixed_response": {"type": "dict", "options": FIXED_RESPONSE_SPEC},
}
ONE_ACTION = {
    "mutually_exclusive": [ACTIONS],
    "required_one_of": [ACTIONS],
    "required_by": {"alternate_target_group": ("target_group",)},
}
CONDITION_SPEC = {
    **{option: {"type": "list", "elements": "str", "default": []} for option in CONDITIONS},
    "headers": {"type": "dict", "default": {}},
}


def desired_action(options: Attributes) -> Attributes:
    """The action of a listener or a rule; target groups are called by name, which is as good as their ARN."""
    return {
        **{name: options[name] and group_name(options[name]) for name in PAIR},
        "redirect": options["redirect"],
        "fixed_response": options["fixed_response"],
        "other_actions": [],
    }


def read_action(actions: list[Attributes]) -> Attributes:
    """The normal form of the actions; what the options cannot say is among the other actions."""
    none: Attributes = {**dict.fromkeys((*ACTIONS, *PAIR)), "other_actions": []}
    action = actions[0] if len(actions) == 1 else {}
    groups = [group_name(arn) for arn in traffic(actions)]
    if action.get("Type") == "forward" and len(groups) <= len(PAIR):
        return {**none, **dict(zip(PAIR, groups, strict=False))}
    if action.get("Type") == "redirect":
        return {**none, "redirect": _read_redirect(action["RedirectConfig"])}
    if action.get("Type") == "fixed-response":
        return {**none, "fixed_response": _read_fixed_response(action["FixedResponseConfig"])}
    return {**none, "other_actions": actions}


def _read_redirect(config: Attributes) -> Attributes:
    given = {option: config.get(key, REDIRECT_SPEC[option]["default"]) for option, key in REDIRECT.items()}
    return {**given, "status_code": int(config["StatusCode"].removeprefix("HTTP_"))}


def _read_fixed_response(config: Attributes) -> Attributes:
    return {
        "status_code": int(config["StatusCode"]),
        "content_type": config.get("ContentType") or "text/plain",
        "message_body": config.get("MessageBody") or "",
    }


def weights_of(pair: tuple[str, str], now: Mapping[str, int]) -> dict[str, int]:
    """Where the requests of a pair go: where they go now, and all to the first one when none of them has any."""
    live = {name: now.get(name, 0) for name in pair}
    having = [name for name, weight in live.items() if weight]
    if len(having) > 1:
        return live
    return {name: ALL_TRAFFIC if name == (having or pair)[0] else 0 for name in pair}


def api_actions(
    action: Attributes, arn_of: Callable[[str], str], now: Mapping[str, int] | None = None
) -> list[Attributes]:
    """What AWS is told. The weights of a pair stay what they are `now`: after its creation they belong to ECS."""
    if action["alternate_target_group"] is not None:
        weights = weights_of((action["target_group"], action["alternate_target_group"]), now or {})
        groups = [{"TargetGroupArn": arn_of(name), "Weight": weight} for name, weight in weights.items()]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    if action["target_group"] is not None:
        return [{"Type": "forward", "TargetGroupArn": arn_of(action["target_group"])}]
    if action["redirect"] is not None:
        config = {key: action["redirect"][option] for option, key in REDIRECT.items()}
        config["StatusCode"] = f"HTTP_{action['redirect']['status_code']}"
        return [{"Type": "redirect", "RedirectConfig": config}]
    fixed = action["fixed_response"]
    config = {"StatusCode": str(fixed["status_code"]), "ContentType": fixed["content_type"]}
    if fixed["message_body"]:
        config["MessageBody"] = fixed["message_body"]
    return [{"Type": "fixed-response", "FixedResponseConfig": config}]


def desired_conditions(options: Attributes) -> Attributes:
    """AWS matches any of the values of a condition, so their order means nothing."""
    named = [{"name": name, "values": sorted(_texts(values))} for name, values in sorted(options["headers"].items())]
    return {**{option: sorted(options[option]) for option in CONDITIONS}, "headers": named, "other_conditions": []}


def _texts(values: Any) -> list[str]:
    return [str(value) for value in (values if isinstance(values, list) else [values])]


def read_conditions(conditions: list[Attributes]) -> Attributes:
    found: Attributes = {**{option: [] for option in CONDITIONS}, "headers": [], "other_conditions": []}
    for condition in conditions:
        field = condition["Field"]
        header = condition.get("HttpHeaderConfig") or {}
        values = condition.get("Values") or []
        if field in OPTION_OF:
            values = (condition.get(CONDITIONS[OPTION_OF[field]][1]) or {}).get("Values") or values
        if field == "http-header" and header.get("Values"):
            found["headers"].append({"name": header["HttpHeaderName"], "values": sorted(header["Values"])})
        elif field in OPTION_OF and values:
            found[OPTION_OF[field]] += [_read_value(value) for value in values]
        else:  # as regular expressions
            found["other_conditions"].append(condition)
    ordered = {option: sorted(found[option]) for option in CONDITIONS}
    return {**found, **ordered, "headers": sorted(found["headers"], key=lambda header: header["name"])}


def _read_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value['Key']}={value['Value']}" if value.get("Key") else value["Value"]


def api_conditions(conditions: Attributes) -> list[Attributes]:
    given = []
    for option, (field, config) in CONDITIONS.items():
        values = conditions[option]
        if option == "query_strings":
            values = [_query_string(value) for value in values]
        if values:
            given.append({"Field": field, config: {"Values": values}})
    for header in conditions["headers"]:
        config = {"HttpHeaderName": header["name"], "Values": header["values"]}
        given.append({"Field": "http-header", "HttpHeaderConfig": config})
    return given


def _query_string(text: str) -> dict[str, str]:
    key, equals, value = text.partition("=")
    return {"Key": key, "Value": value} if equals else {"Value": text}


def refuse_conditions(where: str, conditions: Attributes) -> None:
    """As many values as AWS takes in one rule, over all its conditions."""
    count = sum(len(conditions[option]) for option in CONDITIONS)
    count += sum(len(header["values"]) for header in conditions["headers"])
    if not 1 <= count <= VALUES_OF_A_RULE:
        raise ResourceError(
            f"{where} has {count} values of {', '.join((*CONDITIONS, 'headers'))}; allowed are 1 to {VALUES_OF_A_RULE}"
        )
