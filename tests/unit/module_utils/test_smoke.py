# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health endpoints, asked of a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.smoke import Endpoint, ask, endpoints, right, smoke


class Handler(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers["Host"])
        self.send_response({"/health": 200, "/moved": 301}.get(self.path, 503))
        if self.path == "/moved":
            self.send_header("Location", "/health")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_the_endpoint_answers_decides(url: str) -> None:
    passed = ask(Endpoint(f"{url}/health", "200"), 5)
    assert (passed["result"], passed["status"], passed["evidence"]) == ("passed", 200, f"GET {url}/health: 200")
    failed = ask(Endpoint(f"{url}/broken", "200,204"), 5)
    assert (failed["result"], failed["status"]) == ("failed", 503)
    assert failed["evidence"].endswith(": 503, wanted 200,204")


def test_redirects_are_answers_of_their_own(url: str) -> None:
    assert ask(Endpoint(f"{url}/moved"), 5)["result"] == "passed"
    assert ask(Endpoint(f"{url}/moved", "200"), 5)["status"] == 301


def test_a_rule_for_a_host_is_asked_for_that_host(url: str) -> None:
    ask(Endpoint(f"{url}/health", host="api.example.org"), 5)
    assert Handler.asked == ["api.example.org"]


@pytest.mark.parametrize("where", ["http://127.0.0.1:1/", "http://lb-1.eu-west-1.elb.invalid/", "nonsense"])
def test_what_cannot_be_reached_is_no_failure(where: str) -> None:
    assert ask(Endpoint(where), 2)["result"] == "unreachable"


@pytest.mark.parametrize(
    ("status", "matcher", "wanted"),
    [(200, "200", True), (302, "200,302", True), (250, "200-299", True), (404, "200-299,301", False)],
)
def test_matchers(status: int, matcher: str, wanted: bool) -> None:
    assert right(status, matcher) is wanted


class Balancer:
    """A load balancer with an HTTP listener that redirects and an HTTPS one with a rule for a host."""

    def __init__(self, scheme: str = "internet-facing") -> None:
        self.scheme = scheme

    def describe_target_groups(self, **asked: Any) -> dict[str, Any]:
        group = {"TargetGroupArn": "tg", "LoadBalancerArns": ["lb"], "HealthCheckPath": "/api/health"}
        return {"TargetGroups": [{**group, "Matcher": {"HttpCode": "200"}}]}

    def describe_load_balancers(self, **asked: Any) -> dict[str, Any]:
        return {"LoadBalancers": [{"LoadBalancerArn": "lb", "Scheme": self.scheme, "DNSName": "lb.example.org"}]}

    def describe_listeners(self, **asked: Any) -> dict[str, Any]:
        return {"Listeners": [{"ListenerArn": p, "Protocol": p, "Port": n} for p, n in (("HTTP", 80), ("HTTPS", 8443))]}

    def describe_rules(self, ListenerArn: str) -> dict[str, Any]:
        if ListenerArn == "HTTP":
            return {"Rules": [{"Actions": [{"Type": "redirect"}]}]}
        forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "tg"}]}}
        hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.org", "api.example.org"]}}
        return {"Rules": [{"RuleArn": "rule", "Actions": [forward], "Conditions": [hosts]}]}


def test_the_endpoint_is_where_a_listener_forwards_to_the_group() -> None:
    (found,) = endpoints(Balancer(), ["tg"])
    assert found == Endpoint("https://lb.example.org:8443/api/health", "200", "api.example.org", own_name=True)


def test_a_rule_for_tests_of_a_deployment_is_not_asked() -> None:
    assert list(endpoints(Balancer(), ["tg"], {"rule"})) == []


def test_nothing_is_asked_of_internal_load_balancers_and_of_services_without_any() -> None:
    for elb, groups in ((Balancer("internal"), ["tg"]), (Balancer(), [])):
        assert smoke(elb, groups, "", 5)["result"] == "none"


def test_a_given_url_is_asked_instead(url: str) -> None:
    assert smoke(Balancer(), ["tg"], f"{url}/health", 5)["result"] == "passed"
    assert smoke(Balancer(), ["tg"], f"{url}/broken", 5)["result"] == "failed"
