# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "sesv2_email_templates"
WELCOME = {"name": "Welcome", "subject": "Welcome, {{name}}", "text": "Hello {{name}}"}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="templates",
        base={"templates": [WELCOME]},
        updates={
            "+another subject": {"templates": [{**WELCOME, "subject": "Hello"}]},
            "+html only": {"templates": [{"name": "Welcome", "subject": "Hello", "html": "<p>Hello</p>"}]},
            "+one more": {"templates": [WELCOME, {**WELCOME, "name": "Digest"}]},
        },
    ).check(account)


def test_what_aws_has(account: Account) -> None:
    run_module(account, MODULE, templates=[{**WELCOME, "html": "<p>Hello {{name}}</p>"}])
    found = account.client("sesv2").get_email_template(TemplateName="Welcome")["TemplateContent"]
    assert found == {"Subject": "Welcome, {{name}}", "Text": "Hello {{name}}", "Html": "<p>Hello {{name}}</p>"}
    run_module(account, MODULE, templates=[{"name": "Other"}], state="absent")
    assert len(account.client("sesv2").list_email_templates()["TemplatesMetadata"]) == 1


def test_what_is_refused(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="template Welcome needs a subject, and text or html"):
        run_module(account, MODULE, templates=[{"name": "Welcome", "subject": "Hello"}])
    assert account.writes() == []
    with pytest.raises(ModuleFailed, match=r"Could not create SES template Welcome: .*tag that is not closed"):
        run_module(account, MODULE, templates=[{**WELCOME, "text": "Hello {{name"}])
