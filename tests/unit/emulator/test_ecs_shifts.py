# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blue/green, linear and canary deployments of ECS as its developer guide and its API reference describe them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Aws
from .test_ecs import CLUSTER, Refused, create_cluster, create_service, read_service, register, target_group, update

BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
POLICY = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"


def role(aws: Aws, name: str = "infrastructure", service: str = "ecs", policy: str | None = POLICY) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    if policy:
        aws("iam").attach_role_policy(RoleName=name, PolicyArn=policy)
    return str(made["Arn"])


class Ground:
    """A load balancer with a rule for production and one for tests, and a service behind them."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.elb, self.ecs = aws, aws("elbv2"), aws("ecs")
        self.blue, self.green = target_group(aws, "blue"), target_group(aws, "green")
        balancer = self.elb.create_load_balancer(Name="l", Subnets=aws.subnets())["LoadBalancers"][0]
        fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
        listener = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80}
        made = self.elb.create_listener(**listener, DefaultActions=fixed)["Listeners"][0]
        self.listener = str(made["ListenerArn"])
        self.production, self.test = (self.rule(n, self.forward(self.blue, self.green)) for n in (1, 2))
        self.role = role(aws)
        create_cluster(aws)
        register(aws)

    @staticmethod
    def forward(*groups: str) -> list[dict[str, Any]]:
        weighted = [{"TargetGroupArn": arn, "Weight": 0 if n else 100} for n, arn in enumerate(groups)]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}]

    def rule(self, priority: int, actions: list[dict[str, Any]]) -> str:
        conditions = [{"Field": "path-pattern", "Values": [f"/{priority}"]}]
        made = self.elb.create_rule(
            ListenerArn=self.listener, Priority=priority, Conditions=conditions, Actions=actions
        )
        return str(made["Rules"][0]["RuleArn"])

    def balancers(self, **change: Any) -> list[dict[str, Any]]:
        advanced = {
            "alternateTargetGroupArn": self.green,
            "productionListenerRule": self.production,
            "roleArn": self.role,
            **change,
        }
        advanced = {name: value for name, value in advanced.items() if value is not None}
        balancer = {"targetGroupArn": self.blue, "containerName": "app", "containerPort": 80}
        return [{**balancer, "advancedConfiguration": advanced}]

    def create(self, **more: Any) -> None:
        options = {"loadBalancers": self.balancers(), "deploymentConfiguration": {**BLUE_GREEN, **BREAKER}, **more}
        create_service(self.aws, **options)

    def ready(self, **more: Any) -> None:
        self.create(**more)
        self.finish()

    def finish(self) -> dict[str, Any]:
        """Read on until the newest service deployment has ended."""
        for _ in range(30):
            record = self.record()
            if "finishedAt" in record:
                return record
        raise AssertionError(record)

    def record(self) -> dict[str, Any]:
        """The newest service deployment, after it got one stage further by the read of it."""
        found: dict[str, Any] = self.ecs.describe_service_deployments(serviceDeploymentArns=[self.newest()])
        newest: dict[str, Any] = found["serviceDeployments"][0]
        return newest

    def newest(self) -> str:
        found = self.ecs.list_service_deployments(**CLUSTER, service="s")["serviceDeployments"]
        return str(found[0]["serviceDeploymentArn"])

    def weights(self, rule: str = "") -> tuple[int, int]:
        (found,) = self.elb.describe_rules(RuleArns=[rule or self.production])["Rules"]
        groups = found["Actions"][0]["ForwardConfig"]["TargetGroups"]
        weights = {group["TargetGroupArn"]: group["Weight"] for group in groups}
        return weights[self.blue], weights[self.green]

    def targets(self) -> tuple[int, int]:
        counted = [
            len(self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"])
            for arn in (self.blue, self.green)
        ]
        return counted[0], counted[1]


@pytest.fixture
def ground(aws: Aws) -> Ground:
    return Ground(aws)


def test_each_deployment_moves_production_to_the_other_target_group(aws: Aws, ground: Ground) -> None:
    ground.ready()
    assert (ground.weights(), ground.targets()) == ((100, 0), (2, 0))
    for expected in ((0, 100), (100, 0)):
        register(aws)
        update(aws, taskDefinition="f")
        record = ground.finish()
        assert (record["status"], record["lifecycleStage"]) == ("SUCCESSFUL", "CLEAN_UP")
        assert record["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
        assert record["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 0
        assert (ground.weights(), ground.targets()) == (expected, tuple(2 if w else 0 for w in expected))
        service = read_service(aws)
        assert service["loadBalancers"] == ground.balancers()
        assert (service["runningCount"], len(service["deployments"])) == (2, 1)
        assert "rolloutState" not in service["deployments"][0]
        revision = record["targetServiceRevision"]["arn"]
        assert revision.endswith(service["deployments"][0]["id"].split("/")[1])
        (shown,) = ground.ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"]
        live = ground.blue if expected[0] else ground.green
        assert shown["resolvedConfiguration"]["loadBalancers"] == [
            {"targetGroupArn": live, "productionListenerRule": ground.production}
        ]


def stages(ground: Ground) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Each stage of the newest deployment with the weights of production and of tests in it."""
    arn, seen = ground.newest(), []
    for _ in range(30):
        record = ground.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
        seen.append((record["lifecycleStage"], ground.weights(), ground.weights(ground.test)))
        if "finishedAt" in record:
            return seen
    raise AssertionError(seen)


