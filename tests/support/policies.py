# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the policies of an account: errors that a linter finds, and wildcards that nobody called for.

A system's test, after its converge:

    assert policy_problems(aws, {"shop-prod-task": ["ses:SendEmail"]}) == []
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from parliament import analyze_policy_string
from parliament.statement import expand_action

from tests.support.local_aws import Account

Document = dict[str, Any]
QUIET = ("RESOURCE_STAR",)  # told by `wildcards` with the policy's name and action
CONFINING = re.compile(r"aws:(Source(Account|Arn|OrgID|Owner)|Principal(Account|Arn|OrgID))", re.IGNORECASE)


def policy_problems(account: Account, called_for: Mapping[str, Iterable[str]] | None = None) -> list[str]:
    """Every problem with its policy. `called_for`: by policy (a pattern), the actions (patterns) that a system's table
    allows on every resource, or with a wildcard of their own."""
    wanted = {name: list(actions) for name, actions in (called_for or {}).items()}
    found: list[str] = []
    for name, document in identity_policies(account):
        found += [f"{name}: {text}" for text in (*lint(document), *wildcards(name, document, wanted))]
    for name, document in resource_policies(account):
        found += [f"{name}: {text}" for text in open_to_all(document)]
    return found


# ---- where policies are -----------------------------------------------------------------------


def identity_policies(account: Account) -> Iterator[tuple[str, Document]]:
    """Managed policies of the account, and inline ones of roles, groups and users."""
    iam = account.client("iam")
    for policy in _pages(iam, "list_policies", "Policies", Scope="Local"):
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield policy["PolicyName"], version["PolicyVersion"]["Document"]
    for kind in ("Role", "Group", "User"):
        lower = kind.lower()
        for owner in _pages(iam, f"list_{lower}s", f"{kind}s"):
            at = {f"{kind}Name": owner[f"{kind}Name"]}
            for name in _pages(iam, f"list_{lower}_policies", "PolicyNames", **at):
                inline = getattr(iam, f"get_{lower}_policy")(PolicyName=name, **at)
                yield f"{owner[f'{kind}Name']}/{name}", inline["PolicyDocument"]


def resource_policies(account: Account) -> Iterator[tuple[str, Document]]:
    """Trust policies of roles, and policies of buckets, queues, topics and secrets."""
    for role in _pages(account.client("iam"), "list_roles", "Roles"):
        yield f"trust of {role['RoleName']}", role["AssumeRolePolicyDocument"]
    s3, sqs, sns = account.client("s3"), account.client("sqs"), account.client("sns")
    for bucket in s3.list_buckets()["Buckets"]:
        try:
            yield f"bucket {bucket['Name']}", json.loads(s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"])
        except s3.exceptions.ClientError:
            continue  # it has none
    for url in sqs.list_queues().get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
        if attributes.get("Policy"):
            yield f"queue {url.rpartition('/')[2]}", json.loads(attributes["Policy"])
    for topic in sns.list_topics()["Topics"]:
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        yield f"topic {topic['TopicArn'].rpartition(':')[2]}", json.loads(attributes["Policy"])
    secrets = account.client("secretsmanager")
    for secret in _pages(secrets, "list_secrets", "SecretList"):
        policy = secrets.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy")
        if policy:
            yield f"secret {secret['Name']}", json.loads(policy)


def _pages(client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
    return client.get_paginator(operation).paginate(**parameters).build_full_result().get(key, [])


# ---- what is wrong with them ------------------------------------------------------------------


def lint(document: Document) -> Iterator[str]:
    """What parliament says: actions that do not exist, resources that do not match them, keys of conditions."""
    for finding in analyze_policy_string(json.dumps(document)).findings:
        if finding.issue not in QUIET:
            yield f"{finding.issue}: {finding.detail}"


def wildcards(name: str, document: Document, called_for: Mapping[str, list[str]]) -> Iterator[str]:
    """Actions with a wildcard, and actions on every resource although they could name theirs."""
    allowed = [action for policy, actions in called_for.items() if fnmatchcase(name, policy) for action in actions]
    for statement in _listed(document["Statement"]):
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement or "NotResource" in statement:
            yield "allows all but something"
            continue
        everywhere = "*" in _listed(statement["Resource"])
        for action in _listed(statement["Action"]):
            if any(fnmatchcase(action, pattern) for pattern in allowed):
                continue
            if "*" in action or "?" in action:
                yield f"{action} is a wildcard"
            elif everywhere and names_resources(action):
                yield f"{action} is allowed on every resource"


@cache
def names_resources(action: str) -> bool:
    """Whether IAM lets one say on which resources the action is allowed."""
    for known in expand_action(action):
        document = {"Effect": "Allow", "Action": f"{known['service']}:{known['action']}", "Resource": "*"}
        policy = analyze_policy_string(json.dumps({"Version": "2012-10-17", "Statement": [document]}))
        if any(finding.issue == "RESOURCE_STAR" for finding in policy.findings):
            return True
    return False


def open_to_all(document: Document) -> Iterator[str]:
    """Statements that let anybody in, or any subject of who vouches for them."""
    for statement in _listed(document["Statement"]):
        principals = statement.get("Principal", {})
        named = ["*"] if principals == "*" else [p for value in principals.values() for p in _listed(value)]
        conditions = [key for operator in statement.get("Condition", {}).values() for key in operator]
        if statement["Effect"] == "Allow" and "*" in named and not any(CONFINING.fullmatch(key) for key in conditions):
            yield f"{statement.get('Sid', 'a statement')} lets anybody in"
        if "Federated" in (principals if isinstance(principals, dict) else {}):
            subjects = [v for operator in statement.get("Condition", {}).values() for k, v in operator.items()]
            if not any(key.endswith(":sub") for key in conditions) or any("*" in str(v) for v in subjects):
                yield f"{statement.get('Sid', 'a statement')} does not say which subject of whom it trusts"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
