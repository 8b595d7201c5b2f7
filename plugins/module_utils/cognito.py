# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User pools as several modules see them: names that AWS lets be ambiguous, and the forms of a pool's parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Attributes, ResourceError

NOT_THERE = "ResourceNotFoundException"
STANDARD = frozenset(
    (
        *("sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile"),
        *("picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale"),
        *("phone_number", "phone_number_verified", "address", "updated_at"),
    )
)
# What describe says and UpdateUserPool would set back when it is not said again, see
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
UPDATABLE = (
    *("Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes", "VerificationMessageTemplate"),
    *("SmsVerificationMessage", "SmsAuthenticationMessage", "UserAttributeUpdateSettings", "MfaConfiguration"),
    *("DeviceConfiguration", "EmailConfiguration", "SmsConfiguration", "UserPoolTags", "AdminCreateUserConfig"),
    *("UserPoolAddOns", "AccountRecoverySetting", "UserPoolTier", "KeyConfiguration", "IssuerConfiguration"),
    *("DcrConfiguration", "AcrConfiguration"),
)
PASSWORD = {
    "minimum_length": "MinimumLength",
    "require_uppercase": "RequireUppercase",
    "require_lowercase": "RequireLowercase",
    "require_numbers": "RequireNumbers",
    "require_symbols": "RequireSymbols",
    "password_history_size": "PasswordHistorySize",
    "temporary_password_validity_days": "TemporaryPasswordValidityDays",
}
EMAIL = {
    "sending_account": "EmailSendingAccount",
    "source_arn": "SourceArn",
    "from_address": "From",
    "reply_to": "ReplyToEmailAddress",
    "configuration_set": "ConfigurationSet",
}
MESSAGE = {
    "email_option": "DefaultEmailOption",
    "email_subject": "EmailSubject",
    "email_message": "EmailMessage",
    "email_subject_by_link": "EmailSubjectByLink",
    "email_message_by_link": "EmailMessageByLink",
}


def find_pool(client: Any, name: str) -> str | None:
    """The identifier of the pool of this name. Cognito lets several have one."""
    found = [pool["Id"] for pool in client.list("list_user_pools", "UserPools", MaxResults=60) if pool["Name"] == name]
    if len(found) > 1:
        raise ResourceError(f"there are {len(found)} user pools {name}: {', '.join(found)}; give them different names")
    return found[0] if found else None


def find_client(client: Any, pool_id: str, name: str) -> str | None:
    """The identifier of the pool's app client of this name."""
    try:
        listed = client.list("list_user_pool_clients", "UserPoolClients", UserPoolId=pool_id, MaxResults=60)
    except is_boto3_error_code(NOT_THERE):
        return None
    found = [item["ClientId"] for item in listed if item["ClientName"] == name]
    if len(found) > 1:
        raise ResourceError(
            f"the user pool {pool_id} has {len(found)} clients {name}: {', '.join(found)}; remove all but one"
        )
    return found[0] if found else None


def from_aws(names: Mapping[str, str], found: Attributes) -> Attributes:
    """The options of a part of a resource; what AWS does not say is empty."""
    return {option: found.get(name, "") for option, name in names.items()}


def to_aws(names: Mapping[str, str], options: Attributes) -> dict[str, Any]:
    """A part of a resource as AWS takes it: what is empty is left out."""
    return {name: options[option] for option, name in names.items() if options.get(option) not in (None, "")}


def attribute(found: dict[str, Any]) -> Attributes:
    """An attribute of users in normal form."""
    text, number = found.get("StringAttributeConstraints") or {}, found.get("NumberAttributeConstraints") or {}
    low, high = (
        (text.get("MinLength"), text.get("MaxLength")) if text else (number.get("MinValue"), number.get("MaxValue"))
    )
    return {
        "name": found["Name"].removeprefix("custom:"),
        "type": found["AttributeDataType"],
        "mutable": found["Mutable"],
        "required": found["Required"],
        "minimum": None if low is None else int(low),
        "maximum": None if high is None else int(high),
    }


def attribute_parameters(wanted: Attributes) -> dict[str, Any]:
    """An attribute of users as AWS takes it."""
    kind = wanted["type"]
    limits = {key: str(wanted[option]) for option, key in _limits(kind) if wanted.get(option) is not None}
    constraints = {f"{kind}AttributeConstraints": limits} if limits else {}
    return {
        "Name": wanted["name"],
        "AttributeDataType": kind,
        "Mutable": wanted["mutable"],
        "Required": wanted["required"],
        **constraints,
    }


def _limits(kind: str) -> tuple[tuple[str, str], ...]:
    suffix = "Length" if kind == "String" else "Value"
    return (("minimum", f"Min{suffix}"), ("maximum", f"Max{suffix}"))


def attribute_problems(wanted: list[Attributes]) -> Iterator[str]:
    """What no pool can have."""
    for one in wanted:
        name, standard = one["name"], one["name"] in STANDARD
        if one["required"] and not standard:
            yield f"attribute {name} is required; allowed is that only of standard attributes"
        if one["type"] not in ("String", "Number") and (one.get("minimum"), one.get("maximum")) != (None, None):
            yield f"attribute {name} of the type {one['type']} has limits; allowed are they for String and Number"
        if not 1 <= len(name) <= 20 or ":" in name:
            yield f"attribute {name!r}; allowed are names of 1 to 20 characters without a colon"
