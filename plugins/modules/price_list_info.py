#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: price_list_info
short_description: Ask the AWS Price List API for on-demand prices
version_added: 0.2.0
description:
  - Reads on-demand unit prices, see
    U(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html). For a price
    with tiers it is that of the first.
  - The API has few endpoints; it is asked in C(us-east-1) unless O(region) says otherwise.
author:
  - The slipway.fargate team (@slipway)
options:
  queries:
    description: The prices to read.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name that the price has in the result.
        type: str
        required: true
      of_region:
        description: The region whose price it is.
        type: str
        required: true
      service:
        description: The service code, as C(AmazonRDS).
        type: str
        required: true
      usage:
        description: The usage type of the product without the prefix of its region, as C(InstanceUsage:db.t4g.micro).
        type: str
        required: true
      filters:
        description: Attributes of the product that must be equal.
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
- name: Ask what a database costs
  slipway.fargate.price_list_info:
    queries:
      - name: database
        of_region: eu-west-1
        service: AmazonRDS
        usage: InstanceUsage:db.t4g.micro
        filters: {databaseEngine: PostgreSQL, deploymentOption: Single-AZ}
"""

RETURN = r"""
prices:
  description: The prices in the order of O(queries).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: database
    of_region:
      description: The region.
      type: str
      sample: eu-west-1
    usd:
      description: The price of one unit.
      type: float
      sample: 0.017
    unit:
      description: The unit, as AWS calls it.
      type: str
      sample: Hrs
"""

import json
import re
from collections.abc import Iterator
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError, RetryingClient

HOME = "us-east-1"  # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-list-services-endpoints.html


def price(client: Any, query: dict[str, Any]) -> dict[str, Any]:
    """The one price that the query is about."""
    wanted = {"regionCode": query["of_region"], **query["filters"]}
    filters = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in wanted.items()]
    listed = client.list("get_products", "PriceList", ServiceCode=query["service"], Filters=filters)
    products = [json.loads(item) if isinstance(item, str) else item for item in listed]
    found = {found for product in products if _is_of(product, query["usage"]) for found in _first_tiers(product)}
    where = f"{query['service']} {query['usage']} in {query['of_region']}"
    if not found:
        raise ResourceError(f"price {query['name']}: the Price List API has none of {where}")
    if len(found) > 1:
        several = ", ".join(f"{usd} a {unit}" for usd, unit in sorted(found))
        raise ResourceError(f"price {query['name']}: the Price List API has several of {where}: {several}")
    usd, unit = found.pop()
    return {"name": query["name"], "of_region": query["of_region"], "usd": usd, "unit": unit}


def _is_of(product: dict[str, Any], usage: str) -> bool:
    """Usage types begin with the region's prefix: EUW2-NatGateway-Hours; those of us-east-1 often do not."""
    found = product["product"]["attributes"].get("usagetype", "")
    return bool(re.fullmatch(rf"(?:[A-Z]+[0-9]*-)?{re.escape(usage)}", found))


def _first_tiers(product: dict[str, Any]) -> Iterator[tuple[float, str]]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = float(dimension["pricePerUnit"].get("USD", 0))
            if dimension.get("beginRange", "0") == "0" and usd:
                yield usd, dimension["unit"]


def main() -> None:
    query = {key: {"type": "str", "required": True} for key in ("name", "of_region", "service", "usage")}
    module = AnsibleAWSModule(
        argument_spec={
            "queries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {**query, "filters": {"type": "dict", "default": {}}},
            }
        },
        supports_check_mode=True,
    )
    module.params["region"] = module.params["region"] or HOME
    try:
        client = RetryingClient(module, "pricing")
        module.exit_json(changed=False, prices=[price(client, query) for query in module.params["queries"]])
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg="Could not ask the AWS Price List API")


if __name__ == "__main__":
    main()
