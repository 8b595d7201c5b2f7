# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _policies
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known

NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+")


def problems(options: dict[str, Any]) -> Iterator[str]:
    name = known(options, "iam_role_name")
    if name is not None and not NAME.fullmatch(str(name)):
        length = len(str(name))
        yield f"iam_role_name is {name!r} with {length} characters; allowed are 1 to 64 letters, digits and +=,.@_-"
    for service in known(options, "iam_role_trusted_services") or []:
        if not SERVICE.fullmatch(service):
            yield f"iam_role_trusted_services has {service!r}; allowed are services as ecs-tasks.amazonaws.com"
    if options.get("iam_role_policy_only"):
        if not options.get("iam_role_policy_statements"):
            yield "iam_role_policy_only is true and iam_role_policy_statements is empty; needed is a statement"
    elif options.get("iam_role_trusted_services") == [] and not options.get("iam_role_trust_statements"):
        yield "iam_role_trusted_services is empty; needed is a service, or a statement in iam_role_trust_statements"
    arns = {"iam_role_permissions_boundary": [known(options, "iam_role_permissions_boundary")]}
    arns["iam_role_managed_policies"] = known(options, "iam_role_managed_policies") or []
    for option, values in arns.items():
        for arn in values:
            if arn and not is_unknown(arn) and not POLICY_ARN.fullmatch(arn):
                yield f"{option} has {arn!r}; allowed are ARNs of policies, as arn:aws:iam::aws:policy/ReadOnlyAccess"
    yield from between(options, "iam_role_max_session_seconds", 3600, 43_200)
    yield from _policies.statement_problems(options, "iam_role_policy_statements", "Effect", "Action", "Resource")
    yield from _policies.wildcard_problems(options, "iam_role_policy_statements", "iam_role_allow_wildcard_actions")
    yield from _policies.statement_problems(
        options, "iam_role_trust_statements", "Effect", "Principal", "Action", given=("Resource",)
    )
