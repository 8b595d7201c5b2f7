# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that is deployed blue/green, from an empty account and back to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.support.policies import policy_problems
from tests.support.state import state

pytestmark = pytest.mark.xdist_group("blue-green")

INVENTORY = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  vpc: [network]
  ecs_cluster: [cluster]
  alb:
    public:
      alb_target_groups:
        web: {port: 8080, health_check: {path: /health}, alternate: true}
      alb_listeners:
        - {port: 80, target_group: web}
        - {port: 8080, target_group: web, test_traffic: true}
  ecs_service:
    web:
      ecs_service_image: docker.io/library/nginx:1
      ecs_service_ports: [8080]
      ecs_service_keep_image: true
      ecs_service_desired_count: 2
      ecs_service_deployment_strategy: BLUE_GREEN
      ecs_service_target_groups:
        - {load_balancer: public, target_group: web, port: 8080}
vars:
  aws_region: eu-west-1
"""
NAME, CLUSTER = "shop-dev-web", "shop-dev-cluster"
BLUE, GREEN = NAME, f"{NAME}-alt"


class Shop:
    def __init__(self, account: Account, inventory: Path) -> None:
        self.account, self.inventory = account, inventory
        self.ecs, self.elb = account.client("ecs"), account.client("elbv2")

    def run(self, verb: str, *arguments: str, **extra: Any) -> Run:
        return run_playbook(self.account, self.inventory, verb, *arguments, **extra)

    def service(self) -> dict[str, Any]:
        (found,) = self.ecs.describe_services(cluster=CLUSTER, services=[NAME])["services"]
        return dict(found)

    def traffic(self) -> list[dict[str, int]]:
        """Weights of production, then of tests."""
        (balancer,) = self.elb.describe_load_balancers(Names=["shop-dev-public"])["LoadBalancers"]
        listeners = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        found = {}
        for listener in listeners:
            (action,) = listener["DefaultActions"]
            groups = action["ForwardConfig"]["TargetGroups"]
            found[listener["Port"]] = {group["TargetGroupArn"].split("/")[1]: group["Weight"] for group in groups}
        return [found[80], found[8080]]

    def quiet(self) -> None:
        """Drift, as a check, and a converge after it change nothing, above all not where production is."""
        before = self.traffic()
        for arguments in (("--check",), ()):
            since = self.account.position()
            assert self.run("site", *arguments).ok().changes == []
            assert self.account.writes(since) == []
        assert self.traffic() == before


@pytest.fixture(scope="module")
def previewed(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Run]:
    inventory = tmp_path_factory.mktemp("shop") / "shop.yml"
    inventory.write_text(INVENTORY)
    shop = Shop(local_aws.account(), inventory)
    previewed = shop.run("site", "--check").ok()
    assert shop.account.writes() == []
    return shop, previewed


@pytest.fixture(scope="module")
def shop(previewed: tuple[Shop, Run]) -> Shop:
    shop, preview = previewed
    assert shop.run("site").ok().summary == preview.summary != set()
    return shop


def test_it_is_ready_to_be_deployed_blue_green(shop: Shop) -> None:
    service = shop.service()
    configuration = service["deploymentConfiguration"]
    assert (configuration["strategy"], configuration["bakeTimeInMinutes"]) == ("BLUE_GREEN", 5)
    (balancer,) = service["loadBalancers"]
    advanced = balancer["advancedConfiguration"]
    assert [arn.split("/")[1] for arn in (balancer["targetGroupArn"], advanced["alternateTargetGroupArn"])] == [
        BLUE,
        GREEN,
    ]
    assert advanced["productionListenerRule"] != advanced["testListenerRule"]
    assert advanced["roleArn"] == f"arn:aws:iam::{shop.account.id}:role/{NAME}-infrastructure"
    attached = shop.account.client("iam").list_attached_role_policies(RoleName=f"{NAME}-infrastructure")
    assert [policy["PolicyName"] for policy in attached["AttachedPolicies"]] == [
        "AmazonECSInfrastructureRolePolicyForLoadBalancers"
    ]
    assert policy_problems(shop.account) == []
    assert shop.traffic()[0] == {BLUE: 100, GREEN: 0}


def test_a_publish_ends_on_the_alternate_group_and_no_converge_moves_it_back(shop: Shop) -> None:
    done = shop.run("publish", image="docker.io/library/nginx:2", service="web").ok()
    assert "published, shop-dev-web:1 -> shop-dev-web:2" in " ".join(done.output.split())
    assert shop.traffic() == [{BLUE: 0, GREEN: 100}] * 2
    assert shop.service()["taskDefinition"].endswith("shop-dev-web:2")
    shop.quiet()
    told = shop.run("status").ok().output
    assert "shop-dev-web-alt: 2 healthy, 100 % of production" in told


def test_the_alternate_group_stays_while_production_is_there(shop: Shop) -> None:
    """Both options away at once: refused before anything changes."""
    since, before = shop.account.position(), shop.traffic()
    gone = {"alb_target_groups": {"web": {"port": 8080, "health_check": {"path": "/health"}}}}
    options = {
        **gone,
        "alb_listeners": [{"port": 80, "target_group": "web"}],
        "ecs_service_deployment_strategy": "ROLLING",
    }
    done = shop.run("site", **options)
    assert done.status != 0
    assert "all its requests go to target group shop-dev-web-alt" in " ".join(done.output.split())
    assert [write for write in shop.account.writes(since) if write.startswith(("ecs:", "elasticload"))] == []
    assert shop.traffic() == before


def test_a_rollback_goes_back_to_the_first_group(shop: Shop) -> None:
    shop.run("rollback", service="web").ok()
    assert shop.traffic() == [{BLUE: 100, GREEN: 0}] * 2
    assert shop.service()["taskDefinition"].endswith("shop-dev-web:1")


def test_destroy_leaves_neither_target_group(shop: Shop) -> None:
    shop.run("destroy", confirm="shop-dev").ok()
    assert shop.elb.describe_target_groups()["TargetGroups"] == []
    assert {what: there for what, there in state(shop.account).items() if there} == {}
