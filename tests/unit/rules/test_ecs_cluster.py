# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.ecs_cluster import problems

GOOD: dict[str, Any] = {
    "ecs_cluster_name": "shop-dev-cluster",
    "ecs_cluster_namespace": "shop-dev.local",
    "ecs_cluster_capacity_providers": ["FARGATE", "FARGATE_SPOT"],
    "ecs_cluster_default_capacity_provider_strategy": [{"capacity_provider": "FARGATE", "weight": 1}],
}


@pytest.mark.parametrize(
    "options",
    [
        GOOD,
        {**GOOD, "ecs_cluster_namespace": ""},
        {**GOOD, "ecs_cluster_name": "(known after apply)"},
        {},
    ],
)
def test_allowed(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ecs_cluster_name": "my cluster"}, "ecs_cluster_name is 'my cluster'; allowed are letters"),
        ({"ecs_cluster_log_retention_days": 8}, "ecs_cluster_log_retention_days is 8; allowed are 0, 1, 3, 5, 7"),
        (
            {"ecs_cluster_container_insights_retention_days": 1, "ecs_cluster_container_insights": "disabled"},
            "ecs_cluster_container_insights_retention_days is set; it needs ecs_cluster_container_insights",
        ),
        ({"ecs_cluster_namespace": "Shop.local"}, "ecs_cluster_namespace is 'Shop.local'; allowed is a domain"),
        (
            {"ecs_cluster_default_capacity_provider_strategy": [{"capacity_provider": "X", "weight": 1}]},
            "names 'X'; allowed are ecs_cluster_capacity_providers: FARGATE, FARGATE_SPOT",
        ),
        (
            {"ecs_cluster_default_capacity_provider_strategy": [{"capacity_provider": "FARGATE"}]},
            "has no weight; allowed is at least one above 0",
        ),
    ],
)
def test_refused(change: dict[str, Any], message: str) -> None:
    (problem,) = problems({**GOOD, **change})
    assert message in problem
