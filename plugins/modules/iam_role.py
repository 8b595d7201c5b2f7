#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role
short_description: Manage an IAM role with its policy and its instance profile
version_added: 0.1.0
description:
  - Creates, changes and deletes a role together with the customer managed policy and the instance profile that bear its
    name, see U(https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
  - Differs from M(amazon.aws.iam_role), M(amazon.aws.iam_managed_policy) and M(amazon.aws.iam_instance_profile) in that
    it shows what changes, before and after, says what it creates and what it updates, and finds a policy by its ARN,
    where they list all policies of the account and of AWS, page by page, in every run.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the role, of its policy and of its instance profile.
    type: str
    required: true
  role:
    description:
      - Whether there is the role. V(false) makes the policy alone, to be attached elsewhere, and deletes such a role.
    type: bool
    default: true
    version_added: 0.2.0
  description:
    description: The description of the role.
    type: str
  assume_role_policy_document:
    description: Who may assume the role, as a policy document. Required to create it.
    type: dict
  policy:
    description:
      - The document of the role's own managed policy, which is attached to it.
      - V({}) removes the policy.
    type: dict
  managed_policies:
    description: The ARNs of other policies that are attached. Those attached and not listed are detached.
    type: list
    elements: str
  permissions_boundary:
    description: The ARN of the policy that bounds the role's permissions; V("") takes it away.
    type: str
  max_session_duration:
    description: The longest session, in seconds, from V(3600) to V(43200).
    type: int
  instance_profile:
    description: Whether there is an instance profile with this role in it.
    type: bool
attributes:
  check_mode:
    description: Predicts the same changes and the same shape of result as a real run, and never writes.
    support: full
notes:
  - IAM keeps five versions of a policy; the oldest is deleted to make room for a sixth.
  - With O(state=absent) the role is detached from everything first. AWS refuses to delete a policy that others use.
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create or update the role of a task
  slipway.fargate.iam_role:
    name: shop-prod-web-task
    assume_role_policy_document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal:
            Service: ecs-tasks.amazonaws.com
          Action: sts:AssumeRole
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:GetObject
          Resource: arn:aws:s3:::shop-prod-assets/*

- name: Remove it
  slipway.fargate.iam_role:
    name: shop-prod-web-task
    state: absent
"""

RETURN = r"""
changes:
  description: What was done, or in check mode would be done, to which resource.
  returned: always
  type: list
  elements: dict
  sample: [{"action": "create", "resource": "IAM role", "name": "shop-prod-web-task", "attributes": {}}]
iam_role:
  description: The role; in check mode as it would be.
  returned: always
  type: dict
  sample:
    name: shop-prod-web-task
    arn: arn:aws:iam::123456789012:role/shop-prod-web-task
    description: ""
    assume_role_policy_document: {"Version": "2012-10-17", "Statement": []}
    managed_policies: ["arn:aws:iam::123456789012:policy/shop-prod-web-task"]
    permissions_boundary: ""
    max_session_duration: 3600
    tags: {"Environment": "prod"}
"""

from functools import cached_property
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
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
    run_all,
    set_options,
)

MAX_VERSIONS = 5  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


class Iam:
    """The account's IAM, and the ARNs in it."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.client = RetryingClient(module, "iam", "ConcurrentModification", "EntityTemporarilyUnmodifiable")

    @cached_property
    def prefix(self) -> str:
        caller = RetryingClient(self.module, "sts").get_caller_identity()
        return f"arn:{caller['Arn'].split(':')[1]}:iam::{caller['Account']}"


class IamResource(Resource):
    """What has a name in IAM, and tags."""

    def __init__(self, module: AnsibleAWSModule, iam: Iam, desired: Attributes, state: str) -> None:
        super().__init__(module, module.params["name"], desired, state)
        self.iam, self.client = iam, iam.client

    def tags_to_create(self) -> list[dict[str, str]]:
        return ansible_dict_to_boto3_tag_list(self.desired.get("tags") or {})


class Policy(IamResource):
    type_name = "IAM policy"
    assigned = ("arn",)
    defaults = {"tags": {}}
    policies = ("policy",)
    updates = {"put_document": ("policy",), "put_tags": ("tags",)}

    @property
    def arn(self) -> str:
        return f"{self.iam.prefix}:policy/{self.name}"

    def predict(self) -> Attributes:
        return {"arn": self.arn}

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_policy(PolicyArn=self.arn)["Policy"]
        except is_boto3_error_code("NoSuchEntity"):
            return None
        version = self.client.get_policy_version(PolicyArn=self.arn, VersionId=found["DefaultVersionId"])
        return {
            "name": self.name,
            "arn": self.arn,
            "policy": version["PolicyVersion"]["Document"],
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
        }

    def create(self) -> None:
        document = self.module.jsonify(self.desired["policy"])
        self.client.create_policy(PolicyName=self.name, PolicyDocument=document, Tags=self.tags_to_create())

    def put_document(self) -> None:
        others = self._other_versions()
        if len(others) >= MAX_VERSIONS - 1:
            oldest = min(others, key=lambda version: version["CreateDate"])
            self.client.delete_policy_version(PolicyArn=self.arn, VersionId=oldest["VersionId"])
        document = self.module.jsonify(self.desired["policy"])
        self.client.create_policy_version(PolicyArn=self.arn, PolicyDocument=document, SetAsDefault=True)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_policy(PolicyArn=self.arn, TagKeys=to_remove)
        if to_set:
            self.client.tag_policy(PolicyArn=self.arn, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        for version in self._other_versions():
            self.client.delete_policy_version(PolicyArn=self.arn, VersionId=version["VersionId"])
        self.client.delete_policy(PolicyArn=self.arn)

    def _other_versions(self) -> list[dict[str, Any]]:
        versions = self.client.list("list_policy_versions", "Versions", PolicyArn=self.arn)
        return [version for version in versions if not version["IsDefaultVersion"]]


class Role(IamResource):
    type_name = "IAM role"
    assigned = ("arn",)
    defaults = {
        "description": "",
        "managed_policies": [],
        "permissions_boundary": "",
        "max_session_duration": 3600,
        "tags": {},
    }
    policies = ("assume_role_policy_document",)
    unordered = ("managed_policies",)
    updates = {
        "put_trust": ("assume_role_policy_document",),
        "put_policies": ("managed_policies",),
        "put_boundary": ("permissions_boundary",),
        "put_settings": ("description", "max_session_duration"),
        "put_tags": ("tags",),
    }

    def predict(self) -> Attributes:
        return {"arn": f"{self.iam.prefix}:role/{self.name}"}

    def validate(self) -> None:
        duration = self.desired.get("max_session_duration", 3600)
        if not 3600 <= duration <= 43200:
            raise ResourceError(
                f"IAM role {self.name}: max_session_duration is {duration}; allowed are 3600 to 43200 seconds"
            )

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_role(RoleName=self.name)["Role"]
        except is_boto3_error_code("NoSuchEntity"):
            return None
        attached = self.client.list("list_attached_role_policies", "AttachedPolicies", RoleName=self.name)
        return {
            "name": self.name,
            "arn": found["Arn"],
            "description": found.get("Description", ""),
            "assume_role_policy_document": found["AssumeRolePolicyDocument"],
            "managed_policies": sorted(policy["PolicyArn"] for policy in attached),
            "permissions_boundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "max_session_duration": found["MaxSessionDuration"],
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
        }

    def create(self) -> None:
        if not self.desired.get("assume_role_policy_document"):
            raise ResourceError(f"IAM role {self.name}: assume_role_policy_document is required to create it")
        optional = {
            "Description": self.desired.get("description"),
            "MaxSessionDuration": self.desired.get("max_session_duration"),
            "PermissionsBoundary": self.desired.get("permissions_boundary"),
        }
        self.client.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=self.module.jsonify(self.desired["assume_role_policy_document"]),
            Tags=self.tags_to_create(),
            **{key: value for key, value in optional.items() if value},
        )
        self.put_policies()

    def put_trust(self) -> None:
        document = self.module.jsonify(self.desired["assume_role_policy_document"])
        self.client.update_assume_role_policy(RoleName=self.name, PolicyDocument=document)

    def put_policies(self) -> None:
        current = set((self.current or {}).get("managed_policies", []))
        desired = set(self.desired.get("managed_policies", []))
        for arn in sorted(desired - current):
            self.client.attach_role_policy(RoleName=self.name, PolicyArn=arn)
        for arn in sorted(current - desired):
            self.client.detach_role_policy(RoleName=self.name, PolicyArn=arn)

    def put_boundary(self) -> None:
        if arn := self.desired["permissions_boundary"]:
            self.client.put_role_permissions_boundary(RoleName=self.name, PermissionsBoundary=arn)
        else:
            self.client.delete_role_permissions_boundary(RoleName=self.name)

    def put_settings(self) -> None:
        after = self.expected()
        self.client.update_role(
            RoleName=self.name, Description=after["description"], MaxSessionDuration=after["max_session_duration"]
        )

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_role(RoleName=self.name, TagKeys=to_remove)
        if to_set:
            self.client.tag_role(RoleName=self.name, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        for arn in self.current["managed_policies"]:
            self.client.detach_role_policy(RoleName=self.name, PolicyArn=arn)
        for name in self.client.list("list_role_policies", "PolicyNames", RoleName=self.name):
            self.client.delete_role_policy(RoleName=self.name, PolicyName=name)
        self.client.delete_role(RoleName=self.name)


class InstanceProfile(IamResource):
    type_name = "IAM instance profile"
    assigned = ("arn",)
    defaults = {"tags": {}}
    updates = {"put_role": ("role",), "put_tags": ("tags",)}

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_instance_profile(InstanceProfileName=self.name)["InstanceProfile"]
        except is_boto3_error_code("NoSuchEntity"):
            return None
        return {
            "name": self.name,
            "arn": found["Arn"],
            "role": found["Roles"][0]["RoleName"] if found["Roles"] else "",
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
        }

    def create(self) -> None:
        self.client.create_instance_profile(InstanceProfileName=self.name, Tags=self.tags_to_create())
        self.put_role()

    def put_role(self) -> None:
        self._take_out_role()
        self.client.add_role_to_instance_profile(InstanceProfileName=self.name, RoleName=self.desired["role"])

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_instance_profile(InstanceProfileName=self.name, TagKeys=to_remove)
        if to_set:
            tags = ansible_dict_to_boto3_tag_list(to_set)
            self.client.tag_instance_profile(InstanceProfileName=self.name, Tags=tags)

    def delete(self) -> None:
        self._take_out_role()
        self.client.delete_instance_profile(InstanceProfileName=self.name)

    def _take_out_role(self) -> None:
        role = (self.current or {}).get("role")
        if role:
            self.client.remove_role_from_instance_profile(InstanceProfileName=self.name, RoleName=role)


def resources(module: AnsibleAWSModule) -> list[Resource]:
    """In the order in which they can be created, or be removed."""
    iam, params = Iam(module), module.params
    tags = set_options(module, "tags")
    wanted = params["state"]
    role_state = wanted if params["role"] else "absent"
    role = Role(module, iam, {"name": params["name"], **_role_options(module, iam), **tags}, role_state)
    result: list[Resource] = [role]
    if wanted == "absent" or params["policy"] is not None:
        state = "present" if wanted == "present" and params["policy"] else "absent"
        policy = Policy(module, iam, {"name": params["name"], "policy": params["policy"] or {}, **tags}, state)
        result = [policy, role] if state == "present" else [role, policy]
    if wanted == "absent" or params["instance_profile"] is not None:
        state = "present" if wanted == "present" and params["instance_profile"] else "absent"
        profile = InstanceProfile(module, iam, {"name": params["name"], "role": params["name"], **tags}, state)
        result = [*result, profile] if state == "present" else [profile, *result]
    return result


def _role_options(module: AnsibleAWSModule, iam: Iam) -> Attributes:
    options = set_options(
        module, "description", "assume_role_policy_document", "permissions_boundary", "max_session_duration"
    )
    others, policy = module.params["managed_policies"], module.params["policy"]
    if others is None and policy is None:
        return options
    own = [f"{iam.prefix}:policy/{module.params['name']}"] if policy else []
    return {**options, "managed_policies": sorted({*own, *(others or [])})}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "role": {"type": "bool", "default": True},
            "description": {"type": "str"},
            "assume_role_policy_document": {"type": "dict"},
            "policy": {"type": "dict"},
            "managed_policies": {"type": "list", "elements": "str"},
            "permissions_boundary": {"type": "str"},
            "max_session_duration": {"type": "int"},
            "instance_profile": {"type": "bool"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run_all(module, resources(module), key="iam_role", collect=_role_of)


def _role_of(found: list[Attributes]) -> Attributes:
    return next((item for item in found if "max_session_duration" in item), {})


if __name__ == "__main__":
    main()
