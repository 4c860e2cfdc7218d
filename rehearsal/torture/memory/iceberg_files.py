"""Reads and writes the rows of an Iceberg table by pyiceberg's formats alone, as another engine than ours does."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import to_bytes
from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot, SnapshotSummaryCollector, Summary, update_snapshot_summaries
from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate, TableUpdate
from pyiceberg.typedef import Record
from pyiceberg.types import DoubleType, FloatType, IntegerType, LongType, PrimitiveType, StringType

Row = Mapping[str, Any]
ARROW: Mapping[type, pa.DataType] = {
    IntegerType: pa.int32(),
    LongType: pa.int64(),
    FloatType: pa.float32(),
    DoubleType: pa.float64(),
    StringType: pa.string(),
}
MAIN = "main"
"""The branch that readers see."""
_ID = b"PARQUET:field_id"
_BOUND_CHARACTERS = 16
"""Iceberg's default: longer texts are cut in the statistics of a file."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A live data file with its rows, and the entry that lists it."""

    entry: ManifestEntry
    rows: Sequence[Row]

    @property
    def file(self) -> DataFile:
        """The data file."""
        return self.entry.data_file


def stored_files(io: FileIO, metadata: TableMetadata | None) -> list[StoredFile]:
    """Read the live data files of a table; columns are found by their ids."""
    snapshot = metadata.current_snapshot() if metadata else None
    if metadata is None or snapshot is None:
        return []
    entries = [
        entry
        for manifest in snapshot.manifests(io)
        for entry in _entries(_ByPath(manifest.manifest_path, io, manifest))
    ]
    live = [entry for entry in entries if entry.status is not ManifestEntryStatus.DELETED]
    columns = tuple((field.field_id, field.name) for field in metadata.schema().fields)
    return [StoredFile(entry, _rows(_ByPath(entry.data_file.file_path, io, columns=columns))) for entry in live]


def rows_of(files: Iterable[StoredFile]) -> list[Row]:
    """The rows of all files."""
    return [row for file in files for row in file.rows]


@dataclass(frozen=True, slots=True)
class _ByPath:
    """A file of a table. It never changes, so its path is its key in a cache."""

    path: str
    io: FileIO = field(compare=False)
    manifest: ManifestFile | None = field(default=None, compare=False)
    columns: tuple[tuple[int, str], ...] = ()
    """The ids and names of the columns to read."""


@lru_cache(maxsize=256)
def _entries(file: _ByPath) -> list[ManifestEntry]:
    assert file.manifest is not None  # noqa: S101 - of manifests alone
    return file.manifest.fetch_manifest_entry(file.io)


@lru_cache(maxsize=512)
def _rows(file: _ByPath) -> list[Row]:
    with file.io.new_input(file.path).open() as source:
        table = pq.ParquetFile(pa.BufferReader(source.read())).read(use_threads=False)
    names = {int(field.metadata[_ID]): field.name for field in table.schema}
    columns = {name: table[names[id_]].to_pylist() if id_ in names else None for id_, name in file.columns}
    return [{name: values and values[at] for name, values in columns.items()} for at in range(table.num_rows)]


