# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one engine of all modules.

A module declares each AWS resource as a L(Resource) and calls L(run). The list of changes is computed once and
serves check mode, diff and apply alike, so they cannot disagree:

    read -> desired -> changes -> (check mode stops here) -> create/update/delete -> read -> return
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

try:
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import paginated_query_with_retries
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

UNKNOWN = "(known after apply)"
SENSITIVE = "(sensitive)"
RETRIES = {"retries": 8, "delay": 1, "max_delay": 20}

# Options that modules have in common; the documentation fragments describe them.
STATE_SPEC = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
TAGS_SPEC = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
WAIT_SPEC = {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int", "default": 1800}}

Attributes = dict[str, Any]
T = TypeVar("T")


class ResourceError(Exception):
    """A failure that the user can act on; its text is the whole message."""


class RetryingClient:
    """A boto3 client whose every operation is retried on throttling, as amazon.aws defines it, and on more codes."""

    def __init__(self, module: AnsibleAWSModule, service: str, *codes: str, region: str | None = None) -> None:
        retry = AWSRetry.jittered_backoff(**RETRIES, catch_extra_error_codes=list(codes))
        elsewhere = {"region": region} if region else {}
        self.wrapped = module.client(service, retry_decorator=retry, **elsewhere)

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self.wrapped, operation)
        if operation in ("meta", "exceptions", "get_paginator", "can_paginate", "get_waiter"):
            return method
        return lambda **parameters: method(aws_retry=True, **parameters)

    def list(self, operation: str, key: str, **parameters: Any) -> list[Any]:
        """All items of a paginated operation, over every page."""
        decorator = AWSRetry.jittered_backoff(**RETRIES)
        return paginated_query_with_retries(self.wrapped, operation, retry_decorator=decorator, **parameters)[key]


def is_unknown(value: Any) -> bool:
    """Whether a value is, or holds, one that only AWS can assign and has not assigned yet."""
    if isinstance(value, str):
        return UNKNOWN in value
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_unknown(item) for item in value)
    return False


