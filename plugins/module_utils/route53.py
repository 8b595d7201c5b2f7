# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public hosted zones and the records in them that have an owner.

Route 53 keeps no owner of a record. So each owner has a TXT record `_slipway-<owner>` in the zone that lists its
records. It is written in the same request as these, which Route 53 carries out whole or not at all.
"""

from __future__ import annotations

import re
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    in_order,
    is_unknown,
    resource_result,
)

REGISTRY = "_slipway-"
REGISTRY_TTL = 300
LABEL = 63
STRING = 255  # characters of one string of a TXT record
OCTAL = re.compile(r"\\([0-7]{3})")
NAMES = ("CNAME", "MX", "NS", "PTR", "SRV")  # their values are names, or end with one
TEXTS = ("TXT", "SPF")

Key = tuple[str, str]


def plain(name: str) -> str:
    """A DNS name as people write it: small letters, no dot at the end, no octal codes."""
    return OCTAL.sub(lambda code: chr(int(code[1], 8)), name).rstrip(".").lower()


def full_name(name: str, domain: str) -> str:
    """A name of the zone, given whole, relative to it, or as @ for the zone itself."""
    name, domain = plain(name), plain(domain)
    if name in ("@", "", domain):
        return domain
    return name if name.endswith(f".{domain}") else f"{name}.{domain}"


def normal_value(record_type: str, value: str) -> str:
    """A value as Route 53 keeps it: texts in quotation marks, names without the dot at the end."""
    if record_type in TEXTS and not value.startswith('"'):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return " ".join(f'"{escaped[at : at + STRING]}"' for at in range(0, len(escaped) or 1, STRING))
    return value.rstrip(".").lower() if record_type in NAMES else value


def find_zone(client: RetryingClient, domain: str, zone_id: str | None = None) -> dict[str, Any] | None:
    """The public hosted zone of the domain."""
    if zone_id:
        try:
            zone = client.get_hosted_zone(Id=zone_id)["HostedZone"]
        except is_boto3_error_code("NoSuchHostedZone"):
            return None
        if plain(zone["Name"]) != plain(domain):
            raise ResourceError(f"hosted zone {zone_id} is of {plain(zone['Name'])}, not of {plain(domain)}")
        return zone
    listed = client.list_hosted_zones_by_name(DNSName=domain, MaxItems="100")["HostedZones"]
    found = [zone for zone in listed if plain(zone["Name"]) == plain(domain) and not zone["Config"]["PrivateZone"]]
    if len(found) > 1:
        ids = ", ".join(sorted(short_id(zone) for zone in found))
        raise ResourceError(f"there is more than one public hosted zone of {domain}: {ids}; say which by its id")
    return found[0] if found else None


def short_id(zone: dict[str, Any]) -> str:
    return zone["Id"].rpartition("/")[2]


class Zone:
    """A hosted zone's records, read once, and the changes to them, which go in one request."""

    def __init__(self, client: RetryingClient, domain: str, zone_id: str | None = None) -> None:
        self.client = client
        self.domain = plain(domain)
        self.zone_id = zone_id
        self._found: str | None = None
        self._records: dict[Key, dict[str, Any]] | None = None
        self.pending: list[dict[str, Any]] = []

    @property
    def id(self) -> str | None:
        if self._found is None and not is_unknown([self.domain, self.zone_id]):
            zone = find_zone(self.client, self.domain, self.zone_id)
            self._found = short_id(zone) if zone else None
        return self._found

    @property
    def records(self) -> dict[Key, dict[str, Any]]:
        """The record sets as AWS gives them, by name and type."""
        if self._records is None:
            listed = [] if self.id is None else self._listed(self.id)
            self._records = {(plain(record["Name"]), record["Type"]): record for record in listed}
        return self._records

    def _listed(self, zone_id: str) -> list[dict[str, Any]]:
        return self.client.list("list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id)

    def registry_name(self, owner: str) -> str:
        return f"{REGISTRY}{owner}.{self.domain}".lower()

    def owned(self, owner: str) -> set[Key]:
        """The names and types of the records of the owner."""
        return self._entries((self.registry_name(owner), "TXT"))

    def owned_by_others(self, owner: str) -> set[Key]:
        registries = {key for key in self.records if key[1] == "TXT" and key[0].startswith(REGISTRY)}
        others = registries - {(self.registry_name(owner), "TXT")}
        return {entry for key in others for entry in self._entries(key)}

    def _entries(self, key: Key) -> set[Key]:
        values = [item["Value"].strip('"') for item in self.records.get(key, {}).get("ResourceRecords", [])]
        return {(name, record_type) for record_type, _, name in (value.partition(" ") for value in values)}

    def upsert(self, record: dict[str, Any]) -> None:
        self.pending.append({"Action": "UPSERT", "ResourceRecordSet": record})

    def remove(self, key: Key) -> None:
        self.pending.append({"Action": "DELETE", "ResourceRecordSet": self.records[key]})

    def flush(self) -> None:
        """Send all the changes; Route 53 makes all of them or none."""
        if not self.pending:
            return
        if self.id is None:
            raise ResourceError(f"there is no public hosted zone of {self.domain}; nothing was written")
        batch, self.pending = {"Changes": self.pending}, []
        try:
            self.client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)
        except (ClientError, BotoCoreError) as error:
            raise ResourceError(f"Could not change the records of {self.domain}, none was: {error}") from error
        self._records = None

    def release(self, keys: set[Key], owner: str) -> None:
        """Remove those that no owner lists any more, now that this one does not; another may do the same meanwhile."""
        left = (keys & self.records.keys()) - self.owned_by_others(owner)
        for key in sorted(left):
            self.remove(key)
        try:
            self.flush()
        except ResourceError:
            self._records = None
            if left & self.records.keys():
                raise


