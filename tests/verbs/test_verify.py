# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FD-20: the deployment checklist against an account where all is well, and then is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.local_aws import Account, LocalAws
from tests.support.modules import run_module
from tests.support.playbook import Run, run_playbook
from tests.verbs.environment import push

pytestmark = pytest.mark.xdist_group("verify")
NAME = "shop-prod"


def inventory(account: Account) -> dict[str, Any]:
    """An environment of the kinds that the document's list names."""
    group = {"security_group_description": "Test", "security_group_rules": [{"ports": [443, 5432], "vpc_cidrs": True}]}
    return {
        "plugin": "slipway.fargate.stack",
        "stack_name": "shop",
        "stack_environment": "prod",
        "components": {
            "vpc": ["network"],
            "security_group": {"tasks-sg": group},
            "secret": ["password"],
            "sqs": ["orders"],
            "s3_bucket": {"files": {"s3_bucket_name": f"files-{account.id}"}},
            "ecr": ["images"],
            "rds": {"database": {"rds_password_secret": "password", "rds_security_groups": ["tasks-sg"]}},
            "ecs_cluster": ["cluster"],
            "alb": {
                "front": {
                    "alb_security_groups": ["tasks-sg"],
                    "alb_target_groups": {"web": {"port": 8080, "health_check": {"path": "/api/health"}}},
                    "alb_listeners": [{"port": 80, "target_group": "web"}],
                }
            },
            "ecs_service": {
                "web": {
                    "ecs_service_image": "docker.io/library/web:1",
                    "ecs_service_ports": [{"port": 8080}],
                    "ecs_service_security_groups": ["tasks-sg"],
                    "ecs_service_target_groups": [{"load_balancer": "front", "target_group": "web", "port": 8080}],
                    "ecs_service_autoscaling": {"min": 1, "max": 3, "cpu_target": 70},
                    "ecs_service_assign_public_ip": True,
                }
            },
            "monitoring": {"alarms": {"monitoring_targets": ["orders", "database"]}},
        },
        "vars": {"aws_region": account.region, "ecs_cluster_namespace": ""},
    }


@pytest.fixture(scope="module")
def shop(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, Path]:
    account = local_aws.account()
    path = tmp_path_factory.mktemp("verify") / "prod.yml"
    path.write_text(yaml.safe_dump(inventory(account), sort_keys=False))
    run_playbook(account, path, "site").ok()
    push(account, "v1", repository=f"{NAME}-images")
    return account, path


def verify(
    shop: tuple[Account, Path], *arguments: str, **extra: Any
) -> tuple[Run, dict[tuple[str, str], dict[str, str]]]:
    """A run that writes nothing, and its items."""
    account, path = shop
    since, saved = account.position(), path.with_suffix(".json")
    run = run_playbook(account, path, "verify", *arguments, format="json", verify_file=str(saved), **extra)
    assert account.writes(since) == []
    items = json.loads(saved.read_text())["items"]
    return run, {(entry["component"], entry["item"]): entry for entry in items}


def failed(items: dict[tuple[str, str], dict[str, str]]) -> set[tuple[str, str]]:
    return {key for key, entry in items.items() if entry["status"] == "failed"}


def test_FD_20_each_item_passes_or_is_not_applicable_with_its_evidence(shop: tuple[Account, Path]) -> None:
    run, items = verify(shop)
    assert failed(items) == set(), run.output[-3000:]
    assert run.status == 0
    assert all(entry["evidence"] for entry in items.values())
    status = {key: entry["status"] for key, entry in items.items()}
    for key in (
        ("network", "the VPC is there"),
        ("tasks-sg", "databases and shells are closed to the internet"),
        ("front", "the load balancer is active"),
        ("front", "targets of web are healthy"),
        ("database", "the database runs"),
        ("database", "connections must use TLS"),
        ("images", "there is an image"),
        ("password", "the secret has a value"),
        ("web", "its execution role is there"),
        ("web", "all its tasks run"),
        ("web", "it scales"),
        ("web", "its logs are kept for a limited time"),
        ("alarms", "alarms tell somebody"),
    ):
        assert status[key] == "passed", key
    for key in (
        ("database", "it has a standby in another zone"),
        ("front", "it listens for HTTPS"),
        ("alarms", "dashboards are there"),
        ("web", "its health endpoint answers"),  # the local AWS's load balancers have no address
    ):
        assert status[key] == "not applicable", key
    assert "not reachable from here" in items["web", "its health endpoint answers"]["evidence"]


def test_it_works_in_check_mode_and_for_some_components_as_text(shop: tuple[Account, Path]) -> None:
    run = run_playbook(*shop, "verify", "--check", "--limit", "database").ok()
    assert "ok      database  its storage is encrypted" in run.output
    assert "6 passed, 0 failed, 1 not applicable" in run.output and "orders" not in run.output


def test_what_runs_costs_what_the_inventory_says(shop: tuple[Account, Path]) -> None:
    """cost.yml reads databases, load balancers and services back in the same terms."""
    account, path = shop

    def differences(**extra: Any) -> dict[str, float]:
        saved = path.with_suffix(".cost.json")
        run_playbook(account, path, "cost", compare="running", format="json", cost_file=str(saved), **extra).ok()
        rows = json.loads(saved.read_text())["difference"]["components"]
        return {row["name"]: row["change"] for row in rows if row["change"]}

    assert differences() == {}
    larger = differences(rds_multi_az=True, rds_replicas=[{"name": "reader"}], ecs_service_architecture="X86_64")
    # A standby and a replica: twice the instance of 730 x 0.017 and twice 20 GB at 0.127.
    assert larger == {"database": pytest.approx(2 * (12.41 + 2.54), abs=0.02), "web": pytest.approx(1.80, abs=0.02)}


