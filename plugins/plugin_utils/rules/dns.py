# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import LABEL, REGISTRY, full_name, plain
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
LONGEST_OWNER = LABEL - len(REGISTRY) - len("-aliases")
PART = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
DOMAIN = re.compile(rf"(?:{PART}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
HOST = re.compile(rf"(?:\*\.)?{DOMAIN.pattern}")
ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}")
LONGEST_TTL = 2_147_483_647
TAGS = 10
ADDRESSES = {"A": IPv4Address, "AAAA": IPv6Address}


def domain_problem(domain: str) -> str | None:
    """What is wrong with a domain, as of a zone."""
    return None if DOMAIN.fullmatch(plain(domain)) and len(domain) <= 253 else "allowed is a domain as example.com"


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, domain = _checks.known(options, "dns_name"), _checks.known(options, "dns_domain")
    if name is not None and (not OWNER.fullmatch(name) or len(name) > LONGEST_OWNER):
        allowed = f"1 to {LONGEST_OWNER} letters, digits, - and _"
        yield f"dns_name is {name!r} with {len(name)} characters; allowed are {allowed}"
    if domain is not None and domain_problem(domain):
        yield f"dns_domain is {domain!r}; {domain_problem(domain)}"
        return
    yield from _zone(options)
    if domain is not None:
        yield from _records(options, domain)


def _zone(options: dict[str, Any]) -> Iterator[str]:
    zone_id = _checks.known(options, "dns_zone_id")
    if zone_id is not None and options.get("dns_mode") != "existing":
        yield f"dns_zone_id is {zone_id} and dns_mode is {options.get('dns_mode')}; allowed with it is existing"
    elif zone_id is not None and not ZONE_ID.fullmatch(zone_id):
        yield f"dns_zone_id is {zone_id!r}; allowed is an identifier as Z0123456789ABCDEFGHIJ"
    comment = _checks.known(options, "dns_comment") or ""
    if len(comment) > 256:
        yield f"dns_comment has {len(comment)} characters; allowed are up to 256"
    tags = {**(_checks.known(options, "stack_tags") or {}), **(_checks.known(options, "dns_tags") or {})}
    if len(tags) > TAGS and options.get("dns_mode") == "create":
        yield f"dns_tags and the stack's make {len(tags)} tags; allowed by Route 53 are {TAGS}"


def _records(options: dict[str, Any], domain: str) -> Iterator[str]:
    taken: dict[tuple[str, str], str] = {}
    for number, record in enumerate(options.get("dns_records") or []):
        where, name, kind = f"dns_records[{number}]", record.get("name"), record.get("type")
        if is_unknown([name, kind]) or name is None:
            continue
        yield from _record(where, record, domain)
        yield from _once(taken, where, full_name(name, domain), [kind])
    for name in options.get("dns_aliases") or {}:
        if not is_unknown(name):
            where = f"dns_aliases.{name}"
            yield from _name(where, name, domain)
            yield from _once(taken, where, full_name(name, domain), ["A", "AAAA"])


def _record(where: str, record: dict[str, Any], domain: str) -> Iterator[str]:
    kind, ttl, values = record.get("type"), record.get("ttl"), record.get("values") or []
    yield from _name(where, record["name"], domain)
    if ttl is not None and not is_unknown(ttl) and not 0 <= int(ttl) <= LONGEST_TTL:
        yield f"{where}.ttl is {ttl}; allowed are 0 to {LONGEST_TTL}"
    if not values:
        yield f"{where}.values is empty; allowed is one value or more"
    if kind == "CNAME" and full_name(record["name"], domain) == plain(domain):
        yield f"{where} is a CNAME of the domain itself, which DNS does not allow; use dns_aliases, or another name"
    if kind in ("CNAME", "SOA") and len(values) > 1:
        yield f"{where}.values has {len(values)} items; allowed with {kind} is one"
    for value in values:
        if kind in ADDRESSES and not is_unknown(value) and not _is_address(kind, value):
            yield f"{where}.values has {value!r}; allowed with {kind} is an address of IPv{4 if kind == 'A' else 6}"


def _is_address(kind: str, value: Any) -> bool:
    try:
        ADDRESSES[kind](str(value))
    except ValueError:
        return False
    return True


def _name(where: str, name: str, domain: str) -> Iterator[str]:
    whole = full_name(str(name), domain)
    if not HOST.fullmatch(whole) or len(whole) > 253:
        yield f"{where} has the name {name!r}; allowed is @, a name as www, or one that ends in {plain(domain)}"


def _once(taken: dict[tuple[str, str], str], where: str, name: str, kinds: list[Any]) -> Iterator[str]:
    for kind in kinds:
        first = taken.setdefault((name, kind), where)
        beside = {of for other, of in taken if other == name} - {kind}
        if first != where:
            yield f"{where} is {name} {kind}, as {first} is; allowed is one of them"
        elif beside and "CNAME" in {kind, *beside}:
            yield f"{where} is {name} {kind}; allowed is no other record beside a CNAME"


def _components(aliases: Any) -> Iterator[str]:
    yield from (name for name in aliases.values() if isinstance(name, str))


REFERENCES = {"dns_aliases": ("alb|cdn", _components)}
