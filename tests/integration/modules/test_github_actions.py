# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of GitHub's secrets and variables, against a GitHub that opens the sealed boxes."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from tests.support.github import GitHub, Place
from tests.support.modules import PACKAGE, ModuleFailed

REPOSITORY = "example/shop"
KEPT = "SLIPWAY_FINGERPRINTS"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    server = GitHub()
    server.add(REPOSITORY)
    yield server
    server.stop()


@pytest.fixture
def place(github: GitHub) -> Place:
    return github.add(REPOSITORY)


def run(github: GitHub, kind: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
    module = importlib.import_module(f"{PACKAGE}.github_actions_{kind}")
    arguments = {"repository": REPOSITORY, "token": github.token, "api_url": github.url, **options}
    arguments |= {"_ansible_check_mode": check, "_ansible_diff": True}
    printed = io.StringIO()
    given = {key: value for key, value in arguments.items() if value is not None}
    with patch_module_args(given), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        module.main()
    result = json.loads(printed.getvalue())
    assert github.token not in printed.getvalue()
    if result.get("failed"):
        raise ModuleFailed(result)
    return result


def predicted_and_done(github: GitHub, kind: str, **options: Any) -> dict[str, Any]:
    """Check first, apply, again and check after: the same changes, and none after."""
    writes = len(github.writes)
    predicted = run(github, kind, check=True, **options)
    assert len(github.writes) == writes
    done = run(github, kind, **options)
    assert done["changes"] == predicted["changes"] and done[kind] == predicted[kind]
    writes = len(github.writes)
    assert not run(github, kind, check=True, **options)["changed"]
    assert not run(github, kind, **options)["changed"]
    assert len(github.writes) == writes
    return done


def actions(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["action"], change["name"]) for change in result["changes"]]


# ---- variables --------------------------------------------------------------------------------


def test_variables_come_change_and_go(github: GitHub, place: Place) -> None:
    place.variables["THEIRS"] = "x"
    two = {"AWS_REGION": "eu-west-1", "count": 2}
    done = predicted_and_done(github, "variables", variables=two)
    assert actions(done) == [("create", "AWS_REGION"), ("create", "COUNT")]
    assert done["variables"] == {"AWS_REGION": "eu-west-1", "COUNT": "2"}
    assert place.variables == {"THEIRS": "x", "AWS_REGION": "eu-west-1", "COUNT": "2"}
    done = predicted_and_done(github, "variables", variables={"AWS_REGION": "eu-west-2"})
    assert done["changes"][0]["attributes"]["value"] == {"before": "eu-west-1", "after": "eu-west-2"}
    gone = predicted_and_done(github, "variables", variables=two, state="absent")
    assert actions(gone) == [("delete", "AWS_REGION"), ("delete", "COUNT")]
    assert place.variables == {"THEIRS": "x"}


def test_all_pages_are_read(github: GitHub, place: Place) -> None:
    many = {f"V{number}": "x" for number in range(65)}
    place.variables.update(many)
    assert not run(github, "variables", variables=many)["changed"]
    assert len(github.requests) == 3


def test_variables_of_an_environment(github: GitHub, place: Place) -> None:
    production = github.add(REPOSITORY, "my production")
    predicted_and_done(github, "variables", variables={"A": "b"}, environment="my production")
    assert (place.variables, production.variables) == ({}, {"A": "b"})


def test_values_of_a_preview(github: GitHub) -> None:
    unknown = {"ROLE": "(known after apply)"}
    assert run(github, "variables", check=True, variables=unknown)["changed"]
    with pytest.raises(ModuleFailed, match="outside check mode it is refused"):
        run(github, "variables", variables=unknown)
    assert run(github, "secrets", check=True, secrets=unknown)["changed"]


# ---- secrets ----------------------------------------------------------------------------------


def test_secrets_are_sealed_and_written_only_when_they_change(github: GitHub, place: Place) -> None:
    place.secrets["THEIRS"], place.written["THEIRS"] = "x", "2026-01-01T00:00:00Z"
    two = {"CHAT_WEBHOOK": "https://chat.example.com/very-secret", "key": "a-key-that-nobody-guesses"}
    done = predicted_and_done(github, "secrets", secrets=two)
    assert actions(done) == [("create", "CHAT_WEBHOOK"), ("create", "KEY")]
    assert done["secrets"] == ["CHAT_WEBHOOK", "KEY"]
    assert place.secrets == {"THEIRS": "x", "CHAT_WEBHOOK": two["CHAT_WEBHOOK"], "KEY": two["key"]}
    changed = predicted_and_done(github, "secrets", secrets={**two, "key": "another-key-nobody-guesses"})
    assert actions(changed) == [("update", "KEY")]
    assert place.secrets["KEY"] == "another-key-nobody-guesses"
    gone = predicted_and_done(github, "secrets", secrets=two, state="absent")
    assert actions(gone) == [("delete", "CHAT_WEBHOOK"), ("delete", "KEY")]
    assert place.secrets == {"THEIRS": "x"} and place.variables == {}


