# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the input of an environment: pure functions, no call to AWS."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.slipway.fargate.plugins.module_utils.engine import SENSITIVE, is_unknown

ROLES = Path(__file__).parents[2] / "roles"
RULES = "ansible_collections.slipway.fargate.plugins.plugin_utils.rules"
HOSTVARS = re.compile(r"""hostvars(?:\.([A-Za-z_]\w*)|\[\s*['"]([^'"]+)['"]\s*\])""")

Options = dict[str, Any]
References = Mapping[str, str | tuple[str, Callable[[Any], Iterator[str]]]]


@cache
def specification(kind: str) -> dict[str, Any]:
    """The options of the kind's role."""
    text = (ROLES / kind / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml_load(text)["argument_specs"]["main"]["options"]


@cache
def kinds() -> tuple[str, ...]:
    return tuple(sorted(role.name for role in ROLES.iterdir() if role.is_dir()))


def own_variables(kind: str, variables: Mapping[str, Any]) -> Options:
    """The variables with the prefix of the kind, and not of a kind with a longer name: vpc_endpoint is not vpc's."""
    longer = tuple(f"{other}_" for other in kinds() if other.startswith(f"{kind}_"))
    mine = (name for name in variables if name.startswith(f"{kind}_"))
    return {name: variables[name] for name in mine if not (longer and name.startswith(longer))}


def unknown_options(kind: str, names: Iterable[str], inputs: Collection[str]) -> Iterator[str]:
    """A typo must not silently become a default. Inputs of the system may carry the prefix of a role."""
    known = specification(kind)
    for name in names:
        if name not in known and name not in inputs:
            nearest = get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"options of {kind} are {', '.join(sorted(known))}"
            yield f"unknown option {name}: {hint}"


def type_problems(kind: str, options: Options) -> Iterator[tuple[str, str]]:
    """Each option that its type, its choices or its being required refuse, with the message."""
    for name, option in specification(kind).items():
        value = options.get(name)
        if name in options and is_unknown(value):
            continue
        given = {} if value is None else {name: value}
        for message in ArgumentSpecValidator({name: option}).validate(given).error_messages:
            yield name, without_secrets(message, {name: option}, given)


def without_secrets(message: str, spec: Mapping[str, Any], options: Options) -> str:
    for name, value in options.items():
        if spec.get(name, {}).get("no_log") and value:
            message = message.replace(str(value), SENSITIVE)
    return message


def rule_problems(kind: str, options: Options) -> Iterator[str]:
    """What the rules of the kind refuse beyond types."""
    yield from _rules(kind).problems(options)


def relation_problems(kinds_of: Mapping[str, str], options: Mapping[str, Options]) -> Iterator[str]:
    """What is wrong between components, where the rules of a kind look at the options of others."""
    for host, kind in kinds_of.items():
        relations = getattr(_rules(kind), "relations", None)
        if relations:
            yield from (f"{host}: {problem}" for problem in relations(options[host], options))


def reference_problems(kind: str, options: Options, components: Mapping[str, str]) -> Iterator[str]:
    """Options that name a component which is not there, or is of another kind; kinds are separated by a bar."""
    references: References = getattr(_rules(kind), "REFERENCES", {})
    for option, target in references.items():
        wanted, names_of = target if isinstance(target, tuple) else (target, _names)
        value = options.get(option)
        for name in [] if value is None or is_unknown(value) else names_of(value):
            kinds_of_it = wanted.split("|")
            if components.get(name) not in kinds_of_it:
                there = sorted(host for host, kind_of in components.items() if kind_of in kinds_of_it)
                allowed = f"allowed are {', '.join(there)}" if there else "there is none"
                yield f"{option} names {name!r}, which is no {' or '.join(kinds_of_it)} of this environment; {allowed}"


def singleton_problems(components: Mapping[str, str], regions: Mapping[str, Any]) -> Iterator[str]:
    """Second components of a kind of which AWS allows one in a region of an account."""
    first: dict[tuple[str, Any], str] = {}
    for name, kind in components.items():
        if getattr(_rules(kind), "ONE_PER_REGION", False):
            other = first.setdefault((kind, regions[name]), name)
            if other != name:
                yield f"{name}: {other} is a {kind} already; allowed is one in a region of an account"


def template_problems(kind: str, variables: Options, components: Mapping[str, str]) -> Iterator[str]:
    """Templates that refer to a component which is not there."""
    for option, value in variables.items():
        for name in refers_to_others(value, components):
            nearest = get_close_matches(name, components, 1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"components are {', '.join(sorted(components))}"
            yield f"{option} refers to hostvars of {name!r}, which is no component of this environment: {hint}"


def refers_to_others(value: Any, components: Mapping[str, str]) -> list[str]:
    """The names in references of a template that are no component."""
    return sorted(set(_referred(value)) - components.keys())


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (dotted or quoted for dotted, quoted in HOSTVARS.findall(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _referred(item)
    elif isinstance(value, list):
        for item in value:
            yield from _referred(item)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        yield from (name for name in value if isinstance(name, str))


def _rules(kind: str) -> Any:
    return importlib.import_module(f"{RULES}.{kind}")
