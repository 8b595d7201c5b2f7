# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        aws.client("iam").get_role(RoleName=name)
    except is_boto3_error_code("NoSuchEntity"):
        return None
    return predict(aws, name, options)


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {
        "role_arn": aws.arn("iam", f"role/{name}", region=False),
        "repository": options.get("github_repository") or "",
    }


KIND = Kind(
    "role of GitHub's workflows",
    {
        "role_arn": "the ARN of the role that workflows assume",
        "repository": "the repository, as `owner/name`",
    },
    read,
    predict,
    ("github_repository",),
)
