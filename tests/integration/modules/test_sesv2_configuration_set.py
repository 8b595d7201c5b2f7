# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev"
MODULE = "sesv2_configuration_set"
CLOUDWATCH = {
    "name": "cloudwatch",
    "events": ["SEND", "BOUNCE", "COMPLAINT"],
    "cloudwatch_dimensions": [{"name": "ses:configuration-set", "default_value": NAME}],
}
TOPIC = {"name": "topic", "events": ["COMPLAINT"], "topic_arn": "arn:aws:sns:eu-west-1:123456789012:complaints"}


def _set(account: Account) -> dict[str, Any]:
    return account.client("sesv2").get_configuration_set(ConfigurationSetName=NAME)


def _destinations(account: Account) -> dict[str, list[str]]:
    listed = account.client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName=NAME)
    return {one["Name"]: one["MatchingEventTypes"] for one in listed["EventDestinations"]}


def test_matrix(account: Account) -> None:
    Matrix(
        module=MODULE,
        key="configuration_set",
        base={"name": NAME},
        updates={
            "sending_enabled": False,
            "reputation_metrics_enabled": True,
            "tls_policy": "REQUIRE",
            "suppressed_reasons": ["BOUNCE", "COMPLAINT"],
            "+no suppression": {"suppressed_reasons": []},
            "event_destinations": [CLOUDWATCH],
            "+one more": {"event_destinations": [CLOUDWATCH, TOPIC]},
            "+another list of events": {"event_destinations": [{**CLOUDWATCH, "events": ["SEND"]}]},
            "+none": {"event_destinations": []},
            "tags": {"Environment": "dev"},
        },
        seen={
            "sending_enabled": lambda account: _set(account)["SendingOptions"]["SendingEnabled"],
            "reputation_metrics_enabled": lambda account: _set(account)["ReputationOptions"][
                "ReputationMetricsEnabled"
            ],
            "tls_policy": lambda account: _set(account)["DeliveryOptions"]["TlsPolicy"],
            "suppressed_reasons": lambda account: _set(account)["SuppressionOptions"]["SuppressedReasons"],
            "tags": lambda account: {tag["Key"]: tag["Value"] for tag in _set(account)["Tags"]},
        },
    ).check(account)


def test_everything_at_once_and_in_another_order(account: Account) -> None:
    options = {"name": NAME, "sending_enabled": False, "suppressed_reasons": ["BOUNCE", "COMPLAINT"]}
    run_module(account, MODULE, **options, event_destinations=[CLOUDWATCH, TOPIC], tags={"a": "b"})
    assert _destinations(account) == {"cloudwatch": ["BOUNCE", "COMPLAINT", "SEND"], "topic": ["COMPLAINT"]}
    assert not _set(account)["SendingOptions"]["SendingEnabled"]
    options["suppressed_reasons"] = ["COMPLAINT", "BOUNCE"]
    turned = [TOPIC, {**CLOUDWATCH, "events": ["SEND", "COMPLAINT", "BOUNCE"]}]
    assert not run_module(account, MODULE, **options, event_destinations=turned)["changed"]
    assert not run_module(account, MODULE, name=NAME)["changed"]


def test_only_what_changed_of_the_destinations_is_written(account: Account) -> None:
    run_module(account, MODULE, name=NAME, event_destinations=[CLOUDWATCH, TOPIC])
    since = account.position()
    run_module(account, MODULE, name=NAME, event_destinations=[CLOUDWATCH, {**TOPIC, "enabled": False}])
    assert account.writes(since) == ["sesv2:UpdateConfigurationSetEventDestination"]


def test_an_interrupted_creation_is_finished(account: Account) -> None:
    account.fault(
        service="sesv2", operation="CreateConfigurationSetEventDestination", code="BadRequestException", message="no"
    )
    with pytest.raises(ModuleFailed, match=rf"Could not create SES configuration set {NAME}: .*EventDestination.*no"):
        run_module(account, MODULE, name=NAME, event_destinations=[CLOUDWATCH])
    assert run_module(account, MODULE, name=NAME, event_destinations=[CLOUDWATCH])["changed"]
    assert set(_destinations(account)) == {"cloudwatch"}


@pytest.mark.parametrize(
    ("destinations", "message"),
    [
        ([CLOUDWATCH, CLOUDWATCH], "two event destinations have one name"),
        ([{"name": "a", "events": ["SEND"]}], "event destination a needs either cloudwatch_dimensions or topic_arn"),
        ([{**CLOUDWATCH, "topic_arn": "arn:x"}], "needs either cloudwatch_dimensions or topic_arn"),
    ],
)
def test_a_bad_combination_is_refused_before_any_write(account: Account, destinations: Any, message: str) -> None:
    with pytest.raises(ModuleFailed) as failed:
        run_module(account, MODULE, name=NAME, event_destinations=destinations)
    assert message in str(failed.value)
    assert account.writes() == []
