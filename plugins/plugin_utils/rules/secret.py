# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known

NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
MOST = 65_536


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = known(options, "secret_name")
    if name is not None and not NAME.fullmatch(str(name)):
        yield f"secret_name is {name!r}; allowed are 1 to 512 letters, digits and /_+=.@-"
    least, value = known(options, "secret_min_length"), known(options, "secret_value")
    value = "" if value is None else str(value)
    if value:  # never shown: its length is all there is to say
        if least is not None and len(value) < least:
            yield f"secret_value has {len(value)} characters; allowed are {least} or more"
        if len(value.encode()) > MOST:
            yield f"secret_value has {len(value.encode())} bytes; allowed are {MOST} or fewer"
        if options.get("secret_rotation_lambda_arn"):
            yield "secret_value and secret_rotation_lambda_arn are set; allowed is one: the value undoes a rotation"
    yield from _json_problems(options, value)
    length = known(options, "secret_generate_length")
    if not value and None not in (least, length) and length < least:
        yield f"secret_generate_length is {length}; allowed are {least} or more, which is secret_min_length"
    yield from between(options, "secret_generate_length", 4, 4096)
    yield from between(options, "secret_rotation_days", 1, 1000)
    window = known(options, "secret_recovery_window_days")
    if window is not None and window != 0 and not 7 <= window <= 30:
        yield f"secret_recovery_window_days is {window}; allowed are 0 and 7 to 30"
    yield from _policies.statement_problems(
        options, "secret_policy_statements", "Effect", "Principal", "Action", given=("Resource",)
    )


def _json_problems(options: dict[str, Any], value: str) -> Iterator[str]:
    """Of a value that is a JSON object; its values are never shown."""
    values, key = known(options, "secret_json"), known(options, "secret_generate_key")
    if value and (values or key):
        yield "secret_value is set beside secret_json or secret_generate_key; allowed is either"
    if not isinstance(values, dict):
        return
    if key in values:
        yield f"secret_generate_key is {key}, a key of secret_json; allowed is one that it does not give"
    if "password" in values and options.get("secret_rotation_lambda_arn"):
        yield "secret_json gives password beside secret_rotation_lambda_arn; allowed is either: it undoes a rotation"
    if len(json.dumps(values, default=str).encode()) > MOST:
        yield f"secret_json has more than {MOST} bytes; allowed are {MOST} or fewer"
