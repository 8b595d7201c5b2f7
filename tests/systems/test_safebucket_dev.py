# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safebucket's dev environment, row by row: one converge, read back from AWS through boto3."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook

pytestmark = pytest.mark.xdist_group("safebucket-dev")
INVENTORY = "inventories/safebucket/dev.yml"
NAME = "safebucket-dev"
BUCKET = "safebucket-storage-dev-xyz"


@pytest.fixture(scope="module")
def dev(local_aws: LocalAws) -> Iterator[Account]:
    yield local_aws.account()


@pytest.fixture(scope="module")
def preview(dev: Account) -> Run:
    """The preview on the empty account."""
    since = dev.position()
    run = run_playbook(dev, INVENTORY, "site", "--check", "--diff").ok()
    assert dev.writes(since) == []
    return run


@pytest.fixture(scope="module")
def converged(dev: Account, preview: Run) -> Run:
    return run_playbook(dev, INVENTORY, "site").ok()


@pytest.fixture(scope="module")
def aws(dev: Account, converged: Run) -> Account:
    return dev


def named(items: list[dict[str, Any]], key: str, name: str) -> dict[str, Any]:
    found = [item for item in items if item[key] == name]
    assert len(found) == 1, f"{name} among {[item[key] for item in items]}"
    return found[0]


def security_group(aws: Account, component: str) -> dict[str, Any]:
    groups = aws.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{NAME}-{component}"]}]
    )["SecurityGroups"]
    assert len(groups) == 1
    return groups[0]


def admitted(group: dict[str, Any]) -> set[tuple[int, int, str]]:
    return {
        (rule["FromPort"], rule["ToPort"], cidr["CidrIp"])
        for rule in group["IpPermissions"]
        for cidr in rule["IpRanges"]
    }


def default_vpc(aws: Account) -> dict[str, Any]:
    return aws.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]


def default_subnets(aws: Account) -> list[str]:
    filters = [{"Name": "vpc-id", "Values": [default_vpc(aws)["VpcId"]]}]
    return sorted(subnet["SubnetId"] for subnet in aws.client("ec2").describe_subnets(Filters=filters)["Subnets"])


def queue_attributes(aws: Account, name: str) -> dict[str, str]:
    sqs = aws.client("sqs")
    return sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])[
        "Attributes"
    ]


def service(aws: Account, name: str) -> dict[str, Any]:
    return aws.client("ecs").describe_services(
        cluster=f"{NAME}-cluster", services=[f"{NAME}-{name}"], include=["TAGS"]
    )["services"][0]


def task(aws: Account, name: str) -> dict[str, Any]:
    arn = service(aws, name)["taskDefinition"]
    return aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def environment(aws: Account, name: str) -> dict[str, str]:
    return {item["name"]: item["value"] for item in task(aws, name)["containerDefinitions"][0]["environment"]}


def database(aws: Account) -> dict[str, Any]:
    return aws.client("rds").describe_db_instances(DBInstanceIdentifier=f"{NAME}-database")["DBInstances"][0]


def cache(aws: Account) -> dict[str, Any]:
    return aws.client("elasticache").describe_replication_groups(ReplicationGroupId=f"{NAME}-cache")[
        "ReplicationGroups"
    ][0]


def cache_node(aws: Account) -> dict[str, Any]:
    return aws.client("elasticache").describe_cache_clusters(CacheClusterId=cache(aws)["MemberClusters"][0])[
        "CacheClusters"
    ][0]


def balancer(aws: Account, component: str) -> dict[str, Any]:
    return aws.client("elbv2").describe_load_balancers(Names=[f"{NAME}-{component}"])["LoadBalancers"][0]


def target_group(aws: Account, name: str) -> dict[str, Any]:
    return aws.client("elbv2").describe_target_groups(Names=[f"{NAME}-{name}"])["TargetGroups"][0]


