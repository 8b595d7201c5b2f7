# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.modules import ec2_flow_log

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE, NAME = "ec2_flow_log", "shop-dev-network"


def _vpc(account: Account) -> str:
    return account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def _base(account: Account) -> dict[str, Any]:
    role = f"arn:aws:iam::{account.id}:role/flows"
    return {"name": NAME, "resource_id": _vpc(account), "log_group_name": "/vpc/shop", "role_arn": role}


def _flow_log(account: Account) -> dict[str, Any]:
    (found,) = account.client("ec2").describe_flow_logs()["FlowLogs"]
    return found


def _member(name: str) -> Callable[[Account], Any]:
    return lambda account: _flow_log(account)[name]


def test_matrix(account: Account) -> None:
    base = _base(account)
    Matrix(
        module=MODULE,
        key="flow_log",
        base=base,
        updates={
            "traffic_type": "REJECT",
            "max_aggregation_interval": 60,
            "log_format": "${srcaddr} ${dstaddr} ${action}",
            "log_group_name": "/vpc/other",
            "role_arn": f"arn:aws:iam::{account.id}:role/other",
            "tags": {"Environment": "dev", "Other": "1"},
            "+fewer tags": {"tags": {"Other": "2"}},
        },
        absent={"name": NAME, "resource_id": base["resource_id"]},
        seen={
            "traffic_type": _member("TrafficType"),
            "max_aggregation_interval": _member("MaxAggregationInterval"),
            "log_format": _member("LogFormat"),
            "log_group_name": _member("LogGroupName"),
            "role_arn": _member("DeliverLogsPermissionArn"),
        },
    ).check(account)
    assert account.client("ec2").describe_flow_logs()["FlowLogs"] == []


def test_what_is_not_set_survives_a_replacement(account: Account) -> None:
    base = _base(account)
    run_module(account, MODULE, **base, traffic_type="ACCEPT", tags={"Team": "shop"})
    done = run_module(account, MODULE, **base, max_aggregation_interval=60)
    assert [change["action"] for change in done["changes"]] == ["update"]
    found = _flow_log(account)
    assert (found["TrafficType"], found["MaxAggregationInterval"]) == ("ACCEPT", 60)
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"Name": NAME, "Team": "shop"}


def test_the_flow_log_of_somebody_else_is_left(account: Account) -> None:
    base = _base(account)
    run_module(account, MODULE, **{**base, "name": "theirs", "log_group_name": "/vpc/theirs"})
    run_module(account, MODULE, **base)
    run_module(account, MODULE, name=NAME, resource_id=base["resource_id"], state="absent")
    assert _flow_log(account)["LogGroupName"] == "/vpc/theirs"


def test_a_vpc_that_is_not_there_yet(account: Account) -> None:
    options = {**_base(account), "resource_id": "(known after apply)", "role_arn": "(known after apply)"}
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, **options)
    assert [change["action"] for change in predicted["changes"]] == ["create"]
    assert account.requests(since) == []


def test_a_role_that_is_new_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ec2_flow_log.time, "sleep", lambda seconds: None)
    fault = {"service": "ec2", "operation": "CreateFlowLogs", "code": "InvalidParameter", "status": 400}
    account.fault(**fault, message="Unable to assume given IAM role", times=2)
    run_module(account, MODULE, **_base(account))
    assert _flow_log(account)["LogGroupName"] == "/vpc/shop"
    monkeypatch.setattr(ec2_flow_log, "ROLE_PROPAGATION", -1)
    account.fault(**fault, message="Unable to assume given IAM role", times=1)
    with pytest.raises(ModuleFailed, match=r"Could not create VPC flow log other.*Unable to assume given IAM role"):
        run_module(account, MODULE, **{**_base(account), "name": "other"})


def test_bad_options_are_refused(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=r"resource_id is sg-1; allowed are vpc-..., subnet-..., eni-..."):
        run_module(account, MODULE, **{**_base(account), "resource_id": "sg-1"})
    with pytest.raises(ModuleFailed, match="missing: log_group_name, role_arn"):
        run_module(account, MODULE, name=NAME, resource_id="vpc-1")
    assert account.writes() == []


def test_what_aws_does_not_take_says_why(account: Account) -> None:
    class Client:
        def create_flow_logs(self, **call: Any) -> dict[str, Any]:
            return {"Unsuccessful": [{"ResourceId": "vpc-1", "Error": {"Code": "400", "Message": "no such VPC"}}]}

    flow_log = object.__new__(ec2_flow_log.FlowLog)
    flow_log.name, flow_log.client = NAME, Client()
    flow_log.desired = {"resource_id": "vpc-1", "log_group_name": "a", "role_arn": "b", "name": NAME}
    with pytest.raises(ec2_flow_log.ResourceError, match=f"VPC flow log {NAME}: no such VPC"):
        flow_log.create()


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(service="ec2", operation="CreateFlowLogs", code="FlowLogsLimitExceeded", message="quota", status=400)
    with pytest.raises(ModuleFailed, match=rf"Could not create VPC flow log {NAME}.*LimitExceeded.*quota"):
        run_module(account, MODULE, **_base(account))
