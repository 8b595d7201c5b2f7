# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of load balancers share: attributes as data, names and ARNs, tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, RetryingClient

ARNS_OF_A_CALL = 20
ALTERNATE = "-alt"


def text(value: Any) -> str:
    """As ELB writes the value of an attribute."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def like(value: str, example: Any) -> Any:
    """The value of an attribute in the type of the example."""
    if isinstance(example, bool):
        return value == "true"
    return int(value) if isinstance(example, int) else value


def read_attributes(found: Iterable[Mapping[str, str]], table: Mapping[str, tuple[str, Any]]) -> Attributes:
    """The attributes of AWS under the names of options; the table is option -> (key, default)."""
    values = {item["Key"]: item["Value"] for item in found}
    return {
        option: like(values[key], default) if key in values else default for option, (key, default) in table.items()
    }


def attribute_list(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Attributes by their keys as AWS takes them."""
    return [{"Key": key, "Value": text(value)} for key, value in values.items()]


def group_name(name_or_arn: str) -> str:
    """The name of a target group, which is unique in its account and region, from its ARN."""
    return name_or_arn.split("/")[1] if name_or_arn.startswith("arn:") else name_or_arn


def alternates(groups: Mapping[str, Any] | None) -> dict[str, str]:
    """Target groups of the role that have an alternate one -> its name in the role."""
    return {key: key + ALTERNATE for key, options in (groups or {}).items() if (options or {}).get("alternate")}


def with_alternates(groups: Mapping[str, Any] | None) -> dict[str, Attributes]:
    """The target groups of the role, and after each its alternate one, which differs in the name alone."""
    found: dict[str, Attributes] = {}
    for key, options in (groups or {}).items():
        found[key] = {name: value for name, value in (options or {}).items() if name != "alternate"}
        wanted, own = (options or {}).get("alternate"), found[key].get("name")
        if wanted:
            name = wanted if isinstance(wanted, str) else own and own + ALTERNATE
            found[key + ALTERNATE] = {**found[key], "name": name or None}
    return found


def target_group_names(groups: Mapping[str, Any] | None, prefix: str) -> dict[str, str]:
    """The names in AWS of the target groups of the role, by their names there."""
    return {key: options.get("name") or f"{prefix}-{key}" for key, options in with_alternates(groups).items()}


def traffic(actions: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """ARNs of the target groups that actions forward to -> their weights."""
    found: dict[str, int] = {}
    for action in actions:
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
        if not groups and action.get("TargetGroupArn"):
            groups = [{"TargetGroupArn": action["TargetGroupArn"]}]
        found |= {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    return found


def tags_of(client: RetryingClient, arns: list[str]) -> dict[str, dict[str, str]]:
    """ARN -> the tags."""
    found = {}
    for start in range(0, len(arns), ARNS_OF_A_CALL):
        described = client.describe_tags(ResourceArns=arns[start : start + ARNS_OF_A_CALL])
        for item in described["TagDescriptions"]:
            found[item["ResourceArn"]] = boto3_tag_list_to_ansible_dict(item["Tags"])
    return found


def with_tags(tags: Mapping[str, str] | None) -> Attributes:
    """The parameter of calls that create, which must not be empty."""
    return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}


def change_tags(client: RetryingClient, arn: str, to_set: Mapping[str, str], to_remove: list[str]) -> None:
    if to_remove:
        client.remove_tags(ResourceArns=[arn], TagKeys=to_remove)
    if to_set:
        client.add_tags(ResourceArns=[arn], Tags=ansible_dict_to_boto3_tag_list(to_set))
