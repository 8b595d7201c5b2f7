# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

IDENTIFIER = re.compile(r"(?=.{1,63}$)[a-z](-?[a-z0-9])*", re.I)
CLASS = re.compile(r"db\.[a-z0-9-]+\.(micro|small|medium|large|\d*xlarge|metal)")
SERVERLESS = "db.serverless"
SCALES_TO_ZERO = {13: 15, 14: 12, 15: 7, 16: 3}  # minor version of each major one from which Aurora can pause
VERSION = re.compile(r"\d+(\.\d+){0,2}(\.[rR]\d+|-\w+)?")
WORD = re.compile(r"[a-z_][a-z0-9_]*", re.I)
# engine -> the longest name of a user and of a database, words that RDS or the engine reserves
USER_LENGTH = {"postgres": 63, "aurora-postgresql": 63, "mysql": 32, "mariadb": 16}
DATABASE_LENGTH = {"postgres": 63, "aurora-postgresql": 63, "mysql": 64, "mariadb": 64}
RESERVED_USERS = {
    "aurora-postgresql": {
        "admin",
        "public",
        "rdsadmin",
        "rds_superuser",
        "rds_replication",
        "rdswriteforwarduser",
    },
    "postgres": {"admin", "administrator", "public", "rdsadmin", "rds_superuser", "rds_replication"},
    "mysql": {"rdsadmin", "mysql", "root", "event_scheduler"},
    "mariadb": {"rdsadmin", "mariadb.sys", "mysql", "root"},
}
RESERVED_DATABASES = {
    "aurora-postgresql": {"rdsadmin", "template0", "template1"},
    "postgres": {"rdsadmin", "template0", "template1"},
    "mysql": {"mysql", "sys", "information_schema", "performance_schema", "innodb", "rdsadmin"},
    "mariadb": {"mysql", "sys", "information_schema", "performance_schema", "rdsadmin"},
}
# SQL words that cannot be the name of a PostgreSQL role or database, see
# https://www.postgresql.org/docs/current/sql-keywords-appendix.html
SQL_WORDS = set(
    re.findall(
        r"\w+",
        """
        all analyse analyze and any array as asc asymmetric both case cast check collate column
        constraint create current_catalog current_date current_role current_time current_timestamp
        current_user default deferrable desc distinct do else end except false fetch for foreign from
        grant group having in initially intersect into lateral leading limit localtime localtimestamp
        not null offset on only or order placing primary references returning select session_user some
        symmetric system_user table then to trailing true union unique user using variadic when where
        window with
        """,
    )
)
LOGS = {
    "aurora-postgresql": {"postgresql", "instance", "iam-db-auth-error"},
    "postgres": {"postgresql", "upgrade", "iam-db-auth-error"},
    "mysql": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
    "mariadb": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
}
STORAGE = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536)}
GP3_LIMIT = 400  # GiB, from which on its speed can be chosen
GP3_BASELINE = {"rds_iops": 3000, "rds_storage_throughput": 125}
MOST_CAPACITY, MOST_REPLICAS = 256, 15
INSIGHTS = {7, 731, *(31 * month for month in range(1, 24))}


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "rds_name")
    if name is not None and not IDENTIFIER.fullmatch(name):
        yield f"rds_name is {name}; allowed are 1 to 63 letters, digits and single hyphens, a letter first"
    yield from _engine(options)
    cluster = is_cluster(options)
    yield from _cluster(options) if cluster else _storage(options)
    yield from _replicas(options)
    yield from _secrets(options)
    yield from _names(options)
    yield from _checks.between(options, "rds_port", 1150, 65535)
    yield from _checks.between(options, "rds_backup_retention_days", 1 if cluster else 0, 35)
    yield from _checks.window_problems(
        "rds_backup_window",
        _checks.known(options, "rds_backup_window"),
        "rds_maintenance_window",
        _checks.known(options, "rds_maintenance_window"),
    )
    subnets = _checks.known(options, "rds_subnet_ids")
    if isinstance(subnets, list) and len(subnets) < 2:
        yield f"rds_subnet_ids has {len(subnets)}; allowed are two or more, in two zones or more"
    region = options.get("aws_region")
    yield from _zone("rds_availability_zone", _checks.known(options, "rds_availability_zone"), region)
    yield from _checks.region_problem("rds_kms_key_id", options.get("rds_kms_key_id"), region)


