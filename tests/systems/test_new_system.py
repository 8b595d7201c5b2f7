# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/new-system.md tells a newcomer to write is a whole environment."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.local_aws import ROOT, Account
from tests.support.playbook import run_playbook
from tests.support.state import state


def test_the_forty_lines_of_the_page_are_a_whole_environment(account: Account, tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "new-system.md").read_text(), re.DOTALL)
    assert example.count("\n") <= 40
    environment = tmp_path / "dev.yml"
    environment.write_text(example)
    preview = run_playbook(account, environment, "site", "--check").ok()
    assert account.writes() == []
    done = run_playbook(account, environment, "site").ok()
    assert preview.summary == done.summary
    service = account.client("ecs").describe_services(cluster="guestbook-dev-cluster", services=["guestbook-dev-web"])
    assert service["services"][0]["runningCount"] == 1
    since = account.position()
    assert run_playbook(account, environment, "drift").status == 0
    assert account.writes(since) == []
    refused = run_playbook(account, environment, "destroy", confirm="guestbook-dev")
    assert refused.status != 0 and "Deletion protection is on for database" in refused.output
    unprotected = {"rds_deletion_protection": False, "rds_skip_final_snapshot": True, "secret_recovery_window_days": 0}
    run_playbook(account, environment, "site", **unprotected).ok()
    run_playbook(account, environment, "destroy", confirm="guestbook-dev", **unprotected).ok()
    left = {what: there for what, there in state(account).items() if there}
    assert left == {}
