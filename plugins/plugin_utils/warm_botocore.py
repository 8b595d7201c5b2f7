# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore computes from its own files alone, kept for all forks of the warm server.

Only results that depend on nothing but the installed botocore are shared: parsed service models, snake-cased names,
aliases of event names, signatures of its handlers. No session, client, credential, endpoint or configuration ever is:
the server makes none that a fork could find.
"""

from __future__ import annotations

import os
import re
import types
import typing as t

Key = tuple[t.Any, ...]

# Data files that only botocore ships. (boto3 adds a search path of its own, with resources-1 in it.)
SHARED_TYPES = frozenset(('service-2', 'endpoint-rule-set-1', 'endpoint-bdd-1', 'paginators-1', 'waiters-2'))
SHARED_DATA = frozenset(('endpoints', 'partitions', 'sdk-default-configuration', '_retry'))
CLIENT_CALL = re.compile(rb"""\bclient\(\s*['"]([a-z0-9-]+)['"]""")


class Warmth:
    """Shared results, and the hooks by which botocore finds them."""

    def __init__(self) -> None:
        import botocore.loaders

        self._loaders = botocore.loaders
        self._loader = botocore.loaders.Loader(include_default_search_paths=False)
        self._loader.search_paths.append(self._loader.BUILTIN_DATA_PATH)
        self._adopted: list[t.Any] = []
        self._share_models()
        self._share_aliases()
        self._share_signatures()
        for name in SHARED_DATA:
            self.learn([('load_data_with_path', name)])
        self._rehearse()

    # learning, in the server

    def expect(self, source: bytes) -> None:
        """Load the models of the services that a module's source makes clients of."""
        known = self._loader.list_available_services('service-2')
        for service in sorted({match.decode() for match in CLIENT_CALL.findall(source)}):
            if service in known:
                self.learn([('load_service_model', service, kind, 'api_version', None)
                            for kind in ('service-2', 'endpoint-rule-set-1')])

    def learn(self, keys: list[Key]) -> None:
        """Load what a fork had to load by itself, for those that follow."""
        for key in keys:
            method, *arguments = key
            if key in self._loader._cache or not _is_shared(key):
                continue
            try:
                if method == 'load_service_model':
                    model = self._loader.load_service_model(*arguments[:2], **dict(zip(*[iter(arguments[2:])] * 2)))
                    _know_names(arguments[1], model)
                elif method == 'load_data_with_path':
                    self._loader.load_data_with_path(*arguments)
            except Exception:  # the fork met the same error, and reported it
                pass

    def news(self) -> list[Key]:
        """In a fork, when it ends: what it loaded that the server does not have."""
        return [
            key for loader in self._adopted for key in loader._cache
            if key not in self._loader._cache and _is_shared(key)
        ]

    # sharing, in forks

    def _share_models(self) -> None:
        import botocore.session

        create_loader = self._loaders.create_loader

        def create_warm_loader(search_path_string: str | None = None) -> t.Any:
            loader = create_loader(search_path_string)
            if self._uses_builtin_data_only(loader):
                loader._cache.update((key, value) for key, value in self._loader._cache.items() if _is_shared(key))
                self._adopted.append(loader)
            return loader

        self._loaders.create_loader = botocore.session.create_loader = create_warm_loader  # type: ignore[attr-defined]

    def _uses_builtin_data_only(self, loader: t.Any) -> bool:
        existing = [path for path in loader.search_paths if os.path.isdir(path)]
        return (type(loader) is self._loaders.Loader and existing == [self._loader.BUILTIN_DATA_PATH]
                and loader.extras_types == self._loader.extras_types
                and type(loader.file_loader) is self._loaders.JSONFileLoader)

    @staticmethod
    def _share_aliases() -> None:
        """EventAliaser's cache of names, for the table of aliases that botocore ships."""
        import botocore.hooks

        shared: dict[str, str] = {}
        builtin = dict(botocore.hooks.EVENT_ALIASES)
        initialise = botocore.hooks.EventAliaser.__init__

        def __init__(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            initialise(self, *args, **kwargs)
            if self._event_aliases == builtin:
                self._alias_name_cache = shared

        botocore.hooks.EventAliaser.__init__ = __init__  # type: ignore[method-assign]

    @staticmethod
    def _share_signatures() -> None:
        """Every session asks of all its handlers whether they take keyword arguments."""
        import botocore.hooks

        known: dict[types.FunctionType, t.Any] = {}
        accepts_kwargs = botocore.hooks.accepts_kwargs

        def accepts_kwargs_once(func: t.Any) -> t.Any:
            if type(func) is not types.FunctionType:
                return accepts_kwargs(func)
            if func not in known:
                known[func] = accepts_kwargs(func)
            return known[func]

        botocore.hooks.accepts_kwargs = accepts_kwargs_once

    @staticmethod
    def _rehearse() -> None:
        """Fill the two caches above: a session registers the same handlers each time."""
        import botocore.session

        botocore.session.Session()


def _is_shared(key: Key) -> bool:
    method, *arguments = key
    if method == 'load_data_with_path':
        name = arguments[0]
        return name in SHARED_DATA or name.rpartition('/')[2] in SHARED_TYPES
    return len(arguments) > 0 and (
        method == 'list_available_services' and arguments[0] in SHARED_TYPES
        or len(arguments) > 1 and arguments[1] in SHARED_TYPES
    )


def _know_names(kind: str, model: t.Any) -> None:
    """xform_name keeps its own cache, of every operation that a client class has a method for."""
    from botocore import xform_name

    if kind == 'service-2':
        for name in model['operations']:
            xform_name(name)
            xform_name(name, '-')
