# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safebucket's optional rows, switched on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import bucket, run_playbook

pytestmark = pytest.mark.xdist_group("safebucket-options")
INVENTORY = "inventories/safebucket/dev.yml"
NAME = "safebucket-dev"
GIVEN = {
    "redis_auth_token": "given-redis-token-0123456789abcdef",
    "jwt_secret": "given-jwt-secret-0123456789abcdefgh",
    "admin_password": "given-admin-password-12342",
    "rds_password": "given-rds-password-123",
}
OPTIONS: dict[str, Any] = {
    "safebucket_architecture": "X86_64",
    "enable_spot_instances": True,
    "spot_instance_percentage": 70,
    "enable_loki_spot_instances": True,
    "loki_spot_instance_percentage": 100,
    "enable_ecs_exec": True,
    "enable_autoscaling": True,
    **GIVEN,
}


@pytest.fixture(scope="module")
def basic(local_aws: LocalAws) -> Account:
    """The basic infrastructure alone."""
    account = local_aws.account()
    run_playbook(account, INVENTORY, "data", **OPTIONS, **bucket(account)).ok()
    return account


@pytest.fixture(scope="module")
def aws(basic: Account) -> Account:
    """The ECS deployment on top."""
    run_playbook(basic, INVENTORY, "app", **OPTIONS, **bucket(basic)).ok()
    return basic


def service(aws: Account, name: str) -> dict[str, Any]:
    return aws.client("ecs").describe_services(cluster=f"{NAME}-cluster", services=[f"{NAME}-{name}"])["services"][0]


def strategy(aws: Account, name: str) -> dict[str, int]:
    return {item["capacityProvider"]: item["weight"] for item in service(aws, name).get("capacityProviderStrategy", [])}


def test_SB_31_basic_infrastructure_has_no_ecs(basic: Account) -> None:
    assert basic.client("ecs").list_clusters()["clusterArns"] == []
    assert basic.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert len(basic.client("rds").describe_db_instances()["DBInstances"]) == 1
    assert basic.client("iam").get_instance_profile(InstanceProfileName=f"{NAME}-app")


def test_SB_31_the_ecs_deployment_comes_on_top_and_writes_no_data_resource(basic: Account) -> None:
    since = basic.position()
    run_playbook(basic, INVENTORY, "app", **OPTIONS, **bucket(basic)).ok()
    written = {request.split(":")[0] for request in basic.writes(since)}
    assert written, "the application was deployed"
    assert not written & {"rds", "elasticache", "s3", "sqs", "secretsmanager"}


def test_SB_14_given_secrets_are_used(aws: Account) -> None:
    manager = aws.client("secretsmanager")
    for variable, value in GIVEN.items():
        name = f"{NAME}-{variable.replace('_', '-')}"
        assert manager.get_secret_value(SecretId=name)["SecretString"] == value


def test_SB_18_x86_64(aws: Account) -> None:
    definition = aws.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-safebucket")["taskDefinition"]
    assert definition["runtimePlatform"]["cpuArchitecture"] == "X86_64"


def test_SB_26_autoscaling_1_to_3(aws: Account) -> None:
    targets = aws.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in targets] == [(1, 3)]


def test_SB_27_spot_in_percent(aws: Account) -> None:
    assert strategy(aws, "safebucket") == {"FARGATE_SPOT": 70, "FARGATE": 30}
    assert strategy(aws, "loki").get("FARGATE_SPOT") == 100
    assert "FARGATE_SPOT" not in strategy(aws, "mailpit")


def test_SB_28_ecs_exec(aws: Account) -> None:
    assert service(aws, "safebucket")["enableExecuteCommand"] is True
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert any(endpoint["ServiceName"].endswith(".ssmmessages") for endpoint in endpoints)
    definition = aws.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-safebucket")["taskDefinition"]
    role = definition["taskRoleArn"].rsplit("/")[-1]
    iam = aws.client("iam")
    documents = []
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        documents.append(iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"])
    assert "ssmmessages:OpenDataChannel" in json.dumps([document["Document"] for document in documents])


def test_a_converge_with_the_options_is_quiet(aws: Account) -> None:
    since = aws.position()
    assert run_playbook(aws, INVENTORY, "site", **OPTIONS, **bucket(aws)).ok().changes == []
    assert aws.writes(since) == []


def test_SB_12_authentication_can_be_left_off(local_aws: LocalAws) -> None:
    account = local_aws.account()
    run_playbook(account, INVENTORY, "data", redis_auth_token_enabled=False, **bucket(account)).ok()
    (group,) = account.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert not group.get("UserGroupIds")
    assert not group.get("AuthTokenEnabled")


def test_limit_converges_one_component_with_the_others_looked_up(aws: Account) -> None:
    aws.client("ecs").update_service(cluster=f"{NAME}-cluster", service=f"{NAME}-loki", enableExecuteCommand=False)
    since = aws.position()
    run = run_playbook(aws, INVENTORY, "site", "--limit", "loki", **OPTIONS, **bucket(aws)).ok()
    assert {change["component"] for change in run.changes} == {"loki"}
    assert set(aws.writes(since)) == {"ecs:UpdateService"}
