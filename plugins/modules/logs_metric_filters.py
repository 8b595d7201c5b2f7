#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_metric_filters
short_description: Manage all CloudWatch Logs metric filters of a component
version_added: 0.2.0
description:
  - Declares the metric filters whose names start with a prefix, of any log groups, in one task, see
    U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html).
  - Filters of the prefix that are no longer declared, or whose log group is another one now, are deleted.
  - AWS replaces a filter as a whole, and so does this module. A suboption of O(filters) that is not set has its
    default.
author:
  - The slipway.fargate team (@slipway)
options:
  prefix:
    description:
      - What the names of all these filters, and of no others, start with. With a slash at its end no other component's
        prefix starts with it.
    type: str
    required: true
  filters:
    description:
      - The metric filters.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the filter; it starts with O(prefix).
        type: str
        required: true
      log_group:
        description: The name of the log group, which must be there.
        type: str
        required: true
      pattern:
        description:
          - Which log events count, see
            U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html). Empty for all.
        type: str
        default: ""
      metric_name:
        description: The name of the metric.
        type: str
        required: true
      metric_namespace:
        description: The namespace of the metric.
        type: str
        required: true
      metric_value:
        description: What a log event adds, a number or a field of the event such as V($.latency).
        type: str
        default: "1"
      default_value:
        description: What a minute with log events of which none counts adds. Excludes O(filters[].dimensions).
        type: float
      unit:
        description: The unit of the metric, such as V(Count) or V(Milliseconds).
        type: str
        default: "None"
      dimensions:
        description: Dimensions of the metric, each with a field of the event such as V($.path); at most three.
        type: dict
        default: {}
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Count errors
  slipway.fargate.logs_metric_filters:
    prefix: shop-prod-alarms/
    filters:
      - name: shop-prod-alarms/errors
        log_group: /ecs/shop
        pattern: '{ $.level = "error" }'
        metric_name: Errors
        metric_namespace: Shop
        default_value: 0

- name: Remove all filters of the prefix
  slipway.fargate.logs_metric_filters:
    prefix: shop-prod-alarms/
    state: absent
"""

RETURN = r"""
filters:
  description: The declared filters; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the filter. So on for every suboption of O(filters).
      type: str
      sample: shop-prod-alarms/errors
    log_group:
      description: The name of the log group.
      type: str
      sample: /ecs/shop
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: metric filter
      name: shop-prod-alarms/errors
      attributes: {"pattern": {"before": "ERROR", "after": "?ERROR ?FATAL"}}
"""

from collections.abc import Iterator

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    without_none,
)

FILTER_SPEC = {
    "name": {"type": "str", "required": True},
    "log_group": {"type": "str", "required": True},
    "pattern": {"type": "str", "default": ""},
    "metric_name": {"type": "str", "required": True},
    "metric_namespace": {"type": "str", "required": True},
    "metric_value": {"type": "str", "default": "1"},
    "default_value": {"type": "float"},
    "unit": {"type": "str", "default": "None"},
    "dimensions": {"type": "dict", "default": {}},
}
LONGEST_PATTERN = 1024
DIMENSIONS_AT_MOST = 3


def from_aws(found: Attributes) -> Attributes:
    """What DescribeMetricFilters says of a filter, in normal form."""
    metric = found["metricTransformations"][0]
    return {
        "name": found["filterName"],
        "log_group": found["logGroupName"],
        "pattern": found.get("filterPattern") or "",
        "metric_name": metric["metricName"],
        "metric_namespace": metric["metricNamespace"],
        "metric_value": metric["metricValue"],
        "default_value": metric.get("defaultValue"),
        "unit": metric.get("unit") or "None",
        "dimensions": metric.get("dimensions") or {},
    }


def problems(given: Attributes, prefix: str) -> Iterator[str]:
    """What AWS would refuse of a filter, beyond types."""
    if not given["name"].startswith(prefix):
        yield f"name does not start with {prefix}"
    if any(sign in given["name"] for sign in ":*"):
        yield "name has : or *, which AWS does not take"
    if len(given["pattern"]) > LONGEST_PATTERN:
        yield f"pattern has {len(given['pattern'])} characters; allowed are {LONGEST_PATTERN}"
    if given["dimensions"] and given["default_value"] is not None:
        yield "default_value and dimensions exclude one another"
    if len(given["dimensions"]) > DIMENSIONS_AT_MOST:
        yield f"there are {len(given['dimensions'])} dimensions; allowed are {DIMENSIONS_AT_MOST}"


class Region:
    """The filters of the prefix that are there; AWS filters by prefix only within one log group."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.client = RetryingClient(module, "logs")
        self._filters: dict[tuple[str, str], Attributes] | None = None

    def filters(self) -> dict[tuple[str, str], Attributes]:
        if self._filters is None:
            found = map(from_aws, self.client.list("describe_metric_filters", "metricFilters"))
            mine = [item for item in found if item["name"].startswith(self.module.params["prefix"])]
            self._filters = {(item["log_group"], item["name"]): item for item in mine}
        return self._filters

    def changed(self) -> None:
        self._filters = None


class MetricFilter(Resource):
    type_name = "metric filter"

    def __init__(self, region: Region, given: Attributes, state: str) -> None:
        desired = {**given, "dimensions": {key: str(value) for key, value in given["dimensions"].items()}}
        super().__init__(region.module, given["name"], desired if state == "present" else {}, state)
        self.region = region
        self.place = {"logGroupName": given["log_group"], "filterName": given["name"]}

    def read(self) -> Attributes | None:
        return self.region.filters().get((self.place["logGroupName"], self.name))

    def same(self, key: str) -> bool:
        return self.current[key] == self.desired[key]  # the whole filter is declared

    def expected(self) -> Attributes:
        return dict(self.desired)

    def create(self) -> None:
        wanted = self.desired
        metric = {
            "metricName": wanted["metric_name"],
            "metricNamespace": wanted["metric_namespace"],
            "metricValue": wanted["metric_value"],
            "defaultValue": wanted["default_value"],
            "unit": wanted["unit"],
            "dimensions": wanted["dimensions"] or None,
        }
        self.region.client.put_metric_filter(
            **self.place, filterPattern=wanted["pattern"], metricTransformations=[without_none(metric)]
        )
        self.region.changed()

    def update(self, changed: set[str]) -> None:
        self.create()

    def delete(self) -> None:
        self.region.client.delete_metric_filter(**self.place)


def plan(module: AnsibleAWSModule) -> list[MetricFilter]:
    """The declared filters, and those to delete."""
    declared = module.params["filters"] if module.params["state"] == "present" else []
    names = [given["name"] for given in declared]
    found = [f"{given['name']}: {text}" for given in declared for text in problems(given, module.params["prefix"])]
    found += [f"{name} is declared more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    if found:
        raise ResourceError("; ".join(f"metric filter {text}" for text in found))
    region, kept = Region(module), {(given["log_group"], given["name"]) for given in declared}
    gone = [item for place, item in region.filters().items() if place not in kept]
    wanted = [MetricFilter(region, given, "present") for given in declared]
    return [*wanted, *(MetricFilter(region, item, "absent") for item in gone)]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "prefix": {"type": "str", "required": True},
            "filters": {"type": "list", "elements": "dict", "default": [], "options": FILTER_SPEC},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        filters = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read metric filters {module.params['prefix']}*")
    run_all(module, filters, key="filters")


if __name__ == "__main__":
    main()
