# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semiont's production environment, row by row, converged as its two stacks; then a second application on its data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.policies import policy_problems
from tests.support.state import state
from tests.verbs.environment import push

pytestmark = pytest.mark.xdist_group("semiont")
PRODUCTION, PREVIEW = "inventories/semiont/production.yml", "inventories/semiont/preview.yml"
NAME = "semiont-production"
DOMAIN = "semiont.example.com"
SERVICES = ("frontend", "backend")
PORTS = {"frontend": 3000, "backend": 4000}
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_OPTIMIZED, CACHING_DISABLED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"

# The data stack of the document, as `state` names it. Roles, a log group and records of an application are its own.
DATA = ("networks", "security groups", "repositories", "file systems", "secrets", "databases", "database subnet groups")
DATA += ("database parameter groups", "certificates")
# The services whose writes an application is made of; each of the others keeps data.
APPLICATION = {"application-autoscaling", "budgets", "cloudfront", "cloudwatch", "ecs", "elbv2", "iam", "logs", "sns"}
APPLICATION |= {"route53", "wafv2"}


@pytest.fixture(scope="module")
def production(local_aws: LocalAws) -> Account:
    account = local_aws.account()
    account.region = "us-east-1"
    return account


@pytest.fixture(scope="module")
def preview(production: Account) -> Run:
    """The preview on the empty account."""
    since = production.position()
    run = run_playbook(production, PRODUCTION, "site", "--check", "--diff").ok()
    assert production.writes(since) == []
    return run


@pytest.fixture(scope="module")
def data(production: Account, preview: Run) -> Run:
    run = run_playbook(production, PRODUCTION, "data").ok()
    for name in SERVICES:
        push(production, "0.9.0", "1.0.0", repository=f"{NAME}-{name}-images")
    return run


@pytest.fixture(scope="module")
def kept(production: Account, data: Run) -> dict[str, Any]:
    """The data, as it was before any application."""
    return data_of(production)


@pytest.fixture(scope="module")
def app(production: Account, kept: dict[str, Any]) -> tuple[Run, list[str]]:
    """The converge of the application, and what it wrote."""
    since = production.position()
    run = run_playbook(production, PRODUCTION, "app").ok()
    return run, production.writes(since)


@pytest.fixture(scope="module")
def aws(production: Account, app: tuple[Run, list[str]]) -> Account:
    return production


def data_of(aws: Account) -> dict[str, Any]:
    found = state(aws)
    for certificate in found["certificates"].values():
        certificate.pop("InUseBy", None)  # AWS says there by whom it is used
    return {kind: found[kind] for kind in DATA}


def data_writes(writes: list[str]) -> list[str]:
    """Those that are not an application's: of Route 53 it has only records, of IAM only roles of its own."""
    return [w for w in writes if w.partition(":")[0] not in APPLICATION or w == "route53:CreateHostedZone"]


def records(aws: Account) -> dict[tuple[str, str], dict[str, Any]]:
    route53 = aws.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    found = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {(record["Name"].rstrip("."), record["Type"]): record for record in found}


def service(aws: Account, name: str, stack: str = NAME) -> dict[str, Any]:
    return aws.client("ecs").describe_services(cluster=f"{stack}-cluster", services=[f"{stack}-{name}"])["services"][0]


def task(aws: Account, name: str, stack: str = NAME) -> dict[str, Any]:
    arn = service(aws, name, stack)["taskDefinition"]
    return aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def container(aws: Account, name: str, stack: str = NAME) -> dict[str, Any]:
    (found,) = task(aws, name, stack)["containerDefinitions"]
    return found


def environment(aws: Account, name: str, stack: str = NAME) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container(aws, name, stack)["environment"]}


def database(aws: Account, name: str = f"{NAME}-database") -> dict[str, Any]:
    return aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def subnets(aws: Account, tier: str) -> dict[str, dict[str, Any]]:
    found = aws.client("ec2").describe_subnets(Filters=[{"Name": "tag:Name", "Values": [f"{NAME}-network-{tier}-*"]}])[
        "Subnets"
    ]
    return {subnet["SubnetId"]: subnet for subnet in found}


