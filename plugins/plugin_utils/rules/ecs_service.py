# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.ecs import size_problem
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import (
    CANARY,
    LINEAR,
    MINUTES,
    OWN,
    PERCENT,
    ROLLING,
    minutes_of,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import is_unknown
from ansible_collections.slipway.fargate.plugins.modules.cloudwatch_log_group import RETENTIONS
from ansible_collections.slipway.fargate.plugins.plugin_utils.ecs import (
    deployment_strategy,
    secret_component,
)
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules import _checks

Options = dict[str, Any]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}")
TAG = re.compile(r"\w[\w.-]{0,127}")
LABEL = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")
ALIAS = re.compile(r"[a-z0-9_.][a-z0-9_.-]{0,126}")
HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?"
PATH = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
IMAGE = re.compile(rf"(?:{HOST}/)?{PATH}(?:/{PATH})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[a-f0-9]{{64}})?")
REPOSITORY = re.compile(rf"arn:[\w-]+:ecr:[a-z0-9-]+:\d{{12}}:repository/{PATH}(?:/{PATH})*")
CRON = re.compile(r"cron\(((?:[0-9A-Za-z*?,/#-]+ ){5}[0-9*,/-]+)\)")
RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
# How variables end that hold a secret.
SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credentials"}
SECRET_PAIRS = {("api", "key"), ("private", "key"), ("access", "key"), ("secret", "key"), ("signing", "key")}
# Suboption of a health check -> what AWS takes.
CHECK_RANGES = {"interval": (5, 300), "timeout": (2, 120), "retries": (1, 10), "start_period": (0, 300)}
STORAGE = (21, 200)


def problems(options: Options) -> Iterator[str]:
    yield from _names(options)
    yield from _size(options)
    yield from _numbers(options)
    yield from _autoscaling(options)
    for where, container in _containers(options):
        yield from _container(where, container, options)
    yield from _ports(options)
    yield from _targets(options)
    yield from _connect(options)
    yield from _environment_file(options)
    yield from _file_systems(options)
    for arn in _checks.known(options, "ecs_service_pull_repositories") or []:
        if not REPOSITORY.fullmatch(str(arn)):
            yield f"ecs_service_pull_repositories has {arn!r}; allowed is the ARN of an ECR repository"
    yield from _strategy(options)


def relations(options: Options, components: Mapping[str, Options]) -> Iterator[str]:
    """What the options of other components have to do with: a service that shifts traffic needs pairs."""
    strategy = _checks.known(options, "ecs_service_deployment_strategy") or ROLLING
    given = options.get("ecs_service_target_groups") or []
    if strategy in OWN and not given:
        yield f"ecs_service_deployment_strategy is {strategy}; it needs ecs_service_target_groups, which it shifts"
    for item in given if isinstance(given, list) else []:
        balancer, name = item.get("load_balancer"), item.get("target_group")
        groups = components.get(str(balancer), {}).get("alb_target_groups")
        group = groups.get(name) if isinstance(groups, Mapping) else None
        if strategy != ROLLING and isinstance(group, Mapping) and not group.get("alternate"):
            yield (
                f"ecs_service_deployment_strategy is {strategy}; it needs alb_target_groups.{name} of {balancer} to "
                "have alternate, a second target group to shift to"
            )


def _names(options: Options) -> Iterator[str]:
    for option in ("ecs_service_name", "ecs_service_family"):
        name = _checks.known(options, option)
        if name is not None and not NAME.fullmatch(name):
            yield f"{option} is {name!r}; allowed are letters, digits, dashes and underscores, up to 255"
    for option in (f"ecs_service_{role}_role_name" for role in ("execution", "task", "infrastructure")):
        name = _checks.known(options, option)
        if name is not None and not ROLE_NAME.fullmatch(name):
            yield (
                f"{option} is {name!r} with {len(name)} characters; allowed are up to 64 letters, digits and any of "
                "+ = , . @ _ -"
            )
    discovery = _checks.known(options, "ecs_service_discovery_name")
    if discovery and not LABEL.fullmatch(discovery):
        yield (
            f"ecs_service_discovery_name is {discovery!r}; allowed are lower-case letters, digits, dashes and "
            "underscores, up to 64"
        )


def _size(options: Options) -> Iterator[str]:
    cpu, memory = (_checks.known(options, f"ecs_service_{name}") for name in ("cpu", "memory"))
    if cpu is not None and memory is not None:
        problem = size_problem(int(cpu), int(memory), "ecs_service_cpu", "ecs_service_memory")
        if problem:
            yield problem
    storage = _checks.known(options, "ecs_service_ephemeral_storage_gib")
    if storage and not STORAGE[0] <= storage <= STORAGE[1]:
        yield f"ecs_service_ephemeral_storage_gib is {storage}; allowed are 0 and {STORAGE[0]} to {STORAGE[1]}"


