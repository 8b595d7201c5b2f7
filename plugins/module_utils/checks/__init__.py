# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment checklist: what is checked of each kind, and the options that say what the inventory wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansible_collections.slipway.fargate.plugins.module_utils.checks import app, data, network
from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import Item, Seen

CHECKS: dict[str, Callable[[Seen], Iterator[Item]]] = {
    "alb": network.alb,
    "budget": app.budget,
    "cdn": network.cdn,
    "certificate": network.certificate,
    "cognito": app.cognito,
    "config_recorder": app.config_recorder,
    "dns": network.dns,
    "ecr": data.ecr,
    "ecs_cluster": app.ecs_cluster,
    "ecs_service": app.ecs_service,
    "efs": data.efs,
    "elasticache": data.elasticache,
    "github": app.github,
    "guardduty": app.guardduty,
    "iam_role": app.iam_role,
    "monitoring": app.monitoring,
    "rds": data.rds,
    "s3_bucket": data.s3_bucket,
    "secret": data.secret,
    "security_group": network.security_group,
    "ses": app.ses,
    "sqs": data.sqs,
    "trail": app.trail,
    "vpc": network.vpc,
    "vpc_endpoint": network.vpc_endpoint,
    "waf": network.waf,
}
WANTED: dict[str, tuple[str, ...]] = {
    "alb": ("alb_listeners",),
    "config_recorder": ("config_recorder_recording",),
    "dns": ("dns_records", "dns_aliases"),
    "ecr": ("ecr_scan_on_push", "ecr_tag_mutability"),
    "ecs_cluster": ("ecs_cluster_container_insights",),
    "ecs_service": ("ecs_service_autoscaling", "smoke_url", "smoke_timeout"),
    "elasticache": ("elasticache_num_cache_clusters",),
    "guardduty": ("guardduty_enabled", "guardduty_features"),
    "monitoring": ("monitoring_topics", "monitoring_dashboards"),
    "rds": ("rds_engine", "rds_multi_az", "rds_enforce_tls", "rds_deletion_protection"),
    "s3_bucket": ("s3_bucket_versioning",),
    "trail": ("trail_logging", "trail_file_validation"),
    "vpc": ("vpc_mode", "vpc_nat", "vpc_flow_logs"),
}
