# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of component uses in a month: quantities and the names of their prices, no figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost import prices
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost.assumptions import ASSUMPTIONS
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import Component
from ansible_collections.slipway.fargate.plugins.plugin_utils.validation import ROLES

Components = Mapping[str, Component]
COMPRESSED = 0.15  # of the size of logs is stored
DAYS = 30
BASELINE = {"iops": 3000, "mibps": 125}  # that gp3 has without a charge


class Use(NamedTuple):
    """Something that costs: so much of it, at the price of that name, or a share of that price."""

    what: str
    quantity: float
    price: str
    share: float = 1.0


def number(value: Any) -> float:
    return float(value)


def true(value: Any) -> bool:
    return boolean(value, strict=False) if isinstance(value, (str, bool, int)) else bool(value)


def count(value: Any) -> int:
    """How many things an option stands for: the length of a list, or one for whatever is set."""
    if isinstance(value, (list, tuple, Mapping)):
        return len(value)
    return int(true(value) or (isinstance(value, (str, int, float)) and value not in ("", 0, "none", "false", False)))


class Environment:
    """The components, and what is assumed of each."""

    def __init__(self, components: Components) -> None:
        self.components = components
        self.assumed: dict[str, set[float]] = {}  # what was asked for, with its values

    def assume(self, component: Component, name: str, otherwise: float | None = None) -> float:
        """A variable of the component, or the assumption's default, or what the component's options tell."""
        value = component.get(name, ASSUMPTIONS[name].default)
        value = otherwise if value is None else value
        if value is None:
            raise ValueError(f"{name} has no default here")
        try:
            result = number(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} is {value!r}; it must be a number") from None
        if result < 0:
            raise ValueError(f"{name} is {value!r}; it must not be negative")
        self.assumed.setdefault(name, set()).add(result)
        return result

    def hours(self, component: Component) -> float:
        return self.assume(component, "cost_hours")

    def of_kind(self, kind: str) -> list[Component]:
        return [component for component in self.components.values() if component.kind == kind]

    def zones(self, name: str | None) -> float:
        """In how many zones the network has subnets."""
        vpc = self.components.get(name or "")
        if vpc is None:
            return 2
        lists = ("vpc_availability_zones", "vpc_public_subnets", "vpc_private_subnets", "vpc_isolated_subnets")
        declared = max(count(vpc.get(option)) for option in lists)
        declared = declared or int(number(vpc.get("vpc_availability_zone_count", 0)))
        created = vpc.get("vpc_mode") == "create"
        return self.assume(vpc, "cost_zones", (declared or 2) if created else prices.zones(vpc.region))

    def subnets(self, component: Component, option: str, vpc_option: str) -> float:
        """How many subnets it lies in: those that are listed, or one in each zone of its network."""
        given = component.get(option)
        return len(given) if isinstance(given, list) else self.zones(component.get(vpc_option))

    def logs(self, component: Component, retention_days: Any) -> Iterator[Use]:
        gigabytes = self.assume(component, "cost_log_gb")
        months = (number(retention_days or 0) or 365) / DAYS
        yield Use("logs, ingested", gigabytes, "cloudwatch.logs")
        yield Use("logs, kept compressed", gigabytes * COMPRESSED * months, "cloudwatch.archive")


def vpc(component: Component, env: Environment) -> Iterator[Use]:
    if component.get("vpc_mode") == "create":
        kind = component.get("vpc_nat", "none")
        gateways = {"none": 0, "single": 1}.get(kind, env.zones(component.name))
        if gateways:
            hours = gateways * env.hours(component)
            yield Use(f"NAT gateways, {gateways:g}", hours, "nat.hours")
            yield Use("NAT gateways, data", env.assume(component, "cost_nat_gb"), "nat.gb")
            yield Use("public addresses of the NAT gateways", hours, "ipv4.hours")
    if count(component.get("vpc_flow_logs")):
        yield Use("flow logs, ingested", env.assume(component, "cost_flow_log_gb"), "cloudwatch.logs")


def vpc_endpoint(component: Component, env: Environment) -> Iterator[Use]:
    services = count(component.get("vpc_endpoint_services"))
    if services:
        zones = env.subnets(component, "vpc_endpoint_subnet_ids", "vpc_endpoint_vpc")
        hours = services * zones * env.hours(component)
        yield Use(f"interface endpoints, {services} in {zones:g} zones", hours, "endpoint.hours")
        yield Use("interface endpoints, data", env.assume(component, "cost_endpoint_gb"), "endpoint.gb")


