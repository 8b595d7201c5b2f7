# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.modules.cloudwatch_log_group import RETENTIONS
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
DOMAIN = re.compile(r"(?!.{254})(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*")

REFERENCES = {"ecs_cluster_vpc": "vpc"}


def problems(options: dict[str, Any]) -> Iterator[str]:
    for option in ("ecs_cluster_log_retention_days", "ecs_cluster_container_insights_retention_days"):
        days = _checks.known(options, option)
        if days is not None and int(days) not in RETENTIONS:
            yield f"{option} is {days}; allowed are {', '.join(map(str, RETENTIONS))}"
    if options.get("ecs_cluster_container_insights") == "disabled" and _checks.known(
        options, "ecs_cluster_container_insights_retention_days"
    ):
        yield "ecs_cluster_container_insights_retention_days is set; it needs ecs_cluster_container_insights"
    name = _checks.known(options, "ecs_cluster_name")
    if name is not None and not NAME.fullmatch(name):
        yield f"ecs_cluster_name is {name!r}; allowed are letters, digits, dashes and underscores, up to 255"
    namespace = _checks.known(options, "ecs_cluster_namespace")
    if namespace and not DOMAIN.fullmatch(namespace):
        yield f"ecs_cluster_namespace is {namespace!r}; allowed is a domain in lower case as shop-dev.local, or nothing"
    providers = _checks.known(options, "ecs_cluster_capacity_providers") or []
    strategy = _checks.known(options, "ecs_cluster_default_capacity_provider_strategy") or []
    for item in strategy:
        if item.get("capacity_provider") not in providers:
            yield (
                f"ecs_cluster_default_capacity_provider_strategy names {item.get('capacity_provider')!r}; "
                f"allowed are ecs_cluster_capacity_providers: {', '.join(providers) or 'none'}"
            )
    if strategy and not any(item.get("weight") for item in strategy):
        yield "ecs_cluster_default_capacity_provider_strategy has no weight; allowed is at least one above 0"