def _numbers(options: Options) -> Iterator[str]:
    yield from _checks.between(options, "ecs_service_spot_percentage", 0, 100)
    yield from _checks.between(options, "ecs_service_desired_count", 0, 5000)
    yield from _checks.between(options, "ecs_service_minimum_healthy_percent", 0, 100)
    yield from _checks.between(options, "ecs_service_maximum_percent", 100, 2000)
    days = _checks.known(options, "ecs_service_log_retention_days")
    if days is not None and int(days) not in RETENTIONS:
        yield f"ecs_service_log_retention_days is {days}; allowed are {', '.join(map(str, RETENTIONS))}"
    least = _checks.known(options, "ecs_service_minimum_healthy_percent")
    most = _checks.known(options, "ecs_service_maximum_percent")
    if least == most == 100:
        yield (
            "ecs_service_maximum_percent is 100; allowed with ecs_service_minimum_healthy_percent 100 is more than "
            "100, or no deployment could go on"
        )
    elif most == 100 and _checks.known(options, "ecs_service_availability_zone_rebalancing"):
        yield "ecs_service_maximum_percent is 100; allowed with ecs_service_availability_zone_rebalancing is more"


def _strategy(options: Options) -> Iterator[str]:
    """How long a deployment takes at least is known, and who waits for it has to wait longer."""
    yield from _checks.between(options, "ecs_service_bake_time_minutes", *MINUTES)
    yield from _checks.between(options, "ecs_service_shift_bake_time_minutes", *MINUTES)
    strategy = _checks.known(options, "ecs_service_deployment_strategy") or ROLLING
    names = ("ecs_service_bake_time_minutes", "ecs_service_shift_percent", "ecs_service_shift_bake_time_minutes")
    bake, percent, pause = (_checks.known(options, name) for name in names)
    for name, value in zip(names[1:], (percent, pause), strict=True):
        if value is not None and strategy not in OWN:
            yield f"{name} is {value}; allowed is it with ecs_service_deployment_strategy {LINEAR} or {CANARY}"
    if percent is not None and strategy in OWN and not PERCENT[strategy][2] <= float(percent) <= 100:
        least = PERCENT[strategy][2]
        yield f"ecs_service_shift_percent is {percent}; allowed with {strategy} are {least:g} to 100"
        return
    minutes = minutes_of(deployment_strategy(strategy, bake or 0, percent, pause))
    timeout = _checks.known(options, "ecs_service_wait_timeout")
    if timeout is not None and minutes and timeout <= 60 * minutes:
        yield (
            f"ecs_service_wait_timeout is {timeout}; allowed is more than {60 * minutes}, as a deployment "
            f"{strategy} waits {minutes} minutes by itself"
        )


def _autoscaling(options: Options) -> Iterator[str]:
    scaling = options.get("ecs_service_autoscaling") or {}
    yield from _limits("ecs_service_autoscaling", scaling)
    for name in ("cpu_target", "memory_target"):
        target = scaling.get(name)
        if target is not None and not is_unknown(target) and not 0 < float(target) <= 100:
            yield f"ecs_service_autoscaling.{name} is {target}; allowed are numbers above 0 up to 100"
    schedules = scaling.get("schedules") or []
    if scaling and not schedules and scaling.get("cpu_target") is None and scaling.get("memory_target") is None:
        yield "ecs_service_autoscaling has nothing to scale by; allowed are cpu_target, memory_target and schedules"
    for item in schedules:
        where = f"ecs_service_autoscaling.schedules {item.get('name')}"
        yield from _limits(where, item)
        if item.get("min") is None and item.get("max") is None:
            yield f"{where} has neither min nor max; allowed is at least one of them"
        if not is_unknown(item.get("schedule")) and not schedule_is_valid(str(item.get("schedule"))):
            yield (
                f"{where} has the schedule {item.get('schedule')!r}; allowed are cron(minutes hours day month weekday "
                "year) with one of day and weekday a question mark, rate(5 minutes) and at(2030-01-01T00:00:00)"
            )


def _limits(where: str, limits: Mapping[str, Any]) -> Iterator[str]:
    least, most = limits.get("min"), limits.get("max")
    if is_unknown([least, most]):
        return
    if least is not None and int(least) < 0:
        yield f"{where}.min is {least}; allowed are 0 and more"
    if least is not None and most is not None and int(least) > int(most):
        yield f"{where}.min is {least}; allowed with max {most} are 0 to {most}"


