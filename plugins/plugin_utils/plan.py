# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the results of tasks say of changes and failures: pure functions and plain data, no output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ansible_collections.slipway.fargate.plugins.module_utils.engine import SENSITIVE, UNKNOWN

Change = dict[str, Any]  # action, resource, name, attributes; action None: created or updated, and nothing says which
Result = Mapping[str, Any]

OURS = "slipway.fargate."
HIDDEN = "(hidden by no_log)"
NOT_STARTED = re.compile(r"is not started: .* failed in an earlier layer$")
AWS_ERROR = re.compile(
    r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>\w+) operation"
    r"(?: \(reached max retries: \d+\))?: (?P<words>.*)",
    re.DOTALL,
)
PREDICTED = re.compile(r"would (?:have been |have |be )?(creat|updat|modif|delet|remov)", re.IGNORECASE)
ACTIONS = {"creat": "create", "updat": "update", "modif": "update", "delet": "delete", "remov": "delete"}
SECRET_NAME = re.compile(r"(password|passphrase|secret_string|auth_token|private_key|secret_value|access_key)s?$", re.I)


class Upstream(NamedTuple):
    """A module of amazon.aws or community.aws: what it makes, and how to know that it made it."""

    resource: str
    name: str = "name"  # the option that names the resource
    created: str = ""  # where the result holds the time of its creation


# What a module makes; others of these collections are told from the module's own name.
UPSTREAM: dict[str, Upstream] = {
    "ec2_vpc_net": Upstream("VPC"),
    "ec2_vpc_subnet": Upstream("subnet", "cidr"),
    "ec2_vpc_igw": Upstream("internet gateway", "vpc_id"),
    "ec2_vpc_nat_gateway": Upstream("NAT gateway", "subnet_id", "create_time"),
    "ec2_vpc_route_table": Upstream("route table", "tags.Name"),
    "ec2_vpc_nacl": Upstream("network ACL"),
    "ec2_vpc_dhcp_option": Upstream("DHCP options", "tags.Name"),
    "ec2_eip": Upstream("Elastic IP address", "tag_value"),
    "ec2_security_group": Upstream("security group"),
    "iam_role": Upstream("IAM role", created="iam_role.create_date"),
    "iam_managed_policy": Upstream("IAM policy", created="policy.create_date"),
    "iam_policy": Upstream("IAM inline policy", "policy_name"),
    "iam_instance_profile": Upstream("IAM instance profile"),
    "kms_key": Upstream("KMS key", "alias", "creation_date"),
    "rds_instance": Upstream("RDS instance", "db_instance_identifier", "instance_create_time"),
    "rds_cluster": Upstream("RDS cluster", "db_cluster_identifier", "cluster_create_time"),
    "rds_instance_snapshot": Upstream("RDS snapshot", "db_snapshot_identifier", "snapshot_create_time"),
    "rds_cluster_snapshot": Upstream("RDS cluster snapshot", "db_cluster_snapshot_identifier", "snapshot_create_time"),
    "rds_subnet_group": Upstream("RDS subnet group"),
    "rds_instance_param_group": Upstream("RDS parameter group"),
    "rds_cluster_param_group": Upstream("RDS cluster parameter group"),
    "elasticache_subnet_group": Upstream("ElastiCache subnet group"),
    "elb_application_lb": Upstream("load balancer", created="created_time"),
    "s3_cors": Upstream("CORS rules of the bucket"),
    "s3_object": Upstream("S3 object", "object"),
    "sqs_queue": Upstream("SQS queue"),
    "ssm_parameter": Upstream("SSM parameter"),
    "secretsmanager_secret": Upstream("secret"),
    "route53": Upstream("Route 53 record", "record"),
    "route53_zone": Upstream("Route 53 zone", "zone"),
    "wafv2_ip_set": Upstream("WAF IP set"),
    "wafv2_web_acl": Upstream("WAF web ACL"),
    "wafv2_resources": Upstream("resource of the WAF web ACL"),
    "cloudtrail": Upstream("CloudTrail trail"),
    "cloudwatch_metric_alarm": Upstream("CloudWatch alarm"),
    "ecs_cluster": Upstream("ECS cluster"),
}


