# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

PREFIX = "shop-dev-alarms-"
AGE = {
    "name": f"{PREFIX}orders-age",
    "namespace": "AWS/SQS",
    "metric_name": "ApproximateAgeOfOldestMessage",
    "statistic": "Maximum",
    "period": 60,
    "comparison_operator": "GreaterThanThreshold",
    "threshold": 300,
}
MATH = {
    "name": f"{PREFIX}errors",
    "metrics": [
        {"id": "e", "namespace": "Shop", "metric_name": "Errors", "stat": "Sum", "period": 60, "return_data": False},
        {"id": "rate", "expression": "e / 60", "label": "Errors per second"},
    ],
    "comparison_operator": "GreaterThanThreshold",
    "threshold": 1,
}
WHOLE = {"name": f"{PREFIX}whole", "rule": f'ALARM("{AGE["name"]}")'}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:critical"


def _without(alarm: dict[str, Any], option: str) -> dict[str, Any]:
    return {key: value for key, value in alarm.items() if key != option}


def _read(account: Account, name: str = AGE["name"]) -> dict[str, Any] | None:
    found = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    every = found["MetricAlarms"] + found.get("CompositeAlarms", [])
    return next((alarm for alarm in every if alarm["AlarmName"] == name), None)


def _names(account: Account) -> set[str]:
    found = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {alarm["AlarmName"] for alarm in found["MetricAlarms"] + found.get("CompositeAlarms", [])}


def _tags(account: Account, name: str) -> dict[str, str]:
    arn = f"arn:aws:cloudwatch:eu-west-1:{account.id}:alarm:{name}"
    tags = account.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


MATRIX = Matrix(
    module="cloudwatch_alarms",
    key="alarms",
    base={"prefix": PREFIX, "alarms": [AGE]},
    updates={
        "tags": {"Environment": "dev"},
        "+another alarm": {"alarms": [AGE, MATH]},
        "+a composite alarm": {"alarms": [AGE, MATH, WHOLE]},
    },
    fixed={"purge", "purge_tagged", "owner"},
    absent={"prefix": PREFIX},
    seen={"tags": lambda account: _tags(account, AGE["name"])},
)


def test_matrix(account: Account) -> None:
    # The second and third update create, the others update.
    run_module(account, "cloudwatch_alarms", **MATRIX.base)
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, state="absent")
    for label in [label for label in MATRIX.updates if label.startswith("+")]:
        options = MATRIX.base | MATRIX.updates.pop(label)
        predicted = run_module(account, "cloudwatch_alarms", _check=True, **options)
        done = run_module(account, "cloudwatch_alarms", **options)
        assert predicted["changes"] == [
            {**change, "attributes": {**change["attributes"], "arn": {"before": None, "after": "(known after apply)"}}}
            for change in done["changes"]
        ]
        assert not run_module(account, "cloudwatch_alarms", **options)["changed"]
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, state="absent")
    MATRIX.check(account)


UPDATES = {
    "description": ("too old", "AlarmDescription", "too old"),
    "namespace": ("Shop", "Namespace", "Shop"),
    "metric_name": ("Age", "MetricName", "Age"),
    "dimensions": ({"QueueName": "orders", "Node": 1}, "Dimensions", None),
    "statistic": ("Average", "Statistic", "Average"),
    "period": (300, "Period", 300),
    "unit": ("Seconds", "Unit", "Seconds"),
    "comparison_operator": ("LessThanThreshold", "ComparisonOperator", "LessThanThreshold"),
    "threshold": (600.5, "Threshold", 600.5),
    "evaluation_periods": (5, "EvaluationPeriods", 5),
    "treat_missing_data": ("notBreaching", "TreatMissingData", "notBreaching"),
    "actions_enabled": (False, "ActionsEnabled", False),
    "alarm_actions": ([TOPIC], "AlarmActions", [TOPIC]),
    "ok_actions": ([TOPIC], "OKActions", [TOPIC]),
    "insufficient_data_actions": ([TOPIC], "InsufficientDataActions", [TOPIC]),
}


def test_every_suboption_alone_changes_and_is_quiet_after(account: Account) -> None:
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE])
    for option, (value, field, seen) in UPDATES.items():
        alarm = AGE | {option: value}
        done = _one_change(account, alarm, option)
        assert done["alarms"][0][option] is not None
        if seen is not None:
            assert _read(account)[field] == seen
        _one_change(account, AGE, option)  # and back: what is not declared has its default


