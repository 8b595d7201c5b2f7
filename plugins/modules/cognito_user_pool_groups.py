#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool_groups
short_description: Manage the groups of a Cognito user pool
version_added: 0.2.0
description:
  - Creates and changes groups of a user pool, all in one task, see
    U(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html).
  - Who is in a group is data. A group that is not listed stays, unless O(purge) says otherwise.
author:
  - The slipway.fargate team (@slipway)
options:
  user_pool_id:
    description:
      - The identifier of the pool.
    type: str
    required: true
  groups:
    description:
      - The groups. A suboption that is not set is left as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name.
        type: str
        required: true
      description:
        description: What the group is for.
        type: str
      precedence:
        description: Which role a user of several groups has; the lowest number wins.
        type: int
      role_arn:
        description: The ARN of the IAM role of the group's users.
        type: str
  purge:
    description:
      - Whether to delete the groups that are not listed. Their users lose what the groups gave them.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Two groups
  slipway.fargate.cognito_user_pool_groups:
    user_pool_id: eu-west-1_aB3dE5gH7
    groups:
      - {name: admins, precedence: 1}
      - {name: customers, precedence: 10}
"""

RETURN = r"""
groups:
  description: The listed groups; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: admins
    description:
      description: What the group is for.
      type: str
      sample: ""
    precedence:
      description: Its precedence, or none.
      type: int
      sample: 1
    role_arn:
      description: The role, or empty.
      type: str
      sample: ""
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      resource: Cognito group
      name: admins
      attributes: {"precedence": {"before": null, "after": 1}}
"""

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.cognito import NOT_THERE
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    RetryingClient,
    is_unknown,
    run_all,
    without_none,
)


class Pool:
    """The groups of the pool, read once and again after a change."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.client = RetryingClient(module, "cognito-idp")
        self.id = module.params["user_pool_id"]
        self._groups: dict[str, Attributes] | None = None

    def groups(self) -> dict[str, Attributes]:
        if self._groups is None:
            try:
                listed = [] if is_unknown(self.id) else self.client.list("list_groups", "Groups", UserPoolId=self.id)
            except is_boto3_error_code(NOT_THERE):
                listed = []
            self._groups = {item["GroupName"]: normal(item) for item in listed}
        return self._groups

    def write(self, operation: str, **parameters: Any) -> None:
        self._groups = None
        getattr(self.client, operation)(UserPoolId=self.id, **parameters)


class Group(Resource):
    type_name = "Cognito group"
    defaults = {"description": "", "precedence": None, "role_arn": ""}

    def __init__(self, module: AnsibleAWSModule, pool: Pool, desired: Attributes, state: str) -> None:
        super().__init__(module, desired["name"], desired, state)
        self.pool = pool

    def needs(self) -> Iterable[Any]:
        return [self.pool.id]

    def read(self) -> Attributes | None:
        return self.pool.groups().get(self.name)

    def parameters(self) -> dict[str, Any]:
        names = {"description": "Description", "precedence": "Precedence", "role_arn": "RoleArn"}
        after = self.expected()
        found = {name: after[option] for option, name in names.items() if after[option] not in (None, "")}
        return {"GroupName": self.name, **found}

    def create(self) -> None:
        self.pool.write("create_group", **self.parameters())

    def update(self, changed: set[str]) -> None:
        emptied = {"Description": ""} if "description" in changed and not self.desired["description"] else {}
        self.pool.write("update_group", **{**self.parameters(), **emptied})

    def delete(self) -> None:
        self.pool.write("delete_group", GroupName=self.name)


def normal(item: dict[str, Any]) -> Attributes:
    return {
        "name": item["GroupName"],
        "description": item.get("Description") or "",
        "precedence": item.get("Precedence"),
        "role_arn": item.get("RoleArn") or "",
    }


def main() -> None:
    group = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "precedence": {"type": "int"},
        "role_arn": {"type": "str"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "user_pool_id": {"type": "str", "required": True},
            "groups": {"type": "list", "elements": "dict", "required": True, "options": group},
            "purge": {"type": "bool", "default": False},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    pool, state = Pool(module), module.params["state"]
    resources = [Group(module, pool, without_none(entry), state) for entry in module.params["groups"]]
    try:
        listed = {resource.name for resource in resources}
        others = sorted(set(pool.groups()) - listed) if module.params["purge"] and state == "present" else []
    except Exception as error:
        module.fail_json_aws(error, msg="Could not read the groups of the user pool")
    resources += [Group(module, pool, {"name": name}, "absent") for name in others]
    run_all(module, resources, key="groups")


if __name__ == "__main__":
    main()
