#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_secret
short_description: Manage a Secrets Manager secret whose value AWS generates once
version_added: 0.1.0
description:
  - Creates, changes, restores and deletes a secret, see
    U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
  - Without O(secret_string) a secret that has no value gets a random one from AWS, and a value that is there stays. The
    secret and its value come into being with one call, so that a run that was killed leaves either both or neither.
  - M(community.aws.secretsmanager_secret) generates nothing, the value would have to be made by the controller and pass
    through its variables; and it ends a rotation and removes a resource policy when it is not told of them.
  - The value is never returned, and never in a diff.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the secret.
    type: str
    required: true
  description:
    description:
      - What the secret is for.
    type: str
  secret_string:
    description:
      - The value. It is enforced, any other value is replaced by a new version.
      - Without it a random value is generated, once.
    type: str
  secret_json:
    description:
      - The value as a JSON object, in the form of text. Its keys are enforced; other keys of the secret, as those of
        O(generate_key) and of M(slipway.fargate.secretsmanager_attachment), stay as they are.
      - A value that is there and is no JSON object is refused, not replaced. It excludes O(secret_string).
    type: str
  generate_key:
    description:
      - The key of the JSON object whose value is generated, once, as C(GenerateStringKey) of
        U(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html).
        It excludes O(secret_string).
    type: str
  generate_length:
    description:
      - How many characters a generated value has. Changing it does not generate another one. See
        U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html).
    type: int
    default: 32
  generate_exclude_punctuation:
    description:
      - Whether a generated value has letters and digits only.
    type: bool
    default: true
  generate_exclude_characters:
    description:
      - Characters that a generated value must not have.
    type: str
    default: ""
  kms_key_id:
    description:
      - The ARN of the KMS key that encrypts the value. An empty string is the key of AWS for Secrets Manager.
    type: str
  resource_policy:
    description:
      - The resource policy, as JSON or as a dictionary; an empty one removes it.
      - AWS refuses a policy that makes the secret public.
    type: json
  rotation_lambda_arn:
    description:
      - The ARN of the Lambda function that rotates the value; an empty string ends the rotation. It excludes
        O(secret_string), which would put the old value back.
    type: str
  rotation_days:
    description:
      - After how many days the value is rotated, with O(rotation_lambda_arn).
    type: int
  recovery_window_in_days:
    description:
      - With O(state=absent), for how many days the secret can be restored, from V(7) to V(30).
      - V(0) deletes it at once and for good.
      - A secret that is scheduled for deletion counts as absent; with O(state=present) it is restored with its value.
    type: int
    default: 30
  wait_timeout:
    description:
      - For how many seconds to try again while a secret of the same name is still being deleted.
    type: int
    default: 60
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A password that nobody gives and nobody sees
  slipway.fargate.secretsmanager_secret:
    name: shop-prod-database-password

- name: A value that comes from elsewhere
  slipway.fargate.secretsmanager_secret:
    name: shop-prod-payment-key
    secret_string: "{{ payment_key }}"

- name: A user with a password that nobody gives
  slipway.fargate.secretsmanager_secret:
    name: shop/prod/database
    secret_json: "{{ {'username': 'shop', 'dbname': 'shop'} | to_json }}"
    generate_key: password

- name: Delete the password; for a week it can be restored
  slipway.fargate.secretsmanager_secret:
    name: shop-prod-database-password
    state: absent
    recovery_window_in_days: 7
"""

RETURN = r"""
secret:
  description: The secret without its value; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-database-password
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-prod-database-password-a1b2c3
    version_id:
      description: The version that is current, or empty.
      type: str
      sample: 11111111-2222-3333-4444-555555555555
    value:
      description: V(present) or V(none); with O(secret_string) V(as given), V(not as given) or V(none).
      type: str
      sample: present
    keys:
      description:
        - For each key of O(secret_json) V(as given), V(not as given) or V(none), and for O(generate_key) V(present) or
          V(none); empty without them.
      type: dict
      sample: {"username": "as given", "password": "present"}
    description:
      description: What the secret is for.
      type: str
      sample: ""
    kms_key_id:
      description: The KMS key, or empty.
      type: str
      sample: ""
    resource_policy:
      description: The resource policy, or empty.
      type: dict
      sample: {}
    rotation_lambda_arn:
      description: The Lambda function that rotates the value, or empty.
      type: str
      sample: ""
    rotation_days:
      description: After how many days the value is rotated; V(0) when it is not.
      type: int
      sample: 0
    deleted_date:
      description: When the secret was scheduled for deletion, or empty.
      type: str
      sample: ""
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
      resource: Secrets Manager secret
      name: shop-prod-payment-key
      attributes: {"value": {"before": "not as given", "after": "as given"}}
