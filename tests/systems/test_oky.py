# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Project Oky's production environment, row by row: one converge, read back from AWS through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.policies import policy_problems
from tests.support.state import state

pytestmark = pytest.mark.xdist_group("oky")
INVENTORY = "inventories/oky/production.yml"
NAME = "project-oky"
CLUSTER = "project-oky-ecs-cluster"
BUCKET = "project-oky-task-configuration"
HOSTS = ["api.okyapp.info", "cms.okyapp.info"]
ZONES = {"eu-west-2a", "eu-west-2b"}
UNPROTECTED = {"rds_deletion_protection": False, "alb_deletion_protection": False, "rds_skip_final_snapshot": True}
ORIGIN_FACING = "com.amazonaws.global.cloudfront.origin-facing"


@pytest.fixture(scope="module")
def production(local_aws: LocalAws) -> Iterator[Account]:
    account = local_aws.account()
    account.region = "eu-west-2"
    yield account


@pytest.fixture(scope="module")
def preview(production: Account) -> Run:
    """The preview on the empty account."""
    since = production.position()
    run = run_playbook(production, INVENTORY, "site", "--check", "--diff").ok()
    assert production.writes(since) == []
    return run


@pytest.fixture(scope="module")
def converged(production: Account, preview: Run) -> Run:
    return run_playbook(production, INVENTORY, "site").ok()


@pytest.fixture(scope="module")
def aws(production: Account, converged: Run) -> Account:
    return production


def vpc(aws: Account) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [f"{NAME}-network"]}])["Vpcs"]
    return found


