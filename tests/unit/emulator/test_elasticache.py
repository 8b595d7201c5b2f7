# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache as its API reference describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Aws

Refused = Callable[..., str]
PASSWORD = "a-password-of-more-than-16"


def make_users(aws: Aws, *names: str) -> None:
    cache = aws("elasticache")
    for name in names:
        cache.create_user(
            UserId=name,
            UserName=name.split("-", maxsplit=1)[0],
            Engine="redis",
            AccessString="on ~* +@all",
            Passwords=[PASSWORD],
        )


def make_group(aws: Aws, **more: Any) -> dict[str, Any]:
    arguments = {
        "ReplicationGroupId": "cache",
        "ReplicationGroupDescription": "a cache",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheClusters": 1,
    }
    created: dict[str, Any] = aws("elasticache").create_replication_group(**{**arguments, **more})["ReplicationGroup"]
    return created


def read_group(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws("elasticache").describe_replication_groups(ReplicationGroupId="cache")
    return dict(found["ReplicationGroups"][0])


def read_member(aws: Aws) -> dict[str, Any]:
    found = aws("elasticache").describe_cache_clusters(CacheClusterId="cache-001", ShowCacheNodeInfo=True)
    return dict(found["CacheClusters"][0])


# ---- users -------------------------------------------------------------------------------------------


def test_user_reads_back(aws: Aws) -> None:
    cache = aws("elasticache")
    cache.create_user(
        UserId="App-1",
        UserName="app",
        Engine="Redis",
        AccessString="on ~app:* -@all +get",
        AuthenticationMode={"Type": "password", "Passwords": [PASSWORD]},
        Tags=[{"Key": "a", "Value": "b"}],
    )
    user = cache.describe_users(UserId="app-1")["Users"][0]
    assert user["AccessString"] == "on ~app:* -@all +get"
    assert user["Authentication"] == {"Type": "password", "PasswordCount": 1}
    assert (user["Status"], user["Engine"], user["UserGroupIds"]) == ("active", "redis", [])
    assert cache.list_tags_for_resource(ResourceName=user["ARN"])["TagList"] == [{"Key": "a", "Value": "b"}]
    assert {u["UserId"] for u in cache.describe_users()["Users"]} == {"default", "app-1"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Passwords": ["short"]}, "InvalidParameterValue"),
        ({"Passwords": ["x" * 129]}, "InvalidParameterValue"),
        ({"Passwords": ["x" * 16, "y" * 16, "z" * 16]}, "InvalidParameterValue"),
        ({"Passwords": []}, "InvalidParameterValue"),
        ({"NoPasswordRequired": True}, "InvalidParameterCombination"),
        ({"AccessString": "on what"}, "InvalidParameterValue"),
        ({"AccessString": ""}, "InvalidParameterValue"),
        ({"Engine": "memcached"}, "InvalidParameterValue"),
        ({"UserId": "1x"}, "InvalidParameterValue"),
        ({"UserId": "default"}, "UserAlreadyExists"),
    ],
)
def test_wrong_users_are_refused(aws: Aws, refused: Refused, change: dict[str, Any], code: str) -> None:
    right = {
        "UserId": "u",
        "UserName": "u",
        "Engine": "redis",
        "AccessString": "on ~* +@all",
        "Passwords": [PASSWORD],
    }
    refused(code, aws("elasticache").create_user, **{**right, **change})


def test_modify_user(aws: Aws, refused: Refused) -> None:
    make_users(aws, "app")
    cache = aws("elasticache")
    cache.modify_user(UserId="app", AccessString="off -@all")
    cache.modify_user(UserId="app", AppendAccessString="+get")
    cache.modify_user(UserId="app", NoPasswordRequired=True)
    user = cache.describe_users(UserId="app")["Users"][0]
    assert (user["AccessString"], user["Authentication"]) == ("off -@all +get", {"Type": "no-password"})
    refused("InvalidParameterValue", cache.modify_user, UserId="app", Passwords=["short"])
    refused("UserNotFound", cache.modify_user, UserId="none", AccessString="on")
    refused("InvalidParameterValue", cache.modify_user, UserId="default", AccessString="on")