def test_FD_20_what_is_not_as_it_should_be_fails_with_its_evidence(shop: tuple[Account, Path]) -> None:
    """Each of them broken through boto3; the last test of this environment."""
    account, _ = shop
    ec2, rds, ecs, cloudwatch = (account.client(name) for name in ("ec2", "rds", "ecs", "cloudwatch"))
    s3, logs, scaling = (account.client(name) for name in ("s3", "logs", "application-autoscaling"))
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{NAME}-tasks-sg"]}])
    anybody = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["SecurityGroups"][0]["GroupId"], IpPermissions=[anybody])
    rds.modify_db_instance(
        DBInstanceIdentifier=f"{NAME}-database",
        BackupRetentionPeriod=0,
        DeletionProtection=False,
        PubliclyAccessible=True,
        ApplyImmediately=True,
    )
    ecs.update_service(cluster=f"{NAME}-cluster", service=f"{NAME}-web", desiredCount=0)
    s3.delete_public_access_block(Bucket=f"files-{account.id}")
    logs.delete_retention_policy(logGroupName=f"/ecs/{NAME}-web")
    resource = f"service/{NAME}-cluster/{NAME}-web"
    scaling.deregister_scalable_target(
        ServiceNamespace="ecs", ResourceId=resource, ScalableDimension="ecs:service:DesiredCount"
    )
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    cloudwatch.disable_alarm_actions(AlarmNames=[alarm])
    account.client("ecr").batch_delete_image(repositoryName=f"{NAME}-images", imageIds=[{"imageTag": "v1"}])
    run, items = verify(shop)
    assert run.status != 0
    assert failed(items) == {
        ("tasks-sg", "databases and shells are closed to the internet"),
        ("database", "it is backed up every day"),
        ("database", "it is protected from deletion"),
        ("database", "it has no public address"),
        ("web", "all its tasks run"),
        ("web", "it scales"),
        ("web", "its logs are kept for a limited time"),
        ("front", "targets of web are healthy"),
        ("files", "it is not public"),
        ("images", "there is an image"),
        ("alarms", "alarms tell somebody"),
        ("alarms", "no alarm is raised"),
    }
    said = {key[1]: items[key]["evidence"] for key in failed(items)}
    assert said["databases and shells are closed to the internet"] == "open to anybody: 5432 (PostgreSQL)"
    assert alarm in said["no alarm is raised"] and said["it scales"].startswith("not registered")
    assert "12 failed" in run.output


def test_what_is_not_there_fails(local_aws: LocalAws, tmp_path: Path) -> None:
    account, path = local_aws.account(), tmp_path / "prod.yml"
    path.write_text(yaml.safe_dump(inventory(account), sort_keys=False))
    run, items = verify((account, path))
    assert run.status != 0
    assert items["database", "it is there"]["evidence"].startswith(
        f"there is no RDS database {NAME}-database; converge"
    )
    assert ("network", "the VPC is there") in items, "the default VPC is there"


def test_what_cannot_be_read_is_an_item_that_failed(account: Account) -> None:
    account.fault(service="sqs", operation="GetQueueUrl", code="AccessDenied", message="no", status=403)
    facts = {"kind": "sqs", "name": "orders", "exists": True}
    (item,) = run_module(account, "checklist_info", component="orders", facts=facts)["items"]
    assert (item["item"], item["status"]) == ("SQS queue orders can be read", "failed")
    assert "AccessDenied" in item["evidence"]


def test_a_role_of_workflows_is_for_the_repository_alone(account: Account) -> None:
    iam = account.client("iam")
    facts = {"kind": "github", "name": "x", "exists": True, "repository": "shop/web"}

    def found(role: str) -> list[str]:
        arn = f"arn:aws:iam::{account.id}:role/{role}"
        items = run_module(account, "checklist_info", component="x", facts={**facts, "role_arn": arn})["items"]
        return [entry["status"] for entry in items]

    for name, subject in {"own": "repo:shop/web:ref:refs/heads/main", "any": "repo:*", "none": None}.items():
        condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}} if subject else {}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}
        statement["Principal"] = {"Federated": f"arn:aws:iam::{account.id}:oidc-provider/x"}
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    assert found("own") == ["passed", "passed"]
    assert found("any") == found("none") == ["passed", "failed"]
    assert found("gone") == ["failed"]


def test_a_certificate_that_is_not_issued_fails(account: Account) -> None:
    arn = account.client("acm", "us-east-1").request_certificate(DomainName="example.org", ValidationMethod="DNS")
    facts = {"kind": "certificate", "name": "tls", "exists": True, "arn": arn["CertificateArn"], "region": "us-east-1"}
    (item,) = run_module(account, "checklist_info", component="tls", facts=facts)["items"]
    assert (item["status"], item["evidence"].split(",")[0]) == ("failed", "example.org PENDING_VALIDATION")


def test_a_kind_without_checks_is_not_applicable(account: Account) -> None:
    facts = {"kind": "tea", "name": "shop", "exists": True}
    (item,) = run_module(account, "checklist_info", component="shop", facts=facts)["items"]
    assert item["status"] == "not applicable"
