# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.fargate.plugins.filter import ecs

UNKNOWN = "(known after apply)"
DEFAULTS = {"readonly_root_filesystem": True, "init_process": True}
LOGS = {"awslogs-group": "/ecs/web"}
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web"
WEB: dict[str, Any] = {"name": "web", "image": "nginx"}


def _definition(**options: Any) -> dict[str, Any]:
    (definition,) = ecs.ecs_container_definitions([{**WEB, **options}], DEFAULTS, LOGS, {"db": SECRET})
    return definition


def test_a_container_is_secure_and_logs_by_default() -> None:
    assert _definition() == {
        "name": "web",
        "image": "nginx",
        "essential": True,
        "readonlyRootFilesystem": True,
        "portMappings": [],
        "secrets": {},
        "mountPoints": [],
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
    }


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        ({"command": ["serve"]}, "command", ["serve"]),
        ({"entry_point": ["/bin/x"]}, "entryPoint", ["/bin/x"]),
        ({"essential": False}, "essential", False),
        ({"readonly_root_filesystem": False}, "readonlyRootFilesystem", False),
        ({"environment": {"A": "1"}}, "environment", {"A": "1"}),
        ({"ports": [8080]}, "portMappings", [{"name": "port-8080", "containerPort": 8080, "protocol": "tcp"}]),
        (
            {"ports": [{"port": 53, "name": "dns", "protocol": "udp"}]},
            "portMappings",
            [{"name": "dns", "containerPort": 53, "protocol": "udp"}],
        ),
        (
            {"ports": [{"port": 80, "app_protocol": "http"}]},
            "portMappings",
            [{"name": "port-80", "containerPort": 80, "protocol": "tcp", "appProtocol": "http"}],
        ),
        ({"secrets": {"P": "db"}}, "secrets", {"P": SECRET}),
        ({"secrets": {"P": "db:password"}}, "secrets", {"P": f"{SECRET}:password::"}),
        (
            {"secrets": {"P": "arn:aws:ssm:eu-west-1:1:parameter/x"}},
            "secrets",
            {"P": "arn:aws:ssm:eu-west-1:1:parameter/x"},
        ),
        ({"health_check": {"command": "true"}}, "healthCheck", {"command": ["CMD-SHELL", "true"]}),
        (
            {"health_check": {"command": ["CMD", "true"], "start_period": 60, "retries": None}},
            "healthCheck",
            {"command": ["CMD", "true"], "startPeriod": 60},
        ),
        ({"depends_on": {"db": "HEALTHY"}}, "dependsOn", [{"containerName": "db", "condition": "HEALTHY"}]),
        (
            {"environment_files": ["arn:aws:s3:::b/x"]},
            "environmentFiles",
            [{"value": "arn:aws:s3:::b/x", "type": "s3"}],
        ),
        ({"definition": {"ulimits": []}}, "ulimits", []),
        ({"definition": {"image": "other"}}, "image", "other"),
    ],
)
def test_what_an_option_becomes(options: dict[str, Any], key: str, value: Any) -> None:
    assert _definition(**options)[key] == value


def test_writable_paths_are_volumes_of_the_task() -> None:
    definition = _definition(writable_paths=["/tmp", "/var/cache/nginx"])
    assert [mount["containerPath"] for mount in definition["mountPoints"]] == ["/tmp", "/var/cache/nginx"]
    efs = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}
    volumes = ecs.ecs_volumes([definition], [efs])
    assert volumes == [efs, {"name": "web-tmp"}, {"name": "web-var-cache-nginx"}]


def test_the_components_of_secrets() -> None:
    containers = [{"secrets": {"A": "db", "B": "app:key", "C": SECRET}}, {"secrets": None}, {"secrets": {"A": "db"}}]
    assert ecs.ecs_secret_components(containers) == ["app", "db"]


def test_the_execution_role_may_do_the_least() -> None:
    statements = ecs.ecs_execution_statements([_definition()], GROUP, [])
    logs = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [f"{GROUP}:*"]}
    assert statements == [logs]


