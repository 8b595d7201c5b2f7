# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: config_bucket_statements
short_description: What the policy of a bucket needs for AWS Config to write to it
version_added: 0.2.0
author:
  - The slipway.fargate team (@slipway)
description:
  - AWS Config, with its service-linked role, writes only to a bucket whose policy admits it, see
    U(https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html). These are the three statements,
    for recorders of this account alone, to be given to C(s3_bucket_policy_statements).
  - Runs on the controller and takes endpoint and credentials as any AWS tool does; it asks which account this is.
options:
  _terms:
    description: The name of the bucket.
    required: true
  region:
    description: The region in which AWS is asked which account this is.
    type: str
    required: true
  prefix:
    description: What the keys of the files begin with, as the recorder has it; without a slash at the end.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the statements
  ansible.builtin.debug:
    msg: "{{ query('slipway.fargate.config_bucket_statements', 'shop-prod-history', region='eu-west-1') }}"
"""

RETURN = r"""
_raw:
  description: The statements.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.slipway.fargate.plugins.lookup.component import caller_arn


def statements(bucket: str, caller: str, prefix: str) -> list[dict[str, Any]]:
    """For the account of the caller, whose ARN tells the partition too."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    where = f"arn:{partition}:s3:::{bucket}"
    files = "/".join(part for part in (where, prefix, "AWSLogs", account, "Config", "*") if part)
    common = {"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}}
    ours = {"StringEquals": {"aws:SourceAccount": account}}
    owned = {"StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"}}
    return [
        {"Sid": "ConfigReadsAcl", **common, "Action": "s3:GetBucketAcl", "Resource": where, "Condition": ours},
        {"Sid": "ConfigFindsBucket", **common, "Action": "s3:ListBucket", "Resource": where, "Condition": ours},
        {"Sid": "ConfigWrites", **common, "Action": "s3:PutObject", "Resource": files, "Condition": owned},
    ]


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        region, prefix = self.get_option("region"), self.get_option("prefix")
        caller = caller_arn(region)
        return [statement for bucket in terms for statement in statements(bucket, caller, prefix)]
