# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore computes from its own files alone, kept for all forks of the warm server.

Only results that depend on nothing but the installed botocore are shared: parsed service models, snake-cased names,
aliases of event names, signatures of its handlers. No session, client, credential, endpoint or configuration ever is:
the server makes none that a fork could find.
"""

# ruff: noqa: PTH112, PTH208, PLC0415
# botocore is imported when the first payload needs it.

from __future__ import annotations

import copy
import inspect
import itertools
import os
import re
import types
import typing as t

Key = tuple[t.Any, ...]

# Data files that only botocore ships. (boto3 adds a search path of its own, with resources-1 in it.)
SHARED_TYPES = frozenset(("service-2", "endpoint-rule-set-1", "endpoint-bdd-1", "paginators-1", "waiters-2"))
SHARED_DATA = frozenset(("endpoints", "partitions", "sdk-default-configuration", "_retry"))
MAX_ALIASES = 300
CLIENT_CALL = re.compile(rb"""\bclient\(\s*['"]([a-z0-9-]+)['"]""")


class Warmth:
    """Shared results, and the hooks by which botocore finds them."""

    def __init__(self) -> None:
        import botocore.loaders

        self._loaders = botocore.loaders
        self._loader = botocore.loaders.Loader(include_default_search_paths=False)
        self._loader.search_paths.append(self._loader.BUILTIN_DATA_PATH)
        self._adopted: list[t.Any] = []
        self._services: dict[str, Service] = {}
        self._aliases: dict[str, str] = {}
        self._known_aliases = 0
        for kind, names in list_services(self._loader.BUILTIN_DATA_PATH).items():
            self._loader._cache["list_available_services", kind] = names
        self._share_models()
        self._share_aliases()
        self._share_signatures()
        for name in SHARED_DATA:
            self.learn([("load_data_with_path", name)])
        self._emitter = self._rehearse()
        self._share_methods()

    # learning, in the server

    def expect(self, source: bytes) -> None:
        """Load the models of the services that a module's source makes clients of."""
        known = self._loader.list_available_services("service-2")
        for service in sorted({match.decode() for match in CLIENT_CALL.findall(source)}):
            if service in known:
                self.learn(
                    [
                        ("load_service_model", service, kind, "api_version", None)
                        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1")
                    ]
                )

    def learn(self, keys: list[Key]) -> None:
        """Load what a fork had to load by itself, for those that follow."""
        for key in keys:
            method, *arguments = key
            if method == "alias":
                self._aliases.setdefault(*arguments)
            if key in self._loader._cache or not _is_shared(key):
                continue
            try:
                if method == "load_service_model":
                    model = self._loader.load_service_model(
                        *arguments[:2], **dict(zip(arguments[2::2], arguments[3::2], strict=True))
                    )
                    if arguments[1] == "service-2":
                        self._services[arguments[0]] = Service(arguments[0], model, self._emitter)
                elif method == "load_data_with_path":
                    self._loader.load_data_with_path(*arguments)
            except Exception:  # the fork met the same error, and reported it
                pass

    def news(self) -> list[Key]:
        """In a fork, when it ends: what it loaded that the server does not have."""
        models = [
            key
            for loader in self._adopted
            for key in loader._cache
            if key not in self._loader._cache and _is_shared(key)
        ]
        aliases = [("alias", *item) for item in itertools.islice(self._aliases.items(), self._known_aliases, None)]
        return [*models, *aliases[:MAX_ALIASES]]

    def fork(self) -> None:
        """In a fork, when it begins: what is older than this is no news."""
        self._known_aliases = len(self._aliases)

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
        return (
            type(loader) is self._loaders.Loader
            and existing == [self._loader.BUILTIN_DATA_PATH]
            and loader.extras_types == self._loader.extras_types
            and type(loader.file_loader) is self._loaders.JSONFileLoader
        )

    def _share_aliases(self) -> None:
        """EventAliaser's cache of names, for the table of aliases that botocore ships."""
        import botocore.hooks

        shared = self._aliases
        builtin = dict(botocore.hooks.EVENT_ALIASES)
        initialise = botocore.hooks.EventAliaser.__init__

        def __init__(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            initialise(self, *args, **kwargs)
            if self._event_aliases == builtin:
                self._alias_name_cache = shared

        botocore.hooks.EventAliaser.__init__ = __init__  # type: ignore[method-assign]

    @staticmethod
    def _share_signatures() -> None:
        """Every session asks of all its handlers whether they take keyword arguments: read it off their code."""
        import botocore.hooks

        accepts_kwargs = botocore.hooks.accepts_kwargs

        def accepts_kwargs_quickly(func: t.Any) -> t.Any:
            plain = func.__func__ if type(func) is types.MethodType else func
            if type(plain) is not types.FunctionType or "__signature__" in vars(plain):
                return accepts_kwargs(func)
            code = plain.__code__
            if not code.co_flags & inspect.CO_VARKEYWORDS:
                return None
            return code.co_varnames[
                code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
            ]

        botocore.hooks.accepts_kwargs = accepts_kwargs_quickly

    @staticmethod
    def _rehearse() -> t.Any:
        """Fill the cache of aliases: a session registers the same handlers each time. Return these handlers."""
        import botocore.session

        return copy.copy(botocore.session.Session().get_component("event_emitter"))

    def _share_methods(self) -> None:
        """Service models as objects, and the methods of client classes, for models that are shared."""
        from botocore.client import ClientCreator
        from botocore.model import NOT_SET

        services = self._services
        load_service_model = ClientCreator._load_service_model
        create_methods = ClientCreator._create_methods
        create_name_mapping = ClientCreator._create_name_mapping

        def _load_service_model(self: t.Any, service_name: str, api_version: str | None = None) -> t.Any:
            service = services.get(service_name)
            if service and service.model._signature_version is NOT_SET:
                description = self._loader.load_service_model(service_name, "service-2", api_version=api_version)
                if description is service.model._service_description:
                    return service.model
            return load_service_model(self, service_name, api_version)

        def _create_methods(self: t.Any, service_model: t.Any) -> dict[str, t.Any]:
            service = services.get(service_model.service_name)
            return (
                dict(service.methods)
                if service and service.model is service_model
                else create_methods(self, service_model)
            )

        def _create_name_mapping(self: t.Any, service_model: t.Any) -> dict[str, str]:
            service = services.get(service_model.service_name)
            return (
                dict(service.names)
                if service and service.model is service_model
                else create_name_mapping(self, service_model)
            )

        ClientCreator._load_service_model = _load_service_model  # type: ignore[method-assign]
        ClientCreator._create_methods = _create_methods  # type: ignore[method-assign]
        ClientCreator._create_name_mapping = _create_name_mapping  # type: ignore[method-assign]


class Service:
    """A service's model with what every client class of it is made from."""

    def __init__(self, name: str, description: t.Any, emitter: t.Any) -> None:
        from botocore.client import ClientCreator
        from botocore.model import ServiceModel

        creator: t.Any = object.__new__(ClientCreator)
        # Used when somebody reads the documentation of a method, for nothing else.
        creator._event_emitter = emitter
        self.model = ServiceModel(description, service_name=name)
        self.methods: dict[str, t.Any] = ClientCreator._create_methods(creator, self.model)
        self.names: dict[str, str] = ClientCreator._create_name_mapping(creator, self.model)
        # Cached on the model once asked for; each walks over all operations or shapes.
        _ = self.model.endpoint_discovery_operation, self.model._error_code_cache


def list_services(data_path: str) -> dict[str, list[str]]:
    """Which services have which kinds of data. Botocore walks over all its directories for each kind."""
    found: dict[str, set[str]] = {kind: set() for kind in SHARED_TYPES}
    for service in filter(os.DirEntry.is_dir, os.scandir(data_path)):
        for version in filter(os.DirEntry.is_dir, os.scandir(service.path)):
            for name in os.listdir(version.path):
                kind, _, extension = name.partition(".")
                if kind in found and extension in ("json", "json.gz"):
                    found[kind].add(service.name)
    return {kind: sorted(names) for kind, names in found.items()}


def _is_shared(key: Key) -> bool:
    method, *arguments = key
    if method == "load_data_with_path":
        name = arguments[0]
        return name in SHARED_DATA or name.rpartition("/")[2] in SHARED_TYPES
    return len(arguments) > 0 and (
        (method == "list_available_services" and arguments[0] in SHARED_TYPES)
        or (len(arguments) > 1 and arguments[1] in SHARED_TYPES)
    )
