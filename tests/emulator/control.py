# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/_local/: the request log, settings, faults and reset."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock
from moto.s3.models import s3_backends

from . import access
from .calls import query_arguments
from .state import ANY_ACCOUNT, STATE, Entry, Fault

Answer = tuple[int, Mapping[str, Any], bytes]


class BadRequest(Exception):
    """What was sent is not understood."""


def answer(environ: dict[str, Any]) -> Answer:
    key = (environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/_local/").strip("/"))
    action = ACTIONS.get(key)
    if action is None:
        known = ", ".join(f"{method} /_local/{name}" for method, name in ACTIONS)
        return _json(404, {"error": f"there is {known}"})
    try:
        return _json(200, action(_arguments(environ)))
    except (BadRequest, ValueError, TypeError) as error:
        return _json(400, {"error": str(error)})


def _arguments(environ: dict[str, Any]) -> dict[str, Any]:
    body = environ["wsgi.input"].read()
    document = json.loads(body) if body.strip() else {}
    if not isinstance(document, dict):
        raise BadRequest("the body must be a JSON object")
    return {**query_arguments(environ), **document}


def _json(status: int, document: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


def health(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ok"}


def requests(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    entries = STATE.entries(arguments.get("account"), int(arguments.get("since", 0)))
    return [_shown(entry) for entry in entries]


def _shown(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "write": access.is_write(entry.service, entry.operation)}


def reset(arguments: dict[str, Any]) -> dict[str, Any]:
    account = arguments.get("account")
    if account is None:
        BackendDict.reset()
        s3_backends.bucket_accounts.clear()
    else:
        _reset_account(str(account))
    STATE.forget(account)
    return {"reset": account or "everything"}


def _reset_account(account: str) -> None:
    with backend_lock:
        for backends in list(BackendDict._instances):
            regions = backends.pop(account, None)
            if regions is not None and backends is s3_backends:
                regions.reset()  # closes the files of the objects
        for bucket, (_, owner) in list(s3_backends.bucket_accounts.items()):
            if owner == account:
                del s3_backends.bucket_accounts[bucket]


def change_settings(arguments: dict[str, Any]) -> dict[str, Any]:
    values = dict(arguments)
    return STATE.change_settings(str(values.pop("account", ANY_ACCOUNT)), values)


def show_settings(arguments: dict[str, Any]) -> dict[str, Any]:
    return dict(STATE.settings.get(str(arguments.get("account", ANY_ACCOUNT)), {}))


def add_fault(arguments: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise BadRequest(f"unknown: {', '.join(unknown)}; there is {', '.join(sorted(known))}")
    fault = Fault(**{"account": "*", "service": "*", "operation": "*", **arguments})
    with STATE.lock:
        STATE.faults.append(fault)
    return asdict(fault)


def list_faults(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    with STATE.lock:
        return [asdict(fault) for fault in STATE.faults]


def clear_faults(arguments: dict[str, Any]) -> dict[str, Any]:
    account = arguments.get("account")
    with STATE.lock:
        kept = [f for f in STATE.faults if account is not None and f.account != account]
        removed = len(STATE.faults) - len(kept)
        STATE.faults[:] = kept
    return {"removed": removed}


ACTIONS: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
    ("GET", "health"): health,
    ("GET", "requests"): requests,
    ("POST", "reset"): reset,
    ("GET", "settings"): show_settings,
    ("POST", "settings"): change_settings,
    ("GET", "faults"): list_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
}

# The tables of the IAM definition take half a second to load: not while somebody waits for an answer.
threading.Thread(target=access.warm_up, daemon=True).start()
