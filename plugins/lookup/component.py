# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: component
short_description: The facts of a component that is not in the play
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - Reads the facts of a component from AWS when somebody refers to it and no play has published them, as under
    C(--limit). The variable C(component) of every component falls back to it.
  - Runs on the controller and takes region, endpoint and credentials as any AWS tool does.
options:
  _terms:
    description: Nothing; the component is the host whose variables are being templated.
    required: false
"""

EXAMPLES = r"""
# group_vars/all: what a play has published, or else what AWS says
component: "{{ ansible_facts.slipway if 'slipway' in ansible_facts else lookup('slipway.fargate.component') }}"
"""

RETURN = r"""
_raw:
  description: One dictionary, the facts that M(slipway.fargate.component_info) publishes.
  type: list
  elements: dict
"""

from functools import cache
from pathlib import Path
from typing import Any

import boto3
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.slipway.fargate.plugins.module_utils.component_facts import (
    not_there,
    predicted_facts,
    read_facts,
)
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROLES = Path(__file__).parents[2] / "roles"


class PagingClient:
    """What readers use of a RetryingClient, on a plain boto3 client with botocore's own retries."""

    def __init__(self, service: str, region: str) -> None:
        retries = Config(retries={"mode": "standard", "max_attempts": 8})
        self.wrapped = boto3.session.Session(region_name=region).client(service, config=retries)

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.wrapped, operation)

    def list(self, operation: str, key: str, **parameters: Any) -> list[Any]:
        return self.wrapped.get_paginator(operation).paginate(**parameters).build_full_result()[key]


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        host, kind = variables["inventory_hostname"], variables["component_kind"]
        name = self._value(variables, f"{kind}_name") or "-".join(
            (self._value(variables, "stack_name"), self._value(variables, "stack_environment"), host)
        )
        region = self._value(variables, "aws_region")
        options = {option: self._value(variables, option) for option in KINDS[kind].options}
        aws = Aws(client=cache(lambda service: PagingClient(service, region)), region=region)
        try:
            facts = read_facts(aws, kind, name, options)
        except (ResourceError, ClientError, BotoCoreError) as error:
            raise AnsibleLookupError(
                f"component {host}: could not read {KINDS[kind].resource} {name}: {error}"
            ) from error
        if facts is None and not variables.get("ansible_check_mode"):
            raise AnsibleLookupError(not_there(host, kind, name))
        return [facts or predicted_facts(aws, kind, name, options)]

    def _value(self, variables: dict[str, Any], name: str) -> Any:
        """The variable, or else its default in the role, as the role itself would see it."""
        defaults = self._defaults(variables["component_kind"])
        value = variables.get(name, defaults.get(name))
        if value is None:
            return None
        with self._templar.set_temporary_context(available_variables={**defaults, **variables}):
            return self._templar.template(value)

    def _defaults(self, kind: str) -> dict[str, Any]:
        file = ROLES / kind / "defaults" / "main.yml"
        return self._loader.load_from_file(str(file), trusted_as_template=True) or {} if file.exists() else {}
