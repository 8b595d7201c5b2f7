# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDS parameter groups and subnet groups."""

from __future__ import annotations

import re
from typing import Any

from moto.rds.models import DBClusterParameterGroup, DBParameterGroup, DBSubnetGroup, RDSBackend

from . import parameter_groups
from .errors import AwsError
from .support import Params, require, subnet_details

TABLE = "rds_parameters.txt"
FAMILY = re.compile(
    r"^(postgres(9\.6|1[0-8])|aurora-postgresql(9\.6|1[0-8])|mysql(5\.[67]|8\.0|8\.4)|aurora-mysql(5\.7|8\.0)"
    r"|mariadb(10\.\d+|11\.\d+)|oracle-\S+|sqlserver-\S+)$"
)
PER_CALL = 20
ZONES_AT_LEAST = 2
METHODS = {"immediate", "pending-reboot"}


class GroupsMixin(RDSBackend):
    # ---- parameter groups --------------------------------------------------------------------------

    def create_parameter_group(self, params: Params) -> Params:
        require(params, "DBParameterGroupName", "DBParameterGroupFamily", "Description")
        name = params["DBParameterGroupName"].lower()
        family = params["DBParameterGroupFamily"]
        _check_family(family)
        if name in self.db_parameter_groups:
            raise AwsError("DBParameterGroupAlreadyExists", f"Parameter group {name} already exists")
        group = DBParameterGroup(self, name, params["Description"], family, params.get("Tags") or [])
        self.db_parameter_groups[name] = group
        return {"DBParameterGroup": group}

    def parameter_group(self, name: str) -> DBParameterGroup:
        """Also AWS's default groups, which come into being when somebody asks for them."""
        name = name.lower()
        if name not in self.db_parameter_groups:
            family = name.removeprefix("default.")
            if not name.startswith("default.") or not FAMILY.match(family):
                raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
            description = f"Default parameter group for {family}"
            self.db_parameter_groups[name] = DBParameterGroup(self, name, description, family)
        return self.db_parameter_groups[name]

    def describe_parameter_groups(self, params: Params) -> Params:
        name = params.get("DBParameterGroupName")
        groups = [self.parameter_group(name)] if name else list(self.db_parameter_groups.values())
        return {"DBParameterGroups": groups}

    def own_parameter_group(self, name: str) -> DBParameterGroup:
        group = self.parameter_group(name)
        _check_own(group.name)
        return group

    def modify_parameter_group(self, params: Params) -> Params:
        group = self.own_parameter_group(params["DBParameterGroupName"])
        _modify(group.parameters, str(group.family), params.get("Parameters") or [])
        return {"DBParameterGroupName": group.name}

    def reset_parameter_group(self, params: Params) -> Params:
        group = self.own_parameter_group(params["DBParameterGroupName"])
        _reset(group.parameters, str(group.family), params)
        return {"DBParameterGroupName": group.name}

    def describe_parameters(self, params: Params) -> Params:
        group = self.parameter_group(params["DBParameterGroupName"])
        return {"Parameters": _listed(group.parameters, str(group.family), params.get("Source"))}

    def describe_engine_defaults(self, params: Params) -> Params:
        family = params.get("DBParameterGroupFamily") or ""
        _check_family(family)
        shown = [_shown(parameter, None) for parameter in parameter_groups.table(TABLE, family).values()]
        return {"EngineDefaults": {"DBParameterGroupFamily": family, "Parameters": shown}}

    def delete_parameter_group(self, params: Params) -> Params:
        group = self.own_parameter_group(params["DBParameterGroupName"])
        for database in self.databases.values():
            if database.db_parameter_group_name == group.name:
                raise AwsError(
                    "InvalidDBParameterGroupState",
                    "One or more database instances are still members of this parameter group "
                    f"{group.name}, so the group cannot be deleted",
                )
        del self.db_parameter_groups[group.name]
        return {}

    # ---- parameter groups of clusters: the same, under other names -----------------------------------

    def create_cluster_parameter_group(self, params: Params) -> Params:
        require(params, "DBClusterParameterGroupName", "DBParameterGroupFamily", "Description")
        name, family = params["DBClusterParameterGroupName"].lower(), params["DBParameterGroupFamily"]
        _check_family(family)
        if name in self.db_cluster_parameter_groups:
            raise AwsError("DBParameterGroupAlreadyExists", f"Parameter group {name} already exists")
        group = DBClusterParameterGroup(self, name, params["Description"], family, params.get("Tags") or [])
        self.db_cluster_parameter_groups[name] = group
        return {"DBClusterParameterGroup": group}

    def cluster_parameter_group(self, name: str, code: str = "DBParameterGroupNotFound") -> DBClusterParameterGroup:
        """Also AWS's default groups, which come into being when somebody asks for them."""
        name = name.lower()
        if name not in self.db_cluster_parameter_groups:
            family = name.removeprefix("default.")
            if not name.startswith("default.") or not FAMILY.match(family):
                raise AwsError(code, f"DBClusterParameterGroup not found: {name}")
            description = f"Default cluster parameter group for {family}"
            group = DBClusterParameterGroup(self, name, description, family)
            self.db_cluster_parameter_groups[name] = group
        return self.db_cluster_parameter_groups[name]

    def own_cluster_parameter_group(self, params: Params) -> DBClusterParameterGroup:
        group = self.cluster_parameter_group(params["DBClusterParameterGroupName"])
        _check_own(group.name)
        return group

    def describe_cluster_parameter_groups(self, params: Params) -> Params:
        name = params.get("DBClusterParameterGroupName")
        every = list(self.db_cluster_parameter_groups.values())
        return {"DBClusterParameterGroups": [self.cluster_parameter_group(name)] if name else every}

    def modify_cluster_parameter_group(self, params: Params) -> Params:
        group = self.own_cluster_parameter_group(params)
        _modify(group.parameters, str(group.db_parameter_group_family), params.get("Parameters") or [])
        return {"DBClusterParameterGroupName": group.name}

    def reset_cluster_parameter_group(self, params: Params) -> Params:
        group = self.own_cluster_parameter_group(params)
        _reset(group.parameters, str(group.db_parameter_group_family), params)
        return {"DBClusterParameterGroupName": group.name}

    def describe_cluster_parameters(self, params: Params) -> Params:
        group = self.cluster_parameter_group(params["DBClusterParameterGroupName"])
        return {"Parameters": _listed(group.parameters, str(group.db_parameter_group_family), params.get("Source"))}

    def delete_cluster_parameter_group(self, params: Params) -> Params:
        group = self.own_cluster_parameter_group(params)
        for cluster in self.clusters.values():
            if cluster.parameter_group == group.name:
                raise AwsError(
                    "InvalidDBParameterGroupState",
                    f"One or more database clusters are still members of this parameter group {group.name}, so the "
                    "group cannot be deleted",
                )
        del self.db_cluster_parameter_groups[group.name]
        return {}

    # ---- subnet groups -----------------------------------------------------------------------------

    def create_db_subnets(self, params: Params) -> Params:
        require(params, "DBSubnetGroupName", "DBSubnetGroupDescription")
        name = params["DBSubnetGroupName"].lower()
        if name in self.subnet_groups:
            raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
        if name == "default":
            raise AwsError("InvalidParameterValue", "The DB subnet group name 'default' is reserved.")
        subnets = self._covering_subnets(params.get("SubnetIds") or [])
        group = DBSubnetGroup(self, name, params["DBSubnetGroupDescription"], subnets, params.get("Tags") or [])
        self.subnet_groups[name] = group
        return {"DBSubnetGroup": group}

    def modify_db_subnets(self, params: Params) -> Params:
        group = self.subnets_of(params["DBSubnetGroupName"])
        subnets = self._covering_subnets(params.get("SubnetIds") or [])
        if subnets[0].vpc_id != group.vpc_id:
            raise AwsError("InvalidSubnet", "The new Subnets are not in the same Vpc as the existing subnet group")
        group.subnets = subnets
        if params.get("DBSubnetGroupDescription") is not None:
            group.description = params["DBSubnetGroupDescription"]
        return {"DBSubnetGroup": group}

    def delete_db_subnets(self, params: Params) -> Params:
        group = self.subnets_of(params["DBSubnetGroupName"])
        for database in self.databases.values():
            if getattr(database, "db_subnet_group", None) is group:
                raise AwsError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{group.name}' because at least one database instance: "
                    f"{database.db_instance_identifier} is still using it.",
                )
        for cluster in self.clusters.values():
            if cluster.db_subnet_group_name == group.name:
                raise AwsError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{group.name}' because at least one database cluster: "
                    f"{cluster.db_cluster_identifier} is still using it.",
                )
        del self.subnet_groups[group.name]
        return {}

    def subnets_of(self, name: str) -> DBSubnetGroup:
        if name.lower() not in self.subnet_groups:
            raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
        return self.subnet_groups[name.lower()]

    def _covering_subnets(self, subnet_ids: list[str]) -> list[Any]:
        subnets = subnet_details(self, subnet_ids, "InvalidSubnet")
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise AwsError("InvalidSubnet", "The subnets are not in the same VPC.")
        zones = {subnet.availability_zone for subnet in subnets}
        if len(zones) < ZONES_AT_LEAST:
            raise AwsError(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
                f"{', '.join(sorted(zones)) or 'none'}. Add subnets to cover at least {ZONES_AT_LEAST} AZs.",
            )
        return subnets


