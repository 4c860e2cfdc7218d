"""The columns of source tables, and arrays of their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

_MOST_DIGITS = 38


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column: its name in the source, its type in Parquet, and what is needed to read its values."""

    name: str
    type: pa.DataType
    kind: str = ""
    """What the column is to its engine, where the type does not say how to read its values."""
    members: tuple[str, ...] = ()
    """Of a SET: its members in their order."""
    width: int = 0
    """Of BINARY(n): n."""
    is_large: bool = False


def decimal_type(precision: int, scale: int) -> pa.DataType:
    """A decimal, or text where Parquet's decimals have too few digits."""
    return pa.decimal128(precision, scale) if precision <= _MOST_DIGITS else pa.string()


def column_array(column: SourceColumn, values: Sequence[Any]) -> pa.Array:
    """Values as the column's type."""
    if pa.types.is_timestamp(column.type):
        # DMS cuts what a coarser unit cannot hold
        return pa.array(values, pa.timestamp("us")).cast(column.type, safe=False)
    if pa.types.is_string(column.type):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values, column.type)
