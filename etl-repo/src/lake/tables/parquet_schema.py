"""Reads the columns of a Parquet file's schema, as Parquet prints each, into types."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNSUPPORTED = "unsupported"
"""Begins the type of a column that no table can hold, followed by what Parquet calls it."""

# https://github.com/apache/parquet-format/blob/master/LogicalTypes.md; unsigned integers take the next wider type
_PRIMITIVES = {
    "boolean": "boolean",
    "int32": "int",
    "int64": "bigint",
    "int96": "timestamp",
    "float": "float",
    "double": "double",
    "binary": "binary",
}
_ANNOTATIONS = {
    "STRING": "string",
    "UTF8": "string",
    "ENUM": "string",
    "JSON": "string",
    "BSON": "binary",
    "DATE": "date",
    "INTEGER(8,true)": "int",
    "INTEGER(16,true)": "int",
    "INTEGER(32,true)": "int",
    "INTEGER(64,true)": "bigint",
    "INTEGER(8,false)": "int",
    "INTEGER(16,false)": "int",
    "INTEGER(32,false)": "bigint",
    "INTEGER(64,false)": "decimal(20,0)",
}
_FIELD = re.compile(r"(?P<repetition>optional|required|repeated) (?P<physical>[^ ]+) ")
_ANNOTATION = re.compile(r" \((?P<annotation>[A-Z0-9]+(?:\([A-Za-z0-9,]*\))?)\)")
_PARAMETERS = re.compile(r"(?P<kind>[A-Z]+)\((?P<first>[^,]+),(?P<second>[^,]+)\)")


def parquet_columns(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the type of each column, in the file's order, from its exact name and the field as Parquet prints it.

    A nested column is unsupported, and so is a name that a file has twice.
    """
    columns: dict[str, str] = {}
    for name, printed in fields:
        columns[name] = f"{UNSUPPORTED}: two columns of one name" if name in columns else _type_of_field(name, printed)
    return columns


def _type_of_field(name: str, printed: str) -> str:
    """The name may hold anything that Parquet prints around it, so the text is cut at the known name only."""
    found = _FIELD.match(printed)
    if found is None:
        return f"{UNSUPPORTED}: {printed}"
    annotated = _ANNOTATION.match(printed[found.end() + len(name) :])
    is_nested = found["physical"] == "group" or found["repetition"] == "repeated"
    return _type("group" if is_nested else found["physical"], annotated["annotation"] if annotated else "")


def _type(physical: str, annotation: str) -> str:
    known = _PRIMITIVES.get(physical.partition("(")[0].replace("fixed_len_byte_array", "binary"))
    if known and not annotation:
        return known
    if known and annotation in _ANNOTATIONS:
        return _ANNOTATIONS[annotation]
    if known and (parameters := _PARAMETERS.fullmatch(annotation)):
        kind, first, second = parameters.groups()
        if kind == "DECIMAL":
            return f"decimal({first},{second})"
        if kind in ("TIMESTAMP", "TIME") and first in ("MILLIS", "MICROS"):
            return "timestamp" if kind == "TIMESTAMP" else f"time({first.lower()})"
    return f"{UNSUPPORTED}: {physical} {annotation}".rstrip()
