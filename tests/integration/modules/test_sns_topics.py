# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

PREFIX = "shop-dev-alarms-"
MODULE = "sns_topics"
CRITICAL = {"name": f"{PREFIX}critical"}
WARNING = {"name": f"{PREFIX}warning", "display_name": "Shop"}
MAIL = {"protocol": "email", "endpoint": "oncall@example.com"}
SMS = {"protocol": "sms", "endpoint": "+491701234567"}
TAGS = {"Component": "alarms", "Project": "shop"}
MINE = {"prefix": PREFIX, "purge_tagged": TAGS, "tags": TAGS}


def _names(account: Account) -> set[str]:
    return {topic["TopicArn"].rpartition(":")[2] for topic in account.client("sns").list_topics()["Topics"]}


def _attributes(account: Account, name: str = CRITICAL["name"]) -> dict[str, str]:
    arn = f"arn:aws:sns:eu-west-1:{account.id}:{name}"
    return account.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]


def _policy(account: Account) -> list[dict[str, Any]]:
    return json.loads(_attributes(account)["Policy"])["Statement"]


def _arn(account: Account) -> str:
    return f"arn:aws:sns:eu-west-1:{account.id}:{CRITICAL['name']}"


def _subscriptions(account: Account) -> list[dict[str, str]]:
    found = account.client("sns").list_subscriptions_by_topic(TopicArn=_arn(account))["Subscriptions"]
    return [{"protocol": s["Protocol"], "endpoint": s["Endpoint"]} for s in found]


def _subscribed(account: Account, *subscriptions: dict[str, str], **options: Any) -> dict[str, Any]:
    return run_module(account, MODULE, topics=[{**CRITICAL, "subscriptions": list(subscriptions)}], **options)


def _tags(account: Account) -> dict[str, str]:
    arn = f"arn:aws:sns:eu-west-1:{account.id}:{CRITICAL['name']}"
    return {tag["Key"]: tag["Value"] for tag in account.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="topics",
        base={"topics": [CRITICAL]},
        updates={
            "tags": TAGS,
            "kms_key_id": "alias/shop",
            "publishers": ["cloudwatch.amazonaws.com"],
            "secure_transport_only": False,
            "+subscriptions": {"topics": [{**CRITICAL, "subscriptions": [MAIL, SMS]}]},
            "+display_name": {"topics": [{**CRITICAL, "subscriptions": [MAIL, SMS], "display_name": "Shop"}]},
        },
        fixed={"prefix", "purge_tagged", "purge_subscriptions"},
        seen={"tags": _tags, "kms_key_id": lambda account: _attributes(account)["KmsMasterKeyId"]},
    ).check(account)
    assert _names(account) == set()


def test_the_policy_lets_alarms_of_this_account_publish_and_refuses_plain_http(account: Account) -> None:
    services = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    run_module(account, MODULE, topics=[CRITICAL], publishers=services)
    alarms, events, plain = _policy(account)
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": account.id}}
    assert "Condition" not in events
    assert alarms["Resource"] == plain["Resource"] == _arn(account)
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    run_module(account, MODULE, topics=[CRITICAL], publishers=services, secure_transport_only=False)
    assert [statement["Principal"]["Service"] for statement in _policy(account)] == services


def test_in_check_mode_the_arn_is_known(account: Account) -> None:
    assert run_module(account, MODULE, _check=True, topics=[CRITICAL])["topics"][0]["arn"] == _arn(account)


def test_subscriptions_are_ended_unless_they_are_to_stay(account: Account) -> None:
    other = {**SMS, "endpoint": "+491701234568"}
    _subscribed(account, SMS)
    _subscribed(account, other, purge_subscriptions=False)
    assert _subscriptions(account) == [SMS, other]
    assert not _subscribed(account, other, purge_subscriptions=False)["changed"]
    done = _subscribed(account, other)
    assert done["changes"][0]["attributes"]["subscriptions"]["after"] == _subscriptions(account) == [other]
    assert _subscribed(account)["changed"]
    assert _subscriptions(account) == []


def test_a_pending_subscription_is_kept(account: Account) -> None:
    assert _subscribed(account, MAIL)["topics"][0]["pending_subscriptions"] == [MAIL["endpoint"]]
    assert not _subscribed(account, MAIL)["changed"]
    assert not _subscribed(account)["changed"]
    assert _subscriptions(account) == [MAIL]


def test_a_confirmed_subscription_ends(account: Account) -> None:
    _subscribed(account, MAIL)
    sns, topic = account.client("sns"), _arn(account)
    token = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=MAIL["endpoint"], ReturnSubscriptionArn=True)
    sns.confirm_subscription(TopicArn=topic, Token=token["SubscriptionArn"])
    assert _subscribed(account, MAIL)["topics"][0]["pending_subscriptions"] == []
    assert _subscribed(account)["changed"]
    assert _subscriptions(account) == []


def test_topics_that_are_no_longer_declared_are_deleted(account: Account) -> None:
    sns = account.client("sns")
    sns.create_topic(Name=f"{PREFIX}by-hand")
    sns.create_topic(Name="other-critical", Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()])
    sns.create_topic(Name=f"{PREFIX}eu-critical", Tags=[{"Key": "Component", "Value": "alarms-eu"}])
    run_module(account, MODULE, topics=[CRITICAL, WARNING], **MINE)
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, topics=[CRITICAL], **MINE)
    assert account.writes(since) == []
    done = run_module(account, MODULE, topics=[CRITICAL], **MINE)
    assert done["changes"] == predicted["changes"]
    assert [(c["action"], c["name"]) for c in done["changes"]] == [("delete", WARNING["name"])]
    kept = {f"{PREFIX}by-hand", "other-critical", f"{PREFIX}eu-critical"}
    assert _names(account) == {*kept, CRITICAL["name"]}
    run_module(account, MODULE, topics=[WARNING], prefix=PREFIX)  # without the tags nothing is deleted
    assert CRITICAL["name"] in _names(account)
    run_module(account, MODULE, prefix=PREFIX, purge_tagged=TAGS, topics=[WARNING], state="absent")
    assert _names(account) == kept


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topics": [CRITICAL, CRITICAL]}, "declared more than once"),
        ({"topics": [{"name": "a b"}]}, "topic name is a b"),
        ({"topics": [CRITICAL], "publishers": ["x.amazonaws.com"], "kms_key_id": "alias/aws/sns"}, "cannot use"),
    ],
)
def test_what_is_refused_before_aws_is_asked(account: Account, options: dict[str, Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **options)
    assert account.requests(since) == []


@pytest.mark.parametrize(
    ("service", "operation", "message"),
    [
        ("resourcegroupstaggingapi", "GetResources", "Could not read SNS topics"),
        ("sns", "CreateTopic", "Could not create SNS topic"),
    ],
)
def test_what_aws_refuses_is_told(account: Account, service: str, operation: str, message: str) -> None:
    account.fault(service=service, operation=operation, code="AccessDenied", status=403)
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, topics=[CRITICAL], **MINE)
