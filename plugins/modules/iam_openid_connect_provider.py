#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_openid_connect_provider
short_description: Manage an OpenID Connect provider of IAM
version_added: 0.2.0
description:
  - Creates, changes and deletes the trust of an account in those who issue tokens, such as GitHub Actions, see
    U(https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html).
  - An account has one provider of a URL, which everything in it shares.
author:
  - The slipway.fargate team (@slipway)
options:
  url:
    description:
      - The URL of the issuer, such as V(https://token.actions.githubusercontent.com).
    type: str
    required: true
  client_ids:
    description:
      - The audiences that tokens may be for, such as V(sts.amazonaws.com).
    type: list
    elements: str
  purge_client_ids:
    description:
      - Whether to remove the audiences that are not in O(client_ids). Off, since others may need them.
    type: bool
    default: false
  thumbprints:
    description:
      - The SHA-1 thumbprints of the certificate authorities of the issuer, 40 hexadecimal digits each. Not needed for
        issuers whose certificates AWS verifies by itself, as GitHub's.
    type: list
    elements: str
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Trust GitHub Actions
  slipway.fargate.iam_openid_connect_provider:
    url: https://token.actions.githubusercontent.com
    client_ids: [sts.amazonaws.com]

- name: Trust GitHub Actions no more
  slipway.fargate.iam_openid_connect_provider:
    url: https://token.actions.githubusercontent.com
    state: absent
"""

RETURN = r"""
provider:
  description: The provider; empty when it was removed.
  returned: always
  type: dict
  contains:
    url:
      description: The URL of the issuer.
      type: str
      sample: https://token.actions.githubusercontent.com
    arn:
      description: The ARN of the provider.
      type: str
      sample: arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com
    client_ids:
      description: The audiences.
      type: list
      elements: str
      sample: [sts.amazonaws.com]
    thumbprints:
      description: The thumbprints.
      type: list
      elements: str
      sample: [6938fd4d98bab03faadb97b34396831e3780aea1]
    tags:
      description: The tags.
      type: dict
      sample: {"ManagedBy": "slipway.fargate"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: OpenID Connect provider
      name: token.actions.githubusercontent.com
      attributes: {"client_ids": {"before": [], "after": ["sts.amazonaws.com"]}}
"""

import re
from functools import cached_property

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
)

THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}")


class Provider(Resource):
    type_name = "OpenID Connect provider"
    assigned = ("thumbprints",)
    defaults = {"client_ids": [], "tags": {}}
    unordered = ("client_ids", "thumbprints")
    updates = {
        "put_client_ids": ("client_ids",),
        "put_thumbprints": ("thumbprints",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.url = module.params["url"].rstrip("/")
        desired = {"url": self.url, **set_options(module, "client_ids", "thumbprints", "tags")}
        super().__init__(module, self.url.removeprefix("https://"), desired, module.params["state"])
        self.client = RetryingClient(module, "iam", "ConcurrentModification")

    @cached_property
    def arn(self) -> str:
        identity = RetryingClient(self.module, "sts").get_caller_identity()
        return f"arn:{identity['Arn'].split(':')[1]}:iam::{identity['Account']}:oidc-provider/{self.name}"

    def validate(self) -> None:
        if not self.url.startswith("https://"):
            raise ResourceError(f"url is {self.url}; allowed is one that starts with https://")
        for thumbprint in self.desired.get("thumbprints", []):
            if not THUMBPRINT.fullmatch(thumbprint):
                raise ResourceError(f"thumbprints has {thumbprint}; allowed are 40 hexadecimal digits")

    def predict(self) -> Attributes:
        return {"arn": self.arn}

    def read(self) -> Attributes | None:
        try:
            found = self.client.get_open_id_connect_provider(OpenIDConnectProviderArn=self.arn)
        except is_boto3_error_code("NoSuchEntity"):
            return None
        return {
            "url": self.url,
            "arn": self.arn,
            "client_ids": sorted(found.get("ClientIDList", [])),
            "thumbprints": sorted(found.get("ThumbprintList", [])),
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
        }

    def client_id_changes(self) -> tuple[list[str], list[str]]:
        """The audiences to add, and those to remove."""
        current, desired = set((self.current or {}).get("client_ids", [])), set(self.desired["client_ids"])
        purge = self.module.params["purge_client_ids"]
        return sorted(desired - current), sorted(current - desired) if purge else []

    def same(self, key: str) -> bool:
        return not any(self.client_id_changes()) if key == "client_ids" else super().same(key)

    def expected(self) -> Attributes:
        after = super().expected()
        if "client_ids" in after and "client_ids" in self.desired:
            to_add, to_remove = self.client_id_changes()
            kept = set((self.current or {}).get("client_ids", [])) - set(to_remove)
            after["client_ids"] = sorted({*kept, *to_add})
        return after

    def create(self) -> None:
        optional = {
            "ClientIDList": self.desired.get("client_ids"),
            "ThumbprintList": self.desired.get("thumbprints"),
            "Tags": ansible_dict_to_boto3_tag_list(self.desired.get("tags", {})),
        }
        given = {name: value for name, value in optional.items() if value}
        self.client.create_open_id_connect_provider(Url=self.url, **given)

    def put_client_ids(self) -> None:
        to_add, to_remove = self.client_id_changes()
        at = {"OpenIDConnectProviderArn": self.arn}
        for client in to_add:
            self.client.add_client_id_to_open_id_connect_provider(ClientID=client, **at)
        for client in to_remove:
            self.client.remove_client_id_from_open_id_connect_provider(ClientID=client, **at)

    def put_thumbprints(self) -> None:
        self.client.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=self.arn, ThumbprintList=self.desired["thumbprints"]
        )

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        at = {"OpenIDConnectProviderArn": self.arn}
        if to_remove:
            self.client.untag_open_id_connect_provider(TagKeys=to_remove, **at)
        if to_set:
            self.client.tag_open_id_connect_provider(Tags=ansible_dict_to_boto3_tag_list(to_set), **at)

    def delete(self) -> None:
        self.client.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.arn)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "client_ids": {"type": "list", "elements": "str"},
            "purge_client_ids": {"type": "bool", "default": False},
            "thumbprints": {"type": "list", "elements": "str"},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Provider(module), key="provider")


if __name__ == "__main__":
    main()
