# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.efs import problems

OWNER = {"owner_uid": 1000, "owner_gid": 1000, "permissions": "0755"}
GOOD = {
    "efs_name": "shop-prod-uploads",
    "efs_encrypted": True,
    "efs_throughput_mode": "elastic",
    "efs_transition_to_ia_days": 30,
    "efs_transition_to_archive_days": 90,
    "efs_tls_only": True,
    "efs_iam_required": True,
    "efs_access_points": [{"name": "data", "path": "/data", "posix_uid": 0, "posix_gid": 0, **OWNER}, {"name": "all"}],
    "aws_region": "eu-west-1",
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({})) == []
    provisioned = {"efs_throughput_mode": "provisioned", "efs_provisioned_throughput_mibps": 10.0}
    assert list(problems({**GOOD, **provisioned, "efs_transition_to_archive_days": 0})) == []
    assert list(problems({**GOOD, "efs_name": "(known after apply)"})) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"efs_name": "a" * 65}, "with 65 characters; allowed are 1 to 64"),
        ({"efs_security_groups": list("abcdef")}, "efs_security_groups has 6; allowed are up to 5"),
        ({"efs_kms_key_id": "arn:x", "efs_encrypted": False}, "efs_kms_key_id is set, but efs_encrypted is false"),
        ({"efs_kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/1"}, "allowed is an ARN of eu-west-1"),
        ({"efs_provisioned_throughput_mibps": 1}, "allowed are both provisioned and a number, or neither"),
        ({"efs_performance_mode": "maxIO"}, "allowed with efs_performance_mode maxIO are bursting and provisioned"),
        ({"efs_throughput_mode": "bursting"}, "efs_transition_to_archive_days is 90; allowed with efs_throughput_mode"),
        ({"efs_transition_to_archive_days": 30}, "allowed with efs_transition_to_ia_days 30 is more than that"),
        ({"efs_tls_only": False}, "efs_iam_required is set, but efs_tls_only is false"),
        ({"efs_access_points": [{"name": "a"}, {"name": "a"}]}, "efs_access_points has a twice"),
        ({"efs_access_points": [{"name": "a", "path": "data"}]}, "efs_access_points a.path is 'data'"),
        ({"efs_access_points": [{"name": "a", "posix_uid": 1}]}, "allowed are posix_uid, posix_gid together"),
        ({"efs_access_points": [{"name": "a", **OWNER, "permissions": "rwx"}]}, "a.permissions is 'rwx'"),
        ({"efs_access_points": [{"name": "a", **OWNER, "owner_uid": -1}]}, "a.owner_uid is -1; allowed are 0 to"),
        ({"efs_policy_statements": [{"Effect": "Allow", "Principal": "*"}]}, "efs_policy_statements[0] has no Action"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found
