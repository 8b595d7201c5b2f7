#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_zone
short_description: Manage a public hosted zone of Route 53
version_added: 0.2.0
description:
  - Creates, changes and deletes a public hosted zone, see
    U(https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html).
  - M(amazon.aws.route53_zone) shows no diff, and does not tell which records keep a zone from being deleted.
  - A zone in which other records are left than its own NS and SOA records is not deleted.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The domain, as V(example.com).
    type: str
    required: true
  zone_id:
    description:
      - The identifier of the zone, where there are several of the domain. It is no identifier for a new zone.
    type: str
  comment:
    description:
      - What the zone is for, up to 256 characters.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A hosted zone
  slipway.fargate.route53_zone:
    name: example.com
    comment: The shop

- name: Remove the zone
  slipway.fargate.route53_zone:
    name: example.com
    state: absent
"""

RETURN = r"""
zone:
  description: The zone; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The domain.
      type: str
      sample: example.com
    zone_id:
      description: The identifier.
      type: str
      sample: Z0123456789ABCDEFGHIJ
    name_servers:
      description: The name servers, to which the registrar of the domain is to delegate it.
      type: list
      elements: str
      sample: [ns-2048.awsdns-64.com, ns-2049.awsdns-65.net]
    comment:
      description: What the zone is for.
      type: str
      sample: The shop
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: Route 53 hosted zone
      name: example.com
      attributes: {"comment": {"before": "", "after": "The shop"}}
"""

import uuid

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import Zone, find_zone, plain, short_id

SHOWN = 5  # of the records that keep a zone


class HostedZone(Resource):
    type_name = "Route 53 hosted zone"
    assigned = ("zone_id", "name_servers")
    defaults = {"comment": "", "tags": {}}
    updates = {"put_comment": ("comment",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        name = plain(module.params["name"])
        super().__init__(module, name, {"name": name, **set_options(module, "comment", "tags")}, module.params["state"])
        self.client = RetryingClient(module, "route53")

    def read(self) -> Attributes | None:
        zone = find_zone(self.client, self.name, self.module.params["zone_id"])
        if zone is None:
            return None
        zone_id = short_id(zone)
        whole = self.client.get_hosted_zone(Id=zone_id)
        tags = self.client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)
        return {
            "name": self.name,
            "zone_id": zone_id,
            "name_servers": sorted(whole["DelegationSet"]["NameServers"]),
            "comment": whole["HostedZone"]["Config"].get("Comment", ""),
            "tags": {tag["Key"]: tag["Value"] for tag in tags["ResourceTagSet"]["Tags"]},
        }

    def create(self) -> None:
        if self.module.params["zone_id"]:
            raise ResourceError(
                f"hosted zone {self.module.params['zone_id']} is not there; leave zone_id out for a new one"
            )
        config = {"Comment": self.desired.get("comment", ""), "PrivateZone": False}
        reference = str(uuid.uuid4())  # AWS takes each only once
        made = self.client.create_hosted_zone(Name=self.name, CallerReference=reference, HostedZoneConfig=config)
        self._change_tags(short_id(made["HostedZone"]), self.desired.get("tags", {}), [])

    def put_comment(self) -> None:
        self.client.update_hosted_zone_comment(Id=self.current["zone_id"], Comment=self.desired["comment"])

    def put_tags(self) -> None:
        self._change_tags(self.current["zone_id"], *self.tag_changes())

    def _change_tags(self, zone_id: str, to_set: dict[str, str], to_remove: list[str]) -> None:
        changes = {
            "AddTags": [{"Key": key, "Value": value} for key, value in to_set.items()],
            "RemoveTagKeys": list(to_remove),
        }
        given = {name: items for name, items in changes.items() if items}
        if given:
            self.client.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, **given)

    def delete(self) -> None:
        try:
            self.client.delete_hosted_zone(Id=self.current["zone_id"])
        except is_boto3_error_code("HostedZoneNotEmpty") as error:
            records = Zone(self.client, self.name, self.current["zone_id"]).records
            left = sorted(f"{name} {kind}" for name, kind in records if (name, kind) not in self._own())
            shown = ", ".join(left[:SHOWN]) + (f" and {len(left) - SHOWN} more" if len(left) > SHOWN else "")
            raise ResourceError(
                f"hosted zone {self.name} keeps records that were made elsewhere: {shown}; remove them first"
            ) from error

    def _own(self) -> set[tuple[str, str]]:
        return {(self.name, "NS"), (self.name, "SOA")}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "zone_id": {"type": "str"},
            "comment": {"type": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, HostedZone(module), key="zone")


if __name__ == "__main__":
    main()
