# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch Logs for moto: only retentions that AWS offers, KMS keys, metric filters, saved queries."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, forward

RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
DEFINITIONS_A_PAGE = 1000
FILTERS_A_PAGE = 50
DIMENSIONS_AT_MOST = 3
LONGEST = {"name": 255, "queryString": 10_000}
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+")


class Backend(LogsBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.query_definitions: dict[str, dict[str, Any]] = {}

    def put_retention_policy(self, log_group_name: str, retention_in_days: Any) -> None:
        if retention_in_days not in RETENTIONS:
            valid = ", ".join(str(days) for days in RETENTIONS)
            raise AwsError(
                "InvalidParameterException",
                f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{valid}]",
            )
        super().put_retention_policy(log_group_name, retention_in_days)

    def associate_kms_key(self, params: Params) -> Params:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html"""
        key = params.get("kmsKeyId") or ""
        if not KEY_ARN.fullmatch(key):
            raise AwsError("InvalidParameterException", f"The specified KMS key ID {key} is not a key ARN.")
        self._group(params).kms_key_id = key
        return {}

    def disassociate_kms_key(self, params: Params) -> Params:
        self._group(params).kms_key_id = None
        return {}

    def _group(self, params: Params) -> LogGroup:
        name = params.get("logGroupName") or ""
        if name not in self.groups:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return self.groups[name]

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
    ) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""
        self._group({"logGroupName": log_group_name})
        for metric in metric_transformations:
            if metric.get("dimensions") and metric.get("defaultValue") is not None:
                raise AwsError("InvalidParameterException", "Dimensions and a default value exclude one another.")
            if len(metric.get("dimensions") or {}) > DIMENSIONS_AT_MOST:
                raise AwsError("InvalidParameterException", "A metric can have three dimensions at most.")
        self.filters.delete_filter(filter_name, log_group_name)
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, metric_transformations)

    def describe_metric_filters(
        self,
        prefix: str | None = None,
        log_group_name: str | None = None,
        metric_name: str | None = None,
        metric_namespace: str | None = None,
    ) -> list[dict[str, Any]]:
        if log_group_name:
            self._group({"logGroupName": log_group_name})
        # a prefix counts only together with a log group
        return super().describe_metric_filters(
            prefix if log_group_name else None, log_group_name, metric_name, metric_namespace
        )

    def delete_metric_filter(self, filter_name: str | None = None, log_group_name: str | None = None) -> None:
        there = {(f["logGroupName"], f["filterName"]) for f in self.filters.metric_filters}
        if (log_group_name, filter_name) not in there:
            raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")
        super().delete_metric_filter(filter_name, log_group_name)

    def delete_log_group(self, log_group_name: str) -> None:
        super().delete_log_group(log_group_name)
        self.filters.metric_filters = [f for f in self.filters.metric_filters if f["logGroupName"] != log_group_name]

    def put_query_definition(self, params: Params) -> Params:
        for name, longest in LONGEST.items():
            if not 1 <= len(params.get(name) or "") <= longest:
                raise AwsError("InvalidParameterException", f"{name} must have 1 to {longest} characters.")
        known = params.get("queryDefinitionId")
        if known and known not in self.query_definitions:
            raise AwsError("ResourceNotFoundException", f"The query definition {known} does not exist.")
        definition = {
            "queryDefinitionId": known or str(uuid.uuid4()),
            "name": params["name"],
            "queryString": params["queryString"],
            "logGroupNames": params.get("logGroupNames") or [],
            "queryLanguage": params.get("queryLanguage") or "CWLI",
            "lastModified": int(unix_time_millis()),
        }
        self.query_definitions[definition["queryDefinitionId"]] = definition
        return {"queryDefinitionId": definition["queryDefinitionId"]}

    def describe_query_definitions(self, params: Params) -> Params:
        prefix = params.get("queryDefinitionNamePrefix") or ""
        found = [d for d in self.query_definitions.values() if d["name"].startswith(prefix)]
        start = int(params.get("nextToken") or 0)
        end = start + int(params.get("maxResults") or DEFINITIONS_A_PAGE)
        more = {"nextToken": str(end)} if end < len(found) else {}
        return {"queryDefinitions": found[start:end], **more}

    def delete_query_definition(self, params: Params) -> Params:
        if self.query_definitions.pop(params.get("queryDefinitionId") or "", None) is None:
            raise AwsError(
                "ResourceNotFoundException", f"The query definition {params.get('queryDefinitionId')} does not exist."
            )
        return {"success": True}


@answer_with
class Response(LogsResponse):
    def describe_metric_filters(self) -> str:
        start = int(self._get_param("nextToken") or 0)
        end = start + int(self._get_param("limit") or FILTERS_A_PAGE)
        found = json.loads(super().describe_metric_filters())["metricFilters"]
        return json.dumps({"metricFilters": found[start:end], **({"nextToken": str(end)} if end < len(found) else {})})

    def filter_log_events(self) -> str:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
        names, prefix = self._get_param("logStreamNames"), self._get_param("logStreamNamePrefix")
        if names and prefix:
            raise AwsError("InvalidParameterException", "logStreamNames and logStreamNamePrefix exclude one another.")
        asked = {**json.loads(self.body), "interleaved": True}  # as it always is, whatever is asked for
        group = self.logs_backend.groups.get(asked["logGroupName"])
        if prefix and group:
            asked["logStreamNames"] = [name for name in group.streams if name.startswith(prefix)]
            if not asked["logStreamNames"]:
                return json.dumps({"events": [], "searchedLogStreams": []})
        self.body = json.dumps(asked)
        return super().filter_log_events()


OPERATIONS = (
    "associate_kms_key disassociate_kms_key put_query_definition describe_query_definitions delete_query_definition"
)
forward(Response, logs_backends, OPERATIONS)
model_with(logs_backends, Backend)
