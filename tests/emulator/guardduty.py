# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GuardDuty: one detector a region, features that are on unless they are switched off, tags.

https://docs.aws.amazon.com/guardduty/latest/APIReference/
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from moto.guardduty import urls
from moto.guardduty.models import Detector, GuardDutyBackend, guardduty_backends
from moto.guardduty.responses import GuardDutyResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, forward, now

REJECTED = "The request is rejected because "
ALWAYS = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
FROM_THE_START = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
)
AGENTS = {
    "EKS_RUNTIME_MONITORING": ("EKS_ADDON_MANAGEMENT",),
    "RUNTIME_MONITORING": ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"),
}
FREQUENCIES = ("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")
STATUSES = {True: "ENABLED", False: "DISABLED"}
MOST_TAGS = 50


class Backend(GuardDutyBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.switches: dict[str, dict[str, bool]] = {}  # detector -> feature, or feature/agent -> whether it is on

    def create(self, params: Params) -> Params:
        if params.get("Enable") is None:
            raise _bad("the parameter enable is missing.")
        if self.detectors:
            raise _bad("a detector already exists for the current account.")
        frequency = _frequency(params.get("FindingPublishingFrequency")) or "SIX_HOURS"
        start = dict.fromkeys(FROM_THE_START, True)
        switches = _switched({**start, **dict.fromkeys(AGENTS, False)}, params.get("Features"))
        tags = _tags(params.get("Tags"))
        identifier = self.create_detector(params["Enable"], frequency, {}, tags, [])
        self.switches[identifier] = switches
        return {"DetectorId": identifier}

    def show(self, params: Params) -> Params:
        detector = self._detector(params)
        features = [{"Name": name, "Status": "ENABLED", "UpdatedAt": now()} for name in ALWAYS]
        switches = self.switches[detector.id]
        for name, on in switches.items():
            if "/" not in name:
                more = [
                    {
                        "Name": agent,
                        "Status": STATUSES[on and switches.get(f"{name}/{agent}", False)],
                        "UpdatedAt": now(),
                    }
                    for agent in AGENTS.get(name, ())
                ]
                feature = {"Name": name, "Status": STATUSES[on], "UpdatedAt": now()}
                features.append({**feature, **({"AdditionalConfiguration": more} if more else {})})
        return {
            "CreatedAt": detector.created_at.isoformat(),
            "UpdatedAt": detector.updated_at.isoformat(),
            "FindingPublishingFrequency": detector.finding_publish_freq,
            "ServiceRole": detector.service_role,
            "Status": STATUSES[detector.enabled],
            "Tags": detector.tags,
            "Features": features,
        }

    def change(self, params: Params) -> Params:
        detector = self._detector(params)
        frequency = _frequency(params.get("FindingPublishingFrequency"))
        self.switches[detector.id] = _switched(self.switches[detector.id], params.get("Features"))
        detector.update(params.get("Enable"), frequency, None, None)  # type: ignore[arg-type]
        return {}

    def remove(self, params: Params) -> Params:
        detector = self._detector(params)
        del self.detectors[detector.id], self.switches[detector.id]
        return {}

    def tag(self, params: Params) -> Params:
        detector = self._tagged(params)
        detector.tags = _tags({**detector.tags, **params["Tags"]})
        return {}

    def untag(self, params: Params) -> Params:
        detector, keys = self._tagged(params), params["TagKeys"]
        detector.tags = {key: value for key, value in detector.tags.items() if key not in keys}
        return {}

    def list_tags(self, params: Params) -> Params:
        return {"Tags": self._tagged(params).tags}

    def _detector(self, params: Params) -> Detector:
        identifier = params.get("DetectorId")
        if identifier not in self.detectors:
            raise _bad("the input detectorId is not owned by the current account.")
        return self.detectors[identifier]

    def _tagged(self, params: Params) -> Detector:
        arn = unquote(params["ResourceArn"])
        return self._detector({"DetectorId": arn.rpartition("detector/")[2]})


def _bad(why: str) -> AwsError:
    return AwsError("BadRequestException", REJECTED + why)


def _frequency(value: str | None) -> str | None:
    if value is not None and value not in FREQUENCIES:
        raise _bad("an invalid or out-of-range value is specified as an input parameter.")
    return value


def _tags(tags: dict[str, str] | None) -> dict[str, str]:
    found = dict(tags or {})
    if len(found) > MOST_TAGS or any(key.startswith("aws:") for key in found):
        raise _bad("the tags are invalid.")
    return found


def _switched(before: dict[str, bool], features: list[dict[str, Any]] | None) -> dict[str, bool]:
    """The switches as the request leaves them."""
    after = dict(before)
    for feature in features or []:
        name = feature.get("Name")
        if name not in before:
            raise _bad(f"the feature {name} is invalid.")
        after[name] = _on(feature)
        for more in feature.get("AdditionalConfiguration") or []:
            if more.get("Name") not in AGENTS.get(name, ()):
                raise _bad(f"the additional configuration {more.get('name')} of {name} is invalid.")
            if _on(more) and not after[name]:
                raise _bad(f"the additional configuration {more['Name']} needs the feature {name}.")
            after[f"{name}/{more['Name']}"] = _on(more)
        if not after[name]:
            after |= {f"{name}/{agent}": False for agent in AGENTS.get(name, ())}
    if all(after[name] for name in AGENTS):
        raise _bad("both EKS_RUNTIME_MONITORING and RUNTIME_MONITORING are enabled.")
    return after


def _on(item: dict[str, Any]) -> bool:
    if item.get("Status") not in STATUSES.values():
        raise _bad(f"the status {item.get('Status')} is invalid.")
    return bool(item["Status"] == "ENABLED")


@answer_with
class Response(GuardDutyResponse):
    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


urls.url_paths["{0}/tags/(?P<ResourceArn>.+)$"] = Response.dispatch
forward(
    Response,
    guardduty_backends,
    {
        "create_detector": "create",
        "get_detector": "show",
        "update_detector": "change",
        "delete_detector": "remove",
        "tag_resource": "tag",
        "untag_resource": "untag",
        "list_tags_for_resource": "list_tags",
    },
)
model_with(guardduty_backends, Backend)
