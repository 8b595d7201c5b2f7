# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.local_aws import ROOT, Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME, ZONE = "shop-prod-certificate", "example.com"
BASE = {"name": NAME, "domain": ZONE, "zone": ZONE}
MODULE = "acm_certificate"


@pytest.fixture
def zone(account: Account) -> str:
    return account.client("route53").create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]


def certificates(account: Account, region: str | None = None) -> list[dict[str, Any]]:
    client = account.client("acm", region)
    listed = client.list_certificates()["CertificateSummaryList"]
    return [client.describe_certificate(CertificateArn=item["CertificateArn"])["Certificate"] for item in listed]


def tags(account: Account) -> dict[str, str]:
    arn = certificates(account)[0]["CertificateArn"]
    found = account.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def records(account: Account, zone: str) -> list[str]:
    found = account.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return sorted(item["Name"].partition(".")[2] for item in found if item["Type"] == "CNAME")


def listen(account: Account, arn: str) -> str:
    elb, subnets = account.client("elbv2"), account.client("ec2").describe_subnets()["Subnets"]
    made = elb.create_load_balancer(Name="front", Subnets=[subnet["SubnetId"] for subnet in subnets[:2]])
    return elb.create_listener(
        LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]


def test_matrix(account: Account, zone: str) -> None:
    Matrix(
        MODULE,
        "certificate",
        base={**BASE, "alternative_names": ["*.example.com"]},
        updates={"tags": {"Team": "shop"}},
        fixed={"zone_id", "purge"},
    ).check(account)
    assert (certificates(account), records(account, zone)) == ([], [])


def test_a_certificate_is_issued(account: Account, zone: str) -> None:
    names = ["*.example.com", "api.example.com"]
    done = run_module(account, MODULE, **BASE, alternative_names=names, tags={"a": "b"})
    [found] = certificates(account)
    assert (found["Status"], found["DomainName"]) == ("ISSUED", ZONE)
    assert sorted(found["SubjectAlternativeNames"]) == sorted([ZONE, *names]) == done["certificate"]["names"]
    assert tags(account) == {"a": "b", "Name": NAME}
    assert records(account, zone) == ["api.example.com.", "example.com."]


def test_an_issued_one_is_awaited(account: Account, zone: str) -> None:
    account.settings(provisioning_reads=3)
    done = run_module(account, MODULE, **BASE)
    assert done["certificate"]["status"] == "ISSUED"


def test_check_mode_without_the_zone(account: Account) -> None:
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, **BASE)
    assert [(change["action"], change["resource"]) for change in predicted["changes"]] == [
        ("create", "ACM certificate"),
        ("create", "Route 53 validation records"),
    ]
    assert predicted["certificate"]["arn"] == "(known after apply)"
    with pytest.raises(ModuleFailed, match=r"there is no public hosted zone of example\.com"):
        run_module(account, MODULE, **BASE)
    assert account.writes(since) == []
    assert not run_module(account, MODULE, name=NAME, zone=ZONE, state="absent")["changed"]


def test_other_names_are_another_certificate_and_the_one_in_use_stays(account: Account, zone: str) -> None:
    first = run_module(account, MODULE, **BASE)["certificate"]["arn"]
    listener = listen(account, first)
    options = {**BASE, "alternative_names": ["www.example.com"], "purge": True}
    second = run_module(account, MODULE, **options)
    assert [change["action"] for change in second["changes"]] == ["create", "update"]
    assert {item["CertificateArn"] for item in certificates(account)} == {first, second["certificate"]["arn"]}
    assert not run_module(account, MODULE, **options)["changed"]
    account.client("elbv2").delete_listener(ListenerArn=listener)
    assert not run_module(account, MODULE, **{**options, "purge": False})["changed"]
    purged = run_module(account, MODULE, **options)
    assert [change["action"] for change in purged["changes"]] == ["delete"]
    assert [item["CertificateArn"] for item in certificates(account)] == [second["certificate"]["arn"]]


