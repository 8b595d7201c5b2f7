# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils.rules.alb import matcher_is_valid, problems
from ansible_collections.slipway.fargate.plugins.plugin_utils.validation import reference_problems

UNKNOWN = "(known after apply)"
REGION = "eu-west-1"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0b1c2d3e"
ELSEWHERE = "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e"
WEB = {"port": 8080}
HTTP = {"port": 80, "target_group": "web"}
HTTPS = {"port": 443, "protocol": "HTTPS", "certificate_arn": CERTIFICATE, "target_group": "web"}
RULE = {"priority": 1, "paths": ["/api/*"], "target_group": "web"}


def found(**options: Any) -> list[str]:
    given = {"alb_name": "shop-dev-public", "alb_target_groups": {"web": WEB}, "alb_target_group_prefix": "shop-dev"}
    return list(problems({**given, "aws_region": REGION, **options}))


def group(**options: Any) -> list[str]:
    return found(alb_target_groups={"web": {**WEB, **options}})


def listener(**options: Any) -> list[str]:
    return found(alb_listeners=[{**HTTP, **options}])


def rule(**options: Any) -> list[str]:
    return found(alb_listeners=[{**HTTP, "rules": [{**RULE, **options}]}])


def test_what_is_allowed() -> None:
    check = {"path": "/health", "matcher": "200-299,404", "interval_seconds": 10, "timeout_seconds": 9, "port": "9000"}
    sticky = {"type": "app_cookie", "cookie_name": "session", "duration_seconds": 60}
    assert group(health_check=check, stickiness=sticky, slow_start_seconds=30, name="other") == []
    assert group(protocol_version="GRPC", health_check={"matcher": "0-5,12", "port": "traffic-port"}) == []
    more = {"hosts": ["*.example.com"], "methods": ["GET"], "headers": {"X-A": ["1"]}, "source_ips": ["10.0.0.0/8"]}
    redirect = {"port": 81, "redirect": {"protocol": "HTTPS", "path": "/#{path}"}}
    secure = {**HTTPS, "certificates": ["arn:aws:iam::123456789012:server-certificate/b"]}
    assert found(alb_listeners=[{**HTTP, "rules": [{**RULE, **more}]}, redirect, secure]) == []


def test_what_is_known_after_apply_is_skipped() -> None:
    assert found(alb_name=UNKNOWN, alb_target_group_prefix=UNKNOWN) == []
    assert group(port=UNKNOWN, health_check={"interval_seconds": UNKNOWN, "matcher": UNKNOWN, "path": UNKNOWN}) == []
    assert found(alb_listeners=[{**HTTPS, "certificate_arn": UNKNOWN}]) == []
    assert rule(paths=UNKNOWN, priority=UNKNOWN, target_group=UNKNOWN) == []


def test_options_that_are_missing() -> None:
    assert list(problems({})) == []


