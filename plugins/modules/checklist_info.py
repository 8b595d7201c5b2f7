#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: checklist_info
short_description: Check a component against the deployment checklist
version_added: 0.2.0
description:
  - Reads from AWS whether a component is as it should be before people rely on it. Each item is V(passed), V(failed) or
    V(not applicable), with the evidence. What costs money or is a matter of taste is only applicable when the inventory
    asks for it.
  - The health endpoints of services are asked too, from where this runs. One that cannot be reached from there is not
    applicable; one that answers something else than it should is failed.
  - C(docs/verbs.md) lists the items.
author:
  - The slipway.fargate team (@slipway)
options:
  component:
    description: The component.
    type: str
    required: true
  facts:
    description: Its facts, as M(slipway.fargate.component_info) published them.
    type: dict
    required: true
  options:
    description: Variables of the component that say what is wanted; those of the inventory are added.
    type: dict
    default: {}
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
- name: Check the component
  slipway.fargate.checklist_info:
    component: "{{ inventory_hostname }}"
    facts: "{{ component }}"
"""

RETURN = r"""
items:
  description: The items, each with C(component), C(kind), C(item), C(status) and C(evidence).
  returned: success
  type: list
  elements: dict
  sample:
    - component: database
      kind: rds
      item: its storage is encrypted
      status: passed
      evidence: KMS key arn:aws:kms:eu-west-1:123456789012:key/1234
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.checks import CHECKS
from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import FAILED, NOT_APPLICABLE, Item, Seen
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_image import in_region
from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient


def checked(module: AnsibleAWSModule) -> Iterator[Item]:
    facts = module.params["facts"]
    kind, name = facts.get("kind", ""), facts.get("name", "")
    resource = KINDS[kind].resource if kind in KINDS else kind
    if not facts.get("exists"):
        yield Item("it is there", FAILED, f"there is no {resource} {name}; converge {module.params['component']} first")
        return
    if kind not in CHECKS:
        yield Item("it is as it should be", NOT_APPLICABLE, f"nothing is checked of kind {kind}")
        return

    @cache
    def client(service: str, region: str = module.region) -> RetryingClient:
        with in_region(module, region):
            return RetryingClient(module, service)

    seen = Seen(client, name, facts, module.params["options"], module.region)
    try:
        yield from CHECKS[kind](seen)
    except (ClientError, BotoCoreError) as error:  # it must not hide what else there is to say
        yield Item(f"{resource} {name} can be read", FAILED, str(error))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "component": {"type": "str", "required": True},
            "facts": {"type": "dict", "required": True},
            "options": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    about: dict[str, Any] = {"component": module.params["component"], "kind": module.params["facts"].get("kind", "")}
    module.exit_json(changed=False, items=[{**about, **entry._asdict()} for entry in checked(module)])


if __name__ == "__main__":
    main()
