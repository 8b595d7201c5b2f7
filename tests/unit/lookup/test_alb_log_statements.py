# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.fargate.plugins.lookup.alb_log_statements import statement


@pytest.mark.parametrize(
    ("partition", "prefix", "where"),
    [("aws", "", "logs/AWSLogs"), ("aws-cn", "shop", "logs/shop/AWSLogs")],
)
def test_only_load_balancers_of_the_account_and_region_may_write(partition: str, prefix: str, where: str) -> None:
    made = statement("logs", f"arn:{partition}:sts::123456789012:assumed-role/a:b/c", "eu-west-1", prefix)
    assert made["Resource"] == f"arn:{partition}:s3:::{where}/123456789012/*"
    assert made["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert made["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:{partition}:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/*"}
    }
