# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws
from .test_ec2_dependencies import own_vpc

Refused = Callable[..., str]
WEB = {"RuleNumber": 100, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0", "Egress": False}
PORTS = {"PortRange": {"From": 443, "To": 443}}


def acls(aws: Aws, vpc: str) -> list[dict[str, Any]]:
    found = aws("ec2").describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    return sorted(found, key=lambda acl: not acl["IsDefault"])


def own_acl(aws: Aws, vpc: str) -> str:
    return str(aws("ec2").create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (WEB, "MissingParameter"),
        ({**WEB, "Protocol": "1"}, "MissingParameter"),
        ({**WEB, "Protocol": "58", "CidrBlock": None, "Ipv6CidrBlock": "::/0"}, "MissingParameter"),
        ({**WEB, **PORTS, "RuleNumber": 32767}, "InvalidParameterValue"),
        ({**WEB, **PORTS, "CidrBlock": None}, "MissingParameter"),
    ],
)
def test_a_rule_that_is_not_whole_is_refused(aws: Aws, refused: Refused, entry: dict[str, Any], code: str) -> None:
    acl = own_acl(aws, own_vpc(aws)[0])
    given = {name: value for name, value in entry.items() if value is not None}
    refused(code, aws("ec2").create_network_acl_entry, NetworkAclId=acl, **given)


def test_rules_are_replaced_and_deleted_by_their_numbers(aws: Aws, refused: Refused) -> None:
    ec2, vpc = aws("ec2"), own_vpc(aws)[0]
    acl = own_acl(aws, vpc)
    rule = {"NetworkAclId": acl, "RuleNumber": 100, "Egress": False}
    ec2.create_network_acl_entry(NetworkAclId=acl, **WEB, **PORTS)
    refused("NetworkAclEntryAlreadyExists", ec2.create_network_acl_entry, NetworkAclId=acl, **WEB, **PORTS)
    refused("InvalidNetworkAclEntry.NotFound", ec2.delete_network_acl_entry, **{**rule, "Egress": True})
    refused(
        "InvalidNetworkAclEntry.NotFound",
        ec2.replace_network_acl_entry,
        NetworkAclId=acl,
        **WEB | PORTS | {"RuleNumber": 7},
    )
    ec2.replace_network_acl_entry(NetworkAclId=acl, **WEB, PortRange={"From": 80, "To": 90})
    assert [entry["PortRange"] for entry in acls(aws, vpc)[1]["Entries"]] == [{"From": 80, "To": 90}]
    ec2.delete_network_acl_entry(**rule)
    assert acls(aws, vpc)[1]["Entries"] == []


def test_a_network_acl_in_use_stays_and_a_subnet_takes_its_associations_along(aws: Aws, refused: Refused) -> None:
    ec2 = aws("ec2")
    vpc, subnet, gateway = own_vpc(aws)
    acl = own_acl(aws, vpc)
    (association,) = acls(aws, vpc)[0]["Associations"]
    ask = {"AssociationId": association["NetworkAclAssociationId"], "NetworkAclId": acl}
    refused("InvalidNetworkAclID.NotFound", ec2.replace_network_acl_association, **{**ask, "NetworkAclId": "acl-0"})
    refused("InvalidAssociationID.NotFound", ec2.replace_network_acl_association, **{**ask, "AssociationId": "a-0"})
    ec2.replace_network_acl_association(**ask)
    refused("DependencyViolation", ec2.delete_network_acl, NetworkAclId=acl)
    refused("InvalidParameterValue", ec2.delete_network_acl, NetworkAclId=acls(aws, vpc)[0]["NetworkAclId"])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.delete_network_acl(NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)
    assert acls(aws, vpc) == []


@pytest.mark.parametrize("reads", [0, 1])
def test_a_nat_gateway_without_a_way_out_fails_and_lets_its_address_go(aws: Aws, refused: Refused, reads: int) -> None:
    ec2 = aws("ec2")
    vpc, subnet, gateway = own_vpc(aws)
    ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.settings(provisioning_reads=reads)
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)

    def described() -> dict[str, Any]:
        (found,) = ec2.describe_nat_gateways(Filter=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"]
        return dict(found)

    for _ in range(reads):
        assert described()["State"] == "pending"
        refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    failed = described()
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert failed["FailureMessage"] == f"Network {vpc} has no Internet gateway attached"
    ec2.release_address(AllocationId=address)


def test_flow_logs_want_a_role_and_a_destination_once(aws: Aws, refused: Refused) -> None:
    ec2, vpc = aws("ec2"), own_vpc(aws)[0]
    ask = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "flows"}
    role = f"arn:aws:iam::{aws.account}:role/flows"
    refused("InvalidParameter", ec2.create_flow_logs, **ask)
    (made,) = ec2.create_flow_logs(**ask, DeliverLogsPermissionArn=role)["FlowLogIds"]
    refused("FlowLogAlreadyExists", ec2.create_flow_logs, **ask, DeliverLogsPermissionArn=role)
    (described,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]
    assert (described["FlowLogId"], described["MaxAggregationInterval"]) == (made, 600)
    ec2.delete_flow_logs(FlowLogIds=[made])
    refused("InvalidFlowLogId.NotFound", ec2.delete_flow_logs, FlowLogIds=[made])
