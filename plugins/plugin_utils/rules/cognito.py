# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.cognito import attribute_problems
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import between, known

NAME = re.compile(r"[\w\s+=,.@-]{1,128}", re.ASCII)
SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = ("aws", "amazon", "cognito")
RANGES = {
    "cognito_password_minimum_length": (6, 99),
    "cognito_password_history": (0, 24),
    "cognito_temporary_password_days": (1, 365),
    "cognito_access_token_minutes": (5, 1440),
    "cognito_id_token_minutes": (5, 1440),
    "cognito_refresh_token_days": (1, 3650),
}
FLOWS = (
    *("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"),
    *("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"),
)
TYPES = ("String", "Number", "DateTime", "Boolean")


def problems(options: dict[str, Any]) -> Iterator[str]:
    for option in ("cognito_name", "cognito_client_name"):
        name = known(options, option)
        if name is not None and not NAME.fullmatch(str(name)):
            yield f"{option} is {name!r}; allowed are 1 to 128 letters, digits, blanks and _+=,.@-"
    secret, window = known(options, "cognito_secret_name"), known(options, "cognito_secret_recovery_window_days")
    if secret is not None and not SECRET.fullmatch(str(secret)):
        yield f"cognito_secret_name is {secret!r}; allowed are 1 to 512 letters, digits and /_+=.@-"
    if window is not None and window != 0 and not 7 <= window <= 30:
        yield f"cognito_secret_recovery_window_days is {window}; allowed are 0 and 7 to 30"
    for option, (low, high) in RANGES.items():
        yield from between(options, option, low, high)
    yield from _sign_in(options)
    yield from _attributes(options)
    yield from _domain(options)
    yield from _client(options)
    if not options.get("cognito_email_source_arn"):
        for option in ("cognito_email_from", "cognito_email_configuration_set"):
            if options.get(option):
                yield f"{option} is set; allowed is it only with cognito_email_source_arn"


def _sign_in(options: dict[str, Any]) -> Iterator[str]:
    if options.get("cognito_username_attributes") and options.get("cognito_alias_attributes"):
        yield "cognito_username_attributes and cognito_alias_attributes are set; allowed is one of them"
    verified = options.get("cognito_auto_verified_attributes")
    for name in options.get("cognito_verify_before_update") or []:
        if verified is not None and name not in verified:
            yield f"cognito_verify_before_update has {name}; allowed are those of cognito_auto_verified_attributes"
    recovery = options.get("cognito_account_recovery") or []
    if "admin_only" in recovery and len(recovery) > 1:
        yield "cognito_account_recovery has admin_only beside others; allowed is it alone"


def _attributes(options: dict[str, Any]) -> Iterator[str]:
    for index, entry in enumerate(known(options, "cognito_attributes") or []):
        where = f"cognito_attributes[{index}]"
        if not isinstance(entry, Mapping) or not entry.get("name"):
            yield f"{where} has no name; needed is one"
        elif entry.get("type", "String") not in TYPES:
            yield f"{where} has the type {entry['type']}; allowed are {', '.join(TYPES)}"
        else:
            whole = {"type": "String", "required": False, **entry}
            yield from (f"{where}: {problem}" for problem in attribute_problems([whole]))


def _domain(options: dict[str, Any]) -> Iterator[str]:
    domain, certificate = known(options, "cognito_domain"), known(options, "cognito_domain_certificate_arn")
    if domain and certificate == "" and (not PREFIX.fullmatch(domain) or any(word in domain for word in RESERVED)):
        yield (
            f"cognito_domain is {domain!r}; allowed are 1 to 63 small letters, digits and hyphens without "
            f"{', '.join(RESERVED)}, or a whole domain with cognito_domain_certificate_arn"
        )
    if certificate and ":us-east-1:" not in certificate:
        yield f"cognito_domain_certificate_arn is {certificate}; allowed is a certificate in us-east-1"


def _client(options: dict[str, Any]) -> Iterator[str]:
    for flow in known(options, "cognito_auth_flows") or []:
        if flow not in FLOWS:
            yield f"cognito_auth_flows has {flow!r}; allowed are {', '.join(FLOWS)}"
    flows, callbacks = options.get("cognito_oauth_flows") or [], options.get("cognito_callback_urls") or []
    if {"code", "implicit"} & set(flows) and not callbacks:
        yield "cognito_oauth_flows has code or implicit; needed are cognito_callback_urls"
    if "client_credentials" in flows and (len(flows) > 1 or options.get("cognito_client_secret") is False):
        yield "cognito_oauth_flows has client_credentials; allowed is it alone, and with cognito_client_secret"
    for option in ("cognito_callback_urls", "cognito_logout_urls"):
        for url in known(options, option) or []:
            if re.match(r"http://(?!localhost\b)", str(url)) or ":" not in str(url) or "#" in str(url):
                yield f"{option} has {url!r}; allowed is a URL with https, or http://localhost, without a fragment"
    names = [options.get("cognito_client_name")]
    for index, client in enumerate(options.get("cognito_other_clients") or []):
        if not client.get("name"):
            yield f"cognito_other_clients[{index}] has no name; needed is one"
        elif client["name"] in names:
            yield f"cognito_other_clients[{index}] is named {client['name']} as another client; allowed is another name"
        names.append(client.get("name"))


REFERENCES: dict[str, str] = {}
