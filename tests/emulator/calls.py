# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is calling what: account, region, service and operation of one HTTP request."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from botocore.session import Session
from moto.core.model import OperationModel
from moto.core.routing import get_service_router
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    SIGNING_ALIASES,
    UNSIGNED_ACTIONS,
    UNSIGNED_REQUESTS,
    BackendRequest,
)
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

ACCOUNT_KEY = re.compile(r"^\d{12}$")
CREDENTIAL = re.compile(r"Credential=([^/\s,]+)/\d+/([^/]*)/([^/]+)/aws4_request")
FORM_CREDENTIAL = re.compile(rb'name="x-amz-credential"\r\n\r\n([^/\r\n]+)/\d+/([^/]*)/([^/]+)/aws4_request', re.I)
SIGNATURE_2 = re.compile(r"^AWS ([^:\s]+):")

# Signing names that are not the service's own name in botocore.
SERVICES_BY_SIGNING_NAME = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "eventbridge": "events",
    "mobiletargeting": "pinpoint",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "states": "stepfunctions",
}
CLASSIC_LOAD_BALANCER_VERSION = "2012-06-01"


@dataclass(slots=True)
class Call:
    """One API call as it came in; `model` is None when no operation of the service matches."""

    account: str
    region: str
    service: str
    signing_name: str
    model: OperationModel | None = None

    @property
    def operation(self) -> str:
        return str(self.model.name) if self.model else ""


def identify(request: BackendRequest) -> Call:
    key, region, signing_name = _credential(request)
    service = _service(request, signing_name)
    call = Call(_account(key, request, service), region or DEFAULT_REGION, service, signing_name)
    call.model = _operation(service, request)
    return call


def _credential(request: BackendRequest) -> tuple[str, str, str]:
    """Access key, region and signing name from wherever the signature is."""
    authorization = request.headers.get("Authorization", "")
    if match := CREDENTIAL.search(authorization):
        return match[1], match[2], match[3].lower()
    if match := SIGNATURE_2.match(authorization):
        return match[1], "", "s3"
    arguments = request.args
    if scope := arguments.get("X-Amz-Credential"):
        parts = scope.split("/")
        if len(parts) == 5:
            return parts[0], parts[2], parts[3].lower()
    if key := arguments.get("AWSAccessKeyId"):
        return key, "", "s3"
    # a browser's upload form carries the signature in a field
    form = request.mimetype == "multipart/form-data" and FORM_CREDENTIAL.search(request.get_data()[:65536])
    if form:
        return form[1].decode(), form[2].decode(), form[3].decode()
    return _unsigned(request)


def _unsigned(request: BackendRequest) -> tuple[str, str, str]:
    target = request.headers.get("X-Amz-Target", "").split(".", 1)[0]
    if target in UNSIGNED_REQUESTS:
        service, region = UNSIGNED_REQUESTS[target]
        return "", region, service
    action = request.values.get("Action", "") if request.method == "POST" else ""
    if action in UNSIGNED_ACTIONS:
        service, region = UNSIGNED_ACTIONS[action]
        return "", region, service
    return "", "", "s3"


def _account(key: str, request: BackendRequest, service: str) -> str:
    if ACCOUNT_KEY.match(key):
        return key
    if not key and service == "s3":
        # an unsigned request for a public object: the bucket's owner answers
        bucket = request.path.lstrip("/").split("/", 1)[0]
        _, owner = s3_backends.bucket_accounts.get(bucket, ("", ""))
        return owner or DEFAULT_ACCOUNT
    return _account_of_issued_key(key)


def _account_of_issued_key(key: str) -> str:
    """Keys that this AWS itself handed out belong to the account that made them."""
    if key.startswith("ASIA"):
        for account, regions in list(sts_backends.items()):
            for backend in list(regions.values()):
                if any(role.access_key_id == key for role in backend.assumed_roles):
                    return account
    if key.startswith("AKIA"):
        for account, partitions in list(iam_backends.items()):
            if any(key in backend.access_keys for backend in list(partitions.values())):
                return account
    return DEFAULT_ACCOUNT


def _service(request: BackendRequest, signing_name: str) -> str:
    path = request.path
    if signing_name == "s3" and (path.startswith("/v20180820/") or "s3-control" in request.host):
        return "s3control"
    if signing_name == "ses" and path.startswith("/v2/"):
        return "sesv2"
    if signing_name == "elasticloadbalancing" and request.values.get("Version") == CLASSIC_LOAD_BALANCER_VERSION:
        return "elb"
    return botocore_name(signing_name)


@functools.cache
def botocore_name(signing_name: str) -> str:
    name = SERVICES_BY_SIGNING_NAME.get(signing_name, signing_name)
    name = SIGNING_ALIASES.get(name, name)
    session = Session()
    if name in session.get_available_services():
        return name
    for service in session.get_available_services():
        metadata = session.get_service_model(service).metadata
        if signing_name in (metadata.get("signingName"), metadata.get("endpointPrefix")):
            return str(service)
    return name


def _operation(service: str, request: BackendRequest) -> OperationModel | None:
    try:
        model, _ = get_service_router(service).match(request)
        return model
    except (HTTPException, NotImplementedError, ValueError):
        return None
    except Exception as error:
        if type(error).__name__ == "UnknownServiceError":
            return None
        raise


def query_arguments(environ: dict[str, Any]) -> dict[str, str]:
    parsed = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return {name: values[-1] for name, values in parsed.items()}
