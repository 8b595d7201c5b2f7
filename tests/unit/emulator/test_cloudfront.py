# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
CUSTOM = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
APP = {"Id": "app", "DomainName": "app.example.com", "CustomOriginConfig": CUSTOM}
BEHAVIOR = {
    "TargetOriginId": "app",
    "ViewerProtocolPolicy": "https-only",
    "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
}


def config(**changes: Any) -> dict[str, Any]:
    return {
        "CallerReference": "1",
        "Comment": "edge",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [APP]},
        "DefaultCacheBehavior": BEHAVIOR,
        **changes,
    }


def test_a_configuration_is_read_back_whole(aws: Aws) -> None:
    behavior = {**BEHAVIOR, "AllowedMethods": {"Quantity": 3, "Items": ["GET", "HEAD", "OPTIONS"]}}
    client = aws("cloudfront")
    made = client.create_distribution(DistributionConfig=config(DefaultCacheBehavior=behavior, HttpVersion="http3"))
    found = client.get_distribution_config(Id=made["Distribution"]["Id"])["DistributionConfig"]
    assert found["DefaultCacheBehavior"]["AllowedMethods"]["Items"] == ["HEAD", "GET", "OPTIONS"]
    assert (found["HttpVersion"], found["PriceClass"], found["WebACLId"]) == ("http3", "PriceClass_All", "")
    assert found["Origins"]["Items"][0]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert found["ViewerCertificate"]["CloudFrontDefaultCertificate"] is True


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("NoSuchOrigin", {"DefaultCacheBehavior": {**BEHAVIOR, "TargetOriginId": "other"}}),
        ("NoSuchCachePolicy", {"DefaultCacheBehavior": {**BEHAVIOR, "CachePolicyId": "x"}}),
        ("InvalidViewerCertificate", {"Aliases": {"Quantity": 1, "Items": ["example.com"]}}),
        (
            "InvalidViewerCertificate",
            {"ViewerCertificate": {"ACMCertificateArn": "arn:aws:acm:us-east-1:1:certificate/1"}},
        ),
        ("InvalidWebACLId", {"WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/none/1"}),
        (
            "InvalidOriginAccessControl",
            {"Origins": {"Quantity": 1, "Items": [{**APP, "OriginAccessControlId": "E1"}]}},
        ),
    ],
)
def test_what_is_refused(aws: Aws, refused: Refused, code: str, changes: dict[str, Any]) -> None:
    refused(code, aws("cloudfront").create_distribution, DistributionConfig=config(**changes))


def test_a_distribution_is_disabled_and_deployed_before_it_is_deleted(aws: Aws, refused: Refused) -> None:
    client = aws("cloudfront")
    made = client.create_distribution(DistributionConfig=config())
    which, etag = made["Distribution"]["Id"], made["ETag"]
    refused("DistributionNotDisabled", client.delete_distribution, Id=which, IfMatch=etag)
    refused("PreconditionFailed", client.delete_distribution, Id=which, IfMatch="other")
    aws.settings(provisioning_reads=1)
    changed = client.get_distribution_config(Id=which)["DistributionConfig"] | {"Enabled": False}
    etag = client.update_distribution(Id=which, IfMatch=etag, DistributionConfig=changed)["ETag"]
    refused("DistributionNotDisabled", client.delete_distribution, Id=which, IfMatch=etag)
    states = [client.get_distribution(Id=which)["Distribution"]["Status"] for _ in range(2)]
    assert states == ["InProgress", "Deployed"]
    client.delete_distribution(Id=which, IfMatch=etag)
    refused("NoSuchDistribution", client.get_distribution, Id=which)


def test_an_access_control_in_use_is_kept(aws: Aws, refused: Refused) -> None:
    client = aws("cloudfront")
    wanted = {
        "Name": "edge",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    made = client.create_origin_access_control(OriginAccessControlConfig=wanted)
    control, etag = made["OriginAccessControl"]["Id"], made["ETag"]
    refused("OriginAccessControlAlreadyExists", client.create_origin_access_control, OriginAccessControlConfig=wanted)
    bucket = {
        "Id": "app",
        "DomainName": "b.s3.eu-west-1.amazonaws.com",
        "OriginAccessControlId": control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    client.create_distribution(DistributionConfig=config(Origins={"Quantity": 1, "Items": [bucket]}))
    refused("OriginAccessControlInUse", client.delete_origin_access_control, Id=control, IfMatch=etag)
