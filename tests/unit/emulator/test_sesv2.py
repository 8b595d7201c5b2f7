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
