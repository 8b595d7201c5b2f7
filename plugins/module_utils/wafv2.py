# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of AWS WAF, which boto3 cannot put together."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient

REGION = "us-east-1"  # where everything of the scope CLOUDFRONT is


def listed(client: RetryingClient, operation: str, key: str, scope: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while True:
        answer = getattr(client, operation)(Scope=scope, Limit=100, **page)
        found += answer[key]
        if not answer.get("NextMarker") or not answer[key]:
            return found
        page = {"NextMarker": answer["NextMarker"]}


def web_acl(client: RetryingClient, name: str, scope: str) -> dict[str, Any] | None:
    """The summary of the web ACL."""
    return next((acl for acl in listed(client, "list_web_acls", "WebACLs", scope) if acl["Name"] == name), None)


def texts(value: Any) -> Any:
    """What boto3 gives as bytes, as search strings, as text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    return [texts(item) for item in value] if isinstance(value, list) else value
