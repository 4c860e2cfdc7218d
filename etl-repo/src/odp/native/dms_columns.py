"""Reads the columns of a DMS file from its footer into types, as the Spark engine reads them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from lake.tables.columns import Columns, ColumnType, Unsupported
from lake.tables.parquet_schema import ANNOTATED_TYPES, PHYSICAL_TYPES, TIME_TYPES, decimal_type

_BINARY = ("byte_array", "fixed_len_byte_array")
_UNITS = {"milliseconds": "MILLIS", "microseconds": "MICROS"}


@dataclass(frozen=True, slots=True)
class Footer:
    """What the footer of a file says of its rows."""

    columns: Columns
    rows: int
    largest_group: int
    """The bytes of the largest row group in memory, estimated."""
    sizes: Mapping[str, int]
    """The bytes of each column in memory, estimated."""

    def bytes_of(self, names: Iterable[str]) -> int:
        """Return the bytes of these columns; the file may lack some."""
        return sum(self.sizes.get(name, 0) for name in names)


def read_footer(parquet: pq.ParquetFile) -> Footer:
    """Read the columns of a file, and how large they are."""
    metadata, sizes = parquet.metadata, Counter[str]()
    largest = 0
    for at in range(metadata.num_row_groups):
        group = metadata.row_group(at)
        of_group = Counter(dict(_sizes(group)))
        sizes.update(of_group)
        largest = max(largest, of_group.total())
    return Footer(file_columns(parquet), metadata.num_rows, largest, sizes)


def _sizes(group: pq.RowGroupMetaData) -> Iterator[tuple[str, int]]:
    """The bytes of each column without compression; texts that repeat are stored once, and are many in memory."""
    for number in range(group.num_columns):
        chunk = group.column(number)
        size = chunk.total_uncompressed_size
        if chunk.physical_type == "BYTE_ARRAY" and chunk.is_stats_set and chunk.statistics.has_min_max:
            size = max(size, group.num_rows * _longest_bound(chunk.statistics))
        yield chunk.path_in_schema, size


def _longest_bound(statistics: pq.Statistics) -> int:
    """The bytes of the longer bound; raw, since a text that is not UTF-8 has no value in Python."""
    return max(len(statistics.min_raw), len(statistics.max_raw))


def file_columns(parquet: pq.ParquetFile) -> Columns:
    """Give the type of each column in the file's order; a nested column and a name that is twice are unsupported."""
    columns: dict[str, ColumnType] = {}
    for name, type_ in _fields(parquet):
        columns[name] = Unsupported("two columns of one name") if name in columns else type_
    return columns


def _fields(parquet: pq.ParquetFile) -> Iterator[tuple[str, ColumnType]]:
    leaf = 0
    for field in parquet.schema_arrow:
        leaves = _leaves(field.type)
        yield field.name, Unsupported("group") if pa.types.is_nested(field.type) else _type(parquet.schema.column(leaf))
        leaf += leaves


def _leaves(type_: pa.DataType) -> int:
    if not pa.types.is_nested(type_):
        return 1
    return sum(_leaves(type_.field(at).type) for at in range(type_.num_fields))


def _type(column: pq.ColumnSchema) -> ColumnType:
    logical = json.loads(column.logical_type.to_json())
    kind, physical = logical["Type"], column.physical_type.lower()
    if kind in ("None", "Undefined"):
        found = PHYSICAL_TYPES.get("binary" if physical in _BINARY else physical)
    elif kind == "Int":
        found = ANNOTATED_TYPES.get(f"INTEGER({logical['bitWidth']},{str(logical['isSigned']).lower()})")
    elif kind == "Decimal":
        found = decimal_type(logical["precision"], logical["scale"])
    elif kind in ("Timestamp", "Time"):
        found = TIME_TYPES.get((kind.upper(), _UNITS.get(logical["timeUnit"], "")))
    else:
        found = ANNOTATED_TYPES.get(kind.upper())
    return found or Unsupported(f"{physical} {column.logical_type}")
