# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview equals what is done after a single edit of an environment too, and after changes by hand."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import ROOT, Account, LocalAws
from tests.support.playbook import Run, bucket, command, copy_of, edit, run_playbook
from tests.support.playbook import environment as environment_of

pytestmark = pytest.mark.xdist_group("edits")
NAME = "safebucket-dev"
Changes = set[tuple[str, str, str]]  # component, action, resource

# What a person edits, in this order, and what follows from it and from nothing else.
EDITS: list[tuple[str, str, dict[str, Any], Changes]] = [
    (
        "CPU",
        "app",
        {"ecs_service_cpu": 512, "ecs_service_memory": 1024},
        {("app", "update", "ECS task definition"), ("app", "update", "ECS service")},
    ),
    (
        "image",
        "loki",
        {"ecs_service_image": "docker.io/grafana/loki:3.2.0"},
        {("loki", "update", "ECS task definition"), ("loki", "update", "ECS service")},
    ),
    (
        "ingress rule",
        "tasks-sg",
        {"security_group_rules": [{"ports": [8080, 3100, 8025], "vpc_cidrs": True, "description": "The services"}]},
        {("tasks-sg", "update", "security group")},
    ),
    (
        "log retention",
        "mailpit",
        {"ecs_service_log_retention_days": 14},
        {("mailpit", "update", "CloudWatch log group")},
    ),
    (
        "alarm threshold",
        "alarms",
        {"monitoring_sqs_age_seconds": 1234},
        {("alarms", "update", "CloudWatch alarm")},
    ),
    (
        "queue's retention",
        "notifications",
        {"sqs_message_retention_seconds": 3600},
        {("notifications", "update", "SQS queue")},
    ),
    (
        "access string of the Redis users",
        "cache",
        {"elasticache_access_string": "on ~safebucket:* +@read +@write"},
        {("cache", "update", "ElastiCache user")},
    ),
    (
        "Redis parameter",
        "cache",
        {"elasticache_parameters": {"maxmemory-policy": "volatile-lru"}},
        {("cache", "update", "ElastiCache parameter group")},
    ),
    (
        "database parameter",
        "database",
        {"rds_parameters": {"shared_preload_libraries": "pg_stat_statements", "log_statement": "ddl"}},
        {("database", "update", "RDS parameter group")},
    ),
    (
        "autoscaling bounds",
        "app",
        {"safebucket_max_capacity": 7},
        {("app", "update", "scalable target")},
    ),
    (
        "removed alarm",
        "alarms",
        {"monitoring_disabled_alarms": ["rds.cpu"]},
        {("alarms", "delete", "CloudWatch alarm")},
    ),
    (
        "tag",
        "jwt-secret",
        {"secret_tags": {"Owner": "platform"}},
        {("jwt-secret", "update", "Secrets Manager secret")},
    ),
]


@dataclass
class Environment:
    """A converged copy of safebucket/dev with autoscaling on, to be edited."""

    account: Account
    inventories: Path

    def run(self, verb: str, *arguments: str) -> Run:
        extra = {"enable_autoscaling": True, **bucket(self.account)}
        return run_playbook(self.account, self.inventories / "dev.yml", verb, *arguments, **extra)

    def previewed_and_done(self) -> Run:
        """A converge; its preview said the same, with the same attributes, and wrote nothing."""
        since = self.account.position()
        preview = self.run("site", "--check", "--diff").ok()
        assert self.account.writes(since) == []
        done = self.run("site", "--diff").ok()
        assert preview.summary == done.summary
        assert attributes(preview) == attributes(done)
        return done


def attributes(run: Run) -> dict[tuple[str, ...], list[str]]:
    """Which attributes of what is updated change."""
    return {
        (c["component"], c["resource"], c["name"]): sorted(c["attributes"])
        for c in run.changes
        if c["action"] == "update"
    }


def changes(run: Run) -> Changes:
    return {(c["component"], c["action"], c["resource"]) for c in run.changes}


@pytest.fixture(scope="module")
def environment(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(local_aws.account(), copy_of("safebucket", tmp_path_factory.mktemp("edits")))
    made.run("site").ok()
    return made


@pytest.mark.parametrize(("component", "variables", "expected"), [e[1:] for e in EDITS], ids=[e[0] for e in EDITS])
def test_preview_of_a_single_edit_equals_what_is_done(
    environment: Environment, component: str, variables: dict[str, Any], expected: Changes
) -> None:
    edit(environment.inventories, component, variables)
    done = environment.previewed_and_done()
    assert changes(done) == expected
    assert all(attributes(done).values()), "an update says which attributes"


def change_by_hand(account: Account) -> None:
    """What an operator does at night: some of it changes resources, some of it deletes them."""
    sqs, ec2, logs = (account.client(service) for service in ("sqs", "ec2", "logs"))
    url = sqs.get_queue_url(QueueName="safebucket-s3-events-dev")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{NAME}-database-sg"]}])
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["SecurityGroups"][0]["GroupId"], IpPermissions=[opened])
    logs.delete_log_group(logGroupName=f"/ecs/{NAME}-loki")
    account.client("cloudwatch").delete_alarms(AlarmNames=[f"{NAME}-alarms-s3-events-age"])
    iam = account.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=f"{NAME}-app")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=f"{NAME}-app", PolicyArn=policy["PolicyArn"])
    account.client("s3").delete_public_access_block(Bucket=f"safebucket-storage-{account.id}")


def test_drift_is_found_listed_and_mended(environment: Environment) -> None:
    quiet = environment.run("drift")
    assert (quiet.status, quiet.changes) == (0, []), quiet.output[-3000:]
    change_by_hand(environment.account)
    since = environment.account.position()
    drift = environment.run("drift")
    assert drift.status == 2, drift.output[-3000:]
    assert environment.account.writes(since) == []
    assert changes(drift) == {
        ("s3-events", "update", "SQS queue"),
        ("database-sg", "update", "security group"),
        ("loki", "create", "CloudWatch log group"),
        ("alarms", "create", "CloudWatch alarm"),
        ("app-role", "update", "IAM role"),
        ("storage", "update", "S3 bucket"),
    }
    assert "message_retention_period: 60 -> " in drift.output
    assert environment.previewed_and_done().summary == drift.summary
    assert environment.run("drift").status == 0


def test_an_error_is_no_difference(environment: Environment) -> None:
    environment.account.fault(
        service="sqs", operation="GetQueueAttributes", code="AccessDenied", message="not yours", status=403, times=9
    )
    failed = environment.run("drift")
    assert failed.status == 1, failed.output[-3000:]
    assert "not yours" in failed.output


def test_without_the_callback_drift_refuses_to_say_that_nothing_differs(account: Account) -> None:
    without = environment_of(account, ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.oneline")
    run = subprocess.run(
        command("inventories/tiny/dev.yml", "drift"), cwd=ROOT, env=without, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert "drift.yml needs the callback slipway.fargate.plan" in run.stdout
