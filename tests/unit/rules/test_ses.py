# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.ses import problems

GOOD: dict[str, Any] = {
    "ses_name": "shop-prod-mail",
    "ses_domain": "example.com",
    "ses_dns": "domain",
    "ses_senders": ["noreply@example.com"],
    "ses_mail_from_domain": "mail.example.com",
    "ses_configuration_set": "shop-config-set",
    "ses_spf": "v=spf1 include:amazonses.com ~all",
    "ses_dmarc": "v=DMARC1; p=reject",
    "ses_templates": {"Welcome": {"subject": "Welcome", "text": "Hello {{name}}"}},
}


@pytest.mark.parametrize("options", [{}, GOOD, {**GOOD, "ses_spf": "", "ses_dmarc": "", "ses_mail_from_domain": ""}])
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ses_name": "a b"}, "ses_name is 'a b'"),
        ({"ses_domain": "Example", "ses_mail_from_domain": ""}, "ses_domain is 'Example'; allowed is a domain"),
        ({"ses_senders": ["noreply"]}, "ses_senders has 'noreply'; allowed is an address"),
        ({"ses_mail_from_domain": "mail.example.org"}, "allowed is a domain below example.com"),
        ({"ses_configuration_set": "a.b"}, "ses_configuration_set is 'a.b'"),
        ({"ses_spf": "spf"}, "ses_spf is 'spf'; allowed is a text that begins with 'v=spf1'"),
        ({"ses_dmarc": "p=none"}, "ses_dmarc is 'p=none'; allowed is a text that begins with 'v=DMARC1;'"),
        ({"ses_templates": {"a b": {"subject": "a", "text": "b"}}}, "ses_templates has 'a b'"),
        ({"ses_templates": {"a": {"body": "b"}}}, "allowed are subject, text, html"),
        ({"ses_templates": {"a": {"subject": "b"}}}, "ses_templates.a lacks something"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]


def test_the_zone_is_that_of_a_dns_component() -> None:
    components = {"domain": "dns", "orders": "sqs"}
    assert not list(validation.reference_problems("ses", {"ses_dns": "domain"}, components))
    assert not list(validation.reference_problems("ses", {"ses_dns": ""}, components))
    (problem,) = validation.reference_problems("ses", {"ses_dns": "orders"}, components)
    assert problem.startswith("ses_dns names 'orders', which is no dns")
