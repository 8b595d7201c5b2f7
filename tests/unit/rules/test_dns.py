# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.dns import REFERENCES, problems

TEXT = {"name": "@", "type": "TXT", "ttl": 300, "values": ["v=spf1 -all"]}
WWW = {"name": "www", "type": "CNAME", "ttl": 300, "values": ["example.com"]}
GOOD = {
    "dns_name": "shop-prod-domain",
    "dns_domain": "example.com",
    "dns_mode": "create",
    "dns_records": [TEXT, WWW, {"name": "*.dev.example.com", "type": "A", "values": ["192.0.2.1"]}],
    "dns_aliases": {"@": "cdn", "api": "public-alb"},
}


def test_what_is_allowed() -> None:
    assert list(problems(GOOD)) == []
    assert list(problems({"dns_mode": "create"})) == []
    assert list(problems({**GOOD, "dns_mode": "existing", "dns_zone_id": "Z0123456789ABCDEFGHIJ"})) == []
    unknown = {"name": "(known after apply)._domainkey", "type": "CNAME", "values": ["(known after apply)"]}
    assert list(problems({**GOOD, "dns_records": [unknown]})) == []


def test_aliases_name_components() -> None:
    kinds, names = REFERENCES["dns_aliases"]
    assert (kinds, list(names(GOOD["dns_aliases"]))) == ("alb|cdn", ["cdn", "public-alb"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dns_name": "a" * 47}, "with 47 characters; allowed are 1 to 46"),
        ({"dns_domain": "example"}, "dns_domain is 'example'; allowed is a domain"),
        ({"dns_zone_id": "Z1"}, "dns_zone_id is Z1 and dns_mode is create"),
        ({"dns_zone_id": "zone", "dns_mode": "existing"}, "allowed is an identifier"),
        ({"dns_comment": "a" * 257}, "dns_comment has 257 characters"),
        ({"dns_tags": dict.fromkeys(map(str, range(11)), "x")}, "make 11 tags; allowed by Route 53 are 10"),
        ({"dns_records": [{**TEXT, "ttl": -1}]}, "dns_records[0].ttl is -1; allowed are 0 to 2147483647"),
        ({"dns_records": [{**TEXT, "values": []}]}, "dns_records[0].values is empty"),
        ({"dns_records": [{**TEXT, "name": "a b"}]}, "dns_records[0] has the name 'a b'"),
        ({"dns_records": [{**WWW, "name": "@"}], "dns_aliases": {}}, "is a CNAME of the domain itself"),
        ({"dns_records": [{**WWW, "values": ["a.b", "c.d"]}]}, "has 2 items; allowed with CNAME is one"),
        ({"dns_records": [{**WWW, "type": "A"}]}, "allowed with A is an address of IPv4"),
        ({"dns_records": [WWW, WWW]}, "www.example.com CNAME, as dns_records[0] is"),
        ({"dns_records": [WWW, {**TEXT, "name": "www"}]}, "allowed is no other record beside a CNAME"),
        ({"dns_records": [{**TEXT, "name": "api", "type": "A", "values": ["192.0.2.1"]}]}, "as dns_records[0] is"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    found = list(problems({**GOOD, **options}))
    assert len(found) == 1 and message in found[0], found
