# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: trail_bucket_statements
short_description: What the policy of a bucket needs for CloudTrail to write to it
version_added: 0.2.0
author:
  - The slipway.fargate team (@slipway)
description:
  - CloudTrail writes to a bucket only when its policy admits it, see
    U(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html). These
    are the two statements, for trails of this account alone, to be given to C(s3_bucket_policy_statements).
  - Runs on the controller and takes endpoint and credentials as any AWS tool does; it asks which account this is.
options:
  _terms:
    description: The name of the bucket.
    required: true
  region:
    description: The region of the trail.
    type: str
    required: true
  trail:
    description: The name of the trail. By default every trail of the account in the region may write.
    type: str
    default: "*"
  prefix:
    description: What the keys of the files begin with, as O(trail) has it; without a slash at the end.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the statements
  ansible.builtin.debug:
    msg: "{{ query('slipway.fargate.trail_bucket_statements', 'shop-prod-audit', region='eu-west-1') }}"
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


def statements(bucket: str, caller: str, region: str, trail: str, prefix: str) -> list[dict[str, Any]]:
    """For the account of the caller, whose ARN tells the partition too."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    where = f"arn:{partition}:s3:::{bucket}"
    source = f"arn:{partition}:cloudtrail:{region}:{account}:trail/{trail}"
    common = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    of_trail = {"ArnLike": {"aws:SourceArn": source}}
    files = "/".join(part for part in (where, prefix, "AWSLogs", account, "*") if part)
    owned = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return [
        {"Sid": "TrailReadsAcl", **common, "Action": "s3:GetBucketAcl", "Resource": where, "Condition": of_trail},
        {
            "Sid": "TrailWrites",
            **common,
            "Action": "s3:PutObject",
            "Resource": files,
            "Condition": {**owned, **of_trail},
        },
    ]


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        region, trail, prefix = (self.get_option(name) for name in ("region", "trail", "prefix"))
        caller = caller_arn(region)
        return [statement for bucket in terms for statement in statements(bucket, caller, region, trail, prefix)]
