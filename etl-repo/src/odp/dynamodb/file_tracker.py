"""odpf_file_tracker (pending files and their summary) and odpf_file_tracker_history (files that are done or held).

A file is in exactly one of the two tables. Within a table's partition the sort keys are in the order of application:
parts of full loads under `0/<name>/<hash>`, then changes under `1/<name>/<hash>`. The partition `#pending` has a
summary of each source table, which changes in the same transaction as the files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import read_items, took_place, transact
from odp.dynamodb.file_queries import (
    FilesTable,
    changes_of,
    known_ids,
    loads_and_changes,
    loads_of,
    of_last_name,
    query,
)
from odp.dynamodb.planning import SUMMARIES, summary_key, summary_update
from odp.records import FileStatus, FileType, LandedFile, PendingFiles, PendingWork
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from odp.dynamodb.landing_marks import DynamoDbLandingMarks

FORMER_ID = "former_file_id"
"""The field with a file's id of format 1, if the file was pending during the migration."""
_KIND_ENDS = "/"
"""The separator that ids of format 1 (hashes) lack."""


class DynamoDbPendingWork:
    """Reads the pending work of each source table from one partition of small items."""

    def __init__(self, dynamodb: DynamoDBServiceResource, pending_table: str) -> None:
        self._pending = FilesTable(dynamodb.meta.client, pending_table)

    def pending_work(self) -> Mapping[str, PendingWork]:
        """Return the pending work of every source table; reads no item of a file."""
        items = query(self._pending, "source_table_name = :name", {":name": SUMMARIES})
        work = (_work_of(item) for item in items)
        return {each.source_table_name: each for each in work if each.files > 0}


