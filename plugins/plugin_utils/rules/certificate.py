# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import LABEL, REGISTRY, plain
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks, dns

ARN = re.compile(r"arn:[\w-]+:acm:[\w-]+:\d{12}:certificate/[\w-]+")
LONGEST_NAME = LABEL - len(REGISTRY)
MOST_NAMES = 100  # what AWS raises the quota to


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "certificate_name")
    if name is not None and (not dns.OWNER.fullmatch(name) or len(name) > LONGEST_NAME):
        allowed = f"1 to {LONGEST_NAME} letters, digits, - and _"
        yield f"certificate_name is {name!r} with {len(name)} characters; allowed are {allowed}"
    yield from _checks.between(options, "certificate_wait_timeout", 1, 259_200)
    if options.get("certificate_arn"):
        yield from _given(options)
    else:
        yield from _requested(options)


def _given(options: dict[str, Any]) -> Iterator[str]:
    arn = options["certificate_arn"]
    if not is_unknown(arn) and not ARN.fullmatch(arn):
        yield f"certificate_arn is {arn!r}; allowed is the ARN of a certificate of ACM"
    else:
        region = options.get("certificate_region")
        for problem in _checks.region_problem("certificate_arn", arn, region):
            yield problem.replace("where the environment is", "which is certificate_region")
    for option in ("certificate_domain", "certificate_alternative_names", "certificate_dns"):
        if options.get(option):
            yield f"{option} is set, but certificate_arn is set as well; allowed is one of them"


def _requested(options: dict[str, Any]) -> Iterator[str]:
    if not options.get("certificate_domain"):
        yield "certificate_domain is not set; it is required without certificate_arn"
    names = {"certificate_domain": options.get("certificate_domain")}
    further = options.get("certificate_alternative_names") or []
    names |= {f"certificate_alternative_names[{number}]": item for number, item in enumerate(further)}
    for option, name in names.items():
        if name and not is_unknown(name) and (not dns.HOST.fullmatch(plain(name)) or len(name) > 253):
            yield f"{option} is {name!r}; allowed is a domain name as www.example.com or *.example.com"
    if len(further) >= MOST_NAMES:
        yield f"certificate_alternative_names has {len(further)} items; allowed are up to {MOST_NAMES - 1}"


def _component(value: Any) -> Iterator[str]:
    if value:
        yield value


REFERENCES = {"certificate_dns": ("dns", _component)}
