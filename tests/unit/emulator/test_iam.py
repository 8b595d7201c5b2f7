# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenID Connect providers and service-linked roles of the local AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Aws

URL = "https://token.actions.githubusercontent.com"


def test_the_audiences_of_a_provider_come_and_go(aws: Aws) -> None:
    iam = aws("iam")
    arn = iam.create_open_id_connect_provider(Url=URL, ClientIDList=["a"])["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{aws.account}:oidc-provider/token.actions.githubusercontent.com"
    for client in ("b", "b"):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["a", "b"]
    for client in ("a", "a"):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["b"]


def test_wrong_providers_are_refused(aws: Aws, refused: Callable[..., Any]) -> None:
    iam = aws("iam")
    refused("InvalidInput", iam.create_open_id_connect_provider, Url="http://example.com", ClientIDList=["a"])
    refused("ValidationError", iam.create_open_id_connect_provider, Url=URL, ClientIDList=["a" * 256])
    many = [str(number) for number in range(101)]
    refused("LimitExceeded", iam.create_open_id_connect_provider, Url=URL, ClientIDList=many)
    arn = iam.create_open_id_connect_provider(Url=URL, ClientIDList=["a"])["OpenIDConnectProviderArn"]
    refused("EntityAlreadyExists", iam.create_open_id_connect_provider, Url=URL, ClientIDList=["a"])
    missing = {"OpenIDConnectProviderArn": f"{arn}x", "ClientID": "a"}
    refused("NoSuchEntity", iam.add_client_id_to_open_id_connect_provider, **missing)
    refused("NoSuchEntity", iam.remove_client_id_from_open_id_connect_provider, **missing)


def test_a_service_has_one_linked_role_with_the_name_that_it_gives(aws: Aws, refused: Callable[..., Any]) -> None:
    iam = aws("iam")
    role = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
    assert (role["RoleName"], role["Path"]) == ("AWSServiceRoleForConfig", "/aws-service-role/config.amazonaws.com/")
    message = refused("InvalidInput", iam.create_service_linked_role, AWSServiceName="config.amazonaws.com")
    assert "AWSServiceRoleForConfig has been taken in this account" in message
