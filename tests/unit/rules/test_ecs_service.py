# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.ecs_service import (
    REFERENCES,
    looks_secret,
    problems,
    relations,
    schedule_is_valid,
)

GOOD: dict[str, Any] = {
    "ecs_service_name": "shop-dev-web",
    "ecs_service_image": "ghcr.io/shop/web:1.2",
    "ecs_service_container_name": "web",
    "ecs_service_ports": [8080, {"port": 1025, "name": "smtp"}],
    "ecs_service_environment": {"PORT": 8080, "TOKEN_URL": "https://x", "DB_PASSWORD_FILE": "/run/x"},
    "ecs_service_secrets": {"DB_PASSWORD": "db-password", "KEY": "app:key", "OTHER": "arn:aws:ssm:eu-west-1:1:p/x"},
    "ecs_service_cpu": 256,
    "ecs_service_memory": 512,
    "ecs_service_spot_percentage": 100,
    "ecs_service_exec": False,
    "ecs_service_readonly_root_filesystem": True,
    "ecs_service_minimum_healthy_percent": 100,
    "ecs_service_maximum_percent": 200,
    "ecs_service_autoscaling": {"min": 1, "max": 3, "cpu_target": 70},
    "ecs_service_health_check": {"command": "true", "start_period": 60},
    "ecs_service_target_groups": [{"load_balancer": "public", "target_group": "web", "port": 8080}],
    "ecs_service_connect_services": [{"port_name": "smtp", "dns_name": "shop-dev-mail"}],
}
AGENT = "arn:aws:ecr:us-east-1:593207742271:repository/aws-guardduty-agent-fargate"
FILE = {"ecs_service_environment_file": "api.env.j2", "ecs_service_environment_bucket": "env"}
MOUNT = {"file_system": "files", "access_point": "data", "path": "/data"}
SIDECAR = {"ecs_service_containers": [{"name": "a", "image": "x", "ports": [80]}, {"name": "b", "image": "y"}]}
SEVERAL = {**SIDECAR, "ecs_service_target_groups": [], "ecs_service_connect_services": []}


