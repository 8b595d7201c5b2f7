#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: guardduty_detector
short_description: Manage the GuardDuty detector of a region and its features
version_added: 0.2.0
description:
  - Creates, changes and deletes the detector, see
    U(https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html).
  - AWS allows one detector in a region of an account. The one whose tag C(Name) is not O(name) belongs to somebody
    else. With O(state=present) the module then fails and says so, with O(state=absent) it is left alone.
  - With the detector its findings, filters and lists are deleted. Before, runtime monitoring is switched off, upon
    which GuardDuty removes the VPC endpoints and security groups that it made for its agents. They would keep their VPC
    from being deleted, so they are waited for.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The tag C(Name) of the detector.
    type: str
    required: true
  enabled:
    description:
      - Whether GuardDuty watches, or is suspended and costs nothing. The module's default is V(true).
    type: bool
  finding_publishing_frequency:
    description:
      - How often findings that occur again are published to EventBridge; new ones are within minutes. AWS's default is
        V(SIX_HOURS).
    type: str
    choices: [FIFTEEN_MINUTES, ONE_HOUR, SIX_HOURS]
  features:
    description:
      - The features, and the additional configurations of V(RUNTIME_MONITORING), that are on, as AWS names them. All
        others are off. Each costs money.
      - What GuardDuty always looks at is not among them, CloudTrail's management events, flow logs and DNS queries.
      - When it is not set, a new detector has what AWS switches on by itself, which is all but V(RUNTIME_MONITORING).
      - The additional configurations V(ECS_FARGATE_AGENT_MANAGEMENT), V(EC2_AGENT_MANAGEMENT) and
        V(EKS_ADDON_MANAGEMENT) let GuardDuty install its agent. They need V(RUNTIME_MONITORING).
    type: list
    elements: str
    choices:
      - EBS_MALWARE_PROTECTION
      - EKS_AUDIT_LOGS
      - LAMBDA_NETWORK_LOGS
      - RDS_LOGIN_EVENTS
      - S3_DATA_EVENTS
      - RUNTIME_MONITORING
      - ECS_FARGATE_AGENT_MANAGEMENT
      - EC2_AGENT_MANAGEMENT
      - EKS_ADDON_MANAGEMENT
  wait:
    description:
      - Whether to wait, with O(state=absent), until GuardDuty has removed the endpoints and security groups of its
        agents.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for it, in seconds.
    type: int
    default: 900
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Watch the account, and what runs in its tasks
  slipway.fargate.guardduty_detector:
    name: shop-prod-threats
    finding_publishing_frequency: FIFTEEN_MINUTES
    features: [RDS_LOGIN_EVENTS, RUNTIME_MONITORING, ECS_FARGATE_AGENT_MANAGEMENT]
    tags:
      Environment: prod

- name: Watch no more
  slipway.fargate.guardduty_detector:
    name: shop-prod-threats
    state: absent
