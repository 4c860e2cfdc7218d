"""Writes values as text exactly as the Spark engine does: keys of several columns and times of day are such texts."""

from __future__ import annotations

from functools import singledispatch

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import BeyondEngineError
from lake.tables.columns import Binary, Boolean, ColumnType, Date, Decimal, Integer, String, TimeOfDay, Timestamp

NULL_TEXT = "\\N"
"""No text is: a backslash in a text is doubled."""
_MICROSECONDS = {"millis": 1000, "micros": 1}


@singledispatch
def texts(type_: ColumnType, column: pa.Array) -> pa.Array:  # noqa: ARG001 - by the classes registered below
    """Write values of a type; NULL stays NULL.

    Raises:
        BeyondEngineError: Spark's text of such values, as of floats, is not known here.
    """
    message = f"a key has a column of the type {type_}, whose texts only Spark writes"
    raise BeyondEngineError(message, comes_again=True)


@texts.register
def _(type_: String, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return pc.cast(column, pa.string())  # a file may have a dictionary of texts


@texts.register
def _(type_: Integer, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return pc.cast(column, pa.string())


@texts.register
def _(type_: Boolean, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return pc.cast(column, pa.string())


@texts.register
def _(type_: Date, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return _signed_years(pc.cast(column, pa.string()))


@texts.register
def _(type_: Binary, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return pa.array([value if value is None else value.hex().upper() for value in column.to_pylist()], pa.string())


@texts.register
def _(type_: Decimal, column: pa.Array) -> pa.Array:  # noqa: ARG001
    return pa.array([value if value is None else str(value) for value in column.to_pylist()], pa.string())


@texts.register
def _(type_: Timestamp, column: pa.Array) -> pa.Array:  # noqa: ARG001
    """Spark leaves out zeros at the end of the fraction, and a fraction of zeros."""
    return _signed_years(_short(pc.strftime(column, format="%Y-%m-%d %H:%M:%S")))


@texts.register
def _(type_: TimeOfDay, column: pa.Array) -> pa.Array:
    """Give `HH:MM:SS.ffffff` whatever the file's unit, also below zero and of 24 hours and more."""
    whole = pc.cast(pc.cast(column, pa.int32() if type_.unit == "millis" else pa.int64()), pa.int64())
    value = pc.multiply(whole, _MICROSECONDS[type_.unit])
    size = pc.abs(value)
    sign = pc.if_else(pc.less(value, 0), "-", "")
    hours, rest = pc.divide(size, 3_600_000_000), _modulo(size, 3_600_000_000)
    minutes, seconds = _padded(pc.divide(rest, 60_000_000)), _padded(pc.divide(_modulo(rest, 60_000_000), 1_000_000))
    fraction = _padded(_modulo(size, 1_000_000), 6)
    joined = pc.binary_join_element_wise(_padded(hours), minutes, seconds, ":")
    return pc.binary_join_element_wise(pc.binary_join_element_wise(sign, joined, ""), fraction, ".")


def key_texts(columns: list[tuple[ColumnType, pa.Array]]) -> pa.Array:
    """Join the values of a key into one text that no two keys share: commas and backslashes in texts are escaped."""
    parts = []
    for type_, column in columns:
        part = texts(type_, column)
        if isinstance(type_, String):
            part = pc.replace_substring(pc.replace_substring(part, "\\", "\\\\"), ",", "\\,")
        parts.append(pc.fill_null(part, NULL_TEXT))
    return pc.binary_join_element_wise(*parts, ",")


def _signed_years(written: pa.Array) -> pa.Array:
    """Spark writes a sign before a year of more than four digits."""
    return pc.replace_substring_regex(written, r"^(\d{5,}-)", r"+\1")


def _short(written: pa.Array) -> pa.Array:
    fraction = pc.replace_substring_regex(written, r"(\.[0-9]*?)0+$", r"\1")
    return pc.replace_substring_regex(fraction, r"\.$", "")


def _modulo(values: pa.Array, by: int) -> pa.Array:
    return pc.subtract(values, pc.multiply(pc.divide(values, by), by))


def _padded(values: pa.Array, width: int = 2) -> pa.Array:
    return pc.utf8_lpad(pc.cast(values, pa.string()), width, padding="0")
