# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Project Oky's staging environment: the optional rows, switched on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.policies import policy_problems
from tests.support.state import state

pytestmark = pytest.mark.xdist_group("oky-staging")
INVENTORY = "inventories/oky/staging.yml"
NAME = "staging-oky"
CLUSTER = "staging-oky-ecs-cluster"
SERVICES = [f"{NAME}-ecs-{name}-task-service" for name in ("api", "cms")]
LOGS = "staging-oky-task-configuration-access-logs"
ALARMED = {"oky_alarm_email": "oncall@example.com"}


@pytest.fixture(scope="module")
def staging(local_aws: LocalAws) -> Account:
    account = local_aws.account()
    account.region = "eu-west-2"
    return account


@pytest.fixture(scope="module")
def preview(staging: Account) -> Run:
    since = staging.position()
    run = run_playbook(staging, INVENTORY, "site", "--check", **ALARMED).ok()
    assert staging.writes(since) == []
    return run


@pytest.fixture(scope="module")
def converged(staging: Account, preview: Run) -> Run:
    return run_playbook(staging, INVENTORY, "site", **ALARMED).ok()


@pytest.fixture(scope="module")
def aws(staging: Account, converged: Run) -> Account:
    return staging


def alarms(aws: Account) -> dict[str, dict[str, Any]]:
    found = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-alarms-")["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix(f"{NAME}-alarms-"): alarm for alarm in found}


def test_preview_on_empty_equals_what_is_done(preview: Run, converged: Run) -> None:
    assert converged.summary
    assert preview.summary == converged.summary


def test_a_second_converge_is_quiet(aws: Account) -> None:
    since = aws.position()
    for options in ([], ["--check", "--diff"]):
        assert run_playbook(aws, INVENTORY, "site", *options, **ALARMED).ok().changes == []
    assert aws.writes(since) == []


def test_its_own_names(aws: Account) -> None:
    assert sorted(each["repositoryName"] for each in aws.client("ecr").describe_repositories()["repositories"]) == [
        "oky-staging/api_en",
        "oky-staging/cms_en",
    ]
    (zone,) = aws.client("route53").list_hosted_zones()["HostedZones"]
    assert zone["Name"] == "staging.okyapp.info."
    found = aws.client("ecs").describe_services(cluster=CLUSTER, services=SERVICES)["services"]
    assert [each["status"] for each in found] == ["ACTIVE", "ACTIVE"]


def test_OK_15_a_firewall_in_front_of_the_distribution(aws: Account) -> None:
    waf = aws.client("wafv2", "us-east-1")
    (acl,) = waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    read = waf.get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])["WebACL"]
    managed = {rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in read["Rules"]}
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= managed
    (found,) = aws.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert found["WebACLId"] == acl["ARN"]


def test_OK_15_access_logs_of_the_load_balancer(aws: Account) -> None:
    elbv2 = aws.client("elbv2")
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    listed = elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in listed}
    assert (attributes["access_logs.s3.enabled"], attributes["access_logs.s3.bucket"]) == ("true", LOGS)
    statements = json.loads(aws.client("s3").get_bucket_policy(Bucket=LOGS)["Policy"])["Statement"]
    (delivery,) = [s for s in statements if s["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert delivery["Resource"] == f"arn:aws:s3:::{LOGS}/AWSLogs/{aws.id}/*"
    rules = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=LOGS)["Rules"]
    assert [rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})] == [90]


def test_OK_15_an_audit_trail(aws: Account) -> None:
    (trail,) = aws.client("cloudtrail").describe_trails()["trailList"]
    assert (trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"]) == (True, True)
    assert trail["S3BucketName"] == "staging-oky-task-configuration-audit"
    assert aws.client("cloudtrail").get_trail_status(Name=trail["TrailARN"])["IsLogging"] is True


def test_OK_15_autoscaling(aws: Account) -> None:
    scaling = aws.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    limits = {each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"]) for each in targets}
    assert limits == {f"service/{CLUSTER}/{name}": (1, 4) for name in SERVICES}
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    watched = {each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in policies}
    assert (len(policies), watched) == (4, {70.0, 80.0})


def test_OK_15_alarms_and_a_dashboard(aws: Account) -> None:
    found = alarms(aws)
    metrics = {name: (alarm.get("Namespace"), alarm.get("MetricName")) for name, alarm in found.items()}
    for name in ("api", "cms"):
        assert metrics[f"{name}-cpu"] == ("AWS/ECS", "CPUUtilization")
        assert metrics[f"{name}-memory"] == ("AWS/ECS", "MemoryUtilization")
    assert metrics["database-cpu"] == ("AWS/RDS", "CPUUtilization")
    assert metrics["database-acu"] == ("AWS/RDS", "ACUUtilization")  # silent as long as the instance is provisioned
    assert metrics["database-memory"] == ("AWS/RDS", "FreeableMemory")
    drawn = [each["MetricStat"]["Metric"] for each in found["load-balancer-errors"]["Metrics"] if "MetricStat" in each]
    assert "HTTPCode_Target_5XX_Count" in {each["MetricName"] for each in drawn}
    (topic,) = aws.client("sns").list_topics()["Topics"]
    assert all(topic["TopicArn"] in alarm["AlarmActions"] for alarm in found.values())
    (mailed,) = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    assert (mailed["Protocol"], mailed["Endpoint"]) == ("email", "oncall@example.com")
    assert len(aws.client("cloudwatch").list_dashboards()["DashboardEntries"]) == 1


def test_OK_15_patterns_in_logs(aws: Account) -> None:
    filters = aws.client("logs").describe_metric_filters()["metricFilters"]
    assert {each["logGroupName"] for each in filters} == {f"/ecs/{NAME}-ecs-{name}-task" for name in ("api", "cms")}
    for each in filters:
        (drawn,) = each["metricTransformations"]
        alarm = alarms(aws)[each["filterName"].rpartition("/")[2]]
        assert (alarm["Namespace"], alarm["MetricName"]) == (drawn["metricNamespace"], drawn["metricName"])


def test_OK_16_a_provisioned_instance(aws: Account) -> None:
    (instance,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert instance["DBInstanceClass"] == "db.t4g.medium"


def test_policies_are_sound_and_allow_no_more_than_they_must(aws: Account) -> None:
    assert policy_problems(aws) == []


def test_OK_16_the_instance_becomes_serverless_in_place(aws: Account) -> None:
    more = {**ALARMED, "oky_database_instance_class": "db.serverless", "rds_apply_immediately": True}
    run = run_playbook(aws, INVENTORY, "site", **more).ok()
    assert {(change["component"], change["action"]) for change in run.changes} == {("database", "update")}
    (instance,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert instance["DBInstanceClass"] == "db.serverless"


def test_destroy_leaves_nothing(aws: Account) -> None:
    run_playbook(aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True).ok()
    assert {what: there for what, there in state(aws).items() if there} == {}
