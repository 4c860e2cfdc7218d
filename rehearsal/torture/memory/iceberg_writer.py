"""Iceberg tables by Spark, as the tester models it: one commit for each refresh, whatever engine made the one before.

Like the writer of Hudi tables it calls the framework only where that decides before Spark works.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from odp.file_processor.apply.commit_proof import FinalRows, may_count_updates_without_row, read_commit
from odp.file_processor.apply.decided_refresh import DecidedRefresh, demand_own_commit, placed, refuse_unseen_commit
from odp.file_processor.apply.source_columns import NamedColumns
from odp.file_processor.apply.table_format import definition_of
from odp.file_processor.apply.technical_columns import KEY, VERSION, technical_columns
from odp.records import LandedFile, RawTableConfig, RowHistory
from odp.refresh import LastCommit, RefreshPlan
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AddSortOrderUpdate,
    AssertCreate,
    AssertCurrentSchemaId,
    AssertRefSnapshotId,
    AssertTableUUID,
    AssignUUIDUpdate,
    RemovePropertiesUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    TableRequirement,
    TableUpdate,
    UpgradeFormatVersionUpdate,
)
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DoubleType, FloatType, IntegerType, LongType, NestedField, PrimitiveType, StringType

from lake.errors import RejectedInputError, TableMovedError
from lake.tables.change import Commit, StoredTable, WrittenRows
from lake.tables.columns import Columns, String, column_type
from lake.tables.iceberg.options import MERGED_TABLE_PROPERTIES
from lake.tables.iceberg.proof import ProofEntries, commit_time_of, proof_entries, read_proof
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory import writer as rows_of_refreshes
from rehearsal.torture.memory.hudi_table import HudiTable
from rehearsal.torture.memory.iceberg_catalog import RunCatalog, summary_of
from rehearsal.torture.memory.iceberg_files import (
    MAIN,
    Row,
    SnapshotWriter,
    StoredFile,
    rows_of,
    snapshot_updates,
    stored_files,
)
from rehearsal.torture.memory.staging import StagingBucket

_TYPES: Mapping[str, PrimitiveType] = {
    "int": IntegerType(),
    "bigint": LongType(),
    "float": FloatType(),
    "double": DoubleType(),
    "string": StringType(),
}


def newest_proof(metadata: TableMetadata | None) -> Commit | None:
    """The newest commit that carries a proof, of those that led to the present state."""
    snapshot = metadata.current_snapshot() if metadata else None
    while metadata is not None and snapshot is not None:
        if found := read_proof(summary_of(snapshot), metadata.properties):
            return Commit(commit_time_of(snapshot.sequence_number or 0), *found)
        parent = snapshot.parent_snapshot_id
        snapshot = None if parent is None else metadata.snapshot_by_id(parent)
    return None


@dataclass(frozen=True, slots=True)
class SparkOnIceberg:
    """Applies refreshes for one run; `ask_lease` is called right before the catalog is asked for the commit."""

    catalog: RunCatalog
    staging: StagingBucket
    bucket: str
    rows_per_file: int
    ask_lease: Callable[[RefreshPlan, Callable[[], None]], None]

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest commit."""
        commit = newest_proof(self._load(config))
        return read_commit(commit) if commit else None

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit."""
        at_begin = self._load(config)
        stored = _stored(at_begin)
        refuse_unseen_commit(config, refresh, stored)
        decided = DecidedRefresh(placed(config, {config.raw_database_s3_bucket: self.bucket}), refresh, stored)
        files = () if decided.is_emptied else refresh.read_files
        contents = dict(zip(files, self.staging.read([file.key for file in files]), strict=True))
        columns, named = _columns(decided, contents)
        made = _Made(self, decided, columns, self._unmoved(config, at_begin))
        requirements, updates = made.commit(contents, named)
        self.ask_lease(refresh, check_lease)
        self._commit(made, requirements, updates)
        return demand_own_commit(config, refresh, stored, self.last_refresh(config))

    def publish(self, config: RawTableConfig, published_commit: str) -> str:  # noqa: ARG002 - a commit is published
        """Return the newest commit's time."""
        metadata = self._load(config)
        snapshot = metadata.current_snapshot() if metadata else None
        return commit_time_of(snapshot.sequence_number or 0) if snapshot else ""

    def _load(self, config: RawTableConfig) -> TableMetadata | None:
        try:
            return self.catalog.load_table((config.raw_database_name, config.raw_table_name)).metadata
        except NoSuchTableError:
            return None

    def _unmoved(self, config: RawTableConfig, at_begin: TableMetadata | None) -> TableMetadata | None:
        before = self._load(config)
        if _snapshot_id(before) != _snapshot_id(at_begin):
            message = f"{config.qualified_name} is not the table that was read"
            raise TableMovedError(message)
        return before

    def _commit(self, made: "_Made", requirements: list[TableRequirement], updates: list[TableUpdate]) -> None:
        """Iceberg's own client looks into the table if it got no answer."""
        try:
            self.catalog.commit(made.name, requirements, updates)
        except CommitFailedException as error:
            raise TableMovedError(str(error)) from error
        except Exception:
            snapshots = {each.snapshot.snapshot_id for each in updates if isinstance(each, AddSnapshotUpdate)}
            after = self._load(made.decided.config)
            if after is None or not any(after.snapshot_by_id(each) for each in snapshots):
                raise


