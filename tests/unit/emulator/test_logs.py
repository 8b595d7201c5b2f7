# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch Logs and Secrets Manager as their API references describe them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]


@pytest.mark.parametrize("days", [1, 7, 1096, 3653])
def test_retention(aws: Aws, days: int) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=days)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == days


def test_events_of_streams_by_their_prefix_are_in_the_order_of_their_times(aws: Aws, refused: Refused) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    now = int(time.time() * 1000)
    for stream, times in {"web/1": (1, 3), "web/2": (2,), "proxy/1": (4,)}.items():
        logs.create_log_stream(logGroupName="g", logStreamName=stream)
        events = [{"timestamp": now + at, "message": str(at)} for at in times]
        logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)

    def found(**more: Any) -> list[str]:
        return [event["message"] for event in logs.filter_log_events(logGroupName="g", **more)["events"]]

    assert found() == ["1", "2", "3", "4"]
    assert found(logStreamNamePrefix="web/") == ["1", "2", "3"]
    assert found(logStreamNamePrefix="nothing") == []
    both = {"logStreamNamePrefix": "web/", "logStreamNames": ["web/1"]}
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="g", **both)
    refused("ResourceNotFoundException", logs.filter_log_events, logGroupName="none", logStreamNamePrefix="web/")


def test_wrong_retention_is_refused(aws: Aws, refused: Refused) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName="g", retentionInDays=2)
    refused("ResourceNotFoundException", logs.put_retention_policy, logGroupName="none", retentionInDays=7)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_a_key_of_a_log_group_comes_and_goes(aws: Aws) -> None:
    logs, key = aws("logs"), "arn:aws:kms:eu-west-1:123456789012:key/0b1c2d3e"
    logs.create_log_group(logGroupName="g")
    logs.associate_kms_key(logGroupName="g", kmsKeyId=key)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    logs.disassociate_kms_key(logGroupName="g")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    for group, given in (("g", "alias/mine"), ("none", key)):
        with pytest.raises(logs.exceptions.ClientError, match=r"InvalidParameter|ResourceNotFound"):
            logs.associate_kms_key(logGroupName=group, kmsKeyId=given)


def test_tags_of_log_groups(aws: Aws) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g", tags={"a": "b"})
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"c": "d"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}


def test_query_definitions(aws: Aws, refused: Refused) -> None:
    logs = aws("logs")
    query = {"name": "errors", "queryString": "fields @message", "logGroupNames": ["g"]}
    made = logs.put_query_definition(**query)["queryDefinitionId"]
    logs.put_query_definition(name="other", queryString="fields @timestamp")
    (read,) = logs.describe_query_definitions(queryDefinitionNamePrefix="err")["queryDefinitions"]
    assert {name: read[name] for name in query} == query
    logs.put_query_definition(**{**query, "queryString": "limit 1"}, queryDefinitionId=made)
    assert len(logs.describe_query_definitions()["queryDefinitions"]) == 2
    refused("ResourceNotFoundException", logs.put_query_definition, **query, queryDefinitionId="none")
    refused("InvalidParameterException", logs.put_query_definition, name="x", queryString="")
    assert logs.delete_query_definition(queryDefinitionId=made)["success"]
    refused("ResourceNotFoundException", logs.delete_query_definition, queryDefinitionId=made)


def _metric(**more: Any) -> list[dict[str, Any]]:
    return [{"metricName": "m", "metricNamespace": "n", "metricValue": "1", **more}]


def test_metric_filters(aws: Aws, refused: Refused) -> None:
    logs = aws("logs")
    missing = {"logGroupName": "none", "filterName": "f"}
    refused(
        "ResourceNotFoundException",
        logs.put_metric_filter,
        **missing,
        filterPattern="",
        metricTransformations=_metric(),
    )
    refused("ResourceNotFoundException", logs.describe_metric_filters, logGroupName="none")
    for group in ("g", "h"):
        logs.create_log_group(logGroupName=group)
        for name in ("errors", "errors-more", "other"):
            there = {"logGroupName": group, "filterName": name, "filterPattern": "x"}
            logs.put_metric_filter(**there, metricTransformations=_metric())
    logs.put_metric_filter(
        logGroupName="g", filterName="errors", filterPattern="y", metricTransformations=_metric(unit="Count")
    )
    found = logs.describe_metric_filters(logGroupName="g", filterNamePrefix="err")["metricFilters"]
    assert sorted((f["filterName"], f["filterPattern"]) for f in found) == [("errors", "y"), ("errors-more", "x")]
    assert len(logs.describe_metric_filters(filterNamePrefix="err")["metricFilters"]) == 6, "no group, no prefix"
    first = logs.describe_metric_filters(limit=4)
    assert len(first["metricFilters"]) == 4
    assert len(logs.describe_metric_filters(limit=4, nextToken=first["nextToken"])["metricFilters"]) == 2
    logs.delete_metric_filter(logGroupName="g", filterName="errors")
    refused("ResourceNotFoundException", logs.delete_metric_filter, logGroupName="g", filterName="errors")
    logs.delete_log_group(logGroupName="h")
    assert {f["logGroupName"] for f in logs.describe_metric_filters()["metricFilters"]} == {"g"}


def test_wrong_metric_filters_are_refused(aws: Aws, refused: Refused) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    three = {name: f"$.{name}" for name in "abc"}
    for metric in (_metric(dimensions={"a": "$.a"}, defaultValue=0), _metric(dimensions={**three, "d": "$.d"})):
        place = {"logGroupName": "g", "filterName": "f", "filterPattern": ""}
        refused("InvalidParameterException", logs.put_metric_filter, **place, metricTransformations=metric)
    assert logs.describe_metric_filters()["metricFilters"] == []


def test_secret_policies(aws: Aws, refused: Refused) -> None:
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="s", SecretString="x")
    policy = '{"Version": "2012-10-17", "Statement": []}'
    secrets.put_resource_policy(SecretId="s", ResourcePolicy=policy)
    assert secrets.get_resource_policy(SecretId="s")["ResourcePolicy"] == policy
    secrets.delete_resource_policy(SecretId="s")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="s")
    refused("ResourceNotFoundException", secrets.put_resource_policy, SecretId="none", ResourcePolicy=policy)
    refused("MalformedPolicyDocumentException", secrets.put_resource_policy, SecretId="s", ResourcePolicy="what")


def test_a_deleted_secret_can_be_restored(aws: Aws, refused: Refused) -> None:
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="s", SecretString="x")
    secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    refused("InvalidRequestException", secrets.get_secret_value, SecretId="s")
    refused("InvalidRequestException", secrets.create_secret, Name="s", SecretString="y")
    secrets.restore_secret(SecretId="s")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "x"
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="s")
    refused("InvalidParameterException", secrets.delete_secret, SecretId="s", RecoveryWindowInDays=3)


def test_random_password(aws: Aws, refused: Refused) -> None:
    secrets = aws("secretsmanager")
    password = secrets.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
    assert len(password) == 40
    assert password.isalnum()
    refused("InvalidParameterException", secrets.get_random_password, PasswordLength=5000)