def alb(component: Component, env: Environment) -> Iterator[Use]:
    hours = env.hours(component)
    yield Use("load balancer", hours, "alb.hours")
    yield Use("capacity units", env.assume(component, "cost_alb_lcu") * hours, "alb.lcu")
    if component.get("alb_scheme") != "internal":
        zones = env.subnets(component, "alb_subnet_ids", "alb_vpc")
        yield Use(f"public addresses, {zones:g}", zones * hours, "ipv4.hours")
        if not env.of_kind("cdn"):  # what goes out through CloudFront is charged there
            yield Use("data to the internet", env.assume(component, "cost_data_out_gb"), "transfer.out")


def tasks_of(component: Component, env: Environment) -> float:
    """How many tasks of a service run."""
    scaling = component.get("ecs_service_autoscaling") or {}
    if not true(scaling.get("enabled", True)):
        scaling = {}
    least = scaling.get("min") or component.get("ecs_service_desired_count", 1)
    return env.assume(component, "cost_tasks", number(least))


def ecs_service(component: Component, env: Environment) -> Iterator[Use]:
    tasks = tasks_of(component, env)
    hours = tasks * env.hours(component)
    cpu, memory = (number(component.get(f"ecs_service_{name}")) / 1024 for name in ("cpu", "memory"))
    architecture = "arm" if component.get("ecs_service_architecture") == "ARM64" else "x86"
    spot = number(component.get("ecs_service_spot_percentage", 0)) / 100
    cheaper = 1 - env.assume(component, "cost_spot_discount_percent") / 100
    for name, part, share in (("Fargate", 1 - spot, 1.0), ("Fargate Spot", spot, cheaper)):
        if part:
            what = f"{name}, {tasks * part:g} x {{}}, {'ARM64' if architecture == 'arm' else 'X86_64'}"
            yield Use(what.format(f"{cpu:g} vCPU"), hours * part * cpu, f"fargate.{architecture}-vcpu", share)
            yield Use(what.format(f"{memory:g} GB"), hours * part * memory, f"fargate.{architecture}-gb", share)
    storage = max(0.0, number(component.get("ecs_service_ephemeral_storage_gib", 0)) - 20)
    if storage:
        yield Use("storage beyond 20 GB", hours * storage, "fargate.storage-gb")
    if true(component.get("ecs_service_assign_public_ip")):
        yield Use("public addresses of the tasks", hours, "ipv4.hours")
    yield from env.logs(component, component.get("ecs_service_log_retention_days"))


def ecs_cluster(component: Component, env: Environment) -> Iterator[Use]:
    if component.get("ecs_cluster_container_insights", "disabled") != "disabled":
        metrics = 8 + 17 * len(env.of_kind("ecs_service"))
        yield Use("Container Insights", env.assume(component, "cost_insights_metrics", metrics), "cloudwatch.metric")
    if component.get("ecs_cluster_namespace"):
        yield Use("hosted zone of the namespace", 1, "dns.zone")


def rds(component: Component, env: Environment) -> Iterator[Use]:
    if str(component.get("rds_engine")).startswith("aurora"):
        yield from _aurora(component, env)
    else:
        yield from _instance(component, env)
    backups = env.assume(component, "cost_backup_gb")
    if backups:
        yield Use("backups beyond the size of the database", backups, "rds.storage.backup")
    if component.get("rds_log_exports"):
        yield from env.logs(component, component.get("rds_log_retention_days"))


def _instance(component: Component, env: Environment) -> Iterator[Use]:
    engine = "postgres" if component.get("rds_engine") == "postgres" else "mysql"  # MariaDB costs what MySQL does
    name, hours = component.get("rds_instance_class"), env.hours(component)
    zones = 2 if true(component.get("rds_multi_az")) else 1
    replicas = _replicas(component)
    where = ", Multi-AZ" if zones == 2 else ""
    yield Use(f"{name}{where}", hours * zones, f"rds.{engine}.{name}")
    for replica in replicas:
        yield Use(f"{replica}, read replica", hours, f"rds.{engine}.{replica}")
    copies = zones + len(replicas)
    storage, gigabytes = component.get("rds_storage_type"), number(component.get("rds_allocated_storage"))
    price = f"rds.storage.{storage}"
    times = f" x {copies}" if copies > 1 else ""
    yield Use(f"{storage} storage, {gigabytes:g} GB{times}", gigabytes * copies, price)
    if storage == "gp3":
        larger = gigabytes >= 400  # AWS stripes larger volumes, whose baseline is four times as high
        for option, key in (("rds_iops", "iops"), ("rds_storage_throughput", "mibps")):
            above = number(component.get(option, 0)) - BASELINE[key] * (4 if larger else 1)
            if above > 0:
                yield Use(f"gp3 {key} above the baseline", above * copies, f"rds.storage.gp3-{key}")


