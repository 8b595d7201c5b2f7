# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from botocore.exceptions import BotoCoreError, ClientError

DOCUMENTATION = r"""
name: aws
short_description: What AWS answers to one call, for verifiers
author:
  - The slipway.fargate team (@slipway)
description:
  - Reads through boto3, with nothing of the collection between. For what no C(_info) module of amazon.aws reads.
options:
  _terms:
    description: Service, operation and key of the answer, as V(sqs list_queues QueueUrls), or no key for all of it.
    required: true
notes:
  - Everything else is passed to the operation. Pages are put together. A key that the answer lacks gives an empty list.
"""

EXAMPLES = r"""
that: lookup('aws', 'sqs list_queues QueueUrls', QueueNamePrefix='molecule-') == []
"""

RETURN = r"""
_raw:
  description: The value of the key, or the answer.
  type: list
  elements: raw
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **parameters: Any) -> list[Any]:
        region = self._templar.template((variables or {})["aws_region"])
        return [self._read(region, *term.split(), **parameters) for term in terms]

    def _read(self, region: str, service: str, operation: str, key: str = "", **parameters: Any) -> Any:
        client = _client(service, region)
        try:
            if client.can_paginate(operation):
                answer = client.get_paginator(operation).paginate(**parameters).build_full_result()
            else:
                answer = getattr(client, operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise AnsibleError(f"{service} {operation}: {error}") from error
        return json.loads(json.dumps(answer.get(key, []) if key else answer, default=str))


@cache
def _client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)
