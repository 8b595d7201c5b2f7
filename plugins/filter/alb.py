# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.elbv2 import (
    alternates,
    target_group_names,
    with_alternates,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import without_none

Definition = dict[str, Any]

DEFAULTS = {"deregistration_delay_seconds": 30}


def alb_target_groups(groups: Mapping[str, Mapping[str, Any]], prefix: str) -> list[Definition]:
    """The target groups of the role as slipway.fargate.elb_application_lb takes them."""
    names = target_group_names(groups, prefix)
    every = with_alternates(groups)
    return [{**DEFAULTS, **without_none(options), "name": names[key]} for key, options in every.items()]


def alb_listeners(
    listeners: Iterable[Mapping[str, Any]],
    groups: Mapping[str, Mapping[str, Any]],
    prefix: str,
    certificates: Mapping[str, str] | None = None,
) -> list[Definition]:
    """The listeners as slipway.fargate.elb_application_lb takes them, target groups by their names in AWS."""
    names, pairs = target_group_names(groups, prefix), alternates(groups)
    arns = certificates or {}

    def resolved(item: Mapping[str, Any]) -> Definition:
        given = without_none(item)
        given.pop("test_traffic", None)  # which of its rules ECS is told
        group = given.get("target_group")
        if group is not None:
            given["target_group"] = names.get(group, group)
        if group in pairs:
            given["alternate_target_group"] = names[pairs[group]]
        return given

    def certified(listener: Mapping[str, Any]) -> Definition:
        given = resolved(listener)
        if given.pop("certificate", None):
            given["certificate_arn"] = arns[listener["certificate"]]
        if "certificates" in given:
            given["certificates"] = [arns.get(item, item) for item in given["certificates"]]
        return given

    return [
        {**certified(listener), "rules": [resolved(rule) for rule in listener.get("rules") or []]}
        for listener in listeners
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"alb_target_groups": alb_target_groups, "alb_listeners": alb_listeners}
