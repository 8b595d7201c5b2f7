#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_distribution
short_description: Manage a CloudFront distribution
version_added: 0.2.0
description:
  - Creates, changes, disables and deletes a distribution, and the origin access control by which it reads private
    buckets, see U(https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html).
  - What an option does not name stays as it is, in origins and behaviors too.
  - M(community.aws.cloudfront_distribution) has no check mode, and knows neither origin access control nor managed
    policies.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name, up to 64 characters. CloudFront has no names of distributions; it is the comment.
    type: str
    required: true
  enabled:
    description:
      - Whether it answers requests. A new one does.
    type: bool
  aliases:
    description:
      - The host names that it answers to besides its own. They need O(certificate_arn).
    type: list
    elements: str
  certificate_arn:
    description:
      - The ARN of a certificate of C(us-east-1) for the aliases; empty for CloudFront's own.
    type: str
  minimum_protocol_version:
    description:
      - The least TLS that viewers may use, with O(certificate_arn) only. For a new one V(TLSv1.2_2021).
    type: str
    choices: [TLSv1, TLSv1_2016, TLSv1.1_2016, TLSv1.2_2018, TLSv1.2_2019, TLSv1.2_2021, TLSv1.2_2025, TLSv1.3_2025]
  origins:
    description:
      - Where content comes from. Required for a new distribution.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name that behaviors refer to.
        type: str
        required: true
      domain_name:
        description: The host name, as of a load balancer, or the regional domain name of a bucket.
        type: str
        required: true
      bucket:
        description: Whether it is a private bucket, read through origin access control. Its policy must allow it.
        type: bool
        default: false
      path:
        description: What is put in front of each path, as V(/static).
        type: str
        default: ""
      headers:
        description: Headers that CloudFront adds, as one by which the origin knows it. Their values are not shown.
        type: dict
        default: {}
      protocol_policy:
        description: How CloudFront speaks to an origin that is no bucket.
        type: str
        choices: [https-only, http-only, match-viewer]
        default: https-only
      http_port:
        description: The port for HTTP.
        type: int
        default: 80
      https_port:
        description: The port for HTTPS, which is TLS 1.2 at least.
        type: int
        default: 443
      read_timeout:
        description: For how many seconds to wait for an answer, from V(1) to V(120).
        type: int
        default: 30
      keepalive_timeout:
        description: For how many seconds a connection is kept, from V(1) to V(120).
        type: int
        default: 5
  default_behavior:
    description:
      - What is done with requests that no other behavior takes. Required for a new distribution.
    type: dict
    suboptions: &behavior
      origin:
        description: The name of the origin.
        type: str
        required: true
      viewer_protocol_policy:
        description: What is done with plain HTTP.
        type: str
        choices: [redirect-to-https, https-only, allow-all]
        default: redirect-to-https
      methods:
        description: The methods that are passed on, V(read) being GET and HEAD.
        type: str
        choices: [read, read_and_options, all]
        default: read
      compress:
        description: Whether CloudFront compresses what viewers can unpack.
        type: bool
        default: true
      cache_policy:
        description: The name of a managed cache policy, or the identifier of one.
        type: str
        default: CachingOptimized
      origin_request_policy:
        description: The name of a managed origin request policy, or the identifier of one; empty for none.
        type: str
        default: ""
      response_headers_policy:
        description: The name of a managed response headers policy, or the identifier of one; empty for none.
        type: str
        default: ""
  behaviors:
    description:
      - What is done with requests of certain paths; the first that fits is taken.
    type: list
    elements: dict
    suboptions:
      path:
        description: The pattern, as V(/static/*).
        type: str
        required: true
      <<: *behavior
  error_responses:
    description:
      - What is answered instead of errors of the origin.
    type: list
    elements: dict
    suboptions:
      error_code:
        description: The status that the origin answers with.
        type: int
        required: true
      response_code:
        description: The status for the viewer, with O(error_responses[].page).
        type: int
      page:
        description: The path of the page for the viewer, as V(/index.html).
        type: str
        default: ""
      caching_seconds:
        description: For how many seconds the error is kept.
        type: int
        default: 10
  default_root_object:
    description:
      - The object for requests of V(/), as V(index.html); empty for none.
    type: str
  price_class:
    description:
      - In which parts of the world it answers. For a new one V(PriceClass_100), North America and Europe.
    type: str
    choices: [PriceClass_100, PriceClass_200, PriceClass_All]
  http_version:
    description:
      - The most that viewers may use. For a new one V(http2and3).
    type: str
    choices: [http1.1, http2, http3, http2and3]
  ipv6:
    description:
      - Whether it answers over IPv6. A new one does.
    type: bool
  web_acl_arn:
    description:
      - The ARN of a web ACL of AWS WAF with the scope CLOUDFRONT; empty for none.
    type: str
  logging:
    description:
      - Where access logs go; an empty one ends them.
    type: dict
    suboptions:
      bucket:
        description: The domain name of a bucket that allows ACLs, as V(logs.s3.amazonaws.com).
        type: str
      prefix:
        description: What the names of the log objects begin with.
        type: str
        default: ""
      cookies:
        description: Whether cookies are logged.
        type: bool
        default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A distribution in front of a load balancer, with assets from a bucket
  slipway.fargate.cloudfront_distribution:
    name: shop-prod-cdn
    aliases: [shop.example.com]
    certificate_arn: arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012
    origins:
      - name: app
        domain_name: shop-123.eu-west-1.elb.amazonaws.com
      - name: assets
        domain_name: shop-assets.s3.eu-west-1.amazonaws.com
        bucket: true
    default_behavior:
      origin: app
      methods: all
      cache_policy: CachingDisabled
      origin_request_policy: AllViewer
    behaviors:
      - path: /static/*
        origin: assets
    wait: false

- name: Wait until it is deployed everywhere
  slipway.fargate.cloudfront_distribution:
    name: shop-prod-cdn

- name: Disable and delete it
  slipway.fargate.cloudfront_distribution:
    name: shop-prod-cdn
    state: absent
"""

RETURN = r"""
distribution:
  description: The distribution; empty when it was removed. Values of headers are not shown.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-cdn
    id:
      description: The identifier.
      type: str
      sample: E1234567890ABC
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:cloudfront::123456789012:distribution/E1234567890ABC
    domain_name:
      description: The host name.
      type: str
      sample: d111111abcdef8.cloudfront.net
    enabled:
      description: Whether it answers requests.
      type: bool
      sample: true
    aliases:
      description: The host names that it answers to besides its own.
      type: list
      elements: str
      sample: [shop.example.com]
    certificate_arn:
      description: The ARN of the certificate, or empty.
      type: str
      sample: arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012
    minimum_protocol_version:
      description: The least TLS that viewers may use.
      type: str
      sample: TLSv1.2_2021
    origins:
      description: Where content comes from.
      type: list
      elements: dict
      sample: []
    default_behavior:
      description: What is done with requests that no other behavior takes.
      type: dict
      sample: {}
    behaviors:
      description: What is done with requests of certain paths.
      type: list
      elements: dict
      sample: []
    error_responses:
      description: What is answered instead of errors of the origin.
      type: list
      elements: dict
      sample: []
    default_root_object:
      description: The object for requests of C(/), or empty.
      type: str
      sample: ""
    price_class:
      description: In which parts of the world it answers.
      type: str
      sample: PriceClass_100
    http_version:
      description: The most that viewers may use.
      type: str
      sample: http2and3
    ipv6:
      description: Whether it answers over IPv6.
      type: bool
      sample: true
    web_acl_arn:
      description: The ARN of the web ACL, or empty.
      type: str
      sample: ""
    logging:
      description: Where access logs go, or empty.
      type: dict
      sample: {}
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: CloudFront distribution
      name: shop-prod-cdn
      attributes: {"enabled": {"before": true, "after": false}}
"""

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils import cloudfront
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    SENSITIVE,
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    set_options,
    wait_for,
)

OPTIONS = (
    *("enabled", "aliases", "certificate_arn", "minimum_protocol_version", "origins", "default_behavior", "behaviors"),
    *(
        "error_responses",
        "default_root_object",
        "price_class",
        "http_version",
        "ipv6",
        "web_acl_arn",
        "logging",
        "tags",
    ),
)
LONGEST_NAME = 64  # that of an origin access control


class AccessControl(Resource):
    """By it CloudFront signs its requests, so that the buckets' policies can tell them."""

    type_name = "CloudFront origin access control"
    assigned = ("id",)

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient) -> None:
        name = module.params["name"]
        super().__init__(module, name, {"name": name}, module.params["state"])
        self.client = client

    def read(self) -> Attributes | None:
        listed = cloudfront.listed(self.client, "list_origin_access_controls", "OriginAccessControlList")
        found = next((item for item in listed if item["Name"] == self.name), None)
        return None if found is None else {"name": self.name, "id": found["Id"]}

    def create(self) -> None:
        config = {
            "Name": self.name,
            "Description": "Buckets behind the distribution",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.client.create_origin_access_control(OriginAccessControlConfig=config)["OriginAccessControl"]
        self.current = {"name": self.name, "id": made["Id"]}

    def delete(self) -> None:
        etag = self.client.get_origin_access_control(Id=self.current["id"])["ETag"]
        self.client.delete_origin_access_control(Id=self.current["id"], IfMatch=etag)


class Distribution(Resource):
    type_name = "CloudFront distribution"
    assigned = ("id", "arn", "domain_name")
    defaults = {
        "enabled": True,
        "aliases": [],
        "certificate_arn": "",
        "behaviors": [],
        "error_responses": [],
        "default_root_object": "",
        "price_class": "PriceClass_100",
        "http_version": "http2and3",
        "ipv6": True,
        "web_acl_arn": "",
        "logging": {},
        "tags": {},
    }
    unordered = ("aliases",)

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient, control: AccessControl | None) -> None:
        options = set_options(module, *OPTIONS)
        self.control = control
        if "origins" in options:
            options["origins"] = sorted(map(_origin, options["origins"]), key=lambda origin: origin["name"])
        if "error_responses" in options:
            whole = ({"response_code": None, **item} for item in options["error_responses"])
            options["error_responses"] = sorted(whole, key=lambda item: item["error_code"])
        if "logging" in options and not options["logging"].get("bucket"):
            options["logging"] = {}
        if options.get("certificate_arn"):
            options.setdefault("minimum_protocol_version", "TLSv1.2_2021")
        elif "certificate_arn" in options:  # CloudFront's own certificate comes with what CloudFront thinks fit
            options.pop("minimum_protocol_version", None)
        super().__init__(
            module, module.params["name"], {"name": module.params["name"], **options}, module.params["state"]
        )
        self.client = client
        self.config: dict[str, Any] = {}
        self.etag = ""
        self.status = ""

    def validate(self) -> None:
        if self.state == "absent":
            return
        names = [origin["name"] for origin in self.desired.get("origins", [])]
        behaviors = [self.desired.get("default_behavior"), *self.desired.get("behaviors", [])]
        given = [behavior for behavior in behaviors if behavior]
        problems = [f"origin {behavior['origin']} of a behavior is none of {', '.join(names)}" for behavior in given]
        problems = [
            problem for problem, behavior in zip(problems, given, strict=True) if behavior["origin"] not in names
        ]
        problems = problems if names else []
        problems += [
            problem
            for behavior in given
            for option in cloudfront.POLICIES
            if (problem := cloudfront.policy_problem(option, behavior[option]))
        ]
        problems += [
            f"error response {item['error_code']} needs both response_code and page"
            for item in self.desired.get("error_responses", [])
            if bool(item["page"]) != bool(item["response_code"])
        ]
        if len(self.name) > LONGEST_NAME:
            problems.append(f"the name has {len(self.name)} characters; allowed are {LONGEST_NAME}")
        if self.desired.get("aliases") and self.desired.get("certificate_arn") == "":
            problems.append("aliases need a certificate_arn")
        if problems:
            raise ResourceError(f"distribution {self.name}: " + "; ".join(problems))

    def plan(self) -> Any:
        self._control_id()
        change = super().plan()
        missing = [option for option in ("origins", "default_behavior") if option not in self.desired]
        if change and change.action == "create" and missing:
            raise ResourceError(f"distribution {self.name} is not there, and a new one needs {' and '.join(missing)}")
        return change

    def _control_id(self) -> None:
        known = (self.control.current or {}).get("id", UNKNOWN) if self.control else ""
        for origin in self.desired.get("origins", []):
            if origin["access_control_id"]:
                origin["access_control_id"] = known

    def same(self, key: str) -> bool:
        if key == "logging":  # an empty one counts as well
            return self.current[key] == self.desired[key]
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        return {**after, **{key: self.desired[key] for key in after.keys() & {"logging"} & self.desired.keys()}}

    def predict(self) -> Attributes:
        return {"minimum_protocol_version": UNKNOWN if "certificate_arn" in self.desired else "TLSv1"}

    def read(self) -> Attributes | None:
        found = cloudfront.distributions(self.client, self.name)
        if len(found) > 1:
            ids = ", ".join(sorted(item["Id"] for item in found))
            raise ResourceError(f"there is more than one distribution with the comment {self.name}: {ids}")
        if not found:
            return None
        answer = self.client.get_distribution(Id=found[0]["Id"])
        distribution, self.etag = answer["Distribution"], answer["ETag"]
        self.config, self.status = distribution["DistributionConfig"], distribution["Status"]
        tags = self.client.list_tags_for_resource(Resource=distribution["ARN"])["Tags"].get("Items") or []
        return {
            "name": self.name,
            "id": distribution["Id"],
            "arn": distribution["ARN"],
            "domain_name": distribution["DomainName"],
            **cloudfront.from_config(self.config),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def create(self) -> None:
        self._control_id()
        base = {"CallerReference": str(uuid.uuid4()), "Comment": self.name}  # CloudFront takes each reference once
        tags = [{"Key": key, "Value": value} for key, value in self.desired.get("tags", {}).items()]
        config = cloudfront.to_config(base, {**self.defaults, **self.desired})
        both = {"DistributionConfig": config, "Tags": {"Items": tags}}
        self.client.create_distribution_with_tags(DistributionConfigWithTags=both)

    def update(self, changed: set[str]) -> None:
        if changed - {"tags"}:
            self._control_id()
            certificate = {"certificate_arn", "minimum_protocol_version"}
            if changed & certificate:  # they are said together
                changed = changed | certificate
            wanted = {**self.current, **self.desired}
            self._put(cloudfront.to_config(self.config, {key: wanted[key] for key in changed}))
        if "tags" in changed:
            to_set, to_remove = self.tag_changes()
            if to_remove:
                self.client.untag_resource(Resource=self.current["arn"], TagKeys={"Items": to_remove})
            if to_set:
                tags = [{"Key": key, "Value": value} for key, value in to_set.items()]
                self.client.tag_resource(Resource=self.current["arn"], Tags={"Items": tags})

    def _put(self, config: dict[str, Any]) -> None:
        self.client.update_distribution(Id=self.current["id"], IfMatch=self.etag, DistributionConfig=config)

    def settle(self) -> None:
        if self.state == "present" and self.module.params["wait"]:
            self._deployed()

    def _deployed(self) -> None:
        wait_for(
            self.read,
            lambda seen: seen is not None and self.status == "Deployed",
            what=f"distribution {self.name}: that it is deployed",
            timeout=self.module.params["wait_timeout"],
            describe=lambda seen: self.status if seen else "it is not there",
        )

    def delete(self) -> None:
        if self.current["enabled"]:
            self._put({**self.config, "Enabled": False})
        self._deployed()  # CloudFront deletes only what is disabled everywhere
        self.client.delete_distribution(Id=self.current["id"], IfMatch=self.etag)

    def masked(self, attributes: Attributes) -> Attributes:
        origins = attributes.get("origins")
        if not origins:
            return attributes
        hidden = [{**origin, "headers": dict.fromkeys(origin["headers"], SENSITIVE)} for origin in origins]
        return {**attributes, "origins": hidden}


def _origin(given: Attributes) -> Attributes:
    """An item of the option in the form that is read; the access control's identifier comes later."""
    custom = {option: None if given["bucket"] else given[option] for option in cloudfront.CUSTOM}
    kept = {key: given[key] for key in ("name", "domain_name", "path", "headers")}
    headers = {name: str(value) for name, value in kept["headers"].items()}
    return {**kept, "headers": headers, "access_control_id": UNKNOWN if given["bucket"] else "", **custom}


def resources(module: AnsibleAWSModule) -> list[Resource]:
    client = RetryingClient(module, "cloudfront")
    absent = module.params["state"] == "absent"
    buckets = any(origin["bucket"] for origin in module.params["origins"] or [])
    control = AccessControl(module, client) if buckets or absent else None
    distribution = Distribution(module, client, None if absent else control)
    if absent:
        return [distribution, control]
    return [*([control] if control else []), distribution]


def argument_spec() -> dict[str, Any]:
    behavior: dict[str, Any] = {
        "origin": {"type": "str", "required": True},
        "viewer_protocol_policy": {
            "type": "str",
            "choices": list(cloudfront.VIEWER_PROTOCOLS),
            "default": "redirect-to-https",
        },
        "methods": {"type": "str", "choices": list(cloudfront.METHODS), "default": "read"},
        "compress": {"type": "bool", "default": True},
        "cache_policy": {"type": "str", "default": "CachingOptimized"},
        "origin_request_policy": {"type": "str", "default": ""},
        "response_headers_policy": {"type": "str", "default": ""},
    }
    origin: dict[str, Any] = {
        "name": {"type": "str", "required": True},
        "domain_name": {"type": "str", "required": True},
        "bucket": {"type": "bool", "default": False},
        "path": {"type": "str", "default": ""},
        "headers": {"type": "dict", "default": {}, "no_log": True},
        "protocol_policy": {"type": "str", "choices": list(cloudfront.ORIGIN_PROTOCOLS), "default": "https-only"},
        "http_port": {"type": "int", "default": 80},
        "https_port": {"type": "int", "default": 443},
        "read_timeout": {"type": "int", "default": 30},
        "keepalive_timeout": {"type": "int", "default": 5, "no_log": False},
    }
    response: dict[str, Any] = {
        "error_code": {"type": "int", "required": True},
        "response_code": {"type": "int"},
        "page": {"type": "str", "default": ""},
        "caching_seconds": {"type": "int", "default": 10},
    }
    logging: dict[str, Any] = {
        "bucket": {"type": "str"},
        "prefix": {"type": "str", "default": ""},
        "cookies": {"type": "bool", "default": False},
    }
    return {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "aliases": {"type": "list", "elements": "str"},
        "certificate_arn": {"type": "str"},
        "minimum_protocol_version": {"type": "str", "choices": list(cloudfront.MINIMUM_TLS)},
        "origins": {"type": "list", "elements": "dict", "options": origin},
        "default_behavior": {"type": "dict", "options": behavior},
        "behaviors": {
            "type": "list",
            "elements": "dict",
            "options": {"path": {"type": "str", "required": True}, **behavior},
        },
        "error_responses": {"type": "list", "elements": "dict", "options": response},
        "default_root_object": {"type": "str"},
        "price_class": {"type": "str", "choices": list(cloudfront.PRICE_CLASSES)},
        "http_version": {"type": "str", "choices": list(cloudfront.HTTP_VERSIONS)},
        "ipv6": {"type": "bool"},
        "web_acl_arn": {"type": "str"},
        "logging": {"type": "dict", "options": logging},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run_all(module, resources(module), key="distribution", collect=lambda found: found[-1] if found else {})


if __name__ == "__main__":
    main()
