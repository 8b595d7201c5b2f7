#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_repository
short_description: Manage an ECR repository
version_added: 0.2.0
description:
  - Creates, changes and deletes a private repository of container images, see
    U(https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html).
  - A repository that holds images is deleted with O(force) only.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the repository, as V(shop/web).
    type: str
    required: true
  scan_on_push:
    description:
      - Whether images are scanned for known vulnerabilities when they are pushed.
    type: bool
  image_tag_mutability:
    description:
      - Whether a tag can be given to another image later.
    type: str
    choices: [MUTABLE, IMMUTABLE]
  image_tag_mutability_exclusions:
    description:
      - Tags, or patterns of tags with C(*), for which the opposite of O(image_tag_mutability) holds, as V(latest), see
        U(https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html).
    type: list
    elements: str
  encryption_type:
    description:
      - What encrypts the images, keys of S3 (V(AES256)) or a key of KMS (V(KMS)). It cannot be changed.
    type: str
    choices: [AES256, KMS]
  kms_key_id:
    description:
      - The ARN of the KMS key, instead of the one that AWS manages. It cannot be changed.
    type: str
  lifecycle_policy:
    description:
      - The document that says which images expire, see
        U(https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html); an empty one removes it.
    type: json
  policy:
    description:
      - The policy of the repository, see
        U(https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html); an empty one removes it.
    type: json
  force:
    description:
      - Whether V(state=absent) deletes the images too. Without it a repository that holds some is not deleted.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the last ten images of the web service
  slipway.fargate.ecr_repository:
    name: shop/web
    scan_on_push: true
    image_tag_mutability: IMMUTABLE
    lifecycle_policy:
      rules:
        - rulePriority: 1
          selection: {tagStatus: any, countType: imageCountMoreThan, countNumber: 10}
          action: {type: expire}

- name: Remove the repository with its images
  slipway.fargate.ecr_repository:
    name: shop/web
    force: true
    state: absent
"""

RETURN = r"""
repository:
  description: The repository; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the repository.
      type: str
      sample: shop/web
    arn:
      description: The ARN of the repository.
      type: str
      sample: arn:aws:ecr:eu-west-1:123456789012:repository/shop/web
    uri:
      description: What images are called before their tag.
      type: str
      sample: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web
    scan_on_push:
      description: Whether images are scanned when they are pushed.
      type: bool
      sample: true
    image_tag_mutability:
      description: Whether a tag can be given to another image.
      type: str
      sample: IMMUTABLE
    image_tag_mutability_exclusions:
      description: The tags for which the opposite holds.
      type: list
      elements: str
      sample: [latest]
    encryption_type:
      description: What encrypts the images.
      type: str
      sample: AES256
    kms_key_id:
      description: The ARN of the KMS key, or empty.
      type: str
      sample: ""
    lifecycle_policy:
      description: Which images expire; empty when none do.
      type: dict
      sample: {}
    policy:
      description: The policy of the repository; empty when there is none.
      type: dict
      sample: {}
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
      resource: ECR repository
      name: shop/web
      attributes: {"scan_on_push": {"before": false, "after": true}}
