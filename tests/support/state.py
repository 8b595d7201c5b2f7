# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is in an account, resource by resource, in a form that two accounts can be compared in.

Identifiers that AWS assigns are replaced by the name of what they identify, times are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.support.local_aws import Account

Item = dict[str, Any]
State = dict[str, dict[str, Any]]

# Keys whose values differ from account to account although nothing that anybody declared does.
PASSING = re.compile(
    r"(time|date|timestamp|createdat|updatedat|registeredat|startedat|stoppedat|statechangedat|etag|requestid|"
    r"responsemetadata|versionidstostages|events|revisionid|resourceid|owner(id)?|registeredby|lastchangeddate|"
    r"statereason|statereasondata|metricdatapoints|canonicalhostedzoneid|roleid|policyid|instanceprofileid|"
    r"creatorrequestid|hostedzoneid|networkinterfaceids|dnsentries|networkinterfaces|hostid)$",
    re.IGNORECASE,
)
RANDOM = (
    (re.compile(r"\bapp/([\w-]+)/[0-9a-f]{16}\b"), r"app/\1"),
    (re.compile(r"\bdb-[0-9A-Z]{26}\b"), "db-N"),
    (re.compile(r"\.[0-9a-z]{6}(\.\w+\.cache\.)"), r".N\1"),
    (re.compile(r"ecs-svc/\d+"), "ecs-svc/N"),
    (re.compile(r"\b20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"), "TIME"),
    (re.compile(r"(loadbalancer|targetgroup|listener|listener-rule)/((?:app/)?[\w-]+)(/[0-9a-f]+)+"), r"\1/\2"),
    (re.compile(r"(secret:[\w/-]+)-\w{6}\b"), r"\1"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b(rtbassoc|aclassoc|eipassoc|eni)-[0-9a-f]{8,17}\b"), r"\1-N"),
    (re.compile(r"(-|\.)\d+(\.[a-z0-9-]+\.elb)"), r"\1N\2"),
)


def state(account: Account) -> State:
    """What is there, beyond what every account has from the start."""
    found = {name: dict(lister(account)) for name, lister in LISTERS.items()}
    names = identifiers(account)
    return {
        kind: {scrub(n, names, account): scrub(i, names, account) for n, i in items.items()}
        for kind, items in found.items()
    }


def identifiers(account: Account) -> dict[str, str]:
    """What AWS assigned -> what it identifies."""
    ec2, names = account.client("ec2"), {}
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        names[vpc["VpcId"]] = "vpc:default" if vpc["IsDefault"] else f"vpc:{_tag(vpc)}"
    for subnet in ec2.describe_subnets()["Subnets"]:
        names[subnet["SubnetId"]] = f"subnet:{subnet['AvailabilityZone']}:{subnet['CidrBlock']}"
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        names[group["GroupId"]] = f"group:{group['GroupName']}"
    for table in ec2.describe_route_tables()["RouteTables"]:
        names[table["RouteTableId"]] = f"routes:{names.get(table['VpcId'])}:{_tag(table)}"
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        names[gateway["InternetGatewayId"]] = f"internet:{_tag(gateway)}"
    for gateway in ec2.describe_nat_gateways()["NatGateways"]:
        names[gateway["NatGatewayId"]] = f"nat:{_tag(gateway)}"
    for acl in ec2.describe_network_acls()["NetworkAcls"]:
        names[acl["NetworkAclId"]] = f"acl:{names.get(acl['VpcId'])}:{_tag(acl)}"
    for address in ec2.describe_addresses()["Addresses"]:
        names[address["AllocationId"]] = names[address["PublicIp"]] = f"address:{_tag(address)}"
    for flow_log in ec2.describe_flow_logs()["FlowLogs"]:
        names[flow_log["FlowLogId"]] = f"flows:{_tag(flow_log)}"
    for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        names[endpoint["VpcEndpointId"]] = f"endpoint:{endpoint['ServiceName']}"
    for user in account.client("servicediscovery").list_namespaces()["Namespaces"]:
        names[user["Id"]] = f"namespace:{user['Name']}"
    for service in account.client("servicediscovery").list_services()["Services"]:
        names[service["Id"]] = f"discovery:{service['Name']}"
    return names


def scrub(value: Any, names: dict[str, str], account: Account) -> Any:
    if isinstance(value, dict):
        return {key: scrub(item, names, account) for key, item in value.items() if not PASSING.search(key)}
    if isinstance(value, list):
        return sorted((scrub(item, names, account) for item in value), key=lambda item: json.dumps(item, default=str))
    if not isinstance(value, str):
        return value
    for identifier, name in names.items():
        value = value.replace(identifier, name)
    value = value.replace(account.id, "ACCOUNT").replace(account.url, "URL")
    for pattern, replacement in RANDOM:
        value = pattern.sub(replacement, value)
    return value


def _tag(item: Item, key: str = "Name") -> str:
    return next((tag["Value"] for tag in item.get("Tags", []) if tag["Key"] == key), "")


def pages(client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
    if client.can_paginate(operation):
        return client.get_paginator(operation).paginate(**parameters).build_full_result().get(key, [])
    return getattr(client, operation)(**parameters).get(key, [])


def plain(service: str, operation: str, key: str, name: str, keep: Callable[[Item], bool] = lambda item: True) -> Any:
    """Lists what one operation describes whole."""

    def lister(account: Account) -> Iterator[tuple[str, Item]]:
        for item in pages(account.client(service), operation, key):
            if keep(item):
                yield item[name], item

    return lister


def not_default(name: str) -> Callable[[Item], bool]:
    return lambda item: not item[name].startswith("default")


def vpcs(account: Account) -> Iterator[tuple[str, Item]]:
    ec2 = account.client("ec2")
    default = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}
    for operation, key, name in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ):
        for item in getattr(ec2, operation)()[key]:
            if item["VpcId"] not in default:
                yield item[name], item
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        if not {attachment["VpcId"] for attachment in gateway["Attachments"]} & default:
            yield gateway["InternetGatewayId"], gateway
    for gateway in ec2.describe_nat_gateways()["NatGateways"]:
        if gateway["State"] != "deleted":
            yield gateway["NatGatewayId"], gateway
    for flow_log in ec2.describe_flow_logs()["FlowLogs"]:
        yield flow_log["FlowLogId"], flow_log
    for address in ec2.describe_addresses()["Addresses"]:
        yield address["AllocationId"], address


