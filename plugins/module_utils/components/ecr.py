# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        found = aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    except is_boto3_error_code("RepositoryNotFoundException"):
        return None
    uri = found["repositoryUri"]
    return {"arn": found["repositoryArn"], "uri": uri, "registry": uri.partition("/")[0]}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    registry = f"{aws.account_id}.dkr.ecr.{aws.region}.{suffix}"
    return {"arn": aws.arn("ecr", f"repository/{name}"), "uri": f"{registry}/{name}", "registry": registry}


KIND = Kind(
    "ECR repository",
    {
        "arn": "the ARN of the repository",
        "uri": "what images are called before their tag, as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web`",
        "registry": "the host to log in to for a push, as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`",
    },
    read,
    predict,
)
