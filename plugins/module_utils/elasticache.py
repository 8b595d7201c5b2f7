# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ElastiCache modules, and the facts of a cache, have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    RetryingClient,
    wait_for,
)

LOG_DETAILS = {  # destination type -> the key of its details, the key of its name
    "cloudwatch-logs": ("CloudWatchLogsDetails", "LogGroup"),
    "kinesis-firehose": ("KinesisFirehoseDetails", "DeliveryStream"),
}


def one(call: Callable[..., Mapping[str, Any]], key: str, missing: str, **parameters: Any) -> dict[str, Any] | None:
    """The one resource that a describe operation finds; None when AWS says that it is missing."""
    try:
        found = call(**parameters)[key]
    except is_boto3_error_code([missing, f"{missing}Fault"]):
        return None
    return found[0] if found else None


def replication_group(client: Any, name: str) -> dict[str, Any] | None:
    return one(
        client.describe_replication_groups,
        "ReplicationGroups",
        "ReplicationGroupNotFoundFault",
        ReplicationGroupId=name,
    )


def attached_user_groups(group: Mapping[str, Any]) -> list[str]:
    """The user groups, those that AWS is about to add or to remove taken as done."""
    pending = (group.get("PendingModifiedValues") or {}).get("UserGroups") or {}
    gone = pending.get("UserGroupIdsToRemove") or []
    kept = [name for name in group.get("UserGroupIds") or [] if name not in gone]
    return kept + [name for name in pending.get("UserGroupIdsToAdd") or [] if name not in kept]


def log_deliveries(group: Mapping[str, Any]) -> list[dict[str, str]]:
    """Where the logs go, sorted by type; what is being switched off counts as gone."""
    pending = (group.get("PendingModifiedValues") or {}).get("LogDeliveryConfigurations") or []
    by_type = {item["LogType"]: item for item in [*(group.get("LogDeliveryConfigurations") or []), *pending]}
    shown = []
    for log_type, item in sorted(by_type.items()):
        if item.get("Status") == "disabling":
            continue
        details, key = LOG_DETAILS[item["DestinationType"]]
        shown.append(
            {
                "log_type": log_type,
                "destination_type": item["DestinationType"],
                "destination": item["DestinationDetails"][details][key],
                "log_format": item["LogFormat"],
            }
        )
    return shown


def endpoint(group: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The PrimaryEndpoint or ReaderEndpoint; empty while AWS has not given one."""
    shards = group.get("NodeGroups") or [{}]
    return shards[0].get(kind) or {}


def parameter_family(engine: str, version: str) -> str:
    """The family of parameter groups of an engine's version."""
    major, minor = [*version.split("."), ""][:2]
    if engine == "redis" and major in ("2", "3", "4", "5"):
        return f"redis{major}.{minor}"
    return "redis6.x" if (engine, major) == ("redis", "6") else f"{engine}{major}"


class ElastiCacheResource(Resource):
    """A resource of ElastiCache with tags."""

    def __init__(self, module: AnsibleAWSModule, name: str, desired: Attributes) -> None:
        # ElastiCache stores every name in lower case.
        super().__init__(module, name.lower(), desired, module.params["state"])
        self.client = RetryingClient(module, "elasticache")

    def read_tags(self, arn: str) -> dict[str, str]:
        return boto3_tag_list_to_ansible_dict(self.client.list_tags_for_resource(ResourceName=arn)["TagList"])

    def tag_parameters(self) -> dict[str, Any]:
        """The tags as a creation takes them."""
        tags = self.desired.get("tags")
        return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.remove_tags_from_resource(ResourceName=self.current["arn"], TagKeys=to_remove)
        if to_set:
            self.client.add_tags_to_resource(
                ResourceName=self.current["arn"], Tags=ansible_dict_to_boto3_tag_list(to_set)
            )


class SettlingResource(ElastiCacheResource):
    """One that AWS works on for a while after each change, during which it refuses the next.

    A resource that is being deleted counts as gone, and its end is awaited before it is created again.
    """

    ready: ClassVar[str] = "active"

    def describe(self) -> dict[str, Any] | None:
        raise NotImplementedError

    def normal(self, raw: dict[str, Any]) -> Attributes:
        raise NotImplementedError

    def read(self) -> Attributes | None:
        raw = self.describe()
        self.settled = raw is None or self.is_settled(raw)
        return None if raw is None or raw["Status"] == "deleting" else self.normal(raw)

    def is_settled(self, raw: dict[str, Any]) -> bool:
        return raw["Status"] == self.ready

    def failure(self, raw: dict[str, Any]) -> str | None:
        """Why waiting on makes no sense."""
        return None

    def wait_until_settled(self) -> None:
        """Wait until AWS has finished, be it with a change or with the deletion."""
        wait_for(
            self.describe,
            lambda raw: raw is None or self.is_settled(raw),
            what=f"{self.type_name} {self.name} is {self.ready} or gone",
            timeout=self.module.params["wait_timeout"],
            failed=lambda raw: self.failure(raw) if raw else None,
            describe=lambda raw: f"status {raw['Status']}",
        )
        self.settled = True

    def apply(self) -> None:
        if self.change is not None:
            if not self.settled:
                self.wait_until_settled()
            super().apply()
            self.settled = False

    def settle(self) -> None:
        if self.module.params["wait"] and not self.settled:
            self.wait_until_settled()
            if self.change is None and self.state == "present":
                self.current = self.read()
