#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_alarms
short_description: Manage all CloudWatch alarms of a component
version_added: 0.1.0
description:
  - Declares every alarm whose name starts with a prefix, metric alarms and composite ones, in one task, see
    U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html) and
    U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html).
  - Alarms of the prefix that are no longer declared are deleted.
  - AWS replaces an alarm as a whole, and so does this module. A suboption of O(alarms) that is not set has its default.
  - Alarms are read in bulk, with C(cloudwatch:DescribeAlarms) and C(tag:GetResources). Only an alarm whose tags seem to
    differ is asked for them itself, with C(cloudwatch:ListTagsForResource).
author:
  - The slipway.fargate team (@slipway)
options:
  prefix:
    description:
      - What the names of all these alarms, and of no others, start with, unless O(owner) is given.
    type: str
    required: true
  alarms:
    description:
      - The alarms. Each has O(alarms[].metric_name), O(alarms[].metrics) or O(alarms[].rule).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the alarm; it starts with O(prefix), or O(owner) is given.
        type: str
        required: true
      description:
        description: What the alarm means, for the one who is woken by it.
        type: str
        default: ""
      metric_name:
        description: The name of the metric.
        type: str
      namespace:
        description: The namespace of the metric, such as V(AWS/SQS).
        type: str
      dimensions:
        description: The dimensions of the metric.
        type: dict
        default: {}
      statistic:
        description: The statistic of the metric; excludes O(alarms[].extended_statistic).
        type: str
        choices: [SampleCount, Average, Sum, Minimum, Maximum]
      extended_statistic:
        description: A percentile or trimmed statistic, such as V(p99) or V(tm90).
        type: str
      period:
        description: The seconds that one data point covers, V(10), V(20), V(30) or a multiple of V(60).
        type: int
      unit:
        description: The unit of the metric; usually not set.
        type: str
      metrics:
        description:
          - Metric math in place of a single metric. Exactly one entry has O(alarms[].metrics[].return_data) true.
        type: list
        elements: dict
        default: []
        suboptions:
          id:
            description: The name of the entry in expressions; starts with a lower-case letter.
            type: str
            required: true
          expression:
            description: The expression; excludes a metric.
            type: str
          label:
            description: What the console shows.
            type: str
          period:
            description: The seconds that one data point covers.
            type: int
          return_data:
            description: Whether the alarm watches this entry.
            type: bool
            default: true
          namespace:
            description: The namespace of the metric.
            type: str
          metric_name:
            description: The name of the metric.
            type: str
          dimensions:
            description: The dimensions of the metric.
            type: dict
            default: {}
          stat:
            description: The statistic of the metric.
            type: str
          unit:
            description: The unit of the metric.
            type: str
      comparison_operator:
        description: How the metric is compared with the threshold.
        type: str
        choices:
          - GreaterThanOrEqualToThreshold
          - GreaterThanThreshold
          - LessThanThreshold
          - LessThanOrEqualToThreshold
          - LessThanLowerOrGreaterThanUpperThreshold
          - LessThanLowerThreshold
          - GreaterThanUpperThreshold
      threshold:
        description: What the metric is compared with.
        type: float
      threshold_metric_id:
        description: The entry of O(alarms[].metrics) with an C(ANOMALY_DETECTION_BAND), in place of a threshold.
        type: str
      evaluation_periods:
        description: Over how many of the latest periods the metric is compared.
        type: int
        default: 1
      datapoints_to_alarm:
        description: How many of them must breach; by default all.
        type: int
      treat_missing_data:
        description: What a period without data means.
        type: str
        choices: [breaching, notBreaching, ignore, missing]
        default: missing
      evaluate_low_sample_count_percentile:
        description: For a percentile of few samples, whether it is evaluated or ignored; AWS evaluates by default.
        type: str
        choices: [evaluate, ignore]
      rule:
        description: The rule of a composite alarm, such as V(ALARM("shop-cpu"\) OR ALARM("shop-memory"\)).
        type: str
      actions_enabled:
        description: Whether actions are executed.
        type: bool
        default: true
      alarm_actions:
        description: ARNs of what to do when the alarm goes off, such as topics; at most five.
        type: list
        elements: str
        default: []
      ok_actions:
        description: ARNs of what to do when it is over; at most five.
        type: list
        elements: str
        default: []
      insufficient_data_actions:
        description: ARNs of what to do when there is no data; at most five.
        type: list
        elements: str
        default: []
  purge:
    description:
      - Whether to delete the alarms with the prefix that are not declared.
    type: bool
    default: true
  purge_tagged:
    description:
      - Only alarms that carry these tags are deleted, by O(purge) or O(state=absent). Needed where another prefix
        starts with this one.
    type: dict
    default: {}
  owner:
    description:
      - Tags that these alarms have among O(tags), and no others in the region. By them alarms are found whose names do
        not start with O(prefix), so that they are deleted as well when they are no longer declared.
    type: dict
    default: {}
    version_added: 0.2.0
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Watch the queue and the service
  slipway.fargate.cloudwatch_alarms:
    prefix: shop-prod-alarms-
    alarms:
      - name: shop-prod-alarms-orders-age
        description: Orders wait for more than five minutes
        namespace: AWS/SQS
        metric_name: ApproximateAgeOfOldestMessage
        dimensions: {QueueName: shop-prod-orders}
        statistic: Maximum
        period: 60
        evaluation_periods: 5
        comparison_operator: GreaterThanThreshold
        threshold: 300
        treat_missing_data: notBreaching
      - name: shop-prod-alarms-web-errors
        description: More than one request in a hundred fails
        metrics:
          - {id: errors, namespace: Shop, metric_name: Errors, stat: Sum, period: 60, return_data: false}
          - {id: requests, namespace: Shop, metric_name: Requests, stat: Sum, period: 60, return_data: false}
          - {id: rate, expression: 100 * errors / requests, label: Failed requests}
        evaluation_periods: 5
        comparison_operator: GreaterThanThreshold
        threshold: 1
      - name: shop-prod-alarms-shop
        description: The shop is not well
        rule: ALARM("shop-prod-alarms-orders-age") OR ALARM("shop-prod-alarms-web-errors")
    tags:
      Environment: prod