def secret_value(aws: Account, component: str) -> str:
    return aws.client("secretsmanager").get_secret_value(SecretId=f"{NAME}-{component}")["SecretString"]


def test_preview_on_empty_equals_what_is_done(preview: Run, converged: Run) -> None:
    assert converged.summary
    assert preview.summary == converged.summary


def test_second_converge_and_the_check_after_it_are_quiet(aws: Account) -> None:
    since = aws.position()
    assert run_playbook(aws, INVENTORY, "site").ok().changes == []
    assert run_playbook(aws, INVENTORY, "site", "--check", "--diff").ok().changes == []
    assert aws.writes(since) == []


def plays(run: Run) -> dict[str, str]:
    """What the default callback printed of each play of the layers."""
    found = (part.partition("]") for part in run.output.split("PLAY [")[1:])
    return {name: said for name, _, said in found if name.startswith("Layer")}


def test_the_layers_are_left_out_only_when_nothing_would_change(aws: Account) -> None:
    shown = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    quiet = run_playbook(aws, INVENTORY, "site", _environment=shown).ok()
    assert {said.split("\n")[1] for said in plays(quiet).values()} == {"skipping: no hosts matched"}
    name = f"{NAME}-alarms-s3-events-age"
    aws.client("cloudwatch").delete_alarms(AlarmNames=[name])
    for options in (["--check"], []):
        run = run_playbook(aws, INVENTORY, "site", *options, _environment=shown).ok()
        assert [(c["component"], c["action"], c["name"]) for c in run.changes] == [("alarms", "create", name)]
        assert "TASK" in plays(run)["Layer 1, what needs nothing"]


def test_what_is_left_under_way_is_awaited(aws: Account) -> None:
    aws.settings(provisioning_reads=8)
    aws.client("ecs").update_service(cluster=f"{NAME}-cluster", service=f"{NAME}-mailpit", forceNewDeployment=True)
    aws.settings(provisioning_reads=0)
    assert run_playbook(aws, INVENTORY, "site").ok().changes == []
    (newest,) = service(aws, "mailpit")["deployments"]
    assert newest["rolloutState"] == "COMPLETED"


def test_what_goes_wrong_in_a_look_is_said_once_and_fails_the_run(aws: Account) -> None:
    denied = {"service": "sqs", "operation": "GetQueueAttributes", "code": "AccessDenied", "status": 403}
    aws.fault(**denied, message="not yours", times=99)
    run = run_playbook(aws, INVENTORY, "site")
    aws.clear_faults()
    assert run.status != 0
    assert run.output.count("failed: [notifications]") == 1


def test_SB_01_runs_in_the_default_vpc_and_all_its_subnets(aws: Account) -> None:
    assert len(aws.client("ec2").describe_vpcs()["Vpcs"]) == 1
    subnets = default_subnets(aws)
    assert len(subnets) >= 2
    for name in ("safebucket", "loki", "mailpit"):
        network = service(aws, name)["networkConfiguration"]["awsvpcConfiguration"]
        assert sorted(network["subnets"]) == subnets
    written = {"CreateVpc", "CreateSubnet", "ModifyVpcAttribute", "CreateTags", "DeleteVpc"}
    touched = [r for r in aws.requests() if r["service"] == "ec2" and r["operation"] in written - {"CreateTags"}]
    assert touched == []


def test_SB_02_security_groups(aws: Account) -> None:
    cidr = default_vpc(aws)["CidrBlock"]
    assert admitted(security_group(aws, "database-sg")) == {(5432, 5432, cidr)}
    assert admitted(security_group(aws, "cache-sg")) == {(6379, 6379, cidr)}
    assert admitted(security_group(aws, "tasks-sg")) == {(port, port, cidr) for port in (8080, 3100, 8025, 1025)}
    assert admitted(security_group(aws, "alb-sg")) == {(port, port, "0.0.0.0/0") for port in (80, 443, 8025)}


