# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.sqs import problems

GOOD = {
    "sqs_name": "shop-prod-orders",
    "sqs_message_retention_seconds": 1209600,
    "sqs_receive_wait_seconds": 20,
    "sqs_visibility_timeout_seconds": 30,
    "sqs_encryption": True,
    "sqs_allow_buckets": ["shop-prod-uploads"],
    "sqs_policy_statements": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}],
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({})) == []
    assert list(problems({"sqs_name": "orders.fifo", "sqs_content_based_deduplication": True})) == []
    assert list(problems({**GOOD, "sqs_allow_buckets": ["(known after apply)"]})) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sqs_name": "a" * 81}, "allowed are 1 to 80 letters"),
        ({"sqs_name": "shop.orders"}, "sqs_name is 'shop.orders'"),
        ({"sqs_message_retention_seconds": 59}, "sqs_message_retention_seconds is 59; allowed are 60 to 1209600"),
        ({"sqs_message_retention_seconds": 1209601}, "sqs_message_retention_seconds is 1209601"),
        ({"sqs_receive_wait_seconds": 21}, "sqs_receive_wait_seconds is 21; allowed are 0 to 20"),
        ({"sqs_visibility_timeout_seconds": 43201}, "sqs_visibility_timeout_seconds is 43201; allowed are 0 to 43200"),
        ({"sqs_max_receive_count": 0}, "sqs_max_receive_count is 0; allowed are 1 to 1000"),
        ({"sqs_allow_buckets": ["Shop"]}, "sqs_allow_buckets is 'Shop' with 'S'"),
        ({"sqs_name": "orders.fifo"}, "S3 does not send to FIFO queues"),
        ({"sqs_content_based_deduplication": True}, "allowed are names that end in .fifo"),
        ({"sqs_kms_key_id": "arn:x", "sqs_encryption": False}, "sqs_kms_key_id is set, but sqs_encryption is false"),
        ({"sqs_dead_letter": True, "sqs_dead_letter_name": "a b"}, "sqs_dead_letter_name is 'a b'"),
        (
            {"sqs_policy_statements": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]},
            "sqs_policy_statements[0] has Resource, which the role sets itself",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]
