# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module of this collection that manages a resource has in common.
    DOCUMENTATION = r"""
options:
  state:
    description:
      - Whether the resource is there or not.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Predicts the same changes and the same shape of result as a real run, and never writes.
    support: full
  diff_mode:
    description: Shows the attributes that change, before and after.
    support: full
"""

    # Waiting for AWS to finish.
    WAIT = r"""
options:
  wait:
    description:
      - Whether to wait until AWS has finished.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait, in seconds.
    type: int
    default: 1800
"""
