#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sesv2_configuration_set
short_description: Manage a configuration set of SES with its event destinations
version_added: 0.2.0
description:
  - Creates, changes and deletes a configuration set, see
    U(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html).
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description:
      - The name of the set.
    type: str
    required: true
  sending_enabled:
    description:
      - Whether mails are sent. A new set sends.
    type: bool
  reputation_metrics_enabled:
    description:
      - Whether the rates of bounces and complaints of the set become metrics of CloudWatch. A new set has none.
    type: bool
  tls_policy:
    description:
      - Whether mails go out only over TLS. A new set has V(OPTIONAL).
    type: str
    choices: [OPTIONAL, REQUIRE]
  suppressed_reasons:
    description:
      - After what an address is suppressed, in place of what the account says. An empty list switches suppression off.
    type: list
    elements: str
    choices: [BOUNCE, COMPLAINT]
  event_destinations:
    description:
      - Where events go, at most ten. A destination that is not listed is removed.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the destination.
        type: str
        required: true
      events:
        description: Which events go there.
        type: list
        elements: str
        required: true
        choices:
          - SEND
          - REJECT
          - BOUNCE
          - COMPLAINT
          - DELIVERY
          - OPEN
          - CLICK
          - RENDERING_FAILURE
          - DELIVERY_DELAY
          - SUBSCRIPTION
      enabled:
        description: Whether events are sent.
        type: bool
        default: true
      cloudwatch_dimensions:
        description:
          - The destination is CloudWatch, with metrics of these dimensions. Excludes
            O(event_destinations[].topic_arn).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name of the dimension, and of the tag or header.
            type: str
            required: true
          source:
            description: Where the value comes from.
            type: str
            choices: [MESSAGE_TAG, EMAIL_HEADER, LINK_TAG]
            default: MESSAGE_TAG
          default_value:
            description: The value of mails that do not say one.
            type: str
            required: true
      topic_arn:
        description: The destination is this SNS topic.
        type: str
        default: ""
extends_documentation_fragment:
  - slipway.fargate.resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Count sends, bounces and complaints in CloudWatch
  slipway.fargate.sesv2_configuration_set:
    name: shop-prod
    suppressed_reasons: [BOUNCE, COMPLAINT]
    event_destinations:
      - name: cloudwatch
        events: [SEND, BOUNCE, COMPLAINT]
        cloudwatch_dimensions:
          - {name: "ses:configuration-set", default_value: shop-prod}

- name: Remove the set
  slipway.fargate.sesv2_configuration_set:
    name: shop-prod
    state: absent
"""

RETURN = r"""
configuration_set:
  description: The set, by its options; empty when it was removed.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: shop-prod
    sending_enabled:
      description: Whether mails are sent.
      type: bool
      sample: true
    reputation_metrics_enabled:
      description: Whether the rates become metrics.
      type: bool
      sample: false
    tls_policy:
      description: Whether mails go out only over TLS.
      type: str
      sample: OPTIONAL
    suppressed_reasons:
      description: After what an address is suppressed; none when the account says it.
      type: list
      elements: str
      sample: [BOUNCE, COMPLAINT]
    event_destinations:
      description: The destinations, by the suboptions of O(event_destinations).
      type: list
      elements: dict
      sample:
        - name: cloudwatch
          events: [SEND]
          enabled: true
          cloudwatch_dimensions: [{name: "ses:configuration-set", source: MESSAGE_TAG, default_value: shop-prod}]
          topic_arn: ""
    tags:
      description: The tags.
      type: dict
      sample: {"Environment": "prod"}
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: SES configuration set
      name: shop-prod
      attributes: {"tls_policy": {"before": "OPTIONAL", "after": "REQUIRE"}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    STATE_SPEC,
    TAGS_SPEC,
    Attributes,
    ResourceError,
    in_order,
    run,
    set_options,
)
from ansible_collections.slipway.fargate.plugins.module_utils.sesv2 import SesResource, tags_of

EVENTS = (
    *("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE"),
    *("DELIVERY_DELAY", "SUBSCRIPTION"),
)
DIMENSION = {"name": "DimensionName", "source": "DimensionValueSource", "default_value": "DefaultDimensionValue"}


