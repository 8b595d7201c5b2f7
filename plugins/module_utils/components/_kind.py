# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Facts = dict[str, Any]


@dataclass
class Aws:
    """An account in a region, as a reader of facts sees it."""

    client: Callable[[str], Any]  # a RetryingClient for a service
    region: str

    @cached_property
    def identity(self) -> dict[str, str]:
        return self.client("sts").get_caller_identity()

    @property
    def account_id(self) -> str:
        return self.identity["Account"]

    @property
    def partition(self) -> str:
        return self.identity["Arn"].split(":")[1]

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        parts = ("arn", self.partition, service, self.region if region else "", self.account_id if account else "")
        return ":".join((*parts, resource))


class Kind(NamedTuple):
    """How the facts of one kind of component are found."""

    resource: str  # what AWS calls it: "SQS queue"
    facts: Mapping[str, str]  # its facts beyond `name`, each with a description for the README
    read: Callable[[Aws, str, dict[str, Any]], Facts | None]  # (account, name, options) -> facts, None if not there
    predict: Callable[[Aws, str, dict[str, Any]], Facts] = lambda aws, name, options: {}  # what its name tells
    options: tuple[str, ...] = ()  # the role's variables that `read` needs beyond the name
    # More options: a fact of the component that one of the role's variables names, as (variable, fact).
    derived: Mapping[str, tuple[str, str]] = {}
    region: str = ""  # where it is, as a template; by default in `<kind>_region`, or else in `aws_region`
    # Whether AWS is still at work on what it asked for, so that the facts are going to change by themselves.
    is_pending: Callable[[Facts], bool] = lambda facts: False
