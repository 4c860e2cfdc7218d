"""Finds the column that orders the changes of a row (Hudi's precombine field): the highest value wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from odp_cli.inference.column_names import OrderingName, ordering_name
from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.distinct_values import codes, combined, distinct
from odp_cli.inference.findings import Candidate, Finding, best
from odp_cli.inference.quantities import counted
from odp_cli.inference.sampled_table import FEW_ROWS, SampledTable, blanks, is_blank, is_change_sequence

FEWEST_ORDERED_VALUES = 10
"""With fewer distinct values, a column that says nothing of order does not decrease by chance."""
MOST_CANDIDATES = 5

_KINDS = {ColumnKind.WHOLE_NUMBER, ColumnKind.TEXT, ColumnKind.TIMESTAMP, ColumnKind.EMPTY}
_TIME_OR_DIGITS = r"^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?|\d{10,})$"
"""Texts whose order is that of time: TimestampColumnName of DMS, and numbers of one length."""
_ADVICE = "add AR_H_CHANGE_SEQ by a transformation rule of the DMS task (add-column), or name a column that you know"


@dataclass(frozen=True, slots=True)
class _Ordering:
    """A column that may order changes, with its values in the change files."""

    column: ColumnProfile
    values: pa.Array | None
    rank: int
    meaning: str

    @property
    def decreases(self) -> int:
        """How often a change has a lower value than the one before it."""
        present = self.present
        if len(present) == 0:
            return 0
        following, previous = present.slice(1), present.slice(0, len(present) - 1)
        return int(pc.sum(pc.less(following, previous)).as_py() or 0)

    @property
    def present(self) -> pa.Array:
        """The values that are there; what is missing is an objection of its own."""
        if self.values is None:
            return pa.nulls(0)
        return self.values.filter(pc.invert(is_blank(self.column.kind, self.values)))


def ordering(sampled: SampledTable, key: Sequence[str]) -> Finding:
    """Propose a change sequence, else a commit time, else a column that never decreases; none if nothing proves one."""
    found = sorted(_orderings(sampled, key), key=lambda each: (each.rank, each.column.position))
    candidates = tuple(_candidate(sampled, key, each) for each in found)
    proposed = best(candidates)
    if proposed is None:
        return Finding((), _nothing_found(sampled), candidates[:MOST_CANDIDATES])
    others = (candidate for candidate in candidates if candidate is not proposed)
    return Finding(proposed.columns, proposed.evidence, (proposed, *others)[:MOST_CANDIDATES])


def _orderings(sampled: SampledTable, key: Sequence[str]) -> Iterator[_Ordering]:
    for column in sampled.columns:
        if column.kind not in _KINDS or column.name in key:
            continue
        values = sampled.changes.column(column.name)
        name = ordering_name(column.name)
        if any(is_change_sequence(column.kind, each) for each in (values, sampled.loads.column(column.name))):
            yield _Ordering(column, values, 0, "values of 35 digits, as AR_H_CHANGE_SEQ has them")
        elif name is OrderingName.CHANGE_SEQUENCE:
            yield _Ordering(column, values, 1, "named like a change sequence")
        elif name is OrderingName.COMMIT_TIME:
            yield _Ordering(column, values, 2, "named like a commit time")
        elif values is not None and _is_ordered(column, values):
            yield _Ordering(column, values, 3 if column.kind is not ColumnKind.WHOLE_NUMBER else 4, "not a name of DMS")


def _is_ordered(column: ColumnProfile, values: pa.Array) -> bool:
    """Values alone prove an order when there are several, none is missing and none is lower than the one before."""
    if column.kind is ColumnKind.EMPTY or blanks(column.kind, values):
        return False
    if column.kind is ColumnKind.TEXT and not _is_time_or_digits(values):
        return False
    return not _Ordering(column, values, 0, "").decreases and distinct(values) >= FEWEST_ORDERED_VALUES


def _is_time_or_digits(values: pa.Array) -> bool:
    lengths = pc.min_max(pc.utf8_length(values)).as_py()
    has_one_length = lengths["min"] == lengths["max"]
    return has_one_length and bool(pc.all(pc.match_substring_regex(values, _TIME_OR_DIGITS)).as_py())


def _candidate(sampled: SampledTable, key: Sequence[str], found: _Ordering) -> Candidate:
    parts = [found.meaning, *_in_changes(sampled, found), _in_loads(sampled, found)]
    return Candidate(
        (found.column.name,),
        "; ".join(parts),
        tuple(_warnings(sampled, key, found)),
        tuple(_objections(sampled, found)),
    )


def _in_changes(sampled: SampledTable, found: _Ordering) -> Iterator[str]:
    if len(found.present) and not found.decreases:
        yield f"never decreases over {sampled.changes.count:,} sampled changes in file order"


def _in_loads(sampled: SampledTable, found: _Ordering) -> str:
    if not sampled.loads.count:
        return "no full load was read"
    values = sampled.loads.column(found.column.name)
    empty = blanks(found.column.kind, values) if values is not None else sampled.loads.count
    if empty == sampled.loads.count:
        return "empty, NULL or absent in the full load, which is normal: its rows are older than any change"
    return f"has a value in {sampled.loads.count - empty:,} of {sampled.loads.count:,} sampled full-load rows"


def _warnings(sampled: SampledTable, key: Sequence[str], found: _Ordering) -> Iterator[str]:
    if not sampled.change_files:
        yield "no change file has landed, so nothing shows yet that it orders changes"
        return
    if found.values is not None and 0 < sampled.changes.count < FEW_ROWS:
        yield f"only {counted(sampled.changes.count, 'change')} seen"
    if ties := _ties(sampled, key, found):
        yield f"{counted(ties, 'change')} with key and value of another one, so that either may win"


def _ties(sampled: SampledTable, key: Sequence[str], found: _Ordering) -> int:
    columns = [sampled.changes.column(name) for name in key]
    if not key or found.values is None or any(column is None for column in columns):
        return 0
    numbered = [codes(column) for column in (*columns, found.values)]
    return len(found.values) - distinct(combined(numbered)) if len(found.values) else 0


def _objections(sampled: SampledTable, found: _Ordering) -> Iterator[str]:
    name, changes = found.column.name, f"{sampled.changes.count:,}"
    if absence := sampled.absence(found.column):
        yield absence
    elif found.values is not None and (empty := blanks(found.column.kind, found.values)):
        yield f"{name} is empty in {empty:,} of {changes} sampled changes, which would lose to any"
    if found.decreases:
        yield f"{name} decreases {counted(found.decreases, 'time')} over {changes} changes in file order"


def _nothing_found(sampled: SampledTable) -> str:
    if not sampled.change_files:
        return f"only full loads have landed and no column looks like a change sequence: nothing proves one; {_ADVICE}"
    return f"no column orders {sampled.changes.count:,} sampled changes: nothing proves one; {_ADVICE}"