@dataclass(frozen=True, slots=True)
class SnapshotWriter:
    """Writes one snapshot of a table whose metadata, schema and partitions are these."""

    io: FileIO
    metadata: TableMetadata
    schema: Schema
    spec: PartitionSpec

    def data_files(self, rows: Sequence[Row], most: int) -> list[DataFile]:
        """Write rows into files of one partition each, of so many rows at most."""

        def partition(row: Row) -> tuple[str, ...]:
            return tuple(repr(row[name]) for name in self._partition_columns)

        return [
            self._data_file(part[start : start + most])
            for _, group in groupby(sorted(rows, key=partition), partition)
            for part in [list(group)]
            for start in range(0, len(part), most)
        ]

    def snapshot(
        self,
        parent: Snapshot | None,
        kept: Sequence[StoredFile],
        removed: Sequence[StoredFile],
        added: Sequence[DataFile],
        summary: Mapping[str, str],
    ) -> Snapshot:
        """Write the manifests: one of what was there, one of what is new."""
        id_ = self.metadata.new_snapshot_id()
        number = self.metadata.next_sequence_number()
        before = [_entry(each, ManifestEntryStatus.EXISTING, id_) for each in kept]
        before += [_entry(each, ManifestEntryStatus.DELETED, id_) for each in removed]
        new = [
            ManifestEntry.from_args(
                status=ManifestEntryStatus.ADDED,
                snapshot_id=id_,
                sequence_number=None,
                file_sequence_number=None,
                data_file=file,
            )
            for file in added
        ]
        manifests = [self._manifest(entries, id_) for entries in (before, new) if entries]
        path = f"{self.metadata.location}/metadata/snap-{id_}-1-{uuid4()}.avro"
        with write_manifest_list(
            format_version=2,
            output_file=self.io.new_output(path),
            snapshot_id=id_,
            parent_snapshot_id=parent.snapshot_id if parent else None,
            sequence_number=number,
            avro_compression="null",
        ) as out:
            out.add_manifests(manifests)
        return Snapshot(
            snapshot_id=id_,
            parent_snapshot_id=parent.snapshot_id if parent else None,
            manifest_list=path,
            sequence_number=number,
            timestamp_ms=max(int(time.time() * 1000), self.metadata.last_updated_ms),
            summary=self._summary(parent, removed, added, summary),
            schema_id=self.schema.schema_id,
        )

    @property
    def _partition_columns(self) -> list[str]:
        return [self.schema.find_field(field.source_id).name for field in self.spec.fields]

    def _summary(
        self,
        parent: Snapshot | None,
        removed: Sequence[StoredFile],
        added: Sequence[DataFile],
        entries: Mapping[str, str],
    ) -> Summary:
        collector = SnapshotSummaryCollector()
        for file in added:
            collector.add_file(file, self.schema, self.spec)
        for each in removed:
            collector.remove_file(each.file, self.schema, self.spec)
        summary = Summary(Operation.OVERWRITE if removed else Operation.APPEND, **collector.build(), **entries)
        return update_snapshot_summaries(summary, previous_summary=parent.summary if parent else None)

    def _manifest(self, entries: Sequence[ManifestEntry], snapshot_id: int) -> ManifestFile:
        with write_manifest(
            format_version=2,
            spec=self.spec,
            schema=self.schema,
            output_file=self.io.new_output(f"{self.metadata.location}/metadata/{uuid4()}-m0.avro"),
            snapshot_id=snapshot_id,
            avro_compression="null",
        ) as out:
            for entry in entries:
                out.add_entry(entry)
        return out.to_manifest_file()

    def _data_file(self, rows: Sequence[Row]) -> DataFile:
        fields = [
            pa.field(field.name, ARROW[type(field.field_type)], metadata={_ID: str(field.field_id)})
            for field in self.schema.fields
        ]
        columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in fields]
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), buffer, compression="none")
        content = buffer.getvalue().to_pybytes()
        path = f"{self.metadata.location}/data/{uuid4()}.parquet"
        with self.io.new_output(path).create() as out:
            out.write(content)
        values = {field.field_id: [row.get(field.name) for row in rows] for field in self.schema.fields}
        types = {field.field_id: field.field_type for field in self.schema.fields}
        bounds = {id_: _bounds(types[id_], of) for id_, of in values.items() if _has_bounds(types[id_], of)}
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=Record(*(rows[0][name] for name in self._partition_columns)),
            record_count=len(rows),
            file_size_in_bytes=len(content),
            value_counts={id_: len(of) for id_, of in values.items()},
            null_value_counts={id_: of.count(None) for id_, of in values.items()},
            lower_bounds={id_: low for id_, (low, _) in bounds.items()},
            upper_bounds={id_: high for id_, (_, high) in bounds.items()},
        )
        file.spec_id = self.spec.spec_id
        return file


def snapshot_updates(snapshot: Snapshot) -> list[TableUpdate]:
    """The updates by which a snapshot is the table's newest."""
    return [
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate(
            ref_name=MAIN,
            type="branch",
            snapshot_id=snapshot.snapshot_id,
            max_ref_age_ms=None,
            max_snapshot_age_ms=None,
            min_snapshots_to_keep=None,
        ),
    ]


def _entry(stored: StoredFile, status: ManifestEntryStatus, snapshot_id: int) -> ManifestEntry:
    is_deleted = status is ManifestEntryStatus.DELETED
    return ManifestEntry.from_args(
        status=status,
        snapshot_id=snapshot_id if is_deleted else stored.entry.snapshot_id,
        sequence_number=stored.entry.sequence_number,
        file_sequence_number=stored.entry.file_sequence_number,
        data_file=stored.file,
    )


def _has_bounds(type_: Any, values: Sequence[Any]) -> bool:  # noqa: ANN401 - any type of a column
    """Spark leaves out the bounds of columns without a value, and those of texts whose upper bound has no end."""
    return isinstance(type_, IntegerType | LongType | StringType) and any(value is not None for value in values)


def _bounds(type_: Any, values: Sequence[Any]) -> tuple[bytes, bytes]:  # noqa: ANN401
    present = [value for value in values if value is not None]
    low, high = min(present), max(present)
    if isinstance(type_, StringType):
        low, high = low[:_BOUND_CHARACTERS], _upper(high)
    assert isinstance(type_, PrimitiveType)  # noqa: S101 - there are no others
    return to_bytes(type_, low), to_bytes(type_, high)


def _upper(text: str) -> str:
    if len(text) <= _BOUND_CHARACTERS:
        return text
    cut = text[:_BOUND_CHARACTERS]
    return cut[:-1] + chr(ord(cut[-1]) + 1)
