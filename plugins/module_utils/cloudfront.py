# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A distribution's configuration in our normal form and in that of CloudFront."""

from __future__ import annotations

import copy
import re
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, RetryingClient, is_unknown

# The zone of every distribution's host name, for alias records:
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
HOSTED_ZONE_ID = "Z2FDTNDATAQYW2"
# The managed policies; AWS documents their identifiers, which are the same in every account:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHE_POLICIES = {
    "Amplify": "2e54312d-136d-493c-8eb9-b001f22f67d2",
    "CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "CachingOptimizedForUncompressedObjects": "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
    "Elemental-MediaPackage": "08627262-05a9-4f76-9ded-b50ca2e3a84f",
    "UseOriginCacheControlHeaders": "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
    "UseOriginCacheControlHeaders-QueryStrings": "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
}
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
ORIGIN_REQUEST_POLICIES = {
    "AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
    "AllViewerAndCloudFrontHeaders-2022-06": "33f36d7e-f396-46d9-90e0-52428a34d9dc",
    "AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    "CORS-CustomOrigin": "59781a5b-3903-41f3-afcb-af62929ccde1",
    "CORS-S3Origin": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
    "UserAgentRefererHeaders": "acba4595-bd28-49b8-b9fe-13317c0390fa",
}
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
RESPONSE_HEADERS_POLICIES = {
    "CORS-With-Preflight": "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
    "CORS-and-SecurityHeadersPolicy": "e61eb60c-9c35-4d20-a928-2b84e02af89c",
    "CORS-with-preflight-and-SecurityHeadersPolicy": "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
    "SecurityHeadersPolicy": "67f7725c-6f97-4210-82d7-5512b31e9d03",
    "SimpleCORS": "60669652-455b-4ae9-85a4-c4c02393f86c",
}
# Option of a behaviour -> its name in CloudFront and the managed policies.
POLICIES = {
    "cache_policy": ("CachePolicyId", CACHE_POLICIES),
    "origin_request_policy": ("OriginRequestPolicyId", ORIGIN_REQUEST_POLICIES),
    "response_headers_policy": ("ResponseHeadersPolicyId", RESPONSE_HEADERS_POLICIES),
}
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
METHODS = {
    "read": ["GET", "HEAD"],
    "read_and_options": ["GET", "HEAD", "OPTIONS"],
    "all": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
}
MINIMUM_TLS = (
    *("TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025"),
    "TLSv1.3_2025",
)
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
HTTP_VERSIONS = ("http1.1", "http2", "http3", "http2and3")
VIEWER_PROTOCOLS = ("redirect-to-https", "https-only", "allow-all")
ORIGIN_PROTOCOLS = ("https-only", "http-only", "match-viewer")
PLAIN = {  # attribute -> field that holds it as it is
    "enabled": "Enabled",
    "default_root_object": "DefaultRootObject",
    "price_class": "PriceClass",
    "http_version": "HttpVersion",
    "ipv6": "IsIPV6Enabled",
    "web_acl_arn": "WebACLId",
}
CUSTOM = {  # suboption of an origin that is no bucket -> field
    "protocol_policy": "OriginProtocolPolicy",
    "http_port": "HTTPPort",
    "https_port": "HTTPSPort",
    "read_timeout": "OriginReadTimeout",
    "keepalive_timeout": "OriginKeepaliveTimeout",
}


def distributions(client: RetryingClient, name: str) -> list[dict[str, Any]]:
    """The summaries of those whose comment is the name."""
    summaries = listed(client, "list_distributions", "DistributionList")
    return [summary for summary in summaries if summary["Comment"] == name]


def listed(client: RetryingClient, operation: str, key: str) -> list[dict[str, Any]]:
    """All items of a list, over every page."""
    found, page = [], {}
    while True:
        answer = getattr(client, operation)(**page)[key]
        found += items(answer)
        if not answer.get("IsTruncated"):
            return found
        page = {"Marker": answer["NextMarker"]}


def policy_problem(option: str, value: str) -> str | None:
    """What is wrong with the name or identifier of a policy."""
    names = POLICIES[option][1]
    if not value or is_unknown(value) or value in names or IDENTIFIER.fullmatch(value):
        return None
    return f"{option} is {value!r}; allowed are the identifier of a policy, {', '.join(names)}"


def items(value: dict[str, Any] | None) -> list[Any]:
    return (value or {}).get("Items") or []


def as_items(values: list[Any]) -> dict[str, Any]:
    return {"Quantity": len(values), **({"Items": values} if values else {})}


# From CloudFront's form.


def from_config(config: dict[str, Any]) -> Attributes:
    certificate, logging = config.get("ViewerCertificate", {}), config.get("Logging", {})
    return {
        **{attribute: config.get(field) for attribute, field in PLAIN.items()},
        "aliases": sorted(items(config.get("Aliases"))),
        "certificate_arn": certificate.get("ACMCertificateArn", ""),
        "minimum_protocol_version": certificate.get("MinimumProtocolVersion", ""),
        "origins": sorted(map(_origin, items(config["Origins"])), key=lambda origin: origin["name"]),
        "default_behavior": _behavior(config["DefaultCacheBehavior"]),
        "behaviors": [
            {"path": behavior["PathPattern"], **_behavior(behavior)} for behavior in items(config.get("CacheBehaviors"))
        ],
        "error_responses": sorted(
            map(_error_response, items(config.get("CustomErrorResponses"))), key=lambda item: item["error_code"]
        ),
        "logging": {key: logging[field] for key, field in LOGGING.items()} if logging.get("Enabled") else {},
    }


