# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind

PRIVATE = "DNS_PRIVATE"


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    clusters = aws.client("ecs").describe_clusters(clusters=[name])["clusters"]
    found = next((cluster for cluster in clusters if cluster["status"] != "INACTIVE"), None)
    if found is None:
        return None
    return {"arn": found["clusterArn"], **_namespace(aws, options.get("ecs_cluster_namespace") or "")}


def _namespace(aws: Aws, name: str) -> Facts:
    """The Cloud Map namespace; empty for a cluster without one."""
    facts = {"namespace_id": "", "namespace_arn": "", "namespace_name": name}
    if name:
        filters = [{"Name": "TYPE", "Values": [PRIVATE]}, {"Name": "NAME", "Values": [name]}]
        listed = aws.client("servicediscovery").list("list_namespaces", "Namespaces", Filters=filters)
        for item in listed:
            if item["Name"] == name and item["Type"] == PRIVATE:
                return {"namespace_id": item["Id"], "namespace_arn": item["Arn"], "namespace_name": name}
    return facts


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    namespace = options.get("ecs_cluster_namespace") or ""
    none = {} if namespace else {"namespace_id": "", "namespace_arn": ""}
    return {"arn": aws.arn("ecs", f"cluster/{name}"), "namespace_name": namespace, **none}


KIND = Kind(
    "ECS cluster",
    {
        "arn": "the cluster's ARN",
        "namespace_id": "the id of its Cloud Map namespace, or empty",
        "namespace_arn": "the ARN of its Cloud Map namespace, or empty",
        "namespace_name": "the domain of its Cloud Map namespace, or empty",
    },
    read,
    predict,
    ("ecs_cluster_namespace",),
)
