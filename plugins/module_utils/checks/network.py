# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the network and of what stands in front."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import (
    Document,
    Item,
    Seen,
    item,
    listed,
    on,
)

ANYWHERE = ("0.0.0.0/0", "::/0")
# Ports that nobody on the internet has business with.
PRIVATE = {
    22: "SSH",
    1433: "SQL Server",
    2049: "NFS",
    3306: "MySQL",
    3389: "RDP",
    5432: "PostgreSQL",
    6379: "Redis",
    27017: "MongoDB",
}
RENEWAL = timedelta(days=30)


def vpc(seen: Seen) -> Iterator[Item]:
    client, of_vpc = seen.client("ec2"), [{"Name": "vpc-id", "Values": [seen.facts["id"]]}]
    found = client.describe_vpcs(VpcIds=[seen.facts["id"]])["Vpcs"][0]
    yield item("the VPC is there", found["State"] == "available", f"{seen.facts['id']} {found['State']}")
    zones = seen.facts["availability_zones"]
    yield item("its subnets lie in two zones or more", len(zones) >= 2, listed(zones))
    kind = str(seen.option("vpc_nat", "none"))
    wanted = kind != "none" and seen.option("vpc_mode") == "create"
    gateways = client.list("describe_nat_gateways", "NatGateways", Filters=of_vpc) if wanted else []
    there = [gateway["NatGatewayId"] for gateway in gateways if gateway["State"] == "available"]
    yield item("private subnets have a way out", there, f"NAT gateways {listed(there)}", wanted=wanted)
    logs = on(seen.option("vpc_flow_logs", False))
    filters = [{"Name": "resource-id", "Values": [seen.facts["id"]]}]
    active = client.describe_flow_logs(Filters=filters)["FlowLogs"] if logs else []
    yield item("flow logs are written", active, f"{len(active)} flow logs", wanted=logs)


def security_group(seen: Seen) -> Iterator[Item]:
    filters = [{"Name": "group-id", "Values": [seen.facts["id"]]}]
    group = seen.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]
    open_to_all = [rule for rule in group["IpPermissions"] if _anywhere(rule)]
    exposed = [text for rule in open_to_all for text in _private(rule)]
    said = f"open to anybody: {listed(exposed)}" if exposed else "none of them is open to anybody"
    yield item("databases and shells are closed to the internet", not exposed, said)


def _anywhere(rule: Document) -> bool:
    cidrs = [entry["CidrIp"] for entry in rule.get("IpRanges", [])]
    cidrs += [entry["CidrIpv6"] for entry in rule.get("Ipv6Ranges", [])]
    return any(cidr in ANYWHERE for cidr in cidrs)


def _private(rule: Document) -> Iterator[str]:
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] == "-1" or first is None or first == -1:
        yield "every port"
        return
    yield from (f"{port} ({name})" for port, name in PRIVATE.items() if first <= port <= last)


def vpc_endpoint(seen: Seen) -> Iterator[Item]:
    ids = list(seen.facts["ids"].values())
    found = seen.client("ec2").describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"] if ids else []
    waiting = [endpoint["ServiceName"] for endpoint in found if endpoint["State"].lower() != "available"]
    said = f"not available: {listed(waiting)}" if waiting else f"{len(found)} endpoints"
    yield item("the endpoints are available", not waiting, said, wanted=ids)


def alb(seen: Seen) -> Iterator[Item]:
    elb, arn = seen.client("elbv2"), seen.facts["arn"]
    found = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    yield item("the load balancer is active", found["State"]["Code"] == "active", found["State"]["Code"])
    zones = [zone["ZoneName"] for zone in found["AvailabilityZones"]]
    yield item("it is in two zones or more", len(zones) >= 2, listed(zones))
    listeners = elb.list("describe_listeners", "Listeners", LoadBalancerArn=arn)
    secure = [listener for listener in listeners if listener["Protocol"] == "HTTPS"]
    declared = [entry for entry in seen.option("alb_listeners", []) if isinstance(entry, dict)]
    wanted = secure or any(str(entry.get("protocol", "")).upper() == "HTTPS" for entry in declared)
    why = "no HTTPS listener is declared"
    ports = listed(listener["Port"] for listener in secure)
    yield item("it listens for HTTPS", secure, f"on port {ports}", wanted=wanted, unwanted=why)
    plain = [listener for listener in listeners if listener["Protocol"] == "HTTP"]
    open_ports = [listener["Port"] for listener in plain if not _redirects(listener)]
    said = f"port {listed(open_ports)} does not" if open_ports else f"port {listed(x['Port'] for x in plain)}"
    yield item("HTTP redirects to HTTPS", not open_ports, said, wanted=wanted and plain, unwanted=why)
    policies = {listener.get("SslPolicy", "") for listener in secure}
    modern = all("TLS13" in policy or "TLS-1-2" in policy for policy in policies)
    yield item("it takes TLS 1.2 or later only", modern, listed(policies), wanted=wanted, unwanted=why)
    yield from _certificates(seen, secure)
    yield from _targets(elb, seen.facts["target_groups"], seen.facts.get("blue_green") or {})


