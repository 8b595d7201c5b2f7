#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_parameter_group
short_description: Manage a parameter group of ElastiCache
version_added: 0.1.0
description:
  - Creates, changes and deletes a parameter group, see
    U(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheParameterGroup.html).
  - A parameter that the family does not have, one that cannot be changed, and a value that is not allowed are refused,
    all of them at once, before anything is written.
  - A parameter whose change needs a reboot takes effect at the next one.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the group. AWS stores it in lower case.
    type: str
    required: true
  family:
    description:
      - The family, such as V(redis7) or V(valkey8). Needed to create a group; it cannot be changed.
    type: str
  description:
    description:
      - What the group is for; by default the name of the family. It cannot be changed.
    type: str
  parameters:
    description:
      - Values of parameters by name, see
        U(https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html). V(true) and V(false)
        stand for C(yes) and C(no).
    type: dict
  purge_parameters:
    description:
      - Whether parameters that somebody changed and that are not in O(parameters) go back to their defaults.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Evict the least recently used keys when the memory is full
  slipway.fargate.elasticache_parameter_group:
    name: shop-prod-redis7
    family: redis7
    parameters:
      maxmemory-policy: allkeys-lru
    purge_parameters: true

- name: Remove the group
  slipway.fargate.elasticache_parameter_group:
    name: shop-prod-redis7
    state: absent
"""

RETURN = r"""
parameter_group:
  description: The parameter group; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the group.
      type: str
      sample: shop-prod-redis7
    arn:
      description: The ARN of the group.
      type: str
      sample: arn:aws:elasticache:eu-west-1:123456789012:parametergroup:shop-prod-redis7
    family:
      description: The family.
      type: str
      sample: redis7
    description:
      description: What the group is for.
      type: str
      sample: redis7
    parameters:
      description: The parameters that somebody changed, and those of O(parameters).
      type: dict
      sample: {"maxmemory-policy": "allkeys-lru"}
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ElastiCache parameter group
      name: shop-prod-redis7
      attributes: {"parameters": {"before": {}, "after": {"maxmemory-policy": "allkeys-lru"}}}