class Record(Resource):
    """One record set. Its name and type are those that Zone knows it by."""

    type_name = "Route 53 record"
    unordered = ("values",)

    def __init__(
        self, module: Any, zone: Zone, desired: Attributes, state: str = "present", seize: bool = True
    ) -> None:
        super().__init__(module, f"{desired['name']} {desired['type']}", desired, state)
        self.zone = zone
        self.seize = seize  # whether a record that somebody else made may be changed
        self.key = (desired["name"], desired["type"])

    def read(self) -> Attributes | None:
        found = self.zone.records.get(self.key)
        return None if found is None else {"name": self.key[0], "type": self.key[1], **_normal(found)}

    def plan(self) -> Any:
        change = super().plan()
        if change and change.action == "update":
            if "SetIdentifier" in self.zone.records[self.key]:
                raise ResourceError(
                    f"record {self.name} has a routing policy; remove its records, or leave it out here"
                )
            if not self.seize:
                raise ResourceError(
                    f"record {self.name} is there with {self.current['values'] or self.current['alias']} and was made "
                    "elsewhere; remove it there, or set overwrite"
                )
        return change

    def create(self) -> None:
        wanted = {"Name": self.desired["name"], "Type": self.desired["type"]}
        alias = self.desired["alias"]
        if alias:
            wanted["AliasTarget"] = {
                "DNSName": alias["dns_name"],
                "HostedZoneId": alias["zone_id"],
                "EvaluateTargetHealth": alias["evaluate_target_health"],
            }
        else:
            wanted["TTL"] = self.desired["ttl"]
            wanted["ResourceRecords"] = [{"Value": value} for value in self.desired["values"]]
        self.zone.upsert(wanted)

    def update(self, changed: set[str]) -> None:
        self.create()

    def expected(self) -> Attributes:
        return dict(self.desired) if self.state == "present" else {}

    def delete(self) -> None:
        self.zone.remove(self.key)


def _normal(found: dict[str, Any]) -> Attributes:
    values = [normal_value(found["Type"], item["Value"]) for item in found.get("ResourceRecords", [])]
    return {
        "ttl": found.get("TTL"),
        "values": in_order(values),
        "alias": _normal_alias(found["AliasTarget"]) if "AliasTarget" in found else {},
    }


def _normal_alias(target: dict[str, Any]) -> Attributes:
    return {
        "dns_name": plain(target["DNSName"]),
        "zone_id": target["HostedZoneId"],
        "evaluate_target_health": target["EvaluateTargetHealth"],
    }


class Registry(Record):
    """The list of an owner's records, the last to be applied: it sends the changes of all."""

    def __init__(self, module: Any, zone: Zone, owner: str, keys: list[Key], released: set[Key]) -> None:
        self.owner = owner
        self.released = released  # what the owner no longer wants and others have too
        entries = in_order([f'"{record_type} {name}"' for name, record_type in keys])
        desired = {
            "name": zone.registry_name(owner),
            "type": "TXT",
            "ttl": REGISTRY_TTL,
            "values": entries,
            "alias": {},
        }
        super().__init__(module, zone, desired, "present" if keys else "absent")

    def validate(self) -> None:
        label = self.desired["name"].partition(".")[0]
        if len(label) > LABEL:
            raise ResourceError(
                f"owner {label.removeprefix(REGISTRY)} is too long; allowed are {LABEL - len(REGISTRY)}"
            )

    def apply(self) -> None:
        super().apply()
        self.zone.flush()
        if self.released:
            self.zone.release(self.released, self.owner)


def owned_records(
    module: Any, zone: Zone, owner: str, wanted: list[Attributes], *, overwrite: bool = False
) -> list[Resource]:
    """The wanted records, those that the owner no longer wants, and the owner's list of them."""
    mine, shared = zone.owned(owner), zone.owned_by_others(owner)
    keys = [(record["name"], record["type"]) for record in wanted]
    former = [{"name": name, "type": kind} for name, kind in sorted(mine - shared - set(keys))]
    present = [
        Record(module, zone, record, seize=overwrite or key in mine) for record, key in zip(wanted, keys, strict=True)
    ]
    registry = Registry(module, zone, owner, keys, (mine & shared) - set(keys))
    return [*present, *(Record(module, zone, record, "absent") for record in former), registry]


def present_records(resources: list[Resource]) -> list[Attributes]:
    """What there is, without the owner's list."""
    there = (item for item in resources if item.state == "present" and not isinstance(item, Registry))
    return [resource_result(item.module, item) for item in there]
