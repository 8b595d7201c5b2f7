# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

PREFIX = "shop-dev-alarms-"
MODULE = "cloudwatch_dashboards"


def _body(text: str = "Shop", **more: Any) -> dict[str, Any]:
    return {"widgets": [{"type": "text", "width": 24, "properties": {"markdown": text}}], **more}


ONE = {"name": f"{PREFIX}one", "body": _body()}
OWN = {"name": "shop-dashboard", "body": _body("Own name")}


def _names(account: Account) -> set[str]:
    return {entry["DashboardName"] for entry in account.client("cloudwatch").list_dashboards()["DashboardEntries"]}


def _tags(account: Account, name: str = ONE["name"]) -> dict[str, str]:
    arn = f"arn:aws:cloudwatch::{account.id}:dashboard/{name}"
    tags = account.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _read(account: Account, name: str = ONE["name"]) -> Any:
    return json.loads(account.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="dashboards",
        base={"prefix": PREFIX, "dashboards": [ONE]},
        updates={
            "tags": {"Environment": "dev"},
            "+body": {"dashboards": [{**ONE, "body": _body("Changed")}]},
            "+key of the body": {"dashboards": [{**ONE, "body": _body("Changed", start="-PT6H")}]},
            "+key less": {"dashboards": [{**ONE, "body": _body("Changed")}]},
            "+tags": {"tags": {"Environment": "test", "A": "b"}},
        },
        fixed={"purge_tagged"},
        seen={"tags": _tags, "+key less": lambda account: {"dashboards": [{**ONE, "body": _read(account)}]}},
    ).check(account)
    assert _names(account) == set()


def test_another_dashboard_is_created_also_with_a_name_of_its_own(account: Account) -> None:
    run_module(account, MODULE, prefix=PREFIX, dashboards=[ONE])
    both = {"prefix": PREFIX, "dashboards": [ONE, OWN], "tags": {"Component": "alarms"}}
    predicted = run_module(account, MODULE, _check=True, **both)
    done = run_module(account, MODULE, **both)
    assert [(c["action"], c["name"]) for c in predicted["changes"]] == [
        ("update", ONE["name"]),
        ("create", OWN["name"]),
    ]
    assert [(c["action"], c["name"]) for c in done["changes"]] == [("update", ONE["name"]), ("create", OWN["name"])]
    assert _tags(account, OWN["name"]) == _tags(account) == {"Component": "alarms"}
    run_module(account, MODULE, prefix=PREFIX, dashboards=[OWN], state="absent")
    assert _names(account) == set()


def test_bodies_are_compared_as_data(account: Account) -> None:
    run_module(account, MODULE, prefix=PREFIX, dashboards=[ONE])
    text = json.dumps(_body(), indent=4)
    turned = json.dumps({"widgets": [dict(reversed(_body()["widgets"][0].items()))]})
    for body in (text, turned):
        assert not run_module(account, MODULE, prefix=PREFIX, dashboards=[{**ONE, "body": body}])["changed"]


def test_dashboards_that_are_no_longer_declared_are_deleted(account: Account) -> None:
    client = account.client("cloudwatch")
    for name in ("somebody-elses", f"{PREFIX}eu-one"):
        client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(_body()))
    mine = {"prefix": PREFIX, "purge_tagged": {"Component": "alarms"}, "tags": {"Component": "alarms"}}
    run_module(account, MODULE, dashboards=[ONE, OWN], **mine)
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, dashboards=[], **mine)
    assert account.writes(since) == []
    done = run_module(account, MODULE, dashboards=[], **mine)
    assert done["changes"] == predicted["changes"]
    assert [(c["action"], c["name"]) for c in done["changes"]] == [("delete", ONE["name"])]
    assert _names(account) == {"somebody-elses", f"{PREFIX}eu-one", OWN["name"]}
    run_module(account, MODULE, dashboards=[OWN])  # without a prefix nothing is deleted
    assert f"{PREFIX}eu-one" in _names(account)
    run_module(account, MODULE, prefix=PREFIX, state="absent")
    assert _names(account) == {"somebody-elses", OWN["name"]}


@pytest.mark.parametrize(
    ("dashboards", "message"),
    [
        ([{"name": "a b", "body": _body()}], "dashboard name is a b; allowed are letters"),
        ([ONE, ONE], "declared more than once"),
        ([{"name": "a"}], "dashboard a: body is None; needed is a dictionary"),
        ([{"name": "a", "body": "[]"}], "needed is a dictionary"),
    ],
)
def test_what_is_refused_before_aws_is_asked(account: Account, dashboards: list[Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, dashboards=dashboards)
    assert account.requests(since) == []


def test_a_body_that_cloudwatch_refuses(account: Account) -> None:
    body = {"widgets": [{"type": "metric", "properties": {"metrics": []}}]}
    with pytest.raises(ModuleFailed, match=r"Could not create CloudWatch dashboard.*required property 'region'"):
        run_module(account, MODULE, dashboards=[{**ONE, "body": body}])
    assert _names(account) == set()


@pytest.mark.parametrize(
    ("operation", "options", "message"),
    [
        ("ListDashboards", {}, "Could not read CloudWatch dashboards"),
        ("GetDashboard", {}, "Could not read CloudWatch dashboard shop"),
        ("PutDashboard", {}, "Could not create CloudWatch dashboard"),
    ],
)
def test_what_aws_refuses_is_told(account: Account, operation: str, options: dict[str, Any], message: str) -> None:
    account.fault(service="cloudwatch", operation=operation, code="AccessDenied", status=403)
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, dashboards=[ONE], **options)