def ways_out(aws: Account, subnet: str) -> list[str]:
    """Where the default route of a subnet leads to."""
    (table,) = aws.client("ec2").describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
        "RouteTables"
    ]
    routes = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    return [route.get("NatGatewayId") or route["GatewayId"] for route in routes]


def group(aws: Account, component: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{NAME}-{component}"]}]
    )["SecurityGroups"]
    return found


def admitted(aws: Account, component: str, way: str = "IpPermissions") -> set[tuple[Any, str]]:
    """Ports and who may reach them."""
    return {
        (rule.get("FromPort"), other)
        for rule in group(aws, component)[way]
        for other in (
            *(pair["GroupId"] for pair in rule["UserIdGroupPairs"]),
            *(cidr["CidrIp"] for cidr in rule["IpRanges"]),
            *(item["PrefixListId"] for item in rule.get("PrefixListIds", [])),
        )
    }


def balancer(aws: Account, stack: str = NAME) -> dict[str, Any]:
    return aws.client("elbv2").describe_load_balancers(Names=[f"{stack}-alb"])["LoadBalancers"][0]


def target_groups(aws: Account) -> dict[str, dict[str, Any]]:
    found = aws.client("elbv2").describe_target_groups(LoadBalancerArn=balancer(aws)["LoadBalancerArn"])["TargetGroups"]
    return {item["TargetGroupName"].removeprefix(f"{NAME}-"): item for item in found}


def distribution(aws: Account, alias: str = DOMAIN) -> dict[str, Any]:
    found = aws.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    (one,) = [item for item in found if item["Aliases"]["Items"] == [alias]]
    return one


def web_acl(aws: Account) -> dict[str, Any]:
    waf = aws.client("wafv2")
    (found,) = [a for a in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if a["Name"] == f"{NAME}-firewall"]
    return waf.get_web_acl(Name=found["Name"], Id=found["Id"], Scope="CLOUDFRONT")["WebACL"]


def test_SE_01_the_preview_equals_what_both_converges_do(preview: Run, data: Run, app: tuple[Run, list[str]]) -> None:
    assert data.summary and app[0].summary
    assert data.summary & app[0].summary == set()
    assert preview.summary == data.summary | app[0].summary


def test_SE_01_the_application_alone_touches_no_data(
    aws: Account, app: tuple[Run, list[str]], kept: dict[str, Any]
) -> None:
    assert {"ecs:CreateService", "elbv2:CreateLoadBalancer", "route53:ChangeResourceRecordSets"} <= set(app[1])
    assert data_writes(app[1]) == []
    assert data_of(aws) == kept
    assert all(kept.values())
    roles = aws.client("iam").list_roles()["Roles"]
    own = {f"{NAME}-{name}-{role}" for name in SERVICES for role in ("task", "execution")}
    assert {role["RoleName"] for role in roles} == own | {f"{NAME}-database-monitoring"}


def test_second_converge_and_the_check_after_it_are_quiet(aws: Account) -> None:
    since = aws.position()
    assert run_playbook(aws, PRODUCTION, "site").ok().changes == []
    assert run_playbook(aws, PRODUCTION, "site", "--check", "--diff").ok().changes == []
    assert aws.writes(since) == []


def test_SE_02_three_tiers_of_subnets_and_one_nat_gateway(aws: Account) -> None:
    (nat,) = aws.client("ec2").describe_nat_gateways()["NatGateways"]
    public, private, isolated = (subnets(aws, tier) for tier in ("public", "private", "isolated"))
    for tier in (public, private, isolated):
        assert len({subnet["AvailabilityZone"] for subnet in tier.values()}) == 2
    assert nat["SubnetId"] in public
    assert all(out.startswith("igw-") for subnet in public for out in ways_out(aws, subnet))
    assert [out for subnet in private for out in ways_out(aws, subnet)] == [nat["NatGatewayId"]] * 2
    assert [out for subnet in isolated for out in ways_out(aws, subnet)] == []
    assert {zone["SubnetId"] for zone in balancer(aws)["AvailabilityZones"]} == set(public)
    for name in SERVICES:
        network = service(aws, name)["networkConfiguration"]["awsvpcConfiguration"]
        assert (set(network["subnets"]), network["assignPublicIp"]) == (set(private), "DISABLED")


