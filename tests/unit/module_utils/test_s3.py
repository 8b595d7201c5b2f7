# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils import s3

WHOLE = {
    "id": "whole",
    "prefix": "a/",
    "tags": {"k": 1},
    "object_size_greater_than": 1,
    "object_size_less_than": 9,
    "transitions": [{"days": 9, "storage_class": "GLACIER"}, {"days": 0, "storage_class": "GLACIER_IR"}],
    "expiration_days": 30,
    "noncurrent_version_transitions": [{"noncurrent_days": 1, "storage_class": "GLACIER"}],
    "noncurrent_version_expiration": {"noncurrent_days": 2, "newer_noncurrent_versions": 3},
}


@pytest.mark.parametrize(
    "given",
    [
        WHOLE,
        {"id": "a", "expiration_days": 1},
        {"id": "b", "enabled": False, "tags": {"k": "v"}, "expired_object_delete_marker": False, "expiration_days": 1},
        {"id": "c", "object_size_less_than": 9, "expiration_date": "2031-01-01"},
        {"id": "d", "prefix": "", "abort_incomplete_multipart_upload_days": 7, "transitions": []},
    ],
)
def test_a_lifecycle_rule_survives_the_way_to_s3_and_back(given: dict[str, Any]) -> None:
    rule = s3.lifecycle_rule(given)
    assert s3.lifecycle_rule_read(s3.lifecycle_rule_written(rule)) == rule
    assert list(s3.lifecycle_problems([rule])) == []


@pytest.mark.parametrize(
    ("rule", "criteria"),
    [
        ({}, {"Prefix": ""}),
        ({"prefix": "a/"}, {"Prefix": "a/"}),
        ({"tags": {"k": "v"}}, {"Tag": {"Key": "k", "Value": "v"}}),
        (
            {"prefix": "a/", "tags": {"k": "v"}},
            {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
        ),
    ],
)
def test_a_filter_is_an_and_only_when_it_must_be(rule: dict[str, Any], criteria: dict[str, Any]) -> None:
    given = s3.lifecycle_rule({"id": "x", "expiration_days": 1, **rule})
    assert s3.lifecycle_rule_written(given)["Filter"] == criteria


def test_rules_of_other_tools_are_read() -> None:
    old = {"ID": "old", "Status": "Enabled", "Prefix": "a/", "Expiration": {"Date": datetime(2031, 1, 1, tzinfo=UTC)}}
    assert s3.lifecycle_rule_read(old) == {
        "id": "old",
        "enabled": True,
        "prefix": "a/",
        "expiration_date": "2031-01-01",
    }


def test_zero_is_a_value() -> None:
    rule = s3.cors_rule({"allowed_origins": ["*"], "allowed_methods": ["GET"], "max_age_seconds": 0, "id": None})
    assert rule == {"allowed_origins": ["*"], "allowed_methods": ["GET"], "max_age_seconds": 0}
    assert s3.cors_rule_read(s3.cors_rule_written(rule)) == rule


def test_notifications_survive_the_way_to_s3_and_back() -> None:
    given = [
        s3.notification({"queue": "arn:q", "events": ["s3:b", "s3:a", "s3:a"], "prefix": "a/", "suffix": ".jpg"}),
        s3.notification({"topic": "arn:t", "events": ["s3:a"], "prefix": ""}),
        s3.notification({"lambda_function": "arn:f", "events": ["s3:a"], "queue": None}),
    ]
    written = s3.notifications_written(given, True)
    assert written["EventBridgeConfiguration"] == {}
    assert s3.notifications_read(written) == given
    assert s3.notifications_written([], False) == {}
