# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daily and weekly windows of RDS and ElastiCache, in minutes of the week."""

from __future__ import annotations

import re

from .errors import AwsError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
DAILY = re.compile(r"^(\d\d):(\d\d)-(\d\d):(\d\d)$")
WEEKLY = re.compile(r"^([a-z]{3}):(\d\d):(\d\d)-([a-z]{3}):(\d\d):(\d\d)$")


def daily(text: str, what: str, minimum: int) -> tuple[int, int]:
    """Start and length; at least `minimum` minutes long."""
    match = DAILY.match(text)
    if not match:
        raise AwsError(
            "InvalidParameterValue", f"Invalid {what} format: {text}. Should be specified as hh24:mi-hh24:mi."
        )
    start, end = _minutes(match[1], match[2], text, what), _minutes(match[3], match[4], text, what)
    length = (end - start) % DAY
    if length < minimum:
        raise AwsError("InvalidParameterValue", f"The {what} must be at least {minimum} minutes.")
    return start, length


def weekly(text: str, what: str, minimum: int) -> tuple[int, int]:
    match = WEEKLY.match(text.lower())
    if not match or match[1] not in DAYS or match[4] not in DAYS:
        raise AwsError(
            "InvalidParameterValue", f"Invalid {what} format: {text}. Should be specified as ddd:hh24:mi-ddd:hh24:mi."
        )
    start = DAYS.index(match[1]) * DAY + _minutes(match[2], match[3], text, what)
    end = DAYS.index(match[4]) * DAY + _minutes(match[5], match[6], text, what)
    length = (end - start) % WEEK
    if not minimum <= length <= DAY:
        raise AwsError(
            "InvalidParameterValue", f"The {what} must be at least {minimum} minutes and at most 24 hours long: {text}."
        )
    return start, length


def overlap(day: tuple[int, int], week: tuple[int, int]) -> bool:
    """Windows that only touch do not overlap."""
    start, length = day
    for number in range(-1, 8):
        begin = number * DAY + start
        for shift in (-WEEK, 0, WEEK):
            if begin < week[0] + shift + week[1] and week[0] + shift < begin + length:
                return True
    return False


def _minutes(hours: str, minutes: str, text: str, what: str) -> int:
    if int(hours) > 23 or int(minutes) > 59:
        raise AwsError("InvalidParameterValue", f"Invalid {what}: {text}.")
    return int(hours) * 60 + int(minutes)
