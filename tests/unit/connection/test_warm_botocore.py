# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warm server works out of botocore's files is what botocore would."""

from __future__ import annotations

import botocore.loaders
import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import warm_botocore


@pytest.mark.parametrize("kind", sorted(warm_botocore.SHARED_TYPES))
def test_the_services_are_those_that_botocore_lists(kind: str) -> None:
    loader = botocore.loaders.Loader(include_default_search_paths=False)
    loader.search_paths.append(loader.BUILTIN_DATA_PATH)
    assert warm_botocore.list_services(loader.BUILTIN_DATA_PATH)[kind] == loader.list_available_services(kind)
