# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils import vpc_network as network

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE, NAME = "vpc_network", "shop-dev-network"
TIERS = [{"tier": "public"}, {"tier": "private"}, {"tier": "isolated"}]
BASE: dict[str, Any] = {"name": NAME, "cidr_block": "10.0.0.0/16", "tiers": TIERS}
WEB = {"number": 100, "action": "allow", "protocol": "tcp", "ports": "443", "cidr_block": "0.0.0.0/0"}


def _vpc(account: Account) -> dict[str, Any]:
    filters = [{"Name": "tag:Name", "Values": [NAME]}]
    (vpc,) = account.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]
    return vpc


def _there(account: Account, what: str) -> list[dict[str, Any]]:
    """What there is in the VPC of this kind, described by EC2."""
    operation = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in f"Describe{what}")[1:]
    filters = [{"Name": "vpc-id", "Values": [_vpc(account)["VpcId"]]}]
    return getattr(account.client("ec2"), operation)(Filters=filters)[what]


def _tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}


def _blocks(account: Account, tier: str) -> list[str]:
    subnets = [subnet for subnet in _there(account, "Subnets") if _tags(subnet).get("slipway:tier") == tier]
    return [s["CidrBlock"] for s in sorted(subnets, key=lambda subnet: subnet["AvailabilityZone"])]


def _ways_out(account: Account) -> dict[str, str]:
    """Route table -> what its default route leads to; NAT gateways by the zone in their names."""
    nat = {gateway["NatGatewayId"]: _tags(gateway)["Name"][-1] for gateway in _nat(account)}
    found = {}
    for table in _there(account, "RouteTables"):
        name = _tags(table).get("Name", "main").removeprefix(f"{NAME}-").removeprefix("private-eu-west-")
        found[name] = ""
        for route in table["Routes"]:
            if route.get("DestinationCidrBlock") == "0.0.0.0/0":
                found[name] = nat.get(route.get("NatGatewayId"), route.get("GatewayId", "gone")[:3])
    return found


def _nat(account: Account) -> list[dict[str, Any]]:
    return [gateway for gateway in _there(account, "NatGateways") if gateway["State"] in ("pending", "available")]


def _addresses(account: Account) -> list[str]:
    return sorted(_tags(a)["Name"] for a in account.client("ec2").describe_addresses()["Addresses"])


def _acls(account: Account) -> dict[str, dict[str, Any]]:
    """Tier -> its network ACL; the VPC's default one under an empty name."""
    return {_tags(acl).get("Name", "").removeprefix(f"{NAME}-"): acl for acl in _there(account, "NetworkAcls")}


def test_matrix(account: Account) -> None:
    given = [
        {"tier": "public", "cidr_blocks": ["10.0.0.0/20", "10.0.16.0/20"], "names": ["public-1a", "public-1b"]},
        {"tier": "private"},
        {"tier": "isolated"},
    ]
    Matrix(
        module=MODULE,
        key="network",
        base=BASE,
        updates={
            "tags": {"Environment": "dev", "Other": "1"},
            "tiers": given,
            "nat": "single",
            "+a gateway a zone": {"nat": "per_zone"},
            "+one again": {"nat": "single"},
            "+network ACLs": {
                "network_acls": {"public": {"ingress": [WEB]}, "isolated": {"egress": []}},
                "tags": {"Environment": "dev"},
            },
            "+other rules": {"network_acls": {"public": {"ingress": [{**WEB, "ports": "80-90"}, WEB | {"number": 7}]}}},
            "+no network ACL": {"network_acls": {}, "tags": {"Environment": "prod"}},
            "+no gateway": {"nat": "none"},
            "close_default_security_group": True,
            "+three zones": {"tiers": TIERS, "availability_zone_count": 3},
            "+fewer tags": {"tags": {"Other": "2"}},
        },
        fixed={"availability_zones", "availability_zone_count"},
        absent={"name": NAME},
    ).check(account)
    left = account.client("ec2").describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in left] == [True]
    assert _addresses(account) == []


