#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic
short_description: Manage an SNS topic with its policy and subscriptions
version_added: 0.1.0
description:
  - Creates, changes and deletes a standard topic, see U(https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html).
  - In check mode a topic that is not there yet has the ARN that it will have.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the topic; letters, digits, hyphens and underscores.
    type: str
    required: true
  display_name:
    description:
      - What e-mail messages show as their sender, and SMS messages start with.
    type: str
  kms_key_id:
    description:
      - The KMS key that encrypts messages, an ARN, an ID or an alias such as V(alias/shop-topics). Empty for none, when
        SNS encrypts its disks and nothing more.
      - V(alias/aws/sns) is refused together with O(publishers), because AWS services cannot use that key. They need a
        key of the account whose policy lets them, see
        U(https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    type: str
  publishers:
    description:
      - The AWS services that may publish, such as V(cloudwatch.amazonaws.com) for alarms and
        V(events.amazonaws.com) for EventBridge. Each may do so for this account only, except for EventBridge, which
        knows no such condition.
      - Makes up the topic's policy, together with O(secure_transport_only). Excludes O(policy).
    type: list
    elements: str
  secure_transport_only:
    description:
      - Whether the policy that O(publishers) makes up refuses to publish over plain HTTP.
    type: bool
    default: true
  policy:
    description:
      - The whole policy of the topic, a JSON document.
    type: json
  subscriptions:
    description:
      - Who gets the messages. C(email), C(email-json), C(http) and C(https) have to confirm; until they do, they are
        pending.
    type: list
    elements: dict
    suboptions:
      protocol:
        description: How messages are delivered.
        type: str
        required: true
        choices: [email, email-json, sms, sqs, http, https, lambda, firehose]
      endpoint:
        description: The address, phone number, ARN or URL.
        type: str
        required: true
  purge_subscriptions:
    description:
      - Whether to end the subscriptions that are not in O(subscriptions). Pending ones stay, since AWS does not let one
        end them; they expire.
    type: bool
    default: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create the topic that alarms go to
  slipway.fargate.sns_topic:
    name: shop-prod-critical
    display_name: Shop
    publishers: [cloudwatch.amazonaws.com, events.amazonaws.com]
    subscriptions:
      - {protocol: email, endpoint: oncall@example.com}
    tags:
      Environment: prod

- name: Remove the topic
  slipway.fargate.sns_topic:
    name: shop-prod-critical
    state: absent
"""

RETURN = r"""
topic:
  description: The topic; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the topic.
      type: str
      sample: shop-prod-critical
    arn:
      description: The ARN of the topic.
      type: str
      sample: arn:aws:sns:eu-west-1:123456789012:shop-prod-critical
    display_name:
      description: The display name.
      type: str
      sample: Shop
    kms_key_id:
      description: The KMS key, or empty.
      type: str
      sample: ""
    policy:
      description: The policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    subscriptions:
      description: The subscriptions, pending ones too.
      type: list
      elements: dict
      sample: [{"protocol": "email", "endpoint": "oncall@example.com"}]
    pending_subscriptions:
      description: The endpoints that have not confirmed yet.
      type: list
      elements: str
      sample: [oncall@example.com]
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
      resource: SNS topic
      name: shop-prod-critical
      attributes: {"display_name": {"before": "", "after": "Shop"}}
"""

import json
import re
from functools import cached_property
from typing import Any

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
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

PROTOCOLS = ["email", "email-json", "sms", "sqs", "http", "https", "lambda", "firehose"]
ATTRIBUTES = {"display_name": "DisplayName", "kms_key_id": "KmsMasterKeyId", "policy": "Policy"}
MANAGED_KEY = "alias/aws/sns"
WITHOUT_SOURCE_ACCOUNT = ("events.amazonaws.com",)


def topic_policy(arn: str, publishers: list[str], secure_transport_only: bool) -> Attributes:
    """A policy that lets these AWS services publish, of this account alone where they say for whom they act."""
    allowed = []
    for service in publishers:
        statement: Attributes = {
            "Sid": "Publish" + "".join(part.capitalize() for part in re.split(r"\W", service.split(".")[0])),
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": arn,
        }
        if service not in WITHOUT_SOURCE_ACCOUNT:
            statement["Condition"] = {"StringEquals": {"aws:SourceAccount": arn.split(":")[4]}}
        allowed.append(statement)
    refused = {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [*allowed, *([refused] if secure_transport_only else [])]}


class Topic(Resource):
    type_name = "SNS topic"
    defaults = {"display_name": "", "kms_key_id": "", "subscriptions": [], "pending_subscriptions": [], "tags": {}}
    assigned = ("policy",)
    unordered = ("subscriptions",)
    policies = ("policy",)
    updates = {
        "put_display_name": ("display_name",),
        "put_kms_key_id": ("kms_key_id",),
        "put_policy": ("policy",),
        "put_subscriptions": ("subscriptions",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, "display_name", "kms_key_id", "subscriptions", "tags")
        super().__init__(
            module, module.params["name"], {"name": module.params["name"], **options}, module.params["state"]
        )
        self.client = RetryingClient(module, "sns")
        self.ended: dict[tuple[str, str], str] = {}  # what can be unsubscribed: (protocol, endpoint) -> ARN

    @cached_property
    def arn(self) -> str:
        identity = RetryingClient(self.module, "sts").get_caller_identity()
        partition = identity["Arn"].split(":")[1]
        return f"arn:{partition}:sns:{self.module.region}:{identity['Account']}:{self.name}"

    def validate(self) -> None:
        if self.state == "absent":
            return
        publishers, policy = self.module.params["publishers"], self.module.params["policy"]
        if not re.fullmatch(r"[\w-]{1,256}", self.name, re.ASCII):
            raise ResourceError(f"topic name is {self.name}; allowed are letters, digits, hyphens and underscores")
        if publishers and self.desired.get("kms_key_id", "").endswith(MANAGED_KEY):
            raise ResourceError(
                f"topic {self.name}: kms_key_id is {MANAGED_KEY}, which {', '.join(publishers)} cannot use; allowed "
                "are empty and a key of the account whose policy lets them"
            )
        if publishers is not None:
            self.desired["policy"] = topic_policy(self.arn, publishers, self.module.params["secure_transport_only"])
        elif policy:
            self.desired["policy"] = json.loads(policy)

    def predict(self) -> Attributes:
        waiting = [
            s["endpoint"] for s in self.desired.get("subscriptions", []) if s["protocol"][:4] in ("emai", "http")
        ]
        return {"arn": self.arn, "pending_subscriptions": sorted(waiting)}

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_topic_attributes(TopicArn=self.arn)["Attributes"]
        except is_boto3_error_code(["NotFound", "NotFoundException"]):
            return None
        there = self.client.list("list_subscriptions_by_topic", "Subscriptions", TopicArn=self.arn)
        there = [s for s in there if s["SubscriptionArn"] != "Deleted"]
        confirmed = [s for s in there if s["SubscriptionArn"].startswith("arn:")]
        self.ended = {(s["Protocol"], s["Endpoint"]): s["SubscriptionArn"] for s in confirmed}
        tags = self.client.list_tags_for_resource(ResourceArn=self.arn)["Tags"]
        return {
            "name": self.name,
            "arn": self.arn,
            "display_name": found.get("DisplayName", ""),
            "kms_key_id": found.get("KmsMasterKeyId", ""),
            "policy": json.loads(found["Policy"]),
            "subscriptions": [{"protocol": s["Protocol"], "endpoint": s["Endpoint"]} for s in there],
            "pending_subscriptions": sorted(s["Endpoint"] for s in there if s not in confirmed),
            "tags": boto3_tag_list_to_ansible_dict(tags),
        }

    def same(self, key: str) -> bool:
        if key == "subscriptions":
            return not any(self.subscription_changes())
        return super().same(key)

    def subscription_changes(self) -> tuple[list[Attributes], list[Attributes]]:
        """Those to subscribe, and those to end."""
        current, desired = (self.current or {}).get("subscriptions", []), self.desired["subscriptions"]
        surplus = [s for s in current if s not in desired and (s["protocol"], s["endpoint"]) in self.ended]
        return [s for s in desired if s not in current], surplus if self.module.params["purge_subscriptions"] else []

    def expected(self) -> Attributes:
        after = super().expected()
        if self.current is not None and "subscriptions" in after and "subscriptions" in self.desired:
            to_add, to_end = self.subscription_changes()
            after["subscriptions"] = [s for s in self.current["subscriptions"] if s not in to_end] + to_add
        return after

    def create(self) -> None:
        values = {name: self.desired.get(key) for key, name in ATTRIBUTES.items()}
        attributes = {name: as_text(value) for name, value in values.items() if value}
        tags = ansible_dict_to_boto3_tag_list(self.desired.get("tags", {}))
        self.client.create_topic(Name=self.name, Attributes=attributes, **({"Tags": tags} if tags else {}))
        if self.desired.get("subscriptions"):
            self.put_subscriptions()

    def put_display_name(self) -> None:
        self.put("display_name")

    def put_kms_key_id(self) -> None:
        self.put("kms_key_id")

    def put_policy(self) -> None:
        self.put("policy")

    def put(self, key: str) -> None:
        value = as_text(self.desired[key])
        self.client.set_topic_attributes(TopicArn=self.arn, AttributeName=ATTRIBUTES[key], AttributeValue=value)

    def put_subscriptions(self) -> None:
        to_add, to_end = self.subscription_changes()
        for new in to_add:
            self.client.subscribe(TopicArn=self.arn, Protocol=new["protocol"], Endpoint=new["endpoint"])
        for old in to_end:
            self.client.unsubscribe(SubscriptionArn=self.ended[old["protocol"], old["endpoint"]])

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceArn=self.arn, TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceArn=self.arn, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        self.client.delete_topic(TopicArn=self.arn)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def main() -> None:
    subscription = {
        "protocol": {"type": "str", "required": True, "choices": PROTOCOLS},
        "endpoint": {"type": "str", "required": True},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "display_name": {"type": "str"},
            "kms_key_id": {"type": "str", "no_log": False},
            "publishers": {"type": "list", "elements": "str"},
            "secure_transport_only": {"type": "bool", "default": True},
            "policy": {"type": "json"},
            "subscriptions": {"type": "list", "elements": "dict", "options": subscription},
            "purge_subscriptions": {"type": "bool", "default": True},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
        mutually_exclusive=[("policy", "publishers")],
    )
    run(module, Topic(module), key="topic")


if __name__ == "__main__":
    main()
