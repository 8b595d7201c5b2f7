# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map as its API reference describes it."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Aws

Refused = Callable[..., str]
RECORDS = {"DnsRecords": [{"Type": "A", "TTL": 10}]}


def namespace(aws: Aws) -> str:
    cloud_map = aws("servicediscovery")
    asked = cloud_map.create_private_dns_namespace(
        Name="n.local", Vpc=aws.vpc(), Description="d", Tags=[{"Key": "a", "Value": "b"}]
    )
    operation = cloud_map.get_operation(OperationId=asked["OperationId"])["Operation"]
    return str(operation["Targets"]["NAMESPACE"])


def test_namespace(aws: Aws, refused: Refused) -> None:
    cloud_map = aws("servicediscovery")
    create = cloud_map.create_private_dns_namespace
    refused("InvalidInput", create, Name="n.local", Vpc="vpc-0")
    found = namespace(aws)
    read = cloud_map.get_namespace(Id=found)["Namespace"]
    assert (read["Name"], read["Type"], read["Description"]) == ("n.local", "DNS_PRIVATE", "d")
    zone = aws("route53").get_hosted_zone(Id=read["Properties"]["DnsProperties"]["HostedZoneId"])
    assert zone["HostedZone"]["Name"] == "n.local."
    assert zone["VPCs"][0]["VPCId"] == aws.vpc()
    assert cloud_map.list_tags_for_resource(ResourceARN=read["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    refused("NamespaceAlreadyExists", create, Name="n.local", Vpc=aws.vpc())
    create(Name="m.local", Vpc=aws.vpc())
    by_name = [{"Name": "NAME", "Values": ["n.local"]}]
    assert [n["Id"] for n in cloud_map.list_namespaces(Filters=by_name)["Namespaces"]] == [found]
    cloud_map.delete_namespace(Id=found)
    refused("NamespaceNotFound", cloud_map.get_namespace, Id=found)
    refused("NamespaceNotFound", cloud_map.delete_namespace, Id=found)
    assert len(aws("route53").list_hosted_zones()["HostedZones"]) == 1


def test_service(aws: Aws, refused: Refused) -> None:
    cloud_map = aws("servicediscovery")
    space = namespace(aws)
    create = cloud_map.create_service
    refused("NamespaceNotFound", create, Name="s", NamespaceId="ns-0", DnsConfig=RECORDS)
    wrong = {"DnsRecords": [{"Type": "MX", "TTL": 10}]}
    refused("InvalidInput", create, Name="s", NamespaceId=space, DnsConfig=wrong)
    made = create(
        Name="s", DnsConfig={**RECORDS, "NamespaceId": space}, HealthCheckCustomConfig={"FailureThreshold": 1}
    )["Service"]
    assert (made["NamespaceId"], made["Type"]) == (space, "DNS_HTTP")
    assert made["DnsConfig"] == {**RECORDS, "NamespaceId": space, "RoutingPolicy": "MULTIVALUE"}
    refused("ServiceAlreadyExists", create, Name="s", NamespaceId=space)
    refused("ResourceInUse", cloud_map.delete_namespace, Id=space)
    of_space = [{"Name": "NAMESPACE_ID", "Values": [space]}]
    assert [s["Id"] for s in cloud_map.list_services(Filters=of_space)["Services"]] == [made["Id"]]
    faster = {"DnsRecords": [{"Type": "A", "TTL": 5}]}
    cloud_map.update_service(Id=made["Id"], Service={"DnsConfig": faster})
    read = cloud_map.get_service(Id=made["Id"])["Service"]
    assert read["DnsConfig"]["DnsRecords"] == faster["DnsRecords"]
    assert read["HealthCheckCustomConfig"] == {"FailureThreshold": 1}
    cloud_map.register_instance(ServiceId=made["Id"], InstanceId="i", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"})
    refused("ResourceInUse", cloud_map.delete_service, Id=made["Id"])
    cloud_map.deregister_instance(ServiceId=made["Id"], InstanceId="i")
    cloud_map.delete_service(Id=made["Id"])
    refused("ServiceNotFound", cloud_map.delete_service, Id=made["Id"])
    cloud_map.delete_namespace(Id=space)


def test_tags(aws: Aws, refused: Refused) -> None:
    cloud_map = aws("servicediscovery")
    arn = cloud_map.get_namespace(Id=namespace(aws))["Namespace"]["Arn"]
    cloud_map.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    cloud_map.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloud_map.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    refused("ResourceNotFoundException", cloud_map.tag_resource, ResourceARN=f"{arn}x", Tags=[])


def test_operations_take_as_many_reads_as_wanted(aws: Aws, refused: Refused) -> None:
    aws.settings(provisioning_reads=1)
    cloud_map = aws("servicediscovery")
    asked = cloud_map.create_http_namespace(Name="h")["OperationId"]
    reads = [cloud_map.get_operation(OperationId=asked)["Operation"]["Status"] for _ in range(2)]
    assert reads == ["PENDING", "SUCCESS"]
    refused("OperationNotFound", cloud_map.get_operation, OperationId="none")