def test_SE_03_the_database(aws: Account) -> None:
    instance = database(aws)
    expected = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "StorageEncrypted": True,
        "BackupRetentionPeriod": 7,
        "MultiAZ": False,
        "PubliclyAccessible": False,
        "DeletionProtection": True,
    }
    assert {key: instance[key] for key in expected} == expected
    assert instance["EngineVersion"].split(".")[0] == "15"
    assert instance["KmsKeyId"]
    assert {s["SubnetIdentifier"] for s in instance["DBSubnetGroup"]["Subnets"]} == set(subnets(aws, "isolated"))


def test_SE_04_the_file_system_is_mounted_by_the_backend_at_DATA_DIR(aws: Account) -> None:
    efs = aws.client("efs")
    (files,) = efs.describe_file_systems()["FileSystems"]
    assert files["Encrypted"] is True and files["KmsKeyId"]
    assert files["ThroughputMode"] == "elastic"
    policies = efs.describe_lifecycle_configuration(FileSystemId=files["FileSystemId"])["LifecyclePolicies"]
    assert {"TransitionToIA": "AFTER_30_DAYS"} in policies
    targets = efs.describe_mount_targets(FileSystemId=files["FileSystemId"])["MountTargets"]
    assert {target["SubnetId"] for target in targets} == set(subnets(aws, "private"))
    (point,) = efs.describe_access_points(FileSystemId=files["FileSystemId"])["AccessPoints"]
    (volume,) = task(aws, "backend")["volumes"]
    mounted = volume["efsVolumeConfiguration"]
    assert (mounted["fileSystemId"], mounted["transitEncryption"]) == (files["FileSystemId"], "ENABLED")
    assert mounted["authorizationConfig"] == {"accessPointId": point["AccessPointId"], "iam": "ENABLED"}
    (mount,) = container(aws, "backend")["mountPoints"]
    assert (mount["sourceVolume"], mount.get("readOnly", False)) == (volume["name"], False)
    assert mount["containerPath"] == environment(aws, "backend")["DATA_DIR"]
    assert container(aws, "frontend")["mountPoints"] == []


def test_SE_05_secrets(aws: Account) -> None:
    secrets = aws.client("secretsmanager")
    found = {item["Name"] for item in secrets.list_secrets()["SecretList"]}
    assert found == {f"semiont/production/{name}" for name in ("database", "jwt-secret", "oauth")}
    credentials = json.loads(secrets.get_secret_value(SecretId="semiont/production/database")["SecretString"])
    address = database(aws)["Endpoint"]["Address"]
    assert (credentials["username"], credentials["host"], credentials["port"]) == ("semiont", address, 5432)
    assert len(credentials["password"]) >= 32
    assert credentials["url"] == (
        f"postgresql://semiont:{credentials['password']}@{address}:5432/semiont?sslmode=require"
    )
    assert len(secrets.get_secret_value(SecretId="semiont/production/jwt-secret")["SecretString"]) >= 32


