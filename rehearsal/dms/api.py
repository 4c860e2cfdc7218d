"""Puts AWS DMS into the emulator: the resource types, its place in IAM, and the wire API that boto3 speaks to."""

import asyncio
from typing import Any

from rehearsal.dms.definition import of_task
from rehearsal.dms.operations import ServerlessOperations, TaskOperations, place
from rehearsal.dms.service import DmsService
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.json_api import Answer, ApiError, JsonApi, Operation, Request
from rehearsal.emulator.resource_types import Created, Properties, register

_SERVICE = "dms"
_ROUTE: dict[str, Any] = {
    "target_prefixes": ["AmazonDMSv20160101"],
    "host_patterns": [r"dms\."],
    "credential_scope": _SERVICE,
}
_FEWEST_ZONES = 2


def install(service: DmsService) -> None:
    """Serve DMS as ministack serves its own services."""
    patches.SERVICES.value[_SERVICE] = DmsApi(service).handle
    patches.ROUTES.value[_SERVICE] = _ROUTE
    patches.IAM_NAMESPACES.value[_SERVICE] = _SERVICE
    types = _ResourceTypes(service)
    register("AWS::DMS::ReplicationSubnetGroup", types.create_subnets, lambda _name, _properties: None)
    register("AWS::DMS::Endpoint", types.create_endpoint, types.delete_endpoint, types.update_endpoint)
    register("AWS::DMS::ReplicationConfig", types.create, types.delete, types.update)
    register("AWS::DMS::ReplicationInstance", types.create_instance, types.delete_instance, types.update_instance)
    register("AWS::DMS::ReplicationTask", types.create_task, types.delete, types.update_task)


class _ResourceTypes:
    """The resources of stacks, in the account and Region of the stack."""

    def __init__(self, service: DmsService) -> None:
        self._service = service

    def create_subnets(self, properties: Properties) -> Created:
        subnets = [patches.SUBNETS.value.get(id_) for id_ in properties["SubnetIds"]]
        zones = {subnet["AvailabilityZone"] for subnet in subnets if subnet}
        if None in subnets or len(zones) < _FEWEST_ZONES:
            raise ApiError("ReplicationSubnetGroupDoesNotCoverEnoughAZs", f"the subnets are in {len(zones)} zones")
        return str(properties["ReplicationSubnetGroupIdentifier"]).lower(), {}

    def create_endpoint(self, properties: Properties) -> Created:
        return self._service.create_endpoint(place(), properties).arn, {}

    def update_endpoint(self, arn: str, properties: Properties) -> Created:
        return self._service.update_endpoint(arn, properties).arn, {}

    def delete_endpoint(self, arn: str, _: Properties) -> None:
        self._service.delete_endpoint(arn)

    def create(self, properties: Properties) -> Created:
        arn = self._service.create_replication(place(), properties).arn
        return arn, {"ReplicationConfigArn": arn}

    def update(self, arn: str, properties: Properties) -> Created:
        self._service.update_replication(arn, properties)
        return arn, {"ReplicationConfigArn": arn}

    def delete(self, arn: str, _: Properties) -> None:
        self._service.delete_replication(arn)

    def create_instance(self, properties: Properties) -> Created:
        return self._service.create_instance(place(), properties), {}

    def update_instance(self, arn: str, properties: Properties) -> Created:
        return self._service.update_instance(arn, properties), {}

    def delete_instance(self, arn: str, _: Properties) -> None:
        self._service.delete_instance(arn)

    def create_task(self, properties: Properties) -> Created:
        return self._service.create_task(place(), properties).arn, {}

    def update_task(self, arn: str, properties: Properties) -> Created:
        return self._service.update_replication(arn, of_task(properties)).arn, {}


class DmsApi(JsonApi):
    """The operations, each named as on the wire."""

    def __init__(self, service: DmsService) -> None:
        self._service = service
        self._serverless, self._tasks = ServerlessOperations(service), TaskOperations(service)

    async def serve(self, operation: Operation, request: Request) -> Answer:
        """Work in another thread, because a start reads its secret over the wire."""
        return await asyncio.to_thread(operation, request)

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {"DescribeEndpoints": self._endpoints, **self._serverless.by_name, **self._tasks.by_name}

    def _endpoints(self, _: Request) -> Answer:
        found = self._service.endpoints(place())
        return {"Endpoints": [{"EndpointArn": each.arn, **each.properties} for each in found]}
