# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-web"
MODULE = "cognito_user_pool_client"
SECRET = "shop-dev/cognito"
UNKNOWN = "(known after apply)"
URL = "https://shop.example.com/callback"


@pytest.fixture
def pool(account: Account) -> str:
    return account.client("cognito-idp").create_user_pool(PoolName="shop-dev-users")["UserPool"]["Id"]


@pytest.fixture
def secret(account: Account) -> str:
    """As the role makes it: with a random value."""
    run_module(account, "secretsmanager_secret", name=SECRET)
    return SECRET


def _client(account: Account, pool: str) -> dict[str, Any]:
    cognito = account.client("cognito-idp")
    (client,) = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    return cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])["UserPoolClient"]


def _value(account: Account) -> dict[str, str]:
    return json.loads(account.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"])


def test_matrix(account: Account, pool: str) -> None:
    Matrix(
        module=MODULE,
        key="client",
        base={"name": NAME, "user_pool_id": pool, "generate_secret": True},
        updates={
            "auth_flows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "+pages of Cognito": {
                "oauth_flows": ["code"],
                "oauth_scopes": ["openid", "email"],
                "callback_urls": [URL],
            },
            "default_redirect_uri": URL,
            "logout_urls": ["https://shop.example.com"],
            "identity_providers": ["COGNITO"],
            "access_token_minutes": 30,
            "id_token_minutes": 20,
            "refresh_token_days": 7,
            "auth_session_minutes": 5,
            "prevent_user_existence_errors": True,
            "enable_token_revocation": False,
            "read_attributes": ["email"],
            "write_attributes": ["email"],
            "+nothing of Cognito's pages": {
                "oauth_flows": [],
                "oauth_scopes": [],
                "callback_urls": [],
                "default_redirect_uri": "",
            },
        },
        fixed={"secret_name"},
        seen={
            "default_redirect_uri": lambda account: _client(account, pool)["DefaultRedirectURI"],
            "logout_urls": lambda account: _client(account, pool)["LogoutURLs"],
            "access_token_minutes": lambda account: _client(account, pool)["AccessTokenValidity"],
            "refresh_token_days": lambda account: _client(account, pool)["RefreshTokenValidity"],
            "auth_session_minutes": lambda account: _client(account, pool)["AuthSessionValidity"],
            "read_attributes": lambda account: _client(account, pool)["ReadAttributes"],
            "enable_token_revocation": lambda account: _client(account, pool)["EnableTokenRevocation"],
        },
    ).check(account)


def test_the_secret_gets_the_credentials_which_nobody_sees(account: Account, pool: str, secret: str) -> None:
    options = {"name": NAME, "user_pool_id": pool, "generate_secret": True, "secret_name": secret}
    predicted = run_module(account, MODULE, _check=True, **options)
    done = run_module(account, MODULE, **options)
    client = _client(account, pool)
    assert len(client["ClientSecret"]) > 20
    assert _value(account) == {
        "user_pool_id": pool,
        "client_id": client["ClientId"],
        "client_secret": client["ClientSecret"],
    }
    since = account.position()
    again = run_module(account, MODULE, **options)
    assert not again["changed"] and account.writes(since) == []
    for result in (predicted, done, again):
        assert client["ClientSecret"] not in json.dumps(result)
    kinds = [[(c["action"], c["resource"], c["name"]) for c in result["changes"]] for result in (predicted, done)]
    assert (
        kinds[0]
        == kinds[1]
        == [
            ("create", "Cognito app client", NAME),
            ("create", "credentials of the Cognito app client", SECRET),
        ]
    )
    assert not run_module(account, "secretsmanager_secret", name=SECRET)["changed"]


def test_everything_is_predicted_on_an_empty_account(account: Account) -> None:
    options = {"name": NAME, "user_pool_id": UNKNOWN, "generate_secret": True, "secret_name": SECRET}
    result = run_module(account, MODULE, _check=True, **options)
    assert [change["action"] for change in result["changes"]] == ["create", "create"]
    assert result["client"]["id"] == UNKNOWN
    assert account.writes() == []


