# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm connection returns, of every module that the roles use, what `local` returns, byte for byte."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.local_aws import ROOT, Account, LocalAws
from tests.support.recorded import Payload, payloads, run_recorded

pytestmark = pytest.mark.xdist_group("same-results")
PREVIEWS = (
    ("fckdoomscroll/prod", "site"),
    ("hub/prod", "site"),
    ("oky/production", "site"),
    ("safebucket/dev", "site"),
    ("semiont/staging", "site"),
    ("safebucket/dev", "../tests/support/rest"),
)
USED = re.compile(r"^ +(?:- )?((?:slipway\.fargate|amazon\.aws|community\.aws)\.\w+):", re.MULTILINE)


@pytest.fixture(scope="module")
def previewed(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, dict[str, Payload]]:
    """The first payload of each module in previews on an empty account."""
    account, first = local_aws.account(), {}
    for environment, playbook in PREVIEWS:
        folder = tmp_path_factory.mktemp("recorded")
        run_recorded(account, folder, f"inventories/{environment}.yml", playbook, "--check").ok()
        for payload in payloads(folder):
            first.setdefault(payload.module, payload)
    return account, first


def test_every_module_of_the_roles_is_compared(previewed: tuple[Account, dict[str, Payload]]) -> None:
    used = {name for file in Path(ROOT, "roles").glob("*/tasks/*.yml") for name in USED.findall(file.read_text())}
    assert used - previewed[1].keys() == set()


def test_results_are_the_same(previewed: tuple[Account, dict[str, Payload]]) -> None:
    account, first = previewed
    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(first, pool.map(lambda payload: payload.with_local(account), first.values()), strict=True))
    assert results == {name: payload.result for name, payload in first.items()}
    assert account.writes() == []
