# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "sesv2_dkim_records"
DOMAIN = "example.com"
BASE = {"identity": DOMAIN, "zone": DOMAIN, "owner": "shop-dkim"}


@pytest.fixture
def zone(account: Account) -> str:
    return account.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="1")["HostedZone"]["Id"]


def _tokens(account: Account) -> list[str]:
    return account.client("sesv2").get_email_identity(EmailIdentity=DOMAIN)["DkimAttributes"]["Tokens"]


def _cnames(account: Account, zone: str) -> dict[str, str]:
    listed = account.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {r["Name"].rstrip("."): r["ResourceRecords"][0]["Value"] for r in listed if r["Type"] == "CNAME"}


def test_matrix(account: Account, zone: str) -> None:
    account.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)
    Matrix(module=MODULE, key="dkim_records", base=BASE, updates={}, fixed={"zone_id"}).check(account)
    assert _cnames(account, zone) == {}


def test_new_keys_replace_the_records(account: Account, zone: str) -> None:
    run_module(account, "sesv2_email_identity", identity=DOMAIN)
    run_module(account, MODULE, **BASE)
    assert _cnames(account, zone) == {
        f"{token}._domainkey.{DOMAIN}": f"{token}.dkim.amazonses.com" for token in _tokens(account)
    }
    run_module(account, "sesv2_email_identity", identity=DOMAIN, dkim_key_length="RSA_1024_BIT")
    done = run_module(account, MODULE, **BASE)
    assert [change["action"] for change in done["changes"]] == ["update"]
    assert set(_cnames(account, zone)) == {f"{token}._domainkey.{DOMAIN}" for token in _tokens(account)}


def test_they_are_predicted_before_there_is_anything(account: Account) -> None:
    result = run_module(account, MODULE, _check=True, **BASE)
    assert [(c["action"], c["name"]) for c in result["changes"]] == [("create", DOMAIN)]
    assert account.writes() == []
    assert not run_module(account, MODULE, **BASE, state="absent")["changed"]


def test_what_is_refused(account: Account) -> None:
    with pytest.raises(ModuleFailed, match=r"there is no SES identity example\.com"):
        run_module(account, MODULE, **BASE)
    account.client("sesv2").create_email_identity(EmailIdentity="a@example.com")
    with pytest.raises(ModuleFailed, match=r"SES has no DKIM tokens for a@example\.com"):
        run_module(account, MODULE, **{**BASE, "identity": "a@example.com"})
    account.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)
    with pytest.raises(ModuleFailed, match=r"identity example\.com is not in the hosted zone other\.com"):
        run_module(account, MODULE, **{**BASE, "zone": "other.com"})
    with pytest.raises(ModuleFailed, match=r"there is no public hosted zone of example\.com; nothing was written"):
        run_module(account, MODULE, **BASE)
