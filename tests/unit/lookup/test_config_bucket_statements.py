# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.fargate.plugins.lookup.config_bucket_statements import statements


@pytest.mark.parametrize(
    ("partition", "prefix", "where"),
    [("aws", "", "history/AWSLogs"), ("aws-cn", "shop", "history/shop/AWSLogs")],
)
def test_only_recorders_of_the_account_may_write(partition: str, prefix: str, where: str) -> None:
    made = statements("history", f"arn:{partition}:sts::123456789012:assumed-role/a:b/c", prefix)
    assert [(one["Action"], one["Resource"]) for one in made] == [
        ("s3:GetBucketAcl", f"arn:{partition}:s3:::history"),
        ("s3:ListBucket", f"arn:{partition}:s3:::history"),
        ("s3:PutObject", f"arn:{partition}:s3:::{where}/123456789012/Config/*"),
    ]
    for one in made:
        assert one["Principal"] == {"Service": "config.amazonaws.com"}
        assert one["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
    assert made[2]["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"
