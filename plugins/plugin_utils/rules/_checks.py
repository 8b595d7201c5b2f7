# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of several kinds check alike: ports, CIDR blocks, ARNs, windows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown

Network = IPv4Network | IPv6Network

PORT_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
ZONE_NAME = re.compile(r"[a-z]{2}(-[a-z]+)+-\d[a-z]")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
DAILY = re.compile(rf"{CLOCK}-{CLOCK}")
WEEKLY = re.compile(rf"({'|'.join(WEEKDAYS)}):{CLOCK}-({'|'.join(WEEKDAYS)}):{CLOCK}")
DAY, WEEK = 24 * 60, 7 * 24 * 60


def known(options: dict[str, Any], name: str) -> Any:
    """The option, or None when it is not set or known only after apply."""
    value = options.get(name)
    return None if is_unknown(value) else value


def between(options: dict[str, Any], name: str, low: int, high: int) -> Iterator[str]:
    value = known(options, name)
    if value is not None and not low <= int(value) <= high:
        yield f"{name} is {value}; allowed are {low} to {high}"


def port_problem(ports: Any) -> str | None:
    """What is wrong with a port or a range of ports."""
    match = PORT_RANGE.fullmatch(str(ports))
    if not match:
        return "allowed are a port and a range as 8000-8010"
    first, last = int(match[1]), int(match[2] or match[1])
    if max(first, last) > 65535 or (match[2] is None and first == 0):
        return "allowed are 1 to 65535"
    return "the range ends before it begins" if last < first else None


def network(block: str) -> Network | None:
    """The block, None when it is no aligned CIDR block."""
    try:
        return ip_network(block) if "/" in block else None
    except ValueError:
        return None


def cidr_problem(block: Any) -> str | None:
    """What is wrong with a CIDR block."""
    if network(str(block)) is not None:
        return None
    try:
        aligned = ip_network(str(block), strict=False)
    except ValueError:
        return "allowed is a CIDR block as 10.0.0.0/16"
    if "/" not in str(block):
        return f"the length of the prefix is missing; a single address is {aligned}"
    return f"misaligned; the block that holds it is {aligned}"


def region_problem(name: str, arn: Any, region: Any) -> Iterator[str]:
    """An ARN of another region than the environment's."""
    parts = str(arn).split(":")
    if is_unknown([arn, region]) or not region or len(parts) < 6:
        return
    if parts[3] != region:
        yield f"{name} is {arn}; allowed is an ARN of {region}, where the environment is"


def is_zone(zone: Any, region: Any) -> bool:
    """Whether it is the name of an availability zone, of the region when that is known."""
    named = ZONE_NAME.fullmatch(str(zone)) is not None
    return named and (not region or is_unknown(region) or str(zone)[:-1] == region)


def daily_window(window: str) -> tuple[int, int] | None:
    """Begin and end in minutes of the day, the end later than the begin; None when it is no window."""
    match = DAILY.fullmatch(window)
    if not match:
        return None
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return begin, end if end > begin else end + DAY


def weekly_window(window: str) -> tuple[int, int] | None:
    """Begin and end in minutes of the week, the end later than the begin; None when it is no window."""
    match = WEEKLY.fullmatch(window.lower())
    if not match:
        return None
    begin = WEEKDAYS.index(match[1]) * DAY + int(match[2]) * 60 + int(match[3])
    end = WEEKDAYS.index(match[4]) * DAY + int(match[5]) * 60 + int(match[6])
    return begin, end if end > begin else end + WEEK


def window_problems(daily_name: str, daily: Any, weekly_name: str, weekly: Any, shortest: int = 30) -> Iterator[str]:
    """A daily window and a weekly one, both so many minutes long at least, that may touch, but not overlap."""
    by_day = daily_window(str(daily)) if daily else None
    by_week = weekly_window(str(weekly)) if weekly else None
    if daily and by_day is None:
        yield f"{daily_name} is {daily}; allowed is hh:mm-hh:mm in UTC, as 03:00-04:00"
    if weekly and by_week is None:
        yield f"{weekly_name} is {weekly}; allowed is ddd:hh:mm-ddd:hh:mm in UTC, as sun:04:00-sun:05:00"
    for name, window, minutes in ((daily_name, daily, by_day), (weekly_name, weekly, by_week)):
        if minutes and minutes[1] - minutes[0] < shortest:
            yield f"{name} is {window}; allowed are {shortest} minutes or longer"
    if by_week and by_week[1] - by_week[0] > DAY:
        yield f"{weekly_name} is {weekly}; allowed are 24 hours or shorter"
    if by_day and by_week:
        days = [(by_day[0] + day * DAY, by_day[1] + day * DAY) for day in range(-1, 9)]
        if any(begin < by_week[1] and by_week[0] < end for begin, end in days):
            yield f"{daily_name} {daily} overlaps {weekly_name} {weekly}; allowed are windows that at most touch"
