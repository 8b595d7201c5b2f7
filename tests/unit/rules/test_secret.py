# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.secret import problems

GOOD = {
    "secret_name": "shop/prod/password",
    "secret_generate_length": 32,
    "secret_recovery_window_days": 7,
    "secret_rotation_lambda_arn": "",
    "secret_rotation_days": 30,
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({})) == []
    assert list(problems({**GOOD, "secret_min_length": 32, "secret_value": "x" * 32})) == []
    assert list(problems({**GOOD, "secret_min_length": 32, "secret_value": ""})) == []
    assert list(problems({**GOOD, "secret_recovery_window_days": 0})) == []


def test_a_json_object_is_allowed() -> None:
    values = {"username": "shop", "port": 5432}
    assert list(problems({**GOOD, "secret_json": values, "secret_generate_key": "password"})) == []
    assert list(problems({**GOOD, "secret_json": values, "secret_rotation_lambda_arn": "arn:x"})) == []


def test_a_short_value_is_refused_and_never_shown() -> None:
    (problem,) = problems({**GOOD, "secret_min_length": 32, "secret_value": "hunter2"})
    assert problem == "secret_value has 7 characters; allowed are 32 or more"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret_name": "a b"}, "secret_name is 'a b'"),
        ({"secret_min_length": 40}, "secret_generate_length is 32; allowed are 40 or more"),
        ({"secret_generate_length": 3}, "secret_generate_length is 3; allowed are 4 to 4096"),
        ({"secret_recovery_window_days": 3}, "secret_recovery_window_days is 3; allowed are 0 and 7 to 30"),
        ({"secret_rotation_days": 0}, "secret_rotation_days is 0; allowed are 1 to 1000"),
        ({"secret_value": "x", "secret_rotation_lambda_arn": "arn:x"}, "secret_value and secret_rotation_lambda_arn"),
        ({"secret_value": "x" * 65537}, "secret_value has 65537 bytes; allowed are 65536 or fewer"),
        ({"secret_value": "x", "secret_json": {"a": "b"}}, "secret_value is set beside secret_json"),
        ({"secret_value": "x", "secret_generate_key": "a"}, "secret_value is set beside secret_json"),
        (
            {"secret_json": {"a": "hunter2"}, "secret_generate_key": "a"},
            "secret_generate_key is a, a key of secret_json",
        ),
        (
            {"secret_json": {"password": "hunter2"}, "secret_rotation_lambda_arn": "arn:x"},
            "secret_json gives password beside secret_rotation_lambda_arn",
        ),
        ({"secret_json": {"a": "x" * 65537}}, "secret_json has more than 65536 bytes"),
        (
            {"secret_policy_statements": [{"Effect": "Deny", "Action": "x"}]},
            "[0] has no Principal",
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0]
    assert "hunter2" not in found[0]
