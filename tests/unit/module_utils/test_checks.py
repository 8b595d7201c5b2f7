# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Items of the checklist, each passed and failed, from what AWS answers; tests/verbs has them on an environment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.checks import CHECKS, WANTED
from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import Seen, on

from tests.support.local_aws import ROOT

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
LATER, SOON = datetime.now(UTC) + timedelta(days=200), datetime.now(UTC) + timedelta(days=3)


class Answers:
    """A client that answers each operation with one document; lists come under their key."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **asked: self.answers[operation]

    def list(self, operation: str, key: str, **asked: Any) -> Any:
        return self.answers[operation][key]


def items(kind: str, facts: dict[str, Any], options: dict[str, Any], **answers: Any) -> dict[str, str]:
    seen = Seen(lambda service, region="": Answers(answers), "it", facts, options, "eu-west-1")
    found = list(CHECKS[kind](seen))
    assert all(entry.evidence for entry in found)
    return {entry.item: entry.status for entry in found}


def test_every_role_is_checked() -> None:
    assert {role.name for role in (ROOT / "roles").iterdir() if role.is_dir()} <= CHECKS.keys()
    assert WANTED.keys() <= CHECKS.keys()


@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), ("true", True), ({"min": 1}, True), ("False", False), (0, False), ({}, False)]
)
def test_options_are_on_or_off(value: Any, wanted: bool) -> None:
    assert on(value) is wanted


def distribution(status: str, policy: str) -> dict[str, Any]:
    config = {
        "Enabled": True,
        "DefaultCacheBehavior": {"ViewerProtocolPolicy": policy},
        "CacheBehaviors": {"Quantity": 0},
    }
    return {"get_distribution": {"Distribution": {"Status": status, "DistributionConfig": config}}}


def test_a_distribution() -> None:
    good = items("cdn", {"id": "E1"}, {}, **distribution("Deployed", "redirect-to-https"))
    assert set(good.values()) == {"passed"}
    bad = items("cdn", {"id": "E1"}, {}, **distribution("InProgress", "allow-all"))
    assert [bad["the distribution is deployed"], bad["viewers must use HTTPS"]] == ["failed", "failed"]


def test_a_firewall() -> None:
    rule = {"Name": "common", "OverrideAction": {"None": {}}}
    facts = {"arn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1"}
    assert set(items("waf", facts, {}, get_web_acl={"WebACL": {"Rules": [rule]}}).values()) == {"passed"}
    counting = items("waf", facts, {}, get_web_acl={"WebACL": {"Rules": [{**rule, "OverrideAction": {"Count": {}}}]}})
    assert counting["no rule group only counts"] == "failed"
    assert items("waf", facts, {}, get_web_acl={"WebACL": {"Rules": []}})["the firewall has rules"] == "failed"


def identity(verified: bool, dkim: str, production: bool) -> dict[str, Any]:
    found = {"IdentityType": "DOMAIN", "VerifiedForSendingStatus": verified, "DkimAttributes": {"Status": dkim}}
    return {"get_email_identity": found, "get_account": {"ProductionAccessEnabled": production}}


def test_an_e_mail_domain() -> None:
    facts = {"domain": "example.org", "sender_arns": {}}
    assert set(items("ses", facts, {}, **identity(True, "SUCCESS", True)).values()) == {"passed"}
    bad = items("ses", facts, {}, **identity(False, "PENDING", False))
    assert len(bad) == 3 and set(bad.values()) == {"failed"}


def test_an_address_sends_through_its_verified_domain() -> None:
    facts = {"domain": "example.org", "sender_arns": {"a@example.org": "x", "b@example.com": "y"}}

    class Identities(Answers):
        def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:
            return identity(EmailIdentity == "example.org", "SUCCESS", True)["get_email_identity"]

    seen = Seen(lambda *_: Identities(identity(True, "SUCCESS", True)), "mail", facts, {}, "eu-west-1")
    found = {entry.item: entry for entry in CHECKS["ses"](seen)}
    of_domain, of_stranger = found["a@example.org is verified"], found["b@example.com is verified"]
    assert (of_domain.status, of_stranger.status) == ("passed", "failed")
    assert of_domain.evidence == "VerifiedForSendingStatus is False, its domain example.org is verified"


def test_a_trail() -> None:
    def found(logging: bool, valid: bool, **options: Any) -> list[str]:
        answers = {
            "get_trail_status": {"IsLogging": logging},
            "get_trail": {"Trail": {"LogFileValidationEnabled": valid}},
        }
        return list(items("trail", {"arn": "x"}, options, **answers).values())

    assert found(True, True) == ["passed", "passed"]
    assert found(False, False) == ["failed", "failed"]
    assert found(False, False, trail_logging=False, trail_file_validation=False) == ["not applicable"] * 2


def test_a_recorder() -> None:
    def found(recording: bool, last: str, **options: Any) -> list[str]:
        status = {"recording": recording, "lastStatus": last, "lastErrorMessage": "no bucket"}
        answer = {"describe_configuration_recorder_status": {"ConfigurationRecordersStatus": [status]}}
        return list(items("config_recorder", {"arn": "x"}, options, **answer).values())

    assert found(True, "Success") == found(True, "Pending") == ["passed", "passed"]
    assert found(False, "Failure") == ["failed", "failed"]
    assert found(False, "Failure", config_recorder_recording=False) == ["not applicable"] * 2


def test_a_detector() -> None:
    agent = {"Name": "ECS_FARGATE_AGENT_MANAGEMENT", "Status": "ENABLED"}
    runtime = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": [agent]}

    def found(status: str, **options: Any) -> list[str]:
        answer = {"get_detector": {"Status": status, "Features": [runtime]}}
        return list(items("guardduty", {"id": "x"}, options, **answer).values())

    wanted = ["RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"]
    assert found("ENABLED", guardduty_features=wanted) == ["passed", "passed"]
    assert found("DISABLED", guardduty_features=["RDS_LOGIN_EVENTS"]) == ["failed", "failed"]
    assert found("DISABLED", guardduty_enabled=False) == ["not applicable", "passed"]


@pytest.mark.parametrize(
    ("status", "until", "wanted"),
    [("ISSUED", LATER, "passed"), ("ISSUED", SOON, "failed"), ("PENDING_VALIDATION", None, "failed")],
)
def test_a_certificate(status: str, until: datetime | None, wanted: str) -> None:
    found = {"DomainName": "example.org", "Status": status, **({"NotAfter": until} if until else {})}
    answer = {"describe_certificate": {"Certificate": found}}
    assert list(items("certificate", {"arn": ARN, "region": "us-east-1"}, {}, **answer).values()) == [wanted]


def balancer(redirect: bool, policy: str) -> dict[str, Any]:
    forward = {"Type": "forward"}
    to_https = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
    secure = {"Protocol": "HTTPS", "Port": 443, "SslPolicy": policy, "DefaultActions": [forward]}
    listeners = [
        {"Protocol": "HTTP", "Port": 80, "DefaultActions": [to_https if redirect else forward]},
        {**secure, "Certificates": [{"CertificateArn": ARN}]},
    ]
    there = {"State": {"Code": "active"}, "AvailabilityZones": [{"ZoneName": "a"}, {"ZoneName": "b"}]}
    certificate = {"DomainName": "example.org", "Status": "ISSUED", "NotAfter": LATER}
    return {
        "describe_load_balancers": {"LoadBalancers": [there]},
        "describe_listeners": {"Listeners": listeners},
        "describe_certificate": {"Certificate": certificate},
        "describe_target_health": {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}]},
    }


def test_a_load_balancer_with_https() -> None:
    facts = {"arn": "x", "target_groups": {"web": "arn:aws:x"}}
    good = items("alb", facts, {}, **balancer(True, "ELBSecurityPolicy-TLS13-1-2-2021-06"))
    assert len(good) == 7 and set(good.values()) == {"passed"}
    bad = items("alb", facts, {}, **balancer(False, "ELBSecurityPolicy-2016-08"))
    assert [bad["HTTP redirects to HTTPS"], bad["it takes TLS 1.2 or later only"]] == ["failed", "failed"]


def test_of_a_pair_of_target_groups_one_is_idle() -> None:
    answers = balancer(True, "ELBSecurityPolicy-TLS13-1-2-2021-06")
    facts = {
        "arn": "x",
        "target_groups": {"web": "arn:blue", "web-alt": "arn:green"},
        "blue_green": {"web": {"alternate": "web-alt", "production_rule": "arn:rule", "test_rule": ""}},
    }
    live = "arn:green"

    class Groups(Answers):
        def describe_target_health(self, TargetGroupArn: str) -> Any:
            healthy = {"TargetHealth": {"State": "healthy"}}
            return {"TargetHealthDescriptions": [healthy] if TargetGroupArn == live else []}

    def status() -> dict[str, str]:
        seen = Seen(lambda service, region="": Groups(answers), "it", facts, {}, "eu-west-1")
        return {entry.item: entry.status for entry in CHECKS["alb"](seen) if entry.item.startswith("targets of")}

    assert status() == {"targets of web are healthy": "passed"}
    live = ""
    assert status() == {"targets of web are healthy": "failed"}
    facts["target_groups"]["web-alt"] = "(known after apply)"
    assert status() == {"targets of web are healthy": "failed"}


def test_a_load_balancer_whose_declared_https_listener_is_not_there() -> None:
    answers = balancer(True, "")
    answers["describe_listeners"] = {"Listeners": answers["describe_listeners"]["Listeners"][:1]}
    declared = {"alb_listeners": [{"port": 443, "protocol": "HTTPS"}]}
    facts = {"arn": "x", "target_groups": {"web": "(known after apply)"}}
    found = items("alb", facts, declared, **answers)
    assert [found["it listens for HTTPS"], found["targets of web are healthy"]] == ["failed", "failed"]


def test_a_zone_without_its_records() -> None:
    records = {"ResourceRecordSets": [{"Type": "NS", "Name": "example.org."}]}
    facts, asked = {"zone_id": "Z1", "domain": "example.org"}, {"dns_records": [{"name": "www"}]}
    (status,) = items("dns", facts, asked, list_resource_record_sets=records).values()
    assert status == "failed"
    records["ResourceRecordSets"].append({"Type": "A", "Name": "www.example.org."})
    assert list(items("dns", facts, asked, list_resource_record_sets=records).values()) == ["passed"]
    assert list(items("dns", facts, {}, list_resource_record_sets=records).values()) == ["not applicable"]


def test_alarms_dashboards_and_subscriptions() -> None:
    facts = {"alarm_names": ["a"], "topic_arns": {"critical": "arn"}}
    options = {"monitoring_dashboards": {"main": {"name": "shop-dashboard"}, "other": {}}}
    alarm = {"AlarmName": "a", "AlarmActions": ["arn"], "ActionsEnabled": True, "StateValue": "OK"}
    answers = {
        "describe_alarms": {"MetricAlarms": [alarm]},
        "list_dashboards": {"DashboardEntries": [{"DashboardName": "shop-dashboard"}, {"DashboardName": "it-other"}]},
        "list_subscriptions_by_topic": {"Subscriptions": [{"Endpoint": "a@b", "SubscriptionArn": "arn"}]},
    }
    assert set(items("monitoring", facts, options, **answers).values()) == {"passed"}
    answers["list_dashboards"]["DashboardEntries"].pop()
    answers["list_subscriptions_by_topic"]["Subscriptions"][0]["SubscriptionArn"] = "PendingConfirmation"
    bad = items("monitoring", facts, options, **answers)
    assert [bad["dashboards are there"], bad["subscriptions to critical are confirmed"]] == ["failed", "failed"]
