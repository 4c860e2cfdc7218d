"""Writes data files of a table: whole row groups, each file up to the target size, few rows in memory."""

from __future__ import annotations

import uuid
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import compute_statistics_plan, parquet_path_to_id_mapping
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.typedef import Record

from lake.tables.iceberg_native.data_file_reader import ROW_GROUP, in_schema
from lake.tables.iceberg_native.file_statistics import file_statistics
from lake.tables.iceberg_native.partitions import folder_of, split
from lake.tables.iceberg_native.table_schema import NextSchema

_WAITING_BYTES = 128 << 20
"""Rows that wait for a full row group, of all partitions; above it the largest group is written as it is."""


class DataFileWriter:
    """Writes rows of one change into new data files, which nothing refers to before the commit."""

    def __init__(self, io: FileIO, location: str, schema: NextSchema, spec: PartitionSpec, target_bytes: int) -> None:
        self.io = io
        self.spec = spec
        self.written: list[DataFile] = []
        self.schema, self.arrow = schema.schema, schema.arrow
        self.target_bytes = target_bytes
        self._location = location
        self._open: dict[Record, _RollingFile] = {}
        self._write_id, self._numbers = uuid.uuid4(), count()
        self._statistics = compute_statistics_plan(self.schema, {})
        self._ids = parquet_path_to_id_mapping(self.schema)

    def write(self, rows: pa.Table, partition: Record | None = None) -> None:
        """Take rows, of one partition if it is given."""
        rows = in_schema(rows, self.arrow)
        if not rows.num_rows:
            return
        parts = [(partition, rows)] if partition is not None else split(rows, self.spec, self.schema)
        for record, part in parts:
            self._open.setdefault(record, _RollingFile(self, record)).write(part)
        while sum(file.waiting_bytes for file in self._open.values()) > _WAITING_BYTES:
            max(self._open.values(), key=lambda file: file.waiting_bytes).flush()

    def finish(self, partition: Record | None = None) -> None:
        """Complete the files of one partition, or of all."""
        for record in [partition] if partition is not None else [*self._open]:
            if record in self._open:
                self._open.pop(record).close()

    def new_path(self, partition: Record) -> str:
        """Name a data file that does not exist yet."""
        folder = f"{folder_of(partition, self.spec, self.schema)}/" if self.spec.fields else ""
        return f"{self._location}/data/{folder}{next(self._numbers):05d}-{self._write_id}.parquet"

    def complete(self, path: str, size: int, partition: Record, footer: pq.FileMetaData) -> None:
        """Describe a complete file as Iceberg's manifests do."""
        statistics = file_statistics(footer, self._statistics, self._ids)
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=partition,
            file_size_in_bytes=size,
            sort_order_id=None,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
        file.spec_id = self.spec.spec_id
        self.written.append(file)


class _RollingFile:
    """The files of one partition, one after the other, each begun when a row group is full."""

    def __init__(self, of: DataFileWriter, partition: Record) -> None:
        self._of, self._partition = of, partition
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.waiting_bytes = 0
        self._path = ""
        self._out: Any = None
        self._parquet: Any = None

    def write(self, rows: pa.Table) -> None:
        """Take rows; only whole row groups are written, or each merge would leave one more of them."""
        self._waiting.append(rows)
        self._rows += rows.num_rows
        self.waiting_bytes += rows.nbytes
        while self._rows >= ROW_GROUP:
            waiting = pa.concat_tables(self._waiting)
            self._write_group(waiting.slice(0, ROW_GROUP))
            self._keep(waiting.slice(ROW_GROUP))

    def flush(self) -> None:
        """Write the waiting rows, however few."""
        if self._rows:
            self._write_group(pa.concat_tables(self._waiting))
        self._keep(self._of.arrow.empty_table())

    def close(self) -> None:
        """Complete the file."""
        self.flush()
        self._complete()

    def _keep(self, rows: pa.Table) -> None:
        self._waiting = [rows] if rows.num_rows else []
        self._rows, self.waiting_bytes = rows.num_rows, rows.nbytes

    def _write_group(self, rows: pa.Table) -> None:
        if self._out is None:
            self._path = self._of.new_path(self._partition)
            self._out = self._of.io.new_output(self._path).create(overwrite=True)
            self._parquet = pq.ParquetWriter(
                self._out, self._of.arrow, compression="zstd", store_decimal_as_integer=True
            )
        self._parquet.write_table(rows, row_group_size=ROW_GROUP)
        if self._out.tell() >= self._of.target_bytes:
            self._complete()

    def _complete(self) -> None:
        if self._out is None:
            return
        self._parquet.close()
        size = self._out.tell()
        self._out.close()
        self._of.complete(self._path, size, self._partition, self._parquet.writer.metadata)
        self._out = self._parquet = None