def test_names() -> None:
    assert found(alb_name="a" * 33)[0].startswith(f"alb_name is '{'a' * 33}' with 33 characters; allowed are 1 to 32")
    assert len(found(alb_name="shop_dev")) == len(found(alb_name="shop-")) == len(found(alb_name="internal-x")) == 1
    long = "a-name-that-is-too-long"
    (problem,) = found(alb_target_groups={long: WEB}, alb_target_group_prefix="a-long-stack-dev")
    assert problem.startswith(f"alb_target_groups.{long} is named 'a-long-stack-dev-{long}' with 40 characters")
    (problem,) = found(alb_target_groups={"a": WEB, "b": {**WEB, "name": "shop-dev-a"}})
    assert problem == "alb_target_groups.b is named 'shop-dev-a', as a; allowed is another name"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"port": 70000}, "alb_target_groups.web.port is 70000; allowed are 1 to 65535"),
        ({"port": None}, "alb_target_groups.web has no port; allowed are 1 to 65535"),
        ({"healthcheck": {}}, "alb_target_groups.web has healthcheck; allowed are name, protocol"),
        ({"protocol": "TCP"}, "alb_target_groups.web.protocol is 'TCP'; allowed are HTTP, HTTPS"),
        ({"deregistration_delay_seconds": 3601}, "alb_target_groups.web.deregistration_delay_seconds is 3601; allowed"),
        ({"slow_start_seconds": 5}, "alb_target_groups.web.slow_start_seconds is 5; allowed are 0 and 30 to 900"),
        (
            {"slow_start_seconds": 30, "algorithm": "weighted_random"},
            "alb_target_groups.web.slow_start_seconds is 30; allowed with algorithm weighted_random is 0",
        ),
        ({"stickiness": {"type": "app_cookie"}}, "alb_target_groups.web.stickiness.type is app_cookie; it needs"),
        ({"stickiness": {"typ": "app_cookie"}}, "alb_target_groups.web.stickiness has typ; allowed are enabled, type"),
        ({"stickiness": True}, "alb_target_groups.web.stickiness is True; allowed is a dictionary"),
        ({"health_check": {"paths": "/"}}, "alb_target_groups.web.health_check has paths; allowed are path, port"),
        ({"health_check": {"path": "health"}}, "alb_target_groups.web.health_check.path is 'health'; allowed is a"),
        ({"health_check": {"port": "http"}}, "alb_target_groups.web.health_check.port is 'http'; allowed are traffic"),
        (
            {"health_check": {"matcher": "2xx"}},
            "alb_target_groups.web.health_check.matcher is '2xx'; allowed are codes",
        ),
        (
            {"health_check": {"matcher": "500"}},
            "alb_target_groups.web.health_check.matcher is '500'; allowed are codes",
        ),
        (
            {"health_check": {"healthy_threshold": 1}},
            "alb_target_groups.web.health_check.healthy_threshold is 1; allowed are 2 to 10",
        ),
        (
            {"health_check": {"interval_seconds": 5}},
            "alb_target_groups.web.health_check.interval_seconds is 5; allowed with timeout_seconds 5 is more",
        ),
        (
            {"health_check": {"timeout_seconds": 40}},
            "alb_target_groups.web.health_check.interval_seconds is 30; allowed with timeout_seconds 40 is more",
        ),
    ],
)
def test_target_groups(wrong: dict[str, Any], problem: str) -> None:
    (message,) = group(**wrong)
    assert message.startswith(problem)


def test_a_target_group_that_is_no_dictionary() -> None:
    assert found(alb_target_groups={"web": 8080}) == [
        "alb_target_groups.web is 8080; allowed is a dictionary as {port: 8080}"
    ]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"port": 0}, "alb_listeners[0].port is 0; allowed are 1 to 65535"),
        ({"target_group": "wbe"}, "alb_listeners[0].target_group is 'wbe'; allowed are alb_target_groups: web"),
        ({"target_group": None}, "alb_listeners[0] has no action; allowed is exactly one of target_group, redirect"),
        ({"redirect": {"port": "443"}}, "alb_listeners[0] has target_group and redirect; allowed is exactly one of"),
        ({"protocol": "HTTPS"}, "alb_listeners[0] has protocol HTTPS and no certificate; allowed are certificate, a"),
        ({"certificate": "tls"}, "alb_listeners[0] has a certificate and protocol HTTP; allowed with it is"),
        (
            {"protocol": "HTTPS", "certificate": "tls", "certificate_arn": CERTIFICATE},
            "alb_listeners[0] has certificate and certificate_arn; allowed is one of them",
        ),
        ({"certificate_arn": CERTIFICATE}, "alb_listeners[0] has a certificate and protocol HTTP; allowed with it is"),
        (
            {"protocol": "HTTPS", "certificate_arn": ELSEWHERE},
            f"alb_listeners[0].certificate_arn is {ELSEWHERE}; allowed is an ARN of eu-west-1, where",
        ),
        (
            {"protocol": "HTTPS", "certificate_arn": CERTIFICATE, "certificates": [ELSEWHERE]},
            f"alb_listeners[0].certificates[0] is {ELSEWHERE}; allowed is an ARN of eu-west-1",
        ),
        (
            {"protocol": "HTTPS", "certificate_arn": "example.com"},
            "alb_listeners[0].certificate_arn is 'example.com'; allowed is the ARN of a certificate of eu-west-1",
        ),
        (
            {"target_group": None, "fixed_response": {"status_code": 301}},
            "alb_listeners[0].fixed_response.status_code is 301; allowed are 2xx, 4xx and 5xx",
        ),
        (
            {"target_group": None, "fixed_response": {"status_code": 404, "message_body": "x" * 1025}},
            "alb_listeners[0].fixed_response.message_body has 1025 characters; allowed are up to 1024",
        ),
        ({"target_group": None, "redirect": {"path": "new"}}, "alb_listeners[0].redirect.path is 'new'; allowed is a"),
    ],
)
def test_listeners(wrong: dict[str, Any], problem: str) -> None:
    (message,) = listener(**wrong)
    assert message.startswith(problem)


