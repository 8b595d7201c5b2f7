#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sesv2_email_identity
short_description: Manage a domain or an address that SES sends from
version_added: 0.2.0
description:
  - Creates, changes and deletes an identity of SES, see
    U(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html).
  - A domain is verified when its DKIM records are in DNS, an address when somebody follows the link that SES mails to
    it. This module waits for neither; it returns the records and the state.
author:
  - The slipway.fargate team (@slipway)
options:
  identity:
    description:
      - The domain or the address.
    type: str
    required: true
  configuration_set_name:
    description:
      - The configuration set for what is sent without naming one; an empty string is none.
    type: str
  dkim_signing_enabled:
    description:
      - Whether mails are signed. A new domain signs, a new address does not, unless its domain does.
    type: bool
  dkim_key_length:
    description:
      - The length of the keys of Easy DKIM; only for a domain. A changed one has SES make new keys, and other records.
    type: str
    choices: [RSA_1024_BIT, RSA_2048_BIT]
  mail_from_domain:
    description:
      - The domain of the envelope's sender, below that of the identity; an empty string is SES's own.
    type: str
  behavior_on_mx_failure:
    description:
      - Whether SES takes its own domain or rejects the mail while the MX record of O(mail_from_domain) is missing.
    type: str
    choices: [USE_DEFAULT_VALUE, REJECT_MESSAGE]
  email_forwarding_enabled:
    description:
      - Whether bounces and complaints are mailed to the sender. A new identity does.
    type: bool
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send from a domain
  slipway.fargate.sesv2_email_identity:
    identity: example.com
    configuration_set_name: shop-prod
    mail_from_domain: mail.example.com

- name: Remove the domain
  slipway.fargate.sesv2_email_identity:
    identity: example.com
    state: absent
