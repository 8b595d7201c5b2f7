# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.slipway.fargate.plugins.filter.alb import alb_listeners

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
OTHER = "arn:aws:acm:eu-west-1:123456789012:certificate/2"
GROUPS = {"web": {"port": 3000, "name": "ecs-targets"}, "api": {"port": 4000}}


def test_names_become_those_of_aws() -> None:
    secure = {
        "port": 443,
        "protocol": "HTTPS",
        "certificate": "tls",
        "certificates": ["more", OTHER],
        "target_group": "web",
        "rules": [{"priority": 20, "paths": ["/api", "/api/*"], "target_group": "api"}],
    }
    redirect = {"port": 80, "redirect": {"protocol": "HTTPS", "port": "443", "status_code": 301}}
    assert alb_listeners([redirect, secure], GROUPS, "shop", {"tls": ARN, "more": "(known after apply)"}) == [
        {**redirect, "rules": []},
        {
            "port": 443,
            "protocol": "HTTPS",
            "certificate_arn": ARN,
            "certificates": ["(known after apply)", OTHER],
            "target_group": "ecs-targets",
            "rules": [{"priority": 20, "paths": ["/api", "/api/*"], "target_group": "shop-api"}],
        },
    ]
