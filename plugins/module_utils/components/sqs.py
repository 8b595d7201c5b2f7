# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    try:
        url = aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    except is_boto3_error_code(["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]):
        return None
    return {"url": url, **predict(aws, name, options)}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"arn": aws.arn("sqs", name)}


KIND = Kind("SQS queue", {"url": "the URL of the queue", "arn": "the ARN of the queue"}, read, predict)
