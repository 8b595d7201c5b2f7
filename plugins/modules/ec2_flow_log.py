#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_flow_log
short_description: Manage a flow log of a VPC, a subnet or a network interface
version_added: 0.2.0
description:
  - Creates, replaces and deletes a flow log that CloudWatch Logs keeps, see
    U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html).
  - The flow log is found by its tag C(Name) among those of the resource.
  - AWS cannot change a flow log but its tags. When an option changes, the flow log is deleted and made anew; what it
    has written stays in the log group.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The tag C(Name) of the flow log.
    type: str
    required: true
  resource_id:
    description:
      - The id of the VPC, the subnet or the network interface whose traffic is recorded.
    type: str
    required: true
  log_group_name:
    description:
      - The name of the log group. Required when O(state=present).
    type: str
  role_arn:
    description:
      - The ARN of the IAM role with which C(vpc-flow-logs.amazonaws.com) writes. Required when O(state=present).
    type: str
  traffic_type:
    description:
      - Which traffic is recorded. AWS has no default, the module's is V(ALL).
    type: str
    choices: [ALL, ACCEPT, REJECT]
  max_aggregation_interval:
    description:
      - Within how many seconds packets are put together to a record. AWS's default is V(600).
    type: int
    choices: [60, 600]
  log_format:
    description:
      - The fields of a record, as V(${srcaddr} ${dstaddr} ${action}). By default AWS's format of version 2.
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Record what the VPC refuses
  slipway.fargate.ec2_flow_log:
    name: shop-prod-network
    resource_id: vpc-0123456789abcdef0
    log_group_name: /vpc/shop-prod-network
    role_arn: arn:aws:iam::123456789012:role/shop-prod-network-flow-logs
    traffic_type: REJECT

- name: Record nothing any more
  slipway.fargate.ec2_flow_log:
    name: shop-prod-network
    resource_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
flow_log:
  description: The flow log; empty when it was removed.
  returned: always
  type: dict
  contains:
    flow_log_id:
      description: The id.
      type: str
      sample: fl-0123456789abcdef0
    name:
      description: The tag C(Name).
      type: str
      sample: shop-prod-network
    resource_id:
      description: The id of what is recorded.
      type: str
      sample: vpc-0123456789abcdef0
    log_group_name:
      description: The name of the log group.
      type: str
      sample: /vpc/shop-prod-network
    role_arn:
      description: The ARN of the IAM role.
      type: str
      sample: arn:aws:iam::123456789012:role/shop-prod-network-flow-logs
    traffic_type:
      description: Which traffic is recorded.
      type: str
      sample: REJECT
    max_aggregation_interval:
      description: Within how many seconds packets are put together.
      type: int
      sample: 600
    log_format:
      description: The fields of a record.
      type: str
      sample: ${srcaddr} ${dstaddr} ${action}
    tags:
      description: The tags.
      type: dict
      sample: {"Name": "shop-prod-network"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: VPC flow log
      name: shop-prod-network
      attributes: {"traffic_type": {"before": "ALL", "after": "REJECT"}}
"""

import time
from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    boto3_tag_specifications,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

TYPES = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
# attribute -> the parameter of CreateFlowLogs
PARAMETERS = {
    "log_group_name": "LogGroupName",
    "role_arn": "DeliverLogsPermissionArn",
    "traffic_type": "TrafficType",
    "max_aggregation_interval": "MaxAggregationInterval",
    "log_format": "LogFormat",
}
ROLE_PROPAGATION = 90  # seconds until a new IAM role is known to EC2


class FlowLog(Resource):
    type_name = "VPC flow log"
    assigned = ("flow_log_id",)
    defaults = {"traffic_type": "ALL", "max_aggregation_interval": 600, "log_format": DEFAULT_FORMAT}

    def __init__(self, module: AnsibleAWSModule) -> None:
        params = module.params
        desired = {"name": params["name"], "resource_id": params["resource_id"], **set_options(module, *PARAMETERS)}
        if params["tags"] is not None:
            desired["tags"] = {**params["tags"], "Name": params["name"]}
        super().__init__(module, params["name"], desired, params["state"])
        self.client = RetryingClient(module, "ec2")

    def needs(self) -> Iterable[Any]:
        return [self.desired["resource_id"]]

    def validate(self) -> None:
        prefix = self.desired["resource_id"].partition("-")[0]
        if self.state == "present" and "-" in self.desired["resource_id"] and prefix not in TYPES:
            allowed = ", ".join(f"{prefix}-..." for prefix in TYPES)
            raise ResourceError(f"resource_id is {self.desired['resource_id']}; allowed are {allowed}")

    def read(self) -> Attributes | None:
        asked = {"resource-id": self.desired["resource_id"], "tag:Name": self.name}
        filters = [{"Name": name, "Values": [value]} for name, value in asked.items()]
        found = self.client.list("describe_flow_logs", "FlowLogs", Filter=filters)
        if not found:
            return None
        return {
            "flow_log_id": found[0]["FlowLogId"],
            "name": self.name,
            "resource_id": found[0]["ResourceId"],
            **{key: found[0].get(parameter) for key, parameter in PARAMETERS.items()},
            "tags": boto3_tag_list_to_ansible_dict(found[0].get("Tags", [])),
        }

    def predict(self) -> Attributes:
        return {"tags": {"Name": self.name}}

    def create(self) -> None:
        self._create({**self.defaults, **self.predict(), **self.desired})

    def _create(self, wanted: Attributes) -> None:
        call = {parameter: wanted[key] for key, parameter in PARAMETERS.items()}
        answer = self._with_new_role(
            ResourceIds=[wanted["resource_id"]],
            ResourceType=TYPES[wanted["resource_id"].partition("-")[0]],
            TagSpecifications=boto3_tag_specifications(wanted["tags"], ["vpc-flow-log"]),
            **call,
        )
        self._refuse(answer)

    def _with_new_role(self, **call: Any) -> Attributes:
        """A role that was made a moment ago is not known to EC2 yet."""
        deadline = time.monotonic() + ROLE_PROPAGATION
        while True:
            try:
                return self.client.create_flow_logs(**call)
            except is_boto3_error_message("Unable to assume given IAM role"):
                if time.monotonic() > deadline:
                    raise
            time.sleep(5)

    def _refuse(self, answer: Attributes) -> None:
        for refused in answer.get("Unsuccessful", []):
            raise ResourceError(f"{self.type_name} {self.name}: {refused['Error']['Message']}")

    def update(self, changed: set[str]) -> None:
        if changed - {"tags"}:
            wanted = self.expected()
            self.delete()
            self._create(wanted)
            return
        to_set, to_remove = self.tag_changes()
        ids = [self.current["flow_log_id"]]
        if to_remove:
            self.client.delete_tags(Resources=ids, Tags=[{"Key": key} for key in to_remove])
        if to_set:
            self.client.create_tags(Resources=ids, Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        self._refuse(self.client.delete_flow_logs(FlowLogIds=[self.current["flow_log_id"]]))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "resource_id": {"type": "str", "required": True},
            "log_group_name": {"type": "str"},
            "role_arn": {"type": "str"},
            "traffic_type": {"type": "str", "choices": ["ALL", "ACCEPT", "REJECT"]},
            "max_aggregation_interval": {"type": "int", "choices": [60, 600]},
            "log_format": {"type": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        required_if=[("state", "present", ["log_group_name", "role_arn"])],
        supports_check_mode=True,
    )
    run(module, FlowLog(module), key="flow_log")


if __name__ == "__main__":
    main()
