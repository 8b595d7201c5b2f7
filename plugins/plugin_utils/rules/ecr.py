# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known, region_problem

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
WORD = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
NAME = re.compile(rf"(?=.{{2,256}}$){WORD}(?:/{WORD})*")
MOST = 1_000_000
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html
EXCLUSION = re.compile(r"(?=.{1,128}$)[\w.-]*(?:\*[\w.-]*){0,2}", re.ASCII)
MOST_EXCLUSIONS = 5

REFERENCES: dict[str, str] = {}


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = known(options, "ecr_name")
    if name is not None and not NAME.fullmatch(str(name)):
        yield (
            f"ecr_name is {name!r}; allowed are 2 to 256 lower-case letters, digits and . _ - between them, in parts "
            "that slashes separate"
        )
    yield from between(options, "ecr_keep_images", 0, MOST)
    yield from between(options, "ecr_untagged_expire_days", 0, MOST)
    excluded = known(options, "ecr_tag_mutability_exclusions") or []
    if len(excluded) > MOST_EXCLUSIONS:
        yield f"ecr_tag_mutability_exclusions has {len(excluded)} entries; allowed are {MOST_EXCLUSIONS} or fewer"
    for pattern in excluded:
        if not EXCLUSION.fullmatch(str(pattern)):
            yield (
                f"ecr_tag_mutability_exclusions has {pattern!r}; allowed are 1 to 128 letters, digits and . _ - with "
                "two * or fewer"
            )
    if options.get("ecr_kms_key_id") and options.get("ecr_encryption_type") == "AES256":
        yield "ecr_kms_key_id is set, but ecr_encryption_type is AES256; allowed with it is KMS"
    yield from region_problem("ecr_kms_key_id", options.get("ecr_kms_key_id") or "", options.get("aws_region"))
    yield from _lifecycle(known(options, "ecr_lifecycle_rules") or [], options)
    yield from _policies.statement_problems(
        options, "ecr_policy_statements", "Effect", "Principal", "Action", given=("Resource",)
    )


def _lifecycle(rules: list[Any], options: dict[str, Any]) -> Iterator[str]:
    if rules and (known(options, "ecr_keep_images") or known(options, "ecr_untagged_expire_days")):
        yield (
            "ecr_lifecycle_rules is set beside ecr_keep_images or ecr_untagged_expire_days; allowed is it alone, or "
            "they are 0"
        )
    priorities: list[Any] = []
    for number, rule in enumerate(rules):
        where = f"ecr_lifecycle_rules[{number}]"
        if not isinstance(rule, Mapping):
            yield f"{where} is {rule!r}; allowed is a dictionary"
            continue
        for key in ("rulePriority", "selection", "action"):
            if key not in rule:
                yield f"{where} has no {key}; it is required"
        if rule.get("rulePriority") in priorities:
            yield f"{where}.rulePriority is {rule['rulePriority']}, as of another rule; allowed is another number"
        priorities.append(rule.get("rulePriority"))