@dataclass
class Component:
    """What came of a component in this run."""

    name: str
    kind: str = ""
    seconds: float = 0.0
    changes: list[Change] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    not_started: bool = False
    failed: bool = False
    managed: bool = False  # whether a task of it could have changed anything

    @property
    def status(self) -> str:
        if self.failed:
            return "failed"
        if self.not_started:
            return "not_started"
        return "changed" if self.changes else "unchanged"

    def add(self, change: Change) -> bool:
        """Take a change; what is done to a resource that was created already belongs to its creation."""
        if change["action"] == "delete":
            self.changes.append(change)
            return True
        key = (change["resource"], change["name"])
        for known in reversed(self.changes):
            if (known["resource"], known["name"]) == key and known["name"] != HIDDEN:
                if known["action"] == "delete":
                    break
                _merge(known, change)
                return False
        self.changes.append(change)
        return True


def _merge(known: Change, change: Change) -> None:
    if change["action"] == "create" or known["action"] is None:
        known["action"] = change["action"] or known["action"]
    for name, values in change["attributes"].items():
        first = known["attributes"].get(name, values)
        known["attributes"][name] = {"before": first["before"], "after": values["after"]}


# ---- changes ----------------------------------------------------------------------------------


def may_change(action: str) -> bool:
    """Whether a module manages AWS resources, rather than the run itself."""
    collection, _, module = action.rpartition(".")
    return collection in ("amazon.aws", "community.aws", OURS.rstrip(".")) and not module.endswith("_info")


def changes_of(action: str, arguments: Result, result: Result, *, check: bool, started: float) -> Iterator[Change]:
    """The changes that a task's result tells of. `started` is when the task was, as a timestamp."""
    items = result.get("results")
    if isinstance(items, list) and "changes" not in result:
        for item in items:
            if isinstance(item, Mapping) and item.get("changed"):
                yield from changes_of(action, arguments, item, check=check, started=started)
        return
    if not may_change(action):
        return
    module = action.rpartition(".")[2]
    given = result.get("invocation", {}).get("module_args") or arguments
    if result.get("_ansible_no_log") or "censored" in result:
        yield _change(_removal(given), _upstream(module).resource, HIDDEN, {})
    elif isinstance(result.get("changes"), list):
        for change in result["changes"]:
            yield _change(change["action"], change["resource"], change["name"], change.get("attributes") or {})
    elif not action.startswith(OURS):
        upstream = _upstream(module)
        name = _dig(given, upstream.name) or _dig(given, "name") or module
        action_done = _removal(given) or _done(upstream, result, check=check, started=started)
        yield _change(action_done, upstream.resource, str(name), _differences(result))


def _change(action: str | None, resource: str, name: str, attributes: Result) -> Change:
    return {"action": action, "resource": resource, "name": name, "attributes": masked(attributes)}


def masked(attributes: Result) -> dict[str, dict[str, Any]]:
    """Attributes before and after, values of secrets hidden, and without those that are set to nothing."""
    shown = {}
    for name, values in attributes.items():
        before, after = values.get("before"), values.get("after")
        if before is None and after is None:
            continue
        shown[name] = {"before": _hidden(name, before), "after": _hidden(name, after)}
    return shown


def _hidden(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(name, item) for item in value]
    secret = isinstance(value, str) and value and value != UNKNOWN and SECRET_NAME.search(name)
    return SENSITIVE if secret else value


def _upstream(module: str) -> Upstream:
    return UPSTREAM.get(module) or Upstream(module.replace("_", " "))


def _removal(arguments: Result) -> str | None:
    return "delete" if arguments.get("state") in ("absent", "deleted") else None