def test_SE_06_security_groups_by_least_privilege(aws: Account) -> None:
    ids = {name: group(aws, f"{name}-sg")["GroupId"] for name in ("load-balancer", "tasks", "database", "files")}
    lists = aws.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    (cloudfront,) = [
        item["PrefixListId"]
        for item in lists
        if item["PrefixListName"] == "com.amazonaws.global.cloudfront.origin-facing"
    ]
    assert admitted(aws, "load-balancer-sg") == {(443, cloudfront)}
    assert admitted(aws, "load-balancer-sg", "IpPermissionsEgress") == {(3000, ids["tasks"]), (4000, ids["tasks"])}
    assert admitted(aws, "tasks-sg") == {(3000, ids["load-balancer"]), (4000, ids["load-balancer"])}
    assert admitted(aws, "database-sg") == {(5432, ids["tasks"])}
    assert admitted(aws, "files-sg") == {(2049, ids["tasks"])}
    for name in ("database-sg", "files-sg"):
        assert admitted(aws, name, "IpPermissionsEgress") == set()
    assert [item["VpcSecurityGroupId"] for item in database(aws)["VpcSecurityGroups"]] == [ids["database"]]
    assert balancer(aws)["SecurityGroups"] == [ids["load-balancer"]]
    for name in SERVICES:
        assert service(aws, name)["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] == [ids["tasks"]]


@pytest.mark.parametrize("name", SERVICES)
def test_SE_07_services(aws: Account, name: str) -> None:
    running, definition = service(aws, name), task(aws, name)
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    assert running["enableExecuteCommand"] is True
    deployment = running["deploymentConfiguration"]
    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (deployment["minimumHealthyPercent"], deployment["maximumPercent"]) == (100, 200)
    assert running["healthCheckGracePeriodSeconds"] == 120
    registry = f"{aws.id}.dkr.ecr.us-east-1.amazonaws.com"
    assert container(aws, name)["image"] == f"{registry}/{NAME}-{name}-images:1.0.0"
    (target,) = running["loadBalancers"]
    assert (target["containerName"], target["containerPort"]) == (name, PORTS[name])


def test_SE_08_rules_of_the_load_balancer(aws: Account) -> None:
    elbv2 = aws.client("elbv2")
    (listener,) = elbv2.describe_listeners(LoadBalancerArn=balancer(aws)["LoadBalancerArn"])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    groups = {item["TargetGroupArn"]: name for name, item in target_groups(aws).items()}
    rules = {
        rule["Priority"]: (
            [value for c in rule["Conditions"] for value in c["PathPatternConfig"]["Values"]],
            groups[rule["Actions"][0]["TargetGroupArn"]],
        )
        for rule in elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    }
    assert rules == {
        "10": (["/auth/*"], "frontend"),
        "20": (["/api", "/api/*"], "backend"),
        "default": ([], "frontend"),
    }
    assert [c["CertificateArn"] for c in listener["Certificates"]] == [certificate(aws)["CertificateArn"]]
    assert {item["Protocol"] for item in target_groups(aws).values()} == {"HTTP"}


@pytest.mark.parametrize("name", SERVICES)
def test_SE_09_health_checks_of_the_load_balancer(aws: Account, name: str) -> None:
    found = target_groups(aws)[name]
    expected = {
        "HealthCheckPath": "/api/health",
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
    }
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", SERVICES)
def test_SE_10_health_checks_of_containers(aws: Account, name: str) -> None:
    command = container(aws, name)["healthCheck"]["command"]
    assert command[0] == "CMD-SHELL"
    assert f"http://localhost:{PORTS[name]}/api/health" in command[1]


@pytest.mark.parametrize("name", SERVICES)
def test_SE_11_autoscaling(aws: Account, name: str) -> None:
    scaling = aws.client("application-autoscaling")
    resource = {"ServiceNamespace": "ecs", "ResourceId": f"service/{NAME}-cluster/{NAME}-{name}"}
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource["ResourceId"]])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
    policies = [
        policy["TargetTrackingScalingPolicyConfiguration"]
        for policy in scaling.describe_scaling_policies(**resource)["ScalingPolicies"]
    ]
    assert {p["PredefinedMetricSpecification"]["PredefinedMetricType"]: p["TargetValue"] for p in policies} == {
        "ECSServiceAverageCPUUtilization": 70,
        "ECSServiceAverageMemoryUtilization": 80,
    }


