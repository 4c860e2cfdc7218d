"""Finds the last row of each key among the rows of one refresh, by the same order as `row_order.py` has with Spark.

Any change is later than any row of a load. Changes follow DMS's change sequence where all changes of the key have a
valid one, otherwise file names and the rows' positions. Two files of one name are ordered row by row, then by path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lake.tables.iceberg_native.arrow_types import comparable
from odp.records import VALID_SEQUENCE

IS_CHANGE, SEQUENCE, FILE, ROW, IS_INSERT = "_odp_is_change", "_odp_sequence", "_odp_file", "_odp_row", "_odp_is_insert"
POSITION = (IS_CHANGE, SEQUENCE, FILE, ROW, IS_INSERT)
"""Where a row stands in the source's order, and whether it is an insert."""
_BY_FILE, _BY_SEQUENCE, _SEQUENCED = "_odp_by_file", "_odp_by_sequence", "_odp_sequenced"


@dataclass(frozen=True, slots=True)
class LastRows:
    """The places of the last rows among all rows, in order, and of which keys any row is an insert."""

    places: pa.Array
    is_inserted: pa.Array

    def within(self, start: int, count: int) -> pa.Array:
        """Give the places of last rows within one piece, counted from its first row."""
        low, high = (pc.sum(pc.less(self.places, at)).as_py() or 0 for at in (start, start + count))
        return pc.subtract(self.places.slice(low, high - low), start)


def valid_sequences(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keep texts that are change sequences of DMS; any other is NULL."""
    return pc.if_else(pc.match_substring_regex(texts, VALID_SEQUENCE), texts, pa.scalar(None, pa.string()))


def last_rows(rows: pa.Table, keys: Sequence[str], *, has_sequence: bool, has_twins: bool) -> LastRows:
    """Find the last row of each key; `rows` have their keys and positions, and come in the order of their files.

    `has_twins` says that two files have one name, which FILE numbers; their rows follow each other by their positions.
    """
    numbers = pa.arange(0, rows.num_rows)
    by_file, rank = numbers, numbers
    if has_twins:
        by_file = pc.sort_indices(rows, [(FILE, "ascending"), (ROW, "ascending")])
        rank = pc.sort_indices(by_file)
    grouped = pa.table({name: comparable(rows[name]) for name in (*keys, IS_CHANGE, SEQUENCE, IS_INSERT)})
    grouped = grouped.append_column(_BY_FILE, pc.cast(rank, pa.int64()))
    aggregates = [(_BY_FILE, "max"), (IS_INSERT, "any")]
    by_sequence = None
    if has_sequence:
        order = [(name, "ascending", "at_start") for name in (IS_CHANGE, SEQUENCE, _BY_FILE)]
        by_sequence = pc.sort_indices(grouped, order)
        is_sequenced = pc.or_(pc.invert(grouped[IS_CHANGE]), pc.is_valid(grouped[SEQUENCE]))
        ranks = pc.cast(pc.sort_indices(by_sequence), pa.int64())
        grouped = grouped.append_column(_BY_SEQUENCE, ranks).append_column(_SEQUENCED, is_sequenced)
        aggregates += [(_BY_SEQUENCE, "max"), (_SEQUENCED, "all")]
    found = grouped.group_by(list(keys), use_threads=False).aggregate(aggregates)
    places = pc.cast(by_file.take(found[f"{_BY_FILE}_max"]), pa.int64())
    if by_sequence is not None:
        last_by_sequence = pc.cast(by_sequence.take(found[f"{_BY_SEQUENCE}_max"]), pa.int64())
        places = pc.if_else(found[f"{_SEQUENCED}_all"], last_by_sequence, places)
    in_order = pc.sort_indices(places)
    return LastRows(_flat(places.take(in_order)), _flat(found[f"{IS_INSERT}_any"].take(in_order)))


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