def _replicas(component: Component) -> list[str]:
    """The classes of the read replicas."""
    own = component.get("rds_instance_class")
    given = component.get("rds_replicas") or 0
    if isinstance(given, Mapping):
        return [(item or {}).get("instance_class") or own for item in given.values()]
    if isinstance(given, list):
        return [(item.get("instance_class") if isinstance(item, Mapping) else None) or own for item in given]
    return [own] * int(number(given))


def _aurora(component: Component, env: Environment) -> Iterator[Use]:
    name = component.get("rds_instance_class")
    instances = 1 + len(_replicas(component))
    if name == "db.serverless":
        least = number(component.get("rds_min_capacity", 0.5))
        active = env.assume(component, "cost_aurora_active_hours", 200 if least == 0 else env.hours(component))
        capacity = env.assume(component, "cost_aurora_acu", max(least, 0.5))
        what = f"Aurora Serverless, {instances} x {capacity:g} ACU in {active:g} h"
        yield Use(what, instances * capacity * active, "aurora.acu")
    else:
        yield Use(f"{name}, {instances} x Aurora", instances * env.hours(component), f"aurora.postgres.{name}")
    yield Use("Aurora storage", env.assume(component, "cost_aurora_gb"), "aurora.storage")
    yield Use("Aurora I/O", env.assume(component, "cost_aurora_io_million"), "aurora.io")


def elasticache(component: Component, env: Environment) -> Iterator[Use]:
    nodes, name = number(component.get("elasticache_num_cache_clusters", 1)), component.get("elasticache_node_type")
    valkey = component.get("elasticache_engine") == "valkey"  # a fifth cheaper than Redis
    what = f"{name}, {nodes:g} nodes" if nodes > 1 else f"{name}"
    yield Use(what, nodes * env.hours(component), f"elasticache.{name}", 0.8 if valkey else 1.0)
    if true(component.get("elasticache_slow_log_enabled")):
        yield from env.logs(component, component.get("elasticache_slow_log_retention_days"))


