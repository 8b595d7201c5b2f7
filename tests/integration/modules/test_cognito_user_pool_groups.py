# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "cognito_user_pool_groups"
ROLE = "arn:aws:iam::123456789012:role/admins"


@pytest.fixture
def pool(account: Account) -> str:
    return account.client("cognito-idp").create_user_pool(PoolName="shop-dev-users")["UserPool"]["Id"]


def _groups(account: Account, pool: str) -> dict[str, tuple[object, ...]]:
    listed = account.client("cognito-idp").list_groups(UserPoolId=pool)["Groups"]
    return {g["GroupName"]: (g.get("Description"), g.get("Precedence"), g.get("RoleArn")) for g in listed}


def test_matrix(account: Account, pool: str) -> None:
    Matrix(
        module=MODULE,
        key="groups",
        base={"user_pool_id": pool, "groups": [{"name": "admins"}], "purge": False},
        updates={
            "+described": {
                "groups": [{"name": "admins", "description": "They may", "precedence": 1, "role_arn": ROLE}]
            },
            "+described no more": {"groups": [{"name": "admins", "description": "", "precedence": 2}]},
        },
    ).check(account)


def test_others_stay_until_they_are_purged(account: Account, pool: str) -> None:
    both = [{"name": "admins", "precedence": 1}, {"name": "guests", "description": "Look"}]
    run_module(account, MODULE, user_pool_id=pool, groups=both)
    assert _groups(account, pool) == {"admins": ("", 1, None), "guests": ("Look", None, None)}
    assert not run_module(account, MODULE, user_pool_id=pool, groups=both[:1])["changed"]
    assert not run_module(account, MODULE, user_pool_id=pool, groups=[{"name": "guests"}])["changed"]
    done = run_module(account, MODULE, user_pool_id=pool, groups=both[:1], purge=True)
    assert [(change["action"], change["name"]) for change in done["changes"]] == [("delete", "guests")]
    assert set(_groups(account, pool)) == {"admins"}


def test_an_aws_error_names_the_call_and_the_group(account: Account, pool: str) -> None:
    account.fault(service="cognito-idp", operation="CreateGroup", code="NotAuthorizedException", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not create Cognito group admins: .*CreateGroup.*no"):
        run_module(account, MODULE, user_pool_id=pool, groups=[{"name": "admins", "precedence": 1}])
    account.fault(service="cognito-idp", operation="ListGroups", code="NotAuthorizedException", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not read the groups of the user pool: .*ListGroups.*no"):
        run_module(account, MODULE, user_pool_id=pool, groups=[], purge=True)
