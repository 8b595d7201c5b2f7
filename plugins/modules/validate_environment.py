#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The work is done on the controller, in plugins/action/validate_environment.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_environment
short_description: Report everything that is wrong with the input of an environment
version_added: 0.1.0
description:
  - Checks every component of the inventory against the argument specification and the rules of its role, and its
    references to other components, and reports all problems at once.
  - An unknown variable with the prefix of the component's role is a problem that names the nearest known one.
  - Looks once at AWS - whose credentials these are, the VPC if the environment does not create it, and what is there of
    all components - and never writes.
  - Every playbook of this collection starts with it. Runs on the controller, once for the whole environment.
author:
  - The slipway.fargate team (@slipway)
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
"""

EXAMPLES = r"""
- name: Validate the environment
  slipway.fargate.validate_environment:
  run_once: true
"""

RETURN = r"""
problems:
  description: What is wrong, each with its component, option, value and what is allowed.
  returned: always
  type: list
  elements: str
  sample:
    - "database: rds_port is 70000; allowed are 1 to 65535"
account:
  description: The id of the account.
  returned: success
  type: str
  sample: "123456789012"
arn:
  description: The ARN of whom the credentials belong to.
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:user/deploy
settled:
  description: Whether all components are there, and AWS has done all that was asked of it.
  returned: success
  type: bool
  sample: true
ansible_facts:
  description: What was found, for M(slipway.fargate.component_info) to publish as long as nothing changes.
  returned: success
  type: complex
  contains:
    slipway_before:
      description: The facts of each component that is there, by its name.
      type: dict
      sample: {"orders": {"kind": "sqs", "name": "shop-prod-orders", "exists": true}}
"""
