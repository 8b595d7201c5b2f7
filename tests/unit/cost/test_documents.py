# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost tables of the systems' documents: HB-19, SE-24 and FD-22.

Where a document's figure is what its configuration costs, ours is within a tenth of it. Where it is not, it cannot be
right, and docs/costs.md says why, with our figure beside it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import validation
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost import prices, report
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import Component

from tests.support.local_aws import ROOT

DOCS = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
REGION = "us-east-1"
NETWORK = {"vpc_mode": "create", "vpc_public_subnets": ["10.0.1.0/24", "10.0.2.0/24"]}
QUIET = {"cost_log_gb": 0}  # the tables count no logs but CloudWatch's own row


class Plain:
    """A templar for values that are no templates."""

    def template(self, value: Any) -> Any:
        return value


class Row(NamedTuple):
    """A row of a document: its figure, our configuration of it, and which of our lines it is about."""

    id: str
    system: str
    what: str
    documented: tuple[float, float]  # from, to
    ours: float
    kind: str
    options: dict[str, Any]
    lines: tuple[str, ...] = ()  # beginnings; all of them when empty


def fargate(cpu: int, memory: int, tasks: float, architecture: str = "ARM64") -> dict[str, Any]:
    sizes = {"ecs_service_cpu": cpu, "ecs_service_memory": memory, "ecs_service_architecture": architecture}
    return {**sizes, "cost_tasks": tasks, **QUIET}


def database(name: str, multi_az: bool = False) -> dict[str, Any]:
    return {"rds_engine": "postgres", "rds_instance_class": name, "rds_multi_az": multi_az, **QUIET}


def cache(name: str, nodes: int) -> dict[str, Any]:
    return {"elasticache_node_type": name, "elasticache_num_cache_clusters": nodes, **QUIET}


NAT = ("NAT",)
ALB = ("load balancer", "capacity units")
ROWS = [
    Row("HB-19", "Hub dev", "Fargate", (3.33, 3.33), 7.21, "ecs_service", fargate(256, 512, 1)),
    Row("HB-19", "Hub dev", "RDS", (9.50, 9.50), 13.98, "rds", database("db.t4g.micro")),
    Row("HB-19", "Hub dev", "ElastiCache", (13.50, 13.50), 11.68, "elasticache", cache("cache.t4g.micro", 1)),
    Row("HB-19", "Hub dev", "NAT", (10, 20), 33.30, "vpc", {**NETWORK, "vpc_nat": "single"}, NAT),
    Row("HB-19", "Hub prod", "Fargate", (50, 50), 57.68, "ecs_service", fargate(1024, 2048, 2)),
    Row("HB-19", "Hub prod", "RDS", (40, 40), 51.32, "rds", database("db.t4g.small", True)),
    Row("HB-19", "Hub prod", "ElastiCache", (45, 45), 46.72, "elasticache", cache("cache.t4g.small", 2)),
    Row("HB-19", "Hub prod", "NAT", (30, 30), 66.15, "vpc", {**NETWORK, "vpc_nat": "per_zone"}, NAT),
    Row("SE-24", "Semiont", "RDS", (15, 15), 15.44, "rds", database("db.t3.micro")),
    Row("SE-24", "Semiont", "Fargate", (15, 15), 14.42, "ecs_service", fargate(256, 512, 2)),
    Row("SE-24", "Semiont", "ALB", (20, 20), 19.93, "alb", {"cost_alb_lcu": 0.6}, ALB),
    Row("SE-24", "Semiont", "NAT", (35, 35), 33.30, "vpc", {**NETWORK, "vpc_nat": "single"}, NAT),
    Row("SE-24", "Semiont", "EFS", (3, 3), 3.0, "efs", {"cost_efs_gb": 10}, ("storage",)),
    Row("SE-24", "Semiont", "CloudFront", (1, 1), 0.97, "cdn", {}),
    Row("SE-24", "Semiont", "Route 53", (0.5, 0.5), 0.50, "dns", {}, ("hosted zone",)),
    Row("FD-22", "FckDoomscroll dev", "Fargate", (15, 15), 28.84, "ecs_service", fargate(512, 1024, 2)),
    Row("FD-22", "FckDoomscroll dev", "RDS", (20, 20), 27.96, "rds", database("db.t4g.micro", True)),
    Row("FD-22", "FckDoomscroll dev", "ALB", (16, 16), 16.43, "alb", {}, ("load balancer",)),
    Row("FD-22", "FckDoomscroll dev", "Data", (5, 5), 4.95, "alb", {"cost_data_out_gb": 55}, ("data",)),
    Row("FD-22", "FckDoomscroll prod", "Fargate", (22, 22), 43.26, "ecs_service", fargate(512, 1024, 3)),
    Row("FD-22", "FckDoomscroll prod", "RDS", (50, 50), 51.32, "rds", database("db.t4g.small", True)),
    Row("FD-22", "FckDoomscroll prod", "ALB", (16, 16), 16.43, "alb", {}, ("load balancer",)),
    Row("FD-22", "FckDoomscroll prod", "Data", (10, 10), 9.90, "alb", {"cost_data_out_gb": 110}, ("data",)),
    Row("FD-22", "FckDoomscroll prod", "SES", (5, 5), 5.0, "ses", {"cost_ses_emails": 50_000}),
]