def without_none(value: Any) -> Any:
    """The value without the suboptions that nobody set."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_none(item) for item in value]
    return value


def set_options(module: AnsibleAWSModule, *names: str) -> Attributes:
    """Those of the named options that somebody set: unset options are untouched."""
    return {name: without_none(module.params[name]) for name in names if module.params.get(name) is not None}


def covers(current: Any, desired: Any) -> bool:
    """Whether the current value already is the desired one; suboptions that are not set do not count."""
    if isinstance(desired, Mapping):
        return isinstance(current, Mapping) and all(covers(current.get(key), item) for key, item in desired.items())
    if isinstance(desired, list):
        same_length = isinstance(current, list) and len(current) == len(desired)
        return same_length and all(covers(old, new) for old, new in zip(current, desired, strict=True))
    return current == desired


def in_order(value: Any) -> Any:
    """A list that AWS treats as a set, in an order that does not depend on AWS."""
    if not isinstance(value, list):
        return value
    return sorted(value, key=lambda item: json.dumps(item, sort_keys=True, default=str))


@dataclass(frozen=True)
class Change:
    """What would be, or was, done to one resource."""

    action: str  # create, update or delete
    resource: str
    name: str
    before: Attributes
    after: Attributes

    def report(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "resource": self.resource,
            "name": self.name,
            "attributes": {
                key: {"before": self.before.get(key), "after": self.after.get(key)}
                for key in sorted(self.before.keys() | self.after.keys())
            },
        }


class Resource:
    """One AWS resource. Subclasses set the class attributes and write read, create, update and delete.

    Attributes are in snake case, in one normal form for what is read and what is desired.
    """

    type_name: ClassVar[str] = ""  # as AWS calls it: "ElastiCache user group"
    assigned: ClassVar[tuple[str, ...]] = ()  # attributes that only AWS can give
    defaults: ClassVar[Attributes] = {}  # what AWS gives an attribute that nobody sets on creation
    immutable: ClassVar[Mapping[str, str]] = {}  # attribute -> what to do instead of changing it
    unordered: ClassVar[tuple[str, ...]] = ()  # lists that AWS treats as sets
    policies: ClassVar[tuple[str, ...]] = ()  # IAM policy documents, compared as such
    sensitive: ClassVar[tuple[str, ...]] = ()  # shown as "(sensitive)"
    updates: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # method -> the attributes that it writes

    def __init__(self, module: AnsibleAWSModule, name: str, desired: Attributes, state: str = "present") -> None:
        self.module = module
        self.name = name
        self.desired = desired
        self.state = state
        self.current: Attributes | None = None
        self.change: Change | None = None

    # What a subclass writes.

    def read(self) -> Attributes | None:
        """The resource as it is in AWS, in normal form; None when there is none."""
        raise NotImplementedError

    def create(self) -> None:
        raise NotImplementedError

    def update(self, changed: set[str]) -> None:
        """Bring the changed attributes to what is desired; by default through the methods of `updates`."""
        for method, attributes in self.updates.items():
            if changed & set(attributes):
                getattr(self, method)()

    def delete(self) -> None:
        raise NotImplementedError

    def settle(self) -> None:
        """Wait until AWS has finished, also with what an earlier run began; called when everything is applied."""

    def predict(self) -> Attributes:
        """What a creation gives beyond defaults and desired attributes, where it can be computed."""
        return {}

    def needs(self) -> Iterable[Any]:
        """What `read` needs to find the resource; when it is known after apply only, the resource is not there."""
        return [self.name]

    def validate(self) -> None:
        """Raise L(ResourceError) for a combination that AWS would refuse, before anything is written."""

    # What the engine does with it.

    def plan(self) -> Change | None:
        self.validate()
        self.current = None if is_unknown(list(self.needs())) else self.read()
        if self.state == "absent":
            return self._change("delete", self.current, {}) if self.current is not None else None
        if self.current is None:
            return self._change("create", {}, self.expected())
        changed = sorted(key for key in self.desired if not self.same(key))
        if not changed:
            return None
        self._refuse_immutable(changed)
        after = self.expected()
        return self._change("update", {k: self.current.get(k) for k in changed}, {k: after.get(k) for k in changed})

    def apply(self) -> None:
        if self.change is None:
            return
        if self.change.action == "create":
            self.create()
        elif self.change.action == "update":
            self.update(set(self.change.after))
        else:
            self.delete()

    def same(self, key: str) -> bool:
        """Whether the current attribute is what is desired of it."""
        current, desired = (self.current or {}).get(key), self.desired[key]
        if key == "tags":
            return not any(self.tag_changes())
        if key in self.policies:
            return bool(current) == bool(desired) and not (desired and compare_policies(current, desired))
        if key in self.unordered:
            current, desired = in_order(current), in_order(desired)
        return covers(current, desired)

    def tag_changes(self) -> tuple[dict[str, str], list[str]]:
        """The tags to set and the keys to remove."""
        purge = self.module.params.get("purge_tags", True)
        return compare_aws_tags((self.current or {}).get("tags") or {}, self.desired.get("tags", {}), purge)

    def expected(self) -> Attributes:
        """The resource as it will be, in the shape that `read` gives."""
        if self.state == "absent":
            return {}
        if self.current is None:
            return {**dict.fromkeys(self.assigned, UNKNOWN), **self.defaults, **self.predict(), **self.desired}
        after = {**self.current, **self.desired}
        for key in self.desired:
            if (
                isinstance(after[key], Mapping)
                and isinstance(self.current.get(key), Mapping)
                and key not in self.policies
            ):
                after[key] = {**self.current[key], **self.desired[key]}
        if "tags" in self.desired:
            to_set, to_remove = self.tag_changes()
            after["tags"] = {k: v for k, v in {**self.current.get("tags", {}), **to_set}.items() if k not in to_remove}
        return after

    def masked(self, attributes: Attributes) -> Attributes:
        return {k: SENSITIVE if k in self.sensitive and v else v for k, v in attributes.items()}

    def _change(self, action: str, before: Attributes, after: Attributes) -> Change:
        return Change(action, self.type_name, self.name, self.masked(before), self.masked(after))

    def _refuse_immutable(self, changed: Iterable[str]) -> None:
        refused = [
            f"{key} cannot be changed from {self.current.get(key)!r} to {self.desired[key]!r}: {self.immutable[key]}"
            for key in changed
            if key in self.immutable
        ]
        if refused:
            raise ResourceError(f"{self.type_name} {self.name}: " + "; ".join(refused))


def wait_for(
    read: Callable[[], T],
    done: Callable[[T], bool],
    *,
    what: str,
    timeout: float,
    failed: Callable[[T], str | None] = lambda seen: None,
    describe: Callable[[T], str] = str,
) -> T:
    """Read until it is done, and return what was read last.

    The pause between two reads grows from 0.5 to 15 seconds. `failed` gives the reason when waiting on makes no
    sense. A L(ResourceError) says what was waited for and what AWS said last.
    """
    deadline = time.monotonic() + timeout
    pause = 0.5
    while True:
        seen = read()
        if done(seen):
            return seen
        reason = failed(seen)
        if reason:
            raise ResourceError(f"{what}: {reason}")
        if time.monotonic() + pause > deadline:
            raise ResourceError(f"{what}: not after {timeout:.0f} s; last seen: {describe(seen)}")
        time.sleep(pause)
        pause = min(pause * 2, 15)


def run(module: AnsibleAWSModule, resource: Resource, *, key: str, **more: Any) -> NoReturn:
    """Bring one resource to its desired state and exit with it under `key`."""
    _exit(module, [resource], lambda: {key: resource.masked(resource_result(module, resource)), **more})


def run_all(
    module: AnsibleAWSModule,
    resources: list[Resource],
    *,
    key: str,
    collect: Callable[[list[Attributes]], Any] = list,
) -> NoReturn:
    """Bring several resources, in their order, to their desired states.

    Exit under `key` with a list of those that are to be there, or with what `collect` makes of that list.
    """

    def result() -> dict[str, Any]:
        present = [resource for resource in resources if resource.state != "absent"]
        return {key: collect([resource.masked(resource_result(module, resource)) for resource in present])}

    _exit(module, resources, result)


def resource_result(module: AnsibleAWSModule, resource: Resource) -> Attributes:
    """The resource as it is, or in check mode as it would be."""
    if resource.change is None:
        return resource.current or {}
    if module.check_mode or resource.state == "absent":
        return resource.expected()
    return resource.read() or {}


def _exit(module: AnsibleAWSModule, resources: list[Resource], result: Callable[[], dict[str, Any]]) -> NoReturn:
    _refuse_unknown(module)
    doing, resource = "read", None
    try:
        for resource in resources:
            resource.change = resource.plan()
        if not module.check_mode:
            for resource in resources:
                doing = resource.change.action if resource.change else "read"
                resource.apply()
            doing = "wait for"
            for resource in resources:
                resource.settle()
        changes = [resource.change for resource in resources if resource.change]
        module.exit_json(
            changed=bool(changes),
            changes=[change.report() for change in changes],
            diff=_diff(changes),
            **result(),
        )
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    except (ClientError, BotoCoreError, WaiterError) as error:
        module.fail_json_aws(error, msg=f"Could not {doing} {resource.type_name} {resource.name}")


def _diff(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {
            "before": change.before,
            "after": change.after,
            "before_header": f"{change.resource} {change.name}",
            "after_header": f"{change.resource} {change.name}",
        }
        for change in changes
    ]


def _refuse_unknown(module: AnsibleAWSModule) -> None:
    """A placeholder of a preview must never reach a call that writes."""
    if module.check_mode:
        return
    unknown = sorted(name for name, value in module.params.items() if is_unknown(value))
    if unknown:
        module.fail_json(
            msg=f"{', '.join(unknown)}: {UNKNOWN!r} is a value of a preview; outside check mode it is refused"
        )
