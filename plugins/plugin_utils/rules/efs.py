# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.efs import TOGETHER
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known, region_problem

LONGEST_NAME, LONGEST_PATH, MOST_GROUPS = 64, 100, 5
LARGEST_ID = 4_294_967_295
PERMISSIONS = re.compile(r"[0-7]{3,4}")
THROUGHPUT = (1, 3414)

REFERENCES = {"efs_vpc": "vpc", "efs_security_groups": "security_group"}


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = known(options, "efs_name")
    if name is not None and not 1 <= len(name) <= LONGEST_NAME:
        yield f"efs_name is {name!r} with {len(name)} characters; allowed are 1 to {LONGEST_NAME}"
    groups = options.get("efs_security_groups") or []
    if len(groups) > MOST_GROUPS:
        yield f"efs_security_groups has {len(groups)}; allowed are up to {MOST_GROUPS}"
    if options.get("efs_kms_key_id") and options.get("efs_encrypted") is False:
        yield "efs_kms_key_id is set, but efs_encrypted is false; allowed with it is true"
    yield from region_problem("efs_kms_key_id", options.get("efs_kms_key_id") or "", options.get("aws_region"))
    yield from _throughput(options)
    if options.get("efs_iam_required") and options.get("efs_tls_only") is False:
        yield "efs_iam_required is set, but efs_tls_only is false; allowed with it is true, IAM needs TLS"
    yield from _policies.statement_problems(
        options, "efs_policy_statements", "Effect", "Principal", "Action", given=("Resource",)
    )
    yield from _access_points(known(options, "efs_access_points") or [])


def _throughput(options: dict[str, Any]) -> Iterator[str]:
    mode = known(options, "efs_throughput_mode") or "bursting"
    speed = known(options, "efs_provisioned_throughput_mibps")
    if (speed is not None) != (mode == "provisioned"):
        yield (
            f"efs_provisioned_throughput_mibps is {'not set' if speed is None else speed} with efs_throughput_mode "
            f"{mode}; allowed are both provisioned and a number, or neither"
        )
    elif speed is not None and not THROUGHPUT[0] <= float(speed) <= THROUGHPUT[1]:
        yield f"efs_provisioned_throughput_mibps is {speed}; allowed are {THROUGHPUT[0]} to {THROUGHPUT[1]}"
    if mode == "elastic" and options.get("efs_performance_mode") == "maxIO":
        yield "efs_throughput_mode is elastic; allowed with efs_performance_mode maxIO are bursting and provisioned"
    archive, infrequent = (known(options, f"efs_transition_to_{name}_days") for name in ("archive", "ia"))
    if archive and mode != "elastic":
        yield f"efs_transition_to_archive_days is {archive}; allowed with efs_throughput_mode {mode} is 0"
    if archive and infrequent and int(archive) <= int(infrequent):
        yield (
            f"efs_transition_to_archive_days is {archive}; allowed with efs_transition_to_ia_days {infrequent} is more "
            "than that"
        )


def _access_points(points: list[Any]) -> Iterator[str]:
    names = [point.get("name") for point in points if isinstance(point, Mapping)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"efs_access_points has {name} twice; allowed is another name"
    for point in points:
        if not isinstance(point, Mapping) or is_unknown(point):
            continue
        where = f"efs_access_points {point.get('name')}"
        path = str(point.get("path") or "/")
        if not path.startswith("/") or len(path) > LONGEST_PATH:
            yield f"{where}.path is {path!r}; allowed are absolute paths, up to {LONGEST_PATH} characters"
        for options in TOGETHER:
            given = [option for option in options if point.get(option) is not None]
            if given and len(given) < len(options):
                yield f"{where} has {', '.join(given)}; allowed are {', '.join(options)} together"
        for option in ("posix_uid", "posix_gid", "owner_uid", "owner_gid"):
            value = point.get(option)
            if value is not None and not 0 <= int(value) <= LARGEST_ID:
                yield f"{where}.{option} is {value}; allowed are 0 to {LARGEST_ID}"
        permissions = point.get("permissions")
        if permissions is not None and not PERMISSIONS.fullmatch(str(permissions)):
            yield f"{where}.permissions is {permissions!r}; allowed are three or four octal digits, as '0755'"