def test_delete_user(aws: Aws, refused: Refused) -> None:
    make_users(aws, "default-1", "app")
    cache = aws("elasticache")
    cache.create_user_group(UserGroupId="g", Engine="redis", UserIds=["default-1", "app"])
    refused("DefaultUserAssociatedToUserGroup", cache.delete_user, UserId="default-1")
    cache.delete_user(UserId="app")
    assert cache.describe_user_groups(UserGroupId="g")["UserGroups"][0]["UserIds"] == ["default-1"]
    refused("UserNotFound", cache.describe_users, UserId="app")
    refused("UserNotFound", cache.delete_user, UserId="app")
    cache.delete_user_group(UserGroupId="g")
    cache.delete_user(UserId="default-1")


def test_users_pass_through_their_states(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=2)
    make_users(aws, "app")
    cache = aws("elasticache")
    refused("InvalidUserState", cache.modify_user, UserId="app", AccessString="on")
    states = [cache.describe_users(UserId="app")["Users"][0]["Status"] for _ in range(3)]
    assert states == ["creating", "creating", "active"]
    assert cache.modify_user(UserId="app", AccessString="on")["Status"] == "modifying"
    for _ in range(3):
        cache.describe_users(UserId="app")
    cache.delete_user(UserId="app")
    assert cache.describe_users(UserId="app")["Users"][0]["Status"] == "deleting"
    assert cache.describe_users(UserId="app")["Users"][0]["Status"] == "deleting"
    refused("UserNotFound", cache.describe_users, UserId="app")


# ---- user groups -------------------------------------------------------------------------------------


def test_user_group_reads_back(aws: Aws) -> None:
    make_users(aws, "default-1", "app")
    cache = aws("elasticache")
    group = cache.create_user_group(
        UserGroupId="g", Engine="redis", UserIds=["default-1"], Tags=[{"Key": "a", "Value": "b"}]
    )
    cache.modify_user_group(UserGroupId="g", UserIdsToAdd=["app"])
    read = cache.describe_user_groups(UserGroupId="g")["UserGroups"][0]
    assert (read["UserIds"], read["Status"], read["ReplicationGroups"]) == (["default-1", "app"], "active", [])
    assert cache.describe_users(UserId="app")["Users"][0]["UserGroupIds"] == ["g"]
    assert cache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"] == [{"Key": "a", "Value": "b"}]
    cache.delete_user_group(UserGroupId="g")
    assert cache.describe_user_groups()["UserGroups"] == []


def test_wrong_user_groups_are_refused(aws: Aws, refused: Refused) -> None:
    make_users(aws, "default-1", "default-2", "app", "app-2")
    cache = aws("elasticache")
    create = cache.create_user_group
    refused("DefaultUserRequired", create, UserGroupId="g", Engine="redis", UserIds=["app"])
    refused("DefaultUserRequired", create, UserGroupId="g", Engine="redis", UserIds=[])
    refused("UserNotFound", create, UserGroupId="g", Engine="redis", UserIds=["default-1", "none"])
    refused("DuplicateUserName", create, UserGroupId="g", Engine="redis", UserIds=["default-1", "default-2"])
    refused("InvalidParameterValue", create, UserGroupId="g", Engine="other", UserIds=["default-1"])
    create(UserGroupId="g", Engine="redis", UserIds=["default-1", "app"])
    refused("UserGroupAlreadyExists", create, UserGroupId="g", Engine="redis", UserIds=["default-1"])
    modify = cache.modify_user_group
    refused("DefaultUserRequired", modify, UserGroupId="g", UserIdsToRemove=["default-1"])
    refused("DuplicateUserName", modify, UserGroupId="g", UserIdsToAdd=["app-2"])
    refused("InvalidParameterValue", modify, UserGroupId="g", UserIdsToRemove=["app-2"])
    refused("InvalidParameterCombination", modify, UserGroupId="g")
    refused("UserGroupNotFound", modify, UserGroupId="none", UserIdsToAdd=["app"])
    refused("UserGroupNotFound", cache.delete_user_group, UserGroupId="none")
    modify(UserGroupId="g", UserIdsToAdd=["default-2"], UserIdsToRemove=["default-1"])


