# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM for moto: audiences of OpenID Connect providers, what AWS refuses of these, and names of service-linked roles."""

from __future__ import annotations

from moto.iam.models import SERVICE_NAME_CONVERSION, IAMBackend, OpenIDConnectProvider, Role, iam_backends
from moto.iam.responses import IamResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, forward

CLIENT_IDS_AT_MOST = 100
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
SERVICE_NAME_CONVERSION |= {"config": "Config", "guardduty": "AmazonGuardDuty"}


class Backend(IAMBackend):
    def create_open_id_connect_provider(
        self, url: str, thumbprint_list: list[str], client_id_list: list[str], tags: list[dict[str, str]]
    ) -> OpenIDConnectProvider:
        if not url.startswith("https://"):
            raise AwsError("InvalidInput", "Invalid Open ID Connect Provider URL")
        _check(client_id_list or [])
        return super().create_open_id_connect_provider(url, thumbprint_list or [], client_id_list or [], tags)

    def add_client_id_to_open_id_connect_provider(self, params: Params) -> Params:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html"""
        provider = self.get_open_id_connect_provider(params["OpenIDConnectProviderArn"])
        wanted = [*provider.client_id_list, params["ClientID"]]
        _check(wanted)
        provider.client_id_list = list(dict.fromkeys(wanted))  # adding one that is there is no error
        return {}

    def remove_client_id_from_open_id_connect_provider(self, params: Params) -> Params:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html"""
        provider = self.get_open_id_connect_provider(params["OpenIDConnectProviderArn"])
        provider.client_id_list = [client for client in provider.client_id_list if client != params["ClientID"]]
        return {}

    def create_service_linked_role(self, service_name: str, description: str, suffix: str) -> Role:
        path = f"/aws-service-role/{service_name}/"
        for role in self.roles.values():
            if role.path == path and not suffix:
                raise AwsError(
                    "InvalidInput",
                    f"Service role name {role.name} has been taken in this account, please try a different suffix.",
                )
        return super().create_service_linked_role(service_name, description, suffix)


def _check(client_ids: list[str]) -> None:
    if len(client_ids) > CLIENT_IDS_AT_MOST:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ClientIdsPerProvider: {CLIENT_IDS_AT_MOST}")
    if any(not 1 <= len(client) <= 255 for client in client_ids):
        raise AwsError("ValidationError", "A client ID has 1 to 255 characters.")


@answer_with
class Response(IamResponse):
    pass


OPERATIONS = "add_client_id_to_open_id_connect_provider remove_client_id_from_open_id_connect_provider"
forward(Response, iam_backends, OPERATIONS)
model_with(iam_backends, Backend)
