# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "sesv2_email_identity"
DOMAIN = "example.com"


def _identity(account: Account, name: str = DOMAIN) -> dict[str, Any]:
    return account.client("sesv2").get_email_identity(EmailIdentity=name)


def test_matrix_of_a_domain(account: Account) -> None:
    account.client("sesv2").create_configuration_set(ConfigurationSetName="shop")
    Matrix(
        module=MODULE,
        key="identity",
        base={"identity": DOMAIN},
        updates={
            "configuration_set_name": "shop",
            "+no configuration set": {"configuration_set_name": ""},
            "dkim_signing_enabled": False,
            "dkim_key_length": "RSA_1024_BIT",
            "mail_from_domain": "mail.example.com",
            "behavior_on_mx_failure": "REJECT_MESSAGE",
            "+the domain of SES": {"mail_from_domain": "", "behavior_on_mx_failure": "USE_DEFAULT_VALUE"},
            "email_forwarding_enabled": False,
            "tags": {"Environment": "dev"},
            "+other tags": {"tags": {"Team": "shop"}},
        },
        seen={
            "configuration_set_name": lambda account: _identity(account)["ConfigurationSetName"],
            "dkim_signing_enabled": lambda account: _identity(account)["DkimAttributes"]["SigningEnabled"],
            "dkim_key_length": lambda account: _identity(account)["DkimAttributes"]["NextSigningKeyLength"],
            "mail_from_domain": lambda account: _identity(account)["MailFromAttributes"]["MailFromDomain"],
            "behavior_on_mx_failure": lambda account: _identity(account)["MailFromAttributes"]["BehaviorOnMxFailure"],
            "email_forwarding_enabled": lambda account: _identity(account)["FeedbackForwardingStatus"],
            "tags": lambda account: {tag["Key"]: tag["Value"] for tag in _identity(account)["Tags"]},
        },
    ).check(account)


def test_an_address_with_everything_at_once(account: Account) -> None:
    options = {"identity": "noreply@example.com", "mail_from_domain": "mail.example.com", "tags": {"a": "b"}}
    run_module(account, MODULE, **options, email_forwarding_enabled=False)
    found = _identity(account, "noreply@example.com")
    assert found["MailFromAttributes"]["MailFromDomain"] == "mail.example.com"
    assert not found["FeedbackForwardingStatus"]
    assert not run_module(account, MODULE, identity="noreply@example.com")["changed"]


def test_a_domain_has_three_tokens(account: Account) -> None:
    done = run_module(account, MODULE, identity=DOMAIN)["identity"]
    assert done["dkim_tokens"] == _identity(account)["DkimAttributes"]["Tokens"] and len(done["dkim_tokens"]) == 3
    assert (done["dkim_status"], done["verified"]) == ("PENDING", False)


def test_an_interrupted_creation_is_finished(account: Account) -> None:
    options = {"identity": DOMAIN, "mail_from_domain": "mail.example.com"}
    account.fault(
        service="sesv2", operation="PutEmailIdentityMailFromAttributes", code="BadRequestException", message="no"
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create SES identity {DOMAIN}: .*MailFromAttributes.*no"):
        run_module(account, MODULE, **options)
    assert run_module(account, MODULE, **options)["changed"]
    assert _identity(account)["MailFromAttributes"]["MailFromDomain"] == "mail.example.com"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mail_from_domain": "example.org"}, "mail_from_domain is example.org; allowed is a domain below example.com"),
        ({"identity": "a@example.com", "dkim_key_length": "RSA_1024_BIT"}, "only domains have keys"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, **{"identity": DOMAIN, **options})
    assert message in str(failed.value)
    assert account.writes() == []
