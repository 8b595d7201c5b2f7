# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache replication groups, their member clusters and snapshots."""

from __future__ import annotations

import re
from typing import Any

from moto.core.base_backend import BaseBackend

from .elasticache_checks import (
    ENGINE_VERSIONS,
    RBAC_NEEDS_TLS,
    check_auth_token,
    check_cluster_count,
    check_failover,
    check_node_type,
    check_windows,
    family_of,
    full_version,
    log_deliveries,
)
from .errors import AwsError
from .support import Params, Tags, begin, check_security_groups, now, passing, require

ID = re.compile(r"^[a-z][a-z0-9\-]{0,39}$", re.I)
DEFAULT_SNAPSHOT_WINDOW = "05:00-06:00"
DEFAULT_MAINTENANCE_WINDOW = "sun:23:00-mon:01:30"


class ReplicationMixin(BaseBackend):
    replication_groups: dict[str, Any]
    members: dict[str, dict[str, Any]]
    snapshots: dict[str, Any]
    cache_clusters: dict[str, Any]
    tags: Tags

    # ---- create ------------------------------------------------------------------------------------

    def create_replication_group(self, params: Params) -> Params:
        require(params, "ReplicationGroupId", "ReplicationGroupDescription")
        group_id = params["ReplicationGroupId"].lower()
        if not ID.match(group_id) or group_id.endswith("-") or "--" in group_id:
            raise AwsError(
                "InvalidParameterValue",
                "The parameter ReplicationGroupIdentifier is not a valid identifier. Identifiers must begin with a "
                "letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or "
                "contain two consecutive hyphens.",
            )
        if group_id in self.replication_groups:
            raise AwsError("ReplicationGroupAlreadyExists", f"Replication group {group_id} already exists.")
        group = self._new_group(group_id, params)
        self.replication_groups[group_id] = group
        self.make_members(group)
        self.tags.add(group["ARN"], params.get("Tags"))
        for member in group["MemberClusters"]:
            self.tags.add(self.members[member]["ARN"], params.get("Tags"))
        begin(self, "replicationgroup", group_id, "creating")
        return {"ReplicationGroup": self.shown(group)}

    def _new_group(self, group_id: str, params: Params) -> dict[str, Any]:
        engine = (params.get("Engine") or "redis").lower()
        version = full_version(engine, params.get("EngineVersion") or ENGINE_VERSIONS.get(engine, ""))
        check_node_type(params.get("CacheNodeType"))
        parameter_group = self._checked_parameter_group(params, engine, version)
        subnet_group = params.get("CacheSubnetGroupName")
        if subnet_group:
            subnet_group = self.subnet_group(subnet_group)["CacheSubnetGroupName"]  # type: ignore[attr-defined]
        check_security_groups(self, params.get("SecurityGroupIds") or (), "InvalidParameterValue")
        shards = int(params.get("NumNodeGroups") or len(params.get("NodeGroupConfiguration") or ()) or 1)
        clustered = shards > 1 or parameter_group.get("values", {}).get("cluster-enabled") == "yes"
        replicas = self._replicas(params, clustered)
        check_windows(
            params.get("SnapshotWindow") or DEFAULT_SNAPSHOT_WINDOW,
            params.get("PreferredMaintenanceWindow") or DEFAULT_MAINTENANCE_WINDOW,
        )
        encrypted = bool(params.get("TransitEncryptionEnabled"))
        self._check_authentication(params, encrypted, engine)
        asked_for = bool(params.get("AutomaticFailoverEnabled"))
        check_failover(asked_for or clustered, bool(params.get("MultiAZEnabled")), 1 if clustered else replicas)
        created = now()
        failover = "enabled" if params.get("AutomaticFailoverEnabled") or clustered else "disabled"
        return {
            "ReplicationGroupId": group_id,
            "Description": params["ReplicationGroupDescription"],
            "Status": "available",
            "PendingModifiedValues": {},
            "MemberClusters": [],
            "NodeGroups": [],
            "AutomaticFailover": failover,
            "MultiAZ": "enabled" if params.get("MultiAZEnabled") else "disabled",
            "SnapshotRetentionLimit": int(params.get("SnapshotRetentionLimit") or 0),
            "SnapshotWindow": params.get("SnapshotWindow") or DEFAULT_SNAPSHOT_WINDOW,
            "ClusterEnabled": clustered,
            "ClusterMode": params.get("ClusterMode") or ("enabled" if clustered else "disabled"),
            "CacheNodeType": params.get("CacheNodeType") or "cache.r6g.large",
            "AuthTokenEnabled": bool(params.get("AuthToken")),
            "AuthTokenLastModifiedDate": created if params.get("AuthToken") else None,
            "TransitEncryptionEnabled": encrypted,
            "TransitEncryptionMode": params.get("TransitEncryptionMode") or ("required" if encrypted else None),
            "AtRestEncryptionEnabled": bool(params.get("AtRestEncryptionEnabled")) or engine == "valkey",
            "KmsKeyId": params.get("KmsKeyId"),
            "ARN": self.arn("replicationgroup", group_id),  # type: ignore[attr-defined]
            "UserGroupIds": [name.lower() for name in params.get("UserGroupIds") or ()],
            "LogDeliveryConfigurations": log_deliveries([], params.get("LogDeliveryConfigurations") or []),
            "ReplicationGroupCreateTime": created,
            "DataTiering": "enabled" if params.get("DataTieringEnabled") else "disabled",
            "AutoMinorVersionUpgrade": params.get("AutoMinorVersionUpgrade", True) is not False,
            "NetworkType": params.get("NetworkType") or "ipv4",
            "IpDiscovery": params.get("IpDiscovery") or "ipv4",
            "Engine": engine,
            # what AWS reports on the member clusters
            "version": version,
            "port": int(params.get("Port") or 6379),
            "maintenance": (params.get("PreferredMaintenanceWindow") or DEFAULT_MAINTENANCE_WINDOW).lower(),
            "parameter_group": parameter_group["CacheParameterGroupName"],
            "subnet_group": subnet_group or "default",
            "security_groups": list(params.get("SecurityGroupIds") or ()),
            "topic": params.get("NotificationTopicArn"),
            "shards": shards,
            "replicas": replicas,
        }

    def _replicas(self, params: Params, clustered: bool) -> int:
        """Nodes of a shard beside the primary."""
        if params.get("NumCacheClusters") is not None:
            if clustered:
                raise AwsError(
                    "InvalidParameterCombination",
                    "Cannot use NumCacheClusters with a cluster mode enabled replication group.",
                )
            return check_cluster_count(int(params["NumCacheClusters"])) - 1
        count = int(params.get("ReplicasPerNodeGroup") or 0)
        if not 0 <= count <= 5:
            raise AwsError("InvalidParameterValue", "Replicas per node group must be between 0 and 5.")
        return count

    def _checked_parameter_group(self, params: Params, engine: str, version: str) -> dict[str, Any]:
        family = family_of(engine, version)
        clustered = int(params.get("NumNodeGroups") or 1) > 1
        default = f"default.{family}{'.cluster.on' if clustered else ''}"
        name = params.get("CacheParameterGroupName") or default
        group: dict[str, Any] = self.parameter_group(name)  # type: ignore[attr-defined]
        if group["CacheParameterGroupFamily"] != family:
            raise AwsError(
                "InvalidParameterCombination",
                f"Expected a parameter group of family {family} but found one of family "
                f"{group['CacheParameterGroupFamily']}",
            )
        return group

    def _check_authentication(self, params: Params, encrypted: bool, engine: str) -> None:
        groups = params.get("UserGroupIds") or []
        if params.get("AuthToken") and groups:
            raise AwsError("InvalidParameterCombination", "AuthToken and UserGroupIds cannot both be specified.")
        if params.get("AuthToken"):
            check_auth_token(params["AuthToken"], encrypted)
        if groups and not encrypted:
            raise AwsError(
                "InvalidParameterCombination",
                RBAC_NEEDS_TLS,
            )
        self.check_user_groups(groups, engine)

    def check_user_groups(self, names: list[str], engine: str) -> None:
        if len(names) > 1:
            raise AwsError("InvalidParameterValue", "A replication group can have at most 1 user group.")
        for name in names:
            group = self.user_group(name)  # type: ignore[attr-defined]
            if passing(self, "usergroup", group["UserGroupId"]):
                raise AwsError("InvalidUserGroupState", f"User group {name} is not in active state.")
            if engine == "redis" and group["Engine"] == "valkey":
                raise AwsError("InvalidParameterValue", f"User group {name} has the engine valkey, not redis.")

    # ---- members -----------------------------------------------------------------------------------

    def make_members(self, group: dict[str, Any]) -> None:
        """The nodes as the group's numbers say; those that remain keep their time of creation."""
        for name in group["MemberClusters"]:
            group.setdefault("ages", {})[name] = self.members.pop(name)["CacheClusterCreateTime"]
        group["MemberClusters"] = []
        group["NodeGroups"] = [self._node_group(group, number) for number in range(1, group["shards"] + 1)]
        if group["ClusterEnabled"]:
            host = f"clustercfg.{self._host(group)}"
            group["ConfigurationEndpoint"] = {"Address": host, "Port": group["port"]}

    def _node_group(self, group: dict[str, Any], number: int) -> dict[str, Any]:
        zones = self._zones(group)
        clustered = group["ClusterEnabled"]
        members = []
        for index in range(group["replicas"] + 1):
            prefix = f"{group['ReplicationGroupId']}-{number:04d}" if clustered else group["ReplicationGroupId"]
            name = f"{prefix}-{index + 1:03d}"
            member = self._member(group, name, zones[index % len(zones)])
            members.append(
                {
                    "CacheClusterId": name,
                    "CacheNodeId": "0001",
                    "ReadEndpoint": member["CacheNodes"][0]["Endpoint"],
                    "PreferredAvailabilityZone": member["PreferredAvailabilityZone"],
                    **({} if clustered else {"CurrentRole": "replica" if index else "primary"}),
                }
            )
        shard: dict[str, Any] = {"NodeGroupId": f"{number:04d}", "Status": "available", "NodeGroupMembers": members}
        if clustered:
            first, last = (16384 * (number - 1)) // group["shards"], (16384 * number) // group["shards"] - 1
            shard["Slots"] = f"{first}-{last}"
        else:
            shard["PrimaryEndpoint"] = {"Address": self._endpoint(group, "master"), "Port": group["port"]}
            shard["ReaderEndpoint"] = {"Address": self._endpoint(group, "replica"), "Port": group["port"]}
        return shard

    def _member(self, group: dict[str, Any], name: str, zone: str) -> dict[str, Any]:
        created = group.get("ages", {}).get(name, group["ReplicationGroupCreateTime"])
        host = self._host(group)
        endpoint = {"Address": f"{name}.{host}", "Port": group["port"]}
        self.members[name] = {
            "CacheClusterId": name,
            "ARN": self.arn("cluster", name),  # type: ignore[attr-defined]
            "CacheClusterCreateTime": created,
            "PreferredAvailabilityZone": zone,
            "ReplicationGroupId": group["ReplicationGroupId"],
            "PendingModifiedValues": {},
            "CacheNodes": [
                {
                    "CacheNodeId": "0001",
                    "CacheNodeStatus": "available",
                    "CacheNodeCreateTime": created,
                    "Endpoint": endpoint,
                    "ParameterGroupStatus": "in-sync",
                    "CustomerAvailabilityZone": zone,
                }
            ],
        }
        group["MemberClusters"].append(name)
        return self.members[name]

    def _zones(self, group: dict[str, Any]) -> list[str]:
        if group["subnet_group"] == "default":
            return [f"{self.region_name}{letter}" for letter in "abc"]
        subnets = self.subnet_group(group["subnet_group"])["Subnets"]  # type: ignore[attr-defined]
        return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})

    def _host(self, group: dict[str, Any]) -> str:
        area, side, number = self.region_name.split("-")
        short = f"{area}{side[0]}{'e' if side.endswith('east') and side != 'east' else ''}{number}"
        unique = f"{int(self.account_id) % 36**6:06x}"[-6:]
        return f"{group['ReplicationGroupId']}.{unique}.{short}.cache.amazonaws.com"

    def _endpoint(self, group: dict[str, Any], role: str) -> str:
        host = self._host(group)
        if group["TransitEncryptionEnabled"]:
            return f"{role}.{host}"
        name, unique, rest = host.split(".", 2)
        return f"{name}{'-ro' if role == 'replica' else ''}.{unique}.ng.0001.{rest}"

    def describe_all_cache_clusters(self, params: Params) -> Params:
        wanted = (params.get("CacheClusterId") or "").lower()
        if wanted and wanted not in self.members:
            return {"CacheClusters": super().describe_cache_clusters(wanted)}  # type: ignore[misc]
        members = [self.members[wanted]] if wanted else list(self.members.values())
        shown = [self._shown_member(member, bool(params.get("ShowCacheNodeInfo"))) for member in members]
        alone = [] if wanted else list(self.cache_clusters.values())
        if params.get("ShowCacheClustersNotInReplicationGroups"):
            shown = []
        return {"CacheClusters": shown + alone}

    def _shown_member(self, member: dict[str, Any], nodes: bool) -> dict[str, Any]:
        group = self.replication_groups[member["ReplicationGroupId"]]
        shown = {
            **member,
            "CacheNodeType": group["CacheNodeType"],
            "Engine": group["Engine"],
            "EngineVersion": group["version"],
            "CacheClusterStatus": passing(self, "replicationgroup", group["ReplicationGroupId"]) or "available",
            "NumCacheNodes": 1,
            "PreferredMaintenanceWindow": group["maintenance"],
            "CacheSecurityGroups": [],
            "CacheParameterGroup": {
                "CacheParameterGroupName": group["parameter_group"],
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
            "CacheSubnetGroupName": group["subnet_group"],
            "SecurityGroups": [{"SecurityGroupId": name, "Status": "active"} for name in group["security_groups"]],
            "ReplicationGroupLogDeliveryEnabled": bool(group["LogDeliveryConfigurations"]),
            **{name: group[name] for name in _SHARED},
        }
        if group["topic"]:
            status = group.get("topic_status", "active")
            shown["NotificationConfiguration"] = {"TopicArn": group["topic"], "TopicStatus": status}
        if not nodes:
            shown.pop("CacheNodes")
        return shown

    # ---- read --------------------------------------------------------------------------------------

    def describe_replication_groups(self, params: Params) -> Params:
        wanted = (params.get("ReplicationGroupId") or "").lower()
        if wanted:
            self.replication_group(wanted)
        shown = []
        for group_id, group in list(self.replication_groups.items()):
            if wanted not in ("", group_id):
                continue
            shown.append(self.shown(group, read=True))
            if group.get("deleted") and not passing(self, "replicationgroup", group_id):
                self._drop(group)
        return {"ReplicationGroups": shown}

    def replication_group(self, group_id: str) -> dict[str, Any]:
        group: dict[str, Any] | None = self.replication_groups.get(group_id.lower())
        if group is None:
            raise AwsError("ReplicationGroupNotFoundFault", f"ReplicationGroup {group_id} not found.")
        return group

    def shown(self, group: dict[str, Any], *, read: bool = False) -> dict[str, Any]:
        status = passing(self, "replicationgroup", group["ReplicationGroupId"], read=read) or group["Status"]
        return {**group, "Status": status}

    def available(self, group_id: str) -> dict[str, Any]:
        group = self.replication_group(group_id)
        status = passing(self, "replicationgroup", group["ReplicationGroupId"])
        if status:
            raise AwsError(
                "InvalidReplicationGroupState", f"Replication group {group_id} has the state {status}, not available."
            )
        return group

    # ---- delete ------------------------------------------------------------------------------------

    def delete_replication_group(self, params: Params) -> Params:
        group = self.available(params["ReplicationGroupId"])
        if params.get("FinalSnapshotIdentifier"):
            self.create_snapshot(
                {"SnapshotName": params["FinalSnapshotIdentifier"], "ReplicationGroupId": group["ReplicationGroupId"]}
            )
        group["deleted"] = True
        if not begin(self, "replicationgroup", group["ReplicationGroupId"], "deleting"):
            self._drop(group)
        return {"ReplicationGroup": {**group, "Status": "deleting"}}

    def _drop(self, group: dict[str, Any]) -> None:
        self.replication_groups.pop(group["ReplicationGroupId"], None)
        self.tags.drop(group["ARN"])
        for name in group["MemberClusters"]:
            self.tags.drop(self.members.pop(name)["ARN"])


_SHARED = (
    "AutoMinorVersionUpgrade",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "AuthTokenEnabled",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "AtRestEncryptionEnabled",
    "LogDeliveryConfigurations",
    "NetworkType",
    "IpDiscovery",
)
