#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: budgets_budget
short_description: Manage a cost budget with its notifications
version_added: 0.2.0
description:
  - Creates, changes and deletes a cost budget of AWS Budgets, see
    U(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html).
  - Budgets is one service for all regions. Budgets of other types than C(COST) are refused, not changed.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the budget, unique in the account.
    type: str
    required: true
  limit_amount:
    description:
      - How much may be spent in O(time_unit). Needed to create a budget.
    type: float
  limit_unit:
    description:
      - The currency of O(limit_amount). A new budget has V(USD) without it.
    type: str
  time_unit:
    description:
      - The period that the amount is for. A new budget has V(MONTHLY) without it.
    type: str
    choices: [DAILY, MONTHLY, QUARTERLY, ANNUALLY]
  cost_filters:
    description:
      - Lists of values by filter, such as V(Service), V(Region) or V(TagKeyValue) with values such as
        V(user:Project$shop); only costs that all filters let through are counted. An empty one counts everything.
      - It takes the place of a filter expression that the budget may have.
    type: dict
  cost_types:
    description:
      - What counts as costs. A new budget counts everything, neither blended nor amortized.
    type: dict
    suboptions:
      include_tax:
        description: Taxes.
        type: bool
      include_subscription:
        description: Subscriptions.
        type: bool
      include_refund:
        description: Refunds.
        type: bool
      include_credit:
        description: Credits.
        type: bool
      include_upfront:
        description: Upfront payments for reservations.
        type: bool
      include_recurring:
        description: Recurring payments for reservations.
        type: bool
      include_other_subscription:
        description: Other subscriptions.
        type: bool
      include_support:
        description: Support.
        type: bool
      include_discount:
        description: Discounts.
        type: bool
      use_blended:
        description: Blended rates.
        type: bool
      use_amortized:
        description: Amortized rates.
        type: bool
  notifications:
    description:
      - Who is told of what, at most ten of them. Notifications and subscribers that are not listed are removed.
    type: list
    elements: dict
    suboptions:
      type:
        description: Whether what was spent counts, or what will have been spent by the end of the period.
        type: str
        choices: [ACTUAL, FORECASTED]
        default: ACTUAL
      comparison_operator:
        description: How costs are compared with the threshold.
        type: str
        choices: [GREATER_THAN, LESS_THAN, EQUAL_TO]
        default: GREATER_THAN
      threshold:
        description: The threshold, in percent of O(limit_amount) or in its currency.
        type: float
        required: true
      threshold_type:
        description: What the threshold is.
        type: str
        choices: [PERCENTAGE, ABSOLUTE_VALUE]
        default: PERCENTAGE
      email_addresses:
        description: Who is mailed, at most ten addresses.
        type: list
        elements: str
        default: []
      topic_arn:
        description:
          - The ARN of an SNS topic of the account, whose policy lets C(budgets.amazonaws.com) publish, see
            U(https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html).
        type: str
        default: ""
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Tell when the shop will have cost more than 500 USD by the end of the month
  slipway.fargate.budgets_budget:
    name: shop-prod
    limit_amount: 500
    cost_filters:
      TagKeyValue: [user:Project$shop]
    notifications:
      - {type: ACTUAL, threshold: 80, email_addresses: [money@example.com]}
      - {type: FORECASTED, threshold: 100, topic_arn: "arn:aws:sns:eu-west-1:123456789012:shop-prod-alarms-default"}

- name: Remove the budget
  slipway.fargate.budgets_budget:
    name: shop-prod
    state: absent
