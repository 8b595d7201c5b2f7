# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
A = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
ALIAS = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d111.cloudfront.net", "EvaluateTargetHealth": False}


@pytest.fixture
def zone(aws: Aws) -> str:
    return aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]


def change(zone: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    return {"HostedZoneId": zone, "ChangeBatch": {"Changes": batch}}


def names(aws: Aws, zone: str) -> list[str]:
    found = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [record["Name"] for record in found if record["Type"] not in ("NS", "SOA")]


def test_a_request_is_carried_out_whole_or_not_at_all(aws: Aws, zone: str, refused: Refused) -> None:
    call = aws("route53").change_resource_record_sets
    outside = {**A, "Name": "www.example.org"}
    refused("InvalidChangeBatch", call, **change(zone, ("UPSERT", A), ("UPSERT", outside)))
    assert names(aws, zone) == []
    call(**change(zone, ("UPSERT", A), ("CREATE", {**A, "Name": "*.Example.com"})))
    assert sorted(names(aws, zone)) == ["\\052.example.com.", "www.example.com."]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("CREATE", A)], "it already exists"),
        ([("DELETE", {**A, "Name": "api.example.com"})], "it was not found"),
        ([("DELETE", {**A, "TTL": 61})], "do not match the current values"),
        ([("UPSERT", {**A, "TTL": 61}), ("DELETE", A)], "an invalid set of changes"),
        ([("UPSERT", {**A, "Type": "CNAME"})], "conflicts with other records"),
        ([("UPSERT", {**A, "Name": "example.com", "Type": "CNAME"})], "not permitted at apex"),
        ([("UPSERT", {**A, "Name": "t.example.com", "Type": "TXT"})], "enclosed in quotation marks"),
        (
            [("UPSERT", {"Name": "example.com", "Type": "A", "AliasTarget": {**ALIAS, "HostedZoneId": "Z1"}})],
            "does not lie within the target zone",
        ),
    ],
)
def test_changes_that_are_refused(aws: Aws, zone: str, refused: Refused, changes: Any, message: str) -> None:
    call = aws("route53").change_resource_record_sets
    call(**change(zone, ("UPSERT", A)))
    assert message in refused("InvalidChangeBatch", call, **change(zone, *changes))


def test_an_alias_is_read_as_it_was_written(aws: Aws, zone: str, refused: Refused) -> None:
    call = aws("route53").change_resource_record_sets
    record = {"Name": "example.com", "Type": "A", "AliasTarget": ALIAS}
    refused("InvalidInput", call, **change(zone, ("UPSERT", {**record, "TTL": 1, "ResourceRecords": [{"Value": "x"}]})))
    call(**change(zone, ("UPSERT", record)))
    found = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert next(item for item in found if item["Type"] == "A")["AliasTarget"] == {
        **ALIAS,
        "DNSName": "d111.cloudfront.net.",
    }
    call(**change(zone, ("DELETE", record)))
    assert names(aws, zone) == []


def test_a_zone_with_records_of_others_is_kept(aws: Aws, zone: str, refused: Refused) -> None:
    delegation = {**A, "Name": "dev.example.com", "Type": "NS", "ResourceRecords": [{"Value": "ns1.example.net"}]}
    aws("route53").change_resource_record_sets(**change(zone, ("CREATE", delegation)))
    refused("HostedZoneNotEmpty", aws("route53").delete_hosted_zone, Id=zone)
    aws("route53").change_resource_record_sets(**change(zone, ("DELETE", delegation)))
    aws("route53").delete_hosted_zone(Id=zone)
