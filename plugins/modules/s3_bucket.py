#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket
short_description: Manage an S3 bucket with everything that belongs to it
version_added: 0.1.0
description:
  - Creates, changes and deletes a bucket, see U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html),
    together with its encryption, public access block, versioning, object ownership, policy, CORS and lifecycle rules,
    notifications, access logging and tags.
  - M(amazon.aws.s3_bucket) and M(community.aws.s3_lifecycle) have no check mode, and
    M(community.aws.s3_bucket_notification) fails on a bucket that is not there yet.
  - A bucket that holds anything is deleted only with O(empty=true). A bucket of another account, or of another region,
    is refused.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the bucket. It is unique across all accounts of the AWS partition.
    type: str
    required: true
  sse_algorithm:
    description:
      - How new objects are encrypted, see
        U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html).
    type: str
    choices: [AES256, "aws:kms", "aws:kms:dsse"]
  kms_key_id:
    description:
      - The ARN of the KMS key, with O(sse_algorithm=aws:kms) or O(sse_algorithm=aws:kms:dsse). An empty string is the
        key of AWS for S3.
    type: str
  bucket_key_enabled:
    description:
      - Whether S3 asks KMS once per bucket key rather than once per object.
    type: bool
  block_public_acls:
    description:
      - Whether S3 refuses ACLs that make something public, see
        U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html).
    type: bool
  ignore_public_acls:
    description:
      - Whether S3 ignores ACLs that make something public.
    type: bool
  block_public_policy:
    description:
      - Whether S3 refuses a bucket policy that makes something public.
    type: bool
  restrict_public_buckets:
    description:
      - Whether a bucket with a public policy is nonetheless closed to everybody but the account and AWS services.
    type: bool
  versioning:
    description:
      - Whether S3 keeps every version of an object. V(false) suspends it; versions that are there stay.
    type: bool
  object_ownership:
    description:
      - Who owns objects, and whether ACLs count. V(BucketOwnerEnforced) switches ACLs off.
    type: str
    choices: [BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter]
  policy:
    description:
      - The bucket policy, as JSON or as a dictionary; an empty one removes it. It is compared by what it allows, not by
        its text.
    type: json
  cors_rules:
    description:
      - The cross-origin rules, all of them; an empty list removes them. The first one that matches counts. See
        U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html).
    type: list
    elements: dict
    suboptions:
      id:
        description: A name for the rule.
        type: str
      allowed_origins:
        description: The origins, such as V(https://example.com), or V(*).
        type: list
        elements: str
        required: true
      allowed_methods:
        description: The methods.
        type: list
        elements: str
        choices: [GET, PUT, HEAD, POST, DELETE]
        required: true
      allowed_headers:
        description: The request headers.
        type: list
        elements: str
      expose_headers:
        description: The response headers that a browser shows to the page.
        type: list
        elements: str
      max_age_seconds:
        description: How many seconds a browser may remember the answer.
        type: int
  lifecycle_rules:
    description:
      - The lifecycle rules, all of them, in any order; an empty list removes them. See
        U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html).
    type: list
    elements: dict
    suboptions:
      id:
        description: The name of the rule.
        type: str
        required: true
      enabled:
        description: Whether the rule is in force.
        type: bool
        default: true
      prefix:
        description: Only objects whose keys begin with it.
        type: str
      tags:
        description: Only objects with all of these tags.
        type: dict
      object_size_greater_than:
        description: Only objects of more than so many bytes.
        type: int
      object_size_less_than:
        description: Only objects of less than so many bytes.
        type: int
      transitions:
        description: When objects move to another storage class.
        type: list
        elements: dict
        suboptions:
          days:
            description: So many days after the object was created.
            type: int
          date:
            description: On that day, as V(2030-12-31).
            type: str
          storage_class:
            description: Where to.
            type: str
            choices: [STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE]
            required: true
      expiration_days:
        description: Objects are deleted so many days after they were created.
        type: int
      expiration_date:
        description: Objects are deleted on that day, as V(2030-12-31).
        type: str
      expired_object_delete_marker:
        description: Whether a delete marker is removed once no version stands behind it.
        type: bool
      noncurrent_version_transitions:
        description: When versions that are no longer current move to another storage class.
        type: list
        elements: dict
        suboptions:
          noncurrent_days:
            description: So many days after they were replaced.
            type: int
            required: true
          newer_noncurrent_versions:
            description: Only when there are more than so many newer ones.
            type: int
          storage_class:
            description: Where to.
            type: str
            choices: [STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE]
            required: true
      noncurrent_version_expiration:
        description: When versions that are no longer current are deleted.
        type: dict
        suboptions:
          noncurrent_days:
            description: So many days after they were replaced.
            type: int
            required: true
          newer_noncurrent_versions:
            description: Only when there are more than so many newer ones.
            type: int
      abort_incomplete_multipart_upload_days:
        description: Uploads that were not finished are dropped so many days after they began.
        type: int
  notifications:
    description:
      - Who is told of events, all of them, in any order; an empty list removes them. See
        U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html).
      - S3 tries each destination, so its policy must let this bucket send before.
    type: list
    elements: dict
    suboptions:
      queue:
        description: The ARN of an SQS queue.
        type: str
      topic:
        description: The ARN of an SNS topic.
        type: str
      lambda_function:
        description: The ARN of a Lambda function.
        type: str
      events:
        description: The events, such as V(s3:ObjectCreated:*).
        type: list
        elements: str
        required: true
      prefix:
        description: Only objects whose keys begin with it.
        type: str
      suffix:
        description: Only objects whose keys end with it.
        type: str
  event_bridge:
    description:
      - Whether every event goes to EventBridge too.
    type: bool
  logging_target_bucket:
    description:
      - The bucket that access logs go to; an empty string switches them off.
    type: str
  logging_target_prefix:
    description:
      - What the keys of access logs begin with.
    type: str
  empty:
    description:
      - With O(state=absent), whether to delete every object, version, delete marker and unfinished upload first.
      - Without it a bucket that holds anything is left as it is, and the module fails.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to try again while S3 refuses the destination of a notification.
      - The policy of a queue takes up to a minute to have effect.
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
- name: A private bucket that tells a queue of new objects
  slipway.fargate.s3_bucket:
    name: shop-prod-uploads
    sse_algorithm: AES256
    block_public_acls: true
    ignore_public_acls: true
    block_public_policy: true
    restrict_public_buckets: true
    object_ownership: BucketOwnerEnforced
    versioning: true
    notifications:
      - queue: arn:aws:sqs:eu-west-1:123456789012:shop-prod-uploads
        events: ["s3:ObjectCreated:*"]
    lifecycle_rules:
      - id: unfinished-uploads
        abort_incomplete_multipart_upload_days: 7
      - id: old-versions
        noncurrent_version_expiration:
          noncurrent_days: 30

