# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.guardduty import problems
from ansible_collections.slipway.fargate.plugins.plugin_utils.validation import singleton_problems

BASE: dict[str, Any] = {"guardduty_name": "shop-prod-threats", "guardduty_features": [], "guardduty_tags": {}}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"guardduty_name": "(known after apply)", "guardduty_features": "(known after apply)"},
        {"guardduty_features": ["S3_DATA_EVENTS", "RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"]},
        {"guardduty_tags": {"Team": "shop"}},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**BASE, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"guardduty_name": ""}, "guardduty_name is ''; allowed are 1 to 256 characters"),
        (
            {"guardduty_features": ["S3_DATA_EVENTS", "ECS_FARGATE_AGENT_MANAGEMENT"]},
            "guardduty_features has ECS_FARGATE_AGENT_MANAGEMENT; allowed is that with RUNTIME_MONITORING",
        ),
        ({"guardduty_tags": {"Name": "mine"}}, "guardduty_tags has Name; allowed is guardduty_name"),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**BASE, **options}))
    assert len(found) == 1 and found[0].startswith(problem), found


def test_there_is_one_in_a_region() -> None:
    components = {"threats": "guardduty", "history": "config_recorder", "files": "s3_bucket", "more": "s3_bucket"}
    here = dict.fromkeys((*components, "second", "elsewhere"), "eu-west-1")
    assert list(singleton_problems(components, here)) == []
    again = {**components, "second": "guardduty", "elsewhere": "config_recorder"}
    assert list(singleton_problems(again, {**here, "elsewhere": "us-east-1"})) == [
        "second: threats is a guardduty already; allowed is one in a region of an account"
    ]
