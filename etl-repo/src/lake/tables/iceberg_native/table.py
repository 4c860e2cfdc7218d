"""One Iceberg table written natively: read, merged into or replaced, committed with its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchTableError
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata

from lake.tables.change import ChangeKind, Commit, StoredTable, TableDefinition, WrittenRows
from lake.tables.format import CheckLease, CommentsOf
from lake.tables.iceberg.fencing import refuse_overtaken
from lake.tables.iceberg.options import MERGED_TABLE_PROPERTIES, TARGET_FILE_BYTES, TARGET_PROPERTY
from lake.tables.iceberg.proof import proof_entries
from lake.tables.iceberg.refused_entries import refuse_foreign_entry, refuse_without_proof
from lake.tables.iceberg_native.commit import (
    CatalogTable,
    NewTable,
    creating_updates,
    renewed_properties,
    schema_updates,
    snapshot_updates,
    staged_table,
)
from lake.tables.iceberg_native.data_file_reader import DataFileReader
from lake.tables.iceberg_native.data_file_writer import DataFileWriter
from lake.tables.iceberg_native.live_files import LiveFiles, live_files
from lake.tables.iceberg_native.merge import FileChanges, Merge
from lake.tables.iceberg_native.partitions import first_spec, replaced_spec
from lake.tables.iceberg_native.proof_entries import (
    commit_time,
    newest_commit,
    newest_fence,
    property_updates,
)
from lake.tables.iceberg_native.retention import delete_unreachable, expired_snapshots
from lake.tables.iceberg_native.row_change import Limits, RowChange
from lake.tables.iceberg_native.snapshot_files import SnapshotParts, write_snapshot
from lake.tables.iceberg_native.table_schema import (
    NextSchema,
    columns_of,
    commented_schema,
    first_schema,
    merged_schema,
    replaced_schema,
)


@dataclass(frozen=True, slots=True)
class _Next:
    """The table that a change is made for, and the schema and partitions that it has after the change."""

    of: CatalogTable
    schema: NextSchema
    spec: PartitionSpec

    @property
    def metadata(self) -> TableMetadata:
        return self.of.table.metadata


def open_tables(catalog: Catalog, limits: Limits | None = None) -> Callable[[TableDefinition], NativeIcebergTable]:
    """Return how tables of a catalog are opened, whether or not they exist."""
    return lambda definition: NativeIcebergTable(catalog, definition, limits)


class NativeIcebergTable:
    """A table of the catalog, read once: a change is made for the state that `existing` and `rows` gave."""

    def __init__(self, catalog: Catalog, definition: TableDefinition, limits: Limits | None = None) -> None:
        self._catalog = catalog
        self._definition = definition
        self._limits = limits or Limits()
        self._name = (definition.database, definition.name)
        self._read: Table | None = None
        self._is_read = False

    def existing(self) -> StoredTable | None:
        """Read what the table is; None if no change has reached it."""
        metadata = self._metadata()
        newest = newest_commit(metadata) if metadata else None
        snapshot = metadata.current_snapshot() if metadata else None
        if metadata is None or snapshot is None or newest is None:
            return None
        schema = next(schema for schema in metadata.schemas if schema.schema_id == snapshot.schema_id)
        return StoredTable(commit_time(snapshot), columns_of(schema), newest.proof)

    def rows(self) -> Iterator[pa.Table]:
        """Give the rows as they are, in pieces, with the technical columns."""
        table = self._table()
        if table is None:
            return
        schema = merged_schema(table.metadata, {})
        reader = DataFileReader(table.io, schema.arrow, schema.stored_ids)
        for file in live_files(table.io, table.metadata.current_snapshot()).files:
            yield from reader.read(file)

    def repair(self, stored: StoredTable | None, check_lease: CheckLease) -> None:  # noqa: ARG002 - nothing is written
        """Refuse a table of someone else, whose rows the first change would replace; nothing else needs repair.

        Raises:
            RejectedInputError: naming the table.
        """
        if stored is None and self._table() is not None:
            refuse_without_proof(self._definition.qualified_name)

    def apply(self, change: RowChange, check_lease: CheckLease) -> WrittenRows:
        """Make a change visible in one commit of the catalog: rows, proof, and what changes of the schema.

        `check_lease` is called last before the commit; what it raises leaves the table as it is.

        Raises:
            BeyondEngineError: nothing was written.
            LeaseLostError: another run took the table over.
            TableMovedError: the table is not the one that was read.
            CommitUnknownError: the answer of the catalog is lost.
        """
        to_be = self._next(change)
        refuse_overtaken(self._definition.qualified_name, newest_fence(to_be.metadata), change.fence, check_lease)
        live = live_files(to_be.of.table.io, to_be.metadata.current_snapshot())
        changes = self._write(to_be, live, change)
        self._commit(to_be, live, changes, change, check_lease)
        return changes.rows

    def last_commit(self) -> Commit | None:
        """Read the newest commit that carries a proof, from the catalog as it is at this moment."""
        self._is_read = False
        metadata = self._metadata()
        return newest_commit(metadata) if metadata else None

    def publish(self, published_commit: str, comments_of: CommentsOf) -> str:  # noqa: ARG002 - a commit is published
        """Comment columns as the newest proof asks for; gives the newest commit's time."""
        table = self._table()
        newest = newest_commit(table.metadata) if table else None
        snapshot = table.metadata.current_snapshot() if table else None
        if newest is None or table is None or snapshot is None:
            return ""
        metadata = table.metadata
        schema = commented_schema(metadata, comments_of(newest.proof))
        if schema is not None:
            updates = schema_updates(metadata, schema, metadata.spec())
            of = CatalogTable(self._catalog, self._name, table, is_new=False)
            self._is_read = False
            of.commit(updates, lambda found: found.current_schema_id == schema.schema_id)
        return commit_time(snapshot)

    def _table(self) -> Table | None:
        if not self._is_read:
            try:
                self._read = self._catalog.load_table(self._name)
            except NoSuchIcebergTableError as error:  # first: it is a kind of the next
                refuse_foreign_entry(self._definition.qualified_name, error)
            except NoSuchTableError:
                self._read = None
            self._is_read = True
        return self._read

    def _metadata(self) -> TableMetadata | None:
        table = self._table()
        return table.metadata if table else None

    def _next(self, change: RowChange) -> _Next:
        table = self._table()
        by = self._definition.partition_by
        if table is None:
            schema = first_schema(change.columns)
            spec = first_spec(schema.schema, by)
            new = NewTable(schema.schema, spec, self._definition.location, MERGED_TABLE_PROPERTIES)
            return _Next(staged_table(self._catalog, self._name, new), schema, new.spec)
        metadata = table.metadata
        of = CatalogTable(self._catalog, self._name, table, is_new=False)
        if change.kind is ChangeKind.MERGE:
            schema = merged_schema(metadata, change.columns)
            return _Next(of, schema, metadata.spec())
        schema = replaced_schema(metadata, change.columns)
        return _Next(of, schema, replaced_spec(metadata, schema.schema, by))

    def _write(self, to_be: _Next, live: LiveFiles, change: RowChange) -> FileChanges:
        metadata, io = to_be.metadata, to_be.of.table.io
        target = int(metadata.properties.get(TARGET_PROPERTY, TARGET_FILE_BYTES))
        writer = DataFileWriter(io, metadata.location, to_be.schema, to_be.spec, target)
        reader = DataFileReader(io, to_be.schema.arrow, to_be.schema.stored_ids)
        merge = Merge(self._definition, live.files, reader, writer, metadata.specs(), self._limits)
        if change.kind is ChangeKind.MERGE:
            rows = change.rows if isinstance(change.rows, pa.Table) else pa.concat_tables(change.rows)
            return merge.merge(rows, may_match=change.may_match, rewrite_all=to_be.schema.must_rewrite)
        return merge.replace([change.rows] if isinstance(change.rows, pa.Table) else change.rows)

    def _commit(
        self, to_be: _Next, live: LiveFiles, changes: FileChanges, change: RowChange, check_lease: CheckLease
    ) -> None:
        metadata, io = to_be.metadata, to_be.of.table.io
        proof, rows = change.proof, changes.rows
        if change.kind is ChangeKind.REWRITE and (carried := newest_commit(metadata)):
            proof, rows = carried.proof, carried.rows
        entries = proof_entries(proof, rows, change.fence or newest_fence(metadata))
        parts = SnapshotParts(
            snapshot_id=metadata.new_snapshot_id(),
            parent=metadata.current_snapshot(),
            parent_schema=None if to_be.of.is_new else metadata.schema(),
            sequence_number=metadata.next_sequence_number(),
            schema=to_be.schema.schema,
            specs={**metadata.specs(), to_be.spec.spec_id: to_be.spec},
            spec_id=to_be.spec.spec_id,
            properties=dict(entries.summary),
            last_ms=max([metadata.last_updated_ms, *(entry.timestamp_ms for entry in metadata.snapshot_log[-1:])]),
        )
        properties = property_updates(metadata, entries)
        snapshot = write_snapshot(io, metadata.location, parts, live, changes)
        shape = (
            creating_updates(metadata) if to_be.of.is_new else schema_updates(metadata, to_be.schema.schema, to_be.spec)
        )
        if change.kind is ChangeKind.REPLACE and not to_be.of.is_new:
            shape += renewed_properties(metadata, MERGED_TABLE_PROPERTIES)
        updates = [*shape, *snapshot_updates(snapshot, expired_snapshots(metadata)), *properties]
        check_lease()
        self._is_read = False
        after = to_be.of.commit(updates, lambda found: found.snapshot_by_id(snapshot.snapshot_id) is not None)
        delete_unreachable(io, metadata, after)
