#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_endpoint
short_description: Manage the VPC endpoints of AWS services
version_added: 0.1.0
description:
  - Creates, changes and deletes interface and gateway endpoints of a VPC, several services in one task, see
    U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html) and
    U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html).
  - An endpoint is found by VPC, service and type, so that there are never two of them. Everything else of it is changed
    in place.
  - All endpoints are requested before the first of them is waited for.
author:
  - The slipway.fargate team (@slipway)
options:
  vpc_id:
    description:
      - The id of the VPC.
    type: str
    required: true
  services:
    description:
      - The services, each as its name in the region (V(ecr.api), V(s3)) or as the whole name of the endpoint service
        (V(com.amazonaws.eu-west-1.sqs)).
    type: list
    elements: str
    required: true
  purge_services:
    description:
      - Whether endpoints of O(name) and O(type) in the VPC are deleted when their service is none of O(services). Needs
        O(name).
    type: bool
    default: false
  type:
    description:
      - V(interface) endpoints are network interfaces in subnets, V(gateway) endpoints are routes; S3 and DynamoDB have
        both.
    type: str
    choices: [gateway, interface]
    default: interface
  name:
    description:
      - The endpoint of a service gets this, a dash and the service as its tag C(Name).
      - When it is set, an endpoint of another name is somebody else's. As a VPC can have only one endpoint of a service
        with private DNS, that one is used as it is, and never changed or deleted.
      - When it is not set, an endpoint is managed whatever its name.
    type: str
  subnet_ids:
    description:
      - The subnets of interface endpoints, at most one in each zone.
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups of interface endpoints. AWS takes the VPC's default group when none is given at creation.
    type: list
    elements: str
  route_table_ids:
    description:
      - The route tables of gateway endpoints.
    type: list
    elements: str
  private_dns_enabled:
    description:
      - Whether the service's usual host name leads to the interface endpoint within the VPC. AWS's default is V(true).
    type: bool
  policy:
    description:
      - The endpoint policy; V({}) is AWS's default, which admits everybody to everything.
    type: json
  account_only:
    description:
      - Whether the endpoint policy admits this account's principals only, and for Secrets Manager, SQS, SNS, KMS and
        Systems Manager this account's resources only. The policy of S3 admits everybody to the bucket of AWS that holds
        the image layers of ECR.
    type: bool
  policies:
    description:
      - For single services another endpoint policy than O(policy) or O(account_only) gives.
    type: dict
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Reach the registry and the secrets without a way out
  slipway.fargate.vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    services: [ecr.api, ecr.dkr, secretsmanager]
    name: shop-prod
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_group_ids: [sg-0123456789abcdef0]
    private_dns_enabled: true
    account_only: true

- name: Reach S3 through the route tables
  slipway.fargate.vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    services: [s3]
    type: gateway
    route_table_ids: [rtb-0123456789abcdef0]

- name: Remove all interface endpoints of the environment
  slipway.fargate.vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    services: []
    purge_services: true
    name: shop-prod
    state: absent

- name: Remove the endpoint of S3
  slipway.fargate.vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    services: [s3]
    type: gateway
    state: absent