def _snapshot_id(metadata: TableMetadata | None) -> int | None:
    return metadata.current_snapshot_id if metadata else None


def _stored(metadata: TableMetadata | None) -> StoredTable | None:
    commit = newest_proof(metadata)
    snapshot = metadata.current_snapshot() if metadata else None
    if metadata is None or commit is None or snapshot is None:
        return None
    columns = {field.name: column_type(_spark_type(field)) for field in metadata.schema().fields}
    return StoredTable(commit_time_of(snapshot.sequence_number or 0), columns, commit.proof)


def _spark_type(field: NestedField) -> str:
    return next(text for text, type_ in _TYPES.items() if type_ == field.field_type)


def _columns(
    decided: DecidedRefresh, contents: Mapping[LandedFile, DmsFile]
) -> tuple[Columns, dict[str, NamedColumns]]:
    for landed, content in contents.items():
        if not content.columns:
            message = f"{landed.key} is not a Parquet file"
            raise RejectedInputError(message)
    of_files = {
        landed.file_id: {name: column_type(text) for name, text in content.columns.items()}
        for landed, content in contents.items()
    }
    return decided.columns(of_files), decided.named(of_files)


@dataclass(frozen=True, slots=True)
class _Made:
    """One refresh, made for the table as `before` says it is."""

    by: SparkOnIceberg
    decided: DecidedRefresh
    columns: Columns
    before: TableMetadata | None

    @property
    def name(self) -> tuple[str, str]:
        return self.decided.config.raw_database_name, self.decided.config.raw_table_name

    def commit(
        self, contents: Mapping[LandedFile, DmsFile], named: Mapping[str, NamedColumns]
    ) -> tuple[list[TableRequirement], list[TableUpdate]]:
        """Write the files of the refresh; returns what the catalog is asked for."""
        live = stored_files(self.by.catalog.io, self.before)
        rows, version, counted = self._rows(contents, named, rows_of(live))
        schema = self._schema()
        metadata = self.before or self._new(schema)
        into = SnapshotWriter(self.by.catalog.io, metadata, schema, metadata.spec())
        merged = _merged(live, rows, self._key, is_merged=self.decided.is_merged)
        entries = proof_entries(self.decided.proof(version, named, counted), merged.counts)
        added = into.data_files(merged.written, self.by.rows_per_file)
        parent = metadata.current_snapshot() if self.decided.is_merged else None
        kept = live if self.decided.is_merged else []
        removed = [file for file in kept if file in merged.touched]
        kept = [file for file in kept if file not in merged.touched]
        snapshot = into.snapshot(parent, kept, removed, added, entries.summary)
        return self._requirements(), [
            *self._shape(metadata, schema),
            *snapshot_updates(snapshot),
            *_proof(metadata, entries),
        ]

    def _rows(
        self, contents: Mapping[LandedFile, DmsFile], named: Mapping[str, NamedColumns], held: Sequence[Row]
    ) -> tuple[list[Row], str, FinalRows | None]:
        config, refresh = self.decided.config, self.decided.refresh
        placed_rows = list(
            rows_of_refreshes._placed(config, [(file, of, named[file.file_id]) for file, of in contents.items()])  # noqa: SLF001
        )
        if config.history is RowHistory.LATEST:
            last = rows_of_refreshes._last_per_key(placed_rows, config)  # noqa: SLF001
            rows = [row for row in last if self.decided.is_merged or row[rows_of_refreshes.OP] != "D"]
            final = [self._in_columns({**row, KEY: _key_text(row, config)}) for row in rows]
            is_counted = may_count_updates_without_row(refresh, self.decided.existing, named.values())
            counted = rows_of_refreshes._final_rows(config, rows, placed_rows) if is_counted else None  # noqa: SLF001
            return final, "", counted
        content = HudiTable({(at,): [(None, row)] for at, row in enumerate(held)})
        table = rows_of_refreshes.StoredTable(content, load_version=self.decided.content.load_version)
        versions, load_version = rows_of_refreshes._versions(  # noqa: SLF001
            config, refresh, placed_rows, table if self.decided.stored else None
        )
        return [self._in_columns({**row, KEY: _key_text(row, config)}) for row in versions], load_version, None

    def _in_columns(self, row: Row) -> Row:
        return {name: row.get(name) for name in (*self.columns, *technical_columns(self.decided.config))}

    @property
    def _key(self) -> str:
        return definition_of(self.decided.config).record_key

    def _schema(self) -> Schema:
        """Columns keep their ids by name; a merge keeps the table's columns in their order, and widens in place."""
        wanted = {**self.columns, **{name: String() for name in technical_columns(self.decided.config)}}
        present = {field.name: field for field in self.before.schema().fields} if self.before else {}
        last = self.before.last_column_id if self.before else 0
        names = [*present, *(name for name in wanted if name not in present)] if self.decided.is_merged else [*wanted]
        fields: list[NestedField] = []
        for name in names:
            if name not in wanted:
                fields.append(present[name])
                continue
            last += name not in present
            id_ = present[name].field_id if name in present else last
            fields.append(NestedField(id_, name, _TYPES[str(wanted[name])], required=False))
        known = self.before.schemas if self.before else []
        same = next((schema for schema in known if list(schema.fields) == fields), None)
        return same or Schema(*fields, schema_id=max((schema.schema_id for schema in known), default=-1) + 1)

    def _new(self, schema: Schema) -> TableMetadata:
        definition, spec = definition_of(self.decided.config), PartitionSpec()
        if by := definition.partition_column:
            field = PartitionField(schema.find_field(by).field_id, PARTITION_FIELD_ID_START, IdentityTransform(), by)
            spec = PartitionSpec(field, spec_id=0)
        return new_table_metadata(schema, spec, UNSORTED_SORT_ORDER, definition.location, MERGED_TABLE_PROPERTIES)

    def _requirements(self) -> list[TableRequirement]:
        if self.before is None:
            return [AssertCreate()]
        return [
            AssertTableUUID(uuid=self.before.table_uuid),
            AssertRefSnapshotId(ref=MAIN, snapshot_id=self.before.current_snapshot_id),
            AssertCurrentSchemaId(current_schema_id=self.before.current_schema_id),
        ]

    def _shape(self, metadata: TableMetadata, schema: Schema) -> list[TableUpdate]:
        if self.before is None:
            return [
                AssignUUIDUpdate(uuid=metadata.table_uuid),
                UpgradeFormatVersionUpdate(format_version=2),
                AddSchemaUpdate(schema_=metadata.schema()),
                SetCurrentSchemaUpdate(schema_id=-1),
                AddPartitionSpecUpdate(spec=metadata.spec()),
                SetDefaultSpecUpdate(spec_id=-1),
                AddSortOrderUpdate(sort_order=UNSORTED_SORT_ORDER),
                SetDefaultSortOrderUpdate(sort_order_id=-1),
                SetLocationUpdate(location=metadata.location),
                SetPropertiesUpdate(updates=metadata.properties),
            ]
        if schema.schema_id == metadata.current_schema_id:
            return []
        is_known = schema.schema_id in {known.schema_id for known in metadata.schemas}
        added = [] if is_known else [AddSchemaUpdate(schema_=schema)]
        return [*added, SetCurrentSchemaUpdate(schema_id=schema.schema_id)]


