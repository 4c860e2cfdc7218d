"""One canonical form of a table's content: equal values of source and lake become equal bytes."""

import pyarrow as pa
import pyarrow.compute as pc

ADDED_PREFIXES = ("_HOODIE_", "_ODP_", "CDC_")
"""Columns that Hudi, the framework and the replication's mapping rules add; the source has none of them."""

FAMILIES = (
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_timestamp, pa.timestamp("us")),
    (pa.types.is_date, pa.date32()),
    (pa.types.is_decimal, pa.decimal256(76, 38)),
    (pa.types.is_string, pa.large_string()),
    (pa.types.is_large_string, pa.large_string()),
    (pa.types.is_string_view, pa.large_string()),
    (pa.types.is_binary, pa.large_binary()),
    (pa.types.is_binary_view, pa.large_binary()),
)
"""Types that hold the same kind of value, and the one that holds them all."""


def canonical(table: pa.Table) -> pa.Table:
    """The same content under upper-case names, in canonical types, columns in the order of their names."""
    columns = dict(zip(map(str.upper, table.column_names), table.columns, strict=True))
    return pa.table({name: _canonical_values(columns[name].combine_chunks()) for name in sorted(columns)})


def without_added_columns(lake: pa.Table) -> pa.Table:
    """The source's own columns of a lake table; the source itself keeps all, so that a clash of names shows."""
    return lake.select([name for name in lake.column_names if not _is_added(name)])


def _is_added(name: str) -> bool:
    return name.upper() == "OP" or name.upper().startswith(ADDED_PREFIXES)


def _canonical_values(column: pa.Array) -> pa.Array:
    values = pc.cast(column, _canonical_type(column.type))
    if pa.types.is_floating(values.type):
        # one NaN and one zero: other bits of the same value are no difference
        values = pc.if_else(pc.is_nan(values), float("nan"), pc.add(values, 0.0))
    return values


def _canonical_type(type_: pa.DataType) -> pa.DataType:
    """The widest type of the family; families never mix, so that 1 and '1' stay different."""
    if pa.types.is_dictionary(type_):
        return _canonical_type(type_.value_type)
    return next((widest for belongs, widest in FAMILIES if belongs(type_)), type_)
