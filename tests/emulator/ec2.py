# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: the default VPC's way out, and VPC endpoints that can be changed and take their time."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.vpcs import VPC, VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

from .dispatch import answer_with, model_with
from .ec2_dependencies import DependenciesMixin
from .ec2_rules import RulesMixin, RulesResponseMixin
from .errors import AwsError
from .support import begin, check_security_groups, passing, subnet_details

KIND = "vpc-endpoint"
MEMBERS = {"Icmp.Code": "IcmpTypeCode.Code", "Icmp.Type": "IcmpTypeCode.Type"}


class CorrectedEC2Backend(DependenciesMixin, RulesMixin, EC2Backend):
    def create_default_vpc(self) -> VPC:
        """As https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html lists its components."""
        vpc = super().create_default_vpc()
        gateway = self.create_internet_gateway()
        self.attach_internet_gateway(gateway.id, vpc.id)
        (table,) = self.describe_route_tables(filters={"vpc-id": [vpc.id]})
        self.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
        vpc.enable_dns_hostnames = "true"
        return vpc

    def create_vpc_endpoint(
        self, vpc_id: str, service_name: str, endpoint_type: str | None, **more: Any
    ) -> VPCEndPoint:
        kind = endpoint_type or "Gateway"
        self._check_endpoint(vpc_id, service_name, kind, more)
        if kind == "Interface" and not more.get("security_group_ids"):
            group = self.get_security_group_from_name("default", vpc_id=vpc_id)
            more["security_group_ids"] = [group.id]
        endpoint = super().create_vpc_endpoint(vpc_id, service_name, kind, **more)
        if kind == "Gateway":
            endpoint.private_dns_enabled = False
        begin(self, KIND, endpoint.id, "pending")
        return endpoint

    def _check_endpoint(self, vpc_id: str, service_name: str, kind: str, asked: dict[str, Any]) -> None:
        self.get_vpc(vpc_id)
        subnets = subnet_details(self, asked.get("subnet_ids") or [], "InvalidSubnetID.NotFound")
        check_security_groups(self, asked.get("security_group_ids") or [], "InvalidSecurityGroupID.NotFound")
        zones = [subnet.availability_zone for subnet in subnets]
        if len(set(zones)) < len(zones):
            raise AwsError("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")
        for other in self.vpc_end_points.values():
            if (other.vpc_id, other.service_name) != (vpc_id, service_name) or other.state == "deleted":
                continue
            if kind == "Interface" and asked.get("private_dns_enabled") and other.private_dns_enabled:
                raise AwsError(
                    "InvalidParameter",
                    "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                    f"{service_name} in the VPC {vpc_id}",
                )
            shared = set(asked.get("route_table_ids") or []) & set(other.route_table_ids)
            if kind == "Gateway" and shared:
                raise AwsError(
                    "RouteAlreadyExists",
                    f"route table {min(shared)} already has a route with destination-prefix-list-id",
                )

    def describe_vpc_endpoints(self, vpc_end_point_ids: list[str] | None, filters: Any = None) -> list[VPCEndPoint]:
        found = super().describe_vpc_endpoints(vpc_end_point_ids, filters)
        for endpoint in found:
            status = passing(self, KIND, endpoint.id, read=True)
            if endpoint.state == "deleting" and status is None:
                endpoint.state = "deleted"
            elif endpoint.state not in ("deleting", "deleted"):
                endpoint.state = status or "available"
        return [endpoint for endpoint in found if endpoint.state != "deleted"]

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        super().delete_vpc_endpoints(vpce_ids)
        for endpoint_id in vpce_ids or []:
            if endpoint_id in self.vpc_end_points and begin(self, KIND, endpoint_id, "deleting"):
                self.vpc_end_points[endpoint_id].state = "deleting"


@answer_with
class CorrectedEC2Response(RulesResponseMixin, EC2Response):
    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """The type and code of an entry of a network ACL, which moto looks for under the name of the wire."""
        return super()._get_param(MEMBERS.get(param_name, param_name), if_none)

    def modify_vpc_endpoint(self) -> ActionResult:
        endpoint = self.ec2_backend.vpc_end_points.get(self._get_param("VpcEndpointId"))
        before = set(endpoint.route_table_ids if endpoint else ())
        answer = super().modify_vpc_endpoint()
        self._move_routes(endpoint, before)
        private_dns = self._get_bool_param("PrivateDnsEnabled")
        if private_dns is not None:
            endpoint.private_dns_enabled = private_dns
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(endpoint.DEFAULT_POLICY)
        return answer

    def _move_routes(self, endpoint: VPCEndPoint, before: set[str]) -> None:
        prefix_list = endpoint.destination_prefix_list_id
        if not prefix_list:
            return
        for table in set(endpoint.route_table_ids) - before:
            self.ec2_backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
        for table in before - set(endpoint.route_table_ids):
            self.ec2_backend.delete_route(table, prefix_list)


# As AWS calls the type in DescribeTags, without a hyphen.
EC2_PREFIX_TO_RESOURCE["nat"] = "natgateway"
model_with(ec2_backends, CorrectedEC2Backend)
