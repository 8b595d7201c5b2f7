# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch alarms and SNS topics of the local AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Aws

METRIC = {
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Statistic": "Sum",
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def _tags(aws: Aws, arn: str) -> list[dict[str, str]]:
    return aws("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]


def test_composite_alarms(aws: Aws, refused: Callable[..., Any]) -> None:
    cloudwatch = aws("cloudwatch")
    refused("ValidationError", cloudwatch.put_composite_alarm, AlarmName="both", AlarmRule='ALARM("one")')
    cloudwatch.put_metric_alarm(AlarmName="one", **METRIC)
    tags = [{"Key": "a", "Value": "b"}]
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("one") AND NOT OK(one)', Tags=tags)
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == [], "metric alarms alone unless asked for"
    only = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNamePrefix="bo")
    assert only["MetricAlarms"] == []
    (composite,) = only["CompositeAlarms"]
    assert (composite["AlarmRule"], composite["ActionsEnabled"]) == ('ALARM("one") AND NOT OK(one)', True)
    assert _tags(aws, composite["AlarmArn"]) == tags
    tagged = aws("resourcegroupstaggingapi").get_resources(ResourceARNList=[composite["AlarmArn"]])
    assert tagged["ResourceTagMappingList"][0]["Tags"] == tags
    refused("ValidationError", cloudwatch.put_metric_alarm, AlarmName="both", **METRIC)
    refused("ValidationError", cloudwatch.put_composite_alarm, AlarmName="one", AlarmRule='ALARM("both")')
    refused("ValidationError", cloudwatch.delete_alarms, AlarmNames=["one", "both"])
    cloudwatch.delete_alarms(AlarmNames=["both"])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


def test_tags_are_taken_on_creation_only_and_go_with_the_alarm(aws: Aws) -> None:
    cloudwatch = aws("cloudwatch")
    arn = f"arn:aws:cloudwatch:eu-west-1:{aws.account}:alarm:one"
    tags = [{"Key": "a", "Value": "b"}]
    cloudwatch.put_metric_alarm(AlarmName="one", **METRIC)
    cloudwatch.put_metric_alarm(AlarmName="one", **METRIC, Tags=tags)
    assert _tags(aws, arn) == []
    cloudwatch.tag_resource(ResourceARN=arn, Tags=tags)
    cloudwatch.delete_alarms(AlarmNames=["one"])
    cloudwatch.put_metric_alarm(AlarmName="one", **METRIC)
    assert _tags(aws, arn) == []


def test_alarms_that_are_refused(aws: Aws, refused: Callable[..., Any]) -> None:
    put = aws("cloudwatch").put_metric_alarm
    refused("ValidationError", put, AlarmName="one", **METRIC, ExtendedStatistic="p99")
    refused("ValidationError", put, **{"AlarmName": "one", **METRIC, "Namespace": None})
    refused("ValidationError", put, AlarmName="one", **METRIC, AlarmActions=["arn:aws:sns:eu-west-1:1:t"] * 6)


def test_subscriptions_wait_for_their_confirmation(aws: Aws, refused: Callable[..., Any]) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    assert (
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.c")["SubscriptionArn"] == "pending confirmation"
    )
    (pending,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert pending["SubscriptionArn"] == "PendingConfirmation"
    refused("InvalidParameter", sns.unsubscribe, SubscriptionArn="PendingConfirmation")
    again = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.c", ReturnSubscriptionArn=True)
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token="nonsense")
    sns.confirm_subscription(TopicArn=topic, Token=again["SubscriptionArn"])
    (confirmed,) = sns.list_subscriptions()["Subscriptions"]
    assert confirmed["SubscriptionArn"] == again["SubscriptionArn"]
    sns.unsubscribe(SubscriptionArn=again["SubscriptionArn"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_attributes_of_topics_are_checked(aws: Aws, refused: Callable[..., Any]) -> None:
    sns = aws("sns")
    refused("InvalidParameter", sns.create_topic, Name="t", Attributes={"Policy": "{"})
    refused("InvalidParameter", sns.create_topic, Name="t", Attributes={"Nonsense": "x"})
    topic = sns.create_topic(Name="t")["TopicArn"]
    change = {"TopicArn": topic, "AttributeName": "Policy"}
    refused(
        "InvalidParameter", sns.set_topic_attributes, **change, AttributeValue='{"Statement": [{"Effect": "Allow"}]}'
    )


BODY = '{"widgets": [{"type": "text", "properties": {"markdown": "x"}}]}'


def test_dashboards_have_tags_and_lose_them(aws: Aws, refused: Callable[..., Any]) -> None:
    cloudwatch, tags = aws("cloudwatch"), [{"Key": "a", "Value": "b"}]
    arn = f"arn:aws:cloudwatch::{aws.account}:dashboard/one"
    refused("ResourceNotFoundException", cloudwatch.tag_resource, ResourceARN=arn, Tags=tags)
    cloudwatch.put_dashboard(DashboardName="one", DashboardBody=BODY, Tags=tags)
    cloudwatch.put_dashboard(DashboardName="one", DashboardBody=BODY, Tags=[{"Key": "ignored", "Value": "c"}])
    assert _tags(aws, arn) == tags
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix="o")["DashboardEntries"]
    assert (entry["DashboardName"], entry["DashboardArn"]) == ("one", arn)
    found = cloudwatch.get_dashboard(DashboardName="one")
    assert (found["DashboardArn"], found["DashboardBody"]) == (arn, BODY)
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert _tags(aws, arn) == [{"Key": "c", "Value": "d"}]
    cloudwatch.delete_dashboards(DashboardNames=["one"])
    cloudwatch.put_dashboard(DashboardName="one", DashboardBody=BODY)
    assert _tags(aws, arn) == []


def test_wrong_dashboards_are_refused(aws: Aws, refused: Callable[..., Any]) -> None:
    cloudwatch, wrong = aws("cloudwatch"), "InvalidParameterInput"
    refused(wrong, cloudwatch.put_dashboard, DashboardName="a b", DashboardBody=BODY)
    for body in (
        "no JSON",
        "[]",
        '{"widgets": [{"type": "what", "properties": {}}]}',
        '{"widgets": [{"type": "text"}]}',
        '{"widgets": [{"type": "text", "properties": {}}]}',
        '{"widgets": [{"type": "metric", "properties": {"metrics": []}}]}',
        '{"widgets": [{"type": "metric", "properties": {"region": "eu-west-1"}}]}',
    ):
        refused(wrong, cloudwatch.put_dashboard, DashboardName="one", DashboardBody=body)
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
