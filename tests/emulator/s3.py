# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3: what a new bucket has, buckets of other accounts, whole lifecycle rules, destinations of notifications."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import AccessDeniedByLock, MalformedXML, NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .policies import allows, verdict

INVALID_DESTINATION = "Unable to validate the following destination configurations"
BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
NUMBERS = ("Days", "NoncurrentDays", "NewerNoncurrentVersions", "DaysAfterInitiation")
SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


class CorrectedS3Backend(S3Backend):
    def get_bucket(self, bucket_name: str) -> FakeBucket:
        """No policy of ours opens a bucket to another account."""
        bucket = super().get_bucket(bucket_name)
        if bucket.account_id != self.account_id:
            raise AccessDeniedByLock
        return bucket

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:
        """The defaults: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-overview.html"""
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        self.put_public_access_block(bucket_name, dict.fromkeys(BLOCKED, "true"))
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
        bucket.encryption = {"Rule": default}
        bucket.ownership_rule = "BucketOwnerEnforced"  # type: ignore[assignment]
        return bucket

    def delete_bucket_encryption(self, bucket_name: str) -> None:
        """A bucket without encryption there has not been since 2023."""
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
        self.get_bucket(bucket_name).encryption = {"Rule": default}

    def put_bucket_lifecycle_configuration(self, bucket_name: str, rules: list[dict[str, Any]]) -> None:
        super().put_bucket_lifecycle_configuration(bucket_name, rules)
        names = [rule.get("ID") for rule in rules if rule.get("ID")]
        if len(names) != len(set(names)):
            raise AwsError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
        for stored, rule in zip(self.get_bucket(bucket_name).rules, rules, strict=True):
            stored.whole = _rule(rule, stored.id)  # type: ignore[attr-defined]

    def put_bucket_notification_configuration(self, bucket_name: str, notification_config: dict[str, Any]) -> None:
        for name in ("Queue", "Topic", "CloudFunction"):
            for item in (notification_config or {}).get(f"{name}Configuration") or []:
                if not self._may_send(bucket_name, item[name]):
                    raise AwsError("InvalidArgument", INVALID_DESTINATION)
        super().put_bucket_notification_configuration(bucket_name, notification_config)

    def _may_send(self, bucket_name: str, arn: str) -> bool:
        _, partition, service, region, account, name = arn.split(":", 5)
        context = {
            "aws:SourceArn": f"arn:{partition}:s3:::{bucket_name}",
            "aws:SourceAccount": self.account_id,
            "aws:SecureTransport": "true",
        }
        if service == "sqs":
            queue = sqs_backends[account][region].queues.get(name)
            return bool(queue) and allows(queue.policy, "sqs:SendMessage", "s3.amazonaws.com", context)  # type: ignore[union-attr]
        if service == "sns":
            topic = sns_backends[account][region].topics.get(arn)
            return bool(topic) and allows(topic.policy, "sns:Publish", "s3.amazonaws.com", context)  # type: ignore[union-attr]
        return name.startswith("function:") and lambda_backends[account][region]._lambdas.get_arn(arn) is not None


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """moto passes over conditions. Who asks is of the bucket's account, and every call counts as HTTPS."""
    context = {"aws:SecureTransport": "true", "aws:PrincipalAccount": bucket.account_id}
    said = verdict(bucket.policy, action, "", context, resource)
    results = {"Allow": PermissionResult.PERMITTED, "Deny": PermissionResult.DENIED}
    return results.get(said or "", PermissionResult.NEUTRAL)


def _rule(rule: dict[str, Any], name: str | None) -> dict[str, Any]:
    """A lifecycle rule as the API gives it back: moto forgets sizes and how many versions are kept."""
    plural = {"Transition": "Transitions", "NoncurrentVersionTransition": "NoncurrentVersionTransitions"}
    whole: dict[str, Any] = {"ID": name, "Status": rule["Status"]}
    for key, value in rule.items():
        if key in plural:
            whole[plural[key]] = [_numbers(item) for item in (value if isinstance(value, list) else [value])]
        elif key == "Filter":
            whole[key] = _filter(value or {})
        elif key not in whole:
            whole[key] = _numbers(value) if isinstance(value, dict) else value or ""
    if "AbortIncompleteMultipartUpload" in rule and _narrowed(whole.get("Filter", {})):
        raise AwsError("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags or object size")
    actions = ("Expiration", *plural.values(), "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    if not any(action in whole for action in actions):
        raise AwsError("InvalidRequest", "At least one action needs to be specified in a rule")
    return whole


def _narrowed(criteria: dict[str, Any]) -> bool:
    inside = {**criteria, **criteria.get("And", {})}
    return bool(inside.keys() & {"Tag", "Tags", *SIZES})


def _filter(given: dict[str, Any]) -> dict[str, Any]:
    criteria = {key: int(value) if key in SIZES else value or "" for key, value in given.items()}
    if "And" in criteria:
        inside = _filter(criteria["And"])
        tags = inside.pop("Tag", None)
        if tags:
            inside["Tags"] = tags if isinstance(tags, list) else [tags]
        if len(inside) + len(inside.get("Tags", ())) < 2:
            raise MalformedXML
        return {"And": inside}
    return criteria


def _numbers(item: dict[str, Any]) -> dict[str, Any]:
    read = {key: int(value) if key in NUMBERS else value for key, value in item.items()}
    if "ExpiredObjectDeleteMarker" in read:
        read["ExpiredObjectDeleteMarker"] = read["ExpiredObjectDeleteMarker"] == "true"
    return read


@answer_with
class CorrectedS3Response(S3Response):
    def get_bucket_lifecycle(self) -> Any:
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        rules = self.backend.get_bucket_lifecycle(self.bucket_name)
        if not rules:
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"Rules": [rule.whole for rule in rules]}))

    def get_bucket_notification(self) -> Any:
        self.data["Action"] = "GetBucketNotificationConfiguration"
        stored = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if not stored:
            return self.serialized(EmptyResult())
        lists = {
            "TopicConfigurations": [_notification(item, "TopicArn") for item in stored.topic],
            "QueueConfigurations": [_notification(item, "QueueArn") for item in stored.queue],
            "LambdaFunctionConfigurations": [
                _notification(item, "LambdaFunctionArn") for item in stored.cloud_function
            ],
        }
        bridge = {} if stored.event_bridge is None else {"EventBridgeConfiguration": {}}
        return self.serialized(ActionResult({**{key: items for key, items in lists.items() if items}, **bridge}))


def _notification(item: Any, arn: str) -> dict[str, Any]:
    rules = {"Filter": {"Key": {"FilterRules": item.filters["S3Key"]["FilterRule"]}}} if item.filters else {}
    return {"Id": item.id, arn: item.arn, "Events": item.events, **rules}


# What the event of a removed delete marker says; moto fails on it.
FakeDeleteMarker.etag = ""  # type: ignore[attr-defined]
FakeDeleteMarker.size = 0  # type: ignore[attr-defined]
FakeBucket.get_permission = _permission  # type: ignore[method-assign]
model_with(s3_backends, CorrectedS3Backend)