def _check_family(family: str) -> None:
    if not FAMILY.match(family):
        raise AwsError("InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family")


def _check_own(name: str) -> None:
    if name.startswith("default."):
        raise AwsError(
            "InvalidDBParameterGroupState", f"The parameter group {name} is a default one: it cannot change."
        )


def _modify(values: dict[str, Any], family: str, settings: list[dict[str, str]]) -> None:
    if not 1 <= len(settings) <= PER_CALL:
        raise AwsError("InvalidParameterValue", f"Between 1 and {PER_CALL} parameters can be modified in a request.")
    known = parameter_groups.table(TABLE, family)
    checked = parameter_groups.changed(known, settings)
    for setting in settings:
        _check_method(known[setting["ParameterName"]], setting.get("ApplyMethod"))
    for setting in settings:
        name = setting["ParameterName"]
        values[name] = {"value": checked[name], "method": setting["ApplyMethod"]}


def _reset(values: dict[str, Any], family: str, params: Params) -> None:
    known = parameter_groups.table(TABLE, family)
    settings = params.get("Parameters") or []
    if params.get("ResetAllParameters", not settings) and not settings:
        values.clear()
    for setting in settings:
        name = setting.get("ParameterName") or ""
        if name not in known:
            raise AwsError("InvalidParameterValue", f"Could not find parameter with name: {name}")
        _check_method(known[name], setting.get("ApplyMethod"))
        values.pop(name, None)


