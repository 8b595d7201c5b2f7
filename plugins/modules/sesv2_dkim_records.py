#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sesv2_dkim_records
short_description: Manage the DKIM records of a domain that SES sends from
version_added: 0.2.0
description:
  - Writes the three CNAME records of Easy DKIM into a hosted zone of Route 53, see
    U(https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html). SES says which they are, so
    they are one resource in a prediction.
  - A TXT record C(_slipway-<owner>) lists them, so that former ones are removed, and all of them with O(state=absent).
author:
  - The slipway.fargate team (@slipway)
options:
  identity:
    description:
      - The domain, an identity of SES.
    type: str
    required: true
  zone:
    description:
      - The domain of the hosted zone; that of the identity or one above it.
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
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Prove to SES and to those who get mail that the domain is ours
  slipway.fargate.sesv2_dkim_records:
    identity: example.com
    zone: example.com
    owner: shop-prod-mail-dkim
"""

RETURN = r"""
dkim_records:
  description: The records; empty when they were removed.
  returned: always
  type: dict
  contains:
    records:
      description: The names and their targets.
      type: dict
      sample: {"abc._domainkey.example.com": "abc.dkim.amazonses.com"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      resource: Route 53 DKIM records
      name: example.com
      attributes: {"records": {"before": null, "after": {"abc._domainkey.example.com": "abc.dkim.amazonses.com"}}}
"""

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    UNKNOWN,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
)
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import REGISTRY_TTL, Key, Zone, plain


class DkimRecords(Resource):
    type_name = "Route 53 DKIM records"

    def __init__(self, module: AnsibleAWSModule, zone: Zone, records: dict[str, str] | None) -> None:
        desired = {"records": UNKNOWN if records is None else records}
        super().__init__(module, module.params["identity"], desired, module.params["state"])
        self.zone = zone
        self.owner = module.params["owner"]

    def validate(self) -> None:
        if not f".{self.name}".endswith(f".{self.zone.domain}"):
            raise ResourceError(f"identity {self.name} is not in the hosted zone {self.zone.domain}")

    def read(self) -> Attributes | None:
        there = self.zone.owned(self.owner) & self.zone.records.keys()
        if not there and self._registry() not in self.zone.records:
            return None
        return {"records": {name: self._value((name, kind)) for name, kind in there}}

    def same(self, key: str) -> bool:
        """Exactly these: former ones are removed."""
        return self.current[key] == self.desired[key]

    def expected(self) -> Attributes:
        return dict(self.desired) if self.state == "present" else {}

    def _value(self, key: Key) -> str:
        values = self.zone.records[key].get("ResourceRecords") or [{"Value": ""}]
        return plain(values[0]["Value"])

    def _registry(self) -> Key:
        return self.zone.registry_name(self.owner), "TXT"

    def create(self) -> None:
        for name, target in self.desired["records"].items():
            self._put((name, "CNAME"), [target])
        self._put(self._registry(), [f'"CNAME {name}"' for name in sorted(self.desired["records"])])
        self.zone.flush()

    def _put(self, key: Key, values: list[str]) -> None:
        records = [{"Value": value} for value in values]
        self.zone.upsert({"Name": key[0], "Type": key[1], "TTL": REGISTRY_TTL, "ResourceRecords": records})

    def update(self, changed: set[str]) -> None:
        self._remove_but({(name, "CNAME") for name in self.desired["records"]})
        self.create()

    def delete(self) -> None:
        self._remove_but(set())
        self.zone.remove(self._registry())
        self.zone.flush()

    def _remove_but(self, kept: set[Key]) -> None:
        there = self.zone.owned(self.owner) & self.zone.records.keys()
        for key in sorted(there - kept - self.zone.owned_by_others(self.owner)):
            self.zone.remove(key)


def wanted(module: AnsibleAWSModule) -> dict[str, str] | None:
    """The records that SES wants; None while there is no identity, in check mode."""
    identity = module.params["identity"]
    try:
        found = RetryingClient(module, "sesv2").get_email_identity(EmailIdentity=identity)
    except is_boto3_error_code("NotFoundException"):
        if module.check_mode or module.params["state"] == "absent":
            return None
        raise ResourceError(f"there is no SES identity {identity}") from None
    tokens: list[Any] = found.get("DkimAttributes", {}).get("Tokens") or []
    if not tokens and module.params["state"] == "present":
        raise ResourceError(f"SES has no DKIM tokens for {identity}; only domains with Easy DKIM have some")
    return {f"{token}._domainkey.{identity}".lower(): f"{token}.dkim.amazonses.com" for token in tokens}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "zone": {"type": "str", "required": True},
            "zone_id": {"type": "str"},
            "owner": {"type": "str", "required": True},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    zone = Zone(RetryingClient(module, "route53"), module.params["zone"], module.params["zone_id"])
    try:
        records = wanted(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read SES identity {module.params['identity']}")
    run(module, DkimRecords(module, zone, records), key="dkim_records")


if __name__ == "__main__":
    main()
