# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.lookup.config_bucket_statements import statements

from .conftest import REGION, Aws

Refused = Callable[..., str]
RULE = {"ConfigRuleName": "tls", "Source": {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_SSL_REQUESTS_ONLY"}}


def linked_role(aws: Aws) -> str:
    return str(aws("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["Arn"])


def own_role(aws: Aws, service: str = "config.amazonaws.com", bucket: str = "") -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = aws("iam").create_role(
        RoleName=f"own-{service}", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    if bucket:
        allow = {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": allow})
        aws("iam").put_role_policy(RoleName=f"own-{service}", PolicyName="write", PolicyDocument=document)
    return str(role["Role"]["Arn"])


def bucket(aws: Aws, *, prefix: str = "", admitted: bool = True) -> str:
    name = f"config-{aws.account}"
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if admitted:
        given = statements(name, f"arn:aws:iam::{aws.account}:root", prefix)
        aws("s3").put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": given}))
    return name


def put(aws: Aws, role: str, name: str = "ours", **more: Any) -> None:
    aws("config").put_configuration_recorder(ConfigurationRecorder={"name": name, "roleARN": role, **more})


def recorder(aws: Aws) -> dict[str, Any]:
    (found,) = aws("config").describe_configuration_recorders()["ConfigurationRecorders"]
    return dict(found)


def test_a_recorder_keeps_its_frequency_and_has_an_arn_and_tags(aws: Aws) -> None:
    config, role = aws("config"), linked_role(aws)
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "ours", "roleARN": role}, Tags=[{"Key": "a", "Value": "1"}]
    )
    assert recorder(aws)["recordingMode"] == {"recordingFrequency": "CONTINUOUS"}
    arn = recorder(aws)["arn"]
    assert arn.startswith(f"arn:aws:config:{REGION}:{aws.account}:configuration-recorder/ours/")
    put(aws, role, recordingMode={"recordingFrequency": "DAILY"})
    assert (recorder(aws)["recordingMode"], recorder(aws)["arn"]) == ({"recordingFrequency": "DAILY"}, arn)
    config.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    config.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    config.delete_configuration_recorder(ConfigurationRecorderName="ours")
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []


def test_a_recorder_is_refused_without_a_role_that_it_can_assume(aws: Aws, refused: Refused) -> None:
    refused("InvalidRoleException", put, aws=aws, role=f"arn:aws:iam::{aws.account}:role/none")
    refused("InvalidRoleException", put, aws=aws, role=own_role(aws, "ec2.amazonaws.com"))
    role = linked_role(aws)
    refused("ValidationException", put, aws=aws, role=role, recordingMode={"recordingFrequency": "HOURLY"})
    put(aws, role)
    refused("MaxNumberOfConfigurationRecordersExceededException", put, aws=aws, role=role, name="another")


@pytest.mark.parametrize(("prefix", "admitted"), [("", False), ("elsewhere", True)])
def test_a_channel_is_refused_by_a_bucket_that_does_not_admit_it(
    aws: Aws, refused: Refused, prefix: str, admitted: bool
) -> None:
    config, name = aws("config"), bucket(aws, prefix=prefix, admitted=admitted)
    channel = {"name": "ours", "s3BucketName": name}
    refused("NoAvailableConfigurationRecorderException", config.put_delivery_channel, DeliveryChannel=channel)
    put(aws, linked_role(aws))
    refused("InsufficientDeliveryPolicyException", config.put_delivery_channel, DeliveryChannel=channel)
    absent = {**channel, "s3BucketName": "nowhere"}
    refused("NoSuchBucketException", config.put_delivery_channel, DeliveryChannel=absent)
    assert config.describe_delivery_channels()["DeliveryChannels"] == []


def test_a_channel_leaves_a_file_in_its_bucket(aws: Aws) -> None:
    name = bucket(aws, prefix="logs")
    put(aws, linked_role(aws))
    aws("config").put_delivery_channel(DeliveryChannel={"name": "ours", "s3BucketName": name, "s3KeyPrefix": "logs"})
    (written,) = aws("s3").list_objects_v2(Bucket=name)["Contents"]
    assert written["Key"] == f"logs/AWSLogs/{aws.account}/Config/ConfigWritabilityCheckFile"


def test_a_role_of_ones_own_writes_by_its_policy(aws: Aws, refused: Refused) -> None:
    config, name = aws("config"), bucket(aws, admitted=False)
    put(aws, own_role(aws))
    channel = {"name": "ours", "s3BucketName": name}
    refused("InsufficientDeliveryPolicyException", config.put_delivery_channel, DeliveryChannel=channel)
    config.delete_configuration_recorder(ConfigurationRecorderName="ours")
    aws("iam").delete_role(RoleName="own-config.amazonaws.com")
    put(aws, own_role(aws, bucket=name))
    config.put_delivery_channel(DeliveryChannel=channel)


def test_rules_need_a_recorder_and_keep_their_tags(aws: Aws, refused: Refused) -> None:
    config = aws("config")
    refused("NoAvailableConfigurationRecorderException", config.put_config_rule, ConfigRule=RULE)
    put(aws, linked_role(aws))
    config.put_config_rule(ConfigRule=RULE, Tags=[{"Key": "a", "Value": "1"}])
    config.put_config_rule(ConfigRule={**RULE, "Description": "changed"})
    (rule,) = config.describe_config_rules()["ConfigRules"]
    assert rule["Description"] == "changed"
    assert config.list_tags_for_resource(ResourceArn=rule["ConfigRuleArn"])["Tags"] == [{"Key": "a", "Value": "1"}]
