# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What a DB instance and a DB cluster have in common.
    DOCUMENTATION = r"""
options:
  allow_major_version_upgrade:
    description:
      - Whether O(engine_version) may be another major version than the database's.
    type: bool
    default: false
  storage_encrypted:
    description:
      - Whether the storage is encrypted. It cannot be changed.
    type: bool
  kms_key_id:
    description:
      - The ARN or id of the KMS key of the storage; AWS's own key when it is not set. It cannot be changed.
    type: str
  database:
    description:
      - The name of the first database. It cannot be changed.
    type: str
  username:
    description:
      - The name of the master user. It cannot be changed.
    type: str
  password_secret:
    description:
      - The ARN or name of the secret in Secrets Manager that holds the master user's password.
      - The password is read at creation, and again when the secret has another version than the one that the
        database's tag C(slipway:password-version) names. With rotation the function that rotates the secret sets it.
    type: str
  password_key:
    description:
      - The key of the password in a secret that is a JSON object; without it the whole text is the password.
    type: str
  port:
    description:
      - The port.
    type: int
  subnet_group:
    description:
      - The DB subnet group. It cannot be changed.
    type: str
  security_group_ids:
    description:
      - The security groups.
    type: list
    elements: str
  backup_window:
    description:
      - When backups are made, daily in UTC, as V(03:00-04:00).
    type: str
  maintenance_window:
    description:
      - When AWS maintains the database, weekly in UTC, as V(sun:04:00-sun:05:00).
    type: str
  deletion_protection:
    description:
      - Whether the database cannot be deleted.
    type: bool
  log_exports:
    description:
      - The logs that go to CloudWatch Logs, as V(postgresql).
    type: list
    elements: str
  copy_tags_to_snapshot:
    description:
      - Whether snapshots get the tags of the database.
    type: bool
  iam_authentication:
    description:
      - Whether database users can log in with IAM.
    type: bool
  restore_time:
    description:
      - To which point in time, as V(2026-02-22T03:00:00Z), or V(latest), which is the default.
    type: str
  apply_immediately:
    description:
      - Whether changes that may interrupt the database are made at once rather than in the maintenance window.
      - What waits for the maintenance window counts as done.
    type: bool
    default: false
  skip_final_snapshot:
    description:
      - Whether the database is deleted without a final snapshot.
    type: bool
    default: false
  final_snapshot_identifier:
    description:
      - The name of the final snapshot; when it is not set it is made of the database's name and AWS's own id of it.
    type: str
  delete_automated_backups:
    description:
      - Whether the automated backups go with the database.
    type: bool
    default: true
  required_tags:
    description:
      - Tags that the database must have. One that is there without them is neither changed nor deleted.
    type: dict
"""
