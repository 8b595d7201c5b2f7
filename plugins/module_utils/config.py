# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Config of one account in one region: its recorder, its delivery channel, its rules, its service-linked role."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    in_order,
    set_options,
)

SERVICE = "config.amazonaws.com"
LINKED_ROLE = "AWSServiceRoleForConfig"
ROLE_PROPAGATION = 90  # seconds until a new IAM role is known to AWS Config
CHANNEL = {
    "bucket": "s3BucketName",
    "key_prefix": "s3KeyPrefix",
    "kms_key_arn": "s3KmsKeyArn",
    "topic_arn": "snsTopicARN",
}
RECORDED = (
    "role_arn",
    "resource_types",
    "excluded_resource_types",
    "include_global_resource_types",
    "recording_frequency",
)
DELIVERED = (*CHANNEL, "delivery_frequency")
FREQUENCIES = ["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"]


class Region:
    """What is there, read once; AWS has one recorder and one delivery channel in a region."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        # A rule that is being deleted or evaluated takes no change for a moment.
        self.client = RetryingClient(module, "config", "ResourceInUseException")
        self.forget()

    def forget(self) -> None:
        self._recorders: list[Attributes] | None = None
        self._rules: dict[str, Attributes] | None = None

    def recorder(self) -> Attributes | None:
        if self._recorders is None:
            found = self.client.describe_configuration_recorders()["ConfigurationRecorders"]
            self._recorders = [recorder for recorder in found if not recorder.get("servicePrincipal")]
        return self._recorders[0] if self._recorders else None

    def channel(self) -> Attributes | None:
        found = self.client.describe_delivery_channels()["DeliveryChannels"]
        return found[0] if found else None

    def recording(self, name: str) -> bool:
        status = self.client.describe_configuration_recorder_status(ConfigurationRecorderNames=[name])
        return any(item["recording"] for item in status["ConfigurationRecordersStatus"])

    def rules(self) -> dict[str, Attributes]:
        """The rules by name, without those that other services made and those that are going."""
        if self._rules is None:
            found = self.client.list("describe_config_rules", "ConfigRules")
            there = [rule for rule in found if not rule.get("CreatedBy")]
            self._rules = {rule["ConfigRuleName"]: rule for rule in there if rule["ConfigRuleState"] != "DELETING"}
        return self._rules

    def tags(self, arn: str) -> dict[str, str]:
        return boto3_tag_list_to_ansible_dict(self.client.list("list_tags_for_resource", "Tags", ResourceArn=arn))


class LinkedRole(Resource):
    """The role with which AWS Config reads everything; an account has one, and it stays when recorders go."""

    type_name = "IAM service-linked role"

    def __init__(self, region: Region, arn: str) -> None:
        super().__init__(region.module, LINKED_ROLE, {"name": LINKED_ROLE, "arn": arn})
        self.region = region
        self.client = RetryingClient(region.module, "iam")

    def read(self) -> Attributes | None:
        recorder = self.region.recorder()
        if recorder and recorder.get("roleARN") == self.desired["arn"]:
            return dict(self.desired)  # IAM does not delete it while it is in use
        try:
            arn = self.client.get_role(RoleName=self.name)["Role"]["Arn"]
        except is_boto3_error_code("NoSuchEntity"):
            return None
        return {"name": self.name, "arn": arn}

    def create(self) -> None:
        try:
            self.client.create_service_linked_role(AWSServiceName=SERVICE)
        except is_boto3_error_message("has been taken in this account"):
            pass  # by a run in another region, meanwhile


class Tagged(Resource):
    """What has its tags under its ARN."""

    region: Region

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.region.client.untag_resource(ResourceArn=self.current["arn"], TagKeys=to_remove)
        if to_set:
            tags = ansible_dict_to_boto3_tag_list(to_set)
            self.region.client.tag_resource(ResourceArn=self.current["arn"], Tags=tags)

    def first_tags(self) -> Attributes:
        tags = self.desired.get("tags")
        return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}


class Recorder(Tagged):
    """The recorder, whether it records, and the delivery channel, which has the recorder's name."""

    type_name = "AWS Config recorder"
    assigned = ("arn",)
    defaults = {
        "resource_types": [],
        "excluded_resource_types": [],
        "include_global_resource_types": False,
        "recording_frequency": "CONTINUOUS",
        "recording": True,
        "key_prefix": "",
        "kms_key_arn": "",
        "topic_arn": "",
        "delivery_frequency": "none",
        "tags": {},
    }
    unordered = ("resource_types", "excluded_resource_types")
    updates = {
        "put_recorder": RECORDED,
        "put_channel": DELIVERED,
        "put_recording": ("recording",),
        "put_tags": ("tags",),
    }

    def __init__(self, region: Region, role: LinkedRole | None = None) -> None:
        module = region.module
        name = module.params["name"]
        desired = {"name": name, **set_options(module, *RECORDED, "recording", *DELIVERED, "tags")}
        for key, other in (
            ("resource_types", "excluded_resource_types"),
            ("excluded_resource_types", "resource_types"),
        ):
            if desired.get(key):
                desired = {other: [], "include_global_resource_types": False, **desired}
        super().__init__(module, name, desired, module.params["state"])
        self.region, self.role = region, role

    def validate(self) -> None:
        wanted = self.desired
        if wanted.get("resource_types") and wanted.get("excluded_resource_types"):
            raise ResourceError(
                f"{self.type_name} {self.name}: give resource_types or excluded_resource_types, not both"
            )
        listed = wanted.get("resource_types") or wanted.get("excluded_resource_types")
        if listed and wanted["include_global_resource_types"]:
            raise ResourceError(
                f"{self.type_name} {self.name}: include_global_resource_types goes with all resource types; "
                "among those that are listed, name or exclude AWS::IAM::Group, Policy, Role and User"
            )

    def read(self) -> Attributes | None:
        recorder, channel = self.region.recorder(), self.region.channel()
        self._refuse_others("configuration recorder", recorder)
        self._refuse_others("delivery channel", channel)
        recorder, channel = (found if found and found["name"] == self.name else None for found in (recorder, channel))
        if recorder is None and (channel is None or self.state == "present"):
            return None
        group = (recorder or {}).get("recordingGroup", {})
        snapshots = (channel or {}).get("configSnapshotDeliveryProperties", {})
        return {
            "name": self.name,
            "arn": recorder and recorder["arn"],
            "role_arn": recorder and recorder["roleARN"],
            "resource_types": group.get("resourceTypes") or [],
            "excluded_resource_types": (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or [],
            "include_global_resource_types": group.get("includeGlobalResourceTypes", False),
            "recording_frequency": (recorder or {}).get("recordingMode", {}).get("recordingFrequency", "CONTINUOUS"),
            "recording": self.region.recording(self.name) if recorder else False,
            **{key: (channel or {}).get(parameter, "") for key, parameter in CHANNEL.items()},
            "delivery_frequency": snapshots.get("deliveryFrequency", "none"),
            "tags": self.region.tags(recorder["arn"]) if recorder else {},
        }

    def _refuse_others(self, what: str, found: Attributes | None) -> None:
        """AWS allows one; that of somebody else is neither taken over nor replaced unasked."""
        if self.state == "present" and found and found["name"] != self.name:
            raise ResourceError(
                f"{self.type_name} {self.name}: there is a {what} called {found['name']} in {self.module.region} "
                "already, and AWS allows one in a region of an account. Whoever made it keeps it: leave this one out, "
                f"delete that one, or manage that one by giving this one its name, {found['name']}"
            )

    def create(self) -> None:
        self.put_recorder(**self.first_tags())
        self.put_channel()
        if self.expected()["recording"]:
            self.put_recording(on=True)

    def put_recorder(self, **more: Any) -> None:
        wanted = self.expected()
        everything = {"allSupported": True, "includeGlobalResourceTypes": wanted["include_global_resource_types"]}
        group = {**everything, "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}
        types, excluded = wanted["resource_types"], wanted["excluded_resource_types"]
        if types:
            group = {"resourceTypes": types, "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}
        elif excluded:
            group = {"exclusionByResourceTypes": {"resourceTypes": excluded}}
            group["recordingStrategy"] = {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}
        # Frequencies of single resource types, which somebody set by hand, stay.
        mode = (self.region.recorder() or {}).get("recordingMode", {})
        recorder = {
            "name": self.name,
            "roleARN": wanted["role_arn"],
            "recordingGroup": group,
            "recordingMode": {**mode, "recordingFrequency": wanted["recording_frequency"]},
        }
        put = self.region.client.put_configuration_recorder
        self._with_new_role(lambda: put(ConfigurationRecorder=recorder, **more), "InvalidRoleException")
        self.region.forget()

    def put_channel(self) -> None:
        wanted = self.expected()
        channel = {"name": self.name, **{parameter: wanted[key] for key, parameter in CHANNEL.items() if wanted[key]}}
        if wanted["delivery_frequency"] != "none":
            channel["configSnapshotDeliveryProperties"] = {"deliveryFrequency": wanted["delivery_frequency"]}
        put = self.region.client.put_delivery_channel
        self._with_new_role(lambda: put(DeliveryChannel=channel), "InsufficientDeliveryPolicyException")

    def put_recording(self, on: bool | None = None) -> None:
        client, on = self.region.client, self.desired["recording"] if on is None else on
        change = client.start_configuration_recorder if on else client.stop_configuration_recorder
        change(ConfigurationRecorderName=self.name)

    def _with_new_role(self, call: Callable[[], Any], code: str) -> None:
        """A role that was made a moment ago is not known to AWS Config yet."""
        made = self.role is not None and self.role.change is not None
        deadline = time.monotonic() + (ROLE_PROPAGATION if made else 0)
        while True:
            try:
                call()
                return
            except is_boto3_error_code(code):
                if time.monotonic() >= deadline:
                    raise
            time.sleep(5)

    def delete(self) -> None:
        """The channel goes only when nothing is recorded, and the recorder last, so that a run can be taken up."""
        if self.current["recording"]:
            self.put_recording(on=False)
        if self.current["bucket"]:
            self.region.client.delete_delivery_channel(DeliveryChannelName=self.name)
        if self.current["arn"]:
            self.region.client.delete_configuration_recorder(ConfigurationRecorderName=self.name)
        self.region.forget()


class Rule(Tagged):
    """A managed rule. AWS replaces a rule as a whole, and so does this."""

    type_name = "AWS Config rule"
    assigned = ("arn",)
    defaults = {"frequency": None, "tags": {}}
    unordered = ("resource_types",)

    def __init__(self, region: Region, name: str, desired: Attributes, state: str = "present") -> None:
        if state == "present":
            desired = {"name": name, **desired, **set_options(region.module, "tags")}
        super().__init__(region.module, name, desired, state)
        self.region = region

    @classmethod
    def declared(cls, region: Region, prefix: str, rule: Attributes) -> Rule:
        parameters = {key: text(value) for key, value in rule["input_parameters"].items()}
        desired = {key: rule[key] for key in ("identifier", "description", "resource_types")}
        frequency = {"frequency": rule["frequency"]} if rule["frequency"] else {}
        return cls(region, prefix + rule["name"], {**desired, "input_parameters": parameters, **frequency})

    def read(self) -> Attributes | None:
        found = self.region.rules().get(self.name)
        return found and {
            "name": self.name,
            "arn": found["ConfigRuleArn"],
            "identifier": found["Source"]["SourceIdentifier"],
            "description": found.get("Description", ""),
            "resource_types": found.get("Scope", {}).get("ComplianceResourceTypes", []),
            "input_parameters": json.loads(found.get("InputParameters") or "{}"),
            "frequency": found.get("MaximumExecutionFrequency"),
            "tags": self.region.tags(found["ConfigRuleArn"]),
        }

    def same(self, key: str) -> bool:
        return super().same(key) and (key == "tags" or in_order(self.current[key]) == in_order(self.desired[key]))

    def expected(self) -> Attributes:
        return {**super().expected(), **{key: value for key, value in self.desired.items() if key != "tags"}}

    def create(self) -> None:
        self._put(**self.first_tags())

    def update(self, changed: set[str]) -> None:
        if changed - {"tags"}:
            self._put()
        if "tags" in changed:
            self.put_tags()
        self.region.forget()

    def _put(self, **more: Any) -> None:
        wanted = self.expected()
        rule = {
            "ConfigRuleName": self.name,
            "Source": {"Owner": "AWS", "SourceIdentifier": wanted["identifier"]},
            "Description": wanted["description"],
            "Scope": {"ComplianceResourceTypes": wanted["resource_types"]} if wanted["resource_types"] else None,
            "InputParameters": json.dumps(wanted["input_parameters"]) if wanted["input_parameters"] else None,
            "MaximumExecutionFrequency": wanted["frequency"],
        }
        self.region.client.put_config_rule(ConfigRule={key: value for key, value in rule.items() if value}, **more)
        self.region.forget()

    def delete(self) -> None:
        self.region.client.delete_config_rule(ConfigRuleName=self.name)
        self.region.forget()


def text(value: Any) -> str:
    """AWS wants every parameter of a rule as a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
