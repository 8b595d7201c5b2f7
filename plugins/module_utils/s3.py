# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket's rules in one normal form, and as the S3 API takes them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

Rule = dict[str, Any]

# destination of a notification -> the key of its list, and the key of its ARN in there
DESTINATIONS = {
    "queue": ("QueueConfigurations", "QueueArn"),
    "topic": ("TopicConfigurations", "TopicArn"),
    "lambda_function": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
}
ACTIONS = (
    *("transitions", "expiration_days", "expiration_date", "expired_object_delete_marker"),
    *("noncurrent_version_transitions", "noncurrent_version_expiration", "abort_incomplete_multipart_upload_days"),
)


def compact(rule: Rule) -> Rule:
    """Without what is not set, so that two rules that do the same are equal."""
    return {key: value for key, value in rule.items() if value or (value == 0 and value is not False)}


# Cross-origin rules. The first rule that matches counts, so their order does.


def cors_rule(given: Rule) -> Rule:
    """A rule as somebody gave it, in normal form."""
    lists = ("allowed_headers", "allowed_methods", "allowed_origins", "expose_headers")
    return compact({**given, **{key: sorted(given.get(key) or []) for key in lists}})


def cors_rule_read(rule: Rule) -> Rule:
    names = {
        "ID": "id",
        "AllowedHeaders": "allowed_headers",
        "AllowedMethods": "allowed_methods",
        "AllowedOrigins": "allowed_origins",
        "ExposeHeaders": "expose_headers",
        "MaxAgeSeconds": "max_age_seconds",
    }
    return cors_rule({names[key]: value for key, value in rule.items() if key in names})


def cors_rule_written(rule: Rule) -> Rule:
    return compact(
        {
            "ID": rule.get("id"),
            "AllowedHeaders": rule.get("allowed_headers"),
            "AllowedMethods": rule["allowed_methods"],
            "AllowedOrigins": rule["allowed_origins"],
            "ExposeHeaders": rule.get("expose_headers"),
        }
    ) | ({"MaxAgeSeconds": rule["max_age_seconds"]} if "max_age_seconds" in rule else {})


# Notifications. The identifiers that AWS gives them say nothing, and their order does not count.


def notification(given: Rule) -> Rule:
    return compact({**given, "events": sorted(set(given["events"]))})


def notifications_read(configuration: Rule) -> list[Rule]:
    return [
        notification({destination: item[arn], "events": item["Events"], **_key_filter_read(item)})
        for destination, (key, arn) in DESTINATIONS.items()
        for item in configuration.get(key, [])
    ]


def notifications_written(notifications: list[Rule], event_bridge: bool) -> Rule:
    configuration: Rule = {"EventBridgeConfiguration": {}} if event_bridge else {}
    for item in notifications:
        destination = next(key for key in DESTINATIONS if key in item)
        key, arn = DESTINATIONS[destination]
        names = [{"Name": name, "Value": item[name]} for name in ("prefix", "suffix") if name in item]
        key_filter = {"Filter": {"Key": {"FilterRules": names}}} if names else {}
        configuration.setdefault(key, []).append({arn: item[destination], "Events": item["events"], **key_filter})
    return configuration


def _key_filter_read(item: Rule) -> Rule:
    rules = item.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return {rule["Name"].lower(): rule["Value"] for rule in rules}


# Lifecycle rules.


def lifecycle_rule(given: Rule) -> Rule:
    tags = {key: str(value) for key, value in (given.get("tags") or {}).items()}
    rule = {**given, "enabled": given.get("enabled", True), "tags": tags}
    for key, days in (("transitions", "days"), ("noncurrent_version_transitions", "noncurrent_days")):
        rule[key] = sorted(map(compact_numbers, given.get(key) or []), key=lambda item, days=days: item.get(days, 0))
    rule["noncurrent_version_expiration"] = compact_numbers(given.get("noncurrent_version_expiration") or {})
    return {**compact(rule), "enabled": rule["enabled"]}


def compact_numbers(item: Rule) -> Rule:
    """Without what is not set; days may be zero."""
    return {key: value for key, value in item.items() if value is not None}