def endpoints(account: Account) -> Iterator[tuple[str, Item]]:
    for item in account.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]:
        if item["State"] not in ("deleted", "deleting"):
            yield item["VpcEndpointId"], {**item, "PolicyDocument": json.loads(item["PolicyDocument"])}


BUCKET_PARTS = (
    *("bucket_encryption", "public_access_block", "bucket_versioning", "bucket_cors", "bucket_tagging"),
    *("bucket_ownership_controls", "bucket_lifecycle_configuration", "bucket_policy", "bucket_location"),
    "bucket_notification_configuration",
)


def buckets(account: Account) -> Iterator[tuple[str, Item]]:
    s3 = account.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        yield bucket["Name"], {part: _part(s3, part, bucket["Name"]) for part in BUCKET_PARTS}


def _part(s3: Any, part: str, bucket: str) -> Any:
    try:
        answer = getattr(s3, f"get_{part}")(Bucket=bucket)
    except ClientError as error:
        return error.response["Error"]["Code"]
    for configuration in answer.get("QueueConfigurations", []):
        del configuration["Id"]  # S3 makes one up
    return json.loads(answer["Policy"]) if part == "bucket_policy" else answer


def queues(account: Account) -> Iterator[tuple[str, Item]]:
    sqs = account.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        parsed = {k: json.loads(v) if k in ("Policy", "RedrivePolicy") and v else v for k, v in attributes.items()}
        yield url.rsplit("/")[-1], {"attributes": parsed, "tags": sqs.list_queue_tags(QueueUrl=url).get("Tags", {})}


