"""Migrates the framework's tables; each step is a transaction, so it can die anywhere and continue later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from odp.dynamodb.deploy_tracker import MARKER
from odp.dynamodb.file_tracker import landed_file_of
from odp.dynamodb.planning import summary_update
from odp.dynamodb.running_configuration import scan
from odp.errors import ObjectKeyError
from odp.records import QuarantineKind
from odp.refresh import RefreshStatus
from odp.stored_format import FORMAT

from lake.batched import batched
from lake.ledger.connection import condition_failed, persist, transact
from odp_cli.errors import CommandError
from odp_cli.migration.format_1 import Item, MigratedFile, is_file_now, is_format_1, migrated_file, migrated_rejection

if TYPE_CHECKING:
    from odp.file_manager.registration import Staging
    from odp.records import LandedFile
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

# a transaction has at most 100 actions: two for a file, and one for the summary of each table
_FILES_PER_TRANSACTION = 30
_BUCKET, _RAW = "raw_database_S3_bucket", "raw"


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The names of the migrated tables, and of the table with the format."""

    pending: str
    history: str
    leases: str
    quarantine: str
    tracker: str


@dataclass(slots=True)
class Findings:
    """The items to migrate, the source tables with new names, and the obstacles."""

    pending: int = 0
    history: int = 0
    leases: int = 0
    quarantine: int = 0
    names: dict[str, set[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The number of items of each table in format 1."""
        return {name: getattr(self, name) for name in ("pending", "history", "leases", "quarantine")}

    @property
    def items(self) -> int:
        """The number of items in format 1."""
        return sum(self.counts.values())

    @property
    def renamed(self) -> dict[str, str]:
        """The source tables whose names change by the configured sources; manifests must use the new names."""
        return {old: min(new) for old, new in sorted(self.names.items()) if old not in new}

    @property
    def mixed(self) -> dict[str, list[str]]:
        """The tables with files of several source tables by the configured sources."""
        return {old: sorted(new) for old, new in sorted(self.names.items()) if len(new) > 1}


@dataclass(frozen=True, slots=True)
class LedgerMigration:
    """Migrates a lake's tables; `versions` gives the version ids of an object in the bucket."""

    dynamodb: DynamoDBServiceResource
    tables: LedgerTables
    staging: Staging
    raw_bucket: str
    versions: Callable[[str], list[str]]
    clock: Callable[[], float] = time.time

    def find(self, *, split: bool = False) -> Findings:
        """Read everything and change nothing. `split` accepts that mixed tables must be loaded again."""
        found = Findings(quarantine=sum(1 for _ in self._rejections()))
        found.pending = self._find_files(self.tables.pending, found)
        found.history = self._find_files(self.tables.history, found)
        leases = list(self._leases())
        found.leases = sum(map(_names_a_bucket, leases))
        if found.items:
            found.problems += [problem for item in leases for problem in self._problems_of_lease(item)]
        if not split:
            found.problems += [
                f"{old} holds files of several tables: {', '.join(new)}. Its rows are those of all of them; to "
                "keep them apart, run the command with --split, then load each of the tables again"
                for old, new in found.mixed.items()
            ]
        return found

    def is_done(self, found: Findings) -> bool:
        """Whether nothing is left to do."""
        marker = self.dynamodb.Table(self.tables.tracker).get_item(Key=MARKER, ConsistentRead=True).get("Item", {})
        return not found.items and int(str(marker.get("format", 1))) == FORMAT

    def run(self, found: Findings, *, by: str) -> None:
        """Migrate the findings: leases first, because their new names follow from unmigrated files."""
        self._mark(1, migration_begun_by=by)
        for item in self._leases():
            if _names_a_bucket(item):
                self._migrate_lease(item, found.renamed)
        for files in batched(self._files(self.tables.history), _FILES_PER_TRANSACTION):
            self._write(action for file in files for action in self._move(file, self.tables.history))
        for files in batched(self._files(self.tables.pending), _FILES_PER_TRANSACTION):
            self._write(self._pending_moves(list(files)))
        for entry in self._rejections():
            self._write(self._rejection_moves(entry))
        self._mark(FORMAT, migrated_by=by)

    def _scan(self, table: str) -> Iterator[Item]:
        return scan(self.dynamodb.meta.client, table)

    def _leases(self) -> Iterator[Item]:
        return self._scan(self.tables.leases)

    def _files(self, table: str) -> Iterator[MigratedFile]:
        is_pending = table == self.tables.pending
        for item in self._scan(table):
            if is_format_1(item):
                yield migrated_file(item, self.staging, is_pending=is_pending)

    def _rejections(self) -> Iterator[Item]:
        for item in self._scan(self.tables.quarantine):
            if is_format_1(item) and item["quarantine_kind"] == QuarantineKind.REJECTED_FILE:
                yield item

    def _find_files(self, table: str, found: Findings) -> int:
        count = 0
        for item in self._scan(table):
            if not is_format_1(item):
                continue
            count += 1
            try:
                old, new = migrated_file(item, self.staging, is_pending=table == self.tables.pending).names
            except (ObjectKeyError, ValueError) as error:
                found.problems.append(f"{item['source_table_name']}: {item['file_ingestion_path']}: {error}")
            else:
                found.names.setdefault(old, set()).add(new)
        return count

    def _problems_of_lease(self, item: Item) -> Iterator[str]:
        name, until = item["raw_table_name"], float(item.get("lease_expires_at", 0))
        if until >= self.clock():
            yield f"{name}: run {item.get('lease_owner')} is writing it; pause the schedules and wait for its end"
        elif item.get("refresh_status") == RefreshStatus.UPDATING:
            yield (
                f"{name}: run {item.get('lease_owner')} died, and may have committed files that are still pending in "
                "the ledger; let the release that wrote it refresh the table once more, then migrate"
            )
        bucket = item["written_with"][_BUCKET] if _names_a_bucket(item) else self.raw_bucket
        if bucket != self.raw_bucket:
            yield f"{name}: holds data in the bucket {bucket}, which is not this lake's raw bucket {self.raw_bucket}"

    def _migrate_lease(self, item: Item, renamed: dict[str, str]) -> None:
        old = item["written_with"]
        name = old["source_table_name"]
        new = old | {_BUCKET: _RAW, "source_table_name": renamed.get(name, name)}
        update = {
            "TableName": self.tables.leases,
            "Key": {"raw_table_name": item["raw_table_name"]},
            "UpdateExpression": "SET #format = :format, written_with = :new",
            "ConditionExpression": "written_with = :old AND "
            "(attribute_not_exists(lease_expires_at) OR lease_expires_at < :now)",
            "ExpressionAttributeNames": {"#format": "format"},
            "ExpressionAttributeValues": {":format": FORMAT, ":new": new, ":old": old, ":now": int(self.clock())},
        }
        self._write([{"Update": update}])

    def _move(self, file: MigratedFile, table: str, *, to: str = "") -> Iterator[Item]:
        yield {"Put": {"TableName": to or table, "Item": file.new}}
        yield {"Delete": {"TableName": table, "Key": file.key, "ConditionExpression": "attribute_exists(file_id)"}}

    def _pending_moves(self, files: list[MigratedFile]) -> Iterator[Item]:
        waiting: dict[str, list[LandedFile]] = {}
        for file in files:
            yield from self._move(file, self.tables.pending, to=self.tables.history if file.is_held else "")
            if not file.is_held:
                waiting.setdefault(file.new["source_table_name"], []).append(landed_file_of(file.new))
        for counted in waiting.values():
            yield summary_update(self.tables.pending, counted, registered=True)

    def _rejection_moves(self, entry: Item) -> Iterator[Item]:
        key = {name: entry[name] for name in ("quarantine_kind", "entry_id")}
        new = migrated_rejection(entry, self.staging, self.versions(entry["file_ingestion_path"]))
        is_moved = new["entry_id"] != entry["entry_id"]
        if is_moved or is_file_now(entry, self.staging):
            yield {"Delete": {"TableName": self.tables.quarantine, "Key": key}}
        if not is_file_now(entry, self.staging):
            yield {"Put": {"TableName": self.tables.quarantine, "Item": new}}

    def _mark(self, format_number: int, **more: str) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))
        item: dict[str, Any] = {**MARKER, "format": format_number, "since": at, **more}
        client = self.dynamodb.meta.client
        persist(lambda: client.put_item(TableName=self.tables.tracker, Item=item))

    def _write(self, actions: Iterable[Item]) -> None:
        try:
            transact(self.dynamodb.meta.client, list(actions))
        except ClientError as error:
            if condition_failed(error):
                raise CommandError(
                    "the ledger changed during the migration: a run began, or somebody else migrates it",
                    mend="wait until that has ended, then run the command again; it continues where it stopped",
                ) from error
            raise


def _names_a_bucket(lease: Item) -> bool:
    return bool(lease.get("written_with", {}).get(_BUCKET, _RAW) != _RAW)