def test_three_tiers_with_one_nat_gateway_read_by_others(account: Account) -> None:
    tiers = [
        {"tier": "isolated"},
        {"tier": "private", "cidr_blocks": ["10.0.1.0/24", "10.0.2.0/24"]},
        {"tier": "public", "cidr_blocks": ["10.0.101.0/24", "10.0.102.0/24"], "names": ["public-1a", "public-1b"]},
    ]
    run_module(account, MODULE, **{**BASE, "tiers": tiers}, nat="single", tags={"Environment": "dev"})
    blocks = {tier: _blocks(account, tier) for tier in ("public", "private", "isolated")}
    assert blocks == {
        "public": ["10.0.101.0/24", "10.0.102.0/24"],
        "private": ["10.0.1.0/24", "10.0.2.0/24"],
        "isolated": ["10.0.160.0/20", "10.0.176.0/20"],
    }
    assert _ways_out(account) == {"main": "", "public": "igw", "1a": "a", "1b": "a", "isolated": ""}
    subnets = {subnet["SubnetId"]: subnet for subnet in _there(account, "Subnets")}
    placed = {_tags(subnet)["Name"]: subnet["AvailabilityZone"] for subnet in subnets.values()}
    assert placed["public-1a"] == placed[f"{NAME}-private-eu-west-1a"] == "eu-west-1a"
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())
    associated = {
        _tags(table)["Name"]: [subnets[a["SubnetId"]]["CidrBlock"] for a in table["Associations"]]
        for table in _there(account, "RouteTables")
        if _tags(table)
    }
    assert sorted(associated[f"{NAME}-public"]) == blocks["public"]
    assert sorted(associated[f"{NAME}-isolated"]) == blocks["isolated"]
    assert associated[f"{NAME}-private-eu-west-1b"] == ["10.0.2.0/24"]
    (gateway,) = _nat(account)
    assert _tags(subnets[gateway["SubnetId"]])["Name"] == "public-1a"
    assert _tags(gateway)["Environment"] == "dev"
    ec2 = account.client("ec2")
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=_vpc(account)["VpcId"], Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True


def test_nat_gateways_come_and_go(account: Account) -> None:
    run_module(account, MODULE, **BASE, nat="per_zone")
    assert _ways_out(account) == {"main": "", "public": "igw", "1a": "a", "1b": "b", "isolated": ""}
    assert _addresses(account) == [f"{NAME}-nat-eu-west-1a", f"{NAME}-nat-eu-west-1b"]
    run_module(account, MODULE, **BASE)  # nobody says anything about NAT gateways
    assert len(_nat(account)) == 2
    run_module(account, MODULE, **BASE, nat="single")
    assert _ways_out(account) == {"main": "", "public": "igw", "1a": "a", "1b": "a", "isolated": ""}
    assert _addresses(account) == [f"{NAME}-nat-eu-west-1a"]
    run_module(account, MODULE, **BASE, nat="none")
    assert set(_ways_out(account).values()) == {"", "igw"}
    assert (_nat(account), _addresses(account)) == ([], [])


def test_nat_gateways_are_requested_and_awaited_later(account: Account) -> None:
    account.settings(provisioning_reads=3)
    options = {**BASE, "nat": "single"}
    predicted = [run_module(account, MODULE, _check=True, **options, wait=wait) for wait in (False, True)]
    assert [result["network"]["pending"] for result in predicted] == [True, False]
    requested = run_module(account, MODULE, **options, wait=False)
    assert requested["network"]["pending"]
    assert requested["network"]["nat_gateways"][0]["status"] == "pending"
    assert _ways_out(account)["1a"] == ""
    awaited = run_module(account, MODULE, **options)
    assert {(c["action"], c["resource"]) for c in awaited["changes"]} == {("update", "route table")}
    assert awaited["network"]["nat_gateways"][0]["status"] == "available"
    assert _ways_out(account)["1a"] == _ways_out(account)["1b"] == "a"
    named = {(c["resource"], c["name"]) for result in predicted for c in result["changes"]}
    assert named == {(c["resource"], c["name"]) for result in (requested, awaited) for c in result["changes"]}
    quiet = run_module(account, MODULE, **options, wait=False)
    assert (quiet["changed"], quiet["network"]["pending"]) == (False, False)
    fewer = run_module(account, MODULE, **{**options, "nat": "none"}, wait=False)
    assert (fewer["changed"], fewer["network"]["pending"]) == (False, True)


def test_without_nat_gateways_there_is_nothing_to_await(account: Account) -> None:
    assert not run_module(account, MODULE, _check=True, **BASE, nat="none", wait=False)["network"]["pending"]
    assert not run_module(account, MODULE, **BASE, nat="none", wait=False)["network"]["pending"]


