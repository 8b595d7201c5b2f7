# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "secretsmanager_attachment"
NAME = "shop/dev/database"
OWN = {"username": "shop", "password": "to be/encoded"}
URL = "postgresql://{username}:{password}@{host}:{port}/shop"


@pytest.fixture
def base(account: Account) -> dict[str, Any]:
    account.client("secretsmanager").create_secret(Name=NAME, SecretString=json.dumps(OWN))
    return {"secret": NAME, "values": {"host": "db.example.com", "port": 5432}}


def _stored(account: Account) -> dict[str, Any]:
    return json.loads(account.client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"])


def test_matrix(account: Account, base: dict[str, Any]) -> None:
    Matrix(
        module=MODULE,
        key="attachment",
        base=base,
        updates={
            "values": {"host": "other.example.com", "port": 5432},
        },
        seen={"values": lambda account: {k: v for k, v in _stored(account).items() if k in base["values"]}},
    ).check(account)
    assert _stored(account) == OWN


def test_a_secret_that_holds_some_of_the_keys_gets_the_attachment_that_a_preview_on_empty_says(
    account: Account, base: dict[str, Any]
) -> None:
    wanted = {**base["values"], "username": OWN["username"]}
    for there in (lambda: None, lambda: run_module(account, MODULE, **base)):
        there()
        done = run_module(account, MODULE, **{**base, "values": {**wanted, "dbname": "shop"}}, _check=True)
        assert [change["action"] for change in done["changes"]] == ["create"]
    assert [c["action"] for c in run_module(account, MODULE, **{**base, "values": wanted})["changes"]] == []


def test_a_url_is_composed_of_the_secret_and_never_shown(account: Account, base: dict[str, Any]) -> None:
    options = {**base, "values": {**base["values"], "url": URL, "text": "{username} at {host}"}}
    done = run_module(account, MODULE, **options)
    stored = _stored(account)
    assert stored["url"] == "postgresql://shop:to%20be%2Fencoded@db.example.com:5432/shop"
    assert stored["text"] == "shop at db.example.com"
    assert {key: stored[key] for key in OWN} == OWN
    assert OWN["password"] not in json.dumps(done) and stored["url"] not in json.dumps(done)
    assert not run_module(account, MODULE, **options)["changed"]


def test_the_url_follows_the_password(account: Account, base: dict[str, Any]) -> None:
    options = {**base, "values": {**base["values"], "url": URL}}
    run_module(account, MODULE, **options)
    rotated = json.dumps({**_stored(account), "password": "another"})
    account.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=rotated)
    changed = run_module(account, MODULE, **options)
    assert changed["changes"][0]["attributes"]["keys"]["before"]["url"] == "not as wanted"
    assert _stored(account)["url"] == "postgresql://shop:another@db.example.com:5432/shop"


def test_an_address_that_is_not_known_yet_is_previewed(account: Account, base: dict[str, Any]) -> None:
    preview = run_module(account, MODULE, _check=True, secret=NAME, values={"host": "(known after apply)"})
    assert [change["action"] for change in preview["changes"]] == ["create"]
    run_module(account, MODULE, **base)
    preview = run_module(account, MODULE, _check=True, secret=NAME, values={"host": "(known after apply)"})
    assert [change["action"] for change in preview["changes"]] == ["update"]


def test_a_secret_that_is_not_there(account: Account) -> None:
    options = {"secret": NAME, "values": {"host": "db.example.com"}}
    assert run_module(account, MODULE, _check=True, **options)["changed"]
    assert not run_module(account, MODULE, **options, state="absent")["changed"]
    with pytest.raises(ModuleFailed, match=f"secret {NAME} is not there, or has no value"):
        run_module(account, MODULE, **options)
    assert account.writes() == []


def test_a_value_that_is_no_json_object_is_left_alone(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name=NAME, SecretString="text")
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"secret {NAME}: its value is left alone; it is no JSON object"):
        run_module(account, MODULE, secret=NAME, values={"host": "db.example.com"})
    assert account.writes(since) == []


def test_a_key_that_names_nothing_known(account: Account, base: dict[str, Any]) -> None:
    run_module(account, MODULE, **base)
    since = account.position()
    message = "key url names nobody; known are host, password, port, url, username"
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **{**base, "values": {**base["values"], "url": "x://{nobody}"}})
    assert account.writes(since) == []


def test_an_aws_error_names_the_call_and_the_secret(account: Account, base: dict[str, Any]) -> None:
    account.fault(service="secretsmanager", operation="PutSecretValue", code="AccessDeniedException", message="no")
    with pytest.raises(ModuleFailed, match=rf"Could not create keys of a secret {NAME}: .*PutSecretValue"):
        run_module(account, MODULE, **base)
