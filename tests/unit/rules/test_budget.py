# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.budget import problems

MAIL = "money@example.com"
GOOD = {
    "budget_name": "shop-prod-costs",
    "budget_limit_amount": 100.0,
    "budget_email_addresses": [MAIL],
    "budget_filter_tags": {"Project": "shop"},
    "budget_cost_filters": {"Region": ["eu-west-1"]},
    "budget_notifications": [{"type": "ACTUAL", "threshold": 80.0}, {"type": "FORECASTED", "threshold": 100.0}],
}
TOPICS = {"budget_email_addresses": [], "budget_monitoring": "alarms", "budget_publishers": ["budgets.amazonaws.com"]}


@pytest.mark.parametrize("options", [{}, GOOD, {**GOOD, **TOPICS}, {**GOOD, "budget_name": "(known after apply)"}])
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget_name": "shop:costs"}, "budget_name is 'shop:costs'"),
        ({"budget_limit_amount": 0}, "budget_limit_amount is 0; allowed is more than 0"),
        ({"budget_cost_filters": {"Region": "eu-west-1"}}, "budget_cost_filters.Region is 'eu-west-1'; allowed is a l"),
        ({"budget_cost_filters": {"TagKeyValue": ["user:a$b"]}}, "TagKeyValue, which budget_filter_tags sets"),
        ({"budget_email_addresses": ["nobody"]}, "budget_email_addresses has 'nobody'"),
        ({"budget_email_addresses": [MAIL] * 11}, "budget_email_addresses has 11 entries; allowed are 10"),
        ({**TOPICS, "budget_publishers": ["events.amazonaws.com"]}, "have no budgets.amazonaws.com"),
        (
            {"budget_email_addresses": [], "budget_notifications": [{"threshold": 1}]},
            "budget_notifications[0] tells no",
        ),
        ({"budget_notifications": [{"threshold": 1, "email_addresses": []}]}, "budget_notifications[0] tells nobody"),
        ({"budget_notifications": [{"threshold": 0}]}, "budget_notifications[0] has the threshold 0"),
        (
            {"budget_notifications": [{"threshold": 1}, {"threshold": 1.0, "type": "ACTUAL"}]},
            "[1] differs from another",
        ),
        ({"budget_notifications": [{"threshold": n} for n in range(1, 12)]}, "has 11 entries; allowed are 10"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]


def test_the_topics_are_those_of_a_monitoring_component() -> None:
    components = {"orders": "sqs", "alarms": "monitoring"}
    assert not list(validation.reference_problems("budget", {"budget_monitoring": "alarms"}, components))
    assert not list(validation.reference_problems("budget", {"budget_monitoring": ""}, components))
    (problem,) = validation.reference_problems("budget", {"budget_monitoring": "orders"}, components)
    assert problem.startswith("budget_monitoring names 'orders', which is no monitoring")
