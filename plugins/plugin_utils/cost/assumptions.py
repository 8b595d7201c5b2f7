# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bill depends on and no inventory says: variables of a component, a tier or a system, with defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple


class Assumption(NamedTuple):
    default: float | None  # None: taken from the options of the component
    unit: str
    says: str


HOURS = 730  # of a month, as AWS's own calculator has it

ASSUMPTIONS: dict[str, Assumption] = {
    "cost_hours": Assumption(HOURS, "h", "hours a month that something runs; fewer for what is stopped at night"),
    "cost_zones": Assumption(None, "zones", "zones of the network; of a created VPC its own, of a default one all"),
    "cost_tasks": Assumption(None, "tasks", "average number of tasks of a service; else its least number"),
    "cost_spot_discount_percent": Assumption(70, "%", "what Fargate Spot is cheaper by; AWS changes it with demand"),
    "cost_data_out_gb": Assumption(10, "GB", "sent to the internet by a public load balancer; 0 behind a cdn"),
    "cost_alb_lcu": Assumption(0.1, "LCU", "average load balancer capacity units in use"),
    "cost_nat_gb": Assumption(10, "GB", "processed by all NAT gateways together"),
    "cost_flow_log_gb": Assumption(1, "GB", "of VPC flow logs, where they are on"),
    "cost_endpoint_gb": Assumption(1, "GB", "processed by all interface endpoints of a component together"),
    "cost_log_gb": Assumption(0.5, "GB", "of logs a month, of a service, a database or a firewall that writes some"),
    "cost_aurora_acu": Assumption(
        None, "ACU", "average capacity of a serverless instance while it runs; else the minimum"
    ),
    "cost_aurora_active_hours": Assumption(None, "h", "hours that it runs; else all, or 200 where it may pause"),
    "cost_aurora_gb": Assumption(10, "GB", "stored by an Aurora cluster"),
    "cost_aurora_io_million": Assumption(1, "million", "I/Os of an Aurora cluster"),
    "cost_backup_gb": Assumption(0, "GB", "of database backups beyond the size of the database, which is free"),
    "cost_secret_calls": Assumption(1000, "calls", "reads of a secret"),
    "cost_insights_metrics": Assumption(
        None, "metrics", "of Container Insights; else 8, and 17 for each service with its task"
    ),
    "cost_s3_gb": Assumption(5, "GB", "stored in a bucket"),
    "cost_s3_put_requests": Assumption(10_000, "requests", "writes and lists of a bucket"),
    "cost_s3_get_requests": Assumption(100_000, "requests", "reads of a bucket"),
    "cost_sqs_requests_million": Assumption(1, "million", "requests of a queue"),
    "cost_ecr_gb": Assumption(1, "GB", "of images in a repository"),
    "cost_efs_gb": Assumption(10, "GB", "stored in a file system"),
    "cost_efs_infrequent_percent": Assumption(0, "%", "of it in the cheaper tier"),
    "cost_efs_io_gb": Assumption(1, "GB", "read, and as much written"),
    "cost_cdn_gb": Assumption(10, "GB", "delivered by a distribution"),
    "cost_cdn_requests_million": Assumption(0.1, "million", "HTTPS requests of a distribution"),
    "cost_waf_requests_million": Assumption(0.1, "million", "requests that a firewall looks at"),
    "cost_dns_queries_million": Assumption(0.1, "million", "queries of a zone, without those of alias records"),
    "cost_cognito_users": Assumption(0, "users", "active in a month beyond the 10,000 that are free"),
    "cost_ses_emails": Assumption(1000, "e-mails", "sent"),
    "cost_trail_gb": Assumption(1, "GB", "of records that a trail keeps"),
    "cost_config_items": Assumption(500, "items", "configuration items that AWS Config records, one with each change"),
    "cost_config_evaluations": Assumption(100, "evaluations", "of each AWS Config rule"),
    "cost_guardduty_events_million": Assumption(0.5, "million", "management events that GuardDuty looks at"),
    "cost_guardduty_gb": Assumption(5, "GB", "of flow logs and DNS queries that GuardDuty looks at"),
    "cost_guardduty_s3_events_million": Assumption(
        1, "million", "data events of S3 that GuardDuty looks at, where it does"
    ),
    "cost_guardduty_database_vcpus": Assumption(
        2, "vCPUs", "of databases whose logins GuardDuty looks at, where it does"
    ),
    "cost_guardduty_task_vcpus": Assumption(
        None, "vCPUs", "average number that GuardDuty watches at run time, where it does; else those of all services"
    ),
}
SETTINGS = ("cost_prices", "cost_file")  # not assumptions, and known


def unknown(names: Iterable[str]) -> Iterator[str]:
    """Variables that look like an assumption and are none."""
    known = [*ASSUMPTIONS, *SETTINGS]
    for name in sorted(set(names) - set(known)):
        nearest = get_close_matches(name, known, 1)
        yield f"unknown assumption {name}: " + (
            f"did you mean {nearest[0]}?" if nearest else f"they are {', '.join(known)}"
        )
