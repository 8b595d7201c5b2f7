# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.acm import describe, find
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import plain


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    client, arn = aws.client("acm"), options.get("certificate_arn")
    found = _given(aws, arn) if arn else find(client, name, options["certificate_domain"], _names(options))
    if found is None:
        return None
    return {
        "arn": found["CertificateArn"],
        "domain": plain(found["DomainName"]),
        "names": sorted(map(plain, found["SubjectAlternativeNames"])),
        "status": found["Status"],
        "region": aws.region,
        "managed": not arn,
    }


def _given(aws: Aws, arn: str) -> dict[str, Any]:
    try:
        return describe(aws.client("acm"), arn)
    except is_boto3_error_code("ResourceNotFoundException") as error:
        raise ResourceError(
            f"certificate_arn is {arn} and there is no such certificate in {aws.region}; correct it, or leave it out"
        ) from error


def _names(options: dict[str, Any]) -> list[str]:
    return sorted({plain(options["certificate_domain"]), *map(plain, options["certificate_alternative_names"])})


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    known = {"domain": plain(options["certificate_domain"]), "names": _names(options)}
    return {**known, "status": "ISSUED", "region": aws.region, "managed": True}


KIND = Kind(
    "certificate",
    {
        "arn": "the ARN of the certificate",
        "domain": "its domain name",
        "names": "all its domain names, sorted",
        "status": "its status, as `ISSUED`",
        "region": "the region it is in",
        "managed": "whether the environment requested the certificate, and so removes it",
    },
    read,
    predict,
    ("certificate_arn", "certificate_domain", "certificate_alternative_names"),
    is_pending=lambda facts: facts["status"] != "ISSUED",
)