"""

import hmac
import json
import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.secret_json import parse

DEFAULT_KEY = "alias/aws/secretsmanager"


def _keys(text: str | None) -> dict[str, Any]:
    """The keys of secret_json; whether it is an object is for Secret.validate to say."""
    try:
        return parse(text or "{}", "secret_json")
    except ResourceError:
        return {}


class Secret(Resource):
    type_name = "Secrets Manager secret"
    assigned = ("arn", "version_id")
    defaults = {
        "keys": {},
        "description": "",
        "kms_key_id": "",
        "resource_policy": {},
        "rotation_lambda_arn": "",
        "rotation_days": 0,
        "tags": {},
    }
    policies = ("resource_policy",)
    updates = {
        "put_description_and_key": ("description", "kms_key_id"),
        "put_value": ("value", "keys"),
        "put_tags": ("tags",),
        "put_policy": ("resource_policy",),
        "put_rotation": ("rotation_lambda_arn", "rotation_days"),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.given: str | None = module.params["secret_string"]
        self.generated: str | None = module.params["generate_key"]
        self.is_json = self.generated is not None or module.params["secret_json"] is not None
        self.values = _keys(module.params["secret_json"])
        self.stored: dict[str, Any] = {}
        names = ("description", "kms_key_id", "rotation_lambda_arn", "rotation_days", "tags")
        desired = {
            "name": module.params["name"],
            "value": "present" if self.given is None else "as given",
            "deleted_date": "",
            **set_options(module, *names),
        }
        if self.is_json:
            desired["keys"] = dict.fromkeys(self.values, "as given")
            desired["keys"] |= {self.generated: "present"} if self.generated else {}
        if module.params["resource_policy"] is not None:
            desired["resource_policy"] = json.loads(module.params["resource_policy"] or "{}")
        if desired.get("rotation_lambda_arn") == "":
            desired["rotation_days"] = 0
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "secretsmanager")

    def validate(self) -> None:
        options, window = self.module.params, self.module.params["recovery_window_in_days"]
        problems = []
        if self.given == "":
            problems.append("secret_string is empty; leave it out to have a value generated")
        if self.given is not None and self.is_json:
            problems.append("secret_string excludes secret_json and generate_key")
        if options["secret_json"] is not None:
            parse(options["secret_json"], f"secret {self.name}: secret_json")
        if self.generated in self.values:
            problems.append(f"generate_key {self.generated} is a key of secret_json: either is enough")
        if self.given is not None and options["rotation_lambda_arn"]:
            problems.append(
                "secret_string and rotation_lambda_arn exclude each other: a rotated value would be put back"
            )
        if options["rotation_lambda_arn"] and not options["rotation_days"]:
            problems.append("rotation_lambda_arn needs rotation_days")
        if options["rotation_days"] and not 1 <= options["rotation_days"] <= 1000:
            problems.append(f"rotation_days is {options['rotation_days']}; allowed are 1 to 1000")
        if window and not 7 <= window <= 30:
            problems.append(f"recovery_window_in_days is {window}; allowed are 0 and 7 to 30")
        if not 4 <= options["generate_length"] <= 4096:
            problems.append(f"generate_length is {options['generate_length']}; allowed are 4 to 4096")
        if problems:
            raise ResourceError(f"secret {self.name}: " + "; ".join(problems))

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_secret(SecretId=self.name)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        deleted = found.get("DeletedDate")
        if deleted and self.state == "absent" and self.module.params["recovery_window_in_days"]:
            return None
        stages = found.get("VersionIdsToStages", {})
        version = next((version for version, names in stages.items() if "AWSCURRENT" in names), "")
        rotated = found.get("RotationEnabled", False)
        key = found.get("KmsKeyId", "")
        return {
            "name": self.name,
            "arn": found["ARN"],
            "version_id": version,
            "value": self._read_value(version, readable=not deleted),
            "keys": self._read_keys(version, readable=not deleted),
            "description": found.get("Description", ""),
            "kms_key_id": "" if key.endswith(DEFAULT_KEY) else key,
            "resource_policy": {} if deleted else self._read_policy(),
            "rotation_lambda_arn": found.get("RotationLambdaARN", "") if rotated else "",
            "rotation_days": found.get("RotationRules", {}).get("AutomaticallyAfterDays", 0) if rotated else 0,
            "deleted_date": deleted.isoformat() if deleted else "",
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
        }

    def _read_value(self, version: str, *, readable: bool) -> str:
        """What is to be said of the value: it goes no further than this method."""
        if not version:
            return "none"
        if self.given is None or self.state == "absent":
            return "present"
        if not readable:
            return "not as given"
        current = self.client.get_secret_value(SecretId=self.name, VersionId=version).get("SecretString", "")
        return "as given" if hmac.compare_digest(current.encode(), self.given.encode()) else "not as given"

    def _read_keys(self, version: str, *, readable: bool) -> dict[str, str]:
        """What is to be said of the keys of a JSON object."""
        if not self.is_json or self.state == "absent":
            return {}
        if version and readable:
            value = self.client.get_secret_value(SecretId=self.name, VersionId=version).get("SecretString", "")
            self.stored = parse(value, f"secret {self.name}: its value is left alone; it")
        seen = {key: self._seen(key, value) for key, value in self.values.items()}
        return seen | ({self.generated: "present" if self._has_generated() else "none"} if self.generated else {})

    def _seen(self, key: str, value: Any) -> str:
        if key not in self.stored:
            return "none"
        return "as given" if self.stored[key] == value else "not as given"

    def _has_generated(self) -> bool:
        return bool(self.stored.get(self.generated))

    def _read_policy(self) -> Attributes:
        return json.loads(self.client.get_resource_policy(SecretId=self.name).get("ResourcePolicy") or "{}")

    def _value(self) -> str:
        """The given value, or a random one, or what was stored with the given keys and a random one."""
        if self.given is not None:
            return self.given
        if not self.is_json:
            return self._random()
        values = {**self.stored, **self.values}
        if self.generated and not self._has_generated():
            values[self.generated] = self._random()
        return json.dumps(values)

    def _random(self) -> str:
        return self.client.get_random_password(
            PasswordLength=self.module.params["generate_length"],
            ExcludePunctuation=self.module.params["generate_exclude_punctuation"],
            ExcludeCharacters=self.module.params["generate_exclude_characters"],
            RequireEachIncludedType=True,
        )["RandomPassword"]

    def create(self) -> None:
        optional = {"Description": self.desired.get("description"), "KmsKeyId": self.desired.get("kms_key_id")}
        parameters = {key: value for key, value in optional.items() if value}
        # One value and one token: a call whose answer was lost is not made a second time by its repetition.
        parameters |= {"Name": self.name, "SecretString": self._value(), "ClientRequestToken": str(uuid.uuid4())}
        parameters["Tags"] = ansible_dict_to_boto3_tag_list(self.desired.get("tags", {}))

        def refusal() -> str:
            try:
                self.client.create_secret(**parameters)
            except is_boto3_error_message("scheduled for deletion") as error:
                return str(error)
            return ""

        what = f"secret {self.name}: the deletion of the one that had its name"
        wait_for(refusal, lambda seen: not seen, what=what, timeout=self.module.params["wait_timeout"])
        self.update(set(self.desired) & {"resource_policy", "rotation_lambda_arn"})

    def update(self, changed: set[str]) -> None:
        if "deleted_date" in changed:
            self.client.restore_secret(SecretId=self.name)
            self.current = self.read()  # now the value and the policy can be read
            changed = {key for key in self.desired if not self.same(key)}
        super().update(changed)

    def put_description_and_key(self) -> None:
        changes = {}
        if "description" in self.desired:
            changes["Description"] = self.desired["description"]
        if "kms_key_id" in self.desired:
            changes["KmsKeyId"] = self.desired["kms_key_id"] or DEFAULT_KEY
        self.client.update_secret(SecretId=self.name, **changes)

    def put_value(self) -> None:
        self.client.put_secret_value(
            SecretId=self.name, SecretString=self._value(), ClientRequestToken=str(uuid.uuid4())
        )

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(SecretId=self.name, TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(SecretId=self.name, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def put_policy(self) -> None:
        policy = self.desired["resource_policy"]
        if policy:
            document = json.dumps(policy)
            self.client.put_resource_policy(SecretId=self.name, ResourcePolicy=document, BlockPublicPolicy=True)
        elif self.current:
            self.client.delete_resource_policy(SecretId=self.name)

    def put_rotation(self) -> None:
        after = self.expected()
        if after["rotation_lambda_arn"]:
            self.client.rotate_secret(
                SecretId=self.name,
                RotationLambdaARN=after["rotation_lambda_arn"],
                RotationRules={"AutomaticallyAfterDays": after["rotation_days"]},
                RotateImmediately=False,
            )
        elif self.current:
            self.client.cancel_rotate_secret(SecretId=self.name)

    def delete(self) -> None:
        window = self.module.params["recovery_window_in_days"]
        how = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        self.client.delete_secret(SecretId=self.name, **how)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "description": {"type": "str"},
            "secret_string": {"type": "str", "no_log": True},
            "secret_json": {"type": "str", "no_log": True},
            "generate_key": {"type": "str", "no_log": False},
            "generate_length": {"type": "int", "default": 32},
            "generate_exclude_punctuation": {"type": "bool", "default": True},
            "generate_exclude_characters": {"type": "str", "default": ""},
            "kms_key_id": {"type": "str", "no_log": False},
            "resource_policy": {"type": "json"},
            "rotation_lambda_arn": {"type": "str"},
            "rotation_days": {"type": "int"},
            "recovery_window_in_days": {"type": "int", "default": 30},
            "wait_timeout": {"type": "int", "default": 60},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Secret(module), key="secret")


if __name__ == "__main__":
    main()
