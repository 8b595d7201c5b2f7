# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 keeps what is in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws
from .test_ecs import create_cluster, create_service
from .test_ecs import register as register_task
from .test_elasticache import make_group
from .test_elbv2 import balancer
from .test_rds import make_database

Refused = Callable[..., str]


def endpoint(aws: Aws, group: str) -> Any:
    return aws("ec2").create_vpc_endpoint(
        VpcId=aws.vpc(),
        ServiceName="com.amazonaws.eu-west-1.sqs",
        VpcEndpointType="Interface",
        SubnetIds=aws.subnets(),
        SecurityGroupIds=[group],
    )


def service(aws: Aws, group: str) -> Any:
    create_cluster(aws)
    register_task(aws)
    network = {"awsvpcConfiguration": {"subnets": aws.subnets(), "securityGroups": [group]}}
    return create_service(aws, networkConfiguration=network)


USERS: dict[str, Callable[[Aws, str], Any]] = {
    "load balancer": lambda aws, group: balancer(aws, SecurityGroups=[group]),
    "database": lambda aws, group: make_database(aws, VpcSecurityGroupIds=[group]),
    "cache": lambda aws, group: make_group(aws, SecurityGroupIds=[group]),
    "endpoint": endpoint,
    "service": service,
}


@pytest.mark.parametrize("user", list(USERS))
def test_a_security_group_in_use_stays(aws: Aws, refused: Refused, user: str) -> None:
    group = aws.security_group()
    USERS[user](aws, group)
    refused("DependencyViolation", aws("ec2").delete_security_group, GroupId=group)


def test_a_security_group_that_others_name_stays(aws: Aws, refused: Refused) -> None:
    ec2 = aws("ec2")
    first, second = aws.security_group("first"), aws.security_group("second")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": first}]}
    ec2.authorize_security_group_ingress(GroupId=second, IpPermissions=[rule])
    ec2.authorize_security_group_ingress(GroupId=first, IpPermissions=[rule])
    refused("DependencyViolation", ec2.delete_security_group, GroupId=first)
    ec2.delete_security_group(GroupId=second)
    ec2.delete_security_group(GroupId=first)
    refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=first)
    default = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    refused("CannotDelete", ec2.delete_security_group, GroupId=default["SecurityGroups"][0]["GroupId"])


def own_vpc(aws: Aws) -> tuple[str, str, str]:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    return vpc, subnet, gateway


def nat(aws: Aws, subnet: str) -> tuple[str, str]:
    allocation = aws("ec2").allocate_address(Domain="vpc")["AllocationId"]
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "n"}]}]
    made = aws("ec2").create_nat_gateway(SubnetId=subnet, AllocationId=allocation, TagSpecifications=tags)
    return str(made["NatGateway"]["NatGatewayId"]), allocation


def test_nat_gateway(aws: Aws, refused: Refused) -> None:
    ec2 = aws("ec2")
    vpc, subnet, gateway = own_vpc(aws)
    refused("MissingParameter", ec2.create_nat_gateway, SubnetId=subnet)
    made, allocation = nat(aws, subnet)
    by_name = [{"Name": "tag:Name", "Values": ["n"]}, {"Name": "state", "Values": ["available"]}]
    (read,) = ec2.describe_nat_gateways(Filters=by_name)["NatGateways"]
    assert (read["NatGatewayId"], read["Tags"]) == (made, [{"Key": "Name", "Value": "n"}])
    refused("Resource.AlreadyAssociated", ec2.create_nat_gateway, SubnetId=subnet, AllocationId=allocation)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", ec2.detach_internet_gateway, VpcId=vpc, InternetGatewayId=gateway)
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0]["State"] == "deleted"
    ec2.release_address(AllocationId=allocation)
    ec2.delete_subnet(SubnetId=subnet)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)
    refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId="nat-0")
    refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=["nat-0"])


def test_nat_gateway_passes_through_its_states(aws: Aws) -> None:
    aws.settings(provisioning_reads=1)
    _, subnet, _ = own_vpc(aws)
    made, _ = nat(aws, subnet)

    def states() -> list[str]:
        reads = [aws("ec2").describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0] for _ in range(2)]
        return [read["State"] for read in reads]

    assert states() == ["pending", "available"]
    aws("ec2").delete_nat_gateway(NatGatewayId=made)
    assert states() == ["deleting", "deleted"]
