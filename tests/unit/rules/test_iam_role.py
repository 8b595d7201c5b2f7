# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.iam_role import problems

READ = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}
GOOD = {
    "iam_role_name": "shop-prod-web",
    "iam_role_trusted_services": ["ecs-tasks.amazonaws.com"],
    "iam_role_policy_statements": [READ],
    "iam_role_managed_policies": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"],
    "iam_role_max_session_seconds": 3600,
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({})) == []
    assert list(problems({**GOOD, "iam_role_policy_only": True, "iam_role_trusted_services": []})) == []
    everything = {"iam_role_policy_statements": [{**READ, "Action": "*"}], "iam_role_allow_wildcard_actions": True}
    assert list(problems({**GOOD, **everything})) == []
    assert list(problems({**GOOD, "iam_role_policy_statements": [{**READ, "Action": "*", "Effect": "Deny"}]})) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iam_role_name": "a" * 65}, "with 65 characters; allowed are 1 to 64"),
        ({"iam_role_name": "a b"}, "iam_role_name is 'a b'"),
        ({"iam_role_trusted_services": ["ecs-tasks"]}, "iam_role_trusted_services has 'ecs-tasks'"),
        ({"iam_role_trusted_services": []}, "iam_role_trusted_services is empty"),
        ({"iam_role_policy_only": True, "iam_role_policy_statements": []}, "iam_role_policy_statements is empty"),
        ({"iam_role_managed_policies": ["ReadOnlyAccess"]}, "iam_role_managed_policies has 'ReadOnlyAccess'"),
        ({"iam_role_permissions_boundary": "x"}, "iam_role_permissions_boundary has 'x'"),
        ({"iam_role_max_session_seconds": 60}, "iam_role_max_session_seconds is 60; allowed are 3600 to 43200"),
        ({"iam_role_policy_statements": [{**READ, "Action": "*"}]}, "allows the action *; name the actions, or set"),
        (
            {"iam_role_policy_statements": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]},
            "allows the action *",
        ),
        ({"iam_role_policy_statements": [{"Effect": "Allow", "Action": "s3:*"}]}, "has no Resource; needed are"),
        ({"iam_role_policy_statements": [{**READ, "Effect": "allow"}]}, "has Effect allow; allowed are Allow and Deny"),
        ({"iam_role_policy_statements": [{**READ, "Actions": []}]}, "has Actions; allowed are Action, Condition"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]
