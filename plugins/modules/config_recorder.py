#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_recorder
short_description: Manage the AWS Config recorder of a region, its delivery channel and its managed rules
version_added: 0.2.0
description:
  - Declares the configuration recorder, the delivery channel, whether it records, and managed rules in one task, see
    U(https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigurationRecorder.html),
    U(https://docs.aws.amazon.com/config/latest/APIReference/API_PutDeliveryChannel.html) and
    U(https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigRule.html).
  - AWS allows one recorder and one delivery channel in a region of an account. Those that have another name than
    O(name) belong to somebody else. With O(state=present) the module then fails and says so, with O(state=absent) they
    are left alone.
  - The delivery channel has the name of the recorder.
  - The modules of community.aws for this know no check mode.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the recorder and of the delivery channel.
    type: str
    required: true
  role_arn:
    description:
      - The ARN of the IAM role with which AWS Config reads resources. Required when O(state=present).
      - When it is that of C(AWSServiceRoleForConfig), the service-linked role, the role is made when it is not there.
        It stays when the recorder is deleted, since an account has one for all regions.
    type: str
  resource_types:
    description:
      - The only resource types that are recorded, as V(AWS::ECS::Service). An empty list records all that AWS Config
        supports.
    type: list
    elements: str
  excluded_resource_types:
    description:
      - Resource types that are not recorded while all others are. Excludes O(resource_types).
    type: list
    elements: str
  include_global_resource_types:
    description:
      - Whether IAM users, groups, roles and policies are recorded among all resource types. Each region in which they
        are is charged for them. AWS's default is V(false).
    type: bool
  recording_frequency:
    description:
      - Whether every change is recorded, or the last state of a day when it differs. AWS's default is V(CONTINUOUS).
    type: str
    choices: [CONTINUOUS, DAILY]
  recording:
    description:
      - Whether the recorder is started. By default a new one is, and one that is there is left as it is.
    type: bool
  bucket:
    description:
      - The name of the bucket that AWS Config delivers to, whose policy must admit it. Required when O(state=present).
    type: str
  key_prefix:
    description:
      - What the keys of the files begin with, before C(AWSLogs/). Empty for nothing.
    type: str
  kms_key_arn:
    description:
      - The ARN of the KMS key that encrypts the files. Empty, they are encrypted as the bucket is.
    type: str
  topic_arn:
    description:
      - The ARN of an SNS topic that is told of deliveries and changes. Empty for none.
    type: str
  delivery_frequency:
    description:
      - How often a snapshot of everything is delivered beside the history.
    type: str
    choices: [none, One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
  rules:
    description:
      - Managed rules, see U(https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html).
      - AWS replaces a rule as a whole, and so does this module. A suboption that is not set has its default.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the rule, without O(rule_prefix).
        type: str
        required: true
      identifier:
        description: Which managed rule it is, as V(RDS_STORAGE_ENCRYPTED).
        type: str
        required: true
      description:
        description: What it is for.
        type: str
        default: ""
      input_parameters:
        description: Its parameters. AWS takes all values as strings.
        type: dict
        default: {}
      resource_types:
        description: The resource types that it looks at. An empty list leaves that to the rule.
        type: list
        elements: str
        default: []
      frequency:
        description:
          - How often a periodic rule is evaluated. It is left as it is when it is not set; AWS's default is
            V(TwentyFour_Hours).
        type: str
        choices: [One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
  rule_prefix:
    description:
      - What the names of these rules, and of no others, begin with. Rules of the prefix that O(rules) no longer has are
        deleted, with O(state=absent) all of them. By default O(name) and a hyphen.
      - It can be empty, and then no rule is deleted but those that O(rules) has with O(state=absent).
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Record everything, and look whether databases are encrypted
  slipway.fargate.config_recorder:
    name: shop-prod-history
    role_arn: arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig
    bucket: shop-prod-history
    include_global_resource_types: true
    rules:
      - {name: database-encrypted, identifier: RDS_STORAGE_ENCRYPTED}
      - name: keys-rotated
        identifier: ACCESS_KEYS_ROTATED
        input_parameters: {maxAccessKeyAge: 90}

- name: Record nothing any more
  slipway.fargate.config_recorder:
    name: shop-prod-history
    state: absent
"""

RETURN = r"""
recorder:
  description: The recorder with its delivery channel and the declared rules; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-history
    arn:
      description: The ARN of the recorder.
      type: str
      sample: arn:aws:config:eu-west-1:123456789012:configuration-recorder/shop-prod-history/a1b2c3d4
    role_arn:
      description: The ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig
    resource_types:
      description: The only resource types that are recorded; empty for all.
      type: list
      elements: str
      sample: []
    excluded_resource_types:
      description: The resource types that are not recorded.
      type: list
      elements: str
      sample: []
    include_global_resource_types:
      description: Whether IAM is recorded among all resource types.
      type: bool
      sample: true
    recording_frequency:
      description: When changes are recorded.
      type: str
      sample: CONTINUOUS
    recording:
      description: Whether the recorder is started.
      type: bool
      sample: true
    bucket:
      description: The name of the bucket.
      type: str
      sample: shop-prod-history
    key_prefix:
      description: What keys begin with.
      type: str
      sample: ""
    kms_key_arn:
      description: The ARN of the KMS key, or empty.
      type: str
      sample: ""
    topic_arn:
      description: The ARN of the SNS topic, or empty.
      type: str
      sample: ""
    delivery_frequency:
      description: How often a snapshot is delivered.
      type: str
      sample: none
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
    rules:
      description: The declared rules with their ARNs and tags.
      type: list
      elements: dict
      sample: [{"name": "shop-prod-history-database-encrypted", "identifier": "RDS_STORAGE_ENCRYPTED"}]
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: AWS Config recorder
      name: shop-prod-history
      attributes: {"recording_frequency": {"before": "CONTINUOUS", "after": "DAILY"}}
"""

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.config import (
    FREQUENCIES,
    LINKED_ROLE,
    SERVICE,
    LinkedRole,
    Recorder,
    Region,
    Rule,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    run_all,
)

RULE_SPEC = {
    "name": {"type": "str", "required": True},
    "identifier": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "input_parameters": {"type": "dict", "default": {}},
    "resource_types": {"type": "list", "elements": "str", "default": []},
    "frequency": {"type": "str", "choices": FREQUENCIES},
}


def plan(module: AnsibleAWSModule) -> list[Resource]:
    """A rule needs the recorder, the recorder its role."""
    params, region = module.params, Region(module)
    prefix = f"{params['name']}-" if params["rule_prefix"] is None else params["rule_prefix"]
    declared = [Rule.declared(region, prefix, rule) for rule in params["rules"] or []]
    names = [rule.name for rule in declared]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ResourceError(f"AWS Config rule {', '.join(twice)} is declared more than once")
    there = sorted(name for name in region.rules() if prefix and name.startswith(prefix))
    if params["state"] == "absent":
        return [*(Rule(region, name, {}, "absent") for name in sorted({*there, *names})), Recorder(region)]
    gone = [Rule(region, name, {}, "absent") for name in there if params["rules"] is not None and name not in names]
    linked = params["role_arn"].endswith(f":role/aws-service-role/{SERVICE}/{LINKED_ROLE}")
    role = LinkedRole(region, params["role_arn"]) if linked else None
    return [*([role] if role else []), Recorder(region, role), *declared, *gone]


def collect(found: list[Attributes]) -> dict[str, Any]:
    """The recorder with its rules; the service-linked role belongs to the account."""
    if found and found[0]["name"] == LINKED_ROLE:
        found = found[1:]
    return {**found[0], "rules": found[1:]} if found else {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "role_arn": {"type": "str"},
            "resource_types": {"type": "list", "elements": "str"},
            "excluded_resource_types": {"type": "list", "elements": "str"},
            "include_global_resource_types": {"type": "bool"},
            "recording_frequency": {"type": "str", "choices": ["CONTINUOUS", "DAILY"]},
            "recording": {"type": "bool"},
            "bucket": {"type": "str"},
            "key_prefix": {"type": "str", "no_log": False},
            "kms_key_arn": {"type": "str", "no_log": False},
            "topic_arn": {"type": "str"},
            "delivery_frequency": {"type": "str", "choices": ["none", *FREQUENCIES]},
            "rules": {"type": "list", "elements": "dict", "options": RULE_SPEC},
            "rule_prefix": {"type": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        required_if=[("state", "present", ["role_arn", "bucket"])],
        supports_check_mode=True,
    )
    try:
        resources = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read AWS Config rules of {module.params['name']}")
    run_all(module, resources, key="recorder", collect=collect)


if __name__ == "__main__":
    main()
