#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_replication_group
short_description: Manage a replication group of ElastiCache for Valkey and Redis OSS
version_added: 0.1.0
description:
  - Creates, changes and deletes a replication group with cluster mode disabled (one shard), see
    U(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html).
  - A change that AWS cannot make in place is refused before anything is written; nothing that holds data is ever
    replaced.
  - Called with nothing but O(replication_group_id) for a group that is there, it changes nothing and waits until AWS
    has finished.
notes:
  - AWS makes one change at a time. A task that needs several waits between them, also with O(wait=false).
  - A change that waits for the maintenance window counts as made, unless O(apply_immediately) is set.
  - AWS tells no tags of a group that is not available, so comparing them waits for it.
author:
  - The slipway.fargate team (@slipway)
options:
  replication_group_id:
    description:
      - The ID of the group, 1 to 40 letters, digits and single hyphens. AWS stores it in lower case.
    type: str
    required: true
  description:
    description:
      - What the group is for. Needed to create a group.
    type: str
  node_type:
    description:
      - The type of the nodes, such as V(cache.t4g.micro). Needed to create a group.
    type: str
  engine:
    description:
      - The engine. Needed to create a group. V(redis) can be changed to V(valkey), not back.
    type: str
    choices: [redis, valkey]
  engine_version:
    description:
      - The version, such as V(7.1); a short one is met by every longer one that begins with it. It can be raised, not
        lowered. A new major version needs a O(parameter_group_name) of its family in the same task.
    type: str
  num_cache_clusters:
    description:
      - How many nodes there are, 1 to 6, the primary included.
    type: int
  automatic_failover_enabled:
    description:
      - Whether a replica takes over when the primary fails. Needs two nodes.
    type: bool
  multi_az_enabled:
    description:
      - Whether the nodes are in several zones. Needs O(automatic_failover_enabled).
    type: bool
  at_rest_encryption_enabled:
    description:
      - Whether disks and snapshots are encrypted. It cannot be changed.
    type: bool
  kms_key_id:
    description:
      - The ARN of the KMS key that encrypts them; by default a key of AWS. It cannot be changed.
    type: str
  transit_encryption_enabled:
    description:
      - Whether clients use TLS. For a group that is there, V(true) needs O(transit_encryption_mode=preferred) first,
        and V(false) too, as its clients have to move in between.
    type: bool
  transit_encryption_mode:
    description:
      - Whether clients must, or only can, use TLS.
    type: str
    choices: [required, preferred]
  subnet_group_name:
    description:
      - The subnet group. It cannot be changed.
    type: str
  security_group_ids:
    description:
      - The IDs of the security groups. Their order does not matter.
    type: list
    elements: str
  parameter_group_name:
    description:
      - The parameter group.
    type: str
  user_group_ids:
    description:
      - The user group whose users may log in, as a list of one; V([]) takes it away, and everybody may log in without a
        password then. Needs O(transit_encryption_enabled).
    type: list
    elements: str
  snapshot_retention_limit:
    description:
      - How many days automatic snapshots are kept, 0 to 35; V(0) makes none.
    type: int
  snapshot_window:
    description:
      - When the daily snapshot is made, in UTC, such as V(03:00-05:00).
    type: str
  maintenance_window:
    description:
      - When AWS may work on the group, in UTC, such as V(sun:05:00-sun:07:00).
    type: str
  log_delivery:
    description:
      - Where logs go, at most one entry for a type of log; a type without one is delivered no more.
    type: list
    elements: dict
    suboptions:
      log_type:
        description: Which log.
        type: str
        required: true
        choices: [slow-log, engine-log]
      destination_type:
        description: Where to.
        type: str
        choices: [cloudwatch-logs, kinesis-firehose]
        default: cloudwatch-logs
      destination:
        description:
          - The name of the log group, or of the delivery stream. AWS adds the resource policy that lets ElastiCache
            write, when the caller may call C(logs:PutResourcePolicy).
        type: str
        required: true
      log_format:
        description: The format.
        type: str
        choices: [json, text]
        default: json
  auto_minor_version_upgrade:
    description:
      - Whether AWS raises the minor version in the maintenance window.
    type: bool
  notification_topic_arn:
    description:
      - The ARN of the SNS topic that is told of events; an empty one ends it.
    type: str
  port:
    description:
      - The port. It cannot be changed.
    type: int
  snapshot_name:
    description:
      - The snapshot that a new group is filled from. Without effect on a group that is there.
    type: str
  final_snapshot_name:
    description:
      - The name of the snapshot to make before the group is deleted. Without it the data is gone.
    type: str
  apply_immediately:
    description:
      - Whether changes of the node type and of the engine version are made now rather than in the maintenance window. A
        change of O(engine) needs it.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Request a cache, encrypted both ways, for users of a group only
  slipway.fargate.elasticache_replication_group:
    replication_group_id: shop-prod-redis
    description: Sessions and cache
    node_type: cache.t4g.micro
    engine: redis
    engine_version: "7.1"
    at_rest_encryption_enabled: true
    transit_encryption_enabled: true
    subnet_group_name: shop-prod-redis
    security_group_ids: [sg-0123456789abcdef0]
    user_group_ids: [shop-prod-users]
    log_delivery:
      - log_type: slow-log
        destination: /aws/elasticache/shop-prod-redis/slow-log
    wait: false

