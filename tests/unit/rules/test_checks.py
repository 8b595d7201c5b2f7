# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import region_problem, window_problems


@pytest.mark.parametrize(
    ("daily", "weekly"),
    [
        ("03:00-04:00", "sun:04:00-sun:05:00"),  # they touch
        ("04:00-05:00", "sun:03:00-sun:04:00"),
        ("23:30-00:30", "mon:00:30-mon:01:00"),
        ("22:00-23:00", "sun:23:00-mon:01:00"),
        ("03:00-04:00", None),
    ],
)
def test_windows_that_are_allowed(daily: str, weekly: str | None) -> None:
    assert list(window_problems("backup", daily, "maintenance", weekly)) == []


@pytest.mark.parametrize(
    ("daily", "weekly", "problem"),
    [
        ("03:00-04:00", "sun:03:30-sun:04:30", "overlaps"),
        ("23:30-00:30", "mon:00:00-mon:00:30", "overlaps"),
        ("23:30-00:30", "sun:00:00-sun:00:30", "overlaps"),
        ("00:00-01:00", "sun:23:00-mon:00:30", "overlaps"),
        ("03:00-03:20", "sun:04:00-sun:05:00", "30 minutes or longer"),
        (None, "sun:05:00-tue:05:00", "24 hours or shorter"),
        ("25:00-26:00", "sun:05:00-sun:06:00", "backup is 25:00-26:00; allowed is hh:mm-hh:mm"),
        ("03:00-04:00", "sunday:05:00-06:00", "maintenance is sunday:05:00-06:00; allowed is ddd:hh:mm-ddd:hh:mm"),
    ],
)
def test_windows_that_are_refused(daily: str | None, weekly: str, problem: str) -> None:
    (message,) = window_problems("backup", daily, "maintenance", weekly)
    assert problem in message


def test_an_arn_of_another_region_is_refused() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    assert list(region_problem("certificate", arn, "us-east-1")) == []
    assert list(region_problem("certificate", "(known after apply)", "eu-west-1")) == []
    (message,) = region_problem("certificate", arn, "eu-west-1")
    assert message == f"certificate is {arn}; allowed is an ARN of eu-west-1, where the environment is"
