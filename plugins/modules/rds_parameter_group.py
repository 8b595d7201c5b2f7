#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_parameter_group
short_description: Manage a parameter group of RDS instances or clusters
version_added: 0.1.0
description:
  - Creates, changes and deletes a DB parameter group with its parameters, see
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html), or a DB cluster
    parameter group, see U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBClusterParameterGroup.html).
  - A parameter that the family does not have, or that cannot be changed, is refused before anything is written.
  - Parameters that AWS can apply at once are applied at once, the others at the next reboot of the instance.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the parameter group; AWS keeps it in lower case.
    type: str
    required: true
  cluster:
    description:
      - Whether it is a parameter group of clusters rather than one of instances. The two have names of their own each.
    type: bool
    default: false
  family:
    description:
      - The family, as V(postgres15). It cannot be changed. Needed to create the group.
    type: str
  description:
    description:
      - What the group is for. It cannot be changed.
    type: str
  parameters:
    description:
      - The values of parameters, by name; true and false are V(1) and V(0).
    type: dict
  purge_parameters:
    description:
      - Whether parameters that somebody set and O(parameters) does not name are reset to the engine's defaults.
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
- name: Collect statistics of statements and refuse connections without TLS
  slipway.fargate.rds_parameter_group:
    name: shop-prod-database
    family: postgres15
    parameters:
      shared_preload_libraries: pg_stat_statements
      log_min_duration_statement: 1000
      rds.force_ssl: true
    purge_parameters: true

- name: Let an Aurora cluster refuse connections without TLS
  slipway.fargate.rds_parameter_group:
    name: shop-prod-database
    cluster: true
    family: aurora-postgresql16
    parameters:
      rds.force_ssl: true

- name: Remove the parameter group
  slipway.fargate.rds_parameter_group:
    name: shop-prod-database
    state: absent
"""

RETURN = r"""
parameter_group:
  description: The parameter group; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the parameter group.
      type: str
      sample: shop-prod-database
    arn:
      description: The ARN of the parameter group.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:pg:shop-prod-database
    family:
      description: The family.
      type: str
      sample: postgres15
    description:
      description: What the group is for.
      type: str
      sample: Managed by slipway.fargate
    parameters:
      description: The parameters that somebody set.
      type: dict
      sample: {"log_min_duration_statement": "1000"}
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
      resource: RDS parameter group
      name: shop-prod-database
      attributes: {"parameters": {"before": {"log_statement": "all"}, "after": {"log_statement": "ddl"}}}
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

PER_CALL = 20  # of ModifyDBParameterGroup and ResetDBParameterGroup


