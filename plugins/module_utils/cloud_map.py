# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of AWS Cloud Map have in common: tags and operations."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    RetryingClient,
    wait_for,
)


def operation_of(answer: Attributes) -> str:
    """The operation that an answer names, if any."""
    return answer.get("OperationId", "")


class CloudMapResource(Resource):
    """A resource with tags, whose changes are operations that take a moment."""

    def __init__(self, module: AnsibleAWSModule, name: str, desired: Attributes, state: str) -> None:
        super().__init__(module, name, desired, state)
        self.client = RetryingClient(module, "servicediscovery")

    def read_tags(self, arn: str) -> dict[str, str]:
        return boto3_tag_list_to_ansible_dict(self.client.list_tags_for_resource(ResourceARN=arn)["Tags"])

    def tag_list(self, tags: dict[str, str]) -> list[dict[str, str]]:
        return ansible_dict_to_boto3_tag_list(tags)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceARN=self.current["arn"], TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceARN=self.current["arn"], Tags=self.tag_list(to_set))

    def wait_for_operation(self, identity: str) -> None:
        def failed(operation: dict[str, Any]) -> str | None:
            return operation.get("ErrorMessage", "no reason given") if operation["Status"] == "FAIL" else None

        wait_for(
            lambda: self.client.get_operation(OperationId=identity)["Operation"],
            lambda operation: operation["Status"] == "SUCCESS",
            what=f"{self.type_name} {self.name}: operation {identity}",
            timeout=self.module.params["wait_timeout"],
            failed=failed,
            describe=lambda operation: operation["Status"],
        )