def test_the_execution_role_may_read_its_secrets_pull_its_image_and_read_its_files() -> None:
    repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web"
    definitions = [
        {
            **_definition(secrets={"A": "db:key", "B": "arn:aws:ssm:eu-west-1:1:parameter/x"}),
            "image": f"{repository}:1@sha256:{'0' * 64}",
            "environmentFiles": [{"value": "arn:aws:s3:::settings/web.env", "type": "s3"}],
        },
        {**_definition(), "image": "public.ecr.aws/nginx/nginx:1"},
    ]
    statements = ecs.ecs_execution_statements(definitions, GROUP, ["arn:aws:kms:eu-west-1:1:key/k"])
    allowed = {action: statement["Resource"] for statement in statements for action in statement["Action"]}
    assert allowed["secretsmanager:GetSecretValue"] == [SECRET]
    assert allowed["ssm:GetParameters"] == ["arn:aws:ssm:eu-west-1:1:parameter/x"]
    assert allowed["kms:Decrypt"] == ["arn:aws:kms:eu-west-1:1:key/k"]
    assert allowed["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/team/web"]
    assert allowed["s3:GetObject"] == ["arn:aws:s3:::settings/web.env"]
    assert allowed["s3:GetBucketLocation"] == ["arn:aws:s3:::settings"]
    assert [action for action, resources in allowed.items() if resources == ["*"]] == ["ecr:GetAuthorizationToken"]


def test_secrets_that_are_not_there_yet() -> None:
    (definition,) = ecs.ecs_container_definitions([{**WEB, "secrets": {"A": "db"}}], DEFAULTS, LOGS, {"db": UNKNOWN})
    statements = ecs.ecs_execution_statements([definition], GROUP, [])
    assert statements[1]["Resource"] == [UNKNOWN]


def test_ecs_exec_needs_its_agent() -> None:
    own = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert ecs.ecs_task_statements([own], False) == [own]
    assert ecs.ecs_task_statements([], False) == []
    assert "ssmmessages:OpenDataChannel" in ecs.ecs_task_statements([own], True)[1]["Action"]


def test_autoscaling() -> None:
    scaling = {"min": 1, "max": 3, "cpu_target": 70, "memory_target": None, "scale_in_cooldown": 60}
    assert ecs.ecs_policies(scaling, "web") == [
        {"name": "web-cpu", "metric": "ECSServiceAverageCPUUtilization", "target_value": 70, "scale_in_cooldown": 60}
    ]
    assert ecs.ecs_policies(None, "web") == []
    night = {"name": "night", "schedule": "rate(1 day)", "min": 0}
    assert ecs.ecs_scheduled_actions([night]) == [{"name": "night", "schedule": "rate(1 day)", "min_capacity": 0}]


def test_target_groups() -> None:
    item = {"load_balancer": "public", "target_group": "web", "port": 80}
    expected = {"target_group_arn": "arn:tg", "container_name": "web", "container_port": 80}
    assert ecs.ecs_load_balancers([item], {"public": {"web": "arn:tg"}}, "web") == [expected]
    assert ecs.ecs_load_balancers([item], {"public": UNKNOWN}, "web") == [{**expected, "target_group_arn": UNKNOWN}]
    with pytest.raises(AnsibleFilterError, match="component public has no target group 'web'; it has api, mail"):
        ecs.ecs_load_balancers([item], {"public": {"mail": "1", "api": "2"}}, "web")


def test_target_groups_of_a_pair() -> None:
    item = {"load_balancer": "public", "target_group": "web", "port": 8080}
    pairs = {"public": {"web": {"alternate": "web-alt", "production_rule": "arn:rule", "test_rule": ""}}}
    groups = {"public": {"web": "arn:tg", "web-alt": "arn:alt"}}
    (found,) = ecs.ecs_load_balancers([item], groups, "web", pairs, "arn:role")
    expected = {
        "alternate_target_group_arn": "arn:alt",
        "production_listener_rule": "arn:rule",
        "role_arn": "arn:role",
    }
    assert found["advanced_configuration"] == expected
    pairs["public"]["web"]["test_rule"] = "arn:test"
    (found,) = ecs.ecs_load_balancers([item], {"public": UNKNOWN}, "web", pairs, "arn:role")
    assert found["advanced_configuration"] == {
        **expected,
        "alternate_target_group_arn": UNKNOWN,
        "test_listener_rule": "arn:test",
    }
    (plain,) = ecs.ecs_load_balancers([item], groups, "web", {"public": {}}, "arn:role")
    assert "advanced_configuration" not in plain


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ROLLING", 5, None, None), {}),
        (("BLUE_GREEN", 5, None, None), {"bake_time_in_minutes": 5}),
        (("CANARY", 0, None, None), {"bake_time_in_minutes": 0}),
        (
            ("CANARY", 5, 10.0, 1),
            {
                "bake_time_in_minutes": 5,
                "canary_configuration": {"canary_percent": 10.0, "canary_bake_time_in_minutes": 1},
            },
        ),
        (("LINEAR", 5, 20.0, None), {"bake_time_in_minutes": 5, "linear_configuration": {"step_percent": 20.0}}),
    ],
)
def test_strategies_of_deployments(arguments: Any, expected: dict[str, Any]) -> None:
    assert ecs.ecs_deployment_strategy(*arguments) == {"strategy": arguments[0], **expected}


