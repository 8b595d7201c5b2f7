# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-database"
MODULE = "rds_parameter_group"
BASE = {"name": NAME, "family": "postgres15", "description": "The shop's database"}


def _parameters(account: Account) -> dict[str, Any]:
    rds = account.client("rds")
    listed = rds.describe_db_parameters(DBParameterGroupName=NAME, Source="user")["Parameters"]
    return {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in listed}


def _methods(account: Account) -> dict[str, str]:
    rds = account.client("rds")
    listed = rds.describe_db_parameters(DBParameterGroupName=NAME, Source="user")["Parameters"]
    return {parameter["ParameterName"]: parameter["ApplyMethod"] for parameter in listed}


def _tags(account: Account) -> dict[str, str]:
    rds = account.client("rds")
    arn = rds.describe_db_parameter_groups(DBParameterGroupName=NAME)["DBParameterGroups"][0]["DBParameterGroupArn"]
    return {tag["Key"]: tag["Value"] for tag in rds.list_tags_for_resource(ResourceName=arn)["TagList"]}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="parameter_group",
        base=BASE,
        updates={
            "parameters": {"log_statement": "all", "max_connections": "100"},
            "+value": {"parameters": {"log_statement": "ddl"}},
            "+removed": {"purge_parameters": True},
            "tags": {"Environment": "dev"},
        },
        fixed={"cluster"},
        seen={"parameters": _parameters, "tags": _tags},
    ).check(account)


def test_matrix_of_clusters(account: Account) -> None:
    def parameters(account: Account) -> dict[str, Any]:
        listed = account.client("rds").describe_db_cluster_parameters(DBClusterParameterGroupName=NAME, Source="user")
        return {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in listed["Parameters"]}

    Matrix(
        module=MODULE,
        key="parameter_group",
        base={**BASE, "cluster": True, "family": "aurora-postgresql16"},
        updates={
            "parameters": {"rds.force_ssl": "1", "log_statement": "all"},
            "+removed": {"parameters": {"rds.force_ssl": "1"}, "purge_parameters": True},
            "tags": {"Environment": "dev"},
        },
        seen={"parameters": parameters},
    ).check(account)


def test_a_group_of_clusters_that_is_in_use_stays(account: Account) -> None:
    family = {"cluster": True, "family": "aurora-postgresql16"}
    run_module(account, MODULE, name=NAME, **family)
    account.client("rds").create_db_cluster(
        DBClusterIdentifier="c",
        Engine="aurora-postgresql",
        MasterUsername="u",
        MasterUserPassword="a-password",
        DBClusterParameterGroupName=NAME,
    )
    with pytest.raises(ModuleFailed, match=f"Could not delete RDS cluster parameter group {NAME}: .*still members"):
        run_module(account, MODULE, name=NAME, cluster=True, state="absent")


def test_each_parameter_is_applied_as_early_as_it_can_be(account: Account) -> None:
    parameters = {"shared_preload_libraries": "pg_stat_statements", "log_statement": "all", "rds.force_ssl": True}
    done = run_module(account, MODULE, **BASE, parameters=parameters)
    assert done["parameter_group"]["parameters"]["rds.force_ssl"] == "1"
    methods = _methods(account)
    assert (methods["shared_preload_libraries"], methods["log_statement"]) == ("pending-reboot", "immediate")


def test_more_parameters_than_fit_into_one_call(account: Account) -> None:
    defaults = account.client("rds").describe_engine_default_parameters(DBParameterGroupFamily="postgres15")
    known = defaults["EngineDefaults"]["Parameters"]
    known = [parameter for parameter in known if parameter["IsModifiable"]]
    booleans = [p["ParameterName"] for p in known if p["DataType"] == "boolean"]
    integers = [
        p["ParameterName"]
        for p in known
        if p["DataType"] == "integer" and p.get("AllowedValues", "").startswith(("0-", "1-", "-1-"))
    ]
    parameters = dict.fromkeys(booleans, True) | dict.fromkeys(integers, "9")
    assert len(parameters) > 20
    run_module(account, MODULE, **BASE, parameters=parameters)
    assert len(_parameters(account)) == len(parameters)


def test_parameters_are_reset_only_when_told_to(account: Account) -> None:
    run_module(account, MODULE, **BASE, parameters={"log_statement": "all", "max_connections": 100})
    kept = run_module(account, MODULE, **BASE, parameters={"log_statement": "all"})
    assert not kept["changed"]
    purge = {"parameters": {"log_statement": "all"}, "purge_parameters": True}
    predicted = run_module(account, MODULE, _check=True, **BASE, **purge)
    done = run_module(account, MODULE, **BASE, **purge)
    assert predicted["changes"] == done["changes"]
    assert _parameters(account) == {"log_statement": "all"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"log_statment": "all"}, f"{NAME}: family postgres15 has no parameter log_statment"),
        ({"fsync": 0}, f"{NAME}: parameter fsync of family postgres15 cannot be changed"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_wrong_parameter_is_refused_before_any_write(
    account: Account, parameters: dict[str, Any], message: str, check: bool
) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, _check=check, **BASE, parameters={"log_statement": "all", **parameters})
    assert account.writes() == []


@pytest.mark.parametrize(("option", "value"), [("family", "postgres16"), ("description", "Another")])
def test_what_cannot_be_changed_is_named(account: Account, option: str, value: str) -> None:
    run_module(account, MODULE, **BASE)
    with pytest.raises(ModuleFailed, match=rf"{option} cannot be changed from .* to '{value}': .*another name"):
        run_module(account, MODULE, **{**BASE, option: value})


def test_a_group_cannot_be_created_without_its_family(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="family is needed to create it"):
        run_module(account, MODULE, name=NAME)


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="rds", operation="CreateDBParameterGroup", code="DBParameterGroupQuotaExceeded", message="q", status=400
    )
    with pytest.raises(
        ModuleFailed, match=rf"Could not create RDS parameter group {NAME}: .*QuotaExceeded.*CreateDBPar"
    ):
        run_module(account, MODULE, **BASE)