def subnets(aws: Account, tier: str) -> dict[str, str]:
    """By zone."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc(aws)["VpcId"]]},
        {"Name": "tag:Name", "Values": [f"{NAME}-network-{tier}-*"]},
    ]
    found = aws.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in found}


def routes(aws: Account, subnet: str) -> list[dict[str, Any]]:
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (table,) = aws.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return table["Routes"]


def security_group(aws: Account, component: str) -> dict[str, Any]:
    filters = [{"Name": "group-name", "Values": [f"{NAME}-{component}"]}]
    (group,) = aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return group


def admitted(aws: Account, component: str) -> set[tuple[str, int | None, int | None, str]]:
    """Protocol, ports and whom, by name."""
    ec2 = aws.client("ec2")
    names = {group["GroupId"]: group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    names |= {
        each["PrefixListId"]: each["PrefixListName"] for each in ec2.describe_managed_prefix_lists()["PrefixLists"]
    }
    found = set()
    for rule in security_group(aws, component)["IpPermissions"]:
        whom = [each["CidrIp"] for each in rule["IpRanges"]] + [each["CidrIpv6"] for each in rule.get("Ipv6Ranges", [])]
        whom += [names[each["GroupId"]] for each in rule["UserIdGroupPairs"]]
        whom += [names[each["PrefixListId"]] for each in rule.get("PrefixListIds", [])]
        found |= {(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), each) for each in whom}
    return found


def service(aws: Account, name: str) -> dict[str, Any]:
    asked = aws.client("ecs").describe_services(cluster=CLUSTER, services=[f"{NAME}-ecs-{name}-task-service"])
    return asked["services"][0]


def task(aws: Account, name: str, revision: str = "") -> dict[str, Any]:
    arn = revision or service(aws, name)["taskDefinition"]
    return aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def variables(aws: Account, name: str) -> dict[str, str]:
    """What a task of the service is told: its environment file."""
    (file,) = task(aws, name)["containerDefinitions"][0]["environmentFiles"]
    bucket, _, key = file["value"].removeprefix("arn:aws:s3:::").partition("/")
    text = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def secret_value(aws: Account, component: str) -> str:
    return aws.client("secretsmanager").get_secret_value(SecretId=f"{NAME}-{component}")["SecretString"]


def certificate(aws: Account, arn: str) -> dict[str, Any]:
    return aws.client("acm", arn.split(":")[3]).describe_certificate(CertificateArn=arn)["Certificate"]


def distribution(aws: Account) -> dict[str, Any]:
    cloudfront = aws.client("cloudfront")
    (item,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    return cloudfront.get_distribution(Id=item["Id"])["Distribution"]


def balancer(aws: Account) -> dict[str, Any]:
    (found,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return found


def listener(aws: Account) -> dict[str, Any]:
    (found,) = aws.client("elbv2").describe_listeners(LoadBalancerArn=balancer(aws)["LoadBalancerArn"])["Listeners"]
    return found


def policy(aws: Account, name: str) -> dict[str, dict[str, Any]]:
    """The statements of a policy of the account, by Sid."""
    iam = aws.client("iam")
    arn = f"arn:aws:iam::{aws.id}:policy/{name}"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def push(aws: Account, repository: str, tag: str) -> None:
    manifest = f'{{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "tag": "{tag}"}}'
    aws.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)


def without_image(definition: dict[str, Any]) -> dict[str, Any]:
    assigned = {"taskDefinitionArn", "revision", "registeredAt", "registeredBy", "containerDefinitions"}
    containers = [{**container, "image": ""} for container in definition["containerDefinitions"]]
    return {key: value for key, value in definition.items() if key not in assigned} | {"containers": containers}


def test_preview_on_empty_equals_what_is_done(preview: Run, converged: Run) -> None:
    assert converged.summary
    assert preview.summary == converged.summary


def test_second_converge_and_the_check_after_it_are_quiet(aws: Account) -> None:
    since = aws.position()
    assert run_playbook(aws, INVENTORY, "site").ok().changes == []
    assert run_playbook(aws, INVENTORY, "site", "--check", "--diff").ok().changes == []
    assert aws.writes(since) == []


def test_OK_01_public_and_private_subnets_in_two_zones_and_no_nat_gateway(aws: Account) -> None:
    assert set(subnets(aws, "public")) == set(subnets(aws, "private")) == ZONES
    for subnet in subnets(aws, "public").values():
        (out,) = [r for r in routes(aws, subnet) if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out["GatewayId"].startswith("igw-")
    for subnet in subnets(aws, "private").values():
        assert [r for r in routes(aws, subnet) if r.get("DestinationCidrBlock") == "0.0.0.0/0"] == []
    assert aws.client("ec2").describe_nat_gateways()["NatGateways"] == []


def test_OK_02_endpoints(aws: Account) -> None:
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    by_service = {each["ServiceName"].removeprefix("com.amazonaws.eu-west-2."): each for each in endpoints}
    assert set(by_service) == {"s3", "logs", "ecr.api", "ecr.dkr"}
    gateway = by_service.pop("s3")
    assert gateway["VpcEndpointType"] == "Gateway"
    for subnet in subnets(aws, "private").values():
        assert gateway["VpcEndpointId"] in {route.get("GatewayId") for route in routes(aws, subnet)}
    group = security_group(aws, "endpoints-sg")["GroupId"]
    for endpoint in by_service.values():
        assert endpoint["VpcEndpointType"] == "Interface"
        assert endpoint["PrivateDnsEnabled"] is True
        assert set(endpoint["SubnetIds"]) == set(subnets(aws, "private").values())
        assert [each["GroupId"] for each in endpoint["Groups"]] == [group]
    # The document's figure: all traffic of both groups.
    assert admitted(aws, "endpoints-sg") == {("-1", None, None, f"{NAME}-{name}-sg") for name in ("api", "cms")}


def test_OK_03_cloudfront_for_both_hosts_with_the_balancer_as_only_origin_and_no_cache(aws: Account) -> None:
    found = distribution(aws)
    config = found["DistributionConfig"]
    assert (found["Status"], config["Enabled"]) == ("Deployed", True)
    assert sorted(config["Aliases"]["Items"]) == HOSTS
    (origin,) = config["Origins"]["Items"]
    assert origin["DomainName"] == balancer(aws)["DNSName"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    behavior = config["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # Managed-CachingDisabled
    # The load balancer decides by Host, and CloudFront compares its certificate with it.
    assert behavior["OriginRequestPolicyId"] == "216adef6-5c7f-47e4-b989-5492eafa07d3"  # Managed-AllViewer
    assert len(behavior["AllowedMethods"]["Items"]) == 7
    assert config["CacheBehaviors"]["Quantity"] == 0
    assert ":us-east-1:" in config["ViewerCertificate"]["ACMCertificateArn"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"].startswith("TLSv1.2")
    zone = aws.client("route53").list_hosted_zones_by_name(DNSName="okyapp.info")["HostedZones"][0]["Id"]
    records = aws.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    leading = {(r["Name"], r["Type"]): r["AliasTarget"]["DNSName"].rstrip(".") for r in records if "AliasTarget" in r}
    assert leading == {(f"{host}.", kind): found["DomainName"] for host in HOSTS for kind in ("A", "AAAA")}


def test_OK_04_certificates_in_both_regions(aws: Account) -> None:
    edge = certificate(aws, distribution(aws)["DistributionConfig"]["ViewerCertificate"]["ACMCertificateArn"])
    front = certificate(aws, listener(aws)["Certificates"][0]["CertificateArn"])
    assert edge["CertificateArn"].split(":")[3] == "us-east-1"
    assert front["CertificateArn"].split(":")[3] == "eu-west-2"
    for found in (edge, front):
        assert found["Status"] == "ISSUED"
        assert sorted(found["SubjectAlternativeNames"]) == HOSTS


def test_OK_05_the_load_balancer(aws: Account) -> None:
    found = balancer(aws)
    assert found["Scheme"] == "internet-facing"
    assert {zone["SubnetId"] for zone in found["AvailabilityZones"]} == set(subnets(aws, "public").values())
    assert found["SecurityGroups"] == [security_group(aws, "alb-sg")["GroupId"]]
    assert admitted(aws, "alb-sg") == {("tcp", 443, 443, ORIGIN_FACING)}
    elbv2 = aws.client("elbv2")
    groups = {each["TargetGroupArn"]: each for each in elbv2.describe_target_groups()["TargetGroups"]}
    assert sorted(each["TargetGroupName"] for each in groups.values()) == [f"{NAME}-api", f"{NAME}-cms"]
    assert (listener(aws)["Protocol"], listener(aws)["Port"]) == ("HTTPS", 443)
    leading = {}
    for rule in elbv2.describe_rules(ListenerArn=listener(aws)["ListenerArn"])["Rules"]:
        hosts = [value for each in rule["Conditions"] for value in each["HostHeaderConfig"]["Values"]]
        leading[tuple(hosts)] = groups[rule["Actions"][0]["TargetGroupArn"]]["TargetGroupName"]
    assert leading == {(HOSTS[0],): f"{NAME}-api", (HOSTS[1],): f"{NAME}-cms", (): f"{NAME}-api"}


def test_OK_06_the_cluster_and_its_services(aws: Account) -> None:
    ecs = aws.client("ecs")
    (cluster,) = ecs.describe_clusters(clusters=[CLUSTER], include=["SETTINGS"])["clusters"]
    assert {each["name"]: each["value"] for each in cluster["settings"]}["containerInsights"] == "enabled"
    assert cluster["runningTasksCount"] == 2
    for name in ("api", "cms"):
        found = service(aws, name)
        assert (found["desiredCount"], found["runningCount"]) == (1, 1)
        network = found["networkConfiguration"]["awsvpcConfiguration"]
        assert set(network["subnets"]) == set(subnets(aws, "private").values())
        assert network["assignPublicIp"] == "DISABLED"
        assert network["securityGroups"] == [security_group(aws, f"{name}-sg")["GroupId"]]
        definition = task(aws, name)
        assert definition["family"] == f"project-oky-ecs-{name}-task"
        assert definition["requiresCompatibilities"] == ["FARGATE"]
        image = definition["containerDefinitions"][0]["image"]
        assert image == f"{aws.id}.dkr.ecr.eu-west-2.amazonaws.com/oky/{name}_en:2025_05"


def test_OK_07_a_file_of_variables_for_each_service(aws: Account) -> None:
    (cluster,) = aws.client("rds").describe_db_clusters()["DBClusters"]
    database = {
        "DATABASE_TYPE": "postgres",
        "DATABASE_HOST": cluster["Endpoint"],
        "DATABASE_PORT": "5432",
        "DATABASE_USERNAME": "periodtracker",
        "DATABASE_PASSWORD": secret_value(aws, "database-password"),
        "DATABASE_NAME": "periodtracker",
        "DATABASE_SCHEMA": "periodtracker",
        "DATABASE_SYNCHRONIZE": "false",
        "DATABASE_LOGGING": "false",
        "PGSSLMODE": "no-verify",
    }
    ports = {"NODE_ENV": "production", "API_PORT": "3000", "CMS_PORT": "5000"}
    api, cms = variables(aws, "api"), variables(aws, "cms")
    assert api.pop("DELETE_ACCOUNT_URL").startswith("https://")
    assert api == {
        **ports,
        **database,
        "APPLICATION_SECRET": secret_value(aws, "application-secret"),
        "SECONDARY_APPLICATION_SECRET": secret_value(aws, "secondary-application-secret"),
    }
    passport = secret_value(aws, "passport-secret")
    assert cms == {**ports, **database, "PASSPORT_SECRET": passport, "DEFAULT_LOCALE": "en", "LOG_LEVEL": "info"}
    s3 = aws.client("s3")
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert keys == {f"project_oky_{name}_task_configuration.env" for name in ("api", "cms")}
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())


def test_OK_07_no_run_shows_a_secret(aws: Account, preview: Run, converged: Run) -> None:
    for component in ("database-password", "application-secret", "secondary-application-secret", "passport-secret"):
        value = secret_value(aws, component)
        assert len(value) >= 32
        for run in (preview, converged):
            assert value not in run.output
            assert value not in json.dumps(run.plan)


def test_OK_08_task_roles_read_objects_of_that_bucket_only(aws: Account) -> None:
    iam = aws.client("iam")
    for name in ("api", "cms"):
        role = f"project-oky-ecs-{name}-task-role"
        assert task(aws, name)["taskRoleArn"] == f"arn:aws:iam::{aws.id}:role/{role}"
        attached = [each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
        assert (attached, iam.list_role_policies(RoleName=role)["PolicyNames"]) == ([role], [])
        (statement,) = policy(aws, role).values()
        assert statement["Action"] in ("s3:GetObject", ["s3:GetObject"])
        assert statement["Resource"] == f"arn:aws:s3:::{BUCKET}/*"


def test_OK_09_tasks_admit_all_traffic_of_the_load_balancer_and_nothing_else(aws: Account) -> None:
    for name in ("api-sg", "cms-sg"):
        assert admitted(aws, name) == {("-1", None, None, f"{NAME}-alb-sg")}


def test_OK_10_repositories_with_immutable_tags(aws: Account) -> None:
    repositories = aws.client("ecr").describe_repositories()["repositories"]
    found = {each["repositoryName"]: each["imageTagMutability"] for each in repositories}
    assert found == {"oky/api_en": "IMMUTABLE", "oky/cms_en": "IMMUTABLE"}


def test_OK_11_aurora_serverless(aws: Account) -> None:
    rds = aws.client("rds")
    (cluster,) = rds.describe_db_clusters()["DBClusters"]
    assert cluster["Engine"] == "aurora-postgresql"
    assert cluster["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 1.0,
        "SecondsUntilAutoPause": 300,
    }
    assert cluster["BackupRetentionPeriod"] == 7
    assert cluster["StorageEncrypted"] is True
    (member,) = cluster["DBClusterMembers"]
    assert member["IsClusterWriter"] is True
    (instance,) = rds.describe_db_instances()["DBInstances"]
    assert (instance["DBInstanceIdentifier"], instance["DBInstanceClass"]) == (
        member["DBInstanceIdentifier"],
        "db.serverless",
    )
    assert instance["PubliclyAccessible"] is False
    assert instance["AvailabilityZone"] == "eu-west-2a"
    (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName=cluster["DBSubnetGroup"])["DBSubnetGroups"]
    assert {each["SubnetIdentifier"] for each in group["Subnets"]} == set(subnets(aws, "private").values())
    ids = [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]]
    assert ids == [security_group(aws, "database-sg")["GroupId"]]
    assert admitted(aws, "database-sg") == {("tcp", 5432, 5432, f"{NAME}-{name}-sg") for name in ("api", "cms")}


def test_OK_12_log_groups(aws: Account) -> None:
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {each["logGroupName"]: each.get("retentionInDays") for each in groups} == {
        "/ecs/project-oky-ecs-api-task": 7,
        "/ecs/project-oky-ecs-cms-task": 7,
        "/aws/ecs/containerinsights/project-oky-ecs-cluster/performance": 1,
    }
    for name in ("api", "cms"):
        options = task(aws, name)["containerDefinitions"][0]["logConfiguration"]["options"]
        assert options["awslogs-group"] == f"/ecs/project-oky-ecs-{name}-task"


def test_OK_13_the_image_builder_pushes_to_those_repositories(aws: Account) -> None:
    statements = policy(aws, "project-oky-image-builder")
    assert set(statements) == {"AllowECRAuth", "AllowECRImagePush"}
    assert statements["AllowECRAuth"]["Action"] == ["ecr:GetAuthorizationToken"]
    pushing = statements["AllowECRImagePush"]
    assert set(pushing["Action"]) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    }
    repositories = {f"arn:aws:ecr:eu-west-2:{aws.id}:repository/oky/{name}_en" for name in ("api", "cms")}
    assert set(pushing["Resource"]) == repositories


def test_OK_13_the_service_updater_updates_those_services(aws: Account) -> None:
    statements = policy(aws, "project-oky-service-updater")
    ecs, tasks = f"arn:aws:ecs:eu-west-2:{aws.id}", [f"project-oky-ecs-{name}-task" for name in ("api", "cms")]
    # AWS lets nobody say which task definitions may be described: the document's resources would allow nothing.
    assert statements.pop("AllowECSTaskDefinitionRead")["Action"] == ["ecs:DescribeTaskDefinition"]
    register = statements.pop("AllowECSTaskDefinitionManagement")
    assert register["Action"] == ["ecs:RegisterTaskDefinition"]
    assert set(register["Resource"]) == {f"{ecs}:task-definition/{name}:*" for name in tasks}
    update = statements.pop("AllowECSServiceUpdate")
    assert update["Action"] == ["ecs:UpdateService"]
    assert set(update["Resource"]) == {service(aws, name)["serviceArn"] for name in ("api", "cms")}
    passing = statements.pop("AllowPassRoleForECSTasks")
    roles = {task(aws, name)[key] for name in ("api", "cms") for key in ("taskRoleArn", "executionRoleArn")}
    assert (passing["Action"], set(passing["Resource"])) == (["iam:PassRole"], roles)
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert statements == {}


def test_policies_are_sound_and_allow_no_more_than_they_must(aws: Account) -> None:
    assert policy_problems(aws) == []


def test_OK_14_a_tag_that_is_not_in_ecr_is_refused_before_anything_changes(aws: Account) -> None:
    push(aws, "oky/api_en", "2025_06")  # and not to the other repository
    since = aws.position()
    refused = run_playbook(aws, INVENTORY, "publish", image_tag="2025_06")
    assert refused.status != 0
    assert "2025_06" in refused.output
    assert "oky/cms_en" in refused.output
    assert aws.writes(since) == []


def test_OK_14_a_tag_is_a_revision_that_differs_in_the_image_alone(aws: Account) -> None:
    push(aws, "oky/cms_en", "2025_06")
    before = {name: task(aws, name) for name in ("api", "cms")}
    run_playbook(aws, INVENTORY, "publish", image_tag="2025_06").ok()
    for name, former in before.items():
        now = task(aws, name)
        assert now["revision"] == former["revision"] + 1
        image = now["containerDefinitions"][0]["image"]
        assert image == f"{aws.id}.dkr.ecr.eu-west-2.amazonaws.com/oky/{name}_en:2025_06"
        assert without_image(now) == without_image(former)
        (deployment,) = service(aws, name)["deployments"]
        assert deployment["rolloutState"] == "COMPLETED"


def test_OK_15_options_are_off(aws: Account) -> None:
    assert aws.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"] == []
    assert aws.client("cloudtrail").describe_trails()["trailList"] == []
    assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == [BUCKET]
    scaling = aws.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws.client("cloudwatch").list_dashboards()["DashboardEntries"] == []


def test_outputs(aws: Account) -> None:
    shown = run_playbook(aws, INVENTORY, "outputs", format="json").ok().output
    outputs = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    assert outputs["api_url"] == "https://api.okyapp.info"
    assert outputs["distribution_domain_name"] == distribution(aws)["DomainName"]
    assert outputs["alb_dns_name"] == balancer(aws)["DNSName"]
    assert len(outputs["name_servers"]) == 4
    assert outputs["service_updater_policy_arn"] == f"arn:aws:iam::{aws.id}:policy/project-oky-service-updater"


def test_destroy_is_refused_while_it_is_protected_and_then_leaves_nothing(aws: Account) -> None:
    since = aws.position()
    refused = run_playbook(aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True)
    assert refused.status != 0
    assert "Deletion protection is on for database, load-balancer" in refused.output
    assert aws.writes(since) == []
    # What was published stays: the converge changes the protection alone.
    run = run_playbook(aws, INVENTORY, "site", **UNPROTECTED).ok()
    assert {change["component"] for change in run.changes} == {"database", "load-balancer"}
    gone = {**UNPROTECTED, "secret_recovery_window_days": 0, "ecr_force_delete": True, "empty_buckets": True}
    run_playbook(aws, INVENTORY, "destroy", confirm=NAME, **gone).ok()
    assert {what: there for what, there in state(aws).items() if there} == {}
