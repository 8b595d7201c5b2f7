# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_image import Image, what_is_there
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, ResourceError
from ansible_collections.slipway.fargate.plugins.modules.log_events_info import beginning

from tests.support.local_aws import Account
from tests.support.modules import ModuleFailed, run_module
from tests.verbs.environment import CLUSTER, image, push

NAME = "shop-dev-web"
REPOSITORY = "shop/web"
SIDECAR = "docker.io/library/proxy:1"


@pytest.fixture
def aws(account: Account) -> Account:
    """An account with a service of two containers that runs v1 of a repository with three tags."""
    ecr, ecs, ec2 = (account.client(name) for name in ("ecr", "ecs", "ec2"))
    ecr.create_repository(repositoryName=REPOSITORY)
    push(account, "v1", "v2", "2025_05")
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(
        family=NAME,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{account.id}:role/execution",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        ephemeralStorage={"sizeInGiB": 30},
        volumes=[{"name": "work"}],
        tags=[{"key": "Team", "value": "shop"}],
        containerDefinitions=[
            {"name": "proxy", "image": SIDECAR, "essential": False},
            {
                "name": "web",
                "image": image(account, "v1"),
                "environment": [{"name": "LOG_LEVEL", "value": "info"}],
                "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                "mountPoints": [{"sourceVolume": "work", "containerPath": "/work"}],
            },
        ],
    )
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]]
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=NAME,
        taskDefinition=f"{NAME}:1",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    ecs.describe_services(cluster=CLUSTER, services=[NAME])
    return account