"""

RETURN = r"""
identity:
  description: The identity; empty when it was removed.
  returned: always
  type: dict
  contains:
    identity:
      description: The domain or the address.
      type: str
      sample: example.com
    configuration_set_name:
      description: The configuration set, or empty.
      type: str
      sample: shop-prod
    dkim_signing_enabled:
      description: Whether mails are signed.
      type: bool
      sample: true
    dkim_key_length:
      description: The length of the next keys.
      type: str
      sample: RSA_2048_BIT
    dkim_tokens:
      description:
        - Of a domain, the first labels of three CNAME records C(<token>._domainkey.<domain>) that point to
          C(<token>.dkim.amazonses.com).
      type: list
      elements: str
      sample: [abcdefghijklmnopqrstuvwxyz012345]
    dkim_status:
      description: Whether SES has found them.
      type: str
      sample: PENDING
    mail_from_domain:
      description: The domain of the envelope's sender, or empty.
      type: str
      sample: mail.example.com
    behavior_on_mx_failure:
      description: What happens without its MX record.
      type: str
      sample: USE_DEFAULT_VALUE
    email_forwarding_enabled:
      description: Whether bounces and complaints are mailed to the sender.
      type: bool
      sample: true
    verified:
      description: Whether SES sends from the identity.
      type: bool
      sample: false
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
      resource: SES identity
      name: example.com
      attributes: {"mail_from_domain": {"before": "", "after": "mail.example.com"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    ResourceError,
    run,
    set_options,
)
from ansible_collections.slipway.fargate.plugins.module_utils.sesv2 import SesResource, tags_of

OPTIONS = (
    *("configuration_set_name", "dkim_signing_enabled", "dkim_key_length", "mail_from_domain"),
    *("behavior_on_mx_failure", "email_forwarding_enabled", "tags"),
)


class Identity(SesResource):
    type_name = "SES identity"
    kind = "identity"
    defaults = {
        "configuration_set_name": "",
        "dkim_key_length": "RSA_2048_BIT",
        "mail_from_domain": "",
        "behavior_on_mx_failure": "USE_DEFAULT_VALUE",
        "email_forwarding_enabled": True,
        "verified": False,
        "tags": {},
    }
    assigned = ("dkim_tokens", "dkim_status", "dkim_signing_enabled")
    updates = {
        "put_configuration_set": ("configuration_set_name",),
        "put_dkim": ("dkim_signing_enabled",),
        "put_keys": ("dkim_key_length",),
        "put_mail_from": ("mail_from_domain", "behavior_on_mx_failure"),
        "put_forwarding": ("email_forwarding_enabled",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        name = module.params["identity"]
        super().__init__(module, name, {"identity": name, **set_options(module, *OPTIONS)}, module.params["state"])
        if self.desired.get("mail_from_domain") == "":
            self.desired["behavior_on_mx_failure"] = "USE_DEFAULT_VALUE"

    def validate(self) -> None:
        mail_from, domain = self.desired.get("mail_from_domain"), self.name.rpartition("@")[2]
        problems = []
        if mail_from and not mail_from.endswith(f".{domain}"):
            problems.append(f"mail_from_domain is {mail_from}; allowed is a domain below {domain}")
        if "@" in self.name and "dkim_key_length" in self.desired:
            problems.append("dkim_key_length is set; only domains have keys")
        if problems:
            raise ResourceError(f"identity {self.name}: " + "; ".join(problems))

    def read(self) -> Attributes | None:
        found = self.get(self.client.get_email_identity, EmailIdentity=self.name)
        if found is None:
            return None
        dkim, mail_from = found.get("DkimAttributes") or {}, found.get("MailFromAttributes") or {}
        return {
            "identity": self.name,
            "configuration_set_name": found.get("ConfigurationSetName") or "",
            "dkim_signing_enabled": dkim.get("SigningEnabled", False),
            "dkim_key_length": dkim.get("NextSigningKeyLength") or "RSA_2048_BIT",
            "dkim_tokens": dkim.get("Tokens") or [],
            "dkim_status": dkim.get("Status") or "NOT_STARTED",
            "mail_from_domain": mail_from.get("MailFromDomain") or "",
            "behavior_on_mx_failure": mail_from.get("BehaviorOnMxFailure") or "USE_DEFAULT_VALUE",
            "email_forwarding_enabled": found.get("FeedbackForwardingStatus", True),
            "verified": found.get("VerifiedForSendingStatus", False),
            "tags": tags_of(found),
        }

    def create(self) -> None:
        parameters: dict[str, Any] = {"EmailIdentity": self.name, **self.tag_parameters()}
        if self.desired.get("configuration_set_name"):
            parameters["ConfigurationSetName"] = self.desired["configuration_set_name"]
        if "dkim_key_length" in self.desired:
            parameters["DkimSigningAttributes"] = {"NextSigningKeyLength": self.desired["dkim_key_length"]}
        self.client.create_email_identity(**parameters)
        self.current = self.read()
        self.update({key for key in self.desired if not self.same(key)})
        self.current = None

    def put_configuration_set(self) -> None:
        name = self.desired["configuration_set_name"]
        named = {"ConfigurationSetName": name} if name else {}
        self.client.put_email_identity_configuration_set_attributes(EmailIdentity=self.name, **named)

    def put_dkim(self) -> None:
        enabled = self.desired["dkim_signing_enabled"]
        self.client.put_email_identity_dkim_attributes(EmailIdentity=self.name, SigningEnabled=enabled)

    def put_keys(self) -> None:
        self.client.put_email_identity_dkim_signing_attributes(
            EmailIdentity=self.name,
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes={"NextSigningKeyLength": self.desired["dkim_key_length"]},
        )

    def put_mail_from(self) -> None:
        after = {**self.current, **self.desired}
        behavior = after["behavior_on_mx_failure"]
        named = {"MailFromDomain": after["mail_from_domain"]} if after["mail_from_domain"] else {}
        self.client.put_email_identity_mail_from_attributes(
            EmailIdentity=self.name, BehaviorOnMxFailure=behavior, **named
        )

    def put_forwarding(self) -> None:
        enabled = self.desired["email_forwarding_enabled"]
        self.client.put_email_identity_feedback_attributes(EmailIdentity=self.name, EmailForwardingEnabled=enabled)

    def delete(self) -> None:
        self.client.delete_email_identity(EmailIdentity=self.name)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "configuration_set_name": {"type": "str"},
            "dkim_signing_enabled": {"type": "bool"},
            "dkim_key_length": {"type": "str", "choices": ["RSA_1024_BIT", "RSA_2048_BIT"], "no_log": False},
            "mail_from_domain": {"type": "str"},
            "behavior_on_mx_failure": {"type": "str", "choices": ["USE_DEFAULT_VALUE", "REJECT_MESSAGE"]},
            "email_forwarding_enabled": {"type": "bool"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Identity(module), key="identity")


if __name__ == "__main__":
    main()
