#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool_domain
short_description: Manage the domain of a Cognito user pool
version_added: 0.2.0
description:
  - Creates, changes and deletes the domain of the pages where users sign in, see
    U(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html).
  - A pool has one prefix domain and one custom domain at most. A domain of another pool is refused.
author:
  - The slipway.fargate team (@slipway)
options:
  domain:
    description:
      - The prefix, unique in the region, of a domain of Cognito, or with O(certificate_arn) a whole domain.
    type: str
    required: true
  user_pool_id:
    description:
      - The identifier of the pool. Needed to create a domain.
    type: str
  certificate_arn:
    description:
      - The ARN of an ACM certificate in V(us-east-1) for a domain of your own.
    type: str
  managed_login_version:
    description:
      - V(1) for the classic pages, V(2) for managed login. A new domain has V(1) without it.
    type: int
    choices: [1, 2]
  wait_timeout:
    description:
      - How many seconds to wait until a domain is deleted. A custom domain that is created is not waited for.
    type: int
    default: 300
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Users sign in at https://shop-prod.auth.eu-west-1.amazoncognito.com
  slipway.fargate.cognito_user_pool_domain:
    domain: shop-prod
    user_pool_id: eu-west-1_aB3dE5gH7

- name: Remove the domain
  slipway.fargate.cognito_user_pool_domain:
    domain: shop-prod
    state: absent
"""

RETURN = r"""
domain:
  description: The domain; empty when it was removed.
  returned: always
  type: dict
  contains:
    domain:
      description: The prefix or the whole domain.
      type: str
      sample: shop-prod
    user_pool_id:
      description: The identifier of the pool.
      type: str
      sample: eu-west-1_aB3dE5gH7
    certificate_arn:
      description: The certificate of a domain of your own, or empty.
      type: str
      sample: ""
    managed_login_version:
      description: The version of the pages.
      type: int
      sample: 1
    cloudfront_domain:
      description: What the record of a domain of your own points to.
      type: str
      sample: d111111abcdef8.cloudfront.net
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      resource: Cognito domain
      name: shop-prod
      attributes: {"managed_login_version": {"before": null, "after": 1}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run,
    set_options,
    wait_for,
)


class Domain(Resource):
    type_name = "Cognito domain"
    assigned = ("cloudfront_domain",)
    defaults = {"certificate_arn": "", "managed_login_version": 1}
    immutable = {"user_pool_id": "the domain belongs to another user pool; remove it there, or take another domain"}
    pool_id = ""  # that the domain has in AWS

    def __init__(self, module: AnsibleAWSModule) -> None:
        options = set_options(module, "user_pool_id", "certificate_arn", "managed_login_version")
        desired = {"domain": module.params["domain"], **options}
        super().__init__(module, module.params["domain"], desired, module.params["state"])
        self.client = RetryingClient(module, "cognito-idp")

    def validate(self) -> None:
        if self.state == "present" and not self.desired.get("user_pool_id"):
            raise ResourceError(f"domain {self.name}: user_pool_id is needed")

    def read(self) -> Attributes | None:
        found = self.client.describe_user_pool_domain(Domain=self.name).get("DomainDescription") or {}
        if not found.get("UserPoolId"):
            return None
        self.pool_id = found["UserPoolId"]
        return {
            "domain": self.name,
            "user_pool_id": self.pool_id,
            "certificate_arn": (found.get("CustomDomainConfig") or {}).get("CertificateArn", ""),
            "managed_login_version": found.get("ManagedLoginVersion") or 1,
            "cloudfront_domain": found.get("CloudFrontDistribution") or "",
        }

    def parameters(self) -> dict[str, Any]:
        after = self.expected()
        certificate = {"CertificateArn": after["certificate_arn"]}
        custom = {"CustomDomainConfig": certificate} if after["certificate_arn"] else {}
        version = after["managed_login_version"]
        return {"Domain": self.name, "UserPoolId": after["user_pool_id"], "ManagedLoginVersion": version, **custom}

    def create(self) -> None:
        self.client.create_user_pool_domain(**self.parameters())

    def update(self, changed: set[str]) -> None:
        if "certificate_arn" in changed and not (self.current["certificate_arn"] and self.desired["certificate_arn"]):
            raise ResourceError(f"domain {self.name} cannot become another kind of domain; take another domain")
        self.client.update_user_pool_domain(**self.parameters())

    def delete(self) -> None:
        self.client.delete_user_pool_domain(Domain=self.name, UserPoolId=self.pool_id)
        timeout = self.module.params["wait_timeout"]
        wait_for(self.read, lambda seen: seen is None, what=f"deletion of the domain {self.name}", timeout=timeout)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "user_pool_id": {"type": "str"},
            "certificate_arn": {"type": "str"},
            "managed_login_version": {"type": "int", "choices": [1, 2]},
            "wait_timeout": {"type": "int", "default": 300},
            **STATE_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, Domain(module), key="domain")


if __name__ == "__main__":
    main()