- name: Remove all alarms of the prefix
  slipway.fargate.cloudwatch_alarms:
    prefix: shop-prod-alarms-
    state: absent
"""

RETURN = r"""
alarms:
  description: The declared alarms; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the alarm.
      type: str
      sample: shop-prod-alarms-orders-age
    arn:
      description: The ARN of the alarm.
      type: str
      sample: arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-prod-alarms-orders-age
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
    description:
      description: What the alarm means. So on for every suboption of O(alarms) that its kind of alarm has.
      type: str
      sample: Orders wait for more than five minutes
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: CloudWatch alarm
      name: shop-prod-alarms-orders-age
      attributes: {"threshold": {"before": 300.0, "after": 600.0}}
"""

from collections.abc import Iterator
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    in_order,
    run_all,
    set_options,
    without_none,
)

ACTIONS = {
    "description": "AlarmDescription",
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}
WATCHES = {  # what metric alarms have beyond
    "metric_name": "MetricName",
    "namespace": "Namespace",
    "dimensions": "Dimensions",
    "statistic": "Statistic",
    "extended_statistic": "ExtendedStatistic",
    "period": "Period",
    "unit": "Unit",
    "metrics": "Metrics",
    "comparison_operator": "ComparisonOperator",
    "threshold": "Threshold",
    "threshold_metric_id": "ThresholdMetricId",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "treat_missing_data": "TreatMissingData",
    "evaluate_low_sample_count_percentile": "EvaluateLowSampleCountPercentile",
}
MATH_SPEC = {
    "id": {"type": "str", "required": True},
    "expression": {"type": "str"},
    "label": {"type": "str"},
    "period": {"type": "int"},
    "return_data": {"type": "bool", "default": True},
    "namespace": {"type": "str"},
    "metric_name": {"type": "str"},
    "dimensions": {"type": "dict", "default": {}},
    "stat": {"type": "str"},
    "unit": {"type": "str"},
}
COMPARISONS = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
]
ALARM_SPEC = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "metric_name": {"type": "str"},
    "namespace": {"type": "str"},
    "dimensions": {"type": "dict", "default": {}},
    "statistic": {"type": "str", "choices": ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]},
    "extended_statistic": {"type": "str"},
    "period": {"type": "int"},
    "unit": {"type": "str"},
    "metrics": {"type": "list", "elements": "dict", "default": [], "options": MATH_SPEC},
    "comparison_operator": {"type": "str", "choices": COMPARISONS},
    "threshold": {"type": "float"},
    "threshold_metric_id": {"type": "str"},
    "evaluation_periods": {"type": "int", "default": 1},
    "datapoints_to_alarm": {"type": "int"},
    "treat_missing_data": {
        "type": "str",
        "choices": ["breaching", "notBreaching", "ignore", "missing"],
        "default": "missing",
    },
    "evaluate_low_sample_count_percentile": {"type": "str", "choices": ["evaluate", "ignore"]},
    "rule": {"type": "str"},
    "actions_enabled": {"type": "bool", "default": True},
    "alarm_actions": {"type": "list", "elements": "str", "default": []},
    "ok_actions": {"type": "list", "elements": "str", "default": []},
    "insufficient_data_actions": {"type": "list", "elements": "str", "default": []},
}


def math_entry(entry: Attributes) -> Attributes:
    """An entry of metric math in normal form, from options or from AWS."""
    watched = entry.get("MetricStat")
    if "Id" not in entry:
        given = {key: entry.get(key) for key in MATH_SPEC}
        return {**given, "dimensions": texts(given["dimensions"] or {})}
    metric = watched["Metric"] if watched else {}
    return {
        "id": entry["Id"],
        "expression": entry.get("Expression"),
        "label": entry.get("Label"),
        "period": watched["Period"] if watched else entry.get("Period"),
        "return_data": entry.get("ReturnData", True) is not False,
        "namespace": metric.get("Namespace"),
        "metric_name": metric.get("MetricName"),
        "dimensions": dimensions(metric),
        "stat": watched["Stat"] if watched else None,
        "unit": watched.get("Unit") if watched else None,
    }


def math_parameter(entry: Attributes) -> Attributes:
    """An entry of metric math as AWS wants it."""
    common = {"Id": entry["id"], "Label": entry["label"], "ReturnData": entry["return_data"]}
    if entry["expression"]:
        return without_none({**common, "Expression": entry["expression"], "Period": entry["period"]})
    metric = {
        "Namespace": entry["namespace"],
        "MetricName": entry["metric_name"],
        "Dimensions": ansible_dict_to_boto3_tag_list(entry["dimensions"], "Name", "Value"),
    }
    watched = {"Metric": metric, "Period": entry["period"], "Stat": entry["stat"], "Unit": entry["unit"]}
    return without_none({**common, "MetricStat": watched})


def dimensions(metric: Attributes) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(metric.get("Dimensions", []), "Name", "Value")


def texts(values: Attributes) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def from_aws(alarm: Attributes) -> Attributes:
    """What DescribeAlarms says of an alarm, in normal form."""
    common = {"name": alarm["AlarmName"], "arn": alarm["AlarmArn"]}
    fields = {key: alarm.get(name) for key, name in ACTIONS.items()}
    fields["description"] = fields["description"] or ""
    if "AlarmRule" in alarm:
        return {**common, **fields, "rule": alarm["AlarmRule"]}
    return {
        **common,
        **fields,
        **metric_form({key: alarm.get(name) for key, name in WATCHES.items()}, dimensions(alarm)),
    }


def metric_form(fields: Attributes, of: dict[str, str]) -> Attributes:
    """The fields of a metric alarm with AWS's defaults made explicit."""
    return {
        **fields,
        "dimensions": of,
        "metrics": [math_entry(entry) for entry in fields["metrics"] or []],
        "treat_missing_data": fields["treat_missing_data"] or "missing",
        "datapoints_to_alarm": fields["datapoints_to_alarm"] or fields["evaluation_periods"],
        "evaluate_low_sample_count_percentile": fields["evaluate_low_sample_count_percentile"] or "evaluate",
    }


