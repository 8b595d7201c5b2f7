# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def url(aws: Any) -> str:
    return aws("sqs").create_queue(QueueName="orders")["QueueUrl"]


def _attributes(aws: Any, url: str) -> dict[str, str]:
    return aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_policy_survives_the_change_of_another_attribute(aws: Any, url: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    assert json.loads(_attributes(aws, url)["Policy"])["Statement"] == [statement]
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in _attributes(aws, url)


def test_one_kind_of_encryption_at_a_time(aws: Any, url: str) -> None:
    assert _attributes(aws, url)["SqsManagedSseEnabled"] == "true"
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    found = _attributes(aws, url)
    assert (found["SqsManagedSseEnabled"], found["KmsMasterKeyId"]) == ("false", "alias/aws/sqs")
    with pytest.raises(ClientError, match="one type of server-side encryption"):
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true", "KmsMasterKeyId": ""})
    assert "KmsMasterKeyId" not in _attributes(aws, url)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MessageRetentionPeriod", "59"), ("ReceiveMessageWaitTimeSeconds", "21"), ("VisibilityTimeout", "43201")],
)
def test_a_value_out_of_range(aws: Any, url: str, name: str, value: str) -> None:
    with pytest.raises(ClientError, match="InvalidAttributeValue"):
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={name: value})
    with pytest.raises(ClientError, match="InvalidAttributeValue"):
        aws("sqs").create_queue(QueueName="other", Attributes={name: value})
