# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semiont's staging: what is optional, switched on; and a database that is backed up and restored."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.policies import policy_problems
from tests.support.state import state
from tests.verbs.environment import push

pytestmark = pytest.mark.xdist_group("semiont-staging")
INVENTORY = "inventories/semiont/staging.yml"
NAME = "semiont-staging"
SNAPSHOT = "semiont-snapshot-2025-10-23"


@pytest.fixture(scope="module")
def staging(local_aws: LocalAws) -> Account:
    account = local_aws.account()
    account.region = "us-east-1"
    return account


@pytest.fixture(scope="module")
def rotator(staging: Account) -> dict[str, str]:
    """A function that rotates the password, as AWS has them ready."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = staging.client("iam").create_role(
        RoleName="rotate", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("rotate.py", "def handler(event, context): pass")
    function = staging.client("lambda").create_function(
        FunctionName="rotate",
        Runtime="python3.12",
        Role=role,
        Handler="rotate.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return {"semiont_rotation_lambda_arn": function["FunctionArn"]}


@pytest.fixture(scope="module")
def runs(staging: Account, rotator: dict[str, str]) -> tuple[Run, Run]:
    since = staging.position()
    previewed = run_playbook(staging, INVENTORY, "site", "--check", **rotator).ok()
    assert staging.writes(since) == []
    return previewed, run_playbook(staging, INVENTORY, "site", **rotator).ok()


@pytest.fixture(scope="module")
def aws(staging: Account, runs: tuple[Run, Run]) -> Account:
    return staging


def database(aws: Account, name: str = f"{NAME}-database") -> dict[str, Any]:
    return aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def task(aws: Account, name: str) -> dict[str, Any]:
    ecs = aws.client("ecs")
    (found,) = ecs.describe_services(cluster=f"{NAME}-cluster", services=[f"{NAME}-{name}"])["services"]
    return ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]


def policy(aws: Account, name: str) -> dict[str, Any]:
    iam = aws.client("iam")
    found = iam.get_policy(PolicyArn=f"arn:aws:iam::{aws.id}:policy/{name}")["Policy"]
    version = iam.get_policy_version(PolicyArn=found["Arn"], VersionId=found["DefaultVersionId"])
    return version["PolicyVersion"]["Document"]


def test_preview_on_empty_equals_what_is_done_and_the_second_converge_is_quiet(
    aws: Account, runs: tuple[Run, Run], rotator: dict[str, str]
) -> None:
    previewed, done = runs
    assert previewed.summary == done.summary != set()
    since = aws.position()
    for options in ([], ["--check", "--diff"]):
        assert run_playbook(aws, INVENTORY, "site", *options, **rotator).ok().changes == []
    assert aws.writes(since) == []


def test_SE_23_flow_logs_and_multi_az(aws: Account) -> None:
    (flows,) = aws.client("ec2").describe_flow_logs()["FlowLogs"]
    assert (flows["TrafficType"], flows["LogGroupName"]) == ("ALL", f"/vpc/{NAME}-network")
    assert database(aws)["MultiAZ"] is True


def test_SE_23_redis_for_the_backend(aws: Account) -> None:
    (cache,) = aws.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (cache["TransitEncryptionEnabled"], cache["AtRestEncryptionEnabled"]) == (True, True)
    assert len(cache["MemberClusters"]) == 2
    backend = next(c for c in task(aws, "backend")["containerDefinitions"] if c["name"] == "backend")
    address = cache["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert {"name": "REDIS_ENDPOINT", "value": f"{address}:6379"} in backend["environment"]
    assert "REDIS_PASSWORD" in {secret["name"] for secret in backend["secrets"]}


def test_SE_23_config_records_and_judges(aws: Account) -> None:
    config = aws.client("config")
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["name"] == f"{NAME}-history"
    assert recorder["roleARN"].endswith(":role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")
    assert recorder["recordingGroup"]["exclusionByResourceTypes"] == {"resourceTypes": ["AWS::EC2::NetworkInterface"]}
    (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is True
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == f"{NAME}-history-files"
    delivered = aws.client("s3").list_objects_v2(Bucket=f"{NAME}-history-files")["Contents"]
    assert delivered[0]["Key"].startswith(f"AWSLogs/{aws.id}/Config/")
    rules = {rule["ConfigRuleName"]: rule for rule in config.describe_config_rules()["ConfigRules"]}
    assert {
        name.removeprefix(f"{NAME}-history-"): rule["Source"]["SourceIdentifier"] for name, rule in rules.items()
    } == {
        "database-encrypted": "RDS_STORAGE_ENCRYPTED",
        "database-private": "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
        "database-in-two-zones": "RDS_MULTI_AZ_SUPPORT",
        "files-encrypted": "EFS_ENCRYPTED_CHECK",
        "flows-logged": "VPC_FLOW_LOGS_ENABLED",
    }
    assert json.loads(rules[f"{NAME}-history-flows-logged"]["InputParameters"]) == {"trafficType": "ALL"}


def test_SE_23_guardduty_watches_the_database_and_the_tasks(aws: Account) -> None:
    guardduty = aws.client("guardduty")
    (identifier,) = guardduty.list_detectors()["DetectorIds"]
    detector = guardduty.get_detector(DetectorId=identifier)
    assert (detector["Status"], detector["FindingPublishingFrequency"]) == ("ENABLED", "FIFTEEN_MINUTES")
    on = {feature["Name"]: feature for feature in detector["Features"] if feature["Status"] == "ENABLED"}
    assert set(on) - {"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"} == {"RDS_LOGIN_EVENTS", "RUNTIME_MONITORING"}
    agents = on["RUNTIME_MONITORING"]["AdditionalConfiguration"]
    assert [agent["Name"] for agent in agents if agent["Status"] == "ENABLED"] == ["ECS_FARGATE_AGENT_MANAGEMENT"]


@pytest.mark.parametrize("name", ["frontend", "backend"])
def test_SE_23_tasks_may_pull_the_agent_of_guardduty(aws: Account, name: str) -> None:
    document = json.dumps(policy(aws, f"{NAME}-{name}-execution"))
    assert "arn:aws:ecr:us-east-1:593207742271:repository/aws-guardduty-agent-fargate" in document


def test_SE_05_SE_23_the_password_rotates(aws: Account, rotator: dict[str, str]) -> None:
    secret = aws.client("secretsmanager").describe_secret(SecretId="semiont/staging/database")
    assert secret["RotationEnabled"] is True
    assert secret["RotationLambdaARN"] == rotator["semiont_rotation_lambda_arn"]
    assert secret["RotationRules"]["AutomaticallyAfterDays"] == 30


@pytest.mark.parametrize("name", ["frontend", "backend"])
def test_SE_23_tracing(aws: Account, name: str) -> None:
    definition = task(aws, name)
    containers = {item["name"]: item for item in definition["containerDefinitions"]}
    assert set(containers) == {name, "xray"}
    assert containers["xray"]["essential"] is False
    assert [(p["containerPort"], p["protocol"]) for p in containers["xray"]["portMappings"]] == [(2000, "udp")]
    assert containers[name]["healthCheck"]["command"][0] == "CMD-SHELL"
    assert "xray:PutTraceSegments" in json.dumps(policy(aws, f"{NAME}-{name}-task"))


def traffic(aws: Account) -> dict[str, tuple[int, int]]:
    """By service, what of production goes to its target group and to its alternate one."""
    elb = aws.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=[f"{NAME}-alb"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    weights: dict[str, int] = {}
    for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        weights |= {group["TargetGroupArn"].split("/")[1]: group["Weight"] for group in groups}
    return {name: (weights[f"{NAME}-{name}"], weights[f"{NAME}-{name}-alt"]) for name in ("frontend", "backend")}


def test_SE_23_a_blue_green_deployment_ends_on_the_other_target_group(aws: Account) -> None:
    names = [f"{NAME}-{name}" for name in ("frontend", "backend")]
    services = aws.client("ecs").describe_services(cluster=f"{NAME}-cluster", services=names)["services"]
    assert [item["deploymentConfiguration"]["strategy"] for item in services] == ["BLUE_GREEN"] * 2
    assert traffic(aws) == {"frontend": (100, 0), "backend": (100, 0)}
    push(aws, "1.1.0", repository=f"{NAME}-backend-images")
    run_playbook(aws, INVENTORY, "publish", image_tag="1.1.0", service="backend").ok()
    assert traffic(aws) == {"frontend": (100, 0), "backend": (0, 100)}
    images = {item["name"]: item["image"] for item in task(aws, "backend")["containerDefinitions"]}
    assert images["backend"].endswith("-backend-images:1.1.0")


def test_policies_are_least_privilege(aws: Account) -> None:
    assert policy_problems(aws) == []


def test_SE_21_SE_22_a_snapshot_is_made_and_restored_beside_the_old_one(aws: Account) -> None:
    run_playbook(aws, INVENTORY, "backup", snapshot=SNAPSHOT).ok()
    (snapshot,) = aws.client("rds").describe_db_snapshots(DBSnapshotIdentifier=SNAPSHOT)["DBSnapshots"]
    assert (snapshot["DBInstanceIdentifier"], snapshot["SnapshotType"]) == (f"{NAME}-database", "manual")
    before = database(aws)
    run_playbook(aws, INVENTORY, "restore", snapshot=SNAPSHOT, restored_name="semiont-restored").ok()
    restored = database(aws, "semiont-restored")
    assert (restored["DBInstanceStatus"], restored["StorageEncrypted"]) == ("available", True)
    assert restored["DBInstanceClass"] == "db.t3.micro"
    assert {s["SubnetIdentifier"] for s in restored["DBSubnetGroup"]["Subnets"]} == {
        s["SubnetIdentifier"] for s in before["DBSubnetGroup"]["Subnets"]
    }
    assert database(aws)["DbiResourceId"] == before["DbiResourceId"]


def test_destroy_leaves_nothing(aws: Account, rotator: dict[str, str]) -> None:
    rds = aws.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="semiont-restored", DeletionProtection=False)
    rds.delete_db_snapshot(DBSnapshotIdentifier=SNAPSHOT)
    gone = {"rds_deletion_protection": False, "rds_skip_final_snapshot": True, "secret_recovery_window_days": 0}
    run_playbook(
        aws, INVENTORY, "destroy", "--limit", "database", confirm=NAME, rds_name="semiont-restored", **gone, **rotator
    ).ok()
    run_playbook(aws, INVENTORY, "data", **gone, **rotator).ok()
    run_playbook(
        aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True, ecr_force_delete=True, **gone, **rotator
    ).ok()
    aws.client("lambda").delete_function(FunctionName="rotate")
    aws.client("logs").delete_log_group(logGroupName="/aws/lambda/rotate")  # of its runs
    aws.client("iam").delete_role(RoleName="rotate")
    assert {what: there for what, there in state(aws).items() if there} == {}
