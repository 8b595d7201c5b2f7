# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

PREFIX = "shop-dev-alarms/"
MODULE = "logs_query_definitions"
ERRORS = {"name": f"{PREFIX}errors", "query": "fields @message", "log_groups": ["/ecs/shop", "/ecs/other"]}
OTHER = {"name": f"{PREFIX}errors-more", "query": "fields @timestamp"}


def _read(account: Account) -> dict[str, Any]:
    found = account.client("logs").describe_query_definitions()["queryDefinitions"]
    assert len({item["name"] for item in found}) == len(found)
    return {item["name"]: item for item in found}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="queries",
        base={"prefix": PREFIX, "queries": [ERRORS]},
        updates={
            "+query": {"queries": [{**ERRORS, "query": "fields @message | limit 5"}]},
            "+log_groups": {"queries": [{**ERRORS, "query": "q", "log_groups": ["/ecs/shop"]}]},
            "+no log groups": {"queries": [{**ERRORS, "query": "q", "log_groups": []}]},
            "+language": {"queries": [{**ERRORS, "query": "q", "log_groups": [], "language": "PPL"}]},
        },
    ).check(account)
    assert _read(account) == {}


def test_what_is_saved(account: Account) -> None:
    run_module(account, MODULE, prefix=PREFIX, queries=[ERRORS, OTHER])
    read = _read(account)
    assert read[ERRORS["name"]]["queryString"] == ERRORS["query"]
    assert read[ERRORS["name"]]["logGroupNames"] == ERRORS["log_groups"]
    assert read[ERRORS["name"]]["queryLanguage"] == "CWLI"
    done = run_module(account, MODULE, prefix=PREFIX, queries=[{**ERRORS, "query": "other"}, OTHER])
    assert [(c["action"], c["name"]) for c in done["changes"]] == [("update", ERRORS["name"])]
    assert _read(account)[ERRORS["name"]]["queryDefinitionId"] == read[ERRORS["name"]]["queryDefinitionId"]


def test_the_order_of_log_groups_is_no_change(account: Account) -> None:
    run_module(account, MODULE, prefix=PREFIX, queries=[ERRORS])
    turned = {**ERRORS, "log_groups": ERRORS["log_groups"][::-1]}
    assert not run_module(account, MODULE, prefix=PREFIX, queries=[turned])["changed"]


def test_what_is_no_longer_declared_and_what_is_there_twice_is_deleted(account: Account) -> None:
    logs = account.client("logs")
    for name in ("somebody-elses", ERRORS["name"], ERRORS["name"], OTHER["name"]):
        logs.put_query_definition(name=name, queryString=ERRORS["query"], logGroupNames=ERRORS["log_groups"])
    declared = {"prefix": PREFIX, "queries": [ERRORS]}
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, **declared)
    assert account.writes(since) == []
    done = run_module(account, MODULE, **declared)
    assert done["changes"] == predicted["changes"]
    assert [(c["action"], c["name"]) for c in done["changes"]] == [
        ("delete", ERRORS["name"]),
        ("delete", OTHER["name"]),
    ]
    assert set(_read(account)) == {"somebody-elses", ERRORS["name"]}
    run_module(account, MODULE, prefix=PREFIX, state="absent")
    assert set(_read(account)) == {"somebody-elses"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "errors"}, "errors: name does not start with shop-dev-alarms/"),
        ({"query": ""}, "query has 0 characters"),
        ({"query": "x" * 10_001}, "query has 10001 characters; allowed are 1 to 10000"),
        ({"language": "SQL"}, "a query in SQL names its log groups itself"),
    ],
)
def test_what_is_refused_before_aws_is_asked(account: Account, change: dict[str, Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, queries=[{**ERRORS, **change}])
    assert account.requests(since) == []
    with pytest.raises(ModuleFailed, match="declared more than once"):
        run_module(account, MODULE, prefix=PREFIX, queries=[ERRORS, ERRORS])


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("DescribeQueryDefinitions", "Could not read saved queries"),
        ("PutQueryDefinition", "Could not create saved query"),
    ],
)
def test_what_aws_refuses_is_told(account: Account, operation: str, message: str) -> None:
    account.fault(service="logs", operation=operation, code="AccessDeniedException", status=400)
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, prefix=PREFIX, queries=[ERRORS])
