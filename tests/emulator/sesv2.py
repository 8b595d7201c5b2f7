# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SES v2 for moto: identities with DKIM and MAIL FROM, configuration sets with destinations, templates, suppression.

Domains are verified by their records in Route 53, looked up whenever they are read. What was found and is gone has
failed at once, without the days that AWS waits. Nobody follows the links that SES sends to addresses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.models import route53_backends
from moto.sesv2 import urls
from moto.sesv2.models import SESV2Backend, sesv2_backends
from moto.sesv2.responses import SESV2Response

from .dispatch import answer_with, model_with
from .errors import AwsError
from .state import STATE
from .support import Params, Tags, backend_of, begin, given, passing

DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+")
EVENTS = {
    *("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE"),
    *("DELIVERY_DELAY", "SUBSCRIPTION"),
}
DESTINATIONS = (
    *("CloudWatchDestination", "SnsDestination", "KinesisFirehoseDestination", "EventBridgeDestination"),
    "PinpointDestination",
)
MOST_DESTINATIONS = 10
LABELS = {"identities": "Email identity", "sets": "Configuration set", "templates": "Template"}
REASONS = {"BOUNCE", "COMPLAINT"}
# What moto's URL map lacks.
PATHS = (
    *(f"configuration-sets/(?P<ConfigurationSetName>[^/]+)/{part}" for part in ("sending", "event-destinations")),
    *(
        f"configuration-sets/(?P<ConfigurationSetName>[^/]+)/{part}-options"
        for part in ("delivery", "reputation", "suppression")
    ),
    "configuration-sets/(?P<ConfigurationSetName>[^/]+)/event-destinations/(?P<EventDestinationName>[^/]+)",
    *(
        f"identities/(?P<EmailIdentity>[^/]+)/{part}"
        for part in ("dkim", "dkim/signing", "mail-from", "feedback", "configuration-set")
    ),
    *("templates", "templates/(?P<TemplateName>[^/]+)", "account", "account/suppression"),
)


