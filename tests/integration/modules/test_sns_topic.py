# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-critical"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"


def _arn(account: Account) -> str:
    return f"arn:aws:sns:eu-west-1:{account.id}:{NAME}"


def _read(account: Account) -> dict[str, Any]:
    return account.client("sns").get_topic_attributes(TopicArn=_arn(account))["Attributes"]


def _policy(account: Account) -> list[dict[str, Any]]:
    return json.loads(_read(account)["Policy"])["Statement"]


def _subscriptions(account: Account) -> list[dict[str, str]]:
    found = account.client("sns").list_subscriptions_by_topic(TopicArn=_arn(account))["Subscriptions"]
    return [{"protocol": s["Protocol"], "endpoint": s["Endpoint"]} for s in found]


MATRIX = Matrix(
    module="sns_topic",
    key="topic",
    base={"name": NAME},
    updates={
        "display_name": "Shop",
        "kms_key_id": "alias/shop-topics",
        "publishers": ["cloudwatch.amazonaws.com", "events.amazonaws.com"],
        "secure_transport_only": False,
        "subscriptions": [{"protocol": "sqs", "endpoint": QUEUE}],
        "tags": {"Environment": "dev"},
    },
    fixed={"policy", "purge_subscriptions"},
    absent={"name": NAME},
    seen={
        "display_name": lambda account: _read(account)["DisplayName"],
        "kms_key_id": lambda account: _read(account)["KmsMasterKeyId"],
        "publishers": lambda account: [s["Principal"]["Service"] for s in _policy(account) if s["Effect"] == "Allow"],
        "secure_transport_only": lambda account: any(s["Effect"] == "Deny" for s in _policy(account)),
        "subscriptions": _subscriptions,
        "tags": lambda account: {
            tag["Key"]: tag["Value"]
            for tag in account.client("sns").list_tags_for_resource(ResourceArn=_arn(account))["Tags"]
        },
    },
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)


def test_the_policy_lets_alarms_of_this_account_publish_and_refuses_plain_http(account: Account) -> None:
    run_module(account, "sns_topic", name=NAME, publishers=["cloudwatch.amazonaws.com"])
    alarms, plain = _policy(account)
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": account.id}}
    assert alarms["Resource"] == plain["Resource"] == _arn(account)
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_policy_of_ones_own(account: Account) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": _arn(account)}
    options = {"name": NAME, "policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    assert run_module(account, "sns_topic", **options)["changed"]
    assert _policy(account) == [statement]
    assert not run_module(account, "sns_topic", **options)["changed"]


def test_in_check_mode_the_arn_is_known(account: Account) -> None:
    assert run_module(account, "sns_topic", _check=True, name=NAME)["topic"]["arn"] == _arn(account)


def test_subscriptions_that_are_not_declared_end_unless_told_otherwise(account: Account) -> None:
    first = {"protocol": "sqs", "endpoint": QUEUE}
    second = {"protocol": "sqs", "endpoint": QUEUE + "2"}
    run_module(account, "sns_topic", name=NAME, subscriptions=[first])
    run_module(account, "sns_topic", name=NAME, subscriptions=[second], purge_subscriptions=False)
    assert _subscriptions(account) == [first, second]
    assert not run_module(account, "sns_topic", name=NAME, subscriptions=[second], purge_subscriptions=False)["changed"]
    done = run_module(account, "sns_topic", name=NAME, subscriptions=[second])
    assert done["changes"][0]["attributes"]["subscriptions"]["after"] == _subscriptions(account) == [second]
    run_module(account, "sns_topic", name=NAME, subscriptions=[])
    assert _subscriptions(account) == []


def test_a_pending_subscription_is_kept(account: Account) -> None:
    pending = {"protocol": "email", "endpoint": "oncall@example.com"}
    done = run_module(account, "sns_topic", name=NAME, subscriptions=[pending])
    assert done["topic"]["pending_subscriptions"] == [pending["endpoint"]]
    assert not run_module(account, "sns_topic", name=NAME, subscriptions=[pending])["changed"]
    assert not run_module(account, "sns_topic", name=NAME, subscriptions=[])["changed"]
    assert _subscriptions(account) == [pending]


def test_the_managed_key_is_refused_for_alarms_before_any_write(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=r"kms_key_id is alias/aws/sns, which cloudwatch.amazonaws.com cannot use"):
        run_module(account, "sns_topic", name=NAME, publishers=["cloudwatch.amazonaws.com"], kms_key_id="alias/aws/sns")
    assert account.writes() == []


def test_a_bad_name_and_two_policies_are_refused_before_any_write(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=r"topic name is a b; allowed are letters"):
        run_module(account, "sns_topic", name="a b")
    with pytest.raises(ModuleFailed, match="mutually exclusive"):
        run_module(account, "sns_topic", name=NAME, publishers=[], policy="{}")
    assert account.writes() == []


def test_an_aws_error_names_the_call_and_the_topic(account: Account) -> None:
    account.fault(service="sns", operation="CreateTopic", code="AuthorizationError", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not create SNS topic {NAME}: .*AuthorizationError.*CreateTopic"):
        run_module(account, "sns_topic", name=NAME)


def test_a_confirmed_subscription_ends(account: Account) -> None:
    mail = {"protocol": "email", "endpoint": "oncall@example.com"}
    run_module(account, "sns_topic", name=NAME, subscriptions=[mail])
    sns, topic = account.client("sns"), _arn(account)
    token = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=mail["endpoint"], ReturnSubscriptionArn=True)
    sns.confirm_subscription(TopicArn=topic, Token=token["SubscriptionArn"])
    assert run_module(account, "sns_topic", name=NAME, subscriptions=[mail])["topic"]["pending_subscriptions"] == []
    assert run_module(account, "sns_topic", name=NAME, subscriptions=[])["changed"]
    assert _subscriptions(account) == []
