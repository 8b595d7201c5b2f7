# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts that components publish, one file a kind.

Imported one by one, as Ansible ships a module only with what it imports by name.
"""

from __future__ import annotations

from ansible_collections.slipway.fargate.plugins.module_utils.components import (
    alb,
    budget,
    cdn,
    certificate,
    cognito,
    config_recorder,
    dns,
    ecr,
    ecs_cluster,
    ecs_service,
    efs,
    elasticache,
    github,
    guardduty,
    iam_role,
    monitoring,
    rds,
    s3_bucket,
    secret,
    security_group,
    ses,
    sqs,
    trail,
    vpc,
    vpc_endpoint,
    waf,
)
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Kind

KINDS: dict[str, Kind] = {
    "alb": alb.KIND,
    "budget": budget.KIND,
    "cdn": cdn.KIND,
    "certificate": certificate.KIND,
    "cognito": cognito.KIND,
    "config_recorder": config_recorder.KIND,
    "dns": dns.KIND,
    "ecr": ecr.KIND,
    "ecs_cluster": ecs_cluster.KIND,
    "ecs_service": ecs_service.KIND,
    "efs": efs.KIND,
    "elasticache": elasticache.KIND,
    "github": github.KIND,
    "guardduty": guardduty.KIND,
    "iam_role": iam_role.KIND,
    "monitoring": monitoring.KIND,
    "rds": rds.KIND,
    "s3_bucket": s3_bucket.KIND,
    "secret": secret.KIND,
    "security_group": security_group.KIND,
    "ses": ses.KIND,
    "sqs": sqs.KIND,
    "trail": trail.KIND,
    "vpc": vpc.KIND,
    "vpc_endpoint": vpc_endpoint.KIND,
    "waf": waf.KIND,
}
