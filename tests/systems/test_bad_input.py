# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input is refused with one clear message each, all of them at once, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.playbook import bucket, copy_of, edit, run_playbook

pytestmark = pytest.mark.xdist_group("bad-input")

# component, its wrong variables, what the message must name: component, option, value and what is allowed
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("database", {"rds_allocated_storage": "plenty"}, ["database: ", "rds_allocated_storage", "plenty", "int"]),
    ("database", {"rds_port": 70000}, ["database: rds_port is 70000", "65535"]),
    (
        "database",
        {"rds_instance_clas": "db.t3.micro"},
        ["database: unknown option rds_instance_clas", "rds_instance_class"],
    ),
    ("cache", {"elasticache_slow_log_retention_days": 8}, ["cache: elasticache_slow_log_retention_days is 8", "7, 14"]),
    (
        "cache",
        {"elasticache_password_secret": "redis-tokn"},
        ["cache: elasticache_password_secret", "redis-tokn", "redis-auth-token"],
    ),
    ("jwt-secret", {"secret_value": "too-short-to-sign"}, ["jwt-secret: secret_value", "17", "32"]),
    ("redis-auth-token", {"secret_value": "tiny-token"}, ["redis-auth-token: secret_value", "10", "32"]),
    (
        "app",
        {"ecs_service_cpu": 256, "ecs_service_memory": 4096},
        ["app: ecs_service_memory is 4096", "with ecs_service_cpu 256 are 512, 1024, 2048"],
    ),
    (
        "app",
        {"ecs_service_image": "docker.io/Safe Bucket:latest"},
        ["app: ecs_service_image", "docker.io/Safe Bucket:latest"],
    ),
    (
        "app",
        {"ecs_service_secrets": {"TOKEN": "no-such-secret"}},
        ["app: ecs_service_secrets", "no-such-secret", "jwt-secret"],
    ),
    ("loki", {"ecs_service_spot_percentage": 130}, ["loki: ecs_service_spot_percentage is 130", "0 to 100"]),
    (
        "loki",
        {"ecs_service_environment": {"A": "{{ hostvars.databse.component.port }}"}},
        ["loki: ", "databse", "did you mean database?"],
    ),
    (
        "mailpit",
        {"ecs_service_deployment_strategy": "BLUE_GREEN", "ecs_service_bake_time_minutes": 20},
        ["mailpit: ecs_service_wait_timeout is 1200", "more than 1200", "BLUE_GREEN waits 20 minutes"],
    ),
    ("mailpit", {}, ["mailpit: ecs_service_deployment_strategy is BLUE_GREEN", "alb_target_groups.", "alternate"]),
    ("storage", {"s3_bucket_name": "Not_A_Bucket"}, ["storage: s3_bucket_name", "Not_A_Bucket", "lower"]),
    (
        "public-alb",
        {
            "alb_listeners": [
                {
                    "port": 443,
                    "protocol": "HTTPS",
                    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e-0000-0000",
                    "target_group": "safebucket",
                }
            ]
        },
        ["public-alb: alb_listeners", "us-east-1", "eu-west-1"],
    ),
]
# A second VPC that is to be created with subnets that cannot be.
SUBNETS = {
    "vpc_mode": "create",
    "vpc_cidr_block": "10.0.0.0/16",
    "vpc_public_subnets": ["10.0.1.0/24", "10.0.1.128/25"],
    "vpc_private_subnets": ["10.0.2.1/24", "192.168.0.0/24"],
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Safebucket's environments, to be spoiled."""
    return copy_of("safebucket", tmp_path) / "dev.yml"


def test_all_problems_are_reported_at_once_and_before_any_write(account: Account, inventory: Path) -> None:
    for component, variables, _ in WRONG:
        edit(inventory.parent, component, variables)
    edit(inventory.parent, "network", SUBNETS)
    inventory.write_text(
        inventory.read_text().replace("components:\n", "components:\n  guardduty: [threats, more-threats]\n")
    )
    run = run_playbook(account, inventory, "site")
    assert run.status != 0
    lines = [line.strip().removeprefix("- ") for line in run.output.splitlines()]
    for component, variables, parts in WRONG:
        assert any(all(part in line for part in parts) for line in lines), f"{component} {variables}: {run.output}"
    for parts in (
        ["network: ", "10.0.1.0/24", "10.0.1.128/25", "overlap"],
        ["network: ", "10.0.2.1/24", "10.0.2.0/24"],
        ["network: ", "192.168.0.0/24", "10.0.0.0/16"],
        ["more-threats: threats is a guardduty already", "one in a region"],
    ):
        assert any(all(part in line for part in parts) for line in lines), f"{parts}: {run.output}"
    assert account.writes() == []
    assert "too-short-to-sign" not in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize("zones", [0, 1])
def test_a_default_vpc_without_two_zones_is_refused(account: Account, inventory: Path, zones: int) -> None:
    ec2 = account.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"][zones:]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    since = account.position()
    edit(inventory.parent, "database", {"rds_port": 70000})
    run = run_playbook(account, inventory, "site")
    assert run.status != 0
    assert "network: " in run.output
    assert "two" in run.output
    assert "database: rds_port is 70000" in run.output, "together with what is wrong with the inventory"
    assert account.writes(since) == []


def test_an_account_without_a_default_vpc_is_refused(account: Account, inventory: Path) -> None:
    ec2 = account.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    since = account.position()
    run = run_playbook(account, inventory, "site")
    assert run.status != 0
    assert "network: " in run.output
    assert "default VPC" in run.output
    assert account.writes(since) == []


@pytest.mark.parametrize(
    ("service", "operation", "code", "parts"),
    [
        ("sqs", "CreateQueue", "AccessDenied", ["AccessDenied", "CreateQueue", "safebucket-s3-events-dev"]),
        (
            "rds",
            "CreateDBInstance",
            "InstanceQuotaExceeded",
            ["InstanceQuotaExceeded", "CreateDBInstance", "safebucket-dev-database"],
        ),
    ],
)
def test_an_aws_error_is_one_line_with_call_and_resource_and_siblings_finish(
    account: Account, service: str, operation: str, code: str, parts: list[str]
) -> None:
    account.fault(service=service, operation=operation, code=code, message="as AWS says it", status=400, times=99)
    run = run_playbook(account, "inventories/safebucket/dev.yml", "site", **bucket(account))
    assert run.status != 0
    lines = run.output.splitlines()
    assert any(all(part in line for part in (*parts, "as AWS says it")) for line in lines), run.output[-3000:]
    made = {(change["component"], change["resource"]) for change in run.changes}
    assert any(component == "jwt-secret" for component, _ in made), "what the siblings did is finished and reported"
    assert not any(component == "cluster" for component, _ in made), "later layers do not start"
    assert account.client("ecs").list_clusters()["clusterArns"] == []


def test_throttling_is_retried(account: Account) -> None:
    account.fault(
        service="sqs", operation="CreateQueue", code="Throttling", message="Rate exceeded", status=400, times=1
    )
    account.fault(
        service="logs",
        operation="CreateLogGroup",
        code="ThrottlingException",
        message="Rate exceeded",
        status=400,
        times=1,
    )
    run_playbook(account, "inventories/safebucket/dev.yml", "data", **bucket(account)).ok()
