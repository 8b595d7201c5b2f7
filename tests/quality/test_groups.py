# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of one environment share its converge, so they must share a worker."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process holds every test")
@pytest.mark.xdist_group("groups")
def test_a_group_is_kept_in_one_worker(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@groups"), "pytest-xdist does not know the group"
