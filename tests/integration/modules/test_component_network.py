# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws
from ansible_collections.slipway.fargate.plugins.module_utils.components.rds import read as read_database

from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module

BLOCK = "10.0.0.0/16"


def _facts(account: Account, kind: str, name: str = "shop-dev-network", **options: Any) -> dict[str, Any]:
    check = options.pop("_check", False)
    result = run_module(
        account,
        "component_info",
        _check=check,
        components={"network": {"kind": kind, "name": name, "options": options}},
    )
    return result["ansible_facts"]["slipway"]["network"]


def _own_vpc(account: Account, name: str, *zones: str) -> str:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=BLOCK)["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": name}])
    for number, zone in enumerate(zones):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
    return vpc


def _remove_default_subnets(account: Account, keep: int) -> None:
    ec2 = account.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"][keep:]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])


def test_the_default_vpc(account: Account) -> None:
    facts = _facts(account, "vpc")
    ec2 = account.client("ec2")
    subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda subnet: subnet["AvailabilityZone"])
    ids = [subnet["SubnetId"] for subnet in subnets]
    assert facts["id"] == subnets[0]["VpcId"]
    assert (facts["cidr_block"], facts["cidr_blocks"]) == ("172.31.0.0/16", ["172.31.0.0/16"])
    assert facts["subnet_ids"] == facts["data_subnet_ids"] == facts["public_subnet_ids"] == ids
    assert facts["private_subnet_ids"] == facts["isolated_subnet_ids"] == []
    assert facts["availability_zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert facts["route_table_ids"] == [ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]]
    assert facts["managed"] is False
    assert account.writes() == []


@pytest.mark.parametrize("check", [True, False])
def test_an_account_without_a_default_vpc(account: Account, check: bool) -> None:
    _remove_default_subnets(account, keep=0)
    ec2 = account.client("ec2")
    gateway = ec2.describe_internet_gateways()["InternetGateways"][0]
    vpc = gateway["Attachments"][0]["VpcId"]
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)
    message = rf"vpc_mode is default and the account {account.id} has no default VPC in eu-west-1; create one with"
    with pytest.raises(ModuleFailed, match=message):
        _facts(account, "vpc", _check=check)


def test_a_default_vpc_with_subnets_in_one_zone(account: Account) -> None:
    _remove_default_subnets(account, keep=1)
    message = r"subnets of vpc-\w+ lie in 1 zone \(eu-west-1a\); allowed are two or more"
    with pytest.raises(ModuleFailed, match=message):
        _facts(account, "vpc")


def test_an_existing_vpc_by_id_and_by_name(account: Account) -> None:
    vpc = _own_vpc(account, "theirs", "a", "b")
    assert _facts(account, "vpc", vpc_mode="existing", vpc_id=vpc)["id"] == vpc
    by_name = _facts(account, "vpc", "theirs", vpc_mode="existing")
    assert by_name["id"] == vpc
    assert len(by_name["isolated_subnet_ids"]) == 2
    with pytest.raises(ModuleFailed, match=r"has no VPC whose tag Name is ours in eu-west-1; correct vpc_name"):
        _facts(account, "vpc", "ours", vpc_mode="existing")
    with pytest.raises(ModuleFailed, match=r"has no VPC vpc-0123456789abcdef0 in eu-west-1; correct vpc_id"):
        _facts(account, "vpc", vpc_mode="existing", vpc_id="vpc-0123456789abcdef0")


def test_two_vpcs_of_one_name(account: Account) -> None:
    ids = sorted(_own_vpc(account, "ours", "a", "b") for _ in range(2))
    with pytest.raises(ModuleFailed, match=f"more than one VPC whose tag Name is ours in eu-west-1: {', '.join(ids)}"):
        _facts(account, "vpc", "ours", vpc_mode="create")


def test_a_vpc_that_will_be_created(account: Account) -> None:
    facts = _facts(account, "vpc", vpc_mode="create", vpc_cidr_block=BLOCK, _check=True)
    assert (facts["exists"], facts["id"], facts["cidr_blocks"]) == (False, "(known after apply)", [BLOCK])


