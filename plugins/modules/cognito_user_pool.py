#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool
short_description: Manage a Cognito user pool
version_added: 0.2.0
description:
  - Creates, changes and deletes a user pool, see
    U(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html).
  - Cognito sets back what an update does not say. This module says everything again, so that what other options or
    other tools set stays, such as triggers and the settings of text messages.
  - A pool holds its users, so it is never replaced. What cannot be changed is refused, and so is its deletion while it
    is protected.
  - Cognito lets several pools have one name. This module refuses them.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the pool.
    type: str
    required: true
  username_attributes:
    description:
      - What users sign in with in place of a user name. It cannot be changed. It excludes O(alias_attributes).
    type: list
    elements: str
    choices: [email, phone_number]
  alias_attributes:
    description:
      - What users may sign in with besides a user name. It cannot be changed.
    type: list
    elements: str
    choices: [email, phone_number, preferred_username]
  case_sensitive:
    description:
      - Whether upper and lower case make different user names. It cannot be changed. A new pool ignores case.
    type: bool
  attributes:
    description:
      - Attributes of users, standard ones that are to be required and custom ones. Attributes can be added to a pool
        that is there; Cognito can neither change nor remove them, so those not listed stay.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name, of a custom attribute without C(custom:).
        type: str
        required: true
      type:
        description: The type of its values.
        type: str
        choices: [String, Number, DateTime, Boolean]
        default: String
      mutable:
        description: Whether the value can be changed.
        type: bool
        default: true
      required:
        description: Whether every user has a value; only for standard attributes, and only in a new pool.
        type: bool
        default: false
      minimum:
        description: The least length of a text, or the least number.
        type: int
      maximum:
        description: The greatest length of a text, or the greatest number.
        type: int
  password_policy:
    description:
      - What passwords have to be like.
    type: dict
    suboptions:
      minimum_length:
        description: How many characters a password has at least, from V(6) to V(99).
        type: int
      require_uppercase:
        description: Whether it has a capital letter.
        type: bool
      require_lowercase:
        description: Whether it has a small letter.
        type: bool
      require_numbers:
        description: Whether it has a digit.
        type: bool
      require_symbols:
        description: Whether it has a special character.
        type: bool
      password_history_size:
        description: How many former passwords cannot be used again, up to V(24). It needs the tier V(ESSENTIALS).
        type: int
      temporary_password_validity_days:
        description: For how many days a temporary password is good, from V(0) to V(365).
        type: int
  auto_verified_attributes:
    description:
      - What users have to verify with a code or a link that is sent to them.
    type: list
    elements: str
    choices: [email, phone_number]
  verify_before_update:
    description:
      - Attributes of O(auto_verified_attributes) whose new value takes effect only when it is verified.
    type: list
    elements: str
    choices: [email, phone_number]
  account_recovery:
    description:
      - How users that forgot their password get a new one, the preferred way first. V(admin_only) stands alone.
    type: list
    elements: str
    choices: [verified_email, verified_phone_number, admin_only]
  admin_create_user_only:
    description:
      - Whether only administrators create users, so that nobody signs up.
    type: bool
  verification_message:
    description:
      - The message that verifies an address.
    type: dict
    suboptions:
      email_option:
        description: Whether it holds a code or a link.
        type: str
        choices: [CONFIRM_WITH_CODE, CONFIRM_WITH_LINK]
      email_subject:
        description: The subject.
        type: str
      email_message:
        description: The text, with C({####}) for the code.
        type: str
      email_subject_by_link:
        description: The subject of a message with a link.
        type: str
      email_message_by_link:
        description: The text of a message with a link, with C({##Verify##}) for the link.
        type: str
  email:
    description:
      - How mails are sent.
    type: dict
    suboptions:
      sending_account:
        description: Whether Cognito sends, up to 50 mails a day, or SES does.
        type: str
        choices: [COGNITO_DEFAULT, DEVELOPER]
      source_arn:
        description: The ARN of the verified SES identity; needed with V(DEVELOPER).
        type: str
      from_address:
        description: The sender, such as V(Shop <noreply@example.com>).
        type: str
      reply_to:
        description: Who gets the answers.
        type: str
      configuration_set:
        description: The configuration set of SES.
        type: str
  mfa_configuration:
    description:
      - Whether a second factor is asked for, of nobody, of those who set one up, or of everybody. Unless it is V(OFF),
        there must be a factor, O(software_token_mfa) or one that others set up.
    type: str
    choices: ["OFF", OPTIONAL, "ON"]
  software_token_mfa:
    description:
      - Whether an authenticator app can be the second factor.
    type: bool
  tier:
    description:
      - The feature plan, see
        U(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html).
    type: str
    choices: [LITE, ESSENTIALS, PLUS]
  deletion_protection:
    description:
      - Whether Cognito refuses to delete the pool.
    type: bool
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Users sign in with their address, which they verify, and may use an authenticator app
  slipway.fargate.cognito_user_pool:
    name: shop-prod-users
    username_attributes: [email]
    auto_verified_attributes: [email]
    account_recovery: [verified_email]
    password_policy:
      minimum_length: 12
    mfa_configuration: OPTIONAL
    software_token_mfa: true
    attributes:
      - {name: email, required: true}
      - {name: plan, maximum: 20}
    deletion_protection: true

- name: Remove the pool with its users, which needs deletion_protection to be off
  slipway.fargate.cognito_user_pool:
    name: shop-prod-users
    state: absent
"""

RETURN = r"""
user_pool:
  description: The pool, with every option in the form that it takes; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-users
    id:
      description: The identifier.
      type: str
      sample: eu-west-1_aB3dE5gH7
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_aB3dE5gH7
    attributes:
      description: The custom attributes, the standard ones that are required, and those of O(attributes).
      type: list
      elements: dict
      sample: [{"name": "plan", "type": "String", "mutable": true, "required": false, "minimum": null, "maximum": 20}]
    mfa_configuration:
      description: Whether a second factor is asked for.
      type: str
      sample: OPTIONAL
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: Cognito user pool
      name: shop-prod-users
      attributes: {"mfa_configuration": {"before": "OFF", "after": "OPTIONAL"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.cognito import (
    EMAIL,
    MESSAGE,
    PASSWORD,
    STANDARD,
    UPDATABLE,
    attribute,
    attribute_parameters,
    attribute_problems,
    find_pool,
    from_aws,
    to_aws,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    covers,
    run,
    set_options,
)

OPTIONS = (
    *("username_attributes", "alias_attributes", "case_sensitive", "attributes", "password_policy"),
    *("auto_verified_attributes", "verify_before_update", "account_recovery", "admin_create_user_only"),
    *(
        "verification_message",
        "email",
        "mfa_configuration",
        "software_token_mfa",
        "tier",
        "deletion_protection",
        "tags",
    ),
)
DICTS = {
    "password_policy": {
        "minimum_length": 8,
        "require_uppercase": True,
        "require_lowercase": True,
        "require_numbers": True,
        "require_symbols": True,
        "password_history_size": 0,
        "temporary_password_validity_days": 7,
    },
    "email": {**dict.fromkeys(EMAIL, ""), "sending_account": "COGNITO_DEFAULT"},
    "verification_message": {**dict.fromkeys(MESSAGE, ""), "email_option": "CONFIRM_WITH_CODE"},
}
ANOTHER = "it is fixed when the pool is created, and its users would not move to another pool; set it back"


class UserPool(Resource):
    type_name = "Cognito user pool"
    assigned = ("id", "arn")
    defaults = {
        "username_attributes": [],
        "alias_attributes": [],
        "attributes": [],
        "auto_verified_attributes": [],
        "verify_before_update": [],
        "account_recovery": [],
        **dict.fromkeys(
            ("case_sensitive", "admin_create_user_only", "software_token_mfa", "deletion_protection"), False
        ),
        **DICTS,
        "mfa_configuration": "OFF",
        "tier": "ESSENTIALS",
        "tags": {},
    }
    immutable = dict.fromkeys(("username_attributes", "alias_attributes", "case_sensitive"), ANOTHER)
    unordered = ("username_attributes", "alias_attributes", "auto_verified_attributes", "verify_before_update")
    updates = {
        "add_attributes": ("attributes",),
        "put_pool": (
            *("password_policy", "auto_verified_attributes", "verify_before_update", "account_recovery", "email"),
            *("admin_create_user_only", "verification_message", "tier", "deletion_protection"),
        ),
        "put_mfa": ("mfa_configuration", "software_token_mfa"),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = {"name": module.params["name"], **set_options(module, *OPTIONS)}
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "cognito-idp")
        self.found: Attributes = {}
        self.mfa: Attributes = {}

    def validate(self) -> None:
        problems = list(attribute_problems(self.desired.get("attributes", [])))
        if self.desired.get("username_attributes") and self.desired.get("alias_attributes"):
            problems.append("username_attributes and alias_attributes exclude each other")
        if problems:
            raise ResourceError(f"user pool {self.name}: " + "; ".join(problems))

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "delete" and self.current["deletion_protection"]:
            raise ResourceError(f"user pool {self.name} is protected; set deletion_protection to false first")
        return change

    def read(self) -> Attributes | None:
        pool_id = find_pool(self.client, self.name)
        if pool_id is None:
            return None
        self.found = found = self.client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        self.mfa = self.client.get_user_pool_mfa_config(UserPoolId=pool_id)
        named = {one["name"] for one in self.desired.get("attributes", [])}
        attributes = [attribute(item) for item in found["SchemaAttributes"] if not item["Name"].startswith("dev:")]
        recovery = (found.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms", [])
        updates = found.get("UserAttributeUpdateSettings") or {}
        return {
            "name": self.name,
            "id": pool_id,
            "arn": found["Arn"],
            "username_attributes": found.get("UsernameAttributes") or [],
            "alias_attributes": found.get("AliasAttributes") or [],
            "case_sensitive": (found.get("UsernameConfiguration") or {}).get("CaseSensitive", True),
            "attributes": [a for a in attributes if a["name"] in named or custom(a) or a["required"]],
            "password_policy": {"password_history_size": 0} | own(PASSWORD, found["Policies"]["PasswordPolicy"]),
            "auto_verified_attributes": found.get("AutoVerifiedAttributes") or [],
            "verify_before_update": updates.get("AttributesRequireVerificationBeforeUpdate") or [],
            "account_recovery": [item["Name"] for item in sorted(recovery, key=lambda item: item["Priority"])],
            "admin_create_user_only": found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
            "verification_message": from_aws(MESSAGE, found.get("VerificationMessageTemplate") or {}),
            "email": from_aws(EMAIL, found.get("EmailConfiguration") or {}),
            "mfa_configuration": self.mfa.get("MfaConfiguration", "OFF"),
            "software_token_mfa": bool((self.mfa.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")),
            "tier": found.get("UserPoolTier", "LITE"),
            "deletion_protection": found.get("DeletionProtection") == "ACTIVE",
            "tags": found.get("UserPoolTags") or {},
        }

    def same(self, key: str) -> bool:
        return not self.new_attributes() if key == "attributes" else super().same(key)

    def new_attributes(self) -> list[Attributes]:
        """Those that the pool does not have; one that it has otherwise is refused."""
        have = {one["name"]: one for one in self.current["attributes"]}
        other = [one["name"] for one in self.desired["attributes"] if not covers(have.get(one["name"], one), one)]
        if other:
            raise ResourceError(f"user pool {self.name}: attributes {', '.join(other)} cannot be changed: {ANOTHER}")
        return [one for one in self.desired["attributes"] if one["name"] not in have]

    def expected(self) -> Attributes:
        after = super().expected()
        if self.state == "absent":
            return after
        if self.current is None:
            return after | {key: {**default, **self.desired.get(key, {})} for key, default in DICTS.items()}
        if "attributes" in self.desired:
            after["attributes"] = [*self.current["attributes"], *self.new_attributes()]
        return after

    def settings(self) -> dict[str, Any]:
        """The desired part of the pool, in the form that create and update take."""
        after, given = self.expected(), self.desired
        password = to_aws(PASSWORD, after["password_policy"])
        if not password.get("PasswordHistorySize"):  # the tier LITE does not take it
            password.pop("PasswordHistorySize", None)
        recovery = [{"Name": name, "Priority": index} for index, name in enumerate(after["account_recovery"], 1)]
        admin = {
            key: value
            for key, value in (self.found.get("AdminCreateUserConfig") or {}).items()
            if key != "UnusedAccountValidityDays"  # the password policy says it
        }
        settings = {
            "password_policy": {"Policies": {**self.found.get("Policies", {}), "PasswordPolicy": password}},
            "auto_verified_attributes": {"AutoVerifiedAttributes": after["auto_verified_attributes"]},
            "verify_before_update": {
                "UserAttributeUpdateSettings": {
                    "AttributesRequireVerificationBeforeUpdate": after["verify_before_update"]
                }
            },
            "account_recovery": {"AccountRecoverySetting": {"RecoveryMechanisms": recovery}} if recovery else {},
            "admin_create_user_only": {
                "AdminCreateUserConfig": {**admin, "AllowAdminCreateUserOnly": after["admin_create_user_only"]}
            },
            "verification_message": {
                "VerificationMessageTemplate": {
                    **(self.found.get("VerificationMessageTemplate") or {}),
                    **to_aws(MESSAGE, after["verification_message"]),
                }
            },
            "email": {"EmailConfiguration": to_aws(EMAIL, after["email"])},
            "tier": {"UserPoolTier": after["tier"]},
            "deletion_protection": {"DeletionProtection": "ACTIVE" if after["deletion_protection"] else "INACTIVE"},
        }
        return {name: value for key, part in settings.items() if key in given for name, value in part.items()}

    def create(self) -> None:
        fixed = {"UsernameAttributes": "username_attributes", "AliasAttributes": "alias_attributes"}
        schema = [attribute_parameters(one) for one in self.desired.get("attributes", [])]
        pool = self.client.create_user_pool(
            PoolName=self.name,
            UsernameConfiguration={"CaseSensitive": self.desired.get("case_sensitive", False)},
            UserPoolTags=self.desired.get("tags", {}),
            **{name: self.desired[option] for name, option in fixed.items() if self.desired.get(option)},
            **({"Schema": schema} if schema else {}),
            **self.settings(),
        )["UserPool"]
        if self.desired.get("mfa_configuration", "OFF") != "OFF" or self.desired.get("software_token_mfa"):
            self.current = {"id": pool["Id"], "mfa_configuration": "OFF", "software_token_mfa": False}
            self.put_mfa()

    def add_attributes(self) -> None:
        new = [attribute_parameters(one) for one in self.new_attributes()]
        self.client.add_custom_attributes(UserPoolId=self.current["id"], CustomAttributes=new)

    def put_pool(self) -> None:
        kept = {key: self.found[key] for key in UPDATABLE if self.found.get(key)}
        kept.get("AdminCreateUserConfig", {}).pop("UnusedAccountValidityDays", None)
        if not (kept.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms"):
            kept.pop("AccountRecoverySetting", None)
        self.client.update_user_pool(UserPoolId=self.current["id"], **{**kept, **self.settings()})

    def put_mfa(self) -> None:
        """Together with the other factors, which it would switch off when they are not said."""
        after = {**self.current, **self.desired}
        others = ("SmsMfaConfiguration", "EmailMfaConfiguration", "WebAuthnConfiguration")
        self.client.set_user_pool_mfa_config(
            UserPoolId=self.current["id"],
            MfaConfiguration=after["mfa_configuration"],
            SoftwareTokenMfaConfiguration={"Enabled": after["software_token_mfa"]},
            **{name: self.mfa[name] for name in others if self.mfa.get(name)},
        )

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceArn=self.current["arn"], TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceArn=self.current["arn"], Tags=to_set)

    def delete(self) -> None:
        self.client.delete_user_pool(UserPoolId=self.current["id"])


def custom(one: Attributes) -> bool:
    return one["name"] not in STANDARD


def own(names: dict[str, str], found: Attributes) -> Attributes:
    return {option: found[name] for option, name in names.items() if name in found}


def main() -> None:
    contact = {"type": "list", "elements": "str", "choices": ["email", "phone_number"]}
    password = {option: {"type": "bool" if option.startswith("require") else "int"} for option in PASSWORD}
    email = {option: {"type": "str"} for option in EMAIL}
    message = {option: {"type": "str"} for option in MESSAGE}
    attributes = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "choices": ["String", "Number", "DateTime", "Boolean"], "default": "String"},
        "mutable": {"type": "bool", "default": True},
        "required": {"type": "bool", "default": False},
        "minimum": {"type": "int"},
        "maximum": {"type": "int"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "username_attributes": contact,
            "alias_attributes": {**contact, "choices": ["email", "phone_number", "preferred_username"]},
            "case_sensitive": {"type": "bool"},
            "attributes": {"type": "list", "elements": "dict", "options": attributes},
            "password_policy": {
                "type": "dict",
                "no_log": False,
                "options": {option: {**spec, "no_log": False} for option, spec in password.items()},
            },
            "auto_verified_attributes": contact,
            "verify_before_update": contact,
            "account_recovery": {
                "type": "list",
                "elements": "str",
                "choices": ["verified_email", "verified_phone_number", "admin_only"],
            },
            "admin_create_user_only": {"type": "bool"},
            "verification_message": {
                "type": "dict",
                "options": {
                    **message,
                    "email_option": {"type": "str", "choices": ["CONFIRM_WITH_CODE", "CONFIRM_WITH_LINK"]},
                },
            },
            "email": {
                "type": "dict",
                "options": {
                    **email,
                    "sending_account": {"type": "str", "choices": ["COGNITO_DEFAULT", "DEVELOPER"]},
                },
            },
            "mfa_configuration": {"type": "str", "choices": ["OFF", "OPTIONAL", "ON"]},
            "software_token_mfa": {"type": "bool", "no_log": False},
            "tier": {"type": "str", "choices": ["LITE", "ESSENTIALS", "PLUS"]},
            "deletion_protection": {"type": "bool"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, UserPool(module), key="user_pool")


if __name__ == "__main__":
    main()
