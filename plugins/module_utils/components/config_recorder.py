# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    config = aws.client("config")
    found = config.describe_configuration_recorders()["ConfigurationRecorders"]
    recorder = next((recorder for recorder in found if recorder["name"] == name), None)
    channels = config.describe_delivery_channels()["DeliveryChannels"]
    channel = next((channel for channel in channels if channel["name"] == name), None)
    if recorder is None and channel is None:
        return None
    return {"arn": (recorder or {}).get("arn", ""), "bucket": (channel or {}).get("s3BucketName", "")}


KIND = Kind(
    "AWS Config recorder",
    {
        "arn": "the recorder's ARN, as AWS made it up",
        "bucket": "the name of the bucket that keeps the files",
    },
    read,
)
