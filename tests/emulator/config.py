# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config: recorders with a role that is there, channels that may write to their bucket, rules on a recorder.

https://docs.aws.amazon.com/config/latest/APIReference/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.config.exceptions import NoAvailableConfigurationRecorderException, NoSuchBucketException
from moto.config.models import ConfigBackend, ConfigRecorder, config_backends, validate_tags
from moto.config.responses import ConfigResponse
from moto.iam.models import Role, iam_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .policies import verdict
from .support import Params, forward

SERVICE = "config.amazonaws.com"
LINKED_ROLE = f"/aws-service-role/{SERVICE}/"
FREQUENCIES = ("CONTINUOUS", "DAILY")
NEEDED = ("s3:PutObject", "s3:GetBucketAcl", "s3:ListBucket")


class Backend(ConfigBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.beyond: dict[str, Params] = {}  # what moto's recorder does not keep, by its name
        self.recorder_tags: dict[str, dict[str, str]] = {}  # by ARN

    # ---- recorders -------------------------------------------------------------------------------

    def put_recorder(self, params: Params) -> Params:
        given = {"name": "default", **params["ConfigurationRecorder"]}
        self._check_role(given.get("roleARN") or "")
        mode = given.get("recordingMode") or {"recordingFrequency": "CONTINUOUS"}
        _check_mode(mode)
        tags = validate_tags(params.get("Tags") or [])
        self.put_configuration_recorder(given)
        name = given["name"]
        if name not in self.beyond:  # tags of a later call are ignored
            arn = f"arn:{self.partition}:config:{self.region_name}:{self.account_id}:configuration-recorder/{name}"
            self.beyond[name] = {"arn": f"{arn}/{mock_random.get_random_hex(8)}", "recordingScope": "PAID"}
            self.recorder_tags[self.beyond[name]["arn"]] = tags
        self.beyond[name]["recordingMode"] = mode
        return {}

    def describe_configuration_recorders(self, recorder_names: list[str] | None) -> list[dict[str, Any]]:
        found = super().describe_configuration_recorders(recorder_names)
        return [{key: v for key, v in one.items() if key != "status"} | self.beyond[one["name"]] for one in found]

    def delete_configuration_recorder(self, recorder_name: str) -> None:
        super().delete_configuration_recorder(recorder_name)
        self.recorder_tags.pop(self.beyond.pop(recorder_name)["arn"])

    def _check_role(self, arn: str) -> None:
        role = self._role(arn)
        trust = role and role.assume_role_policy_document
        if not trust or verdict(trust, "sts:AssumeRole", SERVICE, self._context) != "Allow":
            raise AwsError("InvalidRoleException", f"Role {arn} is not a valid role that AWS Config can assume.")

    def _role(self, arn: str) -> Role | None:
        roles = iam_backends[self.account_id][self.partition].roles.values()
        return next((role for role in roles if role.arn == arn), None)

    @property
    def _context(self) -> dict[str, str]:
        return {
            "aws:SourceAccount": self.account_id,
            "aws:SourceArn": f"arn:{self.partition}:config:{self.region_name}:{self.account_id}:*",
            "aws:SecureTransport": "true",
            "s3:x-amz-acl": "bucket-owner-full-control",
        }

    # ---- the delivery channel ----------------------------------------------------------------------

    def put_delivery_channel(self, delivery_channel: dict[str, Any]) -> None:
        if self.recorders and delivery_channel.get("s3BucketName"):
            self._check_bucket(next(iter(self.recorders.values())), delivery_channel)
        super().put_delivery_channel(delivery_channel)

    def _check_bucket(self, recorder: ConfigRecorder, channel: dict[str, Any]) -> None:
        name, prefix = channel["s3BucketName"], channel.get("s3KeyPrefix")
        s3 = s3_backends[self.account_id][self.partition]
        if name not in s3.buckets:
            raise NoSuchBucketException()
        key = "/".join(
            part for part in (prefix, "AWSLogs", self.account_id, "Config/ConfigWritabilityCheckFile") if part
        )
        where = f"arn:{self.partition}:s3:::{name}"
        if not all(
            self._may(recorder, s3.buckets[name].policy, action, f"{where}/{key}" if action == NEEDED[0] else where)
            for action in NEEDED
        ):
            raise AwsError(
                "InsufficientDeliveryPolicyException",
                f"Insufficient delivery policy to s3 bucket: {name}, unable to write to bucket, "
                f"provided s3 key prefix is '{prefix or 'null'}', "
                f"provided kms key is '{channel.get('s3KmsKeyArn') or 'null'}'.",
            )
        s3.put_object(name, key, b"")

    def _may(self, recorder: ConfigRecorder, policy: Any, action: str, resource: str) -> bool:
        """The service itself by the bucket's policy, or a role of one's own by its policies."""
        of_bucket = verdict(policy, action, SERVICE, self._context, resource)
        if of_bucket or LINKED_ROLE in recorder.role_arn:
            return of_bucket == "Allow"
        role = self._role(recorder.role_arn)
        policies = _documents(role) if role else iter(())
        return any(verdict(document, action, SERVICE, self._context, resource) == "Allow" for document in policies)

    # ---- rules and tags --------------------------------------------------------------------------

    def put_config_rule(self, config_rule: dict[str, Any], tags: list[dict[str, str]] | None = None) -> str:
        if not self.recorders:
            raise NoAvailableConfigurationRecorderException()
        there = self.config_rules.get(config_rule.get("ConfigRuleName", ""))
        kept = there and there.tags
        super().put_config_rule(config_rule, tags)
        if there:
            there.tags = kept
        return ""

    def tag_resource(self, resource_arn: str, tags: list[dict[str, str]]) -> None:
        if resource_arn in self.recorder_tags:
            self.recorder_tags[resource_arn].update(validate_tags(tags))
        else:
            super().tag_resource(resource_arn, tags)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        if resource_arn in self.recorder_tags:
            for key in tag_keys:
                self.recorder_tags[resource_arn].pop(key, None)
        else:
            super().untag_resource(resource_arn, tag_keys)

    def list_tags_for_resource(self, resource_arn: str, limit: int) -> dict[str, list[dict[str, str]]]:
        if resource_arn in self.recorder_tags:
            return {"Tags": [{"Key": k, "Value": v} for k, v in sorted(self.recorder_tags[resource_arn].items())]}
        return super().list_tags_for_resource(resource_arn, limit)


def _check_mode(mode: Params) -> None:
    for item in (mode, *mode.get("recordingModeOverrides", [])):
        if item.get("recordingFrequency") not in FREQUENCIES:
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{item.get('recordingFrequency')}' at 'configurationRecorder."
                "recordingMode.recordingFrequency' failed to satisfy constraint: Member must satisfy enum value set: "
                f"[{', '.join(FREQUENCIES)}]",
            )


def _documents(role: Role) -> Iterator[dict[str, Any]]:
    """The policies of a role, as if they were those of the resource."""
    for text in (*role.policies.values(), *(policy.document for policy in role.managed_policies.values())):
        document = json.loads(text) if isinstance(text, str) else text
        statements = document["Statement"]
        every = statements if isinstance(statements, list) else [statements]
        yield {"Statement": [{**statement, "Principal": "*"} for statement in every]}


@answer_with
class Response(ConfigResponse):
    pass


forward(Response, config_backends, {"put_configuration_recorder": "put_recorder"})
model_with(config_backends, Backend)
