"""What planning reads in DynamoDB: the pending work of each table, the claims of cadences, the leases of tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist, took_place
from lake.tables.capabilities import Engine
from lake.tables.size import TableSize
from odp.dynamodb.table_leases import beyond_engine, read_leases
from odp.records import CADENCE_CLAIM, LandedFile, TableLease, engine_of_run
from odp.refresh import RefreshStatus
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


# The pending summaries in odpf_file_tracker: one item for each table with pending files.
#
# Each transaction that registers, moves, skips or holds files also updates the summary, so planning reads no files.


SUMMARIES = "#pending"
"""The partition of the summaries; no source table has such a name."""

_NUMBERED = "SET #format = if_not_exists(#format, :format)"


def summary_key(source_table_name: str) -> dict[str, str]:
    """Return the key of a table's summary."""
    return {"source_table_name": SUMMARIES, "file_id": source_table_name}


def summary_update(
    pending_table: str, files: Sequence[LandedFile], *, registered: bool = False, left: bool = False
) -> dict[str, Any]:
    """Return the action that adds files to their table's summary, or subtracts them when they `left` the pending table.

    With `registered`, a refused table is planned again: files came, or a person removed some.
    """
    sign = -1 if left else 1
    values = {":format": FORMAT, ":files": sign * len(files), ":bytes": sign * sum(file.size for file in files)}
    added = "files :files, #bytes :bytes"
    if registered:
        values[":registrations"] = len(files)
        added += ", registrations :registrations"
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(files[0].source_table_name),
            "UpdateExpression": f"{_NUMBERED} ADD {added}",
            "ExpressionAttributeNames": {"#bytes": "bytes", "#format": "format"},
            "ExpressionAttributeValues": values,
        }
    }


def decision_noted(pending_table: str, source_table_name: str) -> dict[str, Any]:
    """Return the action after which a refused table is planned again, because a person decided something."""
    return {
        "Update": {
            "TableName": pending_table,
            "Key": summary_key(source_table_name),
            "UpdateExpression": f"{_NUMBERED} ADD registrations :one",
            "ExpressionAttributeNames": {"#format": "format"},
            "ExpressionAttributeValues": {":format": FORMAT, ":one": 1},
        }
    }


# Claims of cadences and leases of tables, in odpf_file_processing_tracker.


SETTLES_AFTER = 60.0
"""For so many seconds Step Functions may not know a new execution, because its reads are eventually consistent."""

IsRunning = Callable[[str], bool | None]
"""Whether an execution is running; None if Step Functions does not know it."""


class DynamoDbPlannedLeases:
    """Reads the leases of tables without the right to write them."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, leases_table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._table = leases_table
        self._clock = clock

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Return the leases of the given tables; tables that no refresh ever touched are left out."""
        items = read_leases(self._dynamodb, self._table, qualified_names)
        return {str(item["raw_table_name"]): self._lease_of(item) for item in items}

    def _lease_of(self, item: Mapping[str, Any]) -> TableLease:
        now = self._clock()
        is_held = float(item.get("lease_expires_at", 0)) >= now
        is_writing = item.get("refresh_status") == RefreshStatus.UPDATING.value
        last: Mapping[str, Any] = item.get("last_refresh", {})
        return TableLease(
            is_leased=is_held,
            was_cut_off=is_writing and not is_held,
            refused_registrations=int(item.get("refused_registrations", -1)),
            refused_configuration=str(item.get("refused_configuration", "")),
            refresh_status=str(item.get("refresh_status", "")),
            ended_at=str(last.get("refresh_end_date_time", "")),
            error=str(last.get("error_message", "")),
            touched_at=max(str(last.get("refresh_end_date_time", "")), _moment(item.get("lease_since"))),
            engine=_last_engine(item),
            size=_size(item.get("table_size")),
            beyond_engine=beyond_engine(item),
        )


def _last_engine(item: Mapping[str, Any]) -> Engine:
    """Return the engine of the run that has the lease, or had it last; earlier releases had Spark only."""
    if owner := item.get("lease_owner"):
        return engine_of_run(str(owner))
    last: Mapping[str, Any] = item.get("last_refresh", {})
    return Engine.NATIVE if last.get("engine") == Engine.NATIVE else Engine.SPARK


def _size(stored: Any) -> TableSize | None:  # noqa: ANN401 - boto3 gives whatever is stored
    """Read a size; what this release cannot read is none, because one table's item stops no plan."""
    numbers: list[Any] = (
        [stored.get(field.name) for field in fields(TableSize)] if isinstance(stored, Mapping) else [None]
    )
    return TableSize(*map(int, numbers)) if all(isinstance(each, int | Decimal) for each in numbers) else None


def _moment(seconds: Any) -> str:  # noqa: ANN401 - boto3 gives a number of DynamoDB
    return "" if seconds is None else datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="milliseconds")


class DynamoDbCadenceClaims:
    """Claims cadences by conditional writes; the claim of an execution that has ended is taken over."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        leases_table: str,
        is_running: IsRunning,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = dynamodb.Table(leases_table)
        self._is_running = is_running
        self._clock = clock

    def claim(self, refresh_cadence: str, execution: str) -> str:
        """Claim a cadence for an execution, and return its owner: another execution as long as that runs."""
        if self._take(refresh_cadence, execution, of=execution):
            return execution
        held = self._table.get_item(Key=_key(refresh_cadence), ConsistentRead=True).get("Item", {})
        owner = str(held.get("execution", ""))
        if owner and self._lives(owner, float(str(held.get("claimed_at", 0)))):
            return owner
        # the first to take it from the dead owner has it
        return execution if self._take(refresh_cadence, execution, of=owner) else "another execution"

    def release(self, refresh_cadence: str, execution: str) -> None:
        """Release the cadence, unless another execution has it."""
        took_place(
            lambda: persist(
                lambda: self._table.delete_item(
                    Key=_key(refresh_cadence),
                    ConditionExpression="execution = :execution",
                    ExpressionAttributeValues={":execution": execution},
                )
            )
        )

    def _take(self, refresh_cadence: str, execution: str, *, of: str) -> bool:
        """Taking it again succeeds: Step Functions may repeat its call, and boto3 its request."""
        claimed_at = Decimal(f"{self._clock():.3f}")
        claim: dict[str, Any] = {
            **_key(refresh_cadence),
            "format": FORMAT,
            "execution": execution,
            "claimed_at": claimed_at,
        }
        return took_place(
            lambda: persist(
                lambda: self._table.put_item(
                    Item=claim,
                    ConditionExpression="attribute_not_exists(raw_table_name) OR execution IN (:of, :me)",
                    ExpressionAttributeValues={":of": of, ":me": execution},
                )
            )
        )

    def _lives(self, owner: str, claimed_at: float) -> bool:
        is_running = self._is_running(owner)
        return self._clock() - claimed_at < SETTLES_AFTER if is_running is None else is_running


def _key(refresh_cadence: str) -> dict[str, str]:
    return {"raw_table_name": f"{CADENCE_CLAIM}{refresh_cadence}"}
