#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topics
short_description: Manage all SNS topics of a component
version_added: 0.2.0
description:
  - Declares several standard topics with one policy in one task, see
    U(https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html).
  - In check mode a topic that is not there yet has the ARN that it will have.
  - Topics of O(prefix) with the tags O(purge_tagged) that are no longer declared are deleted. Both are needed for it.
author:
  - The slipway.fargate team (@slipway)
options:
  topics:
    description:
      - The topics. With O(state=absent) they are deleted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the topic; letters, digits, hyphens and underscores.
        type: str
        required: true
      display_name:
        description: What e-mail messages show as their sender, and SMS messages start with.
        type: str
      subscriptions:
        description:
          - Who gets the messages. C(email), C(email-json), C(http) and C(https) have to confirm; until they do, they
            are pending.
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
  prefix:
    description:
      - What the names of topics start with that are deleted when they are not declared. Empty for none.
    type: str
    default: ""
  purge_tagged:
    description:
      - Only topics that carry these tags are deleted because of O(prefix).
    type: dict
    default: {}
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
      - Makes up the topics' policy, together with O(secure_transport_only).
    type: list
    elements: str
  secure_transport_only:
    description:
      - Whether the policy that O(publishers) makes up refuses to publish over plain HTTP.
    type: bool
    default: true
  purge_subscriptions:
    description:
      - Whether to end the subscriptions that are not declared. Pending ones stay, since AWS does not let one end them;
        they expire.
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
- name: Create the topics that alarms go to
  slipway.fargate.sns_topics:
    topics:
      - name: shop-prod-critical
        subscriptions:
          - {protocol: sms, endpoint: "+491701234567"}
      - name: shop-prod-warning
        subscriptions:
          - {protocol: email, endpoint: oncall@example.com}
    prefix: shop-prod-
    purge_tagged: {Component: alarms}
    publishers: [cloudwatch.amazonaws.com]
    tags: {Component: alarms}

- name: Remove all topics of the component
  slipway.fargate.sns_topics:
    prefix: shop-prod-
    purge_tagged: {Component: alarms}
    state: absent
"""

RETURN = r"""
topics:
  description: The declared topics; empty when they were removed.
  returned: always
  type: list
  elements: dict
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
    - action: delete
      resource: SNS topic
      name: shop-prod-old
      attributes: {"display_name": {"before": "Shop", "after": null}}
"""

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    ResourceError,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.sns import (
    POLICY_SPEC,
    SUBSCRIPTION_SPEC,
    Region,
    Topic,
)

TOPIC_SPEC = {
    "name": {"type": "str", "required": True},
    "display_name": {"type": "str"},
    "subscriptions": {"type": "list", "elements": "dict", "options": SUBSCRIPTION_SPEC},
}


def plan(module: AnsibleAWSModule) -> list[Topic]:
    """The declared topics, and those to delete."""
    options, region = module.params, Region(module)
    names = [topic["name"] for topic in options["topics"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ResourceError(f"topic {', '.join(twice)} is declared more than once")
    common = {key: options[key] for key in (*POLICY_SPEC, "tags")}
    wanted = [Topic(region, {**common, **topic}, options["state"]) for topic in options["topics"]]
    if not options["prefix"] or not options["purge_tagged"]:
        return wanted
    tags = {key: str(value) for key, value in options["purge_tagged"].items()}
    gone = [name for name in region.tagged(options["prefix"], tags) if name not in names]
    return [*wanted, *(Topic(region, {**common, "name": name}, "absent") for name in sorted(gone))]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "topics": {"type": "list", "elements": "dict", "default": [], "options": TOPIC_SPEC},
            "prefix": {"type": "str", "default": ""},
            "purge_tagged": {"type": "dict", "default": {}},
            **POLICY_SPEC,
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        topics = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read SNS topics {module.params['prefix']}*")
    run_all(module, topics, key="topics")


if __name__ == "__main__":
    main()
