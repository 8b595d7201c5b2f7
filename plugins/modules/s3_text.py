#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_text
short_description: Manage a text in S3
version_added: 0.2.0
description:
  - Puts a text, as a file of environment variables, into an object of S3, and deletes it, see
    U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).
  - The object is written when, and only when, its text is another one.
  - Unlike M(amazon.aws.s3_object) it works in check mode when the bucket is not there yet, and its differences show
    which variables change, and never the values.
  - V(state=absent) deletes all versions of the object.
author:
  - The slipway.fargate team (@slipway)
options:
  bucket:
    description: The name of the bucket.
    type: str
    required: true
  key:
    description: The key of the object.
    type: str
    required: true
  content:
    description:
      - The text. It is not shown; of lines as C(NAME=value) the names are.
      - Required with O(state=present).
    type: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the environment of the API
  slipway.fargate.s3_text:
    bucket: shop-prod-env
    key: api.env
    content: "{{ lookup('ansible.builtin.template', 'api.env.j2') }}"

- name: Remove it
  slipway.fargate.s3_text:
    bucket: shop-prod-env
    key: api.env
    state: absent
"""

RETURN = r"""
object:
  description: The object; empty when it was removed.
  returned: always
  type: dict
  contains:
    key:
      description: The key of the object.
      type: str
      sample: api.env
    content:
      description: The lines of the text, without values.
      type: list
      elements: str
      sample: ["LOG_LEVEL=(sensitive)"]
    last_modified:
      description: When it was written last.
      type: str
      sample: "2026-05-01T12:00:00+00:00"
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: S3 object
      name: shop-prod-env/api.env
      attributes: {"content": {"before": ["LOG_LEVEL=(sensitive)"], "after": ["LOG_LEVEL=(sensitive, another one)"]}}
"""

import re

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    SENSITIVE,
    STATE_SPEC,
    UNKNOWN,
    Attributes,
    Change,
    Resource,
    RetryingClient,
    run,
)

VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=")
ANOTHER = "(sensitive, another one)"
GONE = ["NoSuchKey", "NoSuchBucket", "404"]


class Text(Resource):
    type_name = "S3 object"
    assigned = ("last_modified",)

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.address = {"Bucket": module.params["bucket"], "Key": module.params["key"]}
        desired = {"key": module.params["key"]}
        if module.params["content"] is not None:
            desired["content"] = module.params["content"].splitlines()
        name = f"{module.params['bucket']}/{module.params['key']}"
        super().__init__(module, name, desired, module.params["state"])
        self.client = RetryingClient(module, "s3")

    def read(self) -> Attributes | None:
        if self.state == "absent":
            versions = self._versions()
            return {"key": self.address["Key"], "versions": len(versions)} if versions else None
        try:
            found = self.client.get_object(**self.address)
        except is_boto3_error_code(GONE):
            return None
        return {
            "key": self.address["Key"],
            "content": found["Body"].read().decode("utf-8", "replace").splitlines(),
            "last_modified": found["LastModified"].isoformat(),
        }

    def _versions(self) -> list[Attributes]:
        """All of them, also those that delete markers hide."""
        try:
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.address["Bucket"], Prefix=self.address["Key"]
            )
            items = [item for page in pages for key in ("Versions", "DeleteMarkers") for item in page.get(key, [])]
        except is_boto3_error_code(GONE):
            return []
        return [item for item in items if item["Key"] == self.address["Key"]]

    def expected(self) -> Attributes:
        after = super().expected()
        if self.current is not None and self.state == "present" and not self.same("content"):
            after["last_modified"] = UNKNOWN
        return after

    def masked(self, attributes: Attributes) -> Attributes:
        if "content" not in attributes:
            return attributes
        return {**attributes, "content": [_hidden(line) for line in attributes["content"]]}

    def _change(self, action: str, before: Attributes, after: Attributes) -> Change:
        change = super()._change(action, before, after)
        if action == "update":
            known = set(before["content"])
            lines = zip(after["content"], change.after["content"], strict=True)
            shown = [mask if line in known else mask.replace(SENSITIVE, ANOTHER) for line, mask in lines]
            change.after["content"] = shown
        return change

    def create(self) -> None:
        text = "".join(f"{line}\n" for line in self.desired["content"])
        self.client.put_object(**self.address, Body=text.encode(), ContentType="text/plain; charset=utf-8")

    def update(self, changed: set[str]) -> None:
        self.create()

    def delete(self) -> None:
        for version in self._versions():
            self.client.delete_object(**self.address, VersionId=version["VersionId"])


def _hidden(line: str) -> str:
    """A line without what it may keep secret."""
    variable = VARIABLE.match(line)
    if variable:
        return f"{variable[1]}={SENSITIVE}"
    return SENSITIVE if line.strip() else ""


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": False},
            "content": {"type": "str", "no_log": True},
            **STATE_SPEC,
        },
        required_if=[("state", "present", ("content",))],
        supports_check_mode=True,
    )
    run(module, Text(module), key="object")


if __name__ == "__main__":
    main()
