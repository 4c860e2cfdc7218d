"""The record keys of a merge: which stored rows have one of them, and which data files may hold such a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import unpack

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, PrimitiveType, StringType, TimestamptzType

from lake.tables.iceberg_native.arrow_types import comparable
from lake.tables.iceberg_native.partitions import partition_values

_ORDERED = (IntegerType, LongType, DateType, TimestamptzType, DecimalType, StringType)
"""Types whose bounds compare as their values do; a float's do not, because of NaN and the two zeros."""
_INT_BYTES = 4


class KeySet:
    """The keys of rows of a merge. `bounds` names further columns that a key decides, by which files are left out."""

    def __init__(self, rows: pa.Table, key: str, bounds: Sequence[str], schema: Schema) -> None:
        self.key = key
        self._values = pc.unique(comparable(rows[key].combine_chunks()))
        named = [name for name in dict.fromkeys((key, *bounds)) if name in rows.column_names]
        self._decided = rows.select(named).combine_chunks()
        self._schema = schema
        self._by_spec: dict[int, Mapping[int, frozenset[object]]] = {}

    def contains(self, keys: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Give a mask of the keys that are in the set; NULL is a key like others."""
        return pc.is_in(comparable(keys), self._values)

    def may_be_in(self, file: DataFile, spec: PartitionSpec) -> bool:
        """Tell by a data file's partition and its statistics whether it can have a row of these keys."""
        if not self._decided.num_rows:
            return False
        if spec.spec_id not in self._by_spec:
            self._by_spec[spec.spec_id] = partition_values(self._decided, spec, self._schema)
        if any(file.partition[at] not in values for at, values in self._by_spec[spec.spec_id].items()):
            return False
        return self._is_within_bounds(file)

    def _is_within_bounds(self, file: DataFile) -> bool:
        """Tell whether any one key lies within the bounds of every column; NULL has no bounds."""
        inside: pa.Array | None = None
        for name in self._decided.column_names:
            field = self._schema.find_field(name)
            lower, upper = ((of or {}).get(field.field_id) for of in (file.lower_bounds, file.upper_bounds))
            if lower is None or upper is None or not isinstance(field.field_type, _ORDERED):
                continue
            column = self._decided[name]
            low, high = (pa.scalar(_bound(field.field_type, bound), column.type) for bound in (lower, upper))
            here = pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high)).fill_null(True)
            inside = here if inside is None else pc.and_(inside, here)
        return inside is None or bool(pc.any(inside).as_py())


def _bound(type_: PrimitiveType, bound: bytes) -> object:
    """Read a bound; files of before a column was widened have that of an int in a column of longs."""
    if isinstance(type_, LongType) and len(bound) == _INT_BYTES:
        return unpack("<i", bound)[0]
    return from_bytes(type_, bound)
