"""Reads the schema in a Parquet file's footer, as Parquet prints it, into columns and their types."""

from __future__ import annotations

import re

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
_COLUMN = re.compile(r"  (?P<repetition>optional|required|repeated) (?P<physical>\S+) (?P<rest>.+?)(?: = \d+)?[;{]")
_ANNOTATED = re.compile(r"(?P<name>.*?) \((?P<annotation>[A-Z0-9]+(?:\([A-Za-z0-9,]*\))?)\) ?")
_PARAMETERS = re.compile(r"(?P<kind>[A-Z]+)\((?P<first>[^,]+),(?P<second>[^,]+)\)")


def parquet_columns(message: str) -> dict[str, str]:
    """Give the type of each column of a Parquet message type, in the file's order; a nested column is unsupported."""
    columns: dict[str, str] = {}
    for line in message.splitlines():
        if found := _COLUMN.fullmatch(line):
            annotated = _ANNOTATED.fullmatch(found["rest"])
            name, annotation = (annotated["name"], annotated["annotation"]) if annotated else (found["rest"], "")
            is_nested = found["physical"] == "group" or found["repetition"] == "repeated"
            physical = "group" if is_nested else found["physical"]
            columns[name.strip()] = _type(physical, annotation)
    return columns


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
