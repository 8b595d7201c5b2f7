# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
NAMES = ["www.example.com", "*.example.com"]


@pytest.fixture
def arn(aws: Aws) -> str:
    return request(aws)


def request(aws: Aws, **options: Any) -> str:
    given = {"DomainName": "example.com", "SubjectAlternativeNames": NAMES, "ValidationMethod": "DNS", **options}
    return str(aws("acm").request_certificate(**given)["CertificateArn"])


def certificate(aws: Aws, arn: str) -> dict[str, Any]:
    return dict(aws("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def validate(aws: Aws, arn: str, *names: str) -> None:
    zone = aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    records = {
        option["ResourceRecord"]["Name"]: option["ResourceRecord"]
        for option in certificate(aws, arn)["DomainValidationOptions"]
        if option["DomainName"] in names
    }
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": record["Name"],
                "Type": record["Type"],
                "TTL": 60,
                "ResourceRecords": [{"Value": record["Value"]}],
            },
        }
        for record in records.values()
    ]
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def test_a_certificate_is_pending_without_its_records(aws: Aws, arn: str) -> None:
    found = certificate(aws, arn)
    assert (found["Status"], found["SubjectAlternativeNames"][0]) == ("PENDING_VALIDATION", "example.com")
    assert "IssuedAt" not in found
    validate(aws, arn, "example.com")
    found = certificate(aws, arn)
    assert found["Status"] == "PENDING_VALIDATION"
    states = {option["DomainName"]: option["ValidationStatus"] for option in found["DomainValidationOptions"]}
    assert states == {
        "example.com": "SUCCESS",
        "*.example.com": "SUCCESS",  # the same record
        "www.example.com": "PENDING_VALIDATION",
    }


def test_a_certificate_is_issued_with_all_its_records(aws: Aws, arn: str) -> None:
    aws.settings(provisioning_reads=1)
    slow = request(aws, DomainName="example.com")
    validate(aws, arn, "example.com", "www.example.com")
    assert [certificate(aws, slow)["Status"] for _ in range(2)] == ["PENDING_VALIDATION", "ISSUED"]
    assert certificate(aws, arn)["Status"] == "ISSUED"
    listed = aws("acm").list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert {item["CertificateArn"] for item in listed} == {arn, slow}
    assert set(listed[0]["SubjectAlternativeNameSummaries"]) == {"example.com", *NAMES}
    assert aws("acm").list_certificates(Includes={"keyTypes": ["RSA_4096"]})["CertificateSummaryList"] == []


def test_a_certificate_in_use_is_kept(aws: Aws, arn: str, refused: Refused) -> None:
    elb = aws("elbv2")
    balancer = elb.create_load_balancer(Name="front", Subnets=aws.subnets()[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[action],
    )["Listeners"][0]["ListenerArn"]
    assert certificate(aws, arn)["InUseBy"] == [balancer]
    refused("ResourceInUseException", aws("acm").delete_certificate, CertificateArn=arn)
    elb.delete_listener(ListenerArn=listener)
    aws("acm").delete_certificate(CertificateArn=arn)
    refused("ResourceNotFoundException", aws("acm").describe_certificate, CertificateArn=arn)


def test_what_is_no_domain_name(aws: Aws, refused: Refused) -> None:
    for name in ("example", "-a.example.com", "a.*.example.com"):
        refused("ValidationException", aws("acm").request_certificate, DomainName=name, ValidationMethod="DNS")
    many = {"DomainName": "example.com", "SubjectAlternativeNames": [f"n{n}.example.com" for n in range(10)]}
    refused("LimitExceededException", aws("acm").request_certificate, **many, ValidationMethod="DNS")