"""

import json

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

DOCUMENTS = ("lifecycle_policy", "policy")
PLAIN = ("scan_on_push", "image_tag_mutability", "image_tag_mutability_exclusions", "encryption_type", "kms_key_id")
EXCLUDING = "_WITH_EXCLUSION"
ELSE = "an image repository keeps its encryption; make another one, or remove this one first"


class Repository(Resource):
    type_name = "ECR repository"
    assigned = ("arn", "uri")
    defaults = {
        "scan_on_push": False,
        "image_tag_mutability": "MUTABLE",
        "image_tag_mutability_exclusions": [],
        "encryption_type": "AES256",
        "kms_key_id": "",
        "lifecycle_policy": {},
        "policy": {},
        "tags": {},
    }
    immutable = {"encryption_type": ELSE, "kms_key_id": ELSE}
    unordered = ("image_tag_mutability_exclusions",)
    policies = ("policy",)
    updates = {
        "put_scanning": ("scan_on_push",),
        "put_mutability": ("image_tag_mutability", "image_tag_mutability_exclusions"),
        "put_lifecycle_policy": ("lifecycle_policy",),
        "put_policy": ("policy",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        desired = {"name": module.params["name"], **set_options(module, *PLAIN, "tags")}
        for option in DOCUMENTS:
            if module.params[option] is not None:
                desired[option] = json.loads(module.params[option] or "{}")
        super().__init__(module, module.params["name"], desired, module.params["state"])
        self.client = RetryingClient(module, "ecr")

    def validate(self) -> None:
        if self.desired.get("kms_key_id") and self.desired.get("encryption_type") != "KMS":
            raise ResourceError(f"repository {self.name}: kms_key_id is set; it needs encryption_type KMS")

    def plan(self) -> Change | None:
        change = super().plan()
        if change and change.action == "delete" and not self.module.params["force"]:
            images = self.client.list_images(repositoryName=self.name)["imageIds"]
            if images:
                raise ResourceError(
                    f"repository {self.name} holds images, nothing was deleted; force deletes them with it"
                )
        return change

    def read(self) -> Attributes | None:
        try:
            found = self.client.describe_repositories(repositoryNames=[self.name])["repositories"][0]
        except is_boto3_error_code("RepositoryNotFoundException"):
            return None
        encryption = found.get("encryptionConfiguration", {})
        tags = self.client.list_tags_for_resource(resourceArn=found["repositoryArn"]).get("tags")
        return {
            "name": self.name,
            "arn": found["repositoryArn"],
            "uri": found["repositoryUri"],
            "scan_on_push": found.get("imageScanningConfiguration", {}).get("scanOnPush", False),
            "image_tag_mutability": found["imageTagMutability"].removesuffix(EXCLUDING),
            "image_tag_mutability_exclusions": [
                entry["filter"] for entry in found.get("imageTagMutabilityExclusionFilters") or []
            ],
            "encryption_type": encryption.get("encryptionType", "AES256"),
            "kms_key_id": encryption.get("kmsKey", ""),
            "lifecycle_policy": self._lifecycle_policy(),
            "policy": self._policy(),
            "tags": boto3_tag_list_to_ansible_dict(tags),
        }

    def _lifecycle_policy(self) -> Attributes:
        try:
            return json.loads(self.client.get_lifecycle_policy(repositoryName=self.name)["lifecyclePolicyText"])
        except is_boto3_error_code("LifecyclePolicyNotFoundException"):
            return {}

    def _policy(self) -> Attributes:
        try:
            return json.loads(self.client.get_repository_policy(repositoryName=self.name)["policyText"])
        except is_boto3_error_code("RepositoryPolicyNotFoundException"):
            return {}

    def same(self, key: str) -> bool:
        if key == "lifecycle_policy":
            return _by_priority(self.current[key]) == _by_priority(self.desired[key])
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        if "lifecycle_policy" in self.desired and self.state == "present":
            after["lifecycle_policy"] = self.desired["lifecycle_policy"]
        return after

    def predict(self) -> Attributes:
        return {"kms_key_id": UNKNOWN} if self.desired.get("encryption_type") == "KMS" else {}

    def create(self) -> None:
        encryption = {"encryptionType": self.desired.get("encryption_type", "AES256")}
        if self.desired.get("kms_key_id"):
            encryption["kmsKey"] = self.desired["kms_key_id"]
        tags = self.desired.get("tags")
        self.client.create_repository(
            repositoryName=self.name,
            encryptionConfiguration=encryption,
            imageScanningConfiguration={"scanOnPush": self.desired.get("scan_on_push", False)},
            **self._mutability(),
            **({"tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}),
        )
        if self.desired.get("lifecycle_policy"):
            self.put_lifecycle_policy()
        if self.desired.get("policy"):
            self.put_policy()

    def put_scanning(self) -> None:
        configuration = {"scanOnPush": self.desired["scan_on_push"]}
        self.client.put_image_scanning_configuration(repositoryName=self.name, imageScanningConfiguration=configuration)

    def put_mutability(self) -> None:
        self.client.put_image_tag_mutability(repositoryName=self.name, **self._mutability())

    def _mutability(self) -> Attributes:
        wanted = self.expected()
        plain, excluded = wanted["image_tag_mutability"], wanted["image_tag_mutability_exclusions"]
        if not excluded:
            return {"imageTagMutability": plain}
        filters = [{"filterType": "WILDCARD", "filter": pattern} for pattern in excluded]
        return {"imageTagMutability": plain + EXCLUDING, "imageTagMutabilityExclusionFilters": filters}

    def put_lifecycle_policy(self) -> None:
        if self.desired["lifecycle_policy"]:
            text = json.dumps(self.desired["lifecycle_policy"])
            self.client.put_lifecycle_policy(repositoryName=self.name, lifecyclePolicyText=text)
        else:
            self.client.delete_lifecycle_policy(repositoryName=self.name)

    def put_policy(self) -> None:
        if self.desired["policy"]:
            text = json.dumps(self.desired["policy"])
            self.client.set_repository_policy(repositoryName=self.name, policyText=text)
        else:
            self.client.delete_repository_policy(repositoryName=self.name)

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(resourceArn=self.current["arn"], tagKeys=to_remove)
        if to_set:
            self.client.tag_resource(resourceArn=self.current["arn"], tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        # AWS refuses, too, when an image was pushed since.
        self.client.delete_repository(repositoryName=self.name, force=self.module.params["force"])


def _by_priority(document: Attributes) -> list[Attributes]:
    return sorted(document.get("rules", []), key=lambda rule: rule.get("rulePriority", 0))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "scan_on_push": {"type": "bool"},
            "image_tag_mutability": {"type": "str", "choices": ["MUTABLE", "IMMUTABLE"]},
            "image_tag_mutability_exclusions": {"type": "list", "elements": "str"},
            "encryption_type": {"type": "str", "choices": ["AES256", "KMS"]},
            "kms_key_id": {"type": "str", "no_log": False},
            "lifecycle_policy": {"type": "json"},
            "policy": {"type": "json"},
            "force": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Repository(module), key="repository")


if __name__ == "__main__":
    main()
