# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-orders"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
NUMBERS = {
    "message_retention_period": ("MessageRetentionPeriod", 1209600),
    "receive_message_wait_time_seconds": ("ReceiveMessageWaitTimeSeconds", 20),
    "visibility_timeout": ("VisibilityTimeout", 60),
    "delay_seconds": ("DelaySeconds", 5),
    "maximum_message_size": ("MaximumMessageSize", 4096),
}


def _attributes(account: Account, name: str = NAME) -> dict[str, str]:
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def _number(name: str) -> Callable[[Account], int]:
    return lambda account: int(_attributes(account)[name])


def _policy(account: Account, name: str = NAME) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": f"arn:aws:sqs:eu-west-1:{account.id}:{name}",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_matrix(account: Account) -> None:
    account.client("sqs").create_queue(QueueName="dead")
    redrive = {"dead_letter_target_arn": f"arn:aws:sqs:eu-west-1:{account.id}:dead", "max_receive_count": 3}
    Matrix(
        module="sqs_queue",
        key="queue",
        base={"name": NAME, "sqs_managed_sse_enabled": True},
        updates={
            **{option: value for option, (_, value) in NUMBERS.items()},
            "policy": _policy(account),
            "redrive_policy": redrive,
            "tags": {"Environment": "dev", "Other": "1"},
            "+a key of one's own": {"sqs_managed_sse_enabled": None, "kms_master_key_id": KEY},
            "kms_data_key_reuse_period_seconds": 600,
            "+keys of SQS": {
                "sqs_managed_sse_enabled": True,
                "kms_master_key_id": None,
                "kms_data_key_reuse_period_seconds": None,
            },
            "sqs_managed_sse_enabled": False,
            "+nothing": {"policy": {}, "redrive_policy": {}, "tags": {}},
        },
        fixed={"content_based_deduplication"},
        seen={
            **{option: _number(name) for option, (name, _) in NUMBERS.items()},
            "policy": lambda account: json.loads(_attributes(account)["Policy"]),
            "redrive_policy": lambda account: {
                "dead_letter_target_arn": json.loads(_attributes(account)["RedrivePolicy"])["deadLetterTargetArn"],
                "max_receive_count": json.loads(_attributes(account)["RedrivePolicy"])["maxReceiveCount"],
            },
            "sqs_managed_sse_enabled": lambda account: _attributes(account)["SqsManagedSseEnabled"] == "true",
        },
    ).check(account)


def test_everything_at_once_is_one_call(account: Account) -> None:
    account.client("sqs").create_queue(QueueName="dead")
    redrive = {"dead_letter_target_arn": f"arn:aws:sqs:eu-west-1:{account.id}:dead", "max_receive_count": 3}
    numbers = {option: value for option, (_, value) in NUMBERS.items()}
    since = account.position()
    options = {"policy": _policy(account), "redrive_policy": redrive, "tags": {"a": "b"}, **numbers}
    run_module(account, "sqs_queue", name=NAME, kms_master_key_id=KEY, **options)
    assert account.writes(since) == ["sqs:CreateQueue"]
    found = _attributes(account)
    assert (found["KmsMasterKeyId"], found["SqsManagedSseEnabled"]) == (KEY, "false")
    assert json.loads(found["Policy"]) == _policy(account)
    assert not run_module(account, "sqs_queue", name=NAME, kms_master_key_id=KEY, **options)["changed"]


def test_a_fifo_queue(account: Account) -> None:
    name = f"{NAME}.fifo"
    run_module(account, "sqs_queue", name=name)
    assert _attributes(account, name)["FifoQueue"] == "true"
    run_module(account, "sqs_queue", name=name, content_based_deduplication=True)
    assert _attributes(account, name)["ContentBasedDeduplication"] == "true"
    assert not run_module(account, "sqs_queue", name=name, content_based_deduplication=True)["changed"]


def test_unset_options_are_untouched(account: Account) -> None:
    run_module(account, "sqs_queue", name=NAME, visibility_timeout=99, policy=_policy(account), kms_master_key_id=KEY)
    assert not run_module(account, "sqs_queue", name=NAME)["changed"]


def test_a_name_that_was_deleted_in_the_last_minute_is_waited_for(account: Account) -> None:
    fault = {"service": "sqs", "operation": "CreateQueue", "code": "AWS.SimpleQueueService.QueueDeletedRecently"}
    message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    account.fault(**fault, message=message)
    assert run_module(account, "sqs_queue", name=NAME)["changed"]
    account.fault(**fault, message=message, times=5)
    with pytest.raises(ModuleFailed, match=r"that had its name: not after 1 s; last seen: .*wait 60 seconds"):
        run_module(account, "sqs_queue", name=f"{NAME}-2", wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_queue(account: Account) -> None:
    account.fault(service="sqs", operation="CreateQueue", code="AccessDenied", message="not allowed", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not create SQS queue {NAME}: .*AccessDenied.*CreateQueue.*not all"):
        run_module(account, "sqs_queue", name=NAME)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"message_retention_period": 59}, "message_retention_period is 59; allowed are 60 to 1209600"),
        ({"visibility_timeout": 43201}, "visibility_timeout is 43201; allowed are 0 to 43200"),
        ({"sqs_managed_sse_enabled": True, "kms_master_key_id": KEY}, "kms_master_key_id exclude each other"),
        ({"content_based_deduplication": True}, "content_based_deduplication is for queues whose name ends in .fifo"),
        ({"redrive_policy": {"max_receive_count": 3}}, "redrive_policy needs both"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "sqs_queue", name=NAME, **options)
    assert message in str(failed.value)
    assert account.writes() == []