@pytest.mark.parametrize(
    "change",
    [
        {},
        SEVERAL,
        {**FILE, "ecs_service_environment_key": "shop/api.env"},
        {"ecs_service_file_systems": [MOUNT, {**MOUNT, "path": "/logs", "container": "web"}]},
        {"ecs_service_image": None, "ecs_service_image_repository": "images", "ecs_service_image_tag": "2025_05"},
        {"ecs_service_autoscaling": None},
        {"ecs_service_pull_repositories": [AGENT]},
        {"ecs_service_image": "(known after apply)", "ecs_service_cpu": "(known after apply)"},
        {"ecs_service_environment": {"URL": "http://(known after apply)"}},
        {"ecs_service_environment": {"DB_PASSWORD": "x"}, "ecs_service_secrets": {}}
        | {"ecs_service_plain_secrets_allowed": ["DB_PASSWORD"]},
        {"ecs_service_exec": True, "ecs_service_readonly_root_filesystem": False},
    ],
)
def test_allowed(change: dict[str, Any]) -> None:
    assert list(problems({**GOOD, **change})) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ecs_service_pull_repositories": [AGENT.replace(":repository/", ":")]},
            "ecs_service_pull_repositories has 'arn:aws:ecr:us-east-1:593207742271:aws-guardduty-agent-fargate'",
        ),
        ({"ecs_service_cpu": 300}, "ecs_service_cpu is 300; allowed are 256, 512, 1024"),
        (
            {"ecs_service_cpu": 512},
            "ecs_service_memory is 512; allowed with ecs_service_cpu 512 are 1024, 2048, 3072, 4096",
        ),
        ({"ecs_service_name": "x" * 256}, "allowed are letters, digits, dashes and underscores, up to 255"),
        ({"ecs_service_family": "a b"}, "ecs_service_family is 'a b'; allowed are letters, digits"),
        ({"ecs_service_task_role_name": "x" * 65}, "with 65 characters; allowed are up to 64 letters"),
        ({"ecs_service_image_tag": "a/b"}, "ecs_service_image_tag is 'a/b'; allowed are up to 128"),
        ({**FILE, "ecs_service_environment_bucket": None}, "ecs_service_environment_bucket is not; allowed are both"),
        ({**FILE, "ecs_service_environment_key": "api.txt"}, "is 'api.txt'; allowed are keys that end in .env"),
        ({**FILE, **SEVERAL}, "ecs_service_environment_file is for the container 'web'; allowed are a, b"),
        ({"ecs_service_file_systems": [{**MOUNT, "path": "data"}]}, "has the path 'data'; allowed are absolute paths"),
        ({"ecs_service_file_systems": [MOUNT, MOUNT]}, "has the path /data twice in container web; allowed is once"),
        ({"ecs_service_file_systems": [{**MOUNT, "container": "x"}]}, "names the container 'x'; allowed are web"),
        ({"ecs_service_discovery_name": "Web"}, "ecs_service_discovery_name is 'Web'; allowed are lower-case"),
        ({"ecs_service_ephemeral_storage_gib": 20}, "ecs_service_ephemeral_storage_gib is 20; allowed are 0 and 21"),
        ({"ecs_service_spot_percentage": 130}, "ecs_service_spot_percentage is 130; allowed are 0 to 100"),
        ({"ecs_service_log_retention_days": 8}, "ecs_service_log_retention_days is 8; allowed are 0, 1, 3, 5, 7"),
        ({"ecs_service_desired_count": -1}, "ecs_service_desired_count is -1; allowed are 0 to 5000"),
        ({"ecs_service_maximum_percent": 100}, "ecs_service_maximum_percent is 100; allowed with"),
        (
            {"ecs_service_maximum_percent": 100, "ecs_service_minimum_healthy_percent": 50}
            | {"ecs_service_availability_zone_rebalancing": True},
            "allowed with ecs_service_availability_zone_rebalancing is more",
        ),
        ({"ecs_service_image": None}, "ecs_service_image is not set; it is required, or image_repository"),
        ({"ecs_service_image": "Not An Image"}, "ecs_service_image is 'Not An Image'; allowed is an image reference"),
        ({"ecs_service_ports": [8080, 1025, 70000]} | {"ecs_service_connect_services": []}, "ports has 70000; allowed"),
        (
            {"ecs_service_ports": [8080, 8080]} | {"ecs_service_connect_services": []},
            "ports has 8080, which ecs_service_ports has already",
        ),
        (
            {"ecs_service_environment": {"DB_PASSWORD": ""}},
            "ecs_service_environment has DB_PASSWORD, which is in secrets as well",
        ),
        (
            {"ecs_service_environment": {"JWT_SECRET": "x"}},
            "ecs_service_environment has JWT_SECRET, whose name is that of a secret",
        ),
        (
            {"ecs_service_health_check": {"command": "x", "retries": 11}},
            "ecs_service_health_check.retries is 11; allowed are 1 to 10",
        ),
        (
            {"ecs_service_health_check": {"command": ["curl", "x"]}},
            "ecs_service_health_check.command begins with ['curl']; allowed are CMD and CMD-SHELL",
        ),
        ({"ecs_service_writable_paths": ["tmp"]}, "ecs_service_writable_paths has 'tmp'; allowed are absolute paths"),
        ({"ecs_service_exec": True}, "ecs_service_readonly_root_filesystem is true; allowed with ecs_service_exec"),
        (
            {"ecs_service_autoscaling": {"min": 4, "max": 3, "cpu_target": 70}},
            "min is 4; allowed with max 3 are 0 to 3",
        ),
        (
            {"ecs_service_autoscaling": {"min": 1, "max": 3, "cpu_target": 170}},
            "ecs_service_autoscaling.cpu_target is 170; allowed are numbers above 0 up to 100",
        ),
        ({"ecs_service_autoscaling": {"min": 1, "max": 3}}, "has nothing to scale by"),
        (
            {
                "ecs_service_autoscaling": {
                    "min": 1,
                    "max": 3,
                    "schedules": [{"name": "night", "schedule": "cron(0 22 * * *)", "min": 0}],
                }
            },
            "schedules night has the schedule 'cron(0 22 * * *)'; allowed are cron(",
        ),
        (
            {"ecs_service_target_groups": [{"load_balancer": "public", "target_group": "web", "port": 81}]},
            "ecs_service_target_groups has the port 81; allowed with container web are 8080, 1025",
        ),
        (
            {
                "ecs_service_target_groups": [
                    {"load_balancer": "public", "target_group": "web", "container": "app", "port": 8080}
                ]
            },
            "names the container 'app'; allowed are web",
        ),
        (
            {"ecs_service_connect_services": [{"port_name": "http"}]},
            "ecs_service_connect_services names the port 'http'; allowed are port-8080, smtp",
        ),
        (
            {"ecs_service_connect_services": [{"port_name": "smtp", "dns_name": "Mail"}]},
            "has the dns_name 'Mail'; allowed are lower-case",
        ),
        (
            {
                **SEVERAL,
                "ecs_service_containers": [{"name": "a", "image": "x", "secrets": {}, "environment": {"PWD": 1}}],
            },
            "ecs_service_containers a.environment has PWD",
        ),
    ],
)
def test_refused(change: dict[str, Any], message: str) -> None:
    (problem,) = problems({**GOOD, **change})
    assert message in problem


@pytest.mark.parametrize(
    ("schedule", "valid"),
    [
        ("cron(0 22 * * ? *)", True),
        ("cron(0 22 ? * MON-FRI *)", True),
        ("cron(0 22 * * * *)", False),
        ("rate(1 day)", True),
        ("rate(5 minutes)", True),
        ("rate(1 days)", False),
        ("rate(5 minute)", False),
        ("at(2030-01-01T00:00:00)", True),
        ("0 22 * * *", False),
    ],
)
def test_schedules(schedule: str, valid: bool) -> None:
    assert schedule_is_valid(schedule) is valid


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DATABASE__PASSWORD", True),
        ("APP_API_KEY", True),
        ("GITHUB_TOKEN", True),
        ("SECRET_NAME", False),
        ("STORAGE__AWS__BUCKET_NAME", False),
        ("KEYBOARD", False),
        ("PASSWORD_MIN_LENGTH", False),
    ],
)
def test_names_of_secrets(name: str, secret: bool) -> None:
    assert looks_secret(name) is secret


