#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_snapshot
short_description: Manage a manual snapshot of an RDS instance or Aurora cluster
version_added: 0.2.0
description:
  - Creates, copies from another region and deletes a snapshot, see
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html),
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html) and their likes of clusters.
  - M(amazon.aws.rds_instance_snapshot) cannot copy what is encrypted. It has no option for the key of the other region.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the snapshot. AWS keeps it in lower case.
    type: str
    required: true
  instance:
    description:
      - The instance to make it of. A snapshot of another instance that has the name is refused.
    type: str
  cluster:
    description:
      - The cluster to make it of.
    type: str
  source_region:
    description:
      - The region that holds a snapshot of the same name, of O(instance) or O(cluster), which is copied.
    type: str
  kms_key_id:
    description:
      - The KMS key of a copy, one of its own region; without it a copy of what is encrypted has AWS's own key there.
    type: str
  new:
    description:
      - Whether a snapshot that has the name already is an error rather than the one that is wanted.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the state before a migration
  slipway.fargate.rds_snapshot:
    name: shop-prod-database-before-2-0
    instance: shop-prod-database
    region: us-east-1

- name: Keep it in another region too
  slipway.fargate.rds_snapshot:
    name: shop-prod-database-before-2-0
    instance: shop-prod-database
    source_region: us-east-1
    region: us-west-2

- name: Remove a snapshot of a cluster
  slipway.fargate.rds_snapshot:
    name: shop-prod-catalog-before-2-0
    cluster: shop-prod-catalog
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-database-before-2-0
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:rds:us-east-1:123456789012:snapshot:shop-prod-database-before-2-0
    source:
      description: The instance or cluster that it is of.
      type: str
      sample: shop-prod-database
    status:
      description: The status, as V(available).
      type: str
      sample: available
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
    kms_key_id:
      description: The KMS key, or empty.
      type: str
      sample: arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555
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
    - action: create
      resource: RDS snapshot
      name: shop-prod-database-before-2-0
      attributes: {"source": {"before": null, "after": "shop-prod-database"}}
"""

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
    WAIT_SPEC,
    Attributes,
    Change,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.rds_restore import APIS, MISSING, Api

AWS_KEY = "alias/aws/rds"


class Snapshot(Resource):
    type_name = "RDS snapshot"
    assigned = ("arn", "status", "encrypted", "kms_key_id")
    defaults = {"tags": {}}
    immutable = {"source": "give the snapshot another name"}
    updates = {"put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        params = module.params
        self.api: Api = APIS["db-cluster" if params["cluster"] else "db-instance"]
        name = params["name"].lower()
        source = (params["cluster"] or params["instance"]).lower()
        super().__init__(module, name, {"name": name, "source": source, **set_options(module, "tags")}, params["state"])
        self.client = RetryingClient(module, "rds")
        self.origin: Attributes = {}
        if params["source_region"]:
            self.type_name = "RDS snapshot copy"

    def plan(self) -> Change | None:
        change = super().plan()
        params = self.module.params
        if params["new"] and self.current is not None and self.state == "present":
            made = self.current["source"]
            raise ResourceError(f"{self.type_name} {self.name}: there is one of {made} already; give it another name")
        if change and change.action == "create" and not self.module.check_mode:
            self.origin = self._origin() if params["source_region"] else {}
        return change

    def read(self) -> Attributes | None:
        found = self._describe(self.client)
        if found is None:
            return None
        return {
            "name": found[self.api.snapshot_name],
            "arn": found[f"{self.api.snapshot}Arn"],
            "source": found[self.api.name],
            "status": found["Status"],
            "encrypted": found.get("StorageEncrypted", found.get("Encrypted", False)),
            "kms_key_id": found.get("KmsKeyId") or "",
            "tags": boto3_tag_list_to_ansible_dict(found.get("TagList", [])),
        }

    def _describe(self, client: Any) -> Attributes | None:
        describe = getattr(client, self.api.describe_snapshots)
        try:
            return describe(**{self.api.snapshot_name: self.name})[self.api.snapshots][0]
        except is_boto3_error_code(MISSING):
            return None

    def _origin(self) -> Attributes:
        """The snapshot in the other region."""
        region = self.module.params["source_region"]
        found = self._describe(self.module.client("rds", region=region))
        if found is None:
            raise ResourceError(f"{self.type_name} {self.name}: {region} has none of that name to copy")
        return found

    def create(self) -> None:
        tags = ansible_dict_to_boto3_tag_list(self.desired.get("tags", {}))
        if not self.origin:
            make = getattr(self.client, self.api.create_snapshot)
            make(**{self.api.snapshot_name: self.name, self.api.name: self.desired["source"]}, Tags=tags)
            return
        key = self.module.params["kms_key_id"] or AWS_KEY
        encrypted = self.origin.get("StorageEncrypted", self.origin.get("Encrypted", False))
        getattr(self.client, self.api.copy_snapshot)(
            **{
                f"Source{self.api.snapshot_name}": self.origin[f"{self.api.snapshot}Arn"],
                f"Target{self.api.snapshot_name}": self.name,
            },
            SourceRegion=self.module.params["source_region"],
            Tags=tags,
            **({"KmsKeyId": key} if encrypted else {}),
        )

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.remove_tags_from_resource(ResourceName=self.current["arn"], TagKeys=to_remove)
        if to_set:
            tags = ansible_dict_to_boto3_tag_list(to_set)
            self.client.add_tags_to_resource(ResourceName=self.current["arn"], Tags=tags)

    def delete(self) -> None:
        getattr(self.client, self.api.delete_snapshot)(**{self.api.snapshot_name: self.name})

    def settle(self) -> None:
        if self.state == "absent" or not self.module.params["wait"]:
            return
        self.current = wait_for(
            lambda: self.read() or {"status": "gone"},
            lambda seen: seen["status"] == "available",
            what=f"{self.type_name} {self.name} becomes available",
            timeout=self.module.params["wait_timeout"],
            failed=lambda seen: f"it is {seen['status']}" if seen["status"] in ("failed", "gone") else None,
            describe=lambda seen: str(seen["status"]),
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "instance": {"type": "str"},
            "cluster": {"type": "str"},
            "source_region": {"type": "str"},
            "kms_key_id": {"type": "str", "no_log": False},
            "new": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        mutually_exclusive=[("instance", "cluster")],
        required_one_of=[("instance", "cluster")],
        supports_check_mode=True,
    )
    run(module, Snapshot(module), key="snapshot")


if __name__ == "__main__":
    main()