def test_a_user_group_in_use_stays(aws: Aws, refused: Refused) -> None:
    make_users(aws, "default-1")
    cache = aws("elasticache")
    cache.create_user_group(UserGroupId="g", Engine="redis", UserIds=["default-1"])
    make_group(aws, TransitEncryptionEnabled=True, UserGroupIds=["g"])
    assert cache.describe_user_groups(UserGroupId="g")["UserGroups"][0]["ReplicationGroups"] == ["cache"]
    refused("InvalidUserGroupState", cache.delete_user_group, UserGroupId="g")
    cache.modify_replication_group(ReplicationGroupId="cache", UserGroupIdsToRemove=["g"], ApplyImmediately=True)
    cache.delete_user_group(UserGroupId="g")


# ---- parameter groups --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["redis6.x", "redis7", "valkey7", "valkey8"])
def test_parameter_group(aws: Aws, refused: Refused, family: str) -> None:
    cache = aws("elasticache")
    name = {"CacheParameterGroupName": "p"}
    cache.create_cache_parameter_group(**name, CacheParameterGroupFamily=family, Description="d")
    policy = {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
    assert cache.describe_cache_parameters(**name, Source="user")["Parameters"] == []
    cache.modify_cache_parameter_group(**name, ParameterNameValues=[policy])
    mine = cache.describe_cache_parameters(**name, Source="user")["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in mine] == [("maxmemory-policy", "allkeys-lru")]
    assert "allkeys-lru" in mine[0]["AllowedValues"]
    for wrong in (
        {"ParameterName": "maxmemory-policy", "ParameterValue": "some-lru"},
        {"ParameterName": "nothing", "ParameterValue": "1"},
        {"ParameterName": "timeout", "ParameterValue": "5"},
        {"ParameterName": "appendonly", "ParameterValue": "yes"},
    ):
        refused("InvalidParameterValue", cache.modify_cache_parameter_group, **name, ParameterNameValues=[wrong])
    cache.reset_cache_parameter_group(**name, ParameterNameValues=[policy])
    assert cache.describe_cache_parameters(**name, Source="user")["Parameters"] == []
    cache.delete_cache_parameter_group(**name)
    refused("CacheParameterGroupNotFound", cache.describe_cache_parameters, **name)
    refused("CacheParameterGroupNotFound", cache.describe_cache_parameter_groups, **name)


def test_wrong_parameter_groups_are_refused(aws: Aws, refused: Refused) -> None:
    cache = aws("elasticache")
    create = cache.create_cache_parameter_group
    right = {"CacheParameterGroupName": "p", "CacheParameterGroupFamily": "redis7", "Description": "d"}
    refused("InvalidParameterValue", create, **{**right, "CacheParameterGroupFamily": "redis8"})
    refused("InvalidParameterValue", create, **{**right, "CacheParameterGroupName": "p--"})
    create(**right)
    refused("CacheParameterGroupAlreadyExists", create, **right)
    refused("InvalidParameterValue", cache.delete_cache_parameter_group, CacheParameterGroupName="default.redis7")
    make_group(aws, CacheParameterGroupName="p")
    refused("InvalidCacheParameterGroupState", cache.delete_cache_parameter_group, CacheParameterGroupName="p")


# ---- subnet groups -----------------------------------------------------------------------------------


def test_subnet_group(aws: Aws, refused: Refused) -> None:
    cache = aws("elasticache")
    subnets = aws.subnets()
    name = {"CacheSubnetGroupName": "s"}
    cache.create_cache_subnet_group(**name, CacheSubnetGroupDescription="d", SubnetIds=subnets[:1])
    cache.modify_cache_subnet_group(**name, CacheSubnetGroupDescription="e", SubnetIds=subnets)
    read = cache.describe_cache_subnet_groups(**name)["CacheSubnetGroups"][0]
    assert sorted(subnet["SubnetIdentifier"] for subnet in read["Subnets"]) == subnets
    assert (read["CacheSubnetGroupDescription"], read["VpcId"]) == ("e", aws.vpc())
    refused("InvalidSubnet", cache.modify_cache_subnet_group, **name, SubnetIds=["subnet-0"])
    make_group(aws, CacheSubnetGroupName="s")
    refused("CacheSubnetGroupInUse", cache.delete_cache_subnet_group, **name)
    cache.delete_replication_group(ReplicationGroupId="cache")
    cache.delete_cache_subnet_group(**name)
    refused("CacheSubnetGroupNotFoundFault", cache.describe_cache_subnet_groups, **name)
    refused("CacheSubnetGroupNotFoundFault", cache.delete_cache_subnet_group, **name)


# ---- replication groups ------------------------------------------------------------------------------


def test_replication_group_reads_back(aws: Aws) -> None:
    make_users(aws, "default-1")
    cache = aws("elasticache")
    cache.create_user_group(UserGroupId="g", Engine="redis", UserIds=["default-1"])
    cache.create_cache_subnet_group(CacheSubnetGroupName="s", CacheSubnetGroupDescription="d", SubnetIds=aws.subnets())
    group = aws.security_group()
    slow_log = {
        "LogType": "slow-log",
        "DestinationType": "cloudwatch-logs",
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "/slow"}},
        "LogFormat": "json",
    }
    make_group(
        aws,
        CacheSubnetGroupName="s",
        SecurityGroupIds=[group],
        UserGroupIds=["g"],
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        SnapshotRetentionLimit=5,
        SnapshotWindow="03:00-05:00",
        PreferredMaintenanceWindow="sun:05:00-sun:07:00",
        LogDeliveryConfigurations=[slow_log],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    read = read_group(aws)
    assert read["Status"] == "available"
    assert read["UserGroupIds"] == ["g"]
    assert (read["TransitEncryptionEnabled"], read["AtRestEncryptionEnabled"]) == (True, True)
    assert (read["SnapshotRetentionLimit"], read["SnapshotWindow"]) == (5, "03:00-05:00")
    assert read["LogDeliveryConfigurations"] == [{**slow_log, "Status": "active"}]
    assert read["NodeGroups"][0]["PrimaryEndpoint"]["Address"].startswith("master.cache.")
    assert read["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6379
    assert read["MemberClusters"] == ["cache-001"]
    member = read_member(aws)
    assert member["PreferredMaintenanceWindow"] == "sun:05:00-sun:07:00"
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7"
    assert member["SecurityGroups"] == [{"SecurityGroupId": group, "Status": "active"}]
    assert (member["CacheSubnetGroupName"], member["EngineVersion"]) == ("s", "7.1.0")
    assert member["CacheNodes"][0]["Endpoint"]["Port"] == 6379
    assert cache.list_tags_for_resource(ResourceName=read["ARN"])["TagList"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"UserGroupIds": ["none"], "TransitEncryptionEnabled": True}, "UserGroupNotFound"),
        ({"UserGroupIds": ["g"]}, "InvalidParameterCombination"),
        ({"AuthToken": "x" * 32}, "InvalidParameterCombination"),
        ({"AuthToken": "short", "TransitEncryptionEnabled": True}, "InvalidParameterValue"),
        ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault"),
        ({"CacheParameterGroupName": "none"}, "CacheParameterGroupNotFound"),
        ({"CacheParameterGroupName": "default.redis6.x"}, "InvalidParameterCombination"),
        ({"SecurityGroupIds": ["sg-0"]}, "InvalidParameterValue"),
        ({"EngineVersion": "9.9"}, "InvalidParameterValue"),
        ({"CacheNodeType": "cache.x"}, "InvalidParameterValue"),
        ({"NumCacheClusters": 7}, "InvalidParameterValue"),
        ({"AutomaticFailoverEnabled": True}, "InvalidParameterValue"),
        ({"MultiAZEnabled": True, "NumCacheClusters": 2}, "InvalidParameterCombination"),
        (
            {"SnapshotWindow": "03:00-05:00", "PreferredMaintenanceWindow": "sun:04:00-sun:06:00"},
            "InvalidParameterCombination",
        ),
        ({"SnapshotWindow": "3-5"}, "InvalidParameterValue"),
        ({"ReplicationGroupId": "1-"}, "InvalidParameterValue"),
    ],
)
def test_wrong_replication_groups_are_refused(aws: Aws, refused: Refused, change: dict[str, Any], code: str) -> None:
    make_users(aws, "default-1")
    aws("elasticache").create_user_group(UserGroupId="g", Engine="redis", UserIds=["default-1"])
    refused(code, make_group, aws=aws, **change)
    assert aws("elasticache").describe_replication_groups()["ReplicationGroups"] == []


