# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

# Names of buckets are shared by all accounts.
_numbers = itertools.count(1)
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def name(account: Account) -> str:
    return f"shop-{account.id}-uploads"


def _queue(account: Account, bucket: str, *, policy: bool = True) -> str:
    """The ARN of a queue that lets the bucket send."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=f"events-{next(_numbers)}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": account.id},
        },
    }
    if policy:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    return arn


def _log_bucket(account: Account) -> str:
    name = f"shop-{account.id}-logs"
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.client("s3").put_bucket_policy(Bucket=name, Policy=document)
    return name


def _https_only(name: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{name}"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


LIFECYCLE = [
    {
        "id": "all-at-once",
        "prefix": "logs/",
        "tags": {"kind": "log"},
        "object_size_greater_than": 500,
        "object_size_less_than": 50_000,
        "transitions": [{"days": 60, "storage_class": "GLACIER"}, {"days": 30, "storage_class": "STANDARD_IA"}],
        "expiration_days": 365,
        "noncurrent_version_transitions": [{"noncurrent_days": 30, "storage_class": "STANDARD_IA"}],
        "noncurrent_version_expiration": {"noncurrent_days": 90, "newer_noncurrent_versions": 3},
    },
    {"id": "unfinished", "abort_incomplete_multipart_upload_days": 7},
    {"id": "markers", "expired_object_delete_marker": True, "enabled": False},
    {"id": "on-a-day", "tags": {"kind": "draft"}, "expiration_date": "2031-01-01"},
    {"id": "large", "object_size_greater_than": 1_000_000, "transitions": [{"days": 0, "storage_class": "GLACIER_IR"}]},
]
CORS = [
    {
        "id": "site",
        "allowed_origins": ["https://a.example", "http://localhost:3000"],
        "allowed_methods": ["PUT", "GET"],
        "allowed_headers": ["*"],
        "expose_headers": ["ETag"],
        "max_age_seconds": 3000,
    },
    {"allowed_origins": ["*"], "allowed_methods": ["GET"], "max_age_seconds": 0},
]


def _get(name: str, part: str) -> Callable[[Account], Any]:
    return lambda account: getattr(account.client("s3"), f"get_{part}")(Bucket=name)


def test_matrix(account: Account, name: str) -> None:
    queue, other = _queue(account, name), _queue(account, name)
    block = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    Matrix(
        module="s3_bucket",
        key="bucket",
        base={"name": name, **dict.fromkeys(block, True)},
        updates={
            "+kms": {"sse_algorithm": "aws:kms", "kms_key_id": KEY},
            "bucket_key_enabled": True,
            "sse_algorithm": "aws:kms:dsse",
            "+aes": {"sse_algorithm": "AES256", "kms_key_id": "", "bucket_key_enabled": False},
            "versioning": True,
            "+suspended": {"versioning": False},
            "object_ownership": "BucketOwnerPreferred",
            **dict.fromkeys(block, False),
            "policy": _https_only(name),
            "cors_rules": CORS,
            "+cors order": {"cors_rules": CORS[::-1]},
            "lifecycle_rules": LIFECYCLE,
            "+a rule says less": {"lifecycle_rules": [{"id": "large", "expiration_days": 3}]},
            "notifications": [
                {"queue": queue, "events": ["s3:ObjectRemoved:*", "s3:ObjectCreated:*"], "prefix": "a/"},
                {"queue": other, "events": ["s3:ObjectCreated:*"], "prefix": "b/", "suffix": ".jpg"},
            ],
            "event_bridge": True,
            "logging_target_bucket": _log_bucket(account),
            "logging_target_prefix": "shop/",
            "tags": {"Environment": "dev", "Other": "1"},
            "+nothing": {
                **{"policy": {}, "tags": {}, "event_bridge": False},
                **{name: [] for name in ("cors_rules", "lifecycle_rules", "notifications")},
                **dict.fromkeys(("logging_target_bucket", "logging_target_prefix"), ""),
            },
        },
        fixed={"empty"},
        seen={
            "versioning": lambda account: _get(name, "bucket_versioning")(account)["Status"] == "Enabled",
            "object_ownership": lambda account: _get(name, "bucket_ownership_controls")(account)["OwnershipControls"][
                "Rules"
            ][0]["ObjectOwnership"],
            "policy": lambda account: json.loads(_get(name, "bucket_policy")(account)["Policy"]),
            "tags": lambda account: {
                tag["Key"]: tag["Value"] for tag in _get(name, "bucket_tagging")(account)["TagSet"]
            },
            "block_public_acls": lambda account: _get(name, "public_access_block")(account)[
                "PublicAccessBlockConfiguration"
            ]["BlockPublicAcls"],
            "event_bridge": lambda account: (
                _get(name, "bucket_notification_configuration")(account)["EventBridgeConfiguration"] == {}
            ),
            "logging_target_bucket": lambda account: _get(name, "bucket_logging")(account)["LoggingEnabled"][
                "TargetBucket"
            ],
        },
    ).check(account)


def test_everything_at_once_is_what_s3_has(account: Account, name: str) -> None:
    queue = _queue(account, name)
    run_module(
        account,
        "s3_bucket",
        name=name,
        sse_algorithm="AES256",
        cors_rules=CORS,
        lifecycle_rules=LIFECYCLE,
        notifications=[{"queue": queue, "events": ["s3:ObjectCreated:*"], "prefix": "in/"}],
    )
    applied = _get(name, "bucket_encryption")(account)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert applied["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    first, second = _get(name, "bucket_cors")(account)["CORSRules"]
    assert first["AllowedMethods"] == ["GET", "PUT"] and first["MaxAgeSeconds"] == 3000
    assert second["MaxAgeSeconds"] == 0
    rules = {rule["ID"]: rule for rule in _get(name, "bucket_lifecycle_configuration")(account)["Rules"]}
    assert rules["all-at-once"]["Filter"]["And"] == {
        "Prefix": "logs/",
        "Tags": [{"Key": "kind", "Value": "log"}],
        "ObjectSizeGreaterThan": 500,
        "ObjectSizeLessThan": 50_000,
    }
    assert rules["all-at-once"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3}
    assert rules["unfinished"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert rules["markers"]["Status"] == "Disabled"
    assert rules["on-a-day"]["Filter"] == {"Tag": {"Key": "kind", "Value": "draft"}}
    (notified,) = _get(name, "bucket_notification_configuration")(account)["QueueConfigurations"]
    assert notified["QueueArn"] == queue
    assert notified["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "in/"}]


def test_the_order_of_what_s3_treats_as_a_set_is_no_change(account: Account, name: str) -> None:
    queue, other = _queue(account, name), _queue(account, name)
    notifications = [
        {"queue": queue, "events": ["s3:ObjectRemoved:*", "s3:ObjectCreated:*"]},
        {"queue": other, "events": ["s3:ObjectRestore:*"]},
    ]
    run_module(account, "s3_bucket", name=name, lifecycle_rules=LIFECYCLE, notifications=notifications)
    turned = [{**item, "events": item["events"][::-1]} for item in notifications[::-1]]
    again = run_module(account, "s3_bucket", name=name, lifecycle_rules=LIFECYCLE[::-1], notifications=turned)
    assert not again["changed"], again["changes"]


def test_unset_options_are_untouched(account: Account, name: str) -> None:
    run_module(account, "s3_bucket", name=name, versioning=True, cors_rules=CORS, tags={"a": "b"})
    assert not run_module(account, "s3_bucket", name=name)["changed"]
    assert _get(name, "bucket_versioning")(account)["Status"] == "Enabled"


@pytest.mark.parametrize(("region", "constraint"), [("us-east-1", None), ("eu-west-1", "eu-west-1")])
def test_the_location(account: Account, name: str, region: str, constraint: str | None) -> None:
    run_module(account, "s3_bucket", name=name, region=region)
    assert account.client("s3", region).get_bucket_location(Bucket=name)["LocationConstraint"] == constraint


def test_a_bucket_of_another_region_is_refused(account: Account, name: str) -> None:
    account.client("s3", "us-east-1").create_bucket(Bucket=name)
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"bucket {name} is in us-east-1, not in eu-west-1: a bucket cannot be mov"):
        run_module(account, "s3_bucket", name=name, versioning=True)
    assert account.writes(since) == []


@pytest.mark.parametrize("check", [True, False])
def test_a_bucket_of_another_account_is_refused(local_aws: Any, account: Account, name: str, check: bool) -> None:
    run_module(local_aws.account(), "s3_bucket", name=name)
    with pytest.raises(ModuleFailed, match=f"bucket {name}: AWS denies access to it .* another account"):
        run_module(account, "s3_bucket", name=name, _check=check)


def test_a_name_that_another_account_took_meanwhile(account: Account, name: str) -> None:
    account.fault(service="s3", operation="CreateBucket", code="BucketAlreadyExists", message="taken", status=409)
    with pytest.raises(ModuleFailed, match=f"bucket {name}: another account has a bucket of this name"):
        run_module(account, "s3_bucket", name=name)


def test_a_bucket_that_holds_something_is_kept(account: Account, name: str) -> None:
    s3 = account.client("s3")
    run_module(account, "s3_bucket", name=name, versioning=True)
    for key in ("a", "a", "b"):
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    s3.delete_object(Bucket=name, Key="b")
    s3.create_multipart_upload(Bucket=name, Key="c")
    since = account.position()
    expected = f"bucket {name} holds 3 objects and versions, 1 delete markers, 1 unfinished uploads; set empty"
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=expected):
            run_module(account, "s3_bucket", name=name, state="absent", _check=check)
    assert account.writes(since) == []
    assert run_module(account, "s3_bucket", name=name, state="absent", empty=True, _check=True)["changed"]
    assert account.writes(since) == []
    assert run_module(account, "s3_bucket", name=name, state="absent", empty=True)["changed"]
    assert name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_more_than_a_page_is_emptied(account: Account, name: str) -> None:
    s3 = account.client("s3")
    run_module(account, "s3_bucket", name=name)
    for number in range(1005):
        s3.put_object(Bucket=name, Key=f"{number:04d}", Body=b"")
    with pytest.raises(ModuleFailed, match="holds at least 1000 objects and versions; set empty"):
        run_module(account, "s3_bucket", name=name, state="absent")
    since = account.position()
    run_module(account, "s3_bucket", name=name, state="absent", empty=True)
    assert account.writes(since) == ["s3:DeleteObjects", "s3:DeleteObjects", "s3:DeleteBucket"]


def test_a_queue_that_refuses_the_bucket_is_told(account: Account, name: str) -> None:
    queue = _queue(account, name, policy=False)
    with pytest.raises(ModuleFailed, match=rf"bucket {name}: notifications.* Unable to validate") as failed:
        run_module(
            account,
            "s3_bucket",
            name=name,
            notifications=[{"queue": queue, "events": ["s3:ObjectCreated:*"]}],
            wait_timeout=1,
        )
    assert "\n" not in failed.value.result["msg"]


def test_a_queue_policy_that_takes_effect_late_is_waited_for(account: Account, name: str) -> None:
    queue = _queue(account, name)
    account.fault(
        service="s3",
        operation="PutBucketNotificationConfiguration",
        code="InvalidArgument",
        message="Unable to validate the following destination configurations",
    )
    notifications = [{"queue": queue, "events": ["s3:ObjectCreated:*"]}]
    assert run_module(account, "s3_bucket", name=name, notifications=notifications)["bucket"]["notifications"]


def test_a_conflicting_operation_is_tried_again(account: Account, name: str) -> None:
    account.fault(
        service="s3", operation="PutBucketVersioning", code="OperationAborted", message="A conflicting", status=409
    )
    assert run_module(account, "s3_bucket", name=name, versioning=True)["bucket"]["versioning"]


def test_an_interrupted_creation_is_finished(account: Account, name: str) -> None:
    account.fault(service="s3", operation="PutBucketPolicy", code="AccessDenied", message="not allowed", status=403)
    options = {"name": name, "policy": _https_only(name), "versioning": True, "tags": {"a": "b"}}
    with pytest.raises(
        ModuleFailed, match=rf"Could not create S3 bucket {name}: .*AccessDenied.*PutBucketPolicy.*not allowed"
    ):
        run_module(account, "s3_bucket", **options)
    assert run_module(account, "s3_bucket", **options)["changed"]
    assert not run_module(account, "s3_bucket", **options)["changed"]
    assert json.loads(_get(name, "bucket_policy")(account)["Policy"]) == _https_only(name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sse_algorithm": "AES256", "kms_key_id": KEY}, "kms_key_id is set, but sse_algorithm is AES256"),
        ({"lifecycle_rules": [{"id": "idle"}]}, "lifecycle rule idle: it does nothing"),
        (
            {"lifecycle_rules": [{"id": "twice", "expiration_days": 1}, {"id": "twice", "expiration_days": 2}]},
            "lifecycle rule twice is there 2 times",
        ),
        (
            {"lifecycle_rules": [{"id": "x", "abort_incomplete_multipart_upload_days": 1, "tags": {"a": "b"}}]},
            "abort_incomplete_multipart_upload_days cannot be combined with tags",
        ),
        (
            {"notifications": [{"queue": "q", "topic": "t", "events": ["s3:ObjectCreated:*"]}]},
            "mutually exclusive: queue|topic",
        ),
        ({"notifications": [{"events": ["s3:ObjectCreated:*"]}]}, "one of the following is required: queue, topic"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(
    account: Account, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "s3_bucket", name=name, **options)
    assert message in str(failed.value)
    assert account.writes() == []
