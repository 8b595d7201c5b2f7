# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of ACM, which have no names: theirs is the tag Name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import RetryingClient
from ansible_collections.slipway.fargate.plugins.module_utils.route53 import plain

USABLE = ("ISSUED", "PENDING_VALIDATION")
# Unasked, AWS lists RSA_1024 and RSA_2048 alone.
KEY_TYPES = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]


def tags_of(client: RetryingClient, arn: str) -> dict[str, str]:
    tags = client.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def requested(client: RetryingClient) -> list[dict[str, Any]]:
    """The certificates that ACM issues or is to issue."""
    listed = client.list("list_certificates", "CertificateSummaryList", Includes={"keyTypes": KEY_TYPES})
    return [summary for summary in listed if summary.get("Type", "AMAZON_ISSUED") == "AMAZON_ISSUED"]


def named(client: RetryingClient, name: str, summaries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose tag Name is the name."""
    return [found for found in summaries if tags_of(client, found["CertificateArn"]).get("Name") == name]


def find(client: RetryingClient, name: str, domain: str, names: Iterable[str]) -> dict[str, Any] | None:
    """The description of the named certificate for exactly these domain names, an issued one before a requested one."""
    wanted = {plain(item) for item in names}
    alike = [
        summary
        for summary in requested(client)
        if plain(summary["DomainName"]) == plain(domain)
        and summary["Status"] in USABLE
        and set(map(plain, summary.get("SubjectAlternativeNameSummaries", []))) == wanted
    ]
    mine = sorted(named(client, name, alike), key=lambda summary: USABLE.index(summary["Status"]))
    return describe(client, mine[0]["CertificateArn"]) if mine else None


def describe(client: RetryingClient, arn: str) -> dict[str, Any]:
    return client.describe_certificate(CertificateArn=arn)["Certificate"]
