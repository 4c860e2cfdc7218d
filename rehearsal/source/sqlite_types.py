"""How the source's column types are stored in SQLite, and read back without loss."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def declared_type(type_: pa.DataType) -> str:
    """The SQLite type to declare: its affinity must not touch the value."""
    stored = _stored_as(type_)
    if pa.types.is_string(stored):
        return "TEXT"
    if pa.types.is_binary(stored):
        return "BLOB"
    return "REAL" if pa.types.is_floating(stored) else "INTEGER"


def to_sqlite(column: pa.ChunkedArray) -> list[Any]:
    """The values to store; times, dates and decimals become text that people can read and SQL can compare."""
    values: list[Any] = pc.cast(column, _stored_as(column.type)).to_pylist()
    return values


def from_sqlite(values: Sequence[Any] | Iterable[Any], type_: pa.DataType) -> pa.Array:
    """The stored values in the source's type; a value that the type cannot hold is an error."""
    return pc.cast(pa.array(values, _stored_as(type_)), type_)


def _stored_as(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_):
        return pa.int64()
    if pa.types.is_floating(type_):
        return pa.float64()
    return pa.binary() if pa.types.is_binary(type_) else pa.string()
