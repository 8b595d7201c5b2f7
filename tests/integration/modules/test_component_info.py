# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many components in one run: who may be left out, and who is known through another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module

QUEUE = {"kind": "sqs", "name": "shop-dev-orders"}
GROUP = {
    "kind": "security_group",
    "name": "shop-dev-web",
    "derived": {"security_group_vpc_id": {"component": "network", "fact": "id"}},
}
VPC = {"kind": "vpc", "name": "shop-dev-network", "options": {"vpc_mode": "default"}}


def facts(account: Account, **options: Any) -> dict[str, Any]:
    return run_module(account, "component_info", **options)["ansible_facts"]["slipway"]


@pytest.mark.parametrize("check", [True, False])
def test_a_lenient_look_leaves_out_what_is_not_there(account: Account, check: bool) -> None:
    looked = {"components": {"orders": QUEUE, "network": VPC}, "lenient": True}
    assert list(facts(account, _check=check, **looked)) == ["network"]
    account.client("sqs").create_queue(QueueName=QUEUE["name"])
    assert list(facts(account, _check=check, **looked)) == ["orders", "network"]


def test_a_lenient_look_leaves_out_what_cannot_be_read(account: Account) -> None:
    account.client("sqs").create_queue(QueueName=QUEUE["name"])
    account.fault(service="sqs", operation="GetQueueUrl", code="AccessDenied", message="no", status=403, times=1)
    assert list(facts(account, components={"orders": QUEUE, "network": VPC}, lenient=True)) == ["network"]


@pytest.mark.parametrize("check", [True, False])
def test_it_fails_without_what_is_required(account: Account, check: bool) -> None:
    components = {"orders": {**QUEUE, "required": True}, "more": {**QUEUE, "name": "more", "required": True}}
    with pytest.raises(ModuleFailed) as failure:
        facts(account, _check=check, components={**components, "other": QUEUE}, lenient=True)
    assert failure.value.result["problems"] == [
        "component orders: there is no SQS queue shop-dev-orders; converge orders first",
        "component more: there is no SQS queue more; converge more first",
    ]


def test_a_group_is_found_through_the_vpc_that_is_read_with_it(account: Account) -> None:
    ec2 = account.client("ec2")
    (default,) = ec2.describe_vpcs()["Vpcs"]
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    there = {"GroupName": GROUP["name"], "Description": "web"}
    wanted = ec2.create_security_group(**there, VpcId=default["VpcId"])["GroupId"]
    ec2.create_security_group(**there, VpcId=other["VpcId"])
    found = facts(account, components={"web": GROUP, "network": VPC})
    assert (list(found), found["web"]["id"]) == (["web", "network"], wanted)


def test_a_group_of_a_vpc_that_is_not_there_is_not_there(account: Account) -> None:
    missing = {**VPC, "name": "no-such", "options": {"vpc_mode": "create"}}
    assert facts(account, components={"web": GROUP, "network": missing}, lenient=True) == {}


def test_it_tells_whose_credentials_these_are(account: Account) -> None:
    told = run_module(account, "component_info", components={}, identify=True)
    assert told["account"] == account.id
    assert told["arn"] == account.client("sts").get_caller_identity()["Arn"]
    assert "account" not in run_module(account, "component_info", components={})


def test_credentials_that_aws_refuses_are_an_error_of_one_line(account: Account) -> None:
    account.fault(service="sts", operation="GetCallerIdentity", code="InvalidClientTokenId", message="no", status=403)
    with pytest.raises(ModuleFailed, match=r"Could not find out whose credentials these are: .*InvalidClientTokenId"):
        run_module(account, "component_info", components={}, identify=True)