LOGGING = {"bucket": "Bucket", "prefix": "Prefix", "cookies": "IncludeCookies"}


def _origin(origin: dict[str, Any]) -> Attributes:
    custom = origin.get("CustomOriginConfig", {})
    return {
        "name": origin["Id"],
        "domain_name": origin["DomainName"],
        "path": origin.get("OriginPath", ""),
        "headers": {item["HeaderName"]: item["HeaderValue"] for item in items(origin.get("CustomHeaders"))},
        "access_control_id": origin.get("OriginAccessControlId", ""),
        **{option: custom.get(field) for option, field in CUSTOM.items()},
    }


def _behavior(behavior: dict[str, Any]) -> Attributes:
    allowed = sorted(items(behavior.get("AllowedMethods"))) or METHODS["read"]
    return {
        "origin": behavior["TargetOriginId"],
        "viewer_protocol_policy": behavior["ViewerProtocolPolicy"],
        "methods": next((name for name, methods in METHODS.items() if methods == allowed), ", ".join(allowed)),
        "compress": behavior.get("Compress", False),
        **{option: _policy_name(names, behavior.get(field, "")) for option, (field, names) in POLICIES.items()},
    }


def _policy_name(names: dict[str, str], identifier: str) -> str:
    return next((name for name, known in names.items() if known == identifier), identifier)


def _error_response(response: dict[str, Any]) -> Attributes:
    code = response.get("ResponseCode")
    return {
        "error_code": response["ErrorCode"],
        "response_code": int(code) if code else None,
        "page": response.get("ResponsePagePath", ""),
        "caching_seconds": response.get("ErrorCachingMinTTL", 10),
    }


# To CloudFront's form.


def to_config(base: dict[str, Any], desired: Attributes) -> dict[str, Any]:
    """The base with the desired attributes in it; what is not ours stays, also of origins and behaviours."""
    config = copy.deepcopy(base)
    config |= {field: desired[attribute] for attribute, field in PLAIN.items() if attribute in desired}
    if "aliases" in desired:
        config["Aliases"] = as_items(desired["aliases"])
    if "certificate_arn" in desired:
        config["ViewerCertificate"] = _certificate(desired)
    if "origins" in desired:
        known = {origin["Id"]: origin for origin in items(base.get("Origins"))}
        config["Origins"] = as_items(
            [_to_origin(known.get(origin["name"], {}), origin) for origin in desired["origins"]]
        )
    if "default_behavior" in desired:
        config["DefaultCacheBehavior"] = _to_behavior(base.get("DefaultCacheBehavior", {}), desired["default_behavior"])
    if "behaviors" in desired:
        paths = {behavior["PathPattern"]: behavior for behavior in items(base.get("CacheBehaviors"))}
        wanted = [_to_behavior(paths.get(item["path"], {}), item) for item in desired["behaviors"]]
        config["CacheBehaviors"] = as_items(wanted)
    if "error_responses" in desired:
        config["CustomErrorResponses"] = as_items([_to_error_response(item) for item in desired["error_responses"]])
    if "logging" in desired:
        logging = {"bucket": "", "prefix": "", "cookies": False, **desired["logging"]}
        fields = {field: logging[key] for key, field in LOGGING.items()}
        config["Logging"] = {"Enabled": bool(logging["bucket"]), **fields}
    return config


def _certificate(desired: Attributes) -> dict[str, Any]:
    if not desired["certificate_arn"]:
        return {"CloudFrontDefaultCertificate": True}
    return {
        "ACMCertificateArn": desired["certificate_arn"],
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": desired.get("minimum_protocol_version", MINIMUM_TLS[5]),
    }


def _to_origin(base: dict[str, Any], origin: Attributes) -> dict[str, Any]:
    base = {key: value for key, value in base.items() if key not in ("CustomOriginConfig", "S3OriginConfig")}
    headers = [{"HeaderName": name, "HeaderValue": value} for name, value in origin["headers"].items()]
    made = {
        **base,
        "Id": origin["name"],
        "DomainName": origin["domain_name"],
        "OriginPath": origin["path"],
        "CustomHeaders": as_items(headers),
        "OriginAccessControlId": origin["access_control_id"],
    }
    if origin["access_control_id"]:
        return {**made, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    custom = {field: origin[option] for option, field in CUSTOM.items()}
    return {**made, "CustomOriginConfig": {**custom, "OriginSslProtocols": as_items(["TLSv1.2"])}}


def _to_behavior(base: dict[str, Any], behavior: Attributes) -> dict[str, Any]:
    base = {key: value for key, value in base.items() if key not in {field for field, _ in POLICIES.values()}}
    policies = {
        field: names.get(behavior[option], behavior[option])
        for option, (field, names) in POLICIES.items()
        if behavior[option]
    }
    return {
        **base,
        **({"PathPattern": behavior["path"]} if "path" in behavior else {}),
        "TargetOriginId": behavior["origin"],
        "ViewerProtocolPolicy": behavior["viewer_protocol_policy"],
        "AllowedMethods": {**as_items(METHODS[behavior["methods"]]), "CachedMethods": as_items(METHODS["read"])},
        "Compress": behavior["compress"],
        **policies,
    }


def _to_error_response(response: Attributes) -> dict[str, Any]:
    made: dict[str, Any] = {"ErrorCode": response["error_code"], "ErrorCachingMinTTL": response["caching_seconds"]}
    if response["page"]:
        made |= {"ResponsePagePath": response["page"], "ResponseCode": str(response["response_code"])}
    return made