def test_SB_03_the_storage_bucket(aws: Account) -> None:
    s3 = aws.client("s3")
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == ["http://localhost:3000"]
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-west-1"


def test_SB_04_events_of_the_bucket_reach_the_queue_and_only_they(aws: Account) -> None:
    queue = queue_attributes(aws, "safebucket-s3-events-dev")
    notification = aws.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"]
    assert [n["QueueArn"] for n in notification] == [queue["QueueArn"]]
    assert set(notification[0]["Events"]) == {"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}
    statements = json.loads(queue["Policy"])["Statement"]
    sends = [s for s in statements if s["Effect"] == "Allow" and "s3.amazonaws.com" in str(s["Principal"])]
    assert len(sends) == 1
    conditions = json.dumps(sends[0]["Condition"])
    assert f"arn:aws:s3:::{BUCKET}" in conditions
    assert aws.id in conditions


@pytest.mark.parametrize("name", ["safebucket-s3-events-dev", "safebucket-notifications-dev"])
def test_SB_05_queues(aws: Account, name: str) -> None:
    queue = queue_attributes(aws, name)
    assert queue["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert queue["ReceiveMessageWaitTimeSeconds"] == "20"
    assert queue["SqsManagedSseEnabled"] == "true"
    for statement in json.loads(queue["Policy"])["Statement"]:
        assert statement["Resource"] in (queue["QueueArn"], [queue["QueueArn"]])


def test_SB_06_the_database(aws: Account) -> None:
    instance = database(aws)
    expected = {
        "Engine": "postgres",
        "EngineVersion": "15.4",
        "DBInstanceClass": "db.t3.micro",
        "StorageType": "gp3",
        "AllocatedStorage": 20,
        "MaxAllocatedStorage": 100,
        "StorageEncrypted": True,
        "PubliclyAccessible": False,
        "DBName": "safebucket",
        "MasterUsername": "safebucket",
        "PreferredBackupWindow": "03:00-04:00",
        "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        "BackupRetentionPeriod": 1,  # SB-32: dev keeps one day, the default is seven
        "DeletionProtection": False,
    }
    assert {key: instance[key] for key in expected} == expected


def test_SB_07_monitoring_of_the_database(aws: Account) -> None:
    instance = database(aws)
    assert instance["MonitoringInterval"] == 60
    role = instance["MonitoringRoleArn"].rsplit("/")[-1]
    iam = aws.client("iam")
    trust = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    assert "monitoring.rds.amazonaws.com" in trust
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonRDSEnhancedMonitoringRole"]
    assert instance["PerformanceInsightsEnabled"] is True
    assert instance["PerformanceInsightsRetentionPeriod"] == 7


def test_SB_08_the_database_parameters(aws: Account) -> None:
    group = database(aws)["DBParameterGroups"][0]["DBParameterGroupName"]
    listed = aws.client("rds").describe_db_parameters(DBParameterGroupName=group, Source="user")["Parameters"]
    values = {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in listed}
    assert values["shared_preload_libraries"] == "pg_stat_statements"
    assert values["log_statement"] == "all"


def test_SB_09_the_subnet_group_spans_the_subnets_of_the_vpc(aws: Account) -> None:
    subnets = database(aws)["DBSubnetGroup"]["Subnets"]
    assert sorted(subnet["SubnetIdentifier"] for subnet in subnets) == default_subnets(aws)


def test_SB_10_redis(aws: Account) -> None:
    group, node = cache(aws), cache_node(aws)
    assert (group["CacheNodeType"], len(group["MemberClusters"])) == ("cache.t3.micro", 1)
    assert group["AtRestEncryptionEnabled"] is True
    assert group["TransitEncryptionEnabled"] is True
    assert (group["SnapshotRetentionLimit"], group["SnapshotWindow"]) == (5, "03:00-05:00")
    assert node["Engine"] == "redis"
    assert node["EngineVersion"].startswith("7.")
    assert node["PreferredMaintenanceWindow"] == "sun:05:00-sun:07:00"
    name = node["CacheParameterGroup"]["CacheParameterGroupName"]
    groups = aws.client("elasticache").describe_cache_parameter_groups(CacheParameterGroupName=name)
    assert groups["CacheParameterGroups"][0]["CacheParameterGroupFamily"] == "redis7"


def test_SB_11_redis_evicts_the_least_recently_used(aws: Account) -> None:
    name = cache_node(aws)["CacheParameterGroup"]["CacheParameterGroupName"]
    listed = aws.client("elasticache").describe_cache_parameters(CacheParameterGroupName=name, Source="user")
    values = {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in listed["Parameters"]}
    assert values["maxmemory-policy"] == "allkeys-lru"


def test_SB_12_a_password_alone_logs_in_and_nobody_enters_without_one(aws: Account) -> None:
    elasticache = aws.client("elasticache")
    (group_id,) = cache(aws)["UserGroupIds"]
    group = elasticache.describe_user_groups(UserGroupId=group_id)["UserGroups"][0]
    users = [elasticache.describe_users(UserId=user)["Users"][0] for user in group["UserIds"]]
    by_name = {user["UserName"]: user for user in users}
    assert "default" in by_name
    # A client that sends a password and no user name is logged in as "default".
    assert by_name["default"]["AccessString"].startswith("on ")
    assert {user["Authentication"]["Type"] for user in users} == {"password"}
    assert any(user["UserId"] == "safebucket-dev-cache-app" or user["UserName"] != "default" for user in users)


def test_SB_13_the_slow_log(aws: Account) -> None:
    (delivery,) = cache(aws)["LogDeliveryConfigurations"]
    assert (delivery["LogType"], delivery["DestinationType"]) == ("slow-log", "cloudwatch-logs")
    group = delivery["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]
    listed = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert named(listed, "logGroupName", group)["retentionInDays"] == 3  # SB-32: dev; the default is seven


def test_SB_14_secrets_that_nobody_gave_are_generated(aws: Account) -> None:
    values = [secret_value(aws, name) for name in ("jwt-secret", "admin-password", "rds-password", "redis-auth-token")]
    assert all(len(value) >= 32 for value in values)
    assert len(set(values)) == 4


def test_SB_15_the_application_role_is_least_privilege(aws: Account) -> None:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=f"{NAME}-app")["Role"]
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    assert "ec2.amazonaws.com" in trust
    assert "ecs-tasks.amazonaws.com" in trust
    profile = iam.get_instance_profile(InstanceProfileName=f"{NAME}-app")["InstanceProfile"]
    assert [r["RoleName"] for r in profile["Roles"]] == [f"{NAME}-app"]
    statements = [s for document in role_documents(aws, f"{NAME}-app") for s in document["Statement"]]
    resources = {r for s in statements for r in ([s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"])}
    allowed = [f"arn:aws:s3:::{BUCKET}", queue_attributes(aws, "safebucket-s3-events-dev")["QueueArn"]]
    allowed += [queue_attributes(aws, "safebucket-notifications-dev")["QueueArn"], f":secret:{NAME}-"]
    assert resources
    assert all(any(part in resource for part in allowed) for resource in resources), resources
    actions = {a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}
    assert not [action for action in actions if "*" in action]


def role_documents(aws: Account, role: str) -> list[dict[str, Any]]:
    iam = aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(document["PolicyVersion"]["Document"])
    return documents


def test_SB_16_tasks_read_secrets_through_secrets_only(aws: Account) -> None:
    container = task(aws, "safebucket")["containerDefinitions"][0]
    secrets = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    expected = {
        "APP__JWT_SECRET": "jwt-secret",
        "APP__ADMIN_PASSWORD": "admin-password",
        "DATABASE__PASSWORD": "rds-password",
        "CACHE__REDIS__PASSWORD": "redis-auth-token",
    }
    manager = aws.client("secretsmanager")
    assert secrets == {k: manager.describe_secret(SecretId=f"{NAME}-{v}")["ARN"] for k, v in expected.items()}
    values = {secret_value(aws, component) for component in expected.values()}
    for name in ("safebucket", "loki", "mailpit"):
        assert not values & set(environment(aws, name).values())
    role = task(aws, "safebucket")["executionRoleArn"].rsplit("/")[-1]
    readable = [s for d in role_documents(aws, role) for s in d["Statement"] if "GetSecretValue" in json.dumps(s)]
    assert {r for s in readable for r in s["Resource"]} == set(secrets.values())


def test_SB_17_the_cluster(aws: Account) -> None:
    cluster = aws.client("ecs").describe_clusters(clusters=["safebucket-dev-cluster"], include=["SETTINGS"])[
        "clusters"
    ][0]
    assert cluster["status"] == "ACTIVE"
    assert {"FARGATE", "FARGATE_SPOT"} <= set(cluster["capacityProviders"])
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enabled"}]


@pytest.mark.parametrize(
    ("name", "image", "cpu", "memory", "ports"),
    [
        pytest.param(
            "safebucket", "docker.io/safebucket/safebucket:latest", "256", "512", [8080], id="SB_18_safebucket"
        ),
        pytest.param("loki", "docker.io/grafana/loki:latest", "512", "1024", [3100], id="SB_19_loki"),
        pytest.param("mailpit", "docker.io/axllent/mailpit:latest", "256", "512", [1025, 8025], id="SB_20_mailpit"),
    ],
)
def test_services(aws: Account, name: str, image: str, cpu: str, memory: str, ports: list[int]) -> None:
    running, definition = service(aws, name), task(aws, name)
    container = named(definition["containerDefinitions"], "name", name)
    assert running["status"] == "ACTIVE"
    assert running["desiredCount"] == 1
    assert (container["image"], definition["cpu"], definition["memory"]) == (image, cpu, memory)
    assert sorted(mapping["containerPort"] for mapping in container["portMappings"]) == ports
    assert definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert definition["requiresCompatibilities"] == ["FARGATE"]


@pytest.mark.parametrize(
    ("name", "port", "path"),
    [
        pytest.param("safebucket", 8080, "/", id="SB_18_safebucket"),
        pytest.param("loki", 3100, "/ready", id="SB_19_loki"),
        pytest.param("mailpit", 8025, "/", id="SB_20_mailpit"),
    ],
)
def test_health_checks(aws: Account, name: str, port: int, path: str) -> None:
    group = target_group(aws, name)
    assert (group["Port"], group["HealthCheckPath"], group["Matcher"]["HttpCode"]) == (port, path, "200")
    assert group["TargetGroupArn"] in [lb["targetGroupArn"] for lb in service(aws, name)["loadBalancers"]]


def test_SB_19_loki_stores_in_a_bucket_of_its_own_and_is_reachable_inside_only(aws: Account) -> None:
    (bucket,) = [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"] if "loki" in b["Name"]]
    assert bucket in environment(aws, "loki").values()
    assert target_group(aws, "loki")["LoadBalancerArns"] == [balancer(aws, "internal-alb")["LoadBalancerArn"]]
    role = task(aws, "loki")["taskRoleArn"].rsplit("/")[-1]
    assert f"arn:aws:s3:::{bucket}" in json.dumps(role_documents(aws, role))
    assert f'arn:aws:s3:::{BUCKET}"' not in json.dumps(role_documents(aws, role))


def test_SB_21_log_groups(aws: Account) -> None:
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/ecs/")["logGroups"]
    retention = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    assert retention == {f"/ecs/safebucket-dev-{name}": 3 for name in ("safebucket", "loki", "mailpit")}
    for name in ("safebucket", "loki", "mailpit"):
        options = task(aws, name)["containerDefinitions"][0]["logConfiguration"]["options"]
        assert options["awslogs-group"] == f"/ecs/safebucket-dev-{name}"
        assert options["mode"] == "non-blocking"


def test_SB_22_load_balancers(aws: Account) -> None:
    elbv2 = aws.client("elbv2")
    public, internal = balancer(aws, "public-alb"), balancer(aws, "internal-alb")
    assert (public["Scheme"], internal["Scheme"]) == ("internet-facing", "internal")

    def forwards(arn: str) -> dict[int, str]:
        listeners = elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return {listener["Port"]: listener["DefaultActions"][0]["TargetGroupArn"] for listener in listeners}

    arns = {name: target_group(aws, name)["TargetGroupArn"] for name in ("safebucket", "mailpit", "loki")}
    assert forwards(public["LoadBalancerArn"]) == {80: arns["safebucket"], 8025: arns["mailpit"]}
    assert forwards(internal["LoadBalancerArn"]) == {3100: arns["loki"]}
    for arn in (public["LoadBalancerArn"], internal["LoadBalancerArn"]):
        attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        values = {attribute["Key"]: attribute["Value"] for attribute in attributes}
        assert values["routing.http.drop_invalid_header_fields.enabled"] == "true"
        assert values["routing.http.desync_mitigation_mode"] in ("defensive", "strictest")


def test_SB_23_the_names_that_tasks_are_given_resolve(aws: Account) -> None:
    discovery = aws.client("servicediscovery")
    (namespace,) = discovery.list_namespaces()["Namespaces"]
    assert namespace["Type"] == "DNS_PRIVATE"
    services = {item["Name"] for item in discovery.list_services()["Services"]}
    assert {f"{NAME}-{name}" for name in ("mailpit", "loki")} <= services
    given = environment(aws, "safebucket")
    # A bare name: Service Connect gives it to the client's task, a private DNS namespace would not.
    connect = {name: service_connect(aws, name) for name in ("mailpit", "safebucket")}
    aliases = [alias for s in connect["mailpit"]["services"] for alias in s["clientAliases"]]
    assert {"dnsName": given["NOTIFIER__SMTP__HOST"], "port": 1025} in aliases
    assert connect["safebucket"]["enabled"] is True
    assert connect["safebucket"]["namespace"] == connect["mailpit"]["namespace"] == namespace["Arn"]
    assert given["NOTIFIER__SMTP__PORT"] == "1025"
    assert given["ACTIVITY__LOKI__ENDPOINT"] == f"http://{balancer(aws, 'internal-alb')['DNSName']}:3100"


def service_connect(aws: Account, name: str) -> dict[str, Any]:
    return service(aws, name)["deployments"][0]["serviceConnectConfiguration"]


def test_SB_24_endpoints_for_the_services_that_tasks_call(aws: Account) -> None:
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    by_service = {endpoint["ServiceName"].removeprefix("com.amazonaws.eu-west-1."): endpoint for endpoint in endpoints}
    interface = {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs"}
    assert set(by_service) == interface | {"s3"}
    assert by_service["s3"]["VpcEndpointType"] == "Gateway"
    for name in interface:
        assert by_service[name]["PrivateDnsEnabled"] is True
        assert sorted(by_service[name]["SubnetIds"]) == default_subnets(aws)
        assert aws.id in by_service[name]["PolicyDocument"]
    for name in ("safebucket", "loki", "mailpit"):
        assert service(aws, name)["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    assert database(aws)["PubliclyAccessible"] is False


def test_SB_25_the_environment_of_the_safebucket_task_is_complete(aws: Account) -> None:
    url = f"http://{balancer(aws, 'public-alb')['DNSName']}"
    endpoint = cache(aws)["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert environment(aws, "safebucket") == {
        "APP__API_URL": url,
        "APP__WEB_URL": url,
        "APP__PORT": "8080",
        "APP__STATIC_FILES__ENABLED": "true",
        "APP__ADMIN_EMAIL": "admin@safebucket.io",
        "APP__ALLOWED_ORIGINS": url,
        "DATABASE__HOST": database(aws)["Endpoint"]["Address"],
        "DATABASE__PORT": "5432",
        "DATABASE__USER": "safebucket",
        "DATABASE__NAME": "safebucket",
        "DATABASE__SSLMODE": "require",
        "CACHE__TYPE": "redis",
        "CACHE__REDIS__HOSTS": f"{endpoint}:6379",
        "CACHE__REDIS__TLS_ENABLED": "true",
        "CACHE__REDIS__TLS_SERVER_NAME": endpoint,
        "STORAGE__TYPE": "aws",
        "STORAGE__AWS__BUCKET_NAME": BUCKET,
        "STORAGE__AWS__SQS_NAME": "safebucket-s3-events-dev",
        "EVENTS__TYPE": "aws",
        "EVENTS__AWS__SQS_NAME": "safebucket-s3-events-dev",
        "NOTIFIER__TYPE": "smtp",
        "NOTIFIER__SMTP__HOST": "safebucket-dev-mailpit",
        "NOTIFIER__SMTP__PORT": "1025",
        "NOTIFIER__SMTP__SENDER": "notifications@safebucket.io",
        "ACTIVITY__TYPE": "loki",
        "ACTIVITY__LOKI__ENDPOINT": f"http://{balancer(aws, 'internal-alb')['DNSName']}:3100",
    }


def test_SB_26_autoscaling_is_off_in_dev(aws: Account) -> None:
    assert (
        aws.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    )


def test_SB_30_outputs(aws: Account) -> None:
    asked = run_playbook(aws, INVENTORY, "outputs", format="json").ok().output
    outputs = json.loads(asked[asked.index("{") : asked.rindex("}") + 1])
    instance, group = database(aws), cache(aws)
    expected = {
        "s3_bucket_name": BUCKET,
        "s3_bucket_arn": f"arn:aws:s3:::{BUCKET}",
        "s3_bucket_domain_name": f"{BUCKET}.s3.amazonaws.com",
        "rds_endpoint": f"{instance['Endpoint']['Address']}:{instance['Endpoint']['Port']}",
        "rds_port": 5432,
        "rds_database_name": "safebucket",
        "rds_instance_id": instance["DBInstanceIdentifier"],
        "redis_endpoint": group["NodeGroups"][0]["PrimaryEndpoint"]["Address"],
        "redis_port": 6379,
        "redis_user_group_id": group["UserGroupIds"][0],
        "sqs_s3_events_queue_url": aws.client("sqs").get_queue_url(QueueName="safebucket-s3-events-dev")["QueueUrl"],
        "sqs_notifications_queue_url": aws.client("sqs").get_queue_url(QueueName="safebucket-notifications-dev")[
            "QueueUrl"
        ],
        "iam_role_arn": f"arn:aws:iam::{aws.id}:role/safebucket-dev-app",
        "instance_profile_name": "safebucket-dev-app",
        "redis_security_group_id": security_group(aws, "cache-sg")["GroupId"],
        "rds_security_group_id": security_group(aws, "database-sg")["GroupId"],
        "alb_dns_name": balancer(aws, "public-alb")["DNSName"],
        "ecs_cluster_name": "safebucket-dev-cluster",
    }
    assert {name: outputs[name] for name in expected} == expected
    users = aws.client("elasticache").describe_user_groups(UserGroupId=group["UserGroupIds"][0])["UserGroups"][0][
        "UserIds"
    ]
    assert outputs["redis_app_user_id"] in users
    assert set(outputs["ecs_service_names"]) == {f"{NAME}-{name}" for name in ("safebucket", "loki", "mailpit")}
    assert outputs["infrastructure_summary"]["url"] == f"http://{balancer(aws, 'public-alb')['DNSName']}"
    for component in ("jwt-secret", "admin-password", "rds-password", "redis-auth-token"):
        assert secret_value(aws, component) not in asked


def test_SB_30_one_output_and_shell_exports(aws: Account, tmp_path: Any) -> None:
    instance = database(aws)
    assert (
        f"{instance['Endpoint']['Address']}:5432"
        in run_playbook(aws, INVENTORY, "outputs", output="rds_endpoint").ok().output
    )
    exports = tmp_path / "exports"
    run_playbook(aws, INVENTORY, "outputs", format="shell", outputs_file=str(exports)).ok()
    assert exports.stat().st_mode & 0o777 == 0o600
    words = [shlex.split(line) for line in exports.read_text().splitlines()]
    assert ["export", f"RDS_ENDPOINT={instance['Endpoint']['Address']}:5432"] in words
    assert all(word[0] == "export" and len(word) == 2 for word in words)
    wrong = run_playbook(aws, INVENTORY, "outputs", output="rds_endpont")
    assert wrong.status != 0
    assert "did you mean rds_endpoint?" in wrong.output


def test_SB_33_alarms(aws: Account) -> None:
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = {(alarm["Namespace"], d["Value"]) for alarm in alarms for d in alarm["Dimensions"]}
    for queue in ("safebucket-s3-events-dev", "safebucket-notifications-dev"):
        assert ("AWS/SQS", queue) in watched
    for name in ("safebucket", "loki", "mailpit"):
        assert ("AWS/ECS", f"{NAME}-{name}") in watched
    assert ("AWS/RDS", database(aws)["DBInstanceIdentifier"]) in watched
    assert any(namespace == "AWS/ElastiCache" for namespace, _ in watched)
    (topic,) = aws.client("sns").list_topics()["Topics"]
    assert all(topic["TopicArn"] in alarm["AlarmActions"] for alarm in alarms)


def test_SB_29_only_a_changed_redeployment_trigger_deploys_anew(aws: Account) -> None:
    before = service(aws, "safebucket")["deployments"][0]
    run = run_playbook(aws, INVENTORY, "app", redeployment_trigger="2").ok()
    after = service(aws, "safebucket")["deployments"][0]
    assert after["id"] != before["id"]
    assert after["taskDefinition"] == before["taskDefinition"]
    services = ("app", "loki", "mailpit")  # the document's trigger is the system's
    assert {(c["component"], c["action"], c["resource"]) for c in run.changes} == {
        (name, "update", "ECS service") for name in services
    }
    assert run_playbook(aws, INVENTORY, "app", redeployment_trigger="2").ok().changes == []
    assert service(aws, "safebucket")["deployments"][0]["id"] == after["id"]


def test_SB_34_destroy_asks_first_and_leaves_an_empty_account(aws: Account) -> None:
    since = aws.position()
    refused = run_playbook(aws, INVENTORY, "destroy")
    assert refused.status != 0
    assert "-e confirm=safebucket-dev" in refused.output
    assert refused.output.index("database") < refused.output.index("public-alb"), "data stores come first"
    wrong = run_playbook(aws, INVENTORY, "destroy", confirm="safebucket-prod")
    assert wrong.status != 0
    assert aws.writes(since) == []
    aws.client("s3").put_object(Bucket=BUCKET, Key="precious", Body=b"data")
    full = run_playbook(aws, INVENTORY, "destroy", confirm=NAME)
    assert full.status != 0
    assert "empty_buckets=true" in full.output
    assert aws.client("s3").get_object(Bucket=BUCKET, Key="precious")["Body"].read() == b"data"
    run_playbook(aws, INVENTORY, "destroy", confirm=NAME, empty_buckets=True).ok()
    assert left_over(aws) == {}
    assert default_vpc(aws)
    assert run_playbook(aws, INVENTORY, "destroy", confirm=NAME).ok().changes == []


def left_over(aws: Account) -> dict[str, Any]:
    from tests.support.state import state  # noqa: PLC0415

    return {kind: names for kind, names in state(aws).items() if names}
