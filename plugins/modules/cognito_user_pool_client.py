#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool_client
short_description: Manage an app client of a Cognito user pool
version_added: 0.2.0
description:
  - Creates, changes and deletes an app client, see
    U(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html).
  - Cognito sets back what an update does not say. This module says everything again.
  - With O(secret_name) it writes the identifiers of the pool and the client, and the client's secret, into a secret of
    Secrets Manager. The client's secret is never returned, and never in a diff.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the client, by which it is found. Cognito lets several clients have one name; they are refused.
    type: str
    required: true
  user_pool_id:
    description:
      - The identifier of the pool.
    type: str
    required: true
  generate_secret:
    description:
      - Whether the client has a secret, as servers should and browsers and phones cannot. It cannot be changed. A new
        client has none without it.
    type: bool
  secret_name:
    description:
      - The name or ARN of a secret of Secrets Manager, which must exist. Its value becomes a JSON object with
        C(user_pool_id), C(client_id) and, if the client has one, C(client_secret).
    type: str
  auth_flows:
    description:
      - How users sign in through the API. A new client has those that Cognito gives it.
    type: list
    elements: str
    choices:
      - ALLOW_ADMIN_USER_PASSWORD_AUTH
      - ALLOW_CUSTOM_AUTH
      - ALLOW_USER_PASSWORD_AUTH
      - ALLOW_USER_SRP_AUTH
      - ALLOW_REFRESH_TOKEN_AUTH
      - ALLOW_USER_AUTH
  oauth_flows:
    description:
      - How users sign in through the pages of Cognito; an empty list switches them off. It needs O(oauth_scopes).
    type: list
    elements: str
    choices: [code, implicit, client_credentials]
  oauth_scopes:
    description:
      - What tokens allow, such as V(openid) and V(email).
    type: list
    elements: str
  callback_urls:
    description:
      - Where users may be sent after they signed in; needed with the flows V(code) and V(implicit).
    type: list
    elements: str
  logout_urls:
    description:
      - Where users may be sent after they signed out.
    type: list
    elements: str
  default_redirect_uri:
    description:
      - That one of O(callback_urls) which is taken when a request names none; an empty one is none.
    type: str
  identity_providers:
    description:
      - Who users sign in with. V(COGNITO) is the pool itself.
    type: list
    elements: str
  access_token_minutes:
    description:
      - For how many minutes an access token is good, from V(5) to V(1440). A new client has V(60) without it.
    type: int
  id_token_minutes:
    description:
      - For how many minutes an identity token is good, from V(5) to V(1440). A new client has V(60) without it.
    type: int
  refresh_token_days:
    description:
      - For how many days a refresh token is good, from V(1) to V(3650). A new client has V(30) without it.
    type: int
  auth_session_minutes:
    description:
      - How many minutes a user has for all steps of signing in, from V(3) to V(15). A new client has V(3) without it.
    type: int
  prevent_user_existence_errors:
    description:
      - Whether errors keep to themselves that a user does not exist. A new client has V(false) without it.
    type: bool
  enable_token_revocation:
    description:
      - Whether tokens can be revoked. A new client has V(true) without it.
    type: bool
  read_attributes:
    description:
      - The attributes of users that the client may read. A new client may read all without it.
    type: list
    elements: str
  write_attributes:
    description:
      - The attributes of users that the client may write. A new client may write all without it.
    type: list
    elements: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A server that signs users in, and the secret that it reads
  slipway.fargate.cognito_user_pool_client:
    name: shop-prod-web
    user_pool_id: eu-west-1_aB3dE5gH7
    generate_secret: true
    secret_name: shop-prod/cognito
    auth_flows: [ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH]
    oauth_flows: [code]
    oauth_scopes: [openid, email]
    callback_urls: [https://shop.example.com/api/auth/callback]

- name: Remove the client
  slipway.fargate.cognito_user_pool_client:
    name: shop-prod-web
    user_pool_id: eu-west-1_aB3dE5gH7
    state: absent
"""

RETURN = r"""
client:
  description: The client without its secret, with every option in the form that it takes; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-web
    id:
      description: The identifier.
      type: str
      sample: 1h57kf5cpq17m0eml12EXAMPLE
    user_pool_id:
      description: The identifier of the pool.
      type: str
      sample: eu-west-1_aB3dE5gH7
    generate_secret:
      description: Whether the client has a secret.
      type: bool
      sample: true
    callback_urls:
      description: Where users may be sent after they signed in.
      type: list
      elements: str
      sample: [https://shop.example.com/api/auth/callback]
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: Cognito app client
      name: shop-prod-web
      attributes: {"access_token_minutes": {"before": 60, "after": 30}}
"""

import hmac
import json
import uuid
from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.cognito import find_client
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    set_options,
)

FLOWS = (
    *("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH"),
    *("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"),
)
LISTS = {
    "auth_flows": "ExplicitAuthFlows",
    "oauth_flows": "AllowedOAuthFlows",
    "oauth_scopes": "AllowedOAuthScopes",
    "callback_urls": "CallbackURLs",
    "logout_urls": "LogoutURLs",
    "identity_providers": "SupportedIdentityProviders",
    "read_attributes": "ReadAttributes",
    "write_attributes": "WriteAttributes",
}
# option -> parameter, its unit's name, the unit it is written in, least, most and default value
NUMBERS = {
    "access_token_minutes": ("AccessTokenValidity", "AccessToken", "minutes", 5, 1440, 60),
    "id_token_minutes": ("IdTokenValidity", "IdToken", "minutes", 5, 1440, 60),
    "refresh_token_days": ("RefreshTokenValidity", "RefreshToken", "days", 1, 3650, 30),
}
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
# What an update sets back when it is not said again.
KEPT = (
    *LISTS.values(),
    *("AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity", "TokenValidityUnits", "DefaultRedirectURI"),
    *("AllowedOAuthFlowsUserPoolClient", "AnalyticsConfiguration", "PreventUserExistenceErrors", "AuthSessionValidity"),
    *("EnableTokenRevocation", "EnablePropagateAdditionalUserContextData", "RefreshTokenRotation"),
)


class UserPoolClient(Resource):
    type_name = "Cognito app client"
    assigned = ("id", *LISTS)
    defaults = {
        "generate_secret": False,
        **{option: number[-1] for option, number in NUMBERS.items()},
        "auth_session_minutes": 3,
        "default_redirect_uri": "",
        "prevent_user_existence_errors": False,
        "enable_token_revocation": True,
    }
    immutable = {
        "generate_secret": "give it another name to get another client, and remove this one when nobody uses it"
    }
    unordered = tuple(LISTS)

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, "user_pool_id", *LISTS, *self.defaults)
        super().__init__(
            module, module.params["name"], {"name": module.params["name"], **options}, module.params["state"]
        )
        self.client = RetryingClient(module, "cognito-idp")
        self.pool_id = module.params["user_pool_id"]
        self.found: Attributes = {}

    def needs(self) -> Iterable[Any]:
        return [self.pool_id, self.name]

    def validate(self) -> None:
        limits = {option: number[3:5] for option, number in NUMBERS.items()} | {"auth_session_minutes": (3, 15)}
        problems = [
            f"{option} is {self.desired[option]}; allowed are {low} to {high}"
            for option, (low, high) in limits.items()
            if option in self.desired and not low <= self.desired[option] <= high
        ]
        flows, urls = self.desired.get("oauth_flows", []), self.desired.get("callback_urls", [])
        if flows and not self.desired.get("oauth_scopes"):
            problems.append("oauth_flows needs oauth_scopes")
        if {"code", "implicit"} & set(flows) and not urls:
            problems.append("the flows code and implicit need callback_urls")
        if self.desired.get("default_redirect_uri") and self.desired["default_redirect_uri"] not in urls:
            problems.append("default_redirect_uri is not in callback_urls")
        if problems:
            raise ResourceError(f"client {self.name}: " + "; ".join(problems))

    def read(self) -> Attributes | None:
        client_id = find_client(self.client, self.pool_id, self.name)
        if client_id is None:
            return None
        place = {"UserPoolId": self.pool_id, "ClientId": client_id}
        self.found = found = self.client.describe_user_pool_client(**place)["UserPoolClient"]
        return {
            "name": self.name,
            "id": client_id,
            "user_pool_id": self.pool_id,
            "generate_secret": "ClientSecret" in found,
            **{option: found.get(name) or [] for option, name in LISTS.items()},
            **{option: self.validity(option) for option in NUMBERS},
            "auth_session_minutes": found.get("AuthSessionValidity", 3),
            "default_redirect_uri": found.get("DefaultRedirectURI") or "",
            "prevent_user_existence_errors": found.get("PreventUserExistenceErrors") == "ENABLED",
            "enable_token_revocation": found.get("EnableTokenRevocation", False),
        }

    def validity(self, option: str) -> int | float:
        name, unit, ours, _, _, default = NUMBERS[option]
        if not self.found.get(name):
            return default
        theirs = self.found.get("TokenValidityUnits", {}).get(unit, "days" if unit == "RefreshToken" else "hours")
        seconds = self.found[name] * SECONDS[theirs]
        return seconds // SECONDS[ours] if seconds % SECONDS[ours] == 0 else seconds / SECONDS[ours]

    def settings(self) -> dict[str, Any]:
        """The desired options as Cognito takes them."""
        wanted = self.desired
        settings: dict[str, Any] = {name: wanted[option] for option, name in LISTS.items() if option in wanted}
        units = dict(self.found.get("TokenValidityUnits", {}))
        for option, (name, unit, ours, *_) in NUMBERS.items():
            if option in wanted:
                settings[name], units[unit] = wanted[option], ours
        if units:
            settings["TokenValidityUnits"] = units
        if "oauth_flows" in wanted:
            settings["AllowedOAuthFlowsUserPoolClient"] = bool(wanted["oauth_flows"])
        if "auth_session_minutes" in wanted:
            settings["AuthSessionValidity"] = wanted["auth_session_minutes"]
        if wanted.get("default_redirect_uri"):
            settings["DefaultRedirectURI"] = wanted["default_redirect_uri"]
        if "prevent_user_existence_errors" in wanted:
            on = wanted["prevent_user_existence_errors"]
            settings["PreventUserExistenceErrors"] = "ENABLED" if on else "LEGACY"
        if "enable_token_revocation" in wanted:
            settings["EnableTokenRevocation"] = wanted["enable_token_revocation"]
        return settings

    def create(self) -> None:
        self.client.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName=self.name,
            GenerateSecret=self.desired.get("generate_secret", False),
            **self.settings(),
        )

    def update(self, changed: set[str]) -> None:
        kept = {key: self.found[key] for key in KEPT if key in self.found}
        if self.desired.get("default_redirect_uri") == "":
            kept.pop("DefaultRedirectURI", None)
        place = {"UserPoolId": self.pool_id, "ClientId": self.current["id"], "ClientName": self.name}
        self.client.update_user_pool_client(**place, **{**kept, **self.settings()})

    def delete(self) -> None:
        self.client.delete_user_pool_client(UserPoolId=self.pool_id, ClientId=self.current["id"])


class Credentials(Resource):
    """The value of the secret that the users of the client read. It is compared and written, never shown."""

    type_name = "credentials of the Cognito app client"

    def __init__(self, module: AnsibleAWSModule, of: UserPoolClient) -> None:
        super().__init__(module, module.params["secret_name"], {"value": "those of the client"})
        self.manager = RetryingClient(module, "secretsmanager")
        self.of = of

    def value(self) -> dict[str, str]:
        found = self.of.found
        value = {"user_pool_id": found["UserPoolId"], "client_id": found["ClientId"]}
        return {**value, "client_secret": found["ClientSecret"]} if "ClientSecret" in found else value

    def read(self) -> Attributes | None:
        """A value that somebody else put there, as a generated one, does not count as there."""
        try:
            text = self.manager.get_secret_value(SecretId=self.name).get("SecretString", "")
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        except is_boto3_error_code("InvalidRequestException"):  # it is scheduled for deletion
            return {"value": "others"}
        try:
            there = json.loads(text)
        except ValueError:
            return None
        if not isinstance(there, dict) or "client_id" not in there:
            return None
        as_wanted = bool(self.of.found) and hmac.compare_digest(canonical(there), canonical(self.value()))
        return {"value": "those of the client" if as_wanted else "others"}

    def create(self) -> None:
        self.of.read()  # what was created just now
        self.manager.put_secret_value(
            SecretId=self.name, SecretString=json.dumps(self.value()), ClientRequestToken=str(uuid.uuid4())
        )

    def update(self, changed: set[str]) -> None:
        self.create()


def canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def main() -> None:
    lists = {option: {"type": "list", "elements": "str"} for option in LISTS}
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "user_pool_id": {"type": "str", "required": True},
            "generate_secret": {"type": "bool", "no_log": False},
            "secret_name": {"type": "str", "no_log": False},
            **lists,
            "auth_flows": {**lists["auth_flows"], "choices": list(FLOWS)},
            "oauth_flows": {**lists["oauth_flows"], "choices": ["code", "implicit", "client_credentials"]},
            **{option: {"type": "int", "no_log": False} for option in NUMBERS},
            "auth_session_minutes": {"type": "int"},
            "default_redirect_uri": {"type": "str"},
            "prevent_user_existence_errors": {"type": "bool"},
            "enable_token_revocation": {"type": "bool", "no_log": False},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    client = UserPoolClient(module)
    resources: list[Resource] = [client]
    if module.params["secret_name"] and client.state == "present":
        resources.append(Credentials(module, client))
    run_all(module, resources, key="client", collect=lambda found: found[0] if found else {})


if __name__ == "__main__":
    main()