def topics(account: Account) -> Iterator[tuple[str, Item]]:
    sns = account.client("sns")
    for topic in sns.list_topics()["Topics"]:
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        attributes["Policy"] = json.loads(attributes["Policy"])
        yield topic["TopicArn"], attributes


def secrets(account: Account) -> Iterator[tuple[str, Item]]:
    manager = account.client("secretsmanager")
    for secret in pages(manager, "list_secrets", "SecretList", IncludePlannedDeletion=True):
        described = manager.describe_secret(SecretId=secret["ARN"])
        versions = [stages for stages in described.get("VersionIdsToStages", {}).values() if stages]
        policy = manager.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy", "{}")
        yield secret["Name"], {**described, "current": len(versions), "policy": json.loads(policy)}


def roles(account: Account) -> Iterator[tuple[str, Item]]:
    iam = account.client("iam")
    for role in pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        if role["Path"].startswith("/aws-service-role/"):
            continue  # made by AWS with the first use of a service, shared by the whole account
        attached = [
            policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        ]
        inline = {
            policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        }
        yield name, {**role, "attached": attached, "inline": inline, "tags": iam.list_role_tags(RoleName=name)["Tags"]}


def policies(account: Account) -> Iterator[tuple[str, Item]]:
    iam = account.client("iam")
    for policy in pages(iam, "list_policies", "Policies", Scope="Local"):
        versions = iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
        document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield policy["PolicyName"], {"document": document["PolicyVersion"]["Document"], "versions": len(versions)}


def parameter_groups(service: str, operation: str, key: str, name: str, detail: str, option: str) -> Any:
    def lister(account: Account) -> Iterator[tuple[str, Item]]:
        client = account.client(service)
        for group in pages(client, operation, key):
            if not group[name].startswith("default"):
                values = pages(client, detail, "Parameters", **{option: group[name], "Source": "user"})
                yield group[name], {**group, "values": values}

    return lister


def log_groups(account: Account) -> Iterator[tuple[str, Item]]:
    logs = account.client("logs")
    for group in pages(logs, "describe_log_groups", "logGroups"):
        tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
        yield group["logGroupName"], {**group, "tags": tags}


def clusters(account: Account) -> Iterator[tuple[str, Item]]:
    ecs = account.client("ecs")
    arns = pages(ecs, "list_clusters", "clusterArns")
    include = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    for cluster in ecs.describe_clusters(clusters=arns, include=include)["clusters"] if arns else []:
        if cluster["status"] == "ACTIVE":
            yield cluster["clusterName"], cluster


def services(account: Account) -> Iterator[tuple[str, Item]]:
    ecs = account.client("ecs")
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        arns = pages(ecs, "list_services", "serviceArns", cluster=cluster)
        described = ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"] if arns else []
        for service in described:
            if service["status"] == "ACTIVE":
                deployments = [{k: v for k, v in d.items() if k != "id"} for d in service["deployments"]]
                yield service["serviceName"], {**service, "deployments": deployments}


def task_definitions(account: Account) -> Iterator[tuple[str, Item]]:
    ecs = account.client("ecs")
    for arn in pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        yield arn, ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])


def load_balancers(account: Account) -> Iterator[tuple[str, Item]]:
    elbv2 = account.client("elbv2")
    for balancer in pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        listeners = pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        rules = {
            str(item["Port"]): elbv2.describe_rules(ListenerArn=item["ListenerArn"])["Rules"] for item in listeners
        }
        attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        yield (
            balancer["LoadBalancerName"],
            {**balancer, "listeners": listeners, "rules": rules, "attributes": attributes},
        )


def target_groups(account: Account) -> Iterator[tuple[str, Item]]:
    elbv2 = account.client("elbv2")
    for group in pages(elbv2, "describe_target_groups", "TargetGroups"):
        attributes = elbv2.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        yield group["TargetGroupName"], {**group, "attributes": attributes}


