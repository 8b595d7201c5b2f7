#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_user
short_description: Manage a user of ElastiCache for Valkey and Redis OSS
version_added: 0.1.0
description:
  - Creates, changes and deletes a user, see
    U(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUser.html) and
    U(https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html).
  - AWS never returns a password, so a changed one cannot be seen by reading the user. Therefore every password has a
    version, which the module keeps in the user's tag C(slipway:password-version). With O(password_secret) it is the
    version of the secret, so that a rotated secret is noticed by itself; with O(passwords) it is what
    O(password_version) says.
notes:
  - With O(password_secret) the module asks for the secret's current version on every run (C(DescribeSecret)) and reads
    its value (C(GetSecretValue)) only when the password is about to be set. The value is neither an option nor a
    result.
  - The tag C(slipway:password-version) holds no part of the password. It is neither compared with O(tags), nor purged,
    nor returned among them.
  - The passwords are set before the tag, so a run that is interrupted between the two sets them again.
author:
  - The slipway.fargate team (@slipway)
options:
  user_id:
    description:
      - The ID of the user, 1 to 40 letters, digits and single hyphens. AWS stores it in lower case.
    type: str
    required: true
  user_name:
    description:
      - The name with which clients log in. Clients that give only a password log in as V(default).
      - Needed to create a user; it cannot be changed. With O(authentication=iam) it must equal O(user_id).
    type: str
  engine:
    description:
      - The engine. Needed to create a user.
    type: str
    choices: [redis, valkey]
  access_string:
    description:
      - What the user may do, as rules of the access control list, for example V(on ~app:* +@read). Needed to create a
        user.
    type: str
  authentication:
    description:
      - How the user proves who it is. V(password) is taken when O(passwords) or O(password_secret) is set.
      - Needed to create a user, directly or by them.
    type: str
    choices: [password, no-password, iam]
  passwords:
    description:
      - One or two passwords of 16 to 128 characters.
      - Without O(password_version) they are set when the user is created, when their number changes and when
        O(authentication) becomes V(password), since nothing else can be seen.
    type: list
    elements: str
  password_version:
    description:
      - Any text that changes with O(passwords), for example a date; when it is not the recorded one, they are set.
    type: str
  password_secret:
    description:
      - The ARN or the name of a secret in Secrets Manager whose current value (C(AWSCURRENT)) is the password.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let clients that only know a password in, and nobody without one
  slipway.fargate.elasticache_user:
    user_id: shop-prod-default
    user_name: default
    engine: redis
    access_string: on ~* +@all
    password_secret: shop-prod-redis-password

- name: Set two passwords while clients move from one to the other
  slipway.fargate.elasticache_user:
    user_id: shop-prod-reports
    user_name: reports
    engine: redis
    access_string: on ~reports:* +@read
    passwords: ["{{ old_password }}", "{{ new_password }}"]
    password_version: "2026-03"

- name: Remove the user
  slipway.fargate.elasticache_user:
    user_id: shop-prod-reports
    state: absent