def test_suboptions_that_need_others(account: Account) -> None:
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE | {"evaluation_periods": 5}])
    _one_change(account, AGE | {"evaluation_periods": 5, "datapoints_to_alarm": 3}, "datapoints_to_alarm")
    assert _read(account)["DatapointsToAlarm"] == 3
    percentile = _without(AGE, "statistic") | {"extended_statistic": "p99"}
    _one_change(account, percentile, "extended_statistic", "statistic", "evaluation_periods", "datapoints_to_alarm")
    ignore = percentile | {"evaluate_low_sample_count_percentile": "ignore"}
    _one_change(account, ignore, "evaluate_low_sample_count_percentile")
    assert _read(account)["EvaluateLowSampleCountPercentile"] == "ignore"


def test_metric_math(account: Account) -> None:
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[MATH])
    metric, rate = MATH["metrics"]
    watched = {"dimensions": {"Service": "web"}, "period": 300, "stat": "Average", "unit": "Count", "namespace": "S"}
    for option, value in watched.items():
        _one_change(account, MATH | {"metrics": [metric | {option: value}, rate]}, "metrics")
    for option, value in {"expression": "e / 2", "label": "Errors"}.items():
        _one_change(account, MATH | {"metrics": [metric, rate | {option: value}]}, "metrics")
    assert not run_module(
        account,
        "cloudwatch_alarms",
        _check=True,
        prefix=PREFIX,
        alarms=[MATH | {"metrics": [rate | {"label": "Errors"}, metric]}],
    )["changed"], "the order of entries does not matter"
    band = {"id": "band", "expression": "ANOMALY_DETECTION_BAND(e, 2)"}
    anomaly = _without(MATH, "threshold") | {"metrics": [metric | {"return_data": True}, band]}
    anomaly |= {"threshold_metric_id": "band", "comparison_operator": "GreaterThanUpperThreshold"}
    _one_change(account, anomaly, "metrics", "threshold", "threshold_metric_id", "comparison_operator")
    assert _read(account, MATH["name"])["ThresholdMetricId"] == "band"


def test_a_composite_alarm(account: Account) -> None:
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[WHOLE, AGE])
    assert _read(account, WHOLE["name"])["AlarmRule"] == WHOLE["rule"]
    rule = f'OK("{AGE["name"]}")'
    _one_change(account, WHOLE | {"rule": rule}, "rule", more=[AGE])
    _one_change(account, WHOLE | {"rule": rule, "description": "whole"}, "description", more=[AGE])
    with pytest.raises(ModuleFailed, match="another kind of alarm"):
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE | {"name": WHOLE["name"]}])


def _one_change(account: Account, alarm: dict[str, Any], *options: str, more: Any = ()) -> dict[str, Any]:
    declared = {"prefix": PREFIX, "alarms": [alarm, *more]}
    since = account.position()
    predicted = run_module(account, "cloudwatch_alarms", _check=True, **declared)
    assert account.writes(since) == []
    done = run_module(account, "cloudwatch_alarms", **declared)
    assert done["changes"] == predicted["changes"]
    (change,) = done["changes"]
    assert set(options) - {"datapoints_to_alarm"} <= set(change["attributes"]) <= {*options, "datapoints_to_alarm"}
    assert not run_module(account, "cloudwatch_alarms", **declared)["changed"]
    assert done["alarms"] == predicted["alarms"]
    return done


def test_alarms_that_are_no_longer_declared_are_deleted(account: Account) -> None:
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="somebody-elses",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE, MATH, WHOLE])
    kept = run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE], purge=False)
    assert not kept["changed"]
    since = account.position()
    predicted = run_module(account, "cloudwatch_alarms", _check=True, prefix=PREFIX, alarms=[])
    assert account.writes(since) == []
    done = run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[])
    assert {(c["action"], c["name"]) for c in done["changes"]} == {("delete", a["name"]) for a in (AGE, MATH, WHOLE)}
    assert done["changes"] == predicted["changes"]
    assert _names(account) == {"somebody-elses"}
    assert account.writes(since).count("cloudwatch:DeleteAlarms") == 2, "one for all metric alarms, one for the other"


def test_only_alarms_with_the_tags_are_deleted(account: Account) -> None:
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE], tags={"Component": "alarms", "A": "b"})
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[MATH], purge=False, tags={"Component": "other"})
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, state="absent", purge_tagged={"Component": "alarms"})
    assert _names(account) == {MATH["name"]}