def scaling(account: Account) -> Iterator[tuple[str, Item]]:
    client = account.client("application-autoscaling")
    for operation, key, name in (
        ("describe_scalable_targets", "ScalableTargets", "ResourceId"),
        ("describe_scaling_policies", "ScalingPolicies", "PolicyName"),
        ("describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"),
    ):
        for item in pages(client, operation, key, ServiceNamespace="ecs"):
            yield f"{key}/{item[name]}", item


def trails(account: Account) -> Iterator[tuple[str, Item]]:
    cloudtrail = account.client("cloudtrail")
    for trail in cloudtrail.describe_trails()["trailList"]:
        (tags,) = cloudtrail.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"]
        yield trail["Name"], {**trail, "tags": tags["TagsList"]}


def recorders(account: Account) -> Iterator[tuple[str, Item]]:
    config = account.client("config")
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        tags = config.list_tags_for_resource(ResourceArn=recorder["arn"])["Tags"]
        kept = {key: value for key, value in recorder.items() if key != "arn"}
        yield recorder["name"], {**kept, "recording": status["recording"], "tags": tags}


def config_rules(account: Account) -> Iterator[tuple[str, Item]]:
    config = account.client("config")
    for rule in pages(config, "describe_config_rules", "ConfigRules"):
        tags = config.list_tags_for_resource(ResourceArn=rule["ConfigRuleArn"])["Tags"]
        kept = {key: value for key, value in rule.items() if key not in ("ConfigRuleArn", "ConfigRuleId")}
        yield rule["ConfigRuleName"], {**kept, "tags": tags}


def detectors(account: Account) -> Iterator[tuple[str, Item]]:
    guardduty = account.client("guardduty")
    for identifier in pages(guardduty, "list_detectors", "DetectorIds"):
        found = guardduty.get_detector(DetectorId=identifier)
        yield found["Tags"].get("Name", "?"), found


def alarms(account: Account) -> Iterator[tuple[str, Item]]:
    answer = account.client("cloudwatch").describe_alarms()
    for alarm in (*answer["MetricAlarms"], *answer.get("CompositeAlarms", [])):
        yield alarm["AlarmName"], alarm


def budgets(account: Account) -> Iterator[tuple[str, Item]]:
    client = account.client("budgets")
    for budget in client.describe_budgets(AccountId=account.id)["Budgets"]:
        place = {"AccountId": account.id, "BudgetName": budget["BudgetName"]}
        told = [
            {**item, "to": client.describe_subscribers_for_notification(**place, Notification=item)["Subscribers"]}
            for item in client.describe_notifications_for_budget(**place)["Notifications"]
        ]
        yield budget["BudgetName"], {**budget, "told": told}


def hosted_zones(account: Account) -> Iterator[tuple[str, Item]]:
    """The public ones; Cloud Map makes the private ones."""
    client = account.client("route53")
    for zone in pages(client, "list_hosted_zones", "HostedZones"):
        if zone["Config"]["PrivateZone"]:
            continue
        records = pages(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
        zone_id = zone["Id"].rpartition("/")[2]
        tags = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)["ResourceTagSet"]["Tags"]
        yield zone["Name"], {"config": zone["Config"], "records": records, "tags": tags}


def repositories(account: Account) -> Iterator[tuple[str, Item]]:
    ecr = account.client("ecr")
    for item in pages(ecr, "describe_repositories", "repositories"):
        documents = {}
        for operation, text in (
            ("get_lifecycle_policy", "lifecyclePolicyText"),
            ("get_repository_policy", "policyText"),
        ):
            try:
                documents[operation] = json.loads(getattr(ecr, operation)(repositoryName=item["repositoryName"])[text])
            except ClientError as error:
                documents[operation] = error.response["Error"]["Code"]
        tags = ecr.list_tags_for_resource(resourceArn=item["repositoryArn"])["tags"]
        yield item["repositoryName"], {**item, **documents, "tags": tags}