def schedule_is_valid(schedule: str) -> bool:
    """Whether Application Auto Scaling takes it."""
    cron = CRON.fullmatch(schedule)
    if cron:
        day, weekday = cron[1].split()[2], cron[1].split()[4]
        return (day == "?") != (weekday == "?")
    return bool(RATE.fullmatch(schedule) or AT.fullmatch(schedule))


# Containers: those of ecs_service_containers, or the one that the options describe.


def _containers(options: Options) -> Iterator[tuple[str, Options]]:
    """Every container with what to call its suboptions in messages."""
    several = options.get("ecs_service_containers") or []
    for container in several:
        yield f"ecs_service_containers {container.get('name')}.", container
    if not several:
        single = {
            name.removeprefix("ecs_service_"): value
            for name, value in options.items()
            if name.startswith("ecs_service_")
        }
        yield "ecs_service_", {**single, "name": options.get("ecs_service_container_name")}


def _container(where: str, container: Options, options: Options) -> Iterator[str]:
    image, tag = container.get("image"), container.get("image_tag")
    if tag is not None and not is_unknown(tag) and not TAG.fullmatch(str(tag)):
        yield f"{where}image_tag is {tag!r}; allowed are up to 128 letters, digits, dots, dashes and underscores"
    if not image and container.get("image_repository"):
        pass
    elif not image:
        yield f"{where}image is not set; it is required, or image_repository"
    elif not is_unknown(image) and not IMAGE.fullmatch(image):
        yield f"{where}image is {image!r}; allowed is an image reference as ghcr.io/owner/name:tag"
    yield from _environment(where, container, options)
    yield from _health_check(where, container.get("health_check") or {})
    for path in container.get("writable_paths") or []:
        if not is_unknown(path) and not (str(path).startswith("/") and path != "/"):
            yield f"{where}writable_paths has {path!r}; allowed are absolute paths below /"
    readonly = container.get("readonly_root_filesystem")
    if readonly is True and _checks.known(options, "ecs_service_exec") is True:
        yield f"{where}readonly_root_filesystem is true; allowed with ecs_service_exec is false, its agent writes there"


def _environment(where: str, container: Options, options: Options) -> Iterator[str]:
    environment, secrets = container.get("environment") or {}, container.get("secrets") or {}
    if is_unknown([list(environment), list(secrets)]):
        return
    for name in sorted(environment.keys() & secrets.keys()):
        yield f"{where}environment has {name}, which is in secrets as well; allowed is one of them"
    for name in sorted(environment.keys() - set(options.get("ecs_service_plain_secrets_allowed") or [])):
        if looks_secret(name) and environment[name] not in ("", None):
            yield (
                f"{where}environment has {name}, whose name is that of a secret; allowed is to give it in secrets, or "
                "to list it in ecs_service_plain_secrets_allowed"
            )


def looks_secret(name: str) -> bool:
    words = [word for word in re.split(r"[_.\-]+", name.lower()) if word]
    return bool(words) and (words[-1] in SECRET_WORDS or tuple(words[-2:]) in SECRET_PAIRS)


def _health_check(where: str, check: Mapping[str, Any]) -> Iterator[str]:
    for name, (low, high) in CHECK_RANGES.items():
        value = check.get(name)
        if value is not None and not is_unknown(value) and not low <= int(value) <= high:
            yield f"{where}health_check.{name} is {value}; allowed are {low} to {high}"
    command = check.get("command")
    if isinstance(command, list) and command[:1] not in (["CMD"], ["CMD-SHELL"], ["NONE"]):
        yield f"{where}health_check.command begins with {command[:1]}; allowed are CMD and CMD-SHELL, or a line of text"


def _numbered(container: Options) -> Iterator[tuple[Any, str]]:
    """The ports of a container with their names."""
    for item in container.get("ports") or []:
        port = item.get("port") if isinstance(item, Mapping) else item
        if not is_unknown(port):
            yield port, (item.get("name") if isinstance(item, Mapping) else "") or f"port-{port}"


def _ports(options: Options) -> Iterator[str]:
    """Containers of a task share its network: a port is there once."""
    taken: dict[str, str] = {}
    for where, container in _containers(options):
        for port, name in _numbered(container):
            if not str(port).isdecimal() or not 1 <= int(port) <= 65535:
                yield f"{where}ports has {port}; allowed are 1 to 65535"
            elif str(port) in taken:
                yield f"{where}ports has {port}, which {taken[str(port)]}ports has already; allowed is one container"
            elif not LABEL.fullmatch(name):
                yield f"{where}ports has the name {name!r}; allowed are lower-case letters, digits, - and _, up to 64"
            taken[str(port)] = where


