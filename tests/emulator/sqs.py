# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQS: attributes that a change does not name stay, those it names are checked, one kind of encryption at a time."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue, SQSBackend, sqs_backends

from .dispatch import model_with
from .errors import AwsError

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}


class CorrectedSQSBackend(SQSBackend):
    def create_queue(self, name: str, tags: dict[str, str] | None = None, **attributes: Any) -> Queue:
        given = {key: value for key, value in attributes.items() if value is not None}
        _check(given)
        _encryption(given, {})
        return super().create_queue(name, tags, **{**attributes, **_managed(given)})

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Queue:
        queue = self.get_queue(queue_name)
        _check(attributes)
        _encryption(attributes, queue.attributes)
        policy = queue._policy_json
        queue._set_attributes({**attributes, **_managed(attributes)})
        if "Policy" not in attributes:  # moto forgets it
            queue._policy_json = policy
        return queue


def _check(attributes: dict[str, Any]) -> None:
    for name, (least, most) in RANGES.items():
        value = attributes.get(name)
        if value is not None and not (str(value).isdigit() and least <= int(value) <= most):
            raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    for name in ("Policy", "RedrivePolicy"):
        try:
            json.loads(attributes.get(name) or "{}")
        except ValueError:
            raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.") from None


def _encryption(attributes: dict[str, Any], current: dict[str, Any]) -> None:
    managed = str(attributes.get("SqsManagedSseEnabled", "false")).lower() == "true"
    if managed and attributes.get("KmsMasterKeyId", current.get("KmsMasterKeyId")):
        one = "You can use one type of server-side encryption (SSE) at one time."
        raise AwsError("InvalidAttributeValue", f"{one} You can either enable KMS SSE or SQS SSE.")


def _managed(attributes: dict[str, Any]) -> dict[str, Any]:
    """A KMS key takes the place of the key that SQS manages."""
    return {"SqsManagedSseEnabled": "false"} if attributes.get("KmsMasterKeyId") else {}


model_with(sqs_backends, CorrectedSQSBackend)
