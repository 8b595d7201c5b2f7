# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SNS for moto: subscriptions that wait for their confirmation, and checks of policies and keys."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sns.models import Subscription
from moto.sns.responses import SNSResponse

from .dispatch import answer_with
from .errors import AwsError

TO_CONFIRM = ("email", "email-json", "http", "https")
# AWS spells it one way in Subscribe and another in the lists.
PENDING, LISTED_PENDING = "pending confirmation", "PendingConfirmation"
ATTRIBUTES = {
    *("Policy", "DisplayName", "KmsMasterKeyId", "DeliveryPolicy", "TracingConfig", "SignatureVersion"),
    *("FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"),
}


@answer_with
class Response(SNSResponse):
    def create_topic(self) -> ActionResult:
        for name, value in (self._get_param("Attributes") or {}).items():
            _check(name, value)
        return super().create_topic()

    def set_topic_attributes(self) -> ActionResult:
        _check(self._get_param("AttributeName"), self._get_param("AttributeValue"))
        return super().set_topic_attributes()

    def subscribe(self) -> ActionResult:
        answer = super().subscribe()
        subscription = self.backend.subscriptions[answer.result["SubscriptionArn"]]
        if _pending(subscription) and not self._get_bool_param("ReturnSubscriptionArn"):
            return ActionResult({"SubscriptionArn": PENDING})
        return answer

    def confirm_subscription(self) -> ActionResult:
        """The token is the subscription's ARN: there is no mail to take it from."""
        subscription = self.backend.subscriptions.get(self._get_param("Token"))
        if subscription is None or subscription.topic.arn != self._get_param("TopicArn"):
            raise AwsError("InvalidParameter", "Invalid parameter: Token")
        subscription.confirmed = True
        return ActionResult({"SubscriptionArn": subscription.arn})

    def unsubscribe(self) -> ActionResult:
        arn = self._get_param("SubscriptionArn")
        if not arn.startswith("arn:"):
            raise AwsError("InvalidParameter", "Invalid parameter: SubscriptionArn Reason: no ARN")
        self.backend.unsubscribe(arn)
        return EmptyResult()

    def list_subscriptions(self) -> ActionResult:
        return _listed(super().list_subscriptions())

    def list_subscriptions_by_topic(self) -> ActionResult:
        return _listed(super().list_subscriptions_by_topic())


def _pending(subscription: Subscription) -> bool:
    return subscription.protocol in TO_CONFIRM and not subscription.confirmed


def _listed(answer: ActionResult) -> ActionResult:
    return ActionResult({**answer.result, "Subscriptions": [_entry(s) for s in answer.result["Subscriptions"]]})


def _entry(subscription: Subscription) -> dict[str, Any]:
    return {
        "SubscriptionArn": LISTED_PENDING if _pending(subscription) else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }


def _check(name: str, value: str) -> None:
    if name not in ATTRIBUTES:
        raise AwsError("InvalidParameter", "Invalid parameter: AttributeName")
    if name != "Policy":
        return
    try:
        statements = json.loads(value)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise AwsError("InvalidParameter", "Invalid parameter: Policy Error: null") from None
    for statement in [statements] if isinstance(statements, dict) else statements:
        if "Effect" not in statement or "Principal" not in statement or "Action" not in statement:
            raise AwsError("InvalidParameter", "Invalid parameter: Policy statement is incomplete")