WATCHED = {
    "monitoring_targets": [],
    "monitoring_alarms": {key: {} for key in "abcdefghi"},
    "monitoring_dashboards": {"d": {}},
}
CLOUDWATCH = 9.95  # alarms and the dashboard are of monitoring, the logs of the service


def defaults(kind: str) -> dict[str, Any]:
    """The plain defaults of the role, where it is there."""
    try:
        spec = validation.specification(kind)
    except FileNotFoundError:
        return {}
    values = {name: option["default"] for name, option in spec.items() if "default" in option}
    return {name: value for name, value in values.items() if "{{" not in str(value)}


def cost(row: Row) -> float:
    values = {**defaults(row.kind), "aws_region": REGION, **row.options}
    components = {"it": Component("it", row.kind, values, Plain())}
    used, _, problems = report.quantities(components, ["it"])
    estimate, missing = report.estimate(components, used, prices.Prices())
    assert problems + missing == []
    lines = [line for line in estimate["components"][0]["lines"] if line["what"].startswith(row.lines or ("",))]
    assert lines
    return round(sum(line["monthly"] for line in lines), 2)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.id}-{row.system}-{row.what}")
def test_a_documents_row(row: Row) -> None:
    figure, (least, most) = cost(row), row.documented
    assert figure == pytest.approx(row.ours, abs=0.02)
    said = f"{least:g}" if least == most else f"{least:g}-{most:g}"
    (line,) = [line for line in DOCS.splitlines() if line.startswith(f"| {row.id} | {row.system} | {row.what} |")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[3:5] == [said, f"{row.ours:.2f}"]
    agrees = least * 0.9 <= figure <= most * 1.1
    assert (cells[5] == "agrees") == agrees, f"{figure} against {said}: docs/costs.md must say why"


SUMS = {
    "Hub dev": ((36, 46), 66.17),
    "Hub prod": ((165, 200), 221.87),
    "Semiont": ((90, 90), 87.56),
    "FckDoomscroll dev": ((60, 60), 78.18),
    "FckDoomscroll prod": ((110, 110), 135.86),
}


@pytest.mark.parametrize("system", SUMS)
def test_the_sum_of_a_documents_rows(system: str) -> None:
    (least, most), ours = SUMS[system]
    rows = [row.ours for row in ROWS if row.system == system] + [CLOUDWATCH] * (system == "FckDoomscroll prod")
    assert round(sum(rows), 2) == pytest.approx(ours, abs=0.05)
    said = f"{least}" if least == most else f"{least}-{most}"
    assert f"| {system} | {said} | {ours:.2f} |" in DOCS


def test_cloudwatch_of_fckdoomscroll_prod() -> None:
    logs = {**fargate(512, 1024, 3), "cost_log_gb": 12, "ecs_service_log_retention_days": 30}
    row = Row("FD-22", "FckDoomscroll prod", "CloudWatch", (10, 10), 9.95, "ecs_service", logs, ("logs",))
    watched = row._replace(kind="monitoring", options=WATCHED, lines=())
    assert round(cost(row) + cost(watched), 2) == CLOUDWATCH
    assert "| FD-22 | FckDoomscroll prod | CloudWatch | 10 | 9.95 | agrees |" in DOCS