def test_alarms_with_names_of_their_own_are_found_by_their_owner(account: Account) -> None:
    high = AGE | {"name": "ecs-cpu-high"}
    whole = WHOLE | {"name": "all-is-well", "rule": 'ALARM("ecs-cpu-high")'}
    owner = {"prefix": PREFIX, "owner": {"Monitoring": "shop"}, "tags": {"Monitoring": "shop"}}
    with pytest.raises(ModuleFailed, match=f"ecs-cpu-high: name does not start with {PREFIX}"):
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[high])
    run_module(account, "cloudwatch_alarms", prefix="ecs-", alarms=[high | {"name": "ecs-other"}], tags={"A": "b"})
    since = account.position()
    predicted = run_module(account, "cloudwatch_alarms", _check=True, alarms=[AGE, high, whole], **owner)
    assert account.writes(since) == []
    done = run_module(account, "cloudwatch_alarms", alarms=[AGE, high, whole], **owner)
    assert [(c["action"], c["name"]) for c in done["changes"]] == [
        ("create", name) for name in (AGE["name"], "ecs-cpu-high", "all-is-well")
    ]
    assert len(predicted["changes"]) == 3
    since = account.position()
    assert not run_module(account, "cloudwatch_alarms", alarms=[AGE, high, whole], **owner)["changed"]
    assert len(account.requests(since)) == 3, "those of the prefix, the tags of all, those beside the prefix"
    changed = run_module(account, "cloudwatch_alarms", alarms=[AGE, high | {"threshold": 9}, whole], **owner)
    assert [(c["action"], c["name"]) for c in changed["changes"]] == [("update", "ecs-cpu-high")]
    gone = run_module(account, "cloudwatch_alarms", alarms=[AGE, high], **owner)
    assert [(c["action"], c["name"]) for c in gone["changes"]] == [
        ("update", "ecs-cpu-high"),
        ("delete", "all-is-well"),
    ]
    run_module(account, "cloudwatch_alarms", state="absent", prefix=PREFIX, owner=owner["owner"])
    assert _names(account) == {"ecs-other"}


def test_many_alarms_are_read_in_two_calls(account: Account) -> None:
    many = [AGE | {"name": f"{PREFIX}{number}"} for number in range(70)]
    run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=many, tags={"Environment": "dev"})
    since = account.position()
    assert not run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=many, tags={"Environment": "dev"})[
        "changed"
    ]
    assert {r["operation"] for r in account.requests(since)} == {"DescribeAlarms", "GetResources"}
    assert len(account.requests(since)) < 6, "each in pages"


def test_tags_are_kept_or_purged(account: Account) -> None:
    declared = {"prefix": PREFIX, "alarms": [AGE]}
    run_module(account, "cloudwatch_alarms", **declared, tags={"A": "1", "B": "2"})
    run_module(account, "cloudwatch_alarms", **declared, tags={"A": "2"}, purge_tags=False)
    assert _tags(account, AGE["name"]) == {"A": "2", "B": "2"}
    run_module(account, "cloudwatch_alarms", **declared, tags={"A": "2"})
    assert _tags(account, AGE["name"]) == {"A": "2"}


BAD = {
    "name does not start with shop-dev-alarms-": AGE | {"name": "other"},
    "one of metric_name, metrics and rule is needed; there are none": {"name": f"{PREFIX}x"},
    "one of metric_name, metrics and rule is needed; there are metric_name, rule": AGE | {"rule": "ALARM(x)"},
    "comparison_operator is needed": _without(AGE, "comparison_operator"),
    "one of threshold and threshold_metric_id is needed": AGE | {"threshold": None},
    "datapoints_to_alarm is 3, more than the 2 evaluation_periods": AGE
    | {"datapoints_to_alarm": 3, "evaluation_periods": 2},
    "exactly one of metrics must have return_data true; there are none": MATH | {"metrics": MATH["metrics"][:1]},
    "metrics entry z needs either expression or metric_name": MATH | {"metrics": [{"id": "z"}]},
    "metrics entry z needs namespace, stat and period": MATH | {"metrics": [{"id": "z", "metric_name": "m"}]},
    "namespace and period are needed": AGE | {"namespace": None},
    "period is 90; allowed are 10, 20, 30 and multiples of 60": AGE | {"period": 90},
    "one of statistic and extended_statistic is needed": AGE | {"extended_statistic": "p99"},
    "alarm_actions has 6 entries; allowed are 5": AGE | {"alarm_actions": [TOPIC] * 6},
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_alarm_is_refused_before_any_call(account: Account, message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE | {"name": f"{PREFIX}fine"}, BAD[message]])
    assert message in str(failed.value)
    assert account.requests() == []


def test_a_name_that_is_declared_twice_is_refused(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="orders-age is declared more than once"):
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE, AGE])


def test_an_aws_error_names_the_call_and_the_alarm(account: Account) -> None:
    fault = {"code": "AccessDeniedException", "message": "no", "status": 400, "service": "cloudwatch"}
    account.fault(operation="PutMetricAlarm", **fault)
    with pytest.raises(ModuleFailed, match=rf"Could not create CloudWatch alarm {AGE['name']}: .*PutMetricAlarm"):
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE])
    account.fault(operation="DescribeAlarms", **fault)
    with pytest.raises(ModuleFailed, match=rf"Could not read CloudWatch alarms {PREFIX}\*: .*DescribeAlarms"):
        run_module(account, "cloudwatch_alarms", prefix=PREFIX, alarms=[AGE])
