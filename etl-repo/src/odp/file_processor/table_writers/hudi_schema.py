"""Reads the Avro schema that a Hudi commit carries into columns and their types."""

from __future__ import annotations

import json
from typing import Any

_TYPES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
    "bytes": "binary",
    "fixed": "binary",
}
_LOGICAL_TYPES = {"date": "date", "timestamp-millis": "timestamp", "timestamp-micros": "timestamp"}
_HUDIS_OWN = "_hoodie_"


def table_columns(avro_schema: str) -> dict[str, str]:
    """Give the type of each column of the table, without those that Hudi adds."""
    fields = json.loads(avro_schema)["fields"]
    return {field["name"]: _type(field["type"]) for field in fields if not field["name"].startswith(_HUDIS_OWN)}


def _type(avro: Any) -> str:  # noqa: ANN401 - a name, a union or an object, as Avro writes types
    if isinstance(avro, list):
        return _type(next(branch for branch in avro if branch != "null"))
    if isinstance(avro, str):
        return _TYPES[avro]
    logical = avro.get("logicalType")
    if logical == "decimal":
        return f"decimal({avro['precision']},{avro['scale']})"
    return _LOGICAL_TYPES[logical] if logical in _LOGICAL_TYPES else _type(avro["type"])