def release(aws: Account, action: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
    options = {"name": NAME, "cluster": CLUSTER, "wait_timeout": 20, **options}
    return run_module(aws, "ecs_release", _check=check, action=action, **options)


def running(aws: Account) -> str:
    found = aws.client("ecs").describe_services(cluster=CLUSTER, services=[NAME])["services"][0]
    return found["taskDefinition"].split("/")[-1]


def definition(aws: Account, revision: int) -> dict[str, Any]:
    answer = aws.client("ecs").describe_task_definition(taskDefinition=f"{NAME}:{revision}", include=["TAGS"])
    return {**answer["taskDefinition"], "tags": answer["tags"]}


def refused(aws: Account, action: str, **options: Any) -> str:
    """The message of a refusal, in a run as in check mode, that changed nothing."""
    messages = set()
    for check in (True, False):
        since = aws.position()
        with pytest.raises(ModuleFailed) as failed:
            release(aws, action, check=check, **options)
        assert aws.writes(since) == []
        messages.add(str(failed.value))
    (message,) = messages
    return message


# ---- publish --------------------------------------------------------------------------------


def test_publish_registers_a_revision_that_differs_in_the_image_alone(aws: Account) -> None:
    since = aws.position()
    predicted = release(aws, "publish", check=True, image_tag="v2")
    assert aws.writes(since) == []
    done = release(aws, "publish", image_tag="v2")
    assert predicted["changed"] and done["changed"]
    kinds = [(c["action"], c["resource"], c["name"], sorted(c["attributes"])) for c in done["changes"]]
    assert kinds == [(c["action"], c["resource"], c["name"], sorted(c["attributes"])) for c in predicted["changes"]]
    assert done["changes"][0]["attributes"] == {
        "containers.web.image": {"before": image(aws, "v1"), "after": image(aws, "v2")}
    }
    assert predicted["release"].keys() == done["release"].keys()
    assert predicted["release"]["task_definition"] == UNKNOWN
    assert done["release"]["task_definition"] == running(aws) == f"{NAME}:2"
    assert done["release"]["previous_task_definition"] == f"{NAME}:1"
    assert done["release"]["container"] == "web" and done["release"]["running_count"] == 2
    assert "has reached a steady state" in done["release"]["events"][0]
    old, new = definition(aws, 1), definition(aws, 2)
    assert new["containerDefinitions"][1].pop("image") == image(aws, "v2")
    assert old["containerDefinitions"][1].pop("image") == image(aws, "v1")
    changing = ("taskDefinitionArn", "revision", "registeredAt")
    assert {k: v for k, v in new.items() if k not in changing} == {k: v for k, v in old.items() if k not in changing}


def test_publishing_what_runs_changes_nothing(aws: Account) -> None:
    release(aws, "publish", image_tag="v2")
    since = aws.position()
    again = release(aws, "publish", image_tag="v2")
    assert not again["changed"] and aws.writes(since) == []
    assert not release(aws, "publish", check=True, image_tag="v2")["changed"]


def test_an_interrupted_publish_is_finished_without_another_revision(aws: Account) -> None:
    aws.fault(service="ecs", operation="UpdateService", code="AccessDeniedException", message="not now", status=400)
    with pytest.raises(ModuleFailed, match="not now"):
        release(aws, "publish", image_tag="v2")
    assert running(aws) == f"{NAME}:1"
    done = release(aws, "publish", image_tag="v2")
    assert [change["resource"] for change in done["changes"]] == ["ECS service"]
    assert running(aws) == f"{NAME}:2"


def test_a_tag_that_is_not_in_ecr_is_refused_with_the_nearest(aws: Account) -> None:
    message = refused(aws, "publish", image_tag="2025_50")
    for text in (
        f"ECR repository {REPOSITORY} has no image with the tag 2025_50",
        "nearest to it: 2025_05",
        "newest of 3",
    ):
        assert text in message


def test_a_repository_that_is_not_there_is_refused(aws: Account) -> None:
    other = image(aws, "v1").replace(REPOSITORY, "shop/other")
    assert "there is no ECR repository shop/other in eu-west-1" in refused(aws, "publish", image=other)


def test_a_digest_that_is_not_there_is_refused(aws: Account) -> None:
    digest = f"{image(aws, 'v1').rpartition(':')[0]}@sha256:{'0' * 64}"
    assert "has no image with sha256:0000" in refused(aws, "publish", image=digest)


def test_a_tag_that_is_none_is_refused(aws: Account) -> None:
    assert "image_tag is '-v2'; allowed are" in refused(aws, "publish", image_tag="-v2")


def test_an_image_is_required(aws: Account) -> None:
    assert "image_tag" in refused(aws, "publish")


def test_a_container_is_chosen_by_name(aws: Account) -> None:
    done = release(aws, "publish", container="proxy", image_tag="2")
    assert done["release"]["images"]["proxy"] == "docker.io/library/proxy:2"
    assert any("is in no ECR registry" in str(warning) for warning in done["warnings"])
    assert "has no container wbe: did you mean web?" in refused(aws, "publish", container="wbe", image_tag="v2")


def test_a_service_of_somebody_elses_image_can_be_left_alone(aws: Account) -> None:
    found = release(aws, "publish", container="proxy", image_tag="2", ecr_only=True)
    assert not found["changed"] and found["release"]["left_out"] == f"its image {SIDECAR} is not in ECR"
    assert release(aws, "publish", check=True, image_tag="v2", ecr_only=True)["changed"]


def test_a_service_that_is_not_deployed_names_the_nearest(aws: Account) -> None:
    message = refused(aws, "publish", name="shop-dev-wbe", image_tag="v2")
    assert f"ECS service shop-dev-wbe is not deployed in cluster {CLUSTER}: did you mean {NAME}?" in message
    assert "there is no cluster nowhere" in refused(aws, "restart", cluster="nowhere")


def test_a_failed_rollout_tells_why_and_what_runs_now(aws: Account) -> None:
    aws.settings(ecs_outcomes=[{"image_contains": ":v2", "reason": "Essential container in task exited"}])
    with pytest.raises(ModuleFailed) as failed:
        release(aws, "publish", image_tag="v2")
    message = str(failed.value)
    assert "Essential container in task exited" in message and "circuit breaker" in message
    assert f"the service goes on with {NAME}:1" in message and "last events: " in message


def test_an_error_of_aws_is_told(aws: Account) -> None:
    aws.fault(service="ecs", operation="RegisterTaskDefinition", code="AccessDeniedException", message="no", status=400)
    with pytest.raises(ModuleFailed, match="AccessDeniedException"):
        release(aws, "publish", image_tag="v2")
    assert running(aws) == f"{NAME}:1"


# ---- rollback -------------------------------------------------------------------------------


def test_rollback_goes_to_what_last_ran_successfully(aws: Account) -> None:
    """Not to the revision before, which never came up."""
    aws.settings(ecs_outcomes=[{"image_contains": ":v2", "reason": "broken"}])
    with pytest.raises(ModuleFailed):
        release(aws, "publish", image_tag="v2")
    release(aws, "publish", image_tag="2025_05")
    assert running(aws) == f"{NAME}:3"
    predicted = release(aws, "rollback", check=True)
    done = release(aws, "rollback")
    assert done["changes"] == predicted["changes"]
    assert done["release"]["task_definition"] == running(aws) == f"{NAME}:1"
    assert done["release"]["images"]["web"] == image(aws, "v1")


@pytest.mark.parametrize("to", ["1", f"{NAME}:1", "v1"])
def test_rollback_to_a_revision_or_a_tag(aws: Account, to: str) -> None:
    release(aws, "publish", image_tag="v2")
    assert release(aws, "rollback", to=to)["release"]["task_definition"] == f"{NAME}:1"
    assert running(aws) == f"{NAME}:1"
    assert not release(aws, "rollback", to=to)["changed"]


def test_rollback_without_a_past_and_to_what_never_was(aws: Account) -> None:
    assert f"no other revision than {NAME}:1 has run successfully" in refused(aws, "rollback")
    message = refused(aws, "rollback", to="v11")
    assert "no revision or tag v11 to go back to: did you mean v1?" in message and f"{NAME}:1" in message


# ---- restart --------------------------------------------------------------------------------


def test_restart_starts_the_tasks_anew(aws: Account) -> None:
    ecs = aws.client("ecs")
    before = set(ecs.list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"])
    assert release(aws, "restart", check=True)["changed"]
    assert set(ecs.list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"]) == before
    done = release(aws, "restart")
    assert done["changed"] and [sorted(change["attributes"]) for change in done["changes"]] == [["deployment"]]
    after = set(ecs.list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"])
    assert len(after) == 2 and not after & before
    assert running(aws) == f"{NAME}:1"


# ---- images ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("nginx", "nginx", ""),
        ("nginx:1.27", "nginx", "1.27"),
        ("localhost:5000/shop/web", "localhost:5000/shop/web", ""),
        ("localhost:5000/shop/web:v1", "localhost:5000/shop/web", "v1"),
    ],
)
def test_an_image_in_its_parts(text: str, repository: str, tag: str) -> None:
    assert Image.parse(text) == Image(repository, tag) and str(Image.parse(text)) == text
    pinned = Image.parse(f"{repository}@sha256:1")
    assert (pinned.repository, pinned.digest, str(pinned.with_tag("v2"))) == (
        repository,
        "sha256:1",
        f"{repository}:v2",
    )


def test_an_empty_repository_says_so() -> None:
    assert what_is_there("v1", []) == "it has no tagged image at all"


# ---- status ---------------------------------------------------------------------------------


def test_the_status_of_a_service(aws: Account) -> None:
    since = aws.position()
    found = run_module(aws, "ecs_status_info", name=NAME, cluster=CLUSTER)["status"]
    assert aws.writes(since) == []
    assert found["steady"] and (found["running_count"], found["desired_count"]) == (2, 2)
    assert found["images"] == {"proxy": SIDECAR, "web": image(aws, "v1")}
    assert [item["rollout"] for item in found["deployments"]] == ["COMPLETED"]
    assert found["text"].splitlines()[0] == f"{NAME}: 2 of 2 tasks run {NAME}:1"
    assert found["smoke"]["result"] == "none" and len(found["events"]) <= 5


def test_the_status_of_a_service_that_fails(aws: Account) -> None:
    aws.settings(ecs_outcomes=[{"image_contains": ":v2", "reason": "out of memory"}])
    with pytest.raises(ModuleFailed):
        release(aws, "publish", image_tag="v2")
    found = run_module(aws, "ecs_status_info", name=NAME, cluster=CLUSTER)["status"]
    assert any("out of memory" in reason for reason in found["stopped"])
    assert "stopped" in found["text"]


def test_the_status_of_a_service_that_is_not_there(aws: Account) -> None:
    for where in ({"name": "x", "cluster": CLUSTER}, {"name": NAME, "cluster": "nowhere"}):
        assert run_module(aws, "ecs_status_info", **where)["status"]["deployed"] is False


def test_the_status_that_aws_refuses(aws: Account) -> None:
    aws.fault(service="ecs", operation="DescribeServices", code="AccessDeniedException", message="no", status=400)
    with pytest.raises(ModuleFailed, match="Could not read ECS service"):
        run_module(aws, "ecs_status_info", name=NAME, cluster=CLUSTER)


# ---- logs -----------------------------------------------------------------------------------


def logged(account: Account, group: str = "/ecs/web") -> Account:
    logs, now = account.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    for stream, lines in {"web/web/1": ["started", "ERROR one"], "proxy/proxy/1": ["ERROR two"]}.items():
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": now - 5000 + number, "message": line} for number, line in enumerate(lines)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return account


def test_the_last_events_of_a_log_group(account: Account) -> None:
    logged(account)
    found = run_module(account, "log_events_info", log_group="/ecs/web")
    assert sorted(event["message"] for event in found["events"]) == ["ERROR one", "ERROR two", "started"]
    assert found["events"] == sorted(found["events"], key=lambda event: event["time"])
    one = run_module(account, "log_events_info", log_group="/ecs/web", stream_prefix="web/", filter="ERROR")
    assert [event["message"] for event in one["events"]] == ["ERROR one"]
    assert one["text"].endswith("Z web/web/1 ERROR one")
    last = run_module(account, "log_events_info", log_group="/ecs/web", limit=1)
    assert (len(last["events"]), last["left_out"]) == (1, 2)
    assert run_module(account, "log_events_info", log_group="/ecs/web", since="1s")["events"] == []


def test_when_logs_begin() -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert beginning("90s", now) == now - timedelta(seconds=90)
    assert beginning("2h", now) == now - timedelta(hours=2)
    assert beginning("2026-05-01T10:00:00", now) == now - timedelta(hours=2)
    assert beginning("2026-05-01T12:00:00+02:00", now) == now - timedelta(hours=2)
    with pytest.raises(ResourceError, match="since is 'yesterday'; allowed are"):
        beginning("yesterday", now)


def test_logs_that_cannot_be_read(account: Account) -> None:
    for options, message in (
        ({}, "there is none; converge the component first"),
        ({"limit": 0}, "limit is 0; allowed are 1 to 10000"),
        ({"since": "soon"}, "since is 'soon'"),
    ):
        with pytest.raises(ModuleFailed, match=message):
            run_module(account, "log_events_info", log_group="/ecs/none", **options)
    account.fault(service="logs", operation="FilterLogEvents", code="AccessDeniedException", message="no", status=400)
    with pytest.raises(ModuleFailed, match="Could not read log group"):
        run_module(account, "log_events_info", log_group="/ecs/none")
