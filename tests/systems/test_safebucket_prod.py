# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safebucket's prod environment: what differs from dev, what costs money, and what is protected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.state import state

pytestmark = pytest.mark.xdist_group("safebucket-prod")
INVENTORY = "inventories/safebucket/prod.yml"
NAME = "safebucket-prod"


@pytest.fixture(scope="module")
def prod(local_aws: LocalAws) -> Account:
    return local_aws.account()


@pytest.fixture(scope="module")
def preview(prod: Account) -> Run:
    since = prod.position()
    run = run_playbook(prod, INVENTORY, "site", "--check", "--diff").ok()
    assert prod.writes(since) == []
    return run


@pytest.fixture(scope="module")
def converged(prod: Account, preview: Run) -> Run:
    return run_playbook(prod, INVENTORY, "site").ok()


@pytest.fixture(scope="module")
def aws(prod: Account, converged: Run) -> Account:
    return prod


def task(aws: Account, name: str) -> dict[str, Any]:
    return aws.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-{name}")["taskDefinition"]


def database(aws: Account) -> dict[str, Any]:
    return aws.client("rds").describe_db_instances(DBInstanceIdentifier=f"{NAME}-database")["DBInstances"][0]


def test_preview_on_empty_equals_what_is_done(preview: Run, converged: Run) -> None:
    assert converged.summary
    assert preview.summary == converged.summary


def test_second_converge_and_the_check_after_it_are_quiet(aws: Account) -> None:
    since = aws.position()
    assert run_playbook(aws, INVENTORY, "site").ok().changes == []
    assert run_playbook(aws, INVENTORY, "site", "--check", "--diff").ok().changes == []
    assert aws.writes(since) == []


def test_SB_32_the_figures_of_prod(aws: Account) -> None:
    instance = database(aws)
    assert instance["DBInstanceClass"] == "db.t3.medium"
    assert instance["BackupRetentionPeriod"] == 30
    assert instance["DeletionProtection"] is True
    groups = aws.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert [group["CacheNodeType"] for group in groups] == ["cache.t3.small"]
    definition = task(aws, "safebucket")
    assert (definition["cpu"], definition["memory"]) == ("1024", "2048")
    logs = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/elasticache/")["logGroups"]
    assert [group["retentionInDays"] for group in logs] == [30]


def test_SB_26_autoscaling(aws: Account) -> None:
    scaling = aws.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert target["ResourceId"] == f"service/{NAME}-cluster/{NAME}-safebucket"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    tracked = {}
    for policy in policies:
        configuration = policy["TargetTrackingScalingPolicyConfiguration"]
        metric = configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
        cooldowns = (configuration["ScaleOutCooldown"], configuration["ScaleInCooldown"])
        tracked[metric] = (configuration["TargetValue"], *cooldowns)
    assert tracked == {
        "ECSServiceAverageCPUUtilization": (70.0, 300, 300),
        "ECSServiceAverageMemoryUtilization": (80.0, 300, 300),
    }


def test_an_autoscaled_count_is_left_alone(aws: Account) -> None:
    ecs = aws.client("ecs")
    ecs.update_service(cluster=f"{NAME}-cluster", service=f"{NAME}-safebucket", desiredCount=4)
    assert run_playbook(aws, INVENTORY, "app").ok().changes == []
    described = ecs.describe_services(cluster=f"{NAME}-cluster", services=[f"{NAME}-safebucket"])["services"][0]
    assert described["desiredCount"] == 4


def test_SB_34_deletion_protection_is_respected_before_anything_is_deleted(aws: Account) -> None:
    since = aws.position()
    refused = run_playbook(aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True)
    assert refused.status != 0
    assert "Deletion protection is on for" in refused.output
    assert "database" in refused.output
    assert aws.writes(since) == []


def test_SB_34_prod_is_destroyed_once_it_is_no_longer_protected(aws: Account) -> None:
    unprotected = {"rds_deletion_protection": False, "alb_deletion_protection": False}
    run_playbook(aws, INVENTORY, "site", **unprotected).ok()
    run_playbook(aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True, **unprotected).ok()
    left = {kind: sorted(items) for kind, items in state(aws).items() if items}
    # A week is left to restore the secrets; the last state of the database is in its final snapshot.
    assert set(left) <= {"secrets"}, left
    snapshots = aws.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [snapshot["DBInstanceIdentifier"] for snapshot in snapshots] == [f"{NAME}-database"]
    assert run_playbook(aws, INVENTORY, "destroy", confirm=NAME, **unprotected).ok().changes == []
