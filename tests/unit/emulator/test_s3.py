# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.policies import allows

LOCATION = {"LocationConstraint": "eu-west-1"}


@pytest.fixture
def bucket(aws: Any) -> str:
    name = f"bucket-{aws.account}"
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration=LOCATION)
    return name


def test_a_new_bucket_is_closed_and_encrypted(aws: Any, bucket: str) -> None:
    s3 = aws("s3")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (owner,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"


def test_a_lifecycle_rule_comes_back_whole(aws: Any, bucket: str) -> None:
    rules = [
        {
            "ID": "all",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 500, "Tags": [{"Key": "k", "Value": "v"}]}},
            "Transitions": [{"Days": 0, "StorageClass": "GLACIER_IR"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 9, "NewerNoncurrentVersions": 2},
        },
        {
            "ID": "one",
            "Status": "Disabled",
            "Filter": {"ObjectSizeLessThan": 100},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]
    aws("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert aws("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules


@pytest.mark.parametrize(
    "rule",
    [
        {"Filter": {"Prefix": ""}},
        {"Filter": {"ObjectSizeLessThan": 9}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ],
)
def test_a_lifecycle_rule_that_s3_refuses(aws: Any, bucket: str, rule: dict[str, Any]) -> None:
    rules = [{"ID": "x", "Status": "Enabled", **rule}]
    with pytest.raises(ClientError, match="InvalidRequest"):
        aws("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def test_a_notification_needs_a_queue_that_lets_the_bucket_send(aws: Any, bucket: str) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:{aws.account}:events"

    def notify(queue: str) -> None:
        queues = [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]
        configuration = {"QueueConfigurations": queues, "EventBridgeConfiguration": {}}
        aws("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    def let_in(sender: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{sender}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    for queue in (arn, f"{arn}-that-is-not-there"):
        with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
            notify(queue)
    let_in("another-bucket")
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        notify(arn)
    let_in(bucket)
    notify(arn)
    aws("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    aws("s3").delete_object(Bucket=bucket, Key="a")
    (marker,) = aws("s3").list_object_versions(Bucket=bucket)["DeleteMarkers"]
    which = {"Key": "a", "VersionId": marker["VersionId"]}
    answer = aws("s3").delete_objects(Bucket=bucket, Delete={"Objects": [which]})
    assert answer["Deleted"][0]["Key"] == "a"
    found = aws("s3").get_bucket_notification_configuration(Bucket=bucket)
    assert found["EventBridgeConfiguration"] == {}
    assert found["QueueConfigurations"][0]["QueueArn"] == arn


def test_conditions_of_a_bucket_policy_count(aws: Any, bucket: str) -> None:
    def deny(secure: str) -> None:
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": secure}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws("s3").put_bucket_policy(Bucket=bucket, Policy=document)

    deny("false")
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    assert aws("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    deny("true")
    with pytest.raises(ClientError, match="403"):
        aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x")


def test_a_deny_wins() -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
    deny = {**allow, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = {"Statement": [allow, deny]}
    assert allows(policy, "sqs:SendMessage", "s3.amazonaws.com", {"aws:SecureTransport": "true"})
    assert not allows(policy, "sqs:SendMessage", "s3.amazonaws.com", {"aws:SecureTransport": "false"})
    assert not allows({"Statement": []}, "sqs:SendMessage", "s3.amazonaws.com", {})
