# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SQS = "com.amazonaws.eu-west-1.sqs"
S3 = "com.amazonaws.eu-west-1.s3"


def _interface(aws: Any, **more: Any) -> dict[str, Any]:
    asked = {"SubnetIds": aws.subnets()[:1], "PrivateDnsEnabled": True, **more}
    created = aws("ec2").create_vpc_endpoint(VpcId=aws.vpc(), ServiceName=SQS, VpcEndpointType="Interface", **asked)
    return dict(created["VpcEndpoint"])


def test_the_default_vpc_has_a_way_out(aws: Any) -> None:
    (gateway,) = aws("ec2").describe_internet_gateways()["InternetGateways"]
    assert gateway["Attachments"][0]["VpcId"] == aws.vpc()
    (table,) = aws("ec2").describe_route_tables()["RouteTables"]
    assert {route["DestinationCidrBlock"]: route["GatewayId"] for route in table["Routes"]} == {
        "172.31.0.0/16": "local",
        "0.0.0.0/0": gateway["InternetGatewayId"],
    }
    dns = aws("ec2").describe_vpc_attribute(VpcId=aws.vpc(), Attribute="enableDnsHostnames")
    assert dns["EnableDnsHostnames"]["Value"] is True


def test_an_interface_endpoint_takes_the_default_group_and_its_private_dns_can_change(aws: Any) -> None:
    endpoint = _interface(aws)
    assert [group["GroupName"] for group in endpoint["Groups"]] == ["default"]
    aws("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], PrivateDnsEnabled=False)
    (read,) = aws("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert read["PrivateDnsEnabled"] is False


def test_two_endpoints_of_one_service_conflict(aws: Any, refused: Callable[..., Any]) -> None:
    _interface(aws)
    ask = {"VpcId": aws.vpc(), "ServiceName": SQS, "VpcEndpointType": "Interface", "PrivateDnsEnabled": True}
    refused("InvalidParameter", aws("ec2").create_vpc_endpoint, **ask)
    table = aws("ec2").describe_route_tables()["RouteTables"][0]["RouteTableId"]
    gateway = {"VpcId": aws.vpc(), "ServiceName": S3, "RouteTableIds": [table]}
    created = aws("ec2").create_vpc_endpoint(**gateway)["VpcEndpoint"]
    assert (created["VpcEndpointType"], created["PrivateDnsEnabled"]) == ("Gateway", False)
    refused("RouteAlreadyExists", aws("ec2").create_vpc_endpoint, **gateway)


def test_a_gateway_endpoint_is_a_route_of_its_tables(aws: Any) -> None:
    main = aws("ec2").describe_route_tables()["RouteTables"][0]["RouteTableId"]
    other = aws("ec2").create_route_table(VpcId=aws.vpc())["RouteTable"]["RouteTableId"]
    endpoint = aws("ec2").create_vpc_endpoint(VpcId=aws.vpc(), ServiceName=S3, RouteTableIds=[main])["VpcEndpoint"]
    ask = {"VpcEndpointId": endpoint["VpcEndpointId"], "AddRouteTableIds": [other], "RemoveRouteTableIds": [main]}
    aws("ec2").modify_vpc_endpoint(**ask)

    def tables() -> list[str]:
        return [
            table["RouteTableId"]
            for table in aws("ec2").describe_route_tables()["RouteTables"]
            if any(route.get("GatewayId") == endpoint["VpcEndpointId"] for route in table["Routes"])
        ]

    assert tables() == [other]
    aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert tables() == []


def test_an_endpoint_takes_its_time(aws: Any) -> None:
    aws.settings(provisioning_reads=1)
    endpoint_id = _interface(aws)["VpcEndpointId"]

    def states() -> list[str]:
        return [endpoint["State"] for endpoint in aws("ec2").describe_vpc_endpoints()["VpcEndpoints"]]

    assert (states(), states()) == (["pending"], ["available"])
    aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    assert (states(), states()) == (["deleting"], [])


def test_subnets_and_groups_must_be_there(aws: Any, refused: Callable[..., Any]) -> None:
    ask = {"VpcId": aws.vpc(), "ServiceName": SQS, "VpcEndpointType": "Interface"}
    refused("InvalidSubnetID.NotFound", aws("ec2").create_vpc_endpoint, SubnetIds=["subnet-0"], **ask)
    refused("InvalidSecurityGroupID.NotFound", aws("ec2").create_vpc_endpoint, SecurityGroupIds=["sg-0"], **ask)


def test_tags_of_a_nat_gateway_are_found_by_the_type_that_aws_gives_it(aws: Any) -> None:
    address = aws("ec2").allocate_address(Domain="vpc")["AllocationId"]
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}]
    asked = {"SubnetId": aws.subnets()[0], "AllocationId": address, "TagSpecifications": tags}
    gateway = aws("ec2").create_nat_gateway(**asked)["NatGateway"]["NatGatewayId"]
    filters = [{"Name": "resource-id", "Values": [gateway]}, {"Name": "resource-type", "Values": ["natgateway"]}]
    assert [tag["Value"] for tag in aws("ec2").describe_tags(Filters=filters)["Tags"]] == ["out"]


def test_rules_for_prefix_lists_have_descriptions(aws: Any, refused: Callable[..., Any]) -> None:
    ec2 = aws("ec2")
    group = aws.security_group()
    (prefix_list,) = ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.global.cloudfront.origin-facing"]}]
    )["PrefixLists"]
    name = prefix_list["PrefixListId"]

    def rule(description: str) -> dict[str, Any]:
        lists = [{"PrefixListId": name, "Description": description}]
        return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": lists}

    def read() -> Any:
        (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        return found["IpPermissions"][0]["PrefixListIds"]

    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule("CloudFront")])
    assert read() == [{"PrefixListId": name, "Description": "CloudFront"}]
    changed = ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[rule("The edge")])
    assert changed["Return"] is True
    assert read() == [{"PrefixListId": name, "Description": "The edge"}]
    refused(
        "InvalidPermission.Duplicate",
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[rule("CloudFront")],
    )
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule("CloudFront")])
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissions"] == []
