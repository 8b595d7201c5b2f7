# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices, assumptions, what the kinds use, and the report."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.engine import UNKNOWN, ResourceError
from ansible_collections.slipway.fargate.plugins.modules.price_list_info import price
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost import kinds, prices, report
from ansible_collections.slipway.fargate.plugins.plugin_utils.cost.assumptions import ASSUMPTIONS, unknown
from ansible_collections.slipway.fargate.plugins.plugin_utils.environment import Component

from tests.support.local_aws import ROOT


class Plain:
    def template(self, value: Any) -> Any:
        return value


def component(kind: str, name: str = "it", region: str = "us-east-1", **options: Any) -> Component:
    return Component(name, kind, {"aws_region": region, **options}, Plain())


def uses(kind: str, *others: Component, **options: Any) -> dict[str, kinds.Use]:
    """The uses of a component by the names of their prices."""
    it = component(kind, **options)
    env = kinds.Environment({"it": it, **{other.name: other for other in others}})
    return {use.price: use for use in kinds.uses(it, env)}


# ---- prices ---------------------------------------------------------------------------------


def test_own_prices_go_before_live_ones_and_these_before_the_table() -> None:
    name = "alb.hours"
    assert prices.Prices().of(name, "us-east-1") == 0.0225
    live = {"us-east-1": {name: 0.02}}
    assert prices.Prices(live=live).of(name, "us-east-1") == 0.02
    assert prices.Prices(live=live).of(name, "eu-west-1") == 0.0252
    both = prices.Prices(own={name: 0.01}, live=live)
    assert (both.of(name, "us-east-1"), both.source(name, "us-east-1")) == (0.01, "cost_prices")
    assert prices.Prices(live=live).source(name, "us-east-1") == "AWS Price List API"
    assert prices.Prices().source(name, "us-east-1") == "https://aws.amazon.com/elasticloadbalancing/pricing/"


def test_an_instance_class_without_a_price_names_the_nearest_and_the_ways_out() -> None:
    with pytest.raises(prices.NoPriceError) as error:
        prices.Prices().of("rds.postgres.db.t4g.mirco", "us-east-1")
    for text in ("rds.postgres.db.t4g.mirco in us-east-1", "live=true", "cost_prices", "db.t4g.micro"):
        assert text in str(error.value)


def test_a_region_without_prices_names_those_that_have_some() -> None:
    with pytest.raises(prices.NoPriceError, match=r"alb\.hours in mars-1; .*us-east-1, eu-west-1, eu-west-2"):
        prices.Prices().of("alb.hours", "mars-1")


def test_a_price_that_nobody_knows_is_refused() -> None:
    with pytest.raises(prices.NoPriceError, match="there is no price called coffee"):
        prices.Prices().of("coffee.cup", "us-east-1")


def test_every_price_has_a_unit_a_source_and_is_there_in_all_three_regions() -> None:
    every = list(prices.names())
    assert len(every) == len(set(every)) > 80
    for name, region in itertools.product(every, ("us-east-1", "eu-west-1", "eu-west-2")):
        assert 0 < prices.Prices().of(name, region) < 10, name
        assert prices.unit(name), name
        assert prices.Prices().source(name, region).startswith("https://aws.amazon.com/")
    assert prices.table()["date"] and "not fetched" in prices.table()["origin"]


def test_the_dearer_region_is_dearer() -> None:
    for name in prices.names():
        virginia, london = (prices.Prices().of(name, region) for region in ("us-east-1", "eu-west-2"))
        assert virginia <= london <= virginia * 1.3, name


# ---- the Price List API ---------------------------------------------------------------------


