# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

ZONE, OWNER = "example.com", "shop-prod-domain"
WWW = {"name": "www", "type": "CNAME", "values": ["Example.com."]}
TEXT = {"name": "@", "type": "TXT", "values": ["v=spf1 -all"]}
CDN = {"dns_name": "d111.cloudfront.net", "zone_id": "Z2FDTNDATAQYW2"}
OPTIONS = {"zone": ZONE, "owner": OWNER}


@pytest.fixture
def zone(account: Account) -> str:
    return account.client("route53").create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]


def records(account: Account, zone: str) -> dict[str, Any]:
    """Of the zone, but for its own and the owners' lists."""
    found = account.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        f"{record['Name']} {record['Type']}": [item["Value"] for item in record.get("ResourceRecords", [])]
        or record["AliasTarget"]
        for record in found
        if record["Type"] not in ("NS", "SOA") and not record["Name"].startswith("_slipway-")
    }


def write(account: Account, zone: str, name: str, value: str) -> None:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    account.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def test_matrix(account: Account, zone: str) -> None:
    Matrix(
        "route53_records",
        "records",
        base={**OPTIONS, "records": [WWW]},
        updates={
            "+ttl": {"records": [{**WWW, "ttl": 60}]},
            "+values": {"records": [{**WWW, "values": ["example.org"]}]},
            "+more": {"records": [{**WWW, "values": ["example.org"]}, {**TEXT, "values": ["b", "a" * 300]}]},
            "+alias": {"records": [{"name": "www", "type": "A", "alias": CDN}, WWW | {"name": "*"}]},
        },
        fixed={"zone_id", "overwrite"},
    ).check(account)


def test_what_is_written(account: Account, zone: str) -> None:
    since = account.position()
    alias = {"name": "@", "type": "A", "alias": CDN}
    long = {"name": "long", "type": "TXT", "values": ["x" * 256, 'say "hi"']}
    done = run_module(account, "route53_records", **OPTIONS, records=[WWW, TEXT, alias, long])
    assert account.writes(since) == ["route53:ChangeResourceRecordSets"]
    assert records(account, zone) == {
        "www.example.com. CNAME": ["example.com"],
        "example.com. TXT": ['"v=spf1 -all"'],
        "example.com. A": {
            "DNSName": "d111.cloudfront.net.",
            "HostedZoneId": "Z2FDTNDATAQYW2",
            "EvaluateTargetHealth": False,
        },
        "long.example.com. TXT": ['"say \\"hi\\""', f'"{"x" * 255}" "x"'],
    }
    assert [record["name"] for record in done["records"]] == ["www.example.com", ZONE, ZONE, "long.example.com"]
    assert not run_module(account, "route53_records", **OPTIONS, records=[long, alias, TEXT, WWW])["changed"]


def test_what_is_declared_no_longer_is_removed_and_others_stay(account: Account, zone: str) -> None:
    write(account, zone, f"old.{ZONE}", "192.0.2.9")
    run_module(account, "route53_records", **OPTIONS, records=[WWW, TEXT])
    run_module(account, "route53_records", zone=ZONE, owner="other", records=[TEXT])
    done = run_module(account, "route53_records", **OPTIONS, records=[WWW])
    assert [change["action"] for change in done["changes"]] == ["update"]  # the list alone: the other has the text too
    run_module(account, "route53_records", zone=ZONE, owner="other", state="absent")
    assert sorted(records(account, zone)) == ["old.example.com. A", "www.example.com. CNAME"]
    run_module(account, "route53_records", **OPTIONS, state="absent")
    assert sorted(records(account, zone)) == ["old.example.com. A"]


def test_a_record_made_elsewhere_is_not_overwritten_unasked(account: Account, zone: str) -> None:
    write(account, zone, f"api.{ZONE}", "192.0.2.1")
    mine = {"name": "api", "type": "A", "values": ["192.0.2.2"]}
    since = account.position()
    with pytest.raises(
        ModuleFailed, match=r"record api\.example\.com A is there with \['192\.0\.2\.1'\] and was made else"
    ):
        run_module(account, "route53_records", **OPTIONS, records=[mine, WWW])
    assert account.writes(since) == []
    run_module(account, "route53_records", **OPTIONS, records=[mine], overwrite=True)
    assert records(account, zone) == {"api.example.com. A": ["192.0.2.2"]}


def test_check_mode_takes_a_zone_that_is_not_there_for_an_empty_one(account: Account) -> None:
    alias = {"dns_name": "(known after apply)", "zone_id": "(known after apply)"}
    wanted = [WWW, {"name": "api", "type": "A", "alias": alias}]
    predicted = run_module(account, "route53_records", _check=True, **OPTIONS, records=wanted)
    names = ["www.example.com CNAME", "api.example.com A", "_slipway-shop-prod-domain.example.com TXT"]
    assert [(change["action"], change["name"]) for change in predicted["changes"]] == [
        ("create", name) for name in names
    ]
    assert not run_module(account, "route53_records", **OPTIONS, state="absent")["changed"]
    with pytest.raises(ModuleFailed, match=r"there is no public hosted zone of example\.com"):
        run_module(account, "route53_records", **OPTIONS, records=[WWW])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"records": [{"name": "a", "type": "A"}]}, "a.example.com A needs either values or alias"),
        ({"records": [{**WWW, "alias": CDN}]}, "needs either values or alias"),
        ({"records": [{**WWW, "ttl": -1}]}, "ttl is -1; allowed are 0 to"),
        ({"records": [WWW, WWW]}, "records has www.example.com CNAME more than once"),
        ({"records": [WWW], "owner": "o" * 55}, "is too long; allowed are 54"),
    ],
)
def test_bad_input_is_refused_before_any_write(
    account: Account, zone: str, options: dict[str, Any], message: str
) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "route53_records", **{**OPTIONS, **options})
    assert message in str(failed.value)
    assert account.writes(since) == []


def test_a_record_with_a_routing_policy_is_left_alone(account: Account, zone: str) -> None:
    record = {"Name": f"api.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    routed = {**record, "SetIdentifier": "blue", "Weight": 10}
    changes = [{"Action": "CREATE", "ResourceRecordSet": routed}]
    account.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    mine = {"name": "api", "type": "A", "values": ["192.0.2.2"]}
    with pytest.raises(ModuleFailed, match="has a routing policy"):
        run_module(account, "route53_records", **OPTIONS, records=[mine], overwrite=True)


def test_aws_errors(account: Account, zone: str) -> None:
    account.fault(
        service="route53", operation="ChangeResourceRecordSets", code="AccessDenied", message="no", status=403
    )
    with pytest.raises(ModuleFailed, match=r"Could not change the records of example\.com, none was: .*AccessDenied"):
        run_module(account, "route53_records", **OPTIONS, records=[WWW])
    account.fault(service="route53", operation="ListHostedZonesByName", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=r"Could not read the records of example\.com: .*ListHostedZonesByName"):
        run_module(account, "route53_records", **OPTIONS, records=[WWW])
