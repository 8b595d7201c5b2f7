# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager for moto: names of secrets that wait for their deletion, policies, lengths of passwords."""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from .dispatch import model_with
from .errors import AwsError

LONGEST_PASSWORD = 4096


class Backend(SecretsManagerBackend):
    def create_secret(self, name: str, *args: Any, **kwargs: Any) -> str:
        known = self.secrets.get(name)
        if known is not None and known.is_deleted():
            raise AwsError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )
        return super().create_secret(name, *args, **kwargs)

    def put_resource_policy(self, secret_id: str, policy: str) -> tuple[str, str]:
        try:
            document = json.loads(policy)
        except ValueError:
            document = None
        if not isinstance(document, dict) or "Statement" not in document:
            raise AwsError("MalformedPolicyDocumentException", "This resource policy contains invalid Json.")
        return super().put_resource_policy(secret_id, policy)

    def get_random_password(self, password_length: int, *args: Any, **kwargs: Any) -> str:
        if not 1 <= password_length <= LONGEST_PASSWORD:
            raise AwsError(
                "InvalidParameterException", f"The password length must be between 1 and {LONGEST_PASSWORD}."
            )
        return super().get_random_password(password_length, *args, **kwargs)


model_with(secretsmanager_backends, Backend)
