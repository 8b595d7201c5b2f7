# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.cognito import problems

GOOD: dict[str, Any] = {
    "cognito_name": "shop-prod-users",
    "cognito_client_name": "shop-prod-web",
    "cognito_secret_name": "shop/cognito",
    "cognito_username_attributes": ["email"],
    "cognito_auto_verified_attributes": ["email"],
    "cognito_verify_before_update": ["email"],
    "cognito_attributes": [{"name": "email", "required": True}, {"name": "plan"}],
    "cognito_domain": "shop-prod",
    "cognito_domain_certificate_arn": "",
    "cognito_oauth_flows": ["code"],
    "cognito_callback_urls": ["https://shop.example.com/callback", "http://localhost:3000/callback", "shop://in"],
    "cognito_other_clients": [{"name": "mobile"}],
}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/x"


@pytest.mark.parametrize(
    "options",
    [
        {},
        GOOD,
        {**GOOD, "cognito_domain": "auth.example.com", "cognito_domain_certificate_arn": CERTIFICATE},
        {**GOOD, "cognito_domain_certificate_arn": "(known after apply)", "cognito_domain": "auth.example.com"},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cognito_name": "shop/users"}, "cognito_name is 'shop/users'"),
        ({"cognito_secret_name": "a b"}, "cognito_secret_name is 'a b'"),
        ({"cognito_secret_recovery_window_days": 3}, "cognito_secret_recovery_window_days is 3; allowed are 0 and 7"),
        ({"cognito_password_minimum_length": 5}, "cognito_password_minimum_length is 5; allowed are 6 to 99"),
        ({"cognito_access_token_minutes": 1441}, "cognito_access_token_minutes is 1441; allowed are 5 to 1440"),
        ({"cognito_alias_attributes": ["email"]}, "cognito_alias_attributes are set; allowed is one of them"),
        ({"cognito_verify_before_update": ["phone_number"]}, "cognito_verify_before_update has phone_number"),
        ({"cognito_account_recovery": ["admin_only", "verified_email"]}, "has admin_only beside others"),
        ({"cognito_attributes": [{}]}, "cognito_attributes[0] has no name"),
        ({"cognito_attributes": [{"name": "a", "type": "Text"}]}, "has the type Text; allowed are String"),
        ({"cognito_attributes": [{"name": "a", "required": True}]}, "attribute a is required"),
        ({"cognito_domain": "my-aws-shop"}, "cognito_domain is 'my-aws-shop'"),
        ({"cognito_domain": "auth.example.com"}, "cognito_domain is 'auth.example.com'"),
        ({"cognito_domain_certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")}, "certificate in us-east-1"),
        ({"cognito_auth_flows": ["SRP"]}, "cognito_auth_flows has 'SRP'; allowed are ALLOW_USER_SRP_AUTH"),
        ({"cognito_callback_urls": []}, "needed are cognito_callback_urls"),
        ({"cognito_oauth_flows": ["code", "client_credentials"]}, "has client_credentials; allowed is it alone"),
        ({"cognito_callback_urls": ["http://shop.example.com"]}, "cognito_callback_urls has 'http://shop.example.com'"),
        ({"cognito_other_clients": [{}]}, "cognito_other_clients[0] has no name"),
        ({"cognito_other_clients": [{"name": "shop-prod-web"}]}, "as another client; allowed is another name"),
        (
            {"cognito_email_from": "a@b.c"},
            "cognito_email_from is set; allowed is it only with cognito_email_source_arn",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]
