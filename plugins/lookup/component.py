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
component: "{{ ansible_facts.slipway[inventory_hostname] if inventory_hostname in ansible_facts.slipway | default({})
  else lookup('slipway.fargate.component') }}"
"""

RETURN = r"""
_raw:
  description: One dictionary, the facts that M(slipway.fargate.component_info) publishes.
  type: list
  elements: dict
"""

from functools import cache
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
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import defaults, described
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class PagingClient:
    """What readers use of a RetryingClient, on a plain boto3 client with botocore's own retries."""

    def __init__(self, service: str, region: str) -> None:
        retries = Config(retries={"mode": "standard", "max_attempts": 8})
        self.wrapped = boto3.session.Session(region_name=region).client(service, config=retries)

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.wrapped, operation)

    def list(self, operation: str, key: str, **parameters: Any) -> list[Any]:
        return self.wrapped.get_paginator(operation).paginate(**parameters).build_full_result()[key]


def caller_arn(region: str) -> str:
    """Whose credentials these are."""
    try:
        return PagingClient("sts", region).get_caller_identity()["Arn"]
    except (ClientError, BotoCoreError) as error:
        raise AnsibleLookupError(f"could not ask AWS which account this is: {error}") from error


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        host, kind = variables["inventory_hostname"], variables["component_kind"]
        known = {**defaults(self._loader, kind), **variables}
        with self._templar.set_temporary_context(available_variables=known):
            found = described(kind, host, known, self._templar.template)
        name, options, region = found["name"], found["options"], found["region"]
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
