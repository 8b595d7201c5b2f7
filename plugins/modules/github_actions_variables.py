#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: github_actions_variables
short_description: Manage variables of a GitHub repository's workflows
version_added: 0.2.0
description:
  - Creates, changes and deletes variables that workflows of GitHub Actions read as C(vars), see
    U(https://docs.github.com/en/rest/actions/variables). Variables that are not named stay.
author:
  - The slipway.fargate team (@slipway)
options:
  variables:
    description:
      - The variables by name. GitHub keeps names in capitals. With O(state=absent) the values count for nothing.
    type: dict
    required: true
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.github
"""

EXAMPLES = r"""
- name: Tell workflows where to deploy to
  slipway.fargate.github_actions_variables:
    repository: example/shop
    variables:
      AWS_REGION: eu-west-1
      ECS_CLUSTER: shop-prod
"""

RETURN = r"""
variables:
  description: The variables, by name; empty when they were removed.
  returned: always
  type: dict
  sample: {"AWS_REGION": "eu-west-1"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: GitHub variable
      name: AWS_REGION
      attributes: {"value": {"before": "eu-west-2", "after": "eu-west-1"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.github import SPEC, Repository, checked_names


class Variables:
    """The variables that are there, read at once."""

    def __init__(self, module: AnsibleModule) -> None:
        self.repository = Repository(module)
        self._values: dict[str, str] | None = None

    def values(self) -> dict[str, str]:
        if self._values is None:
            self._values = {item["name"]: item["value"] for item in self.repository.list("variables")}
        return self._values

    def write(self, method: str, path: str, body: Attributes | None = None) -> None:
        self.repository.call(method, f"/variables{path}", body)
        self._values = None


class Variable(Resource):
    type_name = "GitHub variable"

    def __init__(self, module: AnsibleModule, variables: Variables, name: str, value: str) -> None:
        state = module.params["state"]
        super().__init__(module, name, {"name": name, "value": value} if state == "present" else {}, state)
        self.variables = variables

    def read(self) -> Attributes | None:
        there = self.variables.values()
        return {"name": self.name, "value": there[self.name]} if self.name in there else None

    def create(self) -> None:
        self.variables.write("POST", "", self.desired)

    def update(self, changed: set[str]) -> None:
        self.variables.write("PATCH", f"/{self.name}", self.desired)

    def delete(self) -> None:
        self.variables.write("DELETE", f"/{self.name}")


def main() -> None:
    module = AnsibleModule(
        argument_spec={**SPEC, "variables": {"type": "dict", "required": True}, **STATE_SPEC},
        supports_check_mode=True,
    )
    try:
        given, there = module.params["variables"], Variables(module)
        names = checked_names(list(given))
    except ResourceError as error:
        module.fail_json(msg=str(error))
    wanted = [Variable(module, there, name, str(value)) for name, value in zip(names, given.values(), strict=True)]
    run_all(module, wanted, key="variables", collect=lambda found: {item["name"]: item["value"] for item in found})


if __name__ == "__main__":
    main()
