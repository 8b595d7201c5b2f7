# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuous deployment from GitHub: the repository is set up, and the workflow is one that GitHub would run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.github import GitHub
from tests.support.local_aws import Account
from tests.support.playbook import run_playbook
from tests.support.policies import policy_problems

BIN = Path(sys.executable).parent
INVENTORY = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  vpc: [network]
  security_group: [tasks-sg]
  ecr: [images]
  ecs_cluster: [cluster]
  ecs_service:
    app:
      ecs_service_image: docker.io/library/busybox:1.36
      ecs_service_discovery_name: ""
      ecs_service_security_groups: [tasks-sg]
      ecs_service_assign_public_ip: true
      ecs_service_architecture: X86_64
  github:
    deployment:
      github_repository: example/shop
      github_secret_names: [AWS_ROLE_ARN]
      github_secrets: {CHAT_WEBHOOK: https://chat.example.com/a-secret-address}
      github_workflow_smoke_test_url: https://shop.example.com/api/health
vars:
  aws_region: eu-west-1
"""
SECRETS = {"AWS_ROLE_ARN", "CHAT_WEBHOOK"}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    file = tmp_path / "dev.yml"
    file.write_text(INVENTORY)
    return file


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub()
    server.add("example/shop")
    yield server
    server.stop()


def test_the_repository_is_told_where_to_deploy_to(account: Account, inventory: Path, github: GitHub) -> None:
    place, where = github.add("example/shop"), {"github_api_url": github.url, "github_token": github.token}
    predicted = run_playbook(account, inventory, "site", "--check", **where).ok()
    assert github.writes == []
    done = run_playbook(account, inventory, "site", **where).ok()
    mine = [{change for change in run.summary if change[0] == "deployment"} for run in (predicted, done)]
    assert len(mine[0]) == 11 and mine[0] == mine[1]
    assert place.variables.pop("SLIPWAY_FINGERPRINTS")
    registry = f"{account.id}.dkr.ecr.eu-west-1.amazonaws.com"
    assert place.variables == {
        "AWS_REGION": "eu-west-1",
        "ECR_REGISTRY": registry,
        "ECR_REPOSITORY": "shop-dev-images",
        "ECS_CLUSTER": "shop-dev-cluster",
        "ECS_SERVICE": "shop-dev-app",
        "ECS_TASK_DEFINITION": "shop-dev-app",
    }
    assert place.secrets == {
        "AWS_ROLE_ARN": f"arn:aws:iam::{account.id}:role/shop-dev-deployment",
        "CHAT_WEBHOOK": "https://chat.example.com/a-secret-address",
    }
    for run in (predicted, done):
        assert github.token not in run.output and "a-secret-address" not in run.output
    assert policy_problems(account) == []
    place.variables["SLIPWAY_FINGERPRINTS"] = "lost"
    again = run_playbook(account, inventory, "site", "--check", **where).ok()
    assert {(c["action"], c["resource"], c["name"]) for c in again.changes} == {
        ("update", "GitHub secret", name) for name in SECRETS
    }
    run_playbook(account, inventory, "destroy", confirm="shop-dev", **where).ok()
    assert place.secrets == {} and set(place.variables) == {"SLIPWAY_FINGERPRINTS"}
    providers = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert len(providers) == 1, "other systems of the account trust GitHub, too"


# ---- the workflow -----------------------------------------------------------------------------


@pytest.fixture
def workflow(account: Account, inventory: Path, tmp_path: Path) -> Path:
    file = tmp_path / "repository" / ".github" / "workflows" / "deploy.yml"
    since = account.position()
    run_playbook(account, inventory, "workflow", workflow_file=str(file)).ok()
    assert account.requests(since) == []
    return file


def _checked(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_is_valid_and_safe(workflow: Path) -> None:
    _checked(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    _checked(BIN / "zizmor", "--offline", "--no-progress", "--pedantic", workflow)


def _job(workflow: Path) -> dict[str, Any]:
    return yaml.safe_load(workflow.read_text())["jobs"]["deploy"]


def test_the_workflow_builds_rolls_out_tests_and_takes_back(workflow: Path) -> None:
    job = _job(workflow)
    assert [step["name"] for step in job["steps"]] == [
        "Check out",
        "Assume the role",
        "See whether the image is there",
        "Build and push the image",
        "Register a new revision of the task definition",
        "Update the service",
        "Smoke test",
        "Take it back",
        "Report",
    ]
    assert job["runs-on"] == "ubuntu-24.04"
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["steps"][1]["with"]["role-to-assume"] == "${{ secrets.AWS_ROLE_ARN }}"
    assert job["env"]["ECS_SERVICE"] == "${{ vars.ECS_SERVICE }}"
    assert "access-key" not in workflow.read_text()


def test_actions_are_pinned_and_scripts_are_scripts(workflow: Path) -> None:
    steps = _job(workflow)["steps"]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in actions)
    for script in (step["run"] for step in steps if "run" in step):
        assert "${{" not in script, "values reach scripts through their environment"
        _checked("bash", "-n", "-c", script)


def test_an_environment_and_no_smoke_test(account: Account, inventory: Path, tmp_path: Path) -> None:
    file = tmp_path / "deploy.yml"
    other = {"github_environment": "production", "github_workflow_smoke_test_url": "", "github_branch": "release/1"}
    run_playbook(account, inventory, "workflow", workflow_file=str(file), **other).ok()
    job = _job(file)
    assert job["environment"] == "production"
    assert "Smoke test" not in [step["name"] for step in job["steps"]]
    assert yaml.safe_load(file.read_text())[True]["push"]["branches"] == ["release/1"]
    _checked(BIN / "zizmor", "--offline", "--no-progress", file)
