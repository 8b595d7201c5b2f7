# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

CLUSTER = "shop-dev-cluster"
NAME = "shop-dev-web"
ROLE = "arn:aws:iam::123456789012:role/web"
BREAKER = {"deployment_circuit_breaker": {"enable": True, "rollback": True}}
ON_DEMAND = [{"capacity_provider": "FARGATE", "weight": 1, "base": 0}]
SPOT = [
    {"capacity_provider": "FARGATE", "weight": 30, "base": 1},
    {"capacity_provider": "FARGATE_SPOT", "weight": 70, "base": 0},
]


@dataclass
class Ground:
    """What a service stands on."""

    account: Account
    subnets: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    vpc: str = ""

    def __post_init__(self) -> None:
        ec2, ecs = self.account.client("ec2"), self.account.client("ecs")
        found = ec2.describe_subnets()["Subnets"]
        self.subnets, self.vpc = sorted(subnet["SubnetId"] for subnet in found), found[0]["VpcId"]
        for name in ("one", "two"):
            made = ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
            self.groups.append(made["GroupId"])
        ecs.create_cluster(clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"])
        self.register("nginx:1")

    def register(self, image: str) -> str:
        container = {"name": "web", "image": image, "portMappings": [{"containerPort": 80, "name": "http"}]}
        made = self.account.client("ecs").register_task_definition(
            family="web",
            containerDefinitions=[container],
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            taskRoleArn=ROLE,
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def target_group(self, name: str) -> str:
        elb = self.account.client("elbv2")
        made = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip")
        balancer = elb.create_load_balancer(Name=name, Subnets=self.subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
        return arn

    @property
    def base(self) -> dict[str, Any]:
        return {
            "name": NAME,
            "cluster": CLUSTER,
            "task_definition": "web:1",
            "subnets": self.subnets[:1],
            "capacity_provider_strategy": ON_DEMAND,
        }

    def run(self, **options: Any) -> dict[str, Any]:
        return run_module(self.account, "ecs_service", **{"wait_timeout": 20, **self.base, **options})

    def read(self) -> dict[str, Any]:
        found = self.account.client("ecs").describe_services(cluster=CLUSTER, services=[NAME], include=["TAGS"])
        return found["services"][0]

    def deployment(self) -> str:
        return self.read()["deployments"][0]["id"]


@pytest.fixture
def ground(account: Account) -> Ground:
    return Ground(account)


def test_matrix(account: Account, ground: Ground) -> None:
    discovery = account.client("servicediscovery")
    discovery.create_private_dns_namespace(Name="shop.local", Vpc=ground.vpc)
    namespace = discovery.list_namespaces()["Namespaces"][0]
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    registry = discovery.create_service(Name="web", NamespaceId=namespace["Id"], DnsConfig=records)["Service"]["Arn"]
    ground.register("nginx:2")
    targets = {"container_name": "web", "container_port": 80}
    connect = {"enabled": True, "namespace": namespace["Arn"], "services": [{"port_name": "http"}]}
    aliases = [{"port_name": "http", "discovery_name": "web-http", "client_aliases": [{"port": 80, "dns_name": "web"}]}]
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/proxy", "awslogs-region": "eu-west-1"}}
    Matrix(
        module="ecs_service",
        key="service",
        base=ground.base,
        fixed={"desired_count_on_create_only", "launch_type"},
        absent=ground.base,
        updates={
            "task_definition": "web:2",
            "desired_count": 2,
            "capacity_provider_strategy": SPOT,
            "platform_version": "1.4.0",
            "subnets": ground.subnets[:2],
            "security_groups": ground.groups,
            "assign_public_ip": True,
            "deployment_configuration": BREAKER,
            "+percent": {"deployment_configuration": {"maximum_percent": 150, "minimum_healthy_percent": 50}},
            "+alarms": {
                "deployment_configuration": {
                    "alarms": {"alarm_names": ["b", "a"], "enable": True, "rollback": True},
                }
            },
            "load_balancers": [{"target_group_arn": ground.target_group("web"), **targets}],
            "+a target group more": {
                "load_balancers": [
                    {"target_group_arn": ground.target_group("internal"), **targets},
                    {"target_group_arn": ground.target_group("public"), **targets},
                ]
            },
            "health_check_grace_period_seconds": 60,
            "service_registries": [{"registry_arn": registry}],
            "service_connect_configuration": connect,
            "+aliases": {"service_connect_configuration": {**connect, "services": aliases}},
            "+logs": {
                "service_connect_configuration": {**connect, "services": aliases, "log_configuration": logs},
            },
            "+client only": {"service_connect_configuration": {**connect, "services": []}},
            "+no service connect": {"service_connect_configuration": {"enabled": False}},
            "enable_execute_command": True,
            "availability_zone_rebalancing": "DISABLED",
            "enable_ecs_managed_tags": True,
            "propagate_tags": "SERVICE",
            "redeployment_trigger": "build 1",
            "tags": {"Environment": "dev"},
        },
        seen={
            "task_definition": lambda account: ground.read()["taskDefinition"].split("/")[-1],
            "desired_count": lambda account: ground.read()["runningCount"],
            "platform_version": lambda account: ground.read()["platformVersion"],
            "subnets": lambda account: ground.read()["networkConfiguration"]["awsvpcConfiguration"]["subnets"],
            "health_check_grace_period_seconds": lambda account: ground.read()["healthCheckGracePeriodSeconds"],
            "enable_execute_command": lambda account: ground.read()["enableExecuteCommand"],
            "availability_zone_rebalancing": lambda account: ground.read()["availabilityZoneRebalancing"],
            "propagate_tags": lambda account: ground.read()["propagateTags"],
            "service_registries": lambda account: [
                {"registry_arn": item["registryArn"]} for item in ground.read()["serviceRegistries"]
            ],
        },
    ).check(account)


def test_order_means_nothing(ground: Ground) -> None:
    both = {"subnets": ground.subnets[:2], "security_groups": ground.groups, "capacity_provider_strategy": SPOT}
    ground.run(**both)
    assert not ground.run(**{key: value[::-1] for key, value in both.items()})["changed"]


def test_the_task_definition_may_be_an_arn(ground: Ground) -> None:
    ground.run()
    arn = ground.register("nginx:2")
    assert ground.run(task_definition=arn)["changed"]
    assert not ground.run(task_definition=arn)["changed"]


def test_an_autoscaled_count_is_left_alone(ground: Ground) -> None:
    options = {"desired_count": 2, "desired_count_on_create_only": True}
    ground.run(**options)
    assert ground.read()["desiredCount"] == 2
    ground.account.client("ecs").update_service(cluster=CLUSTER, service=NAME, desiredCount=3)
    assert not ground.run(**options)["changed"]
    assert ground.run(**options, tags={"A": "1"})["service"]["desired_count"] == 3
    assert ground.read()["desiredCount"] == 3


def test_the_trigger_deploys_when_it_changes_and_only_then(ground: Ground) -> None:
    ground.run(redeployment_trigger="1", tags={"A": "1"})
    first = ground.deployment()
    ground.run(redeployment_trigger="1", tags={"A": "1"})
    ground.run(tags={"A": "1"})  # unset: untouched
    assert ground.deployment() == first
    result = ground.run(redeployment_trigger="2", tags={"A": "1"})
    assert result["changes"][0]["attributes"] == {"redeployment_trigger": {"before": "1", "after": "2"}}
    assert ground.deployment() != first
    tags = {tag["key"]: tag["value"] for tag in ground.read()["tags"]}
    assert tags == {"A": "1", "slipway:redeployment-trigger": "2"}


def test_purged_tags_keep_the_trigger(ground: Ground) -> None:
    ground.run(redeployment_trigger="1", tags={"A": "1"})
    ground.run(tags={"B": "1"})
    tags = {tag["key"]: tag["value"] for tag in ground.read()["tags"]}
    assert tags == {"B": "1", "slipway:redeployment-trigger": "1"}


def test_created_with_everything_in_one_call(ground: Ground) -> None:
    since = ground.account.position()
    ground.run(security_groups=ground.groups, deployment_configuration=BREAKER, tags={"A": "1"}, desired_count=2)
    assert ground.account.writes(since) == ["ecs:CreateService"]
    assert ground.read()["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True


def test_it_waits_for_the_requested_deployment(ground: Ground) -> None:
    ground.account.settings(provisioning_reads=2)
    ground.run()
    assert ground.read()["deployments"][0]["rolloutState"] == "COMPLETED"
    ground.run(redeployment_trigger="x")
    assert [item["rolloutState"] for item in ground.read()["deployments"]] == ["COMPLETED"]


def test_what_an_interrupted_run_left_under_way_is_waited_for(ground: Ground) -> None:
    ground.account.settings(provisioning_reads=2)
    ground.run(wait=False)
    assert not ground.run()["changed"]
    assert ground.read()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_rollback_is_a_failure_that_says_why(ground: Ground) -> None:
    ground.run(deployment_configuration=BREAKER)
    ground.register("broken:1")
    ground.account.settings(
        ecs_outcomes=[{"image_contains": "broken", "reason": "CannotPullContainerError: no broken"}]
    )
    with pytest.raises(ModuleFailed) as failed:
        ground.run(task_definition="web:2", deployment_configuration=BREAKER)
    message = failed.value.result["msg"]
    assert "ECS service shop-dev-web: deployment ecs-svc/" in message
    assert "tasks failed to start" in message
    assert "the service goes on with web:1" in message
    assert "stopped tasks: 3 x CannotPullContainerError: no broken" in message
    assert "last events: (service shop-dev-web)" in message
    assert "\n" not in message


def test_after_a_rollback_the_next_run_tries_again(ground: Ground) -> None:
    ground.run(deployment_configuration=BREAKER)
    ground.register("broken:1")
    ground.account.settings(ecs_outcomes=[{"image_contains": "broken"}])
    with pytest.raises(ModuleFailed):
        ground.run(task_definition="web:2", deployment_configuration=BREAKER)
    ground.account.settings(ecs_outcomes=[])
    assert ground.run(task_definition="web:2", deployment_configuration=BREAKER)["changed"]
    assert ground.read()["taskDefinition"].endswith("web:2")


def test_a_timeout_says_what_is_missing_and_why(ground: Ground) -> None:
    ground.account.settings(ecs_outcomes=[{"reason": "CannotPullContainerError: not found"}])
    with pytest.raises(ModuleFailed) as failed:
        ground.run(wait_timeout=1, desired_count=2)
    message = failed.value.result["msg"]
    assert "not after 1 s; last seen: 0 of 2 tasks running, IN_PROGRESS" in message
    assert "x CannotPullContainerError: not found" in message
    assert "was unable to place a task" in message


def test_stopped_tasks_that_may_not_be_read_do_not_hide_the_failure(ground: Ground) -> None:
    ground.account.settings(ecs_outcomes=[{"reason": "CannotPullContainerError: not found"}])
    ground.account.fault(service="ecs", operation="ListTasks", code="AccessDeniedException", message="no")
    with pytest.raises(ModuleFailed, match="0 of 1 tasks running, IN_PROGRESS; stopped tasks: none; last events: "):
        ground.run(wait_timeout=1)


def test_without_waiting_it_does_not_wait(ground: Ground) -> None:
    ground.account.settings(provisioning_reads=50)
    ground.run(wait=False)
    assert ground.read()["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_cluster_that_is_not_there(account: Account) -> None:
    options = {"name": NAME, "cluster": CLUSTER, "task_definition": "web:(known after apply)", "subnets": ["subnet-1"]}
    result = run_module(account, "ecs_service", _check=True, **options)
    assert result["changed"]
    assert account.writes() == []
    assert not run_module(account, "ecs_service", name=NAME, cluster=CLUSTER, state="absent")["changed"]
    with pytest.raises(ModuleFailed, match=r"Could not create ECS service shop-dev-web: .*ClusterNotFound"):
        run_module(account, "ecs_service", **{**options, "task_definition": "web:1"})


def test_a_service_that_is_still_draining_is_waited_for(ground: Ground) -> None:
    ground.run()
    ground.account.settings(provisioning_reads=2)
    ground.account.client("ecs").delete_service(cluster=CLUSTER, service=NAME, force=True)
    assert ground.read()["status"] == "DRAINING"
    assert ground.run()["changed"]
    assert ground.read()["status"] == "ACTIVE"


def test_an_interrupted_removal_is_finished(ground: Ground) -> None:
    ground.run()
    ground.account.settings(provisioning_reads=2)
    ground.run(state="absent", wait=False)
    assert ground.read()["status"] == "DRAINING"
    assert ground.run(state="absent")["changed"]
    assert ground.read()["status"] == "INACTIVE"
    assert not ground.run(state="absent")["changed"]


def test_launch_type_cannot_be_changed(ground: Ground) -> None:
    ground.run()
    since = ground.account.position()
    with pytest.raises(ModuleFailed, match=r"launch_type cannot be changed .*: give capacity_provider_strategy"):
        ground.run(capacity_provider_strategy=None, launch_type="FARGATE")
    assert ground.account.writes(since) == []


def test_a_service_with_a_launch_type_can_go_to_spot(ground: Ground) -> None:
    ground.run(capacity_provider_strategy=None, launch_type="FARGATE")
    assert not ground.run(capacity_provider_strategy=None, launch_type="FARGATE")["changed"]
    ground.run(capacity_provider_strategy=SPOT)
    assert {item["weight"] for item in ground.read()["capacityProviderStrategy"]} == {30, 70}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"capacity_provider_strategy": [{"capacity_provider": "FARGATE"}]}, "at least one weight must be greater"),
        (
            {"capacity_provider_strategy": [{**item, "base": 1} for item in SPOT]},
            "only one capacity provider can have a base",
        ),
        ({"task_definition": "web"}, "task_definition is web; allowed are family:revision or an ARN"),
        ({"tags": {"slipway:redeployment-trigger": "x"}}, "is written by redeployment_trigger"),
        ({"launch_type": "FARGATE"}, "launch_type and capacity_provider_strategy exclude"),
    ],
)
def test_refused_before_any_write(ground: Ground, options: dict[str, Any], message: str) -> None:
    since = ground.account.position()
    with pytest.raises(ModuleFailed, match=message):
        ground.run(**options)
    assert ground.account.requests(since) == []


def test_an_aws_error_names_the_call_and_the_resource(ground: Ground) -> None:
    ground.account.fault(service="ecs", operation="CreateService", code="AccessDeniedException", message="not allowed")
    with pytest.raises(ModuleFailed, match=r"Could not create ECS service shop-dev-web: .*not allowed"):
        ground.run()