def file_systems(account: Account) -> Iterator[tuple[str, Item]]:
    efs = account.client("efs")
    for item in pages(efs, "describe_file_systems", "FileSystems"):
        identity = {"FileSystemId": item["FileSystemId"]}
        try:
            policy = json.loads(efs.describe_file_system_policy(**identity)["Policy"])
        except ClientError as error:
            policy = error.response["Error"]["Code"]
        targets = pages(efs, "describe_mount_targets", "MountTargets", **identity)
        kept = ("SubnetId", "LifeCycleState", "VpcId")
        yield (
            item["FileSystemId"],
            {
                **{key: value for key, value in item.items() if key != "SizeInBytes"},
                "lifecycle": efs.describe_lifecycle_configuration(**identity)["LifecyclePolicies"],
                "backup": efs.describe_backup_policy(**identity)["BackupPolicy"],
                "policy": policy,
                "targets": [{key: target[key] for key in kept} for target in targets],
                "access points": efs.describe_access_points(**identity)["AccessPoints"],
            },
        )


def dashboards(account: Account) -> Iterator[tuple[str, Item]]:
    cloudwatch = account.client("cloudwatch")
    for entry in pages(cloudwatch, "list_dashboards", "DashboardEntries"):
        body = cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"]
        yield entry["DashboardName"], {"body": json.loads(body)}


def certificates(account: Account) -> Iterator[tuple[str, Item]]:
    for region in dict.fromkeys((account.region, "us-east-1")):
        client = account.client("acm", region)
        for summary in pages(client, "list_certificates", "CertificateSummaryList"):
            arn = summary["CertificateArn"]
            found = client.describe_certificate(CertificateArn=arn)["Certificate"]
            tags = client.list_tags_for_certificate(CertificateArn=arn)["Tags"]
            kept = ("DomainName", "SubjectAlternativeNames", "Status", "InUseBy", "Type")
            named = next((tag["Value"] for tag in tags if tag["Key"] == "Name"), arn)
            yield f"{region}:{named}", {**{key: found[key] for key in kept}, "tags": tags}


def user_pools(account: Account) -> Iterator[tuple[str, Item]]:
    cognito = account.client("cognito-idp")
    for listed in pages(cognito, "list_user_pools", "UserPools", MaxResults=60):
        place = {"UserPoolId": listed["Id"]}
        pool = cognito.describe_user_pool(**place)["UserPool"]
        clients = [
            cognito.describe_user_pool_client(**place, ClientId=client["ClientId"])["UserPoolClient"]
            for client in pages(cognito, "list_user_pool_clients", "UserPoolClients", **place, MaxResults=60)
        ]
        hidden = [
            {**client, "ClientId": "ID", "ClientSecret": "ClientSecret" in client, "UserPoolId": "POOL"}
            for client in clients
        ]
        groups = [{**group, "UserPoolId": "POOL"} for group in pages(cognito, "list_groups", "Groups", **place)]
        yield listed["Name"], {**pool, "Id": "POOL", "Arn": "ARN", "clients": hidden, "groups": groups}


def distributions(account: Account) -> Iterator[tuple[str, Item]]:
    client = account.client("cloudfront")
    for item in client.list_distributions()["DistributionList"].get("Items", []):
        found = client.get_distribution_config(Id=item["Id"])["DistributionConfig"]
        tags = client.list_tags_for_resource(Resource=item["ARN"])["Tags"]["Items"]
        yield item["Comment"], {"config": {**found, "CallerReference": ""}, "status": item["Status"], "tags": tags}
    for control in client.list_origin_access_controls()["OriginAccessControlList"].get("Items", []):
        yield f"access control {control['Name']}", control


def mails(account: Account) -> Iterator[tuple[str, Item]]:
    ses = account.client("sesv2")
    for identity in pages(ses, "list_email_identities", "EmailIdentities"):
        yield f"identity/{identity['IdentityName']}", ses.get_email_identity(EmailIdentity=identity["IdentityName"])
    for name in pages(ses, "list_configuration_sets", "ConfigurationSets"):
        events = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
        yield f"set/{name}", {**ses.get_configuration_set(ConfigurationSetName=name), "events": events}
    for template in pages(ses, "list_email_templates", "TemplatesMetadata"):
        name = template["TemplateName"]
        yield f"template/{name}", ses.get_email_template(TemplateName=name)["TemplateContent"]