def test_SE_12_the_firewall(aws: Account) -> None:
    acl = web_acl(aws)
    assert distribution(aws)["WebACLId"] == acl["ARN"]
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    managed = {
        name: rule["Statement"]["ManagedRuleGroupStatement"]
        for name, rule in rules.items()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    core = "AWSManagedRulesCommonRuleSet"
    assert set(managed) == {core, "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesAmazonIpReputationList"}
    counted = {o["Name"] for o in managed[core]["RuleActionOverrides"] if "Count" in o["ActionToUse"]}
    assert counted == {"SizeRestrictions_BODY", "CrossSiteScripting_BODY"}
    large = str(rules["large-bodies"]["Statement"])
    assert "/api/resources" in large and "/api/documents" in large
    rate = rules["rate"]["Statement"]["RateBasedStatement"]
    assert (rate["Limit"], rate["EvaluationWindowSec"], rate["AggregateKeyType"]) == (100, 300, "IP")
    assert "Block" in rules["rate"]["Action"] and "Block" in rules["countries"]["Action"]
    assert set(rules["countries"]["Statement"]["GeoMatchStatement"]["CountryCodes"]) == {"KP", "IR", "SY", "CU"}


def test_SE_13_cloudfront_keeps_static_assets(aws: Account) -> None:
    found = distribution(aws)
    (origin,) = found["Origins"]["Items"]
    assert origin["DomainName"] == f"origin.{DOMAIN}"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    behaviors = {item["PathPattern"]: item for item in found["CacheBehaviors"]["Items"]}
    assert behaviors["/_next/static/*"]["CachePolicyId"] == CACHING_OPTIMIZED
    assert found["DefaultCacheBehavior"]["CachePolicyId"] == CACHING_DISABLED
    assert found["ViewerCertificate"]["ACMCertificateArn"] == certificate(aws)["CertificateArn"]


def test_SE_14_alias_records_in_the_hosted_zone(aws: Account) -> None:
    there = records(aws)
    for kind in ("A", "AAAA"):
        edge, origin = (
            there[name, kind]["AliasTarget"]["DNSName"].rstrip(".") for name in (DOMAIN, f"origin.{DOMAIN}")
        )
        assert edge == distribution(aws)["DomainName"]
        assert origin.removeprefix("dualstack.") == balancer(aws)["DNSName"]


def certificate(aws: Account) -> dict[str, Any]:
    acm = aws.client("acm")
    (found,) = acm.list_certificates()["CertificateSummaryList"]
    return acm.describe_certificate(CertificateArn=found["CertificateArn"])["Certificate"]


def test_SE_15_the_certificate_is_validated_by_dns_and_so_renews_itself(aws: Account) -> None:
    found = certificate(aws)
    assert (found["Status"], found["Type"]) == ("ISSUED", "AMAZON_ISSUED")
    assert set(found["SubjectAlternativeNames"]) == {DOMAIN, f"*.{DOMAIN}"}
    there = records(aws)
    for option in found["DomainValidationOptions"]:
        assert option["ValidationMethod"] == "DNS"
        wanted = option["ResourceRecord"]
        (value,) = there[wanted["Name"].rstrip("."), "CNAME"]["ResourceRecords"]
        assert value["Value"].rstrip(".") == wanted["Value"].rstrip(".")


def test_SE_16_one_log_group_for_a_month(aws: Account) -> None:
    groups = {g["logGroupName"]: g["retentionInDays"] for g in aws.client("logs").describe_log_groups()["logGroups"]}
    assert {name: days for name, days in groups.items() if not name.startswith("/aws/rds/")} == {"SemiontLogGroup": 30}
    for name in SERVICES:
        options = container(aws, name)["logConfiguration"]["options"]
        assert (options["awslogs-group"], options["awslogs-stream-prefix"]) == ("SemiontLogGroup", f"semiont-{name}")


def test_SE_17_alarms_by_email_and_sms(aws: Account) -> None:
    sns = aws.client("sns")
    (topic,) = sns.list_topics()["Topics"]
    told = sns.list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    assert {(s["Protocol"], s["Endpoint"]) for s in told} == {("email", f"ops@{DOMAIN}"), ("sms", "+12025550100")}
    alarms = {
        alarm["AlarmName"].removeprefix(f"{NAME}-alarms-"): alarm
        for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if alarm["AlarmName"].startswith(NAME)
    }
    wanted = {f"{name}-{what}" for name in SERVICES for what in ("cpu", "memory", "health")}
    wanted |= {"load-balancer-errors", "load-balancer-unhealthy-hosts", "edge-errors", "firewall-blocked"}
    assert wanted <= set(alarms)
    assert {"database-cpu", "database-storage", "database-connections"} <= set(alarms)
    assert all(topic["TopicArn"] in alarm["AlarmActions"] for alarm in alarms.values())


def test_SE_18_dashboards(aws: Account) -> None:
    cloudwatch = aws.client("cloudwatch")
    names = [d["DashboardName"] for d in cloudwatch.list_dashboards()["DashboardEntries"]]
    bodies = "".join(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] for name in names)
    for namespace in ("AWS/ECS", "AWS/ApplicationELB", "AWS/RDS", "AWS/WAFV2"):
        assert f'"{namespace}"' in bodies
    assert len(names) == 2


