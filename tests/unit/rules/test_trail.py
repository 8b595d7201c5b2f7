# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.trail import problems

BASE: dict[str, Any] = {
    "trail_name": "shop-prod-audit",
    "trail_multi_region": True,
    "trail_global_events": True,
    "trail_log_retention_days": 90,
    "aws_region": "eu-west-1",
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"trail_name": "(known after apply)"},
        {"trail_kms_key_id": "alias/audit"},
        {"trail_kms_key_id": KEY.replace("us-east-1", "eu-west-1")},
        {"trail_key_prefix": "trails/shop"},
        {"trail_multi_region": False, "trail_global_events": False},
        {"trail_log_group": "/cloudtrail/audit", "trail_log_role_name": "audit-logs"},
        {"trail_log_group": "", "trail_log_retention_days": 91},
    ],
)
def test_what_is_allowed(options: dict[str, Any]) -> None:
    assert list(problems({**BASE, **options})) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        *(
            ({"trail_name": name}, f"trail_name is {name!r}; allowed are 3 to 128 letters, digits and single ._-")
            for name in ("ab", "a--b", "-ab", "a b", "192.168.5.4", "a" * 129)
        ),
        ({"trail_key_prefix": "logs/"}, "trail_key_prefix is 'logs/'; allowed are up to 200 characters without /"),
        ({"trail_global_events": False}, "trail_multi_region is true and trail_global_events is false; allowed is"),
        ({"trail_kms_key_id": KEY}, f"trail_kms_key_id is {KEY}; allowed is an ARN of eu-west-1"),
        ({"trail_log_group": "a b"}, "trail_log_group is 'a b'; allowed are 1 to 512 letters, digits and ._/#-"),
        (
            {"trail_log_group": "audit", "trail_log_retention_days": 91},
            "trail_log_retention_days is 91; allowed are 0, 1, 3",
        ),
        (
            {"trail_log_group": "audit", "trail_log_role_name": "a b"},
            "trail_log_role_name is 'a b'; allowed are 1 to 64 letters",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    found = list(problems({**BASE, **options}))
    assert len(found) == 1 and found[0].startswith(problem), found
