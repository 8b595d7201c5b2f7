# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

SQS = "com.amazonaws.eu-west-1.sqs"
MODULE = "vpc_endpoint"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}],
}


def _vpc(account: Account) -> str:
    return account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def _subnets(account: Account) -> list[str]:
    return sorted(subnet["SubnetId"] for subnet in account.client("ec2").describe_subnets()["Subnets"])


def _group(account: Account, name: str) -> str:
    made = account.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=_vpc(account))
    return made["GroupId"]


def _tables(account: Account) -> list[str]:
    ec2 = account.client("ec2")
    ec2.create_route_table(VpcId=_vpc(account))
    return sorted(table["RouteTableId"] for table in ec2.describe_route_tables()["RouteTables"])


def _endpoints(account: Account) -> list[dict[str, Any]]:
    return account.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]


def test_matrix_of_an_interface_endpoint(account: Account) -> None:
    subnets, groups = _subnets(account), [_group(account, "one"), _group(account, "two")]
    Matrix(
        module=MODULE,
        key="vpc_endpoints",
        base={
            "vpc_id": _vpc(account),
            "services": ["sqs"],
            "subnet_ids": subnets[:2],
            "security_group_ids": groups[:1],
        },
        updates={
            "subnet_ids": subnets[1:],
            "security_group_ids": groups[1:],
            "private_dns_enabled": False,
            "policy": json.dumps(POLICY),
            "tags": {"Environment": "dev"},
            "+policy": {"policy": "{}"},
            "+account": {"policy": None, "account_only": True},
            "policies": {"sqs": POLICY},
        },
        fixed={"type", "name", "route_table_ids", "purge_services"},
        seen={
            "subnet_ids": lambda account: sorted(_endpoints(account)[0]["SubnetIds"]),
            "security_group_ids": lambda account: [group["GroupId"] for group in _endpoints(account)[0]["Groups"]],
            "private_dns_enabled": lambda account: _endpoints(account)[0]["PrivateDnsEnabled"],
            "policy": lambda account: _endpoints(account)[0]["PolicyDocument"],
            "tags": lambda account: {tag["Key"]: tag["Value"] for tag in _endpoints(account)[0]["Tags"]},
        },
    ).check(account)


def test_matrix_of_a_gateway_endpoint(account: Account) -> None:
    tables = _tables(account)
    Matrix(
        module=MODULE,
        key="vpc_endpoints",
        base={"vpc_id": _vpc(account), "services": ["s3"], "type": "gateway", "route_table_ids": tables[:1]},
        updates={"route_table_ids": tables, "policy": json.dumps(POLICY), "tags": {"Environment": "dev"}},
        fixed={
            "name",
            "purge_services",
            "subnet_ids",
            "security_group_ids",
            "private_dns_enabled",
            "account_only",
            "policies",
        },
        seen={"route_table_ids": lambda account: sorted(_endpoints(account)[0]["RouteTableIds"])},
    ).check(account)


def test_several_services_are_requested_before_one_is_waited_for(account: Account) -> None:
    account.settings(provisioning_reads=1)
    options = {"vpc_id": _vpc(account), "services": ["sqs", "logs"], "name": "shop", "subnet_ids": _subnets(account)}
    done = run_module(account, MODULE, **options)
    assert [(endpoint["status"], endpoint["tags"]) for endpoint in done["vpc_endpoints"]] == [
        ("available", {"Name": "shop-sqs"}),
        ("available", {"Name": "shop-logs"}),
    ]
    operations = [request["operation"] for request in account.requests()]
    first_wait = operations.index("DescribeVpcEndpoints", operations.index("CreateVpcEndpoint"))
    assert "CreateVpcEndpoint" not in operations[first_wait:]
    run_module(account, MODULE, **options, state="absent")
    assert _endpoints(account) == []


def test_an_interrupted_run_is_finished(account: Account) -> None:
    account.settings(provisioning_reads=3)
    options = {"vpc_id": _vpc(account), "services": ["sqs"]}
    run_module(account, MODULE, **options, wait=False)
    again = run_module(account, MODULE, **options)
    assert not again["changed"]
    assert again["vpc_endpoints"][0]["status"] == "available"
    assert len(_endpoints(account)) == 1


