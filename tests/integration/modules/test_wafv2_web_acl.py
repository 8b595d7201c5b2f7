# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME, MODULE = "shop-prod-waf", "wafv2_web_acl"
RATE = {
    "Name": "rate",
    "Action": {"Block": {}},
    "Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}},
}
OFFICE = {
    "Name": "office",
    "Action": {"Allow": {}},
    "Statement": {"IPSetReferenceStatement": {"ARN": "office"}},
}
MANAGED = {
    "Name": "common",
    "OverrideAction": {"None": {}},
    "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}},
}
LABEL = {
    "Name": "path",
    "Action": {"Count": {}},
    "Statement": {
        "ByteMatchStatement": {
            "SearchString": "/admin",
            "FieldToMatch": {"UriPath": {}},
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
            "PositionalConstraint": "STARTS_WITH",
        }
    },
}


def acl(account: Account, scope: str = "REGIONAL", region: str | None = None) -> dict[str, Any]:
    client = account.client("wafv2", region)
    [found] = client.list_web_acls(Scope=scope)["WebACLs"]
    return client.get_web_acl(Name=found["Name"], Scope=scope, Id=found["Id"])["WebACL"]


def addresses(account: Account) -> dict[str, list[str]]:
    client = account.client("wafv2")
    return {
        item["Name"]: client.get_ip_set(Name=item["Name"], Scope="REGIONAL", Id=item["Id"])["IPSet"]["Addresses"]
        for item in client.list_ip_sets(Scope="REGIONAL")["IPSets"]
    }


def log_group(account: Account, name: str = "aws-waf-logs-shop") -> str:
    account.client("logs").create_log_group(logGroupName=name)
    return f"arn:aws:logs:{account.region}:{account.id}:log-group:{name}"


def test_matrix(account: Account) -> None:
    Matrix(
        MODULE,
        "web_acl",
        base={"name": NAME},
        updates={
            "rules": [RATE, MANAGED, LABEL],
            "+ip_sets": {"ip_sets": [{"name": "office", "addresses": ["192.0.2.0/24"]}], "rules": [OFFICE, RATE]},
            "+addresses": {"ip_sets": [{"name": "office", "addresses": ["192.0.2.0/24", "198.51.100.7/32"]}]},
            "+no_ip_sets": {"ip_sets": [], "rules": [RATE]},
            "+no_rules": {"rules": []},
            "default_action": "block",
            "description": "The shop",
            "+logging": {"logging": {"destination": log_group(account)}},
            "+no_logging": {"logging": {}},
            "tags": {"Team": "shop"},
        },
        fixed={"scope"},
        seen={
            "default_action": lambda account: next(iter(acl(account)["DefaultAction"])).lower(),
            "description": lambda account: acl(account)["Description"],
        },
    ).check(account)


def test_what_is_created(account: Account) -> None:
    destination = log_group(account)
    office = {"name": "office", "addresses": ["2001:db8::/32"]}
    options = {"rules": [OFFICE, RATE, MANAGED], "ip_sets": [office], "logging": {"destination": destination}}
    done = run_module(account, MODULE, name=NAME, **options)
    found = acl(account)
    assert [(rule["Name"], rule["Priority"]) for rule in found["Rules"]] == [("office", 0), ("rate", 1), ("common", 2)]
    assert found["Rules"][1]["Statement"]["RateBasedStatement"]["EvaluationWindowSec"] == 300
    assert found["Rules"][2]["VisibilityConfig"]["MetricName"] == "common"
    assert addresses(account) == {f"{NAME}-office": ["2001:db8::/32"]}
    logging = account.client("wafv2").get_logging_configuration(ResourceArn=done["web_acl"]["arn"])
    assert logging["LoggingConfiguration"]["LogDestinationConfigs"] == [destination]
    assert [item["SingleHeader"]["Name"] for item in logging["LoggingConfiguration"]["RedactedFields"]] == [
        "authorization",
        "cookie",
    ]
    assert not run_module(account, MODULE, name=NAME)["changed"]
    run_module(account, MODULE, name=NAME, state="absent")
    assert addresses(account) == {}


def test_the_scope_of_cloudfront(account: Account) -> None:
    with pytest.raises(ModuleFailed, match="the scope CLOUDFRONT lives in us-east-1; set region to it"):
        run_module(account, MODULE, name=NAME, scope="CLOUDFRONT")
    run_module(account, MODULE, name=NAME, scope="CLOUDFRONT", region="us-east-1", rules=[RATE])
    assert ":global/webacl/" in acl(account, "CLOUDFRONT", "us-east-1")["ARN"]
    run_module(account, MODULE, name=NAME, scope="CLOUDFRONT", region="us-east-1", state="absent")
    assert account.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": [RATE, RATE]}, "rule rate is there more than once"),
        ({"rules": [{"Name": "x"}]}, "a rule needs Name and Statement"),
        ({"rules": [{**RATE, "OverrideAction": {"None": {}}}]}, "rule rate needs either Action or OverrideAction"),
        ({"ip_sets": [{"name": "a", "addresses": ["10.0.0.1/8"]}]}, "10.0.0.1/8 has host bits set"),
        ({"ip_sets": [{"name": "a", "addresses": ["10.0.0.0/8", "::/0"]}]}, "has addresses of IPv4 and IPv6"),
    ],
)
def test_bad_input_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, name=NAME, **options)
    assert message in str(failed.value)
    assert account.writes() == []


def test_the_version_of_an_ip_set_cannot_change(account: Account) -> None:
    run_module(account, MODULE, name=NAME, ip_sets=[{"name": "a", "addresses": ["10.0.0.0/8"]}])
    with pytest.raises(ModuleFailed, match=r"version cannot be changed from 'IPV4' to 'IPV6': give the addresses"):
        run_module(account, MODULE, name=NAME, ip_sets=[{"name": "a", "addresses": ["::/0"]}])


def test_an_aws_error_names_the_call(account: Account) -> None:
    wrong = {
        **RATE,
        "Statement": {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP", "EvaluationWindowSec": 61}},
    }
    with pytest.raises(ModuleFailed, match=rf"Could not create WAF web ACL {NAME}: .*WAFInvalidParameter"):
        run_module(account, MODULE, name=NAME, rules=[wrong])
    account.fault(service="wafv2", operation="ListIPSets", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not read the IP sets of web ACL {NAME}: .*ListIPSets"):
        run_module(account, MODULE, name=NAME, state="absent")
