# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.slipway.fargate.plugins.filter.iam import trust_policy

CALLER = "arn:aws:sts::123456789012:assumed-role/deploy/me"


def test_tasks_may_use_a_role_for_this_account_only() -> None:
    (statement,) = trust_policy(["ecs-tasks.amazonaws.com"], CALLER, "eu-west-1")["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*"},
    }


def test_ec2_says_nothing_of_an_account() -> None:
    ec2, backup = trust_policy(["ec2.amazonaws.com", "backup.amazonaws.com"], CALLER, "eu-west-1")["Statement"]
    assert "Condition" not in ec2
    assert backup["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_it_can_be_switched_off_and_added_to() -> None:
    more = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
    first, second = trust_policy(["ecs-tasks.amazonaws.com"], CALLER, "eu-west-1", False, [more])["Statement"]
    assert "Condition" not in first
    assert second == more
