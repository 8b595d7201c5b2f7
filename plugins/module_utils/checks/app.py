# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what runs and of what watches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.fargate.plugins.module_utils.checks._check import (
    NOT_APPLICABLE,
    Document,
    Item,
    Seen,
    item,
    listed,
    on,
)
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import record_of, rules_for_tests, shifts, told
from ansible_collections.slipway.fargate.plugins.module_utils.smoke import NONE, UNREACHABLE, smoke

AT_ONCE = 100  # names of alarms in one call


def ecs_cluster(seen: Seen) -> Iterator[Item]:
    found = seen.client("ecs").describe_clusters(clusters=[seen.name], include=["SETTINGS"])["clusters"][0]
    yield item("the cluster is active", found["status"] == "ACTIVE", found["status"])
    settings = {entry["name"]: entry["value"] for entry in found.get("settings", [])}
    value = settings.get("containerInsights", "disabled")
    wanted = seen.option("ecs_cluster_container_insights", "disabled") != "disabled"
    yield item("Container Insights are on", value != "disabled", value, wanted=wanted)


def ecs_service(seen: Seen) -> Iterator[Item]:
    ecs, cluster = seen.client("ecs"), seen.facts["cluster_name"]
    service = ecs.describe_services(cluster=cluster, services=[seen.name])["services"][0]
    running, desired = service["runningCount"], service["desiredCount"]
    yield item(
        "all its tasks run", running >= desired > 0, f"{running} of {desired} run {seen.facts['task_definition']}"
    )
    states = {deployment.get("rolloutState", "COMPLETED") for deployment in service["deployments"]}
    if shifts(service):
        record = record_of(ecs, cluster, seen.name, None)
        states = {told(record) if record else "COMPLETED"}
    yield item("its deployment is complete", states == {"COMPLETED"}, listed(states))
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    yield from _roles(seen, definition)
    yield _scaling(seen, f"service/{cluster}/{seen.name}")
    yield _log_group(seen)
    answer = _smoke(seen, service)
    text = "its health endpoint answers"
    if answer["result"] in (NONE, UNREACHABLE):
        reason = answer["evidence"] if answer["result"] == NONE else f"not reachable from here: {answer['evidence']}"
        yield Item(text, NOT_APPLICABLE, reason)
    else:
        yield item(text, answer["result"] == "passed", answer["evidence"])


def _roles(seen: Seen, definition: Document) -> Iterator[Item]:
    iam = seen.client("iam")
    for key, what in (("executionRoleArn", "execution role"), ("taskRoleArn", "task role")):
        name = definition.get(key, "").rpartition("/")[2]
        yield item(f"its {what} is there", name and _role(iam, name), name, wanted=name, unwanted="it has none")


def _role(iam: Any, name: str) -> bool:
    try:
        iam.get_role(RoleName=name)
    except is_boto3_error_code("NoSuchEntity"):
        return False
    return True


def _scaling(seen: Seen, resource: str) -> Item:
    wanted = seen.option("ecs_service_autoscaling", "")
    if not on(wanted) or not on(wanted.get("enabled", True)):
        return item("it scales", False, "", wanted=False)
    client = seen.client("application-autoscaling")
    targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    bounds = f"{targets[0]['MinCapacity']} to {targets[0]['MaxCapacity']} tasks" if targets else "not registered"
    return item("it scales", targets and policies, f"{bounds}, {len(policies)} policies")


def _log_group(seen: Seen) -> Item:
    name = seen.facts["log_group"]
    groups = seen.client("logs").list("describe_log_groups", "logGroups", logGroupNamePrefix=name)
    found = next((group for group in groups if group["logGroupName"] == name), None)
    days = (found or {}).get("retentionInDays")
    said = f"{name}: {days} days" if days else f"{name}: " + ("for ever" if found else "there is none")
    return item("its logs are kept for a limited time", days, said)


def _smoke(seen: Seen, service: Document) -> Document:
    arns = [entry["targetGroupArn"] for entry in service.get("loadBalancers", []) if entry.get("targetGroupArn")]
    url, timeout = str(seen.option("smoke_url", "")), float(seen.option("smoke_timeout", 10))
    return smoke(seen.client("elbv2"), arns, url, timeout, rules_for_tests(service))


