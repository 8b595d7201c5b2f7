# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's REST API, as far as the secrets and variables of a repository's workflows need it.

https://docs.github.com/en/rest/actions/secrets and https://docs.github.com/en/rest/actions/variables
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible.module_utils.urls import open_url
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError

API_VERSION = "2022-11-28"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
PAGE = 30  # the most that both lists take
ATTEMPTS = 4
LONGEST_PAUSE = 30

SPEC: dict[str, Any] = {
    "repository": {"type": "str", "required": True},
    "environment": {"type": "str", "default": ""},
    "token": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["GITHUB_TOKEN", "GH_TOKEN"]),
    },
    "api_url": {"type": "str", "default": "https://api.github.com"},
    "validate_certs": {"type": "bool", "default": True},
}


class Repository:
    """A repository, or one of its deployment environments."""

    def __init__(self, module: AnsibleModule) -> None:
        self.params = module.params
        name, environment = module.params["repository"], module.params["environment"]
        if not REPOSITORY.fullmatch(name):
            raise ResourceError(f"repository is {name}; allowed is owner/name")
        place = f"environments/{quote(environment, safe='')}" if environment else "actions"
        self.base = f"{module.params['api_url'].rstrip('/')}/repos/{name}/{place}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's data; ResourceError with what GitHub says. What may pass is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._open(method, path, body) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except HTTPError as error:
                pause = _pause(error, attempt)
                if pause is None:
                    raise ResourceError(f"GitHub refused {method} {self.base}{path}: {_said(error)}") from error
            except (URLError, OSError) as error:
                if attempt == ATTEMPTS:
                    raise ResourceError(f"GitHub could not be reached at {self.base}{path}: {error}") from error
                pause = attempt
            time.sleep(pause)
        return None

    def _open(self, method: str, path: str, body: Any) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.params['token']}",
            "X-GitHub-Api-Version": API_VERSION,
            "Content-Type": "application/json",
        }
        return open_url(
            self.base + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
            validate_certs=self.params["validate_certs"],
            http_agent="slipway.fargate",
            timeout=30,
        )

    def list(self, what: str) -> Iterator[dict[str, Any]]:
        """All secrets or variables, over every page."""
        page, seen = 1, 0
        while True:
            answer = self.call("GET", f"/{what}?per_page={PAGE}&page={page}")
            yield from answer[what]
            seen, page = seen + len(answer[what]), page + 1
            if not answer[what] or seen >= answer["total_count"]:
                return


def _pause(error: HTTPError, attempt: int) -> float | None:
    """How long to wait before the next attempt; None when it makes no sense, or would take too long."""
    after = error.headers.get("Retry-After")
    limited = error.code == 429 or (error.code == 403 and after is not None)
    if attempt == ATTEMPTS or not (limited or error.code in (500, 502, 503, 504)):
        return None
    pause = float(after) if after and after.isdigit() else float(attempt)
    return pause if pause <= LONGEST_PAUSE else None


def _said(error: HTTPError) -> str:
    try:
        message = json.loads(error.read())["message"]
    except (ValueError, KeyError, TypeError):
        message = error.reason
    hint = {401: "; the token is not valid", 404: "; there is no such repository, or the token does not reach it"}
    return f"{error.code} {message}{hint.get(error.code, '')}"


def checked_names(names: list[str]) -> list[str]:
    """The names as GitHub keeps them, in capitals; ResourceError for those that it refuses."""
    upper = [name.upper() for name in names]
    for given, name in zip(names, upper, strict=True):
        if not NAME.fullmatch(name) or name.startswith("GITHUB_"):
            raise ResourceError(
                f"{given} is no name for GitHub; allowed are letters, digits and underscores, not a digit first, and "
                "not GITHUB_"
            )
        if upper.count(name) > 1:
            raise ResourceError(f"{given} is there twice; GitHub does not tell small letters from capitals")
    return upper
