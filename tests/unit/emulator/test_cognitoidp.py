# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., str]


@pytest.fixture
def cognito(aws: Any) -> Any:
    return aws("cognito-idp")


@pytest.fixture
def pool(cognito: Any) -> dict[str, Any]:
    return cognito.create_user_pool(
        PoolName="users",
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "plan", "AttributeDataType": "String"}],
        UserPoolTags={"a": "b"},
    )["UserPool"]


def _described(cognito: Any, pool: dict[str, Any]) -> dict[str, Any]:
    return cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]


def test_a_pool_has_the_standard_attributes_beside_its_own(pool: dict[str, Any]) -> None:
    names = {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    assert {"sub", "email", "custom:plan"} <= names
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8


def test_an_update_sets_back_what_it_does_not_say(cognito: Any, pool: dict[str, Any]) -> None:
    policy = {"PasswordPolicy": {"MinimumLength": 12}}
    cognito.update_user_pool(UserPoolId=pool["Id"], Policies=policy, DeletionProtection="ACTIVE")
    found = _described(cognito, pool)
    assert "AutoVerifiedAttributes" not in found
    assert found["UsernameAttributes"] == ["email"] and found["UserPoolTags"] == {"a": "b"}
    assert found["Policies"]["PasswordPolicy"]["RequireSymbols"]
    cognito.update_user_pool(UserPoolId=pool["Id"])
    found = _described(cognito, pool)
    assert (found["DeletionProtection"], found["Policies"]["PasswordPolicy"]["MinimumLength"]) == ("INACTIVE", 8)


def test_deletion_protection_and_a_domain_keep_a_pool(
    cognito: Any, aws: Any, pool: dict[str, Any], refused: Refused
) -> None:
    delete = cognito.delete_user_pool
    cognito.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="ACTIVE")
    assert "deletion protection" in refused("InvalidParameterException", delete, UserPoolId=pool["Id"])
    cognito.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
    domain = f"shop-{aws.account}"
    cognito.create_user_pool_domain(Domain=domain, UserPoolId=pool["Id"])
    assert "domain" in refused("InvalidParameterException", delete, UserPoolId=pool["Id"])
    wrong = {"Domain": domain, "UserPoolId": "eu-west-1_other"}
    refused("InvalidParameterException", cognito.delete_user_pool_domain, **wrong)
    cognito.delete_user_pool_domain(Domain=domain, UserPoolId=pool["Id"])
    cognito.delete_user_pool(UserPoolId=pool["Id"])


def test_a_second_factor_must_be_there(cognito: Any, pool: dict[str, Any], refused: Refused) -> None:
    refused("InvalidParameterException", cognito.create_user_pool, PoolName="x", MfaConfiguration="ON")
    call = cognito.set_user_pool_mfa_config
    off = {"Enabled": False}
    refused(
        "InvalidParameterException",
        call,
        UserPoolId=pool["Id"],
        MfaConfiguration="ON",
        SoftwareTokenMfaConfiguration=off,
    )
    on = {"Enabled": True}
    call(UserPoolId=pool["Id"], MfaConfiguration="ON", SoftwareTokenMfaConfiguration=on)
    cognito.update_user_pool(UserPoolId=pool["Id"], MfaConfiguration="ON")
    assert _described(cognito, pool)["MfaConfiguration"] == "ON"


def test_what_a_pool_cannot_be(cognito: Any, refused: Refused) -> None:
    wrong: list[dict[str, Any]] = [
        {"PoolName": "a/b"},
        {"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": 5}}},
        {"PoolName": "a", "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}},
        {"PoolName": "a", "UsernameAttributes": ["email"], "AliasAttributes": ["email"]},
        {
            "PoolName": "a",
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        },
    ]
    for parameters in wrong:
        refused("InvalidParameterException", cognito.create_user_pool, **parameters)


def test_tags(cognito: Any, pool: dict[str, Any], refused: Refused) -> None:
    cognito.tag_resource(ResourceArn=pool["Arn"], Tags={"c": "d"})
    cognito.untag_resource(ResourceArn=pool["Arn"], TagKeys=["a"])
    assert cognito.list_tags_for_resource(ResourceArn=pool["Arn"])["Tags"] == {"c": "d"}
    assert _described(cognito, pool)["UserPoolTags"] == {"c": "d"}
    refused("ResourceNotFoundException", cognito.list_tags_for_resource, ResourceArn=f"{pool['Arn']}x")


def test_domains(cognito: Any, aws: Any, pool: dict[str, Any], refused: Refused) -> None:
    create, domain = cognito.create_user_pool_domain, f"shop-{aws.account}"
    refused("InvalidParameterException", create, Domain="my-cognito", UserPoolId=pool["Id"])
    create(Domain=domain, UserPoolId=pool["Id"])
    assert _described(cognito, pool)["Domain"] == domain
    assert "already has" in refused("InvalidParameterException", create, Domain=f"{domain}2", UserPoolId=pool["Id"])
    other = cognito.create_user_pool(PoolName="others")["UserPool"]["Id"]
    assert "another user pool" in refused("InvalidParameterException", create, Domain=domain, UserPoolId=other)
    here = {"CertificateArn": f"arn:aws:acm:eu-west-1:{aws.account}:certificate/x"}
    custom = {"Domain": "auth.example.com", "UserPoolId": other, "CustomDomainConfig": here}
    refused("InvalidParameterException", create, **custom)


def test_clients(cognito: Any, pool: dict[str, Any], refused: Refused) -> None:
    place = {"UserPoolId": pool["Id"], "ClientName": "web"}
    create = cognito.create_user_pool_client
    made = create(**place, GenerateSecret=True, AccessTokenValidity=2)["UserPoolClient"]
    assert made["ClientSecret"] and made["RefreshTokenValidity"] == 30
    (listed,) = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]
    assert "ClientSecret" not in listed
    cognito.update_user_pool_client(UserPoolId=pool["Id"], ClientId=made["ClientId"], AuthSessionValidity=5)
    found = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=made["ClientId"])["UserPoolClient"]
    assert "AccessTokenValidity" not in found
    assert (found["ClientName"], found["ClientSecret"]) == ("web", made["ClientSecret"])
    oauth = {"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]}
    refused("InvalidParameterException", create, **place, **oauth)
    refused("InvalidParameterException", create, **place, **oauth, CallbackURLs=["http://shop.example.com"])
    refused("InvalidParameterException", create, **place, AccessTokenValidity=25)
    refused("InvalidParameterException", create, **place, DefaultRedirectURI="https://x")
    refused("InvalidOAuthFlowException", create, **place, AllowedOAuthFlows=["client_credentials"])