def iam_role(seen: Seen) -> Iterator[Item]:
    iam = seen.client("iam")
    attached = iam.list("list_attached_role_policies", "AttachedPolicies", RoleName=seen.name)
    inline = iam.list("list_role_policies", "PolicyNames", RoleName=seen.name)
    names = [policy["PolicyName"] for policy in attached] + inline
    yield item("the role is there", _role(iam, seen.name), f"policies {listed(names)}")
    broad = [name for name in names if name in ("AdministratorAccess", "PowerUserAccess")]
    yield item("it is not an administrator", not broad, listed(broad or names))


def monitoring(seen: Seen) -> Iterator[Item]:
    client = seen.client("cloudwatch")
    alarms = list(_alarms(seen, client).values())
    yield item("alarms are configured", alarms, f"{len(alarms)} alarms")
    mute = [alarm["AlarmName"] for alarm in alarms if not (alarm["AlarmActions"] and alarm["ActionsEnabled"])]
    said = f"these tell nobody: {listed(mute)}" if mute else "all of them have actions"
    yield item("alarms tell somebody", not mute, said, wanted=alarms, unwanted="there is none")
    raised = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    said = f"raised: {listed(raised)}" if raised else "none is raised"
    yield item("no alarm is raised", not raised, said, wanted=alarms, unwanted="there is none")
    yield from _subscriptions(seen)
    wanted = seen.option("monitoring_dashboards") or {}
    there = [entry["DashboardName"] for entry in client.list("list_dashboards", "DashboardEntries")] if wanted else []
    declared = [(dashboard or {}).get("name") or f"{seen.name}-{name}" for name, dashboard in dict(wanted).items()]
    missing = sorted(set(declared) - set(there))
    said = f"missing: {listed(missing)}" if missing else listed(declared)
    yield item("dashboards are there", not missing, said, wanted=wanted, unwanted="none is declared")


def _alarms(seen: Seen, client: Any) -> dict[str, Document]:
    """The component's alarms by name, and those of other names that tell its topics."""
    names, found = seen.facts.get("alarm_names") or [], []
    for start in range(0, len(names), AT_ONCE):
        found += client.list("describe_alarms", "MetricAlarms", AlarmNames=names[start : start + AT_ONCE])
    for topic in (seen.facts.get("topic_arns") or {}).values():
        found += client.list("describe_alarms", "MetricAlarms", ActionPrefix=topic)
    return {alarm["AlarmName"]: alarm for alarm in found}