class PriceList:
    """What GetProducts answers, and what it was asked."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self.products = products
        self.asked: dict[str, Any] = {}

    def list(self, operation: str, key: str, **parameters: Any) -> list[str]:
        assert (operation, key) == ("get_products", "PriceList")
        self.asked = parameters
        return [json.dumps(product) for product in self.products]


def product(usage: str, *tiers: tuple[str, str]) -> dict[str, Any]:
    dimensions = {
        str(number): {"beginRange": begin, "unit": "Hrs", "pricePerUnit": {"USD": usd}}
        for number, (begin, usd) in enumerate(tiers)
    }
    terms = {"OnDemand": {"term": {"priceDimensions": dimensions}}}
    return {"product": {"attributes": {"usagetype": usage}}, "terms": terms}


def test_a_live_price_is_that_of_the_usage_type_whatever_its_regions_prefix() -> None:
    query = prices.live_query("nat.hours")
    api = PriceList(product("EUW2-NatGateway-Hours", ("0", "0.0500")), product("EUW2-Other", ("0", "9")))
    found = price(api, {**query, "of_region": "eu-west-2"})
    assert found == {"name": "nat.hours", "of_region": "eu-west-2", "usd": 0.05, "unit": "Hrs"}
    assert api.asked["ServiceCode"] == "AmazonEC2"
    asked = {item["Field"]: item["Value"] for item in api.asked["Filters"]}
    assert asked == {"regionCode": "eu-west-2", "productFamily": "NAT Gateway"}


def test_of_tiers_the_first_one_counts() -> None:
    api = PriceList(product("LCUUsage", ("0", "0.008"), ("100", "0.004")))
    assert price(api, {**prices.live_query("alb.lcu"), "of_region": "us-east-1"})["usd"] == 0.008


def test_no_price_and_several_prices_are_errors() -> None:
    query = {**prices.live_query("rds.postgres.db.t4g.micro"), "of_region": "us-east-1"}
    with pytest.raises(ResourceError, match=r"has none of AmazonRDS InstanceUsage:db\.t4g\.micro in us-east-1"):
        price(PriceList(), query)
    several = PriceList(
        product("InstanceUsage:db.t4g.micro", ("0", "1")), product("InstanceUsage:db.t4g.micro", ("0", "2"))
    )
    with pytest.raises(ResourceError, match=r"has several of .*: 1\.0 a Hrs, 2\.0 a Hrs"):
        price(several, query)


def test_queries_are_complete() -> None:
    for name in prices.names():
        query = prices.live_query(name)
        assert query is None or not any("{item}" in str(value) for value in query.values()), name
    assert prices.live_query("waf.acl") is None


# ---- assumptions ----------------------------------------------------------------------------


def test_an_unknown_assumption_names_the_nearest() -> None:
    assert list(unknown(["cost_nat_gb", "cost_prices"])) == []
    assert list(unknown(["cost_nat_bg"])) == ["unknown assumption cost_nat_bg: did you mean cost_nat_gb?"]


@pytest.mark.parametrize("value", ["many", -1])
def test_an_assumption_must_be_a_number(value: Any) -> None:
    it = component("ecr", cost_ecr_gb=value)
    found, _, problems = report.quantities({"it": it}, ["it"])
    assert found == {} and problems[0].startswith(f"it: cost_ecr_gb is {value!r}; it must")


def test_the_document_lists_every_assumption_with_its_default() -> None:
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    for name, assumption in ASSUMPTIONS.items():
        default = "" if assumption.default is None else f"{assumption.default:.10g}"
        assert f"| `{name}` | {default} | {assumption.unit} | {assumption.says} |" in text


# ---- kinds ----------------------------------------------------------------------------------


def test_every_role_has_an_estimator() -> None:
    assert {role.name for role in (ROOT / "roles").iterdir() if role.is_dir()} <= kinds.ESTIMATORS.keys()


SERVICE = {"ecs_service_cpu": 512, "ecs_service_memory": 1024, "ecs_service_desired_count": 2, "cost_log_gb": 0}


def test_a_service_costs_cpu_and_memory_of_its_architecture() -> None:
    arm = uses("ecs_service", **SERVICE, ecs_service_architecture="ARM64")
    assert (arm["fargate.arm-vcpu"].quantity, arm["fargate.arm-gb"].quantity) == (730, 1460)
    assert "fargate.x86-vcpu" in uses("ecs_service", **SERVICE, ecs_service_architecture="X86_64")


def test_a_scaling_service_has_its_least_tasks_unless_their_average_is_given() -> None:
    scaled = {**SERVICE, "ecs_service_autoscaling": {"min": 3, "max": 9}}
    assert uses("ecs_service", **scaled)["fargate.x86-vcpu"].quantity == 3 * 0.5 * 730
    assert uses("ecs_service", **scaled, cost_tasks="4")["fargate.x86-vcpu"].quantity == 4 * 0.5 * 730


def test_limits_of_autoscaling_that_is_off_cost_nothing() -> None:
    off = {"enabled": False, "min": 3, "max": 9}
    found = uses("ecs_service", **{**SERVICE, "ecs_service_desired_count": 2}, ecs_service_autoscaling=off)
    assert found["fargate.x86-vcpu"].quantity == 2 * 0.5 * 730


def test_spot_is_cheaper_by_the_discount() -> None:
    it = component("ecs_service", **SERVICE, ecs_service_spot_percentage=75, cost_spot_discount_percent=60)
    found = [use for use in kinds.uses(it, kinds.Environment({"it": it})) if use.price == "fargate.x86-vcpu"]
    assert [(use.quantity, use.share) for use in found] == [(182.5, 1.0), (547.5, pytest.approx(0.4))]


def test_storage_and_addresses_of_tasks() -> None:
    found = uses("ecs_service", **SERVICE, ecs_service_ephemeral_storage_gib=50, ecs_service_assign_public_ip=True)
    assert (found["fargate.storage-gb"].quantity, found["ipv4.hours"].quantity) == (2 * 30 * 730, 2 * 730)


def test_nat_gateways() -> None:
    three = {"vpc_mode": "create", "vpc_availability_zones": ["a", "b", "c"]}
    assert uses("vpc", vpc_mode="create", vpc_nat="none") == {}
    assert uses("vpc", vpc_mode="default", vpc_nat="single") == {}
    assert uses("vpc", **three, vpc_nat="single")["nat.hours"].quantity == 730
    per_zone = uses("vpc", **three, vpc_nat="per_zone")
    assert (per_zone["nat.hours"].quantity, per_zone["ipv4.hours"].quantity) == (2190, 2190)


def test_endpoints_cost_by_service_and_zone() -> None:
    network = component("vpc", "network", "eu-west-1", vpc_mode="default")
    options = {
        "vpc_endpoint_services": ["logs", "sqs"],
        "vpc_endpoint_vpc": "network",
        "vpc_endpoint_subnet_ids": UNKNOWN,
    }
    assert uses("vpc_endpoint", network, **options)["endpoint.hours"].quantity == 2 * 3 * 730
    given = {**options, "vpc_endpoint_subnet_ids": ["subnet-1"]}
    assert uses("vpc_endpoint", network, **given)["endpoint.hours"].quantity == 2 * 730


def test_a_load_balancers_traffic_is_charged_at_the_distribution_in_front_of_it() -> None:
    assert {"ipv4.hours", "transfer.out"} <= uses("alb", alb_scheme="internet-facing").keys()
    assert uses("alb", alb_scheme="internal").keys() == {"alb.hours", "alb.lcu"}
    assert "transfer.out" not in uses("alb", component("cdn", "cdn"), alb_scheme="internet-facing")


DATABASE = {
    "rds_engine": "postgres",
    "rds_instance_class": "db.t4g.micro",
    "rds_storage_type": "gp3",
    "rds_allocated_storage": 20,
}


def test_a_database_and_its_replicas() -> None:
    single = uses("rds", **DATABASE)
    assert (single["rds.postgres.db.t4g.micro"].quantity, single["rds.storage.gp3"].quantity) == (730, 20)
    double = uses("rds", **DATABASE, rds_multi_az="true")
    assert (double["rds.postgres.db.t4g.micro"].quantity, double["rds.storage.gp3"].quantity) == (1460, 40)
    replica = uses("rds", **DATABASE, rds_replicas=[{"instance_class": "db.t4g.small"}])
    assert (replica["rds.postgres.db.t4g.small"].quantity, replica["rds.storage.gp3"].quantity) == (730, 40)


def test_aurora_serverless_costs_while_it_runs() -> None:
    aurora = {"rds_engine": "aurora-postgresql", "rds_instance_class": "db.serverless", "cost_log_gb": 0}
    assert uses("rds", **aurora, rds_min_capacity=0)["aurora.acu"].quantity == 0.5 * 200
    assert uses("rds", **aurora, rds_min_capacity=1)["aurora.acu"].quantity == 730
    busy = {"rds_min_capacity": 0, "cost_aurora_acu": 0.8, "cost_aurora_active_hours": 300, "rds_replicas": [{}]}
    assert uses("rds", **aurora, **busy)["aurora.acu"].quantity == pytest.approx(2 * 0.8 * 300)
    provisioned = {**aurora, "rds_instance_class": "db.t4g.medium"}
    assert uses("rds", **provisioned)["aurora.postgres.db.t4g.medium"].quantity == 730


def test_only_what_is_above_the_baseline_of_gp3_costs() -> None:
    base = {**DATABASE, "rds_iops": 3000, "rds_storage_throughput": 125}
    assert not {"rds.storage.gp3-iops", "rds.storage.gp3-mibps"} & uses("rds", **base).keys()
    large = {**DATABASE, "rds_allocated_storage": 500, "rds_iops": 14000, "rds_storage_throughput": 600}
    found = uses("rds", **large)
    assert (found["rds.storage.gp3-iops"].quantity, found["rds.storage.gp3-mibps"].quantity) == (2000, 100)


def test_a_cache_costs_by_node_and_valkey_less() -> None:
    cache = {"elasticache_node_type": "cache.t4g.small", "elasticache_num_cache_clusters": 2}
    assert uses("elasticache", **cache)["elasticache.cache.t4g.small"][1:] == (1460, "elasticache.cache.t4g.small", 1.0)
    assert uses("elasticache", **cache, elasticache_engine="valkey")["elasticache.cache.t4g.small"].share == 0.8


def test_alarms_are_those_of_the_rules_and_ones_own() -> None:
    queue = component("sqs", "queue", sqs_name="queue")
    options = {"monitoring_targets": ["queue"], "monitoring_alarms": {"mine": {}}}
    (rules,) = [uses("monitoring", queue, **options)["cloudwatch.alarm"].quantity - 1]
    assert rules >= 1
    off = {**options, "monitoring_disabled_alarms": ["sqs.age"]}
    assert uses("monitoring", queue, **off)["cloudwatch.alarm"].quantity == rules


def test_a_firewall_costs_by_rule() -> None:
    rules = {"waf_managed_rule_groups": ["a", "b", "c"], "waf_rate_limit": 100, "waf_blocked_countries": ["XX", "YY"]}
    found = uses("waf", **rules, waf_rate_window_seconds=300, waf_logging=True)
    assert (found["waf.acl"].quantity, found["waf.rule"].quantity, "cloudwatch.logs" in found) == (1, 5, True)
    assert "waf.rule" not in uses("waf", waf_rate_limit=0)


def test_config_costs_by_item_and_evaluation() -> None:
    rules = [{"name": "a", "identifier": "A"}, {"name": "b", "identifier": "B"}]
    found = uses("config_recorder", config_recorder_rules=rules, cost_config_evaluations=50)
    assert {name: use.quantity for name, use in found.items()} == {"config.continuous": 500, "config.evaluation": 100}
    assert uses("config_recorder", config_recorder_frequency="DAILY").keys() == {"config.daily"}
    assert uses("config_recorder", config_recorder_recording=False) == {}


def test_guardduty_costs_by_what_it_looks_at() -> None:
    assert uses("guardduty").keys() == {"guardduty.events", "guardduty.logs"}
    assert uses("guardduty", guardduty_enabled=False) == {}
    services = [component("ecs_service", name, **SERVICE) for name in ("one", "two")]
    features = ["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"]
    found = uses("guardduty", *services, guardduty_features=features)
    assert len(found) == 5 and found["guardduty.task-vcpu"].quantity == 2 * 2 * 0.5
    given = uses("guardduty", *services, guardduty_features=features, cost_guardduty_task_vcpus=7)
    assert given["guardduty.task-vcpu"].quantity == 7


def test_a_key_costs_whatever_the_kind() -> None:
    assert "kms.key" in uses("monitoring", monitoring_targets=[], monitoring_kms_key_create=True)


# ---- the report -----------------------------------------------------------------------------


def made(**components: Component) -> report.Estimate:
    used, assumed, problems = report.quantities(components, list(components))
    estimate, missing = report.estimate(components, used, prices.Prices())
    assert problems + missing == []
    about = {"date": "today", "origin": "this test"}
    return {"stack": "shop/dev", "prices": about, "assumptions": assumed, **estimate}


def test_every_figure_shows_quantity_and_unit_price_and_adds_up() -> None:
    result = made(database=component("rds", **DATABASE, cost_log_gb=1), group=component("security_group"))
    for row in result["components"]:
        assert row["monthly"] == pytest.approx(sum(line["monthly"] for line in row["lines"]))
        for line in row["lines"]:
            assert line["monthly"] == pytest.approx(line["quantity"] * line["unit_price"], abs=0.005)
    assert result["total"] == pytest.approx(sum(row["monthly"] for row in result["components"]))
    text = report.as_text(result)
    assert "database   db.t4g.micro          730.00  hour" in text
    assert "No charge: group" in text and "Prices of today, this test" in text and "cost_backup_gb" in text
    assert json.loads(report.as_json(result)) == result


def test_a_difference_names_what_came_and_went() -> None:
    old = made(a=component("ecr"), gone=component("ecr", cost_ecr_gb=2))
    new = made(a=component("ecr", cost_ecr_gb=3), came=component("ecr"))
    found = report.difference(old, new)
    rows = {row["name"]: (row["before"], row["after"], row["change"]) for row in found["components"]}
    assert rows == {"a": (0.1, 0.3, 0.2), "came": (0.0, 0.1, 0.1), "gone": (0.2, 0.0, -0.2)}
    assert (found["before"], found["after"], found["change"]) == (0.3, 0.4, 0.1)
    text = report.as_text({**new, "difference": {"compared_with": "main", **found}})
    assert text.splitlines()[-1].split() == ["TOTAL", "0.30", "0.40", "+0.10"]
