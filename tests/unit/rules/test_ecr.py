# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.ecr import problems

RULE = {"rulePriority": 1, "selection": {"tagStatus": "any"}, "action": {"type": "expire"}}
GOOD = {
    "ecr_name": "shop/web-app_1.x",
    "ecr_keep_images": 10,
    "ecr_untagged_expire_days": 7,
    "ecr_policy_statements": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
    "aws_region": "eu-west-1",
}


@pytest.mark.parametrize("name", ["oky/api_en", "fckdoomscroll/app", "hub-server-side-tracking-api", "a__b", "a---b"])
def test_what_is_allowed(name: str) -> None:
    assert list(problems({**GOOD, "ecr_name": name})) == []
    assert list(problems({})) == []
    assert list(problems({**GOOD, "ecr_tag_mutability_exclusions": ["latest", "dev-*", "*-rc.*"]})) == []
    alone = {"ecr_keep_images": 0, "ecr_untagged_expire_days": 0, "ecr_lifecycle_rules": [RULE]}
    assert list(problems({**GOOD, **alone})) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({"ecr_name": name}, f"ecr_name is {name!r}")
            for name in ("Shop", "a", "-web", "shop//web", "web-", "a" * 257)
        ],
        ({"ecr_keep_images": -1}, "ecr_keep_images is -1; allowed are 0 to"),
        *[
            ({"ecr_tag_mutability_exclusions": [tag]}, f"ecr_tag_mutability_exclusions has {tag!r}")
            for tag in ("", "a b", "*a*b*", "a" * 129)
        ],
        ({"ecr_tag_mutability_exclusions": list("abcdef")}, "ecr_tag_mutability_exclusions has 6 entries"),
        ({"ecr_kms_key_id": "arn:x", "ecr_encryption_type": "AES256"}, "ecr_encryption_type is AES256; allowed"),
        ({"ecr_kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/1"}, "allowed is an ARN of eu-west-1"),
        ({"ecr_lifecycle_rules": [RULE]}, "ecr_lifecycle_rules is set beside ecr_keep_images"),
        (
            {"ecr_policy_statements": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]},
            "ecr_policy_statements[0] has Resource",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found


def test_rules_of_the_lifecycle() -> None:
    alone = {**GOOD, "ecr_keep_images": 0, "ecr_untagged_expire_days": 0}
    found = list(problems({**alone, "ecr_lifecycle_rules": [RULE, {"rulePriority": 1}]}))
    assert found == [
        "ecr_lifecycle_rules[1] has no selection; it is required",
        "ecr_lifecycle_rules[1] has no action; it is required",
        "ecr_lifecycle_rules[1].rulePriority is 1, as of another rule; allowed is another number",
    ]
