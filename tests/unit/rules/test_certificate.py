# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.certificate import REFERENCES, problems

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
GOOD = {
    "certificate_name": "shop-prod-certificate",
    "certificate_domain": "example.com",
    "certificate_alternative_names": ["*.example.com", "(known after apply)"],
    "certificate_dns": "domain",
    "certificate_region": "us-east-1",
    "certificate_arn": "",
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({"certificate_arn": ARN, "certificate_region": "us-east-1", "certificate_dns": ""})) == []


def test_the_zone_is_a_component() -> None:
    kind, names = REFERENCES["certificate_dns"]
    assert (kind, list(names("domain")), list(names(""))) == ("dns", ["domain"], [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"certificate_name": "a" * 55}, "with 55 characters; allowed are 1 to 54"),
        ({"certificate_domain": ""}, "certificate_domain is not set; it is required"),
        ({"certificate_domain": "https://example.com"}, "certificate_domain is 'https://example.com'"),
        (
            {"certificate_alternative_names": ["a.*.example.com"]},
            "certificate_alternative_names[0] is 'a.*.example.com'",
        ),
        ({"certificate_alternative_names": [f"n{n}.example.com" for n in range(100)]}, "has 100 items"),
        ({"certificate_wait_timeout": 0}, "certificate_wait_timeout is 0"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"certificate_arn": "arn:x"}, "certificate_arn is 'arn:x'"),
        ({"certificate_region": "eu-west-1"}, "allowed is an ARN of eu-west-1, which is certificate_region"),
        ({"certificate_domain": "example.com"}, "certificate_domain is set, but certificate_arn is set as well"),
    ],
)
def test_what_is_refused_of_a_given_one(options: dict[str, Any], message: str) -> None:
    found = list(problems({"certificate_arn": ARN, "certificate_region": "us-east-1", **options}))
    assert len(found) == 1 and message in found[0], found
