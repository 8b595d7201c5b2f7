# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch for moto: composite alarms, alarm types, tags of dashboards, and what AWS refuses of both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Dashboard, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.cloudwatch.utils import make_arn_for_alarm, make_arn_for_dashboard
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, EmptyResult

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import now

REFERENCE = re.compile(r"""(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*["']?([^"')]+)["']?\s*\)""")
FIELDS = ("AlarmDescription", "AlarmActions", "OKActions", "InsufficientDataActions")
ACTIONS_AT_MOST = 5
NAMES_AT_MOST = 100
DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
WIDGETS = ("alarm", "custom", "explorer", "log", "metric", "text")
WITH_REGION = ("log", "metric")


class Backend(CloudWatchBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.composites: dict[str, dict[str, Any]] = {}

    def put_composite_alarm(self, params: dict[str, Any]) -> None:
        name, rule = params["AlarmName"], params["AlarmRule"]
        if name in self.alarms:
            raise AwsError("ValidationError", f"An alarm of another type with the name {name} already exists.")
        missing = [other for other in self.children(rule) if other not in self.alarms.keys() | self.composites.keys()]
        if missing:
            raise AwsError("ValidationError", f"Could not save the composite alarm: {missing} of its rule do not exist")
        _check_actions(params)
        old = self.composites.get(name)
        arn = make_arn_for_alarm(self.region_name, self.account_id, name)
        self.composites[name] = {
            "AlarmName": name,
            "AlarmArn": arn,
            "AlarmRule": rule,
            "ActionsEnabled": params.get("ActionsEnabled", True),
            "StateValue": old["StateValue"] if old else "INSUFFICIENT_DATA",
            "StateUpdatedTimestamp": now(),
            "AlarmConfigurationUpdatedTimestamp": now(),
            **{field: params.get(field) or ([] if field.endswith("Actions") else None) for field in FIELDS},
        }
        if not old and params.get("Tags"):  # as for metric alarms: the tags of an alarm that is there stay
            self.tagger.tag_resource(arn, params["Tags"])

    @staticmethod
    def children(rule: str) -> list[str]:
        return [name.rsplit(":alarm:", 1)[-1] for name in REFERENCE.findall(rule)]

    def put_metric_alarm(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name in self.composites:
            raise AwsError("ValidationError", f"An alarm of another type with the name {name} already exists.")
        if name in self.alarms:
            kwargs["tags"] = None
        return super().put_metric_alarm(name, *args, **kwargs)

    def delete_alarms(self, alarm_names: list[str]) -> None:
        composites = [name for name in alarm_names if name in self.composites]
        if len(alarm_names) > NAMES_AT_MOST or (composites and len(alarm_names) > 1):
            raise AwsError(
                "ValidationError", "A composite alarm must be deleted alone, and at most 100 alarms at once."
            )
        for name in alarm_names:
            self.composites.pop(name, None)
            self.tagger.delete_all_tags_for_resource(make_arn_for_alarm(self.region_name, self.account_id, name))
        super().delete_alarms(alarm_names)

    def list_tags_for_resource(self, resource_arn: str) -> dict[str, str]:
        if self._ours(resource_arn):
            return self.tagger.get_tag_dict_for_resource(resource_arn)
        return super().list_tags_for_resource(resource_arn)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        if self._ours(arn):
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            super().tag_resource(arn, tags)

    def _ours(self, arn: str) -> bool:
        return arn.rsplit(":dashboard/", 1)[-1] in self.dashboards or arn.rsplit(":alarm:", 1)[-1] in self.composites

    def tag_dashboard(self, name: str, tags: list[dict[str, str]]) -> None:
        """On creation alone: the tags of a dashboard that is there stay."""
        self.tagger.tag_resource(make_arn_for_dashboard(self.account_id, self.region_name, name), tags)

    def delete_dashboards(self, dashboards: list[str]) -> str | None:
        missing = super().delete_dashboards(dashboards)
        if missing is None:
            for name in dashboards:
                arn = make_arn_for_dashboard(self.account_id, self.region_name, name)
                self.tagger.delete_all_tags_for_resource(arn)
        return missing

    def iter_tagged_resources(self) -> Any:
        yield from super().iter_tagged_resources()
        for dashboard in self.dashboards.values():
            tags = self.tagger.get_tag_dict_for_resource(dashboard.arn)
            yield TaggedResource(arn=dashboard.arn, tags=tags, resource_type="cloudwatch:dashboard")
        for alarm in self.composites.values():
            tags = self.tagger.get_tag_dict_for_resource(alarm["AlarmArn"])
            yield TaggedResource(arn=alarm["AlarmArn"], tags=tags, resource_type="cloudwatch:alarm")


def _check_actions(params: dict[str, Any]) -> None:
    for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        if len(params.get(field) or []) > ACTIONS_AT_MOST:
            raise AwsError("ValidationError", f"{field} must have at most {ACTIONS_AT_MOST} entries.")


def _body_errors(body: str) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    try:
        widgets = json.loads(body)["widgets"]
    except (ValueError, KeyError, TypeError):
        yield "/widgets: Should have required property 'widgets'"
        return
    for number, widget in enumerate(widgets):
        if widget.get("type") not in WIDGETS:
            yield f"/widgets/{number}/type: Should be equal to one of the allowed values"
        elif widget["type"] != "explorer" and not isinstance(widget.get("properties"), dict):
            yield f"/widgets/{number}: Should have required property 'properties'"
        elif widget["type"] in WITH_REGION and not widget["properties"].get("region"):
            yield f"/widgets/{number}/properties: Should have required property 'region'"
        elif widget["type"] == "metric" and not {"metrics", "annotations"} & widget["properties"].keys():
            yield f"/widgets/{number}/properties: Should have required property 'metrics'"
        elif widget["type"] == "text" and "markdown" not in widget["properties"]:
            yield f"/widgets/{number}/properties: Should have required property 'markdown'"


def _described(dashboard: Dashboard) -> dict[str, Any]:
    return {"DashboardName": dashboard.name, "DashboardArn": dashboard.arn}


@answer_with
class Response(CloudWatchResponse):
    def put_metric_alarm(self) -> ActionResult:
        params = self._get_params()
        _check_actions(params)
        if not params.get("Metrics"):
            if not params.get("MetricName") or not params.get("Namespace"):
                raise AwsError("ValidationError", "MetricName and Namespace are required without Metrics.")
            if bool(params.get("Statistic")) == bool(params.get("ExtendedStatistic")):
                raise AwsError("ValidationError", "Must specify exactly one of Statistic and ExtendedStatistic.")
        return super().put_metric_alarm()

    def put_dashboard(self) -> ActionResult:
        params = self._get_params()
        name, backend = params["DashboardName"], self.cloudwatch_backend
        if not DASHBOARD_NAME.fullmatch(name):
            raise AwsError("InvalidParameterInput", f"The value {name} for field DashboardName contains illegal signs.")
        wrong = list(_body_errors(params["DashboardBody"]))
        if wrong:
            message = f"The dashboard body is invalid, there are {len(wrong)} validation errors: {wrong}"
            raise AwsError("InvalidParameterInput", message)
        new = name not in backend.dashboards
        answer = super().put_dashboard()
        if new and params.get("Tags"):
            backend.tag_dashboard(name, params["Tags"])  # type: ignore[attr-defined]
        return answer

    def get_dashboard(self) -> ActionResult:
        dashboard = super().get_dashboard().result
        return ActionResult(_described(dashboard) | {"DashboardBody": dashboard.body})

    def list_dashboards(self) -> ActionResult:
        entries = super().list_dashboards().result["DashboardEntries"]
        return ActionResult(
            {"DashboardEntries": [{**_described(d), "LastModified": d.last_modified, "Size": d.size} for d in entries]}
        )

    def put_composite_alarm(self) -> ActionResult:
        self.cloudwatch_backend.put_composite_alarm(self._get_params())  # type: ignore[attr-defined]
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        params = self._get_params()
        result = super().describe_alarms().result
        types = params.get("AlarmTypes") or ["MetricAlarm"]
        composites = [
            alarm
            for alarm in self.cloudwatch_backend.composites.values()  # type: ignore[attr-defined]
            if alarm["AlarmName"].startswith(params.get("AlarmNamePrefix") or "")
            and (not params.get("AlarmNames") or alarm["AlarmName"] in params["AlarmNames"])
        ]
        return ActionResult(
            {
                "MetricAlarms": list(result["MetricAlarms"]) if "MetricAlarm" in types else [],
                "CompositeAlarms": composites if "CompositeAlarm" in types else [],
            }
        )


model_with(cloudwatch_backends, Backend)
