# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Budgets for moto: updates, subscribers, tags, and the limits of notifications."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from moto.budgets.models import BudgetsBackend, budgets_backends
from moto.budgets.responses import BudgetsResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, Tags, forward, given

MOST_NOTIFICATIONS, MOST_ADDRESSES, MOST_TOPICS = 10, 10, 1
NAME = re.compile(r"(?!.*/action/)[^:\\]{1,100}")
AMOUNT = re.compile(r"([0-9]*\.)?[0-9]+")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+")
UNITS = ("DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM")
COST_TYPES = {
    **dict.fromkeys(
        (
            *("IncludeTax", "IncludeSubscription", "IncludeRefund", "IncludeCredit", "IncludeUpfront"),
            *("IncludeRecurring", "IncludeOtherSubscription", "IncludeSupport", "IncludeDiscount"),
        ),
        True,
    ),
    "UseBlended": False,
    "UseAmortized": False,
}
KEPT = (
    *("BudgetName", "BudgetLimit", "PlannedBudgetLimits", "CostFilters", "CostTypes", "TimeUnit", "TimePeriod"),
    *("BudgetType", "AutoAdjustData", "FilterExpression", "Metrics", "BillingViewArn"),
)
LAST = datetime(2087, 6, 15, tzinfo=UTC)
Subscriber = tuple[str, str]  # kind and address
Warned = dict[str, Any]  # a notification and its subscribers


