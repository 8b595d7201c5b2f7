# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an operation to the class that answers it: moto's, or ours where a service is corrected."""

from __future__ import annotations

import functools
import importlib
import warnings
from typing import Any

import moto.backends
import moto.core.errors
import moto.core.responses
import moto.core.utils
import moto.iam.models
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse
from moto.core.utils import convert_regex_to_flask_path
from moto.iam.models import iam_backends
from moto.moto_server.utilities import RegexConverter
from moto.moto_server.werkzeug_app import HTTP_METHODS, BackendRequest
from werkzeug.routing import Map, Rule

from .calls import Call

REGION_KEY = "slipway.region"

# Modules of this package that correct a service, in the order of their installation.
CORRECTIONS: tuple[str, ...] = (
    "acm",
    "applicationautoscaling",
    "budgets",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "cognitoidp",
    "config",
    "ec2",
    "ecs",
    "efs",
    "elasticache",
    "elbv2",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "sesv2",
    "sns",
    "sqs",
    "wafv2",
    "waf_associations",
)

# moto's response class -> ours
_responses: dict[type[BaseResponse], type[BaseResponse]] = {}


def answer_with(response: type[BaseResponse]) -> type[BaseResponse]:
    """Class decorator: this class answers instead of its base, a class of moto."""
    _responses[response.__bases__[-1]] = response
    return response


def model_with(backends: BackendDict[Any], backend: type[BaseBackend]) -> None:
    """New accounts and regions get a backend of this class."""
    backends.backend = backend
    backends.clear()


@functools.cache
def install() -> None:
    _speed_up()
    for name in CORRECTIONS:
        importlib.import_module(f"{__package__}.{name}")


def handle(call: Call, request: BackendRequest) -> Any:
    handler = _routes(call.service).bind(request.host).match(request.raw_path, method=request.method)[0]
    return handler(request, request.raw_url, dict(request.headers))


@functools.cache
def backend_dict(service: str) -> BackendDict[Any]:
    try:
        return moto.backends.get_backend(service)  # type: ignore[call-overload,no-any-return]
    except ImportError as error:
        raise NotImplementedError(f"the service {service} is unknown here") from error


@functools.cache
def _routes(service: str) -> Map:
    """The service's URL map, with our response classes in the places of moto's."""
    backend = backend_dict(service).backend
    origin = next(c for c in backend.__mro__ if c.__module__.startswith("moto."))
    urls = importlib.import_module(origin.__module__.removesuffix(".models").rsplit(".models.", 1)[0] + ".urls")
    routes = Map(converters={"regex": RegexConverter}, strict_slashes=False, merge_slashes=False)
    for pattern, handler in urls.url_paths.items():
        path = convert_regex_to_flask_path(pattern.format(""))
        if path:
            routes.add(Rule(path, endpoint=_ours(handler), methods=HTTP_METHODS))
    return routes


def _ours(handler: Any) -> Any:
    owner = getattr(handler, "__self__", None)
    if isinstance(owner, type) and owner in _responses:
        return getattr(_responses[owner], handler.__name__)
    return handler


def _region(self: BaseResponse, request: Any, full_url: str) -> str:
    """Also for presigned requests, whose scope moto does not read."""
    return str(request.environ.get(REGION_KEY) or self.default_region)


def _mark_visited(account_id: str, access_key: str, service: str, region: str) -> None:
    """moto makes the account's IAM for it, with all managed policies, whatever service is called."""
    if iam_backends.get(account_id):
        _moto_marks_visited(account_id, access_key, service, region)


_moto_marks_visited = moto.iam.models.mark_account_as_visited


def _speed_up() -> None:
    """What moto works out anew for each request never changes."""
    names = functools.cache(moto.core.utils.method_names_from_class)
    moto.core.responses.method_names_from_class = names  # type: ignore[assignment]
    moto.iam.models.mark_account_as_visited = _mark_visited
    BaseResponse.get_region_from_url = _region  # type: ignore[method-assign]
    one_factory = moto.core.errors.ErrorLookupFactory()
    moto.core.errors.ErrorLookupFactory = lambda: one_factory  # type: ignore[assignment,misc]
    # moto warns of every code that the service's model does not list; AWS sends such codes as well
    warnings.filterwarnings("ignore", message=".*does not match an error shape")
