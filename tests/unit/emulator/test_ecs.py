# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS as its API reference and its console show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
ROLE = "arn:aws:iam::123456789012:role/r"
CLUSTER = {"cluster": "c"}
REASON = "CannotPullContainerError: no such image"


def container(**more: Any) -> dict[str, Any]:
    return {"name": "app", "image": "nginx:1", "portMappings": [{"containerPort": 80}], **more}


def register(aws: Aws, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    arguments = {
        "family": "f",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": ROLE,
        "taskRoleArn": ROLE,
        "containerDefinitions": list(containers) or [container()],
    }
    answer: dict[str, Any] = aws("ecs").register_task_definition(**{**arguments, **more})
    return answer


def create_cluster(aws: Aws, **more: Any) -> dict[str, Any]:
    created: dict[str, Any] = aws("ecs").create_cluster(clusterName="c", **more)["cluster"]
    return created


def create_service(aws: Aws, **more: Any) -> dict[str, Any]:
    network = {"subnets": aws.subnets(), "securityGroups": [], "assignPublicIp": "ENABLED"}
    arguments = {
        **CLUSTER,
        "serviceName": "s",
        "taskDefinition": "f",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": network},
    }
    arguments = {name: value for name, value in {**arguments, **more}.items() if value is not None}
    created: dict[str, Any] = aws("ecs").create_service(**arguments)["service"]
    return created


def read_service(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws("ecs").describe_services(**CLUSTER, services=["s"], include=["TAGS"])["services"][0]
    return found


def ready_service(aws: Aws, **more: Any) -> dict[str, Any]:
    create_cluster(aws)
    register(aws)
    create_service(aws, **more)
    return read_service(aws)


def update(aws: Aws, **more: Any) -> dict[str, Any]:
    updated: dict[str, Any] = aws("ecs").update_service(**CLUSTER, service="s", **more)["service"]
    return updated


def target_group(aws: Aws, name: str = "t", kind: str = "ip") -> str:
    created = aws("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=aws.vpc(), TargetType=kind)
    return str(created["TargetGroups"][0]["TargetGroupArn"])


def balanced(aws: Aws, group: str) -> None:
    elb = aws("elbv2")
    balancer = elb.create_load_balancer(Name="l", Subnets=aws.subnets())["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])


# ---- clusters ----------------------------------------------------------------------------------------


def test_cluster_reads_back(aws: Aws) -> None:
    ecs = aws("ecs")
    create_cluster(
        aws,
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration={"executeCommandConfiguration": {"logging": "DEFAULT"}},
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        tags=[{"key": "a", "value": "b"}],
    )
    brief = ecs.describe_clusters(clusters=["c"])["clusters"][0]
    assert (brief["settings"], brief["tags"], "configuration" in brief) == ([], [], False)
    whole = ecs.describe_clusters(clusters=["c"], include=["SETTINGS", "CONFIGURATIONS", "TAGS"])["clusters"][0]
    assert whole["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert whole["configuration"] == {"executeCommandConfiguration": {"logging": "DEFAULT"}}
    assert whole["tags"] == [{"key": "a", "value": "b"}]
    assert whole["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert whole["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]


def test_cluster_without_providers(aws: Aws, refused: Refused) -> None:
    cluster = create_cluster(aws)
    assert (cluster["capacityProviders"], cluster["defaultCapacityProviderStrategy"]) == ([], [])
    assert cluster["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    ecs = aws("ecs")
    providers = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    assert ecs.put_cluster_capacity_providers(**CLUSTER, **providers)["cluster"]["capacityProviders"] == ["FARGATE"]
    wrong = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    refused(
        "InvalidParameterException",
        ecs.put_cluster_capacity_providers,
        **CLUSTER,
        capacityProviders=["FARGATE"],
        defaultCapacityProviderStrategy=wrong,
    )
    refused("InvalidParameterException", ecs.create_cluster, clusterName="d", capacityProviders=["what"])


def test_update_cluster(aws: Aws, refused: Refused) -> None:
    create_cluster(aws)
    ecs = aws("ecs")
    ecs.update_cluster(**CLUSTER, settings=[{"name": "containerInsights", "value": "enhanced"}])
    read = ecs.describe_clusters(clusters=["c"], include=["SETTINGS"])["clusters"][0]
    assert read["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    wrong = [{"name": "containerInsights", "value": "maybe"}]
    refused("InvalidParameterException", ecs.update_cluster, **CLUSTER, settings=wrong)
    refused("ClusterNotFoundException", ecs.update_cluster, cluster="none")
    ecs.update_cluster(**CLUSTER, serviceConnectDefaults={"namespace": "n"})
    read = ecs.describe_clusters(clusters=["c"])["clusters"][0]
    assert read["serviceConnectDefaults"]["namespace"].startswith("arn:aws:servicediscovery:")


def test_delete_cluster(aws: Aws, refused: Refused) -> None:
    ready_service(aws)
    ecs = aws("ecs")
    refused("ClusterContainsServicesException", ecs.delete_cluster, **CLUSTER)
    ecs.delete_service(**CLUSTER, service="s", force=True)
    ecs.delete_cluster(**CLUSTER)
    assert ecs.describe_clusters(clusters=["c"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []
    refused("ClusterNotFoundException", ecs.delete_cluster, **CLUSTER)
    assert ecs.describe_clusters(clusters=["none"])["failures"][0]["reason"] == "MISSING"
    assert create_cluster(aws)["status"] == "ACTIVE"


# ---- task definitions --------------------------------------------------------------------------------


def test_task_definition_gets_the_defaults(aws: Aws) -> None:
    answer = register(
        aws,
        container(healthCheck={"command": ["CMD", "true"]}, mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}]),
        volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        tags=[{"key": "a", "value": "b"}],
    )
    assert answer["tags"] == [{"key": "a", "value": "b"}]
    read = aws("ecs").describe_task_definition(taskDefinition="f:1", include=["TAGS"])
    assert read["tags"] == answer["tags"]
    task = read["taskDefinition"]
    (only,) = task["containerDefinitions"]
    assert only["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]
    assert (only["cpu"], only["essential"], only["environment"], only["volumesFrom"]) == (0, True, [], [])
    assert only["healthCheck"] == {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert task["volumes"] == [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/"}}]
    assert (task["revision"], task["status"], task["placementConstraints"]) == (1, "ACTIVE", [])
    assert task["compatibilities"] == ["EC2", "FARGATE"]
    assert task["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert "tags" not in aws("ecs").describe_task_definition(taskDefinition="f")


@pytest.mark.parametrize(
    "change",
    [
        {"cpu": "256", "memory": "4096"},
        {"cpu": "300"},
        {"cpu": None},
        {"memory": None},
        {"networkMode": "bridge"},
        {"family": "a b"},
        {"containerDefinitions": []},
        {"containerDefinitions": [container(essential=False)]},
        {"containerDefinitions": [container(), container()]},
        {"containerDefinitions": [container(image="")]},
        {"containerDefinitions": [container(portMappings=[{"containerPort": 80, "hostPort": 81}])]},
        {"containerDefinitions": [container(portMappings=[{"containerPort": 70000}])]},
        {"containerDefinitions": [container(mountPoints=[{"sourceVolume": "none", "containerPath": "/"}])]},
        {"containerDefinitions": [container(healthCheck={"command": ["CMD"], "interval": 1})]},
        {"containerDefinitions": [container(dependsOn=[{"containerName": "none", "condition": "START"}])]},
        {"containerDefinitions": [container(privileged=True)]},
        {"containerDefinitions": [container(cpu=512)]},
        {"containerDefinitions": [container(logConfiguration={"logDriver": "syslog"})]},
        {"containerDefinitions": [container(logConfiguration={"logDriver": "awslogs", "options": {}})]},
        {
            "containerDefinitions": [container(secrets=[{"name": "X", "valueFrom": "arn"}])],
            "executionRoleArn": None,
        },
        {"ephemeralStorage": {"sizeInGiB": 10}},
    ],
)
def test_wrong_task_definitions_are_refused(aws: Aws, refused: Refused, change: dict[str, Any]) -> None:
    right = {
        "family": "f",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": ROLE,
        "containerDefinitions": [container()],
    }
    arguments = {name: value for name, value in {**right, **change}.items() if value is not None}
    refused("ClientException", aws("ecs").register_task_definition, **arguments)


def test_revisions(aws: Aws, refused: Refused) -> None:
    ecs = aws("ecs")
    for _ in range(3):
        register(aws)
    ecs.deregister_task_definition(taskDefinition="f:3")
    assert ecs.describe_task_definition(taskDefinition="f")["taskDefinition"]["revision"] == 2
    assert ecs.describe_task_definition(taskDefinition="f:3")["taskDefinition"]["status"] == "INACTIVE"
    newest = ecs.list_task_definitions(familyPrefix="f", sort="DESC")["taskDefinitionArns"][0]
    assert newest.endswith(":task-definition/f:2")
    assert ecs.list_task_definition_families(status="ACTIVE")["families"] == ["f"]
    assert ecs.delete_task_definitions(taskDefinitions=["f:3", "f:2"])["failures"][0]["arn"].endswith("f:2")
    assert register(aws)["taskDefinition"]["revision"] in (3, 4)
    refused("ClientException", ecs.describe_task_definition, taskDefinition="none")
    refused("ClientException", ecs.deregister_task_definition, taskDefinition="f")


# ---- services ----------------------------------------------------------------------------------------


def test_service_reads_back(aws: Aws) -> None:
    create_cluster(aws, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    register(aws)
    group = target_group(aws)
    balanced(aws, group)
    balancers = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
    security_group = aws.security_group()
    created = create_service(
        aws,
        launchType=None,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 70}],
        loadBalancers=balancers,
        healthCheckGracePeriodSeconds=60,
        enableExecuteCommand=True,
        enableECSManagedTags=True,
        propagateTags="SERVICE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": aws.subnets(), "securityGroups": [security_group]}},
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        tags=[{"key": "a", "value": "b"}],
    )
    assert created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    read = read_service(aws)
    assert read["loadBalancers"] == balancers
    assert (read["healthCheckGracePeriodSeconds"], read["propagateTags"]) == (60, "SERVICE")
    assert (read["enableExecuteCommand"], read["enableECSManagedTags"]) == (True, True)
    assert read["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 70, "base": 0}]
    assert "launchType" not in read
    assert (read["platformVersion"], read["availabilityZoneRebalancing"]) == ("LATEST", "ENABLED")
    configuration = read["deploymentConfiguration"]
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (200, 100)
    network = read["networkConfiguration"]["awsvpcConfiguration"]
    assert (network["securityGroups"], network["assignPublicIp"]) == ([security_group], "DISABLED")
    assert read["tags"] == [{"key": "a", "value": "b"}]
    assert (read["status"], read["runningCount"], read["pendingCount"], read["desiredCount"]) == ("ACTIVE", 2, 0, 2)
    (deployment,) = read["deployments"]
    assert (deployment["status"], deployment["rolloutState"], deployment["runningCount"]) == ("PRIMARY", "COMPLETED", 2)
    assert "steady state" in read["events"][0]["message"]
    health = aws("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [target["TargetHealth"]["State"] for target in health] == ["healthy", "healthy"]


def test_wrong_services_are_refused(aws: Aws, refused: Refused) -> None:
    create_cluster(aws)
    register(aws)
    lonely, wrong_kind = target_group(aws), target_group(aws, "i", "instance")
    balanced(aws, wrong_kind)

    def no(code: str = "InvalidParameterException", **change: Any) -> str:
        return refused(code, create_service, aws=aws, **change)

    def balancer(group: str, name: str = "app", port: int = 80) -> dict[str, Any]:
        return {"loadBalancers": [{"targetGroupArn": group, "containerName": name, "containerPort": port}]}

    no("ClusterNotFoundException", cluster="none")
    no("ClientException", taskDefinition="none")
    assert "does not have an associated load balancer" in no(**balancer(lonely))
    assert "target type instance" in no(**balancer(wrong_kind))
    assert "did not have a container port" in no(**balancer(lonely, port=81))
    assert "does not exist in the task definition" in no(**balancer(lonely, name="none"))
    no(**balancer("arn:none"))
    no(networkConfiguration=None)
    no(networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0"]}})
    network = {"subnets": aws.subnets(), "securityGroups": ["sg-0"]}
    no(networkConfiguration={"awsvpcConfiguration": network})
    no(capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}])
    no(launchType=None, capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}])
    no(healthCheckGracePeriodSeconds=10)
    no(serviceRegistries=[{"registryArn": "arn:none"}])
    no(serviceConnectConfiguration={"enabled": True})
    no("NamespaceNotFoundException", serviceConnectConfiguration={"enabled": True, "namespace": "none"})
    no(desiredCount=None)
    register(aws, family="g", taskRoleArn="")
    no(taskDefinition="g", enableExecuteCommand=True)
    create_service(aws)
    assert no() == "Creation of service was not idempotent."


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"desiredCount": 3}, False),
        ({"healthCheckGracePeriodSeconds": 0}, False),
        ({"enableExecuteCommand": True}, False),
        ({"propagateTags": "TASK_DEFINITION"}, False),
        ({"enableECSManagedTags": True}, False),
        ({"availabilityZoneRebalancing": "DISABLED"}, False),
        ({"platformVersion": "1.4.0"}, True),
    ],
)
def test_update_service(aws: Aws, change: dict[str, Any], anew: bool) -> None:
    before = ready_service(aws)
    update(aws, **change)
    after = read_service(aws)
    for name, value in change.items():
        assert after[name] == value
    assert (after["deployments"][0]["id"] != before["deployments"][0]["id"]) == anew
    assert after["runningCount"] == after["desiredCount"]


def test_update_of_deployment_configuration_keeps_the_rest(aws: Aws) -> None:
    ready_service(aws, deploymentConfiguration={"maximumPercent": 150})
    breaker = {"enable": True, "rollback": False}
    update(aws, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    configuration = read_service(aws)["deploymentConfiguration"]
    assert (configuration["maximumPercent"], configuration["deploymentCircuitBreaker"]) == (150, breaker)


def test_update_of_networks_and_providers(aws: Aws, refused: Refused) -> None:
    ready_service(aws)
    ecs = aws("ecs")
    group = aws.security_group()
    network = {"subnets": aws.subnets()[:1], "securityGroups": [group], "assignPublicIp": "DISABLED"}
    update(aws, networkConfiguration={"awsvpcConfiguration": network})
    assert read_service(aws)["networkConfiguration"]["awsvpcConfiguration"] == network
    ecs.put_cluster_capacity_providers(
        **CLUSTER, capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    refused("InvalidParameterException", update, aws=aws, capacityProviderStrategy=strategy)
    update(aws, capacityProviderStrategy=strategy, forceNewDeployment=True)
    read = read_service(aws)
    assert (read["capacityProviderStrategy"], "launchType" in read) == (strategy, False)
    refused(
        "ResourceInUseException",
        ecs.put_cluster_capacity_providers,
        **CLUSTER,
        capacityProviders=[],
        defaultCapacityProviderStrategy=[],
    )
    refused("ServiceNotFoundException", ecs.update_service, **CLUSTER, service="none")


def test_a_new_deployment_takes_over(aws: Aws) -> None:
    before = ready_service(aws)
    old = aws("ecs").list_tasks(**CLUSTER, serviceName="s")["taskArns"]
    register(aws, container(image="nginx:2"))
    during = update(aws, taskDefinition="f:2")
    assert [d["status"] for d in during["deployments"]] == ["PRIMARY", "ACTIVE"]
    after = read_service(aws)
    assert after["taskDefinition"].endswith("f:2")
    assert [d["rolloutState"] for d in after["deployments"]] == ["COMPLETED"]
    new = aws("ecs").list_tasks(**CLUSTER, serviceName="s")["taskArns"]
    assert len(new) == 2
    assert not set(new) & set(old)
    stopped = aws("ecs").list_tasks(**CLUSTER, serviceName="s", desiredStatus="STOPPED")["taskArns"]
    assert set(stopped) == set(old)
    update(aws, forceNewDeployment=True)
    assert read_service(aws)["deployments"][0]["id"] not in (
        before["deployments"][0]["id"],
        after["deployments"][0]["id"],
    )


def test_deployments_take_as_many_reads_as_wanted(aws: Aws) -> None:
    aws.settings(provisioning_reads=2)
    create_cluster(aws)
    register(aws)
    create_service(aws)
    states = [read_service(aws)["deployments"][0]["rolloutState"] for _ in range(3)]
    assert states == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]


def break_images(aws: Aws) -> None:
    outcome = {"cluster": "c", "service": "s", "image_contains": "broken", "reason": REASON}
    aws.settings(ecs_outcomes=[outcome])
    register(aws, container(image="broken:1"))


def test_circuit_breaker_rolls_back(aws: Aws) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    ready_service(aws, deploymentConfiguration=breaker)
    break_images(aws)
    asked = update(aws, taskDefinition="f:2")["deployments"][0]["id"]
    first = read_service(aws)["deployments"][0]
    assert (first["id"], first["rolloutState"], first["runningCount"]) == (asked, "IN_PROGRESS", 0)
    assert first["failedTasks"] >= 3
    second = read_service(aws)
    states = {d["id"]: (d["status"], d["rolloutState"]) for d in second["deployments"]}
    assert states[asked] == ("ACTIVE", "FAILED")
    assert second["deployments"][0]["status"] == "PRIMARY"
    assert "rolling back" in second["deployments"][0]["rolloutStateReason"]
    assert second["taskDefinition"].endswith("f:1")
    third = read_service(aws)
    assert [d["rolloutState"] for d in third["deployments"]] == ["COMPLETED"]
    messages = "\n".join(event["message"] for event in third["events"])
    assert f"(service s) (deployment {asked}) deployment failed: tasks failed to start." in messages
    assert "rolling back to deployment ecs-svc/" in messages
    stopped = aws("ecs").list_tasks(**CLUSTER, serviceName="s", desiredStatus="STOPPED")["taskArns"]
    tasks = aws("ecs").describe_tasks(**CLUSTER, tasks=stopped)["tasks"]
    failed = [task for task in tasks if task["startedBy"] == asked]
    assert {task["stoppedReason"] for task in failed} == {REASON}
    assert failed[0]["containers"][0]["reason"] == REASON
    deployments = aws("ecs").list_service_deployments(**CLUSTER, service="s")["serviceDeployments"]
    assert [d["status"] for d in deployments] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    arns = [deployments[0]["serviceDeploymentArn"]]
    whole = aws("ecs").describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
    assert whole["deploymentCircuitBreaker"]["status"] == "TRIGGERED"


def test_circuit_breaker_without_rollback_only_fails(aws: Aws) -> None:
    ready_service(aws, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}})
    break_images(aws)
    update(aws, taskDefinition="f:2")
    states = [read_service(aws)["deployments"][0]["rolloutState"] for _ in range(3)]
    assert states == ["IN_PROGRESS", "FAILED", "FAILED"]
    assert read_service(aws)["runningCount"] == 2


def test_without_circuit_breaker_a_broken_deployment_goes_on_for_ever(aws: Aws) -> None:
    ready_service(aws)
    break_images(aws)
    update(aws, taskDefinition="f:2")
    reads = [read_service(aws)["deployments"][0] for _ in range(4)]
    assert {read["rolloutState"] for read in reads} == {"IN_PROGRESS"}
    assert reads[-1]["failedTasks"] > reads[0]["failedTasks"]


def test_delete_service(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=1)
    ready_service(aws)
    ecs = aws("ecs")
    refused("InvalidParameterException", ecs.delete_service, **CLUSTER, service="s")
    assert ecs.delete_service(**CLUSTER, service="s", force=True)["service"]["status"] == "DRAINING"
    refused("InvalidParameterException", create_service, aws=aws)
    refused("ServiceNotActiveException", ecs.update_service, **CLUSTER, service="s", desiredCount=1)
    assert [read_service(aws)["status"] for _ in range(2)] == ["DRAINING", "INACTIVE"]
    assert ecs.list_services(**CLUSTER)["serviceArns"] == []
    assert ecs.describe_services(**CLUSTER, services=["none"])["failures"][0]["reason"] == "MISSING"
    refused("ServiceNotFoundException", ecs.delete_service, **CLUSTER, service="none")
    assert create_service(aws)["status"] == "ACTIVE"


def test_service_registries_hold_the_tasks(aws: Aws) -> None:
    cloud_map = aws("servicediscovery")
    cloud_map.create_private_dns_namespace(Name="n.local", Vpc=aws.vpc())
    namespace = cloud_map.list_namespaces()["Namespaces"][0]["Id"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    registry = cloud_map.create_service(Name="r", NamespaceId=namespace, DnsConfig=records)["Service"]
    create_cluster(aws)
    register(aws)
    create_service(aws, serviceRegistries=[{"registryArn": registry["Arn"]}])
    assert read_service(aws)["serviceRegistries"] == [{"registryArn": registry["Arn"]}]
    assert len(cloud_map.list_instances(ServiceId=registry["Id"])["Instances"]) == 2
    aws("ecs").delete_service(**CLUSTER, service="s", force=True)
    assert cloud_map.list_instances(ServiceId=registry["Id"])["Instances"] == []


def test_tags(aws: Aws, refused: Refused) -> None:
    ready_service(aws)
    ecs = aws("ecs")
    arn = read_service(aws)["serviceArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    refused("ServiceNotFoundException", ecs.list_tags_for_resource, resourceArn=f"{arn}x")


def test_tasks_alone(aws: Aws, refused: Refused) -> None:
    create_cluster(aws)
    register(aws)
    ecs = aws("ecs")
    network = {"awsvpcConfiguration": {"subnets": aws.subnets()}}
    refused("InvalidParameterException", ecs.run_task, **CLUSTER, taskDefinition="f")
    arn = ecs.run_task(**CLUSTER, taskDefinition="f", networkConfiguration=network)["tasks"][0]["taskArn"]
    reads = [ecs.describe_tasks(**CLUSTER, tasks=[arn])["tasks"][0] for _ in range(2)]
    assert [read["lastStatus"] for read in reads] == ["RUNNING", "STOPPED"]
    assert (reads[1]["stopCode"], reads[1]["containers"][0]["exitCode"]) == ("EssentialContainerExited", 0)
    aws.settings(ecs_run_task_exit_code=3)
    arn = ecs.run_task(**CLUSTER, taskDefinition="f", networkConfiguration=network)["tasks"][0]["taskArn"]
    read = [ecs.describe_tasks(**CLUSTER, tasks=[arn])["tasks"][0] for _ in range(2)][1]
    assert read["containers"][0]["exitCode"] == 3
    ecs.stop_task(**CLUSTER, task=arn, reason="because")
    assert ecs.describe_tasks(**CLUSTER, tasks=[arn])["tasks"][0]["stoppedReason"] == "because"
    refused("InvalidParameterException", ecs.stop_task, **CLUSTER, task="none")


def test_no_two_tasks_have_one_address(aws: Aws) -> None:
    arn = target_group(aws)
    balanced(aws, arn)
    smallest = aws("ec2").create_subnet(VpcId=aws.vpc(), CidrBlock="172.31.240.0/28")["Subnet"]["SubnetId"]
    balancers = [{"targetGroupArn": arn, "containerName": "app", "containerPort": 80}]
    network = {"awsvpcConfiguration": {"subnets": [smallest]}}
    ready_service(aws, loadBalancers=balancers, networkConfiguration=network, desiredCount=11)
    health = aws("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert {target["Target"]["Id"] for target in health} == {f"172.31.240.{n}" for n in range(4, 15)}
