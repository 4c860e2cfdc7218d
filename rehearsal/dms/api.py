"""Puts AWS DMS into the emulator: the resource types, its place in IAM, and the wire API that boto3 speaks to."""

import asyncio
import json
from typing import Any

from rehearsal.dms.service import DeployedReplication, DmsService
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
_MOST_TABLES = 10


def install(service: DmsService) -> None:
    """Serve DMS as ministack serves its own services."""
    patches.SERVICES.value[_SERVICE] = DmsApi(service).handle
    patches.ROUTES.value[_SERVICE] = _ROUTE
    patches.IAM_NAMESPACES.value[_SERVICE] = _SERVICE
    types = _ResourceTypes(service)
    register("AWS::DMS::ReplicationSubnetGroup", types.create_subnets, lambda _name, _properties: None)
    register("AWS::DMS::Endpoint", types.create_endpoint, types.delete_endpoint, types.update_endpoint)
    register("AWS::DMS::ReplicationConfig", types.create, types.delete, types.update)


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
        return self._service.create_endpoint(_place(), properties).arn, {}

    def update_endpoint(self, arn: str, properties: Properties) -> Created:
        return self._service.update_endpoint(arn, properties).arn, {}

    def delete_endpoint(self, arn: str, _: Properties) -> None:
        self._service.delete_endpoint(arn)

    def create(self, properties: Properties) -> Created:
        arn = self._service.create_replication(_place(), properties).arn
        return arn, {"ReplicationConfigArn": arn}

    def update(self, arn: str, properties: Properties) -> Created:
        self._service.update_replication(arn, properties)
        return arn, {"ReplicationConfigArn": arn}

    def delete(self, arn: str, _: Properties) -> None:
        self._service.delete_replication(arn)


class DmsApi(JsonApi):
    """The operations, each named as on the wire."""

    def __init__(self, service: DmsService) -> None:
        self._service = service

    async def serve(self, operation: Operation, request: Request) -> Answer:
        """Work in another thread, because a start reads its secret over the wire."""
        return await asyncio.to_thread(operation, request)

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "DescribeEndpoints": self._endpoints,
            "DescribeReplicationConfigs": self._configs,
            "DescribeReplications": self._replications,
            "DescribeReplicationTableStatistics": self._tables,
            "StartReplication": self._start,
            "StopReplication": self._stop,
            "ReloadReplicationTables": self._reload,
        }

    def _endpoints(self, _: Request) -> Answer:
        found = self._service.endpoints(_place())
        return {"Endpoints": [{"EndpointArn": each.arn, **each.properties} for each in found]}

    def _configs(self, request: Request) -> Answer:
        return {"ReplicationConfigs": [_config(each) for each in self._chosen(request)]}

    def _replications(self, request: Request) -> Answer:
        return {"Replications": [_replication(each) for each in self._chosen(request) if each.has_started]}

    def _tables(self, request: Request) -> Answer:
        replication = self._service.replication(request["ReplicationConfigArn"])
        tables = [_table(each) for each in replication.told.get("tables", [])]
        return {"ReplicationConfigArn": replication.arn, "ReplicationTableStatistics": tables}

    def _start(self, request: Request) -> Answer:
        how = request["StartReplicationType"]
        return {"Replication": _replication(self._service.start(request["ReplicationConfigArn"], how))}

    def _stop(self, request: Request) -> Answer:
        return {"Replication": _replication(self._service.stop(request["ReplicationConfigArn"]))}

    def _reload(self, request: Request) -> Answer:
        tables = [[each["SchemaName"], each["TableName"]] for each in request["TablesToReload"]]
        if len(tables) > _MOST_TABLES:
            raise ApiError("InvalidParameterValueException", f"{len(tables)} tables; a call takes {_MOST_TABLES}")
        self._service.reload(request["ReplicationConfigArn"], tables)
        return {"ReplicationConfigArn": request["ReplicationConfigArn"]}

    def _chosen(self, request: Request) -> list[DeployedReplication]:
        wanted = [value for each in request.get("Filters", ()) for value in each["Values"]]
        return [each for each in self._service.replications(_place()) if not wanted or each.arn in wanted]


def _config(replication: DeployedReplication) -> Answer:
    given = replication.properties
    return {
        "ReplicationConfigArn": replication.arn,
        "ReplicationConfigIdentifier": given["ReplicationConfigIdentifier"],
        "ReplicationType": given["ReplicationType"],
        "TableMappings": json.dumps(given["TableMappings"]),
        "ReplicationSettings": json.dumps(given.get("ReplicationSettings", {})),
    }


def _replication(replication: DeployedReplication) -> Answer:
    told = replication.told
    failed = replication.status == "failed"
    return {
        "ReplicationConfigArn": replication.arn,
        "Status": replication.status,
        "FailureMessages": [told.get("message", "the process ended")] if failed else [],
        "StopReason": "Stop Reason USER_REQUESTED" if replication.status == "stopped" else "",
        "RecoveryCheckpoint": _recovery_checkpoint(told.get("position")),
        "ReplicationStats": {"FullLoadProgressPercent": _loaded(told.get("tables", []))},
    }


def _recovery_checkpoint(position: list[Any] | None) -> str:
    """How far the log is in files; DMS has more numbers in it, which nobody documents."""
    return f"checkpoint:V1#{position[0]}:{position[1]}" if position else ""


def _loaded(tables: list[Answer]) -> int:
    done = sum(each["status"] == "Table completed" for each in tables)
    return 100 * done // len(tables) if tables else 0


def _table(state: Answer) -> Answer:
    return {
        "SchemaName": state["schema"],
        "TableName": state["table"],
        "TableState": state["status"],
        "FullLoadRows": state["full_load_rows"],
        "Inserts": state["inserts"],
        "Updates": state["updates"],
        "Deletes": state["deletes"],
        "Ddls": state["ddls"],
    }


def _place() -> tuple[str, str]:
    return patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()
