# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what was read before anything was done is still all there is to know."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.action.component_info import _known
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN

QUEUE = {"kind": "sqs", "name": "orders", "exists": True, "url": "https://q", "arn": "arn:q"}
DATABASE = {"kind": "rds", "name": "db", "exists": True, "status": "available", "cluster_id": None}


def known(names: list[str], **before: dict[str, Any]) -> dict[str, Any]:
    return _known(names, {"ansible_facts": {"slipway_before": before}})


def test_what_is_there_and_complete_is_known() -> None:
    assert known(["orders", "db"], orders=QUEUE, db=DATABASE, more=QUEUE) == {"orders": QUEUE, "db": DATABASE}


@pytest.mark.parametrize(
    "change",
    [{"status": "creating"}, {"address": UNKNOWN}, {"replicas": [UNKNOWN]}],
)
def test_what_is_going_to_change_by_itself_is_not(change: dict[str, Any]) -> None:
    assert known(["orders", "db"], orders=QUEUE, db={**DATABASE, **change}) == {}


def test_what_was_not_there_is_not() -> None:
    assert known(["orders", "db"], orders=QUEUE) == {}


def test_without_a_look_nothing_is() -> None:
    assert _known(["orders"], {}) == {}
