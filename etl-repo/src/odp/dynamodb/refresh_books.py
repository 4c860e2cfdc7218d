"""The books of refreshes: files in history, what each run did, the table's status, all of it under the table's lease.

What belongs together is one transaction that demands the lease. So a run that was overtaken writes nothing, a run that
dies leaves either nothing or all, and what a commit did is counted once: with the last of its files.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from odp.batched import batched
from odp.dynamodb.connection import condition_failed
from odp.dynamodb.file_tracker import key_of, pending_item, summary_update
from odp.dynamodb.quarantine import item_of, key_in_quarantine
from odp.dynamodb.table_leases import IS_MINE, lost, proof
from odp.records import LandedFile, Quarantined, QuarantineKind
from odp.refreshes import BookEntry, Lease, RefreshOutcome, RefreshStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# a transaction holds 100 actions (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html):
# two to move a file, and those on lease, history and quarantine
_FILES_PER_TRANSACTION = 48
_CONFLICTS = 5
"""A heartbeat may touch the lease at the same moment."""

Action = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BookTables:
    """The names of the tables."""

    pending: str
    history: str
    leases: str
    refreshes: str
    quarantine: str


class DynamoDbRefreshBooks:
    """Writes entries as transactions over the framework's tables."""

    def __init__(self, dynamodb: DynamoDBServiceResource, tables: BookTables) -> None:
        self._client = dynamodb.meta.client
        self._tables = tables

    def enter(self, lease: Lease, entry: BookEntry) -> None:
        """Move files from pending to history and keep the outcome; a closing entry returns the lease with it.

        More files than one transaction holds are moved in several, of which the last one keeps the outcome.

        Raises:
            LeaseLostError: the lease was taken over.
        """
        *firsts, last = list(batched(entry.files, _FILES_PER_TRANSACTION)) or [()]
        for files in firsts:
            self._write(lease, [*self._moves(files, lease, entry), self._check(lease)])
        actions = [*self._moves(last, lease, entry), self._put_outcome(entry.outcome, lease.owner)]
        actions += self._closing(lease, entry) if entry.closes else [self._check(lease)]
        self._write(lease, actions)

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Keep the outcome of a run that has no lease any more."""
        self._client.transact_write_items(TransactItems=[self._put_outcome(outcome, run_id)])  # type: ignore[list-item]

    def _write(self, lease: Lease, actions: Sequence[Action]) -> None:
        for attempt in range(_CONFLICTS):
            try:
                self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
            except ClientError as error:
                if condition_failed(error):
                    raise lost(lease) from error
                if not _is_conflict(error) or attempt == _CONFLICTS - 1:
                    raise
                time.sleep(0.1 * (attempt + 1))
            else:
                return

    def _moves(self, files: Sequence[LandedFile], lease: Lease, entry: BookEntry) -> Iterator[Action]:
        """A file is always in exactly one of the two tables."""
        processed = {
            "file_ingestion_status": "raw_file_processed",
            "raw_file_processing_date_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "glue_job_run_id": lease.owner,
            "generation": entry.generation,
        }
        for file in files:
            yield {"Put": {"TableName": self._tables.history, "Item": pending_item(file) | processed}}
            yield {"Delete": {"TableName": self._tables.pending, "Key": key_of(file)}}
        if files:
            yield summary_update(self._tables.pending, files, left=True)

    def _check(self, lease: Lease) -> Action:
        return {"ConditionCheck": self._mine(lease, {})}

    def _closing(self, lease: Lease, entry: BookEntry) -> Iterator[Action]:
        outcome = entry.outcome
        values: dict[str, Any] = {"refresh_status": outcome.status.value, "catalog_commit": entry.catalog_commit}
        if entry.written_with is not None:
            values["written_with"] = dict(entry.written_with)
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        update = f"SET {assignments} REMOVE lease_owner, lease_expires_at"
        mine = self._mine(lease, {f":{name}": value for name, value in values.items()})
        yield {"Update": {**mine, "UpdateExpression": update}}
        if entry.refused:
            yield {"Put": {"TableName": self._tables.quarantine, "Item": item_of(_refused(outcome))}}
        elif outcome.status is RefreshStatus.COMPLETED:
            key = key_in_quarantine(QuarantineKind.REFUSED_TABLE, outcome.qualified_name)
            yield {"Delete": {"TableName": self._tables.quarantine, "Key": key}}

    def _mine(self, lease: Lease, values: Mapping[str, Any]) -> Action:
        return {
            "TableName": self._tables.leases,
            "Key": {"raw_table_name": lease.qualified_name},
            "ConditionExpression": IS_MINE,
            "ExpressionAttributeValues": {**values, **proof(lease)},
        }

    def _put_outcome(self, outcome: RefreshOutcome, run_id: str) -> Action:
        item: dict[str, Any] = {
            "raw_table_name": outcome.qualified_name,
            "glue_job_run_id": run_id,
            "source_table_name": outcome.source_table_name,
            "refresh_status": outcome.status.value,
            "refresh_start_date_time": outcome.started_at,
            "refresh_end_date_time": outcome.ended_at,
            "rows_inserted": outcome.counts.inserted,
            "rows_updated": outcome.counts.updated,
            "rows_deleted": outcome.counts.deleted,
            "files_processed": outcome.files,
        }
        if outcome.error:
            item |= {"error_message": outcome.error, "stack_trace": outcome.stack_trace}
        return {"Put": {"TableName": self._tables.refreshes, "Item": item}}


def _refused(outcome: RefreshOutcome) -> Quarantined:
    details = {"source_table_name": outcome.source_table_name}
    return Quarantined(QuarantineKind.REFUSED_TABLE, outcome.qualified_name, outcome.error, details)


def _is_conflict(error: ClientError) -> bool:
    reasons: Any = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "TransactionConflict" for reason in reasons)