def test_a_port_has_one_listener() -> None:
    (message,) = found(alb_listeners=[HTTP, HTTPS, HTTP])
    assert message == "alb_listeners[2].port is 80, as of alb_listeners[0]; allowed is one listener a port"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"priority": 0}, "alb_listeners[0].rules[0].priority is 0; allowed are 1 to 50000"),
        ({"priority": 50001}, "alb_listeners[0].rules[0].priority is 50001; allowed are 1 to 50000"),
        ({"paths": []}, "alb_listeners[0].rules[0] has 0 values of conditions (paths, hosts, methods, source_ips"),
        ({"paths": ["/a"] * 4, "hosts": ["a", "b"]}, "alb_listeners[0].rules[0] has 6 values of conditions"),
        ({"paths": ["api/*"]}, "alb_listeners[0].rules[0].paths has 'api/*'; allowed are patterns that begin with"),
        ({"methods": ["get"]}, "alb_listeners[0].rules[0].methods has 'get'; allowed are methods in upper case"),
        ({"source_ips": ["10.0.0.1/8"]}, "alb_listeners[0].rules[0].source_ips has 10.0.0.1/8: misaligned"),
        ({"target_group": "x"}, "alb_listeners[0].rules[0].target_group is 'x'; allowed are alb_target_groups: web"),
        ({"target_group": None}, "alb_listeners[0].rules[0] has no action; allowed is exactly one of"),
    ],
)
def test_rules_of_listeners(wrong: dict[str, Any], problem: str) -> None:
    (message,) = rule(**wrong)
    assert message.startswith(problem)


def test_a_priority_has_one_rule() -> None:
    (message,) = found(alb_listeners=[{**HTTP, "rules": [RULE, RULE]}])
    assert message == "alb_listeners[0].rules[1].priority is 1, as of alb_listeners[0].rules[0]; allowed is another one"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"alb_idle_timeout_seconds": 4001}, "alb_idle_timeout_seconds is 4001; allowed are 1 to 4000"),
        ({"alb_client_keep_alive_seconds": 59}, "alb_client_keep_alive_seconds is 59; allowed are 60 to 604800"),
        (
            {"alb_access_logs_prefix": "public", "alb_access_logs_bucket": ""},
            "alb_access_logs_prefix is 'public'; it needs alb_access_logs_bucket",
        ),
    ],
)
def test_attributes(options: dict[str, Any], problem: str) -> None:
    assert found(**options) == [problem]


@pytest.mark.parametrize("matcher", ["200", "200,204", "200-299", "200-204,301-302,404", "499"])
def test_matchers(matcher: str) -> None:
    assert matcher_is_valid(matcher)


@pytest.mark.parametrize("matcher", ["", "199", "500", "299-200", "200,", "200-", "2xx", "200 204", "200-250-299"])
def test_matchers_that_are_none(matcher: str) -> None:
    assert not matcher_is_valid(matcher)