def test_service_connect_lets_a_bare_name_resolve() -> None:
    definitions = [_definition(ports=[{"port": 1025, "name": "smtp"}])]
    (service,) = ecs.ecs_service_connect([{"port_name": "smtp"}], definitions, "shop-dev-mail")
    assert service == {
        "port_name": "smtp",
        "discovery_name": "shop-dev-mail-smtp",
        "client_aliases": [{"dns_name": "shop-dev-mail", "port": 1025}],
    }
    (other,) = ecs.ecs_service_connect([{"port_name": "smtp", "dns_name": "mail", "port": 25}], definitions, "x")
    assert other["client_aliases"] == [{"dns_name": "mail", "port": 25}]


FILES: dict[str, Any] = {
    "files": {
        "id": "fs-1",
        "arn": "arn:fs-1",
        "access_points": {"data": "fsap-1"},
        "access_point_arns": {"data": "arn:fsap-1"},
    }
}
NOT_YET: dict[str, Any] = {
    "files": {
        "id": UNKNOWN,
        "arn": UNKNOWN,
        "access_points": {"data": UNKNOWN},
        "access_point_arns": {"data": UNKNOWN},
    }
}
MOUNT = {"file_system": "files", "access_point": "data", "path": "/data"}


def test_containers_have_images_of_repositories_files_and_file_systems() -> None:
    sidecar = {"name": "agent", "image": "agent:1"}
    web = {"name": "web", "image_repository": "images", "image_tag": "2025_05", "image": None}
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web"
    mounts = [MOUNT, {"file_system": "files", "path": "/all", "container": "agent", "read_only": True}]
    one, other = ecs.ecs_containers([web, sidecar], {"images": uri}, {"web": "arn:aws:s3:::env/web.env"}, mounts, "web")
    assert one["image"] == f"{uri}:2025_05"
    assert one["environment_files"] == ["arn:aws:s3:::env/web.env"]
    assert one["mounts"] == [{"sourceVolume": "files-data", "containerPath": "/data", "readOnly": False}]
    assert other["mounts"] == [{"sourceVolume": "files", "containerPath": "/all", "readOnly": True}]
    (definition,) = ecs.ecs_container_definitions([one], DEFAULTS, LOGS, {})
    assert definition["mountPoints"] == one["mounts"]
    assert definition["environmentFiles"] == [{"value": "arn:aws:s3:::env/web.env", "type": "s3"}]
    (latest,) = ecs.ecs_containers([{"name": "web", "image_repository": "images"}], {"images": uri})
    assert latest["image"] == f"{uri}:latest"
    (first,) = ecs.ecs_containers([{**web, "image": "nginx"}], {"images": uri})  # until the first push
    assert first["image"] == "nginx"
    statements = ecs.ecs_execution_statements([definition], GROUP, [], ["arn:repository"])
    assert {"arn:repository"} <= {arn for statement in statements for arn in statement["Resource"]}


def test_file_systems_are_mounted_with_tls_and_iam() -> None:
    whole = {"file_system": "files", "path": "/all", "read_only": True}
    one, other = ecs.ecs_file_system_volumes([MOUNT, {**MOUNT, "path": "/again"}, whole], FILES)
    efs = {"fileSystemId": "fs-1", "transitEncryption": "ENABLED"}
    access = {"iam": "ENABLED", "accessPointId": "fsap-1"}
    assert one == {"name": "files-data", "efsVolumeConfiguration": {**efs, "authorizationConfig": access}}
    assert other == {"name": "files", "efsVolumeConfiguration": {**efs, "authorizationConfig": {"iam": "ENABLED"}}}
    assert ecs.ecs_file_system_statements([MOUNT, whole], FILES) == [
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": ["arn:fs-1"],
            "Condition": {"ArnEquals": {"elasticfilesystem:AccessPointArn": "arn:fsap-1"}},
        },
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess"],
            "Resource": ["arn:fs-1"],
        },
    ]


def test_a_file_system_that_is_not_there_yet() -> None:
    (volume,) = ecs.ecs_file_system_volumes([MOUNT], NOT_YET)
    assert volume["efsVolumeConfiguration"]["authorizationConfig"]["accessPointId"] == UNKNOWN
    with pytest.raises(AnsibleFilterError, match="files has no access point 'logs'; it has data"):
        ecs.ecs_file_system_volumes([{**MOUNT, "access_point": "logs"}], FILES)
