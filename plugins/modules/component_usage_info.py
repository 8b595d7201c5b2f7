#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_usage_info
short_description: Read what components use that costs money
version_added: 0.2.0
description:
  - Reads which components are there and, of the kinds that cost most, what they use, in the terms of their roles'
    options. M(slipway.fargate.cost_info) compares it with the inventory.
author:
  - The slipway.fargate team (@slipway)
options:
  components:
    description: The components to read.
    type: list
    elements: dict
    required: true
    suboptions:
      component:
        description: The component.
        type: str
        required: true
      kind:
        description: Its kind.
        type: str
        required: true
      name:
        description: The name of its resource in AWS.
        type: str
        required: true
      options:
        description: Variables of the role that the look-up needs beyond the name.
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
- name: Read what the database uses
  slipway.fargate.component_usage_info:
    components:
      - {component: database, kind: rds, name: shop-prod-database}
"""

RETURN = r"""
components:
  description: The options of each component that is there; none for kinds of which it only matters that they are.
  returned: success
  type: dict
  sample: {"database": {"rds_instance_class": "db.t4g.micro", "rds_multi_az": false, "rds_allocated_storage": 20}}
"""

from functools import cache
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.component_facts import read_facts
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError, RetryingClient
from ansible_collections.slipway.fargate.plugins.module_utils.usage import USAGE


def usage(aws: Aws, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The options of a component as AWS has them; None when it is not there."""
    kind, name, options = asked["kind"], asked["name"], asked["options"]
    facts = read_facts(aws, kind, name, options)
    if facts is None:
        return None
    return USAGE[kind](aws, name, options, facts) if kind in USAGE else {}


def main() -> None:
    text = {"type": "str", "required": True}
    suboptions = {"component": text, "kind": text, "name": text, "options": {"type": "dict", "default": {}}}
    module = AnsibleAWSModule(
        argument_spec={
            "components": {"type": "list", "elements": "dict", "required": True, "options": suboptions},
        },
        supports_check_mode=True,
    )
    unknown = sorted({asked["kind"] for asked in module.params["components"]} - KINDS.keys())
    if unknown:
        module.fail_json(msg=f"kind is {', '.join(unknown)}; allowed are {', '.join(sorted(KINDS))}")
    aws = Aws(client=cache(lambda service: RetryingClient(module, service)), region=module.region)
    found, asked = {}, {"component": "", "kind": ""}
    try:
        for asked in module.params["components"]:
            options = usage(aws, asked)
            if options is not None:
                found[asked["component"]] = options
    except ResourceError as error:
        module.fail_json(msg=f"component {asked['component']}: {error}")
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read {asked['component']} of kind {asked['kind']}")
    module.exit_json(changed=False, components=found)


if __name__ == "__main__":
    main()
