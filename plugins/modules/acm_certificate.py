#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate
short_description: Manage a certificate that ACM issues, validated through DNS
version_added: 0.2.0
description:
  - Requests a public certificate, writes its validation records into a hosted zone, waits until it is issued, and
    deletes it, see U(https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html). ACM renews it
    by itself as long as the records are there.
  - A certificate cannot be changed. With other domain names a new one is requested, and the former one stays for those
    who still use it, see O(purge).
  - The validation records of a domain are the same for all certificates of the account. A TXT record
    C(_slipway-<name>) in the zone lists those of this one, so that the last certificate that needs a record removes it.
  - M(community.aws.acm_certificate) only imports certificates that were made elsewhere.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the certificate, which is its tag C(Name), up to 54 letters, digits, hyphens and underscores.
    type: str
    required: true
  domain:
    description:
      - The domain name, as V(example.com) or V(*.example.com). Required with O(state=present).
    type: str
  alternative_names:
    description:
      - Further domain names. AWS allows 9 unless it has raised the quota.
    type: list
    elements: str
    default: []
  zone:
    description:
      - The domain of the hosted zone that all domain names lie in. Without it the validation records are left to you;
        the failure of the wait names them.
    type: str
  zone_id:
    description:
      - The identifier of the hosted zone, where there are several of the domain.
    type: str
  purge:
    description:
      - Whether to delete the certificates of the same O(name) for other domain names that nothing uses any more.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.fargate.resource
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A certificate for CloudFront
  slipway.fargate.acm_certificate:
    name: shop-prod-certificate
    domain: example.com
    alternative_names: ["*.example.com"]
    zone: example.com
    region: us-east-1

- name: Remove it when nothing uses it any more
  slipway.fargate.acm_certificate:
    name: shop-prod-certificate
    zone: example.com
    state: absent
    region: us-east-1
