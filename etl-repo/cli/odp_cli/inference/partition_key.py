"""Finds a column by whose values a table can be partitioned, and says when a table is better left whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.distinct_values import distinct
from odp_cli.inference.findings import Candidate, Finding, best
from odp_cli.inference.quantities import byte_text, counted
from odp_cli.inference.row_sample import RowSample
from odp_cli.inference.sampled_table import SampledTable, blanks, is_blank
from odp_cli.inference.settings import MEBIBYTE

SMALL_TABLE_BYTES = 128 * MEBIBYTE
"""Hudi aims at files of 120 MB: what fits into one file gains nothing from several."""
LEAST_PARTITION_BYTES = 64 * MEBIBYTE
"""Partitions of half a file and less make more requests than they save."""
FEWEST_VALUES, MOST_VALUES = 2, 200
"""One value divides nothing; beyond some hundred partitions a refresh touches too many of them."""
MOST_SHARE = 0.9
"""With nearly all rows in one partition, a query that names a value reads nearly everything."""
MOST_CANDIDATES = 5

_FIRST_ROWS = 10_000
# a path holds neither a fraction nor a moment well
_KINDS = {ColumnKind.WHOLE_NUMBER, ColumnKind.TEXT, ColumnKind.BOOLEAN, ColumnKind.DATE}


@dataclass(frozen=True, slots=True)
class _Division:
    """How the values of one column divide the rows; a NULL or an empty text is no value."""

    distinct: int
    largest: int
    smallest: int
    empty: int
    empty_changes: int
    has_slash: bool


def partition_key(sampled: SampledTable, key: Sequence[str]) -> Finding:
    """Propose the evenest of the columns with few values, or none: for a small table, or where partitions get small."""
    candidates = tuple(sorted(_candidates(sampled, key), key=lambda ranked: ranked[0]))
    weighed = tuple(candidate for _, candidate in candidates[:MOST_CANDIDATES])
    size = byte_text(sampled.load_bytes)
    if not sampled.loads.of_rows:
        return Finding((), "unpartitioned: no full load was read, so the size of partitions is unknown", weighed)
    if sampled.load_bytes < SMALL_TABLE_BYTES:
        reason = f"unpartitioned: its full load of {size} is below {byte_text(SMALL_TABLE_BYTES)}"
        return Finding((), reason, weighed)
    proposed = best(weighed)
    if proposed is None:
        reason = f"unpartitioned: no column divides its full load of {size} into partitions of a useful size"
        return Finding((), reason, weighed)
    return Finding(proposed.columns, proposed.evidence, weighed)


def _candidates(sampled: SampledTable, key: Sequence[str]) -> Iterator[tuple[tuple[int, int, int], Candidate]]:
    rows, changes = sampled.current_rows(), sampled.written_changes()
    for column in sampled.row_columns:
        values = rows.column(column.name)
        if values is None or column.kind not in _KINDS or column.name in key:
            continue
        if distinct(values.slice(0, _FIRST_ROWS)) > MOST_VALUES + 1:  # spares counting all of them
            continue
        division = _division(column, values, changes)
        if FEWEST_VALUES <= division.distinct <= MOST_VALUES:
            candidate = _candidate(sampled, rows, column, division)
            yield (len(candidate.objections), division.largest, column.position), candidate


def _division(column: ColumnProfile, values: pa.Array, changes: RowSample) -> _Division:
    present = values.filter(pc.invert(is_blank(column.kind, values)))
    counts = pc.value_counts(present)
    limits = pc.min_max(counts.field("counts")).as_py()
    has_slash = column.kind is ColumnKind.TEXT and pc.any(pc.match_substring(counts.field("values"), "/")).as_py()
    changed = changes.column(column.name)
    return _Division(
        distinct=len(counts),
        largest=limits["max"] or 0,
        smallest=limits["min"] or 0,
        empty=max(column.load_nulls or 0, len(values) - len(present)),
        empty_changes=blanks(column.kind, changed) if changed is not None else 0,
        has_slash=bool(has_slash),
    )


def _candidate(sampled: SampledTable, rows: RowSample, column: ColumnProfile, values: _Division) -> Candidate:
    evidence = (
        f"{values.distinct} distinct values and {f'{values.empty:,} NULL or empty' if values.empty else 'no NULL'} in "
        f"{rows.count:,} of {rows.of_rows:,} {sampled.described_rows()}; the largest holds "
        f"{values.largest / rows.count:.0%}"
    )
    warnings = ("rows that were not sampled may hold more values",) if rows.count < rows.of_rows else ()
    objections = (*_gaps(sampled, column, values), *_sizes(sampled, rows, values))
    return Candidate((column.name,), evidence, warnings, objections)


def _gaps(sampled: SampledTable, column: ColumnProfile, values: _Division) -> Iterator[str]:
    if values.empty:
        yield f"{column.name} is empty in {counted(values.empty, 'row')}, which would lie in a partition without a name"
    if absence := sampled.absence(column):
        yield absence
    elif values.empty_changes:
        yield f"{column.name} is empty in {counted(values.empty_changes, 'sampled change')}"
    if values.has_slash:
        yield "values contain '/', which would nest folders"


def _sizes(sampled: SampledTable, rows: RowSample, values: _Division) -> Iterator[str]:
    average = sampled.load_bytes // values.distinct
    if average < LEAST_PARTITION_BYTES:
        smallest = round(rows.of_rows * values.smallest / rows.count)
        yield (
            f"a partition would hold {byte_text(average)} on average and the smallest about "
            f"{counted(smallest, 'row')}; below {byte_text(LEAST_PARTITION_BYTES)} partitions cost more than they save"
        )
    if values.largest > MOST_SHARE * rows.count:
        yield f"one value holds {values.largest / rows.count:.0%} of the rows"