class ConfigurationSet(SesResource):
    type_name = "SES configuration set"
    kind = "configuration-set"
    defaults = {
        "sending_enabled": True,
        "reputation_metrics_enabled": False,
        "tls_policy": "OPTIONAL",
        "suppressed_reasons": None,
        "event_destinations": [],
        "tags": {},
    }
    unordered = ("suppressed_reasons", "event_destinations")
    updates = {
        "put_sending": ("sending_enabled",),
        "put_reputation": ("reputation_metrics_enabled",),
        "put_delivery": ("tls_policy",),
        "put_suppression": ("suppressed_reasons",),
        "put_destinations": ("event_destinations",),
        "put_tags": ("tags",),
    }

    def __init__(self, module: AnsibleAWSModule) -> None:
        name, options = module.params["name"], set_options(module, *self.defaults)
        for destination in options.get("event_destinations", []):
            destination["events"] = sorted(set(destination["events"]))
            destination["cloudwatch_dimensions"] = in_order(destination["cloudwatch_dimensions"])
        super().__init__(module, name, {"name": name, **options}, module.params["state"])
        self.found: dict[str, Any] = {}

    def validate(self) -> None:
        problems = []
        names = [destination["name"] for destination in self.desired.get("event_destinations", [])]
        if len(set(names)) != len(names):
            problems.append("two event destinations have one name")
        for one in self.desired.get("event_destinations", []):
            if bool(one["cloudwatch_dimensions"]) == bool(one["topic_arn"]):
                problems.append(f"event destination {one['name']} needs either cloudwatch_dimensions or topic_arn")
        if problems:
            raise ResourceError(f"configuration set {self.name}: " + "; ".join(problems))

    def read(self) -> Attributes | None:
        found = self.get(self.client.get_configuration_set, ConfigurationSetName=self.name)
        if found is None:
            return None
        self.found = found
        listed = self.client.get_configuration_set_event_destinations(ConfigurationSetName=self.name)
        return {
            "name": self.name,
            "sending_enabled": found.get("SendingOptions", {}).get("SendingEnabled", True),
            "reputation_metrics_enabled": found.get("ReputationOptions", {}).get("ReputationMetricsEnabled", False),
            "tls_policy": found.get("DeliveryOptions", {}).get("TlsPolicy") or "OPTIONAL",
            "suppressed_reasons": found.get("SuppressionOptions", {}).get("SuppressedReasons"),
            "event_destinations": [normal(one) for one in listed.get("EventDestinations", [])],
            "tags": tags_of(found),
        }

    def create(self) -> None:
        wanted = self.desired
        options: dict[str, Any] = {}
        if "sending_enabled" in wanted:
            options["SendingOptions"] = {"SendingEnabled": wanted["sending_enabled"]}
        if "reputation_metrics_enabled" in wanted:
            options["ReputationOptions"] = {"ReputationMetricsEnabled": wanted["reputation_metrics_enabled"]}
        if "tls_policy" in wanted:
            options["DeliveryOptions"] = {"TlsPolicy": wanted["tls_policy"]}
        if "suppressed_reasons" in wanted:
            options["SuppressionOptions"] = {"SuppressedReasons": wanted["suppressed_reasons"]}
        self.client.create_configuration_set(ConfigurationSetName=self.name, **options, **self.tag_parameters())
        if wanted.get("event_destinations"):
            self.put_destinations()

    def put_sending(self) -> None:
        enabled = self.desired["sending_enabled"]
        self.client.put_configuration_set_sending_options(ConfigurationSetName=self.name, SendingEnabled=enabled)

    def put_reputation(self) -> None:
        enabled = self.desired["reputation_metrics_enabled"]
        self.client.put_configuration_set_reputation_options(
            ConfigurationSetName=self.name, ReputationMetricsEnabled=enabled
        )

    def put_delivery(self) -> None:
        """With what else there is, which it would set back."""
        others = {k: v for k, v in self.found.get("DeliveryOptions", {}).items() if k != "TlsPolicy"}
        self.client.put_configuration_set_delivery_options(
            ConfigurationSetName=self.name, TlsPolicy=self.desired["tls_policy"], **others
        )

    def put_suppression(self) -> None:
        reasons = self.desired["suppressed_reasons"]
        self.client.put_configuration_set_suppression_options(ConfigurationSetName=self.name, SuppressedReasons=reasons)

    def put_destinations(self) -> None:
        current = {one["name"]: one for one in (self.current or {}).get("event_destinations", [])}
        wanted = {one["name"]: one for one in self.desired["event_destinations"]}
        for name in current.keys() - wanted.keys():
            self.client.delete_configuration_set_event_destination(
                ConfigurationSetName=self.name, EventDestinationName=name
            )
        for name, one in wanted.items():
            if current.get(name) != one:
                put = "update" if name in current else "create"
                getattr(self.client, f"{put}_configuration_set_event_destination")(
                    ConfigurationSetName=self.name, EventDestinationName=name, EventDestination=parameters(one)
                )

    def delete(self) -> None:
        self.client.delete_configuration_set(ConfigurationSetName=self.name)


def normal(one: dict[str, Any]) -> Attributes:
    dimensions = (one.get("CloudWatchDestination") or {}).get("DimensionConfigurations") or []
    return {
        "name": one["Name"],
        "events": sorted(one["MatchingEventTypes"]),
        "enabled": one.get("Enabled", False),
        "cloudwatch_dimensions": in_order([{k: d[name] for k, name in DIMENSION.items()} for d in dimensions]),
        "topic_arn": (one.get("SnsDestination") or {}).get("TopicArn", ""),
    }


def parameters(one: Attributes) -> dict[str, Any]:
    if one["topic_arn"]:
        place = {"SnsDestination": {"TopicArn": one["topic_arn"]}}
    else:
        dimensions = [{name: d[k] for k, name in DIMENSION.items()} for d in one["cloudwatch_dimensions"]]
        place = {"CloudWatchDestination": {"DimensionConfigurations": dimensions}}
    return {"Enabled": one["enabled"], "MatchingEventTypes": one["events"], **place}


def main() -> None:
    dimension = {
        "name": {"type": "str", "required": True},
        "source": {"type": "str", "choices": ["MESSAGE_TAG", "EMAIL_HEADER", "LINK_TAG"], "default": "MESSAGE_TAG"},
        "default_value": {"type": "str", "required": True},
    }
    destination = {
        "name": {"type": "str", "required": True},
        "events": {"type": "list", "elements": "str", "required": True, "choices": list(EVENTS)},
        "enabled": {"type": "bool", "default": True},
        "cloudwatch_dimensions": {"type": "list", "elements": "dict", "default": [], "options": dimension},
        "topic_arn": {"type": "str", "default": ""},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "sending_enabled": {"type": "bool"},
            "reputation_metrics_enabled": {"type": "bool"},
            "tls_policy": {"type": "str", "choices": ["OPTIONAL", "REQUIRE"]},
            "suppressed_reasons": {"type": "list", "elements": "str", "choices": ["BOUNCE", "COMPLAINT"]},
            "event_destinations": {"type": "list", "elements": "dict", "options": destination},
            **STATE_SPEC,
            **TAGS_SPEC,
        },
        supports_check_mode=True,
    )
    run(module, ConfigurationSet(module), key="configuration_set")


if __name__ == "__main__":
    main()
