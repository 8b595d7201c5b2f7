# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, in the terms of the roles' options that cost money: the running side of a cost comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts

Options = dict[str, Any]


def rds(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    instances = aws.client("rds").list("describe_db_instances", "DBInstances")
    found = next((item for item in instances if item["DBInstanceIdentifier"] == facts.get("instance_id", name)), None)
    if facts.get("cluster_id"):
        return _cluster(aws, facts["cluster_id"], instances)
    if found is None:
        return {}
    replicas = [item for item in instances if item.get("ReadReplicaSourceDBInstanceIdentifier") == name]
    return {
        "rds_engine": found["Engine"],
        "rds_instance_class": found["DBInstanceClass"],
        "rds_multi_az": found.get("MultiAZ", False),
        "rds_storage_type": found.get("StorageType"),
        "rds_allocated_storage": found.get("AllocatedStorage"),
        "rds_iops": found.get("Iops") or 0,
        "rds_storage_throughput": found.get("StorageThroughput") or 0,
        "rds_replicas": [{"instance_class": item["DBInstanceClass"]} for item in replicas],
    }


def _cluster(aws: Aws, name: str, instances: list[Options]) -> Options:
    members = [item for item in instances if item.get("DBClusterIdentifier") == name]
    cluster = aws.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    scaling = cluster.get("ServerlessV2ScalingConfiguration") or {}
    return {
        "rds_engine": cluster["Engine"],
        "rds_instance_class": members[0]["DBInstanceClass"] if members else "db.serverless",
        "rds_min_capacity": scaling.get("MinCapacity"),
        "rds_replicas": [{"instance_class": item["DBInstanceClass"]} for item in members[1:]],
    }


def elasticache(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    client = aws.client("elasticache")
    found = client.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return {
        "elasticache_node_type": found.get("CacheNodeType"),
        "elasticache_num_cache_clusters": len(found.get("MemberClusters") or [1]),
        "elasticache_engine": found.get("Engine") or "redis",
    }


def ecs_service(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    ecs, cluster = aws.client("ecs"), options["ecs_service_cluster_name"]
    service = ecs.describe_services(cluster=cluster, services=[name])["services"][0]
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    return {
        "ecs_service_cpu": int(task.get("cpu") or 0),
        "ecs_service_memory": int(task.get("memory") or 0),
        "ecs_service_architecture": (task.get("runtimePlatform") or {}).get("cpuArchitecture") or "X86_64",
        "ecs_service_ephemeral_storage_gib": (task.get("ephemeralStorage") or {}).get("sizeInGiB", 0),
        "ecs_service_desired_count": service["desiredCount"],
        "ecs_service_autoscaling": _scaling(aws, f"service/{cluster}/{name}"),
        "ecs_service_spot_percentage": _spot(service.get("capacityProviderStrategy") or []),
        "ecs_service_assign_public_ip": network.get("assignPublicIp") == "ENABLED",
    }


def _scaling(aws: Aws, resource: str) -> Options | None:
    client = aws.client("application-autoscaling")
    found = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    return {"min": found[0]["MinCapacity"], "max": found[0]["MaxCapacity"]} if found else None


def _spot(strategy: list[dict[str, Any]]) -> float:
    """The percentage of the tasks that run on Fargate Spot; a base is too few tasks to count."""
    weights = {item["capacityProvider"]: item.get("weight", 0) for item in strategy}
    whole = sum(weights.values())
    return 100 * weights.get("FARGATE_SPOT", 0) / whole if whole else 0


def alb(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    found = aws.client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]
    return {
        "alb_scheme": found["Scheme"],
        "alb_subnet_ids": [zone.get("SubnetId") for zone in found["AvailabilityZones"]],
    }


def vpc(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    filters = [{"Name": "vpc-id", "Values": [facts["id"]]}]
    gateways = aws.client("ec2").list("describe_nat_gateways", "NatGateways", Filters=filters)
    there = [item for item in gateways if item["State"] in ("pending", "available")]
    if len(there) <= 1:
        return {"vpc_nat": "single" if there else "none"}
    return {"vpc_nat": "per_zone", "cost_zones": len(there)}


def vpc_endpoint(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    ids = list(facts["ids"].values())
    found = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"] if ids else []
    interfaces = [item for item in found if item["VpcEndpointType"] == "Interface"]
    subnets = max((item.get("SubnetIds", []) for item in interfaces), key=len, default=[])
    return {
        "vpc_endpoint_services": [item["ServiceName"] for item in interfaces],
        **({"vpc_endpoint_subnet_ids": subnets} if subnets else {}),
    }


def config_recorder(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    client, asked = aws.client("config"), {"ConfigurationRecorderNames": [name]}
    if not facts["arn"]:  # a delivery channel alone
        return {"config_recorder_recording": False}
    recorder = client.describe_configuration_recorders(**asked)["ConfigurationRecorders"][0]
    status = client.describe_configuration_recorder_status(**asked)["ConfigurationRecordersStatus"][0]
    return {
        "config_recorder_recording": status["recording"],
        "config_recorder_frequency": recorder.get("recordingMode", {}).get("recordingFrequency", "CONTINUOUS"),
    }


def guardduty(aws: Aws, name: str, options: Options, facts: Facts) -> Options:
    found = aws.client("guardduty").get_detector(DetectorId=facts["id"])
    return {
        "guardduty_enabled": found["Status"] == "ENABLED",
        "guardduty_features": [item["Name"] for item in found["Features"] if item["Status"] == "ENABLED"],
    }


# Of other kinds it counts only whether they are there.
USAGE: dict[str, Callable[[Aws, str, Options, Facts], Options]] = {
    "alb": alb,
    "config_recorder": config_recorder,
    "ecs_service": ecs_service,
    "elasticache": elasticache,
    "guardduty": guardduty,
    "rds": rds,
    "vpc": vpc,
    "vpc_endpoint": vpc_endpoint,
}