def test_a_value_of_others_is_replaced(account: Account, pool: str, secret: str) -> None:
    options = {"name": NAME, "user_pool_id": pool, "secret_name": secret}
    run_module(account, MODULE, **options)
    assert _value(account) == {"user_pool_id": pool, "client_id": _client(account, pool)["ClientId"]}
    other = json.dumps({"user_pool_id": "other", "client_id": "other"})
    account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=other)
    done = run_module(account, MODULE, **options)
    assert done["changes"][0]["attributes"] == {"value": {"before": "others", "after": "those of the client"}}
    assert _value(account)["user_pool_id"] == pool


def test_an_interrupted_run_is_finished(account: Account, pool: str, secret: str) -> None:
    options = {"name": NAME, "user_pool_id": pool, "generate_secret": True, "secret_name": secret}
    account.fault(service="secretsmanager", operation="PutSecretValue", code="AccessDeniedException", message="no")
    with pytest.raises(ModuleFailed, match=f"Could not create credentials .* {SECRET}: .*PutSecretValue.*no") as failed:
        run_module(account, MODULE, **options)
    assert _client(account, pool)["ClientSecret"] not in json.dumps(failed.value.result)
    assert run_module(account, MODULE, **options)["changed"]
    assert _value(account)["client_id"] == _client(account, pool)["ClientId"]


def test_a_secret_that_is_not_there(account: Account, pool: str) -> None:
    with pytest.raises(ModuleFailed, match=r"PutSecretValue.*can't find"):
        run_module(account, MODULE, name=NAME, user_pool_id=pool, secret_name=SECRET)


def test_an_update_sets_nothing_back(account: Account, pool: str) -> None:
    options = {"name": NAME, "user_pool_id": pool, "oauth_flows": ["code"], "oauth_scopes": ["openid"]}
    run_module(account, MODULE, **options, callback_urls=[URL], default_redirect_uri=URL, access_token_minutes=15)
    run_module(account, MODULE, name=NAME, user_pool_id=pool, prevent_user_existence_errors=True)
    found = _client(account, pool)
    assert (found["CallbackURLs"], found["DefaultRedirectURI"]) == ([URL], URL)
    assert found["AllowedOAuthFlowsUserPoolClient"] and found["AllowedOAuthFlows"] == ["code"]
    assert (found["AccessTokenValidity"], found["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    assert found["PreventUserExistenceErrors"] == "ENABLED"
    assert not run_module(account, MODULE, name=NAME, user_pool_id=pool)["changed"]


def test_a_client_without_a_secret_gets_none_later(account: Account, pool: str) -> None:
    run_module(account, MODULE, name=NAME, user_pool_id=pool)
    with pytest.raises(ModuleFailed, match="generate_secret cannot be changed from False to True: give it another"):
        run_module(account, MODULE, name=NAME, user_pool_id=pool, generate_secret=True)


def test_two_clients_of_one_name_are_refused(account: Account, pool: str) -> None:
    for _ in range(2):
        account.client("cognito-idp").create_user_pool_client(UserPoolId=pool, ClientName=NAME)
    with pytest.raises(ModuleFailed, match=f"has 2 clients {NAME}"):
        run_module(account, MODULE, name=NAME, user_pool_id=pool)


def test_absent_when_the_pool_is_gone(account: Account) -> None:
    options = {"name": NAME, "user_pool_id": "eu-west-1_gone"}
    assert not run_module(account, MODULE, **options, state="absent")["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access_token_minutes": 4}, "access_token_minutes is 4; allowed are 5 to 1440"),
        ({"refresh_token_days": 3651}, "refresh_token_days is 3651; allowed are 1 to 3650"),
        ({"auth_session_minutes": 2}, "auth_session_minutes is 2; allowed are 3 to 15"),
        ({"oauth_flows": ["client_credentials"]}, "oauth_flows needs oauth_scopes"),
        ({"oauth_flows": ["code"], "oauth_scopes": ["openid"]}, "the flows code and implicit need callback_urls"),
        ({"default_redirect_uri": URL}, "default_redirect_uri is not in callback_urls"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, name=NAME, user_pool_id="eu-west-1_any", **options)
    assert message in str(failed.value)
    assert account.writes() == []
