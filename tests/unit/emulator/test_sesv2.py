# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., str]
DIMENSION = {"DimensionName": "set", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "shop"}
EVENTS = {
    "Enabled": True,
    "MatchingEventTypes": ["SEND"],
    "CloudWatchDestination": {"DimensionConfigurations": [DIMENSION]},
}


@pytest.fixture
def ses(aws: Any) -> Any:
    return aws("sesv2")


def test_a_domain_has_tokens_and_waits_for_its_records(ses: Any, refused: Refused) -> None:
    made = ses.create_email_identity(EmailIdentity="example.com", Tags=[{"Key": "a", "Value": "b"}])
    assert made["IdentityType"] == "DOMAIN" and not made["VerifiedForSendingStatus"]
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["DkimAttributes"]["SigningEnabled"] and len(set(found["DkimAttributes"]["Tokens"])) == 3
    assert (found["VerificationStatus"], found["Tags"]) == ("PENDING", [{"Key": "a", "Value": "b"}])
    refused("AlreadyExistsException", ses.create_email_identity, EmailIdentity="example.com")
    refused("BadRequestException", ses.create_email_identity, EmailIdentity="no domain")
    refused("NotFoundException", ses.create_email_identity, EmailIdentity="a@example.com", ConfigurationSetName="none")
    signing = {"SigningAttributesOrigin": "AWS_SES", "SigningAttributes": {"NextSigningKeyLength": "RSA_1024_BIT"}}
    ses.put_email_identity_dkim_signing_attributes(EmailIdentity="example.com", **signing)
    after = ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]
    assert after["Tokens"] != found["DkimAttributes"]["Tokens"]
    ses.delete_email_identity(EmailIdentity="example.com")
    refused("NotFoundException", ses.get_email_identity, EmailIdentity="example.com")


def put(aws: Any, action: str, zone: str, *records: tuple[str, str, str]) -> None:
    changes = [
        {
            "Action": action,
            "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]},
        }
        for name, kind, value in records
    ]
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def zone_of(aws: Any, **options: Any) -> str:
    created = aws("route53").create_hosted_zone(Name="example.com", CallerReference=str(options), **options)
    return str(created["HostedZone"]["Id"])


def dkim_records(ses: Any) -> list[tuple[str, str, str]]:
    tokens = ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"]
    return [(f"{token}._domainkey.example.com", "CNAME", f"{token}.dkim.amazonses.com") for token in tokens]


def states(ses: Any) -> tuple[str, str, bool]:
    found = ses.get_email_identity(EmailIdentity="example.com")
    return found["DkimAttributes"]["Status"], found["VerificationStatus"], found["VerifiedForSendingStatus"]


PENDING, SUCCESS, FAILED = (
    ("PENDING", "PENDING", False),
    ("SUCCESS", "SUCCESS", True),
    ("FAILED", "FAILED", False),
)


def test_a_domain_is_verified_by_all_its_records(aws: Any, ses: Any) -> None:
    ses.create_email_identity(EmailIdentity="example.com")
    records, zone = dkim_records(ses), zone_of(aws)
    put(aws, "CREATE", zone, *records[:2])
    assert states(ses) == PENDING
    put(aws, "CREATE", zone, (records[2][0], "CNAME", "other.dkim.amazonses.com"))
    assert states(ses) == PENDING
    put(aws, "UPSERT", zone, records[2])
    assert states(ses) == SUCCESS
    assert ses.list_email_identities()["EmailIdentities"][0]["SendingEnabled"]
    put(aws, "DELETE", zone, records[0])
    assert states(ses) == FAILED
    put(aws, "CREATE", zone, records[0])
    assert states(ses) == SUCCESS
    signing = {"SigningAttributesOrigin": "AWS_SES", "SigningAttributes": {"NextSigningKeyLength": "RSA_1024_BIT"}}
    ses.put_email_identity_dkim_signing_attributes(EmailIdentity="example.com", **signing)
    assert states(ses) == PENDING, "new keys have new records"


def test_a_private_zone_and_another_account_s_prove_nothing(aws: Any, ses: Any) -> None:
    ses.create_email_identity(EmailIdentity="example.com")
    vpc = {"VPCRegion": "eu-west-1", "VPCId": aws.vpc()}
    private = zone_of(aws, VPC=vpc, HostedZoneConfig={"PrivateZone": True})
    put(aws, "CREATE", private, *dkim_records(ses))
    assert states(ses) == PENDING
    stranger = type(aws)(aws.url, f"9{aws.account[1:]}")
    put(stranger, "CREATE", zone_of(stranger), *dkim_records(ses))
    assert states(ses) == PENDING
    stranger.local("POST", "reset", account=stranger.account)


def test_verification_takes_as_long_as_the_account_wants(aws: Any, ses: Any) -> None:
    aws.settings(provisioning_reads=2)
    ses.create_email_identity(EmailIdentity="example.com")
    put(aws, "CREATE", zone_of(aws), *dkim_records(ses))  # one read
    assert [states(ses) for _ in range(2)] == [PENDING, SUCCESS]


def test_an_address_is_not_verified_by_records(aws: Any, ses: Any) -> None:
    for name in ("example.com", "noreply@example.com"):
        ses.create_email_identity(EmailIdentity=name)
    put(aws, "CREATE", zone_of(aws), *dkim_records(ses))
    assert states(ses) == SUCCESS
    address = ses.get_email_identity(EmailIdentity="noreply@example.com")
    assert (address["VerifiedForSendingStatus"], address["VerificationStatus"]) == (False, "PENDING")


