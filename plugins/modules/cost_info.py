#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The work is done on the controller, in plugins/action/cost_info.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: cost_info
short_description: Estimate what an environment costs a month
version_added: 0.2.0
description:
  - Computes what every component of the play costs a month, and the sum, from the options of the inventory alone. AWS
    is not asked, so it works for an environment that was never converged.
  - Every figure is a quantity times a unit price. Prices are those of C(plugins/plugin_utils/cost/prices.yml), for
    C(us-east-1), C(eu-west-1) and C(eu-west-2), or those of the AWS Price List API. The variable C(cost_prices), a
    dictionary of price names and USD, goes before both.
  - What depends on use (traffic, requests, stored bytes, hours) is assumed. The assumptions are variables of the
    components, all called C(cost_...), with defaults; C(docs/costs.md) lists them.
  - Runs on the controller, once for the whole play.
author:
  - The slipway.fargate team (@slipway)
options:
  live:
    description:
      - Whether prices are asked of the AWS Price List API, with the usual credentials, see
        U(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html). Prices that
        only the table has stay those of the table.
    type: bool
    default: false
  compare:
    description:
      - What to compare the estimate with, component by component. V(running) reads from AWS what runs now, so that the
        difference is what the next converge would make; anything else is a file that was written with O(format=json),
        as of another branch or of another environment.
      - A component that runs and is not in the inventory any more is not known here.
    type: str
    default: ""
  format:
    description: How C(rendered) is rendered.
    type: str
    choices: [text, json]
    default: text
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
"""

EXAMPLES = r"""
- name: Estimate the costs
  slipway.fargate.cost_info:
    compare: running
  run_once: true
  register: cost

- name: Print them
  ansible.builtin.debug:
    msg: "{{ cost.rendered }}"
  run_once: true
"""

RETURN = r"""
rendered:
  description: The estimate, or with O(compare) the difference, as text or JSON.
  returned: success
  type: str
  sample: "shop/dev: estimated cost of a month in USD"
estimate:
  description: The estimate.
  returned: success
  type: dict
  contains:
    stack:
      description: System and environment.
      type: str
      sample: shop/dev
    currency:
      description: The currency.
      type: str
      sample: USD
    total:
      description: The sum of a month.
      type: float
      sample: 46.72
    prices:
      description: C(date) and C(origin) of the prices.
      type: dict
      sample: {"date": "2025-10-01", "origin": "recalled from the public price pages, not fetched"}
    assumptions:
      description: What was assumed, each with C(values), C(unit) and what it C(says).
      type: dict
      sample: {"cost_hours": {"values": [730.0], "unit": "h", "says": "hours a month that something runs"}}
    components:
      description:
        - For each component C(name), C(kind), C(region), C(monthly) and C(lines), each of these with C(what),
          C(quantity), C(unit), C(unit_price), C(monthly), the name of its C(price) and the C(source) of that.
      type: list
      elements: dict
      sample:
        - name: database
          kind: rds
          region: us-east-1
          monthly: 11.68
          lines:
            - what: db.t4g.micro
              quantity: 730.0
              unit: hour
              unit_price: 0.016
              monthly: 11.68
              price: rds.postgres.db.t4g.micro
              source: https://aws.amazon.com/rds/postgresql/pricing/
    difference:
      description:
        - C(before), C(after) and C(change) of the sum and, under C(components), of each component, and what it was
          C(compared_with).
      returned: with O(compare)
      type: dict
      sample: {"compared_with": "what runs now", "before": 11.68, "after": 23.36, "change": 11.68, "components": []}
"""
