# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request after another: who calls, does a fault hit, which handler answers, what goes into the log."""

from __future__ import annotations

import re
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException

from . import control, dispatch, errors
from .calls import Call, identify
from .state import STATE, Entry, Fault

Answer = tuple[int, Mapping[str, Any], bytes]

ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"
ERROR_CODE_XML = re.compile(rb"<Code>([^<]+)</Code>")
ERROR_CODE_JSON = re.compile(rb'"(?:__type|code|Code)"\s*:\s*"([^"]+)"')


class Application:
    """What the server calls for every request; also a plain WSGI application."""

    def __init__(self) -> None:
        dispatch.install()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._moto = DomainDispatcherApplication(create_backend_app)

    def answer(self, environ: dict[str, Any]) -> Answer:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_local/"):
            return control.answer(environ)
        if path.startswith(("/moto-api", "/latest/", "/favicon.ico")):
            return self._answer_of_moto(environ)
        return self._answer_of_aws(environ)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        status, headers, body = self.answer(environ)
        start_response(f"{status} ", [(name, str(value)) for name, value in headers.items()])
        return [body]

    def _answer_of_aws(self, environ: dict[str, Any]) -> Answer:
        request = BackendRequest(environ)
        if request.method == "PUT":
            request.get_data(cache=True)  # an object that claims to be a form is still an object
        call = identify(request)
        environ[ACCOUNT_HEADER] = call.account
        environ[dispatch.REGION_KEY] = call.region
        self._delay(call.account)
        fault = STATE.take_fault(call.account, call.service, call.operation)
        if fault:
            status, headers, body = _answer_of_fault(fault, call, request)
        else:
            # moto's models are not made for threads; one account's calls go one by one
            with self._locks[call.account]:
                status, headers, body = _answer_of_handler(call, request)
        code = _error_code(headers, body) if status >= 400 else None
        STATE.record(Entry(0, 0, call.account, call.region, call.service, call.operation, status, code))
        return status, headers, body

    def _answer_of_moto(self, environ: dict[str, Any]) -> Answer:
        started: list[Any] = []
        chunks = self._moto(environ, lambda status, headers, *_: started.extend((status, headers)))
        body = b"".join(chunks)
        return int(started[0].split()[0]), dict(started[1]), body

    @staticmethod
    def _delay(account: str) -> None:
        milliseconds = float(STATE.setting(account, "latency_ms", STATE.latency_ms) or 0)
        if milliseconds > 0:
            time.sleep(milliseconds / 1000)


def _answer_of_fault(fault: Fault, call: Call, request: BackendRequest) -> Answer:
    return errors.serialized(errors.AwsError(fault.code, fault.message), call, request, fault.status)


def _answer_of_handler(call: Call, request: BackendRequest) -> Answer:
    try:
        return errors.as_answer(dispatch.handle(call, request))
    except ServiceException as error:
        return errors.serialized(error, call, request)
    except HTTPException as error:
        response = error.get_response(request.environ)
        return response.status_code, dict(response.headers), response.get_data()
    except ClientError as error:
        details = error.response["Error"]
        return errors.serialized(errors.AwsError(details["Code"], details["Message"]), call, request)
    except NotImplementedError as error:
        message = f"{call.operation or 'This operation'} of {call.service} is not in the local AWS: {error}"
        return errors.serialized(errors.AwsError("NotImplemented", message), call, request, 501)
    except Exception as error:
        print(f"{call.service} {call.operation} failed:", file=sys.stderr)
        traceback.print_exc()
        message = f"The local AWS failed on {call.operation}: {error!r}"
        return errors.serialized(errors.AwsError("InternalFailure", message), call, request, 500)


def _error_code(headers: Mapping[str, Any], body: bytes) -> str | None:
    for name, value in headers.items():
        if name.lower() == "x-amzn-errortype":
            return str(value).split(":", 1)[0].rsplit("#", 1)[-1]
    match = ERROR_CODE_XML.search(body) or ERROR_CODE_JSON.search(body)
    return match[1].decode().rsplit("#", 1)[-1] if match else None