def test_replication_group_is_modified(aws: Aws, refused: Refused) -> None:
    cache = aws("elasticache")
    make_group(aws, NumCacheClusters=2)
    cache.create_cache_parameter_group(CacheParameterGroupName="p", CacheParameterGroupFamily="redis7", Description="d")
    group = aws.security_group()
    cache.modify_replication_group(
        ReplicationGroupId="cache",
        ApplyImmediately=True,
        ReplicationGroupDescription="other",
        CacheNodeType="cache.t3.small",
        CacheParameterGroupName="p",
        SecurityGroupIds=[group],
        SnapshotRetentionLimit=3,
        SnapshotWindow="01:00-02:00",
        PreferredMaintenanceWindow="mon:05:00-mon:06:00",
        AutoMinorVersionUpgrade=False,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
    )
    read, member = read_group(aws), read_member(aws)
    assert (read["Description"], read["CacheNodeType"]) == ("other", "cache.t3.small")
    assert (read["SnapshotRetentionLimit"], read["SnapshotWindow"]) == (3, "01:00-02:00")
    assert (read["AutomaticFailover"], read["MultiAZ"], read["AutoMinorVersionUpgrade"]) == (
        "enabled",
        "enabled",
        False,
    )
    assert member["PreferredMaintenanceWindow"] == "mon:05:00-mon:06:00"
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "p"
    assert member["SecurityGroups"][0]["SecurityGroupId"] == group
    modify = cache.modify_replication_group
    refused("ReplicationGroupNotFoundFault", modify, ReplicationGroupId="none")
    refused("InvalidParameterCombination", modify, ReplicationGroupId="cache", UserGroupIdsToAdd=["g"])
    refused("CacheParameterGroupNotFound", modify, ReplicationGroupId="cache", CacheParameterGroupName="none")