def test_network_acls_are_exactly_what_is_declared(account: Account) -> None:
    answers = {"ports": "1024-65535", "cidr_block": "0.0.0.0/0"}
    ping = {"number": 50, "action": "deny", "protocol": "icmp", "cidr_block": "::/0"}
    run_module(account, MODULE, **BASE, network_acls={"public": {"ingress": [WEB, answers, ping]}})
    found = _acls(account)
    assert sorted(found) == ["", "public"]
    entries = {(e["RuleNumber"], e["Egress"]): e for e in found["public"]["Entries"] if e["RuleNumber"] < 32767}
    assert sorted(entries) == [(50, False), (100, False), (100, True), (200, False)]
    assert (entries[50, False]["RuleAction"], entries[50, False]["Ipv6CidrBlock"]) == ("deny", "::/0")
    assert (entries[50, False]["Protocol"], entries[50, False]["IcmpTypeCode"]) == ("58", {"Code": -1, "Type": -1})
    assert entries[200, False]["PortRange"] == {"From": 1024, "To": 65535}
    assert (entries[100, True]["Protocol"], entries[100, True]["RuleAction"]) == ("-1", "allow")
    public = {s["SubnetId"] for s in _there(account, "Subnets") if _tags(s)["slipway:tier"] == "public"}
    assert {association["SubnetId"] for association in found["public"]["Associations"]} == public
    run_module(account, MODULE, **BASE, network_acls={"public": {"ingress": [{**WEB, "ports": "80"}], "egress": []}})
    entries = {(e["RuleNumber"], e["Egress"]): e for e in _acls(account)["public"]["Entries"]}
    assert [key for key in sorted(entries) if key[0] < 32767] == [(100, False)]
    assert entries[100, False]["PortRange"] == {"From": 80, "To": 80}
    run_module(account, MODULE, **BASE)  # nobody says anything about network ACLs
    assert sorted(_acls(account)) == ["", "public"]
    run_module(account, MODULE, **BASE, network_acls={})
    assert len(_acls(account)[""]["Associations"]) == 6


def test_the_default_security_group_is_closed(account: Account) -> None:
    run_module(account, MODULE, **BASE, close_default_security_group=True)
    (group,) = _there(account, "SecurityGroups")
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_subnets_that_are_not_declared_any_more_stay_with_a_warning(account: Account) -> None:
    run_module(account, MODULE, **BASE)
    fewer = run_module(account, MODULE, **{**BASE, "tiers": TIERS[:2]})
    assert not fewer["changed"]
    assert any(
        "10.0.160.0/20) is not declared any more; it is left as it is" in str(text) for text in fewer["warnings"]
    )
    assert len(_blocks(account, "isolated")) == 2
    run_module(account, MODULE, name=NAME, state="absent")
    assert len(account.client("ec2").describe_vpcs()["Vpcs"]) == 1


@pytest.mark.parametrize(
    "operation",
    [
        *("ModifyVpcAttribute", "AttachInternetGateway", "CreateSubnet", "CreateNetworkAclEntry", "CreateNatGateway"),
        *("ReplaceNetworkAclAssociation", "AssociateRouteTable", "CreateRoute", "AllocateAddress", "CreateRouteTable"),
    ],
)
def test_an_interrupted_run_is_finished_by_the_next_and_by_removal(account: Account, operation: str) -> None:
    options = {**BASE, "nat": "single", "network_acls": {"public": {}}}

    def interrupt() -> None:
        account.fault(
            service="ec2", operation=operation, code="UnauthorizedOperation", message="no", status=400, times=1
        )
        with pytest.raises(ModuleFailed, match=rf"Could not create .*{operation}"):
            run_module(account, MODULE, **options)

    interrupt()
    run_module(account, MODULE, name=NAME, state="absent")
    ec2 = account.client("ec2")
    assert len(ec2.describe_vpcs()["Vpcs"]) == len(ec2.describe_internet_gateways()["InternetGateways"]) == 1
    assert _addresses(account) == []
    interrupt()
    run_module(account, MODULE, **options)
    assert _ways_out(account) == {"main": "", "public": "igw", "1a": "a", "1b": "a", "isolated": ""}
    assert not run_module(account, MODULE, **options)["changed"]


@pytest.mark.parametrize("operation", ["ReleaseAddress", "DeleteSubnet", "DeleteInternetGateway", "DeleteVpc"])
def test_an_interrupted_removal_is_finished_by_the_next(account: Account, operation: str) -> None:
    account.settings(provisioning_reads=1)
    run_module(account, MODULE, **BASE, nat="single", wait=False)
    account.fault(service="ec2", operation=operation, code="UnauthorizedOperation", message="no", status=400, times=1)
    with pytest.raises(ModuleFailed, match=rf"Could not delete .*{operation}"):
        run_module(account, MODULE, name=NAME, state="absent")
    run_module(account, MODULE, name=NAME, state="absent")
    ec2 = account.client("ec2")
    assert len(ec2.describe_vpcs()["Vpcs"]) == len(ec2.describe_internet_gateways()["InternetGateways"]) == 1
    assert _addresses(account) == []


