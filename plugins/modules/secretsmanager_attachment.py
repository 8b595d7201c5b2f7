#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_attachment
short_description: Keep keys of a JSON secret that belong to something else than the secret
version_added: 0.2.0
description:
  - Sets and removes keys of a Secrets Manager secret whose value is a JSON object, and leaves its other keys alone, see
    U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html). So a database that exists
    only after its secret can add its address, as C(AWS::SecretsManager::SecretTargetAttachment) of CloudFormation does,
    see U(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secrettargetattachment.html).
  - Values of the secret are never returned, and never in a diff.
author:
  - The slipway.fargate team (@slipway)
options:
  secret:
    description:
      - The name or ARN of the secret.
    type: str
    required: true
  values:
    description:
      - The values of keys. In a text C({key}) stands for the value of another key, of these or of the secret's own.
      - In a text that holds C(://) what is put in is percent-encoded, so that a password fits into a URL.
    type: dict
    required: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Add the address of the database, and a URL, to the secret that holds user and password
  slipway.fargate.secretsmanager_attachment:
    secret: shop/prod/database
    values:
      host: shop-prod-database.abcdefghijkl.eu-west-1.rds.amazonaws.com
      port: 5432
      dbname: shop
      url: "postgresql://{username}:{password}@{host}:{port}/{dbname}?sslmode=require"

- name: Remove them
  slipway.fargate.secretsmanager_attachment:
    secret: shop/prod/database
    values: {host: "", port: "", dbname: "", url: ""}
    state: absent
"""

RETURN = r"""
attachment:
  description: The keys without their values; empty when they were removed.
  returned: always
  type: dict
  contains:
    secret:
      description: The secret.
      type: str
      sample: shop/prod/database
    keys:
      description: For each key V(as wanted), V(not as wanted) or V(none).
      type: dict
      sample: {"host": "as wanted", "port": "as wanted"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: keys of a secret
      name: shop/prod/database
      attributes: {"keys": {"before": {"host": "not as wanted"}, "after": {"host": "as wanted"}}}
"""

import json
import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    is_unknown,
    run,
)
from ansible_collections.slipway.fargate.plugins.module_utils.secret_json import composed, parse

# Not there, has no value, or waits for its deletion.
NO_VALUE = ["ResourceNotFoundException", "InvalidRequestException"]


class Attachment(Resource):
    type_name = "keys of a secret"

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.values: dict[str, Any] = module.params["values"]
        self.stored: dict[str, Any] | None = None
        name = module.params["secret"]
        super().__init__(module, name, {"secret": name, "keys": self._all("as wanted")}, module.params["state"])
        self.client = RetryingClient(module, "secretsmanager")

    def _all(self, said: str) -> dict[str, str]:
        return dict.fromkeys(self.values, said)

    def read(self) -> Attributes | None:
        try:
            text = self.client.get_secret_value(SecretId=self.name).get("SecretString", "")
        except is_boto3_error_code(NO_VALUE):
            return None
        self.stored = parse(text, f"secret {self.name}: its value is left alone; it")
        there = self.values.keys() & self.stored.keys()
        # A secret may hold some of the keys from the beginning: the attachment is there when all are.
        if not there or (self.state == "present" and len(there) < len(self.values)):
            return None
        wanted = self._all("") if self.state == "absent" else self._wanted()
        return {"secret": self.name, "keys": {key: self._seen(key, wanted[key]) for key in self.values}}

    def _seen(self, key: str, wanted: Any) -> str:
        if key not in self.stored:
            return "none"
        same = not is_unknown(wanted) and self.stored[key] == wanted
        return "as wanted" if same else "not as wanted"

    def _wanted(self) -> dict[str, Any]:
        known = {**(self.stored or {}), **self.values}
        what = f"secret {self.name}: key"
        return {key: composed(value, known, f"{what} {key}") for key, value in self.values.items()}

    def create(self) -> None:
        if self.stored is None:
            raise ResourceError(f"secret {self.name} is not there, or has no value; converge its component first")
        self._put({**self.stored, **self._wanted()})

    def update(self, changed: set[str]) -> None:
        self.create()

    def delete(self) -> None:
        self._put({key: value for key, value in self.stored.items() if key not in self.values})

    def _put(self, values: dict[str, Any]) -> None:
        self.client.put_secret_value(
            SecretId=self.name, SecretString=json.dumps(values), ClientRequestToken=str(uuid.uuid4())
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "secret": {"type": "str", "required": True, "no_log": False},
            "values": {"type": "dict", "required": True},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Attachment(module), key="attachment")


if __name__ == "__main__":
    main()
