# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route 53: a request of changes is carried out whole or not at all, and refused as AWS refuses it."""

from __future__ import annotations

import re
from typing import Any

from moto.route53.models import FakeZone, RecordSet, Route53Backend, route53_backends

from .dispatch import model_with
from .errors import AwsError

Key = tuple[str, str, str | None]

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
SPECIAL = re.compile(r"[^a-z0-9._-]")
QUOTED = re.compile(r'("(?:[^"\\]|\\.){0,255}"\s*)+')


def stored_name(name: str) -> str:
    """Small letters, a dot at the end, other characters as octal codes."""
    name = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), name.lower()).rstrip(".")
    return SPECIAL.sub(lambda char: f"\\{ord(char[0]):03o}", name) + "."


def refuse(message: str) -> None:
    raise AwsError("InvalidChangeBatch", f"[{message}]")


class Backend(Route53Backend):
    def change_resource_record_sets(self, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"""
        zone = self.get_hosted_zone(zoneid)
        records = {_key(record): record for record in zone.rrsets}
        changed: set[Key] = set()
        for change in change_list:
            action, record = change["Action"], _record(change["ResourceRecordSet"])
            if action not in ("CREATE", "UPSERT", "DELETE"):
                raise AwsError("InvalidInput", f"Value '{action}' is not facet-valid: [CREATE, DELETE, UPSERT].")
            key = _key(record)
            if key in changed:
                refuse(f"The request contains an invalid set of changes for a resource record set '{key[1]} {key[0]}'")
            changed.add(key)
            _check(record, zone)
            _apply(records, action, key, record)
        for record in records.values():
            _check_neighbours(record, records, zone)
        zone.rrsets = list(records.values())

    def delete_hosted_zone(self, id_: str) -> FakeZone | None:
        zone = self.get_hosted_zone(id_)
        own = {(stored_name(zone.name), "NS"), (stored_name(zone.name), "SOA")}
        if any((stored_name(record.name), record.type) not in own for record in zone.rrsets):
            message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
            raise AwsError("HostedZoneNotEmpty", message)
        self.resource_tags.pop(zone.resource_id, None)
        return self.zones.pop(zone.resource_id, None)

    def holds(self, name: str, record_type: str, value: str) -> bool:
        """Whether a public zone answers so."""
        return stored_name(value) in map(stored_name, self.values(name, record_type))

    def values(self, name: str, record_type: str) -> list[str]:
        """What the public zones answer."""
        wanted = (stored_name(name), record_type)
        return [
            value
            for zone in self.zones.values()
            if not zone.private_zone
            for record in zone.rrsets
            if (stored_name(record.name), record.type) == wanted
            for value in record.records
        ]


def _record(given: dict[str, Any]) -> RecordSet:
    values = [item["Value"] if isinstance(item, dict) else item for item in given.get("ResourceRecords") or []]
    target = given.get("AliasTarget")
    if target:
        target = {**target, "DNSName": stored_name(target["DNSName"])}
    if (target and (values or given.get("TTL") is not None)) or (
        not target and (not values or given.get("TTL") is None)
    ):
        found = "more than one" if target else "none"
        raise AwsError(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} in Change with [Name={given['Name']}, Type={given['Type']}]",
        )
    named = {**given, "Name": stored_name(given["Name"]), "ResourceRecords": values, "AliasTarget": target}
    return RecordSet({name: value for name, value in named.items() if value is not None})


def _key(record: RecordSet) -> Key:
    return stored_name(record.name), str(record.type), record.set_identifier


def _check(record: RecordSet, zone: FakeZone) -> None:
    domain = stored_name(zone.name)
    if record.name != domain and not record.name.endswith(f".{domain}"):
        refuse(f"RRSet with DNS name {record.name} is not permitted in zone {domain}")
    if record.type in ("TXT", "SPF"):
        for value in record.records:
            if not QUOTED.fullmatch(value):
                refuse(
                    "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in "
                    f"quotation marks) encountered with '{value}''"
                )
    if record.alias_target:
        _check_target(record, record.alias_target)


def _check_target(record: RecordSet, target: dict[str, Any]) -> None:
    cloudfront = target["DNSName"].endswith(".cloudfront.net.")
    balancer = re.search(r"\.elb\.([a-z0-9-]+\.)?amazonaws\.com\.(cn\.)?$", target["DNSName"]) is not None
    zone = target["HostedZoneId"]
    if cloudfront != (zone == CLOUDFRONT_ZONE) or (balancer and zone == CLOUDFRONT_ZONE):
        refuse(
            f"Tried to create an alias that targets {target['DNSName']}, type {record.type} in zone {zone}, but the "
            "alias target name does not lie within the target zone"
        )
    if cloudfront and target.get("EvaluateTargetHealth") in (True, "true"):
        refuse("EvaluateTargetHealth cannot be set to true when the alias target is a CloudFront distribution")


def _apply(records: dict[Key, RecordSet], action: str, key: Key, record: RecordSet) -> None:
    what = f"resource record set [name='{key[0]}', type='{key[1]}']"
    if action == "CREATE" and key in records:
        refuse(f"Tried to create {what} but it already exists")
    if action != "DELETE":
        records[key] = record
        return
    if key not in records:
        refuse(f"Tried to delete {what} but it was not found")
    if _content(records[key]) != _content(record):
        refuse(f"Tried to delete {what} but the values provided do not match the current values")
    del records[key]


def _content(record: RecordSet) -> tuple[Any, ...]:
    target = record.alias_target or {}
    alias = (target.get("DNSName"), target.get("HostedZoneId"), str(target.get("EvaluateTargetHealth", "")).lower())
    return str(record.ttl), sorted(record.records), alias


def _check_neighbours(record: RecordSet, records: dict[Key, RecordSet], zone: FakeZone) -> None:
    if record.type != "CNAME":
        return
    if record.name == stored_name(zone.name):
        refuse(f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {record.name}")
    if any(name == record.name and kind != "CNAME" for name, kind, _ in records):
        refuse(
            f"RRSet of type CNAME with DNS name {record.name} is not permitted as it conflicts with other records with "
            f"the same DNS name in zone {stored_name(zone.name)}"
        )


model_with(route53_backends, Backend)
