# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the corrected services share: forwarding, states that pass with reads, tags, small checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends

from .errors import AwsError
from .state import STATE

Params = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def forward(response: type[BaseResponse], backends: BackendDict[Any], names: str | Mapping[str, str]) -> None:
    """These operations are answered by a method of the backend: parameters in, result out.

    Names alone are those of the method and of the operation; a mapping gives an operation its method.
    """

    def method(name: str) -> Callable[[BaseResponse], ActionResult]:
        def call(self: BaseResponse) -> ActionResult:
            backend = backend_of(backends, self.current_account, self.region)
            return ActionResult(getattr(backend, name)(parameters(self)))

        call.__name__ = name
        return call

    methods = {name: name for name in names.split()} if isinstance(names, str) else names
    for operation, name in methods.items():
        setattr(response, operation, method(name))


def backend_of(backends: BackendDict[Any], account: str, region: str) -> Any:
    regions = backends[account]
    return regions[region] if region in regions else regions["aws"]


def parameters(response: BaseResponse) -> Params:
    if response.automated_parameter_parsing:
        return {**response.params, **response.uri_match}
    body = json.loads(response.body) if response.body else {}
    return {**body, **response.uri_match}


def given(params: Params, names: Iterable[str]) -> Params:
    """The parameters of these names that the caller set."""
    return {name: params[name] for name in names if params.get(name) is not None}


def require(params: Params, *names: str) -> None:
    for name in names:
        if params.get(name) in (None, ""):
            raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")


# ---- states that pass with reads --------------------------------------------------------------


def begin(backend: BaseBackend, kind: str, name: str, status: str) -> bool:
    """The resource reports this status for the next reads; False when the account wants everything at once."""
    reads = int(STATE.setting(backend.account_id, "provisioning_reads", 0) or 0)
    if reads <= 0:
        return False
    STATE.pending[_place(backend, kind, name)] = [reads, status]
    return True


def passing(backend: BaseBackend, kind: str, name: str, *, read: bool = False) -> str | None:
    """The status that has not passed yet; a read brings it nearer to its end."""
    place = _place(backend, kind, name)
    left = STATE.pending.get(place)
    if left is None:
        return None
    if left[0] <= 0:
        STATE.pending.pop(place, None)
        return None
    if read:
        left[0] -= 1
    return str(left[1])


def _place(backend: BaseBackend, kind: str, name: str) -> tuple[str, str, str, str]:
    return backend.account_id, backend.region_name, kind, name


# ---- tags -----------------------------------------------------------------------------------------


class Tags:
    """Tags by ARN, in the order in which they were set."""

    def __init__(self, key: str = "Key", value: str = "Value") -> None:
        self._key, self._value = key, value
        self._tags: dict[str, dict[str, str]] = {}

    def add(self, arn: str, tags: Iterable[Mapping[str, str]] | None) -> None:
        mine = self._tags.setdefault(arn, {})
        mine.update({tag[self._key]: tag.get(self._value, "") for tag in tags or ()})

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._tags.get(arn, {}).pop(key, None)

    def drop(self, arn: str) -> None:
        self._tags.pop(arn, None)

    def list(self, arn: str) -> list[dict[str, str]]:
        return [{self._key: key, self._value: value} for key, value in self._tags.get(arn, {}).items()]

    def dict(self, arn: str) -> dict[str, str]:
        return dict(self._tags.get(arn, {}))


# ---- look-ups in other services -----------------------------------------------------------------


def subnet_details(backend: BaseBackend, subnet_ids: Iterable[str], code: str) -> list[Any]:
    """EC2's subnets of these ids; the given error for one that is not there."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    known = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    found = []
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            raise AwsError(code, f"The requested subnet {subnet_id} does not exist.")
        found.append(known[subnet_id])
    return found


def check_security_groups(backend: BaseBackend, group_ids: Iterable[str], code: str) -> None:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    known = {group_id for groups in ec2.groups.values() for group_id in groups}
    for group_id in group_ids:
        if group_id not in known:
            raise AwsError(code, f"Invalid security group {group_id}: it does not exist.")
