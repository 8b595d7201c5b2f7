# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        found = aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    except is_boto3_error_code(["DBInstanceNotFound", "DBInstanceNotFoundFault"]):
        return None
    if found["DBInstanceStatus"] == "deleting":
        return None
    return {
        **_endpoint(found.get("Endpoint") or {}),
        "database": found.get("DBName"),
        "username": found["MasterUsername"],
        "arn": found["DBInstanceArn"],
        "instance_id": found["DBInstanceIdentifier"],
        "status": found["DBInstanceStatus"],
        "deletion_protection": found["DeletionProtection"],
        "monitoring_role_arn": found.get("MonitoringRoleArn"),
    }


def _endpoint(endpoint: dict[str, Any]) -> Facts:
    """AWS knows the address only when it has made the instance."""
    if not endpoint.get("Address"):
        return dict.fromkeys(("endpoint", "address", "port"), UNKNOWN)
    address, port = endpoint["Address"], endpoint["Port"]
    return {"endpoint": f"{address}:{port}", "address": address, "port": port}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    known = {"database": options.get("rds_database"), "username": options.get("rds_username")}
    return {
        **{fact: value for fact, value in known.items() if value},
        "arn": aws.arn("rds", f"db:{name}"),
        "instance_id": name,
    }


KIND = Kind(
    "RDS instance",
    {
        "endpoint": "host name and port, as `host:5432`",
        "address": "the host name",
        "port": "the port",
        "database": "the name of the first database",
        "username": "the name of the master user",
        "arn": "the instance's ARN",
        "instance_id": "the instance's identifier, also the dimension `DBInstanceIdentifier` of its metrics",
        "status": "the instance's status, as `available`",
        "deletion_protection": "whether AWS refuses to delete it",
        "monitoring_role_arn": "the ARN of the role of enhanced monitoring",
    },
    read,
    predict,
    ("rds_database", "rds_username"),
)
