#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_info
short_description: Publish the facts of components
version_added: 0.1.0
description:
  - Reads what other components, outputs and day-2 verbs may refer to of components, many in one run, and publishes it
    as facts. The playbooks do so after each layer, and a role's C(lookup.yml) is nothing else, so that the facts after
    a converge and those from look-up alone are the same.
  - Refer to them as C(hostvars['<component>'].component.<fact>).
  - In check mode a component that is not there yet has the same facts, each that only AWS can assign being
    C((known after apply)).
author:
  - The slipway.fargate team (@slipway)
options:
  components:
    description:
      - The components to read; by default the host of the task alone.
      - As a list of names, what they are called and what else a look-up needs is worked out from their variables and
        their roles' defaults. As a dictionary, each name has its C(kind), C(name), C(options) and C(region); C(derived)
        has more options, each the C(fact) of another C(component) of the same dictionary.
    type: raw
  caller:
    description: What M(amazon.aws.aws_caller_info) returned; without it the account is asked for when it is needed.
    type: dict
  allow_absent:
    description: Whether to publish the facts known beforehand, rather than to fail, when a component is not there.
    type: bool
    default: false
  unchanged:
    description:
      - Whether nothing was changed since M(slipway.fargate.validate_environment) looked. Then what it found is
        published, and AWS is not asked again, unless something was not there yet or not complete.
    type: bool
    default: false
  lenient:
    description:
      - Whether to leave out what is not there or cannot be read, rather than to fail. Components that are C(required)
        in O(components) are not left out.
    type: bool
    default: false
  identify:
    description: Whether to return whose credentials these are.
    type: bool
    default: false
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
  action:
    description: Works out on the controller what the components are called.
    support: full
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish the facts of every component of the play
  slipway.fargate.component_info:
    components: "{{ ansible_play_hosts }}"
  run_once: true

- name: Refer to them
  ansible.builtin.debug:
    msg: "{{ hostvars['orders'].component.url }}"

- name: Read a queue that is no component of this inventory
  slipway.fargate.component_info:
    components:
      orders:
        kind: sqs
        name: shop-prod-orders
"""

RETURN = r"""
ansible_facts:
  description: The facts of each component under C(slipway).
  returned: always
  type: complex
  contains:
    slipway:
      description: The facts by component; which ones a kind has is in its role's README.
      type: dict
      sample:
        orders:
          kind: sqs
          name: shop-prod-orders
          exists: true
          url: https://sqs.eu-west-1.amazonaws.com/123456789012/shop-prod-orders
          arn: arn:aws:sqs:eu-west-1:123456789012:shop-prod-orders
account:
  description: The id of the account.
  returned: when O(identify) is true
  type: str
  sample: "123456789012"
arn:
  description: The ARN of whom the credentials belong to.
  returned: when O(identify) is true
  type: str
  sample: arn:aws:iam::123456789012:user/deploy
problems:
  description: What could not be read, each as a sentence of its own.
  returned: on failure
  type: list
  elements: str
  sample: ["component orders: there is no SQS queue shop-prod-orders; converge orders first"]
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.component_facts import (
    not_there,
    predicted_facts,
    read_facts,
)
from ansible_collections.slipway.fargate.plugins.module_utils.components import KINDS
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, ResourceError, RetryingClient

READERS = 8  # components read at a time


class Reader:
    """Reads components side by side, with one client of each service for all."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self._making = threading.RLock()  # boto3 makes one client at a time
        self._clients: dict[tuple[str, str], RetryingClient] = {}
        self._accounts: dict[str, Aws] = {}

    def facts(self, component: str, entry: dict[str, Any], others: dict[str, Future[Facts]]) -> Facts:
        kind, name, options = entry["kind"], entry["name"], dict(entry.get("options") or {})
        for option, other in (entry.get("derived") or {}).items():
            there = others.get(other["component"])
            options[option] = UNKNOWN if not there or there.exception() else there.result()[other["fact"]]
        aws = self.aws(entry.get("region") or self.module.region)
        try:
            facts = read_facts(aws, kind, name, options)
            if facts is None and not self._may_be_absent(entry):
                raise ResourceError(not_there(component, kind, name).removeprefix(f"component {component}: "))
            return facts or predicted_facts(aws, kind, name, options)
        except ResourceError as error:
            raise ResourceError(f"component {component}: {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise ResourceError(
                f"component {component}: could not read {KINDS[kind].resource} {name}: {error}"
            ) from error

    def _may_be_absent(self, entry: dict[str, Any]) -> bool:
        allowed = self.module.params["allow_absent"] or self.module.check_mode
        return not (self.module.params["lenient"] and entry.get("required")) and allowed

    def aws(self, region: str) -> Aws:
        with self._making:
            if region not in self._accounts:
                aws = Aws(lambda service: self._client(service, region), region)
                if caller := self.module.params["caller"]:
                    aws.identity = {"Account": caller["account"], "Arn": caller["arn"]}
                self._accounts[region] = aws
            return self._accounts[region]

    def _client(self, service: str, region: str) -> RetryingClient:
        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = RetryingClient(self.module, service, region=region)
            return self._clients[service, region]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "components": {"type": "raw"},
            "caller": {"type": "dict"},
            "allow_absent": {"type": "bool", "default": False},
            "unchanged": {"type": "bool", "default": False},  # taken by the action
            "lenient": {"type": "bool", "default": False},
            "identify": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    entries = module.params["components"] or {}
    unknown = sorted({str(entry.get("kind")) for entry in entries.values()} - KINDS.keys())
    if unknown:
        module.fail_json(msg=f"kind is {', '.join(unknown)}; allowed are {', '.join(sorted(KINDS))}")
    reader = Reader(module)
    done = read_all(reader, entries)
    failed = {component: str(error) for component, facts in done.items() if (error := facts.exception())}
    if module.params["lenient"]:
        failed = {component: error for component, error in failed.items() if entries[component].get("required")}
    if failed:
        module.fail_json(msg="; ".join(failed.values()), problems=list(failed.values()))
    facts = {component: facts.result() for component, facts in done.items() if not facts.exception()}
    if module.params["lenient"]:
        facts = {component: found for component, found in facts.items() if found["exists"]}
    module.exit_json(changed=False, ansible_facts={"slipway": facts}, **_identity(reader))


def read_all(reader: Reader, entries: dict[str, Any]) -> dict[str, Future[Facts]]:
    """Each component's facts, or why there are none."""
    done: dict[str, Future[Facts]] = {}
    with ThreadPoolExecutor(READERS) as pool:
        for needs_others in (False, True):
            for component, entry in entries.items():
                if bool(entry.get("derived")) == needs_others:
                    done[component] = pool.submit(reader.facts, component, entry, done)
    return {component: done[component] for component in entries}


def _identity(reader: Reader) -> dict[str, str]:
    if not reader.module.params["identify"]:
        return {}
    try:
        identity = reader.aws(reader.module.region).identity
    except (ClientError, BotoCoreError) as error:
        reader.module.fail_json_aws(error, msg="Could not find out whose credentials these are")
    return {"account": identity["Account"], "arn": identity["Arn"]}


if __name__ == "__main__":
    main()
