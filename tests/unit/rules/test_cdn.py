# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.cdn import REFERENCES, problems

APP = {"name": "app", "component": "public-alb", "headers": {"X-Origin-Verify": "secret"}}
ASSETS = {"name": "assets", "component": "bucket", "path": "/static"}
GOOD = {
    "cdn_name": "shop-prod-cdn",
    "cdn_aliases": ["www.example.com"],
    "cdn_certificate": "edge",
    "cdn_origins": [APP, ASSETS, {"name": "other", "domain_name": "example.org"}],
    "cdn_default_behavior": {"cache_policy": "CachingDisabled"},
    "cdn_behaviors": [{"path": "/static/*", "origin": "assets"}],
    "cdn_error_responses": [{"error_code": 404, "response_code": 200, "page": "/index.html"}],
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({"cdn_origins": [APP]})) == []


def test_what_refers_to_components() -> None:
    kinds, names = REFERENCES["cdn_origins"]
    assert (kinds, list(names(GOOD["cdn_origins"]))) == ("alb|s3_bucket", ["public-alb", "bucket"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cdn_name": "n" * 65}, "with 65 characters; allowed are 1 to 64"),
        ({"cdn_aliases": ["https://x.example.com"]}, "cdn_aliases has 'https://x.example.com'"),
        ({"cdn_certificate": ""}, "cdn_aliases is set and cdn_certificate is not"),
        ({"cdn_default_root_object": "/index.html"}, "does not begin with a slash"),
        ({"cdn_origins": [APP, ASSETS, APP]}, "cdn_origins[2].name is 'app', as of another"),
        ({"cdn_origins": [{"name": "app"}, ASSETS]}, "cdn_origins[0] has neither"),
        ({"cdn_origins": [{**APP, "domain_name": "a.b"}, ASSETS]}, "cdn_origins[0] has both"),
        ({"cdn_origins": [APP, {**ASSETS, "path": "/a/"}]}, "cdn_origins[1].path is '/a/'"),
        (
            {"cdn_origins": [{**APP, "read_timeout_seconds": 121}, ASSETS]},
            "read_timeout_seconds is 121; allowed are 1 to",
        ),
        ({"cdn_origins": [{**APP, "headers": {"Host": "a"}}, ASSETS]}, "headers has 'Host', which CloudFront does not"),
        (
            {"cdn_behaviors": [{"path": "/x", "origin": "none"}]},
            "cdn_behaviors[0].origin is 'none'; allowed are app, as",
        ),
        ({"cdn_default_behavior": {"cache_policy": "None"}}, "cdn_default_behavior.cache_policy is 'None'"),
        ({"cdn_behaviors": [{"path": "/x"}, {"path": "/x"}]}, "cdn_behaviors[1].path is '/x', as of another"),
        ({"cdn_error_responses": [{"error_code": 401}]}, "error_code is 401; allowed are 400, 403"),
        ({"cdn_error_responses": [{"error_code": 404, "page": "/x"}]}, "has one of page and response_code"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found
