# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map for moto: names are unique, what is in use stays, a namespace's zone has its name and goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.route53.models import route53_backends
from moto.servicediscovery.models import (
    Namespace,
    Operation,
    Service,
    ServiceDiscoveryBackend,
    servicediscovery_backends,
)
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from .dispatch import answer_with, model_with
from .errors import AwsError
from .support import Params, begin, forward, passing, require

IN_USE = "The specified resource can't be deleted because it contains other resources."
KIND = "operation"
SOA_TTL = 15


class Backend(ServiceDiscoveryBackend):
    # ---- namespaces --------------------------------------------------------------------------------

    def new_private_dns_namespace(self, params: Params) -> Params:
        require(params, "Name", "Vpc")
        if params["Vpc"] not in ec2_backends[self.account_id][self.region_name].vpcs:
            raise AwsError("InvalidInput", f"The VPC {params['Vpc']} does not exist.")
        same = [n for n in self.namespaces.values() if n.name == params["Name"] and n.vpc == params["Vpc"]]
        self._refuse_twins(same)
        return self._new_namespace(params, "DNS_PRIVATE")

    def new_http_namespace(self, params: Params) -> Params:
        require(params, "Name")
        self._refuse_twins([n for n in self.namespaces.values() if n.name == params["Name"] and n.type == "HTTP"])
        return self._new_namespace(params, "HTTP")

    def _new_namespace(self, params: Params, kind: str) -> Params:
        properties = {}
        if kind == "DNS_PRIVATE":
            zones = route53_backends[self.account_id][self.partition]
            comment = f"Created by AWS Cloud Map namespace for {params['Name']}"
            zone = zones.create_hosted_zone(f"{params['Name']}.", True, None, params["Vpc"], self.region_name, comment)
            asked = (params.get("Properties") or {}).get("DnsProperties") or {}
            properties = {"HostedZoneId": zone.id.rsplit("/", 1)[-1], "SOA": asked.get("SOA") or {"TTL": SOA_TTL}}
        namespace = Namespace(
            account_id=self.account_id,
            region=self.region_name,
            name=params["Name"],
            ns_type=kind,
            creator_request_id=params.get("CreatorRequestId") or "",
            description=params.get("Description") or "",
            dns_properties=properties,
            http_properties={"HttpName": params["Name"]},
            vpc=params.get("Vpc"),
        )
        self.namespaces[namespace.id] = namespace
        self.tagger.tag_resource(namespace.arn, params.get("Tags"))
        return self._operation("CREATE_NAMESPACE", {"NAMESPACE": namespace.id})

    @staticmethod
    def _refuse_twins(found: list[Namespace]) -> None:
        for namespace in found:
            raise AwsError("NamespaceAlreadyExists", f"Namespace with name {namespace.name} already exists.")

    def remove_namespace(self, params: Params) -> Params:
        namespace = self._namespace(params["Id"])
        if any(service.namespace_id == namespace.id for service in self.services.values()):
            raise AwsError("ResourceInUse", IN_USE)
        del self.namespaces[namespace.id]
        self.tagger.delete_all_tags_for_resource(namespace.arn)
        zone = (namespace.dns_properties or {}).get("HostedZoneId")
        route53_backends[self.account_id][self.partition].zones.pop(zone or "", None)
        return self._operation("DELETE_NAMESPACE", {"NAMESPACE": namespace.id})

    def show_namespaces(self, params: Params) -> Params:
        found = list(self.namespaces.values())
        fields: dict[str, Callable[[Namespace], str]] = {
            "NAME": lambda n: n.name,
            "TYPE": lambda n: n.type,
            "HTTP_NAME": lambda n: n.http_properties.get("HttpName", ""),
        }
        for condition in params.get("Filters") or ():
            if condition["Name"] in fields:
                field = fields[condition["Name"]]
                found = [n for n in found if _meets(field(n), condition)]
        return {"Namespaces": [self._shown_namespace(namespace) for namespace in found]}

    def show_namespace(self, params: Params) -> Params:
        return {"Namespace": self._shown_namespace(self._namespace(params["Id"]))}

    def _shown_namespace(self, namespace: Namespace) -> dict[str, Any]:
        count = sum(1 for service in self.services.values() if service.namespace_id == namespace.id)
        return {**namespace.to_json(), "ServiceCount": count}

    def _namespace(self, namespace_id: str) -> Namespace:
        if namespace_id not in self.namespaces:
            raise AwsError("NamespaceNotFound", f"Namespace {namespace_id} does not exist.")
        return self.namespaces[namespace_id]

    # ---- services ----------------------------------------------------------------------------------

    def new_service(self, params: Params) -> Params:
        require(params, "Name")
        dns = params.get("DnsConfig")
        namespace_id = params.get("NamespaceId") or (dns or {}).get("NamespaceId")
        if not namespace_id:
            raise AwsError("InvalidInput", "NamespaceId must be given.")
        namespace = self._namespace(namespace_id)
        if any(s.name == params["Name"] and s.namespace_id == namespace.id for s in self.services.values()):
            raise AwsError("ServiceAlreadyExists", f"Service with name {params['Name']} already exists.")
        if params.get("HealthCheckConfig") and params.get("HealthCheckCustomConfig"):
            raise AwsError("InvalidInput", "HealthCheckConfig and HealthCheckCustomConfig exclude each other.")
        if dns is not None:
            if namespace.type == "HTTP":
                raise AwsError("InvalidInput", "An HTTP namespace cannot hold a service with DNS records.")
            dns = {"RoutingPolicy": "MULTIVALUE", **dns, "NamespaceId": namespace.id}
            _check_records(dns.get("DnsRecords") or [])
        custom = params.get("HealthCheckCustomConfig")
        service = Service(
            account_id=self.account_id,
            region=self.region_name,
            name=params["Name"],
            namespace_id=namespace.id,
            description=params.get("Description") or "",
            creator_request_id=params.get("CreatorRequestId") or "",
            dns_config=dns,  # type: ignore[arg-type]
            health_check_config=params.get("HealthCheckConfig"),  # type: ignore[arg-type]
            health_check_custom_config=None if custom is None else {"FailureThreshold": 1, **custom},  # type: ignore[arg-type]
            service_type="HTTP" if dns is None or params.get("Type") == "HTTP" else "DNS_HTTP",
        )
        self.services[service.id] = service
        self.tagger.tag_resource(service.arn, params.get("Tags"))
        return {"Service": self._shown_service(service)}

    def change_service(self, params: Params) -> Params:
        service = self._service(params["Id"])
        wanted = params.get("Service") or {}
        records = (wanted.get("DnsConfig") or {}).get("DnsRecords")
        if records is not None:
            _check_records(records)
            service.dns_config = {**(service.dns_config or {}), "DnsRecords": records}
        if wanted.get("Description") is not None:
            service.description = wanted["Description"]
        if wanted.get("HealthCheckConfig") is not None:
            service.health_check_config = wanted["HealthCheckConfig"]
        return self._operation("UPDATE_SERVICE", {"SERVICE": service.id})

    def remove_service(self, params: Params) -> Params:
        service = self._service(params["Id"])
        if service.instances:
            raise AwsError("ResourceInUse", IN_USE)
        del self.services[service.id]
        self.tagger.delete_all_tags_for_resource(service.arn)
        return {}

    def show_services(self, params: Params) -> Params:
        found = list(self.services.values())
        for condition in params.get("Filters") or ():
            if condition["Name"] == "NAMESPACE_ID":
                found = [service for service in found if _meets(service.namespace_id, condition)]
        return {"Services": [self._shown_service(service) for service in found]}

    def show_service(self, params: Params) -> Params:
        return {"Service": self._shown_service(self._service(params["Id"]))}

    @staticmethod
    def _shown_service(service: Service) -> dict[str, Any]:
        return {**service.to_json(), "InstanceCount": len(service.instances)}

    def _service(self, service_id: str) -> Service:
        if service_id not in self.services:
            raise AwsError("ServiceNotFound", f"Service {service_id} does not exist.")
        return self.services[service_id]

    # ---- operations and tags -----------------------------------------------------------------------

    def _operation(self, kind: str, targets: dict[str, str]) -> Params:
        operation = Operation(kind, targets)
        self.operations[operation.id] = operation
        begin(self, KIND, operation.id, "PENDING")
        return {"OperationId": operation.id}

    def show_operation(self, params: Params) -> Params:
        operation = self.operations.get(params["OperationId"])
        if operation is None:
            raise AwsError("OperationNotFound", f"Operation {params['OperationId']} does not exist.")
        status = passing(self, KIND, operation.id, read=True) or operation.status
        return {"Operation": {**operation.to_json(), "Status": status}}

    def show_tags(self, params: Params) -> Params:
        return dict(self.tagger.list_tags_for_resource(self._existing(params["ResourceARN"])))

    def add_tags(self, params: Params) -> Params:
        self.tagger.tag_resource(self._existing(params["ResourceARN"]), params.get("Tags"))
        return {}

    def remove_tags(self, params: Params) -> Params:
        self.tagger.untag_resource_using_names(self._existing(params["ResourceARN"]), params.get("TagKeys") or [])
        return {}

    def _existing(self, arn: str) -> str:
        if not any(arn == item.arn for item in (*self.namespaces.values(), *self.services.values())):
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.")
        return arn


