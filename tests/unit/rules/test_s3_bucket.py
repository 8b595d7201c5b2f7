# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.s3_bucket import REFERENCES, problems

GOOD = {
    "s3_bucket_name": "shop-prod.uploads-1",
    "s3_bucket_sse_algorithm": "AES256",
    "s3_bucket_kms_key_id": "",
    "s3_bucket_abort_uploads_days": 7,
    "s3_bucket_noncurrent_version_days": 0,
    "s3_bucket_cors_allowed_origins": ["http://localhost:3000", "https://*.example.com", "*"],
    "s3_bucket_notifications": [{"queue": "events", "events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"]}],
    "s3_bucket_lifecycle_rules": [{"id": "old", "expiration_days": 30}],
    "s3_bucket_policy_statements": [],
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({})) == []
    assert list(problems({"s3_bucket_name": "(known after apply)"})) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ab", "with 2 characters; allowed are 3 to 63"),
        ("a" * 64, "with 64 characters; allowed are 3 to 63"),
        ("Shop_Uploads", "with 'SU_'; allowed are lower-case letters"),
        ("-shop", "begin and end with a letter or a digit"),
        ("shop.", "begin and end with a letter or a digit"),
        ("shop..uploads", "without two dots in a row"),
        ("192.168.5.4", "no IP address"),
        ("xn--shop", "without what AWS reserves"),
        ("shop-s3alias", "without what AWS reserves"),
    ],
)
def test_a_name_that_aws_refuses(name: str, message: str) -> None:
    (problem,) = problems({"s3_bucket_name": name})
    assert problem.startswith(f"s3_bucket_name is {name!r}") and message in problem


def test_all_that_is_wrong_with_a_name_is_told_at_once() -> None:
    assert len(list(problems({"s3_bucket_name": "_A"}))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"s3_bucket_kms_key_id": "arn:x"}, "s3_bucket_kms_key_id is set, but s3_bucket_sse_algorithm is AES256"),
        ({"s3_bucket_abort_uploads_days": -1}, "s3_bucket_abort_uploads_days is -1; allowed are 0 to"),
        ({"s3_bucket_cors_allowed_origins": ["example.com"]}, "s3_bucket_cors_allowed_origins has 'example.com'"),
        ({"s3_bucket_notifications": [{"events": ["s3:x"]}]}, "s3_bucket_notifications[0] has no destination"),
        (
            {"s3_bucket_notifications": [{"queue": "a", "topic": "b", "events": ["s3:ObjectCreated:*"]}]},
            "s3_bucket_notifications[0] has queue and topic; allowed is one of",
        ),
        (
            {"s3_bucket_notifications": [{"queue": "a", "events": ["ObjectCreated"]}]},
            "s3_bucket_notifications[0] has the event 'ObjectCreated'",
        ),
        ({"s3_bucket_lifecycle_rules": [{"id": "x"}]}, "lifecycle rule x: it does nothing"),
        ({"s3_bucket_lifecycle_rules": [{"expiration_days": 1}]}, "s3_bucket_lifecycle_rules has a rule without id"),
        (
            {"s3_bucket_lifecycle_rules": [{"id": "unfinished-uploads", "expiration_days": 1}]},
            "which is the rule of s3_bucket_abort_uploads_days",
        ),
        (
            {"s3_bucket_policy_statements": [{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]},
            "s3_bucket_policy_statements[0] has no Principal; needed are Effect, Principal, Action, Resource",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    assert any(message in problem for problem in problems({**GOOD, **options}))


def test_queues_of_notifications_are_references() -> None:
    kind, names = REFERENCES["s3_bucket_notifications"]
    assert (kind, list(names([{"queue": "a"}, {"topic": "arn:x"}]))) == ("sqs", ["a"])
