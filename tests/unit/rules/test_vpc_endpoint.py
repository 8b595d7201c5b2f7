# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.components.vpc_endpoint import endpoint_ids
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.vpc_endpoint import problems


def test_what_is_allowed() -> None:
    options = {
        "vpc_endpoint_services": ["ecr.api", "sqs"],
        "vpc_endpoint_gateway_services": ["s3"],
        "vpc_endpoint_policies": {"sqs": {}},
    }
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"vpc_endpoint_services": ["com.amazonaws.eu-west-1.sqs"]},
            "vpc_endpoint_services has 'com.amazonaws.eu-west-1",
        ),
        (
            {"vpc_endpoint_gateway_services": ["sqs"]},
            "vpc_endpoint_gateway_services has 'sqs'; allowed are s3, dynamodb",
        ),
        (
            {"vpc_endpoint_services": ["s3"], "vpc_endpoint_gateway_services": ["s3"]},
            "vpc_endpoint_services and vpc_endpoint_gateway_services both have s3; allowed is one of them",
        ),
        ({"vpc_endpoint_policies": {"sqs": {}}}, "vpc_endpoint_policies has 'sqs'; allowed are the services of this"),
    ],
)
def test_what_is_refused(options: dict[str, Any], problem: str) -> None:
    (message,) = problems(options)
    assert message.startswith(problem)


def test_an_own_endpoint_goes_before_somebody_elses() -> None:
    def endpoint(number: int, service: str, name: str) -> dict[str, Any]:
        tags = [{"Key": "Name", "Value": name}]
        service = f"com.amazonaws.eu-west-1.{service}"
        return {"VpcEndpointId": f"vpce-{number}", "ServiceName": service, "Tags": tags}

    there = [
        endpoint(1, "ecr.api", "shop-ecr.api"),
        endpoint(2, "ecr.api", "other"),
        endpoint(3, "sqs", "other"),
        endpoint(4, "logs", "other"),
    ]
    assert endpoint_ids(there, "shop", ["ecr.api", "sqs"]) == {"ecr.api": "vpce-1", "sqs": "vpce-3"}
