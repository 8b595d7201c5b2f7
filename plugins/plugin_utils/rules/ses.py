# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.plugin_utils.rules._checks import known

DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
OWNER = re.compile(r"[A-Za-z0-9_-]{1,49}")
SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
PARTS = ("subject", "text", "html")


def problems(options: dict[str, Any]) -> Iterator[str]:
    name, domain = known(options, "ses_name"), known(options, "ses_domain")
    if name is not None and options.get("ses_dns") and not OWNER.fullmatch(str(name)):
        yield f"ses_name is {name!r}; allowed are 1 to 49 letters, digits, hyphens and underscores"
    if domain is not None and not DOMAIN.fullmatch(str(domain)):
        yield f"ses_domain is {domain!r}; allowed is a domain in small letters, as example.com"
    for sender in known(options, "ses_senders") or []:
        if not EMAIL.fullmatch(str(sender)):
            yield f"ses_senders has {sender!r}; allowed is an address as noreply@example.com"
    mail_from = known(options, "ses_mail_from_domain")
    if mail_from and domain and (not DOMAIN.fullmatch(mail_from) or not mail_from.endswith(f".{domain}")):
        yield f"ses_mail_from_domain is {mail_from!r}; allowed is a domain below {domain}"
    configuration_set = known(options, "ses_configuration_set")
    if configuration_set is not None and not SET_NAME.fullmatch(str(configuration_set)):
        yield f"ses_configuration_set is {configuration_set!r}; allowed are 1 to 64 letters, digits, - and _"
    for option, start in (("ses_spf", "v=spf1 "), ("ses_dmarc", "v=DMARC1;")):
        text = known(options, option)
        if text and not str(text).startswith(start):
            yield f"{option} is {text!r}; allowed is a text that begins with {start.strip()!r}"
    for template, parts in (options.get("ses_templates") or {}).items():
        yield from _template(template, parts)


def _template(name: str, parts: Any) -> Iterator[str]:
    where = f"ses_templates.{name}"
    if not re.fullmatch(r"[\w-]{1,64}", str(name), re.ASCII):
        yield f"ses_templates has {name!r}; allowed are 1 to 64 letters, digits, hyphens and underscores"
    if not isinstance(parts, Mapping) or set(parts) - set(PARTS):
        yield f"{where} is {parts!r}; allowed are {', '.join(PARTS)}"
    elif not parts.get("subject") or not (parts.get("text") or parts.get("html")):
        yield f"{where} lacks something; needed are subject, and text or html"


def _dns(value: Any) -> Iterator[str]:
    if value:
        yield str(value)


REFERENCES = {"ses_dns": ("dns", _dns)}
