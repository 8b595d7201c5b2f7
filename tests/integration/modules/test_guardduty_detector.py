# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.modules import guardduty_detector

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-threats"
ALWAYS = {"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"}
BY_DEFAULT = {"EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS"}
FARGATE = ["RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"]


def detector(account: Account) -> dict[str, Any]:
    guardduty = account.client("guardduty")
    (identifier,) = guardduty.list_detectors()["DetectorIds"]
    return guardduty.get_detector(DetectorId=identifier)


def on(account: Account) -> list[str]:
    found: set[str] = set()
    for feature in detector(account)["Features"]:
        items = [feature, *feature.get("AdditionalConfiguration", [])]
        found |= {item["Name"] for item in items if item["Status"] == "ENABLED"}
    return sorted(found - ALWAYS)


def managed(account: Account) -> tuple[str, str]:
    """An endpoint and a security group, as GuardDuty makes them for its agents."""
    ec2 = account.client("ec2")
    tags = [{"Key": "GuardDutyManaged", "Value": "true"}]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(
        GroupName="GuardDutyManagedSecurityGroup",
        Description="Agents",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{account.region}.guardduty-data",
        SecurityGroupIds=[group],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
    )["VpcEndpoint"]["VpcEndpointId"]
    return endpoint, group


def test_matrix(account: Account) -> None:
    Matrix(
        module="guardduty_detector",
        key="detector",
        base={"name": NAME, "features": []},
        updates={
            "enabled": False,
            "finding_publishing_frequency": "FIFTEEN_MINUTES",
            "features": ["RDS_LOGIN_EVENTS", "S3_DATA_EVENTS"],
            "+an agent": {"features": [*FARGATE, "RDS_LOGIN_EVENTS"]},
            "+another agent": {"features": ["RUNTIME_MONITORING", "EC2_AGENT_MANAGEMENT"]},
            "+no agent": {"features": ["RUNTIME_MONITORING"]},
            "+no feature": {"features": []},
            "tags": {"Environment": "dev", "Other": "1"},
            "+nothing": {"tags": {}, "enabled": True},
        },
        seen={
            "enabled": lambda account: detector(account)["Status"] == "ENABLED",
            "finding_publishing_frequency": lambda account: detector(account)["FindingPublishingFrequency"],
            "features": on,
            "tags": lambda account: {key: v for key, v in detector(account)["Tags"].items() if key != "Name"},
        },
    ).check(account)
    assert account.client("guardduty").list_detectors()["DetectorIds"] == []


def test_everything_at_once_is_one_call(account: Account) -> None:
    since = account.position()
    features = [*FARGATE, "RDS_LOGIN_EVENTS"]
    options = {"enabled": True, "finding_publishing_frequency": "ONE_HOUR", "features": features, "tags": {"a": "1"}}
    run_module(account, "guardduty_detector", name=NAME, **options)
    assert account.writes(since) == ["guardduty:CreateDetector"]
    assert on(account) == sorted(features)
    assert detector(account)["Tags"] == {"a": "1", "Name": NAME}
    assert not run_module(account, "guardduty_detector", name=NAME, **{**options, "features": features[::-1]})[
        "changed"
    ]


def test_without_features_aws_chooses_and_they_are_untouched(account: Account) -> None:
    predicted = run_module(account, "guardduty_detector", name=NAME, _check=True)
    done = run_module(account, "guardduty_detector", name=NAME)
    assert done["detector"]["features"] == predicted["detector"]["features"] == on(account) == sorted(BY_DEFAULT)
    assert done["detector"]["enabled"] and done["detector"]["tags"] == {"Name": NAME}
    run_module(account, "guardduty_detector", name=NAME, finding_publishing_frequency="ONE_HOUR")
    assert on(account) == sorted(BY_DEFAULT)


