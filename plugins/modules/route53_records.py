#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_records
short_description: Manage all records that one owner has in a hosted zone
version_added: 0.2.0
description:
  - Creates, changes and removes the records of one owner in a public hosted zone, all in one request, which Route 53
    carries out whole or not at all, see
    U(https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
  - Route 53 keeps no owner of a record. A TXT record C(_slipway-<owner>) in the zone lists the records of the owner, so
    that one that is declared no longer is removed, and the records of others are never touched. A record that two
    owners declare alike is removed with the last of them.
  - M(amazon.aws.route53) needs a call and a reading of the zone for each record, does not remove what is declared no
    longer, and fails in check mode while the zone is not there.
  - Records with a routing policy are left alone.
author:
  - The slipway.fargate team (@slipway)
options:
  zone:
    description:
      - The domain of the zone, as V(example.com). While there is no such zone, check mode takes it for an empty one.
    type: str
    required: true
  zone_id:
    description:
      - The identifier of the zone, where there are several of the domain.
    type: str
  owner:
    description:
      - Whose records these are, up to 54 letters, digits, hyphens and underscores.
    type: str
    required: true
  records:
    description:
      - All records of the owner. One that the owner had before and that is not in the list is removed.
      - With O(state=absent) all records of the owner are removed, whatever is in the list.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, whole or relative to the zone; V(@) is the zone itself.
        type: str
        required: true
      type:
        description: The type.
        type: str
        choices: [A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SPF, SRV, SSHFP, SVCB, TLSA, TXT]
        required: true
      ttl:
        description: For how many seconds others may keep it, from V(0) to V(2147483647).
        type: int
        default: 300
      values:
        description: The values. Texts need no quotation marks and may be of any length.
        type: list
        elements: str
        default: []
      alias:
        description: The target of an alias record, which has neither values nor a time to live.
        type: dict
        suboptions:
          dns_name:
            description: The host name, as that of a load balancer or a distribution.
            type: str
            required: true
          zone_id:
            description: The hosted zone of the host name.
            type: str
            required: true
          evaluate_target_health:
            description: Whether the record answers only while its target is healthy. It cannot with CloudFront.
            type: bool
            default: false
  overwrite:
    description:
      - Whether a declared record that is there with another content, and was not made by the owner, is taken over. Else
        it is refused.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The records of the shop
  slipway.fargate.route53_records:
    zone: example.com
    owner: shop-prod-domain
    records:
      - name: api
        type: A
        alias:
          dns_name: shop-123.eu-west-1.elb.amazonaws.com
          zone_id: Z32O12XQLNTSW2
      - name: "@"
        type: TXT
        values: [v=spf1 include:amazonses.com -all]

- name: Remove them
  slipway.fargate.route53_records:
    zone: example.com
    owner: shop-prod-domain
    state: absent
"""

RETURN = r"""
records:
  description: The records of the owner.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The whole name.
      type: str
      sample: www.example.com
    type:
      description: The type.
      type: str
      sample: CNAME
    ttl:
      description: For how many seconds others may keep it; none for an alias record.
      type: int
      sample: 300
    values:
      description: The values, as Route 53 keeps them.
      type: list
      elements: str
      sample: [example.com]
    alias:
      description: The target of an alias record, or empty.
      type: dict
      sample: {}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: Route 53 record
      name: www.example.com CNAME
      attributes: {"ttl": {"before": 300, "after": 60}}
"""

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    in_order,
    is_unknown,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import (
    Zone,
    full_name,
    normal_value,
    owned_records,
    plain,
)

TYPES = (
    *("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SSHFP", "SVCB"),
    *("TLSA", "TXT"),
)
LONGEST = 2_147_483_647


def normal(record: Attributes, domain: str) -> Attributes:
    """An item of the option in the form that is read."""
    name, alias = full_name(record["name"], domain), record["alias"]
    if bool(alias) == bool(record["values"]):
        raise ResourceError(f"record {name} {record['type']} needs either values or alias")
    if not 0 <= record["ttl"] <= LONGEST:
        raise ResourceError(f"record {name} {record['type']}: ttl is {record['ttl']}; allowed are 0 to {LONGEST}")
    return {
        "name": name,
        "type": record["type"],
        "ttl": None if alias else record["ttl"],
        "values": in_order([normal_value(record["type"], value) for value in record["values"]]),
        "alias": {**alias, "dns_name": plain(alias["dns_name"])} if alias and not is_unknown(alias) else alias or {},
    }


def resources(module: AnsibleAWSModule) -> list[Resource]:
    params = module.params
    zone = Zone(RetryingClient(module, "route53"), params["zone"], params["zone_id"])
    wanted = [normal(record, params["zone"]) for record in params["records"]] if params["state"] == "present" else []
    keys = [(record["name"], record["type"]) for record in wanted]
    twice = sorted({f"{name} {kind}" for name, kind in keys if keys.count((name, kind)) > 1})
    if twice:
        raise ResourceError(f"records has {', '.join(twice)} more than once; give all its values in one item")
    if zone.id is None and params["state"] == "present" and not module.check_mode:
        raise ResourceError(f"there is no public hosted zone of {zone.domain}")
    return owned_records(module, zone, params["owner"], wanted, overwrite=params["overwrite"])


def main() -> None:
    alias: dict[str, Any] = {
        "dns_name": {"type": "str", "required": True},
        "zone_id": {"type": "str", "required": True},
        "evaluate_target_health": {"type": "bool", "default": False},
    }
    record: dict[str, Any] = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "required": True, "choices": list(TYPES)},
        "ttl": {"type": "int", "default": 300},
        "values": {"type": "list", "elements": "str", "default": []},
        "alias": {"type": "dict", "options": alias},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "zone": {"type": "str", "required": True},
            "zone_id": {"type": "str"},
            "owner": {"type": "str", "required": True},
            "records": {"type": "list", "elements": "dict", "options": record, "default": []},
            "overwrite": {"type": "bool", "default": False},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    try:
        all_of_them = resources(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read the records of {module.params['zone']}")
    run_all(module, all_of_them, key="records", collect=lambda records: records[:-1] if records else [])


if __name__ == "__main__":
    main()
