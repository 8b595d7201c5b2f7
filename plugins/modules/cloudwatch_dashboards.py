#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_dashboards
short_description: Manage all CloudWatch dashboards of a component
version_added: 0.2.0
description:
  - Declares dashboards in one task, see
    U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html). Dashboards belong to the
    account, not to a region.
  - Bodies are compared as data, so that spaces and the order of keys are no change.
  - Dashboards of O(prefix) that are no longer declared are deleted.
  - What CloudWatch has to say of a body it takes, such as of a metric that is not well-formed, becomes a warning.
author:
  - The slipway.fargate team (@slipway)
options:
  dashboards:
    description:
      - The dashboards. With O(state=absent) they are deleted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the dashboard; letters, digits, hyphens and underscores.
        type: str
        required: true
      body:
        description:
          - The body, a dictionary or a JSON document, see
            U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html).
            Needed unless O(state=absent).
        type: json
  prefix:
    description:
      - What the names of dashboards start with that are deleted when they are not declared. Empty for none.
    type: str
    default: ""
  purge_tagged:
    description:
      - Only dashboards that carry these tags are deleted because of O(prefix). Needed where another prefix starts with
        this one.
    type: dict
    default: {}
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Show the CPU of the service
  slipway.fargate.cloudwatch_dashboards:
    prefix: shop-prod-
    dashboards:
      - name: shop-prod-overview
        body:
          widgets:
            - type: metric
              width: 12
              height: 6
              properties:
                title: CPU
                region: eu-west-1
                metrics: [[AWS/ECS, CPUUtilization, ClusterName, shop, ServiceName, web]]
    tags:
      Environment: prod

- name: Remove all dashboards of the prefix
  slipway.fargate.cloudwatch_dashboards:
    prefix: shop-prod-
    state: absent
"""

RETURN = r"""
dashboards:
  description: The declared dashboards; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the dashboard.
      type: str
      sample: shop-prod-overview
    arn:
      description: The ARN of the dashboard.
      type: str
      sample: arn:aws:cloudwatch::123456789012:dashboard/shop-prod-overview
    body:
      description: The body.
      type: dict
      sample: {"widgets": []}
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: CloudWatch dashboard
      name: shop-prod-overview
      attributes: {"body": {"before": {"widgets": []}, "after": {"widgets": [{"type": "text"}]}}}
"""

import json
import re
from collections.abc import Iterator
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    set_options,
)

NAME = re.compile(r"[\w-]{1,255}", re.ASCII)
NOT_THERE = ["ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException"]


class Dashboard(Resource):
    type_name = "CloudWatch dashboard"
    assigned = ("arn",)
    defaults = {"tags": {}}

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient, name: str, body: Any, state: str) -> None:
        desired = {"name": name, "body": body, **set_options(module, "tags")} if state == "present" else {}
        super().__init__(module, name, desired, state)
        self.client = client

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_dashboard(DashboardName=self.name)
        except is_boto3_error_code(NOT_THERE):
            return None
        arn = found["DashboardArn"]
        return {
            "name": self.name,
            "arn": arn,
            "body": json.loads(found["DashboardBody"]),
            "tags": tags_of(self.client, arn),
        }

    def same(self, key: str) -> bool:
        # The whole body is declared: what is not declared is too much.
        return self.current["body"] == self.desired["body"] if key == "body" else super().same(key)

    def expected(self) -> Attributes:
        whole = {"body": self.desired["body"]} if self.state == "present" else {}
        return {**super().expected(), **whole}

    def create(self) -> None:
        tags = self.desired.get("tags")
        self.put(**({"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}))

    def update(self, changed: set[str]) -> None:
        if "body" in changed:
            self.put()
        if "tags" in changed:
            self.put_tags()

    def put(self, **more: Any) -> None:
        body = json.dumps(self.desired["body"])
        answer = self.client.put_dashboard(DashboardName=self.name, DashboardBody=body, **more)
        for message in answer.get("DashboardValidationMessages", []):
            self.module.warn(f"dashboard {self.name}: {message.get('DataPath')}: {message.get('Message')}")

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(ResourceARN=self.current["arn"], TagKeys=to_remove)
        if to_set:
            self.client.tag_resource(ResourceARN=self.current["arn"], Tags=ansible_dict_to_boto3_tag_list(to_set))

    def delete(self) -> None:
        self.client.delete_dashboards(DashboardNames=[self.name])


def tags_of(client: RetryingClient, arn: str) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(client.list_tags_for_resource(ResourceARN=arn)["Tags"])


def declared(module: AnsibleAWSModule) -> dict[str, Any]:
    """By name the bodies as data."""
    bodies: dict[str, Any] = {}
    for dashboard in module.params["dashboards"]:
        name, body = dashboard["name"], dashboard["body"]
        if not NAME.fullmatch(name):
            raise ResourceError(f"dashboard name is {name}; allowed are letters, digits, hyphens and underscores")
        if name in bodies:
            raise ResourceError(f"dashboard {name} is declared more than once")
        bodies[name] = json.loads(body) if body else None
        if not isinstance(bodies[name], dict) and module.params["state"] == "present":
            raise ResourceError(f"dashboard {name}: body is {body}; needed is a dictionary, as with the key widgets")
    return bodies


def undeclared(module: AnsibleAWSModule, client: RetryingClient, names: set[str]) -> Iterator[str]:
    """Those of the prefix, and with the tags, that are there."""
    wanted = {key: str(value) for key, value in module.params["purge_tagged"].items()}.items()
    for entry in client.list("list_dashboards", "DashboardEntries", DashboardNamePrefix=module.params["prefix"]):
        if entry["DashboardName"] not in names and (
            not wanted or wanted <= tags_of(client, entry["DashboardArn"]).items()
        ):
            yield entry["DashboardName"]


def plan(module: AnsibleAWSModule) -> list[Dashboard]:
    bodies, state = declared(module), module.params["state"]
    client = RetryingClient(module, "cloudwatch")
    gone = list(undeclared(module, client, set(bodies))) if module.params["prefix"] else []
    return [
        *(Dashboard(module, client, name, body, state) for name, body in bodies.items()),
        *(Dashboard(module, client, name, None, "absent") for name in gone),
    ]


def main() -> None:
    dashboard = {"name": {"type": "str", "required": True}, "body": {"type": "json"}}
    module = AnsibleAWSModule(
        argument_spec={
            "dashboards": {"type": "list", "elements": "dict", "default": [], "options": dashboard},
            "prefix": {"type": "str", "default": ""},
            "purge_tagged": {"type": "dict", "default": {}},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        dashboards = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read CloudWatch dashboards {module.params['prefix']}*")
    run_all(module, dashboards, key="dashboards")


if __name__ == "__main__":
    main()
