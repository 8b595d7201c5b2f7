# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

MODULE = "elb_application_lb"
NAME = "shop-dev-public"
FIXED = {"status_code": 404, "content_type": "text/plain", "message_body": "nothing here"}
WEB = {"name": "shop-dev-web", "port": 8080}
API = {"name": "shop-dev-api", "port": 9090, "health_check": {"path": "/api/health"}}
OWNER = {"owner": NAME}


def subnets(account: Account) -> list[str]:
    found = account.client("ec2").describe_subnets()["Subnets"]
    return [subnet["SubnetId"] for subnet in sorted(found, key=lambda subnet: subnet["AvailabilityZone"])]


def vpc_id(account: Account) -> str:
    return account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def security_group(account: Account, name: str) -> str:
    return account.client("ec2").create_security_group(GroupName=name, Description=name)["GroupId"]


def certificate(account: Account, domain: str) -> str:
    return account.client("acm").request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]


def web_acl(account: Account, name: str) -> str:
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    created = account.client("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[]
    )
    return created["Summary"]["ARN"]


def protected_by(account: Account) -> str:
    arn = balancer(account)["LoadBalancerArn"]
    return account.client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL", {}).get("ARN", "")


def base(account: Account, **more: Any) -> dict[str, Any]:
    return {"name": NAME, "subnet_ids": subnets(account)[:2], **more}


def whole(account: Account, **more: Any) -> dict[str, Any]:
    """Two target groups and a listener with a rule."""
    rule = {"priority": 10, "paths": ["/api/*"], "target_group": API["name"]}
    listener = {"port": 80, "target_group": WEB["name"], "rules": [rule]}
    tags = {"tags": OWNER, "purge_target_groups_tagged": OWNER}
    return base(account, vpc_id=vpc_id(account), target_groups=[WEB, API], listeners=[listener], **tags, **more)


def balancer(account: Account) -> dict[str, Any]:
    return account.client("elbv2").describe_load_balancers(Names=[NAME])["LoadBalancers"][0]


def attributes(account: Account) -> dict[str, str]:
    arn = balancer(account)["LoadBalancerArn"]
    found = account.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {item["Key"]: item["Value"] for item in found}


def listeners(account: Account) -> dict[int, dict[str, Any]]:
    found = account.client("elbv2").describe_listeners(LoadBalancerArn=balancer(account)["LoadBalancerArn"])
    return {listener["Port"]: listener for listener in found["Listeners"]}


def rules(account: Account, port: int = 80) -> dict[str, dict[str, Any]]:
    found = account.client("elbv2").describe_rules(ListenerArn=listeners(account)[port]["ListenerArn"])["Rules"]
    return {rule["Priority"]: rule for rule in found if not rule["IsDefault"]}


def groups(account: Account) -> dict[str, str]:
    found = account.client("elbv2").describe_target_groups()["TargetGroups"]
    return {group["TargetGroupName"]: group["TargetGroupArn"] for group in found}


def tags(account: Account, arn: str) -> dict[str, str]:
    found = account.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def converge(account: Account, options: dict[str, Any]) -> dict[str, Any]:
    """Check, apply, again, check after: they agree."""
    since = account.position()
    predicted = run_module(account, MODULE, _check=True, **options)
    assert account.writes(since) == []
    done = run_module(account, MODULE, **options)
    assert _changes(predicted) == _changes(done)
    assert _keys(predicted["load_balancer"]) == _keys(done["load_balancer"])
    for check in (False, True):
        again = run_module(account, MODULE, _check=check, **options)
        assert (again["changed"], again["changes"]) == (False, [])
        assert again["load_balancer"] == done["load_balancer"]
    return done


