# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one module of ours as Ansible does, and the matrix that every one of them passes."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest import mock

from ansible.module_utils.testing import patch_module_args
from botocore.loaders import JSONFileLoader

from tests.support.local_aws import Account

# Every run of a module makes its clients anew; the services' models need no second parsing.
_load_file = JSONFileLoader.load_file
_parsed = cache(lambda path: _load_file(JSONFileLoader(), path))
JSONFileLoader.load_file = lambda self, path: _parsed(path)

PACKAGE = "ansible_collections.slipway.fargate.plugins.modules"
COMMON = {  # options of every AWS module, and those that say how rather than what
    *("access_key", "secret_key", "session_token", "profile", "endpoint_url", "validate_certs", "aws_ca_bundle"),
    *("aws_config", "debug_botocore_endpoint_logs", "region", "state", "wait", "wait_timeout", "purge_tags"),
}


class ModuleFailed(AssertionError):
    """The module ended with fail_json; the result is at hand."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = result


def run_module(account: Account, module_name: str, /, *, _check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of the module; ModuleFailed when it fails."""
    module = importlib.import_module(f"{PACKAGE}.{module_name}")
    arguments = {
        "access_key": account.id,
        "secret_key": "a-secret-access-key",
        "endpoint_url": account.url,
        "region": account.region,
        "_ansible_check_mode": _check,
        "_ansible_diff": True,
        **options,
    }
    printed = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        module.main()
    result = json.loads(printed.getvalue())
    if result.get("failed"):
        raise ModuleFailed(result)
    return result


def argument_names(name: str) -> set[str]:
    """The options of the module that say what the resource is to be."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    with mock.patch.object(module, "AnsibleAWSModule", side_effect=_Made) as made, contextlib.suppress(_Made):
        module.main()
    return set(made.call_args.kwargs["argument_spec"]) - COMMON


class _Made(Exception):
    """Ends the module once its argument specification is known."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()


@dataclass
class Matrix:
    """A module, the options that create its resource, and every updatable option with another value."""

    module: str
    key: str  # the key of the result
    base: dict[str, Any]
    updates: dict[str, Any]  # option -> new value, or -> a dict of several options {"option": ...} under any label
    fixed: set[str] = field(default_factory=set)  # options that name the resource or cannot be changed in place
    absent: dict[str, Any] = field(default_factory=dict)  # what state=absent needs; by default the base
    seen: dict[str, Callable[[Account], Any]] = field(default_factory=dict)  # option -> its value in AWS, by boto3

    def options(self, label: str) -> dict[str, Any]:
        value = self.updates[label]
        return value if label.startswith("+") else {label: value}

    def check(self, account: Account) -> None:
        """Check on empty, apply, again, check after; each option alone likewise; absent, absent again."""
        covered = {option for label in self.updates for option in self.options(label)} | self.fixed
        assert argument_names(self.module) == covered | set(self.base), "every option has its place in the matrix"
        self._applied(account, self.base, "create")
        now = dict(self.base)
        for label in self.updates:
            now |= self.options(label)
            done = self._applied(account, now, "update")
            if label in self.seen:
                assert self.seen[label](account) == self.updates[label]
            assert done["changed"]
        self._removed(account, self.absent or now)

    def _applied(self, account: Account, options: dict[str, Any], action: str) -> dict[str, Any]:
        predicted = self._preview(account, **options)
        assert predicted["changed"], f"check mode did not see {action} of {options}"
        done = run_module(account, self.module, **options)
        assert done["changed"]
        assert _kinds(done) == _kinds(predicted)
        assert action in {change["action"] for change in done["changes"]}
        assert done["diff"] and [d["before"] for d in done["diff"]] != [d["after"] for d in done["diff"]]
        assert _shape(done[self.key]) == _shape(predicted[self.key])
        again = run_module(account, self.module, **options)
        assert not again["changed"], again["changes"]
        after = self._preview(account, **options)
        assert not after["changed"], after["changes"]
        assert again[self.key] == done[self.key] == after[self.key]
        return done

    def _removed(self, account: Account, options: dict[str, Any]) -> None:
        assert self._preview(account, **options, state="absent")["changed"]
        removed = run_module(account, self.module, **options, state="absent")
        assert removed["changed"] and {change["action"] for change in removed["changes"]} == {"delete"}
        assert not self._preview(account, **options, state="absent")["changed"]
        assert not run_module(account, self.module, **options, state="absent")["changed"]

    def _preview(self, account: Account, **options: Any) -> dict[str, Any]:
        since = account.position()
        result = run_module(account, self.module, _check=True, **options)
        assert account.writes(since) == [], "check mode must not write"
        return result


def _kinds(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [(c["action"], c["resource"], c["name"], *sorted(c["attributes"])) for c in result["changes"]]


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return [sorted(item) if isinstance(item, dict) else None for item in value]
    return sorted(value)
