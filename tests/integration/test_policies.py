# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement that systems' tests rest on when they look at policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.policies import policy_problems

NAME = "shop-dev-task"
BUCKET = "arn:aws:s3:::shop"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


GOOD = [
    allow(["s3:GetObject"], f"{BUCKET}/*"),
    allow(["ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition"]),
    {"Effect": "Deny", "Action": "*", "Resource": "*"},
]
BAD = [
    (allow("s3:GetObject"), "s3:GetObject is allowed on every resource"),
    (allow("s3:Get*", f"{BUCKET}/*"), "s3:Get* is a wildcard"),
    (allow("*"), "* is a wildcard"),
    (allow("s3:GetObjects", f"{BUCKET}/*"), "UNKNOWN_ACTION: Unknown action s3:GetObjects"),
    (allow("s3:GetObject", BUCKET), "RESOURCE_MISMATCH"),
    ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "allows all but something"),
]


def test_what_is_fine(account: Account) -> None:
    iam = account.client("iam")
    iam.create_policy(PolicyName=NAME, PolicyDocument=document(*GOOD))
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document(TRUST))
    iam.put_role_policy(RoleName=NAME, PolicyName="inline", PolicyDocument=document(*GOOD))
    account.client("sns").create_topic(Name="alarms")
    account.client("sqs").create_queue(QueueName="orders")
    account.client("s3").create_bucket(
        Bucket=f"shop-{account.id}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    account.client("secretsmanager").create_secret(Name="token", SecretString="x")
    assert policy_problems(account) == []


@pytest.mark.parametrize(("statement", "problem"), BAD)
def test_what_is_told_of_managed_and_inline_policies(account: Account, statement: Any, problem: str) -> None:
    iam = account.client("iam")
    iam.create_policy(PolicyName=NAME, PolicyDocument=document(statement))
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=document(TRUST))
    iam.put_role_policy(RoleName="web", PolicyName="inline", PolicyDocument=document(statement))
    found = policy_problems(account)
    for name in (NAME, "web/inline"):
        assert any(text.startswith(f"{name}: {problem}") for text in found), found


def test_what_a_system_calls_for_is_fine_for_that_policy_alone(account: Account) -> None:
    iam = account.client("iam")
    for name in (NAME, "other"):
        iam.create_policy(PolicyName=name, PolicyDocument=document(allow(["ses:SendEmail", "ses:SendRawEmail"])))
    assert policy_problems(account, {"shop-*": ["ses:SendEmail", "ses:SendRaw*"]}) == [
        "other: ses:SendEmail is allowed on every resource",
        "other: ses:SendRawEmail is allowed on every resource",
    ]


def test_only_the_version_that_holds_is_judged(account: Account) -> None:
    iam = account.client("iam")
    arn = iam.create_policy(PolicyName=NAME, PolicyDocument=document(allow("*")))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(*GOOD), SetAsDefault=True)
    assert policy_problems(account) == []


def test_who_is_let_in(account: Account) -> None:
    queue = account.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    anybody = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document(anybody)})
    provider = {"Federated": f"arn:aws:iam::{account.id}:oidc-provider/example.com"}
    every = {"StringLike": {"example.com:sub": "repo:example/*", "example.com:aud": "sts.amazonaws.com"}}
    trust = {"Effect": "Allow", "Principal": provider, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": every}
    account.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=document(trust))
    assert policy_problems(account) == [
        "trust of deploy: a statement does not say which subject of whom it trusts",
        "queue orders: All lets anybody in",
    ]
