# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "cognito_user_pool_domain"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def pool(account: Account) -> str:
    return account.client("cognito-idp").create_user_pool(PoolName="shop-dev-users")["UserPool"]["Id"]


def test_matrix_of_a_prefix(account: Account, pool: str) -> None:
    domain = f"shop-{account.id}"
    Matrix(
        module=MODULE,
        key="domain",
        base={"domain": domain, "user_pool_id": pool},
        updates={"managed_login_version": 2},
        fixed={"certificate_arn"},
        seen={
            "managed_login_version": lambda account: account.client("cognito-idp").describe_user_pool_domain(
                Domain=domain
            )["DomainDescription"]["ManagedLoginVersion"]
        },
    ).check(account)


def test_matrix_of_a_domain_of_our_own(account: Account, pool: str) -> None:
    domain = f"auth.shop-{account.id}.com"
    Matrix(
        module=MODULE,
        key="domain",
        base={"domain": domain, "user_pool_id": pool, "certificate_arn": CERTIFICATE},
        updates={"+another certificate": {"certificate_arn": CERTIFICATE.replace("1111", "2222")}},
        fixed={"managed_login_version"},
    ).check(account)


def test_the_domain_of_another_pool_is_refused(account: Account, pool: str) -> None:
    domain = f"shop-{account.id}"
    run_module(account, MODULE, domain=domain, user_pool_id=pool)
    with pytest.raises(ModuleFailed, match=r"user_pool_id cannot be changed .* belongs to another user pool"):
        run_module(account, MODULE, domain=domain, user_pool_id="eu-west-1_other")
    with pytest.raises(ModuleFailed, match="cannot become another kind of domain"):
        run_module(account, MODULE, domain=domain, user_pool_id=pool, certificate_arn=CERTIFICATE)


def test_what_is_missing_and_what_aws_refuses(account: Account, pool: str) -> None:
    with pytest.raises(ModuleFailed, match="user_pool_id is needed"):
        run_module(account, MODULE, domain="shop")
    with pytest.raises(ModuleFailed, match=r"Could not create Cognito domain my-aws: .*reserved word"):
        run_module(account, MODULE, domain="my-aws", user_pool_id=pool)
