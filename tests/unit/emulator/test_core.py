# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, the request log, faults, settings: what all services share."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from .conftest import ROOT, Aws, client


def test_health(aws: Aws) -> None:
    assert aws.local("GET", "health")["status"] == "ok"


def test_a_key_of_twelve_digits_is_the_account(aws: Aws) -> None:
    assert aws("sts").get_caller_identity()["Account"] == aws.account
    arn = aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    assert arn == f"arn:aws:iam::{aws.account}:role/r"
    url = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    assert url.endswith(f"/{aws.account}/q")
    assert aws("ec2").describe_vpcs()["Vpcs"][0]["OwnerId"] == aws.account


def test_any_other_key_is_the_default_account(server_url: str) -> None:
    for key in ("test", "AKIAIOSFODNN7EXAMPLE", "123"):
        assert client(server_url, "sts", key).get_caller_identity()["Account"] == "123456789012"


def test_accounts_do_not_see_each_other(aws: Aws, server_url: str) -> None:
    aws("s3").create_bucket(Bucket=f"b{aws.account}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert len(aws("s3").list_buckets()["Buckets"]) == 1
    assert client(server_url, "s3", "000000000001").list_buckets()["Buckets"] == []


def test_presigned_requests_belong_to_their_signer(aws: Aws) -> None:
    s3 = aws("s3")
    bucket = f"b{aws.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a/b"})
    request = urllib.request.Request(url, b"hello", method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"hello"
    entry = next(e for e in aws.log() if e["operation"] == "PutObject")
    assert (entry["account"], entry["service"], entry["write"], entry["status"]) == (aws.account, "s3", True, 200)


def test_assumed_role_stays_in_its_account(aws: Aws, server_url: str) -> None:
    role = aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    issued = aws("sts").assume_role(RoleArn=role, RoleSessionName="s")["Credentials"]
    assert client(server_url, "sts", issued["AccessKeyId"]).get_caller_identity()["Account"] == aws.account


@pytest.mark.parametrize(
    ("service", "call", "arguments", "operation", "write"),
    [
        ("ec2", "describe_vpcs", {}, "DescribeVpcs", False),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "CreateVpc", True),
        ("sqs", "create_queue", {"QueueName": "q"}, "CreateQueue", True),
        ("ecs", "list_clusters", {}, "ListClusters", False),
        ("rds", "describe_db_instances", {}, "DescribeDBInstances", False),
        ("elbv2", "describe_load_balancers", {}, "DescribeLoadBalancers", False),
        ("route53", "list_hosted_zones", {}, "ListHostedZones", False),
        ("efs", "describe_file_systems", {}, "DescribeFileSystems", False),
        ("cloudwatch", "describe_alarms", {}, "DescribeAlarms", False),
        ("s3", "list_buckets", {}, "ListBuckets", False),
        ("logs", "create_log_group", {"logGroupName": "g"}, "CreateLogGroup", True),
        ("sesv2", "list_email_identities", {}, "ListEmailIdentities", False),
    ],
)
def test_the_log_names_operations_of_every_protocol(
    aws: Aws, service: str, call: str, arguments: dict[str, str], operation: str, write: bool
) -> None:
    getattr(aws(service), call)(**arguments)
    entry = aws.log()[-1]
    assert (entry["service"], entry["operation"], entry["write"]) == (service, operation, write)
    assert (entry["region"], entry["status"], entry["error_code"]) == ("eu-west-1", 200, None)


def test_the_log_names_errors_and_goes_on_from_a_number(aws: Aws, refused) -> None:  # type: ignore[no-untyped-def]
    aws("ecs").list_clusters()
    last = aws.log()[-1]["seq"]
    refused("NoSuchEntity", aws("iam").get_role, RoleName="none")
    refused("ClusterNotFoundException", aws("ecs").update_cluster, cluster="none")
    entries = aws.log(since=last)
    assert [e["error_code"] for e in entries] == ["NoSuchEntity", "ClusterNotFoundException"]


def test_reset_empties_one_account(aws: Aws, server_url: str) -> None:
    other = Aws(server_url, "000000000002")
    for account in (aws, other):
        account("sqs").create_queue(QueueName="q")
        account("s3").create_bucket(
            Bucket=f"reset-{account.account}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    aws.local("POST", "reset", account=aws.account)
    assert aws.log() == []
    assert "QueueUrls" not in aws("sqs").list_queues()
    assert aws("s3").list_buckets()["Buckets"] == []
    assert len(other("sqs").list_queues()["QueueUrls"]) == 1
    assert len(other("s3").list_buckets()["Buckets"]) == 1
    other.local("POST", "reset", account=other.account)


@pytest.mark.parametrize(
    ("service", "call", "operation"),
    [
        ("ec2", "describe_vpcs", "DescribeVpcs"),
        ("rds", "describe_db_instances", "DescribeDBInstances"),
        ("ecs", "list_clusters", "ListClusters"),
        ("s3", "list_buckets", "ListBuckets"),
        ("efs", "describe_file_systems", "DescribeFileSystems"),
        ("sqs", "list_queues", "ListQueues"),
    ],
)
def test_faults_in_every_protocol(aws: Aws, refused, service: str, call: str, operation: str) -> None:  # type: ignore[no-untyped-def]
    aws.local(
        "POST",
        "faults",
        account=aws.account,
        service=service,
        operation=operation,
        code="AccessDeniedException",
        message="not you",
        status=403,
        times=2,
        skip=1,
    )
    method = getattr(aws(service), call)
    method()
    assert refused("AccessDeniedException", method) == "not you"
    refused("AccessDeniedException", method)
    method()
    assert [e["status"] for e in aws.log()] == [200, 403, 403, 200]


def test_an_operation_that_is_not_there_says_so(aws: Aws, refused) -> None:  # type: ignore[no-untyped-def]
    message = refused("NotImplemented", aws("rds").describe_db_recommendations)
    assert "DescribeDBRecommendations" in message


def test_latency(aws: Aws) -> None:
    aws.settings(latency_ms=120)
    started = time.monotonic()
    aws("sts").get_caller_identity()
    assert time.monotonic() - started > 0.12


def test_bad_control_requests_are_refused(aws: Aws) -> None:
    for path, body in (("nothing", {}), ("faults", {"what": 1})):
        with pytest.raises(urllib.error.HTTPError):
            aws.local("POST", path, **body)


def test_the_program_writes_its_process_id_and_ends_cleanly(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = [sys.executable, "-m", "tests.emulator", "--port", "0", "--pid-file", str(pid_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
        assert int(pid_file.read_text()) == process.pid
        process.terminate()
        assert process.wait(10) == 0
    assert not pid_file.exists()


def test_a_port_in_use_is_an_error(server_url: str) -> None:
    port = server_url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "tests.emulator", "--port", port]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 1
    assert port in finished.stderr
