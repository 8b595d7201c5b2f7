#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: efs_file_system
short_description: Manage an EFS file system with its mount targets and access points
version_added: 0.2.0
description:
  - Creates, changes and deletes a file system, see
    U(https://docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html), its mount targets and its access points.
  - A file system is found by its creation token, which is its name.
  - Without O(wait) the mount targets are only requested, and are awaited by a later run that waits. A new file system
    itself, which takes seconds, is always awaited, since nothing can be added to it before.
  - V(state=absent) deletes the file system B(with its data).
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the file system, which is its creation token, at most 64 characters.
    type: str
    required: true
  encrypted:
    description: Whether it is encrypted at rest. It cannot be changed, and a new file system needs it.
    type: bool
  kms_key_id:
    description: The ARN of the KMS key, instead of the one that AWS manages. It cannot be changed.
    type: str
  performance_mode:
    description: The performance mode. It cannot be changed.
    type: str
    choices: [generalPurpose, maxIO]
  throughput_mode:
    description:
      - V(elastic) is paid by what is read and written, V(bursting) grows with what is stored, V(provisioned) is
        O(provisioned_throughput_mibps). AWS takes some changes only 24 hours after the last one.
    type: str
    choices: [bursting, elastic, provisioned]
  provisioned_throughput_mibps:
    description: The throughput in MiB a second, with O(throughput_mode=provisioned).
    type: float
  transition_to_ia_days:
    description:
      - After how many days without access files move to the class Infrequent Access; V(0) for never.
    type: int
    choices: [0, 1, 7, 14, 30, 60, 90, 180, 270, 365]
  transition_to_archive_days:
    description:
      - After how many days without access files move to the class Archive, which needs O(throughput_mode=elastic); V(0)
        for never.
    type: int
    choices: [0, 1, 7, 14, 30, 60, 90, 180, 270, 365]
  transition_to_primary:
    description: Whether files move back to the class Standard with their first access.
    type: bool
  backup:
    description: Whether AWS Backup makes a backup of it every day.
    type: bool
  policy:
    description:
      - The policy of the file system, see U(https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html);
        an empty one removes it. The resource of a statement without one is the file system.
    type: json
  subnet_ids:
    description: The subnets that have a mount target, at most one in a zone; those of other subnets are deleted.
    type: list
    elements: str
  security_group_ids:
    description: The security groups of every mount target, one to five.
    type: list
    elements: str
  access_points:
    description:
      - The access points; others are deleted. Only the tags of an access point can be changed.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the access point, which is its tag C(Name).
        type: str
        required: true
      path:
        description: The directory that clients see as the root.
        type: str
        default: /
      posix_uid:
        description: The id of the user that every client acts as. It needs O(access_points[].posix_gid).
        type: int
      posix_gid:
        description: The id of the group that every client acts as.
        type: int
      owner_uid:
        description:
          - The id of the owner of the directory when it is created with the first mount. The three that describe it
            go together; without them the directory must be there.
        type: int
      owner_gid:
        description: The id of its group.
        type: int
      permissions:
        description: Its permissions in octal digits, as V(0755).
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
- name: Keep the uploads of the web service
  slipway.fargate.efs_file_system:
    name: shop-prod-uploads
    encrypted: true
    throughput_mode: elastic
    transition_to_ia_days: 30
    transition_to_primary: true
    backup: true
    subnet_ids: [subnet-0a, subnet-0b]
    security_group_ids: [sg-0a]
    access_points:
      - {name: data, path: /data, owner_uid: 1000, owner_gid: 1000, permissions: "0755"}

- name: Remove the file system with its data
  slipway.fargate.efs_file_system:
    name: shop-prod-uploads
    state: absent
"""

RETURN = r"""
file_system:
  description: The file system and its access points, in this order; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the file system or of the access point.
      type: str
      sample: shop-prod-uploads
    file_system_id:
      description: The id of the file system, of it alone.
      type: str
      sample: fs-0123456789abcdef0
    access_point_id:
      description: The id of the access point, of access points alone.
      type: str
      sample: fsap-0123456789abcdef0
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0
    encrypted:
      description: Whether it is encrypted at rest.
      type: bool
      sample: true
    kms_key_id:
      description: The ARN of the KMS key, or empty.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555
    performance_mode:
      description: The performance mode.
      type: str
      sample: generalPurpose
    throughput_mode:
      description: The throughput mode.
      type: str
      sample: elastic
    provisioned_throughput_mibps:
      description: The throughput in MiB a second, V(0) when it is not provisioned.
      type: float
      sample: 0
    transition_to_ia_days:
      description: After how many days files move to Infrequent Access.
      type: int
      sample: 30
    transition_to_archive_days:
      description: After how many days files move to Archive.
      type: int
      sample: 0
    transition_to_primary:
      description: Whether files move back with their first access.
      type: bool
      sample: true
    backup:
      description: Whether AWS Backup makes a backup every day.
      type: bool
      sample: true
    policy:
      description: The policy; empty when there is none.
      type: dict
      sample: {}
    subnet_ids:
      description: The subnets with a mount target.
      type: list
      elements: str
      sample: [subnet-0a, subnet-0b]
    security_group_ids:
      description: The security groups of the mount targets.
      type: list
      elements: str
      sample: [sg-0a]
    path:
      description: The directory that clients see as the root, of access points.
      type: str
      sample: /data
    tags:
      description: The tags, without C(Name).
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: EFS file system
      name: shop-prod-uploads
      attributes: {"throughput_mode": {"before": "bursting", "after": "elastic"}}
"""

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.efs import ACCESS_POINT_SPEC, DAYS, declaration
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    run_all,
)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "encrypted": {"type": "bool"},
            "kms_key_id": {"type": "str", "no_log": False},
            "performance_mode": {"type": "str", "choices": ["generalPurpose", "maxIO"]},
            "throughput_mode": {"type": "str", "choices": ["bursting", "elastic", "provisioned"]},
            "provisioned_throughput_mibps": {"type": "float"},
            "transition_to_ia_days": {"type": "int", "choices": list(DAYS)},
            "transition_to_archive_days": {"type": "int", "choices": list(DAYS)},
            "transition_to_primary": {"type": "bool"},
            "backup": {"type": "bool"},
            "policy": {"type": "json"},
            "subnet_ids": {"type": "list", "elements": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "access_points": {"type": "list", "elements": "dict", "options": ACCESS_POINT_SPEC},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        declared = declaration(module)
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read the access points of EFS file system {module.params['name']}")
    run_all(module, declared, key="file_system")


if __name__ == "__main__":
    main()
