"""The columns of MySQL's tables: their types in Parquet, and one form for the values of SELECT and of the log.

Where the two differ, the log is mended: see `_LOGGED`. The types are those of DMS's guide for MySQL.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from pymysqlreplication.constants import FIELD_TYPE, NONE_SOURCE

from rehearsal.dms.columns import SourceColumn, decimal_type

_INTEGERS = {"tinyint": "int8", "smallint": "int16", "mediumint": "int32", "int": "int32", "bigint": "int64"}
_LOGGED_INTEGERS = {
    FIELD_TYPE.TINY: "int8", FIELD_TYPE.SHORT: "int16", FIELD_TYPE.INT24: "int32", FIELD_TYPE.LONG: "int32",
    FIELD_TYPE.LONGLONG: "int64",
}  # fmt: skip
_SIMPLE = {"float": pa.float64(), "double": pa.float64(), "year": pa.int16(), "date": pa.date32()}
_BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_GEOMETRIES = (
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection",
)  # fmt: skip
_LARGE = ("mediumtext", "longtext", "json", "mediumblob", "longblob")
"""What DMS treats as a LOB: 64 KB are not enough for it."""
_LARGE_LENGTH_BYTES = 3
ADDRESSES = {"inet4": 4, "inet6": 16, "uuid": 16}
"""Types that the log does not name, each with its number of bytes."""


def selected(column: SourceColumn) -> str:
    """The expression that SELECT reads; a FLOAT would be rounded to six digits."""
    name = quoted(column.name)
    return f"CAST({name} AS DOUBLE)" if column.kind == "float" else name


def quoted(name: str) -> str:
    """A name for a statement."""
    return "`" + name.replace("`", "``") + "`"


def declared_column(row: Mapping[str, Any], *, milliseconds: bool) -> SourceColumn:
    """A column by its row in information_schema.columns."""
    kind, full, name = row["DATA_TYPE"].lower(), row["COLUMN_TYPE"].lower(), row["COLUMN_NAME"]
    return SourceColumn(
        name,
        _declared_type(row, kind, full, milliseconds=milliseconds),
        kind if kind in _KINDS else "",
        _members(row["COLUMN_TYPE"]) if kind == "set" else (),
        int(row["CHARACTER_MAXIMUM_LENGTH"]) if kind == "binary" else 0,
        kind in _LARGE,
    )


_KINDS = ("float", "set", "binary", "year", "timestamp", "bit", "time", *ADDRESSES)


def _declared_type(row: Mapping[str, Any], kind: str, full: str, *, milliseconds: bool) -> pa.DataType:
    if kind in _INTEGERS:
        return pa.type_for_alias(("u" if "unsigned" in full else "") + _INTEGERS[kind])
    if kind == "decimal":
        return decimal_type(row["NUMERIC_PRECISION"], row["NUMERIC_SCALE"])
    if kind == "bit":
        return _bit(row["NUMERIC_PRECISION"])
    if kind in ("datetime", "timestamp"):
        return pa.timestamp("ms" if milliseconds else "us")
    if kind in _BINARY or kind in _GEOMETRIES:
        return pa.binary()
    return _SIMPLE.get(kind, pa.string())


def logged_columns(
    columns: Iterable[Any], unnamed: Mapping[str, str], *, milliseconds: bool
) -> dict[str, SourceColumn]:
    """The columns that a change was logged with; `unnamed` has the types of which the log has only the bytes."""
    made = (_logged_column(column, unnamed.get(column.name, ""), milliseconds=milliseconds) for column in columns)
    return {column.name: column for column in made}


def _logged_column(column: Any, unnamed: str, *, milliseconds: bool) -> SourceColumn:  # noqa: ANN401 - untyped
    kind = _LOGGED_KINDS.get(column.type, "")
    is_binary = column.character_set_name == "binary"
    if unnamed and column.type == FIELD_TYPE.STRING and is_binary and column.max_length == ADDRESSES[unnamed]:
        return SourceColumn(column.name, pa.string(), unnamed)
    width = 0
    if column.type == FIELD_TYPE.STRING and is_binary:
        kind, width = "binary", column.max_length
    members = tuple(column.set_values or ()) if kind == "set" else ()
    is_large = column.type == FIELD_TYPE.BLOB and column.length_size >= _LARGE_LENGTH_BYTES
    type_ = _logged_type(column, milliseconds=milliseconds, is_binary=is_binary)
    return SourceColumn(column.name, type_, kind, members, width, is_large)


_LOGGED_KINDS = {
    FIELD_TYPE.FLOAT: "float", FIELD_TYPE.SET: "set", FIELD_TYPE.YEAR: "year", FIELD_TYPE.TIMESTAMP2: "timestamp",
    FIELD_TYPE.BIT: "bit", FIELD_TYPE.TIME2: "time",
}  # fmt: skip


def _logged_type(column: Any, *, milliseconds: bool, is_binary: bool) -> pa.DataType:  # noqa: ANN401 - untyped
    simple = {
        FIELD_TYPE.FLOAT: pa.float64(), FIELD_TYPE.DOUBLE: pa.float64(), FIELD_TYPE.YEAR: pa.int16(),
        FIELD_TYPE.DATE: pa.date32(), FIELD_TYPE.GEOMETRY: pa.binary(),
    }  # fmt: skip
    if column.type in _LOGGED_INTEGERS:
        return pa.type_for_alias(("u" if column.unsigned else "") + _LOGGED_INTEGERS[column.type])
    if column.type == FIELD_TYPE.NEWDECIMAL:
        return decimal_type(column.precision, column.decimals)
    if column.type == FIELD_TYPE.BIT:
        return _bit(column.bits)
    if column.type in (FIELD_TYPE.DATETIME2, FIELD_TYPE.TIMESTAMP2):
        return pa.timestamp("ms" if milliseconds else "us")
    return simple.get(column.type, pa.binary() if is_binary else pa.string())


def _bit(bits: int) -> pa.DataType:
    return pa.bool_() if bits == 1 else pa.binary()


def _members(declared: str) -> tuple[str, ...]:
    return tuple(text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", declared))


# Values


def selected_values(column: SourceColumn, values: Sequence[Any]) -> list[Any]:
    """What SELECT gives, in the form that files have."""
    return [_selected(column, value) for value in values]


def logged_value(column: SourceColumn, value: Any, none_source: str | None) -> Any:  # noqa: ANN401
    """What the log gives for a row, mended where SELECT gives something else."""
    if value is None:
        return "" if none_source == NONE_SOURCE.EMPTY_SET else None
    mend = _LOGGED.get(column.kind)
    return mend(column, value) if mend else value


def is_mended(column: SourceColumn) -> bool:
    """Whether `logged_value` may change a value of the column."""
    return column.kind in _LOGGED


def _selected(column: SourceColumn, value: Any) -> Any:  # noqa: ANN401
    if value is None:
        return None
    if isinstance(value, timedelta):
        return _clock_time(value)
    if isinstance(value, str) and pa.types.is_temporal(column.type):
        return None  # a zero date
    if isinstance(value, (set, frozenset)):
        return _joined(column, value)
    if pa.types.is_boolean(column.type):
        return value in (b"\x01", 1, True)
    return value


def _clock_time(value: timedelta) -> str:
    """TIME as text: it may be negative, and more than a day."""
    length, sign = abs(value), "-" if value < timedelta() else ""
    hours, rest = divmod(length.days * 86_400 + length.seconds, 3600)
    text = f"{sign}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{text}.{length.microseconds:06d}" if length.microseconds else text


def _joined(column: SourceColumn, value: Iterable[str]) -> str:
    chosen = set(value)
    return ",".join(member for member in column.members if member in chosen)


def _bits(column: SourceColumn, value: str) -> Any:  # noqa: ANN401 - a truth or bytes
    if pa.types.is_boolean(column.type):
        return value == "1"
    return int(value, 2).to_bytes((len(value) + 7) // 8, "big")


def _address(column: SourceColumn, value: bytes | str) -> str:
    raw = value.encode("latin-1") if isinstance(value, str) else value
    raw = raw.ljust(ADDRESSES[column.kind], b"\0")
    if column.kind == "uuid":
        return _uuid(raw)
    return socket.inet_ntop(socket.AF_INET if column.kind == "inet4" else socket.AF_INET6, raw)


_UUID_NODE_FIRST = 0x80
_UUID_TIME_VERSIONS = range(1, 6)


def _uuid(raw: bytes) -> str:
    """MariaDB stores a UUID of versions 1 to 5 by its last group first, so that an index finds times together."""
    if raw[6] & _UUID_NODE_FIRST and (raw[14] >> 4) in _UUID_TIME_VERSIONS:
        raw = raw[12:16] + raw[10:12] + raw[8:10] + raw[6:8] + raw[0:6]
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the log's times have no zone
_YEAR_ZERO = 1900
_LOGGED: dict[str, Callable[[SourceColumn, Any], Any]] = {
    "set": _joined,
    "binary": lambda column, value: value.ljust(column.width, b"\0"),
    "year": lambda _, value: 0 if value == _YEAR_ZERO else value,
    # zero is how the log writes a zero TIMESTAMP; a real one is a second later at least
    "timestamp": lambda _, value: None if value == _EPOCH else value,
    "bit": _bits,
    "time": lambda _, value: _clock_time(value),
    "uuid": _address,
    "inet4": _address,
    "inet6": _address,
}
