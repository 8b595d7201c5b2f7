# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

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


def test_subscriptions_are_ended_unless_they_are_to_stay(account: Account) -> None:
    run_module(account, MODULE, topics=[{**CRITICAL, "subscriptions": [SMS]}])
    none = {"topics": [{**CRITICAL, "subscriptions": []}]}
    assert not run_module(account, MODULE, **none, purge_subscriptions=False)["changed"]
    assert run_module(account, MODULE, **none)["changed"]
    assert account.client("sns").list_subscriptions()["Subscriptions"] == []


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
