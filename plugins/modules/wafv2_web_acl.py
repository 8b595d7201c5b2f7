#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wafv2_web_acl
short_description: Manage a web ACL of AWS WAF with its IP sets and its logging
version_added: 0.2.0
description:
  - Creates, changes and deletes a web ACL, see
    U(https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html).
  - M(community.aws.wafv2_web_acl) shows no diff, changes rate rules on every run, and knows no logging.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name, up to 128 letters, digits, hyphens and underscores.
    type: str
    required: true
  scope:
    description:
      - V(CLOUDFRONT), which lives in C(us-east-1), for distributions, V(REGIONAL) for load balancers.
    type: str
    choices: [REGIONAL, CLOUDFRONT]
    default: REGIONAL
  description:
    description:
      - What it is for, up to 256 characters.
    type: str
  default_action:
    description:
      - What is done with requests that no rule takes. A new one lets them through.
    type: str
    choices: [allow, block]
  rules:
    description:
      - The rules as AWS has them, each with C(Name), C(Statement), and C(Action) or C(OverrideAction), in the order in
        which they are asked. C(Priority) is their place in it, and C(VisibilityConfig) switches metrics on
        unless it is given.
      - The C(ARN) of an C(IPSetReferenceStatement) may be the name of one of O(ip_sets).
    type: list
    elements: dict
  ip_sets:
    description:
      - All IP sets of the web ACL. Their names are O(name), a hyphen and their own. One that is not in the list any
        more is removed.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name.
        type: str
        required: true
      addresses:
        description: CIDR blocks, all of IPv4 or all of IPv6.
        type: list
        elements: str
        required: true
  logging:
    description:
      - Where requests are logged; an empty one ends it.
    type: dict
    suboptions:
      destination:
        description: The ARN of a log group whose name begins with C(aws-waf-logs-).
        type: str
      redacted_headers:
        description: The headers whose values are left out.
        type: list
        elements: str
        default: [authorization, cookie]
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A web ACL that limits the rate of each address
  slipway.fargate.wafv2_web_acl:
    name: shop-prod-waf
    rules:
      - Name: rate
        Action: {Block: {}}
        Statement:
          RateBasedStatement: {Limit: 100, AggregateKeyType: IP, EvaluationWindowSec: 300}

- name: Remove it
  slipway.fargate.wafv2_web_acl:
    name: shop-prod-waf
    state: absent
"""

RETURN = r"""
web_acl:
  description: The web ACL; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod-waf
    id:
      description: The identifier.
      type: str
      sample: 12345678-1234-1234-1234-123456789012
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop-prod-waf/12345678-1234-1234-1234-123456789012
    description:
      description: What it is for.
      type: str
      sample: ""
    default_action:
      description: What is done with requests that no rule takes.
      type: str
      sample: allow
    rules:
      description: The rules as AWS has them.
      type: list
      elements: dict
      sample: []
    logging:
      description: Where requests are logged, or empty.
      type: dict
      sample: {}
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
      resource: WAF web ACL
      name: shop-prod-waf
      attributes: {"default_action": {"before": "allow", "after": "block"}}
