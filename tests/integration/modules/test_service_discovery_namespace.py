# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev.local"


@pytest.fixture
def vpc(account: Account) -> str:
    return account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def _read(account: Account) -> dict[str, Any]:
    listed = account.client("servicediscovery").list_namespaces()["Namespaces"]
    return next(item for item in listed if item["Name"] == NAME)


def _tags(account: Account) -> dict[str, str]:
    client = account.client("servicediscovery")
    return {
        tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceARN=_read(account)["Arn"])["Tags"]
    }


def test_matrix(account: Account, vpc: str) -> None:
    Matrix(
        module="service_discovery_namespace",
        key="namespace",
        base={"name": NAME, "vpc": vpc},
        updates={"description": "names of the shop", "tags": {"Environment": "dev"}},
        seen={
            "description": lambda account: _read(account)["Description"],
            "tags": _tags,
        },
    ).check(account)


def test_tags_and_description_are_set_on_creation(account: Account, vpc: str) -> None:
    result = run_module(
        account, "service_discovery_namespace", name=NAME, vpc=vpc, description="names", tags={"A": "1"}
    )
    assert account.writes() == ["servicediscovery:CreatePrivateDnsNamespace"]
    assert result["namespace"]["id"] == _read(account)["Id"]
    assert _tags(account) == {"A": "1"}


def test_it_stays_in_its_vpc(account: Account, vpc: str) -> None:
    run_module(account, "service_discovery_namespace", name=NAME, vpc=vpc)
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"vpc cannot be changed from '{vpc}' to 'vpc-1': remove the namespace"):
        run_module(account, "service_discovery_namespace", name=NAME, vpc="vpc-1")
    assert account.writes(since) == []


def test_a_namespace_with_services_is_not_removed(account: Account, vpc: str) -> None:
    run_module(account, "service_discovery_namespace", name=NAME, vpc=vpc)
    account.fault(
        service="servicediscovery", operation="DeleteNamespace", code="ResourceInUse", message="has services", times=9
    )
    with pytest.raises(ModuleFailed, match=r"shop-dev.local could not be deleted: .*has services"):
        run_module(account, "service_discovery_namespace", name=NAME, state="absent", wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account, vpc: str) -> None:
    fault = {"service": "servicediscovery", "operation": "CreatePrivateDnsNamespace", "code": "AccessDeniedException"}
    account.fault(**fault, message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not create Cloud Map namespace shop-dev.local: .*not allowed"):
        run_module(account, "service_discovery_namespace", name=NAME, vpc=vpc)
