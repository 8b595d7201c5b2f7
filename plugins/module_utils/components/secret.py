# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    """One that is scheduled for deletion is not there: converging restores it."""
    try:
        found = aws.client("secretsmanager").describe_secret(SecretId=name)
    except is_boto3_error_code("ResourceNotFoundException"):
        return None
    if found.get("DeletedDate"):
        return None
    stages = found.get("VersionIdsToStages", {})
    version = next((version for version, names in stages.items() if "AWSCURRENT" in names), "")
    return {"arn": found["ARN"], "version_id": version}


KIND = Kind(
    "Secrets Manager secret",
    {"arn": "the ARN of the secret", "version_id": "the identifier of its current version"},
    read,
)
