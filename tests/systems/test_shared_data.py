# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several applications on the data of one environment, which none of them touches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_aws import Account
from tests.support.playbook import run_playbook

PRODUCTION = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: production
components: {vpc: [network], sqs: [orders], secret: [key], ecs_cluster: [cluster]}
vars: {aws_region: eu-west-1, secret_recovery_window_days: 0}
"""
APPLICATION = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: ENVIRONMENT
stack_data: production
components:
  ecs_cluster:
    cluster: {ecs_cluster_namespace: "", ecs_cluster_tags: {Queue: "{{ hostvars.orders.component.name }}"}}
vars: {aws_region: eu-west-1}
"""


@pytest.fixture
def inventories(tmp_path: Path) -> Path:
    (tmp_path / "production.yml").write_text(PRODUCTION)
    for name in ("blue", "green"):
        (tmp_path / f"{name}.yml").write_text(APPLICATION.replace("ENVIRONMENT", name))
    return tmp_path


def data_writes(account: Account, since: int) -> list[str]:
    return [write for write in account.writes(since) if not write.startswith("ecs:")]


def clusters(account: Account) -> dict[str, str]:
    found = account.client("ecs").describe_clusters(
        clusters=account.client("ecs").list_clusters()["clusterArns"], include=["TAGS"]
    )["clusters"]
    return {c["clusterName"]: {t["key"]: t["value"] for t in c["tags"]}.get("Queue", "") for c in found}


def test_two_applications_share_the_data_and_do_not_touch_it(account: Account, inventories: Path) -> None:
    run_playbook(account, inventories / "production.yml", "data").ok()
    since = account.position()
    for name, verb in (("blue", "site"), ("green", "app")):
        preview = run_playbook(account, inventories / f"{name}.yml", verb, "--check").ok()
        done = run_playbook(account, inventories / f"{name}.yml", verb).ok()
        assert preview.summary == done.summary == {("cluster", "create", "ECS cluster", f"shop-{name}-cluster")}
    assert data_writes(account, since) == []
    queue = "shop-production-orders"
    assert clusters(account) == {"shop-blue-cluster": queue, "shop-green-cluster": queue}

    refused = run_playbook(account, inventories / "blue.yml", "destroy")
    assert refused.status != 0
    assert "shop-blue-cluster" in refused.output and queue not in refused.output
    run_playbook(account, inventories / "blue.yml", "destroy", confirm="shop-blue").ok()
    assert data_writes(account, since) == []
    assert list(clusters(account)) == ["shop-green-cluster"]


def test_data_that_is_not_there_is_named(account: Account, inventories: Path) -> None:
    run = run_playbook(account, inventories / "blue.yml", "site")
    assert run.status != 0
    assert "there is no SQS queue shop-production-orders; converge orders first" in run.output
    assert account.writes() == []


def test_what_is_wrong_and_what_it_costs_is_said_of_the_environment_itself(account: Account, inventories: Path) -> None:
    cost = run_playbook(account, inventories / "blue.yml", "cost", format="json").ok()
    assert '"stack": "shop/blue"' in cost.output
    wrong = run_playbook(account, inventories / "blue.yml", "validate", ecs_cluster_nam="x")
    assert "with shop/blue:" in wrong.output and "did you mean ecs_cluster_name?" in wrong.output
    assert account.writes() == []


def test_an_unknown_environment_is_refused(account: Account, inventories: Path) -> None:
    (inventories / "production.yml").unlink()
    run = run_playbook(account, inventories / "blue.yml", "site")
    assert run.status != 0
    assert "stack_data is 'production'; there must be another environment" in " ".join(run.output.split())
