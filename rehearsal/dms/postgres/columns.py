"""The columns of PostgreSQL's tables: their types in Parquet, and their values, which all arrive as texts.

The types are those of DMS's guide for PostgreSQL, and of its guide for Parquet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from rehearsal.dms.columns import SourceColumn, decimal_type
from rehearsal.dms.endpoints import PostgreSqlSettings

_SIMPLE = {
    "smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(), "real": pa.float32(),
    "double precision": pa.float64(), "date": pa.date32(), "bytea": pa.binary(), "money": pa.decimal128(38, 4),
    "time without time zone": pa.time32("ms"), "time with time zone": pa.time32("ms"),
}  # fmt: skip
_TIMESTAMPS = ("timestamp without time zone", "timestamp with time zone")
_LARGE = ("text", "bytea", "json", "jsonb", "xml", "tsvector", "tsquery", "path", "polygon")
"""What DMS treats as a LOB; arrays, composites and types of extensions are LOBs too."""
_SMALL = (
    *_SIMPLE, *_TIMESTAMPS, "numeric", "boolean", "character", "character varying", '"char"', "name", "uuid",
    "interval", "cidr", "inet", "macaddr", "macaddr8", "bit", "bit varying", "point", "line", "lseg", "box", "circle",
    "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "oid", "pg_lsn",
)  # fmt: skip
_UNBOUNDED = (28, 6)
"""Precision and scale that DMS takes for a NUMERIC without; further digits are lost."""
_NUMERIC = "numeric"
_UNBOUNDED_NUMERIC = "numeric without precision"


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column as the catalog has it."""

    name: str
    logged: str
    """The name of its type in the log."""
    declared: str
    """Its type as it is written in CREATE TABLE."""
    base: str
    """The name of its type; of a domain, that of the type below."""
    is_enum: bool
    modifier: int
    """Length, or precision and scale; -1 without."""
    is_generated: bool

    def column(self, settings: PostgreSqlSettings, *, milliseconds: bool) -> SourceColumn:
        """The column in files."""
        is_large = (self.base in _LARGE or self.base not in _SMALL) and not self.is_enum
        kind, type_ = self.base, pa.string()
        if self.base in _SIMPLE:
            type_ = _SIMPLE[self.base]
        elif self.base in _TIMESTAMPS:
            type_ = pa.timestamp("ms" if milliseconds else "us")
        elif self.base == "boolean" and settings.map_boolean_as_boolean:
            type_ = pa.bool_()
        elif self.base == _NUMERIC and self.modifier < 0:
            kind, type_ = _UNBOUNDED_NUMERIC, pa.decimal128(*_UNBOUNDED)
        elif self.base == _NUMERIC:
            type_ = _numeric(self.modifier)
        elif self.base == "character" and not settings.trim_space_in_char:
            kind = ""
        return SourceColumn(self.name, type_, kind if kind in _READERS else "", is_large=is_large)


def logged_column(name: str, logged: str) -> DeclaredColumn:
    """A column that the catalog does not have any more, by what the log says."""
    return DeclaredColumn(name, logged, logged, logged, is_enum=False, modifier=-1, is_generated=False)


def _numeric(modifier: int) -> pa.DataType:
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, ((modifier - 4 & 0x7FF) ^ 1024) - 1024
    if scale < 0:  # rounds before the point
        precision, scale = precision - scale, 0
    return decimal_type(max(precision, scale), scale)


def value_of(column: SourceColumn, text: str | None) -> Any:  # noqa: ANN401 - of any type
    """A value by its text; what no Parquet file can hold is an error of Arrow."""
    read = _READERS.get(column.kind)
    if text is None or read is None:
        return text
    try:
        return read(column, text)
    except (ValueError, InvalidOperation) as error:
        raise pa.ArrowInvalid(f"column {column.name} has {text!r}, which is no {column.type} in Parquet") from error


def _whole_number(_: SourceColumn, text: str) -> int:
    return int(text)


def _floating(_: SourceColumn, text: str) -> float:
    return float(text)


def _decimal(column: SourceColumn, text: str) -> Any:  # noqa: ANN401 - a decimal, or a text of too many digits
    return text if pa.types.is_string(column.type) else _number(text)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _rounded(_: SourceColumn, text: str) -> Decimal:
    return _number(text).quantize(Decimal(1).scaleb(-_UNBOUNDED[1]), rounding=ROUND_HALF_UP)


def _money(_: SourceColumn, text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", ""))


def _truth(column: SourceColumn, text: str) -> Any:  # noqa: ANN401 - a truth or a text
    is_true = text.startswith("t")
    return is_true if pa.types.is_boolean(column.type) else str(is_true).lower()


def _bytes(_: SourceColumn, text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))


_LATEST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - as DMS's guide has it


def _date(_: SourceColumn, text: str) -> date:
    return _LATEST.date() if text == "infinity" else date.fromisoformat(text)


def _moment(_: SourceColumn, text: str) -> datetime:
    return _LATEST if text == "infinity" else datetime.fromisoformat(text).replace(tzinfo=None)


def _time(_: SourceColumn, text: str) -> time:
    return time.fromisoformat(text).replace(tzinfo=None)


def _trimmed(_: SourceColumn, text: str) -> str:
    return text.rstrip(" ")


_READERS: dict[str, Callable[[SourceColumn, str], Any]] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), _whole_number),
    **dict.fromkeys(("real", "double precision"), _floating),
    **dict.fromkeys(_TIMESTAMPS, _moment),
    **dict.fromkeys(("time without time zone", "time with time zone"), _time),
    _NUMERIC: _decimal,
    _UNBOUNDED_NUMERIC: _rounded,
    "money": _money,
    "boolean": _truth,
    "bytea": _bytes,
    "date": _date,
    "character": _trimmed,
}
