# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the resources of SES v2 have in common: they are found by their names, and tagged by their ARNs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, Resource, RetryingClient


class SesResource(Resource):
    kind = ""  # of the ARN

    def __init__(self, module: AnsibleAWSModule, name: str, desired: Attributes, state: str) -> None:
        super().__init__(module, name, desired, state)
        self.client = RetryingClient(module, "sesv2", "TooManyRequestsException", "ConcurrentModificationException")

    def get(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any] | None:
        try:
            return operation(**parameters)
        except is_boto3_error_code("NotFoundException"):
            return None

    def tag_parameters(self) -> dict[str, Any]:
        tags = self.desired.get("tags")
        return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}

    def put_tags(self) -> None:
        caller = RetryingClient(self.module, "sts").get_caller_identity()
        partition, region = caller["Arn"].split(":")[1], self.module.region
        arn = f"arn:{partition}:ses:{region}:{caller['Account']}:{self.kind}/{self.name}"
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceArn=arn, TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceArn=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))


def tags_of(found: dict[str, Any]) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(found.get("Tags") or [])
