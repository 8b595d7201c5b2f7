# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets whose value is a JSON object. No message holds a value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError

PLACE = re.compile(r"\{(\w+)\}")


def parse(text: str, what: str) -> dict[str, Any]:
    """The keys of the object that the text is."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ResourceError(f"{what} is no JSON object")
    return found


def key_of(text: str, key: str, what: str) -> str:
    """The value of one key."""
    values = parse(text, what)
    if key not in values:
        raise ResourceError(f"{what} has no key {key}; it has {', '.join(sorted(values)) or 'none'}")
    return str(values[key])


def composed(template: Any, values: Mapping[str, Any], what: str) -> Any:
    """The template with the values in its places, as `{host}`; percent-encoded when it is a URL."""
    if not isinstance(template, str):
        return template
    missing = sorted(set(PLACE.findall(template)) - values.keys())
    if missing:
        raise ResourceError(f"{what} names {', '.join(missing)}; known are {', '.join(sorted(values))}")
    is_url = "://" in template
    return PLACE.sub(lambda place: _text(values[place[1]], is_url), template)


def _text(value: Any, is_url: bool) -> str:
    return quote(str(value), safe="") if is_url else str(value)
