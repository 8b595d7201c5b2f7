# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-password"
MODULE = "secretsmanager_secret"
GIVEN = "a-value-that-somebody-gave"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def _policy(account: Account) -> dict[str, Any]:
    statement = {
        "Sid": "OnlyThisAccount",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account.id}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _value(account: Account) -> str:
    return account.client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]


def _describe(account: Account) -> dict[str, Any]:
    return account.client("secretsmanager").describe_secret(SecretId=NAME)


def _rotator(account: Account) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("rotate.py", "def handler(event, context): pass")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = account.client("iam").create_role(
        RoleName="rotate", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    return account.client("lambda").create_function(
        FunctionName="rotate",
        Runtime="python3.13",
        Role=role,
        Handler="rotate.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]


def test_matrix(account: Account) -> None:
    seen = {
        "description": lambda account: _describe(account)["Description"],
        "kms_key_id": lambda account: _describe(account)["KmsKeyId"],
        "secret_string": _value,
        "resource_policy": lambda account: json.loads(
            account.client(MODULE.split("_", maxsplit=1)[0]).get_resource_policy(SecretId=NAME)["ResourcePolicy"]
        ),
        "tags": lambda account: {tag["Key"]: tag["Value"] for tag in _describe(account)["Tags"]},
    }
    Matrix(
        module=MODULE,
        key="secret",
        base={"name": NAME},
        updates={
            "description": "For the shop",
            "kms_key_id": KEY,
            "+the key of AWS": {"kms_key_id": ""},
            "tags": {"Environment": "dev"},
            "resource_policy": _policy(account),
            "+no policy": {"resource_policy": {}},
            "+rotation": {"rotation_lambda_arn": _rotator(account), "rotation_days": 30},
            "rotation_days": 60,
            "+no rotation": {"rotation_lambda_arn": "", "rotation_days": None},
            "secret_string": GIVEN,
        },
        fixed={
            *("generate_length", "generate_exclude_punctuation", "generate_exclude_characters"),
            *("recovery_window_in_days", "secret_json", "generate_key"),
        },
        seen=seen,
    ).check(account)


def test_matrix_of_a_json_object(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="secret",
        base={"name": NAME, "secret_json": '{"username": "shop"}'},
        updates={
            "secret_json": '{"username": "app", "port": 5432}',
            "generate_key": "password",
            "+a second one": {"generate_key": "token", "description": "two keys"},
        },
        fixed={
            *("generate_length", "generate_exclude_punctuation", "generate_exclude_characters"),
            *("recovery_window_in_days", "secret_string", "kms_key_id", "resource_policy", "tags"),
            *("rotation_lambda_arn", "rotation_days"),
        },
        seen={"secret_json": _value},
    ).check(account)


def test_a_key_is_generated_once_and_other_keys_stay(account: Account) -> None:
    options = {"name": NAME, "secret_json": '{"username": "shop"}', "generate_key": "password"}
    first = run_module(account, MODULE, **options)
    password = json.loads(_value(account))["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{32}", password)
    assert first["secret"]["keys"] == {"username": "as given", "password": "present"}
    attached = {**json.loads(_value(account)), "host": "db.example.com"}
    account.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=json.dumps(attached))
    assert not run_module(account, MODULE, **options)["changed"]
    changed = run_module(account, MODULE, **{**options, "secret_json": '{"username": "app"}'})
    assert json.loads(_value(account)) == {**attached, "username": "app"}
    assert changed["changes"][0]["attributes"] == {
        "keys": {
            "before": {"username": "not as given", "password": "present"},
            "after": {"username": "as given", "password": "present"},
        }
    }
    assert not any(text in json.dumps([first, changed]) for text in (password, '"app"', '"shop"'))


def test_a_json_object_comes_back_from_its_deletion(account: Account) -> None:
    options = {"name": NAME, "secret_json": '{"username": "shop"}', "generate_key": "password"}
    run_module(account, MODULE, **options)
    value = _value(account)
    run_module(account, MODULE, name=NAME, state="absent", recovery_window_in_days=7)
    assert run_module(account, MODULE, **options)["changed"]
    assert _value(account) == value


def test_a_value_that_is_no_json_object_is_left_alone(account: Account) -> None:
    run_module(account, MODULE, name=NAME)
    since = account.position()
    with pytest.raises(ModuleFailed, match=f"secret {NAME}: its value is left alone; it is no JSON object"):
        run_module(account, MODULE, name=NAME, generate_key="password")
    assert account.writes(since) == []


def test_a_value_is_generated_once(account: Account) -> None:
    run_module(account, MODULE, name=NAME)
    value = _value(account)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", value)
    assert not run_module(account, MODULE, name=NAME, generate_length=64)["changed"]
    assert _value(account) == value


def test_what_is_generated_is_as_asked(account: Account) -> None:
    run_module(
        account,
        MODULE,
        name=NAME,
        generate_length=200,
        generate_exclude_punctuation=False,
        generate_exclude_characters="/@\"' ",
    )
    value = _value(account)
    assert len(value) == 200 and not set(value) & set("/@\"' ")
    assert not value.isalnum()


def test_a_given_value_replaces_another_one(account: Account) -> None:
    run_module(account, MODULE, name=NAME)
    generated = _value(account)
    first = run_module(account, MODULE, name=NAME, secret_string=GIVEN)
    assert _value(account) == GIVEN
    again = run_module(account, MODULE, name=NAME, secret_string=GIVEN)
    assert not again["changed"] and again["secret"]["version_id"] == first["secret"]["version_id"]
    second = run_module(account, MODULE, name=NAME, secret_string="another one")
    assert second["secret"]["version_id"] != first["secret"]["version_id"]
    for result in (first, again, second):
        assert not any(value in json.dumps(result) for value in (generated, GIVEN, "another one"))
    assert first["changes"][0]["attributes"] == {"value": {"before": "not as given", "after": "as given"}}
    assert not run_module(account, MODULE, name=NAME)["changed"], "a value that is there stays when none is given"


def test_a_secret_that_lost_its_creator_gets_its_value(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name=NAME)
    assert run_module(account, MODULE, name=NAME)["changed"]
    assert len(_value(account)) == 32
    assert not run_module(account, MODULE, name=NAME)["changed"]


def test_an_interrupted_creation_keeps_its_value(account: Account) -> None:
    account.fault(
        service="secretsmanager", operation="PutResourcePolicy", code="AccessDeniedException", message="not allowed"
    )
    with pytest.raises(
        ModuleFailed, match=rf"Could not create Secrets Manager secret {NAME}: .*AccessDenied.*PutResourcePolicy"
    ):
        run_module(account, MODULE, name=NAME, resource_policy=_policy(account))
    value = _value(account)
    assert run_module(account, MODULE, name=NAME, resource_policy=_policy(account))["changed"]
    assert not run_module(account, MODULE, name=NAME, resource_policy=_policy(account))["changed"]
    assert _value(account) == value


def test_a_secret_scheduled_for_deletion_is_restored_with_its_value(account: Account) -> None:
    options = {"name": NAME, "resource_policy": _policy(account)}
    run_module(account, MODULE, **options)
    value = _value(account)
    run_module(account, MODULE, name=NAME, state="absent", recovery_window_in_days=7)
    assert _describe(account)["DeletedDate"]
    assert not run_module(account, MODULE, name=NAME, state="absent", recovery_window_in_days=7)["changed"]
    since = account.position()
    assert run_module(account, MODULE, **options, _check=True)["changed"]
    assert account.writes(since) == []
    assert run_module(account, MODULE, **options)["secret"]["deleted_date"] == ""
    assert _value(account) == value
    assert not run_module(account, MODULE, **options)["changed"]
    assert account.writes(since) == ["secretsmanager:RestoreSecret"]


def test_a_window_of_no_days_ends_a_scheduled_deletion_at_once(account: Account) -> None:
    run_module(account, MODULE, name=NAME)
    run_module(account, MODULE, name=NAME, state="absent")
    assert run_module(account, MODULE, name=NAME, state="absent", recovery_window_in_days=0)["changed"]
    assert account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


def test_the_name_of_a_secret_that_is_being_deleted_is_waited_for(account: Account) -> None:
    message = "You can't create this secret because a secret with this name is already scheduled for deletion."
    fault = {"service": "secretsmanager", "operation": "CreateSecret", "code": "InvalidRequestException"}
    account.fault(**fault, message=message)
    assert run_module(account, MODULE, name=NAME)["changed"]
    account.fault(**fault, message=message, times=5)
    with pytest.raises(ModuleFailed, match=r"that had its name: not after 1 s; last seen: .*already"):
        run_module(account, MODULE, name=f"{NAME}-2", wait_timeout=1)


def test_unset_options_are_untouched(account: Account) -> None:
    run_module(account, MODULE, name=NAME, resource_policy=_policy(account), description="kept", tags={"a": "b"})
    assert not run_module(account, MODULE, name=NAME)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret_string": ""}, "secret_string is empty"),
        ({"secret_string": GIVEN, "generate_key": "password"}, "secret_string excludes secret_json and generate_key"),
        ({"secret_json": "[]"}, f"secret {NAME}: secret_json is no JSON object"),
        ({"secret_json": '{"a": "b"}', "generate_key": "a"}, "generate_key a is a key of secret_json"),
        (
            {"secret_string": GIVEN, "rotation_lambda_arn": "arn:x", "rotation_days": 3},
            "secret_string and rotation_lambda_arn exclude each other",
        ),
        ({"rotation_lambda_arn": "arn:x"}, "rotation_lambda_arn needs rotation_days"),
        ({"rotation_lambda_arn": "arn:x", "rotation_days": 1001}, "rotation_days is 1001; allowed are 1 to 1000"),
        ({"recovery_window_in_days": 3}, "recovery_window_in_days is 3; allowed are 0 and 7 to 30"),
        ({"generate_length": 3}, "generate_length is 3; allowed are 4 to 4096"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message) as failed:
        run_module(account, MODULE, name=NAME, **options)
    assert account.writes() == []
    assert GIVEN not in json.dumps(failed.value.result)
