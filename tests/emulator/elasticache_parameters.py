# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache parameter groups."""

from __future__ import annotations

import re
from typing import Any

from moto.core.base_backend import BaseBackend

from . import parameter_groups
from .errors import AwsError
from .support import Params, Tags, require

TABLE = "elasticache_parameters.txt"
FAMILIES = (
    "memcached1.4 memcached1.5 memcached1.6 redis2.6 redis2.8 redis3.2 redis4.0 redis5.0 redis6.x redis7 "
    "valkey7 valkey8 valkey9"
)
NAME = re.compile(r"^[a-z][a-z0-9\-]{0,254}$", re.I)
PER_CALL = 20


class ParametersMixin(BaseBackend):
    parameter_groups: dict[str, dict[str, Any]]
    replication_groups: dict[str, Any]
    tags: Tags

    def arn(self, kind: str, name: str) -> str:
        raise NotImplementedError

    def create_cache_parameter_group(self, params: Params) -> Params:
        require(params, "CacheParameterGroupName", "CacheParameterGroupFamily", "Description")
        name = params["CacheParameterGroupName"].lower()
        family = params["CacheParameterGroupFamily"]
        if family not in FAMILIES.split():
            raise AwsError("InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid family.")
        if not NAME.match(name) or name.endswith("-") or "--" in name:
            raise AwsError(
                "InvalidParameterValue",
                f"The parameter CacheParameterGroupName is not a valid identifier: {name}. Identifiers must begin "
                "with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a "
                "hyphen or contain two consecutive hyphens.",
            )
        if name in self.parameter_groups:
            raise AwsError("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        group = self._new_parameter_group(name, family, params["Description"])
        self.parameter_groups[name] = group
        self.tags.add(group["ARN"], params.get("Tags"))
        return {"CacheParameterGroup": group}

    def _new_parameter_group(self, name: str, family: str, description: str) -> dict[str, Any]:
        return {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": description,
            "IsGlobal": False,
            "ARN": self.arn("parametergroup", name),
            "values": {},
        }

    def parameter_group(self, name: str) -> dict[str, Any]:
        """Also AWS's own groups, which nobody has to create."""
        name = name.lower()
        family = name.removeprefix("default.").removesuffix(".cluster.on")
        if name.startswith("default.") and family in FAMILIES.split():
            group = self._new_parameter_group(name, family, f"Default parameter group for {family}")
            if name.endswith(".cluster.on"):
                group["values"] = {"cluster-enabled": "yes"}
            return group
        if name not in self.parameter_groups:
            raise AwsError("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
        return self.parameter_groups[name]

    def _own_parameter_group(self, name: str) -> dict[str, Any]:
        group = self.parameter_group(name)
        if name.startswith("default."):
            raise AwsError("InvalidParameterValue", f"The parameter group {name} is a default one: it cannot change.")
        return group

    def describe_cache_parameter_groups(self, params: Params) -> Params:
        name = params.get("CacheParameterGroupName")
        if name:
            return {"CacheParameterGroups": [self.parameter_group(name)]}
        defaults = [self.parameter_group(f"default.{family}") for family in FAMILIES.split()]
        return {"CacheParameterGroups": defaults + list(self.parameter_groups.values())}

    def delete_cache_parameter_group(self, params: Params) -> Params:
        group = self._own_parameter_group(params["CacheParameterGroupName"])
        name = group["CacheParameterGroupName"]
        for cache_id, cache in self.replication_groups.items():
            if cache["parameter_group"] == name:
                raise AwsError(
                    "InvalidCacheParameterGroupState",
                    f"One or more cache clusters are still members of this parameter group {name} ({cache_id}), "
                    "so the group cannot be deleted.",
                )
        del self.parameter_groups[name]
        self.tags.drop(group["ARN"])
        return {}

    def modify_cache_parameter_group(self, params: Params) -> Params:
        group = self._own_parameter_group(params["CacheParameterGroupName"])
        settings = params.get("ParameterNameValues") or []
        if not 1 <= len(settings) <= PER_CALL:
            raise AwsError("InvalidParameterValue", f"ParameterNameValues must have 1 to {PER_CALL} members.")
        known = parameter_groups.table(TABLE, group["CacheParameterGroupFamily"])
        group["values"].update(parameter_groups.changed(known, settings))
        return {"CacheParameterGroupName": group["CacheParameterGroupName"]}

    def reset_cache_parameter_group(self, params: Params) -> Params:
        group = self._own_parameter_group(params["CacheParameterGroupName"])
        settings = params.get("ParameterNameValues") or []
        if bool(params.get("ResetAllParameters")) == bool(settings):
            raise AwsError(
                "InvalidParameterCombination", "Either ResetAllParameters or ParameterNameValues must be specified."
            )
        known = parameter_groups.table(TABLE, group["CacheParameterGroupFamily"])
        for setting in settings:
            if setting["ParameterName"] not in known:
                raise AwsError(
                    "InvalidParameterValue", f"Could not find parameter with name: {setting['ParameterName']}"
                )
            group["values"].pop(setting["ParameterName"], None)
        if not settings:
            group["values"].clear()
        return {"CacheParameterGroupName": group["CacheParameterGroupName"]}

    def describe_cache_parameters(self, params: Params) -> Params:
        group = self.parameter_group(params["CacheParameterGroupName"])
        source = params.get("Source")
        if source not in (None, "", "user", "system", "engine-default"):
            raise AwsError("InvalidParameterValue", f"Invalid source: {source}")
        known = parameter_groups.table(TABLE, group["CacheParameterGroupFamily"])
        shown = [_shown(parameter, group["values"].get(name)) for name, parameter in known.items()]
        return {
            "Parameters": [p for p in shown if source in (None, "", p["Source"])],
            "CacheNodeTypeSpecificParameters": [],
        }

    def describe_engine_default_parameters(self, params: Params) -> Params:
        family = params["CacheParameterGroupFamily"]
        if family not in FAMILIES.split():
            raise AwsError("InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid family.")
        known = parameter_groups.table(TABLE, family)
        shown = [_shown(parameter, None) for parameter in known.values()]
        return {"EngineDefaults": {"CacheParameterGroupFamily": family, "Parameters": shown}}


def _shown(parameter: parameter_groups.Parameter, value: str | None) -> dict[str, Any]:
    return {
        "ParameterName": parameter.name,
        "ParameterValue": parameter.default if value is None else value,
        "Description": parameter.name.replace("-", " "),
        "Source": "system" if value is None else "user",
        "DataType": parameter.type,
        "AllowedValues": parameter.allowed,
        "IsModifiable": parameter.modifiable,
        "MinimumEngineVersion": "5.0.0",
        "ChangeType": parameter.apply,
    }
