#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: github_actions_secrets
short_description: Manage secrets of a GitHub repository's workflows
version_added: 0.2.0
description:
  - Creates, changes and deletes secrets that workflows of GitHub Actions read as C(secrets), see
    U(https://docs.github.com/en/rest/actions/secrets). Secrets that are not named stay.
  - Values are sealed for the repository's public key before they leave, and GitHub never gives them back. So that a
    secret is written only when it has another value, its fingerprint is kept in a variable of the repository, together
    with when GitHub says the secret was written; see O(update).
author:
  - The slipway.fargate team (@slipway)
requirements:
  - PyNaCl
options:
  secrets:
    description:
      - The secrets by name. GitHub keeps names in capitals. With O(state=absent) the values count for nothing.
    type: dict
    required: true
  update:
    description:
      - When a secret that is there is written again.
      - V(changed) writes it when the value has another fingerprint than the one kept in O(fingerprints), or when
        somebody else has written the secret since. The fingerprint is made with scrypt and a salt of its own. Whoever
        may read the repository's variables could still try out values that are easy to guess, so secrets should not
        be.
      - V(always) writes it in every run, which is always a change.
      - V(on_create) never does.
    type: str
    choices: [changed, always, on_create]
    default: changed
  fingerprints:
    description:
      - The variable of the repository that keeps the fingerprints, with O(update=changed).
    type: str
    default: SLIPWAY_FINGERPRINTS
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.github
"""

EXAMPLES = r"""
- name: Give workflows what they need to tell the team
  slipway.fargate.github_actions_secrets:
    repository: example/shop
    secrets:
      CHAT_WEBHOOK: "{{ chat_webhook }}"
"""

RETURN = r"""
secrets:
  description: The names of the secrets; empty when they were removed.
  returned: always
  type: list
  elements: str
  sample: [CHAT_WEBHOOK]
changes:
  description: What was done, or in check mode would be done; values are not shown.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: GitHub secret
      name: CHAT_WEBHOOK
      attributes: {"value": {"before": "(sensitive)", "after": "(sensitive)"}}
"""

import hashlib
import hmac
import json
import os
from base64 import b64decode, b64encode
from functools import cached_property
from typing import Any

try:
    from nacl.public import PublicKey, SealedBox
except ImportError:  # main() reports the missing library.
    PublicKey = None

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    is_unknown,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.github import SPEC, Repository, checked_names

LARGEST = 48 * 1024  # bytes of a value, https://docs.github.com/en/actions/reference/security/secrets
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def fingerprint(value: str, salt: bytes) -> str:
    return hashlib.scrypt(value.encode(), salt=salt, dklen=32, **SCRYPT).hex()


class Secrets:
    """The secrets that are there, read at once, and the fingerprints of those that this module wrote."""

    def __init__(self, module: AnsibleModule) -> None:
        self.repository = Repository(module)
        self.update, self.variable = module.params["update"], module.params["fingerprints"].upper()
        self._written: dict[str, str] | None = None
        self._known: dict[str, dict[str, str]] | None = None
        self._variable_is_there = False

    def written(self) -> dict[str, str]:
        """By name when GitHub says that a secret was written."""
        if self._written is None:
            self._written = {item["name"]: item["updated_at"] for item in self.repository.list("secrets")}
        return self._written

    def known(self) -> dict[str, dict[str, str]]:
        if self._known is None:
            found = {item["name"]: item["value"] for item in self.repository.list("variables")}
            self._variable_is_there = self.variable in found
            self._known = _parsed(found.get(self.variable, "{}"))
        return self._known

    def has(self, name: str, value: str) -> bool:
        """Whether the secret was last written by this module, with this value."""
        kept = self.known().get(name)
        if not kept or kept["written"] != self.written()[name] or is_unknown(value):
            return False
        return hmac.compare_digest(kept["hash"], fingerprint(value, bytes.fromhex(kept["salt"])))

    @cached_property
    def public_key(self) -> dict[str, str]:
        return self.repository.call("GET", "/secrets/public-key")

    def put(self, name: str, value: str) -> None:
        box = SealedBox(PublicKey(b64decode(self.public_key["key"])))
        sealed = b64encode(box.encrypt(value.encode())).decode()
        body = {"encrypted_value": sealed, "key_id": self.public_key["key_id"]}
        self.repository.call("PUT", f"/secrets/{name}", body)
        self._written = None
        if self.update == "changed":
            salt = os.urandom(16)
            kept = {"salt": salt.hex(), "hash": fingerprint(value, salt), "written": self.written()[name]}
            self._keep({**self.known(), name: kept})

    def delete(self, name: str) -> None:
        self.repository.call("DELETE", f"/secrets/{name}")
        self._written = None
        if name in self.known():
            self._keep({key: kept for key, kept in self.known().items() if key != name})

    def _keep(self, known: dict[str, dict[str, str]]) -> None:
        body = {"name": self.variable, "value": json.dumps(known, sort_keys=True)}
        if not known:
            self.repository.call("DELETE", f"/variables/{self.variable}")
        elif self._variable_is_there:
            self.repository.call("PATCH", f"/variables/{self.variable}", body)
        else:
            self.repository.call("POST", "/variables", body)
        self._known, self._variable_is_there = known, bool(known)


def _parsed(text: str) -> dict[str, dict[str, str]]:
    """What the variable keeps; nothing when somebody else wrote something else into it."""
    try:
        known = json.loads(text)
        return {name: {key: kept[key] for key in ("salt", "hash", "written")} for name, kept in known.items()}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}


class Secret(Resource):
    type_name = "GitHub secret"
    sensitive = ("value",)

    def __init__(self, module: AnsibleModule, secrets: Secrets, name: str, value: str) -> None:
        state = module.params["state"]
        super().__init__(module, name, {"name": name, "value": value} if state == "present" else {}, state)
        self.secrets = secrets

    def validate(self) -> None:
        size = len(self.desired.get("value", "").encode())
        if self.state == "present" and not 0 < size <= LARGEST:
            raise ResourceError(f"secret {self.name} has {size} bytes; allowed are 1 to {LARGEST}")

    def read(self) -> Attributes | None:
        return {"name": self.name, "value": "of GitHub"} if self.name in self.secrets.written() else None

    def same(self, key: str) -> bool:
        if key != "value" or self.secrets.update == "on_create":
            return True
        return self.secrets.update == "changed" and self.secrets.has(self.name, self.desired["value"])

    def create(self) -> None:
        self.secrets.put(self.name, self.desired["value"])

    def update(self, changed: set[str]) -> None:
        self.secrets.put(self.name, self.desired["value"])

    def delete(self) -> None:
        self.secrets.delete(self.name)


def names_of(found: list[Attributes]) -> list[Any]:
    return sorted(item["name"] for item in found)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **SPEC,
            "secrets": {"type": "dict", "required": True, "no_log": True},
            "update": {"type": "str", "choices": ["changed", "always", "on_create"], "default": "changed"},
            "fingerprints": {"type": "str", "default": "SLIPWAY_FINGERPRINTS"},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    if PublicKey is None:
        module.fail_json(msg=missing_required_lib("PyNaCl"))
    try:
        given, there = module.params["secrets"], Secrets(module)
        names = checked_names(list(given))
    except ResourceError as error:
        module.fail_json(msg=str(error))
    wanted = [Secret(module, there, name, str(value)) for name, value in zip(names, given.values(), strict=True)]
    run_all(module, wanted, key="secrets", collect=names_of)


if __name__ == "__main__":
    main()
