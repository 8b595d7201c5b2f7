# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "iam_openid_connect_provider"
URL = "https://token.actions.githubusercontent.com"
BASE = {"url": URL, "client_ids": ["sts.amazonaws.com"]}


def _read(account: Account) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account.id}:oidc-provider/token.actions.githubusercontent.com"
    return account.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="provider",
        base=BASE,
        updates={
            "thumbprints": ["a" * 40],
            "tags": {"ManagedBy": "slipway.fargate"},
            "client_ids": ["sts.amazonaws.com", "other"],
            "+purge_client_ids": {"purge_client_ids": True, "client_ids": ["other"]},
        },
        seen={
            "thumbprints": lambda account: _read(account)["ThumbprintList"],
            "+purge_client_ids": lambda account: {
                "purge_client_ids": True,
                "client_ids": _read(account)["ClientIDList"],
            },
        },
    ).check(account)
    assert account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_the_audiences_of_others_stay(account: Account) -> None:
    account.client("iam").create_open_id_connect_provider(Url=URL, ClientIDList=["theirs"], ThumbprintList=["b" * 40])
    predicted = run_module(account, MODULE, _check=True, **BASE)
    done = run_module(account, MODULE, **BASE)
    assert [change["action"] for change in done["changes"]] == ["update"]
    assert predicted["provider"] == done["provider"]
    assert set(_read(account)["ClientIDList"]) == {"theirs", "sts.amazonaws.com"}
    assert _read(account)["ThumbprintList"] == ["b" * 40]
    assert not run_module(account, MODULE, **BASE)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "http://example.com"}, "allowed is one that starts with https"),
        ({"url": URL, "thumbprints": ["abc"]}, "allowed are 40 hexadecimal digits"),
    ],
)
def test_what_is_refused_before_aws_is_asked(account: Account, options: dict[str, Any], message: str) -> None:
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **options)
    assert account.requests(since) == []


@pytest.mark.parametrize("operation", ["GetOpenIDConnectProvider", "CreateOpenIDConnectProvider"])
def test_what_aws_refuses_is_told(account: Account, operation: str) -> None:
    account.fault(service="iam", operation=operation, code="AccessDenied", status=403)
    with pytest.raises(ModuleFailed, match=r"Could not (read|create) OpenID Connect provider"):
        run_module(account, MODULE, **BASE)
