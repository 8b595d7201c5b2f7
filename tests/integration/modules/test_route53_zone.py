# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "example.com"


def _zone(account: Account) -> dict[str, Any]:
    client = account.client("route53")
    found = client.list_hosted_zones_by_name(DNSName=NAME)["HostedZones"][0]
    tags = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=found["Id"].rpartition("/")[2])
    return {
        "comment": found["Config"].get("Comment"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags["ResourceTagSet"]["Tags"]},
        "id": found["Id"],
    }


def test_matrix(account: Account) -> None:
    Matrix(
        "route53_zone",
        "zone",
        base={"name": NAME},
        updates={"comment": "The shop", "tags": {"Team": "shop"}},
        fixed={"zone_id"},
        seen={"comment": lambda account: _zone(account)["comment"], "tags": lambda account: _zone(account)["tags"]},
    ).check(account)


def test_everything_at_once(account: Account) -> None:
    done = run_module(account, "route53_zone", name="Example.com.", comment="The shop", tags={"a": "b"})
    assert (_zone(account)["comment"], _zone(account)["tags"]) == ("The shop", {"a": "b"})
    servers = account.client("route53").get_hosted_zone(Id=_zone(account)["id"])["DelegationSet"]["NameServers"]
    assert done["zone"]["name_servers"] == sorted(servers)
    assert not run_module(account, "route53_zone", name=NAME, zone_id=done["zone"]["zone_id"])["changed"]


def test_a_private_zone_of_the_domain_is_not_taken_for_it(account: Account) -> None:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    account.client("route53").create_hosted_zone(
        Name=NAME,
        CallerReference="1",
        VPC={"VPCRegion": account.region, "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )
    assert run_module(account, "route53_zone", name=NAME)["changed"]


def test_a_zone_with_records_of_others_is_kept(account: Account) -> None:
    zone_id = run_module(account, "route53_zone", name=NAME)["zone"]["zone_id"]
    record = {"Name": f"www.{NAME}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    account.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    with pytest.raises(ModuleFailed, match=r"keeps records that were made elsewhere: www\.example\.com A; remove them"):
        run_module(account, "route53_zone", name=NAME, state="absent")


def test_which_of_several_zones(account: Account) -> None:
    ids = []
    for number in range(2):
        made = account.client("route53").create_hosted_zone(Name=NAME, CallerReference=str(number))
        ids.append(made["HostedZone"]["Id"].rpartition("/")[2])
    with pytest.raises(ModuleFailed, match=f"more than one public hosted zone of {NAME}: {', '.join(sorted(ids))}"):
        run_module(account, "route53_zone", name=NAME)
    assert run_module(account, "route53_zone", name=NAME, zone_id=ids[1])["zone"]["zone_id"] == ids[1]
    with pytest.raises(ModuleFailed, match=f"hosted zone {ids[0]} is of {NAME}, not of example.org"):
        run_module(account, "route53_zone", name="example.org", zone_id=ids[0])
    with pytest.raises(ModuleFailed, match="leave zone_id out for a new one"):
        run_module(account, "route53_zone", name=NAME, zone_id="ZNONE")


def test_an_aws_error_names_the_call_and_the_zone(account: Account) -> None:
    account.fault(
        service="route53", operation="CreateHostedZone", code="AccessDenied", message="not allowed", status=403
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create Route 53 hosted zone {NAME}: .*CreateHostedZone"):
        run_module(account, "route53_zone", name=NAME)
