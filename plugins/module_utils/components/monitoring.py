# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    topics = {severity: arn for severity, arn in _topics(aws, name, options).items() if _exists(aws, arn)}
    alarms = aws.client("cloudwatch").list(
        "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{name}-", AlarmTypes=["MetricAlarm"]
    )
    if not topics and not alarms:
        return None
    return {"topic_arns": topics, "alarm_names": sorted(alarm["AlarmName"] for alarm in alarms)}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"topic_arns": _topics(aws, name, options)}


def _topics(aws: Aws, name: str, options: dict[str, Any]) -> dict[str, str]:
    return {severity: aws.arn("sns", f"{name}-{severity}") for severity in options.get("monitoring_topics") or {}}


def _exists(aws: Aws, arn: str) -> bool:
    try:
        aws.client("sns").get_topic_attributes(TopicArn=arn)
    except is_boto3_error_code(["NotFound", "NotFoundException"]):
        return False
    return True


KIND = Kind(
    "set of alarms",
    {
        "topic_arns": "by severity the ARNs of the topics",
        "alarm_names": "the names of the metric alarms, but for those that were given another name",
    },
    read,
    predict,
    ("monitoring_topics",),
)
