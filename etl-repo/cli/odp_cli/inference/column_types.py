"""The common type of a column over all files, by the widenings that the lake allows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce

import pyarrow as pa
import pyarrow.types as kinds

_MOST_DIGITS = 38
_FINER = ("s", "ms", "us", "ns")


class ColumnKind(StrEnum):
    """What a column's values are, as far as their role in a table is concerned."""

    WHOLE_NUMBER = "whole number"
    DECIMAL = "decimal"
    FLOAT = "floating point"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    BINARY = "binary"
    NESTED = "nested"
    CONFLICTING = "conflicting"
    EMPTY = "only NULL"
    OTHER = "other"


_KINDS = (
    (kinds.is_integer, ColumnKind.WHOLE_NUMBER),
    (kinds.is_decimal, ColumnKind.DECIMAL),
    (kinds.is_floating, ColumnKind.FLOAT),
    (kinds.is_string, ColumnKind.TEXT),
    (kinds.is_boolean, ColumnKind.BOOLEAN),
    (kinds.is_date, ColumnKind.DATE),
    (kinds.is_time, ColumnKind.TIME),
    (kinds.is_timestamp, ColumnKind.TIMESTAMP),
    (kinds.is_binary, ColumnKind.BINARY),
    (kinds.is_fixed_size_binary, ColumnKind.BINARY),
    (kinds.is_nested, ColumnKind.NESTED),
    (kinds.is_null, ColumnKind.EMPTY),
)


def kind_of(data_type: pa.DataType | None) -> ColumnKind:
    """Sort a type; a decimal without fraction is a whole number, and no common type is a conflict."""
    if data_type is None:
        return ColumnKind.CONFLICTING
    if kinds.is_decimal(data_type) and data_type.scale <= 0:
        return ColumnKind.WHOLE_NUMBER
    return next((kind for is_kind, kind in _KINDS if is_kind(data_type)), ColumnKind.OTHER)


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type of the values, whatever their encoding in memory."""
    if kinds.is_dictionary(data_type):
        return plain_type(data_type.value_type)
    if kinds.is_large_string(data_type) or kinds.is_string_view(data_type):
        return pa.string()
    if kinds.is_large_binary(data_type) or kinds.is_binary_view(data_type):
        return pa.binary()
    return data_type


def common_type(types: Iterable[pa.DataType]) -> pa.DataType | None:
    """Return the type that holds the values of all types unchanged; None when there is none."""
    first, *others = types
    return reduce(lambda wide, other: None if wide is None else _wider(wide, other), others, first)


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    if one == other or kinds.is_null(other):
        return one
    if kinds.is_null(one):
        return other
    for is_kind, wider in _WIDENINGS:
        if is_kind(one) and is_kind(other):
            return wider(one, other)
    return None


def _wider_integer(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    narrow, wide = sorted((one, other), key=lambda data_type: data_type.bit_width)
    same_sign = kinds.is_signed_integer(one) == kinds.is_signed_integer(other)
    holds_both = same_sign or (kinds.is_signed_integer(wide) and wide.bit_width > narrow.bit_width)
    return wide if holds_both else None


def _wider_decimal(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    scale = max(one.scale, other.scale)
    digits = max(one.precision - one.scale, other.precision - other.scale) + scale
    return pa.decimal128(digits, scale) if digits <= _MOST_DIGITS else None


def _wider_float(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    return max(one, other, key=lambda data_type: data_type.bit_width)


def _wider_timestamp(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    return max(one, other, key=lambda data_type: _FINER.index(data_type.unit)) if one.tz == other.tz else None


_WIDENINGS = (
    (kinds.is_integer, _wider_integer),
    (kinds.is_floating, _wider_float),
    (kinds.is_decimal, _wider_decimal),
    (kinds.is_timestamp, _wider_timestamp),
)
