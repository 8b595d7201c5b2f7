# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.lookup.config_bucket_statements import statements
from ansible_collections.slipway.fargate.plugins.module_utils import config as recorder_module

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-history"
TYPES = ["AWS::ECS::Service", "AWS::RDS::DBInstance"]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:history"
ENCRYPTED = {"name": "encrypted", "identifier": "RDS_STORAGE_ENCRYPTED"}
ROTATED = {"name": "rotated", "identifier": "ACCESS_KEYS_ROTATED", "input_parameters": {"maxAccessKeyAge": 90}}


def linked(account: Account) -> str:
    return f"arn:aws:iam::{account.id}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def bucket(account: Account, name: str = "history") -> str:
    """A bucket that admits AWS Config everywhere."""
    s3, name = account.client("s3"), f"{name}-{account.id}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.region})
    caller = f"arn:aws:iam::{account.id}:root"
    given = [one for prefix in ("", "logs") for one in statements(name, caller, prefix)]
    unique = [{**one, "Sid": f"S{number}"} for number, one in enumerate(given)]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": unique}))
    return name


def own_role(account: Account) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return account.client("iam").create_role(RoleName="own", AssumeRolePolicyDocument=document)["Role"]["Arn"]


def recorders(account: Account) -> list[dict[str, Any]]:
    return account.client("config").describe_configuration_recorders()["ConfigurationRecorders"]


def group(key: str) -> Callable[[Account], Any]:
    return lambda account: recorders(account)[0]["recordingGroup"][key]


def channel(key: str) -> Callable[[Account], Any]:
    return lambda account: account.client("config").describe_delivery_channels()["DeliveryChannels"][0].get(key)


def recording(account: Account) -> bool:
    return account.client("config").describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0][
        "recording"
    ]


def rules(account: Account) -> dict[str, dict[str, Any]]:
    found = account.client("config").describe_config_rules()["ConfigRules"]
    return {rule["ConfigRuleName"]: rule for rule in found}


def options(account: Account, **more: Any) -> dict[str, Any]:
    return {"name": NAME, "role_arn": linked(account), "bucket": f"history-{account.id}", **more}


def test_matrix(account: Account) -> None:
    bucket(account)
    Matrix(
        module="config_recorder",
        key="recorder",
        base=options(account, rules=[ENCRYPTED]),
        updates={
            "include_global_resource_types": True,
            "recording_frequency": "DAILY",
            "+some types": {"include_global_resource_types": None, "resource_types": TYPES},
            "+all but some types": {"resource_types": None, "excluded_resource_types": TYPES[:1]},
            "+all types": {"resource_types": [], "excluded_resource_types": []},
            "role_arn": own_role(account),
            "bucket": bucket(account, "other"),
            "key_prefix": "logs",
            "kms_key_arn": KEY,
            "topic_arn": TOPIC,
            "delivery_frequency": "Six_Hours",
            "recording": False,
            "tags": {"Environment": "dev"},
            "rules": [{**ENCRYPTED, "description": "Databases"}, ROTATED],
            "+the rules in other words": {
                "rules": [
                    {**ENCRYPTED, "description": "Disks", "resource_types": ["AWS::RDS::DBInstance"]},
                    {**ROTATED, "input_parameters": {"maxAccessKeyAge": 60}, "frequency": "One_Hour"},
                ]
            },
            "+nothing": {
                **dict.fromkeys(("key_prefix", "kms_key_arn", "topic_arn"), ""),
                **{"delivery_frequency": "none", "tags": {}, "recording": True, "rules": [ENCRYPTED]},
            },
        },
        fixed={"rule_prefix"},
        seen={
            "include_global_resource_types": group("includeGlobalResourceTypes"),
            "recording_frequency": lambda account: recorders(account)[0]["recordingMode"]["recordingFrequency"],
            "role_arn": lambda account: recorders(account)[0]["roleARN"],
            "bucket": channel("s3BucketName"),
            "key_prefix": channel("s3KeyPrefix"),
            "kms_key_arn": channel("s3KmsKeyArn"),
            "topic_arn": channel("snsTopicARN"),
            "delivery_frequency": lambda account: channel("configSnapshotDeliveryProperties")(account)[
                "deliveryFrequency"
            ],
            "recording": recording,
            "tags": lambda account: {
                tag["Key"]: tag["Value"]
                for tag in account.client("config").list_tags_for_resource(ResourceArn=recorders(account)[0]["arn"])[
                    "Tags"
                ]
            },
        },
    ).check(account)
    assert (recorders(account), rules(account), channels(account)) == ([], {}, [])


