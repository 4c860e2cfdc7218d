"""Decisions about single files: skip a pending file, release or dismiss a held one.

Each decision is one transaction that moves the file and its share of the summary. If a refresh or another person was
faster, the decision changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import took_place, transact
from odp.dynamodb.file_tracker import key_of, landed_file_of
from odp.dynamodb.planning import decision_noted, summary_update
from odp.records import FileStatus, LandedFile, SkipReason
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

Item = dict[str, Any]
_DAY = 86_400
_NOT_THERE, _IS_THERE = "attribute_not_exists(file_id)", "attribute_exists(file_id)"
_OF_HISTORY = (
    "file_ingestion_status",
    "status_reason",
    "raw_file_processing_date_time",
    "expires_at",
    "generation",
    "held_id",
)
"""Fields of a file that only the history has."""


@dataclass(frozen=True, slots=True)
class DecisionTables:
    """The names of the tables, and how long the history keeps finished files."""

    pending: str
    history: str
    leases: str
    history_days: int


class DynamoDbFileDecisions:
    """Moves single files between the pending table and the history."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, tables: DecisionTables, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._pending, self._history = dynamodb.Table(tables.pending), dynamodb.Table(tables.history)
        self._tables = tables
        self._clock = clock

    def skip(self, source_table_name: str, file_id: str, reason: str, *, qualified_name: str = "") -> bool:
        """Move a pending file to the history as skipped, with a reason.

        False if the file is not pending, or a run is writing its table; the table's name is given if it is configured.
        """
        item = _read(self._pending, source_table_name, file_id)
        if item is None:
            return False
        file = landed_file_of(item)
        done = item | self._outcome(FileStatus.SKIPPED, reason) | {"expires_at": self._expiry()}
        actions = [_put(self._history, done), _delete(self._pending, file, _IS_THERE)]
        # it counts as a registration, so a table that was refused for this file is planned again
        actions.append(summary_update(self._pending.name, [file], registered=True, left=True))
        if qualified_name:
            actions.append(self._table_is_free(qualified_name))
        return self._write(actions)

    def choose(self, source_table_name: str, file_id: str, approval: str) -> bool:
        """Note the approval that a held file will be part of; False if it is not held."""
        item = _read(self._history, source_table_name, file_id)
        if item is None or not _is_held(item):
            return False
        return self._write([self._unless_decided("Update", landed_file_of(item), {"approval": approval})])

    def release(self, source_table_name: str, file_id: str) -> bool:
        """Make a held file pending again, approved by a person; False when it is not held."""
        item = _read(self._history, source_table_name, file_id)
        if item is None or not _is_held(item):
            return False
        file = landed_file_of(item)
        again = {name: value for name, value in item.items() if name not in _OF_HISTORY}
        again |= {"file_ingestion_status": FileStatus.PENDING.value, "approved": True}
        summary = summary_update(self._pending.name, [file], registered=True)
        return self._write([self._unless_decided("Delete", file, {}), _put(self._pending, again), summary])

    def dismiss(self, source_table_name: str, file_id: str) -> bool:
        """Close a held file as skipped; False when it is not held."""
        item = _read(self._history, source_table_name, file_id)
        if item is None or not _is_held(item):
            return False
        outcome = self._outcome(FileStatus.SKIPPED, SkipReason.DISMISSED) | {"expires_at": self._expiry()}
        noted = decision_noted(self._pending.name, source_table_name)
        return self._write([self._unless_decided("Update", landed_file_of(item), outcome), noted])

    def _outcome(self, status: FileStatus, reason: str) -> Item:
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        return {
            "file_ingestion_status": status.value,
            "status_reason": reason,
            "raw_file_processing_date_time": now,
        }

    def _expiry(self) -> int:
        return int(self._clock()) + self._tables.history_days * _DAY

    def _unless_decided(self, action: str, file: LandedFile, fields: Mapping[str, Any]) -> Item:
        values = {":held": FileStatus.HELD.value, **{f":{name}": value for name, value in fields.items()}}
        request: Item = {
            "TableName": self._history.name,
            "Key": key_of(file),
            "ConditionExpression": "file_ingestion_status = :held",
            "ExpressionAttributeValues": values,
        }
        if fields:
            request["UpdateExpression"] = f"SET {', '.join(f'{name} = :{name}' for name in fields)}"
        return {action: request}

    def _table_is_free(self, qualified_name: str) -> Item:
        """Also fence off a run whose lease has expired: it may have the file, and could record it a second time."""
        now = Decimal(f"{self._clock():.3f}")
        return {
            "Update": {
                "TableName": self._tables.leases,
                "Key": {"raw_table_name": qualified_name},
                "UpdateExpression": "SET #format = :format ADD fencing_token :one",
                "ConditionExpression": "attribute_not_exists(lease_expires_at) OR lease_expires_at < :now",
                "ExpressionAttributeNames": {"#format": "format"},
                "ExpressionAttributeValues": {":format": FORMAT, ":one": 1, ":now": now},
            }
        }

    def _write(self, actions: list[Item]) -> bool:
        return took_place(lambda: transact(self._client, actions))


def _read(table: Table, source_table_name: str, file_id: str) -> Item | None:
    key = {"source_table_name": source_table_name, "file_id": file_id}
    return table.get_item(Key=key, ConsistentRead=True).get("Item")


def _is_held(item: Mapping[str, Any]) -> bool:
    return bool(item["file_ingestion_status"] == FileStatus.HELD.value)


def _put(table: Table, item: Item) -> Item:
    return {"Put": {"TableName": table.name, "Item": item, "ConditionExpression": _NOT_THERE}}


def _delete(table: Table, file: LandedFile, condition: str) -> Item:
    return {"Delete": {"TableName": table.name, "Key": key_of(file), "ConditionExpression": condition}}