def lifecycle_rule_read(rule: Rule) -> Rule:
    expiration = rule.get("Expiration", {})
    return lifecycle_rule(
        {
            "id": rule.get("ID", ""),
            "enabled": rule["Status"] == "Enabled",
            **_lifecycle_filter_read(rule),
            "transitions": [_action_read(item) for item in rule.get("Transitions", [])],
            "expiration_days": expiration.get("Days"),
            "expiration_date": _date_read(expiration.get("Date")),
            "expired_object_delete_marker": expiration.get("ExpiredObjectDeleteMarker"),
            "noncurrent_version_transitions": [
                _action_read(item) for item in rule.get("NoncurrentVersionTransitions", [])
            ],
            "noncurrent_version_expiration": _action_read(rule.get("NoncurrentVersionExpiration", {})),
            "abort_incomplete_multipart_upload_days": rule.get("AbortIncompleteMultipartUpload", {}).get(
                "DaysAfterInitiation"
            ),
        }
    )


def _lifecycle_filter_read(rule: Rule) -> Rule:
    given = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
    given = {**given, **given.get("And", {})}
    tags = given.get("Tags", [given["Tag"]] if "Tag" in given else [])
    return {
        "prefix": given.get("Prefix"),
        "tags": boto3_tag_list_to_ansible_dict(tags),
        "object_size_greater_than": given.get("ObjectSizeGreaterThan"),
        "object_size_less_than": given.get("ObjectSizeLessThan"),
    }


_ACTION_KEYS = {
    "Days": "days",
    "Date": "date",
    "StorageClass": "storage_class",
    "NoncurrentDays": "noncurrent_days",
    "NewerNoncurrentVersions": "newer_noncurrent_versions",
}


def _action_read(item: Rule) -> Rule:
    read = {_ACTION_KEYS[key]: value for key, value in item.items() if key in _ACTION_KEYS}
    return {**read, "date": _date_read(read["date"])} if "date" in read else read


def _action_written(item: Rule) -> Rule:
    return {key: item[name] for key, name in _ACTION_KEYS.items() if name in item}


def _date_read(date: Any) -> str | None:
    return date.strftime("%Y-%m-%d") if hasattr(date, "strftime") else date


def lifecycle_rule_written(rule: Rule) -> Rule:
    expiration = {
        "Days": rule.get("expiration_days"),
        "Date": rule.get("expiration_date"),
        "ExpiredObjectDeleteMarker": rule.get("expired_object_delete_marker"),
    }
    abort = {"DaysAfterInitiation": rule.get("abort_incomplete_multipart_upload_days")}
    written = {
        "Expiration": compact(expiration),
        "Transitions": [_action_written(item) for item in rule.get("transitions", [])],
        "NoncurrentVersionTransitions": [
            _action_written(item) for item in rule.get("noncurrent_version_transitions", [])
        ],
        "NoncurrentVersionExpiration": _action_written(rule.get("noncurrent_version_expiration", {})),
        "AbortIncompleteMultipartUpload": compact(abort),
    }
    status = "Enabled" if rule["enabled"] else "Disabled"
    return {"ID": rule["id"], "Status": status, "Filter": _lifecycle_filter_written(rule), **compact(written)}


def _lifecycle_filter_written(rule: Rule) -> Rule:
    tags = ansible_dict_to_boto3_tag_list(rule.get("tags", {}))
    parts = compact(
        {
            "Prefix": rule.get("prefix"),
            "ObjectSizeGreaterThan": rule.get("object_size_greater_than"),
            "ObjectSizeLessThan": rule.get("object_size_less_than"),
        }
    )
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}


def lifecycle_problems(rules: list[Rule]) -> Iterator[str]:
    """What S3 would refuse of lifecycle rules in normal form."""
    names = [rule["id"] for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"lifecycle rule {name} is there {names.count(name)} times; identifiers must differ"
    for rule in rules:
        for problem in _lifecycle_rule_problems(rule):
            yield f"lifecycle rule {rule['id']}: {problem}"


def _lifecycle_rule_problems(rule: Rule) -> Iterator[str]:
    if not any(action in rule for action in ACTIONS):
        yield f"it does nothing; set one of {', '.join(ACTIONS)}"
    expirations = [key for key in ("expiration_days", "expiration_date", "expired_object_delete_marker") if key in rule]
    if len(expirations) > 1:
        yield f"{' and '.join(expirations)} exclude each other"
    if "expired_object_delete_marker" in rule and "tags" in rule:
        yield "expired_object_delete_marker cannot be combined with tags"
    for key in ("tags", "object_size_greater_than", "object_size_less_than"):
        if "abort_incomplete_multipart_upload_days" in rule and key in rule:
            yield f"abort_incomplete_multipart_upload_days cannot be combined with {key}"
    for item in rule.get("transitions", []):
        if ("days" in item) == ("date" in item):
            yield f"the transition to {item['storage_class']} needs either days or date"