def channels(account: Account) -> list[dict[str, Any]]:
    return account.client("config").describe_delivery_channels()["DeliveryChannels"]


def test_types_are_all_or_some_or_all_but_some(account: Account) -> None:
    bucket(account)
    run_module(account, "config_recorder", **options(account, include_global_resource_types=True))
    assert (group("allSupported")(account), recording(account)) == (True, True)
    run_module(account, "config_recorder", **options(account, resource_types=TYPES))
    assert (group("allSupported")(account), group("resourceTypes")(account)) == (False, TYPES)
    run_module(account, "config_recorder", **options(account, excluded_resource_types=TYPES))
    assert group("exclusionByResourceTypes")(account) == {"resourceTypes": TYPES}
    assert group("includeGlobalResourceTypes")(account) is False
    swapped = options(account, excluded_resource_types=TYPES[::-1])
    assert not run_module(account, "config_recorder", **swapped)["changed"]
    assert not run_module(account, "config_recorder", **options(account))["changed"]  # unset is untouched


def test_rules_are_replaced_as_a_whole_and_have_tags(account: Account) -> None:
    bucket(account)
    scoped = {**ENCRYPTED, "resource_types": TYPES, "frequency": "One_Hour"}
    on = {**ROTATED, "identifier": "IAM_PASSWORD_POLICY", "input_parameters": {"RequireNumbers": True}}
    run_module(account, "config_recorder", **options(account, rules=[scoped, on], tags={"a": "1"}))
    encrypted, policy = rules(account)[f"{NAME}-encrypted"], rules(account)[f"{NAME}-rotated"]
    assert encrypted["Source"] == {"Owner": "AWS", "SourceIdentifier": "RDS_STORAGE_ENCRYPTED"}
    assert (encrypted["Scope"]["ComplianceResourceTypes"], encrypted["MaximumExecutionFrequency"]) == (
        TYPES,
        "One_Hour",
    )
    assert json.loads(policy["InputParameters"]) == {"RequireNumbers": "true"}
    tags = {"ResourceArn": encrypted["ConfigRuleArn"]}
    assert account.client("config").list_tags_for_resource(**tags)["Tags"] == [{"Key": "a", "Value": "1"}]
    done = run_module(account, "config_recorder", **options(account, rules=[ENCRYPTED], tags={"b": "2"}))
    assert [(c["action"], c["resource"]) for c in done["changes"]] == [
        ("update", "AWS Config recorder"),
        ("update", "AWS Config rule"),
        ("delete", "AWS Config rule"),
    ]
    (left,) = rules(account).values()
    assert "Scope" not in left and left["MaximumExecutionFrequency"] == "One_Hour"  # a frequency that is unset stays
    assert account.client("config").list_tags_for_resource(**tags)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert not run_module(account, "config_recorder", **options(account))["changed"]  # rules that are unset stay


def test_rules_of_others_stay(account: Account) -> None:
    bucket(account)
    run_module(account, "config_recorder", **options(account, rules=[ENCRYPTED], rule_prefix="shop-"))
    source = {"Owner": "AWS", "SourceIdentifier": "RDS_STORAGE_ENCRYPTED"}
    account.client("config").put_config_rule(ConfigRule={"ConfigRuleName": "theirs", "Source": source})
    assert not run_module(account, "config_recorder", **options(account, rules=[ENCRYPTED], rule_prefix="shop-"))[
        "changed"
    ]
    run_module(account, "config_recorder", **options(account, rules=[], rule_prefix="", state="absent"))
    assert set(rules(account)) == {"shop-encrypted", "theirs"}
    run_module(account, "config_recorder", **options(account, rule_prefix="shop-", state="absent"))
    assert set(rules(account)) == {"theirs"}