def as_text(value: Any) -> str:
    """A parameter's value as RDS keeps it."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def batches(items: list[Attributes]) -> Iterator[list[Attributes]]:
    rest = iter(items)
    while batch := list(islice(rest, PER_CALL)):
        yield batch


class Api(NamedTuple):
    """How AWS names things of instances, or of clusters."""

    group: str  # the end of operations
    prefix: str  # of parameters and members
    parameters: str
    family_parameters: str


INSTANCES = Api(
    "db_parameter_group",
    "DBParameterGroup",
    "describe_db_parameters",
    "describe_engine_default_parameters",
)
CLUSTERS = Api(
    "db_cluster_parameter_group",
    "DBClusterParameterGroup",
    "describe_db_cluster_parameters",
    "describe_engine_default_cluster_parameters",
)


class ParameterGroup(Resource):
    type_name = "RDS parameter group"
    assigned = ("arn",)
    defaults = {"description": "Managed by slipway.fargate", "parameters": {}, "tags": {}}
    immutable = {
        "family": "give the group of the new family another name, and the instance that group",
        "description": "leave it as it is, or give the group another name",
    }
    updates = {"put_parameters": ("parameters",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        name = module.params["name"].lower()
        desired = {"name": name, **set_options(module, "family", "description", "tags")}
        if module.params["parameters"] is not None:
            desired["parameters"] = {key: as_text(value) for key, value in module.params["parameters"].items()}
        super().__init__(module, name, desired, module.params["state"])
        self.purge = module.params["purge_parameters"]
        self.api = CLUSTERS if module.params["cluster"] else INSTANCES
        if module.params["cluster"]:
            self.type_name = "RDS cluster parameter group"
        self.client = RetryingClient(module, "rds")

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and "family" not in self.desired:
            raise ResourceError(f"{self.type_name} {self.name}: family is needed to create it")
        if change and change.action != "delete":
            self.known = self._known() if self._changed() or self._dropped() else {}
            self._refuse_parameters()
        return change

    def read(self) -> Attributes | None:
        try:
            group = self._call("describe", "s")[f"{self.api.prefix}s"][0]
        except is_boto3_error_code("DBParameterGroupNotFound"):
            return None
        parameters = self.client.list(self.api.parameters, "Parameters", **self._named(), Source="user")
        arn = group[f"{self.api.prefix}Arn"]
        tags = self.client.list_tags_for_resource(ResourceName=arn)["TagList"]
        return {
            "name": group[f"{self.api.prefix}Name"],
            "arn": arn,
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": {p["ParameterName"]: p.get("ParameterValue", "") for p in parameters},
            "tags": boto3_tag_list_to_ansible_dict(tags),
        }

    def same(self, key: str) -> bool:
        return super().same(key) and not (key == "parameters" and self._dropped())

    def expected(self) -> Attributes:
        after = super().expected()
        if "parameters" in after:
            dropped = self._dropped()
            after["parameters"] = {key: value for key, value in after["parameters"].items() if key not in dropped}
        return after

    def _named(self) -> dict[str, str]:
        return {f"{self.api.prefix}Name": self.name}

    def _call(self, verb: str, plural: str = "", **parameters: Any) -> Attributes:
        return getattr(self.client, f"{verb}_{self.api.group}{plural}")(**self._named(), **parameters)

    def create(self) -> None:
        self._call(
            "create",
            DBParameterGroupFamily=self.desired["family"],
            Description=self.desired.get("description", self.defaults["description"]),
            Tags=ansible_dict_to_boto3_tag_list(self.desired.get("tags", {})),
        )
        self.put_parameters()

    def put_parameters(self) -> None:
        to_set = [
            {"ParameterName": name, "ParameterValue": value, "ApplyMethod": self._method(name)}
            for name, value in self._changed().items()
        ]
        for batch in batches(to_set):
            self._call("modify", Parameters=batch)
        to_reset = [{"ParameterName": name, "ApplyMethod": self._method(name)} for name in sorted(self._dropped())]
        for batch in batches(to_reset):
            self._call("reset", Parameters=batch)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        arn = self.current["arn"]
        if to_remove:
            self.client.remove_tags_from_resource(ResourceName=arn, TagKeys=to_remove)
        if to_set:
            self.client.add_tags_to_resource(ResourceName=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        self._call("delete")

    def _changed(self) -> dict[str, str]:
        current = (self.current or {}).get("parameters", {})
        wanted = self.desired.get("parameters", {})
        return {name: value for name, value in sorted(wanted.items()) if current.get(name) != value}

    def _dropped(self) -> set[str]:
        if not self.purge or "parameters" not in self.desired:
            return set()
        return set((self.current or {}).get("parameters", {})) - set(self.desired["parameters"])

    def _known(self) -> dict[str, Attributes]:
        """What the family has: parameter -> how it can be changed."""
        family = (self.current or self.desired)["family"]
        answer = self.client.list(self.api.family_parameters, "EngineDefaults", DBParameterGroupFamily=family)
        return {parameter["ParameterName"]: parameter for parameter in answer["Parameters"]}

    def _method(self, name: str) -> str:
        return "immediate" if self.known.get(name, {}).get("ApplyType") == "dynamic" else "pending-reboot"

    def _refuse_parameters(self) -> None:
        family = (self.current or self.desired)["family"]
        problems = []
        for name in self._changed():
            if name not in self.known:
                problems.append(f"family {family} has no parameter {name}")
            elif not self.known[name].get("IsModifiable"):
                problems.append(f"parameter {name} of family {family} cannot be changed")
        if problems:
            raise ResourceError(f"{self.type_name} {self.name}: {'; '.join(problems)}")


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "cluster": {"type": "bool", "default": False},
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
