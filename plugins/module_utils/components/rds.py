# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN


def is_cluster(options: dict[str, Any]) -> bool:
    return str(options.get("rds_engine") or "").startswith("aurora")


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    return read_cluster(aws, name, options) if is_cluster(options) else read_instance(aws, name)


def read_instance(aws: Aws, name: str) -> Facts | None:
    try:
        found = aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    except is_boto3_error_code(["DBInstanceNotFound", "DBInstanceNotFoundFault"]):
        return None
    if found["DBInstanceStatus"] == "deleting":
        return None
    return {
        **_endpoint(found.get("Endpoint") or {}),
        "reader_endpoint": None,
        "database": found.get("DBName"),
        "username": found["MasterUsername"],
        "arn": found["DBInstanceArn"],
        "instance_id": found["DBInstanceIdentifier"],
        "cluster_id": None,
        "replicas": found.get("ReadReplicaDBInstanceIdentifiers") or [],
        "status": found["DBInstanceStatus"],
        "deletion_protection": found["DeletionProtection"],
        "monitoring_role_arn": found.get("MonitoringRoleArn"),
    }


def read_cluster(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        found = aws.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    except is_boto3_error_code("DBClusterNotFoundFault"):
        return None
    if found["Status"] == "deleting":
        return None
    only = [{"Name": "db-cluster-id", "Values": [name]}]
    instances = aws.client("rds").describe_db_instances(Filters=only)["DBInstances"]
    names = sorted(instance["DBInstanceIdentifier"] for instance in instances)
    first = options.get("rds_cluster_instance_name") or f"{name}-1"
    reader = {"Address": found.get("ReaderEndpoint"), "Port": found.get("Port")}
    return {
        **_endpoint({"Address": found.get("Endpoint"), "Port": found.get("Port")}),
        "reader_endpoint": _endpoint(reader)["endpoint"],
        "database": found.get("DatabaseName"),
        "username": found["MasterUsername"],
        "arn": found["DBClusterArn"],
        "instance_id": first,
        "cluster_id": found["DBClusterIdentifier"],
        "replicas": [instance for instance in names if instance != first],
        "status": found["Status"],
        "deletion_protection": found["DeletionProtection"],
        "monitoring_role_arn": next((i["MonitoringRoleArn"] for i in instances if i.get("MonitoringRoleArn")), None),
    }


def _endpoint(endpoint: dict[str, Any]) -> Facts:
    """AWS knows the address only when it has made the instance."""
    if not endpoint.get("Address"):
        return dict.fromkeys(("endpoint", "address", "port"), UNKNOWN)
    address, port = endpoint["Address"], endpoint["Port"]
    return {"endpoint": f"{address}:{port}", "address": address, "port": port}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    known = {"database": options.get("rds_database"), "username": options.get("rds_username")}
    facts = {**{fact: value for fact, value in known.items() if value}, "replicas": []}
    if is_cluster(options):
        first = options.get("rds_cluster_instance_name") or f"{name}-1"
        return {**facts, "arn": aws.arn("rds", f"cluster:{name}"), "cluster_id": name, "instance_id": first}
    return {
        **facts,
        "arn": aws.arn("rds", f"db:{name}"),
        "cluster_id": None,
        "instance_id": name,
        "reader_endpoint": None,
    }


KIND = Kind(
    "RDS database",
    {
        "endpoint": "host name and port, as `host:5432`; of a cluster those of its writer",
        "address": "the host name",
        "port": "the port",
        "reader_endpoint": "host name and port of the readers of a cluster, else null",
        "database": "the name of the first database",
        "username": "the name of the master user",
        "arn": "the ARN of the instance, or of the cluster",
        "instance_id": "the identifier of the instance, or of the cluster's first one, also the dimension "
        "`DBInstanceIdentifier` of its metrics",
        "cluster_id": "the cluster's identifier, also the dimension `DBClusterIdentifier` of its metrics; else null",
        "replicas": "the identifiers of its read replicas, or of the cluster's other instances",
        "status": "the status, as `available`",
        "deletion_protection": "whether AWS refuses to delete it",
        "monitoring_role_arn": "the ARN of the role of enhanced monitoring",
    },
    read,
    predict,
    ("rds_engine", "rds_database", "rds_username", "rds_cluster_instance_name"),
    is_pending=lambda facts: facts["status"] != "available",
)
