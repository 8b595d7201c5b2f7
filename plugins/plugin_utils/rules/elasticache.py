# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import parameter_family
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import (
    between,
    known,
    region_problem,
    window_problems,
)

REFERENCES = {
    "elasticache_vpc": "vpc",
    "elasticache_security_groups": "security_group",
    "elasticache_password_secret": "secret",
}
IDENTIFIER = re.compile(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,39}", re.IGNORECASE)
IDENTIFIERS = (
    *("elasticache_name", "elasticache_user_group_id", "elasticache_default_user_id", "elasticache_app_user_id"),
    "elasticache_parameter_group_name",
)
NODE_TYPE = re.compile(r"cache\.[a-z]\d[a-z]*\.(micro|small|medium|large|\d*xlarge)")
VERSION = re.compile(r"\d+\.(\d+(\.\d+)?|x)")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTIONS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def problems(options: dict[str, Any]) -> Iterator[str]:
    yield from _numbers(options)
    yield from _names(options)
    yield from _engine(options)
    yield from _availability(options)
    yield from _access(options)
    yield from window_problems(
        *("elasticache_snapshot_window", known(options, "elasticache_snapshot_window")),
        *("elasticache_maintenance_window", known(options, "elasticache_maintenance_window")),
        shortest=60,
    )
    for name in ("elasticache_kms_key_id", "elasticache_notification_topic_arn"):
        yield from region_problem(name, options.get(name), options.get("aws_region"))


def _numbers(options: dict[str, Any]) -> Iterator[str]:
    yield from between(options, "elasticache_port", 1, 65535)
    yield from between(options, "elasticache_num_cache_clusters", 1, 6)
    yield from between(options, "elasticache_snapshot_retention_limit", 0, 35)
    yield from between(options, "elasticache_wait_timeout", 1, 24 * 3600)
    for name in ("elasticache_slow_log_retention_days", "elasticache_engine_log_retention_days"):
        days = known(options, name)
        if days is not None and int(days) not in RETENTIONS:
            yield f"{name} is {days}; allowed are {', '.join(map(str, RETENTIONS))}"


def _names(options: dict[str, Any]) -> Iterator[str]:
    for name in IDENTIFIERS:
        value = known(options, name)
        if value is not None and not IDENTIFIER.fullmatch(value):
            yield (
                f"{name} is {value}; allowed are 1 to 40 letters, digits and single hyphens, "
                "with a letter first and no hyphen last"
            )
    users = [known(options, name) for name in ("elasticache_default_user_id", "elasticache_app_user_id")]
    if None not in users and users[0].lower() == users[1].lower():
        yield f"elasticache_app_user_id is {users[1]}; allowed is another ID than elasticache_default_user_id"
    for name, taken in (("elasticache_default_user_id", "default"), ("elasticache_app_user_name", "default")):
        if known(options, name) == taken:
            yield f"{name} is {taken}; allowed is any other, as that one is AWS's own"
    node_type = known(options, "elasticache_node_type")
    if node_type is not None and not NODE_TYPE.fullmatch(node_type):
        yield f"elasticache_node_type is {node_type}; allowed is a type of cache nodes as cache.t4g.micro"


def _engine(options: dict[str, Any]) -> Iterator[str]:
    engine, version = known(options, "elasticache_engine"), known(options, "elasticache_engine_version")
    if engine is None or version is None:
        return
    version = str(version)
    if not VERSION.fullmatch(version):
        yield f"elasticache_engine_version is {version}; allowed is a version as 7.1"
        return
    major = int(version.split(".")[0])
    if engine == "valkey" and major < 7:
        yield f"elasticache_engine_version is {version}; allowed with elasticache_engine valkey are 7.2 and later"
    if engine == "redis" and major > 7:
        yield f"elasticache_engine_version is {version}; allowed with elasticache_engine redis are versions up to 7.1"
    family, expected = known(options, "elasticache_parameter_group_family"), parameter_family(engine, version)
    if family is not None and family != expected:
        yield f"elasticache_parameter_group_family is {family}; allowed with {engine} {version} is {expected}"
    if engine == "redis" and major < 6 and known(options, "elasticache_auth_enabled"):
        yield f"elasticache_auth_enabled is True; allowed with redis {version} is False, as users came with Redis 6"
    if (engine, major) == ("redis", 6) and known(options, "elasticache_transit_encryption_mode") == "preferred":
        yield f"elasticache_transit_encryption_mode is preferred; allowed with redis {version} is required"


def _availability(options: dict[str, Any]) -> Iterator[str]:
    count = known(options, "elasticache_num_cache_clusters")
    failover, multi_az = known(options, "elasticache_automatic_failover"), known(options, "elasticache_multi_az")
    if failover and count is not None and int(count) < 2:
        yield f"elasticache_automatic_failover is True; allowed with {count} elasticache_num_cache_clusters is False"
    if multi_az and failover is False:
        yield "elasticache_multi_az is True; allowed without elasticache_automatic_failover is False"


def _access(options: dict[str, Any]) -> Iterator[str]:
    encrypted = known(options, "elasticache_transit_encryption")
    if known(options, "elasticache_auth_enabled"):
        if encrypted is False:
            yield "elasticache_auth_enabled is True; allowed without elasticache_transit_encryption is False"
        if not options.get("elasticache_password_secret"):
            yield "elasticache_password_secret is not set; elasticache_auth_enabled needs a component of kind secret"
        access = known(options, "elasticache_access_string")
        if access is not None and "on" not in access.split():
            yield f"elasticache_access_string is {access!r}; allowed are rules with 'on', or else nobody can log in"
    if known(options, "elasticache_kms_key_id") and known(options, "elasticache_at_rest_encryption") is False:
        yield "elasticache_kms_key_id is set; allowed only with elasticache_at_rest_encryption"
