# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., str]

BUDGET = {
    "BudgetName": "shop-dev",
    "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
}
ACTUAL = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
MAIL = {"SubscriptionType": "EMAIL", "Address": "money@example.com"}
OTHER = {"SubscriptionType": "EMAIL", "Address": "more@example.com"}


@pytest.fixture
def budgets(aws: Any) -> Any:
    client = aws("budgets")
    notified = [{"Notification": ACTUAL, "Subscribers": [MAIL]}]
    client.create_budget(AccountId=aws.account, Budget=BUDGET, NotificationsWithSubscribers=notified)
    return client


def _subscribers(aws: Any, budgets: Any) -> list[dict[str, str]]:
    return budgets.describe_subscribers_for_notification(
        AccountId=aws.account, BudgetName="shop-dev", Notification=ACTUAL
    )["Subscribers"]


def test_a_budget_is_shown_as_aws_shows_it(aws: Any, budgets: Any) -> None:
    found = budgets.describe_budget(AccountId=aws.account, BudgetName="shop-dev")["Budget"]
    assert found["BudgetLimit"] == {"Amount": "100.0", "Unit": "USD"}
    assert found["CostTypes"]["IncludeTax"] and not found["CostTypes"]["UseBlended"]
    assert (found["TimePeriod"]["Start"].day, found["TimePeriod"]["End"].year) == (1, 2087)
    (notification,) = budgets.describe_notifications_for_budget(AccountId=aws.account, BudgetName="shop-dev")[
        "Notifications"
    ]
    assert notification == {**ACTUAL, "ThresholdType": "PERCENTAGE", "NotificationState": "OK"}


def test_an_update_replaces_the_budget_as_a_whole(aws: Any, budgets: Any, refused: Refused) -> None:
    filters = {"TagKeyValue": ["user:Project$shop"]}
    budgets.update_budget(AccountId=aws.account, NewBudget={**BUDGET, "CostFilters": filters})
    assert budgets.describe_budget(AccountId=aws.account, BudgetName="shop-dev")["Budget"]["CostFilters"] == filters
    budgets.update_budget(AccountId=aws.account, NewBudget=BUDGET)
    assert budgets.describe_budget(AccountId=aws.account, BudgetName="shop-dev")["Budget"]["CostFilters"] == {}
    other = {**BUDGET, "BudgetName": "other"}
    refused("NotFoundException", budgets.update_budget, AccountId=aws.account, NewBudget=other)
    mixed = {**BUDGET, "CostFilters": filters, "Metrics": ["UnblendedCost"]}
    refused("InvalidParameterException", budgets.update_budget, AccountId=aws.account, NewBudget=mixed)


def test_subscribers_come_and_go_and_the_last_takes_the_notification_along(
    aws: Any, budgets: Any, refused: Refused
) -> None:
    place = {"AccountId": aws.account, "BudgetName": "shop-dev", "Notification": ACTUAL}
    budgets.create_subscriber(**place, Subscriber=OTHER)
    assert _subscribers(aws, budgets) == [MAIL, OTHER]
    refused("DuplicateRecordException", budgets.create_subscriber, **place, Subscriber=MAIL)
    wrong = {"SubscriptionType": "SNS", "Address": "a topic"}
    refused("InvalidParameterException", budgets.create_subscriber, **place, Subscriber=wrong)
    third = {**MAIL, "Address": "third@example.com"}
    budgets.update_subscriber(**place, OldSubscriber=OTHER, NewSubscriber=third)
    assert _subscribers(aws, budgets) == [MAIL, third]
    refused("NotFoundException", budgets.update_subscriber, **place, OldSubscriber=OTHER, NewSubscriber=third)
    for subscriber in (MAIL, third):
        budgets.delete_subscriber(**place, Subscriber=subscriber)
    refused("NotFoundException", budgets.describe_subscribers_for_notification, **place)
    found = budgets.describe_notifications_for_budget(AccountId=aws.account, BudgetName="shop-dev")
    assert found["Notifications"] == []


def test_limits_of_notifications(aws: Any, budgets: Any, refused: Refused) -> None:
    place = {"AccountId": aws.account, "BudgetName": "shop-dev"}
    create = budgets.create_notification
    refused("DuplicateRecordException", create, **place, Notification=ACTUAL, Subscribers=[MAIL])
    refused("InvalidParameterException", create, **place, Notification={**ACTUAL, "Threshold": 90}, Subscribers=[])
    many = [{**MAIL, "Address": f"a{number}@example.com"} for number in range(11)]
    another = {**ACTUAL, "Threshold": 90}
    refused("CreationLimitExceededException", create, **place, Notification=another, Subscribers=many)
    for threshold in range(1, 10):
        create(**place, Notification={**ACTUAL, "Threshold": threshold}, Subscribers=[MAIL])
    refused("CreationLimitExceededException", create, **place, Notification=another, Subscribers=[MAIL])


def test_tags(aws: Any, budgets: Any, refused: Refused) -> None:
    arn = f"arn:aws:budgets::{aws.account}:budget/shop-dev"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["c"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "a", "Value": "b"}]
    refused("NotFoundException", budgets.list_tags_for_resource, ResourceARN=f"{arn}-2")


def test_a_budget_without_limit_and_one_that_is_there(aws: Any, budgets: Any, refused: Refused) -> None:
    refused("DuplicateRecordException", budgets.create_budget, AccountId=aws.account, Budget=BUDGET)
    bare = {key: value for key, value in BUDGET.items() if key != "BudgetLimit"} | {"BudgetName": "x"}
    refused("InvalidParameterException", budgets.create_budget, AccountId=aws.account, Budget=bare)
