"""Reads the columns of a DMS file from its footer into types, as the Spark engine reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from lake.tables.columns import (
    BIGINT,
    INT,
    UNSIGNED_64,
    Binary,
    Boolean,
    Columns,
    ColumnType,
    Date,
    Decimal,
    Double,
    Float,
    String,
    TimeOfDay,
    Timestamp,
    Unsupported,
)

_PHYSICAL: dict[str, ColumnType] = {
    "BOOLEAN": Boolean(),
    "INT32": INT,
    "INT64": BIGINT,
    "INT96": Timestamp(),
    "FLOAT": Float(),
    "DOUBLE": Double(),
    "BYTE_ARRAY": Binary(),
    "FIXED_LEN_BYTE_ARRAY": Binary(),
}
_LOGICAL: dict[str, ColumnType] = {
    "String": String(),
    "Enum": String(),
    "JSON": String(),
    "BSON": Binary(),
    "Date": Date(),
}
_UNSIGNED: dict[int, ColumnType] = {8: INT, 16: INT, 32: BIGINT, 64: UNSIGNED_64}
_TIME_UNITS: dict[str, ColumnType] = {"milliseconds": TimeOfDay("millis"), "microseconds": TimeOfDay("micros")}


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
    kind = logical["Type"]
    if kind in ("None", "Undefined") and column.physical_type in _PHYSICAL:
        return _PHYSICAL[column.physical_type]
    found = _LOGICAL.get(kind)
    if kind == "Int":
        found = _PHYSICAL[column.physical_type] if logical["isSigned"] else _UNSIGNED[logical["bitWidth"]]
    elif kind == "Decimal":
        found = Decimal(logical["precision"], logical["scale"])
    elif kind == "Timestamp" and logical["timeUnit"] in _TIME_UNITS:
        found = Timestamp()
    elif kind == "Time":
        found = _TIME_UNITS.get(logical["timeUnit"])
    return found or Unsupported(f"{column.physical_type.lower()} {column.logical_type}")
