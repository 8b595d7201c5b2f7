# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

# What a copy has of its database, by what people call it; what a cluster or an instance does not have is left out.
COMPARED = {
    "engine": "engine",
    "version": "engine_version",
    "encryption": "storage_encrypted",
    "key": "kms_key_id",
    "storage type": "storage_type",
    "storage": "allocated_storage",
    "database": "database",
    "user": "username",
    "port": "port",
    "subnet group": "subnet_group",
    "security groups": "security_group_ids",
    "parameter group": "parameter_group",
    "public address": "publicly_accessible",
}


def restore_report(
    copy: Mapping[str, Any], source: Mapping[str, Any], as_of: str, began: str, ended: str
) -> dict[str, Any]:
    """How a copy out of a backup compares with its database, and how old its data is."""
    ready = copy["status"] == "available" and bool(copy["address"])
    lines = [(ready, "reachable", f"{copy['status']} at {copy['address'] or 'no address'}:{copy['port']}")]
    for what, key in COMPARED.items():
        if key in source:
            same = copy.get(key) == source[key]
            found = _shown(copy.get(key))
            lines.append((same, what, found if same else f"{found}; the database has {_shown(source[key])}"))
    took, age = _minutes(began, ended), _minutes(as_of, began)
    data = f"{source['name']} as of {as_of}, {age} min before the test"
    heading = f"{data}, was restored as {copy['name']} and compared in {took} min"
    rows = [f"  {'ok' if good else 'FAILED':<6}  {what:<15} {found}" for good, what, found in lines]
    return {"text": "\n".join([heading, *rows]), "failed": [what for good, what, _found in lines if not good]}


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)


def _minutes(begin: str, end: str) -> int:
    return max(0, round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 60))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"restore_report": restore_report}