def test_values_are_nowhere_but_in_the_box(github: GitHub, place: Place) -> None:
    value = "a-value-that-must-not-show"
    for result in (
        run(github, "secrets", check=True, secrets={"A": value}),
        run(github, "secrets", secrets={"A": value}),
        run(github, "secrets", secrets={"A": f"{value}-2"}),
    ):
        assert value not in json.dumps(result)
    assert value not in json.dumps(place.variables)


def test_a_secret_that_somebody_else_wrote_is_written_again(github: GitHub, place: Place) -> None:
    run(github, "secrets", secrets={"A": "mine"})
    github.put_secret(place, "A", "theirs")
    assert actions(predicted_and_done(github, "secrets", secrets={"A": "mine"})) == [("update", "A")]
    assert place.secrets["A"] == "mine"


@pytest.mark.parametrize("kept", ["no JSON", "[]", '{"A": {}}', "{}"])
def test_without_a_fingerprint_a_secret_is_written_again(github: GitHub, place: Place, kept: str) -> None:
    run(github, "secrets", secrets={"A": "mine"})
    place.variables[KEPT] = kept
    assert actions(predicted_and_done(github, "secrets", secrets={"A": "mine"})) == [("update", "A")]


def test_an_interrupted_run_is_finished_by_the_next(github: GitHub, place: Place) -> None:
    run(github, "secrets", secrets={"A": "mine"})
    del place.variables[KEPT]
    assert actions(predicted_and_done(github, "secrets", secrets={"A": "mine", "B": "b"})) == [
        ("update", "A"),
        ("create", "B"),
    ]


def test_secrets_that_are_always_or_never_written_again(github: GitHub, place: Place) -> None:
    run(github, "secrets", secrets={"A": "one"}, update="on_create")
    assert not run(github, "secrets", secrets={"A": "two"}, update="on_create")["changed"]
    assert place.secrets["A"] == "one" and place.variables == {}
    for _ in range(2):
        assert actions(run(github, "secrets", secrets={"A": "two"}, update="always")) == [("update", "A")]
    assert place.secrets["A"] == "two" and place.variables == {}


def test_fingerprints_may_be_kept_elsewhere(github: GitHub, place: Place) -> None:
    predicted_and_done(github, "secrets", secrets={"A": "one"}, fingerprints="shop_marks")
    assert set(place.variables) == {"SHOP_MARKS"}


# ---- what fails -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repository": "shop"}, "repository is shop; allowed is owner/name"),
        ({"variables": {"1A": "x"}}, "1A is no name for GitHub"),
        ({"variables": {"GITHUB_A": "x"}}, "GITHUB_A is no name for GitHub"),
        ({"variables": {"a": "x", "A": "y"}}, "does not tell small letters from capitals"),
        ({"token": None}, "missing required arguments: token"),
    ],
)
def test_what_is_refused_before_github_is_asked(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModuleFailed, match=message):
        run(github, "variables", **{"variables": {"A": "x"}, **options})
    assert github.requests == []


@pytest.mark.parametrize(("value", "size"), [("", 0), ("x" * 49_153, 49_153)])
def test_a_secret_of_the_wrong_size(github: GitHub, value: str, size: int) -> None:
    with pytest.raises(ModuleFailed, match=f"secret A has {size} bytes; allowed are 1 to 49152"):
        run(github, "secrets", secrets={"A": value})


def test_the_token_may_be_in_the_environment(github: GitHub, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", github.token)
    assert run(github, "variables", variables={"A": "x"}, token=None)["changed"]


def test_what_github_refuses_is_told(github: GitHub) -> None:
    with pytest.raises(ModuleFailed, match="401 Bad credentials; the token is not valid"):
        run(github, "variables", variables={"A": "x"}, token="another")
    with pytest.raises(
        ModuleFailed, match=r"GitHub refused GET .*/repos/example/none.*404 Not Found; there is no such"
    ):
        run(github, "secrets", secrets={"A": "hidden-value"}, repository="example/none")
    github.failures = [(403, {})]
    with pytest.raises(ModuleFailed, match="403 so it was told to fail"):
        run(github, "variables", variables={"A": "x"})
    github.failures = [(429, {"Retry-After": "3600"})]
    with pytest.raises(ModuleFailed, match="429 so it was told to fail"):
        run(github, "variables", variables={"A": "x"})
    with pytest.raises(ModuleFailed, match="GitHub could not be reached"):
        run(github, "variables", variables={"A": "x"}, api_url="http://127.0.0.1:1")


def test_what_passes_is_tried_again(github: GitHub, place: Place) -> None:
    github.failures = [(502, {}), (429, {"Retry-After": "1"}), (403, {"Retry-After": "2"})]
    assert run(github, "variables", variables={"A": "x"})["changed"]
    assert place.variables == {"A": "x"}
