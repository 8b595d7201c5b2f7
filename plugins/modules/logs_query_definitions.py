#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_query_definitions
short_description: Manage all saved CloudWatch Logs Insights queries of a component
version_added: 0.2.0
description:
  - Declares the saved queries whose names start with a prefix in one task, see
    U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html).
  - Queries of the prefix that are no longer declared are deleted. AWS takes any number of queries of one name; all but
    one are deleted too.
  - The console shows a slash in a name as a folder.
author:
  - The slipway.fargate team (@slipway)
options:
  prefix:
    description:
      - What the names of all these queries, and of no others, start with, such as V(shop-prod-alarms/).
    type: str
    required: true
  queries:
    description:
      - The queries.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the query; it starts with O(prefix).
        type: str
        required: true
      query:
        description: The query.
        type: str
        required: true
      log_groups:
        description: The names of the log groups that are queried. Whoever runs the query can choose others.
        type: list
        elements: str
        default: []
      language:
        description: The language of the query, Logs Insights' own, or OpenSearch's SQL or PPL.
        type: str
        choices: [CWLI, SQL, PPL]
        default: CWLI
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Save the query for errors
  slipway.fargate.logs_query_definitions:
    prefix: shop-prod-alarms/
    queries:
      - name: shop-prod-alarms/errors
        query: |-
          fields @timestamp, @message
          | filter @message like /ERROR/
        log_groups: [/ecs/shop]

- name: Remove all queries of the prefix
  slipway.fargate.logs_query_definitions:
    prefix: shop-prod-alarms/
    state: absent
"""

RETURN = r"""
queries:
  description: The declared queries; empty when they were removed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the query. So on for every suboption of O(queries).
      type: str
      sample: shop-prod-alarms/errors
    id:
      description: The identifier of the query.
      type: str
      sample: 123456ab-12ab-123a-789e-1234567890ab
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: saved query
      name: shop-prod-alarms/errors
      attributes: {"query": {"before": "fields @message", "after": "fields @timestamp, @message"}}
"""

from collections.abc import Iterator

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
)

QUERY_SPEC = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "log_groups": {"type": "list", "elements": "str", "default": []},
    "language": {"type": "str", "choices": ["CWLI", "SQL", "PPL"], "default": "CWLI"},
}
LONGEST_QUERY = 10_000


def problems(given: Attributes, prefix: str) -> Iterator[str]:
    """What AWS would refuse of a query, beyond types."""
    if not given["name"].startswith(prefix):
        yield f"name does not start with {prefix}"
    if not 1 <= len(given["query"]) <= LONGEST_QUERY:
        yield f"query has {len(given['query'])} characters; allowed are 1 to {LONGEST_QUERY}"
    if given["language"] == "SQL" and given["log_groups"]:
        yield "log_groups is set; a query in SQL names its log groups itself"


class Region:
    """The queries of the prefix that are there; the first of each name, and those beyond."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.client = RetryingClient(module, "logs")
        self._queries: list[Attributes] | None = None

    def queries(self) -> list[Attributes]:
        if self._queries is None:
            self._queries = sorted(map(from_aws, self._pages()), key=lambda query: (query["name"], query["id"]))
        return self._queries

    def _pages(self) -> Iterator[Attributes]:  # boto3 has no paginator for it
        more = {"queryDefinitionNamePrefix": self.module.params["prefix"]}
        while True:
            answer = self.client.describe_query_definitions(**more)
            yield from answer["queryDefinitions"]
            if not answer.get("nextToken"):
                return
            more["nextToken"] = answer["nextToken"]

    def find(self, name: str) -> Attributes | None:
        return next((query for query in self.queries() if query["name"] == name), None)

    def changed(self) -> None:
        self._queries = None


def from_aws(found: Attributes) -> Attributes:
    return {
        "name": found["name"],
        "id": found["queryDefinitionId"],
        "query": found["queryString"],
        "log_groups": found.get("logGroupNames") or [],
        "language": found.get("queryLanguage") or "CWLI",
    }


class Query(Resource):
    type_name = "saved query"
    assigned = ("id",)
    unordered = ("log_groups",)

    def __init__(self, region: Region, desired: Attributes) -> None:
        super().__init__(region.module, desired["name"], desired)
        self.region = region

    def read(self) -> Attributes | None:
        return self.region.find(self.name)

    def create(self) -> None:
        self.put()

    def update(self, changed: set[str]) -> None:
        self.put(queryDefinitionId=self.current["id"])

    def put(self, **more: str) -> None:
        wanted = self.desired
        if wanted["log_groups"]:
            more["logGroupNames"] = wanted["log_groups"]
        self.region.client.put_query_definition(
            name=self.name, queryString=wanted["query"], queryLanguage=wanted["language"], **more
        )
        self.region.changed()


class Surplus(Resource):
    """A query that is there and not declared."""

    type_name = Query.type_name

    def __init__(self, region: Region, found: Attributes) -> None:
        super().__init__(region.module, found["name"], {}, "absent")
        self.region, self.found = region, found

    def read(self) -> Attributes | None:
        return self.found

    def delete(self) -> None:
        try:
            self.region.client.delete_query_definition(queryDefinitionId=self.found["id"])
        except is_boto3_error_code("ResourceNotFoundException"):
            pass


def plan(module: AnsibleAWSModule) -> list[Resource]:
    """The declared queries, and those to delete."""
    declared = module.params["queries"] if module.params["state"] == "present" else []
    names = [given["name"] for given in declared]
    found = [f"{given['name']}: {text}" for given in declared for text in problems(given, module.params["prefix"])]
    found += [f"{name} is declared more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    if found:
        raise ResourceError("; ".join(f"query {text}" for text in found))
    region = Region(module)
    kept = [region.find(name) for name in names]
    gone = [query for query in region.queries() if query not in kept]
    return [*(Query(region, given) for given in declared), *(Surplus(region, query) for query in gone)]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "prefix": {"type": "str", "required": True},
            "queries": {"type": "list", "elements": "dict", "default": [], "options": QUERY_SPEC},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        queries = plan(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read saved queries {module.params['prefix']}*")
    run_all(module, queries, key="queries")


if __name__ == "__main__":
    main()