def test_two_regions_share_the_validation_records(account: Account, zone: str) -> None:
    run_module(account, MODULE, **BASE)
    run_module(account, MODULE, **{**BASE, "name": "other"}, region="us-east-1")
    assert certificates(account, "us-east-1")[0]["Status"] == "ISSUED"
    run_module(account, MODULE, **BASE, state="absent")
    assert (certificates(account), records(account, zone)) == ([], ["example.com."])
    run_module(account, MODULE, name="other", zone=ZONE, region="us-east-1", state="absent")
    assert records(account, zone) == []


def test_two_that_go_at_the_same_time_leave_nothing(account: Account, zone: str) -> None:
    for name in (NAME, "other"):
        run_module(account, MODULE, **{**BASE, "name": name})
    with ThreadPoolExecutor() as pool:
        going = [pool.submit(gone_by_itself, account, name) for name in (NAME, "other")]
        assert [run.result().returncode for run in going] == [0, 0]
    assert records(account, zone) == []


def gone_by_itself(account: Account, name: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: run_module takes the place of the process's arguments and output."""
    code = (
        "import sys, tests.conftest; from tests.support.local_aws import Account; "
        "from tests.support.modules import run_module; url, number, name, zone = sys.argv[1:]; "
        "run_module(Account(url, number), 'acm_certificate', name=name, zone=zone, state='absent')"
    )
    command = [sys.executable, "-c", code, account.url, account.id, name, ZONE]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_an_interrupted_run_is_finished(account: Account, zone: str) -> None:
    fault = {"service": "route53", "operation": "ChangeResourceRecordSets", "status": 403}
    account.fault(**fault, code="AccessDenied", message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not change the records of example\.com, none was: .*AccessDenied"):
        run_module(account, MODULE, **BASE)
    assert certificates(account)[0]["Status"] == "PENDING_VALIDATION"
    done = run_module(account, MODULE, **BASE)
    assert [change["resource"] for change in done["changes"]] == ["Route 53 validation records"]
    assert [item["Status"] for item in certificates(account)] == ["ISSUED"]


def test_removed_records_are_written_again(account: Account, zone: str) -> None:
    run_module(account, MODULE, **BASE)
    client = account.client("route53")
    found = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    [record] = [item for item in found if item["Type"] == "CNAME"]
    changes = [{"Action": "DELETE", "ResourceRecordSet": record}]
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert run_module(account, MODULE, **BASE)["changed"]
    assert records(account, zone) == ["example.com."]


def test_a_wait_that_ends_says_what_is_missing(account: Account) -> None:
    with pytest.raises(
        ModuleFailed, match=r"not after 1 s; last seen: PENDING_VALIDATION; ACM does not see _\w+\.exam"
    ):
        run_module(account, MODULE, name=NAME, domain=ZONE, wait_timeout=1)
    assert not run_module(account, MODULE, name=NAME, domain=ZONE, wait=False)["changed"]


def test_a_certificate_in_use_is_not_deleted(account: Account, zone: str) -> None:
    arn = run_module(account, MODULE, **BASE)["certificate"]["arn"]
    listen(account, arn)
    with pytest.raises(
        ModuleFailed, match=r"that nothing uses it: not after 1 s; last seen: in use by arn:.*app/front"
    ):
        run_module(account, MODULE, **BASE, state="absent", wait_timeout=1)
    assert len(certificates(account)) == 1


def test_names_outside_the_zone_are_refused_before_any_write(account: Account, zone: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=r"a\.example\.org, badexample\.com is not in the hosted zone example\.com"):
        run_module(account, MODULE, **BASE, alternative_names=["a.example.org", "badexample.com"])
    assert account.writes(since) == []


def test_aws_errors(account: Account, zone: str) -> None:
    account.fault(service="acm", operation="RequestCertificate", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not create ACM certificate {NAME}: .*RequestCertificate"):
        run_module(account, MODULE, **BASE)
    account.fault(service="acm", operation="ListCertificates", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not read ACM certificate {NAME}: .*ListCertificates"):
        run_module(account, MODULE, **BASE, state="absent")
