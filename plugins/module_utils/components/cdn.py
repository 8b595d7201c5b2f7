# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.cloudfront import HOSTED_ZONE_ID, distributions, items
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    found = distributions(aws.client("cloudfront"), name)
    if not found:
        return None
    host = found[0]["DomainName"]
    return {
        "id": found[0]["Id"],
        "arn": found[0]["ARN"],
        "domain_name": host,
        "dns_name": host,
        "hosted_zone_id": HOSTED_ZONE_ID,
        "zone_id": HOSTED_ZONE_ID,
        "aliases": sorted(items(found[0].get("Aliases"))),
        "status": found[0]["Status"],
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    aliases = sorted(options.get("cdn_aliases") or [])
    return {"hosted_zone_id": HOSTED_ZONE_ID, "zone_id": HOSTED_ZONE_ID, "aliases": aliases}


KIND = Kind(
    "distribution",
    {
        "id": "the identifier, also the dimension `DistributionId` of its metrics",
        "arn": "the ARN of the distribution",
        "domain_name": "its own host name",
        "dns_name": "the same, under the name that a load balancer has for it",
        "hosted_zone_id": "the Route 53 hosted zone of its host name, for alias records",
        "zone_id": "the same, under the name that a load balancer has for it",
        "aliases": "the host names that it answers to besides its own",
        "status": "its status, `Deployed` when it is the same everywhere",
    },
    read,
    predict,
    ("cdn_aliases",),
    is_pending=lambda facts: facts["status"] != "Deployed",
)
