# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.wafv2 import web_acl


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    found = web_acl(aws.client("wafv2"), name, options.get("waf_scope") or "REGIONAL")
    return None if found is None else {**predict(aws, name, options), "id": found["Id"], "arn": found["ARN"]}


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return {"scope": options.get("waf_scope") or "REGIONAL", "region": aws.region}


KIND = Kind(
    "web ACL",
    {
        "arn": "the ARN of the web ACL",
        "id": "its identifier",
        "scope": "`REGIONAL` or `CLOUDFRONT`",
        "region": "the region it and its metrics are in; its name is the dimension `WebACL`",
    },
    read,
    predict,
    ("waf_scope",),
    region="{{ 'us-east-1' if waf_scope == 'CLOUDFRONT' else aws_region }}",
)
