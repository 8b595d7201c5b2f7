# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.module_utils.elasticache import parameter_family
from ansible_collections.slipway.fargate.plugins.modules import elasticache_replication_group as module

from tests.support.local_aws import Account
from tests.support.modules import Matrix, ModuleFailed, run_module

NAME = "shop-dev-redis"
GROUP = {
    "replication_group_id": NAME,
    "description": "Sessions",
    "node_type": "cache.t3.micro",
    "engine": "redis",
    "engine_version": "7.0",
    "at_rest_encryption_enabled": True,
    "transit_encryption_enabled": True,
    "apply_immediately": True,
}
SLOW = {"log_type": "slow-log", "destination": "/shop/slow"}
ENGINE = {
    "log_type": "engine-log",
    "destination": "engine",
    "destination_type": "kinesis-firehose",
    "log_format": "text",
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:operators"


def _group(account: Account) -> dict[str, Any]:
    return account.client("elasticache").describe_replication_groups(ReplicationGroupId=NAME)["ReplicationGroups"][0]


def _node(account: Account) -> dict[str, Any]:
    return account.client("elasticache").describe_cache_clusters(CacheClusterId=f"{NAME}-001")["CacheClusters"][0]


def _tags(account: Account) -> dict[str, str]:
    tags = account.client("elasticache").list_tags_for_resource(ResourceName=_group(account)["ARN"])["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _of_group(key: str) -> Callable[[Account], Any]:
    return lambda account: _group(account)[key]


def _surroundings(account: Account) -> dict[str, str]:
    """What the group refers to: security groups, a user group, parameter groups."""
    aws, ec2 = account.client("elasticache"), account.client("ec2")
    aws.create_user(
        UserId="shop-default", UserName="default", Engine="redis", AccessString="on ~* +@all", Passwords=["x" * 16]
    )
    aws.create_user_group(UserGroupId="shop-users", Engine="redis", UserIds=["shop-default"])
    for family in ("redis7", "valkey8"):
        aws.create_cache_parameter_group(
            CacheParameterGroupName=f"shop-{family}", CacheParameterGroupFamily=family, Description="x"
        )
    return {name: ec2.create_security_group(GroupName=name, Description=name)["GroupId"] for name in ("one", "two")}


def _matrix(security_groups: dict[str, str]) -> Matrix:
    ids = sorted(security_groups.values())
    return Matrix(
        module="elasticache_replication_group",
        key="replication_group",
        base={**GROUP, "security_group_ids": ids[:1]},
        updates={
            "description": "Sessions and cache",
            "node_type": "cache.t3.small",
            "engine_version": "7.1",
            "num_cache_clusters": 2,
            "automatic_failover_enabled": True,
            "multi_az_enabled": True,
            "+smaller": {"num_cache_clusters": 1, "automatic_failover_enabled": False, "multi_az_enabled": False},
            "+larger": {"num_cache_clusters": 3, "automatic_failover_enabled": True},
            "security_group_ids": ids,
            "parameter_group_name": "shop-redis7",
            "user_group_ids": ["shop-users"],
            "snapshot_retention_limit": 5,
            "snapshot_window": "03:00-05:00",
            "maintenance_window": "sun:06:00-sun:07:00",
            "log_delivery": [SLOW, ENGINE],
            "+one log": {"log_delivery": [ENGINE]},
            "auto_minor_version_upgrade": False,
            "notification_topic_arn": TOPIC,
            "+no topic": {"notification_topic_arn": ""},
            "tags": {"Environment": "dev"},
            "+no users": {"user_group_ids": []},
            "transit_encryption_mode": "preferred",
            "+valkey": {"engine": "valkey", "engine_version": "8.0", "parameter_group_name": "shop-valkey8"},
        },
        fixed={"kms_key_id", "subnet_group_name", "port", "snapshot_name", "final_snapshot_name"},
        absent={"replication_group_id": NAME},
        seen={
            "description": _of_group("Description"),
            "node_type": _of_group("CacheNodeType"),
            "engine_version": lambda account: _node(account)["EngineVersion"].removesuffix(".0"),
            "num_cache_clusters": lambda account: len(_group(account)["MemberClusters"]),
            "automatic_failover_enabled": lambda account: _group(account)["AutomaticFailover"] == "enabled",
            "multi_az_enabled": lambda account: _group(account)["MultiAZ"] == "enabled",
            "security_group_ids": lambda account: sorted(
                group["SecurityGroupId"] for group in _node(account)["SecurityGroups"]
            ),
            "parameter_group_name": lambda account: _node(account)["CacheParameterGroup"]["CacheParameterGroupName"],
            "user_group_ids": _of_group("UserGroupIds"),
            "snapshot_retention_limit": _of_group("SnapshotRetentionLimit"),
            "snapshot_window": _of_group("SnapshotWindow"),
            "maintenance_window": lambda account: _node(account)["PreferredMaintenanceWindow"],
            "auto_minor_version_upgrade": _of_group("AutoMinorVersionUpgrade"),
            "notification_topic_arn": lambda account: _node(account)["NotificationConfiguration"]["TopicArn"],
            "tags": _tags,
            "transit_encryption_mode": _of_group("TransitEncryptionMode"),
        },
    )


def test_matrix(account: Account) -> None:
    _matrix(_surroundings(account)).check(account)


def test_creation_sends_everything_at_once(account: Account) -> None:
    groups = _surroundings(account)
    subnets = account.client("ec2").describe_subnets()["Subnets"]
    account.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="shop", CacheSubnetGroupDescription="x", SubnetIds=[s["SubnetId"] for s in subnets]
    )
    key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    options = {
        **GROUP,
        "kms_key_id": key,
        "subnet_group_name": "shop",
        "port": 6380,
        "num_cache_clusters": 2,
        "security_group_ids": list(groups.values()),
        "user_group_ids": ["shop-users"],
        "log_delivery": [SLOW],
        "tags": {"Environment": "dev"},
    }
    since = account.position()
    made = run_module(account, "elasticache_replication_group", **options)["replication_group"]
    assert account.writes(since) == ["elasticache:CreateReplicationGroup"]
    assert (made["port"], made["status"], made["kms_key_id"]) == (6380, "available", key)
    assert made["endpoint"] == _group(account)["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert _group(account)["LogDeliveryConfigurations"] == [
        {
            "LogType": "slow-log",
            "DestinationType": "cloudwatch-logs",
            "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "/shop/slow"}},
            "LogFormat": "json",
            "Status": "active",
        }
    ]
    assert not run_module(account, "elasticache_replication_group", **options)["changed"]
    for option, value in {"port": 6379, "kms_key_id": "", "subnet_group_name": "x"}.items():
        with pytest.raises(ModuleFailed, match=f"{option} cannot be changed from .*: snapshot the group"):
            run_module(account, "elasticache_replication_group", **{**options, option: value})


def test_request_now_and_wait_later(account: Account) -> None:
    account.settings(provisioning_reads=3)
    made = run_module(account, "elasticache_replication_group", **GROUP, tags={"A": "b"}, wait=False)
    assert made["replication_group"]["status"] == "creating"
    assert made["replication_group"]["tags"] == {"A": "b"}
    awaited = run_module(account, "elasticache_replication_group", replication_group_id=NAME)
    assert not awaited["changed"]
    assert awaited["replication_group"]["status"] == "available"
    assert awaited["replication_group"]["endpoint"].startswith("master.shop-dev-redis.")


def test_a_change_of_what_is_still_being_created_waits_for_it(account: Account) -> None:
    account.settings(provisioning_reads=2)
    run_module(account, "elasticache_replication_group", **GROUP, wait=False)
    changed = {**GROUP, "node_type": "cache.t3.small", "num_cache_clusters": 2, "tags": {"A": "b"}}
    assert run_module(account, "elasticache_replication_group", **changed)["changed"]
    assert not run_module(account, "elasticache_replication_group", **changed)["changed"]
    assert (_group(account)["CacheNodeType"], len(_group(account)["MemberClusters"])) == ("cache.t3.small", 2)
    assert _tags(account) == {"A": "b"}


def test_tags_that_aws_does_not_tell_yet(account: Account) -> None:
    run_module(account, "elasticache_replication_group", **GROUP, tags={"A": "b"})
    busy = {"operation": "ListTagsForResource", "code": "InvalidReplicationGroupState", "message": "x", "status": 400}
    account.fault(service="elasticache", times=1, **busy)
    assert not run_module(account, "elasticache_replication_group", _check=True, **GROUP, tags={"A": "b"})["changed"]
    account.fault(service="elasticache", times=1, **busy)
    assert run_module(account, "elasticache_replication_group", **GROUP, tags={"A": "c"})["changed"]
    assert _tags(account) == {"A": "c"}


def test_what_is_being_deleted_is_gone_and_its_end_is_awaited(account: Account) -> None:
    account.settings(provisioning_reads=2)
    run_module(account, "elasticache_replication_group", **GROUP)
    gone = {"replication_group_id": NAME, "state": "absent"}
    assert run_module(account, "elasticache_replication_group", **gone, wait=False)["changed"]
    assert _group(account)["Status"] == "deleting"
    assert not run_module(account, "elasticache_replication_group", **gone)["changed"]
    assert account.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    run_module(account, "elasticache_replication_group", **GROUP)
    run_module(account, "elasticache_replication_group", **gone, wait=False)
    assert run_module(account, "elasticache_replication_group", **GROUP)["changed"]
    assert _group(account)["Status"] == "available"


def test_the_final_snapshot(account: Account) -> None:
    run_module(account, "elasticache_replication_group", **GROUP)
    options = {"replication_group_id": NAME, "final_snapshot_name": "shop-last", "state": "absent"}
    run_module(account, "elasticache_replication_group", **options)
    (snapshot,) = account.client("elasticache").describe_snapshots()["Snapshots"]
    assert snapshot["SnapshotName"] == "shop-last"
    run_module(account, "elasticache_replication_group", **GROUP, snapshot_name="shop-last")


def test_what_waits_for_the_maintenance_window_counts_as_made_unless_it_is_wanted_now(account: Account) -> None:
    run_module(account, "elasticache_replication_group", **GROUP)
    later = {**GROUP, "node_type": "cache.t3.small", "engine_version": "7.1", "apply_immediately": False}
    assert run_module(account, "elasticache_replication_group", **later)["changed"]
    assert _group(account)["CacheNodeType"] == "cache.t3.micro"
    assert not run_module(account, "elasticache_replication_group", **later)["changed"]
    now = {**later, "apply_immediately": True}
    assert run_module(account, "elasticache_replication_group", **now)["changed"]
    assert _group(account)["CacheNodeType"] == "cache.t3.small"


def test_encryption_of_what_is_there_goes_in_steps(account: Account) -> None:
    plain = {**GROUP, "transit_encryption_enabled": False}
    run_module(account, "elasticache_replication_group", **plain)
    first = "set transit_encryption_mode to preferred first"
    with pytest.raises(ModuleFailed, match=f"to enable transit encryption, {first}"):
        run_module(account, "elasticache_replication_group", **GROUP)
    for mode in ("preferred", "required"):
        run_module(account, "elasticache_replication_group", **GROUP, transit_encryption_mode=mode)
        assert _group(account)["TransitEncryptionMode"] == mode
    with pytest.raises(ModuleFailed, match=f"to disable transit encryption, {first}"):
        run_module(account, "elasticache_replication_group", **plain)
    run_module(account, "elasticache_replication_group", **GROUP, transit_encryption_mode="preferred")
    run_module(account, "elasticache_replication_group", **plain)
    assert _group(account)["TransitEncryptionEnabled"] is False
    assert not run_module(account, "elasticache_replication_group", **plain)["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"multi_az_enabled": True}, "multi_az_enabled needs automatic_failover_enabled"),
        ({"automatic_failover_enabled": True}, "automatic_failover_enabled needs num_cache_clusters of at least 2"),
        ({"num_cache_clusters": 7}, "num_cache_clusters is 7; allowed are 1 to 6"),
        ({"snapshot_retention_limit": 36}, "snapshot_retention_limit is 36; allowed are 0 to 35"),
        ({"transit_encryption_enabled": False, "user_group_ids": ["x"]}, "user_group_ids needs transit_encryption"),
        ({"transit_encryption_enabled": False, "transit_encryption_mode": "required"}, "mode needs transit_encryption"),
        ({"at_rest_encryption_enabled": False, "kms_key_id": "x"}, "kms_key_id needs at_rest_encryption_enabled"),
        ({"user_group_ids": ["x", "y"]}, "user_group_ids takes at most one group"),
        ({"log_delivery": [SLOW, SLOW]}, "log_delivery takes one entry for a log_type"),
        ({"security_group_ids": []}, "security_group_ids is empty; leave it out instead"),
        ({"node_type": None, "description": None}, "it is not there; to create it, set description, node_type"),
    ],
)
def test_what_is_refused_before_any_write(account: Account, options: dict[str, Any], message: str) -> None:
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=f"replication group {NAME}: .*{message}"):
            run_module(account, "elasticache_replication_group", _check=check, **{**GROUP, **options})
    assert account.writes() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine_version": "6.x"}, "engine_version cannot be lowered from 7.0.7"),
        ({"engine": "valkey", "engine_version": "8.0", "apply_immediately": False}, "with apply_immediately only"),
        ({"multi_az_enabled": True}, "multi_az_enabled needs automatic_failover_enabled"),
        ({"at_rest_encryption_enabled": False}, "at_rest_encryption_enabled cannot be changed from True to False"),
    ],
)
def test_changes_that_cannot_be_made(account: Account, options: dict[str, Any], message: str) -> None:
    run_module(account, "elasticache_replication_group", **GROUP)
    since = account.position()
    with pytest.raises(ModuleFailed, match=message):
        run_module(account, "elasticache_replication_group", **{**GROUP, **options})
    assert account.writes(since) == []


