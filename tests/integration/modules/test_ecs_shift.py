# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that are deployed by shifting traffic: the modules ecs_service, ecs_release and ecs_status_info."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.modules.test_ecs_service import BREAKER, CLUSTER, NAME, Ground
from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module

BLUE_GREEN = {"strategy": "BLUE_GREEN", "bake_time_in_minutes": 5, **BREAKER}
ROLLING = {"strategy": "ROLLING"}
POLICY = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"


class Pair(Ground):
    """Two target groups, a rule for production and one for tests."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ecs, self.elb, self.iam = (self.account.client(name) for name in ("ecs", "elbv2", "iam"))
        groups = [
            self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip")
            for name in ("blue", "green")
        ]
        self.blue, self.green = (made["TargetGroups"][0]["TargetGroupArn"] for made in groups)
        balancer = self.elb.create_load_balancer(Name="web", Subnets=self.subnets[:2])["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        self.production, self.tests = (self._listener(arn, port) for port in (80, 8080))
        self.role = self._role("infrastructure")

    def _listener(self, balancer: str, port: int) -> str:
        """The rule of its own action."""
        weighted = [{"TargetGroupArn": self.blue, "Weight": 100}, {"TargetGroupArn": self.green, "Weight": 0}]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
        made = self.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[action])
        rules = self.elb.describe_rules(ListenerArn=made["Listeners"][0]["ListenerArn"])["Rules"]
        return str(rules[0]["RuleArn"])

    def _role(self, name: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.attach_role_policy(RoleName=name, PolicyArn=POLICY)
        return str(arn)

    def balancers(self, first: str = "", second: str = "", **change: Any) -> list[dict[str, Any]]:
        advanced = {
            "alternate_target_group_arn": second or self.green,
            "production_listener_rule": self.production,
            "role_arn": self.role,
            **change,
        }
        plain = {"target_group_arn": first or self.blue, "container_name": "web", "container_port": 80}
        return [{**plain, "advanced_configuration": advanced}]

    @property
    def both(self) -> dict[str, Any]:
        return {"load_balancers": self.balancers(), "deployment_configuration": BLUE_GREEN}

    def weights(self) -> tuple[int, int]:
        (rule,) = self.elb.describe_rules(RuleArns=[self.production])["Rules"]
        found = {g["TargetGroupArn"]: g["Weight"] for g in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        return found[self.blue], found[self.green]

    def quiet(self, **options: Any) -> None:
        """Check and converge change nothing, and leave the weights as they are."""
        weights = self.weights()
        for check in (True, False):
            since = self.account.position()
            assert self.run(_check=check, **options)["changes"] == []
            assert self.account.writes(since) == []
        assert self.weights() == weights

    def newest(self) -> dict[str, Any]:
        found = self.ecs.list_service_deployments(cluster=CLUSTER, service=NAME)["serviceDeployments"]
        return dict(found[0])

    def release(self, action: str, check: bool = False, **options: Any) -> dict[str, Any]:
        options = {"name": NAME, "cluster": CLUSTER, "wait_timeout": 20, **options}
        return run_module(self.account, "ecs_release", _check=check, action=action, **options)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = run_module(self.account, "ecs_status_info", name=NAME, cluster=CLUSTER)["status"]
        return found


@pytest.fixture
def ground(account: Account) -> Pair:
    return Pair(account)


# ---- ecs_service --------------------------------------------------------------------------------


def test_a_deployment_that_ends_on_the_alternate_group_is_left_there(ground: Pair) -> None:
    predicted = ground.run(_check=True, **ground.both)
    done = ground.run(**ground.both)
    assert [sorted(change["attributes"]) for change in predicted["changes"]] == [
        sorted(change["attributes"]) for change in done["changes"]
    ]
    assert predicted["service"].keys() == done["service"].keys()
    assert ground.weights() == (100, 0)
    ground.quiet(**ground.both)
    ground.register("nginx:2")
    changed = ground.run(**ground.both, task_definition="web:2")
    assert list(changed["changes"][0]["attributes"]) == ["task_definition"]
    assert (ground.newest()["status"], ground.weights()) == ("SUCCESSFUL", (0, 100))
    ground.quiet(**ground.both, task_definition="web:2")
    # which of them is called the alternate one means nothing
    turned = {**ground.both, "load_balancers": ground.balancers(ground.green, ground.blue)}
    ground.quiet(**turned, task_definition="web:2")


def test_what_changes_beside_them_leaves_the_groups_in_their_order(ground: Pair) -> None:
    ground.run(**ground.both)
    rules = ground.balancers(ground.green, ground.blue, test_listener_rule=ground.tests)
    changed = ground.run(**{**ground.both, "load_balancers": rules})
    assert list(changed["changes"][0]["attributes"]) == ["load_balancers"]
    (balancer,) = ground.read()["loadBalancers"]
    assert balancer["targetGroupArn"] == ground.blue
    assert balancer["advancedConfiguration"]["testListenerRule"] == ground.tests
    ground.quiet(**{**ground.both, "load_balancers": rules})


@pytest.mark.parametrize(
    "configuration",
    [
        {"strategy": "CANARY", "canary_configuration": {"canary_percent": 10, "canary_bake_time_in_minutes": 1}},
        {"strategy": "LINEAR", "linear_configuration": {"step_percent": 50.0, "step_bake_time_in_minutes": 1}},
    ],
)
def test_strategies_change_in_place(ground: Pair, configuration: dict[str, Any]) -> None:
    ground.run(**ground.both)
    before = ground.deployment()
    changed = ground.run(**{**ground.both, "deployment_configuration": configuration})
    assert list(changed["changes"][0]["attributes"]) == ["deployment_configuration"]
    assert ground.deployment() == before
    ground.quiet(**{**ground.both, "deployment_configuration": configuration})
    ground.run(**{**ground.both, "deployment_configuration": configuration}, redeployment_trigger="1")
    assert ground.weights() == (0, 100)
    back = ground.run(**ground.both)
    assert list(back["changes"][0]["attributes"]) == ["deployment_configuration"]


def test_a_rolling_service_first_gets_its_load_balancers(ground: Pair) -> None:
    plain = [{key: value for key, value in ground.balancers()[0].items() if key != "advanced_configuration"}]
    ground.run(load_balancers=plain)
    ground.quiet(load_balancers=plain, deployment_configuration=ROLLING)
    ground.register("nginx:2")
    predicted = ground.run(_check=True, **ground.both, task_definition="web:2")
    since = ground.account.position()
    done = ground.run(**ground.both, task_definition="web:2", tags={"A": "1"}, wait=False)
    assert ground.account.writes(since) == ["ecs:UpdateService", "ecs:UpdateService", "ecs:TagResource"]
    assert sorted([*predicted["changes"][0]["attributes"], "tags"]) == sorted(done["changes"][0]["attributes"])
    assert (ground.newest()["status"], ground.weights()) == ("SUCCESSFUL", (100, 0))
    assert ground.read()["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    ground.quiet(**ground.both, task_definition="web:2")


def test_an_interrupted_change_of_strategy_is_finished(ground: Pair) -> None:
    plain = [{key: value for key, value in ground.balancers()[0].items() if key != "advanced_configuration"}]
    ground.run(load_balancers=plain)
    ground.account.fault(service="ecs", operation="UpdateService", code="AccessDeniedException", message="no", skip=1)
    with pytest.raises(ModuleFailed, match="no"):
        ground.run(**ground.both)
    assert ground.read()["deploymentConfiguration"]["strategy"] == "ROLLING"
    assert list(ground.run(**ground.both)["changes"][0]["attributes"]) == ["deployment_configuration"]
    ground.quiet(**ground.both)


def test_rolling_again_only_when_production_is_with_the_first_group(ground: Pair) -> None:
    rolling = {"load_balancers": ground.balancers(), "deployment_configuration": ROLLING}
    ground.run(**ground.both)
    ground.run(**ground.both, redeployment_trigger="1")
    for check in (True, False):
        since = ground.account.position()
        with pytest.raises(ModuleFailed, match=r"production is with the alternate target group green\. Nothing was"):
            ground.run(_check=check, **rolling)
        assert ground.account.writes(since) == []
    ground.run(**ground.both, redeployment_trigger="2")
    assert list(ground.run(**rolling)["changes"][0]["attributes"]) == ["deployment_configuration"]
    ground.quiet(**rolling)
    ground.run(**rolling, redeployment_trigger="3")
    assert ground.weights() == (100, 0)
    plain = [{key: value for key, value in ground.balancers()[0].items() if key != "advanced_configuration"}]
    assert list(ground.run(load_balancers=plain)["changes"][0]["attributes"]) == ["load_balancers"]
    assert "advancedConfiguration" not in ground.read()["loadBalancers"][0]


def test_a_failed_deployment_says_why_when_production_is_back(ground: Pair) -> None:
    ground.run(**ground.both)
    ground.register("broken:1")
    ground.account.settings(ecs_outcomes=[{"image_contains": "broken", "reason": "CannotPullContainerError: no"}])
    with pytest.raises(ModuleFailed) as failed:
        ground.run(**ground.both, task_definition="web:2")
    message = failed.value.result["msg"]
    assert "ROLLBACK_SUCCESSFUL: ECS deployment circuit breaker: tasks failed to start.; the service goes on" in message
    assert "goes on with web:1; stopped tasks: 3 x CannotPullContainerError: no" in message
    assert ground.weights() == (100, 0)
    ground.account.settings(ecs_outcomes=[])
    assert ground.run(**ground.both, task_definition="web:2")["changed"]
    assert ground.weights() == (0, 100)


def test_a_timeout_says_where_the_deployment_is(ground: Pair) -> None:
    ground.run(**ground.both)
    ground.account.settings(provisioning_reads=50)
    with pytest.raises(ModuleFailed, match="not after 1 s; last seen: PENDING PRE_SCALE_UP, ECS goes on with it"):
        ground.run(**ground.both, redeployment_trigger="1", wait_timeout=1)


def test_what_an_interrupted_run_left_under_way_is_waited_for(ground: Pair) -> None:
    ground.account.settings(provisioning_reads=4)
    ground.run(**ground.both, wait=False)
    assert not ground.run(**ground.both)["changed"]
    assert ground.newest()["status"] == "SUCCESSFUL"
    ground.run(**ground.both, redeployment_trigger="1", wait=False)
    ground.ecs.stop_service_deployment(
        serviceDeploymentArn=ground.newest()["serviceDeploymentArn"], stopType="ROLLBACK"
    )
    assert not ground.run(**ground.both, redeployment_trigger="1")["changed"]
    assert ground.newest()["status"] == "ROLLBACK_SUCCESSFUL"


def test_another_number_of_tasks_needs_no_deployment(ground: Pair) -> None:
    ground.run(**ground.both)
    ground.run(**ground.both, desired_count=3)
    assert ground.read()["runningCount"] == 3
    assert len(ground.ecs.list_service_deployments(cluster=CLUSTER, service=NAME)["serviceDeployments"]) == 1


def test_a_role_that_ecs_cannot_assume_yet_is_waited_for(ground: Pair) -> None:
    fault = {"code": "InvalidParameterException", "message": "Unable to assume the role", "status": 400}
    ground.account.fault(service="ecs", operation="CreateService", **fault)
    ground.run(**ground.both)
    ground.run(state="absent")
    ground.account.fault(service="ecs", operation="CreateService", times=100, **fault)
    with pytest.raises(ModuleFailed, match="Unable to assume the role"):
        ground.run(**ground.both, wait_timeout=1)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"strategy": "BLUE_GREEN"}, "strategy is BLUE_GREEN; it needs bake_time_in_minutes"),
        ({**BLUE_GREEN, "bake_time_in_minutes": 1441}, "bake_time_in_minutes is 1441; allowed are 0 to 1440"),
        ({**BLUE_GREEN, "canary_configuration": {}}, "canary_configuration is set; allowed is it with strategy CANARY"),
        (
            {"strategy": "CANARY", "canary_configuration": {"canary_percent": 0.0}},
            "canary_configuration.canary_percent is 0.0; allowed are 0.1 to 100",
        ),
        (
            {"strategy": "LINEAR", "linear_configuration": {"step_bake_time_in_minutes": -1}},
            "linear_configuration.step_bake_time_in_minutes is -1; allowed are 0 to 1440",
        ),
    ],
)
def test_refused_before_any_write(ground: Pair, configuration: dict[str, Any], message: str) -> None:
    since = ground.account.position()
    with pytest.raises(ModuleFailed) as failed:
        ground.run(load_balancers=ground.balancers(), deployment_configuration=configuration)
    assert f"deployment_configuration.{message}" in str(failed.value)
    assert ground.account.requests(since) == []


def test_every_target_group_needs_its_alternate_one(ground: Pair) -> None:
    plain = [{"target_group_arn": ground.blue, "container_name": "web", "container_port": 80}]
    with pytest.raises(ModuleFailed, match="load_balancers has blue without advanced_configuration; it is needed with"):
        ground.run(load_balancers=plain, deployment_configuration=BLUE_GREEN)


# ---- the verbs ----------------------------------------------------------------------------------


def test_publish_and_rollback_move_production_each_time(ground: Pair) -> None:
    ground.run(**ground.both)
    assert ground.release("publish", image="nginx:2")["release"]["task_definition"] == "web:2"
    assert ground.weights() == (0, 100)
    assert not ground.release("publish", image="nginx:2")["changed"]
    done = ground.release("rollback")
    assert (done["release"]["task_definition"], ground.weights()) == ("web:1", (100, 0))
    assert ground.release("restart")["changed"] and ground.weights() == (0, 100)


def test_a_rollback_stops_a_deployment_that_has_not_ended(ground: Pair) -> None:
    ground.run(**ground.both)
    ground.account.settings(ecs_bake_reads=50)
    ground.release("publish", image="nginx:2", wait=False)
    while ground.weights() != (0, 100):
        ground.newest()
    predicted = ground.release("rollback", check=True)
    since = ground.account.position()
    done = ground.release("rollback")
    assert ground.account.writes(since) == ["ecs:StopServiceDeployment"]
    for result in (predicted, done):
        (change,) = result["changes"]
        assert change["attributes"]["task_definition"] == {"before": "web:2", "after": "web:1"}
    assert done["release"]["task_definition"] == "web:1"
    assert (ground.weights(), ground.newest()["status"]) == ((100, 0), "ROLLBACK_SUCCESSFUL")


def test_a_publish_that_fails_says_so(ground: Pair) -> None:
    ground.run(**ground.both)
    ground.account.settings(ecs_outcomes=[{"image_contains": "broken", "reason": "no such image"}])
    with pytest.raises(ModuleFailed, match=r"ROLLBACK_SUCCESSFUL: .*goes on with web:1; stopped tasks: 3 x no such"):
        ground.release("publish", image="broken:1")
    assert ground.weights() == (100, 0)


def test_the_status_tells_where_production_is_and_what_is_under_way(ground: Pair) -> None:
    ground.run(**ground.both, desired_count=2)
    ground.account.settings(ecs_bake_reads=50)
    ground.release("publish", image="nginx:2", wait=False)
    while ground.weights() != (0, 100):
        ground.newest()
    busy = ground.status()
    assert (busy["steady"], busy["strategy"], busy["shift"]["status"]) == (False, "BLUE_GREEN", "IN_PROGRESS")
    assert f"  shift       BLUE_GREEN IN_PROGRESS {busy['shift']['stage']}" in busy["text"]
    assert busy["targets"] == {"blue": {"healthy": 2}, "green": {"healthy": 2}}
    ground.account.settings(ecs_bake_reads=None)
    ground.run(**ground.both, desired_count=2, task_definition="web:2")
    done = ground.status()
    assert (done["steady"], done["shift"]) == (True, {})
    assert done["traffic"] == {"blue": 0, "green": 100}
    assert done["targets"] == {"blue": {}, "green": {"healthy": 2}}
    assert "  targets     green: 2 healthy, 100 % of production" in done["text"]
    assert "  targets     blue: no targets, 0 % of production" in done["text"]
