# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ansible_collections.slipway.fargate.plugins.lookup.trail_bucket_statements import statements

from .conftest import REGION, Aws

Refused = Callable[..., str]


def bucket(aws: Aws, *, prefix: str = "", trail: str = "*") -> str:
    name = f"audit-{aws.account}"
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    given = statements(name, f"arn:aws:iam::{aws.account}:root", REGION, trail, prefix)
    aws("s3").put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": given}))
    return name


def trails(aws: Aws, *names: str) -> list[str]:
    found = aws("cloudtrail").describe_trails(trailNameList=list(names))["trailList"]
    return sorted(trail["Name"] for trail in found)


def test_a_trail_is_made_once_found_by_its_name_and_deleted_by_its_arn(aws: Aws, refused: Refused) -> None:
    cloudtrail, name = aws("cloudtrail"), bucket(aws)
    made = cloudtrail.create_trail(Name="audit", S3BucketName=name)
    cloudtrail.create_trail(Name="other", S3BucketName=name)
    refused("TrailAlreadyExistsException", cloudtrail.create_trail, Name="audit", S3BucketName=name)
    assert (trails(aws, "audit"), trails(aws)) == (["audit"], ["audit", "other"])
    cloudtrail.delete_trail(Name=made["TrailARN"])
    assert trails(aws) == ["other"]
    refused("TrailNotFoundException", cloudtrail.delete_trail, Name="audit")


@pytest.mark.parametrize("asked", [{"S3KeyPrefix": "elsewhere"}, {"Name": "another"}])
def test_a_bucket_admits_the_trail_that_its_policy_names_where_it_says(
    aws: Aws, refused: Refused, asked: dict[str, str]
) -> None:
    cloudtrail = aws("cloudtrail")
    whole = {"Name": "audit", "S3BucketName": bucket(aws, prefix="trail", trail="audit"), "S3KeyPrefix": "trail"}
    refused("InsufficientS3BucketPolicyException", cloudtrail.create_trail, **{**whole, **asked})
    assert trails(aws) == []
    cloudtrail.create_trail(**whole)
    refused("InsufficientS3BucketPolicyException", cloudtrail.update_trail, Name="audit", S3KeyPrefix="elsewhere")
    refused("S3BucketDoesNotExistException", cloudtrail.update_trail, Name="audit", S3BucketName="nowhere")


def test_a_log_group_and_a_role_are_there_together(aws: Aws, refused: Refused) -> None:
    cloudtrail = aws("cloudtrail")
    aws("logs").create_log_group(logGroupName="audit")
    group = f"arn:aws:logs:{REGION}:{aws.account}:log-group:audit:*"
    role = aws("iam").create_role(RoleName="audit", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    whole = {"Name": "audit", "S3BucketName": bucket(aws)}
    logs = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
    for code, asked in (
        ("InvalidParameterCombinationException", {"CloudWatchLogsLogGroupArn": group}),
        ("InvalidCloudWatchLogsLogGroupArnException", {**logs, "CloudWatchLogsLogGroupArn": group[:-2]}),
        ("InvalidCloudWatchLogsRoleArnException", {**logs, "CloudWatchLogsRoleArn": f"{role}s"}),
    ):
        refused(code, cloudtrail.create_trail, **whole, **asked)
    cloudtrail.create_trail(**whole, **logs, IsMultiRegionTrail=True)
    ask = {"Name": "audit", "IncludeGlobalServiceEvents": False}
    refused("InvalidParameterCombinationException", cloudtrail.update_trail, **ask)
