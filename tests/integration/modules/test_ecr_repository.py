# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop/web"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
UNTAGGED = {
    "rulePriority": 1,
    "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
    "action": {"type": "expire"},
}
NEWEST = {
    "rulePriority": 2,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
    "action": {"type": "expire"},
}
LIFECYCLE = {"rules": [UNTAGGED, NEWEST]}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}


def _repository(account: Account) -> dict[str, Any]:
    return account.client("ecr").describe_repositories(repositoryNames=[NAME])["repositories"][0]


def _push(account: Account) -> None:
    manifest = {"schemaVersion": 2, "config": {"digest": "sha256:" + "0" * 64, "size": 1}, "layers": []}
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    account.client("ecr").put_image(
        repositoryName=NAME, imageManifest=json.dumps({**manifest, "mediaType": kind}), imageTag="v1"
    )


def test_matrix(account: Account) -> None:
    ecr = account.client("ecr")
    Matrix(
        module="ecr_repository",
        key="repository",
        base={"name": NAME},
        updates={
            "scan_on_push": True,
            "image_tag_mutability": "IMMUTABLE",
            "image_tag_mutability_exclusions": ["latest", "dev-*"],
            "lifecycle_policy": LIFECYCLE,
            "policy": POLICY,
            "tags": {"Environment": "dev", "Other": "1"},
            "+nothing": {"image_tag_mutability_exclusions": [], "lifecycle_policy": {}, "policy": {}, "tags": {}},
        },
        fixed={"encryption_type", "kms_key_id", "force"},
        seen={
            "scan_on_push": lambda account: _repository(account)["imageScanningConfiguration"]["scanOnPush"],
            "image_tag_mutability": lambda account: _repository(account)["imageTagMutability"].partition("_")[0],
            "image_tag_mutability_exclusions": lambda account: [
                entry["filter"] for entry in _repository(account).get("imageTagMutabilityExclusionFilters", [])
            ],
            "lifecycle_policy": lambda account: json.loads(
                ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"]
            ),
            "policy": lambda account: json.loads(ecr.get_repository_policy(repositoryName=NAME)["policyText"]),
            "tags": lambda account: {
                tag["Key"]: tag["Value"]
                for tag in ecr.list_tags_for_resource(resourceArn=_repository(account)["repositoryArn"])["tags"]
            },
        },
    ).check(account)


def test_everything_at_once(account: Account) -> None:
    options = {
        "scan_on_push": True,
        "image_tag_mutability": "IMMUTABLE",
        "encryption_type": "KMS",
        "kms_key_id": KEY,
        "lifecycle_policy": LIFECYCLE,
        "policy": POLICY,
        "tags": {"a": "b"},
    }
    run_module(account, "ecr_repository", name=NAME, **options)
    assert _repository(account)["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": KEY}
    assert not run_module(account, "ecr_repository", name=NAME, **options)["changed"]
    turned = {"rules": [NEWEST, UNTAGGED]}
    assert not run_module(account, "ecr_repository", name=NAME, lifecycle_policy=turned)["changed"]
    shorter = run_module(account, "ecr_repository", name=NAME, lifecycle_policy={"rules": [NEWEST]})
    assert shorter["repository"]["lifecycle_policy"] == {"rules": [NEWEST]}


def test_only_the_excluded_tags_move(account: Account) -> None:
    immutable = {"name": NAME, "image_tag_mutability": "IMMUTABLE"}
    run_module(account, "ecr_repository", **immutable, image_tag_mutability_exclusions=["latest", "dev-*"])
    assert _repository(account)["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    turned = {"image_tag_mutability_exclusions": ["dev-*", "latest"]}
    assert not run_module(account, "ecr_repository", **immutable, **turned)["changed"]
    assert not run_module(account, "ecr_repository", **immutable)["changed"]
    mutable = run_module(account, "ecr_repository", name=NAME, image_tag_mutability="MUTABLE")
    assert mutable["repository"]["image_tag_mutability_exclusions"] == ["latest", "dev-*"]
    assert _repository(account)["imageTagMutability"] == "MUTABLE_WITH_EXCLUSION"
    run_module(account, "ecr_repository", name=NAME, image_tag_mutability_exclusions=[])
    assert _repository(account)["imageTagMutability"] == "MUTABLE"
    account.fault(service="ecr", operation="PutImageTagMutability", code="InvalidParameterException", message="no")
    with pytest.raises(ModuleFailed, match=r"Could not update ECR repository shop/web: .*PutImageTagMutability"):
        run_module(account, "ecr_repository", name=NAME, image_tag_mutability_exclusions=["latest"])


def test_unset_options_are_untouched(account: Account) -> None:
    run_module(account, "ecr_repository", name=NAME, scan_on_push=True, policy=POLICY, lifecycle_policy=LIFECYCLE)
    assert not run_module(account, "ecr_repository", name=NAME)["changed"]


def test_a_repository_with_images_is_deleted_with_force_only(account: Account) -> None:
    run_module(account, "ecr_repository", name=NAME)
    _push(account)
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=r"holds images, nothing was deleted; force"):
            run_module(account, "ecr_repository", name=NAME, state="absent", _check=check)
    assert _repository(account)
    assert run_module(account, "ecr_repository", name=NAME, state="absent", force=True)["changed"]
    assert account.client("ecr").describe_repositories()["repositories"] == []


def test_encryption_cannot_be_changed(account: Account) -> None:
    run_module(account, "ecr_repository", name=NAME)
    with pytest.raises(ModuleFailed, match=r"encryption_type cannot be changed .* make another one"):
        run_module(account, "ecr_repository", name=NAME, encryption_type="KMS")
    with pytest.raises(ModuleFailed, match=r"kms_key_id is set; it needs encryption_type KMS"):
        run_module(account, "ecr_repository", name="other", kms_key_id=KEY)


def test_an_aws_error_names_the_call_and_the_repository(account: Account) -> None:
    account.fault(service="ecr", operation="CreateRepository", code="KmsException", message="no such key")
    with pytest.raises(ModuleFailed, match=r"Could not create ECR repository shop/web: .*no such key"):
        run_module(account, "ecr_repository", name=NAME)
    wrong = {"rules": [{**UNTAGGED, "action": {"type": "keep"}}]}
    with pytest.raises(ModuleFailed, match=r"Could not create ECR repository shop/web: .*PutLifecyclePolicy"):
        run_module(account, "ecr_repository", name=NAME, lifecycle_policy=wrong)
    done = run_module(account, "ecr_repository", name=NAME, lifecycle_policy=LIFECYCLE)  # finishes what was begun
    assert [change["action"] for change in done["changes"]] == ["update"]