def test_a_feature_that_is_younger_than_the_module_does_not_stay_on(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tuple(name for name in guardduty_detector.BY_DEFAULT if name != "S3_DATA_EVENTS")
    monkeypatch.setattr(guardduty_detector, "BY_DEFAULT", older)
    since = account.position()
    run_module(account, "guardduty_detector", name=NAME, features=["RDS_LOGIN_EVENTS"])
    assert account.writes(since) == ["guardduty:CreateDetector", "guardduty:UpdateDetector"]
    assert on(account) == ["RDS_LOGIN_EVENTS"]


def test_what_somebody_switched_on_is_switched_off(account: Account) -> None:
    run_module(account, "guardduty_detector", name=NAME, features=["S3_DATA_EVENTS"])
    guardduty = account.client("guardduty")
    agent = {"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"}
    by_hand = {"Name": "EKS_RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": [agent]}
    guardduty.update_detector(DetectorId=guardduty.list_detectors()["DetectorIds"][0], Features=[by_hand])
    wanted = ["EKS_ADDON_MANAGEMENT", "RUNTIME_MONITORING", "S3_DATA_EVENTS"]
    done = run_module(account, "guardduty_detector", name=NAME, features=wanted)
    assert done["changes"][0]["attributes"]["features"] == {
        "before": ["EKS_RUNTIME_MONITORING", "S3_DATA_EVENTS"],
        "after": wanted,
    }
    assert on(account) == wanted
    assert not run_module(account, "guardduty_detector", name=NAME, features=wanted)["changed"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("tags", "what"), [({"Name": "theirs"}, "tagged Name=theirs"), ({"a": "1"}, "without a tag Name")]
)
def test_the_detector_of_somebody_else_is_neither_taken_over_nor_deleted(
    account: Account, tags: dict[str, str], what: str, check: bool
) -> None:
    identifier = account.client("guardduty").create_detector(Enable=True, Tags=tags)["DetectorId"]
    since = account.position()
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "guardduty_detector", name=NAME, _check=check)
    for text in (f"a detector {identifier}, {what}, in eu-west-1", "leave this one out", f"tagging it Name={NAME}"):
        assert text in failed.value.result["msg"]
    assert not run_module(account, "guardduty_detector", name=NAME, state="absent", _check=check)["changed"]
    assert account.writes(since) == []


def test_a_detector_that_is_tagged_as_ours_is_taken_over(account: Account) -> None:
    account.client("guardduty").create_detector(Enable=True, Tags={"Name": NAME})
    done = run_module(account, "guardduty_detector", name=NAME, features=[])
    assert [(change["action"], set(change["attributes"])) for change in done["changes"]] == [("update", {"features"})]
    assert on(account) == []


def test_what_agents_left_is_waited_for_before_the_detector_goes(account: Account) -> None:
    run_module(account, "guardduty_detector", name=NAME, features=FARGATE)
    endpoint, group = managed(account)
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "guardduty_detector", name=NAME, state="absent", wait_timeout=1)
    for text in ("removes what it made for its agents: not after 1 s", endpoint, group):
        assert text in failed.value.result["msg"]
    assert on(account) == []  # GuardDuty knows that it has to
    ec2 = account.client("ec2")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_security_group(GroupId=group)
    assert run_module(account, "guardduty_detector", name=NAME, state="absent", wait_timeout=1)["changed"]


def test_it_need_not_be_waited_for(account: Account) -> None:
    run_module(account, "guardduty_detector", name=NAME, features=FARGATE)
    managed(account)
    assert run_module(account, "guardduty_detector", name=NAME, state="absent", wait=False)["changed"]


def test_an_agent_without_runtime_monitoring_is_refused(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=f"{NAME}: ECS_FARGATE_AGENT_MANAGEMENT needs RUNTIME_MONITORING"):
        run_module(account, "guardduty_detector", name=NAME, features=["ECS_FARGATE_AGENT_MANAGEMENT"])


@pytest.mark.parametrize(
    ("operation", "options", "doing"),
    [
        ("ListDetectors", {}, "read"),
        ("CreateDetector", {}, "create"),
        ("UpdateDetector", {"enabled": False}, "update"),
        ("DeleteDetector", {"state": "absent"}, "delete"),
    ],
)
def test_aws_errors_are_told(account: Account, operation: str, options: dict[str, Any], doing: str) -> None:
    if doing in ("update", "delete"):
        run_module(account, "guardduty_detector", name=NAME)
    message = "The request is rejected because the account is a member of an organization."
    account.fault(service="guardduty", operation=operation, code="BadRequestException", message=message)
    with pytest.raises(ModuleFailed, match=f"Could not {doing} GuardDuty detector {NAME}: .*member of an organization"):
        run_module(account, "guardduty_detector", name=NAME, **options)