def test_tiers_by_tag_and_by_route(account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = _own_vpc(account, "ours", "a", "b", "c")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    tagged, routed, left = (s["SubnetId"] for s in sorted(subnets, key=lambda subnet: subnet["CidrBlock"]))
    ec2.create_tags(Resources=[tagged], Tags=[{"Key": "slipway:tier", "Value": "private"}])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=routed)
    facts = _facts(account, "vpc", "ours", vpc_mode="create")
    assert facts["private_subnet_ids"] == facts["subnet_ids"] == [tagged]
    assert facts["public_subnet_ids"] == [routed]
    assert facts["isolated_subnet_ids"] == facts["data_subnet_ids"] == [left]
    assert facts["private_route_table_ids"] == [t for t in facts["route_table_ids"] if t != table]


def test_the_facts_of_a_created_vpc(account: Account) -> None:
    tiers = [{"tier": "public"}, {"tier": "private"}, {"tier": "isolated"}]
    made = run_module(account, "vpc_network", name="ours", cidr_block=BLOCK, tiers=tiers, nat="single", wait=False)
    facts = _facts(account, "vpc", "ours", vpc_mode="create", vpc_cidr_block=BLOCK)
    subnets, tables = made["network"]["subnets"], made["network"]["route_tables"]
    for tier in ("public", "private", "isolated"):
        ids = [subnet["subnet_id"] for subnet in subnets if subnet["tier"] == tier]
        assert facts[f"{tier}_subnet_ids"] == ids
    inside = sorted(table["route_table_id"] for table in tables if table["name"] != "ours-public")
    assert facts["private_route_table_ids"] == inside
    assert (facts["managed"], facts["id"]) == (True, made["network"]["vpc"]["vpc_id"])
    run_module(account, "vpc_network", name="ours", cidr_block=BLOCK, tiers=tiers, nat="single")
    assert _facts(account, "vpc", "ours", vpc_mode="create", vpc_cidr_block=BLOCK) == facts


def test_a_security_group_of_one_name_in_two_vpcs(account: Account) -> None:
    ec2 = account.client("ec2")
    default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    vpcs = [default, _own_vpc(account, "ours", "a", "b")]
    ids = [ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"] for vpc in vpcs]
    with pytest.raises(ModuleFailed, match="more than one security group web"):
        _facts(account, "security_group", "web")
    facts = _facts(account, "security_group", "web", security_group_vpc_id=vpcs[1])
    assert (facts["id"], facts["vpc_id"]) == (ids[1], vpcs[1])


def test_a_database_has_no_address_until_aws_has_made_it() -> None:
    class Rds:
        def describe_db_instances(self, **asked: str) -> dict[str, Any]:
            names = {"DBInstanceIdentifier": "shop", "DBInstanceArn": "arn", "MasterUsername": "shop"}
            return {"DBInstances": [{**names, "DBInstanceStatus": "creating", "DeletionProtection": True}]}

    facts = read_database(Aws(client=lambda service: Rds(), region="eu-west-1"), "shop", {})
    assert {facts[fact] for fact in ("endpoint", "address", "port")} == {"(known after apply)"}
    assert (facts["instance_id"], facts["status"]) == ("shop", "creating")


def test_the_facts_of_a_database(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name="password", SecretString="correct-horse-battery")
    options = {"engine": "postgres", "instance_class": "db.t3.micro", "allocated_storage": 20, "username": "shop"}
    run_module(account, "rds_instance", name="shop", password_secret="password", port=5433, database="shop", **options)
    facts = _facts(account, "rds", "shop")
    assert facts["endpoint"] == f"{facts['address']}:5433"
    assert (facts["port"], facts["database"], facts["username"]) == (5433, "shop", "shop")
    predicted = _facts(account, "rds", "other", rds_database="shop", rds_username="shop", _check=True)
    assert sorted(predicted) == sorted(facts)
    assert (predicted["instance_id"], predicted["database"]) == ("other", "shop")
    assert predicted["endpoint"] == "(known after apply)"
