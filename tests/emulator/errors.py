# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers and errors in the protocol of the service that was called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import BackendRequest

from .calls import Call


class AwsError(ServiceException):
    """`AwsError("UserNotFound", "User x not found.")`: moto's own class takes any module outside it as it is."""


Answer = tuple[int, Mapping[str, Any], bytes]


def as_answer(result: Any) -> Answer:
    """moto's handlers give a body alone or status, headers and body."""
    status, headers, body = result if isinstance(result, tuple) and len(result) == 3 else (200, {}, result)
    if body is None:
        body = b""
    if not isinstance(body, (bytes, bytearray)):
        body = str(body).encode()
    return int(status), headers, bytes(body)


def serialized(error: ServiceException, call: Call, request: BackendRequest, status: int | None = None) -> Answer:
    try:
        service_model = get_service_model(call.service)
        protocol = determine_request_protocol(service_model, request.content_type)
    except (UnknownServiceError, NotImplementedError):
        body = f"<ErrorResponse><Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        return status or 400, {"Content-Type": "text/xml"}, f"{body}</Error></ErrorResponse>".encode()
    operation_model = call.model or OperationModel({}, service_model)
    serializer = get_serializer_class(call.service, protocol)(operation_model=operation_model)
    answer = serializer.serialize(error)
    return as_answer((status or answer["status_code"], answer["headers"], answer["body"]))
