# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-users"
MODULE = "cognito_user_pool"
PLAN = {"name": "plan", "maximum": 20}


def _id(account: Account) -> str:
    (pool,) = account.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    return pool["Id"]


def _pool(account: Account) -> dict[str, Any]:
    return account.client("cognito-idp").describe_user_pool(UserPoolId=_id(account))["UserPool"]


def _mfa(account: Account) -> dict[str, Any]:
    return account.client("cognito-idp").get_user_pool_mfa_config(UserPoolId=_id(account))


def _ses(account: Account) -> dict[str, str]:
    return {
        "sending_account": "DEVELOPER",
        "source_arn": f"arn:aws:ses:eu-west-1:{account.id}:identity/example.com",
        "from_address": "Shop <noreply@example.com>",
    }


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="user_pool",
        base={"name": NAME, "username_attributes": ["email"], "auto_verified_attributes": []},
        updates={
            "auto_verified_attributes": ["email"],
            "verify_before_update": ["email"],
            "password_policy": {"minimum_length": 12, "require_symbols": False, "password_history_size": 3},
            "attributes": [PLAN],
            "account_recovery": ["verified_email", "verified_phone_number"],
            "+another order": {"account_recovery": ["verified_phone_number", "verified_email"]},
            "admin_create_user_only": True,
            "verification_message": {"email_subject": "Your code", "email_message": "It is {####}"},
            "email": _ses(account),
            "+Cognito sends": {"email": {**dict.fromkeys(_ses(account), ""), "sending_account": "COGNITO_DEFAULT"}},
            "software_token_mfa": True,
            "mfa_configuration": "OPTIONAL",
            "tier": "PLUS",
            "tags": {"Environment": "dev"},
            "+other tags": {"tags": {"Team": "shop"}},
            "deletion_protection": True,
            "+no protection": {"deletion_protection": False},
        },
        fixed={"alias_attributes", "case_sensitive"},
        seen={
            "auto_verified_attributes": lambda account: _pool(account)["AutoVerifiedAttributes"],
            "verify_before_update": lambda account: _pool(account)["UserAttributeUpdateSettings"][
                "AttributesRequireVerificationBeforeUpdate"
            ],
            "admin_create_user_only": lambda account: _pool(account)["AdminCreateUserConfig"][
                "AllowAdminCreateUserOnly"
            ],
            "software_token_mfa": lambda account: _mfa(account)["SoftwareTokenMfaConfiguration"]["Enabled"],
            "mfa_configuration": lambda account: _mfa(account)["MfaConfiguration"],
            "tier": lambda account: _pool(account)["UserPoolTier"],
            "tags": lambda account: _pool(account)["UserPoolTags"],
            "deletion_protection": lambda account: _pool(account)["DeletionProtection"] == "ACTIVE",
            "account_recovery": lambda account: [
                item["Name"] for item in _pool(account)["AccountRecoverySetting"]["RecoveryMechanisms"]
            ],
            "email": lambda account: {
                "sending_account": _pool(account)["EmailConfiguration"]["EmailSendingAccount"],
                "source_arn": _pool(account)["EmailConfiguration"]["SourceArn"],
                "from_address": _pool(account)["EmailConfiguration"]["From"],
            },
        },
    ).check(account)


WHOLE = {
    "name": NAME,
    "username_attributes": ["email"],
    "case_sensitive": True,
    "auto_verified_attributes": ["email"],
    "password_policy": {"minimum_length": 10},
    "attributes": [{"name": "email", "required": True}, PLAN],
    "account_recovery": ["verified_email"],
    "mfa_configuration": "ON",
    "software_token_mfa": True,
    "deletion_protection": True,
    "tags": {"a": "b"},
}