class Backend(BudgetsBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.mine: dict[str, Params] = {}
        self.warned: dict[str, list[Warned]] = {}
        self.tags = Tags()

    # ---- budgets ---------------------------------------------------------------------------------

    def create(self, params: Params) -> Params:
        self._check_account(params)
        name = params["Budget"]["BudgetName"]
        if name in self.mine:
            raise AwsError("DuplicateRecordException", f"Error creating budget: {name} - the budget already exists.")
        budget = _checked(params["Budget"])
        warned: list[Warned] = []
        for item in params.get("NotificationsWithSubscribers") or ():
            _add(warned, item["Notification"], item.get("Subscribers") or [])
        self.mine[name], self.warned[name] = budget, warned
        self.tags.add(self._arn(name), params.get("ResourceTags"))
        return {}

    def update(self, params: Params) -> Params:
        new = params["NewBudget"]
        self._budget(params, new["BudgetName"])
        self.mine[new["BudgetName"]] = _checked(new)
        return {}

    def show(self, params: Params) -> Params:
        return {"Budget": self._shown(self._budget(params))}

    def show_all(self, params: Params) -> Params:
        self._check_account(params)
        return {"Budgets": [self._shown(budget) for budget in self.mine.values()]}

    def remove(self, params: Params) -> Params:
        name = self._budget(params)["BudgetName"]
        del self.mine[name], self.warned[name]
        self.tags.drop(self._arn(name))
        return {}

    @staticmethod
    def _shown(budget: Params) -> Params:
        nothing = {"Amount": "0.0", "Unit": budget.get("BudgetLimit", {}).get("Unit", "USD")}
        return {**budget, "CalculatedSpend": {"ActualSpend": nothing}, "HealthStatus": {"Status": "HEALTHY"}}

    def _budget(self, params: Params, name: str | None = None) -> Params:
        self._check_account(params)
        name = name or params["BudgetName"]
        if name not in self.mine:
            raise AwsError("NotFoundException", f"Unable to find budget: {name} - the budget doesn't exist.")
        return self.mine[name]

    def _check_account(self, params: Params) -> None:
        if params.get("AccountId") != self.account_id:
            raise AwsError("AccessDeniedException", f"Account {params.get('AccountId')} is not the caller's.")

    def _arn(self, name: str) -> str:
        return f"arn:{self.partition}:budgets::{self.account_id}:budget/{name}"

    # ---- notifications and subscribers ---------------------------------------------------------------

    def notifications(self, params: Params) -> Params:
        self._budget(params)
        shown = [{**item["of"], "NotificationState": "OK"} for item in self.warned[params["BudgetName"]]]
        return {"Notifications": shown}

    def add_notification(self, params: Params) -> Params:
        self._budget(params)
        _add(self.warned[params["BudgetName"]], params["Notification"], params.get("Subscribers") or [])
        return {}

    def remove_notification(self, params: Params) -> Params:
        self.warned[params["BudgetName"]].remove(self._warned(params))
        return {}

    def subscribers(self, params: Params) -> Params:
        listed = self._warned(params)["subscribers"]
        return {"Subscribers": [{"SubscriptionType": kind, "Address": address} for kind, address in listed]}

    def add_subscriber(self, params: Params) -> Params:
        item = self._warned(params)
        item["subscribers"] = _subscribers([*_plain(item["subscribers"]), params["Subscriber"]])
        return {}

    def change_subscriber(self, params: Params) -> Params:
        item, old = self._warned(params), _subscriber(params["OldSubscriber"])
        if old not in item["subscribers"]:
            raise AwsError("NotFoundException", "Unable to update subscriber - the subscriber doesn't exist.")
        others = [one for one in item["subscribers"] if one != old]
        item["subscribers"] = _subscribers([*_plain(others), params["NewSubscriber"]])
        return {}

    def remove_subscriber(self, params: Params) -> Params:
        item, wanted = self._warned(params), _subscriber(params["Subscriber"])
        if wanted not in item["subscribers"]:
            raise AwsError("NotFoundException", "Unable to delete subscriber - the subscriber doesn't exist.")
        item["subscribers"].remove(wanted)
        if not item["subscribers"]:  # "Deleting the last subscriber to a notification also deletes the notification."
            self.warned[params["BudgetName"]].remove(item)
        return {}

    def _warned(self, params: Params) -> Warned:
        self._budget(params)
        wanted = _notification(params["Notification"])
        for item in self.warned[params["BudgetName"]]:
            if item["of"] == wanted:
                return item
        raise AwsError("NotFoundException", "Unable to find the notification - the notification doesn't exist.")

    # ---- tags ---------------------------------------------------------------------------------------

    def show_tags(self, params: Params) -> Params:
        return {"ResourceTags": self.tags.list(self._existing(params))}

    def add_tags(self, params: Params) -> Params:
        self.tags.add(self._existing(params), params["ResourceTags"])
        return {}

    def remove_tags(self, params: Params) -> Params:
        self.tags.remove(self._existing(params), params["ResourceTagKeys"])
        return {}

    def _existing(self, params: Params) -> str:
        arn = str(params["ResourceARN"])
        if arn not in map(self._arn, self.mine):
            raise AwsError("NotFoundException", f"The resource {arn} doesn't exist.")
        return arn


def _checked(budget: Params) -> Params:
    """The budget as Budgets keeps it."""
    limit = budget.get("BudgetLimit")
    if not NAME.fullmatch(budget.get("BudgetName", "")):
        raise AwsError("InvalidParameterException", "The budget name is invalid.")
    if budget.get("TimeUnit") not in UNITS:
        raise AwsError("InvalidParameterException", f"The time unit {budget.get('TimeUnit')} is invalid.")
    if not (limit or budget.get("PlannedBudgetLimits") or budget.get("AutoAdjustData")):
        raise AwsError(
            "InvalidParameterException",
            "Unable to create/update budget - please provide one of the followings: "
            "Budget Limit/ Planned Budget Limit/ Auto Adjust Data",
        )
    if limit and (not AMOUNT.fullmatch(str(limit.get("Amount"))) or float(limit["Amount"]) <= 0):
        raise AwsError("InvalidParameterException", f"The budget amount {limit.get('Amount')} is invalid.")
    new_filters, old_filters = (
        given(budget, ("FilterExpression", "Metrics")),
        given(budget, ("CostFilters", "CostTypes")),
    )
    if new_filters and old_filters:
        raise AwsError("InvalidParameterException", "CostFilters and CostTypes exclude FilterExpression and Metrics.")
    for values in (budget.get("CostFilters") or {}).values():
        if not values:
            raise AwsError("InvalidParameterException", "A cost filter needs values.")
    kept = given(budget, KEPT)
    if limit:
        kept["BudgetLimit"] = {"Amount": str(float(limit["Amount"])), "Unit": limit["Unit"]}
    if budget["BudgetType"] == "COST" and not new_filters:
        kept["CostTypes"] = {**COST_TYPES, **(budget.get("CostTypes") or {})}
        kept["CostFilters"] = budget.get("CostFilters") or {}
    return {
        **kept,
        "TimePeriod": _period(budget.get("TimePeriod") or {}, budget["TimeUnit"]),
        "LastUpdatedTime": _now(),
    }


def _period(period: Params, unit: str) -> Params:
    today = _now().replace(hour=0, minute=0, second=0)
    starts = {"DAILY": today, "MONTHLY": today.replace(day=1), "ANNUALLY": today.replace(month=1, day=1)}
    start = _time(period.get("Start")) or starts.get(unit, today.replace(day=1))
    end = _time(period.get("End")) or LAST
    if start >= end or end > LAST:
        raise AwsError("InvalidParameterException", "The time period of the budget is invalid.")
    return {"Start": start, "End": end}


def _time(value: Any) -> datetime | None:
    return datetime.fromtimestamp(float(value), UTC) if value is not None else None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _add(warned: list[Warned], notification: Params, subscribers: list[Params]) -> None:
    of = _notification(notification)
    if any(item["of"] == of for item in warned):
        raise AwsError("DuplicateRecordException", "Error creating notification - the notification already exists.")
    if len(warned) >= MOST_NOTIFICATIONS:
        raise AwsError("CreationLimitExceededException", "The limit of notifications of the budget is exceeded.")
    if not subscribers:
        raise AwsError("InvalidParameterException", "A notification needs at least one subscriber.")
    warned.append({"of": of, "subscribers": _subscribers(subscribers)})


def _notification(notification: Params) -> Params:
    """What tells a notification from others."""
    if notification.get("NotificationType") not in ("ACTUAL", "FORECASTED"):
        raise AwsError("InvalidParameterException", f"Notification type {notification.get('NotificationType')}.")
    if notification.get("ComparisonOperator") not in ("GREATER_THAN", "LESS_THAN", "EQUAL_TO"):
        raise AwsError("InvalidParameterException", f"Comparison {notification.get('ComparisonOperator')}.")
    if not 0 < float(notification["Threshold"]) <= 15_000_000_000_000:
        raise AwsError("InvalidParameterException", "The notification threshold is invalid.")
    return {
        "NotificationType": notification["NotificationType"],
        "ComparisonOperator": notification["ComparisonOperator"],
        "Threshold": float(notification["Threshold"]),
        "ThresholdType": notification.get("ThresholdType") or "PERCENTAGE",
    }


def _subscribers(listed: list[Params]) -> list[Subscriber]:
    found = [_subscriber(item) for item in listed]
    if len(set(found)) != len(found):
        raise AwsError("DuplicateRecordException", "Error creating subscriber - the subscriber already exists.")
    kinds = [kind for kind, _ in found]
    if kinds.count("EMAIL") > MOST_ADDRESSES or kinds.count("SNS") > MOST_TOPICS:
        raise AwsError("CreationLimitExceededException", "The limit of subscribers of the notification is exceeded.")
    return found


def _subscriber(item: Params) -> Subscriber:
    kind, address = item.get("SubscriptionType"), str(item.get("Address"))
    pattern = {"EMAIL": EMAIL, "SNS": TOPIC}.get(str(kind))
    if pattern is None or not pattern.fullmatch(address):
        raise AwsError("InvalidParameterException", f"Invalid subscriber: {kind} {address}")
    return str(kind), address


def _plain(subscribers: list[Subscriber]) -> list[Params]:
    return [{"SubscriptionType": kind, "Address": address} for kind, address in subscribers]


@answer_with
class Response(BudgetsResponse):
    pass


forward(
    Response,
    budgets_backends,
    {
        "create_budget": "create",
        "update_budget": "update",
        "describe_budget": "show",
        "describe_budgets": "show_all",
        "delete_budget": "remove",
        "create_notification": "add_notification",
        "delete_notification": "remove_notification",
        "describe_notifications_for_budget": "notifications",
        "create_subscriber": "add_subscriber",
        "update_subscriber": "change_subscriber",
        "delete_subscriber": "remove_subscriber",
        "describe_subscribers_for_notification": "subscribers",
        "list_tags_for_resource": "show_tags",
        "tag_resource": "add_tags",
        "untag_resource": "remove_tags",
    },
)
model_with(budgets_backends, Backend)
