"""Converts a file's values to their conformed types; a value that cannot be converted becomes NULL.

The session must not be in ANSI mode (`taxi.spark_session`): there a value that cannot be converted stops the run, and
`try_cast` throws and catches an exception for each: a file of 1.4 million empty values would cost a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    IntegralType,
    MapType,
    NumericType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from taxi.conformed import bounds, times
from taxi.datasets.dataset import TYPE_RULES, ColumnType
from taxi.datasets.dataset import Column as Declared

if TYPE_CHECKING:
    from pyspark.sql import Column

_INT_RANGE = (-(2**31), 2**31 - 1)
_LARGEST_DOUBLE = 1.7976931348623157e308
_NESTED = (ArrayType, MapType, StructType)
_TIMES = (TimestampType, TimestampNTZType, DateType)


def from_text(text: Column, target: ColumnType, timestamp_formats: Sequence[str]) -> Column:
    """Convert text by the rule of its type."""
    # the empty text comes first: for times and decimals it would cost an exception
    most = bounds.TIME_BYTES if target is ColumnType.TIMESTAMP else bounds.VALUE_BYTES
    is_some = F.octet_length(text).between(1, most)
    return F.when(is_some, _from_some_text(text, target, timestamp_formats))


def _from_some_text(text: Column, target: ColumnType, timestamp_formats: Sequence[str]) -> Column:
    if target is ColumnType.TEXT:
        return text
    if target is ColumnType.TIMESTAMP:
        return F.coalesce(*(times.from_text(F.trim(text), given) for given in timestamp_formats))
    if target is ColumnType.INTEGER:
        number = text.cast("int")  # the cast drops a fraction, so a point needs another check
        return F.when(~F.contains(text, F.lit(".")) | (text.cast("double") == number), number)
    if target is ColumnType.DOUBLE:
        return F.when(_fits(text, target), _finite(text.cast("double")))  # Java also takes NaN, 1d and 0x1p3
    has_exponent = F.contains(text, F.lit("e")) | F.contains(text, F.lit("E"))  # checked first: it is cheap and rare
    return F.when(~has_exponent | _fits(text, target), text.cast(TYPE_RULES[target].sql_type))


def _fits(text: Column, target: ColumnType) -> Column:
    return text.rlike(f"^\\s*(?:{TYPE_RULES[target].pattern})\\s*$")


def can_become(source: DataType, target: ColumnType) -> bool:
    """Whether values of a Parquet column's type can become the conformed type, though maybe not each."""
    if target is ColumnType.TEXT:
        return not isinstance(source, _NESTED)
    if target is ColumnType.TIMESTAMP:
        return isinstance(source, _TIMES)
    return isinstance(source, NumericType | StringType)


def from_value(value: Column, source: DataType, target: ColumnType) -> Column:
    """Convert a value of a Parquet column of a convertible type; NULL if this value cannot be converted."""
    if target is ColumnType.TIMESTAMP:
        is_date = isinstance(source, DateType)
        return times.from_date(value) if is_date else times.within_years(value.cast("timestamp"))
    if target is ColumnType.TEXT or isinstance(source, StringType):
        return from_text(value.cast("string"), target, ())
    if target is ColumnType.INTEGER:
        is_whole = F.lit(True) if isinstance(source, IntegralType) else value == F.floor(value)
        return F.when(value.between(*_INT_RANGE) & is_whole, value.cast("int"))
    if target is ColumnType.DOUBLE:
        return _finite(value.cast("double"))
    return value.cast(TYPE_RULES[target].sql_type)


def is_no_value(text: Column, declared: Declared) -> Column:
    """Whether a text means no value: it is blank or, for a whole number that may be NULL, NaN."""
    trimmed = F.trim(text)
    is_nothing = trimmed == ""
    if declared.type is ColumnType.INTEGER and not declared.required:
        is_nothing |= F.lower(trimmed) == "nan"
    return F.coalesce(is_nothing, F.lit(True))


def _finite(number: Column) -> Column:
    return F.when(F.abs(number) <= _LARGEST_DOUBLE, number)
