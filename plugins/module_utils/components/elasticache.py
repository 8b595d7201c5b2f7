# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import (
    attached_user_groups,
    endpoint,
    log_deliveries,
    replication_group,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    group = replication_group(aws.client("elasticache"), name)
    if group is None or group["Status"] == "deleting":
        return None
    users = attached_user_groups(group)
    logs = {item["log_type"]: item["destination"] for item in log_deliveries(group)}
    primary = endpoint(group, "PrimaryEndpoint")
    named = predict(aws, name, options)
    return {
        "arn": group["ARN"],
        # Not known before the group is available.
        "endpoint": primary.get("Address") or UNKNOWN,
        "reader_endpoint": endpoint(group, "ReaderEndpoint").get("Address") or UNKNOWN,
        "port": primary.get("Port") or named["port"],
        "member_clusters": group.get("MemberClusters") or named["member_clusters"],
        "user_group_id": users[0] if users else "",
        "app_user_id": _app_user(name, options) if users else "",
        "log_group": logs.get("slow-log", ""),
        "status": group["Status"],
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    """What the role makes of its options; without the role, as under --limit, some may be unset."""
    given = {option: value for option, value in options.items() if value is not None}
    authenticated = given.get("elasticache_auth_enabled", True)
    logged = given.get("elasticache_slow_log_enabled", True)
    count = int(given.get("elasticache_num_cache_clusters", 1))
    return {
        "arn": aws.arn("elasticache", f"replicationgroup:{name.lower()}"),
        "port": int(given.get("elasticache_port", 6379)),
        "member_clusters": [f"{name.lower()}-{number:03d}" for number in range(1, count + 1)],
        "user_group_id": given.get("elasticache_user_group_id", f"{name}-users").lower() if authenticated else "",
        "app_user_id": _app_user(name, options) if authenticated else "",
        "log_group": given.get("elasticache_slow_log_group", f"/aws/elasticache/{name}/slow-log") if logged else "",
    }


def _app_user(name: str, options: dict[str, Any]) -> str:
    return (options.get("elasticache_app_user_id") or f"{name}-app").lower()


KIND = Kind(
    "ElastiCache replication group",
    {
        "arn": "the ARN of the replication group",
        "endpoint": "the address of the primary, known once the group is available",
        "reader_endpoint": "the address of the replicas, known once the group is available",
        "port": "the port",
        "member_clusters": "the IDs of the nodes, by which CloudWatch has their metrics",
        "user_group_id": "the ID of the attached user group; empty without authentication",
        "app_user_id": "the ID of the application's own user; empty without authentication",
        "log_group": "the log group of the slow log; empty when it is not delivered",
        "status": "its status, as `available`",
    },
    read,
    predict,
    (
        "elasticache_port",
        "elasticache_num_cache_clusters",
        "elasticache_auth_enabled",
        "elasticache_user_group_id",
        "elasticache_app_user_id",
        "elasticache_slow_log_enabled",
        "elasticache_slow_log_group",
    ),
    is_pending=lambda facts: facts["status"] != "available",
)
