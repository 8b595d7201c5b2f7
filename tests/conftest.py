# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest

ROOT = Path(__file__).parents[1]
# The collection under its full name, as Ansible itself finds it.
sys.path.insert(0, str(ROOT / "collections"))

from tests.support.local_aws import Account, LocalAws  # noqa: E402

# Every module makes clients of its own; the service descriptions they read from disk are the same.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The local AWS, one for each worker."""
    local = LocalAws()
    yield local
    local.stop()


@pytest.fixture
def account(local_aws: LocalAws) -> Account:
    """An account that no other test uses."""
    return local_aws.account()
