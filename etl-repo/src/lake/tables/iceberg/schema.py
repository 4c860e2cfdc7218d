"""Reads the schema of an Iceberg table into columns and their types."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lake.tables.columns import (
    BIGINT,
    INT,
    Binary,
    Boolean,
    ColumnType,
    Date,
    Decimal,
    Double,
    Float,
    String,
    Timestamp,
    Unsupported,
)

# https://iceberg.apache.org/spec/#primitive-types; a timestamp without a time zone is another type to Spark
_TYPES: dict[str, ColumnType] = {
    "boolean": Boolean(),
    "int": INT,
    "long": BIGINT,
    "float": Float(),
    "double": Double(),
    "string": String(),
    "binary": Binary(),
    "date": Date(),
    "timestamptz": Timestamp(),
}
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


def table_columns(fields: Iterable[tuple[str, str]]) -> dict[str, ColumnType]:
    """Give the type of each column from its name and its type as Iceberg prints it."""
    return {name: column_type(printed) for name, printed in fields}


def column_type(printed: str) -> ColumnType:
    """Give the type that Iceberg prints so."""
    if found := _DECIMAL.fullmatch(printed):
        return Decimal(int(found[1]), int(found[2]))
    return _TYPES.get(printed) or Unsupported(printed)
