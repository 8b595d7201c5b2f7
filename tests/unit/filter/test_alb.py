# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.slipway.fargate.plugins.filter.alb import alb_listeners, alb_target_groups

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


def test_a_pair_of_target_groups() -> None:
    groups = {"web": {"port": 3000, "alternate": True}, "api": {"port": 4000, "name": "api", "alternate": "green"}}
    pairs = {"web": ("shop-web", "shop-web-alt"), "api": ("api", "green")}
    made = alb_target_groups(groups, "shop")
    assert [(group["name"], group["port"]) for group in made] == [
        *((name, 3000) for name in pairs["web"]),
        *((name, 4000) for name in pairs["api"]),
    ]
    assert not any("alternate" in group for group in made)
    test = {"priority": 20, "paths": ["/api/*"], "target_group": "api", "test_traffic": True}
    (listener,) = alb_listeners([{"port": 80, "target_group": "web", "rules": [test]}], groups, "shop")
    (rule,) = listener["rules"]
    assert (listener["target_group"], listener["alternate_target_group"]) == pairs["web"]
    assert (rule["target_group"], rule["alternate_target_group"]) == pairs["api"]
    assert "test_traffic" not in rule
