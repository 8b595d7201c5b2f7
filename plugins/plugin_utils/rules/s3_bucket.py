# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils import s3
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known

ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+")
EVENT = re.compile(r"s3:[A-Za-z]+(:[A-Za-z]+|:\*)?")
DESTINATIONS = ("queue", "topic", "lambda_function")


def name_problems(option: str, name: str) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    if is_unknown(name):
        return
    if not 3 <= len(name) <= 63:
        yield f"{option} is {name!r} with {len(name)} characters; allowed are 3 to 63"
    wrong = "".join(sorted(set(re.sub(r"[a-z0-9.-]", "", name))))
    if wrong:
        yield f"{option} is {name!r} with {wrong!r}; allowed are lower-case letters, digits, dots and hyphens"
    if name and not (name[0].isalnum() and name[-1].isalnum()):
        yield f"{option} is {name!r}; allowed are names that begin and end with a letter or a digit"
    if ".." in name:
        yield f"{option} is {name!r}; allowed are names without two dots in a row"
    if ADDRESS.fullmatch(name):
        yield f"{option} is {name!r}; allowed are names that are no IP address"
    if name.startswith(PREFIXES) or name.endswith(SUFFIXES):
        reserved = ", ".join((*PREFIXES, *SUFFIXES))
        yield f"{option} is {name!r}; allowed are names without what AWS reserves: {reserved}"


def problems(options: dict[str, Any]) -> Iterator[str]:
    for option in ("s3_bucket_name", "s3_bucket_logging_bucket"):
        if known(options, option) is not None and (options[option] or option == "s3_bucket_name"):
            yield from name_problems(option, str(options[option]))
    if options.get("s3_bucket_kms_key_id") and options.get("s3_bucket_sse_algorithm") == "AES256":
        yield "s3_bucket_kms_key_id is set, but s3_bucket_sse_algorithm is AES256; allowed are aws:kms and aws:kms:dsse"
    for option in ("s3_bucket_noncurrent_version_days", "s3_bucket_abort_uploads_days"):
        yield from between(options, option, 0, 2**31 - 1)
    for origin in known(options, "s3_bucket_cors_allowed_origins") or []:
        if not ORIGIN.fullmatch(origin) or origin.count("*") > 1:
            yield f"s3_bucket_cors_allowed_origins has {origin!r}; allowed are origins as https://example.com and *"
    yield from _notification_problems(options)
    yield from _lifecycle_problems(options)
    yield from _policies.statement_problems(
        options, "s3_bucket_policy_statements", "Effect", "Principal", "Action", "Resource"
    )


def _notification_problems(options: dict[str, Any]) -> Iterator[str]:
    for number, item in enumerate(options.get("s3_bucket_notifications") or []):
        at = f"s3_bucket_notifications[{number}]"
        given = [name for name in DESTINATIONS if item.get(name)]
        if len(given) != 1:
            yield f"{at} has {' and '.join(given) or 'no destination'}; allowed is one of {', '.join(DESTINATIONS)}"
        for event in known(item, "events") or []:
            if not EVENT.fullmatch(event):
                yield f"{at} has the event {event!r}; allowed are events as s3:ObjectCreated:*"


def _lifecycle_problems(options: dict[str, Any]) -> Iterator[str]:
    rules = [rule for rule in options.get("s3_bucket_lifecycle_rules") or [] if not is_unknown(rule)]
    if all("id" in rule for rule in rules):
        own = {"s3_bucket_abort_uploads_days": "unfinished-uploads"}
        own |= {"s3_bucket_noncurrent_version_days": "noncurrent-versions"}
        for option, name in own.items():
            if options.get(option) and any(rule["id"] == name for rule in rules):
                yield f"s3_bucket_lifecycle_rules has {name!r}, which is the rule of {option}; allowed is another id"
        for problem in s3.lifecycle_problems([s3.lifecycle_rule(rule) for rule in rules]):
            yield f"s3_bucket_lifecycle_rules: {problem}"
    else:
        yield "s3_bucket_lifecycle_rules has a rule without id; needed is one"


def _queues(notifications: Any) -> Iterator[str]:
    yield from (item["queue"] for item in notifications if isinstance(item, dict) and item.get("queue"))


REFERENCES = {"s3_bucket_notifications": ("sqs", _queues)}