def _proof(metadata: TableMetadata, entries: ProofEntries) -> list[TableUpdate]:
    removed = entries.removed(metadata.properties)
    return [
        *([SetPropertiesUpdate(updates=dict(entries.properties))] if entries.properties else []),
        *([RemovePropertiesUpdate(removals=removed)] if removed else []),
    ]


def _key_text(row: Row, config: RawTableConfig) -> str:
    """The keys of all tables are whole numbers; a version ends the record key of a historical table."""
    parts = [str(row[name]) for name in config.primary_key]
    return ",".join([*parts, str(row[VERSION])] if VERSION in technical_columns(config) else parts)


@dataclass(frozen=True, slots=True)
class _Merged:
    """A MERGE of Iceberg: files with rows of the keys are written again, without those rows."""

    touched: Sequence[StoredFile]
    written: Sequence[Row]
    counts: WrittenRows


def _merged(live: Sequence[StoredFile], rows: Sequence[Row], key: str, *, is_merged: bool) -> _Merged:
    if not is_merged:
        return _Merged([], rows, WrittenRows(inserted=len(rows)))
    changed = {row[key]: row for row in rows}
    is_delete = {name: VERSION not in row and row[rows_of_refreshes.OP] == "D" for name, row in changed.items()}
    touched = [file for file in live if any(row[key] in changed for row in file.rows)]
    known = {row[key] for file in touched for row in file.rows if row[key] in changed}
    stay = [row for file in touched for row in file.rows if row[key] not in changed]
    upserts = [row for name, row in changed.items() if not is_delete[name]]
    deletes = {name for name, gone in is_delete.items() if gone}
    counts = WrittenRows(
        inserted=len(upserts) - len(known - deletes),
        updated=len(known - deletes),
        deleted=len(known & deletes),
        deletes_without_row=len(deletes - known),
    )
    return _Merged(touched, [*stay, *upserts], counts)
