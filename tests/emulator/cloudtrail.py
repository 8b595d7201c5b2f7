# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail: trails that may write where they are to write, each name once, and gone when they are deleted."""

from __future__ import annotations

from typing import Any

from moto.cloudtrail.exceptions import S3BucketDoesNotExistException
from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .policies import verdict
from .support import Params, forward

SERVICE = "cloudtrail.amazonaws.com"


class Backend(CloudTrailBackend):
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html"""

    def create_trail(self, name: str, bucket_name: str, s3_key_prefix: str, *more: Any) -> Trail:
        if name in self.trails:
            raise AwsError(
                "TrailAlreadyExistsException", f"Trail {name} already exists for customer: {self.account_id}"
            )
        group, role = more[5], more[6]
        self._check_logs(group, role)
        trail = super().create_trail(name, bucket_name, s3_key_prefix, *more)
        try:
            self._check_bucket(trail, bucket_name, s3_key_prefix)
        except AwsError:
            del self.trails[name]
            raise
        return trail

    def update_trail(self, name: str, **asked: Any) -> Trail:
        trail = self.get_trail(name)
        bucket, prefix = asked.get("s3_bucket_name"), asked.get("s3_key_prefix")
        self._check_bucket(trail, bucket or trail.bucket_name, trail.s3_key_prefix if prefix is None else prefix)
        self._check_logs(asked.get("cw_log_group_arn"), asked.get("cw_role_arn"))
        everywhere, everything = asked.get("is_multi_region_trail"), asked.get("include_global_service_events")
        if (trail.is_multi_region if everywhere is None else everywhere) and everything is False:
            raise AwsError(
                "InvalidParameterCombinationException", "Multi-Region trail must include global service events."
            )
        return super().update_trail(name, **asked)

    def delete_trail(self, name: str) -> None:
        super().delete_trail(self.get_trail(name).trail_name)

    def _check_bucket(self, trail: Trail, name: str, prefix: str | None) -> None:
        buckets = s3_backends[self.account_id][self.partition].buckets
        if name not in buckets:
            raise S3BucketDoesNotExistException(f"S3 bucket {name} does not exist!")
        where = f"arn:{self.partition}:s3:::{name}"
        files = "/".join(part for part in (where, prefix, "AWSLogs", self.account_id, "file.json.gz") if part)
        context = {
            "aws:SourceArn": trail.arn,
            "aws:SourceAccount": self.account_id,
            "aws:SecureTransport": "true",
            "s3:x-amz-acl": "bucket-owner-full-control",
        }
        needed = {"s3:GetBucketAcl": where, "s3:PutObject": files}
        policy = buckets[name].policy
        if any(verdict(policy, action, SERVICE, context, at) != "Allow" for action, at in needed.items()):
            raise AwsError(
                "InsufficientS3BucketPolicyException", f"Incorrect S3 bucket policy is detected for bucket: {name}"
            )

    def _check_logs(self, group: str | None, role: str | None) -> None:
        if not group and not role:
            return
        if not group or not role:
            raise AwsError(
                "InvalidParameterCombinationException",
                "You must specify both a CloudWatch Logs log group ARN and a role ARN.",
            )
        name = group.split(":log-group:")[-1].removesuffix(":*")
        if not group.endswith(":*") or name not in logs_backends[self.account_id][self.region_name].groups:
            raise AwsError(
                "InvalidCloudWatchLogsLogGroupArnException", f"CloudTrail cannot validate the log group ARN {group}"
            )
        if role not in {known.arn for known in iam_backends[self.account_id][self.partition].roles.values()}:
            raise AwsError("InvalidCloudWatchLogsRoleArnException", f"CloudTrail cannot assume the role {role}")

    def describe_named_trails(self, params: Params) -> Params:
        """moto gives all trails, whichever are asked for."""
        wanted, shadows = params.get("trailNameList") or [], params.get("includeShadowTrails", True)
        found = [trail.description(include_region=True) for trail in self.describe_trails(shadows)]
        return {"trailList": [t for t in found if not wanted or {t["Name"], t["TrailARN"]} & set(wanted)]}


@answer_with
class Response(CloudTrailResponse):
    pass


forward(Response, cloudtrail_backends, {"describe_trails": "describe_named_trails"})
model_with(cloudtrail_backends, Backend)
