# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    found = aws.client("cloudtrail").describe_trails(trailNameList=[name], includeShadowTrails=False)["trailList"]
    trail = next((trail for trail in found if trail["Name"] == name), None)
    return trail and {
        "arn": trail["TrailARN"],
        "bucket": trail["S3BucketName"],
        "log_group": options["trail_log_group"],
        "log_group_arn": trail.get("CloudWatchLogsLogGroupArn", ""),
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"arn": aws.arn("cloudtrail", f"trail/{name}"), "log_group": options["trail_log_group"]}


KIND = Kind(
    "CloudTrail trail",
    {
        "arn": "the trail's ARN",
        "bucket": "the name of the bucket that keeps the files",
        "log_group": "the log group that has the events too, or empty",
        "log_group_arn": "the ARN of the log group that has the events too, or empty",
    },
    read,
    predict,
    ("trail_log_group",),
)
