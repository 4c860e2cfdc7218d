"""The types of columns in Iceberg and Arrow, and the conversion of stored values into wider types."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

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
from lake.tables.iceberg.schema import column_type

_ARROW: dict[ColumnType, pa.DataType] = {
    Boolean(): pa.bool_(),
    INT: pa.int32(),
    BIGINT: pa.int64(),
    Float(): pa.float32(),
    Double(): pa.float64(),
    String(): pa.string(),
    Binary(): pa.binary(),
    Date(): pa.date32(),
    Timestamp(): pa.timestamp("us", tz="UTC"),
}
_PRIMITIVES = (
    *(BooleanType(), IntegerType(), LongType(), FloatType(), DoubleType()),
    *(StringType(), BinaryType(), DateType(), TimestamptzType()),
)
_ICEBERG: dict[ColumnType, PrimitiveType] = {column_type(str(type_)): type_ for type_ in _PRIMITIVES}


def arrow_type(type_: ColumnType) -> pa.DataType:
    """Give the Arrow type of a column; raises ValueError for a type that no table has."""
    if isinstance(type_, Decimal):
        return pa.decimal128(type_.precision, type_.scale)
    return _known(_ARROW, type_)


def iceberg_type(type_: ColumnType) -> PrimitiveType:
    """Give the Iceberg type of a column; raises ValueError for a type that no table has."""
    if isinstance(type_, Decimal):
        return DecimalType(type_.precision, type_.scale)
    found: PrimitiveType = _known(_ICEBERG, type_)
    return found


def in_type(column: pa.Array | pa.ChunkedArray, type_: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Convert values to an equal or wider type; raises ArrowInvalid for a value that the type cannot hold."""
    if column.type == type_:
        return column
    if pa.types.is_timestamp(column.type) and pa.types.is_timestamp(type_) and column.type.tz is None:
        # files without a time zone are in UTC, as Spark's session is
        return pc.assume_timezone(pc.cast(column, pa.timestamp("us")), "UTC")
    if pa.types.is_integer(column.type) and pa.types.is_decimal(type_):
        # Arrow wants room for all digits of the integer's type, although the values need fewer
        return pc.cast(pc.cast(_signed(column), pa.decimal128(38, 0)), type_)
    return pc.cast(column, type_)


def comparable(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Give values that are equal where Spark sees one key: both zeros of a float, and every NaN."""
    if not pa.types.is_floating(column.type):
        return column
    one_zero = pc.add(column, pa.scalar(0, column.type))
    return pc.if_else(pc.is_nan(one_zero), pa.scalar(float("nan"), column.type), one_zero)


def _signed(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.cast(column, pa.string()) if pa.types.is_uint64(column.type) else pc.cast(column, pa.int64())


def _known(types: dict[ColumnType, pa.DataType], type_: ColumnType) -> pa.DataType:
    if type_ not in types:
        message = f"no table has a column of the type {type_}"
        raise ValueError(message)
    return types[type_]
