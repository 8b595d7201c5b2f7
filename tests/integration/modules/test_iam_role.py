# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-web"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def trust(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def document(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def role(account: Account) -> dict[str, Any]:
    return account.client("iam").get_role(RoleName=NAME)["Role"]


def attached(account: Account) -> list[str]:
    found = account.client("iam").list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    return sorted(policy["PolicyArn"] for policy in found)


def own_policy(account: Account) -> str:
    return f"arn:aws:iam::{account.id}:policy/{NAME}"


def versions(account: Account) -> list[dict[str, Any]]:
    return account.client("iam").list_policy_versions(PolicyArn=own_policy(account))["Versions"]


def policy(account: Account) -> dict[str, Any]:
    version = next(v["VersionId"] for v in versions(account) if v["IsDefaultVersion"])
    found = account.client("iam").get_policy_version(PolicyArn=own_policy(account), VersionId=version)
    return found["PolicyVersion"]["Document"]


MATRIX = Matrix(
    module="iam_role",
    key="iam_role",
    fixed={"role"},
    base={"name": NAME, "assume_role_policy_document": trust("ecs-tasks.amazonaws.com")},
    updates={
        "description": "The shop's front",
        "max_session_duration": 7200,
        "policy": document("s3:ListAllMyBuckets"),
        "managed_policies": [READ_ONLY],
        "permissions_boundary": READ_ONLY,
        "tags": {"Environment": "dev"},
        "+trust": {"assume_role_policy_document": trust("ec2.amazonaws.com")},
        "+profile": {"instance_profile": True, "description": "The shop's front, on EC2 too"},
        "+policy again": {"policy": document("sqs:ListQueues")},
    },
    seen={
        "description": lambda account: role(account)["Description"],
        "max_session_duration": lambda account: role(account)["MaxSessionDuration"],
        "policy": policy,
        "managed_policies": lambda account: [arn for arn in attached(account) if arn != own_policy(account)],
        "permissions_boundary": lambda account: role(account)["PermissionsBoundary"]["PermissionsBoundaryArn"],
        "tags": lambda account: {tag["Key"]: tag["Value"] for tag in role(account)["Tags"]},
    },
)


def test_matrix(account: Account) -> None:
    MATRIX.check(account)
    for read in (role, policy):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            read(account)
    assert account.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_policy_and_profile_are_removed_when_they_are_not_wanted_any_more(account: Account) -> None:
    base = {"name": NAME, "assume_role_policy_document": trust("ec2.amazonaws.com")}
    run_module(account, "iam_role", **base, policy=document("s3:*"), instance_profile=True)
    profile = account.client("iam").get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]
    assert [member["RoleName"] for member in profile["Roles"]] == [NAME]
    assert attached(account) == [own_policy(account)]
    done = run_module(account, "iam_role", **base, policy={}, instance_profile=False)
    assert {(change["action"], change["resource"]) for change in done["changes"]} == {
        ("delete", "IAM policy"),
        ("delete", "IAM instance profile"),
        ("update", "IAM role"),
    }
    assert attached(account) == []
    assert account.client("iam").list_policies(Scope="Local")["Policies"] == []
    assert account.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_a_sixth_version_of_a_policy_takes_the_place_of_the_oldest(account: Account) -> None:
    base = {"name": NAME, "assume_role_policy_document": trust("ec2.amazonaws.com")}
    for number in range(7):
        run_module(account, "iam_role", **base, policy=document(f"s3:Action{number}"))
    assert len(versions(account)) == 5
    assert policy(account) == document("s3:Action6")


def test_what_is_attached_by_hand_is_detached_and_shown(account: Account) -> None:
    base = {"name": NAME, "assume_role_policy_document": trust("ec2.amazonaws.com"), "managed_policies": []}
    run_module(account, "iam_role", **base)
    account.client("iam").attach_role_policy(RoleName=NAME, PolicyArn=READ_ONLY)
    done = run_module(account, "iam_role", **base)
    assert done["changes"][0]["attributes"] == {"managed_policies": {"before": [READ_ONLY], "after": []}}
    assert attached(account) == []


def test_policies_of_others_are_untouched_when_none_are_named(account: Account) -> None:
    base = {"name": NAME, "assume_role_policy_document": trust("ec2.amazonaws.com")}
    run_module(account, "iam_role", **base)
    account.client("iam").attach_role_policy(RoleName=NAME, PolicyArn=READ_ONLY)
    assert not run_module(account, "iam_role", **base)["changed"]


def test_absent_takes_inline_policies_with_it(account: Account) -> None:
    run_module(account, "iam_role", name=NAME, assume_role_policy_document=trust("ec2.amazonaws.com"))
    account.client("iam").put_role_policy(RoleName=NAME, PolicyName="by-hand", PolicyDocument=json.dumps(document("*")))
    assert run_module(account, "iam_role", name=NAME, state="absent")["changed"]


def test_a_session_that_is_too_short_is_refused_before_any_write(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="max_session_duration is 60; allowed are 3600 to 43200 seconds"):
        run_module(account, "iam_role", name=NAME, max_session_duration=60)
    assert account.writes() == []


def test_a_role_is_not_created_without_a_trust_policy(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="assume_role_policy_document is required to create it"):
        run_module(account, "iam_role", name=NAME)


def test_an_aws_error_names_the_call_and_the_role(account: Account) -> None:
    account.fault(service="iam", operation="CreateRole", code="LimitExceeded", message="too many roles", status=409)
    with pytest.raises(ModuleFailed, match=rf"Could not create IAM role {NAME}: .*LimitExceeded.*CreateRole"):
        run_module(account, "iam_role", name=NAME, assume_role_policy_document=trust("ec2.amazonaws.com"))


def test_a_policy_alone(account: Account) -> None:
    alone = {"name": NAME, "policy": document("s3:ListAllMyBuckets"), "role": False, "tags": {"A": "b"}}
    predicted = run_module(account, "iam_role", _check=True, **alone)
    done = run_module(account, "iam_role", **alone)
    assert [(c["action"], c["resource"]) for c in done["changes"]] == [("create", "IAM policy")]
    assert [(c["action"], c["resource"]) for c in predicted["changes"]] == [("create", "IAM policy")]
    assert policy(account) == alone["policy"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        role(account)
    assert not run_module(account, "iam_role", **alone)["changed"]
    made = run_module(account, "iam_role", **MATRIX.base, policy=alone["policy"], tags={"A": "b"})
    assert [(c["action"], c["resource"]) for c in made["changes"]] == [("create", "IAM role")]
    gone = run_module(account, "iam_role", **alone)
    assert [(c["action"], c["resource"]) for c in gone["changes"]] == [("delete", "IAM role")]
    run_module(account, "iam_role", name=NAME, state="absent")
    assert not run_module(account, "iam_role", name=NAME, state="absent")["changed"]
