# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes long is requested before the first of it is waited for."""

from __future__ import annotations

from pathlib import Path

from tests.support.local_aws import Account
from tests.support.playbook import run_playbook

# How often a new resource must be read before AWS has made it: who waits for one reads it that often.
READS = 6
# What takes minutes on AWS: the request, and what its wait reads.
SLOW = {
    ("rds", "CreateDBInstance"): "DescribeDBInstances",
    ("elasticache", "CreateReplicationGroup"): "DescribeReplicationGroups",
    ("ec2", "CreateNatGateway"): "DescribeNatGateways",
    ("cloudfront", "CreateDistributionWithTags"): "GetDistribution",
}
ENVIRONMENT = """
plugin: slipway.fargate.stack
stack_name: shop
stack_environment: dev
components:
  vpc: {network: {vpc_mode: create, vpc_availability_zones: [eu-west-1a, eu-west-1b], vpc_nat: single}}
  secret: {password: {secret_recovery_window_days: 0}}
  security_group: [data-sg]
  rds:
    database:
      rds_engine: postgres
      rds_engine_version: "16.3"
      rds_instance_class: db.t4g.micro
      rds_allocated_storage: 20
      rds_database: shop
      rds_username: shop
      rds_password_secret: password
      rds_security_groups: [data-sg]
  elasticache: {cache: {elasticache_password_secret: password, elasticache_security_groups: [data-sg]}}
  cdn: {edge: {cdn_origins: [{name: site, domain_name: www.example.com}]}}
vars: {aws_region: eu-west-1}
"""


def test_slow_things_are_requested_first_and_awaited_last(account: Account, tmp_path: Path) -> None:
    environment = tmp_path / "dev.yml"
    environment.write_text(ENVIRONMENT)
    account.settings(provisioning_reads=READS)
    run_playbook(account, environment, "site").ok()
    log = [(request["service"], request["operation"]) for request in account.requests()]
    requested = {request: log.index(request) for request in SLOW}
    last = max(requested.values())
    for (service, operation), read in SLOW.items():
        position = requested[service, operation]
        assert log[position:last].count((service, read)) < READS - 1, f"{operation} was awaited before {log[last]}"
        assert log[last:].count((service, read)) >= 1, f"nobody waited for what {operation} makes"