"""

RETURN = r"""
user:
  description: The user; empty when it was removed.
  returned: always
  type: dict
  contains:
    user_id:
      description: The ID of the user.
      type: str
      sample: shop-prod-default
    arn:
      description: The ARN of the user.
      type: str
      sample: arn:aws:elasticache:eu-west-1:123456789012:user:shop-prod-default
    user_name:
      description: The name with which clients log in.
      type: str
      sample: default
    engine:
      description: The engine.
      type: str
      sample: redis
    access_string:
      description: What the user may do.
      type: str
      sample: on ~* +@all
    authentication:
      description: V(password), V(no-password) or V(iam).
      type: str
      sample: password
    password_count:
      description: How many passwords the user has.
      type: int
      sample: 1
    password_version:
      description: The recorded version of the password, or empty.
      type: str
      sample: 1f6a3b1e-64f2-4f8e-9d55-5f6c58a7b0f4
    user_group_ids:
      description: The user groups that the user is in.
      type: list
      elements: str
      sample: ["shop-prod-users"]
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
      resource: ElastiCache user
      name: shop-prod-default
      attributes: {"password_version": {"before": "1f6a3b1e", "after": "9c01d2aa"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import SettlingResource, one
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Change,
    ResourceError,
    RetryingClient,
    is_unknown,
    run,
    set_options,
)

VERSION_TAG = "slipway:password-version"
NEEDED = ("user_name", "engine", "access_string", "authentication")
TYPES = {"password": "password", "no-password": "no-password-required", "iam": "iam"}
# Long and short forms of the same rule, and rules that AWS may add and that only say what holds anyway.
SHORT = {"allkeys": "~*", "allchannels": "&*", "allcommands": "+@all", "nocommands": "-@all"}
IMPLIED = {"resetchannels", "sanitize-payload", "-@all"}


class User(SettlingResource):
    type_name = "ElastiCache user"
    assigned = ("arn",)
    defaults = {"password_count": 0, "password_version": "", "user_group_ids": [], "tags": {}}
    immutable = {"user_name": "delete the user and create another one, with another user_id if a group holds this one"}

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__(module, module.params["user_id"], set_options(module, *NEEDED, "password_version", "tags"))
        self.secret = module.params["password_secret"]
        self.secrets = RetryingClient(module, "secretsmanager")
        passwords = module.params["passwords"]
        if (passwords or self.secret) and self.state == "present":
            self.desired.setdefault("authentication", "password")
            self.desired["password_count"] = len(passwords or [self.secret])

    def validate(self) -> None:
        authentication, passwords = self.desired.get("authentication"), self.module.params["passwords"] or []
        if self.state == "present" and (passwords or self.secret) and authentication != "password":
            raise ResourceError(f"user {self.name}: authentication {authentication} takes no password")
        if passwords and self.secret:
            raise ResourceError(f"user {self.name}: set passwords or password_secret, not both")
        if self.module.params["password_version"] is not None and not passwords:
            raise ResourceError(f"user {self.name}: password_version says which passwords; set passwords")
        if len(passwords) > 2:
            raise ResourceError(f"user {self.name}: passwords has {len(passwords)} items; allowed are 1 or 2")
        for password in passwords:
            self.check_length(password, "passwords")
        if authentication == "iam" and self.desired.get("user_name", self.name).lower() != self.name:
            raise ResourceError(f"user {self.name}: with authentication iam, user_name must equal user_id")

    def check_length(self, password: str, source: str) -> None:
        if not 16 <= len(password) <= 128:
            raise ResourceError(
                f"user {self.name}: a password of {source} has {len(password)} characters; allowed are 16 to 128"
            )

    def plan(self) -> Change | None:
        if self.secret and self.state == "present":
            self.validate()  # before the first call
            self.desired["password_version"] = self.secret_version()
        change = super().plan()
        if self.state == "present":
            missing = [name for name in NEEDED if self.current is None and name not in self.desired]
            if missing:
                raise ResourceError(f"there is no user {self.name}; to create it, set {', '.join(missing)}")
            if (
                self.desired.get("authentication") == "password"
                and not self.desired.get("password_count")
                and not (self.current or {}).get("password_count")
            ):
                raise ResourceError(f"user {self.name}: authentication password needs passwords or password_secret")
        return change

    def secret_version(self) -> str:
        if is_unknown(self.secret):
            return UNKNOWN
        stages = self.secrets.describe_secret(SecretId=self.secret).get("VersionIdsToStages") or {}
        for version, labels in stages.items():
            if "AWSCURRENT" in labels:
                return version
        raise ResourceError(f"user {self.name}: the secret {self.secret} has no value yet")

    def describe(self) -> dict[str, Any] | None:
        return one(self.client.describe_users, "Users", "UserNotFound", UserId=self.name)

    def normal(self, raw: dict[str, Any]) -> Attributes:
        tags = self.read_tags(raw["ARN"])
        return {
            "user_id": raw["UserId"],
            "arn": raw["ARN"],
            "user_name": raw["UserName"],
            "engine": raw["Engine"].lower(),
            "access_string": raw["AccessString"],
            "authentication": raw["Authentication"]["Type"],
            "password_count": raw["Authentication"].get("PasswordCount") or 0,
            "password_version": tags.pop(VERSION_TAG, ""),
            "user_group_ids": raw.get("UserGroupIds") or [],
            "tags": tags,
        }

    def predict(self) -> Attributes:
        return {"user_id": self.name}

    def same(self, key: str) -> bool:
        if key == "access_string":
            return same_access(self.current[key], self.desired[key])
        return super().same(key)

    def authentication(self) -> dict[str, Any]:
        """The AuthenticationMode; here, and nowhere else, the secret is read."""
        mode: dict[str, Any] = {"Type": TYPES[self.desired["authentication"]]}
        passwords = self.module.params["passwords"]
        if self.secret:
            version = self.desired["password_version"]
            value = self.secrets.get_secret_value(SecretId=self.secret, VersionId=version).get("SecretString", "")
            self.module.no_log_values.add(value)
            self.check_length(value, "password_secret")
            passwords = [value]
        return {**mode, "Passwords": passwords} if passwords else mode

    def version_tag(self) -> list[dict[str, str]]:
        version = self.desired.get("password_version")
        return [{"Key": VERSION_TAG, "Value": version}] if version else []

    def create(self) -> None:
        tags = self.tag_parameters().get("Tags", []) + self.version_tag()
        self.client.create_user(
            UserId=self.name,
            UserName=self.desired["user_name"],
            Engine=self.desired["engine"],
            AccessString=self.desired["access_string"],
            AuthenticationMode=self.authentication(),
            **({"Tags": tags} if tags else {}),
        )

    def update(self, changed: set[str]) -> None:
        parameters = {"access_string": "AccessString", "engine": "Engine"}
        changes = {parameters[key]: self.desired[key] for key in changed & parameters.keys()}
        if changed & {"authentication", "password_count", "password_version"}:
            changes["AuthenticationMode"] = self.authentication()
        if changes:
            self.client.modify_user(UserId=self.name, **changes)
            self.wait_until_settled()
        if "tags" in changed:
            self.put_tags()
        if "password_version" in changed:
            self.client.add_tags_to_resource(ResourceName=self.current["arn"], Tags=self.version_tag())

    def delete(self) -> None:
        self.client.delete_user(UserId=self.name)


def same_access(current: str, desired: str) -> bool:
    """Whether two access strings say the same; AWS may write rules in their short form and add implied ones."""
    wanted = [SHORT.get(rule, rule) for rule in desired.split()]
    there = [SHORT.get(rule, rule) for rule in current.split()]
    return [rule for rule in there if rule in wanted or rule not in IMPLIED] == wanted


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "user_id": {"type": "str", "required": True},
            "user_name": {"type": "str"},
            "engine": {"type": "str", "choices": ["redis", "valkey"]},
            "access_string": {"type": "str"},
            "authentication": {"type": "str", "choices": list(TYPES)},
            "passwords": {"type": "list", "elements": "str", "no_log": True},
            "password_version": {"type": "str", "no_log": False},
            "password_secret": {"type": "str", "no_log": False},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, User(module), key="user")


if __name__ == "__main__":
    main()
