#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic
short_description: Manage an SNS topic with its policy and subscriptions
version_added: 0.1.0
description:
  - Creates, changes and deletes a standard topic, see U(https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html).
  - In check mode a topic that is not there yet has the ARN that it will have.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the topic; letters, digits, hyphens and underscores.
    type: str
    required: true
  display_name:
    description:
      - What e-mail messages show as their sender, and SMS messages start with.
    type: str
  kms_key_id:
    description:
      - The KMS key that encrypts messages, an ARN, an ID or an alias such as V(alias/shop-topics). Empty for none, when
        SNS encrypts its disks and nothing more.
      - V(alias/aws/sns) is refused together with O(publishers), because AWS services cannot use that key. They need a
        key of the account whose policy lets them, see
        U(https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    type: str
  publishers:
    description:
      - The AWS services that may publish, such as V(cloudwatch.amazonaws.com) for alarms and
        V(events.amazonaws.com) for EventBridge. Each may do so for this account only, except for EventBridge, which
        knows no such condition.
      - Makes up the topic's policy, together with O(secure_transport_only). Excludes O(policy).
    type: list
    elements: str
  secure_transport_only:
    description:
      - Whether the policy that O(publishers) makes up refuses to publish over plain HTTP.
    type: bool
    default: true
  policy:
    description:
      - The whole policy of the topic, a JSON document.
    type: json
  subscriptions:
    description:
      - Who gets the messages. C(email), C(email-json), C(http) and C(https) have to confirm; until they do, they are
        pending.
    type: list
    elements: dict
    suboptions:
      protocol:
        description: How messages are delivered.
        type: str
        required: true
        choices: [email, email-json, sms, sqs, http, https, lambda, firehose]
      endpoint:
        description: The address, phone number, ARN or URL.
        type: str
        required: true
  purge_subscriptions:
    description:
      - Whether to end the subscriptions that are not in O(subscriptions). Pending ones stay, since AWS does not let one
        end them; they expire.
    type: bool
    default: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create the topic that alarms go to
  slipway.fargate.sns_topic:
    name: shop-prod-critical
    display_name: Shop
    publishers: [cloudwatch.amazonaws.com, events.amazonaws.com]
    subscriptions:
      - {protocol: email, endpoint: oncall@example.com}
    tags:
      Environment: prod

- name: Remove the topic
  slipway.fargate.sns_topic:
    name: shop-prod-critical
    state: absent
"""

RETURN = r"""
topic:
  description: The topic; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the topic.
      type: str
      sample: shop-prod-critical
    arn:
      description: The ARN of the topic.
      type: str
      sample: arn:aws:sns:eu-west-1:123456789012:shop-prod-critical
    display_name:
      description: The display name.
      type: str
      sample: Shop
    kms_key_id:
      description: The KMS key, or empty.
      type: str
      sample: ""
    policy:
      description: The policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    subscriptions:
      description: The subscriptions, pending ones too.
      type: list
      elements: dict
      sample: [{"protocol": "email", "endpoint": "oncall@example.com"}]
    pending_subscriptions:
      description: The endpoints that have not confirmed yet.
      type: list
      elements: str
      sample: [oncall@example.com]
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: SNS topic
      name: shop-prod-critical
      attributes: {"display_name": {"before": "", "after": "Shop"}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import STATE_SPEC, TAGS_SPEC, run
from ansible_collections.slipway.fargate.plugins.module_utils.sns import (
    POLICY_SPEC,
    SUBSCRIPTION_SPEC,
    Region,
    Topic,
)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "display_name": {"type": "str"},
            "policy": {"type": "json"},
            "subscriptions": {"type": "list", "elements": "dict", "options": SUBSCRIPTION_SPEC},
            **POLICY_SPEC,
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
        mutually_exclusive=[("policy", "publishers")],
    )
    run(module, Topic(Region(module), module.params, module.params["state"]), key="topic")


if __name__ == "__main__":
    main()
