# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "/ecs/shop-dev-web"


def _read(account: Account) -> dict:
    return account.client("logs").describe_log_groups(logGroupNamePrefix=NAME)["logGroups"][0]


MATRIX = Matrix(
    module="cloudwatch_log_group",
    key="log_group",
    base={"name": NAME},
    updates={
        "retention_in_days": 7,
        "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "tags": {"Environment": "dev"},
    },
    seen={
        "retention_in_days": lambda account: _read(account)["retentionInDays"],
        "kms_key_id": lambda account: _read(account)["kmsKeyId"],
        "tags": lambda account: account.client("logs").list_tags_log_group(logGroupName=NAME)["tags"],
    },
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)


def test_a_retention_that_is_not_offered_is_refused_before_any_write(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="retention_in_days is 8; allowed are 0, 1, 3"):
        run_module(account, "cloudwatch_log_group", name=NAME, retention_in_days=8)
    assert account.writes() == []


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="logs", operation="CreateLogGroup", code="AccessDeniedException", message="not allowed", status=400
    )
    with pytest.raises(
        ModuleFailed, match=r"Could not create CloudWatch log group /ecs/shop-dev-web: .*AccessDenied.*CreateLogGroup"
    ):
        run_module(account, "cloudwatch_log_group", name=NAME)
