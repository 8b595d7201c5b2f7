# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.modules.guardduty_detector import AGENTS, RUNTIME
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known

LONGEST_TAG = 256


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, features = known(options, "guardduty_name"), known(options, "guardduty_features") or []
    if name is not None and not 1 <= len(str(name)) <= LONGEST_TAG:
        yield f"guardduty_name is {name!r}; allowed are 1 to {LONGEST_TAG} characters"
    agents = [feature for feature in features if feature in AGENTS]
    if agents and RUNTIME not in features:
        yield f"guardduty_features has {', '.join(agents)}; allowed is that with {RUNTIME}"
    if "Name" in (known(options, "guardduty_tags") or {}):
        yield "guardduty_tags has Name; allowed is guardduty_name, by which the detector is found"


REFERENCES: dict[str, str] = {}
ONE_PER_REGION = True
