# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import REGION, Aws

Refused = Callable[..., str]
FARGATE = {"Name": "ECS_FARGATE_AGENT_MANAGEMENT", "Status": "ENABLED"}


def on(aws: Aws, detector: str) -> set[str]:
    """The features and agents that are on, beyond those that cannot be off."""
    found: set[str] = set()
    for feature in aws("guardduty").get_detector(DetectorId=detector)["Features"]:
        items = [feature, *feature.get("AdditionalConfiguration", [])]
        found |= {item["Name"] for item in items if item["Status"] == "ENABLED"}
    return found - {"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"}


def test_one_detector_whose_features_are_on_unless_they_are_switched_off(aws: Aws, refused: Refused) -> None:
    guardduty = aws("guardduty")
    s3_off = [{"Name": "S3_DATA_EVENTS", "Status": "DISABLED"}]
    detector = guardduty.create_detector(Enable=True, Features=s3_off)["DetectorId"]
    assert on(aws, detector) == {"EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"}
    refused("BadRequestException", guardduty.create_detector, Enable=True)
    guardduty.delete_detector(DetectorId=detector)
    assert guardduty.list_detectors()["DetectorIds"] == []
    refused("BadRequestException", guardduty.delete_detector, DetectorId=detector)


def test_agents_go_with_their_feature(aws: Aws) -> None:
    guardduty = aws("guardduty")
    runtime = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": [FARGATE]}
    detector = guardduty.create_detector(Enable=True, Features=[runtime])["DetectorId"]
    assert {"RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"} <= on(aws, detector)
    guardduty.update_detector(
        DetectorId=detector, Features=[{**runtime, "Status": "DISABLED", "AdditionalConfiguration": []}]
    )
    guardduty.update_detector(DetectorId=detector, Features=[{"Name": "RUNTIME_MONITORING", "Status": "ENABLED"}])
    assert "RUNTIME_MONITORING" in on(aws, detector) and "ECS_FARGATE_AGENT_MANAGEMENT" not in on(aws, detector)


@pytest.mark.parametrize(
    "asked",
    [
        {"FindingPublishingFrequency": "DAILY"},
        {"Features": [{"Name": "COFFEE", "Status": "ENABLED"}]},
        {"Features": [{"Name": "S3_DATA_EVENTS", "Status": "ON"}]},
        {"Features": [{"Name": "S3_DATA_EVENTS", "Status": "ENABLED", "AdditionalConfiguration": [FARGATE]}]},
        {"Features": [{"Name": "RUNTIME_MONITORING", "Status": "DISABLED", "AdditionalConfiguration": [FARGATE]}]},
        {"Features": [{"Name": f"{which}RUNTIME_MONITORING", "Status": "ENABLED"} for which in ("", "EKS_")]},
        {"Tags": {"aws:mine": "1"}},
    ],
)
def test_what_is_refused(aws: Aws, refused: Refused, asked: dict[str, Any]) -> None:
    guardduty = aws("guardduty")
    refused("BadRequestException", guardduty.create_detector, Enable=True, **asked)
    assert guardduty.list_detectors()["DetectorIds"] == []


def test_a_detector_changes_and_has_tags(aws: Aws) -> None:
    guardduty = aws("guardduty")
    detector = guardduty.create_detector(Enable=True, Tags={"a": "1"})["DetectorId"]
    guardduty.update_detector(DetectorId=detector, Enable=False, FindingPublishingFrequency="ONE_HOUR")
    found = guardduty.get_detector(DetectorId=detector)
    assert (found["Status"], found["FindingPublishingFrequency"]) == ("DISABLED", "ONE_HOUR")
    arn = f"arn:aws:guardduty:{REGION}:{aws.account}:detector/{detector}"
    guardduty.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    guardduty.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert guardduty.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
