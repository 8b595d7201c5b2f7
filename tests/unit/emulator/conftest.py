# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One local AWS per session, one empty account per test."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"
CONFIG = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False)

_numbers = itertools.count(random.randrange(10**11, 9 * 10**11))


class Aws:
    """boto3 clients of one account, and the server's own controls."""

    def __init__(self, url: str, account: str) -> None:
        self.url = url
        self.account = account
        self._clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = REGION) -> Any:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = client(self.url, service, self.account, region)
        return self._clients[key]

    def local(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.url}/_local/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def settings(self, **values: Any) -> Any:
        return self.local("POST", "settings", account=self.account, **values)

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.local("GET", f"requests?account={self.account}&since={since}")
        return entries

    def vpc(self) -> str:
        found = self("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])
        return str(found["Vpcs"][0]["VpcId"])

    def subnets(self) -> list[str]:
        return sorted(subnet["SubnetId"] for subnet in self("ec2").describe_subnets()["Subnets"])

    def security_group(self, name: str = "group") -> str:
        created = self("ec2").create_security_group(GroupName=name, Description=name, VpcId=self.vpc())
        return str(created["GroupId"])


# One session: it parses each service's model once.
_session = boto3.Session(region_name=REGION)


def client(url: str, service: str, key: str, region: str = REGION) -> Any:
    return _session.client(
        service,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        region_name=region,
        config=CONFIG,
    )


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.emulator", "--port", "0"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[-1]
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture
def aws(server_url: str) -> Iterator[Aws]:
    account = Aws(server_url, f"{next(_numbers):012d}")
    yield account
    account.local("POST", "reset", account=account.account)


@pytest.fixture
def refused() -> Callable[..., Any]:
    """Calls, expects the error code and gives the message."""

    def check(code: str, call: Callable[..., Any], **arguments: Any) -> str:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        return str(error["Message"])

    return check