def problems(alarm: Attributes, prefix: str, owned: bool) -> Iterator[str]:
    """What AWS would refuse of an alarm, beyond types."""
    if not alarm["name"].startswith(prefix) and not owned:
        yield f"name does not start with {prefix}"
    kinds = [key for key in ("metric_name", "metrics", "rule") if alarm[key]]
    if len(kinds) != 1:
        yield f"one of metric_name, metrics and rule is needed; there are {', '.join(kinds) or 'none'}"
    elif kinds != ["rule"]:
        yield from _metric_problems(alarm)
    for key in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        if len(alarm[key]) > 5:
            yield f"{key} has {len(alarm[key])} entries; allowed are 5"


def _metric_problems(alarm: Attributes) -> Iterator[str]:
    if not alarm["comparison_operator"]:
        yield "comparison_operator is needed"
    if (alarm["threshold"] is None) == (alarm["threshold_metric_id"] is None):
        yield "one of threshold and threshold_metric_id is needed"
    points, periods = alarm["datapoints_to_alarm"], alarm["evaluation_periods"]
    if (points or 1) > periods:
        yield f"datapoints_to_alarm is {points}, more than the {periods} evaluation_periods"
    if alarm["metrics"]:
        watched = [entry["id"] for entry in alarm["metrics"] if entry["return_data"]]
        if len(watched) != 1 and not alarm["threshold_metric_id"]:
            yield f"exactly one of metrics must have return_data true; there are {', '.join(watched) or 'none'}"
        for entry in alarm["metrics"]:
            if bool(entry["expression"]) == bool(entry["metric_name"]):
                yield f"metrics entry {entry['id']} needs either expression or metric_name"
            elif entry["metric_name"] and not (entry["namespace"] and entry["stat"] and entry["period"]):
                yield f"metrics entry {entry['id']} needs namespace, stat and period"
        return
    if not (alarm["namespace"] and alarm["period"]):
        yield "namespace and period are needed"
    elif alarm["period"] not in (10, 20, 30) and (alarm["period"] % 60 or alarm["period"] < 60):
        yield f"period is {alarm['period']}; allowed are 10, 20, 30 and multiples of 60"
    if bool(alarm["statistic"]) == bool(alarm["extended_statistic"]):
        yield "one of statistic and extended_statistic is needed"


