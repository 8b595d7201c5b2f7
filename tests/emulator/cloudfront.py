# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFront: a configuration is read back whole, refused as AWS refuses it, and deployed before it can be deleted."""

from __future__ import annotations

import copy
from typing import Any

from moto.acm.models import acm_backends
from moto.cloudfront.exceptions import DistributionAlreadyExists, NoSuchDistribution
from moto.cloudfront.models import CloudFrontBackend, Distribution, OriginAccessControl, cloudfront_backends, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.wafv2.models import wafv2_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import begin, passing

REGION = "us-east-1"  # of the certificates and web ACLs that CloudFront takes
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html and others
MANAGED = {
    "CachePolicyId": (
        "2e54312d-136d-493c-8eb9-b001f22f67d2",
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
        "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
    ),
    "OriginRequestPolicyId": (
        "216adef6-5c7f-47e4-b989-5492eafa07d3",
        "33f36d7e-f396-46d9-90e0-52428a34d9dc",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        "59781a5b-3903-41f3-afcb-af62929ccde1",
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        "acba4595-bd28-49b8-b9fe-13317c0390fa",
    ),
    "ResponseHeadersPolicyId": (
        "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
        "e61eb60c-9c35-4d20-a928-2b84e02af89c",
        "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
        "67f7725c-6f97-4210-82d7-5512b31e9d03",
        "60669652-455b-4ae9-85a4-c4c02393f86c",
    ),
}
NO_POLICY = {
    "CachePolicyId": "NoSuchCachePolicy",
    "OriginRequestPolicyId": "NoSuchOriginRequestPolicy",
    "ResponseHeadersPolicyId": "NoSuchResponseHeadersPolicy",
}
LISTS = ("Aliases", "CacheBehaviors", "CustomErrorResponses", "OriginGroups")
METHODS = ["HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH"]  # the order in which AWS gives them
SUMMARY = (
    *(
        "Aliases",
        "Origins",
        "OriginGroups",
        "DefaultCacheBehavior",
        "CacheBehaviors",
        "CustomErrorResponses",
        "Comment",
    ),
    *("PriceClass", "Enabled", "ViewerCertificate", "Restrictions", "WebACLId", "HttpVersion", "IsIPV6Enabled"),
)


