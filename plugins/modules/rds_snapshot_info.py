#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_snapshot_info
short_description: List the snapshots of an RDS instance or Aurora cluster
version_added: 0.2.0
description:
  - Lists snapshots, manual and automated ones, of instances and of clusters in the same form, see
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html) and
    U(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterSnapshots.html).
author:
  - The slipway.fargate team (@slipway)
options:
  instance:
    description:
      - The instance.
    type: str
  cluster:
    description:
      - The cluster.
    type: str
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: List the snapshots of the database
  slipway.fargate.rds_snapshot_info:
    instance: shop-prod-database
"""

RETURN = r"""
snapshots:
  description: The snapshots, the latest first.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-database-before-2-0
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:snapshot:shop-prod-database-before-2-0
    created:
      description: When it was made, in UTC; empty while it is being made.
      type: str
      sample: "2026-02-22T03:00:00Z"
    type:
      description: V(manual) or V(automated).
      type: str
      sample: manual
    status:
      description: The status, as V(available).
      type: str
      sample: available
    size:
      description: The size of the database's storage in GiB.
      type: int
      sample: 20
    encrypted:
      description: Whether it is encrypted.
      type: bool
      sample: true
"""

from datetime import UTC
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient
from ansible_collections.slipway.fargate.plugins.module_utils.rds_restore import APIS, Api


def normal(api: Api, found: dict[str, Any]) -> dict[str, Any]:
    created = found.get("SnapshotCreateTime")
    return {
        "name": found[api.snapshot_name],
        "arn": found[f"{api.snapshot}Arn"],
        "created": f"{created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if created else "",
        "type": found["SnapshotType"],
        "status": found["Status"],
        "size": found.get("AllocatedStorage", 0),
        "encrypted": found.get("StorageEncrypted", found.get("Encrypted", False)),
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"instance": {"type": "str"}, "cluster": {"type": "str"}},
        mutually_exclusive=[("instance", "cluster")],
        required_one_of=[("instance", "cluster")],
        supports_check_mode=True,
    )
    api = APIS["db-cluster" if module.params["cluster"] else "db-instance"]
    source = module.params["cluster"] or module.params["instance"]
    try:
        found = RetryingClient(module, "rds").list(api.describe_snapshots, api.snapshots, **{api.name: source})
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not list the snapshots of {source}")
    snapshots = sorted((normal(api, item) for item in found), key=lambda item: (item["created"], item["name"]))
    module.exit_json(changed=False, snapshots=snapshots[::-1])


if __name__ == "__main__":
    main()
