# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore test says of a copy."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.filter.databases import restore_report

SOURCE: dict[str, Any] = {
    "name": "shop",
    "status": "available",
    "address": "shop.example.com",
    "engine": "postgres",
    "engine_version": "17.5",
    "storage_encrypted": True,
    "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "allocated_storage": 20,
    "port": 5432,
    "subnet_group": "shop",
    "security_group_ids": ["sg-1", "sg-2"],
    "publicly_accessible": False,
}
COPY = {**SOURCE, "name": "shop-restore-test", "address": "shop-restore-test.example.com"}
TIMES = ("2026-02-22T02:56:00Z", "2026-02-22T03:00:00Z", "2026-02-22T03:21:40Z")


def test_a_copy_that_is_as_its_database() -> None:
    report = restore_report(COPY, SOURCE, *TIMES)
    assert report["failed"] == []
    lines = report["text"].splitlines()
    as_of = "shop as of 2026-02-22T02:56:00Z, 4 min before the test"
    assert lines[0] == f"{as_of}, was restored as shop-restore-test and compared in 22 min"
    assert lines[1] == "  ok      reachable       available at shop-restore-test.example.com:5432"
    assert "  ok      security groups sg-1, sg-2" in lines
    assert not any("parameter group" in line for line in lines), "which is not known of the database"


@pytest.mark.parametrize(
    ("change", "what", "said"),
    [
        ({"status": "incompatible-restore"}, "reachable", "incompatible-restore at shop-restore-test.example.com:5432"),
        ({"address": ""}, "reachable", "available at no address:5432"),
        ({"engine_version": "17.4"}, "version", "17.4; the database has 17.5"),
        ({"storage_encrypted": False}, "encryption", "False; the database has True"),
        ({"kms_key_id": None}, "key", "none; the database has arn:aws:kms"),
        ({"allocated_storage": 10}, "storage", "10; the database has 20"),
        ({"subnet_group": "default"}, "subnet group", "default; the database has shop"),
        ({"security_group_ids": ["sg-1"]}, "security groups", "sg-1; the database has sg-1, sg-2"),
        ({"publicly_accessible": True}, "public address", "True; the database has False"),
    ],
)
def test_a_copy_that_differs(change: dict[str, Any], what: str, said: str) -> None:
    report = restore_report({**COPY, **change}, SOURCE, *TIMES)
    assert report["failed"] == [what]
    assert f"  FAILED  {what:<15} {said}" in report["text"]
