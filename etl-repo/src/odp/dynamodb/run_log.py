"""The run log: finished files, outcomes of runs and the table's status, all written under the table's lease.

Each record is one transaction that demands the lease. So an overtaken run writes nothing, and a run that dies leaves
all or nothing. A commit is counted once, with the last of its files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lake.batched import batched
from lake.ledger.connection import failed_conditions, transact
from lake.ledger.leases import demanding
from lake.shown_text import bounded_message, bounded_trace
from lake.tables.capabilities import Engine
from odp.dynamodb.file_tracker import key_of, pending_item
from odp.dynamodb.planning import summary_update
from odp.dynamodb.quarantine import item_of, key_in_quarantine
from odp.dynamodb.table_leases import BEYOND_ENGINE, lease_item, left_to_spark, lost
from odp.records import FileStatus, LandedFile, Quarantined, QuarantineKind
from odp.refresh import Lease, RefreshOutcome, RefreshStatus, RunRecord
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# a transaction holds 100 actions (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html):
# two to move a file, and one each for lease, run log, quarantine and pending summary
_FILES_PER_TRANSACTION = 48
_DAY = 86_400

Action = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunLogTables:
    """The names of the tables, and the days until DynamoDB may delete the records of runs and files."""

    pending: str
    history: str
    leases: str
    refreshes: str
    quarantine: str
    history_days: int | None = 400


class DynamoDbRunLog:
    """Writes run records as transactions over the framework's tables."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, tables: RunLogTables, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = dynamodb.meta.client
        self._tables = tables
        self._clock = clock

    def append(self, lease: Lease, entry: RunRecord) -> None:
        """Move files from pending to history and record the outcome; a closing record also returns the lease.

        If the files do not fit into one transaction, several move them, and the last one records the outcome.

        Raises:
            LeaseLostError: the lease was taken over.
        """
        entry = replace(entry, outcome=_bounded(entry.outcome))
        *firsts, last = list(batched(entry.files, _FILES_PER_TRANSACTION)) or [()]
        for files in firsts:
            self._write(lease, files, [self._check(lease)])
        under_lease = self._closing(lease, entry) if entry.closes else [self._check(lease)]
        self._write(lease, last, [*under_lease, self._put_outcome(entry.outcome, lease.owner)])

    def record(self, outcome: RefreshOutcome, run_id: str) -> None:
        """Record the outcome of a run that lost its lease."""
        transact(self._client, [self._put_outcome(_bounded(outcome), run_id)])

    def _write(self, lease: Lease, files: Sequence[LandedFile], others: Sequence[Action]) -> None:
        """Move files together with other actions; the first action demands the lease.

        If a person dealt with a file meanwhile, it is recorded all the same. Only files that were still pending reduce
        the pending summary. A file that is taken for not pending may become pending before the next try, by a person's
        approval; then it would be in both tables, and be applied again.
        """
        puts = [self._put_processed(file, lease) for file in files]
        are_pending = [True] * len(files)
        while True:
            known = list(zip(files, are_pending, strict=True))
            takes = [self._take(file) if is_pending else self._is_not_pending(file) for file, is_pending in known]
            pending = [file for file, is_pending in known if is_pending]
            sums = [summary_update(self._tables.pending, pending, left=True)] if pending else []
            try:
                transact(self._client, [*others, *takes, *puts, *sums])
            except ClientError as error:
                failed = failed_conditions(error)
                if 0 in failed:
                    raise lost(lease) from error
                if not failed:
                    raise
                numbered = enumerate(are_pending, start=len(others))
                are_pending = [is_pending is not (number in failed) for number, is_pending in numbered]
            else:
                return

    def _take(self, file: LandedFile) -> Action:
        condition = {"ConditionExpression": "attribute_exists(file_id)"}
        return {"Delete": {"TableName": self._tables.pending, "Key": key_of(file), **condition}}

    def _is_not_pending(self, file: LandedFile) -> Action:
        """Demand it by a delete of nothing: runs have no right to a check of this table, and need none besides."""
        condition = {"ConditionExpression": "attribute_not_exists(file_id)"}
        return {"Delete": {"TableName": self._tables.pending, "Key": key_of(file), **condition}}

    def _put_processed(self, file: LandedFile, lease: Lease) -> Action:
        """Record the status of a file; a file without a status of its own was applied."""
        status = FileStatus.APPLIED if file.status is FileStatus.PENDING else file.status
        processed = {
            "file_ingestion_status": status.value,
            "status_reason": file.status_reason,
            "raw_file_processing_date_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "glue_job_run_id": lease.owner,
            "generation": file.generation,
            "format": FORMAT,
        }
        if status is FileStatus.HELD:
            processed["held_id"] = file.held_id
        if status is FileStatus.SKIPPED or (status is FileStatus.APPLIED and not file.is_load):
            processed |= self._expiry()
        return {"Put": {"TableName": self._tables.history, "Item": pending_item(file) | processed}}

    def _expiry(self) -> dict[str, int]:
        """Return the time after which DynamoDB may delete an item; parts of loads and held files stay."""
        days = self._tables.history_days
        return {} if days is None else {"expires_at": int(self._clock()) + days * _DAY}

    def _check(self, lease: Lease) -> Action:
        return {"ConditionCheck": self._mine(lease, {})}

    def _closing(self, lease: Lease, entry: RunRecord) -> Iterator[Action]:
        outcome = entry.outcome
        values: dict[str, Any] = {
            "refresh_status": outcome.status.value,
            "catalog_commit": entry.catalog_commit,
            "last_refresh": _numbers(outcome) | ({"error_message": outcome.error} if outcome.error else {}),
        }
        if entry.written_with is not None:
            values["written_with"] = dict(entry.written_with)
        if entry.size is not None:
            values["table_size"] = asdict(entry.size)
        gone = ["lease_owner", "lease_expires_at", "lease_since"]
        now = self._clock()
        if outcome.is_left_to_spark:
            values |= left_to_spark(outcome.beyond_engine, now, comes_again=entry.comes_again)
        elif outcome.engine is Engine.NATIVE or (
            outcome.status is RefreshStatus.COMPLETED and now >= lease.spark_until
        ):
            gone += BEYOND_ENGINE
        if entry.refused:
            values["refused_registrations"] = entry.refused_registrations
            values["refused_configuration"] = entry.refused_configuration
        else:
            gone += ["refused_registrations", "refused_configuration"]
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        update = f"SET {assignments} REMOVE {', '.join(gone)}"
        mine = self._mine(lease, {f":{name}": value for name, value in values.items()})
        yield {"Update": {**mine, "UpdateExpression": update}}
        if entry.refused:
            yield {"Put": {"TableName": self._tables.quarantine, "Item": item_of(_refused(outcome))}}
        elif outcome.status is RefreshStatus.COMPLETED and not outcome.is_left_to_spark:
            key = key_in_quarantine(QuarantineKind.REFUSED_TABLE, outcome.qualified_name)
            yield {"Delete": {"TableName": self._tables.quarantine, "Key": key}}

    def _mine(self, lease: Lease, values: Mapping[str, Any]) -> Action:
        return demanding(lease_item(self._tables.leases, lease.qualified_name), lease, values)

    def _put_outcome(self, outcome: RefreshOutcome, run_id: str) -> Action:
        item: dict[str, Any] = {
            "raw_table_name": outcome.qualified_name,
            "glue_job_run_id": run_id,
            "format": FORMAT,
            "source_table_name": outcome.source_table_name,
            "refresh_status": outcome.status.value,
            **_numbers(outcome),
            **self._expiry(),
        }
        if outcome.error:
            item |= {"error_message": outcome.error, "stack_trace": outcome.stack_trace}
        return {"Put": {"TableName": self._tables.refreshes, "Item": item}}


