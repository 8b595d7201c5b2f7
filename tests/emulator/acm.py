# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM: a certificate is issued when its validation records are in Route 53, and kept while it is in use."""

from __future__ import annotations

import re
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.acm.responses import AWSCertificateManagerResponse
from moto.cloudfront.models import cloudfront_backends
from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import begin, passing

NAME = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")
LISTED_UNASKED = ("RSA_1024", "RSA_2048")
OF_AN_ISSUED_ONE = ("IssuedAt", "NotBefore", "NotAfter", "Serial")


class Backend(AWSCertificateManagerBackend):
    def request_certificate(self, domain_name: str, *args: Any, **kwargs: Any) -> str:
        names = kwargs.get("subject_alt_names") or (args[1] if len(args) > 1 else None) or []
        for name in [domain_name, *names]:
            if not NAME.fullmatch(name or "") or len(name) > 253:
                raise AwsError("ValidationException", f"Value '{name}' at 'domainName' failed to satisfy constraint.")
        arn = super().request_certificate(domain_name, *args, **kwargs)
        begin(self, "certificate", arn, "PENDING_VALIDATION")
        return arn

    def get_certificate(self, arn: str) -> CertBundle:
        if arn not in self._certificates:
            raise CertificateNotFound(arn=arn, account_id=self.account_id)
        certificate = self._certificates[arn]
        certificate.in_use_by = self._users(arn)
        if certificate.status != "PENDING_VALIDATION":
            certificate.check()
        elif passing(self, "certificate", arn, read=True) is None and all(self.validated(certificate).values()):
            certificate.status = "ISSUED"
        return certificate

    def validated(self, certificate: CertBundle) -> dict[str, bool]:
        """Domain name -> whether its validation record is in a public zone of the account."""
        options = certificate.describe()["Certificate"].get("DomainValidationOptions", [])
        zones = route53_backends[self.account_id][self.partition]
        asked = {option["DomainName"]: option["ResourceRecord"] for option in options}
        return {name: zones.holds(item["Name"], item["Type"], item["Value"]) for name, item in asked.items()}

    def delete_certificate(self, arn: str) -> None:
        users = self.get_certificate(arn).in_use_by
        if users:
            number = arn.rpartition("/")[2]
            message = f"Certificate {arn} in account {self.account_id} is in use. {number} is used by {len(users)}."
            raise AwsError("ResourceInUseException", message)
        super().delete_certificate(arn)
        for token in [key for key, known in self._idempotency_tokens.items() if known["arn"] == arn]:
            del self._idempotency_tokens[token]

    def _users(self, arn: str) -> list[str]:
        balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
        using = [
            balancer.arn
            for balancer in balancers
            if any(arn in {listener.certificate, *listener.certificates} for listener in balancer.listeners.values())
        ]
        distributions = cloudfront_backends[self.account_id][self.partition].distributions.values()
        return using + [
            item.arn for item in distributions if arn == item.raw["ViewerCertificate"].get("ACMCertificateArn")
        ]

    def set_certificate_in_use_by(self, arn: str, load_balancer_name: str) -> None:
        self.get_certificate(arn)  # who uses it is looked up


@answer_with
class Response(AWSCertificateManagerResponse):
    def request_certificate(self) -> ActionResult:
        if self._get_param("ValidationMethod") not in ("DNS", "EMAIL", "HTTP", None):
            raise AwsError("ValidationException", "Member must satisfy enum value set: [DNS, EMAIL, HTTP]")
        if self._get_param("ValidationMethod") != "DNS":
            raise NotImplementedError("only validation through DNS")
        if len(self._get_param("SubjectAlternativeNames") or []) > 9:
            raise AwsError("LimitExceededException", "Error: the number of domain names in the request exceeds 10.")
        return super().request_certificate()

    def describe_certificate(self) -> ActionResult:
        certificate = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        return ActionResult({"Certificate": self._described(certificate)})

    def list_certificates(self) -> ActionResult:
        key_types = (self._get_param("Includes") or {}).get("keyTypes") or LISTED_UNASKED
        statuses = self._get_param("CertificateStatuses")
        summaries = []
        for arn in list(self.acm_backend._certificates):
            found = self._described(self.acm_backend.get_certificate(arn))
            if found["KeyAlgorithm"] in key_types and (not statuses or found["Status"] in statuses):
                names = found.pop("SubjectAlternativeNames")
                in_use = bool(found.pop("InUseBy"))
                more = {"HasAdditionalSubjectAlternativeNames": len(names) > 100, "InUse": in_use}
                summaries.append({**found, "SubjectAlternativeNameSummaries": names[:100], **more})
        return ActionResult({"CertificateSummaryList": summaries})

    def _described(self, certificate: CertBundle) -> dict[str, Any]:
        """What is not yet known of a certificate that is not yet issued is left out; the domain name comes first."""
        found = certificate.describe()["Certificate"]
        domain = found["DomainName"]
        found["SubjectAlternativeNames"] = sorted(
            found["SubjectAlternativeNames"], key=lambda name: (name != domain, name)
        )
        if certificate.type != "AMAZON_ISSUED":
            return found
        validated = self.acm_backend.validated(certificate)
        found["DomainValidationOptions"].sort(key=lambda option: option["DomainName"])
        for option in found["DomainValidationOptions"]:
            option["ValidationStatus"] = "SUCCESS" if validated[option["DomainName"]] else "PENDING_VALIDATION"
        issued = certificate.status == "ISSUED"
        found["RenewalEligibility"] = "ELIGIBLE" if issued and found["InUseBy"] else "INELIGIBLE"
        return found if issued else {name: value for name, value in found.items() if name not in OF_AN_ISSUED_ONE}


model_with(acm_backends, Backend)