def _redirects(listener: Document) -> bool:
    actions = listener["DefaultActions"]
    return any(action.get("RedirectConfig", {}).get("Protocol") == "HTTPS" for action in actions)


def _certificates(seen: Seen, listeners: list[Document]) -> Iterator[Item]:
    arns = {entry["CertificateArn"] for listener in listeners for entry in listener.get("Certificates", [])}
    for arn in sorted(arns):
        if ":acm:" in arn:
            yield from issued(seen.client("acm"), arn)


def issued(acm: Any, arn: str) -> Iterator[Item]:
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    until = found.get("NotAfter")
    valid = found["Status"] == "ISSUED" and (until is None or until - datetime.now(UTC) > RENEWAL)
    said = f"{found['DomainName']} {found['Status']}" + (f", valid until {until:%Y-%m-%d}" if until else "")
    yield item("the certificate is issued and not about to expire", valid, said)


def _targets(elb: Any, groups: dict[str, str], pairs: dict[str, Any]) -> Iterator[Item]:
    """Of a pair, one is idle between deployments."""
    alternates = {pair["alternate"] for pair in pairs.values()}
    for name in sorted(groups.keys() - alternates):
        arns = [groups[name], *([groups[pairs[name]["alternate"]]] if name in pairs else [])]
        if not all(arn.startswith("arn:") for arn in arns):
            yield item(f"targets of {name} are healthy", False, "there is no such target group")
            continue
        described = [elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] for arn in arns]
        targets = [target for of_group in described for target in of_group]
        states = [target["TargetHealth"] for target in targets]
        ill = [f"{state['State']} ({state.get('Description') or state.get('Reason') or ''})" for state in states]
        ill = [text for text, state in zip(ill, states, strict=True) if state["State"] not in ("healthy", "draining")]
        healthy = sum(state["State"] == "healthy" for state in states)
        said = f"{healthy} healthy" + (f", {listed(ill)}" if ill else "")
        yield item(f"targets of {name} are healthy", healthy and not ill, said)


def certificate(seen: Seen) -> Iterator[Item]:
    yield from issued(seen.client("acm", seen.facts.get("region") or seen.region), seen.facts["arn"])


def dns(seen: Seen) -> Iterator[Item]:
    client, zone = seen.client("route53"), seen.facts["zone_id"]
    records = client.list("list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone)
    own = [record for record in records if record["Type"] not in ("NS", "SOA")]
    names = listed({f"{record['Name'].rstrip('.')} {record['Type']}" for record in own})
    domain = seen.facts.get("domain", "")
    wanted = seen.option("dns_records") or seen.option("dns_aliases")
    yield item(f"the records of {domain} are there", own, names, wanted=wanted, unwanted="none is declared")


def cdn(seen: Seen) -> Iterator[Item]:
    found = seen.client("cloudfront").get_distribution(Id=seen.facts["id"])["Distribution"]
    yield item("the distribution is deployed", found["Status"] == "Deployed", found["Status"])
    config = found["DistributionConfig"]
    yield item("it is enabled", config["Enabled"], f"Enabled is {config['Enabled']}")
    behaviours = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", {}).get("Items", [])]
    policies = {behaviour["ViewerProtocolPolicy"] for behaviour in behaviours}
    yield item("viewers must use HTTPS", "allow-all" not in policies, listed(policies))


def waf(seen: Seen) -> Iterator[Item]:
    arn = seen.facts["arn"]
    client = seen.client("wafv2", seen.facts.get("region") or seen.region)
    found = client.get_web_acl(ARN=arn)["WebACL"]
    rules = [rule["Name"] for rule in found["Rules"]]
    yield item("the firewall has rules", rules, listed(rules))
    counting = [rule["Name"] for rule in found["Rules"] if "Count" in rule.get("OverrideAction", {})]
    yield item("no rule group only counts", not counting, f"counting only: {listed(counting)}")
