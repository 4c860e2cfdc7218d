"""Reads the Avro schema that a Hudi commit carries into columns and their types."""

from __future__ import annotations

import json
from typing import Any

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
)

_TYPES: dict[str, ColumnType] = {
    "boolean": Boolean(),
    "int": INT,
    "long": BIGINT,
    "float": Float(),
    "double": Double(),
    "string": String(),
    "bytes": Binary(),
    "fixed": Binary(),
}
_LOGICAL_TYPES: dict[str, ColumnType] = {
    "date": Date(),
    "timestamp-millis": Timestamp(),
    "timestamp-micros": Timestamp(),
}
_ADDED = "_hoodie_"


def table_columns(avro_schema: str) -> dict[str, ColumnType]:
    """Give the type of each column, without those that Hudi adds."""
    fields = json.loads(avro_schema)["fields"]
    return {field["name"]: _type(field["type"]) for field in fields if not field["name"].startswith(_ADDED)}


def _type(avro: Any) -> ColumnType:  # noqa: ANN401 - a name, a union or an object, as Avro writes types
    if isinstance(avro, list):
        return _type(next(branch for branch in avro if branch != "null"))
    if isinstance(avro, str):
        return _TYPES[avro]
    logical = avro.get("logicalType")
    if logical == "decimal":
        return Decimal(int(avro["precision"]), int(avro["scale"]))
    return _LOGICAL_TYPES[logical] if logical in _LOGICAL_TYPES else _type(avro["type"])
