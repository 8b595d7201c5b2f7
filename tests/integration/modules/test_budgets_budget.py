# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev"
MODULE = "budgets_budget"
BASE = {"name": NAME, "limit_amount": 100}
MAIL = "money@example.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:money"
FILTERS = {"TagKeyValue": ["user:Environment$dev", "user:Project$shop"]}


def _budget(account: Account) -> dict[str, Any]:
    return account.client("budgets").describe_budget(AccountId=account.id, BudgetName=NAME)["Budget"]


def _notifications(account: Account) -> list[dict[str, Any]]:
    client, place = account.client("budgets"), {"AccountId": account.id, "BudgetName": NAME}
    found = []
    for item in client.describe_notifications_for_budget(**place)["Notifications"]:
        del item["NotificationState"]
        listed = client.describe_subscribers_for_notification(**place, Notification=item)["Subscribers"]
        found.append(
            {
                "type": item["NotificationType"],
                "threshold": item["Threshold"],
                "threshold_type": item["ThresholdType"],
                "told": sorted(one["Address"] for one in listed),
            }
        )
    return sorted(found, key=lambda item: item["threshold"])


def test_matrix(account: Account) -> None:
    actual = {"type": "ACTUAL", "threshold": 80, "email_addresses": [MAIL]}
    Matrix(
        module=MODULE,
        key="budget",
        base=BASE,
        updates={
            "limit_amount": 200.5,
            "limit_unit": "EUR",
            "time_unit": "QUARTERLY",
            "cost_filters": FILTERS,
            "cost_types": {"include_tax": False, "use_blended": True},
            "notifications": [actual],
            "+one more address and a topic": {
                "notifications": [{**actual, "email_addresses": ["b@example.com", MAIL], "topic_arn": TOPIC}]
            },
            "+another topic, and one more notification": {
                "notifications": [
                    {**actual, "topic_arn": f"{TOPIC}-2"},
                    {"type": "FORECASTED", "threshold": 90, "threshold_type": "ABSOLUTE_VALUE", "topic_arn": TOPIC},
                ]
            },
            "tags": {"Environment": "dev"},
            "+other tags": {"tags": {"Team": "shop"}},
            "+nothing": {"notifications": [], "cost_filters": {}, "tags": {}},
        },
        seen={
            "limit_amount": lambda account: float(_budget(account)["BudgetLimit"]["Amount"]),
            "limit_unit": lambda account: _budget(account)["BudgetLimit"]["Unit"],
            "time_unit": lambda account: _budget(account)["TimeUnit"],
            "cost_filters": lambda account: _budget(account)["CostFilters"],
            "cost_types": lambda account: {
                "include_tax": _budget(account)["CostTypes"]["IncludeTax"],
                "use_blended": _budget(account)["CostTypes"]["UseBlended"],
            },
            "notifications": lambda account: [
                {"type": item["type"], "threshold": item["threshold"], "email_addresses": item["told"]}
                for item in _notifications(account)
            ],
        },
    ).check(account)


def test_everything_at_once_is_one_write(account: Account) -> None:
    since = account.position()
    told = [{"threshold": 80, "email_addresses": [MAIL], "topic_arn": TOPIC}]
    run_module(account, MODULE, **BASE, cost_filters=FILTERS, notifications=told, tags={"a": "b"})
    assert account.writes(since) == ["budgets:CreateBudget"]
    assert _notifications(account) == [
        {"type": "ACTUAL", "threshold": 80, "threshold_type": "PERCENTAGE", "told": [TOPIC, MAIL]}
    ]


def test_subscribers_change_one_by_one(account: Account) -> None:
    run_module(account, MODULE, **BASE, notifications=[{"threshold": 80, "email_addresses": [MAIL, "b@example.com"]}])
    since = account.position()
    run_module(account, MODULE, **BASE, notifications=[{"threshold": 80, "topic_arn": TOPIC}])
    assert account.writes(since) == ["budgets:UpdateSubscriber", "budgets:DeleteSubscriber"]
    assert [item["told"] for item in _notifications(account)] == [[TOPIC]]


def test_unset_options_are_untouched_and_the_order_does_not_matter(account: Account) -> None:
    told = [{"threshold": 80, "email_addresses": [MAIL]}, {"threshold": 50, "email_addresses": ["b@example.com", MAIL]}]
    run_module(account, MODULE, **BASE, cost_filters=FILTERS, notifications=told, tags={"a": "b"})
    assert not run_module(account, MODULE, name=NAME)["changed"]
    told = [{"threshold": 50, "email_addresses": [MAIL, "b@example.com"]}, told[0]]
    filters = {"TagKeyValue": list(reversed(FILTERS["TagKeyValue"]))}
    assert not run_module(account, MODULE, **BASE, cost_filters=filters, notifications=told)["changed"]


def test_a_filter_expression_and_the_period_stay(account: Account) -> None:
    expression = {"Tags": {"Key": "Project", "Values": ["shop"]}}
    account.client("budgets").create_budget(
        AccountId=account.id,
        Budget={
            "BudgetName": NAME,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "10", "Unit": "USD"},
            "FilterExpression": expression,
            "Metrics": ["UnblendedCost"],
        },
    )
    before = _budget(account)
    run_module(account, MODULE, **BASE)
    found = _budget(account)
    assert (found["FilterExpression"], found["Metrics"]) == (expression, ["UnblendedCost"])
    assert found["TimePeriod"] == before["TimePeriod"]
    assert found["BudgetLimit"]["Amount"] == "100.0"
    run_module(account, MODULE, **BASE, cost_filters=FILTERS)
    found = _budget(account)
    assert "FilterExpression" not in found and found["CostFilters"] == FILTERS


def test_a_budget_of_another_type_is_refused(account: Account) -> None:
    limit = {"Amount": "10", "Unit": "GB"}
    usage = {"BudgetName": NAME, "BudgetType": "USAGE", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    account.client("budgets").create_budget(AccountId=account.id, Budget=usage)
    with pytest.raises(ModuleFailed, match="is not a cost budget with one limit"):
        run_module(account, MODULE, **BASE)


def test_an_aws_error_names_the_call_and_the_budget(account: Account) -> None:
    account.fault(service="budgets", operation="CreateBudget", code="AccessDeniedException", message="not allowed")
    with pytest.raises(ModuleFailed, match=rf"Could not create AWS budget {NAME}: .*AccessDenied.*CreateBudget.*not a"):
        run_module(account, MODULE, **BASE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit_amount": None}, f"there is no budget {NAME}; to create it, set limit_amount"),
        ({"limit_amount": 0}, "limit_amount is 0.0; allowed is more than 0"),
        ({"notifications": [{"threshold": 80}]}, "nobody is told of the threshold 80"),
        (
            {"notifications": [{"threshold": 80, "email_addresses": [MAIL]}, {"threshold": 80, "topic_arn": TOPIC}]},
            "two notifications differ only in who is told",
        ),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, **{**BASE, **options})
    assert message in str(failed.value)
    assert account.writes() == []
