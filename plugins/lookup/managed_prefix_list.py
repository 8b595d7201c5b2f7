# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: managed_prefix_list
short_description: The ids of managed prefix lists by their names
version_added: 0.1.0
author:
  - The slipway.fargate team (@slipway)
description:
  - Security group rules refer to a managed prefix list, as the one of CloudFront's origin-facing servers, by its id,
    which is another one in every region.
  - Runs on the controller and takes endpoint and credentials as any AWS tool does.
options:
  _terms:
    description: Names of managed prefix lists.
    required: true
  region:
    description: The region of the prefix lists.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the id of the prefix list
  ansible.builtin.debug:
    msg: >-
      {{ lookup('slipway.fargate.managed_prefix_list', 'com.amazonaws.global.cloudfront.origin-facing',
      region='eu-west-1') }}
"""

RETURN = r"""
_raw:
  description: The ids, in the order of the names.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.slipway.fargate.plugins.lookup.component import PagingClient
from botocore.exceptions import BotoCoreError, ClientError


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        if not terms:
            return []
        region = self.get_option("region")
        filters = [{"Name": "prefix-list-name", "Values": list(terms)}]
        try:
            found = PagingClient("ec2", region).list("describe_managed_prefix_lists", "PrefixLists", Filters=filters)
        except (ClientError, BotoCoreError) as error:
            raise AnsibleLookupError(f"could not read managed prefix lists {', '.join(terms)}: {error}") from error
        ids = {prefix_list["PrefixListName"]: prefix_list["PrefixListId"] for prefix_list in found}
        missing = [name for name in terms if name not in ids]
        if missing:
            raise AnsibleLookupError(f"there is no managed prefix list {', '.join(missing)} in {region}")
        return [ids[name] for name in terms]