def test_an_endpoint_of_another_name_is_used_and_left_alone(account: Account) -> None:
    theirs = run_module(account, MODULE, vpc_id=_vpc(account), services=["sqs"], name="other", tags={"Team": "x"})
    mine = {"vpc_id": _vpc(account), "services": ["sqs"], "name": "shop", "tags": {"Team": "y"}}
    used = run_module(account, MODULE, **mine, subnet_ids=_subnets(account))
    assert not used["changed"]
    assert used["vpc_endpoints"] == theirs["vpc_endpoints"]
    assert not run_module(account, MODULE, **mine, state="absent")["changed"]
    assert len(_endpoints(account)) == 1


def test_endpoints_of_services_that_are_not_wanted_any_more_go(account: Account) -> None:
    run_module(account, MODULE, vpc_id=_vpc(account), services=["ecr.api"], name="other")
    mine = {"vpc_id": _vpc(account), "name": "shop", "purge_services": True}
    run_module(account, MODULE, **mine, services=["sqs", "logs"])
    predicted = run_module(account, MODULE, _check=True, **mine, services=["sqs"])
    done = run_module(account, MODULE, **mine, services=["sqs"])
    assert [change["action"] for change in done["changes"]] == ["delete"]
    assert predicted["changes"] == done["changes"]
    assert sorted(endpoint["ServiceName"] for endpoint in _endpoints(account)) == [f"{SQS[:-3]}ecr.api", SQS]
    assert not run_module(account, MODULE, **mine, services=["sqs"])["changed"]
    run_module(account, MODULE, **mine, services=[], state="absent")
    assert [endpoint["ServiceName"] for endpoint in _endpoints(account)] == [f"{SQS[:-3]}ecr.api"]


def test_purging_needs_a_name(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="purge_services needs name"):
        run_module(account, MODULE, vpc_id=_vpc(account), services=[], purge_services=True)


def test_the_policy_for_this_account(account: Account) -> None:
    run_module(account, MODULE, vpc_id=_vpc(account), services=["secretsmanager", "ecr.api"], account_only=True)
    gateway = {"vpc_id": _vpc(account), "services": ["s3"], "type": "gateway", "route_table_ids": _tables(account)[:1]}
    run_module(account, MODULE, **gateway, account_only=True)
    policies = {
        endpoint["ServiceName"].split(".", 3)[-1]: json.loads(endpoint["PolicyDocument"])["Statement"]
        for endpoint in _endpoints(account)
    }
    own = {"aws:PrincipalAccount": account.id}
    assert policies["secretsmanager"][0]["Condition"]["StringEquals"] == {**own, "aws:ResourceAccount": account.id}
    assert policies["ecr.api"][0]["Condition"]["StringEquals"] == own
    assert policies["s3"][0]["Condition"]["StringEquals"] == own
    assert policies["s3"][1]["Resource"] == "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"


def test_in_a_preview_nothing_is_asked_of_a_vpc_that_is_not_there_yet(account: Account) -> None:
    predicted = run_module(
        account, MODULE, _check=True, vpc_id="(known after apply)", services=["sqs"], subnet_ids=["(known after apply)"]
    )
    assert predicted["changed"]
    assert account.requests() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "gateway", "private_dns_enabled": True}, "private_dns_enabled is an option of interface endpoints"),
        ({"policy": "{}", "account_only": True}, "policy and account_only are mutually exclusive"),
        ({"route_table_ids": ["rtb-1"]}, "route_table_ids is an option of gateway endpoints; type is interface"),
    ],
)
def test_a_bad_combination_is_refused(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, vpc_id="vpc-1", services=["s3"], **options)
    assert account.writes() == []


def test_a_wait_says_what_was_seen_last(account: Account) -> None:
    account.settings(provisioning_reads=9)
    with pytest.raises(ModuleFailed, match=rf"{SQS} becomes available: not after 1 s; last seen: pending"):
        run_module(account, MODULE, vpc_id=_vpc(account), services=["sqs"], wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(
        service="ec2", operation="CreateVpcEndpoint", code="VpcEndpointLimitExceeded", message="quota", status=400
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create VPC endpoint {SQS}.*LimitExceeded.*CreateVpcEndpoint"):
        run_module(account, MODULE, vpc_id=_vpc(account), services=["sqs"])
