# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local AWS of a test run, and one account of it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[2]
REGION = "eu-west-1"
_accounts = itertools.count(1)


class LocalAws:
    """One emulator process; every test has an account of its own in it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.emulator", "--port", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[-1]
                return
        raise RuntimeError(f"the local AWS ended with {self.process.wait()}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def account(self) -> Account:
        return Account(self.url, f"{os.getpid() % 10_000:04d}{next(_accounts):08d}")


@dataclass
class Account:
    """An account of the local AWS, empty but for its default VPC."""

    url: str
    id: str
    region: str = REGION
    _seen: int = 0
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client: tests read AWS through it, never through the modules under test."""
        at = (service, region or self.region)
        if at not in self._clients:
            self._clients[at] = _session().client(
                service,
                region_name=at[1],
                endpoint_url=self.url,
                aws_access_key_id=self.id,
                aws_secret_access_key="a-secret-access-key",
                config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
            )
        return self._clients[at]

    @property
    def environment(self) -> dict[str, str]:
        """What a run needs in its environment: the endpoint and the usual credentials."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.id,
            "AWS_SECRET_ACCESS_KEY": "a-secret-access-key",
            "AWS_DEFAULT_REGION": self.region,
        }

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What this account was asked, in order."""
        return _get(f"{self.url}/_local/requests?account={self.id}&since={since}")

    def position(self) -> int:
        """Where the request log stands now; pass it as `since` later."""
        self._seen = max((request["seq"] for request in self.requests(self._seen)), default=self._seen)
        return self._seen

    def writes(self, since: int = 0) -> list[str]:
        return [f"{r['service']}:{r['operation']}" for r in self.requests(since) if r["write"]]

    def fault(self, **fault: Any) -> None:
        """Make the next matching calls fail: service, operation, code, message, status, times, skip."""
        _post(f"{self.url}/_local/faults", {"account": self.id, **fault})

    def clear_faults(self) -> None:
        request = urllib.request.Request(f"{self.url}/_local/faults?account={self.id}", method="DELETE")
        urllib.request.urlopen(request).close()

    def settings(self, **settings: Any) -> None:
        _post(f"{self.url}/_local/settings", {"account": self.id, **settings})


@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session()


def _get(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def _post(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
