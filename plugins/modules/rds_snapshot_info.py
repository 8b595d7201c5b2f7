#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_snapshot_info
short_description: List what an RDS instance or Aurora cluster can be restored from
version_added: 0.2.0
description:
  - Lists what a database can be restored from, of instances and of clusters in the same form. Snapshots, manual and
    automated ones, and the points in time of its backups, see
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
earliest_restorable_time:
  description: From when on it can be restored to a point in time, in UTC; empty without backups.
  returned: always
  type: str
  sample: "2026-02-15T03:00:00Z"
latest_restorable_time:
  description: Up to when; empty without backups, or when the database is gone.
  returned: always
  type: str
  sample: "2026-02-22T03:00:00Z"
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

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient
from ansible_collections.slipway.fargate.plugins.module_utils.rds_restore import (
    APIS,
    MISSING,
    Api,
    restore_window,
    utc,
)


def normal(api: Api, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": found[api.snapshot_name],
        "arn": found[f"{api.snapshot}Arn"],
        "created": utc(found.get("SnapshotCreateTime")),
        "type": found["SnapshotType"],
        "status": found["Status"],
        "size": found.get("AllocatedStorage", 0),
        "encrypted": found.get("StorageEncrypted", found.get("Encrypted", False)),
    }


def times(client: RetryingClient, source_type: str, source: str) -> dict[str, str]:
    try:
        earliest, latest = restore_window(client, source_type, source)
    except is_boto3_error_code(MISSING):  # snapshots outlive their database
        earliest, latest = None, None
    return {"earliest_restorable_time": utc(earliest if latest else None), "latest_restorable_time": utc(latest)}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"instance": {"type": "str"}, "cluster": {"type": "str"}},
        mutually_exclusive=[("instance", "cluster")],
        required_one_of=[("instance", "cluster")],
        supports_check_mode=True,
    )
    source_type = "db-cluster" if module.params["cluster"] else "db-instance"
    api, source = APIS[source_type], module.params["cluster"] or module.params["instance"]
    try:
        client = RetryingClient(module, "rds")
        found = client.list(api.describe_snapshots, api.snapshots, **{api.name: source})
        window = times(client, source_type, source)
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not list the snapshots of {source}")
    snapshots = sorted((normal(api, item) for item in found), key=lambda item: (item["created"], item["name"]))
    module.exit_json(changed=False, snapshots=snapshots[::-1], **window)


if __name__ == "__main__":
    main()