class Backend(SESV2Backend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.identities: dict[str, Params] = {}
        self.sets: dict[str, Params] = {}
        self.destinations: dict[str, dict[str, Params]] = {}
        self.templates: dict[str, Params] = {}
        self.suppressed: list[str] = sorted(REASONS)
        self.tags = Tags()

    def _arn(self, kind: str, name: str) -> str:
        where = "identity" if kind == "identities" else "configuration-set" if kind == "sets" else "template"
        return f"arn:{self.partition}:ses:{self.region_name}:{self.account_id}:{where}/{name}"

    def _one(self, kind: str, name: str) -> Params:
        known: dict[str, Params] = getattr(self, kind)
        if name not in known:
            raise AwsError("NotFoundException", f"{LABELS[kind]} <{name}> does not exist.")
        return known[name]

    def _new(self, kind: str, name: str, item: Params, tags: list[dict[str, str]] | None) -> None:
        known: dict[str, Params] = getattr(self, kind)
        if name in known:
            raise AwsError("AlreadyExistsException", f"{LABELS[kind]} {name} already exists.")
        known[name] = item
        self.tags.add(self._arn(kind, name), tags)

    def _drop(self, kind: str, name: str) -> Params:
        self._one(kind, name)
        del getattr(self, kind)[name]
        self.tags.drop(self._arn(kind, name))
        return {}

    # ---- identities -------------------------------------------------------------------------------------

    def create_email_identity(self, params: Params) -> Params:  # type: ignore[override]
        name = params["EmailIdentity"]
        is_address = "@" in name
        if not (EMAIL if is_address else DOMAIN).fullmatch(name):
            raise AwsError("BadRequestException", f"Invalid email address or domain <{name}>.")
        if params.get("ConfigurationSetName"):
            self._one("sets", params["ConfigurationSetName"])
        length = (params.get("DkimSigningAttributes") or {}).get("NextSigningKeyLength") or "RSA_2048_BIT"
        dkim = {
            "SigningEnabled": not is_address,
            "Status": "NOT_STARTED" if is_address else "PENDING",
            "SigningAttributesOrigin": "AWS_SES",
            "NextSigningKeyLength": length,
        }
        if not is_address:
            dkim |= {"Tokens": self._tokens(name, length), "CurrentSigningKeyLength": length}
        item = {
            "IdentityType": "EMAIL_ADDRESS" if is_address else "DOMAIN",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": False,
            "DkimAttributes": dkim,
            "Policies": {},
            "VerificationStatus": "PENDING",
            **given(params, ["ConfigurationSetName"]),
        }
        self._new("identities", name, item, params.get("Tags"))
        begin(self, "identity", name, "PENDING")
        return given(item, ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes"))

    def _tokens(self, name: str, length: str) -> list[str]:
        seeds = [f"{self.account_id} {self.region_name} {name} {length} {number}" for number in range(3)]
        return [hashlib.sha256(seed.encode()).hexdigest()[:32] for seed in seeds]

    def get_email_identity(self, params: Params) -> Params:  # type: ignore[override]
        name = params["EmailIdentity"]
        self._verify(name, self._one("identities", name))
        return {**self._one("identities", name), "Tags": self.tags.list(self._arn("identities", name))}

    def list_email_identities(self, params: Params) -> Params:  # type: ignore[override]
        listed = []
        for name, item in self.identities.items():
            self._verify(name, item)
            about = {"SendingEnabled": item["VerifiedForSendingStatus"], **given(item, ["VerificationStatus"])}
            listed.append({"IdentityName": name, "IdentityType": item["IdentityType"], **about})
        return {"EmailIdentities": listed}

    def _verify(self, name: str, item: Params) -> None:
        """https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DkimAttributes.html and API_MailFromAttributes"""
        waits = passing(self, "identity", name, read=True) is not None
        zones, dkim, mail_from = self._zones(), item["DkimAttributes"], item.get("MailFromAttributes")
        if item["IdentityType"] == "DOMAIN" and not waits:
            found = all(
                zones.holds(f"{token}._domainkey.{name}", "CNAME", f"{token}.dkim.amazonses.com")
                for token in dkim["Tokens"]
            )
            dkim["Status"] = item["VerificationStatus"] = _seen(found, dkim["Status"])
            item["VerifiedForSendingStatus"] = found
        if mail_from and not waits:  # SES wants exactly this record; it does not look for the one of SPF
            wanted = [f"10 feedback-smtp.{self.region_name}.amazonses.com"]
            found = zones.values(mail_from["MailFromDomain"], "MX") == wanted
            mail_from["MailFromDomainStatus"] = _seen(found, mail_from["MailFromDomainStatus"])

    def _zones(self) -> Any:
        return route53_backends[self.account_id][self.partition]

    def delete_email_identity(self, params: Params) -> Params:  # type: ignore[override]
        return self._drop("identities", params["EmailIdentity"])

    def put_email_identity_dkim_attributes(self, params: Params) -> Params:
        item = self._one("identities", params["EmailIdentity"])
        item["DkimAttributes"]["SigningEnabled"] = bool(params.get("SigningEnabled"))
        return {}

    def put_email_identity_dkim_signing_attributes(self, params: Params) -> Params:
        name = params["EmailIdentity"]
        item, wanted = self._one("identities", name), params.get("SigningAttributes") or {}
        if item["IdentityType"] != "DOMAIN" or params.get("SigningAttributesOrigin") != "AWS_SES":
            raise AwsError("BadRequestException", "Easy DKIM is set up for domains only.")
        length = wanted.get("NextSigningKeyLength") or item["DkimAttributes"]["NextSigningKeyLength"]
        tokens = self._tokens(name, length)
        item["DkimAttributes"] |= {"NextSigningKeyLength": length, "Tokens": tokens, "Status": "PENDING"}
        begin(self, "identity", name, "PENDING")
        return {"DkimStatus": "PENDING", "DkimTokens": tokens}

    def put_email_identity_mail_from_attributes(self, params: Params) -> Params:
        name, domain = params["EmailIdentity"], params.get("MailFromDomain")
        item = self._one("identities", name)
        if not domain:
            item.pop("MailFromAttributes", None)
            return {}
        if not domain.endswith("." + name.rpartition("@")[2]):
            raise AwsError("BadRequestException", f"Provided MAIL-FROM domain <{domain}> is not subdomain of <{name}>.")
        item["MailFromAttributes"] = {
            "MailFromDomain": domain,
            "MailFromDomainStatus": "PENDING",
            "BehaviorOnMxFailure": params.get("BehaviorOnMxFailure") or "USE_DEFAULT_VALUE",
        }
        return {}

    def put_email_identity_feedback_attributes(self, params: Params) -> Params:
        item = self._one("identities", params["EmailIdentity"])
        item["FeedbackForwardingStatus"] = bool(params.get("EmailForwardingEnabled"))
        return {}

    def put_email_identity_configuration_set_attributes(self, params: Params) -> Params:
        item, name = self._one("identities", params["EmailIdentity"]), params.get("ConfigurationSetName")
        if name:
            self._one("sets", name)
            item["ConfigurationSetName"] = name
        else:
            item.pop("ConfigurationSetName", None)
        return {}

    # ---- configuration sets ------------------------------------------------------------------------------

    def create_configuration_set(self, params: Params) -> Params:  # type: ignore[override]
        name = params["ConfigurationSetName"]
        if not SET_NAME.fullmatch(name):
            raise AwsError("BadRequestException", f"Invalid configuration set name <{name}>.")
        suppression = params.get("SuppressionOptions")
        if suppression is not None:
            _check_reasons(suppression.get("SuppressedReasons") or [])
        item = {
            "ConfigurationSetName": name,
            "DeliveryOptions": {"TlsPolicy": "OPTIONAL", **(params.get("DeliveryOptions") or {})},
            "ReputationOptions": {"ReputationMetricsEnabled": False, **(params.get("ReputationOptions") or {})},
            "SendingOptions": {"SendingEnabled": True, **(params.get("SendingOptions") or {})},
            **given(params, ("SuppressionOptions", "TrackingOptions", "VdmOptions")),
        }
        self._new("sets", name, item, params.get("Tags"))
        self.destinations[name] = {}
        return {}

    def get_configuration_set(self, params: Params) -> Params:  # type: ignore[override]
        name = params["ConfigurationSetName"]
        return {**self._one("sets", name), "Tags": self.tags.list(self._arn("sets", name))}

    def list_configuration_sets(self, params: Params) -> Params:  # type: ignore[override]
        return {"ConfigurationSets": list(self.sets)}

    def delete_configuration_set(self, params: Params) -> Params:  # type: ignore[override]
        self.destinations.pop(params["ConfigurationSetName"], None)
        return self._drop("sets", params["ConfigurationSetName"])

    def put_configuration_set_delivery_options(self, params: Params) -> Params:
        options = given(params, ("TlsPolicy", "SendingPoolName", "MaxDeliverySeconds"))
        self._one("sets", params["ConfigurationSetName"])["DeliveryOptions"] = {"TlsPolicy": "OPTIONAL", **options}
        return {}

    def put_configuration_set_reputation_options(self, params: Params) -> Params:
        enabled = bool(params.get("ReputationMetricsEnabled"))
        self._one("sets", params["ConfigurationSetName"])["ReputationOptions"] = {"ReputationMetricsEnabled": enabled}
        return {}

    def put_configuration_set_sending_options(self, params: Params) -> Params:
        enabled = bool(params.get("SendingEnabled"))
        self._one("sets", params["ConfigurationSetName"])["SendingOptions"] = {"SendingEnabled": enabled}
        return {}

    def put_configuration_set_suppression_options(self, params: Params) -> Params:
        item = self._one("sets", params["ConfigurationSetName"])
        if params.get("SuppressedReasons") is None:
            item.pop("SuppressionOptions", None)  # what is set for the account
        else:
            item["SuppressionOptions"] = {"SuppressedReasons": _check_reasons(params["SuppressedReasons"])}
        return {}

    # ---- event destinations --------------------------------------------------------------------------------

    def create_configuration_set_event_destination(self, params: Params) -> Params:
        mine, name = self._destinations(params), params["EventDestinationName"]
        if name in mine:
            raise AwsError("AlreadyExistsException", f"Event destination {name} already exists.")
        if len(mine) >= MOST_DESTINATIONS:
            raise AwsError("LimitExceededException", "The limit of event destinations is exceeded.")
        mine[name] = _destination(params["EventDestination"])
        return {}

    def update_configuration_set_event_destination(self, params: Params) -> Params:
        mine, name = self._destinations(params), params["EventDestinationName"]
        if name not in mine:
            raise AwsError("NotFoundException", f"Event destination <{name}> does not exist.")
        mine[name] = _destination(params["EventDestination"])
        return {}

    def delete_configuration_set_event_destination(self, params: Params) -> Params:
        mine, name = self._destinations(params), params["EventDestinationName"]
        if mine.pop(name, None) is None:
            raise AwsError("NotFoundException", f"Event destination <{name}> does not exist.")
        return {}

    def get_configuration_set_event_destinations(self, params: Params) -> Params:
        return {"EventDestinations": [{"Name": name, **item} for name, item in self._destinations(params).items()]}

    def _destinations(self, params: Params) -> dict[str, Params]:
        self._one("sets", params["ConfigurationSetName"])
        return self.destinations[params["ConfigurationSetName"]]

    # ---- templates ------------------------------------------------------------------------------------------

    def create_email_template(self, params: Params) -> Params:
        self._new("templates", params["TemplateName"], _content(params), params.get("Tags"))
        return {}

    def update_email_template(self, params: Params) -> Params:
        self._one("templates", params["TemplateName"])
        self.templates[params["TemplateName"]] = _content(params)
        return {}

    def get_email_template(self, params: Params) -> Params:
        name = params["TemplateName"]
        content = self._one("templates", name)
        return {"TemplateName": name, "TemplateContent": content, "Tags": self.tags.list(self._arn("templates", name))}

    def list_email_templates(self, params: Params) -> Params:
        return {"TemplatesMetadata": [{"TemplateName": name} for name in self.templates]}

    def delete_email_template(self, params: Params) -> Params:
        return self._drop("templates", params["TemplateName"])

    # ---- the account, tags ----------------------------------------------------------------------------------

    def get_account(self, params: Params) -> Params:
        granted = bool(STATE.setting(self.account_id, "ses_production_access", False))
        most, rate = (50_000.0, 14.0) if granted else (200.0, 1.0)  # what AWS begins with
        return {
            "SendingEnabled": True,
            "ProductionAccessEnabled": granted,
            "EnforcementStatus": "HEALTHY",
            "SuppressionAttributes": {"SuppressedReasons": self.suppressed},
            "SendQuota": {"Max24HourSend": most, "MaxSendRate": rate, "SentLast24Hours": 0.0},
        }

    def put_account_suppression_attributes(self, params: Params) -> Params:
        self.suppressed = _check_reasons(params.get("SuppressedReasons") or [])
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:  # type: ignore[override]
        return {"Tags": self.tags.list(self._existing(params))}

    def tag_resource(self, params: Params) -> Params:  # type: ignore[override]
        self.tags.add(self._existing(params), params["Tags"])
        return {}

    def untag_resource(self, params: Params) -> Params:  # type: ignore[override]
        keys = params["TagKeys"]
        self.tags.remove(self._existing(params), keys if isinstance(keys, list) else [keys])
        return {}

    def _existing(self, params: Params) -> str:
        arn = str(params["ResourceArn"])
        if not any(
            arn == self._arn(kind, n) for kind in ("identities", "sets", "templates") for n in getattr(self, kind)
        ):
            raise AwsError("NotFoundException", f"Resource <{arn}> does not exist.")
        return arn


def _seen(found: bool, before: str) -> str:
    """Records that are not there yet are waited for; records that are gone are a failure."""
    if found:
        return "SUCCESS"
    return "FAILED" if before in ("SUCCESS", "FAILED") else "PENDING"


def _check_reasons(reasons: list[str]) -> list[str]:
    if not set(reasons) <= REASONS:
        raise AwsError("BadRequestException", f"Invalid suppression reasons {reasons}.")
    return list(reasons)


def _destination(given_: Params) -> Params:
    kinds = [kind for kind in DESTINATIONS if given_.get(kind)]
    events = given_.get("MatchingEventTypes") or []
    if len(kinds) != 1:
        raise AwsError("BadRequestException", "An event destination needs exactly one destination.")
    if not events or not set(events) <= EVENTS:
        raise AwsError("BadRequestException", f"Invalid event types {events}.")
    for dimension in (given_.get("CloudWatchDestination") or {}).get("DimensionConfigurations") or []:
        for key in ("DimensionName", "DefaultDimensionValue"):
            if not re.fullmatch(r"[A-Za-z0-9_:.@-]{1,256}", str(dimension.get(key) or "")):
                raise AwsError("BadRequestException", f"Invalid {key} {dimension.get(key)}.")
    if kinds == ["CloudWatchDestination"] and not given_["CloudWatchDestination"].get("DimensionConfigurations"):
        raise AwsError("BadRequestException", "A CloudWatch destination needs dimensions.")
    if kinds == ["SnsDestination"] and not TOPIC.fullmatch(str(given_["SnsDestination"].get("TopicArn"))):
        raise AwsError("BadRequestException", "Invalid SNS topic.")
    return {"Enabled": bool(given_.get("Enabled")), "MatchingEventTypes": events, kinds[0]: given_[kinds[0]]}


def _content(params: Params) -> Params:
    content = given(params.get("TemplateContent") or {}, ("Subject", "Text", "Html"))
    if not content.get("Subject") or not (content.get("Text") or content.get("Html")):
        raise AwsError("BadRequestException", "The template needs a subject, and a text or an HTML part.")
    for part in content.values():
        if part.count("{{") != part.count("}}"):
            raise AwsError("BadRequestException", "The template has a tag that is not closed.")
    return content


@answer_with
class Response(SESV2Response):
    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


def _operation(name: str) -> Callable[[SESV2Response], ActionResult]:
    def call(self: SESV2Response) -> ActionResult:
        backend = backend_of(sesv2_backends, self.current_account, self.region)
        return ActionResult(getattr(backend, name)(dict(self.params)))

    call.__name__ = name
    return call


OPERATIONS = (
    *("create_email_identity", "get_email_identity"),
    *("list_email_identities", "delete_email_identity"),
    *("put_email_identity_dkim_attributes", "put_email_identity_dkim_signing_attributes"),
    *("put_email_identity_mail_from_attributes", "put_email_identity_feedback_attributes"),
    *("put_email_identity_configuration_set_attributes", "create_configuration_set"),
    *("get_configuration_set", "list_configuration_sets"),
    *("delete_configuration_set", "put_configuration_set_delivery_options"),
    *("put_configuration_set_reputation_options", "put_configuration_set_sending_options"),
    *("put_configuration_set_suppression_options", "create_configuration_set_event_destination"),
    *("update_configuration_set_event_destination", "delete_configuration_set_event_destination"),
    *("get_configuration_set_event_destinations", "create_email_template"),
    *("update_email_template", "get_email_template"),
    *("list_email_templates", "delete_email_template"),
    *("get_account", "put_account_suppression_attributes"),
    *("list_tags_for_resource", "tag_resource"),
    "untag_resource",
)
for operation in OPERATIONS:
    setattr(Response, operation, _operation(operation))
urls.url_paths |= {f"{{0}}/v2/email/{path}$": SESV2Response.dispatch for path in PATHS}
model_with(sesv2_backends, Backend)
