#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_queue
short_description: Manage an SQS queue
version_added: 0.1.0
description:
  - Creates, changes and deletes a queue, see
    U(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html).
  - M(community.aws.sqs_queue) cannot switch the encryption with keys of SQS on or off, ignores a KMS key for a queue
    that is already there, shows no diff, and fails for a minute after the deletion of a queue of the same name.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the queue. That of a FIFO queue ends in V(.fifo), and whatever does is one.
    type: str
    required: true
  message_retention_period:
    description:
      - For how many seconds a message is kept, from V(60) to V(1209600).
    type: int
  receive_message_wait_time_seconds:
    description:
      - For how many seconds a request for messages waits for one, from V(0) to V(20).
    type: int
  visibility_timeout:
    description:
      - For how many seconds a received message is hidden from others, from V(0) to V(43200).
    type: int
  delay_seconds:
    description:
      - For how many seconds a new message is held back, from V(0) to V(900).
    type: int
  maximum_message_size:
    description:
      - The largest message in bytes, from V(1024) to V(1048576).
    type: int
  content_based_deduplication:
    description:
      - Whether a FIFO queue takes messages with the same content for the same message.
    type: bool
  sqs_managed_sse_enabled:
    description:
      - Whether messages are encrypted at rest with keys of SQS. V(true) takes a KMS key away.
    type: bool
  kms_master_key_id:
    description:
      - The ARN, identifier or alias of the KMS key that encrypts messages at rest, in place of the keys of SQS.
      - An empty string takes it away.
    type: str
  kms_data_key_reuse_period_seconds:
    description:
      - For how many seconds SQS uses a data key before it asks KMS again, from V(60) to V(86400).
    type: int
  policy:
    description:
      - The policy of the queue, as JSON or as a dictionary; an empty one removes it. It is compared by what it allows,
        not by its text.
    type: json
  redrive_policy:
    description:
      - Where messages go that nobody could process; an empty one ends it.
    type: dict
    suboptions:
      dead_letter_target_arn:
        description: The ARN of the dead letter queue.
        type: str
      max_receive_count:
        description: After how many receptions.
        type: int
  wait_timeout:
    description:
      - For how many seconds to try again while SQS refuses a name that was deleted in the last minute.
    type: int
    default: 90
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A queue with a dead letter queue
  slipway.fargate.sqs_queue:
    name: shop-prod-orders
    sqs_managed_sse_enabled: true
    message_retention_period: 1209600
    receive_message_wait_time_seconds: 20
    redrive_policy:
      dead_letter_target_arn: arn:aws:sqs:eu-west-1:123456789012:shop-prod-orders-dlq
      max_receive_count: 5

- name: Remove the queue with the messages in it
  slipway.fargate.sqs_queue:
    name: shop-prod-orders
    state: absent
"""

RETURN = r"""
queue:
  description: The queue; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-orders
    url:
      description: The URL.
      type: str
      sample: https://sqs.eu-west-1.amazonaws.com/123456789012/shop-prod-orders
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:sqs:eu-west-1:123456789012:shop-prod-orders
    message_retention_period:
      description: For how many seconds a message is kept.
      type: int
      sample: 345600
    receive_message_wait_time_seconds:
      description: For how many seconds a request for messages waits.
      type: int
      sample: 0
    visibility_timeout:
      description: For how many seconds a received message is hidden.
      type: int
      sample: 30
    delay_seconds:
      description: For how many seconds a new message is held back.
      type: int
      sample: 0
    maximum_message_size:
      description: The largest message in bytes.
      type: int
      sample: 1048576
    content_based_deduplication:
      description: Whether a FIFO queue compares contents.
      type: bool
      sample: false
    sqs_managed_sse_enabled:
      description: Whether messages are encrypted with keys of SQS.
      type: bool
      sample: true
    kms_master_key_id:
      description: The KMS key, or empty.
      type: str
      sample: ""
    kms_data_key_reuse_period_seconds:
      description: For how many seconds a data key is used.
      type: int
      sample: 300
    policy:
      description: The policy, or empty.
      type: dict
      sample: {}
    redrive_policy:
      description: Where messages go that nobody could process, or empty.
      type: dict
      sample: {}
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
      resource: SQS queue
      name: shop-prod-orders
      attributes: {"visibility_timeout": {"before": 30, "after": 60}}