def test_a_nat_gateway_that_failed_is_made_anew(account: Account) -> None:
    run_module(account, MODULE, **{**BASE, "tiers": [{"tier": "private"}]})
    ec2, vpc = account.client("ec2"), _vpc(account)["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": f"{NAME}-nat-eu-west-1a"}]}]
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags)["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    assert [gateway["State"] for gateway in _there(account, "NatGateways")] == ["failed"]
    done = run_module(account, MODULE, **BASE, nat="single")
    assert [g["status"] for g in done["network"]["nat_gateways"]] == ["available"]
    assert done["network"]["addresses"][0]["allocation_id"] == address
    assert _ways_out(account)["1b"] == "a"


def test_a_nat_gateway_that_fails_says_why(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "Subnet has insufficient free addresses"
    listed = {"State": "failed", "FailureMessage": reason, "Tags": [{"Key": "Name", "Value": f"{NAME}-eu-west-1a"}]}
    run_module(account, MODULE, **BASE)
    real = network.Network.list
    monkeypatch.setattr(
        network.Network, "list", lambda self, what: [listed] if what == "NatGateways" else real(self, what)
    )
    with pytest.raises(ModuleFailed, match=f"NAT gateway {NAME}-eu-west-1a becomes available: failed: {reason}"):
        run_module(account, MODULE, **BASE, nat="single")


def test_a_wait_says_what_was_seen_last(account: Account) -> None:
    account.settings(provisioning_reads=99)
    message = f"NAT gateway {NAME}-eu-west-1a becomes available: not after 1 s; last seen: pending"
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **BASE, nat="single", wait_timeout=1)


def test_what_cannot_be_changed_says_what_to_do(account: Account) -> None:
    run_module(account, MODULE, **BASE)
    with pytest.raises(
        ModuleFailed, match=r"cidr_block cannot be changed from '10.0.0.0/16' to '10.1.0.0/16': create an"
    ):
        run_module(account, MODULE, **{**BASE, "cidr_block": "10.1.0.0/16", "tiers": []})
    since = account.position()
    with pytest.raises(ModuleFailed, match=r"availability_zone cannot be changed from .*: a subnet stays in its zone"):
        run_module(account, MODULE, **BASE, availability_zones=["eu-west-1b", "eu-west-1c"])
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"availability_zone_count": 4}, "availability_zone_count is 4 and the region has 3 zones"),
        ({"tiers": [{"tier": "public", "names": ["one"]}]}, "names of the tier public are 1; allowed is one for each"),
    ],
)
def test_a_bad_combination_is_refused(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **{**BASE, **options})
    with pytest.raises(ModuleFailed, match="state is present but all of the following are missing: cidr_block"):
        run_module(account, MODULE, name=NAME)
    assert account.writes() == []


def test_two_vpcs_of_one_name_are_refused(account: Account) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": NAME}]}]
    ids = sorted(
        account.client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
        for _ in range(2)
    )
    since = account.position()
    for options in (BASE, {"name": NAME, "state": "absent"}):
        with pytest.raises(ModuleFailed, match=f"more than one VPC whose tag Name is {NAME}: {', '.join(ids)}"):
            run_module(account, MODULE, **options)
    assert account.writes(since) == []


def test_what_others_have_in_the_vpc_is_left_and_holds_it(account: Account) -> None:
    run_module(account, MODULE, **BASE)
    ec2, vpc = account.client("ec2"), _vpc(account)["VpcId"]
    ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)
    with pytest.raises(ModuleFailed, match=rf"VPC {NAME} is deleted: not after 1 s; last seen: .*DependencyViolation"):
        run_module(account, MODULE, name=NAME, state="absent", wait_timeout=1)
    assert {group["GroupName"] for group in _there(account, "SecurityGroups")} == {"default", "theirs"}


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(service="ec2", operation="CreateVpc", code="VpcLimitExceeded", message="quota", status=400)
    with pytest.raises(ModuleFailed, match=rf"Could not create VPC {NAME}.*VpcLimitExceeded.*CreateVpc.*quota"):
        run_module(account, MODULE, **BASE)
    account.fault(service="ec2", operation="DescribeAvailabilityZones", code="UnauthorizedOperation", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not read VPC {NAME}.*UnauthorizedOperation"):
        run_module(account, MODULE, **BASE)
