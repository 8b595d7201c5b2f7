# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cognito for moto: what an update sets back, deletion protection, tags, domains, clients that AWS would refuse."""

from __future__ import annotations

import copy
import re
import secrets
from typing import Any

from moto.cognitoidp.models import (
    DEFAULT_USER_POOL_CONFIG,
    CognitoIdpBackend,
    CognitoIdpUserPool,
    CognitoIdpUserPoolAttribute,
    CognitoIdpUserPoolClient,
    CognitoIdpUserPoolDomain,
    cognitoidp_backends,
)
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, forward

INVALID = "InvalidParameterException"
FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration", "UserPoolTags")
POOL_DEFAULTS: Params = {
    **copy.deepcopy(DEFAULT_USER_POOL_CONFIG),
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "UserPoolTier": "ESSENTIALS",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
}
CLIENT_DEFAULTS: Params = {
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {},
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AllowedOAuthFlowsUserPoolClient": False,
    "AuthSessionValidity": 3,
}
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
# https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
VALIDITIES = {  # parameter -> unit's name, its default, least and most seconds
    "AccessTokenValidity": ("AccessToken", "hours", 300, 86400),
    "IdTokenValidity": ("IdToken", "hours", 300, 86400),
    "RefreshTokenValidity": ("RefreshToken", "days", 3600, 315_360_000),
}
PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = ("aws", "amazon", "cognito")


class UserPool(CognitoIdpUserPool):
    def update_extended_config(self, extended_config: Params) -> None:
        """What is not given goes back to its default, but for what cannot be changed."""
        kept = {key: value for key, value in getattr(self, "extended_config", {}).items() if key in FIXED}
        given = {key: value for key, value in extended_config.items() if key not in ("UserPoolId", "PoolName")}
        given.pop("MfaConfiguration", None)
        config = {**copy.deepcopy(POOL_DEFAULTS), **kept, **given}
        policies = config["Policies"]
        policies["PasswordPolicy"] = {
            **POOL_DEFAULTS["Policies"]["PasswordPolicy"],
            **(policies.get("PasswordPolicy") or {}),
        }
        policies.setdefault("SignInPolicy", {"AllowedFirstAuthFactors": ["PASSWORD"]})
        admin = config["AdminCreateUserConfig"]
        admin["UnusedAccountValidityDays"] = policies["PasswordPolicy"]["TemporaryPasswordValidityDays"]
        template = config["VerificationMessageTemplate"]
        template.setdefault("DefaultEmailOption", "CONFIRM_WITH_CODE")
        super().update_extended_config(config)

    def to_json(self, extended: bool = False) -> Params:
        shown = super().to_json(extended)
        shown.pop("Domain", None)
        for domain in self.backend.user_pool_domains.values():
            if domain.user_pool_id == self.id:
                shown["CustomDomain" if domain.custom_domain_config else "Domain"] = domain.domain
        return shown


class Domain(CognitoIdpUserPoolDomain):
    managed_login_version = 1

    def to_json(self, extended: bool = True) -> Params:
        shown = super().to_json(extended)
        if extended:
            shown |= {"ManagedLoginVersion": self.managed_login_version, "AWSAccountId": self.account_id}
            shown |= {"CustomDomainConfig": self.custom_domain_config} if self.custom_domain_config else {}
        return shown

    account_id = ""