def test_SE_19_a_monthly_budget(aws: Account) -> None:
    budgets = aws.client("budgets")
    (budget,) = budgets.describe_budgets(AccountId=aws.id)["Budgets"]
    assert (budget["TimeUnit"], budget["BudgetType"], float(budget["BudgetLimit"]["Amount"])) == (
        "MONTHLY",
        "COST",
        100,
    )
    name = {"AccountId": aws.id, "BudgetName": budget["BudgetName"]}
    told = budgets.describe_notifications_for_budget(**name)["Notifications"]
    assert {(n["NotificationType"], n["Threshold"]) for n in told} == {("ACTUAL", 80), ("FORECASTED", 100)}
    for notification in told:
        who = budgets.describe_subscribers_for_notification(**name, Notification=notification)["Subscribers"]
        assert {s["SubscriptionType"] for s in who} == {"EMAIL", "SNS"}


def test_SE_20_the_environment_of_tasks(aws: Account) -> None:
    secrets = aws.client("secretsmanager")
    arns = {s["Name"].rpartition("/")[2]: s["ARN"] for s in secrets.list_secrets()["SecretList"]}
    given = {s["name"]: s["valueFrom"] for s in container(aws, "backend")["secrets"]}
    assert given == {"DATABASE_URL": f"{arns['database']}:url::", "JWT_SECRET": arns["jwt-secret"]}
    assert {s["name"] for s in container(aws, "frontend")["secrets"]} == {"JWT_SECRET"}
    assert environment(aws, "backend") == {"NODE_ENV": "production", "DATA_DIR": "/app/data"}
    assert environment(aws, "frontend") == {"NODE_ENV": "production"}


def test_policies_are_least_privilege(aws: Account) -> None:
    assert policy_problems(aws) == []


def test_SE_24_the_estimate_is_about_the_documents_table(aws: Account, tmp_path: Any) -> None:
    file = tmp_path / "cost.json"
    run_playbook(aws, PRODUCTION, "cost", format="json", cost_file=str(file)).ok()
    costs = {item["name"]: item["monthly"] for item in json.loads(file.read_text())["components"]}
    table = {"database": 15, "load-balancer": 20, "network": 35, "files": 3, "edge": 1, "domain": 0.5}
    for name, dollars in table.items():
        assert costs[name] == pytest.approx(dollars, rel=0.25), name
    assert costs["frontend"] + costs["backend"] == pytest.approx(15, rel=0.25)
    assert sum(costs[name] for name in (*table, *SERVICES)) == pytest.approx(90, rel=0.1)


