# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules of a GitHub repository have in common."""

    DOCUMENTATION = r"""
options:
  repository:
    description:
      - The repository, as V(owner/name).
    type: str
    required: true
  environment:
    description:
      - One of the repository's deployment environments, which must be there, instead of the repository as a whole.
    type: str
    default: ""
  token:
    description:
      - A token that may write the repository's secrets and variables. A fine-grained one needs the permissions
        Secrets and Variables, or Environments.
      - Taken from the environment variable E(GITHUB_TOKEN) or E(GH_TOKEN) when it is not set.
    type: str
    required: true
  api_url:
    description:
      - Where the API is. With GitHub Enterprise Server V(https://HOST/api/v3).
    type: str
    default: https://api.github.com
  validate_certs:
    description:
      - Whether the certificate of O(api_url) is verified.
    type: bool
    default: true
"""