class Backend(CognitoIdpBackend):
    # ---- user pools ------------------------------------------------------------------------------------

    def create_user_pool(self, name: str, extended_config: Params) -> CognitoIdpUserPool:
        if not re.fullmatch(r"[\w\s+=,.@-]{1,128}", name):
            raise AwsError(INVALID, f"1 validation error detected: Value '{name}' at 'poolName' failed.")
        _check_pool(extended_config, token_mfa=False)
        if extended_config.get("AliasAttributes") and extended_config.get("UsernameAttributes"):
            raise AwsError(INVALID, "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
        schema = extended_config.get("Schema") or []
        standard = CognitoIdpUserPoolAttribute.STANDARD_SCHEMA
        named = {attribute["Name"] for attribute in schema}
        others = [{"Name": key, **value} for key, value in standard.items() if key not in named]
        pool = UserPool(self.account_id, self.region_name, name, {**extended_config, "Schema": [*others, *schema]})
        pool.extended_config.pop("Schema", None)
        self.user_pools[pool.id] = pool
        return pool

    def update_user_pool(self, user_pool_id: str, extended_config: Params) -> None:
        pool = self.describe_user_pool(user_pool_id)
        _check_pool(extended_config, token_mfa=bool((pool.token_mfa_config or {}).get("Enabled")))
        pool.update_extended_config(extended_config)
        pool.name = extended_config.get("PoolName") or pool.name
        pool.mfa_config = extended_config.get("MfaConfiguration") or "OFF"

    def delete_user_pool(self, user_pool_id: str) -> None:
        pool = self.describe_user_pool(user_pool_id)
        if pool.extended_config.get("DeletionProtection") == "ACTIVE":
            raise AwsError(INVALID, "The user pool cannot be deleted because deletion protection is activated.")
        if pool.domain:
            raise AwsError(
                INVALID, "User pool cannot be deleted. It has a domain configured that should be deleted first."
            )
        super().delete_user_pool(user_pool_id)

    def set_user_pool_mfa_config(
        self, user_pool_id: str, sms_config: Any, token_config: Any, mfa_config: str
    ) -> Params:
        enabled = bool((token_config or {}).get("Enabled"))
        if mfa_config != "OFF" and not enabled and not sms_config:
            raise AwsError(
                INVALID,
                "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.",
            )
        return super().set_user_pool_mfa_config(user_pool_id, sms_config, {"Enabled": enabled}, mfa_config)

    # ---- tags --------------------------------------------------------------------------------------------

    def show_tags(self, params: Params) -> Params:
        return {"Tags": self._tags(params)}

    def add_tags(self, params: Params) -> Params:
        self._tags(params).update(params["Tags"])
        return {}

    def remove_tags(self, params: Params) -> Params:
        for key in params["TagKeys"]:
            self._tags(params).pop(key, None)
        return {}

    def _tags(self, params: Params) -> dict[str, str]:
        for pool in self.user_pools.values():
            if pool.arn == params["ResourceArn"]:
                tags: dict[str, str] = pool.extended_config.setdefault("UserPoolTags", {})
                return tags
        raise AwsError("ResourceNotFoundException", f"Resource {params['ResourceArn']} does not exist.")

    # ---- domains ------------------------------------------------------------------------------------------

    def new_domain(self, params: Params) -> Params:
        name, pool_id, custom = params["Domain"], params["UserPoolId"], params.get("CustomDomainConfig")
        self.describe_user_pool(pool_id)
        if custom and ":us-east-1:" not in str(custom.get("CertificateArn")):
            raise AwsError(INVALID, "Custom domain is not a valid subdomain: the certificate must be in us-east-1.")
        if not custom and (not PREFIX.fullmatch(name) or any(word in name for word in RESERVED)):
            raise AwsError(INVALID, "Domain cannot contain reserved word or other characters than a-z, 0-9 and -.")
        if any(name in backend.user_pool_domains for backend in _everywhere(self.region_name)):
            raise AwsError(INVALID, "Domain already associated with another user pool.")
        for domain in self.user_pool_domains.values():
            if domain.user_pool_id == pool_id and bool(domain.custom_domain_config) == bool(custom):
                raise AwsError(INVALID, "User pool already has a domain configured.")
        made = Domain(pool_id, name, custom)
        made.account_id = self.account_id
        made.managed_login_version = int(params.get("ManagedLoginVersion") or 1)
        self.user_pool_domains[name] = made
        return made.to_json(extended=False) if custom else {}

    def change_domain(self, params: Params) -> Params:
        domain = self._domain(params)
        domain.custom_domain_config = params.get("CustomDomainConfig") or domain.custom_domain_config
        domain.managed_login_version = int(params.get("ManagedLoginVersion") or 1)
        return domain.to_json(extended=False)

    def remove_domain(self, params: Params) -> Params:
        del self.user_pool_domains[self._domain(params).domain]
        return {}

    def _domain(self, params: Params) -> Domain:
        domain = self.user_pool_domains.get(params["Domain"])
        if not isinstance(domain, Domain) or domain.user_pool_id != params["UserPoolId"]:
            raise AwsError(INVALID, "No such domain or user pool exists.")
        return domain

    # ---- clients -----------------------------------------------------------------------------------------

    def create_user_pool_client(
        self, user_pool_id: str, generate_secret: bool, extended_config: Params
    ) -> CognitoIdpUserPoolClient:
        _check_client(extended_config)
        client = super().create_user_pool_client(
            user_pool_id, generate_secret, {**copy.deepcopy(CLIENT_DEFAULTS), **extended_config}
        )
        client.secret = secrets.token_hex(26)
        _finish(client)
        return client

    def update_user_pool_client(
        self, user_pool_id: str, client_id: str, extended_config: Params
    ) -> CognitoIdpUserPoolClient:
        """What is not given goes back to its default."""
        client = self.describe_user_pool_client(user_pool_id, client_id)
        _check_client(extended_config)
        name = client.extended_config.get("ClientName")
        client.extended_config = {**copy.deepcopy(CLIENT_DEFAULTS), "ClientName": name, **extended_config}
        _finish(client)
        return client


def _check_pool(config: Params, *, token_mfa: bool) -> None:
    if config.get("MfaConfiguration") in ("ON", "OPTIONAL") and not token_mfa and not config.get("SmsConfiguration"):
        raise AwsError(
            INVALID,
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        )
    policy = (config.get("Policies") or {}).get("PasswordPolicy") or {}
    if not 6 <= int(policy.get("MinimumLength", 8)) <= 99:
        raise AwsError(INVALID, "Value at 'policies.passwordPolicy.minimumLength' failed: between 6 and 99.")
    if not 0 <= int(policy.get("PasswordHistorySize", 0)) <= 24:
        raise AwsError(INVALID, "Value at 'policies.passwordPolicy.passwordHistorySize' failed: between 0 and 24.")
    email = config.get("EmailConfiguration") or {}
    if email.get("EmailSendingAccount") == "DEVELOPER" and not email.get("SourceArn"):
        raise AwsError(INVALID, "Source ARN is required for EmailSendingAccount DEVELOPER.")
    recovery = (config.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or []
    if len({item["Priority"] for item in recovery}) != len(recovery) or (
        len(recovery) > 1 and any(item["Name"] == "admin_only" for item in recovery)
    ):
        raise AwsError(INVALID, "Invalid account recovery setting.")
    unverified = set(
        (config.get("UserAttributeUpdateSettings") or {}).get("AttributesRequireVerificationBeforeUpdate") or []
    ) - set(config.get("AutoVerifiedAttributes") or [])
    if unverified:
        raise AwsError(INVALID, "AttributesRequireVerificationBeforeUpdate must be in AutoVerifiedAttributes.")


def _check_client(config: Params) -> None:
    flows, scopes = set(config.get("AllowedOAuthFlows") or []), config.get("AllowedOAuthScopes")
    callbacks = config.get("CallbackURLs") or []
    if flows and not scopes:
        raise AwsError("InvalidOAuthFlowException", "AllowedOAuthFlows and AllowedOAuthScopes are required.")
    if flows & {"code", "implicit"} and not callbacks:
        raise AwsError(INVALID, "CallbackURLs is required for the flows code and implicit.")
    if "client_credentials" in flows and len(flows) > 1:
        raise AwsError("InvalidOAuthFlowException", "client_credentials flow can not be selected with others.")
    if config.get("DefaultRedirectURI") and config["DefaultRedirectURI"] not in callbacks:
        raise AwsError(INVALID, "DefaultRedirectURI must be in CallbackURLs.")
    for url in callbacks:
        if re.match(r"http://(?!localhost)", url):
            raise AwsError(INVALID, f"{url} cannot use the HTTP protocol.")
    units = config.get("TokenValidityUnits") or {}
    for name, (unit, default, least, most) in VALIDITIES.items():
        value = config.get(name)
        if value and not least <= value * SECONDS[units.get(unit) or default] <= most:
            raise AwsError(INVALID, f"Invalid range for token validity: {name}.")


def _finish(client: CognitoIdpUserPoolClient) -> None:
    config = client.extended_config
    config["RefreshTokenValidity"] = config.get("RefreshTokenValidity") or 30
    config.setdefault("ExplicitAuthFlows", ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH"])


def _everywhere(region: str) -> list[CognitoIdpBackend]:
    return [regions[region] for regions in list(cognitoidp_backends.values()) if region in regions]


@answer_with
class Response(CognitoIdpResponse):
    def list_user_pool_clients(self) -> ActionResult:
        """Names and identifiers; a secret is only described."""
        answer = super().list_user_pool_clients()
        for client in answer.result["UserPoolClients"]:
            client.pop("ClientSecret", None)
        return answer


forward(
    Response,
    cognitoidp_backends,
    {
        "list_tags_for_resource": "show_tags",
        "tag_resource": "add_tags",
        "untag_resource": "remove_tags",
        "create_user_pool_domain": "new_domain",
        "update_user_pool_domain": "change_domain",
        "delete_user_pool_domain": "remove_domain",
    },
)
model_with(cognitoidp_backends, Backend)
