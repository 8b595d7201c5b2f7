#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_user_group
short_description: Manage a user group of ElastiCache for Valkey and Redis OSS
version_added: 0.1.0
description:
  - Creates, changes and deletes a user group, see
    U(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUserGroup.html).
  - A group of the engine V(redis) must hold exactly one user whose I(name) is C(default); a list without one is refused
    before anything is written. AWS's own user of that name needs no password, so a group that is to keep everybody out
    who has none holds a user of one's own with that name, see M(slipway.fargate.elasticache_user).
  - A group can be deleted once no replication group uses it.
author:
  - The slipway.fargate team (@slipway)
options:
  user_group_id:
    description:
      - The ID of the group, 1 to 40 letters, digits and single hyphens. AWS stores it in lower case.
    type: str
    required: true
  engine:
    description:
      - The engine. Needed to create a group. A group of V(redis) holds users of that engine only.
    type: str
    choices: [redis, valkey]
  user_ids:
    description:
      - The IDs of the users in the group; users that are not in the list leave it. Their order does not matter.
    type: list
    elements: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Gather the users of the cache
  slipway.fargate.elasticache_user_group:
    user_group_id: shop-prod-users
    engine: redis
    user_ids:
      - shop-prod-default
      - shop-prod-reports

- name: Remove the group
  slipway.fargate.elasticache_user_group:
    user_group_id: shop-prod-users
    state: absent
"""

RETURN = r"""
user_group:
  description: The user group; empty when it was removed.
  returned: always
  type: dict
  contains:
    user_group_id:
      description: The ID of the group.
      type: str
      sample: shop-prod-users
    arn:
      description: The ARN of the group.
      type: str
      sample: arn:aws:elasticache:eu-west-1:123456789012:usergroup:shop-prod-users
    engine:
      description: The engine.
      type: str
      sample: redis
    user_ids:
      description: The IDs of the users in the group.
      type: list
      elements: str
      sample: ["shop-prod-default", "shop-prod-reports"]
    replication_groups:
      description: The replication groups that use the group.
      type: list
      elements: str
      sample: ["shop-prod-redis"]
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
      resource: ElastiCache user group
      name: shop-prod-users
      attributes: {"user_ids": {"before": ["a"], "after": ["a", "b"]}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import SettlingResource, one
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    Change,
    ResourceError,
    run,
    set_options,
)


class UserGroup(SettlingResource):
    type_name = "ElastiCache user group"
    assigned = ("arn",)
    defaults = {"user_ids": [], "replication_groups": [], "tags": {}}
    unordered = ("user_ids",)
    updates = {"modify": ("engine", "user_ids"), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__(module, module.params["user_group_id"], set_options(module, "engine", "user_ids", "tags"))
        if "user_ids" in self.desired:
            self.desired["user_ids"] = [user_id.lower() for user_id in self.desired["user_ids"]]

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and "engine" not in self.desired:
            raise ResourceError(f"there is no user group {self.name}; to create it, set engine and user_ids")
        if change and change.action != "delete":
            self.check_default_user({**(self.current or {"user_ids": []}), **self.desired})
        return change

    def check_default_user(self, after: Attributes) -> None:
        """In check mode a user may not be there yet, and nothing is known of it."""
        members = set(after["user_ids"])
        users = {user["UserId"]: user["UserName"] for user in self.client.list("describe_users", "Users")}
        known = members & users.keys()
        if known == members and after["engine"] == "redis" and "default" not in [users[name] for name in known]:
            names = ", ".join(sorted(members)) or "none"
            raise ResourceError(
                f"user group {self.name}: one of user_ids must be a user whose user_name is default; there are {names}"
            )

    def describe(self) -> dict[str, Any] | None:
        return one(self.client.describe_user_groups, "UserGroups", "UserGroupNotFound", UserGroupId=self.name)

    def normal(self, raw: dict[str, Any]) -> Attributes:
        pending = raw.get("PendingChanges") or {}
        leaving = pending.get("UserIdsToRemove") or []
        user_ids = {*raw.get("UserIds", []), *(pending.get("UserIdsToAdd") or [])}.difference(leaving)
        return {
            "user_group_id": raw["UserGroupId"],
            "arn": raw["ARN"],
            "engine": raw["Engine"].lower(),
            "user_ids": sorted(user_ids),
            "replication_groups": raw.get("ReplicationGroups") or [],
            "tags": self.read_tags(raw["ARN"]),
        }

    def predict(self) -> Attributes:
        return {"user_group_id": self.name}

    def create(self) -> None:
        self.client.create_user_group(
            UserGroupId=self.name,
            Engine=self.desired["engine"],
            UserIds=self.desired.get("user_ids", []),
            **self.tag_parameters(),
        )

    def modify(self) -> None:
        current, desired = self.current, {**self.current, **self.desired}
        there, wanted = set(current["user_ids"]), set(desired["user_ids"])
        changes: dict[str, Any] = {"UserIdsToAdd": sorted(wanted - there), "UserIdsToRemove": sorted(there - wanted)}
        if desired["engine"] != current["engine"]:
            changes["Engine"] = desired["engine"]
        self.client.modify_user_group(UserGroupId=self.name, **{key: value for key, value in changes.items() if value})
        self.wait_until_settled()

    def delete(self) -> None:
        self.client.delete_user_group(UserGroupId=self.name)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "user_group_id": {"type": "str", "required": True},
            "engine": {"type": "str", "choices": ["redis", "valkey"]},
            "user_ids": {"type": "list", "elements": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, UserGroup(module), key="user_group")


if __name__ == "__main__":
    main()
