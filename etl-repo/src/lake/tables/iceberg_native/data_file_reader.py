"""Reads data files of a table row group by row group, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cachetools import LRUCache
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile

from lake.errors import RejectedInputError
from lake.tables.iceberg_native.arrow_types import in_type
from lake.tables.iceberg_native.table_schema import FIELD_ID

ROW_GROUP = 122_880
_SMALL = 8_000_000
"""Bytes of a file that is fetched in one piece, and kept until it is rewritten: its keys are read first."""
_KEPT = 64 << 20


class DataFileReader:
    """Reads data files in the columns that the table has after a change; `stored_ids` are those of the files."""

    def __init__(self, io: FileIO, schema: pa.Schema, stored_ids: Mapping[str, int]) -> None:
        self._io = io
        self._schema = schema
        self._stored_ids = stored_ids
        self._fetched: LRUCache[str, pa.Buffer] = LRUCache(_KEPT, getsizeof=lambda content: content.size)

    def read(self, file: DataFile, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Give the rows in pieces; a column that the file does not have is NULL.

        Raises:
            RejectedInputError: the file has no field ids, so Iceberg would need a mapping of names.
        """
        wanted = self._schema if columns is None else pa.schema([self._schema.field(name) for name in columns])
        with self._opened(file) as source:
            parquet = pq.ParquetFile(source, pre_buffer=True)
            names = self._names_in(file, parquet.schema_arrow)
            of_file = {field.name: names[field.name] for field in wanted if field.name in names}
            for group in range(parquet.num_row_groups):
                rows = parquet.read_row_group(group, columns=[*of_file.values()], use_threads=False)
                yield _in_schema(rows, wanted, of_file)

    def _names_in(self, file: DataFile, schema: pa.Schema) -> dict[str, str]:
        """Give the file's name of each column that it has, by the table's name: columns are found by id."""
        there = {int(field.metadata[FIELD_ID]): field.name for field in schema if FIELD_ID in (field.metadata or {})}
        if not there:
            message = f"{file.file_path} has no field ids, so this lake did not write it; load the table again in DMS"
            raise RejectedInputError(message)
        return {name: there[id_] for name, id_ in self._stored_ids.items() if id_ in there}

    def _opened(self, file: DataFile) -> Any:  # noqa: ANN401 - pyarrow has no types
        if file.file_size_in_bytes > _SMALL:
            return closing(self._io.new_input(file.file_path).open())
        if file.file_path not in self._fetched:
            with closing(self._io.new_input(file.file_path).open()) as source:
                content = pa.py_buffer(source.read())
            self._fetched[file.file_path] = content
            return closing(pa.BufferReader(content))
        return closing(pa.BufferReader(self._fetched[file.file_path]))


def _in_schema(rows: pa.Table, schema: pa.Schema, names: Mapping[str, str]) -> pa.Table:
    columns = [
        in_type(rows[names[field.name]], field.type) if field.name in names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def in_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give rows the columns of a schema by their names; a column that they lack is NULL."""
    return _in_schema(rows, schema, {name: name for name in rows.column_names})
