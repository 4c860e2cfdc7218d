"""The types of fields that name columns: texts in which quotes hold unusual names, or lists of plain JSON texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from odp.quoted_names import COLUMN, COLUMNS, read_columns

SANITISE = "sanitise"
PLAIN_COLUMN = r"[A-Za-z_][A-Za-z0-9_]*"
"""A column's name that tables can have as it is."""


def _key(value: object) -> tuple[str, ...]:
    names = tuple(map(_listed, value)) if isinstance(value, list) and value else read_columns(_text(value))
    if len({name.lower() for name in names}) < len(names):
        message = f"names a column twice: {value!r}"
        raise ValueError(message)
    return names


def _listed(name: object) -> str:
    if not isinstance(name, str) or not name:
        message = f"must list texts, each the name of a column, not {name!r}"
        raise ValueError(message)
    return name


def _column_or_none(without: str) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value in ("", None):
            return None if value == "" else _text(value)
        if re.fullmatch(COLUMN, _text(value)):
            return read_columns(_text(value))[0]
        if len(read_columns(_text(value))) > 1:
            message = f"{value!r} names several columns; write one, or an empty text for {without}"
            raise ValueError(message)
        message = f"{value!r} is no column name; write it without blanks at its ends, or in double quotes"
        raise ValueError(message)

    return read


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"must be a text, not {value!r}"
        raise ValueError(message)
    return value


def _schema_of_key(column: str, columns: str) -> dict[str, Any]:
    listed = {"type": "array", "items": {"type": "string", "pattern": f"^{column}$"}, "minItems": 1}
    return {"anyOf": [{"type": "string", "pattern": f"^{columns}$"}, listed]}


_PLAIN_COLUMNS = rf"\s*{PLAIN_COLUMN}\s*(,\s*{PLAIN_COLUMN}\s*)*"
PLAIN_KEY = _schema_of_key(PLAIN_COLUMN, _PLAIN_COLUMNS)
"""What the schema demands of a key besides, where names of columns are not sanitised."""
PLAIN_COLUMN_OR_NONE = {"pattern": f"^({PLAIN_COLUMN})?$"}

Key = Annotated[
    tuple[str, ...],
    BeforeValidator(_key),
    WithJsonSchema({**_schema_of_key(r"[\s\S]+", COLUMNS), "examples": ["ID", ["ORDER_ID", "LINE"]]}),
]
_COLUMN_OR_NONE = {"type": "string", "pattern": f"^({COLUMN})?$"}
Partition = Annotated[
    str | None,
    BeforeValidator(_column_or_none("an unpartitioned table")),
    WithJsonSchema({**_COLUMN_OR_NONE, "examples": ["", "REGION"]}),
]
ChangeSequence = Annotated[
    str | None,
    BeforeValidator(_column_or_none("the order of files and rows")),
    WithJsonSchema({**_COLUMN_OR_NONE, "examples": ["AR_H_CHANGE_SEQ"]}),
]