class Account:
    """The alarms of the prefix, and those of the owner, that are there, read in bulk."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.cloudwatch = RetryingClient(module, "cloudwatch")
        self.prefix, self.owner = module.params["prefix"], texts(module.params["owner"])
        self.declared: set[str] = set()
        self.doomed: list[str] = []
        self._alarms: dict[str, Attributes] | None = None

    def alarms(self) -> dict[str, Attributes]:
        if self._alarms is None:
            found = self._described(AlarmNamePrefix=self.prefix)
            tags = self._owned() if self.owner else self._tags([alarm["arn"] for alarm in found])
            names = self.declared | {arn.rsplit(":alarm:", 1)[-1] for arn in tags}
            for chunk in chunks(sorted(name for name in names if not name.startswith(self.prefix))):
                found += self._described(AlarmNames=chunk)
            self._alarms = {alarm["name"]: {**alarm, "tags": tags.get(alarm["arn"], {})} for alarm in found}
        return self._alarms

    def _described(self, **which: Any) -> list[Attributes]:
        paginator = self.cloudwatch.get_paginator("describe_alarms")
        pages = paginator.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"], **which).build_full_result()
        return [from_aws(alarm) for key in ("MetricAlarms", "CompositeAlarms") for alarm in pages.get(key, [])]

    def _tags(self, arns: list[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for chunk in chunks(arns):
            found |= self._tagged(ResourceARNList=chunk)
        return found

    def _owned(self) -> dict[str, dict[str, str]]:
        filters = [{"Key": key, "Values": [value]} for key, value in self.owner.items()]
        return self._tagged(TagFilters=filters, ResourceTypeFilters=["cloudwatch:alarm"])

    def _tagged(self, **which: Any) -> dict[str, dict[str, str]]:
        client = RetryingClient(self.module, "resourcegroupstaggingapi")
        found = client.list("get_resources", "ResourceTagMappingList", **which)
        return {resource["ResourceARN"]: boto3_tag_list_to_ansible_dict(resource["Tags"]) for resource in found}

    def confirm_tags(self, alarm: Attributes) -> dict[str, str]:
        """The tags of one alarm from CloudWatch itself: what the bulk read says may be some seconds old."""
        answer = self.cloudwatch.list_tags_for_resource(ResourceARN=alarm["arn"])
        alarm["tags"] = boto3_tag_list_to_ansible_dict(answer["Tags"])
        return alarm["tags"]

    def undeclared(self) -> list[str]:
        return [name for name, alarm in self.alarms().items() if name not in self.declared and self._mine(alarm)]

    def _mine(self, alarm: Attributes) -> bool:
        inside = alarm["name"].startswith(self.prefix)
        wanted = (texts(self.module.params["purge_tagged"]) if inside else self.owner).items()
        return wanted <= alarm["tags"].items() or wanted <= self.confirm_tags(alarm).items()

    def changed(self) -> None:
        self._alarms = None

    def delete_doomed(self) -> None:
        """All metric alarms go in calls of a hundred, with the first of them."""
        for chunk in chunks(self.doomed):
            self.cloudwatch.delete_alarms(AlarmNames=chunk)
        self.doomed = []


def chunks(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), 100):
        yield items[start : start + 100]


class Alarm(Resource):
    assigned = ("arn",)
    defaults = {"tags": {}}
    unordered = ("metrics", "alarm_actions", "ok_actions", "insufficient_data_actions")
    other = ""  # an attribute that the other kind of alarm has

    def __init__(self, account: Account, name: str, desired: Attributes, state: str = "present") -> None:
        module = account.module
        desired = {"name": name, **desired, **set_options(module, "tags")} if state == "present" else {}
        super().__init__(module, name, desired, state)
        self.account = account
        self.client = account.cloudwatch

    def read(self) -> Attributes | None:
        found = self.account.alarms().get(self.name)
        if found is None:
            return None
        if self.state == "present" and self.other in found:
            raise ResourceError(f"alarm {self.name}: it is there as another kind of alarm; delete or rename it first")
        if "tags" in self.desired:
            purge = self.module.params["purge_tags"]
            if any(compare_aws_tags(found["tags"], self.desired["tags"], purge)):
                self.account.confirm_tags(found)
        return found

    def same(self, key: str) -> bool:
        # The whole alarm is declared: a dimension that is not declared is one too many.
        return super().same(key) and (key == "tags" or in_order(self.current[key]) == in_order(self.desired[key]))

    def expected(self) -> Attributes:
        whole = {key: value for key, value in self.desired.items() if key != "tags"}
        return {**super().expected(), **whole}

    def create(self) -> None:
        tags = self.desired.get("tags")
        self.put(Tags=ansible_dict_to_boto3_tag_list(tags)) if tags else self.put()

    def update(self, changed: set[str]) -> None:
        if changed - {"tags"}:
            self.put()
        if "tags" in changed:
            self.put_tags()

    def put(self, **more: Any) -> None:
        raise NotImplementedError

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceARN=self.current["arn"], TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceARN=self.current["arn"], Tags=ansible_dict_to_boto3_tag_list(to_set))
        self.account.changed()


class MetricAlarm(Alarm):
    type_name = "CloudWatch alarm"
    other = "rule"

    @classmethod
    def declared(cls, account: Account, alarm: Attributes) -> MetricAlarm:
        fields = metric_form({key: alarm[key] for key in WATCHES}, texts(alarm["dimensions"]))
        return cls(account, alarm["name"], {**{key: alarm[key] for key in ACTIONS}, **fields})

    def put(self, **more: Any) -> None:
        values = {**self.desired, "metrics": [math_parameter(entry) for entry in self.desired["metrics"]] or None}
        values["dimensions"] = ansible_dict_to_boto3_tag_list(values["dimensions"], "Name", "Value") or None
        if not values["extended_statistic"]:
            values["evaluate_low_sample_count_percentile"] = None
        fields = {name: values[key] for key, name in (ACTIONS | WATCHES).items()}
        self.client.put_metric_alarm(AlarmName=self.name, **without_none(fields), **more)
        self.account.changed()

    def delete(self) -> None:
        self.account.delete_doomed()


class CompositeAlarm(Alarm):
    type_name = "CloudWatch composite alarm"
    other = "metric_name"

    @classmethod
    def declared(cls, account: Account, alarm: Attributes) -> CompositeAlarm:
        return cls(account, alarm["name"], {key: alarm[key] for key in (*ACTIONS, "rule")})

    def put(self, **more: Any) -> None:
        fields = {name: self.desired[key] for key, name in ACTIONS.items()}
        self.client.put_composite_alarm(AlarmName=self.name, AlarmRule=self.desired["rule"], **fields, **more)
        self.account.changed()

    def delete(self) -> None:
        self.client.delete_alarms(AlarmNames=[self.name])  # AWS takes no more than one composite alarm in a call


def plan(module: AnsibleAWSModule) -> list[Alarm]:
    """The declared alarms, and those to delete; a composite alarm after what it looks at, and gone before it."""
    declared = module.params["alarms"] if module.params["state"] == "present" else []
    names = [alarm["name"] for alarm in declared]
    found = [
        f"alarm {alarm['name']}: {text}"
        for alarm in declared
        for text in problems(alarm, module.params["prefix"], bool(module.params["owner"]))
    ]
    found += [f"alarm {name} is declared more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    if found:
        raise ResourceError("; ".join(found))
    account = Account(module)
    account.declared = set(names)
    wanted: list[Alarm] = [MetricAlarm.declared(account, alarm) for alarm in declared if not alarm["rule"]]
    wanted += [CompositeAlarm.declared(account, alarm) for alarm in declared if alarm["rule"]]
    if module.params["state"] == "present" and not module.params["purge"]:
        return wanted
    gone = account.undeclared()
    account.doomed = [name for name in gone if "rule" not in account.alarms()[name]]
    composites = [CompositeAlarm(account, name, {}, "absent") for name in gone if name not in account.doomed]
    return [*wanted, *composites, *(MetricAlarm(account, name, {}, "absent") for name in account.doomed)]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "prefix": {"type": "str", "required": True},
            "alarms": {"type": "list", "elements": "dict", "default": [], "options": ALARM_SPEC},
            "purge": {"type": "bool", "default": True},
            "purge_tagged": {"type": "dict", "default": {}},
            "owner": {"type": "dict", "default": {}},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        alarms = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read CloudWatch alarms {module.params['prefix']}*")
    run_all(module, alarms, key="alarms")


if __name__ == "__main__":
    main()