def _changes(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [(c["action"], c["resource"], c["name"], *sorted(c["attributes"])) for c in result["changes"]]


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(item) for key, item in value.items() if key != "tags"}
    return [_keys(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else None


def did(result: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(c["action"], c["name"], sorted(c["attributes"])) for c in result["changes"] if c["action"] != "create"]


ATTRIBUTES = {
    "idle_timeout_seconds": (120, "idle_timeout.timeout_seconds"),
    "client_keep_alive_seconds": (600, "client_keep_alive.seconds"),
    "deletion_protection": (True, "deletion_protection.enabled"),
    "drop_invalid_header_fields": (True, "routing.http.drop_invalid_header_fields.enabled"),
    "desync_mitigation_mode": ("strictest", "routing.http.desync_mitigation_mode"),
    "preserve_host_header": (True, "routing.http.preserve_host_header.enabled"),
    "xff_client_port": (True, "routing.http.xff_client_port.enabled"),
    "xff_header_processing_mode": ("remove", "routing.http.xff_header_processing.mode"),
    "tls_headers": (True, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
    "http2": (False, "routing.http2.enabled"),
    "waf_fail_open": (True, "waf.fail_open.enabled"),
    "zonal_shift": (True, "zonal_shift.config.enabled"),
    "access_logs_bucket": ("shop-logs", "access_logs.s3.bucket"),
    "access_logs_prefix": ("public", "access_logs.s3.prefix"),
    "connection_logs_bucket": ("shop-logs", "connection_logs.s3.bucket"),
    "connection_logs_prefix": ("public", "connection_logs.s3.prefix"),
}


def attribute(key: str, like: Any) -> Any:
    def read(account: Account) -> Any:
        value = attributes(account)[key]
        return value == "true" if isinstance(like, bool) else type(like)(value)

    return read


def test_matrix(account: Account) -> None:
    group = security_group(account, "shop-dev-alb")
    Matrix(
        module=MODULE,
        key="load_balancer",
        base=base(account),
        updates={
            **{option: value for option, (value, _) in ATTRIBUTES.items()},
            "+unprotected": {"deletion_protection": False},
            "+no access logs": {"access_logs_bucket": ""},
            "security_group_ids": [group],
            "+other subnets": {"subnet_ids": subnets(account)},
            "ip_address_type": "dualstack",
            "web_acl_arn": web_acl(account, "one"),
            "tags": {"Environment": "dev"},
            "+another web ACL": {"web_acl_arn": web_acl(account, "other")},
            "+no web ACL": {"web_acl_arn": ""},
        },
        fixed={"scheme", "purge_target_groups_tagged", "vpc_id", "target_groups", "listeners"},
        seen={
            **{option: attribute(key, value) for option, (value, key) in ATTRIBUTES.items()},
            "security_group_ids": lambda account: balancer(account)["SecurityGroups"],
            "ip_address_type": lambda account: balancer(account)["IpAddressType"],
            "web_acl_arn": protected_by,
            "tags": lambda account: tags(account, balancer(account)["LoadBalancerArn"]),
        },
    ).check(account)


def test_a_whole_one_and_its_end(account: Account) -> None:
    done = converge(account, whole(account, scheme="internal"))
    assert [change["resource"] for change in done["changes"]] == [
        *("target group", "target group", "load balancer", "listener", "listener rule"),
    ]
    arns = groups(account)
    assert balancer(account)["Scheme"] == "internal"
    assert listeners(account)[80]["DefaultActions"][0]["TargetGroupArn"] == arns["shop-dev-web"]
    (rule,) = rules(account).values()
    assert rule["Actions"][0]["TargetGroupArn"] == arns["shop-dev-api"]
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/api/*"]
    result = done["load_balancer"]
    assert result["dns_name"] == balancer(account)["DNSName"]
    assert [group["health_check_path"] for group in result["target_groups"]] == ["/", "/api/health"]
    assert result["listeners"][0]["rules"][0]["target_group"] == "shop-dev-api"
    for arn in (rule["RuleArn"], result["listeners"][0]["listener_arn"], *arns.values()):
        assert tags(account, arn) == OWNER
    removal = whole(account, state="absent")
    predicted = run_module(account, MODULE, _check=True, **removal)
    assert len(groups(account)) == 2
    removed = run_module(account, MODULE, **removal)
    assert _changes(predicted) == _changes(removed)
    assert [change["name"] for change in removed["changes"]] == [f"{NAME}:80", NAME, "shop-dev-web", "shop-dev-api"]
    assert groups(account) == {}
    assert account.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert not run_module(account, MODULE, **removal)["changed"]


REDIRECT = {"protocol": "HTTPS", "port": "443", "status_code": 302}
# Each is another listener on port 80, one after another, and the attributes that change.
LISTENERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"target_group": "shop-dev-api"}, ["target_group"]),
    ({"redirect": REDIRECT}, ["redirect", "target_group"]),
    ({"redirect": {**REDIRECT, "path": "/new"}}, ["redirect"]),
    ({"fixed_response": FIXED}, ["fixed_response", "redirect"]),
    ({"fixed_response": {"status_code": 503}}, ["fixed_response"]),
    ({"target_group": "shop-dev-web"}, ["fixed_response", "target_group"]),
]


def test_every_default_action(account: Account) -> None:
    converge(account, whole(account))
    for listener, changed in LISTENERS:
        options = whole(account) | {"listeners": [{"port": 80, **listener}]}
        assert did(converge(account, options)) == [("update", f"{NAME}:80", changed)]
    assert rules(account), "rules that nobody declares are untouched"


TO_API = {"target_group": "shop-dev-api"}
# Each is another rule of priority 10, one after another, and the attributes that change.
RULES: list[tuple[dict[str, Any], list[str]]] = [
    ({"paths": ["/api/*", "/rpc/*"], **TO_API}, ["paths"]),
    ({"paths": ["/rpc/*", "/api/*"], "hosts": ["*.example.com", "example.com"], **TO_API}, ["hosts"]),
    ({"hosts": ["example.com"], **TO_API}, ["hosts", "paths"]),
    ({"methods": ["GET"], "source_ips": ["10.0.0.0/8"], **TO_API}, ["hosts", "methods", "source_ips"]),
    (
        {"headers": {"X-Beta": ["1"], "X-Gamma": ["2"]}, "fixed_response": FIXED},
        ["fixed_response", "headers", "methods", "source_ips", "target_group"],
    ),
    ({"headers": {"X-Beta": ["1"]}, "fixed_response": FIXED}, ["headers"]),
    (
        {"query_strings": ["version=2", "beta"], "redirect": {"host": "beta.example.com"}},
        ["fixed_response", "headers", "query_strings", "redirect"],
    ),
    ({"query_strings": ["version=2", "beta"], "redirect": {"host": "b.example.com"}}, ["redirect"]),
]


def test_every_condition_and_action_of_a_rule(account: Account) -> None:
    converge(account, whole(account))
    for rule, changed in RULES:
        listener = {"port": 80, "target_group": "shop-dev-web", "rules": [{"priority": 10, **rule}]}
        options = whole(account) | {"listeners": [listener]}
        assert did(converge(account, options)) == [("update", f"{NAME}:80/10", changed)]
    (condition,) = rules(account)["10"]["Conditions"]
    assert condition["QueryStringConfig"]["Values"] == [{"Value": "beta"}, {"Key": "version", "Value": "2"}]


def test_what_is_not_declared_any_more_goes(account: Account) -> None:
    first = {"port": 80, "target_group": "shop-dev-web", "rules": [
        {"priority": 10, "paths": ["/api/*"], "target_group": "shop-dev-api"},
        {"priority": 20, "paths": ["/old/*"], "fixed_response": FIXED},
    ]}  # fmt: skip
    second = {"port": 8080, "target_group": "shop-dev-web", "rules": [
        {"priority": 10, "paths": ["/x"], "target_group": "shop-dev-web"},
    ]}  # fmt: skip
    account.client("elbv2").create_target_group(Name="foreign", Protocol="HTTP", Port=80, VpcId=vpc_id(account))
    converge(account, whole(account) | {"listeners": [first, second]})
    one = {**first, "rules": first["rules"][1:]}
    done = converge(account, whole(account) | {"listeners": [one], "target_groups": [WEB]})
    deleted = [(c["resource"], c["name"]) for c in done["changes"]]
    assert deleted == [
        ("listener rule", f"{NAME}:80/10"),
        ("listener", f"{NAME}:8080"),
        ("target group", "shop-dev-api"),
    ]
    assert groups(account).keys() == {"shop-dev-web", "foreign"}
    assert (list(listeners(account)), list(rules(account))) == ([80], ["20"])
    done = converge(account, whole(account) | {"listeners": [{**one, "rules": []}]})
    assert ("delete", f"{NAME}:80/20", sorted(done["changes"][-1]["attributes"])) in did(done)


def test_https(account: Account) -> None:
    one, two, three = (certificate(account, f"{name}.example.com") for name in ("a", "b", "c"))
    plain = {"port": 443, "fixed_response": FIXED}
    secure = {**plain, "protocol": "HTTPS", "certificate_arn": one}
    converge(account, base(account, listeners=[secure]))
    found = listeners(account)[443]
    assert (found["SslPolicy"], found["Certificates"][0]["CertificateArn"]) == (
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        one,
    )
    steps = [
        ({**secure, "certificates": [two, three]}, ["certificates"]),
        ({**secure, "certificates": [three, two], "certificate_arn": one}, []),
        ({**secure, "certificates": [three]}, ["certificates"]),
        ({**secure, "certificates": [three], "certificate_arn": two}, ["certificate_arn"]),
        (
            {**secure, "certificates": [three], "certificate_arn": two, "ssl_policy": "ELBSecurityPolicy-2016-08"},
            ["ssl_policy"],
        ),
        (plain, ["certificate_arn", "certificates", "protocol", "ssl_policy"]),
        (
            {**secure, "certificates": [three]},
            ["certificate_arn", "certificates", "protocol", "ssl_policy"],
        ),
    ]
    for listener, changed in steps:
        done = did(converge(account, base(account, listeners=[listener])))
        assert done == ([("update", f"{NAME}:443", changed)] if changed else [])


def test_target_groups_by_arn(account: Account) -> None:
    elb = account.client("elbv2")
    made = elb.create_target_group(Name="made", Protocol="HTTP", Port=80, VpcId=vpc_id(account), TargetType="ip")
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    converge(account, base(account, listeners=[{"port": 80, "target_group": arn}]))
    assert listeners(account)[80]["DefaultActions"][0]["TargetGroupArn"] == arn
    assert not run_module(account, MODULE, **base(account, listeners=[{"port": 80, "target_group": "made"}]))["changed"]


def test_a_listener_that_forwards_to_several_groups_is_corrected(account: Account) -> None:
    converge(account, whole(account))
    arns = groups(account)
    weights = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in arns.values()]}
    account.client("elbv2").modify_listener(
        ListenerArn=listeners(account)[80]["ListenerArn"],
        DefaultActions=[{"Type": "forward", "ForwardConfig": weights}],
    )
    done = converge(account, whole(account))
    assert did(done) == [("update", f"{NAME}:80", ["alternate_target_group"])]


def test_placeholders_of_a_preview(account: Account) -> None:
    unknown = "(known after apply)"
    options = base(account, listeners=[{"port": 80, "target_group": unknown}]) | {"subnet_ids": unknown}
    predicted = run_module(account, MODULE, _check=True, **options)
    assert predicted["load_balancer"]["dns_name"] == unknown
    options["listeners"] = [{"port": 80, "target_group": "made-by-a-task-before"}]
    assert run_module(account, MODULE, _check=True, **options)["changed"]
    with pytest.raises(ModuleFailed, match=r"subnet_ids: '\(known after apply\)' is a value of a preview"):
        run_module(account, MODULE, **options)


def test_an_interrupted_run_is_finished(account: Account) -> None:
    account.fault(service="elbv2", operation="CreateRule", code="AccessDenied", message="no", status=403, times=1)
    with pytest.raises(ModuleFailed, match=rf"Could not create listener rule {NAME}:80/10: .*CreateRule"):
        run_module(account, MODULE, **whole(account, idle_timeout_seconds=90))
    account.fault(
        service="elbv2", operation="DeleteTargetGroup", code="AccessDenied", message="no", status=403, times=1
    )
    assert [c["name"] for c in converge(account, whole(account, idle_timeout_seconds=90))["changes"]] == [
        f"{NAME}:80/10"
    ]
    with pytest.raises(ModuleFailed, match=r"Could not delete target group shop-dev-web: .*DeleteTargetGroup"):
        run_module(account, MODULE, **whole(account, state="absent"))
    assert groups(account).keys() == {"shop-dev-web", "shop-dev-api"}
    assert run_module(account, MODULE, **whole(account, state="absent"))["changed"]
    assert groups(account) == {}


def test_target_groups_that_nobody_declares_go_with_the_load_balancer(account: Account) -> None:
    run_module(account, MODULE, **whole(account))
    run_module(account, MODULE, **base(account, state="absent", purge_target_groups_tagged=OWNER))
    assert groups(account) == {}


def test_it_is_awaited(account: Account) -> None:
    account.settings(provisioning_reads=2)
    done = run_module(account, MODULE, **base(account))
    assert done["load_balancer"]["status"] == "active"
    account.settings(provisioning_reads=1000)
    with pytest.raises(ModuleFailed, match="creation of load balancer other: not after 1 s; last seen: provisioning"):
        run_module(account, MODULE, **base(account) | {"name": "other"}, wait_timeout=1)
    assert not run_module(account, MODULE, **base(account) | {"name": "other"}, wait=False)["changed"]
    with pytest.raises(ModuleFailed, match="creation of load balancer other: not after 1 s"):
        run_module(account, MODULE, **base(account) | {"name": "other"}, wait_timeout=1)


def test_deletion_protection_is_respected_before_anything_goes(account: Account) -> None:
    run_module(account, MODULE, **whole(account, deletion_protection=True))
    since = account.position()
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=f"load balancer {NAME} has deletion protection, nothing was deleted"):
            run_module(account, MODULE, _check=check, **whole(account, state="absent"))
    assert account.writes(since) == []


def test_the_scheme_cannot_be_changed(account: Account) -> None:
    run_module(account, MODULE, **base(account))
    since = account.position()
    with pytest.raises(ModuleFailed, match="scheme cannot be changed from 'internet-facing' to 'internal': give the"):
        run_module(account, MODULE, **base(account, scheme="internal"))
    assert account.writes(since) == []


LISTENER = {"port": 80, "fixed_response": FIXED}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"listeners": [{"port": 80}]}, "one of the following is required: target_group, redirect, fixed_response"),
    ({"listeners": [{**LISTENER, "target_group": "a"}]}, "parameters are mutually exclusive"),
    ({"listeners": [{**LISTENER, "protocol": "HTTPS"}]}, "protocol is HTTPS but all of the following are missing"),
    ({"listeners": [LISTENER, LISTENER]}, f"load balancer {NAME}: listeners has 80 twice; allowed is once"),
    (
        {"listeners": [{**LISTENER, "rules": [{"priority": 1, "paths": ["/"], "fixed_response": FIXED}] * 2}]},
        "rules of port 80 has 1 twice",
    ),
    (
        {"listeners": [{**LISTENER, "rules": [{"priority": 1, "fixed_response": FIXED}]}]},
        f"rule {NAME}:80/1 has 0 values of paths, .*, query_strings, headers; allowed are 1 to 5",
    ),
    (
        {"listeners": [{**LISTENER, "rules": [{"priority": 1, "paths": list("abcdef"), "fixed_response": FIXED}]}]},
        "has 6 values of paths",
    ),
    ({"listeners": [{"port": 80, "target_group": "none"}]}, f"load balancer {NAME}: there is no target group none"),
    ({"security_group_ids": []}, "security_group_ids is empty; allowed is at least one"),
    ({"target_groups": [WEB, WEB]}, "target_groups has shop-dev-web twice"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_what_is_wrong_is_refused_before_any_write(account: Account, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, MODULE, **base(account, **wrong))
    assert account.writes() == []


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    account.fault(service="elbv2", operation="DescribeLoadBalancers", code="AccessDenied", message="no", status=403)
    with pytest.raises(ModuleFailed, match=rf"Could not read load balancer {NAME}: .*DescribeLoadBalancers"):
        run_module(account, MODULE, **base(account, listeners=[]))


def test_a_new_one_is_protected_when_it_is_active(account: Account) -> None:
    account.settings(provisioning_reads=2)
    acl = web_acl(account, "one")
    account.fault(service="wafv2", operation="AssociateWebACL", code="WAFUnavailableEntityException", message="soon")
    options = base(account, web_acl_arn=acl)
    predicted = run_module(account, MODULE, _check=True, **options)
    assert predicted["load_balancer"]["web_acl_arn"] == acl
    assert run_module(account, MODULE, **options)["load_balancer"]["web_acl_arn"] == acl
    assert protected_by(account) == acl
    assert not run_module(account, MODULE, **options)["changed"]
    assert not run_module(account, MODULE, **base(account))["changed"]  # unset is untouched
    assert protected_by(account) == acl


def test_a_web_acl_that_is_not_there_yet(account: Account) -> None:
    run_module(account, MODULE, **base(account))
    predicted = run_module(account, MODULE, _check=True, **base(account, web_acl_arn="(known after apply)"))
    assert [sorted(change["attributes"]) for change in predicted["changes"]] == [["web_acl_arn"]]
    with pytest.raises(ModuleFailed, match=r"Could not update load balancer shop-dev-public: .*WAFNonexistentItem"):
        run_module(account, MODULE, **base(account, web_acl_arn=f"{web_acl(account, 'one')}x"))
    assert protected_by(account) == ""


def test_whoever_wants_no_web_acl_needs_no_leave_of_waf(account: Account) -> None:
    since = account.position()
    run_module(account, MODULE, **base(account))
    assert [call for call in account.requests(since) if call["service"] == "wafv2"] == []


# ---- a pair of target groups, whose weights belong to ECS ---------------------------------------


GREEN = {**WEB, "name": "shop-dev-web-alt"}


def pair(account: Account, *paths: str, **more: Any) -> dict[str, Any]:
    """A listener and a rule, each of a pair."""
    both = {"target_group": WEB["name"], "alternate_target_group": GREEN["name"], **more}
    both = {key: value for key, value in both.items() if value is not None}
    rule = {"priority": 10, "paths": list(paths) or ["/api/*"], **both}
    listener = {"port": 80, **both, "rules": [rule]}
    tags = {"tags": OWNER, "purge_target_groups_tagged": OWNER}
    return base(account, vpc_id=vpc_id(account), target_groups=[WEB, GREEN], listeners=[listener], **tags)


def weights(account: Account) -> list[dict[str, int]]:
    """Of the listener, then of the rule, by name."""
    actions = [listeners(account)[80]["DefaultActions"], rules(account)["10"]["Actions"]]
    found = [action["ForwardConfig"]["TargetGroups"] for (action,) in actions]
    return [{group["TargetGroupArn"].split("/")[1]: group["Weight"] for group in groups} for groups in found]


def shift(account: Account, blue: int, green: int) -> None:
    """What ECS does, which names the groups in an order of its own."""
    arns, elb = groups(account), account.client("elbv2")
    told = [{"TargetGroupArn": arns[name], "Weight": w} for name, w in ((GREEN["name"], green), (WEB["name"], blue))]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": told}}]
    elb.modify_listener(ListenerArn=listeners(account)[80]["ListenerArn"], DefaultActions=actions)
    elb.modify_rule(RuleArn=rules(account)["10"]["RuleArn"], Actions=actions)


BLUE_LIVE, GREEN_LIVE = ({WEB["name"]: w, GREEN["name"]: 100 - w} for w in (100, 0))


def test_a_pair_gets_all_requests_on_its_first_target_group(account: Account) -> None:
    done = converge(account, pair(account))
    assert weights(account) == [BLUE_LIVE] * 2
    (listener,) = done["load_balancer"]["listeners"]
    assert listener["alternate_target_group"] == listener["rules"][0]["alternate_target_group"] == GREEN["name"]


@pytest.mark.parametrize("green", [100, 20])
def test_the_weights_of_a_pair_are_left_to_ecs(account: Account, green: int) -> None:
    run_module(account, MODULE, **pair(account))
    shift(account, 100 - green, green)
    for check in (True, False):
        since = account.position()
        assert run_module(account, MODULE, _check=check, **pair(account))["changes"] == []
        assert account.writes(since) == []
    changed = converge(account, pair(account, "/api/*", "/rpc/*"))  # a change of conditions touches no weights
    assert did(changed) == [("update", f"{NAME}:80/10", ["paths"])]
    assert weights(account) == [{WEB["name"]: 100 - green, GREEN["name"]: green}] * 2


@pytest.mark.parametrize(
    ("first", "live", "told"),
    [
        (WEB["name"], BLUE_LIVE, ["alternate_target_group"]),
        (GREEN["name"], GREEN_LIVE, ["alternate_target_group", "target_group"]),
    ],
)
def test_a_pair_leaves_requests_where_they_are(
    account: Account, first: str, live: dict[str, int], told: list[str]
) -> None:
    run_module(account, MODULE, **pair(account, target_group=first, alternate_target_group=None))
    changed = converge(account, pair(account))
    assert did(changed) == [("update", f"{NAME}:80", told), ("update", f"{NAME}:80/10", told)]
    assert weights(account) == [live] * 2


def test_a_rule_of_a_pair_that_moves_leaves_requests_where_they_are(account: Account) -> None:
    options = pair(account)
    run_module(account, MODULE, **options)
    shift(account, 0, 100)
    (listener,) = options["listeners"]
    (rule,) = listener["rules"]
    fixed = {"port": 80, "fixed_response": FIXED}
    converge(account, {**options, "listeners": [{**fixed, "rules": [{**rule, "priority": 11}]}]})
    (action,) = rules(account)["11"]["Actions"]
    weights = {g["TargetGroupArn"].split("/")[1]: g["Weight"] for g in action["ForwardConfig"]["TargetGroups"]}
    assert (weights, list(rules(account))) == (GREEN_LIVE, ["11"])
    converge(account, {**options, "listeners": [{**listener, "port": 81, "rules": []}]})
    (action,) = listeners(account)[81]["DefaultActions"]
    weights = {g["TargetGroupArn"].split("/")[1]: g["Weight"] for g in action["ForwardConfig"]["TargetGroups"]}
    assert (weights, list(listeners(account))) == (GREEN_LIVE, [81])


def test_the_half_that_has_all_requests_is_not_taken_away(account: Account) -> None:
    run_module(account, MODULE, **pair(account))
    shift(account, 0, 100)
    alone = {**pair(account, alternate_target_group=None), "target_groups": [WEB]}
    for check in (True, False):
        since = account.position()
        with pytest.raises(
            ModuleFailed, match=r"all its requests go to target group shop-dev-web-alt.*Nothing was"
        ) as no:
            run_module(account, MODULE, _check=check, **alone)
        assert account.writes(since) == [] and "Deploy the service once more" in str(no.value)
    shift(account, 100, 0)
    done = converge(account, alone)
    assert [name for action, name, _ in did(done) if action == "delete"] == [GREEN["name"]]
    assert GREEN["name"] not in groups(account)
    assert listeners(account)[80]["DefaultActions"][0]["TargetGroupArn"] == groups(account)[WEB["name"]]


def test_a_pair_may_give_way_to_something_else(account: Account) -> None:
    run_module(account, MODULE, **pair(account))
    shift(account, 0, 100)
    options = pair(account, target_group=None, alternate_target_group=None, fixed_response=FIXED)
    converge(account, options)
    assert listeners(account)[80]["DefaultActions"][0]["Type"] == "fixed-response"


def test_an_alternate_target_group_needs_a_first_one(account: Account) -> None:
    options = pair(account, target_group=None, fixed_response=FIXED)
    with pytest.raises(ModuleFailed, match=r"missing parameter.*alternate_target_group"):
        run_module(account, MODULE, **options)


def test_a_pair_goes_with_its_load_balancer(account: Account) -> None:
    run_module(account, MODULE, **pair(account))
    run_module(account, MODULE, **{**pair(account), "listeners": None, "state": "absent"})
    assert groups(account) == {}
