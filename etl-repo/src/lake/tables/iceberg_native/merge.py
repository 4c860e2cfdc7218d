"""Decides and writes the data files of one change: those that hold touched rows go, new ones take their place.

Nothing is visible before the commit. Files are read and written row group by row group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.typedef import Record

from lake.errors import BeyondEngineError
from lake.tables.change import TableDefinition, WrittenRows
from lake.tables.iceberg_native.data_file_reader import DataFileReader, in_schema
from lake.tables.iceberg_native.data_file_writer import DataFileWriter
from lake.tables.iceberg_native.key_set import KeySet
from lake.tables.iceberg_native.partitions import split
from lake.tables.iceberg_native.row_change import Limits

_SMALL = 16_000_000
"""A partition that gains rows takes a file up to this size along, or it would have one more file after each change."""


@dataclass(slots=True)
class FileChanges:
    """The data files that a change removes and adds, and what it does to rows."""

    removed: list[DataFile] = field(default_factory=list)
    added: list[DataFile] = field(default_factory=list)
    rows: WrittenRows = field(default_factory=WrittenRows)


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge into the files of a table, or the replacement of them all."""

    definition: TableDefinition
    live: Sequence[DataFile]
    reader: DataFileReader
    writer: DataFileWriter
    specs: Mapping[int, PartitionSpec]
    limits: Limits

    def replace(self, rows: Iterable[pa.Table]) -> FileChanges:
        """Write rows that take the place of all."""
        inserted = 0
        for piece in rows:
            self.writer.write(piece)
            inserted += piece.num_rows
        self.writer.finish()
        return FileChanges([*self.live], self.writer.written, WrittenRows(inserted=inserted))

    def merge(self, rows: pa.Table, *, may_match: bool, rewrite_all: bool) -> FileChanges:
        """Write rows that take the place of those of their keys, delete them, or are new.

        Raises:
            BeyondEngineError: before anything was written.
        """
        deletes = self._is_delete(rows)
        upserts = in_schema(rows.filter(pc.invert(deletes)), self.writer.arrow)
        changed, deleted = self._key_set(rows), self._key_set(rows.filter(deletes))
        touched, found, gone = self._touched(changed, deleted) if may_match and rows.num_rows else ([], 0, 0)
        rewritten = [*self.live] if rewrite_all else [*touched]
        self._refuse_too_large(rewritten, rows)
        rewritten += self._small_files(upserts, rewritten)
        self._rewrite(rewritten, {file.file_path for file in touched}, changed, upserts)
        unknown = rows.num_rows - upserts.num_rows - gone
        counts = WrittenRows(upserts.num_rows - (found - gone), found - gone, gone, unknown)
        return FileChanges(rewritten, self.writer.written, counts)

    def _is_delete(self, rows: pa.Table) -> pa.Array | pa.ChunkedArray:
        if self.definition.delete_marker is None:
            return pa.repeat(pa.scalar(value=False), rows.num_rows)
        column, value = self.definition.delete_marker
        return pc.equal(rows[column], value).fill_null(fill_value=False)

    def _key_set(self, rows: pa.Table) -> KeySet:
        names = dict.fromkeys((self.definition.record_key, *self.definition.key_columns))
        schema = pa.schema([self.writer.arrow.field(name) for name in names if name in rows.column_names])
        keys = in_schema(rows, schema)
        return KeySet(keys, self.definition.record_key, self.definition.key_columns, self.writer.schema)

    def _touched(self, changed: KeySet, deleted: KeySet) -> tuple[list[DataFile], int, int]:
        """Give the files with rows of the keys, how many such rows there are, and how many are deleted."""
        touched: list[DataFile] = []
        found = gone = 0
        for file in self.live:
            if not changed.may_be_in(file, self.specs[file.spec_id]):
                continue
            here = 0
            for rows in self.reader.read(file, [changed.key]):
                keys = rows[changed.key]
                hits = keys.filter(changed.contains(keys))
                here += len(hits)
                gone += pc.sum(deleted.contains(hits)).as_py() or 0
            if here:
                touched.append(file)
                found += here
        return touched, found, gone

    def _refuse_too_large(self, rewritten: Sequence[DataFile], rows: pa.Table) -> None:
        size = sum(file.file_size_in_bytes for file in rewritten)
        if size > self.limits.touched_bytes or rows.num_rows > self.limits.changed_rows:
            message = (
                f"{self.definition.qualified_name}: {rows.num_rows:,} changed rows touch {len(rewritten):,} data files "
                f"of {size:,} bytes, and this engine takes {self.limits.changed_rows:,} rows and "
                f"{self.limits.touched_bytes:,} bytes"
            )
            raise BeyondEngineError(message, comes_again=size > self.limits.touched_bytes)

    def _small_files(self, upserts: pa.Table, rewritten: Sequence[DataFile]) -> list[DataFile]:
        """Take along the smallest file of each partition that gains rows and has no touched file, while they fit."""
        spec = self.writer.spec
        gaining = (
            {partition for partition, _ in split(upserts, spec, self.writer.schema)} if upserts.num_rows else set()
        )
        gaining -= {file.partition for file in rewritten if file.spec_id == spec.spec_id}
        room = self.limits.touched_bytes - sum(file.file_size_in_bytes for file in rewritten)
        smallest: list[DataFile] = []
        for file in sorted(self.live, key=lambda file: file.file_size_in_bytes):
            is_small = file.file_size_in_bytes < min(_SMALL, room + 1)
            if file.spec_id == spec.spec_id and file.partition in gaining and is_small:
                gaining.remove(file.partition)
                room -= file.file_size_in_bytes
                smallest.append(file)
        return smallest

    def _rewrite(self, files: Sequence[DataFile], touched: Collection[str], changed: KeySet, upserts: pa.Table) -> None:
        """Write what stays of the files, partition by partition, and the upserts after it."""
        parts = dict(split(upserts, self.writer.spec, self.writer.schema)) if upserts.num_rows else {}
        by_partition: dict[Record | None, list[DataFile]] = {partition: [] for partition in parts}
        for file in files:
            is_same = file.spec_id == self.writer.spec.spec_id
            by_partition.setdefault(file.partition if is_same else None, []).append(file)
        for partition, together in sorted(by_partition.items(), key=lambda entry: entry[0] is not None):
            for file in together:
                for rows in self.reader.read(file):
                    is_touched = file.file_path in touched
                    rest = rows.filter(pc.invert(changed.contains(rows[changed.key]))) if is_touched else rows
                    self.writer.write(rest, partition)
            if partition is not None:
                if partition in parts:
                    self.writer.write(parts[partition], partition)
                self.writer.finish(partition)
        self.writer.finish()
