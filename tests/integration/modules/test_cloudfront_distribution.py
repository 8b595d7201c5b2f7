# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME, DOMAIN, MODULE = "shop-prod-cdn", "example.com", "cloudfront_distribution"
APP = {"name": "app", "domain_name": "front-1.eu-west-1.elb.amazonaws.com"}
ASSETS = {"name": "assets", "domain_name": "assets.s3.eu-west-1.amazonaws.com", "bucket": True}
BASE = {"name": NAME, "origins": [APP], "default_behavior": {"origin": "app", "methods": "all"}}


@pytest.fixture
def certificate(account: Account) -> str:
    account.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="1")
    options = {"name": "edge", "domain": DOMAIN, "alternative_names": [f"*.{DOMAIN}"], "zone": DOMAIN}
    return run_module(account, "acm_certificate", **options, region="us-east-1")["certificate"]["arn"]


def config(account: Account) -> dict[str, Any]:
    client = account.client("cloudfront")
    [summary] = client.list_distributions()["DistributionList"]["Items"]
    return client.get_distribution_config(Id=summary["Id"])["DistributionConfig"]


def tags(account: Account) -> dict[str, str]:
    client = account.client("cloudfront")
    arn = client.list_distributions()["DistributionList"]["Items"][0]["ARN"]
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(Resource=arn)["Tags"]["Items"]}


def test_matrix(account: Account, certificate: str) -> None:
    acl = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    web_acl = account.client("wafv2", "us-east-1").create_web_acl(
        Name="edge", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=acl
    )["Summary"]["ARN"]
    logging = {"bucket": "logs.s3.amazonaws.com", "prefix": "cdn/", "cookies": False}
    Matrix(
        MODULE,
        "distribution",
        base=BASE,
        updates={
            "+aliases": {"aliases": [f"www.{DOMAIN}", DOMAIN], "certificate_arn": certificate},
            "minimum_protocol_version": "TLSv1.2_2019",
            "origins": [{**APP, "path": "/app", "headers": {"X-Origin": "abc"}, "read_timeout": 60}, ASSETS],
            "default_behavior": {
                "origin": "app",
                "cache_policy": "CachingDisabled",
                "origin_request_policy": "AllViewer",
                "compress": False,
            },
            "behaviors": [
                {"path": "/b/*", "origin": "assets", "response_headers_policy": "SecurityHeadersPolicy"},
                {"path": "/a/*", "origin": "app", "viewer_protocol_policy": "https-only"},
            ],
            "error_responses": [{"error_code": 404, "response_code": 200, "page": "/index.html"}, {"error_code": 403}],
            "default_root_object": "index.html",
            "price_class": "PriceClass_All",
            "http_version": "http2",
            "ipv6": False,
            "web_acl_arn": web_acl,
            "logging": logging,
            "+no_logging": {"logging": {}},
            "enabled": False,
            "tags": {"Team": "shop"},
        },
        absent={"name": NAME},
        seen={
            "default_root_object": lambda account: config(account)["DefaultRootObject"],
            "price_class": lambda account: config(account)["PriceClass"],
            "http_version": lambda account: config(account)["HttpVersion"],
            "ipv6": lambda account: config(account)["IsIPV6Enabled"],
            "web_acl_arn": lambda account: config(account)["WebACLId"],
            "enabled": lambda account: config(account)["Enabled"],
            "tags": tags,
        },
    ).check(account)
    assert account.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"].get("Items", []) == []


