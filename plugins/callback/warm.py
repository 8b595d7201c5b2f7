# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: warm
type: aggregate
short_description: Load once what every task needs
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - Ansible runs each task in a fork of the controller, which loads filters, connection and other plugins anew. This
    loads them in the controller when the first play starts, so that the forks have them.
  - Starts the server of P(slipway.fargate.warm#connection), which is then ready when the first module arrives.
  - Keeps what only depends on files for all forks and for the next run - payloads of modules, and what Jinja compiled
    from templates of this collection - under C(ANSIBLE_HOME), in a folder that only the user can read. What the files
    of others hold, or what is encrypted, is not kept.
  - Sets the variable C(stack_unchanged) of all hosts, true until a task changes something or fails. What was read of
    AWS before is still right then. C(stack_looks_unchanged) is the same for the plays that set C(stack_look), which
    only look for changes.
  - Ends the forks with the controller, and lets a C(SIGINT) or C(SIGTERM) that comes in the middle of a fork wait until
    it is made, as it could be lost.
  - Does all this from the first play on whose connection is P(slipway.fargate.warm#connection).
  - Prints nothing and changes no result. Whatever it cannot load is loaded by the tasks, as without it.
requirements:
  - enabled in C(callbacks_enabled)
"""

EXAMPLES = r"""
# in ansible.cfg:
#   [defaults]
#   callbacks_enabled = slipway.fargate.plan, slipway.fargate.warm
"""

import contextlib
import importlib
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import (
    action_loader,
    connection_loader,
    filter_loader,
    lookup_loader,
    shell_loader,
    test_loader,
)

COLLECTION = "slipway.fargate"
CONNECTION = f"{COLLECTION}.warm"
FILTERS = Path(__file__).parents[1] / "filter"
UNCHANGED, LOOKS_UNCHANGED = "stack_unchanged", "stack_looks_unchanged"
MODULES = ("ansible.executor.module_common", "ansible.module_utils.common.arg_spec")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.fargate.warm"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started = False
        self._hosts: Any = None
        self._true: set[str] = set()  # what the hosts were told and is still right
        self._looking = False
        self._store: Any = None
        self._templates: Any = None

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._looking = play.vars.get("stack_look") is True
        if self._started or not _is_warm(play):
            return
        self._started = True
        self._watch(play)
        for warm_up in (
            self._open_store,
            self._start_server,
            _load_modules,
            _load_filters,
            _load_classes,
            self._share_templates,
            _tie_workers,
        ):
            with contextlib.suppress(Exception):  # the tasks meet the same error, and report it
                warm_up()

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.is_changed():
            self._changed()

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._changed()

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._changed()

    def _watch(self, play: Any) -> None:
        manager = play.get_variable_manager()
        self._hosts = manager, [host.name for host in manager._inventory.get_hosts()]
        self._true = {UNCHANGED, LOOKS_UNCHANGED}
        self._tell(dict.fromkeys(self._true, True))

    def _changed(self) -> None:
        """A look changes nothing: what was read before it is still right."""
        name = LOOKS_UNCHANGED if self._looking else UNCHANGED
        if name in self._true:
            self._true.remove(name)
            self._tell({name: False})

    def _tell(self, variables: dict[str, bool]) -> None:
        manager, names = self._hosts
        for name in names:
            manager.set_nonpersistent_facts(name, variables)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        with contextlib.suppress(OSError):
            if self._store and self._templates:
                self._store.keep(C.DEFAULT_LOCAL_TMP, self._templates)

    def _open_store(self) -> None:
        from ..plugin_utils import warm_store  # noqa: PLC0415 (may not fit this Ansible)

        with contextlib.suppress(OSError, LookupError):
            self._store = warm_store.Store(C.ANSIBLE_HOME)
            self._store.lend(C.DEFAULT_LOCAL_TMP)

    def _start_server(self) -> None:
        store = str(self._store.compiled) if self._store else ""
        connection_loader.get(CONNECTION, class_only=True).start_server(store)

    def _share_templates(self) -> None:
        from ..plugin_utils import warm_store, warm_templates  # noqa: PLC0415 (may not fit this Ansible)

        known = self._store.templates() if self._store else {}
        self._templates = warm_templates.Memory(C.DEFAULT_LOCAL_TMP, known, warm_store.own_folders())
        warm_templates.install(self._templates)


def _tie_workers() -> None:
    """Many short tasks make many forks, and a Ctrl-C in the middle of one is likely."""
    from ..plugin_utils import warm_workers  # noqa: PLC0415 (may not fit this Ansible)

    warm_workers.install()


def _load_modules() -> None:
    for name in MODULES:
        importlib.import_module(name)


def _load_filters() -> None:
    """The first look for a filter that is in no collection reads all files of filters there are."""
    filter_loader.get("combine")
    test_loader.get("contains")
    for file in sorted(FILTERS.glob("*.yml")):
        filter_loader.get(f"{COLLECTION}.{file.stem}")


def _load_classes() -> None:
    action_loader.get("ansible.legacy.normal", class_only=True)
    connection_loader.get(CONNECTION, class_only=True)
    lookup_loader.get(f"{COLLECTION}.component", class_only=True)
    shell_loader.get("sh")


def _is_warm(play: Any) -> bool:
    """The connection of the play's components is the same for all; a play may have none."""
    manager = play.get_variable_manager()
    with contextlib.suppress(Exception):
        host = manager._inventory.get_hosts(play.hosts)[0]
        return manager.get_vars(play=play, host=host).get("ansible_connection") == CONNECTION
    return False
