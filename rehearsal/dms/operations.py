"""The operations by which people and programs steer replications: one family for each kind, named as on the wire."""

import json
from typing import Any

from rehearsal.dms.deployed_replication import SERVERLESS, TASK, DeployedReplication
from rehearsal.dms.service import DmsService
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.json_api import Answer, ApiError, Operation, Request

_MOST_TABLES = 10


class _Operations:
    """What both families do, each with its own names."""

    def __init__(self, service: DmsService, kind: str, arn: str) -> None:
        self._service, self._kind, self._arn = service, kind, arn

    def _one(self, request: Request) -> DeployedReplication:
        return self._service.replication(request[self._arn])

    def _chosen(self, request: Request) -> list[DeployedReplication]:
        wanted = [value for each in request.get("Filters", ()) for value in each["Values"]]
        found = self._service.replications(place(), self._kind)
        return [each for each in found if not wanted or each.arn in wanted]

    def _reload(self, request: Request) -> Answer:
        tables = [[each["SchemaName"], each["TableName"]] for each in request["TablesToReload"]]
        if len(tables) > _MOST_TABLES:
            raise ApiError("InvalidParameterValueException", f"{len(tables)} tables; a call takes {_MOST_TABLES}")
        self._service.reload(request[self._arn], tables)
        return {self._arn: request[self._arn]}

    def _statistics(self, request: Request) -> list[Answer]:
        return [_table(each) for each in self._one(request).told.get("tables", [])]


class ServerlessOperations(_Operations):
    """Of serverless replications."""

    def __init__(self, service: DmsService) -> None:
        super().__init__(service, SERVERLESS, "ReplicationConfigArn")

    @property
    def by_name(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "DescribeReplicationConfigs": self._configs,
            "DescribeReplications": self._replications,
            "DescribeReplicationTableStatistics": self._tables,
            "StartReplication": self._start,
            "StopReplication": self._stop,
            "ReloadReplicationTables": self._reload,
        }

    def _configs(self, request: Request) -> Answer:
        return {"ReplicationConfigs": [_config(each) for each in self._chosen(request)]}

    def _replications(self, request: Request) -> Answer:
        return {"Replications": [_replication(each) for each in self._chosen(request) if each.has_started]}

    def _tables(self, request: Request) -> Answer:
        return {self._arn: request[self._arn], "ReplicationTableStatistics": self._statistics(request)}

    def _start(self, request: Request) -> Answer:
        started = self._service.start(request[self._arn], request["StartReplicationType"])
        return {"Replication": _replication(started)}

    def _stop(self, request: Request) -> Answer:
        return {"Replication": _replication(self._service.stop(request[self._arn]))}


class TaskOperations(_Operations):
    """Of tasks on instances."""

    def __init__(self, service: DmsService) -> None:
        super().__init__(service, TASK, "ReplicationTaskArn")

    @property
    def by_name(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "DescribeReplicationTasks": self._tasks,
            "DescribeTableStatistics": self._tables,
            "StartReplicationTask": self._start,
            "StopReplicationTask": self._stop,
            "ReloadTables": self._reload,
        }

    def _tasks(self, request: Request) -> Answer:
        with_settings = not request.get("WithoutSettings")
        return {"ReplicationTasks": [_task(each, with_settings=with_settings) for each in self._chosen(request)]}

    def _tables(self, request: Request) -> Answer:
        return {self._arn: request[self._arn], "TableStatistics": self._statistics(request)}

    def _start(self, request: Request) -> Answer:
        return {"ReplicationTask": _task(self._service.start(request[self._arn], request["StartReplicationTaskType"]))}

    def _stop(self, request: Request) -> Answer:
        return {"ReplicationTask": _task(self._service.stop(request[self._arn]))}


def place() -> tuple[str, str]:
    """The account and Region of a request."""
    return patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()


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
    reason = _failure(replication)
    return {
        "ReplicationConfigArn": replication.arn,
        "FailureMessages": [reason] if reason else [],
        "ReplicationStats": {"FullLoadProgressPercent": _loaded(replication)},
        **_state(replication),
    }


def _task(replication: DeployedReplication, *, with_settings: bool = False) -> Answer:
    given = replication.properties
    settings = {
        "TableMappings": given["TableMappings"],
        "ReplicationTaskSettings": given.get("ReplicationSettings", "{}"),
    }
    return {
        "ReplicationTaskArn": replication.arn,
        "ReplicationTaskIdentifier": given["ReplicationConfigIdentifier"],
        "ReplicationInstanceArn": given["ComputeConfig"],
        "MigrationType": given["ReplicationType"],
        "LastFailureMessage": _failure(replication),
        "ReplicationTaskStats": {"FullLoadProgressPercent": _loaded(replication)},
        **_state(replication),
        **(settings if with_settings else {}),
    }


def _state(replication: DeployedReplication) -> Answer:
    return {
        "Status": replication.status,
        "StopReason": "Stop Reason USER_REQUESTED" if replication.status == "stopped" else "",
        "RecoveryCheckpoint": _recovery_checkpoint(replication.told.get("position")),
    }


def _failure(replication: DeployedReplication) -> str:
    return str(replication.told.get("message", "the process ended")) if replication.status == "failed" else ""


def _recovery_checkpoint(position: list[Any] | None) -> str:
    """How far the log is in files; DMS has more numbers in it, which nobody documents."""
    return f"checkpoint:V1#{position[0]}:{position[1]}" if position else ""


def _loaded(replication: DeployedReplication) -> int:
    tables = replication.told.get("tables", [])
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