def _meets(value: str, condition: dict[str, Any]) -> bool:
    values = condition.get("Values") or []
    if condition.get("Condition") == "BEGINS_WITH":
        return any(value.startswith(item) for item in values)
    return value in values


def _check_records(records: list[dict[str, Any]]) -> None:
    for record in records:
        if record.get("Type") not in ("A", "AAAA", "SRV", "CNAME") or not 0 <= int(record.get("TTL", -1)) <= 2147483647:
            raise AwsError("InvalidInput", f"Invalid DNS record: {record.get('Type')} {record.get('TTL')}")


@answer_with
class Response(ServiceDiscoveryResponse):
    pass


forward(
    Response,
    servicediscovery_backends,
    {
        "create_private_dns_namespace": "new_private_dns_namespace",
        "create_http_namespace": "new_http_namespace",
        "delete_namespace": "remove_namespace",
        "list_namespaces": "show_namespaces",
        "get_namespace": "show_namespace",
        "create_service": "new_service",
        "update_service": "change_service",
        "delete_service": "remove_service",
        "list_services": "show_services",
        "get_service": "show_service",
        "get_operation": "show_operation",
        "list_tags_for_resource": "show_tags",
        "tag_resource": "add_tags",
        "untag_resource": "remove_tags",
    },
)
model_with(servicediscovery_backends, Backend)