def secret(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("secret", 1, "secret.secret")
    yield Use("reads", env.assume(component, "cost_secret_calls") / 10_000, "secret.calls")


def s3_bucket(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("storage", env.assume(component, "cost_s3_gb"), "s3.storage")
    yield Use("writes and lists", env.assume(component, "cost_s3_put_requests") / 1000, "s3.put")
    yield Use("reads", env.assume(component, "cost_s3_get_requests") / 1000, "s3.get")


def sqs(component: Component, env: Environment) -> Iterator[Use]:
    kind = "fifo" if component.resource.endswith(".fifo") else "standard"
    yield Use("requests", env.assume(component, "cost_sqs_requests_million"), f"sqs.{kind}")


def ecr(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("images", env.assume(component, "cost_ecr_gb"), "ecr.storage")


def efs(component: Component, env: Environment) -> Iterator[Use]:
    stored = env.assume(component, "cost_efs_gb")
    infrequent = stored * env.assume(component, "cost_efs_infrequent_percent") / 100
    yield Use("storage", stored - infrequent, "efs.standard")
    if infrequent:
        yield Use("storage, infrequently used", infrequent, "efs.infrequent")
    for way in ("read", "write"):
        yield Use(f"data {way}", env.assume(component, "cost_efs_io_gb"), f"efs.{way}")


def cdn(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("data to the internet", env.assume(component, "cost_cdn_gb"), "cdn.gb")
    yield Use("HTTPS requests", env.assume(component, "cost_cdn_requests_million") * 100, "cdn.requests")


def waf(component: Component, env: Environment) -> Iterator[Use]:
    several = ("waf_managed_rule_groups", "waf_ip_sets", "waf_rules")
    one = ("waf_rate_limit", "waf_blocked_countries")
    rules = sum(count(component.get(name)) for name in several) + sum(bool(component.get(name)) for name in one)
    yield Use("web ACL", 1, "waf.acl")
    if rules:
        yield Use("rules", rules, "waf.rule")
    yield Use("requests", env.assume(component, "cost_waf_requests_million"), "waf.requests")
    if true(component.get("waf_logging", False)):
        yield from env.logs(component, component.get("waf_log_retention_days"))


def dns(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("hosted zone", 1, "dns.zone")
    yield Use("queries", env.assume(component, "cost_dns_queries_million"), "dns.queries")


def cognito(component: Component, env: Environment) -> Iterator[Use]:
    plan = str(component.get("cognito_tier", "essentials")).lower()
    yield Use("users beyond the free ones", env.assume(component, "cost_cognito_users"), f"cognito.{plan}")


def ses(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("e-mails", env.assume(component, "cost_ses_emails") / 1000, "ses.emails")


def trail(component: Component, env: Environment) -> Iterator[Use]:
    yield Use("records kept", env.assume(component, "cost_trail_gb"), "s3.storage")


def config_recorder(component: Component, env: Environment) -> Iterator[Use]:
    if not true(component.get("config_recorder_recording", True)):
        return
    frequency = str(component.get("config_recorder_frequency", "CONTINUOUS")).lower()
    yield Use("configuration items", env.assume(component, "cost_config_items"), f"config.{frequency}")
    rules = count(component.get("config_recorder_rules"))
    if rules:
        evaluations = rules * env.assume(component, "cost_config_evaluations")
        yield Use(f"evaluations of {rules} rules", evaluations, "config.evaluation")


def guardduty(component: Component, env: Environment) -> Iterator[Use]:
    """The features for what no environment of this collection has, EKS, EC2 and Lambda, cost nothing in it."""
    if not true(component.get("guardduty_enabled", True)):
        return
    yield Use("management events", env.assume(component, "cost_guardduty_events_million"), "guardduty.events")
    yield Use("flow logs and DNS queries", env.assume(component, "cost_guardduty_gb"), "guardduty.logs")
    features = component.get("guardduty_features") or []
    if "S3_DATA_EVENTS" in features:
        yield Use("events of S3", env.assume(component, "cost_guardduty_s3_events_million"), "guardduty.s3-events")
    if "RDS_LOGIN_EVENTS" in features:
        vcpus = env.assume(component, "cost_guardduty_database_vcpus")
        yield Use("logins of databases", vcpus, "guardduty.database-vcpu")
    if "RUNTIME_MONITORING" in features:
        services = [(service, number(service.get("ecs_service_cpu")) / 1024) for service in env.of_kind("ecs_service")]
        watched = sum(tasks_of(service, env) * vcpus for service, vcpus in services)
        vcpus = env.assume(component, "cost_guardduty_task_vcpus", watched)
        yield Use("tasks watched at run time", vcpus, "guardduty.task-vcpu")


def monitoring(component: Component, env: Environment) -> Iterator[Use]:
    alarms = _alarms(component, env)
    if alarms:
        yield Use("alarms", alarms, "cloudwatch.alarm")
    dashboards = count(component.get("monitoring_dashboards"))
    if dashboards:
        yield Use("dashboards", dashboards, "cloudwatch.dashboard")
    filters = count(component.get("monitoring_metric_filters"))
    if filters:
        yield Use("metrics of metric filters", filters, "cloudwatch.metric")


def _alarms(component: Component, env: Environment) -> int:
    """How many alarms the role makes of its rules, its targets and its own alarms."""
    rules = yaml.safe_load((ROLES / "monitoring" / "vars" / "main.yml").read_text())["__monitoring_rules"]
    off = set(component.get("monitoring_disabled_alarms") or [])
    insights = true(component.get("monitoring_container_insights"))
    made = 0
    for name in component.get("monitoring_targets") or []:
        kind = env.components[name].kind if name in env.components else ""
        wanted = [alarm for alarm, rule in rules.get(kind, {}).items() if insights or "enabled" not in rule]
        made += sum(f"{kind}.{alarm}" not in off for alarm in wanted)
    filters = component.get("monitoring_metric_filters") or {}
    watched = sum("alarm" in (metric or {}) for metric in filters.values()) if isinstance(filters, Mapping) else 0
    return made + watched + count(component.get("monitoring_alarms"))


def free(component: Component, env: Environment) -> Iterator[Use]:
    yield from ()


ESTIMATORS: dict[str, Callable[[Component, Environment], Iterator[Use]]] = {
    "alb": alb,
    "budget": free,
    "cdn": cdn,
    "certificate": free,
    "cognito": cognito,
    "config_recorder": config_recorder,
    "dns": dns,
    "ecr": ecr,
    "ecs_cluster": ecs_cluster,
    "ecs_service": ecs_service,
    "efs": efs,
    "elasticache": elasticache,
    "github": free,
    "guardduty": guardduty,
    "iam_role": free,
    "monitoring": monitoring,
    "rds": rds,
    "s3_bucket": s3_bucket,
    "secret": secret,
    "security_group": free,
    "ses": ses,
    "sqs": sqs,
    "trail": trail,
    "vpc": vpc,
    "vpc_endpoint": vpc_endpoint,
    "waf": waf,
}


def uses(component: Component, env: Environment) -> Iterator[Use]:
    """What the component uses; a key that it creates for itself is charged whatever its kind."""
    if component.kind not in ESTIMATORS:
        raise ValueError(f"nothing is known of what kind {component.kind} costs")
    yield from ESTIMATORS[component.kind](component, env)
    if true(component.get(f"{component.kind}_kms_key_create", False)):
        yield Use("KMS key", 1, "kms.key")