def test_valkey_does_not_become_redis_again(account: Account) -> None:
    run_module(account, "elasticache_replication_group", **{**GROUP, "engine": "valkey", "engine_version": "8.0"})
    with pytest.raises(ModuleFailed, match="engine cannot be changed from valkey to redis"):
        run_module(account, "elasticache_replication_group", **{**GROUP, "engine_version": "7.1"})


def test_a_wait_that_takes_too_long_says_what_was_seen(account: Account) -> None:
    account.settings(provisioning_reads=20)
    with pytest.raises(ModuleFailed, match="is available or gone: not after 1 s; last seen: status creating"):
        run_module(account, "elasticache_replication_group", **GROUP, wait_timeout=1)


def test_an_aws_error_names_the_call_and_the_resource(account: Account) -> None:
    fault = {"code": "InsufficientCacheClusterCapacity", "message": "no capacity", "status": 400}
    account.fault(service="elasticache", operation="CreateReplicationGroup", **fault)
    with pytest.raises(ModuleFailed, match=f"Could not create ElastiCache replication group {NAME}: .*no capacity"):
        run_module(account, "elasticache_replication_group", **GROUP)


@pytest.mark.parametrize(
    ("status", "delivery", "reason"),
    [
        ("available", "active", None),
        ("available", "error", "the delivery of the slow-log failed: no permission"),
        ("create-failed", "active", "its creation failed; its events in ElastiCache tell why"),
    ],
)
def test_when_waiting_on_makes_no_sense(status: str, delivery: str, reason: str | None) -> None:
    group = module.ReplicationGroup.__new__(module.ReplicationGroup)
    raw = {
        "Status": status,
        "LogDeliveryConfigurations": [{"LogType": "slow-log", "Status": delivery, "Message": "no permission"}],
    }
    group.state = "present"
    assert (group.failure(raw) or "").startswith(reason or "") and bool(group.failure(raw)) == bool(reason)
    assert group.is_settled(raw) is (reason is None)
    group.state = "absent"  # also what failed can be deleted
    assert group.failure(raw) is None and group.is_settled(raw)


@pytest.mark.parametrize(
    ("engine", "version", "expected"),
    [
        ("redis", "5.0.6", "redis5.0"),
        ("redis", "6.2", "redis6.x"),
        ("redis", "7.1", "redis7"),
        ("valkey", "8.0", "valkey8"),
    ],
)
def test_families(engine: str, version: str, expected: str) -> None:
    assert parameter_family(engine, version) == expected


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("7.1", "7.1.0", False),
        ("7.0", "7.1.0", True),
        ("6.x", "7.0.7", True),
        ("7", "7.1.0", False),
        ("7.10", "7.9", False),
    ],
)
def test_older(version: str, than: str, expected: bool) -> None:
    assert module.older(version, than) is expected
