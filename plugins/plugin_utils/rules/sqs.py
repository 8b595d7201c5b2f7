# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies, s3_bucket
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
RANGES = {
    "sqs_message_retention_seconds": (60, 1_209_600),
    "sqs_receive_wait_seconds": (0, 20),
    "sqs_visibility_timeout_seconds": (0, 43_200),
    "sqs_delay_seconds": (0, 900),
    "sqs_maximum_message_size": (1024, 1_048_576),
    "sqs_max_receive_count": (1, 1000),
}


def problems(options: dict[str, Any]) -> Iterator[str]:
    dead_letter = ["sqs_dead_letter_name"] if options.get("sqs_dead_letter") else []
    for option in ["sqs_name", *dead_letter]:
        name = known(options, option)
        if name is not None and not NAME.fullmatch(str(name)):
            yield f"{option} is {name!r}; allowed are 1 to 80 letters, digits, - and _, and .fifo at the end"
    for option, (low, high) in RANGES.items():
        yield from between(options, option, low, high)
    for bucket in known(options, "sqs_allow_buckets") or []:
        yield from s3_bucket.name_problems("sqs_allow_buckets", str(bucket))
    if options.get("sqs_allow_buckets") and str(known(options, "sqs_name")).endswith(".fifo"):
        yield "sqs_allow_buckets is set, but S3 does not send to FIFO queues; allowed is a name without .fifo"
    if options.get("sqs_content_based_deduplication") and not str(known(options, "sqs_name")).endswith(".fifo"):
        yield "sqs_content_based_deduplication is set; allowed are names that end in .fifo with it"
    if options.get("sqs_kms_key_id") and options.get("sqs_encryption") is False:
        yield "sqs_kms_key_id is set, but sqs_encryption is false; allowed is one of them"
    yield from _policies.statement_problems(
        options, "sqs_policy_statements", "Effect", "Principal", "Action", given=("Resource",)
    )
