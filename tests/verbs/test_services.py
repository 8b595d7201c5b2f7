# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""publish, rollback, restart, status, logs and cost on a small environment that runs: SE-21, FD-18, OK-14."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_aws import Account, LocalAws
from tests.support.playbook import Run, run_playbook
from tests.verbs.environment import CLUSTER, REPOSITORY, image, push, write

pytestmark = pytest.mark.xdist_group("verbs")


@pytest.fixture(scope="module")
def shop(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, Path]:
    """The environment, converged."""
    account = local_aws.account()
    account.client("ecr").create_repository(repositoryName=REPOSITORY)
    push(account, "v1", "v2", "2025_05")
    inventory = write(tmp_path_factory.mktemp("shop"), account)
    run_playbook(account, inventory, "site").ok()
    return account, inventory


def verb(shop: tuple[Account, Path], name: str, *arguments: str, **extra: Any) -> Run:
    return run_playbook(*shop, name, *arguments, **extra)


def running(shop: tuple[Account, Path], service: str = "web") -> str:
    """The image that the service runs."""
    ecs = shop[0].client("ecs")
    found = ecs.describe_services(cluster=CLUSTER, services=[f"shop-dev-{service}"])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    return definition["containerDefinitions"][0]["image"]


def refused(shop: tuple[Account, Path], name: str, **extra: Any) -> str:
    """What a verb says that refuses, and changes nothing."""
    since = shop[0].position()
    run = verb(shop, name, **extra)
    assert run.status != 0 and shop[0].writes(since) == []
    return run.output


def test_SE_21_publish_previews_does_and_rolls_back(shop: tuple[Account, Path]) -> None:
    since = shop[0].position()
    preview = verb(shop, "publish", "--check", "--diff", image_tag="2025_05").ok()
    assert shop[0].writes(since) == []
    done = verb(shop, "publish", image_tag="2025_05").ok()
    assert done.summary == preview.summary
    assert done.summary == {
        ("web", "update", "ECS task definition", "shop-dev-web"),
        ("web", "update", "ECS service", "shop-dev-web"),
    }
    assert f"{image(shop[0], 'v1')} -> {image(shop[0], '2025_05')}" in preview.output
    assert "helper: left alone, its image docker.io/library/helper:1 is not in ECR" in done.output
    assert "web: published, shop-dev-web:" in done.output and "has reached a steady state" in done.output
    assert running(shop) == image(shop[0], "2025_05") and running(shop, "helper") == "docker.io/library/helper:1"
    assert verb(shop, "publish", image_tag="2025_05").ok().changes == []
    back = verb(shop, "rollback").ok()
    assert back.summary == {("web", "update", "ECS service", "shop-dev-web")}
    assert running(shop) == image(shop[0], "v1")


def test_OK_14_a_tag_that_is_not_in_ecr_is_refused_before_anything_changes(shop: tuple[Account, Path]) -> None:
    said = refused(shop, "publish", image_tag="2025_50")
    assert f"ECR repository {REPOSITORY} has no image with the tag 2025_50; nearest to it: 2025_05" in said


def test_verbs_refuse_what_they_do_not_know(shop: tuple[Account, Path]) -> None:
    assert "there is no service 'wbe' in this environment: did you mean web?" in refused(shop, "restart", service="wbe")
    assert "Say which image with -e image_tag=TAG" in refused(shop, "publish")
    assert "no revision or tag v99 to go back to" in refused(shop, "rollback", service="web", to="v99")


def test_FD_18_a_failed_rollout_is_reported_with_its_reason(shop: tuple[Account, Path]) -> None:
    before = running(shop)
    shop[0].settings(ecs_outcomes=[{"image_contains": ":v2", "reason": "Essential container in task exited"}])
    try:
        run = verb(shop, "publish", image_tag="v2", service="web")
    finally:
        shop[0].settings(ecs_outcomes=None)
    assert run.status != 0
    assert "Essential container in task exited" in run.output and "the service goes on with shop-dev-web:" in run.output
    verb(shop, "status").ok()  # the circuit breaker's rollback gets on with each read
    assert running(shop) == before


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 500)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_FD_18_the_smoke_test_decides(shop: tuple[Account, Path], url: str) -> None:
    good = verb(shop, "restart", service="web", smoke_url=f"{url}/api/health").ok()
    assert f"smoke test passed: GET {url}/api/health: 200" in good.output
    assert good.summary == {("web", "update", "ECS service", "shop-dev-web")}
    bad = verb(shop, "restart", service="web", smoke_url=f"{url}/broken")
    assert bad.status != 0
    assert f"the smoke test failed: GET {url}/broken: 500" in bad.output and "playbooks/rollback.yml" in bad.output