"""

from ipaddress import ip_network
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils import wafv2
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    UNKNOWN,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    set_options,
)

# What was made or let go a moment ago is not known everywhere yet.
NOT_YET = ("WAFUnavailableEntityException", "WAFAssociatedItemException")


class IpSet(Resource):
    type_name = "WAF IP set"
    assigned = ("id", "arn")
    unordered = ("addresses",)
    immutable = {"version": "give the addresses of the other version to a set of another name"}

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient, desired: Attributes, state: str) -> None:
        self.scope = module.params["scope"]
        super().__init__(module, desired["name"], desired, state)
        self.client = client
        self.token = ""

    def read(self) -> Attributes | None:
        found = wafv2.listed(self.client, "list_ip_sets", "IPSets", self.scope)
        summary = next((item for item in found if item["Name"] == self.name), None)
        if summary is None:
            return None
        answer = self.client.get_ip_set(Name=self.name, Scope=self.scope, Id=summary["Id"])
        self.token = answer["LockToken"]
        return {
            "name": self.name,
            "id": summary["Id"],
            "arn": summary["ARN"],
            "version": answer["IPSet"]["IPAddressVersion"],
            "addresses": sorted(answer["IPSet"]["Addresses"]),
        }

    def create(self) -> None:
        made = self.client.create_ip_set(
            Name=self.name,
            Scope=self.scope,
            IPAddressVersion=self.desired["version"],
            Addresses=self.desired["addresses"],
        )["Summary"]
        self.current = {**self.desired, "id": made["Id"], "arn": made["ARN"]}

    def update(self, changed: set[str]) -> None:
        self.client.update_ip_set(**self._which(), Addresses=self.desired["addresses"])

    def delete(self) -> None:
        self.client.delete_ip_set(**self._which())

    def _which(self) -> dict[str, str]:
        return {"Name": self.name, "Scope": self.scope, "Id": self.current["id"], "LockToken": self.token}


class WebAcl(Resource):
    type_name = "WAF web ACL"
    assigned = ("id", "arn")
    defaults = {"description": "", "default_action": "allow", "rules": [], "logging": {}, "tags": {}}

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient, sets: dict[str, IpSet]) -> None:
        name = module.params["name"]
        options = set_options(module, "description", "default_action", "rules", "logging", "tags")
        if "logging" in options and not options["logging"].get("destination"):
            options["logging"] = {}
        super().__init__(module, name, {"name": name, **options}, module.params["state"])
        self.given = options.get("rules", [])
        self.scope = module.params["scope"]
        self.sets = sets
        self.client = client
        self.raw: dict[str, Any] = {}
        self.token = ""

    def validate(self) -> None:
        names = [rule.get("Name") for rule in self.given]
        problems = [f"rule {name} is there more than once" for name in sorted({n for n in names if names.count(n) > 1})]
        for rule in self.given:
            if not rule.get("Name") or not rule.get("Statement"):
                problems.append(f"a rule needs Name and Statement, but has {', '.join(sorted(rule))}")
            elif ("Action" in rule) == ("OverrideAction" in rule):
                problems.append(f"rule {rule['Name']} needs either Action or OverrideAction")
        if problems:
            raise ResourceError(f"web ACL {self.name}: " + "; ".join(problems))

    def plan(self) -> Any:
        self._resolve()
        return super().plan()

    def _resolve(self) -> None:
        if "rules" in self.desired:
            self.desired["rules"] = [self._rule(place, rule) for place, rule in enumerate(self.given)]

    def _rule(self, place: int, rule: dict[str, Any]) -> dict[str, Any]:
        visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": rule.get("Name")}
        return {"VisibilityConfig": visible, **self._with_arns(rule), "Priority": place}

    def _with_arns(self, value: Any) -> Any:
        """The statement with the ARNs of our IP sets in the places of their names."""
        if isinstance(value, list):
            return [self._with_arns(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("ARN") in self.sets:
            return {**value, "ARN": (self.sets[value["ARN"]].current or {}).get("arn", UNKNOWN)}
        return {key: self._with_arns(item) for key, item in value.items()}

    def same(self, key: str) -> bool:
        if key == "logging":  # an empty one counts as well
            return self.current[key] == self.desired[key]
        return super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        return {**after, **{key: self.desired[key] for key in after.keys() & {"logging"} & self.desired.keys()}}

    def read(self) -> Attributes | None:
        summary = wafv2.web_acl(self.client, self.name, self.scope)
        if summary is None:
            return None
        answer = self.client.get_web_acl(Name=self.name, Scope=self.scope, Id=summary["Id"])
        self.raw, self.token = answer["WebACL"], answer["LockToken"]
        tags = self.client.list_tags_for_resource(ResourceARN=summary["ARN"])["TagInfoForResource"]["TagList"]
        return {
            "name": self.name,
            "id": summary["Id"],
            "arn": summary["ARN"],
            "description": self.raw.get("Description", ""),
            "default_action": "allow" if "Allow" in self.raw["DefaultAction"] else "block",
            "rules": sorted(wafv2.texts(self.raw.get("Rules", [])), key=lambda rule: rule["Priority"]),
            "logging": self._logging(summary["ARN"]),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def _logging(self, arn: str) -> Attributes:
        try:
            found = self.client.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
        except is_boto3_error_code("WAFNonexistentItemException"):
            return {}
        headers = [
            field["SingleHeader"]["Name"] for field in found.get("RedactedFields") or [] if "SingleHeader" in field
        ]
        return {"destination": found["LogDestinationConfigs"][0], "redacted_headers": sorted(headers)}

    def _content(self, wanted: Attributes) -> dict[str, Any]:
        visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": self.name}
        return {
            "Name": self.name,
            "Scope": self.scope,
            "DefaultAction": {wanted["default_action"].capitalize(): {}},
            "Rules": wanted["rules"],
            "VisibilityConfig": self.raw.get("VisibilityConfig", visible),
            **({"Description": wanted["description"]} if wanted["description"] else {}),
        }

    def create(self) -> None:
        self._resolve()
        wanted = {**self.defaults, **self.desired}
        tags = [{"Key": key, "Value": value} for key, value in wanted["tags"].items()]
        made = self.client.create_web_acl(**self._content(wanted), **({"Tags": tags} if tags else {}))
        if wanted["logging"]:
            self._put_logging(made["Summary"]["ARN"])

    def update(self, changed: set[str]) -> None:
        self._resolve()
        if changed & {"description", "default_action", "rules"}:
            kept = ("CustomResponseBodies", "CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig")
            others = {field: self.raw[field] for field in kept if self.raw.get(field)}
            content = self._content({**self.current, **self.desired})
            self.client.update_web_acl(Id=self.current["id"], LockToken=self.token, **content, **others)
        if "logging" in changed and self.desired["logging"]:
            self._put_logging(self.current["arn"])
        elif "logging" in changed:
            self.client.delete_logging_configuration(ResourceArn=self.current["arn"])
        if "tags" in changed:
            to_set, to_remove = self.tag_changes()
            if to_remove:
                self.client.untag_resource(ResourceARN=self.current["arn"], TagKeys=to_remove)
            if to_set:
                tags = [{"Key": key, "Value": value} for key, value in to_set.items()]
                self.client.tag_resource(ResourceARN=self.current["arn"], Tags=tags)

    def _put_logging(self, arn: str) -> None:
        logging = self.desired["logging"]
        self.client.put_logging_configuration(
            LoggingConfiguration={
                "ResourceArn": arn,
                "LogDestinationConfigs": [logging["destination"]],
                "RedactedFields": [{"SingleHeader": {"Name": name}} for name in logging["redacted_headers"]],
            }
        )

    def delete(self) -> None:
        if self.current["logging"]:
            self.client.delete_logging_configuration(ResourceArn=self.current["arn"])
        which = {"Name": self.name, "Scope": self.scope, "Id": self.current["id"]}
        self.client.delete_web_acl(**which, LockToken=self.token)


def resources(module: AnsibleAWSModule) -> list[Resource]:
    """The IP sets, the web ACL, and then the IP sets that it no longer refers to."""
    params = module.params
    if params["scope"] == "CLOUDFRONT" and module.region != wafv2.REGION:
        raise ResourceError(f"web ACL {params['name']}: the scope CLOUDFRONT lives in {wafv2.REGION}; set region to it")
    client = RetryingClient(module, "wafv2", *NOT_YET)
    absent = params["state"] == "absent"
    wanted = {} if absent else {item["name"]: item for item in params["ip_sets"] or []}
    sets = {name: IpSet(module, client, _ip_set(params["name"], item), "present") for name, item in wanted.items()}
    kept = {item.name for item in sets.values()}
    former: list[str] = []
    if absent or params["ip_sets"] is not None:
        found = wafv2.listed(client, "list_ip_sets", "IPSets", params["scope"])
        former = [item["Name"] for item in found if item["Name"].startswith(f"{params['name']}-")]
    gone = [IpSet(module, client, {"name": name}, "absent") for name in former if name not in kept]
    return [*sets.values(), WebAcl(module, client, sets), *gone]


def _ip_set(acl: str, item: dict[str, Any]) -> Attributes:
    try:
        networks = [ip_network(address) for address in item["addresses"]]
    except ValueError as error:
        raise ResourceError(f"IP set {item['name']}: {error}; allowed are CIDR blocks as 192.0.2.0/24") from error
    versions = {network.version for network in networks} or {4}
    if len(versions) > 1:
        raise ResourceError(f"IP set {item['name']} has addresses of IPv4 and IPv6; allowed are those of one of them")
    return {
        "name": f"{acl}-{item['name']}",
        "version": f"IPV{versions.pop()}",
        "addresses": sorted(map(str, networks)),
    }


def collect(found: list[Attributes]) -> Attributes:
    return next((item for item in found if "default_action" in item), {})


def main() -> None:
    ip_set: dict[str, Any] = {
        "name": {"type": "str", "required": True},
        "addresses": {"type": "list", "elements": "str", "required": True},
    }
    logging: dict[str, Any] = {
        "destination": {"type": "str"},
        "redacted_headers": {"type": "list", "elements": "str", "default": ["authorization", "cookie"]},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "scope": {"type": "str", "choices": ["REGIONAL", "CLOUDFRONT"], "default": "REGIONAL"},
            "description": {"type": "str"},
            "default_action": {"type": "str", "choices": ["allow", "block"]},
            "rules": {"type": "list", "elements": "dict"},
            "ip_sets": {"type": "list", "elements": "dict", "options": ip_set},
            "logging": {"type": "dict", "options": logging},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        all_of_them = resources(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read the IP sets of web ACL {module.params['name']}")
    run_all(module, all_of_them, key="web_acl", collect=collect)


if __name__ == "__main__":
    main()
