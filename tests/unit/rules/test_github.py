# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.github import problems

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"github_name": "a b"}, "github_name is 'a b'; allowed are 1 to 64 letters"),
        ({"github_repository": "shop"}, "github_repository is shop; allowed is owner/name"),
        ({"github_repository": "example/*"}, "github_repository is example/*; allowed is owner/name"),
        ({"github_branch": "release/*"}, "github_branch is 'release/*'; allowed is one branch"),
        ({"github_max_session_seconds": 60}, "github_max_session_seconds is 60; allowed are 3600 to 43200"),
        ({"github_oidc_url": "http://x"}, "github_oidc_url is http://x; allowed is a URL"),
        ({"github_workflow_smoke_test_url": "x"}, "github_workflow_smoke_test_url is x; allowed is a URL"),
        ({"github_variables": {"GITHUB_X": "y"}}, "github_variables has 'GITHUB_X'; allowed are letters"),
        ({"github_secrets": {"1X": "y"}}, "github_secrets has '1X'; allowed are letters"),
        ({"github_secret_names": ["a-b"]}, "github_secret_names has 'a-b'; allowed are letters"),
        (
            {"github_variables": {"A": "x"}, "github_secrets": {"A": "y"}},
            "github_variables and github_secrets both have A",
        ),
        (
            {"github_policy_statements": [{"Effect": "Allow", "Action": "s3:*"}]},
            "github_policy_statements[0] has no Res",
        ),
        ({"github_policy_statements": [EVERYTHING]}, "github_policy_statements[0] allows the action *"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    (problem,) = problems(options)
    assert problem.startswith(message)


def test_what_is_fine() -> None:
    assert list(problems({})) == []
    options = {
        "github_repository": "example-org/shop.web",
        "github_branch": "release/2026-10",
        "github_secret_names": ["AWS_REGION"],
        "github_variables": {"A": "x"},
        "github_secrets": {"B": "y"},
        "github_workflow_smoke_test_url": "http://shop.example.com/health",
    }
    assert list(problems(options)) == []


def test_services_and_repositories_must_be_there() -> None:
    components = {"app": "ecs_service", "images": "ecr"}
    options = {"github_services": ["app", "images"], "github_repositories": ["images", "no"]}
    found = list(validation.reference_problems("github", options, components))
    assert [problem.split(",")[0] for problem in found] == [
        "github_services names 'images'",
        "github_repositories names 'no'",
    ]
