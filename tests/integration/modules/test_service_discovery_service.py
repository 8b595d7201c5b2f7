# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "web"
A_10 = [{"type": "A", "ttl": 10}]


@pytest.fixture
def namespace(account: Account) -> str:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return run_module(account, "service_discovery_namespace", name="shop-dev.local", vpc=vpc)["namespace"]["id"]


@pytest.fixture
def base(namespace: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "namespace_id": namespace,
        "dns_records": A_10,
        "routing_policy": "MULTIVALUE",
        "custom_health_check": True,
    }


def _read(account: Account) -> dict[str, Any]:
    client = account.client("servicediscovery")
    listed = client.list_services()["Services"]
    return client.get_service(Id=next(item["Id"] for item in listed if item["Name"] == NAME))["Service"]


def _tags(account: Account) -> dict[str, str]:
    tags = account.client("servicediscovery").list_tags_for_resource(ResourceARN=_read(account)["Arn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_matrix(account: Account, base: dict[str, Any]) -> None:
    Matrix(
        module="service_discovery_service",
        key="discovery_service",
        base=base,
        updates={
            "description": "the web",
            "dns_records": [{"type": "A", "ttl": 60}],
            "tags": {"Environment": "dev"},
        },
        seen={"description": lambda account: _read(account)["Description"], "tags": _tags},
    ).check(account)


def test_as_declared(account: Account, base: dict[str, Any]) -> None:
    run_module(account, "service_discovery_service", **base, tags={"A": "1"})
    found = _read(account)
    assert found["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 10}]
    assert found["DnsConfig"]["RoutingPolicy"] == "MULTIVALUE"
    assert found["HealthCheckCustomConfig"]["FailureThreshold"] == 1
    assert _tags(account) == {"A": "1"}


def test_a_changed_ttl_leaves_the_description(account: Account, base: dict[str, Any]) -> None:
    run_module(account, "service_discovery_service", **base, description="the web")
    run_module(account, "service_discovery_service", **{**base, "dns_records": [{"type": "A", "ttl": 60}]})
    assert _read(account)["Description"] == "the web"
    assert _read(account)["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 60}]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"routing_policy": "WEIGHTED"}, "routing_policy cannot be changed from 'MULTIVALUE' to 'WEIGHTED': remove"),
        ({"custom_health_check": False}, "custom_health_check cannot be changed from True to False: remove"),
        ({"dns_records": [{"type": "SRV", "ttl": 10}]}, "are of the types A and cannot become SRV: remove the service"),
    ],
)
def test_what_cannot_be_changed(account: Account, base: dict[str, Any], change: dict[str, Any], message: str) -> None:
    run_module(account, "service_discovery_service", **base)
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "service_discovery_service", **base | change)
    assert account.writes(since) == []


def test_a_namespace_that_is_not_there_yet(account: Account) -> None:
    options = {"name": NAME, "namespace_id": "(known after apply)", "dns_records": A_10}
    result = run_module(account, "service_discovery_service", _check=True, **options)
    assert result["changed"]
    assert account.requests() == []


def test_instances_that_are_going_are_waited_for(account: Account, base: dict[str, Any]) -> None:
    run_module(account, "service_discovery_service", **base)
    fault = {"service": "servicediscovery", "operation": "DeleteService", "code": "ResourceInUse"}
    account.fault(**fault, message="Service contains registered instances")
    assert run_module(account, "service_discovery_service", **base, state="absent")["changed"]
    assert account.client("servicediscovery").list_services()["Services"] == []


def test_instances_that_stay_are_named(account: Account, base: dict[str, Any]) -> None:
    run_module(account, "service_discovery_service", **base)
    fault = {"service": "servicediscovery", "operation": "DeleteService", "code": "ResourceInUse"}
    account.fault(**fault, message="Service contains registered instances", times=9)
    with pytest.raises(ModuleFailed, match=r"Cloud Map service web could not be deleted: .*registered instances"):
        run_module(account, "service_discovery_service", **base, state="absent", wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account, base: dict[str, Any]) -> None:
    fault = {"service": "servicediscovery", "operation": "CreateService", "code": "AccessDeniedException"}
    account.fault(**fault, message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not create Cloud Map service web: .*not allowed"):
        run_module(account, "service_discovery_service", **base)
