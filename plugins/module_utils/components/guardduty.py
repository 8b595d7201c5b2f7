# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    guardduty = aws.client("guardduty")
    for identifier in guardduty.list("list_detectors", "DetectorIds"):
        if guardduty.get_detector(DetectorId=identifier).get("Tags", {}).get("Name") == name:
            return {"id": identifier, "arn": aws.arn("guardduty", f"detector/{identifier}")}
    return None


KIND = Kind(
    "GuardDuty detector",
    {"id": "the detector's id", "arn": "the detector's ARN"},
    read,
)
