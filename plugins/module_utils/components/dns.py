# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import find_zone, plain, short_id


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    domain, zone_id = options["dns_domain"], options.get("dns_zone_id")
    client = aws.client("route53")
    zone = find_zone(client, domain, zone_id)
    if zone is None and options.get("dns_mode") == "existing":
        what = f"public hosted zone {zone_id} of {domain}" if zone_id else f"public hosted zone of {domain}"
        raise ResourceError(f"dns_mode is existing and the account {aws.account_id} has no {what}; set it to create")
    if zone is None:
        return None
    servers = client.get_hosted_zone(Id=short_id(zone))["DelegationSet"]["NameServers"]
    return {**predict(aws, name, options), "zone_id": short_id(zone), "name_servers": sorted(servers)}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"domain": plain(options["dns_domain"]), "managed": options.get("dns_mode") != "existing"}


KIND = Kind(
    "hosted zone",
    {
        "zone_id": "the identifier of the zone",
        "domain": "the domain",
        "name_servers": "the zone's name servers, to which the registrar is to delegate the domain",
        "managed": "whether the environment created the zone, and so removes it",
    },
    read,
    predict,
    ("dns_domain", "dns_mode", "dns_zone_id"),
)