def test_stages_of_a_blue_green_deployment(aws: Aws, ground: Ground) -> None:
    ground.ready(loadBalancers=ground.balancers(testListenerRule=ground.test))
    update(aws, forceNewDeployment=True)
    blue, green = (100, 0), (0, 100)
    assert stages(ground) == [  # it was scaled up by the read before
        ("TEST_TRAFFIC_SHIFT", blue, green),
        ("PRODUCTION_TRAFFIC_SHIFT", green, green),
        ("BAKE_TIME", green, green),
        ("CLEAN_UP", green, green),
    ]


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 20.0}}, [(80, 20), (0, 100)]),
        ({"strategy": "CANARY"}, [(95, 5), (0, 100)]),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30.0}},
            [(70, 30), (40, 60), (10, 90), (0, 100)],
        ),
    ],
)
def test_steps_of_production(aws: Aws, ground: Ground, configuration: dict[str, Any], expected: list[Any]) -> None:
    ground.ready(deploymentConfiguration=configuration)
    update(aws, forceNewDeployment=True)
    assert [weights for stage, weights, _ in stages(ground) if stage == "PRODUCTION_TRAFFIC_SHIFT"] == expected


def test_the_own_action_of_a_listener_is_a_rule_too(aws: Aws, ground: Ground) -> None:
    pair = ground.forward(ground.blue, ground.green)
    ground.elb.modify_listener(ListenerArn=ground.listener, DefaultActions=pair)
    rules = ground.elb.describe_rules(ListenerArn=ground.listener)["Rules"]
    ground.production = next(rule["RuleArn"] for rule in rules if rule["IsDefault"])
    ground.ready(loadBalancers=ground.balancers())
    update(aws, forceNewDeployment=True)
    ground.finish()
    assert ground.weights() == (0, 100)
    (listener,) = ground.elb.describe_listeners(ListenerArns=[ground.listener])["Listeners"]
    weights = {g["TargetGroupArn"]: g["Weight"] for g in listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]}
    assert weights == {ground.blue: 0, ground.green: 100}


