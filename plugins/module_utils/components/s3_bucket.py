# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        aws.client("s3").head_bucket(Bucket=name)
    except is_boto3_error_code(["404", "NoSuchBucket"]):
        return None
    except is_boto3_error_code(["403", "AccessDenied"]) as error:
        raise ResourceError(f"bucket {name} belongs to another account, or you may not read it (HeadBucket)") from error
    return predict(aws, name, options)


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    return {
        "arn": aws.arn("s3", name, region=False, account=False),
        "domain_name": f"{name}.s3.{suffix}",
        "regional_domain_name": f"{name}.s3.{aws.region}.{suffix}",
    }


KIND = Kind(
    "S3 bucket",
    {
        "arn": "the ARN of the bucket",
        "domain_name": "its domain name, the same in every region",
        "regional_domain_name": "its domain name in its region",
    },
    read,
    predict,
)