def test_a_mail_from_domain_is_found_by_exactly_one_mx_record(aws: Any, ses: Any) -> None:
    def status() -> str:
        found = ses.get_email_identity(EmailIdentity="example.com")
        return str(found["MailFromAttributes"]["MailFromDomainStatus"])

    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com", MailFromDomain="mail.example.com")
    zone, right = zone_of(aws), ("mail.example.com", "MX", "10 feedback-smtp.eu-west-1.amazonses.com")
    put(aws, "CREATE", zone, ("mail.example.com", "TXT", '"v=spf1 include:amazonses.com ~all"'))
    assert status() == "PENDING"
    put(aws, "CREATE", zone, ("mail.example.com", "MX", "10 feedback-smtp.us-east-1.amazonses.com"))
    assert status() == "PENDING", "of another region"
    put(aws, "UPSERT", zone, right)
    assert status() == "SUCCESS"
    put(aws, "DELETE", zone, right)
    assert status() == "FAILED"


def test_an_account_begins_in_the_sandbox(aws: Any, ses: Any) -> None:
    sandbox = ses.get_account()
    assert (sandbox["ProductionAccessEnabled"], sandbox["SendQuota"]["Max24HourSend"]) == (False, 200)
    aws.settings(ses_production_access=True)
    granted = ses.get_account()
    assert (granted["ProductionAccessEnabled"], granted["SendQuota"]["Max24HourSend"]) == (True, 50_000)


def test_an_address_with_a_mail_from_domain(ses: Any, refused: Refused) -> None:
    name = "noreply@example.com"
    ses.create_email_identity(EmailIdentity=name)
    put = ses.put_email_identity_mail_from_attributes
    refused("BadRequestException", put, EmailIdentity=name, MailFromDomain="mail.example.org")
    put(EmailIdentity=name, MailFromDomain="mail.example.com")
    found = ses.get_email_identity(EmailIdentity=name)
    assert found["MailFromAttributes"]["MailFromDomainStatus"] == "PENDING"
    assert not found["DkimAttributes"]["SigningEnabled"]
    put(EmailIdentity=name)
    assert "MailFromAttributes" not in ses.get_email_identity(EmailIdentity=name)


def test_configuration_sets_and_their_destinations(ses: Any, refused: Refused) -> None:
    ses.create_configuration_set(ConfigurationSetName="shop")
    found = ses.get_configuration_set(ConfigurationSetName="shop")
    assert found["SendingOptions"] == {"SendingEnabled": True} and "SuppressionOptions" not in found
    place = {"ConfigurationSetName": "shop", "EventDestinationName": "cloudwatch"}
    create = ses.create_configuration_set_event_destination
    create(**place, EventDestination=EVENTS)
    refused("AlreadyExistsException", create, **place, EventDestination=EVENTS)
    other = {**place, "EventDestinationName": "other"}
    refused("BadRequestException", create, **other, EventDestination={**EVENTS, "MatchingEventTypes": ["SENT"]})
    refused("BadRequestException", create, **other, EventDestination={**EVENTS, "SnsDestination": {"TopicArn": "x"}})
    refused("NotFoundException", ses.update_configuration_set_event_destination, **other, EventDestination=EVENTS)
    (one,) = ses.get_configuration_set_event_destinations(ConfigurationSetName="shop")["EventDestinations"]
    assert one == {"Name": "cloudwatch", **EVENTS}
    suppress = ses.put_configuration_set_suppression_options
    refused("BadRequestException", suppress, ConfigurationSetName="shop", SuppressedReasons=["SPAM"])
    suppress(ConfigurationSetName="shop", SuppressedReasons=["BOUNCE"])
    assert ses.get_configuration_set(ConfigurationSetName="shop")["SuppressionOptions"] == {
        "SuppressedReasons": ["BOUNCE"]
    }
    ses.delete_configuration_set(ConfigurationSetName="shop")
    refused("NotFoundException", ses.get_configuration_set_event_destinations, ConfigurationSetName="shop")


def test_templates(ses: Any, refused: Refused) -> None:
    create, content = ses.create_email_template, {"Subject": "Hello", "Text": "Hello {{name}}"}
    create(TemplateName="Welcome", TemplateContent=content)
    assert ses.get_email_template(TemplateName="Welcome")["TemplateContent"] == content
    refused("AlreadyExistsException", create, TemplateName="Welcome", TemplateContent=content)
    refused("BadRequestException", create, TemplateName="Other", TemplateContent={"Subject": "Hello"})
    refused("NotFoundException", ses.update_email_template, TemplateName="Other", TemplateContent=content)


def test_tags_and_the_suppression_of_the_account(ses: Any, aws: Any, refused: Refused) -> None:
    ses.create_configuration_set(ConfigurationSetName="shop")
    arn = f"arn:aws:ses:eu-west-1:{aws.account}:configuration-set/shop"
    ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    ses.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    refused("NotFoundException", ses.list_tags_for_resource, ResourceArn=f"{arn}2")
    ses.put_account_suppression_attributes(SuppressedReasons=[])
    assert ses.get_account()["SuppressionAttributes"] == {"SuppressedReasons": []}
