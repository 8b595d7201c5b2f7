# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    iam = aws.client("iam")
    if options.get("iam_role_policy_only"):
        try:
            iam.get_policy(PolicyArn=_policy(aws, name))
        except is_boto3_error_code("NoSuchEntity"):
            return None
        return {"arn": "", "policy_arn": _policy(aws, name), "instance_profile_name": ""}
    try:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
        profiles = iam.list("list_instance_profiles_for_role", "InstanceProfiles", RoleName=name)
    except is_boto3_error_code("NoSuchEntity"):
        return None
    mine = [profile["InstanceProfileName"] for profile in profiles if profile["InstanceProfileName"] == name]
    return {
        "arn": arn,
        "policy_arn": _policy(aws, name),
        "instance_profile_name": mine[0] if mine else "",
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    alone = options.get("iam_role_policy_only")
    return {
        "arn": "" if alone else aws.arn("iam", f"role/{name}", region=False),
        "policy_arn": _policy(aws, name),
        "instance_profile_name": name if options.get("iam_role_instance_profile") and not alone else "",
    }


def _policy(aws: Aws, name: str) -> str:
    return aws.arn("iam", f"policy/{name}", region=False)


KIND = Kind(
    "IAM role",
    {
        "arn": "the ARN of the role, or empty",
        "policy_arn": "the ARN of its own policy, if it has statements",
        "instance_profile_name": "the name of its instance profile, or empty",
    },
    read,
    predict,
    options=("iam_role_instance_profile", "iam_role_policy_only"),
)
