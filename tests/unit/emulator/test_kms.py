# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Aws


def test_a_key_is_changed_and_deleted_by_its_arn(aws: Aws, refused: Callable[..., Any]) -> None:
    kms = aws("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    refused("ValidationException", kms.schedule_key_deletion, KeyId=arn, PendingWindowInDays=3)
    refused("KMSInvalidStateException", kms.cancel_key_deletion, KeyId=arn)
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    refused("KMSInvalidStateException", kms.schedule_key_deletion, KeyId=arn)
    kms.cancel_key_deletion(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
