#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_info
short_description: Publish the facts of a component
version_added: 0.1.0
description:
  - Reads what other components, outputs and day-2 verbs may refer to of a component, and publishes it as facts of its
    host. Every role ends with it and its C(lookup.yml) is nothing else, so that the facts after a converge and those
    from look-up alone are the same.
  - Refer to them as C(hostvars['<component>'].component.<fact>).
  - In check mode a component that is not there yet has the same facts, each that only AWS can assign being
    C((known after apply)).
author:
  - The slipway.fargate team (@slipway)
options:
  component:
    description: The component, for messages.
    type: str
    required: true
  kind:
    description: The kind of the component, which is the name of its role.
    type: str
    required: true
  name:
    description: The name of the component's resource in AWS.
    type: str
    required: true
  options:
    description: Variables of the role that the look-up needs beyond the name.
    type: dict
    default: {}
  allow_absent:
    description: Whether to publish the facts known beforehand, rather than to fail, when the component is not there.
    type: bool
    default: false
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish the facts of the queue
  slipway.fargate.component_info:
    component: orders
    kind: sqs
    name: shop-prod-orders

- name: Refer to them
  ansible.builtin.debug:
    msg: "{{ hostvars['orders'].component.url }}"
"""

RETURN = r"""
ansible_facts:
  description: The facts of the component under C(slipway).
  returned: always
  type: complex
  contains:
    slipway:
      description: The facts; which ones a kind has is in its role's README.
      type: dict
      sample:
        kind: sqs
        name: shop-prod-orders
        exists: true
        url: https://sqs.eu-west-1.amazonaws.com/123456789012/shop-prod-orders
        arn: arn:aws:sqs:eu-west-1:123456789012:shop-prod-orders
"""

from functools import cache

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.component_facts import (
    not_there,
    predicted_facts,
    read_facts,
)
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError, RetryingClient


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "component": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "options": {"type": "dict", "default": {}},
            "allow_absent": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    component, kind, name, options = (module.params[key] for key in ("component", "kind", "name", "options"))
    if kind not in KINDS:
        module.fail_json(msg=f"component {component}: kind is {kind!r}; allowed are {', '.join(sorted(KINDS))}")
    aws = Aws(client=cache(lambda service: RetryingClient(module, service)), region=module.region)
    try:
        facts = read_facts(aws, kind, name, options)
        if facts is None and not (module.check_mode or module.params["allow_absent"]):
            module.fail_json(msg=not_there(component, kind, name))
        module.exit_json(changed=False, ansible_facts={"slipway": facts or predicted_facts(aws, kind, name, options)})
    except ResourceError as error:
        module.fail_json(msg=f"component {component}: {error}")
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read {KINDS[kind].resource} {name}")


if __name__ == "__main__":
    main()
