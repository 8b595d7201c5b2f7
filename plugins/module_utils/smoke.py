# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health endpoint of a service behind its load balancer, asked as a user would."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url

Document = dict[str, Any]
PORTS = {"HTTP": 80, "HTTPS": 443}
PASSED, FAILED, UNREACHABLE, NONE = "passed", "failed", "unreachable", "none"


class Endpoint(NamedTuple):
    """Where to ask, and what answer is right."""

    url: str
    statuses: str = "200-399"  # as the matcher of a target group
    host: str = ""  # the host to ask for, when a rule wants one
    own_name: bool = False  # whether it is asked by the load balancer's name, which no certificate has


def right(status: int, matcher: str) -> bool:
    """Whether a status is one of `200`, `200,202` or `200-299`."""
    for part in matcher.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def ask(endpoint: Endpoint, timeout: float) -> Document:
    """What the endpoint answers: passed, failed, or unreachable from here."""
    headers = {"Host": endpoint.host} if endpoint.host else {}
    evidence = f"GET {endpoint.url}" + (f" (Host: {endpoint.host})" if endpoint.host else "")
    try:
        with open_url(
            endpoint.url,
            headers=headers,
            timeout=timeout,
            follow_redirects="none",
            validate_certs=not endpoint.own_name,
            use_proxy=True,
        ) as answer:
            status = answer.status
    except HTTPError as error:
        status = error.code
    except (URLError, OSError, ssl.SSLError, socket.timeout, ValueError) as error:  # noqa: UP041 one of Python 3.9
        reason = getattr(error, "reason", None) or error
        return {"result": UNREACHABLE, "url": endpoint.url, "status": 0, "evidence": f"{evidence}: {reason}"}
    result = PASSED if right(status, endpoint.statuses) else FAILED
    wanted = "" if result == PASSED else f", wanted {endpoint.statuses}"
    unchecked = ", certificate not checked" if endpoint.own_name and endpoint.url.startswith("https") else ""
    return {
        "result": result,
        "url": endpoint.url,
        "status": status,
        "evidence": f"{evidence}: {status}{wanted}{unchecked}",
    }


def endpoints(elb: Any, target_group_arns: list[str], left_out: Collection[str] = ()) -> Iterator[Endpoint]:
    """The health endpoints of target groups that a public load balancer forwards to, by other rules than these."""
    if not target_group_arns:
        return
    for group in elb.describe_target_groups(TargetGroupArns=target_group_arns)["TargetGroups"]:
        for arn in group.get("LoadBalancerArns", [])[:1]:
            balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
            if balancer["Scheme"] != "internal":
                yield from _of_group(elb, balancer, group, left_out)


def _of_group(elb: Any, balancer: Document, group: Document, left_out: Collection[str]) -> Iterator[Endpoint]:
    """The endpoint at the first listener that forwards to the group, HTTPS before HTTP."""
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    for listener in sorted(listeners, key=lambda item: item["Protocol"] != "HTTPS"):
        for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
            if group["TargetGroupArn"] not in _targets(rule["Actions"]) or rule.get("RuleArn") in left_out:
                continue
            scheme, port = listener["Protocol"], listener["Port"]
            where = balancer["DNSName"] + ("" if PORTS.get(scheme) == port else f":{port}")
            path = group.get("HealthCheckPath") or "/"
            matcher = (group.get("Matcher") or {}).get("HttpCode") or "200"
            yield Endpoint(f"{scheme.lower()}://{where}{path}", matcher, _host(rule), own_name=True)
            return


def _targets(actions: list[Document]) -> set[str]:
    arns = {action["TargetGroupArn"] for action in actions if action.get("TargetGroupArn")}
    for action in actions:
        arns |= {item["TargetGroupArn"] for item in (action.get("ForwardConfig") or {}).get("TargetGroups", [])}
    return arns


def _host(rule: Document) -> str:
    """The host that the rule wants; none when it is a pattern."""
    for condition in rule.get("Conditions", []):
        if condition.get("Field") == "host-header":
            values = (condition.get("HostHeaderConfig") or {}).get("Values") or condition.get("Values") or []
            return next((value for value in values if "*" not in value and "?" not in value), "")
    return ""


def smoke(elb: Any, target_group_arns: list[str], url: str, timeout: float, left_out: Collection[str] = ()) -> Document:
    """The worst of what the endpoints answer; a URL that is given is asked instead. Rules for tests are left out."""
    found = [Endpoint(url)] if url else list(endpoints(elb, target_group_arns, left_out))
    if not found:
        return {"result": NONE, "url": "", "status": 0, "evidence": "it has no endpoint at a public load balancer"}
    answers = [ask(endpoint, timeout) for endpoint in found]
    return next((one for wanted in (FAILED, UNREACHABLE) for one in answers if one["result"] == wanted), answers[0])
