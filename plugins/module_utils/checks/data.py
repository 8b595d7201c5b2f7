# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what keeps data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import (
    Document,
    Item,
    Seen,
    item,
    listed,
    on,
)

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def rds(seen: Seen) -> Iterator[Item]:
    client, cluster = seen.client("rds"), seen.facts.get("cluster_id")
    if cluster:
        database = client.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
        status, groups = database["Status"], [database.get("DBClusterParameterGroup")]
        parameters = "describe_db_cluster_parameters", "DBClusterParameterGroupName"
        spread = len(database.get("DBClusterMembers", [])) > 1
        instance = _instance(client, seen.facts["instance_id"])
    else:
        database = instance = _instance(client, seen.facts["instance_id"])
        status = database["DBInstanceStatus"]
        groups = [group["DBParameterGroupName"] for group in database.get("DBParameterGroups", [])]
        parameters = "describe_db_parameters", "DBParameterGroupName"
        spread = database.get("MultiAZ", False)
    yield item("the database runs", status == "available", f"status {status}")
    yield item("its storage is encrypted", database.get("StorageEncrypted"), _key(database))
    yield item("it has no public address", not instance.get("PubliclyAccessible"), "PubliclyAccessible is false")
    wanted = on(seen.option("rds_multi_az", False))
    yield item("it has a standby in another zone", spread, f"Multi-AZ is {spread}", wanted=wanted)
    days, latest = database.get("BackupRetentionPeriod", 0), database.get("LatestRestorableTime")
    restorable = f", restorable until {latest:%Y-%m-%dT%H:%MZ}" if latest else ""
    yield item("it is backed up every day", days > 0, f"kept for {days} days{restorable}")
    yield _tls(seen, client, parameters, groups)
    yield item(
        "it is protected from deletion",
        database.get("DeletionProtection"),
        f"DeletionProtection is {database.get('DeletionProtection')}",
        wanted=on(seen.option("rds_deletion_protection", False)),
    )


def _instance(client: Any, name: str) -> Document:
    return client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def _key(found: Document) -> str:
    return f"KMS key {found['KmsKeyId']}" if found.get("KmsKeyId") else "no key"


def _tls(seen: Seen, client: Any, parameters: tuple[str, str], groups: list[str]) -> Item:
    operation, option = parameters
    name = "rds.force_ssl" if "postgres" in str(seen.option("rds_engine", "postgres")) else "require_secure_transport"
    values = [
        parameter.get("ParameterValue")
        for group in groups
        for parameter in client.list(operation, "Parameters", **{option: group})
        if parameter["ParameterName"] == name
    ]
    value = values[0] if values else None
    wanted = on(seen.option("rds_enforce_tls", True))
    enforced = str(value).lower() in ("1", "on", "true")
    return item("connections must use TLS", enforced, f"{name} is {value} in {listed(groups)}", wanted=wanted)


def elasticache(seen: Seen) -> Iterator[Item]:
    client = seen.client("elasticache")
    group = client.describe_replication_groups(ReplicationGroupId=seen.name)["ReplicationGroups"][0]
    yield item("the cache runs", group["Status"] == "available", f"status {group['Status']}")
    yield item("it is encrypted at rest", group.get("AtRestEncryptionEnabled"), "AtRestEncryptionEnabled")
    yield item("connections must use TLS", group.get("TransitEncryptionEnabled"), "TransitEncryptionEnabled")
    wanted = int(float(seen.option("elasticache_num_cache_clusters", 1))) > 1
    failover = group.get("AutomaticFailover", "disabled")
    yield item("another node takes over", failover == "enabled", f"automatic failover {failover}", wanted=wanted)


def efs(seen: Seen) -> Iterator[Item]:
    client = seen.client("efs")
    found = client.describe_file_systems(FileSystemId=seen.facts["id"])["FileSystems"][0]
    yield item("the file system is there", found["LifeCycleState"] == "available", f"state {found['LifeCycleState']}")
    yield item("it is encrypted", found.get("Encrypted"), _key(found))
    targets = client.describe_mount_targets(FileSystemId=seen.facts["id"])["MountTargets"]
    there = [target for target in targets if target["LifeCycleState"] == "available"]
    zones = listed(target.get("AvailabilityZoneName", target["SubnetId"]) for target in there)
    yield item("it can be mounted", there and len(there) == len(targets), f"mount targets in {zones}")


def s3_bucket(seen: Seen) -> Iterator[Item]:
    client = seen.client("s3")
    rules = client.get_bucket_encryption(Bucket=seen.name)["ServerSideEncryptionConfiguration"]["Rules"]
    algorithms = {rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules}
    yield item("its objects are encrypted", algorithms, listed(algorithms))
    yield _not_public(client, seen.name)
    versioning = client.get_bucket_versioning(Bucket=seen.name).get("Status", "off")
    wanted = on(seen.option("s3_bucket_versioning", True))
    yield item("versions are kept", versioning == "Enabled", f"versioning {versioning}", wanted=wanted)


def _not_public(client: Any, name: str) -> Item:
    try:
        block = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except is_boto3_error_code("NoSuchPublicAccessBlockConfiguration"):
        block = {}
    lacking = [key for key in BLOCKS if not block.get(key)]
    return item(
        "it is not public", not lacking, f"not blocked: {listed(lacking)}" if lacking else "all four are blocked"
    )


def sqs(seen: Seen) -> Iterator[Item]:
    client = seen.client("sqs")
    url = client.get_queue_url(QueueName=seen.name)["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    key = found.get("KmsMasterKeyId") or ("SSE-SQS" if found.get("SqsManagedSseEnabled") == "true" else "")
    yield item("messages are encrypted", key, key or "not encrypted")


def secret(seen: Seen) -> Iterator[Item]:
    found = seen.client("secretsmanager").describe_secret(SecretId=seen.name)
    current = [key for key, stages in (found.get("VersionIdsToStages") or {}).items() if "AWSCURRENT" in stages]
    changed = found.get("LastChangedDate")
    said = f"last changed {changed:%Y-%m-%d}" if changed and current else "no version AWSCURRENT"
    yield item("the secret has a value", current and not found.get("DeletedDate"), said)


def ecr(seen: Seen) -> Iterator[Item]:
    client = seen.client("ecr")
    found = client.describe_repositories(repositoryNames=[seen.name])["repositories"][0]
    scan = found.get("imageScanningConfiguration", {}).get("scanOnPush", False)
    wanted = on(seen.option("ecr_scan_on_push", True))
    yield item("images are scanned when pushed", scan, f"scanOnPush is {scan}", wanted=wanted)
    mutability = found["imageTagMutability"]
    immutable = str(seen.option("ecr_tag_mutability", "IMMUTABLE")).startswith("IMMUTABLE")
    yield item("tags cannot be moved", mutability.startswith("IMMUTABLE"), mutability, wanted=immutable)
    images = client.list("describe_images", "imageDetails", repositoryName=seen.name)
    newest = max(images, key=lambda image: image["imagePushedAt"], default={})
    tags = listed(newest.get("imageTags", [])) if newest else ""
    yield item("there is an image", images, f"{len(images)} images, the newest tagged {tags}" if images else "empty")