def _targets(options: Options) -> Iterator[str]:
    ports = {str(container.get("name")): dict(_numbered(container)) for _, container in _containers(options)}
    if is_unknown(list(ports)):
        return
    for item in options.get("ecs_service_target_groups") or []:
        container = str(item.get("container") or options.get("ecs_service_container_name"))
        port = item.get("port")
        if container not in ports:
            yield f"ecs_service_target_groups names the container {container!r}; allowed are {', '.join(sorted(ports))}"
        elif str(port) not in map(str, ports[container]):
            allowed = ", ".join(map(str, ports[container])) or "none, it has no ports"
            yield f"ecs_service_target_groups has the port {port}; allowed with container {container} are {allowed}"


def _connect(options: Options) -> Iterator[str]:
    names = {name for _, container in _containers(options) for _, name in _numbered(container)}
    for item in options.get("ecs_service_connect_services") or []:
        if item.get("port_name") not in names:
            allowed = ", ".join(sorted(names)) or "none, there are no ports"
            yield f"ecs_service_connect_services names the port {item.get('port_name')!r}; allowed are {allowed}"
        alias = item.get("dns_name")
        if alias and not is_unknown(alias) and not ALIAS.fullmatch(alias):
            yield (
                f"ecs_service_connect_services has the dns_name {alias!r}; allowed are lower-case letters, digits, "
                "dots, dashes and underscores, up to 127"
            )
        port = item.get("port")
        if port is not None and not is_unknown(port) and not 1 <= int(port) <= 65535:
            yield f"ecs_service_connect_services has the port {port}; allowed are 1 to 65535"


def _environment_file(options: Options) -> Iterator[str]:
    if not options.get("ecs_service_environment_file"):
        return
    if not options.get("ecs_service_environment_bucket"):
        yield "ecs_service_environment_file is set and ecs_service_environment_bucket is not; allowed are both"
    key = _checks.known(options, "ecs_service_environment_key")
    if key is not None and not str(key).endswith(".env"):
        yield f"ecs_service_environment_key is {key!r}; allowed are keys that end in .env"
    yield from _of_containers(options, "ecs_service_environment_file is for", options.get("ecs_service_container_name"))


def _file_systems(options: Options) -> Iterator[str]:
    paths: set[tuple[str, str]] = set()
    for item in options.get("ecs_service_file_systems") or []:
        path, container = item.get("path"), item.get("container") or options.get("ecs_service_container_name")
        if is_unknown([path, container]):
            continue
        if not str(path).startswith("/") or path == "/":
            yield f"ecs_service_file_systems has the path {path!r}; allowed are absolute paths below /"
        if (container, path) in paths:
            yield f"ecs_service_file_systems has the path {path} twice in container {container}; allowed is once"
        paths.add((container, path))
        yield from _of_containers(options, "ecs_service_file_systems names", container)


def _of_containers(options: Options, what: str, name: Any) -> Iterator[str]:
    names = [str(container.get("name")) for _, container in _containers(options)]
    if name is not None and not is_unknown([name, names]) and name not in names:
        yield f"{what} the container {name!r}; allowed are {', '.join(sorted(names))}"


def _secrets(value: Any) -> Iterator[str]:
    yield from filter(None, map(secret_component, value.values()))


def _named_by_containers(value: Any) -> Iterator[str]:
    for container in value:
        yield from _secrets(container.get("secrets") or {})
        yield from _given(container.get("image_repository"))


def _load_balancers(value: Any) -> Iterator[str]:
    yield from (item["load_balancer"] for item in value if item.get("load_balancer"))


def _given(value: Any) -> Iterator[str]:
    if value:
        yield value


def _file_system_names(value: Any) -> Iterator[str]:
    yield from (item["file_system"] for item in value if item.get("file_system"))


REFERENCES = {
    "ecs_service_image_repository": ("ecr", _given),
    "ecs_service_environment_bucket": ("s3_bucket", _given),
    "ecs_service_file_systems": ("efs", _file_system_names),
    "ecs_service_cluster": "ecs_cluster",
    "ecs_service_vpc": "vpc",
    "ecs_service_security_groups": "security_group",
    "ecs_service_task_role": "iam_role",
    "ecs_service_secrets": ("secret", _secrets),
    "ecs_service_containers": ("secret|ecr", _named_by_containers),
    "ecs_service_target_groups": ("alb", _load_balancers),
}