"""

RETURN = r"""
certificate:
  description: The certificate; empty when it was removed.
  returned: always
  type: dict
  contains:
    arn:
      description: The ARN.
      type: str
      sample: arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012
    domain:
      description: The domain name.
      type: str
      sample: example.com
    names:
      description: All domain names, sorted.
      type: list
      elements: str
      sample: ["*.example.com", example.com]
    status:
      description: The status.
      type: str
      sample: ISSUED
    tags:
      description: The tags, C(Name) among them.
      type: dict
      sample: {"Name": "shop-prod-certificate"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      resource: Route 53 validation records
      name: shop-prod-certificate
      attributes: {"domains": {"before": null, "after": [example.com]}}
"""

import uuid
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils import acm
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
    wait_for,
)
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import REGISTRY_TTL, Key, Zone, plain

RECORDS_TIMEOUT = 120  # seconds for ACM to say which records it wants


class Certificate(Resource):
    type_name = "ACM certificate"
    assigned = ("arn",)
    unordered = ("names",)

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient) -> None:
        params = module.params
        domain = plain(params["domain"])
        names = sorted({domain, *map(plain, params["alternative_names"])})
        tags = {} if params["tags"] is None else {"tags": {**params["tags"], "Name": params["name"]}}
        super().__init__(module, params["name"], {"domain": domain, "names": names, **tags})
        self.client = client
        self.arn = ""

    def predict(self) -> Attributes:
        status = "ISSUED" if self.module.params["wait"] else "PENDING_VALIDATION"
        return {"status": status, "tags": {"Name": self.name}}

    def read(self) -> Attributes | None:
        if self.arn:
            found = acm.describe(self.client, self.arn)
        else:
            found = acm.find(self.client, self.name, self.desired["domain"], self.desired["names"])
        if found is None:
            return None
        self.arn = found["CertificateArn"]
        return {
            "arn": self.arn,
            "domain": plain(found["DomainName"]),
            "names": sorted(map(plain, found["SubjectAlternativeNames"])),
            "status": found["Status"],
            "tags": acm.tags_of(self.client, self.arn),
        }

    def create(self) -> None:
        tags = {"Name": self.name, **self.desired.get("tags", {})}
        others = [name for name in self.desired["names"] if name != self.desired["domain"]]
        self.arn = self.client.request_certificate(
            DomainName=self.desired["domain"],
            ValidationMethod="DNS",
            IdempotencyToken=uuid.uuid4().hex,  # for repetitions of this very request
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **({"SubjectAlternativeNames": others} if others else {}),
        )["CertificateArn"]

    def update(self, changed: set[str]) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.remove_tags_from_certificate(CertificateArn=self.arn, Tags=[{"Key": key} for key in to_remove])
        if to_set:
            tags = [{"Key": key, "Value": value} for key, value in to_set.items()]
            self.client.add_tags_to_certificate(CertificateArn=self.arn, Tags=tags)

    def options(self) -> list[dict[str, Any]]:
        """How ACM wants each domain name to be validated, which it knows a few seconds after the request."""
        return wait_for(
            lambda: acm.describe(self.client, self.arn).get("DomainValidationOptions", []),
            lambda options: bool(options) and all("ResourceRecord" in option for option in options),
            what=f"certificate {self.name}: its validation records",
            timeout=RECORDS_TIMEOUT,
        )

    def settle(self) -> None:
        if not self.module.params["wait"] or (self.current and self.current["status"] == "ISSUED"):
            return
        wait_for(
            lambda: acm.describe(self.client, self.arn),
            lambda seen: seen["Status"] == "ISSUED",
            what=f"certificate {self.name}: that it is issued",
            timeout=self.module.params["wait_timeout"],
            failed=lambda seen: None if seen["Status"] in acm.USABLE else _reason(seen),
            describe=self._missing,
        )

    def _missing(self, seen: dict[str, Any]) -> str:
        records = sorted(
            "{Name} CNAME {Value}".format(**option["ResourceRecord"])
            for option in seen.get("DomainValidationOptions", [])
            if option.get("ValidationStatus") != "SUCCESS" and "ResourceRecord" in option
        )
        zone = self.module.params["zone"]
        todo = f"the registrar must delegate {zone} to the name servers of its hosted zone" if zone else "set these"
        return f"{seen['Status']}; ACM does not see {', '.join(records)}; {todo}, then converge again"


def _reason(seen: dict[str, Any]) -> str:
    return f"it is {seen['Status']}, {seen.get('FailureReason', 'without a reason')}"


class Former(Resource):
    """A certificate of the name that is not wanted any more."""

    type_name = "ACM certificate"

    def __init__(self, module: AnsibleAWSModule, client: RetryingClient, summary: dict[str, Any]) -> None:
        super().__init__(module, module.params["name"], {}, "absent")
        self.client = client
        self.summary = summary

    def read(self) -> Attributes | None:
        return {"arn": self.summary["CertificateArn"], "domain": self.summary["DomainName"]}

    def delete(self) -> None:
        arn = self.summary["CertificateArn"]

        def users() -> str:
            try:
                self.client.delete_certificate(CertificateArn=arn)
            except is_boto3_error_code("ResourceInUseException"):
                return "in use by " + (", ".join(acm.describe(self.client, arn)["InUseBy"]) or "something of AWS")
            return ""

        timeout = self.module.params["wait_timeout"]
        wait_for(users, lambda seen: not seen, what=f"certificate {arn}: that nothing uses it", timeout=timeout)


class ValidationRecords(Resource):
    """The records by which ACM sees that the domain names are ours, as long as the certificate is to be renewed."""

    type_name = "Route 53 validation records"

    def __init__(self, module: AnsibleAWSModule, zone: Zone, certificate: Certificate | None) -> None:
        names = certificate.desired["names"] if certificate else []
        desired = {"domains": sorted({name.removeprefix("*.") for name in names})} if certificate else {}
        super().__init__(module, module.params["name"], desired, "present" if certificate else "absent")
        self.zone = zone
        self.certificate = certificate

    def validate(self) -> None:
        domain = self.zone.domain
        outside = [name for name in self.desired.get("domains", []) if not f".{name}".endswith(f".{domain}")]
        if outside:
            raise ResourceError(f"certificate {self.name}: {', '.join(outside)} is not in the hosted zone {domain}")

    def read(self) -> Attributes | None:
        there = self.zone.owned(self.name) & self.zone.records.keys()
        if not there and (self.state == "present" or self._registry() not in self.zone.records):
            return None
        return {"domains": sorted(name.partition(".")[2] for name, _ in there)}

    def apply(self) -> None:
        # ACM wants the same records again of a new certificate, but it is ACM that says so.
        if self.certificate and (self.change or self.certificate.change):
            self._write(self.certificate.options())
        mine = self.zone.owned(self.name) if self.change else set()
        super().apply()
        self.zone.flush()
        if self.state == "absent" and mine:  # another certificate that shared a record may be going as well
            self.zone.release(mine, self.name)

    def create(self) -> None:
        """Done by `apply`."""

    def update(self, changed: set[str]) -> None:
        """Done by `apply`."""

    def delete(self) -> None:
        self._remove_but(set())
        self.zone.remove(self._registry())

    def _write(self, options: list[dict[str, Any]]) -> None:
        records = {(plain(item["Name"]), item["Type"]): item for item in (o["ResourceRecord"] for o in options)}
        self._remove_but(set(records))
        for (name, record_type), record in records.items():
            values = [{"Value": record["Value"]}]
            self.zone.upsert({"Name": name, "Type": record_type, "TTL": REGISTRY_TTL, "ResourceRecords": values})
        entries = [{"Value": f'"{record_type} {name}"'} for name, record_type in sorted(records)]
        name, record_type = self._registry()
        self.zone.upsert({"Name": name, "Type": record_type, "TTL": REGISTRY_TTL, "ResourceRecords": entries})

    def _remove_but(self, kept: set[Key]) -> None:
        there = self.zone.owned(self.name) & self.zone.records.keys()
        for key in sorted(there - kept - self.zone.owned_by_others(self.name)):
            self.zone.remove(key)

    def _registry(self) -> Key:
        return self.zone.registry_name(self.name), "TXT"


def resources(module: AnsibleAWSModule) -> list[Resource]:
    params = module.params
    client = RetryingClient(module, "acm")
    zone = Zone(RetryingClient(module, "route53"), params["zone"], params["zone_id"]) if params["zone"] else None
    if params["state"] == "absent":
        mine = acm.named(client, params["name"], acm.requested(client))
        records = [ValidationRecords(module, zone, None)] if zone else []
        return [*(Former(module, client, summary) for summary in mine), *records]
    if zone and zone.id is None and not module.check_mode:
        raise ResourceError(f"certificate {params['name']}: there is no public hosted zone of {zone.domain}")
    certificate = Certificate(module, client)
    records = [ValidationRecords(module, zone, certificate)] if zone else []
    return [certificate, *records, *(former(module, client, certificate) if params["purge"] else [])]


def former(module: AnsibleAWSModule, client: RetryingClient, certificate: Certificate) -> list[Resource]:
    """The certificates of the name for other domain names that nothing uses."""
    current = certificate.read() or {}
    unused = [summary for summary in acm.requested(client) if not summary.get("InUse")]
    mine = acm.named(client, certificate.name, unused)
    return [Former(module, client, found) for found in mine if found["CertificateArn"] != current.get("arn")]


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "domain": {"type": "str"},
            "alternative_names": {"type": "list", "elements": "str", "default": []},
            "zone": {"type": "str"},
            "zone_id": {"type": "str"},
            "purge": {"type": "bool", "default": False},
            **STATE_SPEC,
            **TAGS_SPEC,
            **WAIT_SPEC,
        },
        required_if=[("state", "present", ("domain",))],
        supports_check_mode=True,
    )
    try:
        all_of_them = resources(module)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read ACM certificate {module.params['name']}")
    run_all(module, all_of_them, key="certificate", collect=lambda found: found[0] if found else {})


if __name__ == "__main__":
    main()