def test_SE_21_an_earlier_image_is_published_and_kept_and_one_service_restarts(aws: Account) -> None:
    since = aws.position()
    done = run_playbook(aws, PRODUCTION, "publish", image_tag="0.9.0").ok()
    assert {(c["component"], c["resource"]) for c in done.changes} == {
        (name, what) for name in SERVICES for what in ("ECS task definition", "ECS service")
    }
    for name in SERVICES:
        assert container(aws, name)["image"].endswith(f"/{NAME}-{name}-images:0.9.0")
    before = {name: service(aws, name)["deployments"][0]["id"] for name in SERVICES}
    run_playbook(aws, PRODUCTION, "restart", service="frontend").ok()
    after = {name: service(aws, name)["deployments"][0]["id"] for name in SERVICES}
    assert after["frontend"] != before["frontend"] and after["backend"] == before["backend"]
    assert run_playbook(aws, PRODUCTION, "app").ok().changes == []  # and what is published stays
    assert data_writes(aws.writes(since)) == []


def test_SE_21_logs_of_a_service(aws: Account) -> None:
    logs = aws.client("logs")
    for name in SERVICES:
        stream = {"logGroupName": "SemiontLogGroup", "logStreamName": f"semiont-{name}/{name}/1"}
        logs.create_log_stream(**stream)
        logs.put_log_events(**stream, logEvents=[{"timestamp": now(), "message": f"hello from {name}"}])
    output = run_playbook(aws, PRODUCTION, "logs", service="backend").ok().output
    assert "hello from backend" in output


def now() -> int:
    import time  # noqa: PLC0415

    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def second(aws: Account) -> tuple[Run, Run]:
    """A second application, previewed and converged on the data of production."""
    before, since = data_of(aws), aws.position()
    previewed = run_playbook(aws, PREVIEW, "site", "--check").ok()
    assert aws.writes(since) == []
    done = run_playbook(aws, PREVIEW, "site").ok()
    assert data_writes(aws.writes(since)) == []
    assert data_of(aws) == before
    return previewed, done


def test_SE_01_several_applications_share_the_data(aws: Account, second: tuple[Run, Run]) -> None:
    previewed, done = second
    assert previewed.summary == done.summary != set()
    other = "semiont-preview"
    assert container(aws, "backend", other)["secrets"] == container(aws, "backend")["secrets"]
    assert environment(aws, "backend", other) == environment(aws, "backend")
    assert task(aws, "backend", other)["volumes"] == task(aws, "backend")["volumes"]
    assert container(aws, "backend", other)["logConfiguration"]["options"]["awslogs-group"] == "SemiontPreviewLogGroup"
    assert balancer(aws, other)["VpcId"] == balancer(aws)["VpcId"]
    edge = distribution(aws, f"preview.{DOMAIN}")
    assert records(aws)[f"preview.{DOMAIN}", "A"]["AliasTarget"]["DNSName"].rstrip(".") == edge["DomainName"]
    assert records(aws)[DOMAIN, "A"]["AliasTarget"]["DNSName"].rstrip(".") == distribution(aws)["DomainName"]


def test_SE_01_an_application_goes_and_the_data_stays(aws: Account, second: tuple[Run, Run]) -> None:
    before, since = data_of(aws), aws.position()
    run_playbook(aws, PREVIEW, "destroy", confirm="semiont-preview").ok()
    assert data_writes(aws.writes(since)) == []
    assert data_of(aws) == before
    assert [c.rpartition("/")[2] for c in aws.client("ecs").list_clusters()["clusterArns"]] == [f"{NAME}-cluster"]
    assert (DOMAIN, "A") in records(aws) and (f"preview.{DOMAIN}", "A") not in records(aws)


def test_destroy_respects_protection_and_then_leaves_nothing(aws: Account) -> None:
    since = aws.position()
    refused = run_playbook(aws, PRODUCTION, "destroy", confirm=NAME)
    assert refused.status != 0
    assert "Deletion protection is on for" in refused.output
    assert aws.writes(since) == []
    gone = {"rds_deletion_protection": False, "rds_skip_final_snapshot": True, "secret_recovery_window_days": 0}
    gone["ecr_force_delete"] = True
    run_playbook(aws, PRODUCTION, "data", **gone).ok()
    run_playbook(aws, PRODUCTION, "destroy", confirm=NAME, **gone).ok()
    assert {what: there for what, there in state(aws).items() if there} == {}
