# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

KEY = "api.env"
TEXT = "# the API\nLOG_LEVEL=info\n\nTOKEN=a-very-long-token\n"


def _bucket(account: Account, versioned: bool = False) -> str:
    s3, name = account.client("s3"), f"shop-env-{account.id}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.region})
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def _text(account: Account, bucket: str) -> str:
    return account.client("s3").get_object(Bucket=bucket, Key=KEY)["Body"].read().decode()


def _put(account: Account, bucket: str, content: str, **more: Any) -> dict[str, Any]:
    return run_module(account, "s3_text", bucket=bucket, key=KEY, content=content, **more)


def test_matrix(account: Account) -> None:
    bucket = _bucket(account)
    other = "LOG_LEVEL=debug\nTOKEN=a-very-long-token\n"
    Matrix(
        module="s3_text",
        key="object",
        base={"bucket": bucket, "key": KEY, "content": TEXT},
        updates={"content": other},
        seen={"content": lambda account: _text(account, bucket)},
        absent={"bucket": bucket, "key": KEY},
    ).check(account)


def test_values_are_shown_nowhere(account: Account) -> None:
    bucket = _bucket(account)
    made = _put(account, bucket, TEXT)
    changed = _put(account, bucket, TEXT.replace("a-very", "another-very"))
    assert changed["changes"][0]["attributes"]["content"] == {
        "before": ["(sensitive)", "LOG_LEVEL=(sensitive)", "", "TOKEN=(sensitive)"],
        "after": ["(sensitive)", "LOG_LEVEL=(sensitive)", "", "TOKEN=(sensitive, another one)"],
    }
    assert "very-long-token" not in json.dumps([made, changed])


def test_the_time_of_the_last_change_is_known_after_it_only(account: Account) -> None:
    bucket = _bucket(account)
    written = _put(account, bucket, TEXT)["object"]["last_modified"]
    assert _put(account, bucket, TEXT)["object"]["last_modified"] == written
    assert _put(account, bucket, "A=1\n", _check=True)["object"]["last_modified"] == "(known after apply)"


def test_a_bucket_that_is_not_there_yet(account: Account) -> None:
    predicted = _put(account, "shop-env-not-there", TEXT, _check=True)
    assert [change["action"] for change in predicted["changes"]] == ["create"]
    assert _put(account, "(known after apply)", TEXT, _check=True)["changed"]
    with pytest.raises(ModuleFailed, match=r"Could not create S3 object shop-env-not-there/api.env: .*NoSuchBucket"):
        _put(account, "shop-env-not-there", TEXT)
    assert not run_module(account, "s3_text", bucket="shop-env-not-there", key=KEY, state="absent")["changed"]


def test_every_version_goes(account: Account) -> None:
    bucket = _bucket(account, versioned=True)
    account.client("s3").put_object(Bucket=bucket, Key=f"{KEY}.old", Body=b"")
    for number in range(3):
        _put(account, bucket, f"A={number}\n")
    account.client("s3").delete_object(Bucket=bucket, Key=KEY)
    assert run_module(account, "s3_text", bucket=bucket, key=KEY, state="absent")["changed"]
    left = account.client("s3").list_object_versions(Bucket=bucket)
    assert [item["Key"] for item in left["Versions"]] == [f"{KEY}.old"] and "DeleteMarkers" not in left
    assert not run_module(account, "s3_text", bucket=bucket, key=KEY, state="absent")["changed"]


def test_an_aws_error_names_the_object(account: Account) -> None:
    bucket = _bucket(account)
    account.fault(service="s3", operation="GetObject", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not read S3 object {bucket}/api.env: .*AccessDenied"):
        _put(account, bucket, TEXT)
    with pytest.raises(ModuleFailed, match="content"):
        run_module(account, "s3_text", bucket=bucket, key=KEY)
