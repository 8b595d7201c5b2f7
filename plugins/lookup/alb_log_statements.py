# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: alb_log_statements
short_description: What the policy of a bucket needs for load balancers to write their access logs to it
version_added: 0.2.0
author:
  - The slipway.fargate team (@slipway)
description:
  - A load balancer writes access logs only to a bucket whose policy admits it, see
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html). This is the
    statement, for load balancers of this account alone, to be given to C(s3_bucket_policy_statements).
  - Runs on the controller and takes endpoint and credentials as any AWS tool does; it asks which account this is.
options:
  _terms:
    description: The name of the bucket.
    required: true
  region:
    description: The region of the load balancers.
    type: str
    required: true
  prefix:
    description: What the keys of the files begin with, as C(alb_access_logs_prefix) has it; without a slash at the end.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the statement
  ansible.builtin.debug:
    msg: "{{ query('slipway.fargate.alb_log_statements', 'shop-prod-access-logs', region='eu-west-1') }}"
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


def statement(bucket: str, caller: str, region: str, prefix: str) -> dict[str, Any]:
    """For the account of the caller, whose ARN tells the partition too."""
    _, partition, _, _, account, _ = caller.split(":", 5)
    where = "/".join(part for part in (f"arn:{partition}:s3:::{bucket}", prefix, "AWSLogs", account, "*") if part)
    source = f"arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*"
    return {
        "Sid": "LoadBalancerWrites",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": where,
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        region, prefix = self.get_option("region"), self.get_option("prefix")
        caller = caller_arn(region)
        return [statement(bucket, caller, region, prefix) for bucket in terms]