def _numbers(outcome: RefreshOutcome) -> dict[str, Any]:
    """Return the numbers of a run; the lease item has them too, because the run log is not ordered by time."""
    return {
        "refresh_start_date_time": outcome.started_at,
        "refresh_end_date_time": outcome.ended_at,
        "rows_inserted": outcome.counts.inserted,
        "rows_updated": outcome.counts.updated,
        "rows_deleted": outcome.counts.deleted,
        "updates_without_row": outcome.counts.updates_without_row,
        "files_processed": outcome.files,
        "engine": outcome.engine.value,
        **({"beyond_engine": outcome.beyond_engine} if outcome.beyond_engine else {}),
        **({"advice": outcome.advice} if outcome.advice else {}),
    }


def _refused(outcome: RefreshOutcome) -> Quarantined:
    details = {"source_table_name": outcome.source_table_name}
    return Quarantined(QuarantineKind.REFUSED_TABLE, outcome.qualified_name, outcome.error, details)


def _bounded(outcome: RefreshOutcome) -> RefreshOutcome:
    """Cut an error, because one that no item can hold would leave the refresh open; the run's log has all of it."""
    return replace(
        outcome,
        error=bounded_message(outcome.error),
        stack_trace=bounded_trace(outcome.stack_trace),
        beyond_engine=bounded_message(outcome.beyond_engine),
        advice=bounded_message(outcome.advice),
    )
