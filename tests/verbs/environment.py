# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small environment for the day-2 verbs: two services, one of them of an image in ECR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support.local_aws import Account

REPOSITORY = "shop/web"
CLUSTER = "shop-dev-cluster"


def registry(account: Account) -> str:
    return f"{account.id}.dkr.ecr.{account.region}.amazonaws.com"


def image(account: Account, tag: str) -> str:
    return f"{registry(account)}/{REPOSITORY}:{tag}"


def push(account: Account, *tags: str, repository: str = REPOSITORY) -> None:
    ecr = account.client("ecr")
    for tag in tags:
        manifest = f'{{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "tag": "{tag}"}}'
        ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)


def write(folder: Path, account: Account, tag: str = "v1", **variables: Any) -> Path:
    """The inventory of the environment, of two services and what they need."""
    service = {"ecs_service_ports": [{"port": 8080}], "ecs_service_security_groups": ["tasks-sg"]}
    inventory = {
        "plugin": "slipway.fargate.stack",
        "stack_name": "shop",
        "stack_environment": "dev",
        "components": {
            "vpc": ["network"],
            "security_group": {"tasks-sg": {"security_group_description": "Tasks", "security_group_rules": []}},
            "ecs_cluster": ["cluster"],
            "ecs_service": {
                "web": {**service, "ecs_service_image": image(account, tag), "ecs_service_desired_count": 2},
                "helper": {**service, "ecs_service_image": "docker.io/library/helper:1"},
            },
        },
        "vars": {
            "aws_region": account.region,
            "ecs_service_assign_public_ip": True,
            "ecs_cluster_namespace": "",
            **variables,
        },
    }
    path = folder / "shop.yml"
    path.write_text(yaml.safe_dump(inventory, sort_keys=False))
    return path