- name: Remove the bucket with all that it holds
  slipway.fargate.s3_bucket:
    name: shop-prod-uploads
    state: absent
    empty: true
"""

RETURN = r"""
bucket:
  description: The bucket; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-uploads
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:s3:::shop-prod-uploads
    region:
      description: The region.
      type: str
      sample: eu-west-1
    sse_algorithm:
      description: How new objects are encrypted.
      type: str
      sample: AES256
    kms_key_id:
      description: The KMS key, or empty.
      type: str
      sample: ""
    bucket_key_enabled:
      description: Whether there is a bucket key.
      type: bool
      sample: false
    block_public_acls:
      description: Whether public ACLs are refused.
      type: bool
      sample: true
    ignore_public_acls:
      description: Whether public ACLs are ignored.
      type: bool
      sample: true
    block_public_policy:
      description: Whether a public policy is refused.
      type: bool
      sample: true
    restrict_public_buckets:
      description: Whether a public policy has no effect.
      type: bool
      sample: true
    versioning:
      description: Whether every version is kept.
      type: bool
      sample: true
    object_ownership:
      description: Who owns objects; empty for a bucket of before 2021 that never said.
      type: str
      sample: BucketOwnerEnforced
    object_lock_enabled:
      description: Whether object lock is on. It can be switched on for a new bucket only, and not by this module.
      type: bool
      sample: false
    policy:
      description: The bucket policy, or empty.
      type: dict
      sample: {}
    cors_rules:
      description: The cross-origin rules, as in the option, without what is not set.
      type: list
      elements: dict
      sample: []
    lifecycle_rules:
      description: The lifecycle rules, as in the option, without what is not set.
      type: list
      elements: dict
      sample:
        - id: unfinished-uploads
          enabled: true
          abort_incomplete_multipart_upload_days: 7
    notifications:
      description: The notifications, as in the option, without what is not set.
      type: list
      elements: dict
      sample:
        - queue: arn:aws:sqs:eu-west-1:123456789012:shop-prod-uploads
          events: ["s3:ObjectCreated:*"]
    event_bridge:
      description: Whether every event goes to EventBridge.
      type: bool
      sample: false
    logging_target_bucket:
      description: The bucket that access logs go to, or empty.
      type: str
      sample: ""
    logging_target_prefix:
      description: What the keys of access logs begin with.
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
      resource: S3 bucket
      name: shop-prod-uploads
      attributes: {"versioning": {"before": false, "after": true}}
