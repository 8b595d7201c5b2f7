# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

PREFIX = "shop-dev-alarms/"
MODULE = "logs_metric_filters"
ERRORS = {
    "name": f"{PREFIX}errors",
    "log_group": "/ecs/shop",
    "pattern": "ERROR",
    "metric_name": "Errors",
    "metric_namespace": "Shop",
}
MORE = {**ERRORS, "name": f"{PREFIX}errors-more", "pattern": "FATAL"}  # another name with the first as its prefix


@pytest.fixture(autouse=True)
def groups(account: Account) -> None:
    for name in ("/ecs/shop", "/ecs/other"):
        account.client("logs").create_log_group(logGroupName=name)


def _read(account: Account) -> dict[str, Any]:
    found = account.client("logs").describe_metric_filters()["metricFilters"]
    return {f"{item['logGroupName']}:{item['filterName']}": item for item in found}


def _metric(account: Account) -> Any:
    return _read(account)[f"/ecs/shop:{ERRORS['name']}"]["metricTransformations"][0]


UPDATES: dict[str, tuple[dict[str, Any], Any]] = {
    "pattern": ({"pattern": "?ERROR ?FATAL"}, None),
    "metric_name": ({"metric_name": "Failures"}, ("metricName", "Failures")),
    "metric_namespace": ({"metric_namespace": "HubTracking"}, ("metricNamespace", "HubTracking")),
    "metric_value": ({"metric_value": "$.latency"}, ("metricValue", "$.latency")),
    "default_value": ({"default_value": 0}, ("defaultValue", 0)),
    "unit": ({"unit": "Count"}, ("unit", "Count")),
    "dimensions": ({"dimensions": {"Path": "$.path"}}, ("dimensions", {"Path": "$.path"})),
}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="filters",
        base={"prefix": PREFIX, "filters": [ERRORS]},
        updates={f"+{label}": {"filters": [{**ERRORS, **more}]} for label, (more, _) in UPDATES.items()},
    ).check(account)
    assert _read(account) == {}


def test_every_suboption_is_read_back(account: Account) -> None:
    for more, seen in UPDATES.values():
        run_module(account, MODULE, prefix=PREFIX, filters=[{**ERRORS, **more}])
        if seen:
            assert _metric(account)[seen[0]] == seen[1]
    run_module(account, MODULE, prefix=PREFIX, filters=[{**ERRORS, "pattern": ""}])
    assert _read(account)[f"/ecs/shop:{ERRORS['name']}"]["filterPattern"] == ""
    assert "dimensions" not in _metric(account)


def test_names_with_a_common_prefix_stay_apart(account: Account) -> None:
    assert run_module(account, MODULE, prefix=PREFIX, filters=[MORE, ERRORS])["changed"]
    assert not run_module(account, MODULE, prefix=PREFIX, filters=[ERRORS, MORE])["changed"]
    done = run_module(account, MODULE, prefix=PREFIX, filters=[{**ERRORS, "pattern": "x"}, MORE])
    assert [(c["action"], c["name"]) for c in done["changes"]] == [("update", ERRORS["name"])]


def test_filters_that_are_no_longer_declared_are_deleted(account: Account) -> None:
    other = {"filterPattern": "", "metricTransformations": [{"metricName": "m", "metricNamespace": "n"}]}
    other["metricTransformations"][0]["metricValue"] = "1"
    account.client("logs").put_metric_filter(logGroupName="/ecs/shop", filterName="somebody-elses", **other)
    run_module(account, MODULE, prefix=PREFIX, filters=[ERRORS, MORE])
    moved = {"prefix": PREFIX, "filters": [{**ERRORS, "log_group": "/ecs/other"}]}
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, **moved)
    assert account.writes(since) == []
    done = run_module(account, MODULE, **moved)
    assert done["changes"] == predicted["changes"]
    assert [c["action"] for c in done["changes"]] == ["create", "delete", "delete"]
    assert set(_read(account)) == {"/ecs/shop:somebody-elses", f"/ecs/other:{ERRORS['name']}"}
    run_module(account, MODULE, prefix=PREFIX, state="absent")
    assert set(_read(account)) == {"/ecs/shop:somebody-elses"}


def test_many_filters_are_read_over_every_page(account: Account) -> None:
    many = [{**ERRORS, "name": f"{PREFIX}{number}"} for number in range(60)]
    run_module(account, MODULE, prefix=PREFIX, filters=many)
    since = account.position()
    assert not run_module(account, MODULE, prefix=PREFIX, filters=many)["changed"]
    assert len(account.requests(since)) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "errors"}, "errors: name does not start with shop-dev-alarms/"),
        ({"name": f"{PREFIX}a:b"}, "name has : or"),
        ({"pattern": "x" * 1025}, "pattern has 1025 characters; allowed are 1024"),
        ({"default_value": 0, "dimensions": {"a": "$.a"}}, "default_value and dimensions exclude one another"),
        ({"dimensions": {key: f"$.{key}" for key in "abcd"}}, "there are 4 dimensions; allowed are 3"),
    ],
)
def test_what_is_refused_before_aws_is_asked(account: Account, change: dict[str, Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, filters=[{**ERRORS, **change}])
    assert account.requests(since) == []
    with pytest.raises(ModuleFailed, match="declared more than once"):
        run_module(account, MODULE, prefix=PREFIX, filters=[ERRORS, ERRORS])


def test_a_log_group_that_is_not_there(account: Account) -> None:
    declared = {"prefix": PREFIX, "filters": [{**ERRORS, "log_group": "/none"}]}
    assert run_module(account, MODULE, _check=True, **declared)["changed"]  # as in the preview of an empty account
    with pytest.raises(ModuleFailed, match=r"Could not create metric filter .*log group does not exist"):
        run_module(account, MODULE, **declared)


@pytest.mark.parametrize(
    ("operation", "message"),
    [("DescribeMetricFilters", "Could not read metric filters"), ("PutMetricFilter", "Could not create metric filter")],
)
def test_what_aws_refuses_is_told(account: Account, operation: str, message: str) -> None:
    account.fault(service="logs", operation=operation, code="AccessDeniedException", status=400)
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, filters=[ERRORS])
