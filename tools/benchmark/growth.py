# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""safebucket/dev with so many times its services, each with its own target group, and so the alarms of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

SERVICES = ("app", "loki", "mailpit")
# Service -> load balancer, target group, the first of the ports of the copies' listeners
BEHIND = {
    "app": ("public-alb", "safebucket", 9000),
    "loki": ("internal-alb", "loki", 3200),
    "mailpit": ("public-alb", "mailpit", 9100),
}


def multiplied(source: Path, folder: Path, times: int) -> Path:
    """Copy the system's inventories into the folder with so many times the services; gives dev's."""
    shutil.copytree(source, folder)
    inventory = folder / "dev.yml"
    hosts = folder / "host_vars"
    document = yaml.safe_load(inventory.read_text())
    for service in SERVICES:
        balancer, group, port = BEHIND[service]
        for number in range(2, times + 1):
            name = f"{service}-{number}"
            document["components"]["ecs_service"].append(name)
            variables = _copy(yaml.safe_load((hosts / f"{service}.yml").read_text()), f"{group}-{number}", number)
            (hosts / f"{name}.yml").write_text(yaml.safe_dump(variables))
            _serve(hosts / f"{balancer}.yml", group, number, port + number)
    inventory.write_text(yaml.safe_dump(document, sort_keys=False))
    return inventory


def _copy(variables: dict[str, Any], group: str, number: int) -> dict[str, Any]:
    """A service's variables with names of its own."""
    if "ecs_service_name" in variables:
        variables["ecs_service_name"] += f"-{number}"
    for target in variables["ecs_service_target_groups"]:
        target["target_group"] = group
    for offered in variables.get("ecs_service_connect_services", []):
        offered["dns_name"] += f"-{number}"
    return variables


def _serve(path: Path, group: str, number: int, port: int) -> None:
    """Another target group of the load balancer, with a listener of its own."""
    variables = yaml.safe_load(path.read_text())
    groups = variables["alb_target_groups"]
    groups[f"{group}-{number}"] = dict(groups[group])
    # public-alb adds its HTTPS listeners in a template
    listeners = variables["safebucket_listeners" if "safebucket_listeners" in variables else "alb_listeners"]
    listeners.append({"port": port, "target_group": f"{group}-{number}"})
    path.write_text(yaml.safe_dump(variables))