"""

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
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
    wait_for,
)

# option -> attribute in AWS, least, most and default value, see
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
NUMBERS = {
    "message_retention_period": ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    "receive_message_wait_time_seconds": ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    "visibility_timeout": ("VisibilityTimeout", 0, 43_200, 30),
    "delay_seconds": ("DelaySeconds", 0, 900, 0),
    "maximum_message_size": ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    "kms_data_key_reuse_period_seconds": ("KmsDataKeyReusePeriodSeconds", 60, 86_400, 300),
}
FLAGS = {
    "content_based_deduplication": "ContentBasedDeduplication",
    "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
}
NOT_THERE = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]
DELETED_RECENTLY = ["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"]


class Queue(Resource):
    type_name = "SQS queue"
    assigned = ("url", "arn")
    defaults = {
        **{option: number[-1] for option, number in NUMBERS.items()},
        "content_based_deduplication": False,
        "sqs_managed_sse_enabled": True,
        "kms_master_key_id": "",
        "policy": {},
        "redrive_policy": {},
        "tags": {},
    }
    policies = ("policy",)

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, *NUMBERS, *FLAGS, "kms_master_key_id", "redrive_policy", "tags")
        if options.get("sqs_managed_sse_enabled"):
            options.setdefault("kms_master_key_id", "")
        if options.get("kms_master_key_id"):  # the key takes the place of those of SQS
            options.setdefault("sqs_managed_sse_enabled", False)
        if module.params["policy"] is not None:
            options["policy"] = json.loads(module.params["policy"] or "{}")
        desired = {"name": module.params["name"], **options}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "sqs")

    def validate(self) -> None:
        problems = [
            f"{option} is {self.desired[option]}; allowed are {least} to {most}"
            for option, (_, least, most, _) in NUMBERS.items()
            if option in self.desired and not least <= self.desired[option] <= most
        ]
        if self.desired.get("sqs_managed_sse_enabled") and self.desired["kms_master_key_id"]:
            problems.append("sqs_managed_sse_enabled and kms_master_key_id exclude each other")
        if self.desired.get("content_based_deduplication") and not self.name.endswith(".fifo"):
            problems.append("content_based_deduplication is for queues whose name ends in .fifo")
        redrive = self.desired.get("redrive_policy", {})
        if redrive and len(redrive) != 2:
            problems.append("redrive_policy needs both dead_letter_target_arn and max_receive_count")
        if problems:
            raise ResourceError(f"queue {self.name}: " + "; ".join(problems))

    def same(self, key: str) -> bool:
        if key == "redrive_policy":  # an empty one counts as well
            return self.current[key] == self.desired[key]
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        return {**after, **{key: self.desired[key] for key in after.keys() & {"redrive_policy"} & self.desired.keys()}}

    def read(self) -> Attributes | None:
        try:
            url = self.client.get_queue_url(QueueName=self.name)["QueueUrl"]
            found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            tags = self.client.list_queue_tags(QueueUrl=url).get("Tags", {})
        except is_boto3_error_code(NOT_THERE):
            return None
        redrive = json.loads(found.get("RedrivePolicy") or "{}")
        return {
            "name": self.name,
            "url": url,
            "arn": found["QueueArn"],
            **{option: int(found.get(name, default)) for option, (name, _, _, default) in NUMBERS.items()},
            **{option: str(found.get(name, False)).lower() == "true" for option, name in FLAGS.items()},
            "kms_master_key_id": found.get("KmsMasterKeyId", ""),
            "policy": json.loads(found.get("Policy") or "{}"),
            "redrive_policy": {
                "dead_letter_target_arn": redrive["deadLetterTargetArn"],
                "max_receive_count": int(redrive["maxReceiveCount"]),
            }
            if redrive
            else {},
            "tags": tags,
        }

    def _attributes(self, changed: set[str]) -> dict[str, str]:
        """The changed attributes as SQS takes them; the two kinds of encryption are said together."""
        encryption = {"sqs_managed_sse_enabled", "kms_master_key_id"}
        if changed & encryption:
            changed = changed | (encryption & self.desired.keys())
        attributes: dict[str, Any] = {NUMBERS[key][0]: self.desired[key] for key in changed & NUMBERS.keys()}
        attributes |= {FLAGS[key]: str(self.desired[key]).lower() for key in changed & FLAGS.keys()}
        if "kms_master_key_id" in changed:
            attributes["KmsMasterKeyId"] = self.desired["kms_master_key_id"]
        if "policy" in changed:
            attributes["Policy"] = json.dumps(self.desired["policy"]) if self.desired["policy"] else ""
        if "redrive_policy" in changed:
            attributes["RedrivePolicy"] = self._redrive()
        return {key: str(value) for key, value in attributes.items()}

    def _redrive(self) -> str:
        policy = self.desired["redrive_policy"]
        names = {"deadLetterTargetArn": "dead_letter_target_arn", "maxReceiveCount": "max_receive_count"}
        return json.dumps({name: policy[key] for name, key in names.items()}) if policy else ""

    def create(self) -> None:
        attributes = {key: value for key, value in self._attributes(set(self.desired)).items() if value}
        if self.name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        tags = self.desired.get("tags", {})

        def refusal() -> str:
            try:
                self.client.create_queue(QueueName=self.name, Attributes=attributes, tags=tags)
            except is_boto3_error_code(DELETED_RECENTLY) as error:
                return str(error)
            return ""

        what = f"queue {self.name}: the deletion of the one that had its name"
        wait_for(refusal, lambda seen: not seen, what=what, timeout=self.module.params["wait_timeout"])

    def update(self, changed: set[str]) -> None:
        url = self.current["url"]
        attributes = self._attributes(changed)
        if attributes:
            self.client.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        if "tags" in changed:
            to_set, to_remove = self.tag_changes()
            if to_remove:
                self.client.untag_queue(QueueUrl=url, TagKeys=to_remove)
            if to_set:
                self.client.tag_queue(QueueUrl=url, Tags=to_set)

    def delete(self) -> None:
        self.client.delete_queue(QueueUrl=self.current["url"])


def main() -> None:
    redrive = {"dead_letter_target_arn": {"type": "str"}, "max_receive_count": {"type": "int"}}
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            **{option: {"type": "int", "no_log": False} for option in NUMBERS},
            **{option: {"type": "bool"} for option in FLAGS},
            "kms_master_key_id": {"type": "str", "no_log": False},
            "policy": {"type": "json"},
            "redrive_policy": {"type": "dict", "options": redrive},
            "wait_timeout": {"type": "int", "default": 90},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Queue(module), key="queue")


if __name__ == "__main__":
    main()
