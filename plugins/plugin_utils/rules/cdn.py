# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.cloudfront import POLICIES, policy_problem
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import plain
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks, dns

Options = Mapping[str, Any]

LONGEST_NAME = 64  # that of an origin access control
ERROR_CODES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
TIMEOUTS = {"read_timeout_seconds": (1, 120), "keepalive_timeout_seconds": (1, 120)}
PORTS = {"http_port": (1, 65535), "https_port": (1, 65535)}
# CloudFront refuses these as custom headers, see
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
REFUSED_HEADERS = {"cache-control", "connection", "content-length", "cookie", "host", "range", "te", "upgrade", "via"}


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "cdn_name")
    if name is not None and not 1 <= len(name) <= LONGEST_NAME:
        yield f"cdn_name is {name!r} with {len(name)} characters; allowed are 1 to {LONGEST_NAME}"
    yield from _checks.between(options, "cdn_wait_timeout", 1, 86_400)
    yield from _aliases(options)
    yield from _origins(options)
    yield from _behaviors(options)
    yield from _errors(options)
    root = _checks.known(options, "cdn_default_root_object") or ""
    if root.startswith("/"):
        yield f"cdn_default_root_object is {root!r}; allowed is a name that does not begin with a slash"


def _aliases(options: Options) -> Iterator[str]:
    aliases = options.get("cdn_aliases") or []
    for alias in aliases:
        if not is_unknown(alias) and not dns.HOST.fullmatch(plain(alias)):
            yield f"cdn_aliases has {alias!r}; allowed are host names as www.example.com"
    if aliases and not options.get("cdn_certificate"):
        yield "cdn_aliases is set and cdn_certificate is not; allowed with aliases is a certificate in us-east-1"


def _origins(options: Options) -> Iterator[str]:
    names: set[str] = set()
    for number, origin in enumerate(options.get("cdn_origins") or []):
        where, name = f"cdn_origins[{number}]", origin.get("name")
        if name in names:
            yield f"{where}.name is {name!r}, as of another; allowed is each name once"
        names.add(name)
        if bool(origin.get("component")) == bool(origin.get("domain_name")):
            yield f"{where} has {'both' if origin.get('component') else 'neither'}; needed is component or domain_name"
        path = origin.get("path") or ""
        if path and not is_unknown(path) and (not path.startswith("/") or path.endswith("/")):
            yield f"{where}.path is {path!r}; allowed is a path that begins with a slash and ends with none"
        for option, (low, high) in {**TIMEOUTS, **PORTS}.items():
            value = origin.get(option)
            if value is not None and not is_unknown(value) and not low <= int(value) <= high:
                yield f"{where}.{option} is {value}; allowed are {low} to {high}"
        for header in origin.get("headers") or {}:
            refused = header.lower() in REFUSED_HEADERS or header.lower().startswith(("x-amz-", "x-edge-", "proxy-"))
            if refused or not HEADER.fullmatch(header):
                yield f"{where}.headers has {header!r}, which CloudFront does not add; allowed are such as X-Origin"


def _behaviors(options: Options) -> Iterator[str]:
    names = [origin.get("name") for origin in options.get("cdn_origins") or []]
    behaviors = {"cdn_default_behavior": options.get("cdn_default_behavior") or {}}
    behaviors |= {f"cdn_behaviors[{n}]": item for n, item in enumerate(options.get("cdn_behaviors") or [])}
    paths: set[str] = set()
    for where, behavior in behaviors.items():
        origin = behavior.get("origin")
        if origin and not is_unknown(origin) and names and origin not in names:
            yield f"{where}.origin is {origin!r}; allowed are {', '.join(names)}"
        for option in POLICIES:
            problem = policy_problem(option, behavior.get(option) or "")
            if problem:
                yield f"{where}.{problem}"
        path = behavior.get("path")
        if path in paths:
            yield f"{where}.path is {path!r}, as of another; allowed is each path once"
        if path is not None:
            paths.add(path)


def _errors(options: Options) -> Iterator[str]:
    for number, item in enumerate(options.get("cdn_error_responses") or []):
        where, code = f"cdn_error_responses[{number}]", item.get("error_code")
        if code is not None and not is_unknown(code) and int(code) not in ERROR_CODES:
            yield f"{where}.error_code is {code}; allowed are {', '.join(map(str, ERROR_CODES))}"
        if bool(item.get("page")) != bool(item.get("response_code")):
            yield f"{where} has one of page and response_code; allowed are both and none"


def _origin_components(value: Any) -> Iterator[str]:
    yield from (item["component"] for item in value if isinstance(item, Mapping) and item.get("component"))


def _one(value: Any) -> Iterator[str]:
    if value:
        yield value


REFERENCES = {
    "cdn_certificate": ("certificate", _one),
    "cdn_origins": ("alb|s3_bucket", _origin_components),
    "cdn_waf": ("waf", _one),
    "cdn_log_bucket": ("s3_bucket", _one),
}