def openid_providers(account: Account) -> Iterator[tuple[str, Item]]:
    iam = account.client("iam")
    for found in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        yield found["Arn"], iam.get_open_id_connect_provider(OpenIDConnectProviderArn=found["Arn"])


def web_acls(account: Account) -> Iterator[tuple[str, Item]]:
    for scope, region in (("REGIONAL", account.region), ("CLOUDFRONT", "us-east-1")):
        client = account.client("wafv2", region)
        for item in client.list_ip_sets(Scope=scope)["IPSets"]:
            found = client.get_ip_set(Name=item["Name"], Scope=scope, Id=item["Id"])["IPSet"]
            yield f"{scope} IP set {item['Name']}", found
        for item in client.list_web_acls(Scope=scope)["WebACLs"]:
            found = client.get_web_acl(Name=item["Name"], Scope=scope, Id=item["Id"])["WebACL"]
            tags = client.list_tags_for_resource(ResourceARN=item["ARN"])["TagInfoForResource"]["TagList"]
            logging = client.list_logging_configurations(Scope=scope)["LoggingConfigurations"]
            mine = [item for item in logging if item["ResourceArn"] == found["ARN"]]
            yield f"{scope} {item['Name']}", {**found, "tags": tags, "logging": mine}


LISTERS: dict[str, Callable[[Account], Iterable[tuple[str, Item]]]] = {
    "networks": vpcs,
    "security groups": plain(
        "ec2", "describe_security_groups", "SecurityGroups", "GroupName", not_default("GroupName")
    ),
    "endpoints": endpoints,
    "buckets": buckets,
    "repositories": repositories,
    "file systems": file_systems,
    "queues": queues,
    "topics": topics,
    "secrets": secrets,
    "roles": roles,
    "policies": policies,
    "instance profiles": plain("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "databases": plain("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "database clusters": plain("rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    "database cluster parameter groups": parameter_groups(
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups",
        "DBClusterParameterGroupName",
        "describe_db_cluster_parameters",
        "DBClusterParameterGroupName",
    ),
    "database subnet groups": plain("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    "database parameter groups": parameter_groups(
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups",
        "DBParameterGroupName",
        "describe_db_parameters",
        "DBParameterGroupName",
    ),
    "caches": plain("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    "cache users": plain("elasticache", "describe_users", "Users", "UserId", not_default("UserId")),
    "cache user groups": plain("elasticache", "describe_user_groups", "UserGroups", "UserGroupId"),
    "cache subnet groups": plain(
        "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"
    ),
    "cache parameter groups": parameter_groups(
        "elasticache",
        "describe_cache_parameter_groups",
        "CacheParameterGroups",
        "CacheParameterGroupName",
        "describe_cache_parameters",
        "CacheParameterGroupName",
    ),
    "log groups": log_groups,
    "clusters": clusters,
    "services": services,
    "task definitions": task_definitions,
    "load balancers": load_balancers,
    "target groups": target_groups,
    "scaling": scaling,
    "namespaces": plain("servicediscovery", "list_namespaces", "Namespaces", "Name"),
    "discovery services": plain("servicediscovery", "list_services", "Services", "Name"),
    "alarms": alarms,
    "trails": trails,
    "recorders": recorders,
    "delivery channels": plain("config", "describe_delivery_channels", "DeliveryChannels", "name"),
    "config rules": config_rules,
    "detectors": detectors,
    "dashboards": dashboards,
    "OpenID Connect providers": openid_providers,
    "metric filters": plain("logs", "describe_metric_filters", "metricFilters", "filterName"),
    "saved queries": plain("logs", "describe_query_definitions", "queryDefinitions", "name"),
    "hosted zones": hosted_zones,
    "certificates": certificates,
    "distributions": distributions,
    "web ACLs": web_acls,
    "budgets": budgets,
    "user pools": user_pools,
    "mails": mails,
}