def test_a_deployment_whose_tasks_fail_leaves_production_alone(aws: Aws, ground: Ground) -> None:
    ground.ready()
    aws.settings(ecs_outcomes=[{"image_contains": "broken", "reason": "no such image"}])
    register(aws, {"name": "app", "image": "broken:1", "portMappings": [{"containerPort": 80}]})
    update(aws, taskDefinition="f")
    record = ground.finish()
    assert (record["status"], record["deploymentCircuitBreaker"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert "tasks failed to start" in record["statusReason"]
    service = read_service(aws)
    assert service["taskDefinition"].endswith("f:1") and len(service["deployments"]) == 1
    assert (ground.weights(), ground.targets()) == ((100, 0), (2, 0))


def test_a_first_deployment_has_nothing_to_go_back_to(aws: Aws, ground: Ground) -> None:
    aws.settings(ecs_outcomes=[{"image_contains": "nginx", "reason": "no such image"}])
    ground.create()
    assert ground.finish()["status"] == "STOPPED"


def test_a_rollback_on_request_moves_production_back(aws: Aws, ground: Ground, refused: Refused) -> None:
    ground.ready()
    stop = ground.ecs.stop_service_deployment
    refused("ConflictException", stop, serviceDeploymentArn=ground.newest(), stopType="ROLLBACK")
    refused("ServiceDeploymentNotFoundException", stop, serviceDeploymentArn="arn:none")
    register(aws)
    update(aws, taskDefinition="f")
    arn = ground.newest()  # scaled up
    for _ in range(2):  # production, then the bake time
        ground.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
    assert (ground.weights(), ground.targets()) == ((0, 100), (2, 2))
    refused("InvalidParameterException", stop, serviceDeploymentArn=arn, stopType="ABORT")
    stop(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert (ground.weights(), ground.targets()) == ((100, 0), (2, 0))
    assert ground.finish()["status"] == "ROLLBACK_SUCCESSFUL"
    assert read_service(aws)["taskDefinition"].endswith("f:1")


def test_a_newer_deployment_takes_the_place_of_one_under_way(aws: Aws, ground: Ground) -> None:
    ground.ready()
    for _ in range(2):
        register(aws)
        update(aws, taskDefinition="f")
    assert ground.finish()["status"] == "SUCCESSFUL"
    found = ground.ecs.list_service_deployments(**CLUSTER, service="s")["serviceDeployments"]
    assert [record["status"] for record in found] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]
    assert (ground.weights(), ground.targets()) == ((0, 100), (0, 2))
    assert read_service(aws)["taskDefinition"].endswith("f:3")


def test_a_rule_that_is_gone_fails_the_deployment(aws: Aws, ground: Ground) -> None:
    ground.ready()
    update(aws, forceNewDeployment=True)
    ground.elb.delete_rule(RuleArn=ground.production)
    record = ground.finish()
    assert record["status"] == "ROLLBACK_SUCCESSFUL" and "was not found" in record["statusReason"]


def test_a_rolling_service_takes_the_strategy_when_its_load_balancers_are_deployed(
    aws: Aws, ground: Ground, refused: Refused
) -> None:
    plain = [{"targetGroupArn": ground.blue, "containerName": "app", "containerPort": 80}]
    create_service(aws, loadBalancers=plain)
    both = {"loadBalancers": ground.balancers(), "deploymentConfiguration": BLUE_GREEN}
    read_service(aws)
    assert "must have been deployed" in refused("InvalidParameterException", update, aws=aws, **both)
    update(aws, loadBalancers=ground.balancers())
    early = refused("InvalidParameterException", update, aws=aws, deploymentConfiguration=BLUE_GREEN)
    assert "in progress" in early
    read_service(aws)
    before = read_service(aws)["deployments"][0]["id"]
    changed = update(aws, deploymentConfiguration=BLUE_GREEN)
    assert changed["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert read_service(aws)["deployments"][0]["id"] == before  # it triggers no deployment
    update(aws, deploymentConfiguration={"strategy": "ROLLING"})
    update(aws, forceNewDeployment=True)
    assert read_service(aws)["deployments"][0]["rolloutState"] == "COMPLETED"
    assert (ground.weights(), ground.targets()) == ((100, 0), (2, 0))


def test_what_is_refused_of_the_load_balancers(aws: Aws, ground: Ground, refused: Refused) -> None:
    def no(**change: Any) -> str:
        return refused("InvalidParameterException", ground.create, loadBalancers=ground.balancers(**change))

    for name in ("alternateTargetGroupArn", "productionListenerRule", "roleArn"):
        assert f"{name} is required" in no(**{name: None})
    lonely = target_group(aws, "lonely")
    alone = ground.rule(3, ground.forward(ground.blue))
    fixed = ground.rule(4, [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
    assert "must be different" in no(alternateTargetGroupArn=ground.blue)
    assert "was not found" in no(alternateTargetGroupArn="arn:none")
    assert "does not have an associated load balancer" in no(alternateTargetGroupArn=lonely)
    assert "are not associated with the rule" in no(productionListenerRule=alone)
    assert "other things than forward" in no(productionListenerRule=fixed)
    assert "was not found" in no(productionListenerRule="arn:none")
    assert "Unable to assume the role" in no(roleArn="arn:aws:iam::123456789012:role/none")
    assert "Unable to assume the role" in no(roleArn=role(aws, "tasks", service="ecs-tasks"))
    assert "Unable to assume the role" in no(roleArn=role(aws, "powerless", policy=None))
    ground.create(loadBalancers=ground.balancers(productionListenerRule=alone, testListenerRule=ground.test))


@pytest.mark.parametrize(
    "configuration",
    [
        {"strategy": "GREEN_BLUE"},
        {"strategy": "BLUE_GREEN"},
        {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441},
        {**BLUE_GREEN, "canaryConfiguration": {"canaryPercent": 5.0}},
        {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 101.0}},
        {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}},
        {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 5.0, "stepBakeTimeInMinutes": 1441}},
    ],
)
def test_what_is_refused_of_the_configuration(
    aws: Aws, ground: Ground, refused: Refused, configuration: dict[str, Any]
) -> None:
    refused("InvalidParameterException", ground.create, deploymentConfiguration=configuration)