def test_an_update_sets_nothing_back(account: Account) -> None:
    run_module(account, MODULE, **WHOLE)
    before = _pool(account)
    triggers = {"PreSignUp": "arn:aws:lambda:eu-west-1:123456789012:function:check"}
    kept = {key: before[key] for key in ("AutoVerifiedAttributes", "DeletionProtection", "Policies", "UserPoolTags")}
    account.client("cognito-idp").update_user_pool(
        UserPoolId=before["Id"], LambdaConfig=triggers, MfaConfiguration="ON", **kept
    )
    run_module(account, MODULE, name=NAME, admin_create_user_only=True)
    after = _pool(account)
    assert after["LambdaConfig"] == triggers
    assert {key: after[key] for key in kept} == kept
    assert after["MfaConfiguration"] == "ON"
    assert after["UsernameAttributes"] == ["email"] and after["UsernameConfiguration"] == {"CaseSensitive": True}


def test_unset_options_are_untouched(account: Account) -> None:
    run_module(account, MODULE, **WHOLE)
    assert not run_module(account, MODULE, name=NAME)["changed"]
    assert not run_module(account, MODULE, **WHOLE)["changed"]


def test_attributes_are_added_and_never_changed(account: Account) -> None:
    run_module(account, MODULE, **WHOLE)
    more = {"name": "age", "type": "Number", "minimum": 0}
    run_module(account, MODULE, name=NAME, attributes=[more])
    names = {item["Name"] for item in _pool(account)["SchemaAttributes"]}
    assert {"custom:plan", "custom:age", "email", "sub"} <= names
    since = account.position()
    with pytest.raises(ModuleFailed, match=r"attributes plan cannot be changed: it is fixed when the pool is created"):
        run_module(account, MODULE, name=NAME, attributes=[{**PLAN, "maximum": 30}], _check=True)
    assert account.writes(since) == []


@pytest.mark.parametrize("option", ["username_attributes", "alias_attributes", "case_sensitive"])
def test_what_cannot_be_changed_is_refused(account: Account, option: str) -> None:
    run_module(account, MODULE, **WHOLE)
    other = {"username_attributes": ["phone_number"], "alias_attributes": ["email"], "case_sensitive": False}
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"{option} cannot be changed from .*its users would not move"):
        run_module(account, MODULE, name=NAME, **{option: other[option]})
    assert account.writes(since) == []


def test_a_protected_pool_stays(account: Account) -> None:
    run_module(account, MODULE, **WHOLE)
    since = account.position()
    with pytest.raises(ModuleFailed, match="is protected; set deletion_protection to false first"):
        run_module(account, MODULE, name=NAME, state="absent")
    assert account.writes(since) == []


def test_two_pools_of_one_name_are_refused(account: Account) -> None:
    for _ in range(2):
        account.client("cognito-idp").create_user_pool(PoolName=NAME)
    with pytest.raises(ModuleFailed, match=f"there are 2 user pools {NAME}"):
        run_module(account, MODULE, name=NAME)


def test_an_interrupted_creation_gets_its_second_factor(account: Account) -> None:
    account.fault(service="cognito-idp", operation="SetUserPoolMfaConfig", code="NotAuthorizedException", message="no")
    with pytest.raises(ModuleFailed, match=f"Could not create Cognito user pool {NAME}: .*SetUserPoolMfaConfig.*no"):
        run_module(account, MODULE, **WHOLE)
    assert run_module(account, MODULE, **WHOLE)["changed"]
    assert _mfa(account)["MfaConfiguration"] == "ON"
    assert not run_module(account, MODULE, **WHOLE)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alias_attributes": ["email"]}, "username_attributes and alias_attributes exclude each other"),
        ({"attributes": [{"name": "plan", "required": True}]}, "attribute plan is required; allowed is that only of s"),
        ({"attributes": [{"name": "on", "type": "Boolean", "maximum": 1}]}, "attribute on of the type Boolean has lim"),
        ({"attributes": [{"name": "custom:plan"}]}, "allowed are names of 1 to 20 characters without a colon"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, **{"name": NAME, "username_attributes": ["email"], **options})
    assert message in str(failed.value)
    assert account.writes() == []