def _done(upstream: Upstream, result: Result, *, check: bool, started: float) -> str | None:
    """Created or updated, as far as the result tells it in check mode and in a real run alike."""
    difference = _difference(result)
    if difference is not None:
        return "update" if difference[0] else "create"
    predicted = PREDICTED.search(str(result.get("msg") or "")) if check else None
    if predicted:
        return ACTIONS[predicted[1].lower()]
    if not upstream.created:
        return None
    created = _dig(result, upstream.created)
    if check:
        return "update" if created else "create"
    moment = _moment(created)
    # AWS's clock may be ahead or behind a little, and some of its times are whole seconds.
    return None if moment is None else "create" if moment >= int(started) - 1 else "update"


def _difference(result: Result) -> tuple[Result, Result] | None:
    found = result.get("diff")
    found = found[0] if isinstance(found, list) and found else found
    if not isinstance(found, Mapping) or not {"before", "after"} <= found.keys():
        return None
    before, after = (found[key] or {} for key in ("before", "after"))
    return (before, after) if isinstance(before, Mapping) and isinstance(after, Mapping) else None


def _differences(result: Result) -> dict[str, dict[str, Any]]:
    before, after = _difference(result) or ({}, {})
    names = sorted({*before, *after})
    return {n: {"before": before.get(n), "after": after.get(n)} for n in names if before.get(n) != after.get(n)}


def _dig(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _moment(value: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def resolve(components: list[Component]) -> None:
    """Decide what no result decided.

    A few modules say that something changed, and neither what nor whether it is new. It is taken for new when, of
    the changes that are certain, the component's own or else those of the whole run, some are creations and none is an
    update; otherwise for an update. What is certain is certain in check mode and in a real run alike, so both come
    to the same.
    """
    everything = _certain(components)
    for component in components:
        own = _certain([component])
        decided = "create" if (own or everything) == {"create"} else "update"
        for change in component.changes:
            change["action"] = change["action"] or decided


def _certain(components: list[Component]) -> set[str]:
    return {
        change["action"]
        for component in components
        for change in component.changes
        if change["action"] in ("create", "update")
    }


# ---- failures ---------------------------------------------------------------------------------


def failure_of(action: str, arguments: Result, result: Result, task: str) -> dict[str, Any]:
    """Why a task failed: what it was about, the API call, and AWS's words."""
    items = result.get("results")
    failed = [i for i in items if isinstance(i, Mapping) and i.get("failed")] if isinstance(items, list) else []
    if failed:
        result = failed[0]
    message = str(result.get("msg") or result.get("censored") or result.get("reason") or "failed").strip()
    given = result.get("invocation", {}).get("module_args") or arguments
    resource, name = _about(action, given)
    found = AWS_ERROR.search(message)
    return {
        "task": task,
        "resource": resource,
        "name": name,
        "operation": found["operation"] if found else None,
        "code": found["code"] if found else None,
        "message": _one_line(found["words"]) if found else message,
        "what": _one_line(message[: found.start()]).rstrip(": ") if found else "",
    }


def _about(action: str, arguments: Result) -> tuple[str | None, str | None]:
    if not may_change(action):
        return None, None
    module = action.rpartition(".")[2]
    upstream = _upstream(module)
    name = _dig(arguments, upstream.name) or _dig(arguments, "name")
    return upstream.resource, None if name is None else str(name)


def cause(failure: Mapping[str, Any]) -> str:
    """A failure in one line."""
    lines = failure["message"].splitlines() or [""]
    if not failure["operation"]:
        more = len(lines) - 1
        return lines[0] if not more else f"{lines[0]} ({more} more line{'s' if more > 1 else ''} above)"
    what = failure["what"]
    about = f"{failure['resource']} {failure['name']}" if failure["resource"] and failure["name"] else ""
    if about and str(failure["name"]) not in what:
        what = f"{about}: {what}" if what else about
    return ": ".join(
        part for part in (what, failure["operation"], failure["code"], _one_line(failure["message"])) if part
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
