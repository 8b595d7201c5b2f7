# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    """By the domain; without it an interrupted destroy, or a converge, has left the configuration set at most."""
    client = aws.client("sesv2")
    try:
        found = client.get_email_identity(EmailIdentity=options["ses_domain"])
    except is_boto3_error_code("NotFoundException"):
        return None
    dkim, mail_from = found.get("DkimAttributes") or {}, found.get("MailFromAttributes") or {}
    return {
        **predict(aws, name, options),
        "dkim_tokens": dkim.get("Tokens") or [],
        "dkim_status": dkim.get("Status") or "NOT_STARTED",
        "mail_from_status": mail_from.get("MailFromDomainStatus") or "",
        "verified": found.get("VerifiedForSendingStatus", False),
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    domain = options["ses_domain"]
    arns = {sender: aws.arn("ses", f"identity/{sender}") for sender in options.get("ses_senders") or []}
    return {
        "domain": domain,
        "arn": aws.arn("ses", f"identity/{domain}"),
        "sender_arns": arns,
        "configuration_set": options.get("ses_configuration_set") or name,
    }


KIND = Kind(
    "SES domain",
    {
        "domain": "the domain",
        "arn": "the ARN of the domain's identity, which a policy that allows `ses:SendEmail` names",
        "sender_arns": "by address the ARNs of the senders' identities",
        "configuration_set": "the name of the configuration set",
        "dkim_tokens": "the first labels of the three records `<token>._domainkey.<domain>`, CNAMEs of "
        "`<token>.dkim.amazonses.com`",
        "dkim_status": "whether SES has found them, as `PENDING` or `SUCCESS`",
        "mail_from_status": "whether SES has found the records of the MAIL FROM domain, or empty",
        "verified": "whether SES sends from the domain",
    },
    read,
    predict,
    ("ses_domain", "ses_senders", "ses_configuration_set"),
    is_pending=lambda facts: not facts["verified"],
)