"""

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils import s3
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    in_order,
    run,
    set_options,
    wait_for,
)

NOT_SET = [  # what S3 says of a part of a bucket that was never configured
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ObjectLockConfigurationNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
]
ENCRYPTION = ("sse_algorithm", "kms_key_id", "bucket_key_enabled")
PUBLIC_ACCESS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
LOGGING = ("logging_target_bucket", "logging_target_prefix")
RULES = {"cors_rules": s3.cors_rule, "lifecycle_rules": s3.lifecycle_rule, "notifications": s3.notification}
ORDERED = ("cors_rules",)
AS_GIVEN = ("versioning", "object_ownership", "event_bridge", "tags")


class Bucket(Resource):
    type_name = "S3 bucket"
    # What AWS gives a new bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-overview.html
    defaults = {
        "sse_algorithm": "AES256",
        "kms_key_id": "",
        "bucket_key_enabled": False,
        **dict.fromkeys(PUBLIC_ACCESS, True),
        "versioning": False,
        "object_ownership": "BucketOwnerEnforced",
        "object_lock_enabled": False,
        "policy": {},
        **{key: [] for key in RULES},
        "event_bridge": False,
        **dict.fromkeys(LOGGING, ""),
        "tags": {},
    }
    policies = ("policy",)
    # In the order of writing: what a policy needs comes before it, and it before what needs it.
    updates = {
        "put_public_access_block": PUBLIC_ACCESS,
        "put_ownership": ("object_ownership",),
        "put_encryption": ENCRYPTION,
        "put_versioning": ("versioning",),
        "put_policy": ("policy",),
        "put_tags": ("tags",),
        "put_cors": ("cors_rules",),
        "put_lifecycle": ("lifecycle_rules",),
        "put_logging": LOGGING,
        "put_notifications": ("notifications", "event_bridge"),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        name, region = module.params["name"], module.region
        super().__init__(module, name, {"name": name, "region": region, **desired(module)}, module.params["state"])
        # S3 refuses a change while it is busy with another one of the same bucket.
        self.client = RetryingClient(module, "s3", "OperationAborted")

    def validate(self) -> None:
        problems = list(s3.lifecycle_problems(self.desired.get("lifecycle_rules", [])))
        if self.desired.get("sse_algorithm") == "AES256" and self.desired["kms_key_id"]:
            problems.append("kms_key_id is set, but sse_algorithm is AES256; allowed are aws:kms and aws:kms:dsse")
        if problems:
            raise ResourceError(f"bucket {self.name}: " + "; ".join(problems))

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "delete" and not self.module.params["empty"]:
            self._refuse_when_not_empty()
        return change

    def predict(self) -> Attributes:
        return {"arn": self._arn()}

    def _arn(self) -> str:
        return f"arn:{self.client.wrapped.meta.partition}:s3:::{self.name}"

    def same(self, key: str) -> bool:
        if key in RULES:  # what a rule does not say counts as well
            return self.current[key] == self.desired[key]
        return super().same(key)

    # Reading.

    def read(self) -> Attributes | None:
        region = self._region()
        if region is None:
            return None
        if region != self.module.region:
            raise ResourceError(
                f"bucket {self.name} is in {region}, not in {self.module.region}: a bucket cannot be moved; choose "
                "another name, and copy the objects"
            )
        return {
            "name": self.name,
            "region": region,
            "arn": self._arn(),
            **self._read_encryption(),
            **self._read_public_access(),
            **self._read_rules(),
            "versioning": self._get("get_bucket_versioning", "Status", "") == "Enabled",
            "object_ownership": self._read_ownership(),
            "object_lock_enabled": bool(self._get("get_object_lock_configuration", "ObjectLockConfiguration", {})),
            "policy": json.loads(self._get("get_bucket_policy", "Policy", "{}")),
            "tags": boto3_tag_list_to_ansible_dict(self._get("get_bucket_tagging", "TagSet", [])),
        }

    def _region(self) -> str | None:
        """The region of the bucket, None when there is no bucket of that name."""
        try:
            found = self.client.head_bucket(Bucket=self.name)
        except is_boto3_error_code(["404", "NoSuchBucket"]):
            return None
        except is_boto3_error_code(["403", "AccessDenied"]) as error:
            raise ResourceError(
                f"bucket {self.name}: AWS denies access to it (403 on HeadBucket). It belongs to another account, and "
                "then choose another name, as names are unique across all accounts; or you may not read it"
            ) from error
        return found.get("BucketRegion", self.module.region)

    def _get(self, operation: str, key: str, default: Any) -> Any:
        try:
            return getattr(self.client, operation)(Bucket=self.name).get(key, default)
        except is_boto3_error_code(NOT_SET):
            return default

    def _read_encryption(self) -> Attributes:
        rules = self._get("get_bucket_encryption", "ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
        applied = rules[0].get("ApplyServerSideEncryptionByDefault", {})
        return {
            "sse_algorithm": applied.get("SSEAlgorithm", ""),
            "kms_key_id": applied.get("KMSMasterKeyID", ""),
            "bucket_key_enabled": rules[0].get("BucketKeyEnabled", False),
        }

    def _read_public_access(self) -> Attributes:
        block = self._get("get_public_access_block", "PublicAccessBlockConfiguration", {})
        return {key: block.get(_camel(key), False) for key in PUBLIC_ACCESS}

    def _read_ownership(self) -> str:
        rules = self._get("get_bucket_ownership_controls", "OwnershipControls", {}).get("Rules", [])
        return rules[0]["ObjectOwnership"] if rules else ""

    def _read_rules(self) -> Attributes:
        notified = self.client.get_bucket_notification_configuration(Bucket=self.name)
        logging = self._get("get_bucket_logging", "LoggingEnabled", {})
        return {
            "cors_rules": [s3.cors_rule_read(rule) for rule in self._get("get_bucket_cors", "CORSRules", [])],
            "lifecycle_rules": in_order(
                [s3.lifecycle_rule_read(rule) for rule in self._get("get_bucket_lifecycle_configuration", "Rules", [])]
            ),
            "notifications": in_order(s3.notifications_read(notified)),
            "event_bridge": "EventBridgeConfiguration" in notified,
            "logging_target_bucket": logging.get("TargetBucket", ""),
            "logging_target_prefix": logging.get("TargetPrefix", ""),
        }

    # Writing.

    def create(self) -> None:
        where = {"LocationConstraint": self.module.region}
        location = {} if self.module.region == "us-east-1" else {"CreateBucketConfiguration": where}
        ownership = {"ObjectOwnership": self.desired.get("object_ownership", "BucketOwnerEnforced")}
        try:
            self.client.create_bucket(Bucket=self.name, **location, **ownership)
        except is_boto3_error_code("BucketAlreadyExists") as error:
            raise ResourceError(
                f"bucket {self.name}: another account has a bucket of this name, and names are unique across all "
                "accounts; choose another name (BucketAlreadyExists on CreateBucket)"
            ) from error
        self.update(set(self.desired) - {"object_ownership"})

    def put_public_access_block(self) -> None:
        block = {_camel(key): self.expected()[key] for key in PUBLIC_ACCESS}
        self.client.put_public_access_block(Bucket=self.name, PublicAccessBlockConfiguration=block)

    def put_ownership(self) -> None:
        rules = [{"ObjectOwnership": self.desired["object_ownership"]}]
        self.client.put_bucket_ownership_controls(Bucket=self.name, OwnershipControls={"Rules": rules})

    def put_encryption(self) -> None:
        after = self.expected()
        applied = {"SSEAlgorithm": after["sse_algorithm"] or "AES256"}
        if after["kms_key_id"]:
            applied["KMSMasterKeyID"] = after["kms_key_id"]
        rule = {"ApplyServerSideEncryptionByDefault": applied, "BucketKeyEnabled": after["bucket_key_enabled"]}
        self.client.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration={"Rules": [rule]})

    def put_versioning(self) -> None:
        if self.desired["versioning"] or self.current:  # a new bucket has nothing to suspend
            status = {"Status": "Enabled" if self.desired["versioning"] else "Suspended"}
            self.client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration=status)

    def put_policy(self) -> None:
        if self.desired["policy"]:
            self.client.put_bucket_policy(Bucket=self.name, Policy=json.dumps(self.desired["policy"]))
        elif self.current:
            self.client.delete_bucket_policy(Bucket=self.name)

    def put_tags(self) -> None:
        tags = ansible_dict_to_boto3_tag_list(self.expected()["tags"])
        if tags:
            self.client.put_bucket_tagging(Bucket=self.name, Tagging={"TagSet": tags})
        elif self.current:
            self.client.delete_bucket_tagging(Bucket=self.name)

    def put_cors(self) -> None:
        rules = [s3.cors_rule_written(rule) for rule in self.desired["cors_rules"]]
        if rules:
            self.client.put_bucket_cors(Bucket=self.name, CORSConfiguration={"CORSRules": rules})
        elif self.current:
            self.client.delete_bucket_cors(Bucket=self.name)

    def put_lifecycle(self) -> None:
        rules = [s3.lifecycle_rule_written(rule) for rule in self.desired["lifecycle_rules"]]
        if rules:
            self.client.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration={"Rules": rules})
        elif self.current:
            self.client.delete_bucket_lifecycle(Bucket=self.name)

    def put_logging(self) -> None:
        after = self.expected()
        target = {"TargetBucket": after["logging_target_bucket"], "TargetPrefix": after["logging_target_prefix"]}
        status = {"LoggingEnabled": target} if after["logging_target_bucket"] else {}
        if status or self.current:
            self.client.put_bucket_logging(Bucket=self.name, BucketLoggingStatus=status)

    def put_notifications(self) -> None:
        after = self.expected()
        configuration = s3.notifications_written(after["notifications"], after["event_bridge"])
        if not (configuration or self.current):
            return

        def refusal() -> str:
            try:
                self.client.put_bucket_notification_configuration(
                    Bucket=self.name, NotificationConfiguration=configuration
                )
            except is_boto3_error_message("Unable to validate the following destination configurations") as error:
                return str(error)
            return ""

        wait_for(
            refusal,
            lambda seen: not seen,
            what=f"bucket {self.name}: notifications, whose destinations must let the bucket send",
            timeout=self.module.params["wait_timeout"],
        )

    # Deleting.

    def delete(self) -> None:
        if self.module.params["empty"]:
            self._empty()
        self.client.delete_bucket(Bucket=self.name)

    def _refuse_when_not_empty(self) -> None:
        page = self.client.list_object_versions(Bucket=self.name)
        held = {
            "objects and versions": page.get("Versions", []),
            "delete markers": page.get("DeleteMarkers", []),
            "unfinished uploads": self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", []),
        }
        if any(held.values()):
            at_least = "at least " if page.get("IsTruncated") else ""
            counts = ", ".join(f"{len(items)} {what}" for what, items in held.items() if items)
            raise ResourceError(
                f"bucket {self.name} holds {at_least}{counts}; set empty to delete them with it, which "
                "playbooks take as -e empty_buckets=true"
            )

    def _empty(self) -> None:
        self._all_pages(
            lambda: self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", []), self._abort_uploads
        )
        self._all_pages(self._versions, self._delete_versions)

    def _all_pages(self, first_page: Callable[[], list[Any]], remove: Callable[[list[Any]], None]) -> None:
        """What was listed is gone afterwards, so that the next page is the first one."""
        while page := first_page():
            remove(page)

    def _versions(self) -> list[Attributes]:
        page = self.client.list_object_versions(Bucket=self.name, MaxKeys=1000)
        return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]

    def _abort_uploads(self, uploads: list[Attributes]) -> None:
        for upload in uploads:
            self.client.abort_multipart_upload(Bucket=self.name, Key=upload["Key"], UploadId=upload["UploadId"])

    def _delete_versions(self, versions: list[Attributes]) -> None:
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions]
        answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise ResourceError(
                f"bucket {self.name}: {error['Key']} cannot be deleted: {error['Code']}: {error.get('Message', '')} "
                "(DeleteObjects)"
            )


def desired(module: AnsibleAWSModule) -> Attributes:
    """The set options in normal form."""
    options = set_options(module, *ENCRYPTION, *PUBLIC_ACCESS, *LOGGING, *AS_GIVEN, *RULES)
    if options.get("sse_algorithm") == "AES256":
        options.setdefault("kms_key_id", "")
    for key, rule in RULES.items():
        if key in options:
            rules = [rule(given) for given in options[key]]
            options[key] = rules if key in ORDERED else in_order(rules)
    if module.params["policy"] is not None:
        options["policy"] = json.loads(module.params["policy"] or "{}")
    return options


def _camel(key: str) -> str:
    return "".join(word.capitalize() for word in key.split("_"))


STORAGE_CLASS = {
    "type": "str",
    "required": True,
    "choices": ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
}
STRINGS = {"type": "list", "elements": "str"}
NONCURRENT = {
    "noncurrent_days": {"type": "int", "required": True},
    "newer_noncurrent_versions": {"type": "int"},
}
CORS_SPEC = {
    "id": {"type": "str"},
    "allowed_origins": {**STRINGS, "required": True},
    "allowed_methods": {**STRINGS, "required": True, "choices": ["GET", "PUT", "HEAD", "POST", "DELETE"]},
    "allowed_headers": STRINGS,
    "expose_headers": STRINGS,
    "max_age_seconds": {"type": "int"},
}
LIFECYCLE_SPEC = {
    "id": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "prefix": {"type": "str"},
    "tags": {"type": "dict"},
    "object_size_greater_than": {"type": "int"},
    "object_size_less_than": {"type": "int"},
    "transitions": {
        "type": "list",
        "elements": "dict",
        "options": {"days": {"type": "int"}, "date": {"type": "str"}, "storage_class": STORAGE_CLASS},
    },
    "expiration_days": {"type": "int"},
    "expiration_date": {"type": "str"},
    "expired_object_delete_marker": {"type": "bool"},
    "noncurrent_version_transitions": {
        "type": "list",
        "elements": "dict",
        "options": {**NONCURRENT, "storage_class": STORAGE_CLASS},
    },
    "noncurrent_version_expiration": {"type": "dict", "options": NONCURRENT},
    "abort_incomplete_multipart_upload_days": {"type": "int"},
}
NOTIFICATION_SPEC = {
    **{destination: {"type": "str"} for destination in s3.DESTINATIONS},
    "events": {**STRINGS, "required": True},
    "prefix": {"type": "str"},
    "suffix": {"type": "str"},
}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "sse_algorithm": {"type": "str", "choices": ["AES256", "aws:kms", "aws:kms:dsse"]},
            "kms_key_id": {"type": "str", "no_log": False},
            "bucket_key_enabled": {"type": "bool", "no_log": False},
            **{key: {"type": "bool"} for key in (*PUBLIC_ACCESS, "versioning", "event_bridge")},
            "object_ownership": {
                "type": "str",
                "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
            },
            "policy": {"type": "json"},
            "cors_rules": {"type": "list", "elements": "dict", "options": CORS_SPEC},
            "lifecycle_rules": {"type": "list", "elements": "dict", "options": LIFECYCLE_SPEC},
            "notifications": {
                "type": "list",
                "elements": "dict",
                "options": NOTIFICATION_SPEC,
                "mutually_exclusive": [tuple(s3.DESTINATIONS)],
                "required_one_of": [tuple(s3.DESTINATIONS)],
            },
            "logging_target_bucket": {"type": "str"},
            "logging_target_prefix": {"type": "str"},
            "empty": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 90},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Bucket(module), key="bucket")


if __name__ == "__main__":
    main()
