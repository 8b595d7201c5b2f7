# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.support.local_aws import Account
from tests.support.playbook import run_playbook


def test_hb_18_old_access_keys_are_reported(account: Account) -> None:
    iam = account.client("iam")
    for user in ("deployer", "nobody"):
        iam.create_user(UserName=user)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]["AccessKeyId"]
    since = account.position()
    young = run_playbook(account, "localhost,", "credentials").ok()
    assert "0 of 1 access keys are older than 90 days." in young.output and key not in young.output
    old = run_playbook(account, "localhost,", "credentials", "--check", max_age_days=-1).ok()
    assert f"deployer: {key}, Active" in old.output and "1 of 1 access keys" in old.output
    failed = run_playbook(account, "localhost,", "credentials", max_age_days=-1, fail=True)
    assert failed.status == 2 and key in failed.output
    assert account.writes(since) == []