def test_status(shop: tuple[Account, Path]) -> None:
    since = shop[0].position()
    text = verb(shop, "status").ok().output
    assert "shop-dev-web: 2 of 2 tasks run" in text and "shop-dev-helper: 1 of 1 tasks run" in text
    printed = verb(shop, "status", service="helper", format="json").ok().output
    (found,) = json.loads(printed[printed.index("[") : printed.rindex("]") + 1])
    assert (found["name"], found["steady"]) == ("shop-dev-helper", True)
    assert shop[0].writes(since) == []


def test_logs(shop: tuple[Account, Path]) -> None:
    logs = shop[0].client("logs")
    logs.create_log_stream(logGroupName="/ecs/shop-dev-web", logStreamName="web/web/1")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 1000, "message": "started"}, {"timestamp": now - 900, "message": "ERROR no database"}]
    logs.put_log_events(logGroupName="/ecs/shop-dev-web", logStreamName="web/web/1", logEvents=events)
    every = verb(shop, "logs", service="web").ok().output
    assert "/ecs/shop-dev-web: 2 events since 1h" in every and "web/web/1 started" in every
    some = verb(shop, "logs", filter="ERROR", since="10m").ok().output
    assert "ERROR no database" in some and "started" not in some and "/ecs/shop-dev-helper: nothing since 10m" in some


def test_the_cost_that_a_converge_would_change(shop: tuple[Account, Path], tmp_path: Path) -> None:
    since = shop[0].position()
    same = verb(shop, "cost", compare="running", format="json", cost_file=str(tmp_path / "now.json")).ok()
    assert '"change": 0.0' in same.output
    now = json.loads((tmp_path / "now.json").read_text())
    assert now["difference"]["change"] == 0 and now["total"] > 20
    larger = {"ecs_service_desired_count": 3, "ecs_service_cpu": 512, "ecs_service_memory": 1024}
    more = verb(shop, "cost", "--limit", "ecs_service", compare="running", format="json", **larger).ok().output
    found = json.loads(more[more.index("{") : more.rindex("}") + 1])["difference"]["components"]
    assert [(row["name"], row["change"] > 0) for row in found] == [("web", True), ("helper", True)]
    saved = verb(shop, "cost", compare=str(tmp_path / "now.json"), **larger).ok().output
    assert f"before ({tmp_path / 'now.json'}) and after" in saved
    assert shop[0].writes(since) == []


def test_costs_that_cannot_be_said(shop: tuple[Account, Path], tmp_path: Path) -> None:
    assert "unknown assumption cost_task: did you mean cost_tasks?" in refused(shop, "cost", cost_task=1)
    assert "it must be 'running' or a file" in refused(shop, "cost", compare=str(tmp_path / "none.json"))
    (tmp_path / "odd.json").write_text("{}")
    assert "is no estimate that was written with format=json" in refused(
        shop, "cost", compare=str(tmp_path / "odd.json")
    )
    assert "cost_prices: there is no price called coffee" in refused(shop, "cost", cost_prices={"coffee": 1})
    assert "Could not ask the AWS Price List API" in refused(shop, "cost", live=True)


def test_verbs_before_anything_is_there(local_aws: LocalAws, tmp_path: Path) -> None:
    account = local_aws.account()
    empty = (account, write(tmp_path, account))
    assert "ECS service shop-dev-web: there is no cluster shop-dev-cluster" in refused(empty, "publish", image_tag="v1")
    assert "shop-dev-web: not deployed" in verb(empty, "status").ok().output
    assert "/ecs/shop-dev-web: there is none; converge the component first" in refused(empty, "logs", service="web")
    found = verb(empty, "cost", compare="running", format="json").ok().output
    assert json.loads(found[found.index("{") : found.rindex("}") + 1])["difference"]["before"] == 0