"""

RETURN = r"""
detector:
  description: The detector; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The tag C(Name).
      type: str
      sample: shop-prod-threats
    detector_id:
      description: The id.
      type: str
      sample: 12abc34d567e8fa901bc2d34e56789f0
    enabled:
      description: Whether it watches.
      type: bool
      sample: true
    finding_publishing_frequency:
      description: How often findings that occur again are published.
      type: str
      sample: SIX_HOURS
    features:
      description: The features and additional configurations that are on.
      type: list
      elements: str
      sample: [RDS_LOGIN_EVENTS]
    tags:
      description: The tags.
      type: dict
      sample: {"Name": "shop-prod-threats"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: GuardDuty detector
      name: shop-prod-threats
      attributes: {"features": {"before": [], "after": ["RDS_LOGIN_EVENTS"]}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
    wait_for,
)

OPTIONS = ("enabled", "finding_publishing_frequency", "features")
ALWAYS = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html
BY_DEFAULT = ("EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS")
RUNTIME = "RUNTIME_MONITORING"
AGENTS = ("ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT")
MANAGED = [{"Name": "tag:GuardDutyManaged", "Values": ["true"]}]


class Detector(Resource):
    type_name = "GuardDuty detector"
    assigned = ("detector_id",)
    defaults = {"enabled": True, "finding_publishing_frequency": "SIX_HOURS", "features": list(BY_DEFAULT)}
    unordered = ("features",)
    updates = {"put": OPTIONS, "put_tags": ("tags",)}

    def __init__(self, module: AnsibleAWSModule) -> None:
        name = module.params["name"]
        desired = {"name": name, **set_options(module, *OPTIONS)}
        if "features" in desired:
            desired["features"] = sorted(set(desired["features"]))
        if module.params["tags"] is not None:
            desired["tags"] = {**module.params["tags"], "Name": name}
        super().__init__(module, name, desired, module.params["state"])
        self.client = RetryingClient(module, "guardduty")
        self.parents: dict[str, str] = dict.fromkeys(AGENTS, RUNTIME)  # of additional configurations

    def validate(self) -> None:
        features = self.desired.get("features", [])
        agents = [name for name in features if name in AGENTS]
        if agents and RUNTIME not in features:
            raise ResourceError(f"{self.type_name} {self.name}: {', '.join(agents)} needs {RUNTIME} among the features")

    def read(self) -> Attributes | None:
        ids = self.client.list("list_detectors", "DetectorIds")
        if not ids:
            return None
        found = self.client.get_detector(DetectorId=ids[0])
        tags = found.get("Tags") or {}
        if tags.get("Name") != self.name:
            if self.state == "absent":
                return None
            of = f"tagged Name={tags['Name']}" if "Name" in tags else "without a tag Name"
            raise ResourceError(
                f"{self.type_name} {self.name}: there is a detector {ids[0]}, {of}, in {self.module.region} already, "
                "and AWS allows one in a region of an account. Whoever made it keeps it: leave this one out, delete "
                f"that one, or have it managed by tagging it Name={self.name}"
            )
        return {
            "name": self.name,
            "detector_id": ids[0],
            "enabled": found["Status"] == "ENABLED",
            "finding_publishing_frequency": found["FindingPublishingFrequency"],
            "features": sorted(self._on(found.get("Features") or [])),
            "tags": tags,
        }

    def _on(self, features: list[Attributes]) -> set[str]:
        on = set()
        for feature in features:
            if feature["Status"] == "ENABLED" and feature["Name"] not in ALWAYS:
                more = [i["Name"] for i in feature.get("AdditionalConfiguration") or [] if i["Status"] == "ENABLED"]
                # One that another feature has too, EKS_RUNTIME_MONITORING, goes with that.
                mine = [name for name in more if self.parents.setdefault(name, feature["Name"]) == feature["Name"]]
                on |= {feature["Name"], *mine}
        return on

    def predict(self) -> Attributes:
        return {"tags": {"Name": self.name}}

    def create(self) -> None:
        wanted, optional = self.expected(), {}
        if "features" in self.desired:
            optional["Features"] = self._switches(set(BY_DEFAULT), set(wanted["features"]), always=BY_DEFAULT)
        self.client.create_detector(
            Enable=wanted["enabled"],
            FindingPublishingFrequency=wanted["finding_publishing_frequency"],
            Tags=wanted["tags"],
            **optional,
        )
        self.current = self.read()
        if not self.same_features():  # AWS switched on one that is younger than this module
            self.put()

    def same_features(self) -> bool:
        return "features" not in self.desired or self.same("features")

    def put(self) -> None:
        wanted, optional = self.expected(), {}
        if not self.same_features():
            optional["Features"] = self._switches(set(self.current["features"]), set(wanted["features"]))
        self.client.update_detector(
            DetectorId=self.current["detector_id"],
            Enable=wanted["enabled"],
            FindingPublishingFrequency=wanted["finding_publishing_frequency"],
            **optional,
        )

    def _switches(self, before: set[str], after: set[str], always: tuple[str, ...] = ()) -> list[Attributes]:
        """The features that change, each with those of its additional configurations that do."""
        changing = (before ^ after) | set(always)
        features: dict[str, Attributes] = {}
        for name in sorted({self.parents.get(name, name) for name in changing}):
            features[name] = {"Name": name, "Status": status(name in after)}
        for name in sorted(changing & self.parents.keys()):
            feature = features[self.parents[name]]
            if feature["Status"] == "ENABLED":  # they go with their feature
                more = feature.setdefault("AdditionalConfiguration", [])
                more.append({"Name": name, "Status": status(name in after)})
        return list(features.values())

    def put_tags(self) -> None:
        caller = RetryingClient(self.module, "sts").get_caller_identity()
        where = f"{self.module.region}:{caller['Account']}:detector/{self.current['detector_id']}"
        arn = f"arn:{caller['Arn'].split(':')[1]}:guardduty:{where}"
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceArn=arn, TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceArn=arn, Tags=to_set)

    def delete(self) -> None:
        place = {"DetectorId": self.current["detector_id"]}
        if RUNTIME in self.current["features"]:
            self.client.update_detector(**place, Features=[{"Name": RUNTIME, "Status": "DISABLED"}])
        if self.module.params["wait"]:
            wait_for(
                self._left_by_agents,
                lambda left: not left,
                what=f"{self.type_name} {self.name}: GuardDuty removes what it made for its agents",
                timeout=self.module.params["wait_timeout"],
                describe=", ".join,
            )
        self.client.delete_detector(**place)

    def _left_by_agents(self) -> list[str]:
        ec2 = RetryingClient(self.module, "ec2")
        endpoints = ec2.list("describe_vpc_endpoints", "VpcEndpoints", Filters=MANAGED)
        groups = ec2.list("describe_security_groups", "SecurityGroups", Filters=MANAGED)
        left = [endpoint["VpcEndpointId"] for endpoint in endpoints if endpoint["State"].lower() != "deleted"]
        return [*left, *(group["GroupId"] for group in groups)]


def status(on: Any) -> str:
    return "ENABLED" if on else "DISABLED"


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool"},
            "finding_publishing_frequency": {"type": "str", "choices": ["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"]},
            "features": {"type": "list", "elements": "str", "choices": [*BY_DEFAULT, RUNTIME, *AGENTS]},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 900},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Detector(module), key="detector")


if __name__ == "__main__":
    main()