def test_references_to_secrets_and_load_balancers() -> None:
    kind, names = REFERENCES["ecs_service_secrets"]
    assert (kind, list(names(GOOD["ecs_service_secrets"]))) == ("secret", ["db-password", "app"])
    kind, names = REFERENCES["ecs_service_containers"]
    assert list(names([{"name": "a", "secrets": {"X": "one:key"}}, {"name": "b"}])) == ["one"]
    kind, names = REFERENCES["ecs_service_target_groups"]
    assert (kind, list(names(GOOD["ecs_service_target_groups"]))) == ("alb", ["public"])


SHIFT: dict[str, Any] = {
    **GOOD,
    "ecs_service_deployment_strategy": "BLUE_GREEN",
    "ecs_service_bake_time_minutes": 5,
    "ecs_service_wait_timeout": 1200,
}
LINEAR, CANARY = ({**SHIFT, "ecs_service_deployment_strategy": name} for name in ("LINEAR", "CANARY"))
UNKNOWN = "(known after apply)"


@pytest.mark.parametrize(
    "options",
    [
        SHIFT,
        {**SHIFT, "ecs_service_bake_time_minutes": 0},
        {**SHIFT, "ecs_service_bake_time_minutes": 19},
        {**SHIFT, "ecs_service_bake_time_minutes": UNKNOWN, "ecs_service_wait_timeout": UNKNOWN},
        {**SHIFT, "ecs_service_deployment_strategy": "ROLLING", "ecs_service_bake_time_minutes": 1440},
        {**CANARY, "ecs_service_shift_percent": 0.1, "ecs_service_shift_bake_time_minutes": 14},
        {**LINEAR, "ecs_service_shift_percent": 25, "ecs_service_shift_bake_time_minutes": 4},
    ],
)
def test_deployments_that_shift_traffic(options: dict[str, Any]) -> None:
    assert list(problems(options)) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({**SHIFT, "ecs_service_bake_time_minutes": 1441, "ecs_service_wait_timeout": 99999}, "are 0 to 1440"),
        (
            {**SHIFT, "ecs_service_bake_time_minutes": 20},
            "ecs_service_wait_timeout is 1200; allowed is more than 1200, as a deployment BLUE_GREEN waits 20 minutes",
        ),
        ({**CANARY, "ecs_service_bake_time_minutes": 10}, "a deployment CANARY waits 20 minutes by itself"),
        ({**LINEAR, "ecs_service_bake_time_minutes": 0}, "more than 3240, as a deployment LINEAR waits 54 minutes"),
        ({**LINEAR, "ecs_service_shift_percent": 30.0, "ecs_service_bake_time_minutes": 2}, "LINEAR waits 20 minutes"),
        (
            {**SHIFT, "ecs_service_shift_percent": 10},
            "ecs_service_shift_percent is 10; allowed is it with ecs_service_deployment_strategy LINEAR or CANARY",
        ),
        (
            {**SHIFT, "ecs_service_shift_bake_time_minutes": 1},
            "ecs_service_shift_bake_time_minutes is 1; allowed is it",
        ),
        (
            {**LINEAR, "ecs_service_shift_percent": 2},
            "ecs_service_shift_percent is 2; allowed with LINEAR are 3 to 100",
        ),
        ({**CANARY, "ecs_service_shift_percent": 101}, "is 101; allowed with CANARY are 0.1 to 100"),
        ({**SHIFT, "ecs_service_infrastructure_role_name": "a/b"}, "ecs_service_infrastructure_role_name is 'a/b'"),
    ],
)
def test_wrong_deployments_that_shift_traffic(options: dict[str, Any], problem: str) -> None:
    (message,) = problems(options)
    assert problem in message


def test_a_service_that_shifts_traffic_needs_a_pair_of_target_groups() -> None:
    alone = {"public": {"alb_target_groups": {"web": {"port": 8080}}}}
    pair = {"public": {"alb_target_groups": {"web": {"port": 8080, "alternate": True}}}}
    (message,) = relations(SHIFT, alone)
    assert "it needs alb_target_groups.web of public to have alternate" in message
    assert list(relations(SHIFT, pair)) == list(relations(GOOD, alone)) == list(relations(GOOD, pair)) == []
    for unknown in ({}, {"public": {}}, {"public": {"alb_target_groups": UNKNOWN}}):
        assert list(relations(SHIFT, unknown)) == []
    assert list(relations({**SHIFT, "ecs_service_target_groups": []}, {})) == []
    (message,) = relations({**LINEAR, "ecs_service_target_groups": []}, {})
    assert message == "ecs_service_deployment_strategy is LINEAR; it needs ecs_service_target_groups, which it shifts"
