# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known, region_problem

# https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorder.html
LONGEST_NAME, LONGEST_RULE = 256, 128
RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+")
IDENTIFIER = re.compile(r"[A-Z][A-Z0-9_-]{0,255}")
LINKED = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, prefix = known(options, "config_recorder_name"), known(options, "config_recorder_key_prefix")
    if name is not None and not 1 <= len(str(name)) <= LONGEST_NAME:
        yield f"config_recorder_name is {name!r}; allowed are 1 to {LONGEST_NAME} characters"
    if prefix and (prefix.startswith("/") or prefix.endswith("/")):
        yield f"config_recorder_key_prefix is {prefix!r}; allowed is one without / at both ends"
    yield from region_problem(
        "config_recorder_kms_key_arn", known(options, "config_recorder_kms_key_arn") or "", options.get("aws_region")
    )
    yield from region_problem(
        "config_recorder_topic_arn", known(options, "config_recorder_topic_arn") or "", options.get("aws_region")
    )
    role = known(options, "config_recorder_role_arn")
    if role and not LINKED.fullmatch(str(role)):
        yield f"config_recorder_role_arn is {role!r}; allowed is the ARN of an IAM role"
    yield from _types(options)
    yield from _rules(options)


def _types(options: dict[str, Any]) -> Iterator[str]:
    listed = ("config_recorder_resource_types", "config_recorder_excluded_resource_types")
    if all(known(options, option) for option in listed):
        yield f"{' and '.join(listed)} are both set; allowed is one of them"
    for option in listed:
        yield from _type_problems(option, known(options, option) or [])


def _type_problems(where: str, types: list[Any]) -> Iterator[str]:
    for name in types:
        if not is_unknown(name) and not RESOURCE_TYPE.fullmatch(str(name)):
            yield f"{where} has {name!r}; allowed are resource types as AWS::ECS::Service"


def _rules(options: dict[str, Any]) -> Iterator[str]:
    rules, prefix = known(options, "config_recorder_rules") or [], known(options, "config_recorder_rule_prefix")
    if prefix == "":
        yield "config_recorder_rule_prefix is empty; allowed is what no rule of others begins with"
    for name, times in Counter(str(rule.get("name")) for rule in rules).items():
        if times > 1:
            yield f"config_recorder_rules has {name} {times} times; allowed is once"
    for rule in rules:
        where = f"config_recorder_rules {rule.get('name')}"
        whole = f"{prefix or ''}{rule.get('name')}"
        if len(whole) > LONGEST_RULE:
            yield f"{where}: with its prefix the name is {whole}; allowed are {LONGEST_RULE} characters"
        identifier = rule.get("identifier")
        if identifier and not is_unknown(identifier) and not IDENTIFIER.fullmatch(str(identifier)):
            yield f"{where}: identifier is {identifier!r}; allowed is one of AWS's as RDS_STORAGE_ENCRYPTED"
        yield from _type_problems(f"{where}: resource_types", rule.get("resource_types") or [])


REFERENCES: dict[str, str] = {}
ONE_PER_REGION = True