- name: Wait until it is available
  slipway.fargate.elasticache_replication_group:
    replication_group_id: shop-prod-redis

- name: Remove it, and keep its data in a snapshot
  slipway.fargate.elasticache_replication_group:
    replication_group_id: shop-prod-redis
    final_snapshot_name: shop-prod-redis-final
    state: absent
"""

RETURN = r"""
replication_group:
  description: The replication group; empty when it was removed.
  returned: always
  type: dict
  contains:
    replication_group_id:
      description: The ID of the group.
      type: str
      sample: shop-prod-redis
    arn:
      description: The ARN of the group.
      type: str
      sample: arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:shop-prod-redis
    status:
      description: The status.
      type: str
      sample: available
    endpoint:
      description: The address of the primary; empty as long as the group is being created.
      type: str
      sample: master.shop-prod-redis.abc123.euw1.cache.amazonaws.com
    reader_endpoint:
      description: The address of the replicas; empty as long as the group is being created.
      type: str
      sample: replica.shop-prod-redis.abc123.euw1.cache.amazonaws.com
    port:
      description: The port; V(0) as long as AWS does not tell it.
      type: int
      sample: 6379
    member_clusters:
      description: The IDs of the nodes.
      type: list
      elements: str
      sample: ["shop-prod-redis-001"]
    engine_version:
      description: The full version.
      type: str
      sample: 7.1.0
    log_delivery:
      description: Where logs go, as the option says it.
      type: list
      elements: dict
      sample:
        - {log_type: slow-log, destination_type: cloudwatch-logs, destination: /shop/slow-log, log_format: json}
    description:
      description: This and every other option that says what the group is, under the option's name.
      type: str
      sample: Sessions and cache
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ElastiCache replication group
      name: shop-prod-redis
      attributes: {"node_type": {"before": "cache.t3.micro", "after": "cache.t3.small"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import (
    LOG_DETAILS,
    SettlingResource,
    attached_user_groups,
    endpoint,
    log_deliveries,
    one,
    parameter_family,
    replication_group,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Change,
    ResourceError,
    run,
    set_options,
)

NEEDED = ("description", "node_type", "engine")
MODIFY = {  # attribute -> the parameter of ModifyReplicationGroup
    "description": "ReplicationGroupDescription",
    "node_type": "CacheNodeType",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "automatic_failover_enabled": "AutomaticFailoverEnabled",
    "multi_az_enabled": "MultiAZEnabled",
    "transit_encryption_enabled": "TransitEncryptionEnabled",
    "transit_encryption_mode": "TransitEncryptionMode",
    "security_group_ids": "SecurityGroupIds",
    "parameter_group_name": "CacheParameterGroupName",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "snapshot_window": "SnapshotWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
}
CREATE = {  # the others, of CreateReplicationGroup
    **MODIFY,
    "num_cache_clusters": "NumCacheClusters",
    "at_rest_encryption_enabled": "AtRestEncryptionEnabled",
    "kms_key_id": "KmsKeyId",
    "subnet_group_name": "CacheSubnetGroupName",
    "port": "Port",
    "user_group_ids": "UserGroupIds",
    "notification_topic_arn": "NotificationTopicArn",
}
BUSY = ["InvalidReplicationGroupState", "InvalidReplicationGroupStateFault"]
KEEP = "snapshot the group, create another one of another name from the snapshot, and delete this one"


class ReplicationGroup(SettlingResource):
    type_name = "ElastiCache replication group"
    ready = "available"
    assigned = (
        *("arn", "endpoint", "reader_endpoint", "member_clusters", "engine_version"),
        *("snapshot_window", "maintenance_window", "security_group_ids"),
    )
    defaults = {
        **dict.fromkeys(("automatic_failover_enabled", "multi_az_enabled", "transit_encryption_enabled"), False),
        **dict.fromkeys(("kms_key_id", "notification_topic_arn"), ""),
        "status": "available",
        "num_cache_clusters": 1,
        "subnet_group_name": "default",
        "user_group_ids": [],
        "snapshot_retention_limit": 0,
        "log_delivery": [],
        "auto_minor_version_upgrade": True,
        "port": 6379,
        "tags": {},
    }
    immutable = dict.fromkeys(("at_rest_encryption_enabled", "kms_key_id", "subnet_group_name", "port"), KEEP)
    unordered = ("security_group_ids", "user_group_ids", "log_delivery")

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = set_options(module, *CREATE, "log_delivery", "tags")
        super().__init__(module, module.params["replication_group_id"], desired)

    # What AWS would refuse, or do otherwise than somebody expects.

    def plan(self) -> Change | None:
        change = super().plan()
        if self.state == "present":
            problems = self.missing() if self.current is None else self.transitions()
            problems += combinations(self.after())
            if problems:
                raise ResourceError(f"replication group {self.name}: " + "; ".join(problems))
        return change

    def after(self) -> Attributes:
        after = {**(self.current or self.expected()), **self.desired}
        if not after["transit_encryption_enabled"] and "transit_encryption_mode" not in self.desired:
            after["transit_encryption_mode"] = ""
        return after

    def validate(self) -> None:
        empty = sorted(key for key in MODIFY if self.desired.get(key) in ("", []))
        if empty and self.state == "present":
            raise ResourceError(f"replication group {self.name}: {', '.join(empty)} is empty; leave it out instead")

    def missing(self) -> list[str]:
        names = [name for name in NEEDED if name not in self.desired]
        return [f"it is not there; to create it, set {', '.join(names)}"] if names else []

    def transitions(self) -> list[str]:
        """Changes that cannot be made in this direction, or not in one step."""
        now, after = self.current, {**self.current, **self.desired}
        problems = []
        if now["engine"] == "valkey" and after["engine"] == "redis":
            problems.append("engine cannot be changed from valkey to redis")
        elif now["engine"] != after["engine"] and not self.module.params["apply_immediately"]:
            problems.append("engine can be changed with apply_immediately only")
        if now["engine"] == after["engine"] and older(after["engine_version"], now["engine_version"]):
            problems.append(f"engine_version cannot be lowered from {now['engine_version']}; {KEEP}")
        if now["transit_encryption_enabled"] != after["transit_encryption_enabled"]:
            first = "set transit_encryption_mode to preferred first, move the clients, and then"
            if after["transit_encryption_enabled"] and self.desired.get("transit_encryption_mode") != "preferred":
                problems.append(f"to enable transit encryption, {first} set it to required")
            if not after["transit_encryption_enabled"] and now["transit_encryption_mode"] == "required":
                problems.append(f"to disable transit encryption, {first} disable it")
        return problems

    # Reading.

    def describe(self) -> dict[str, Any] | None:
        return replication_group(self.client, self.name)

    def read(self) -> Attributes | None:
        try:
            return super().read()
        except is_boto3_error_code(BUSY):
            self.wait_until_settled()
            return super().read()

    def is_settled(self, raw: dict[str, Any]) -> bool:
        if self.state == "absent":
            return raw["Status"] in (self.ready, "create-failed")
        logs = {item.get("Status", "active") for item in raw.get("LogDeliveryConfigurations") or []}
        return raw["Status"] == self.ready and logs <= {"active"}

    def failure(self, raw: dict[str, Any]) -> str | None:
        if self.state == "present" and raw["Status"] == "create-failed":
            return "its creation failed; its events in ElastiCache tell why. Delete it and create it again"
        for item in raw.get("LogDeliveryConfigurations") or []:
            if self.state == "present" and item.get("Status") == "error":
                return f"the delivery of the {item['LogType']} failed: {item.get('Message', 'AWS gives no reason')}"
        return None

    def normal(self, raw: dict[str, Any]) -> Attributes:
        # What AWS does not tell of a group it tells of its nodes, all of which are the same.
        node = self.first_node(raw)
        pending = {} if self.applies_pending(raw) else node.get("PendingModifiedValues") or {}
        topic = node.get("NotificationConfiguration") or {}
        return {
            "replication_group_id": raw["ReplicationGroupId"],
            "arn": raw["ARN"],
            "status": raw["Status"],
            "endpoint": endpoint(raw, "PrimaryEndpoint").get("Address", ""),
            "reader_endpoint": endpoint(raw, "ReaderEndpoint").get("Address", ""),
            "port": endpoint(raw, "PrimaryEndpoint").get("Port") or self.desired.get("port", 0),
            "member_clusters": raw.get("MemberClusters") or [],
            "description": raw.get("Description", ""),
            "node_type": pending.get("CacheNodeType") or raw.get("CacheNodeType"),
            "engine": raw.get("Engine") or node.get("Engine"),
            "engine_version": pending.get("EngineVersion") or node.get("EngineVersion", ""),
            "num_cache_clusters": len(raw.get("MemberClusters") or []),
            "automatic_failover_enabled": raw.get("AutomaticFailover") in ("enabled", "enabling"),
            "multi_az_enabled": raw.get("MultiAZ") == "enabled",
            "at_rest_encryption_enabled": bool(raw.get("AtRestEncryptionEnabled")),
            "kms_key_id": raw.get("KmsKeyId") or "",
            "transit_encryption_enabled": bool(raw.get("TransitEncryptionEnabled")),
            "transit_encryption_mode": raw.get("TransitEncryptionMode") or "",
            "subnet_group_name": node.get("CacheSubnetGroupName", ""),
            "security_group_ids": sorted(group["SecurityGroupId"] for group in node.get("SecurityGroups") or []),
            "parameter_group_name": (node.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", ""),
            "user_group_ids": attached_user_groups(raw),
            "snapshot_retention_limit": raw.get("SnapshotRetentionLimit", 0),
            "snapshot_window": raw.get("SnapshotWindow") or "",
            "maintenance_window": node.get("PreferredMaintenanceWindow", ""),
            "log_delivery": log_deliveries(raw),
            "auto_minor_version_upgrade": bool(raw.get("AutoMinorVersionUpgrade", True)),
            "notification_topic_arn": topic["TopicArn"] if topic.get("TopicStatus") == "active" else "",
            "tags": self.tags_of(raw),
        }

    def first_node(self, raw: dict[str, Any]) -> dict[str, Any]:
        nodes = raw.get("MemberClusters") or []
        call = self.client.describe_cache_clusters
        return (one(call, "CacheClusters", "CacheClusterNotFound", CacheClusterId=nodes[0]) if nodes else None) or {}

    def applies_pending(self, raw: dict[str, Any]) -> bool:
        """Whether what waits for the maintenance window has to be asked for again, to have it now."""
        return self.module.params["apply_immediately"] and raw["Status"] == self.ready

    def tags_of(self, raw: dict[str, Any]) -> dict[str, str]:
        """Raises while AWS does not tell them, unless they are known or not needed."""
        try:
            return self.read_tags(raw["ARN"])
        except is_boto3_error_code(BUSY):
            if self.change is not None:  # read again after our own request, which carried the tags
                return self.expected().get("tags", {})
            if self.module.check_mode or "tags" not in self.desired:
                return self.desired.get("tags", {})
            raise

    # Comparing and predicting.

    def same(self, key: str) -> bool:
        current, desired = self.current[key], self.desired[key]
        if key == "engine_version":
            return current == desired or current.startswith(f"{desired.removesuffix('x').removesuffix('.')}.")
        if key == "maintenance_window":
            return current.lower() == desired.lower()
        return super().same(key)

    def predict(self) -> Attributes:
        engine, version = self.desired.get("engine", ""), self.desired.get("engine_version", "")
        encrypted = self.desired.get("transit_encryption_enabled")
        return {
            "replication_group_id": self.name,
            "at_rest_encryption_enabled": engine == "valkey",
            "transit_encryption_mode": "required" if encrypted else "",
            "parameter_group_name": f"default.{parameter_family(engine, version)}" if version else UNKNOWN,
        }

    # Writing.

    def create(self) -> None:
        given = {key: value for key, value in self.desired.items() if key in CREATE and value not in ("", [])}
        parameters = {CREATE[key]: value for key, value in given.items()}
        if self.module.params["snapshot_name"]:
            parameters["SnapshotName"] = self.module.params["snapshot_name"]
        if self.desired.get("log_delivery"):
            parameters["LogDeliveryConfigurations"] = [log_request(item) for item in self.desired["log_delivery"]]
        self.client.create_replication_group(ReplicationGroupId=self.name, **parameters, **self.tag_parameters())

    def update(self, changed: set[str]) -> None:
        """AWS makes one change at a time: nodes for a failover come before it and go after it, tags come last."""
        count = self.desired.get("num_cache_clusters", self.current["num_cache_clusters"])
        resize = {"ReplicationGroupId": self.name, "NewReplicaCount": count - 1, "ApplyImmediately": True}
        modifications = self.modifications(changed)
        steps = []
        if count > self.current["num_cache_clusters"]:
            steps.append(lambda: self.client.increase_replica_count(**resize))
        if modifications:
            steps.append(lambda: self.client.modify_replication_group(**modifications))
        if count < self.current["num_cache_clusters"]:
            steps.append(lambda: self.client.decrease_replica_count(**resize))
        if "tags" in changed:
            steps.append(self.put_tags)
        for number, step in enumerate(steps):
            if number:
                self.wait_until_settled()
            step()

    def modifications(self, changed: set[str]) -> dict[str, Any]:
        changes = {MODIFY[key]: self.desired[key] for key in sorted(changed) if key in MODIFY}
        if "engine" in changed and "engine_version" in self.desired:
            changes["EngineVersion"] = self.desired["engine_version"]
        if "transit_encryption_mode" in changed and self.desired.get("transit_encryption_enabled"):
            changes["TransitEncryptionEnabled"] = True
        if "user_group_ids" in changed:
            current, desired = set(self.current["user_group_ids"]), set(self.desired["user_group_ids"])
            changes["UserGroupIdsToAdd"] = sorted(desired - current)
            changes["UserGroupIdsToRemove"] = sorted(current - desired)
        if "log_delivery" in changed:
            changes["LogDeliveryConfigurations"] = self.log_requests()
        if "notification_topic_arn" in changed:
            topic = self.desired["notification_topic_arn"]
            changes |= {"NotificationTopicArn": topic} if topic else {}
            changes["NotificationTopicStatus"] = "active" if topic else "inactive"
        changes = {key: value for key, value in changes.items() if value not in ("", [])}
        apply = self.module.params["apply_immediately"]
        return {"ReplicationGroupId": self.name, "ApplyImmediately": apply, **changes} if changes else {}

    def log_requests(self) -> list[dict[str, Any]]:
        current, desired = self.current["log_delivery"], self.desired["log_delivery"]
        kept = {item["log_type"] for item in desired}
        ended = [{"LogType": item["log_type"], "Enabled": False} for item in current if item["log_type"] not in kept]
        return [log_request(item) for item in desired if item not in current] + ended

    def delete(self) -> None:
        final = self.module.params["final_snapshot_name"]
        more = {"FinalSnapshotIdentifier": final} if final else {}
        self.client.delete_replication_group(ReplicationGroupId=self.name, RetainPrimaryCluster=False, **more)


def log_request(item: dict[str, str]) -> dict[str, Any]:
    details, key = LOG_DETAILS[item["destination_type"]]
    return {
        "LogType": item["log_type"],
        "DestinationType": item["destination_type"],
        "DestinationDetails": {details: {key: item["destination"]}},
        "LogFormat": item["log_format"],
        "Enabled": True,
    }


def older(version: str, than: str) -> bool:
    """Whether a version, which may be short, is lower than a full one."""
    parts = [int(part) for part in version.split(".") if part.isdigit()]
    return bool(than) and parts < [int(part) for part in than.split(".") if part.isdigit()][: len(parts)]


def combinations(group: Attributes) -> list[str]:
    """What AWS refuses of the group as it is to be."""
    count, retention = group["num_cache_clusters"], group["snapshot_retention_limit"]
    types = [item["log_type"] for item in group["log_delivery"]]
    rules = (
        (1 <= count <= 6, f"num_cache_clusters is {count}; allowed are 1 to 6"),
        (0 <= retention <= 35, f"snapshot_retention_limit is {retention}; allowed are 0 to 35"),
        (
            count > 1 or not group["automatic_failover_enabled"],
            "automatic_failover_enabled needs num_cache_clusters of at least 2",
        ),
        (
            group["automatic_failover_enabled"] or not group["multi_az_enabled"],
            "multi_az_enabled needs automatic_failover_enabled",
        ),
        (
            group["transit_encryption_enabled"] or not group["user_group_ids"],
            "user_group_ids needs transit_encryption_enabled",
        ),
        (
            group["transit_encryption_enabled"] or not group["transit_encryption_mode"],
            "transit_encryption_mode needs transit_encryption_enabled",
        ),
        (group["at_rest_encryption_enabled"] or not group["kms_key_id"], "kms_key_id needs at_rest_encryption_enabled"),
        (len(group["user_group_ids"]) < 2, "user_group_ids takes at most one group"),
        (len(types) == len(set(types)), "log_delivery takes one entry for a log_type"),
    )
    return [message for fine, message in rules if not fine]


def main() -> None:
    flags = [name for name in CREATE if name.endswith("_enabled")] + ["auto_minor_version_upgrade"]
    numbers = ("num_cache_clusters", "snapshot_retention_limit", "port")
    lists = ("security_group_ids", "user_group_ids")
    module = AnsibleAWSModule(
        argument_spec={
            "replication_group_id": {"type": "str", "required": True},
            **{name: {"type": "str"} for name in CREATE},
            **{name: {"type": "bool"} for name in flags},
            **{name: {"type": "int"} for name in numbers},
            **{name: {"type": "list", "elements": "str"} for name in lists},
            "engine": {"type": "str", "choices": ["redis", "valkey"]},
            "transit_encryption_mode": {"type": "str", "choices": ["required", "preferred"]},
            "kms_key_id": {"type": "str", "no_log": False},
            "log_delivery": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "log_type": {"type": "str", "required": True, "choices": ["slow-log", "engine-log"]},
                    "destination_type": {
                        "type": "str",
                        "choices": list(LOG_DETAILS),
                        "default": "cloudwatch-logs",
                    },
                    "destination": {"type": "str", "required": True},
                    "log_format": {"type": "str", "choices": ["json", "text"], "default": "json"},
                },
            },
            "snapshot_name": {"type": "str"},
            "final_snapshot_name": {"type": "str"},
            "apply_immediately": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, ReplicationGroup(module), key="replication_group")


if __name__ == "__main__":
    main()
