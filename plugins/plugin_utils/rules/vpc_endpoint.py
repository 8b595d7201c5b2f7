# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

SERVICE = re.compile(r"[a-z0-9][a-z0-9.\-]*")
GATEWAYS = ("s3", "dynamodb")


def problems(options: dict[str, Any]) -> Iterator[str]:
    services = _checks.known(options, "vpc_endpoint_services") or []
    gateways = _checks.known(options, "vpc_endpoint_gateway_services") or []
    for service in services:
        if not SERVICE.fullmatch(service) or service.startswith("com.amazonaws."):
            yield f"vpc_endpoint_services has {service!r}; allowed is the name in the region, as ecr.api"
    for service in gateways:
        if service not in GATEWAYS:
            yield f"vpc_endpoint_gateway_services has {service!r}; allowed are {', '.join(GATEWAYS)}"
    for service in sorted(set(services) & set(gateways)):
        yield f"vpc_endpoint_services and vpc_endpoint_gateway_services both have {service}; allowed is one of them"
    for service in sorted(set(options.get("vpc_endpoint_policies") or {}) - set(services) - set(gateways)):
        yield f"vpc_endpoint_policies has {service!r}; allowed are the services of this component"


REFERENCES = {"vpc_endpoint_vpc": "vpc", "vpc_endpoint_security_groups": "security_group"}
