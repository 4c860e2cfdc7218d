"""Finds the columns that identify a row: unique and never NULL, single columns first, then pairs, then triples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from odp_cli.inference.column_names import key_name
from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.distinct_values import codes, distinct, is_unique
from odp_cli.inference.findings import Candidate, Finding, best
from odp_cli.inference.quantities import counted
from odp_cli.inference.row_sample import RowSample
from odp_cli.inference.sampled_table import FEW_ROWS, SampledTable, blanks

MOST_COMBINED_COLUMNS = 10
"""45 pairs and 120 triples; keys have telling names and stand first in their tables, so these columns are searched."""
MOST_CANDIDATES = 5

_ALONE = {ColumnKind.WHOLE_NUMBER, ColumnKind.TEXT, ColumnKind.DATE}
# a moment alone is unique by chance, with an id it tells versions apart
_COMBINED = {*_ALONE, ColumnKind.TIMESTAMP}


@dataclass(frozen=True, slots=True)
class _KeyColumn:
    """A column that has a value in every row of the full load."""

    column: ColumnProfile
    kind: ColumnKind
    values: pa.Array
    distinct: int
    objections: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.column.name


def primary_key(sampled: SampledTable) -> Finding:
    """Propose the shortest key, among equals the one with the most telling names that stands first in the table."""
    rows = sampled.current_rows()
    if not rows.count:
        return Finding((), "no row of the table was read, so nothing is proved unique; write the source's primary key")
    columns = list(_key_columns(sampled, rows))
    singles = [column for column in columns if column.distinct == rows.count and column.kind in _ALONE]
    candidates = _candidates(sampled, rows, [(column,) for column in singles])
    if best(candidates) is None:
        candidates = (*_combined_candidates(sampled, rows, columns), *candidates)
    proposed = best(candidates)
    if proposed is not None:
        return Finding(proposed.columns, proposed.evidence, candidates)
    return Finding((), _nothing_found(columns, rows), (*candidates, *_near_misses(columns, rows)))


def _key_columns(sampled: SampledTable, rows: RowSample) -> Iterator[_KeyColumn]:
    for column in sampled.row_columns:
        values = rows.column(column.name)
        if values is None or column.load_nulls or blanks(column.kind, values):
            continue
        kind = _kind(column, values)
        if kind in _COMBINED:
            yield _KeyColumn(column, kind, values, distinct(values), tuple(_objections(sampled, column)))


def _kind(column: ColumnProfile, values: pa.Array) -> ColumnKind:
    """A NUMBER of Oracle arrives as a decimal with a fraction that is always zero; a real fraction is a measure."""
    is_whole = column.kind is ColumnKind.DECIMAL and _are_whole(values)
    return ColumnKind.WHOLE_NUMBER if is_whole else column.kind


def _are_whole(values: pa.Array) -> bool:
    """Arrow rounds no decimal that has fraction digits only: the one whole number of its type is zero."""
    has_whole_digits = values.type.precision > values.type.scale
    whole = pc.trunc(values) if has_whole_digits else pa.scalar(Decimal(0), values.type)
    return bool(pc.all(pc.equal(whole, values)).as_py())


def _objections(sampled: SampledTable, column: ColumnProfile) -> Iterator[str]:
    if absence := sampled.absence(column):
        yield absence
        return
    values = sampled.changes.column(column.name)
    empty = column.change_nulls or (blanks(column.kind, values) if values is not None else 0)
    if empty:
        yield f"{column.name} is empty in {counted(empty, 'change')}, which then belong to no row"


def _combined_candidates(
    sampled: SampledTable, rows: RowSample, columns: Sequence[_KeyColumn]
) -> tuple[Candidate, ...]:
    telling = _promising(sampled, columns)
    numbered = {column.name: codes(column.values) for column in telling}
    for width in (2, 3):
        found = [
            combination
            for combination in combinations(telling, width)
            if is_unique([numbered[column.name] for column in combination])
        ]
        if found:
            return _candidates(sampled, rows, found)
    return ()


def _promising(sampled: SampledTable, columns: Sequence[_KeyColumn]) -> list[_KeyColumn]:
    usable = [column for column in columns if column.distinct > 1 and not column.objections]
    by_name = sorted(usable, key=lambda column: (key_name(column.name, sampled.table_name), column.column.position))
    return sorted(by_name[:MOST_COMBINED_COLUMNS], key=lambda column: column.column.position)


def _candidates(
    sampled: SampledTable, rows: RowSample, keys: Sequence[tuple[_KeyColumn, ...]]
) -> tuple[Candidate, ...]:
    def rank(key: tuple[_KeyColumn, ...]) -> tuple[bool, int, bool, list[int]]:
        names = sum(key_name(column.name, sampled.table_name) for column in key)
        has_time = any(column.kind in {ColumnKind.DATE, ColumnKind.TIMESTAMP} for column in key)
        is_refuted = any(column.objections for column in key)
        return is_refuted, names, has_time, [column.column.position for column in key]

    return tuple(_candidate(sampled, rows, key) for key in sorted(keys, key=rank)[:MOST_CANDIDATES])


def _candidate(sampled: SampledTable, rows: RowSample, key: tuple[_KeyColumn, ...]) -> Candidate:
    count = f"{rows.count:,}"
    subject = "unique" if len(key) == 1 else "together unique"
    evidence = f"{subject} and never NULL in {count} of {count} sampled {sampled.described_rows()}"
    if rows.count < rows.of_rows:
        evidence += f" (of {rows.of_rows:,})"
    objections = tuple(objection for column in key for objection in column.objections)
    if sampled.change_files and not objections:
        evidence += f"; in every change file read ({sampled.change_files:,})"
    warnings = (f"only {counted(rows.count, 'row')}: it may be unique by chance",) if rows.count < FEW_ROWS else ()
    return Candidate(tuple(column.name for column in key), evidence, warnings, objections)


def _near_misses(columns: Sequence[_KeyColumn], rows: RowSample) -> tuple[Candidate, ...]:
    closest = sorted(columns, key=lambda column: -column.distinct)
    misses = [column for column in closest if column.distinct < rows.count][:MOST_CANDIDATES]
    return tuple(
        Candidate(
            (column.name,),
            f"{column.distinct:,} distinct values in {rows.count:,} sampled rows",
            objections=("not unique",),
        )
        for column in misses
    )


def _nothing_found(columns: Sequence[_KeyColumn], rows: RowSample) -> str:
    if not columns:
        return f"no column that can identify rows has a value in each of {rows.count:,} sampled rows"
    searched = min(len(columns), MOST_COMBINED_COLUMNS)
    return (
        f"no column, and no pair or triple of the {searched} most promising of {len(columns)} columns, is unique in "
        f"{rows.count:,} sampled rows and present in every change; write the source's primary key"
    )