def test_the_service_linked_role_is_made_once_and_stays(account: Account) -> None:
    bucket(account)
    done = run_module(account, "config_recorder", **options(account))
    assert [(change["resource"], change["name"]) for change in done["changes"]] == [
        ("IAM service-linked role", "AWSServiceRoleForConfig"),
        ("AWS Config recorder", NAME),
    ]
    run_module(account, "config_recorder", name=NAME, state="absent")
    again = run_module(account, "config_recorder", **options(account))
    assert [change["resource"] for change in again["changes"]] == ["AWS Config recorder"]


def test_a_role_of_ones_own_is_not_made(account: Account) -> None:
    bucket(account)
    done = run_module(account, "config_recorder", **options(account, role_arn=own_role(account)))
    assert [change["resource"] for change in done["changes"]] == ["AWS Config recorder"]


@pytest.mark.parametrize("check", [True, False])
def test_the_recorder_of_somebody_else_is_neither_taken_over_nor_deleted(account: Account, check: bool) -> None:
    name = bucket(account)
    run_module(account, "config_recorder", **options(account, name="default"))
    since = account.position()
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "config_recorder", **options(account), _check=check)
    for text in (NAME, "configuration recorder called default in eu-west-1", "leave this one out", "its name, default"):
        assert text in failed.value.result["msg"]
    assert not run_module(account, "config_recorder", name=NAME, state="absent", _check=check)["changed"]
    assert account.writes(since) == []
    assert run_module(account, "config_recorder", **options(account, name="default", bucket=name))["changes"] == []


def test_the_delivery_channel_of_somebody_else_stays(account: Account) -> None:
    bucket(account)
    run_module(account, "config_recorder", **options(account, name="default", recording=False))
    account.client("config").delete_configuration_recorder(ConfigurationRecorderName="default")
    since = account.position()
    with pytest.raises(ModuleFailed, match="there is a delivery channel called default in eu-west-1 already"):
        run_module(account, "config_recorder", **options(account))
    assert account.writes(since) == []


def test_a_creation_that_broke_off_is_finished(account: Account) -> None:
    bucket(account)
    account.fault(service="config", operation="PutDeliveryChannel", code="NoSuchBucketException", message="no")
    with pytest.raises(ModuleFailed, match="Could not create AWS Config recorder"):
        run_module(account, "config_recorder", **options(account))
    assert recorders(account) and not channels(account)
    done = run_module(account, "config_recorder", **options(account, recording=True))
    assert done["changes"][0]["action"] == "update"
    assert recording(account) and channels(account)


def test_a_deletion_that_broke_off_is_finished(account: Account) -> None:
    bucket(account)
    run_module(account, "config_recorder", **options(account))
    account.fault(service="config", operation="DeleteDeliveryChannel", code="ThrottledNot", message="no")
    with pytest.raises(ModuleFailed, match="Could not delete AWS Config recorder"):
        run_module(account, "config_recorder", name=NAME, state="absent")
    assert not recording(account)
    # and a channel that somebody left behind without its recorder
    account.client("config").delete_configuration_recorder(ConfigurationRecorderName=NAME)
    assert run_module(account, "config_recorder", name=NAME, state="absent")["changed"]
    assert not channels(account)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("PutConfigurationRecorder", "InvalidRoleException"),
        ("PutDeliveryChannel", "InsufficientDeliveryPolicyException"),
    ],
)
def test_a_role_that_is_new_is_waited_for(
    account: Account, monkeypatch: pytest.MonkeyPatch, operation: str, code: str
) -> None:
    bucket(account)
    monkeypatch.setattr(recorder_module.time, "sleep", lambda seconds: None)
    fault = {"service": "config", "operation": operation, "code": code, "message": "not yet"}
    account.fault(**fault, times=2)
    run_module(account, "config_recorder", **options(account))
    assert recording(account)
    run_module(account, "config_recorder", name=NAME, state="absent")
    account.fault(**fault)
    with pytest.raises(ModuleFailed, match="not yet"):  # the role is no longer new
        run_module(account, "config_recorder", **options(account))
    run_module(account, "config_recorder", name=NAME, state="absent")
    account.client("iam").delete_service_linked_role(RoleName="AWSServiceRoleForConfig")
    monkeypatch.setattr(recorder_module, "ROLE_PROPAGATION", 0)
    account.fault(**fault)
    with pytest.raises(ModuleFailed, match="not yet"):  # it was new for too long
        run_module(account, "config_recorder", **options(account))