def _listed(values: dict[str, Any], family: str, source: str | None) -> list[dict[str, Any]]:
    known = parameter_groups.table(TABLE, family)
    shown = [_shown(parameter, values.get(name)) for name, parameter in known.items()]
    return [p for p in shown if source in (None, "", p["Source"])]


def _check_method(parameter: parameter_groups.Parameter, method: str | None) -> None:
    if method not in METHODS:
        raise AwsError("InvalidParameterValue", f"ApplyMethod of {parameter.name} must be one of {sorted(METHODS)}.")
    if parameter.apply == "static" and method == "immediate":
        raise AwsError("InvalidParameterCombination", "cannot use immediate apply method for static parameter")


def _shown(parameter: parameter_groups.Parameter, setting: dict[str, str] | None) -> dict[str, Any]:
    return {
        "ParameterName": parameter.name,
        "ParameterValue": setting["value"] if setting else parameter.default,
        "Description": parameter.name.replace("_", " "),
        "Source": "user" if setting else ("system" if parameter.default else "engine-default"),
        "ApplyType": parameter.apply,
        "DataType": parameter.type,
        "AllowedValues": parameter.allowed or None,
        "IsModifiable": parameter.modifiable,
        "ApplyMethod": setting["method"] if setting else "pending-reboot",
    }
