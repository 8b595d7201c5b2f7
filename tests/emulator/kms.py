# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KMS for moto: keys that are deleted by their ARN, as amazon.aws does."""

from __future__ import annotations

from moto.kms.models import KmsBackend, kms_backends

from .dispatch import model_with
from .errors import AwsError

WINDOW = range(7, 31)


class Backend(KmsBackend):
    def schedule_key_deletion(self, key_id: str, pending_window_in_days: int) -> float:
        if pending_window_in_days not in WINDOW:
            raise AwsError("ValidationException", "PendingWindowInDays must be 7 to 30.")
        key_id = self.get_key_id(key_id)
        if self.keys[key_id].key_state == "PendingDeletion":
            raise AwsError("KMSInvalidStateException", f"{self.keys[key_id].arn} is pending deletion.")
        return super().schedule_key_deletion(key_id, pending_window_in_days)

    def cancel_key_deletion(self, key_id: str) -> None:
        key_id = self.get_key_id(key_id)
        if self.keys[key_id].key_state != "PendingDeletion":
            raise AwsError("KMSInvalidStateException", f"{self.keys[key_id].arn} is not pending deletion.")
        super().cancel_key_deletion(key_id)

    def enable_key(self, key_id: str) -> None:
        super().enable_key(self.get_key_id(key_id))

    def disable_key(self, key_id: str) -> None:
        super().disable_key(self.get_key_id(key_id))


model_with(kms_backends, Backend)