def is_cluster(options: dict[str, Any]) -> bool:
    return str(options.get("rds_engine") or "").startswith("aurora")


def _engine(options: dict[str, Any]) -> Iterator[str]:
    engine = options.get("rds_engine") or "postgres"
    version, size = _checks.known(options, "rds_engine_version"), _checks.known(options, "rds_instance_class")
    if version is not None and not VERSION.fullmatch(str(version)):
        yield f"rds_engine_version is {version}; allowed is a version as 17, 15.4 or 8.0.40"
    elif version is not None and "postgres" not in engine and "." not in str(version):
        yield f"rds_engine_version is {version}; allowed with {engine} is a version as 8.0 or 8.0.40"
    yield from _class("rds_instance_class", size, engine)
    retention = _checks.known(options, "rds_performance_insights_retention_days")
    if retention is not None and retention not in INSIGHTS:
        yield f"rds_performance_insights_retention_days is {retention}; allowed are 7, 731, multiples of 31 to 713"
    for log in _checks.known(options, "rds_log_exports") or []:
        if log not in LOGS.get(engine, {log}):
            yield f"rds_log_exports has {log}; allowed with {engine} are {', '.join(sorted(LOGS[engine]))}"


def _storage(options: dict[str, Any]) -> Iterator[str]:
    if _checks.known(options, "rds_multi_az") and _checks.known(options, "rds_availability_zone"):
        yield "rds_availability_zone is set and rds_multi_az is true; allowed is one of them, as AWS places both"
    kind, size = options.get("rds_storage_type") or "gp3", _checks.known(options, "rds_allocated_storage")
    most = _checks.known(options, "rds_max_allocated_storage")
    low, high = STORAGE.get(kind, (20, 65536))
    if size is None:
        return
    if not low <= size <= high:
        yield f"rds_allocated_storage is {size}; allowed with {kind} are {low} to {high}"
    if most and not size < most <= high:
        yield f"rds_max_allocated_storage is {most}; allowed with {size} are {size + 1} to {high}, and 0 for never"
    for name in ("rds_iops", "rds_storage_throughput"):
        value = _checks.known(options, name)
        if value and kind == "gp3" and size < GP3_LIMIT and value != GP3_BASELINE[name]:
            yield (
                f"{name} is {value}; allowed with gp3 of less than {GP3_LIMIT} GiB is {GP3_BASELINE[name]}, which it "
                f"has anyway: its choice is from rds_allocated_storage {GP3_LIMIT} on"
            )
        if value and (kind == "gp2" or (kind != "gp3" and name == "rds_storage_throughput")):
            yield f"{name} is {value}; allowed with {kind} is none"
    if kind in ("io1", "io2") and not options.get("rds_iops"):
        yield f"rds_iops is not set; rds_storage_type {kind} needs it"


def _class(name: str, size: str | None, engine: str) -> Iterator[str]:
    if size is None:
        return
    if size == SERVERLESS and not engine.startswith("aurora"):
        yield f"{name} is {size}; allowed with {engine} is a class as db.t4g.micro"
    elif size != SERVERLESS and not CLASS.fullmatch(size):
        yield f"{name} is {size}; allowed is a class as db.t4g.micro"


def _zone(name: str, zone: str | None, region: Any) -> Iterator[str]:
    if zone and not _checks.is_zone(zone, region):
        yield f"{name} is {zone}; allowed is a zone of {region}, as {region}a"