def test_what_is_created(account: Account, certificate: str) -> None:
    done = run_module(
        account,
        MODULE,
        **{**BASE, "origins": [{**APP, "headers": {"X-Origin": "s3cr3t-value"}}, ASSETS]},
        behaviors=[{"path": "/static/*", "origin": "assets"}],
        aliases=[DOMAIN],
        certificate_arn=certificate,
        tags={"a": "b"},
    )
    found = config(account)
    assert (found["Comment"], found["Enabled"], found["PriceClass"]) == (NAME, True, "PriceClass_100")
    assert found["Aliases"]["Items"] == [DOMAIN]
    viewer = found["ViewerCertificate"]
    assert (viewer["ACMCertificateArn"], viewer["MinimumProtocolVersion"]) == (certificate, "TLSv1.2_2021")
    app, assets = found["Origins"]["Items"]
    assert app["CustomHeaders"]["Items"] == [{"HeaderName": "X-Origin", "HeaderValue": "s3cr3t-value"}]
    assert app["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert app["CustomOriginConfig"]["OriginSslProtocols"]["Items"] == ["TLSv1.2"]
    [control] = account.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"]["Items"]
    assert assets["OriginAccessControlId"] == control["Id"]
    assert (control["SigningBehavior"], control["OriginAccessControlOriginType"]) == ("always", "s3")
    assert found["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert found["CacheBehaviors"]["Items"][0]["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert tags(account) == {"a": "b"}
    assert "s3cr3t-value" not in json.dumps(done)


def test_what_an_option_does_not_name_stays(account: Account) -> None:
    made = run_module(account, MODULE, **BASE, default_root_object="index.html")["distribution"]
    client = account.client("cloudfront")
    answer = client.get_distribution_config(Id=made["id"])
    answer["DistributionConfig"]["Origins"]["Items"][0]["ConnectionAttempts"] = 1
    answer["DistributionConfig"]["Restrictions"]["GeoRestriction"] = {
        "RestrictionType": "whitelist",
        "Quantity": 1,
        "Items": ["CH"],
    }
    client.update_distribution(Id=made["id"], IfMatch=answer["ETag"], DistributionConfig=answer["DistributionConfig"])
    assert not run_module(account, MODULE, **BASE)["changed"]
    assert run_module(account, MODULE, **{**BASE, "origins": [{**APP, "path": "/v1"}]})["changed"]
    found = config(account)
    assert found["Origins"]["Items"][0]["ConnectionAttempts"] == 1
    assert found["Restrictions"]["GeoRestriction"]["Items"] == ["CH"]
    assert found["DefaultRootObject"] == "index.html"


def test_it_is_requested_now_and_awaited_later(account: Account) -> None:
    account.settings(provisioning_reads=3)
    client = account.client("cloudfront")
    run_module(account, MODULE, **BASE, wait=False)
    assert client.list_distributions()["DistributionList"]["Items"][0]["Status"] == "InProgress"
    with pytest.raises(ModuleFailed, match=r"that it is deployed: not after 0 s; last seen: InProgress"):
        run_module(account, MODULE, name=NAME, wait_timeout=0)
    assert not run_module(account, MODULE, name=NAME)["changed"]
    assert client.list_distributions()["DistributionList"]["Items"][0]["Status"] == "Deployed"
    assert run_module(account, MODULE, name=NAME, state="absent")["changed"]
    assert client.list_distributions()["DistributionList"].get("Items", []) == []


def test_an_interrupted_removal_is_finished(account: Account) -> None:
    run_module(account, MODULE, **{**BASE, "origins": [APP, ASSETS]})
    account.fault(service="cloudfront", operation="DeleteDistribution", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not delete CloudFront distribution {NAME}: .*DeleteDistribution"):
        run_module(account, MODULE, name=NAME, state="absent")
    assert config(account)["Enabled"] is False
    done = run_module(account, MODULE, name=NAME, state="absent")
    assert [change["resource"] for change in done["changes"]] == [
        "CloudFront distribution",
        "CloudFront origin access control",
    ]


def test_check_mode_with_what_is_not_there_yet(account: Account) -> None:
    unknown = "(known after apply)"
    since = account.position()
    predicted = run_module(
        account,
        MODULE,
        _check=True,
        **{**BASE, "origins": [{**APP, "domain_name": unknown}, ASSETS]},
        aliases=[DOMAIN],
        certificate_arn=unknown,
        web_acl_arn=unknown,
    )
    assert [change["action"] for change in predicted["changes"]] == ["create", "create"]
    assert predicted["distribution"]["domain_name"] == unknown
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"default_behavior": {"origin": "other"}}, "origin other of a behavior is none of app"),
        ({"default_behavior": {"origin": "app", "cache_policy": "Caching"}}, "cache_policy is 'Caching'; allowed are"),
        ({"aliases": [DOMAIN], "certificate_arn": ""}, "aliases need a certificate_arn"),
        ({"error_responses": [{"error_code": 404, "page": "/x"}]}, "error response 404 needs both"),
        ({"name": "n" * 65}, "the name has 65 characters; allowed are 64"),
        ({"origins": None}, "a new one needs origins"),
    ],
)
def test_bad_input_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    given = {key: value for key, value in {**BASE, **options}.items() if value is not None}
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, **given)
    assert message in str(failed.value)
    assert account.writes() == []


def test_two_of_the_name_are_refused(account: Account) -> None:
    made = run_module(account, MODULE, **BASE)["distribution"]
    answer = account.client("cloudfront").get_distribution_config(Id=made["id"])["DistributionConfig"]
    account.client("cloudfront").create_distribution(DistributionConfig={**answer, "CallerReference": "2"})
    with pytest.raises(ModuleFailed, match=f"more than one distribution with the comment {NAME}: .*{made['id']}"):
        run_module(account, MODULE, **BASE)


def test_an_aws_error_names_the_call(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=rf"Could not create CloudFront distribution {NAME}: .*InvalidViewerCert"):
        run_module(account, MODULE, **BASE, aliases=[DOMAIN])
