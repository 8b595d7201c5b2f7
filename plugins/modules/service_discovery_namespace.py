#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_discovery_namespace
short_description: Manage a private DNS namespace of AWS Cloud Map
version_added: 0.1.0
description:
  - Creates, changes and deletes a namespace whose names resolve inside one VPC, see
    U(https://docs.aws.amazon.com/cloud-map/latest/api/API_CreatePrivateDnsNamespace.html).
  - Waits for the operation of Cloud Map.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The domain, as C(shop-prod.local).
    type: str
    required: true
  vpc:
    description: The id of the VPC. Required with O(state=present); it cannot be changed.
    type: str
  description:
    description: A description.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let services find each other by name
  slipway.fargate.service_discovery_namespace:
    name: shop-prod.local
    vpc: vpc-0123456789abcdef0

- name: Remove the namespace
  slipway.fargate.service_discovery_namespace:
    name: shop-prod.local
    state: absent
"""

RETURN = r"""
namespace:
  description: The namespace; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The domain.
      type: str
      sample: shop-prod.local
    id:
      description: The id.
      type: str
      sample: ns-0123456789abcdef
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-0123456789abcdef
    hosted_zone_id:
      description: The id of the private hosted zone that Cloud Map made.
      type: str
      sample: Z0123456789ABCDEFGHIJ
    vpc:
      description: The id of the VPC.
      type: str
      sample: vpc-0123456789abcdef0
    description:
      description: The description.
      type: str
      sample: ""
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
    - action: create
      resource: Cloud Map namespace
      name: shop-prod.local
      attributes: {"vpc": {"before": null, "after": "vpc-0123456789abcdef0"}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.cloud_map import CloudMapResource, operation_of
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    RetryingClient,
    run,
    set_options,
    wait_for,
)

PRIVATE = "DNS_PRIVATE"
SERVICES_GO = 60  # seconds that services of the namespace may take to go


class Namespace(CloudMapResource):
    type_name = "Cloud Map namespace"
    assigned = ("id", "arn", "hosted_zone_id")
    defaults = {"description": "", "tags": {}}
    immutable = {"vpc": "remove the namespace and its services first, or give it another name"}
    updates = {"put_description": ("description",), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = {"name": module.params["name"], **set_options(module, "vpc", "description", "tags")}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.route53 = RetryingClient(module, "route53")

    def read(self) -> Attributes | None:
        filters = [{"Name": "TYPE", "Values": [PRIVATE]}, {"Name": "NAME", "Values": [self.name]}]
        listed = self.client.list("list_namespaces", "Namespaces", Filters=filters)
        found = [item for item in listed if item["Name"] == self.name and item["Type"] == PRIVATE]
        read = [self._attributes(item) for item in found]
        # Two VPCs may each have a namespace of this name.
        here = [item for item in read if item["vpc"] == self.desired.get("vpc")]
        return next(iter(here or read), None)

    def _attributes(self, found: Attributes) -> Attributes:
        zone = found.get("Properties", {}).get("DnsProperties", {}).get("HostedZoneId", "")
        vpcs = self.route53.get_hosted_zone(Id=zone).get("VPCs", []) if zone else []
        ids = [vpc["VPCId"] for vpc in vpcs]
        wanted = self.desired.get("vpc")
        return {
            "name": self.name,
            "id": found["Id"],
            "arn": found["Arn"],
            "hosted_zone_id": zone,
            "vpc": wanted if wanted in ids else next(iter(ids), ""),
            "description": found.get("Description") or "",
            "tags": self.read_tags(found["Arn"]),
        }

    def create(self) -> None:
        optional = {"Description": self.desired.get("description"), "Tags": self.tag_list(self.desired.get("tags", {}))}
        self._wait(
            self.client.create_private_dns_namespace(
                Name=self.name, Vpc=self.desired["vpc"], **{key: value for key, value in optional.items() if value}
            )
        )

    def put_description(self) -> None:
        change = {"Description": self.desired["description"]}
        self._wait(self.client.update_private_dns_namespace(Id=self.current["id"], Namespace=change))

    def delete(self) -> None:
        def attempt() -> Attributes:
            try:
                return self.client.delete_namespace(Id=self.current["id"])
            except is_boto3_error_code("ResourceInUse") as error:
                return {"Error": str(error)}

        self._wait(
            wait_for(
                attempt,
                operation_of,
                what=f"{self.type_name} {self.name} could not be deleted",
                timeout=min(SERVICES_GO, self.module.params["wait_timeout"]),
                describe=lambda answer: answer["Error"],
            )
        )

    def _wait(self, answer: Attributes) -> None:
        if self.module.params["wait"]:
            self.wait_for_operation(operation_of(answer))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc": {"type": "str"},
            "description": {"type": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        required_if=[("state", "present", ("vpc",))],
        supports_check_mode=True,
    )
    run(module, Namespace(module), key="namespace")


if __name__ == "__main__":
    main()