def _subscriptions(seen: Seen) -> Iterator[Item]:
    sns, declared = seen.client("sns"), seen.option("monitoring_topics") or {}
    for severity, arn in sorted((seen.facts.get("topic_arns") or {}).items()):
        found = sns.list("list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        pending = [entry["Endpoint"] for entry in found if entry["SubscriptionArn"] == "PendingConfirmation"]
        wanted = found or (declared.get(severity) or {}).get("subscriptions")
        said = f"not confirmed: {listed(pending)}" if pending else f"{len(found)} subscriptions"
        text = f"subscriptions to {severity} are confirmed"
        yield item(text, found and not pending, said, wanted=wanted, unwanted="the inventory declares no subscription")


def budget(seen: Seen) -> Iterator[Item]:
    client, account = seen.client("budgets"), seen.client("sts").get_caller_identity()["Account"]
    found = client.describe_notifications_for_budget(AccountId=account, BudgetName=seen.name).get("Notifications", [])
    shown = listed(f"{entry['NotificationType']} {entry['Threshold']:g} %" for entry in found)
    yield item("the budget tells when it is exceeded", found, shown)


def cognito(seen: Seen) -> Iterator[Item]:
    client = seen.client("cognito-idp")
    found = client.describe_user_pool(UserPoolId=seen.facts["id"])["UserPool"]
    yield item("the user pool is there", found, found["Name"])
    clients = client.list("list_user_pool_clients", "UserPoolClients", UserPoolId=seen.facts["id"])
    yield item("it has an app client", clients, listed(entry["ClientName"] for entry in clients))


def ses(seen: Seen) -> Iterator[Item]:
    """https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html: a verified domain's addresses send too."""
    client, verified_domains = seen.client("sesv2"), set[str]()
    for name in [seen.facts["domain"], *sorted(seen.facts.get("sender_arns") or {})]:
        found = client.get_email_identity(EmailIdentity=name)
        verified, domain = found.get("VerifiedForSendingStatus", False), name.rpartition("@")[2]
        if verified:
            verified_domains.add(name)
        through = "" if verified or domain not in verified_domains else f", its domain {domain} is verified"
        yield item(f"{name} is verified", verified or through, f"VerifiedForSendingStatus is {verified}{through}")
        if found.get("IdentityType") == "DOMAIN":
            dkim = found.get("DkimAttributes", {}).get("Status", "NOT_STARTED")
            yield item(f"DKIM of {name} is verified", dkim == "SUCCESS", f"status {dkim}")
    sending = client.get_account()
    sandbox = not sending.get("ProductionAccessEnabled", False)
    yield item("e-mail can be sent to anybody", not sandbox, "the account is in the SES sandbox" if sandbox else "yes")


def github(seen: Seen) -> Iterator[Item]:
    name, repository = seen.facts["role_arn"].rpartition("/")[2], seen.facts["repository"]
    try:
        trust = seen.client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except is_boto3_error_code("NoSuchEntity"):
        yield item("workflows have a role", False, f"there is no role {name}")
        return
    yield item("workflows have a role", True, name)
    subjects = [subject for statement in trust["Statement"] for subject in _subjects(statement)]
    own = subjects and all(subject.startswith(f"repo:{repository}:") for subject in subjects)
    yield item("only the repository's workflows can assume it", own, listed(subjects))


def _subjects(statement: Document) -> Iterator[str]:
    """Whose tokens a statement takes; an empty one when it does not say."""
    found = [
        value
        for conditions in statement.get("Condition", {}).values()
        for key, value in conditions.items()
        if key.endswith(":sub")
    ]
    for value in found or [""]:
        yield from [value] if isinstance(value, str) else value


def trail(seen: Seen) -> Iterator[Item]:
    client = seen.client("cloudtrail")
    arn = seen.facts.get("arn") or seen.name
    logging = client.get_trail_status(Name=arn).get("IsLogging", False)
    yield item("the trail records", logging, f"IsLogging is {logging}", wanted=on(seen.option("trail_logging", True)))
    found = client.get_trail(Name=arn)["Trail"]
    valid = found.get("LogFileValidationEnabled", False)
    wanted = on(seen.option("trail_file_validation", True))
    yield item("its records cannot be altered unseen", valid, f"LogFileValidationEnabled is {valid}", wanted=wanted)


def config_recorder(seen: Seen) -> Iterator[Item]:
    asked = {"ConfigurationRecorderNames": [seen.name]}
    (status,) = seen.client("config").describe_configuration_recorder_status(**asked)["ConfigurationRecordersStatus"]
    wanted = on(seen.option("config_recorder_recording", True))
    yield item("the recorder records", status["recording"], f"recording is {status['recording']}", wanted=wanted)
    last = status.get("lastStatus", "none")
    evidence = f"lastStatus is {last}{': ' + status['lastErrorMessage'] if status.get('lastErrorMessage') else ''}"
    yield item("what it recorded last was delivered", last != "Failure", evidence, wanted=wanted)


def guardduty(seen: Seen) -> Iterator[Item]:
    found = seen.client("guardduty").get_detector(DetectorId=seen.facts["id"])
    status = found["Status"]
    wanted = on(seen.option("guardduty_enabled", True))
    yield item("the detector watches", status == "ENABLED", f"Status is {status}", wanted=wanted)
    every = [entry for feature in found["Features"] for entry in (feature, *feature.get("AdditionalConfiguration", []))]
    enabled = {entry["Name"] for entry in every if entry["Status"] == "ENABLED"}
    missing = sorted(set(seen.option("guardduty_features", []) or []) - enabled)
    yield item(
        "its features are on", not missing, f"off are {', '.join(missing)}" if missing else "all that are wanted"
    )
