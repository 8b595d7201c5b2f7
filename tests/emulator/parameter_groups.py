# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of engine parameters, and what a parameter group does with them (ElastiCache and RDS)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import AwsError


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    default: str | None
    allowed: str
    modifiable: bool
    apply: str

    def check(self, value: str) -> None:
        if not self.modifiable:
            raise AwsError("InvalidParameterValue", f"The parameter {self.name} cannot be modified.")
        if not self._accepts(value):
            raise AwsError(
                "InvalidParameterValue",
                f"The parameter value {value} is invalid for the parameter {self.name}. "
                f"Allowed values: {self.allowed or 'any'}.",
            )

    def _accepts(self, value: str) -> bool:
        if not self.allowed:
            return True
        if self.allowed.startswith("/"):
            return re.match(self.allowed.strip("/"), value) is not None
        if "{" in value and self.type != "string":
            return True  # a formula of the instance's memory
        choices = self.allowed.split(",")
        if self.type == "list":
            return all(part.strip() in choices for part in value.split(",") if part.strip())
        return any(value == choice or _in_range(value, choice, self.type) for choice in choices)


def _in_range(value: str, choice: str, kind: str) -> bool:
    bounds = re.match(r"^(-?[\d.]+)-(-?[\d.]+)?$", choice)
    if kind == "string" or not bounds or not re.match(r"^-?\d+(\.\d+)?$", value):
        return False
    number = float(value)
    return float(bounds[1]) <= number and (bounds[2] is None or number <= float(bounds[2]))


@functools.cache
def table(file: str, family: str) -> dict[str, Parameter]:
    """The parameters of a family, from a table of this folder."""
    found: dict[str, Parameter] = {}
    for line in Path(__file__).with_name(file).read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, kind, default, allowed, modifiable, apply, families = (part.strip() for part in line.split(" |"))
        if any(family.startswith(prefix) for prefix in families.split()):
            found[name] = Parameter(name, kind, default or None, allowed, modifiable == "true", apply)
    return found


def changed(known: dict[str, Parameter], settings: Iterable[dict[str, str]]) -> dict[str, str]:
    """The checked values of a request; all are right or none is taken."""
    values: dict[str, str] = {}
    for setting in settings:
        name = setting.get("ParameterName") or ""
        if name not in known:
            raise AwsError("InvalidParameterValue", f"Could not find parameter with name: {name}")
        value = str(setting.get("ParameterValue", ""))
        known[name].check(value)
        values[name] = value
    return values