"""

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import ElastiCacheResource, one
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    ResourceError,
    run,
    set_options,
)

PER_CALL = 20  # https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html
INTEGER = re.compile(r"-?\d+")
RANGE = re.compile(r"(-?\d+)(-?)(\d*)")  # 5, 5-10 or 5-


class ParameterGroup(ElastiCacheResource):
    type_name = "ElastiCache parameter group"
    assigned = ("arn",)
    defaults = {"parameters": {}, "tags": {}}
    immutable = {
        "family": "create a group of another name and give it to the cache together with its new engine version",
        "description": "create a group of another name",
    }
    updates = {"modify": ("parameters",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = set_options(module, "family", "description", "parameters", "tags")
        if "parameters" in desired:
            desired["parameters"] = {name: text(value) for name, value in desired["parameters"].items()}
        super().__init__(module, module.params["name"], desired)
        self.purge = module.params["purge_parameters"]

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and "family" not in self.desired:
            raise ResourceError(f"there is no parameter group {self.name}; to create it, set family")
        if change and change.action != "delete" and self.desired.get("parameters"):
            known = {parameter["ParameterName"]: parameter for parameter in self.family_parameters()}
            problems = [p for name, value in self.desired["parameters"].items() for p in refused(known, name, value)]
            if problems:
                raise ResourceError(f"parameter group {self.name}: " + "; ".join(problems))
        return change

    def family_parameters(self) -> list[dict[str, Any]]:
        family = {**(self.current or {}), **self.desired}["family"]
        defaults = self.client.list(
            "describe_engine_default_parameters", "EngineDefaults", CacheParameterGroupFamily=family
        )
        return defaults["Parameters"]

    def read(self) -> Attributes | None:
        group = one(
            self.client.describe_cache_parameter_groups,
            "CacheParameterGroups",
            "CacheParameterGroupNotFound",
            CacheParameterGroupName=self.name,
        )
        if group is None:
            return None
        listed = self.client.list("describe_cache_parameters", "Parameters", CacheParameterGroupName=self.name)
        self.values = {p["ParameterName"]: p.get("ParameterValue", "") for p in listed}
        named = {p["ParameterName"] for p in listed if p.get("Source") == "user"} | set(self.wanted())
        return {
            "name": group["CacheParameterGroupName"],
            "arn": group["ARN"],
            "family": group["CacheParameterGroupFamily"],
            "description": group["Description"],
            "parameters": {name: self.values[name] for name in sorted(named) if name in self.values},
            "tags": self.read_tags(group["ARN"]),
        }

    def wanted(self) -> dict[str, str]:
        return self.desired.get("parameters", {})

    def removed(self) -> list[str]:
        return sorted(self.current["parameters"].keys() - self.wanted().keys()) if self.purge else []

    def same(self, key: str) -> bool:
        return super().same(key) and not (key == "parameters" and self.removed())

    def predict(self) -> Attributes:
        return {"name": self.name, "description": self.desired.get("family", "")}

    def expected(self) -> Attributes:
        after = super().expected()
        if self.current is not None and "parameters" in self.desired and self.state == "present":
            gone = self.removed()
            after["parameters"] = {k: v for k, v in after["parameters"].items() if k not in gone}
        return after

    def create(self) -> None:
        self.client.create_cache_parameter_group(
            CacheParameterGroupName=self.name,
            CacheParameterGroupFamily=self.desired["family"],
            Description=self.desired.get("description", self.desired["family"]),
            **self.tag_parameters(),
        )
        self.write("modify_cache_parameter_group", self.wanted())

    def modify(self) -> None:
        current = self.current["parameters"]
        self.write("modify_cache_parameter_group", {k: v for k, v in self.wanted().items() if current.get(k) != v})
        self.write("reset_cache_parameter_group", {name: current[name] for name in self.removed()})

    def write(self, operation: str, values: dict[str, str]) -> None:
        settings = [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()]
        for start in range(0, len(settings), PER_CALL):
            part = settings[start : start + PER_CALL]
            getattr(self.client, operation)(CacheParameterGroupName=self.name, ParameterNameValues=part)

    def delete(self) -> None:
        self.client.delete_cache_parameter_group(CacheParameterGroupName=self.name)


def text(value: Any) -> str:
    """A value as ElastiCache writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def refused(known: dict[str, dict[str, Any]], name: str, value: str) -> Iterator[str]:
    """Why AWS would refuse the value of the parameter."""
    parameter = known.get(name)
    if parameter is None:
        yield f"the family has no parameter {name}"
    elif not parameter.get("IsModifiable", True):
        yield f"{name} cannot be changed"
    elif not allowed(value, parameter.get("DataType", "string"), parameter.get("AllowedValues", "")):
        yield f"{name} is {value}; allowed are {parameter['AllowedValues']}"


def allowed(value: str, data_type: str, values: str) -> bool:
    """Whether AWS's text of allowed values, such as `yes,no` or `0,20-`, holds the value, or leaves it open."""
    choices = [choice.strip() for choice in values.split(",")]
    if data_type == "integer" and values:
        return bool(INTEGER.fullmatch(value)) and any(within(int(value), choice) for choice in choices)
    return len(choices) == 1 or value in choices


def within(number: int, choice: str) -> bool:
    low, dash, high = RANGE.fullmatch(choice).groups() if RANGE.fullmatch(choice) else (None, "", "")
    if low is None:
        return True  # in words, which only AWS can judge
    return number >= int(low) and (number <= int(high) if high else bool(dash) or number == int(low))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "family": {"type": "str"},
            "description": {"type": "str"},
            "parameters": {"type": "dict"},
            "purge_parameters": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, ParameterGroup(module), key="parameter_group")


if __name__ == "__main__":
    main()
