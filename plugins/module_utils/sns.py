# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNS topics, their policy and their subscriptions."""

from __future__ import annotations

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
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    without_none,
)

PROTOCOLS = ["email", "email-json", "sms", "sqs", "http", "https", "lambda", "firehose"]
ATTRIBUTES = {"display_name": "DisplayName", "kms_key_id": "KmsMasterKeyId", "policy": "Policy"}
MANAGED_KEY = "alias/aws/sns"
WITHOUT_SOURCE_ACCOUNT = ("events.amazonaws.com",)
OPTIONS = ("display_name", "kms_key_id", "subscriptions", "tags")
SUBSCRIPTION_SPEC = {
    "protocol": {"type": "str", "required": True, "choices": PROTOCOLS},
    "endpoint": {"type": "str", "required": True},
}
POLICY_SPEC = {
    "kms_key_id": {"type": "str", "no_log": False},
    "publishers": {"type": "list", "elements": "str"},
    "secure_transport_only": {"type": "bool", "default": True},
    "purge_subscriptions": {"type": "bool", "default": True},
}


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


class Region:
    """SNS in a region, and what topics' ARNs have in common."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.client = RetryingClient(module, "sns")

    @cached_property
    def identity(self) -> dict[str, str]:
        return RetryingClient(self.module, "sts").get_caller_identity()

    def arn(self, name: str) -> str:
        partition = self.identity["Arn"].split(":")[1]
        return f"arn:{partition}:sns:{self.module.region}:{self.identity['Account']}:{name}"

    def tagged(self, prefix: str, tags: dict[str, str]) -> list[str]:
        """The names of the topics of the prefix that carry the tags; SNS itself is asked for those of each."""
        tagging = RetryingClient(self.module, "resourcegroupstaggingapi")
        filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
        found = tagging.list("get_resources", "ResourceTagMappingList", TagFilters=filters, ResourceTypeFilters=["sns"])
        arns = [item["ResourceARN"] for item in found if item["ResourceARN"].startswith(self.arn(prefix))]
        return [arn.rpartition(":")[2] for arn in arns if tags.items() <= self.tags(arn).items()]

    def tags(self, arn: str) -> dict[str, str]:
        try:
            return boto3_tag_list_to_ansible_dict(self.client.list_tags_for_resource(ResourceArn=arn)["Tags"])
        except is_boto3_error_code(["NotFound", "NotFoundException", "ResourceNotFound"]):
            return {}  # deleted a moment ago


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

    def __init__(self, region: Region, given: Attributes, state: str) -> None:
        """`given` has the options of one topic, and those that all have."""
        self.given = given
        desired = without_none({key: given.get(key) for key in ("name", *OPTIONS)})
        super().__init__(region.module, given["name"], desired, state)
        self.region, self.client = region, region.client
        self.ended: dict[tuple[str, str], str] = {}  # what can be unsubscribed: (protocol, endpoint) -> ARN

    @cached_property
    def arn(self) -> str:
        return self.region.arn(self.name)

    def validate(self) -> None:
        if self.state == "absent":
            return
        publishers = self.given.get("publishers")
        if not re.fullmatch(r"[\w-]{1,256}", self.name, re.ASCII):
            raise ResourceError(f"topic name is {self.name}; allowed are letters, digits, hyphens and underscores")
        if publishers and self.desired.get("kms_key_id", "").endswith(MANAGED_KEY):
            raise ResourceError(
                f"topic {self.name}: kms_key_id is {MANAGED_KEY}, which {', '.join(publishers)} cannot use; allowed "
                "are empty and a key of the account whose policy lets them"
            )
        if publishers is not None:
            self.desired["policy"] = topic_policy(self.arn, publishers, self.given["secure_transport_only"])

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
        return [s for s in desired if s not in current], surplus if self.given["purge_subscriptions"] else []

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