"""

RETURN = r"""
vpc_endpoints:
  description: The endpoints in the order of the services; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    vpc_endpoint_id:
      description: The id of the endpoint.
      type: str
      sample: vpce-0123456789abcdef0
    vpc_id:
      description: The id of the VPC.
      type: str
      sample: vpc-0123456789abcdef0
    service_name:
      description: The whole name of the service.
      type: str
      sample: com.amazonaws.eu-west-1.ecr.api
    type:
      description: V(interface) or V(gateway).
      type: str
      sample: interface
    status:
      description: The state of the endpoint, as V(available).
      type: str
      sample: available
    subnet_ids:
      description: The subnets of an interface endpoint.
      type: list
      elements: str
      sample: [subnet-0123456789abcdef0]
    security_group_ids:
      description: The security groups of an interface endpoint.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    route_table_ids:
      description: The route tables of a gateway endpoint.
      type: list
      elements: str
      sample: []
    private_dns_enabled:
      description: Whether the service's usual host name leads to the endpoint.
      type: bool
      sample: true
    policy:
      description: The endpoint policy.
      type: dict
      sample:
        Version: "2008-10-17"
        Statement: [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]
    tags:
      description: The tags.
      type: dict
      sample: {"Name": "shop-prod-ecr.api"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: VPC endpoint
      name: com.amazonaws.eu-west-1.ecr.api
      attributes: {"private_dns_enabled": {"before": false, "after": true}}
"""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    boto3_tag_specifications,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    run_all,
    set_options,
    wait_for,
)

FULL_ACCESS = {
    "Version": "2008-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
# Services whose resources a platform uses in its own account only; ECR serves images of other accounts too.
OWN_RESOURCES = ("secretsmanager", "sqs", "sns", "kms", "ssm")
GONE = ("deleting", "deleted")
FAILED = ("failed", "rejected", "expired")
# attribute -> the parameters of ModifyVpcEndpoint that add to it and remove from it
LISTS = {
    "subnet_ids": ("AddSubnetIds", "RemoveSubnetIds"),
    "security_group_ids": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
    "route_table_ids": ("AddRouteTableIds", "RemoveRouteTableIds"),
}
ONLY_FOR = {
    "gateway": ("route_table_ids",),
    "interface": ("subnet_ids", "security_group_ids", "private_dns_enabled"),
}


def account_policy(service: str, account: str, partition: str, region: str) -> Attributes:
    """Only this account through the endpoint of the service."""
    condition = {"aws:PrincipalAccount": account}
    if service in OWN_RESOURCES:
        condition["aws:ResourceAccount"] = account
    statements = [
        {
            "Sid": "ThisAccount",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": condition},
        }
    ]
    if service == "s3":
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
        layers = f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*"
        statements.append(
            {
                "Sid": "ImageLayers",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": layers,
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


class Account:
    """What the endpoints of a task share."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.client = RetryingClient(module, "ec2")

    @cached_property
    def identity(self) -> dict[str, str]:
        return RetryingClient(self.module, "sts").get_caller_identity()

    def leftovers(self) -> list[str]:
        """The services whose endpoints are our own and not wanted any more."""
        params = self.module.params
        if not params["purge_services"] or is_unknown(params["vpc_id"]):
            return []
        if not params["name"]:
            self.module.fail_json(msg="purge_services needs name: it tells which endpoints are our own")
        asked = {"vpc-id": params["vpc_id"], "vpc-endpoint-type": params["type"].capitalize()}
        filters = [{"Name": name, "Values": [value]} for name, value in asked.items()]
        try:
            there = self.client.list("describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
        except (ClientError, BotoCoreError) as error:
            self.module.fail_json_aws(error, msg=f"Could not read the VPC endpoints of {params['vpc_id']}")
        wanted = {self.service_of(service) for service in params["services"]}
        found = {
            self.service_of(e["ServiceName"]): _tags(e).get("Name") for e in there if e["State"].lower() not in GONE
        }
        return [
            service
            for service, name in found.items()
            if name == f"{params['name']}-{service}" and service not in wanted
        ]

    def service_of(self, name: str) -> str:
        """The service's name in the region."""
        return name.split(f".{self.module.region}.", 1)[-1]


class Endpoint(Resource):
    type_name = "VPC endpoint"
    assigned = ("vpc_endpoint_id", "status")
    unordered = tuple(LISTS)
    policies = ("policy",)

    def __init__(self, module: AnsibleAWSModule, account: Account, service: str, state: str) -> None:
        params = module.params
        full = service.startswith(("com.", "aws."))
        self.service = account.service_of(service)
        service_name = service if full else f"com.amazonaws.{module.region}.{service}"
        desired = {
            "vpc_id": params["vpc_id"],
            "service_name": service_name,
            "type": params["type"],
            **set_options(module, *LISTS, "private_dns_enabled", "tags"),
        }
        policy = json.loads(params["policy"]) if params["policy"] is not None else None
        policy = (params["policies"] or {}).get(service, policy)
        if policy is not None:
            desired["policy"] = policy or FULL_ACCESS
        self.own_name = f"{params['name']}-{self.service}" if params["name"] else None
        if self.own_name and "tags" in desired:
            desired["tags"] = {"Name": self.own_name, **desired["tags"]}
        super().__init__(module, self.own_name or service_name, desired, state)
        self.account = account
        self.client = account.client

    def plan(self) -> Change | None:
        only = self.module.params["account_only"]
        if only and self.module.params["policy"] is not None:
            raise ResourceError("policy and account_only are mutually exclusive")
        if only and "policy" not in self.desired and self.state == "present":
            account, partition = self.account.identity["Account"], self.account.identity["Arn"].split(":")[1]
            self.desired["policy"] = account_policy(self.service, account, partition, self.module.region)
        return super().plan()

    def needs(self) -> Iterable[Any]:
        return [self.desired["vpc_id"]]

    def validate(self) -> None:
        for kind, options in ONLY_FOR.items():
            wrong = [option for option in options if option in self.desired and kind != self.desired["type"]]
            if wrong and self.state == "present":
                raise ResourceError(f"{wrong[0]} is an option of {kind} endpoints; type is {self.desired['type']}")

    def read(self) -> Attributes | None:
        self.foreign = False
        found = self._describe()
        there = [endpoint for endpoint in found if endpoint["State"].lower() not in GONE]
        self.leaving = len(there) < len(found)
        mine = [endpoint for endpoint in there if self.own_name in (None, _tags(endpoint).get("Name"))]
        if mine or not there:
            return normal(mine[0]) if mine else None
        self.foreign = True
        return None if self.state == "absent" else normal(there[0])

    def same(self, key: str) -> bool:
        return self.foreign or super().same(key)

    def predict(self) -> Attributes:
        interface = self.desired["type"] == "interface"
        return {
            "policy": FULL_ACCESS,
            "subnet_ids": [],
            "security_group_ids": UNKNOWN if interface else [],
            "route_table_ids": [],
            "private_dns_enabled": interface,
            "tags": {"Name": self.own_name} if self.own_name else {},
        }

    def create(self) -> None:
        wanted, interface = self.desired, self.desired["type"] == "interface"
        if self.leaving:
            self._await_gone()  # its private DNS name would be in the way
        tags = wanted.get("tags", self.predict()["tags"])
        optional = {
            "SubnetIds": wanted.get("subnet_ids"),
            "SecurityGroupIds": wanted.get("security_group_ids"),
            "RouteTableIds": wanted.get("route_table_ids"),
            "PolicyDocument": json.dumps(wanted["policy"]) if "policy" in wanted else None,
            "TagSpecifications": boto3_tag_specifications(tags, ["vpc-endpoint"]) if tags else None,
        }
        if interface:
            optional["PrivateDnsEnabled"] = wanted.get("private_dns_enabled", True)
        self.client.create_vpc_endpoint(
            VpcId=wanted["vpc_id"],
            ServiceName=wanted["service_name"],
            VpcEndpointType=wanted["type"].capitalize(),
            **{key: value for key, value in optional.items() if value not in (None, [])},
        )

    def update(self, changed: set[str]) -> None:
        call: Attributes = {}
        for key in changed & set(LISTS):
            current, wanted = set(self.current[key]), set(self.desired[key])
            for parameter, ids in zip(LISTS[key], (wanted - current, current - wanted), strict=True):
                if ids:
                    call[parameter] = sorted(ids)
        if "policy" in changed:
            call["PolicyDocument"] = json.dumps(self.desired["policy"])
        if "private_dns_enabled" in changed:
            call["PrivateDnsEnabled"] = self.desired["private_dns_enabled"]
        if call:
            self.client.modify_vpc_endpoint(VpcEndpointId=self.current["vpc_endpoint_id"], **call)
        if "tags" in changed:
            self._put_tags()

    def _put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        ids = [self.current["vpc_endpoint_id"]]
        if to_remove:
            self.client.delete_tags(Resources=ids, Tags=[{"Key": key} for key in to_remove])
        if to_set:
            self.client.create_tags(Resources=ids, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        answer = self.client.delete_vpc_endpoints(VpcEndpointIds=[self.current["vpc_endpoint_id"]])
        for refused in answer.get("Unsuccessful", []):
            raise ResourceError(f"Could not delete {self.type_name} {self.name}: {refused['Error']['Message']}")

    def settle(self) -> None:
        if not self.module.params["wait"]:
            return
        if self.state == "absent":
            # Its network interfaces hold subnets and security groups until it is gone.
            self._await_gone()
        elif self.change or self.current["status"] != "available":
            self.current = wait_for(
                lambda: self.read() or {"status": "gone"},
                lambda seen: seen["status"] == "available",
                what=f"{self.type_name} {self.name} becomes available",
                timeout=self.module.params["wait_timeout"],
                failed=lambda seen: f"it is {seen['status']}" if seen["status"] in FAILED else None,
                describe=lambda seen: seen["status"],
            )

    def _await_gone(self) -> None:
        wait_for(
            lambda: [
                endpoint["VpcEndpointId"] for endpoint in self._describe() if endpoint["State"].lower() == "deleting"
            ],
            lambda left: not left,
            what=f"{self.type_name} {self.name} is deleted",
            timeout=self.module.params["wait_timeout"],
            describe=lambda left: f"{', '.join(left)} deleting",
        )

    def _describe(self) -> list[Attributes]:
        asked = {
            "vpc-id": self.desired["vpc_id"],
            "service-name": self.desired["service_name"],
            "vpc-endpoint-type": self.desired["type"].capitalize(),
        }
        filters = [{"Name": name, "Values": [value]} for name, value in asked.items()]
        return self.client.list("describe_vpc_endpoints", "VpcEndpoints", Filters=filters)


def _tags(endpoint: Attributes) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(endpoint.get("Tags", []))


def normal(endpoint: Attributes) -> Attributes:
    return {
        "vpc_endpoint_id": endpoint["VpcEndpointId"],
        "vpc_id": endpoint["VpcId"],
        "service_name": endpoint["ServiceName"],
        "type": endpoint["VpcEndpointType"].lower(),
        "status": endpoint["State"].lower(),
        "subnet_ids": sorted(endpoint.get("SubnetIds", [])),
        "security_group_ids": sorted(group["GroupId"] for group in endpoint.get("Groups", [])),
        "route_table_ids": sorted(endpoint.get("RouteTableIds", [])),
        "private_dns_enabled": bool(endpoint.get("PrivateDnsEnabled")),
        "policy": json.loads(endpoint.get("PolicyDocument") or "{}") or FULL_ACCESS,
        "tags": _tags(endpoint),
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "vpc_id": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
            "purge_services": {"type": "bool", "default": False},
            "type": {"type": "str", "choices": ["gateway", "interface"], "default": "interface"},
            "name": {"type": "str"},
            "subnet_ids": {"type": "list", "elements": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "route_table_ids": {"type": "list", "elements": "str"},
            "private_dns_enabled": {"type": "bool"},
            "policy": {"type": "json"},
            "account_only": {"type": "bool"},
            "policies": {"type": "dict"},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    account = Account(module)
    states = {
        **dict.fromkeys(account.leftovers(), "absent"),
        **dict.fromkeys(module.params["services"], module.params["state"]),
    }
    endpoints = [Endpoint(module, account, service, state) for service, state in states.items()]
    run_all(module, endpoints, key="vpc_endpoints")


if __name__ == "__main__":
    main()
