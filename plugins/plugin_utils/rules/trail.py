# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from ansible_collections.slipway.fargate.plugins.modules.cloudwatch_log_group import RETENTIONS
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known, region_problem

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
NAME = re.compile(r"(?!.*[._-]{2})[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]")
LOG_GROUP = re.compile(r"[A-Za-z0-9._/#-]{1,512}")
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, prefix = known(options, "trail_name"), known(options, "trail_key_prefix")
    if name is not None and (not NAME.fullmatch(str(name)) or _is_address(str(name))):
        yield (
            f"trail_name is {name!r}; allowed are 3 to 128 letters, digits and single ._-, with a letter or a digit "
            "at both ends"
        )
    if prefix and (len(prefix) > 200 or prefix.startswith("/") or prefix.endswith("/")):
        yield f"trail_key_prefix is {prefix!r}; allowed are up to 200 characters without / at both ends"
    if options.get("trail_multi_region") and options.get("trail_global_events") is False:
        yield "trail_multi_region is true and trail_global_events is false; allowed is a trail of all regions with both"
    yield from region_problem("trail_kms_key_id", known(options, "trail_kms_key_id"), options.get("aws_region"))
    yield from _log_group(options)


def _log_group(options: dict[str, Any]) -> Iterator[str]:
    group = known(options, "trail_log_group")
    if not group:
        return
    days, role = known(options, "trail_log_retention_days"), known(options, "trail_log_role_name")
    if not LOG_GROUP.fullmatch(str(group)):
        yield f"trail_log_group is {group!r}; allowed are 1 to 512 letters, digits and ._/#-"
    if days is not None and int(days) not in RETENTIONS:
        yield f"trail_log_retention_days is {days}; allowed are {', '.join(map(str, RETENTIONS))}"
    if role is not None and not ROLE_NAME.fullmatch(str(role)):
        yield f"trail_log_role_name is {role!r}; allowed are 1 to 64 letters, digits and +=,.@_-"


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


REFERENCES = {"trail_bucket": "s3_bucket"}