def test_a_role_that_another_region_made_meanwhile_is_taken(account: Account) -> None:
    bucket(account)
    message = "Service role name AWSServiceRoleForConfig has been taken in this account, please try a different suffix."
    account.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")
    account.fault(service="iam", operation="GetRole", code="NoSuchEntity", message="none", status=404)
    account.fault(service="iam", operation="CreateServiceLinkedRole", code="InvalidInput", message=message)
    assert run_module(account, "config_recorder", **options(account))["recorder"]["recording"]


def test_frequencies_of_single_types_that_somebody_set_by_hand_stay(account: Account) -> None:
    bucket(account)
    run_module(account, "config_recorder", **options(account))
    override = {"resourceTypes": TYPES, "recordingFrequency": "DAILY"}
    found = {key: recorders(account)[0][key] for key in ("name", "roleARN", "recordingGroup")}
    mode = {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": [override]}
    account.client("config").put_configuration_recorder(ConfigurationRecorder={**found, "recordingMode": mode})
    run_module(account, "config_recorder", **options(account, recording_frequency="DAILY"))
    assert recorders(account)[0]["recordingMode"] == {**mode, "recordingFrequency": "DAILY"}


def test_a_bucket_that_does_not_admit_it_is_an_error(account: Account) -> None:
    account.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")
    place = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket=f"history-{account.id}", CreateBucketConfiguration=place)
    with pytest.raises(ModuleFailed, match="Insufficient delivery policy to s3 bucket"):
        run_module(account, "config_recorder", **options(account))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"resource_types": TYPES, "excluded_resource_types": TYPES},
            "resource_types or excluded_resource_types, not both",
        ),
        ({"resource_types": TYPES, "include_global_resource_types": True}, "goes with all resource types"),
        ({"excluded_resource_types": TYPES, "include_global_resource_types": True}, "goes with all resource types"),
        ({"rules": [ENCRYPTED, ENCRYPTED]}, f"AWS Config rule {NAME}-encrypted is declared more than once"),
        ({"bucket": None}, "missing: bucket"),
        ({"role_arn": None}, "missing: role_arn"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    account: Account, asked: dict[str, Any], message: str
) -> None:
    since = account.position()
    given = {key: value for key, value in options(account, **asked).items() if value is not None}
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, "config_recorder", **given)
    assert message in failed.value.result["msg"]
    assert account.writes(since) == []


def test_aws_errors_are_told(account: Account) -> None:
    bucket(account)
    account.fault(service="config", operation="DescribeConfigRules", code="AccessDenied", message="not you")
    with pytest.raises(ModuleFailed, match=f"Could not read AWS Config rules of {NAME}: .*not you"):
        run_module(account, "config_recorder", **options(account))
    unknown = {"name": "x", "identifier": "NO_SUCH_RULE"}
    with pytest.raises(ModuleFailed, match=f"Could not create AWS Config rule {NAME}-x: .*NO_SUCH_RULE is invalid"):
        run_module(account, "config_recorder", **options(account, rules=[unknown]))
