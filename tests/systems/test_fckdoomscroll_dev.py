# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FckDoomscroll's development: what differs from production, with all that the document calls optional switched on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.state import state

pytestmark = pytest.mark.xdist_group("fckdoomscroll-dev")
INVENTORY = "inventories/fckdoomscroll/dev.yml"
REGION = "us-east-1"
NAME = "fckdoomscroll-dev"
OPTIONS = {
    "sticky_sessions": True,
    "read_replica": True,
    "moving_tags": ["latest"],
    "spot_percentage": 100,
    "alert_email": "alerts@example.com",
    "pagerduty_url": "https://events.pagerduty.com/integration/abc/enqueue",
}


def run(account: Account, verb: str, *arguments: str, **extra: Any) -> Run:
    return run_playbook(account, INVENTORY, verb, *arguments, bucket_prefix=f"fd-{account.id}", **OPTIONS, **extra)


@pytest.fixture(scope="module")
def dev(local_aws: LocalAws) -> Account:
    account = local_aws.account()
    account.region = REGION
    return account


@pytest.fixture(scope="module")
def preview(dev: Account) -> Run:
    since = dev.position()
    done = run(dev, "site", "--check", "--diff").ok()
    assert dev.writes(since) == []
    return done


@pytest.fixture(scope="module")
def converged(dev: Account, preview: Run) -> Run:
    return run(dev, "site").ok()


@pytest.fixture(scope="module")
def aws(dev: Account, converged: Run) -> Account:
    return dev


def test_preview_on_empty_equals_what_is_done(preview: Run, converged: Run) -> None:
    assert converged.summary
    assert preview.summary == converged.summary


def test_the_check_after_it_is_quiet(aws: Account) -> None:
    assert run(aws, "site", "--check", "--diff").ok().changes == []


def test_names_are_not_those_of_production(aws: Account) -> None:
    assert [b["LoadBalancerName"] for b in aws.client("elbv2").describe_load_balancers()["LoadBalancers"]] == [
        f"{NAME}-alb"
    ]
    assert [g["TargetGroupName"] for g in aws.client("elbv2").describe_target_groups()["TargetGroups"]] == [
        "ecs-targets-dev"
    ]
    secrets = {secret["Name"] for secret in aws.client("secretsmanager").list_secrets()["SecretList"]}
    assert secrets == {f"{NAME}/database", f"{NAME}/jwt", f"{NAME}/cognito"}
    assert [zone["Name"] for zone in aws.client("route53").list_hosted_zones()["HostedZones"]] == [
        "dev.yourdomain.com."
    ]


def test_it_is_cheap(aws: Account) -> None:
    ecs = aws.client("ecs")
    assert aws.client("ec2").describe_nat_gateways()["NatGateways"] == []
    (service,) = ecs.describe_services(cluster=NAME, services=[f"{NAME}-service"])["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert (definition["cpu"], definition["memory"], service["desiredCount"]) == ("256", "512", 2)
    assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    database = aws.client("rds").describe_db_instances(DBInstanceIdentifier=f"{NAME}-db")["DBInstances"][0]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.t4g.micro", False)
    (cluster,) = ecs.describe_clusters(clusters=[NAME], include=["SETTINGS"])["clusters"]
    assert {"name": "containerInsights", "value": "disabled"} in cluster["settings"]


def test_FD_08_the_tag_latest_moves_and_no_other(aws: Account) -> None:
    (found,) = aws.client("ecr").describe_repositories(repositoryNames=[f"{NAME}/app"])["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert [entry["filter"] for entry in found["imageTagMutabilityExclusionFilters"]] == ["latest"]


def test_FD_05_sticky_sessions(aws: Account) -> None:
    elb = aws.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    found = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
    attributes = {attribute["Key"]: attribute["Value"] for attribute in found}
    assert attributes["stickiness.enabled"] == "true"
    assert attributes["stickiness.type"] == "lb_cookie"  # its cookie is AWSALB
    assert attributes["stickiness.lb_cookie.duration_seconds"] == str(24 * 3600)


def test_FD_16_who_hears_of_alarms(aws: Account) -> None:
    sns = aws.client("sns")
    told = {}
    for severity in ("critical", "warning"):
        arn = f"arn:aws:sns:{REGION}:{aws.id}:{NAME}-{severity}"
        found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        told[severity] = [(subscription["Protocol"], subscription["Endpoint"]) for subscription in found]
    assert told == {
        "critical": [("https", OPTIONS["pagerduty_url"])],
        "warning": [("email", OPTIONS["alert_email"])],
    }


def test_FD_21_a_read_replica_and_fargate_spot(aws: Account) -> None:
    replica = aws.client("rds").describe_db_instances(DBInstanceIdentifier=f"{NAME}-db-replica")["DBInstances"][0]
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == f"{NAME}-db"
    (service,) = aws.client("ecs").describe_services(cluster=NAME, services=[f"{NAME}-service"])["services"]
    weights = {item["capacityProvider"]: item.get("weight", 0) for item in service["capacityProviderStrategy"]}
    assert weights.get("FARGATE", 0) == 0 and weights["FARGATE_SPOT"] > 0


def test_FD_22_development_costs_about_60_dollars(dev: Account, tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    plain = {"bucket_prefix": "fd", "format": "json", "cost_file": str(file)}
    run_playbook(dev, INVENTORY, "cost", **plain).ok()
    costs = json.loads(file.read_text())
    # 14.60 of it are public addresses, which AWS charges for since 2024; the document leaves them out.
    assert costs["total"] == pytest.approx(60, rel=0.15)


def test_destroys_to_empty(aws: Account) -> None:
    run(aws, "destroy", confirm=NAME, empty_buckets=True, github_oidc_provider_remove=True).ok()
    assert {what: there for what, there in state(aws).items() if there} == {}
