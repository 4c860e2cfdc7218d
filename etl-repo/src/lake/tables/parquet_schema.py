"""Reads the columns of a Parquet file's schema, as Parquet prints each, into types.

Parquet's own library parses the footer. Spark's converter of schemas is not asked: it refuses a file with a time of
day, which DMS writes for TIME of MySQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lake.tables.columns import (
    BIGINT,
    INT,
    UNSIGNED_64,
    Binary,
    Boolean,
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

# https://github.com/apache/parquet-format/blob/master/LogicalTypes.md; both engines read types by these tables
PHYSICAL_TYPES: dict[str, ColumnType] = {
    "boolean": Boolean(),
    "int32": INT,
    "int64": BIGINT,
    "int96": Timestamp(),
    "float": Float(),
    "double": Double(),
    "binary": Binary(),
}
"""Of columns without annotation; `binary` also has a fixed length."""
ANNOTATED_TYPES: dict[str, ColumnType] = {
    "STRING": String(),
    "UTF8": String(),
    "ENUM": String(),
    "JSON": String(),
    "BSON": Binary(),
    "DATE": Date(),
    "INTEGER(8,true)": INT,
    "INTEGER(16,true)": INT,
    "INTEGER(32,true)": INT,
    "INTEGER(64,true)": BIGINT,
    "INTEGER(8,false)": INT,
    "INTEGER(16,false)": INT,
    "INTEGER(32,false)": BIGINT,
    "INTEGER(64,false)": UNSIGNED_64,
}
"""By what Parquet prints; an unsigned integer takes the next wider type."""
TIME_TYPES: dict[tuple[str, str], ColumnType] = {
    ("TIMESTAMP", "MILLIS"): Timestamp(),
    ("TIMESTAMP", "MICROS"): Timestamp(),
    ("TIME", "MILLIS"): TimeOfDay("millis"),
    ("TIME", "MICROS"): TimeOfDay("micros"),
}
"""By kind and unit; the second parameter says whether the value is in UTC."""
_MOST_DIGITS = 38
_FIELD = re.compile(r"(?P<repetition>optional|required|repeated) (?P<physical>[^ ]+) ")
_ANNOTATION = re.compile(r" \((?P<annotation>[A-Z0-9]+(?:\([A-Za-z0-9,]*\))?)\)")
_PARAMETERS = re.compile(r"(?P<kind>[A-Z]+)\((?P<first>[^,]+),(?P<second>[^,]+)\)")


def parquet_columns(fields: Iterable[tuple[str, str]]) -> dict[str, ColumnType]:
    """Return the type of each column in the file's order, from its exact name and Parquet's printed field.

    A nested column is unsupported, and so is a name that a file has twice.
    """
    columns: dict[str, ColumnType] = {}
    for name, printed in fields:
        columns[name] = Unsupported("two columns of one name") if name in columns else _type_of_field(name, printed)
    return columns


def decimal_type(precision: int, scale: int) -> ColumnType:
    """Give the type of a decimal; no table holds more than 38 digits."""
    if precision > _MOST_DIGITS:
        return Unsupported(f"decimal of {precision} digits")
    return Decimal(precision, scale)


def _type_of_field(name: str, printed: str) -> ColumnType:
    """The name may hold anything that Parquet prints around it, so the text is cut at the known name only."""
    found = _FIELD.match(printed)
    if found is None:
        return Unsupported(printed)
    annotated = _ANNOTATION.match(printed[found.end() + len(name) :])
    is_nested = found["physical"] == "group" or found["repetition"] == "repeated"
    return _type("group" if is_nested else found["physical"], annotated["annotation"] if annotated else "")


def _type(physical: str, annotation: str) -> ColumnType:
    known = PHYSICAL_TYPES.get(physical.partition("(")[0].replace("fixed_len_byte_array", "binary"))
    if known and not annotation:
        return known
    if known and annotation in ANNOTATED_TYPES:
        return ANNOTATED_TYPES[annotation]
    if known and (parameters := _PARAMETERS.fullmatch(annotation)):
        kind, first, second = parameters.groups()
        if kind == "DECIMAL":
            return decimal_type(int(first), int(second))
        if (kind, first) in TIME_TYPES:
            return TIME_TYPES[kind, first]
    return Unsupported(f"{physical} {annotation}".rstrip())