"""

RETURN = r"""
budget:
  description: The budget; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:budgets::123456789012:budget/shop-prod
    limit_amount:
      description: How much may be spent.
      type: float
      sample: 500.0
    limit_unit:
      description: The currency.
      type: str
      sample: USD
    time_unit:
      description: The period.
      type: str
      sample: MONTHLY
    cost_filters:
      description: The filters.
      type: dict
      sample: {"TagKeyValue": ["user:Project$shop"]}
    cost_types:
      description: What counts as costs, by the suboptions of O(cost_types); empty with a filter expression.
      type: dict
      sample: {"include_tax": true, "use_blended": false}
    notifications:
      description: The notifications, by the suboptions of O(notifications).
      type: list
      elements: dict
      sample:
        - type: ACTUAL
          comparison_operator: GREATER_THAN
          threshold: 80.0
          threshold_type: PERCENTAGE
          email_addresses: [money@example.com]
          topic_arn: ""
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: AWS budget
      name: shop-prod
      attributes: {"limit_amount": {"before": 400.0, "after": 500.0}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

COST_TYPES = {
    "include_tax": "IncludeTax",
    "include_subscription": "IncludeSubscription",
    "include_refund": "IncludeRefund",
    "include_credit": "IncludeCredit",
    "include_upfront": "IncludeUpfront",
    "include_recurring": "IncludeRecurring",
    "include_other_subscription": "IncludeOtherSubscription",
    "include_support": "IncludeSupport",
    "include_discount": "IncludeDiscount",
    "use_blended": "UseBlended",
    "use_amortized": "UseAmortized",
}
# What UpdateBudget would set back when it is not said again.
KEPT = ("TimePeriod", "BillingViewArn", "FilterExpression", "Metrics")
SAME = {
    "type": "NotificationType",
    "comparison_operator": "ComparisonOperator",
    "threshold": "Threshold",
    "threshold_type": "ThresholdType",
}
Subscribers = list[dict[str, str]]


class Budget(Resource):
    type_name = "AWS budget"
    assigned = ("arn",)
    defaults = {
        "limit_unit": "USD",
        "time_unit": "MONTHLY",
        "cost_filters": {},
        "cost_types": {option: option.startswith("include") for option in COST_TYPES},
        "notifications": [],
        "tags": {},
    }
    unordered = ("notifications",)
    updates = {
        "put_budget": ("limit_amount", "limit_unit", "time_unit", "cost_filters", "cost_types"),
        "put_notifications": ("notifications",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        names = ("limit_amount", "limit_unit", "time_unit", "cost_filters", "cost_types", "notifications", "tags")
        desired = {"name": module.params["name"], **set_options(module, *names)}
        for entry in desired.get("notifications", []):
            entry["email_addresses"] = sorted(set(entry["email_addresses"]))
        if "cost_filters" in desired:
            desired["cost_filters"] = {key: sorted(map(str, v)) for key, v in desired["cost_filters"].items()}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "budgets")
        self.account = RetryingClient(module, "sts").get_caller_identity()
        self.place = {"AccountId": self.account["Account"], "BudgetName": self.name}
        self.found: Attributes = {}

    def validate(self) -> None:
        problems = []
        if self.desired.get("limit_amount", 1) <= 0:
            problems.append(f"limit_amount is {self.desired['limit_amount']}; allowed is more than 0")
        entries = self.desired.get("notifications", [])
        if len({tuple(parameters(entry).items()) for entry in entries}) != len(entries):
            problems.append("two notifications differ only in who is told; make it one")
        for entry in entries:
            if not entry["email_addresses"] and not entry["topic_arn"]:
                problems.append(f"nobody is told of the threshold {entry['threshold']:g}")
        if problems:
            raise ResourceError(f"budget {self.name}: " + "; ".join(problems))

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "create" and "limit_amount" not in self.desired:
            raise ResourceError(f"there is no budget {self.name}; to create it, set limit_amount")
        return change

    def same(self, key: str) -> bool:
        if key == "cost_filters":  # one that is not said must not be there
            return self.current[key] == self.desired[key]
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        if self.state == "present" and self.current is None:
            after["cost_types"] = {**self.defaults["cost_types"], **self.desired.get("cost_types", {})}
        if self.state == "present" and "cost_filters" in self.desired:
            after["cost_filters"] = self.desired["cost_filters"]
        return after

    def read(self) -> Attributes | None:
        try:
            self.found = found = self.client.describe_budget(**self.place)["Budget"]
        except is_boto3_error_code("NotFoundException"):
            return None
        if found["BudgetType"] != "COST" or "BudgetLimit" not in found:
            raise ResourceError(f"budget {self.name} is not a cost budget with one limit; give this one another name")
        types = found.get("CostTypes") or {}
        listed = self.client.list("describe_notifications_for_budget", "Notifications", **self.place)
        tags = self.client.list_tags_for_resource(ResourceARN=self.arn())["ResourceTags"]
        return {
            "name": self.name,
            "arn": self.arn(),
            "limit_amount": float(found["BudgetLimit"]["Amount"]),
            "limit_unit": found["BudgetLimit"]["Unit"],
            "time_unit": found["TimeUnit"],
            "cost_filters": {key: sorted(values) for key, values in (found.get("CostFilters") or {}).items()},
            "cost_types": {option: types[name] for option, name in COST_TYPES.items() if name in types},
            "notifications": [self.read_notification(item) for item in listed],
            "tags": boto3_tag_list_to_ansible_dict(tags),
        }

    def arn(self) -> str:
        return f"arn:{self.account['Arn'].split(':')[1]}:budgets::{self.account['Account']}:budget/{self.name}"

    def read_notification(self, item: dict[str, Any]) -> Attributes:
        entry = {**{option: item.get(name) for option, name in SAME.items()}, "threshold": float(item["Threshold"])}
        entry["threshold_type"] = entry["threshold_type"] or "PERCENTAGE"
        listed = self.client.list(
            "describe_subscribers_for_notification", "Subscribers", **self.place, Notification=parameters(entry)
        )
        topics = [one["Address"] for one in listed if one["SubscriptionType"] == "SNS"]
        addresses = sorted(one["Address"] for one in listed if one["SubscriptionType"] == "EMAIL")
        return {**entry, "email_addresses": addresses, "topic_arn": topics[0] if topics else ""}

    def budget(self) -> dict[str, Any]:
        """The whole budget as it will be: whatever an update does not say goes back to its default."""
        after = self.expected()
        kept = {key: self.found[key] for key in KEPT if key in self.found}
        if {"cost_filters", "cost_types"} & self.desired.keys() or "FilterExpression" not in kept:
            kept = {key: kept[key] for key in ("TimePeriod", "BillingViewArn") if key in kept}
            kept["CostFilters"] = after["cost_filters"]
            kept["CostTypes"] = {COST_TYPES[option]: value for option, value in after["cost_types"].items()}
        return {
            "BudgetName": self.name,
            "BudgetType": "COST",
            "TimeUnit": after["time_unit"],
            "BudgetLimit": {"Amount": str(after["limit_amount"]), "Unit": after["limit_unit"]},
            **kept,
        }

    def create(self) -> None:
        notifications = [
            {"Notification": parameters(entry), "Subscribers": subscribers(entry)}
            for entry in self.desired.get("notifications", [])
        ]
        self.client.create_budget(
            AccountId=self.place["AccountId"],
            Budget=self.budget(),
            NotificationsWithSubscribers=notifications,
            ResourceTags=ansible_dict_to_boto3_tag_list(self.desired.get("tags", {})),
        )

    def put_budget(self) -> None:
        self.client.update_budget(AccountId=self.place["AccountId"], NewBudget=self.budget())

    def put_notifications(self) -> None:
        current = {tuple(parameters(entry).items()): subscribers(entry) for entry in self.current["notifications"]}
        wanted = {tuple(parameters(entry).items()): subscribers(entry) for entry in self.desired["notifications"]}
        for key in current.keys() - wanted.keys():
            self.client.delete_notification(**self.place, Notification=dict(key))
        for key in wanted.keys() - current.keys():
            self.client.create_notification(**self.place, Notification=dict(key), Subscribers=wanted[key])
        for key in wanted.keys() & current.keys():
            self.put_subscribers(dict(key), current[key], wanted[key])

    def put_subscribers(self, notification: dict[str, Any], current: Subscribers, wanted: Subscribers) -> None:
        """A notification ends with its last subscriber, and has one topic: another one takes the place of it."""
        added, removed = ([one for one in a if one not in b] for a, b in ((wanted, current), (current, wanted)))
        for old, new in zip(removed, added, strict=False):
            self.client.update_subscriber(**self.place, Notification=notification, OldSubscriber=old, NewSubscriber=new)
        for new in added[len(removed) :]:
            self.client.create_subscriber(**self.place, Notification=notification, Subscriber=new)
        for old in removed[len(added) :]:
            self.client.delete_subscriber(**self.place, Notification=notification, Subscriber=old)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceARN=self.arn(), ResourceTagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceARN=self.arn(), ResourceTags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        self.client.delete_budget(**self.place)


def parameters(entry: Attributes) -> dict[str, Any]:
    """What tells a notification from the others."""
    return {name: entry[option] for option, name in SAME.items()}


def subscribers(entry: Attributes) -> Subscribers:
    topic = [{"SubscriptionType": "SNS", "Address": entry["topic_arn"]}] if entry["topic_arn"] else []
    return [*topic, *({"SubscriptionType": "EMAIL", "Address": address} for address in entry["email_addresses"])]


def main() -> None:
    notification = {
        "type": {"type": "str", "choices": ["ACTUAL", "FORECASTED"], "default": "ACTUAL"},
        "comparison_operator": {
            "type": "str",
            "choices": ["GREATER_THAN", "LESS_THAN", "EQUAL_TO"],
            "default": "GREATER_THAN",
        },
        "threshold": {"type": "float", "required": True},
        "threshold_type": {"type": "str", "choices": ["PERCENTAGE", "ABSOLUTE_VALUE"], "default": "PERCENTAGE"},
        "email_addresses": {"type": "list", "elements": "str", "default": []},
        "topic_arn": {"type": "str", "default": ""},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "limit_amount": {"type": "float"},
            "limit_unit": {"type": "str"},
            "time_unit": {"type": "str", "choices": ["DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"]},
            "cost_filters": {"type": "dict"},
            "cost_types": {"type": "dict", "options": {option: {"type": "bool"} for option in COST_TYPES}},
            "notifications": {"type": "list", "elements": "dict", "options": notification},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Budget(module), key="budget")


if __name__ == "__main__":
    main()