def _cluster(options: dict[str, Any]) -> Iterator[str]:
    """What Aurora has instead of storage and standby."""
    if _checks.known(options, "rds_multi_az"):
        yield "rds_multi_az is true; allowed with Aurora is false: an instance of rds_replicas takes over"
    least, most = _checks.known(options, "rds_min_capacity"), _checks.known(options, "rds_max_capacity")
    for name, value, low in (("rds_min_capacity", least, 0), ("rds_max_capacity", most, 1)):
        if value is not None and not (low <= value <= MOST_CAPACITY and float(value * 2).is_integer()):
            yield f"{name} is {value}; allowed are {low} to {MOST_CAPACITY} in half steps"
    if None not in (least, most) and least > most:
        yield f"rds_min_capacity is {least}; allowed are {most}, which is rds_max_capacity, or less"
    yield from _checks.between(options, "rds_seconds_until_auto_pause", 300, 86400)
    numbers = re.findall(r"\d+", str(_checks.known(options, "rds_engine_version") or ""))
    major, minor = (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 else (0, 0)
    serverless = _checks.known(options, "rds_instance_class") == SERVERLESS
    if serverless and least == 0 and minor < SCALES_TO_ZERO.get(major, 0):
        yield (
            f"rds_min_capacity is 0; allowed with rds_engine_version {major}.{minor} are 0.5 and more: it can be 0 "
            f"from {major}.{SCALES_TO_ZERO[major]} on"
        )


def _replicas(options: dict[str, Any]) -> Iterator[str]:
    replicas = _checks.known(options, "rds_replicas") or []
    taken = {options.get("rds_name"), options.get("rds_cluster_instance_name") if is_cluster(options) else None}
    if len(replicas) > MOST_REPLICAS:
        yield f"rds_replicas has {len(replicas)}; allowed are {MOST_REPLICAS} or fewer"
    if replicas and not is_cluster(options) and _checks.known(options, "rds_backup_retention_days") == 0:
        yield "rds_replicas is set and rds_backup_retention_days is 0; allowed are 1 or more: replicas need backups"
    for index, replica in enumerate(replicas):
        name = replica.get("name") if isinstance(replica, dict) else None
        if name is None or is_unknown(name):
            continue
        if not IDENTIFIER.fullmatch(name):
            yield f"rds_replicas[{index}].name is {name}; allowed are 1 to 63 letters, digits and single hyphens"
        if name in taken:
            yield f"rds_replicas[{index}].name is {name}; allowed is a name that no other instance has"
        taken.add(name)
        yield from _class(f"rds_replicas[{index}].instance_class", replica.get("instance_class"), _engine_of(options))
        yield from _zone(
            f"rds_replicas[{index}].availability_zone", replica.get("availability_zone"), options.get("aws_region")
        )
        if is_cluster(options) and replica.get("multi_az"):
            yield f"rds_replicas[{index}].multi_az is true; allowed with Aurora is false"
        elif replica.get("multi_az") and replica.get("availability_zone"):
            yield f"rds_replicas[{index}] has availability_zone and multi_az; allowed is one of them"


def _engine_of(options: dict[str, Any]) -> str:
    return str(options.get("rds_engine") or "postgres")


def _secrets(options: dict[str, Any]) -> Iterator[str]:
    attached, password = options.get("rds_attachment_secret"), options.get("rds_password_secret")
    if attached and attached == password and not options.get("rds_password_key"):
        yield "rds_password_key is not set; rds_attachment_secret needs it, as its value is a JSON object"
    keys = _checks.known(options, "rds_attachment_keys") or {}
    if keys and not attached:
        yield "rds_attachment_keys is set; it needs rds_attachment_secret"
    own = options.get("rds_password_key")
    if own in keys:
        yield f"rds_attachment_keys has {own}, which is rds_password_key; allowed are other keys"


def _names(options: dict[str, Any]) -> Iterator[str]:
    engine = options.get("rds_engine") or "postgres"
    for option, length, reserved in (
        ("rds_username", USER_LENGTH, RESERVED_USERS),
        ("rds_database", DATABASE_LENGTH, RESERVED_DATABASES),
    ):
        value, most = _checks.known(options, option), length.get(engine, 63)
        if value is None:
            continue
        words = reserved.get(engine, set()) | (SQL_WORDS if "postgres" in engine else set())
        if not WORD.fullmatch(value) or len(value) > most or (option == "rds_username" and value.startswith("_")):
            yield f"{option} is {value!r}; allowed are 1 to {most} letters, digits and underscores, a letter first"
        elif value.lower() in words or value.lower().startswith("pg_"):
            yield f"{option} is {value!r}; allowed with {engine} are names that are not reserved"


REFERENCES = {
    "rds_vpc": "vpc",
    "rds_security_groups": "security_group",
    "rds_password_secret": "secret",
    "rds_attachment_secret": "secret",
}
