# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks, _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.iam_role import NAME as ROLE_NAME

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", re.ASCII)
BRANCH = re.compile(r"[^\s*?~^:\\\[]+")
NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.IGNORECASE)


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = _checks.known(options, "github_name")
    if name is not None and not ROLE_NAME.fullmatch(str(name)):
        yield f"github_name is {name!r}; allowed are 1 to 64 letters, digits and +=,.@_-"
    repository = _checks.known(options, "github_repository")
    if repository is not None and not REPOSITORY.fullmatch(str(repository)):
        yield f"github_repository is {repository}; allowed is owner/name"
    branch = _checks.known(options, "github_branch")
    if branch is not None and not BRANCH.fullmatch(str(branch)):
        yield f"github_branch is {branch!r}; allowed is one branch, without wildcards"
    yield from _checks.between(options, "github_max_session_seconds", 3600, 43_200)
    yield from _urls(options)
    yield from _names(options)
    yield from _policies.statement_problems(options, "github_policy_statements", "Effect", "Action", "Resource")
    yield from _policies.wildcard_problems(options, "github_policy_statements", "")


def _urls(options: dict[str, Any]) -> Iterator[str]:
    for option in ("github_oidc_url", "github_workflow_smoke_test_url"):
        url = _checks.known(options, option)
        if url and not re.fullmatch(r"https://\S+" if option == "github_oidc_url" else r"https?://\S+", url):
            yield f"{option} is {url}; allowed is a URL, as https://example.com/health"


def _names(options: dict[str, Any]) -> Iterator[str]:
    for option in ("github_variables", "github_secrets", "github_secret_names"):
        for name in options.get(option) or []:
            if not NAME.fullmatch(str(name)):
                yield f"{option} has {name!r}; allowed are letters, digits and underscores, but not GITHUB_ first"
    both = set(options.get("github_variables") or []) & set(options.get("github_secrets") or [])
    for name in sorted(both):
        yield f"github_variables and github_secrets both have {name}; allowed is one of them"


REFERENCES = {"github_services": "ecs_service", "github_repositories": "ecr"}