class Backend(CloudFrontBackend):
    """https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html"""

    def create_distribution_with_tags(
        self, distribution_config: dict[str, Any], tags: list[dict[str, str]]
    ) -> tuple[Distribution, str, str]:
        config = _whole(distribution_config)
        self._check(config, "")
        twin = next(
            (d for d in self.distributions.values() if d.raw["CallerReference"] == config["CallerReference"]), None
        )
        if twin is not None:
            raise DistributionAlreadyExists(twin.distribution_id)
        made = Distribution(self.account_id, self.region_name, copy.deepcopy(config))
        made.raw = config
        self.distributions[made.distribution_id] = made
        self.tagger.tag_resource(made.arn, tags)
        begin(self, "distribution", made.distribution_id, "InProgress")
        return made, made.location, made.etag

    def update_distribution(
        self, dist_config: dict[str, Any], _id: str, if_match: Any
    ) -> tuple[Distribution, str, str]:
        found = self._matching(_id, if_match)
        config = _whole(dist_config)
        if config["CallerReference"] != found.raw["CallerReference"]:
            raise AwsError("IllegalUpdate", "The caller reference of a distribution cannot be changed.")
        self._check(config, _id)
        found.raw, found.etag = config, random_id()
        begin(self, "distribution", _id, "InProgress")
        return found, found.location, found.etag

    def delete_distribution(self, distribution_id: str, if_match: Any) -> None:
        found = self._matching(distribution_id, if_match)
        if found.raw["Enabled"] or passing(self, "distribution", distribution_id):
            message = "The distribution you are trying to delete has not been disabled."
            raise AwsError("DistributionNotDisabled", message)
        del self.distributions[distribution_id]

    def state_of(self, found: Distribution, *, read: bool) -> str:
        return passing(self, "distribution", found.distribution_id, read=read) or "Deployed"

    def delete_origin_access_control(self, control_id: str) -> None:
        self.get_origin_access_control(control_id)
        origins = (origin for item in self.distributions.values() for origin in item.raw["Origins"]["Items"])
        if any(origin["OriginAccessControlId"] == control_id for origin in origins):
            message = "Cannot delete the origin access control because it's in use by one or more other resources."
            raise AwsError("OriginAccessControlInUse", message)
        super().delete_origin_access_control(control_id)

    def create_origin_access_control(self, config_dict: dict[str, str]) -> OriginAccessControl:
        if len(config_dict["Name"]) > 64:
            raise AwsError("InvalidArgument", "The parameter Name is too big.")
        if any(control.name == config_dict["Name"] for control in self.origin_access_controls.values()):
            message = "An origin access control with the same name already exists."
            raise AwsError("OriginAccessControlAlreadyExists", message)
        return super().create_origin_access_control(config_dict)

    def _matching(self, distribution_id: str, if_match: Any) -> Distribution:
        if distribution_id not in self.distributions:
            raise NoSuchDistribution
        found = self.distributions[distribution_id]
        if not if_match:
            raise AwsError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
        if if_match != found.etag:
            raise AwsError("PreconditionFailed", "The request failed because it didn't meet the preconditions.")
        return found

    def _check(self, config: dict[str, Any], own: str) -> None:
        origins = config["Origins"]["Items"]
        names = [origin["Id"] for origin in origins]
        for origin in origins:
            self._check_origin(origin)
        for behavior in [config["DefaultCacheBehavior"], *config["CacheBehaviors"].get("Items", [])]:
            if behavior["TargetOriginId"] not in names:
                message = "One or more of your origins or origin groups do not exist."
                raise AwsError("NoSuchOrigin", message)
            _check_policies(behavior)
        self._check_certificate(config["ViewerCertificate"], config["Aliases"].get("Items", []))
        for other_id, other in self.distributions.items():
            taken = set(other.raw["Aliases"].get("Items", [])) & set(config["Aliases"].get("Items", []))
            if taken and other_id != own:
                message = "One or more of the CNAMEs you provided are already associated with a different resource."
                raise AwsError("CNAMEAlreadyExists", message)
        acls = [acl for region in wafv2_backends[self.account_id].values() for acl in region.wacls]
        if config["WebACLId"] and (config["WebACLId"] not in acls or ":global/webacl/" not in config["WebACLId"]):
            raise AwsError("InvalidWebACLId", "Web ACL is not accessible by the requester.")

    def _check_origin(self, origin: dict[str, Any]) -> None:
        control = origin["OriginAccessControlId"]
        if control and control not in self.origin_access_controls:
            raise AwsError("InvalidOriginAccessControl", "The origin access control is not valid.")
        if ("S3OriginConfig" in origin) == ("CustomOriginConfig" in origin):
            raise AwsError("InvalidOrigin", "Exactly one of S3OriginConfig and CustomOriginConfig must be given.")
        bucket = ".s3" in origin["DomainName"] and origin["DomainName"].endswith(
            (".amazonaws.com", ".amazonaws.com.cn")
        )
        if "S3OriginConfig" in origin and not bucket:
            message = "The specified origin server does not refer to a valid Amazon S3 bucket."
            raise AwsError("InvalidOrigin", message)

    def _check_certificate(self, certificate: dict[str, Any], aliases: list[str]) -> None:
        arn = certificate.get("ACMCertificateArn")
        if aliases and not arn:
            message = (
                "To add an alternate domain name (CNAME), you must attach a trusted certificate that validates it."
            )
            raise AwsError("InvalidViewerCertificate", message)
        if not arn:
            return
        known = acm_backends[self.account_id][REGION]._certificates
        if arn not in known or known[arn].status != "ISSUED":
            message = "The specified SSL certificate doesn't exist, isn't in us-east-1 region, or isn't valid."
            raise AwsError("InvalidViewerCertificate", message)
        names = {known[arn].common_name, *known[arn].sans}
        for alias in aliases:
            if not names & {alias, f"*.{alias.partition('.')[2]}"}:
                message = (
                    "The certificate that is attached to your distribution doesn't cover the alternate domain name."
                )
                raise AwsError("InvalidViewerCertificate", message)


def _check_policies(behavior: dict[str, Any]) -> None:
    if not behavior.get("CachePolicyId") and "ForwardedValues" not in behavior:
        message = "The parameter ForwardedValues is required when CachePolicyId is not given."
        raise AwsError("InvalidArgument", message)
    for field, known in MANAGED.items():
        if behavior.get(field) and behavior[field] not in known:
            raise AwsError(NO_POLICY[field], "The policy does not exist.")


