"""One canonical form of a table's content, so that what is equal in the source and in the lake is equal bit by bit."""

import hashlib
from collections.abc import Iterator

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


def checksum(table: pa.Table, keys: list[str]) -> str:
    """A digest of names, types and every value of a canonical table, whatever the order of its rows."""
    ordered = table.sort_by([(key, "ascending") for key in keys])
    digest = hashlib.sha256(f"{table.num_rows}".encode())
    for field, column in zip(ordered.schema, ordered.columns, strict=True):
        digest.update(f"|{field.name}:{field.type}|".encode())
        for part in _value_bytes(column.combine_chunks()):
            digest.update(part)
    return digest.hexdigest()


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


def _value_bytes(column: pa.Array) -> Iterator[pa.Buffer]:
    """Which rows have a value, then the values alone: what lies in the slot of a NULL is anybody's guess."""
    yield _slots(pc.cast(pc.is_valid(column), pa.uint8()))
    values = column.drop_null()
    if pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type):
        yield _slots(pc.binary_length(values))
        yield _text(values)
    elif not pa.types.is_null(values.type):
        yield _slots(pc.cast(values, pa.uint8()) if pa.types.is_boolean(values.type) else values)


def _slots(values: pa.Array) -> pa.Buffer:
    """The bytes of fixed-width values, without what the buffer holds before and after them."""
    width = values.type.bit_width // 8
    return values.buffers()[1].slice(values.offset * width, len(values) * width)


def _text(values: pa.Array) -> pa.Buffer:
    _, offsets, text = values.buffers()
    ends = pa.Array.from_buffers(pa.int64(), len(values) + 1, [None, offsets], offset=values.offset)
    start, end = ends[0].as_py(), ends[-1].as_py()
    return text.slice(start, end - start) if text else pa.py_buffer(b"")
