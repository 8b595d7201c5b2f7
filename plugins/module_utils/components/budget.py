# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        aws.client("budgets").describe_budget(AccountId=aws.account_id, BudgetName=name)
    except is_boto3_error_code("NotFoundException"):
        return None
    return predict(aws, name, options)


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"arn": aws.arn("budgets", f"budget/{name}", region=False)}


KIND = Kind("AWS budget", {"arn": "the ARN of the budget"}, read, predict)