def _whole(given: dict[str, Any]) -> dict[str, Any]:
    """With what AWS gives that nobody set."""
    config = {
        "DefaultRootObject": "",
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
        **{field: {"Quantity": 0} for field in LISTS},
        **copy.deepcopy(given),
    }
    certificate = config["ViewerCertificate"]
    if not certificate.get("ACMCertificateArn"):
        default = {"CloudFrontDefaultCertificate": True, "SSLSupportMethod": "vip", "MinimumProtocolVersion": "TLSv1"}
        config["ViewerCertificate"] = {**default, "CertificateSource": "cloudfront"}
    else:
        config["ViewerCertificate"] = {**certificate, "Certificate": certificate["ACMCertificateArn"]}
    for field in LISTS:
        _count(config[field])
    for origin in config["Origins"]["Items"]:
        _whole_origin(origin)
    for behavior in [config["DefaultCacheBehavior"], *config["CacheBehaviors"].get("Items", [])]:
        _whole_behavior(behavior)
    return config


def _count(value: dict[str, Any]) -> None:
    if not value.get("Items"):
        value.pop("Items", None)
    value["Quantity"] = len(value.get("Items", []))


def _whole_origin(origin: dict[str, Any]) -> None:
    defaults = {
        "OriginPath": "",
        "CustomHeaders": {"Quantity": 0},
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginShield": {"Enabled": False},
        "OriginAccessControlId": "",
    }
    for field, value in defaults.items():
        if origin.get(field) is None:
            origin[field] = value
    _count(origin["CustomHeaders"])


def _whole_behavior(behavior: dict[str, Any]) -> None:
    behavior.setdefault("Compress", False)
    behavior.setdefault("SmoothStreaming", False)
    behavior.setdefault("FieldLevelEncryptionId", "")
    behavior.setdefault("LambdaFunctionAssociations", {"Quantity": 0})
    behavior.setdefault("FunctionAssociations", {"Quantity": 0})
    allowed = behavior.setdefault("AllowedMethods", {"Items": ["GET", "HEAD"]})
    for methods in (allowed, allowed.setdefault("CachedMethods", {"Items": ["GET", "HEAD"]})):
        methods["Items"] = sorted(methods["Items"], key=METHODS.index)
        _count(methods)


@answer_with
class Response(CloudFrontResponse):
    def create_distribution(self) -> ActionResult:
        return self._created(self._get_param("DistributionConfig", {}), [])

    def create_distribution_with_tags(self) -> ActionResult:
        both = self._get_param("DistributionConfigWithTags", {})
        return self._created(both["DistributionConfig"], (both.get("Tags") or {}).get("Items") or [])

    def _created(self, config: dict[str, Any], tags: list[dict[str, str]]) -> ActionResult:
        made, location, etag = self.backend.create_distribution_with_tags(config, tags)
        return ActionResult({"Distribution": self._described(made), "ETag": etag, "Location": location})

    def update_distribution(self) -> ActionResult:
        config, which = self._get_param("DistributionConfig", {}), self._get_param("Id")
        changed, location, etag = self.backend.update_distribution(config, which, self._get_param("IfMatch"))
        return ActionResult({"Distribution": self._described(changed), "ETag": etag, "Location": location})

    def get_distribution(self) -> ActionResult:
        found, etag = self.backend.get_distribution(self._get_param("Id"))
        return ActionResult({"Distribution": self._described(found, read=True), "ETag": etag})

    def get_distribution_config(self) -> ActionResult:
        found, etag = self.backend.get_distribution(self._get_param("Id"))
        return ActionResult({"DistributionConfig": found.raw, "ETag": etag})

    def list_distributions(self) -> ActionResult:
        found = [
            {**self._head(item, read=False), **{field: item.raw[field] for field in SUMMARY}}
            for item in self.backend.distributions.values()
        ]
        answer = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(found), "Items": found or None}
        return ActionResult({"DistributionList": answer})

    def delete_origin_access_control(self) -> ActionResult:
        control = self.backend.get_origin_access_control(self._get_param("Id"))
        if self._get_param("IfMatch") != control.etag:
            raise AwsError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
        self.backend.delete_origin_access_control(control.id)
        return EmptyResult()

    def _head(self, found: Distribution, *, read: bool) -> dict[str, Any]:
        return {
            "Id": found.distribution_id,
            "ARN": found.arn,
            "Status": self.backend.state_of(found, read=read),
            "LastModifiedTime": found.last_modified_time,
            "DomainName": found.domain_name,
        }

    def _described(self, found: Distribution, *, read: bool = False) -> dict[str, Any]:
        return {
            **self._head(found, read=read),
            "InProgressInvalidationBatches": 0,
            "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "DistributionConfig": found.raw,
        }


model_with(cloudfront_backends, Backend)
