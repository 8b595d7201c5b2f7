# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.cognito import find_pool
from ansible_collections.slipway.fargate.plugins.module_utils.components._kind import Aws, Facts, Kind
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN


def read(aws: Aws, name: str, options: dict[str, Any]) -> Facts | None:
    client = aws.client("cognito-idp")
    pool_id = find_pool(client, name)
    if pool_id is None:
        return None
    pool = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    listed = client.list("list_user_pool_clients", "UserPoolClients", UserPoolId=pool_id, MaxResults=60)
    clients = {item["ClientName"]: item["ClientId"] for item in listed}
    return {
        "id": pool_id,
        "arn": pool["Arn"],
        "client_id": clients.get(options.get("cognito_client_name") or name, UNKNOWN),
        "client_ids": clients,
        **_domain(aws, pool.get("CustomDomain") or pool.get("Domain") or ""),
        "issuer": f"https://cognito-idp.{aws.region}.{_suffix(aws)}/{pool_id}",
        "secret_arn": _secret_arn(aws, options.get("cognito_secret_name") or name),
        "deletion_protection": pool.get("DeletionProtection") == "ACTIVE",
    }


def predict(aws: Aws, name: str, options: dict[str, Any]) -> Facts:
    return _domain(aws, options.get("cognito_domain") or "")


def _domain(aws: Aws, domain: str) -> Facts:
    """A prefix is a name below Cognito's own domain."""
    whole = f"{domain}.auth.{aws.region}.amazoncognito.com" if domain and "." not in domain else domain
    return {"domain": whole}


def _suffix(aws: Aws) -> str:
    return "amazonaws.com.cn" if aws.region.startswith("cn-") else "amazonaws.com"


def _secret_arn(aws: Aws, name: str) -> str:
    """One that is scheduled for deletion is not there."""
    try:
        found = aws.client("secretsmanager").describe_secret(SecretId=name)
    except is_boto3_error_code("ResourceNotFoundException"):
        return UNKNOWN
    return UNKNOWN if found.get("DeletedDate") else found["ARN"]


KIND = Kind(
    "Cognito user pool",
    {
        "id": "the identifier of the pool",
        "arn": "the ARN of the pool",
        "client_id": "the identifier of the app client `cognito_client_name`",
        "client_ids": "by name the identifiers of all app clients",
        "domain": "the domain of the pages where users sign in, or empty",
        "issuer": "the issuer of the tokens, a URL; its keys are below it at `/.well-known/jwks.json`",
        "secret_arn": "the ARN of the secret that holds the credentials of the client",
        "deletion_protection": "whether Cognito refuses to delete the pool",
    },
    read,
    predict,
    ("cognito_client_name", "cognito_secret_name", "cognito_domain"),
)
