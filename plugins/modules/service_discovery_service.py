#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_discovery_service
short_description: Manage a service of AWS Cloud Map
version_added: 0.1.0
description:
  - Creates, changes and deletes a service of a DNS namespace, in which for example an ECS service registers its tasks,
    see U(https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html).
  - A service in which instances are still registered is deleted as soon as they are gone.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name; with the namespace it makes the DNS name.
    type: str
    required: true
  namespace_id:
    description: The id of the namespace.
    type: str
    required: true
  description:
    description: A description.
    type: str
  dns_records:
    description:
      - The DNS records of an instance. Their time to live can be changed, their types cannot.
      - Required when the service is created.
    type: list
    elements: dict
    suboptions:
      type:
        description: The type of the record; V(A) for tasks of Fargate.
        type: str
        required: true
        choices: [A, AAAA, SRV, CNAME]
      ttl:
        description: How long resolvers keep the answer, in seconds.
        type: int
        required: true
  routing_policy:
    description: Whether a query is answered with all healthy instances or with one. It cannot be changed.
    type: str
    choices: [MULTIVALUE, WEIGHTED]
  custom_health_check:
    description:
      - Whether the owner of the instances, as ECS, says which of them are healthy. It cannot be changed.
    type: bool
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let the web service be found as web.shop-prod.local
  slipway.fargate.service_discovery_service:
    name: web
    namespace_id: ns-0123456789abcdef
    dns_records:
      - {type: A, ttl: 10}
    custom_health_check: true

- name: Remove it
  slipway.fargate.service_discovery_service:
    name: web
    namespace_id: ns-0123456789abcdef
    state: absent
"""

RETURN = r"""
discovery_service:
  description: The service; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: web
    id:
      description: The id.
      type: str
      sample: srv-0123456789abcdef
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-0123456789abcdef
    namespace_id:
      description: The id of the namespace.
      type: str
      sample: ns-0123456789abcdef
    description:
      description: The description.
      type: str
      sample: ""
    dns_records:
      description: The DNS records.
      type: list
      elements: dict
      sample: [{"type": "A", "ttl": 10}]
    routing_policy:
      description: The routing policy.
      type: str
      sample: MULTIVALUE
    custom_health_check:
      description: Whether the owner of the instances says which of them are healthy.
      type: bool
      sample: true
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
      resource: Cloud Map service
      name: web
      attributes: {"dns_records": {"before": [{"type": "A", "ttl": 60}], "after": [{"type": "A", "ttl": 10}]}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.cloud_map import CloudMapResource, operation_of
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    ResourceError,
    run,
    set_options,
    wait_for,
)

OPTIONS = ("description", "dns_records", "routing_policy", "custom_health_check", "tags")
INSTEAD = "remove the service first, or give it another name"


class DiscoveryService(CloudMapResource):
    type_name = "Cloud Map service"
    assigned = ("id", "arn")
    defaults = {
        "description": "",
        "dns_records": [],
        "routing_policy": "MULTIVALUE",
        "custom_health_check": False,
        "tags": {},
    }
    immutable = {"routing_policy": INSTEAD, "custom_health_check": INSTEAD}
    unordered = ("dns_records",)
    updates = {"put_service": ("description", "dns_records"), "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.namespace = module.params["namespace_id"]
        desired = {"name": module.params["name"], "namespace_id": self.namespace, **set_options(module, *OPTIONS)}
        super().__init__(module, module.params["name"], desired, module.params["state"])

    def needs(self) -> list[str]:
        return [self.name, self.namespace]

    def read(self) -> Attributes | None:
        filters = [{"Name": "NAMESPACE_ID", "Values": [self.namespace]}]
        listed = self.client.list("list_services", "Services", Filters=filters)
        summary = next((item for item in listed if item["Name"] == self.name), None)
        if summary is None:
            return None
        found = self.client.get_service(Id=summary["Id"])["Service"]
        dns = found.get("DnsConfig") or {}
        return {
            "name": self.name,
            "id": found["Id"],
            "arn": found["Arn"],
            "namespace_id": self.namespace,
            "description": found.get("Description") or "",
            "dns_records": [{"type": item["Type"], "ttl": item["TTL"]} for item in dns.get("DnsRecords", [])],
            "routing_policy": dns.get("RoutingPolicy") or "MULTIVALUE",
            "custom_health_check": found.get("HealthCheckCustomConfig") is not None,
            "tags": self.read_tags(found["Arn"]),
        }

    def same(self, key: str) -> bool:
        if key == "dns_records" and self.current is not None:
            self._refuse_other_types()
        return super().same(key)

    def _refuse_other_types(self) -> None:
        before, after = (
            sorted(record["type"] for record in attributes["dns_records"])
            for attributes in (self.current, self.desired)
        )
        if before != after:
            raise ResourceError(
                f"{self.type_name} {self.name}: dns_records are of the types {', '.join(before) or 'none'} and cannot "
                f"become {', '.join(after) or 'none'}: {INSTEAD}"
            )

    def _records(self) -> list[Attributes]:
        return [{"Type": record["type"], "TTL": record["ttl"]} for record in self.expected()["dns_records"]]

    def create(self) -> None:
        optional = {
            "Description": self.desired.get("description"),
            # AWS has deprecated the threshold and always takes 1.
            "HealthCheckCustomConfig": {"FailureThreshold": 1} if self.desired.get("custom_health_check") else None,
            "Tags": self.tag_list(self.desired.get("tags", {})),
        }
        self.client.create_service(
            Name=self.name,
            NamespaceId=self.namespace,
            DnsConfig={"RoutingPolicy": self.expected()["routing_policy"], "DnsRecords": self._records()},
            **{key: value for key, value in optional.items() if value},
        )

    def put_service(self) -> None:
        change = {"Description": self.expected()["description"], "DnsConfig": {"DnsRecords": self._records()}}
        answer = self.client.update_service(Id=self.current["id"], Service=change)
        if self.module.params["wait"]:
            self.wait_for_operation(operation_of(answer))

    def delete(self) -> None:
        def attempt() -> str:
            try:
                self.client.delete_service(Id=self.current["id"])
            except is_boto3_error_code("ResourceInUse") as error:
                return str(error)
            return ""

        wait_for(
            attempt,
            lambda error: not error,
            what=f"{self.type_name} {self.name} could not be deleted",
            timeout=self.module.params["wait_timeout"] if self.module.params["wait"] else 0,
        )


def main() -> None:
    records = {
        "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "SRV", "CNAME"]},
        "ttl": {"type": "int", "required": True},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "namespace_id": {"type": "str", "required": True},
            "description": {"type": "str"},
            "dns_records": {"type": "list", "elements": "dict", "options": records},
            "routing_policy": {"type": "str", "choices": ["MULTIVALUE", "WEIGHTED"]},
            "custom_health_check": {"type": "bool"},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, DiscoveryService(module), key="discovery_service")


if __name__ == "__main__":
    main()
