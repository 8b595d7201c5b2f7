# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ModifyReplicationGroup and the replica counts change."""

from __future__ import annotations

from typing import Any

from .elasticache_checks import (
    RBAC_NEEDS_TLS,
    check_auth_token,
    check_failover,
    check_node_type,
    check_windows,
    family_of,
    full_version,
    log_deliveries,
)
from .elasticache_replication import ReplicationMixin
from .errors import AwsError
from .support import Params, begin, check_security_groups, given, now

PLAIN = ("ReplicationGroupDescription", "AutoMinorVersionUpgrade", "SnapshotRetentionLimit", "IpDiscovery")


class ChangesMixin(ReplicationMixin):
    def modify_replication_group(self, params: Params) -> Params:
        group = self.available(params["ReplicationGroupId"])
        changes = self._changes(group, params)
        group.update(changes)
        begin(self, "replicationgroup", group["ReplicationGroupId"], "modifying")
        return {"ReplicationGroup": self.shown(group)}

    def _changes(self, group: dict[str, Any], params: Params) -> dict[str, Any]:
        """All that the request changes; nothing is changed before all of it is found right."""
        changes: dict[str, Any] = given(params, PLAIN)
        if "ReplicationGroupDescription" in changes:
            changes["Description"] = changes.pop("ReplicationGroupDescription")
        changes.update(self._changed_windows(group, params))
        changes.update(self._changed_access(group, params))
        changes.update(self._changed_engine(group, params))
        if params.get("SecurityGroupIds"):
            check_security_groups(self, params["SecurityGroupIds"], "InvalidParameterValue")
            changes["security_groups"] = list(params["SecurityGroupIds"])
        if params.get("LogDeliveryConfigurations"):
            changes["LogDeliveryConfigurations"] = log_deliveries(
                group["LogDeliveryConfigurations"], params["LogDeliveryConfigurations"]
            )
        if params.get("NotificationTopicArn") is not None:
            changes["topic"] = params["NotificationTopicArn"]
        if params.get("NotificationTopicStatus"):
            changes["topic_status"] = params["NotificationTopicStatus"]
        failover = params.get("AutomaticFailoverEnabled")
        multi_az = params.get("MultiAZEnabled")
        if failover and group["replicas"] < 1:
            raise AwsError(
                "InvalidParameterValue", "Must specify at least two cache clusters in order to auto failover."
            )
        if failover is not None:
            changes["AutomaticFailover"] = "enabled" if failover else "disabled"
        if multi_az is not None:
            enabled = changes.get("AutomaticFailover", group["AutomaticFailover"]) == "enabled"
            check_failover(enabled, multi_az, group["replicas"])
            changes["MultiAZ"] = "enabled" if multi_az else "disabled"
        return changes

    def _changed_windows(self, group: dict[str, Any], params: Params) -> dict[str, Any]:
        snapshot = params.get("SnapshotWindow") or group["SnapshotWindow"]
        maintenance = params.get("PreferredMaintenanceWindow") or group["maintenance"]
        check_windows(snapshot, maintenance)
        return {"SnapshotWindow": snapshot, "maintenance": maintenance.lower()}

    def _changed_access(self, group: dict[str, Any], params: Params) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        encrypted = bool(params.get("TransitEncryptionEnabled", group["TransitEncryptionEnabled"]))
        if params.get("TransitEncryptionEnabled") is not None:
            changes["TransitEncryptionEnabled"] = encrypted
            changes["TransitEncryptionMode"] = params.get("TransitEncryptionMode") or (
                "required" if encrypted else None
            )
        elif params.get("TransitEncryptionMode"):
            changes["TransitEncryptionMode"] = params["TransitEncryptionMode"]
        added = [name.lower() for name in params.get("UserGroupIdsToAdd") or ()]
        removed = [name.lower() for name in params.get("UserGroupIdsToRemove") or ()]
        if params.get("RemoveUserGroups"):
            removed = list(group["UserGroupIds"])
        if (added or params.get("AuthToken")) and not encrypted:
            raise AwsError(
                "InvalidParameterCombination",
                RBAC_NEEDS_TLS,
            )
        if added or removed:
            names = [name for name in group["UserGroupIds"] if name not in removed] + added
            self.check_user_groups(names, group["Engine"])
            changes["UserGroupIds"] = names
            if added:
                changes["AuthTokenEnabled"] = False
        strategy = params.get("AuthTokenUpdateStrategy")
        if params.get("AuthToken") or strategy == "DELETE":
            if strategy != "DELETE":
                check_auth_token(params["AuthToken"], encrypted)
            changes["AuthTokenEnabled"] = strategy != "DELETE"
            changes["AuthTokenLastModifiedDate"] = now()
        return changes

    def _changed_engine(self, group: dict[str, Any], params: Params) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        engine = (params.get("Engine") or group["Engine"]).lower()
        version = full_version(engine, params["EngineVersion"]) if params.get("EngineVersion") else group["version"]
        if engine != group["Engine"] or version != group["version"]:
            changes.update(Engine=engine, version=version)
        name = params.get("CacheParameterGroupName")
        if name or "version" in changes:
            family = family_of(engine, version)
            wanted = self.parameter_group(name or group["parameter_group"])  # type: ignore[attr-defined]
            if wanted["CacheParameterGroupFamily"] != family:
                raise AwsError(
                    "InvalidParameterCombination",
                    f"Expected a parameter group of family {family} for {engine} {version}",
                )
            changes["parameter_group"] = wanted["CacheParameterGroupName"]
        if params.get("CacheNodeType"):
            check_node_type(params["CacheNodeType"])
            changes["CacheNodeType"] = params["CacheNodeType"]
        if not params.get("ApplyImmediately"):
            self._postpone(group, changes)
        return changes

    def _postpone(self, group: dict[str, Any], changes: dict[str, Any]) -> None:
        """Without ApplyImmediately a new size or version waits for the maintenance window."""
        waiting = {}
        if changes.get("CacheNodeType", group["CacheNodeType"]) != group["CacheNodeType"]:
            waiting["CacheNodeType"] = changes.pop("CacheNodeType")
        if "version" in changes:
            waiting["EngineVersion"] = changes.pop("version")
            changes.pop("Engine")
        for name in group["MemberClusters"]:
            self.members[name]["PendingModifiedValues"].update(waiting)

    def increase_replica_count(self, params: Params) -> Params:
        return self._resize(params, upwards=True)

    def decrease_replica_count(self, params: Params) -> Params:
        return self._resize(params, upwards=False)

    def _resize(self, params: Params, *, upwards: bool) -> Params:
        group = self.available(params["ReplicationGroupId"])
        count = int(params.get("NewReplicaCount") or 0)
        if count == group["replicas"] or (count > group["replicas"]) != upwards:
            raise AwsError("InvalidParameterValue", f"New replica count {count} must differ from the current one.")
        if count > 5 or (count < 1 and group["AutomaticFailover"] == "enabled"):
            raise AwsError("InvalidParameterValue", "Replica count must be 0 to 5, with automatic failover 1 to 5.")
        group["replicas"] = count
        self.make_members(group)
        begin(self, "replicationgroup", group["ReplicationGroupId"], "modifying")
        return {"ReplicationGroup": self.shown(group)}
