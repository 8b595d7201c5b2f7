#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sesv2_email_templates
short_description: Manage templates of mails
version_added: 0.2.0
description:
  - Creates, changes and deletes templates of SES, all in one task, see
    U(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailTemplate.html).
  - SES replaces a template as a whole, and so does this module.
author:
  - The slipway.fargate team (@slipway)
options:
  templates:
    description:
      - The templates. With O(state=absent) those of these names are deleted. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the template.
        type: str
        required: true
      subject:
        description: The subject, in which C({{name}}) stands for a value of the mail. Needed unless O(state=absent).
        type: str
        default: ""
      text:
        description: The body as plain text.
        type: str
        default: ""
      html:
        description: The body as HTML. A template has O(templates[].text), O(templates[].html) or both.
        type: str
        default: ""
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A greeting
  slipway.fargate.sesv2_email_templates:
    templates:
      - name: Welcome
        subject: "Welcome, {{ '{{name}}' }}"
        text: "Hello {{ '{{name}}' }}, it is good to have you here."

- name: Remove it
  slipway.fargate.sesv2_email_templates:
    templates: [{name: Welcome}]
    state: absent
"""

RETURN = r"""
templates:
  description: The templates; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: Welcome
    subject:
      description: The subject.
      type: str
      sample: Welcome
    text:
      description: The body as plain text.
      type: str
      sample: It is good to have you here.
    html:
      description: The body as HTML.
      type: str
      sample: ""
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: SES template
      name: Welcome
      attributes: {"subject": {"before": "Hello", "after": "Welcome"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    ResourceError,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.sesv2 import SesResource

PARTS = {"subject": "Subject", "text": "Text", "html": "Html"}


class Template(SesResource):
    type_name = "SES template"
    kind = "template"

    def validate(self) -> None:
        if self.state == "absent":
            return
        if not self.desired["subject"] or not (self.desired["text"] or self.desired["html"]):
            raise ResourceError(f"template {self.name} needs a subject, and text or html")

    def read(self) -> Attributes | None:
        found = self.get(self.client.get_email_template, TemplateName=self.name)
        if found is None:
            return None
        content = found["TemplateContent"]
        return {"name": self.name, **{option: content.get(name) or "" for option, name in PARTS.items()}}

    def parameters(self) -> dict[str, Any]:
        content = {name: self.desired[option] for option, name in PARTS.items() if self.desired[option]}
        return {"TemplateName": self.name, "TemplateContent": content}

    def create(self) -> None:
        self.client.create_email_template(**self.parameters())

    def update(self, changed: set[str]) -> None:
        self.client.update_email_template(**self.parameters())

    def delete(self) -> None:
        self.client.delete_email_template(TemplateName=self.name)


def main() -> None:
    template = {"name": {"type": "str", "required": True}}
    template |= {part: {"type": "str", "default": ""} for part in PARTS}
    module = AnsibleAWSModule(
        argument_spec={
            "templates": {"type": "list", "elements": "dict", "required": True, "options": template},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    state = module.params["state"]
    run_all(module, [Template(module, one["name"], one, state) for one in module.params["templates"]], key="templates")


if __name__ == "__main__":
    main()
