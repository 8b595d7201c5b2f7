# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache for moto: users, user groups, parameter groups, and replication groups that read back whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.elasticache.models import ElastiCacheBackend, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse

from .dispatch import answer_with, model_with
from .elasticache_changes import ChangesMixin
from .elasticache_checks import SnapshotsMixin
from .elasticache_parameters import ParametersMixin
from .elasticache_users import DEFAULT, UsersMixin
from .errors import AwsError
from .support import Params, Tags, forward, require, subnet_details


class Backend(UsersMixin, ParametersMixin, ChangesMixin, SnapshotsMixin, ElastiCacheBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tags = Tags()
        self.users = {DEFAULT: self.built_in_user()}
        self.user_groups = {}
        self.parameter_groups = {}
        self.subnet_groups: dict[str, dict[str, Any]] = {}
        self.replication_groups = {}
        self.members = {}

    # ---- subnet groups -----------------------------------------------------------------------------

    def create_cache_subnet_group(self, params: Params) -> Params:
        require(params, "CacheSubnetGroupName", "CacheSubnetGroupDescription")
        name = params["CacheSubnetGroupName"].lower()
        if name == "default":
            raise AwsError("InvalidParameterValue", "The name default is not allowed for a cache subnet group.")
        if name in self.subnet_groups:
            raise AwsError("CacheSubnetGroupAlreadyExists", f"CacheSubnetGroup {name} already exists.")
        group = {
            "CacheSubnetGroupName": name,
            "CacheSubnetGroupDescription": params["CacheSubnetGroupDescription"],
            "ARN": self.arn("subnetgroup", name),
            "SupportedNetworkTypes": ["ipv4"],
            **self._subnets(params.get("SubnetIds") or []),
        }
        self.subnet_groups[name] = group
        self.tags.add(group["ARN"], params.get("Tags"))
        return {"CacheSubnetGroup": group}

    def modify_cache_subnet_group(self, params: Params) -> Params:
        group = self.subnet_group(params["CacheSubnetGroupName"])
        if params.get("SubnetIds"):
            subnets = self._subnets(params["SubnetIds"])
            if subnets["VpcId"] != group["VpcId"]:
                raise AwsError("InvalidSubnet", "The new Subnets are not in the same Vpc as the existing subnet group")
            group.update(subnets)
        if params.get("CacheSubnetGroupDescription") is not None:
            group["CacheSubnetGroupDescription"] = params["CacheSubnetGroupDescription"]
        return {"CacheSubnetGroup": group}

    def delete_cache_subnet_group(self, params: Params) -> Params:
        group = self.subnet_group(params["CacheSubnetGroupName"])
        name = group["CacheSubnetGroupName"]
        for cache_id, cache in self.replication_groups.items():
            if cache["subnet_group"] == name:
                raise AwsError(
                    "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache ({cache_id})."
                )
        del self.subnet_groups[name]
        self.tags.drop(group["ARN"])
        return {}

    def describe_cache_subnet_groups(self, params: Params) -> Params:
        name = params.get("CacheSubnetGroupName")
        groups = [self.subnet_group(name)] if name else list(self.subnet_groups.values())
        return {"CacheSubnetGroups": groups}

    def subnet_group(self, name: str) -> dict[str, Any]:
        group = self.subnet_groups.get(name.lower())
        if group is None:
            raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
        return group

    def _subnets(self, subnet_ids: list[str]) -> dict[str, Any]:
        subnets = subnet_details(self, subnet_ids, "InvalidSubnet")
        if not subnets:
            raise AwsError("InvalidParameterValue", "SubnetIds must have at least one member.")
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise AwsError("InvalidSubnet", "Subnets are not in the same VPC.")
        shown = [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SupportedNetworkTypes": ["ipv4"],
            }
            for subnet in subnets
        ]
        return {"VpcId": subnets[0].vpc_id, "Subnets": shown}

    # ---- tags --------------------------------------------------------------------------------------

    def list_tags_for_resource(self, params: Params) -> Params:
        return {"TagList": self.tags.list(self._existing(params["ResourceName"]))}

    def add_tags_to_resource(self, params: Params) -> Params:
        arn = self._existing(params["ResourceName"])
        self.tags.add(arn, params.get("Tags"))
        return {"TagList": self.tags.list(arn)}

    def remove_tags_from_resource(self, params: Params) -> Params:
        arn = self._existing(params["ResourceName"])
        for key in params.get("TagKeys") or ():
            if key not in self.tags.dict(arn):
                raise AwsError("TagNotFound", f"Tag {key} not found.")
        self.tags.remove(arn, params.get("TagKeys") or ())
        return {"TagList": self.tags.list(arn)}

    def _existing(self, arn: str) -> str:
        parts = arn.split(":", 6)
        if len(parts) != 7 or parts[2] != "elasticache":
            raise AwsError("InvalidARN", f"ARN {arn} is invalid.")
        stores: dict[str, tuple[dict[str, Any], str]] = {
            "user": (self.users, "UserNotFound"),
            "usergroup": (self.user_groups, "UserGroupNotFound"),
            "parametergroup": (self.parameter_groups, "CacheParameterGroupNotFound"),
            "subnetgroup": (self.subnet_groups, "CacheSubnetGroupNotFoundFault"),
            "replicationgroup": (self.replication_groups, "ReplicationGroupNotFoundFault"),
            "cluster": ({**self.members, **self.cache_clusters}, "CacheClusterNotFound"),
            "snapshot": (self.snapshots, "SnapshotNotFoundFault"),
        }
        if parts[5] not in stores:
            raise AwsError("InvalidARN", f"ARN {arn} is invalid.")
        store, code = stores[parts[5]]
        if parts[6] not in store:
            raise AwsError(code, f"{parts[6]} is either not present or not available.")
        return arn

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        stores = {
            "elasticache:user": self.users,
            "elasticache:usergroup": self.user_groups,
            "elasticache:parametergroup": self.parameter_groups,
            "elasticache:subnetgroup": self.subnet_groups,
            "elasticache:replicationgroup": self.replication_groups,
        }
        for kind, store in stores.items():
            for resource in store.values():
                yield TaggedResource(arn=resource["ARN"], tags=self.tags.dict(resource["ARN"]), resource_type=kind)

    def delete_cache_cluster(self, cache_cluster_id: str) -> Any:
        """moto leaves it in the state deleting for ever."""
        cluster = super().delete_cache_cluster(cache_cluster_id)
        self.cache_clusters.pop(cache_cluster_id, None)
        return cluster


@answer_with
class Response(ElastiCacheResponse):
    def describe_cache_clusters(self) -> ActionResult:
        backend = elasticache_backends[self.current_account][self.region]
        return ActionResult(backend.describe_all_cache_clusters(self._get_params()))  # type: ignore[attr-defined]


forward(
    Response,
    elasticache_backends,
    """
    create_user modify_user delete_user describe_users
    create_user_group modify_user_group delete_user_group describe_user_groups
    create_cache_parameter_group modify_cache_parameter_group reset_cache_parameter_group delete_cache_parameter_group
    describe_cache_parameter_groups describe_cache_parameters describe_engine_default_parameters
    create_cache_subnet_group modify_cache_subnet_group delete_cache_subnet_group describe_cache_subnet_groups
    create_replication_group modify_replication_group delete_replication_group describe_replication_groups
    increase_replica_count decrease_replica_count
    create_snapshot describe_snapshots delete_snapshot
    list_tags_for_resource add_tags_to_resource remove_tags_from_resource
    """,
)
model_with(elasticache_backends, Backend)