def test_notifications_are_switched_off_and_on(aws: Aws) -> None:
    make_group(aws, NotificationTopicArn="arn:aws:sns:eu-west-1:123456789012:operators")
    for status in ("inactive", "active"):
        aws("elasticache").modify_replication_group(ReplicationGroupId="cache", NotificationTopicStatus=status)
        assert read_member(aws)["NotificationConfiguration"]["TopicStatus"] == status


def test_a_new_size_waits_unless_it_is_wanted_now(aws: Aws) -> None:
    make_group(aws)
    aws("elasticache").modify_replication_group(ReplicationGroupId="cache", CacheNodeType="cache.t3.small")
    assert read_group(aws)["CacheNodeType"] == "cache.t3.micro"
    assert read_member(aws)["PendingModifiedValues"] == {"CacheNodeType": "cache.t3.small"}


def test_replica_count(aws: Aws, refused: Refused) -> None:
    cache = aws("elasticache")
    make_group(aws)
    cache.increase_replica_count(ReplicationGroupId="cache", NewReplicaCount=2, ApplyImmediately=True)
    assert read_group(aws)["MemberClusters"] == ["cache-001", "cache-002", "cache-003"]
    refused(
        "InvalidParameterValue",
        cache.increase_replica_count,
        ReplicationGroupId="cache",
        NewReplicaCount=1,
        ApplyImmediately=True,
    )
    cache.decrease_replica_count(ReplicationGroupId="cache", NewReplicaCount=0, ApplyImmediately=True)
    assert len(cache.describe_cache_clusters()["CacheClusters"]) == 1


def test_replication_group_passes_through_its_states(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=1)
    assert make_group(aws)["Status"] == "creating"
    cache = aws("elasticache")
    refused("InvalidReplicationGroupState", cache.modify_replication_group, ReplicationGroupId="cache")
    assert [read_group(aws)["Status"] for _ in range(2)] == ["creating", "available"]
    cache.delete_replication_group(ReplicationGroupId="cache", FinalSnapshotIdentifier="last")
    assert read_group(aws)["Status"] == "deleting"
    refused("ReplicationGroupNotFoundFault", cache.describe_replication_groups, ReplicationGroupId="cache")
    refused("CacheClusterNotFound", cache.describe_cache_clusters, CacheClusterId="cache-001")
    assert cache.describe_snapshots(SnapshotName="last")["Snapshots"][0]["ReplicationGroupId"] == "cache"


def test_tags(aws: Aws, refused: Refused) -> None:
    cache = aws("elasticache")
    arn = make_group(aws)["ARN"]
    cache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cache.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    assert cache.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "b", "Value": "2"}]
    refused("TagNotFound", cache.remove_tags_from_resource, ResourceName=arn, TagKeys=["a"])
    refused("ReplicationGroupNotFoundFault", cache.list_tags_for_resource, ResourceName=f"{arn}x")
    refused("InvalidARN", cache.list_tags_for_resource, ResourceName="arn")
