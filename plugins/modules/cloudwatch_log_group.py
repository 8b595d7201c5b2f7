#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_group
short_description: Manage a CloudWatch Logs log group
version_added: 0.1.0
description:
  - Creates, changes and deletes a log group, see
    U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html).
  - A retention that CloudWatch Logs does not offer is refused before anything is written, and an existing group is
    never deleted to change it.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the log group.
    type: str
    required: true
  retention_in_days:
    description:
      - How many days events are kept; V(0) keeps them for ever.
      - One of V(0), V(1), V(3), V(5), V(7), V(14), V(30), V(60), V(90), V(120), V(150), V(180), V(365), V(400), V(545),
        V(731), V(1096), V(1827), V(2192), V(2557), V(2922), V(3288) and V(3653).
    type: int
  kms_key_id:
    description:
      - The ARN of the KMS key that encrypts the events.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the logs of the web service for a week
  slipway.fargate.cloudwatch_log_group:
    name: /ecs/shop-prod-web
    retention_in_days: 7
    tags:
      Environment: prod

- name: Remove the log group
  slipway.fargate.cloudwatch_log_group:
    name: /ecs/shop-prod-web
    state: absent
"""

RETURN = r"""
log_group:
  description: The log group; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the log group.
      type: str
      sample: /ecs/shop-prod-web
    arn:
      description: The ARN of the log group, without a trailing C(:*).
      type: str
      sample: arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/shop-prod-web
    retention_in_days:
      description: How many days events are kept; V(0) for ever.
      type: int
      sample: 7
    kms_key_id:
      description: The ARN of the KMS key, or empty.
      type: str
      sample: ""
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
      resource: CloudWatch log group
      name: /ecs/shop-prod-web
      attributes: {"retention_in_days": {"before": 7, "after": 30}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTIONS = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


class LogGroup(Resource):
    type_name = "CloudWatch log group"
    assigned = ("arn",)
    defaults = {"retention_in_days": 0, "kms_key_id": "", "tags": {}}
    updates = {"put_retention": ("retention_in_days",), "put_key": ("kms_key_id",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = {"name": module.params["name"], **set_options(module, "retention_in_days", "kms_key_id", "tags")}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "logs")

    def validate(self) -> None:
        retention = self.desired.get("retention_in_days", 0)
        if retention not in RETENTIONS:
            allowed = ", ".join(map(str, RETENTIONS))
            raise ResourceError(f"log group {self.name}: retention_in_days is {retention}; allowed are {allowed}")

    def read(self) -> Attributes | None:
        groups = self.client.list("describe_log_groups", "logGroups", logGroupNamePrefix=self.name)
        found = next((group for group in groups if group["logGroupName"] == self.name), None)
        if found is None:
            return None
        arn = found["arn"].removesuffix(":*")
        return {
            "name": self.name,
            "arn": arn,
            "retention_in_days": found.get("retentionInDays", 0),
            "kms_key_id": found.get("kmsKeyId", ""),
            "tags": self.client.list_tags_for_resource(resourceArn=arn)["tags"],
        }

    def create(self) -> None:
        optional = {"kmsKeyId": self.desired.get("kms_key_id"), "tags": self.desired.get("tags")}
        self.client.create_log_group(logGroupName=self.name, **{key: value for key, value in optional.items() if value})
        if self.desired.get("retention_in_days"):
            self.put_retention()

    def put_retention(self) -> None:
        days = self.desired["retention_in_days"]
        if days:
            self.client.put_retention_policy(logGroupName=self.name, retentionInDays=days)
        else:
            self.client.delete_retention_policy(logGroupName=self.name)

    def put_key(self) -> None:
        if self.desired["kms_key_id"]:
            self.client.associate_kms_key(logGroupName=self.name, kmsKeyId=self.desired["kms_key_id"])
        else:
            self.client.disassociate_kms_key(logGroupName=self.name)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(resourceArn=self.current["arn"], tagKeys=to_remove)
        if to_set:
            self.client.tag_resource(resourceArn=self.current["arn"], tags=to_set)

    def delete(self) -> None:
        self.client.delete_log_group(logGroupName=self.name)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "retention_in_days": {"type": "int"},
            "kms_key_id": {"type": "str", "no_log": False},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, LogGroup(module), key="log_group")


if __name__ == "__main__":
    main()