def test_certificates_and_a_web_acl_are_components() -> None:
    listener = {"port": 443, "protocol": "HTTPS", "certificate": "tls", "certificates": ["more", CERTIFICATE]}
    options = {"alb_listeners": [{**listener, "fixed_response": {"status_code": 404}}], "alb_web_acl": "shield"}
    assert list(problems(options)) == []
    components = {"tls": "certificate", "more": "certificate", "shield": "waf"}
    assert list(reference_problems("alb", options, components)) == []
    wrong = list(reference_problems("alb", options, {"tls": "secret", "shield": "vpc"}))
    assert [message.split(";")[0] for message in wrong] == [
        "alb_web_acl names 'shield', which is no waf of this environment",
        "alb_listeners names 'tls', which is no certificate of this environment",
        "alb_listeners names 'more', which is no certificate of this environment",
    ]
    assert list(reference_problems("alb", {"alb_web_acl": ""}, {})) == []


PAIR = {"web": {**WEB, "alternate": True}, "api": {"port": 9090}}


def blue_green(*rules: dict[str, Any], groups: dict[str, Any] | None = None, **more: Any) -> list[str]:
    default = {"port": 80, "target_group": "api"}
    return found(alb_target_groups=groups or PAIR, alb_listeners=[{**default, "rules": list(rules)}], **more)


def test_a_pair_of_target_groups_is_moved_by_one_rule_and_one_for_tests() -> None:
    test = {**RULE, "priority": 2, "test_traffic": True}
    assert blue_green(RULE) == blue_green(RULE, test) == []
    assert blue_green({**RULE, "target_group": UNKNOWN}) == []
    assert found(alb_target_groups={"web": PAIR["web"]}, alb_listeners=[HTTP, {**HTTPS, "test_traffic": True}]) == []
    assert blue_green(RULE, groups={**PAIR, "web": {**PAIR["web"], "alternate": "shop-green"}}) == []


@pytest.mark.parametrize(
    ("rules", "groups", "problem"),
    [
        ([], {}, "alb_target_groups.web has alternate and nothing forwards to it; allowed is one"),
        (
            [RULE, {**RULE, "priority": 2}],
            {},
            "alb_target_groups.web has alternate and alb_listeners[0].rules[0] and alb_listeners[0].rules[1] for",
        ),
        (
            [RULE, *({**RULE, "priority": n, "test_traffic": True} for n in (2, 3))],
            {},
            "alb_target_groups.web has test_traffic in alb_listeners[0].rules[1], alb_listeners[0].rules[2];",
        ),
        (
            [RULE, {**RULE, "priority": 2, "target_group": "api", "test_traffic": True}],
            {},
            "alb_listeners[0].rules[1].test_traffic is true; allowed is it with a target_group that has alternate",
        ),
        ([RULE], {"web-alt": WEB}, "alb_target_groups.web has alternate, which is called 'web-alt' as another one"),
        (
            [RULE],
            {"web": {**WEB, "alternate": 2}},
            "alb_target_groups.web.alternate is 2; allowed are true and the name",
        ),
        (
            [RULE],
            {"web": {**WEB, "name": "a-name-of-thirty-characters-yes", "alternate": True}},
            "alb_target_groups.web-alt is named 'a-name-of-thirty-characters-yes-alt' with 35 characters",
        ),
    ],
)
def test_wrong_pairs_of_target_groups(rules: list[Any], groups: dict[str, Any], problem: str) -> None:
    messages = blue_green(*rules, groups={**PAIR, **groups})
    assert [message for message in messages if message.startswith(problem)], messages


def test_a_rule_names_the_pair_by_its_first_target_group() -> None:
    messages = blue_green(RULE, {**RULE, "priority": 2, "target_group": "web-alt"})
    assert "alb_listeners[0].rules[1].target_group is 'web-alt', an alternate one; allowed is 'web'" in messages