class DynamoDbFileTracker:
    """The ledger of landed files in two tables."""

    def __init__(
        self,
        dynamodb: DynamoDBServiceResource,
        pending_table: str,
        history_table: str,
        *,
        marks: DynamoDbLandingMarks | None = None,
    ) -> None:
        self._client = dynamodb.meta.client
        self._marks = marks
        self._pending = FilesTable(self._client, pending_table)
        self._history = FilesTable(self._client, history_table)

    def register(self, file: LandedFile) -> bool:
        """Add a file that is neither pending nor in the history; False when it was known.

        This is one transaction, so an event that repeats while the file moves to the history adds nothing. Where there
        is a secondary Region, the file is marked for it at the same moment.
        """
        unknown = "attribute_not_exists(file_id)"
        not_in_history = {"TableName": self._history.name, "Key": key_of(file), "ConditionExpression": unknown}
        pending = {"TableName": self._pending.name, "Item": pending_item(file), "ConditionExpression": unknown}
        summary = summary_update(self._pending.name, [file], registered=True)
        actions = [{"ConditionCheck": not_in_history}, {"Put": pending}, summary]
        if self._marks and not file.is_replica:
            self._marks.note_table(file.source_table_name)
            actions.append(self._marks.action(file))
        return took_place(lambda: transact(self._client, actions))

    def pending_files(self, source_table_name: str, most_changes: int) -> PendingFiles:
        """Return all pending parts of loads, and the oldest changes by name up to a limit; the last name is complete.

        All versions of an object come together, because the oldest shows when it first landed.
        """
        key = summary_key(source_table_name)
        summary = self._client.get_item(TableName=self._pending.name, Key=key, ConsistentRead=True).get("Item", {})
        loads, changes = loads_and_changes(self._pending, source_table_name, most_changes + 1)
        is_all = len(changes) <= most_changes
        if not is_all:
            changes = [*changes[:most_changes], *of_last_name(self._pending, changes)]
        files = tuple(landed_file_of(item) for item in (*loads, *changes))
        return PendingFiles(files, is_all, int(str(summary.get("registrations", 0))))

    def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the pending parts of full loads of one source table."""
        return [landed_file_of(item) for item in loads_of(self._pending, source_table_name)]

    def unrecorded_files(
        self, source_table_name: str, file_ids: Collection[str], pending: PendingFiles
    ) -> Sequence[LandedFile]:
        """List the given files that do not count as applied, in landing order; `pending` was read before.

        They are the files of a commit. It may have landed after a person skipped one of them, or a later run held it.
        """
        current = {file_id for file_id in file_ids if _KIND_ENDS in file_id}
        found = [file for file in pending.files if file.file_id in current]
        left = current - {file.file_id for file in found}
        items = list(self._of_former_ids(source_table_name, {*file_ids} - current))
        if not pending.is_all:
            items += self._of_ids(self._pending, source_table_name, left)
            left -= {str(item["file_id"]) for item in items}
        items += filterfalse(_is_applied, self._of_ids(self._history, source_table_name, left))
        return sorted([*found, *map(landed_file_of, items)], key=lambda file: file.file_id)

    def _of_ids(self, table: FilesTable, source_table_name: str, file_ids: Collection[str]) -> Iterator[dict[str, Any]]:
        keys = ({"source_table_name": source_table_name, "file_id": file_id} for file_id in sorted(file_ids))
        return read_items(self._client, table.name, keys)

    def _of_former_ids(self, source_table_name: str, former: Collection[str]) -> Iterator[dict[str, Any]]:
        """Find files of a commit by their ids of format 1; the table's next commit has the current ids."""
        tables = (self._pending, self._history) if former else ()
        for table in tables:
            for item in (*loads_of(table, source_table_name), *changes_of(table, source_table_name)):
                if item.get(FORMER_ID) in former and not _is_applied(item):
                    yield item

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        """List the parts of full loads in the history, applied or not."""
        return [landed_file_of(item) for item in loads_of(self._history, source_table_name)]

    def processed_changes(self, source_table_name: str, from_name: str, most: int) -> Sequence[LandedFile]:
        """List change files in the history, in the order of names, from a name on, up to a limit."""
        return [landed_file_of(item) for item in changes_of(self._history, source_table_name, from_name, most)]

    def oldest_landing(self, source_table_name: str) -> str:
        """Return the landing time of the first pending load part or change; empty if nothing is pending."""
        name = source_table_name
        items = (*loads_of(self._pending, name, most=1), *changes_of(self._pending, name, "", 1))
        return min((str(item["file_ingestion_date_time"]) for item in items), default="")

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that are neither pending nor in the history."""
        # most are in the history and need no second look
        return self._not_in(self._pending, self.unprocessed(files))

    def unprocessed(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        """List the given files that the history lacks."""
        return self._not_in(self._history, files)

    def _not_in(self, table: FilesTable, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        known = known_ids(table, map(key_of, files))
        return [file for file in files if file.file_id not in known]


def _is_applied(item: Mapping[str, Any]) -> bool:
    return bool(item.get("file_ingestion_status") == FileStatus.APPLIED.value)


def key_of(file: LandedFile) -> dict[str, str]:
    """Return the key of a file in both tables."""
    return {"source_table_name": file.source_table_name, "file_id": file.file_id}


def pending_item(file: LandedFile) -> dict[str, Any]:
    """Return the item of a pending file."""
    item = {
        "source_table_name": file.source_table_name,
        "file_id": file.file_id,
        "format": FORMAT,
        "file_ingestion_status": FileStatus.PENDING.value,
        "file_ingestion_date_time": file.landed_at,
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "dms_file_type": file.file_type.value,
        "schema_name": file.schema_name,
        "table_name": file.table_name,
        "file_size": file.size,
        "etag": file.etag,
        "version_id": file.version_id,
        "sequencer": file.sequencer,
        "segment": file.segment or None,
        "event_reason": file.event_reason or None,
        "approved": file.approved or None,
    }
    return {name: value for name, value in item.items() if value is not None}


def _work_of(item: Mapping[str, Any]) -> PendingWork:
    numbers = (int(str(item.get(name, 0))) for name in ("files", "bytes", "registrations"))
    return PendingWork(str(item["file_id"]), *numbers)


def landed_file_of(item: Mapping[str, Any]) -> LandedFile:
    """Read a stored file; fields that an older release lacks get their defaults."""
    return LandedFile(
        source_table_name=item["source_table_name"],
        file_id=item["file_id"],
        file_type=FileType(item["dms_file_type"]),
        schema_name=item["schema_name"],
        table_name=item["table_name"],
        bucket=item["file_ingestion_s3_bucket"],
        key=item["file_ingestion_path"],
        size=int(item["file_size"]),
        etag=item["etag"],
        landed_at=item["file_ingestion_date_time"],
        version_id=item.get("version_id"),
        sequencer=item.get("sequencer"),
        generation=int(item.get("generation", 0)),
        segment=item.get("segment", ""),
        event_reason=item.get("event_reason", ""),
        status=FileStatus(item.get("file_ingestion_status", FileStatus.PENDING)),
        status_reason=item.get("status_reason", ""),
        approved=bool(item.get("approved", False)),
        held_id=item.get("held_id", ""),
        approval=item.get("approval", ""),
    )
